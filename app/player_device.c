/* PortAudio calls back with the time at which the first frame reaches the converter, on the stream's own
 * clock; its distance from the stream's present is added to the monotonic clock. The silent clock asks for as
 * many frames as have gone by, ten milliseconds at a time, from a plain thread, and throws them away.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/player_device.h"

#include <glib.h>
#include <portaudio.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { silent_frames = PLAYER_RATE_HZ / 100, most_behind_us = 500000 };
static const double wanted_latency_s = 0.04;

struct PlayerDevice {
  PlayerRenderFn render;
  void *user;
  PaStream *stream; /* null: the silent clock */
  bool initialized;
  double latency_s;
  char name[128];
  GThread *thread;
  atomic_bool closing;
};

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- PortAudio ---- */

static int called_back(const void *input, void *output, unsigned long frames,
                       const PaStreamCallbackTimeInfo *time, PaStreamCallbackFlags flags, void *user) {
  PlayerDevice *device = user;
  double ahead_s = time->outputBufferDacTime - time->currentTime;
  if (!(ahead_s >= 0 && ahead_s < 1)) ahead_s = device->latency_s;
  device->render(device->user, output, frames, now_us() + (int64_t)(ahead_s * 1e6));
  return paContinue;
}

static bool open_stream(PlayerDevice *device) {
  const char *audio = g_getenv("TRIPTYCH_AUDIO");
  if (g_strcmp0(audio, "null") == 0) return false;
  device->initialized = Pa_Initialize() == paNoError;
  PaDeviceIndex index = device->initialized ? Pa_GetDefaultOutputDevice() : paNoDevice;
  const PaDeviceInfo *info = index != paNoDevice ? Pa_GetDeviceInfo(index) : NULL;
  if (!info || info->maxOutputChannels < 2) return false;
  PaStreamParameters parameters = {.device = index,
                                   .channelCount = 2,
                                   .sampleFormat = paFloat32,
                                   .suggestedLatency = MAX(wanted_latency_s, info->defaultLowOutputLatency)};
  if (Pa_OpenStream(&device->stream, NULL, &parameters, PLAYER_RATE_HZ, paFramesPerBufferUnspecified,
                    paNoFlag, called_back, device) != paNoError) {
    device->stream = NULL;
    return false;
  }
  const PaStreamInfo *stream = Pa_GetStreamInfo(device->stream);
  device->latency_s = stream ? stream->outputLatency : wanted_latency_s;
  g_strlcpy(device->name, info->name, sizeof device->name);
  if (Pa_StartStream(device->stream) == paNoError) return true;
  Pa_CloseStream(device->stream);
  device->stream = NULL;
  return false;
}

/* ---- the silent clock ---- */

static gpointer tick(gpointer data) {
  PlayerDevice *device = data;
  float stereo[2 * silent_frames];
  int64_t due_us = now_us();
  while (!atomic_load(&device->closing)) {
    device->render(device->user, stereo, silent_frames, due_us);
    due_us += 10000;
    int64_t ahead_us = due_us - now_us();
    if (ahead_us < -most_behind_us) due_us = now_us();
    if (ahead_us > 0) g_usleep((gulong)ahead_us);
  }
  return NULL;
}

PlayerDevice *player_device_open(PlayerRenderFn render, void *user) {
  PlayerDevice *device = g_new0(PlayerDevice, 1);
  device->render = render;
  device->user = user;
  if (!open_stream(device)) {
    device->name[0] = 0;
    device->latency_s = 0;
    device->thread = g_thread_new("silent clock", tick, device);
  }
  return device;
}

void player_device_close(PlayerDevice *device) {
  if (!device) return;
  atomic_store(&device->closing, true);
  if (device->thread) g_thread_join(device->thread);
  if (device->stream) Pa_CloseStream(device->stream);
  if (device->initialized) Pa_Terminate();
  g_free(device);
}

const char *player_device_name(const PlayerDevice *device) {
  return device->name;
}

double player_device_latency_s(const PlayerDevice *device) {
  return device->latency_s;
}
