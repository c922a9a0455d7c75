/* The door to FluidSynth: a synthesiser without driver, player or threads, that holds one piano preset.
 * Samples are read when the preset is selected, at creation; nothing selects another one later, so that
 * rendering touches neither disk nor heap. FluidSynth knows the damper as a switch: below the switching point
 * a half-pressed pedal lengthens the release of the strings instead, and the soft pedal softens the blow.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano.h"

#include <fluidsynth.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct PianoSynth {
  fluid_settings_t *settings;
  fluid_synth_t *synth;
  int soft_depth;
};

enum { CHANNEL = 0, POLYPHONY = 256, FIRST_HALF_DEPTH = 16, HALF_RELEASE_TIMECENTS = 3600 };

static const char *const soundfonts[] = {
    "/usr/share/sounds/sf3/MuseScore_General.sf3", "/usr/share/sounds/sf3/MuseScore_General_Full.sf3",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",        "/usr/share/sounds/sf3/FluidR3_GM.sf3",
    "/usr/share/sounds/sf2/MuseScore_General.sf2", "/usr/share/soundfonts/FluidR3_GM.sf2",
    "/usr/share/soundfonts/default.sf2",           "/usr/share/sounds/sf3/default-GM.sf3",
    "/usr/share/sounds/sf2/default-GM.sf2",        "/usr/share/sounds/sf2/TimGM6mb.sf2",
};

const char *piano_soundfont(void) {
  const char *named = getenv("TRIPTYCH_SOUNDFONT");
  if (named && access(named, R_OK) == 0) return named;
  for (size_t i = 0; i < sizeof soundfonts / sizeof *soundfonts; i++)
    if (access(soundfonts[i], R_OK) == 0) return soundfonts[i];
  return NULL;
}

/* Whether an earlier name of the list leads to the same file. */
static bool named_before(size_t k) {
  struct stat own, other;
  if (stat(soundfonts[k], &own) != 0) return false;
  for (size_t j = 0; j < k; j++)
    if (stat(soundfonts[j], &other) == 0 && own.st_dev == other.st_dev && own.st_ino == other.st_ino)
      return true;
  return false;
}

const char *piano_soundfont_at(size_t i) {
  for (size_t k = 0; k < sizeof soundfonts / sizeof *soundfonts; k++)
    if (access(soundfonts[k], R_OK) == 0 && !named_before(k) && i-- == 0) return soundfonts[k];
  return NULL;
}

static void stay_quiet(int level, const char *message, void *user) {}

static fluid_settings_t *make_settings(const PianoSynthParams *params) {
  for (int level = FLUID_PANIC; level < LAST_LOG_LEVEL; level++)
    fluid_set_log_function(level, stay_quiet, NULL);
  fluid_settings_t *settings = new_fluid_settings();
  if (!settings) return NULL;
  fluid_settings_setnum(settings, "synth.sample-rate", params->rate_hz > 0 ? params->rate_hz : 44100);
  fluid_settings_setnum(settings, "synth.gain", params->gain > 0 ? params->gain : 0.6);
  fluid_settings_setint(settings, "synth.polyphony", POLYPHONY);
  fluid_settings_setint(settings, "synth.threadsafe-api", 0);
  fluid_settings_setint(settings, "synth.dynamic-sample-loading", 1);
  fluid_settings_setint(settings, "synth.lock-memory", 0);
  fluid_settings_setint(settings, "synth.cpu-cores", 1);
  fluid_settings_setint(settings, "synth.chorus.active", 0);
  fluid_settings_setint(settings, "synth.reverb.active", !params->dry);
  fluid_settings_setnum(settings, "synth.reverb.room-size", 0.35);
  fluid_settings_setnum(settings, "synth.reverb.damp", 0.3);
  fluid_settings_setnum(settings, "synth.reverb.width", 0.6);
  fluid_settings_setnum(settings, "synth.reverb.level", 0.3);
  return settings;
}

/* A whole RIFF file of the kind sfbk. What passes here and still is broken makes FluidSynth's other loaders
 * complain on standard error. */
static bool looks_like_soundfont(const char *path) {
  unsigned char head[12] = {0};
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  const bool named = fread(head, 1, sizeof head, file) == sizeof head && memcmp(head, "RIFF", 4) == 0 &&
                     memcmp(head + 8, "sfbk", 4) == 0;
  const long claimed =
      (long)((uint32_t)head[4] | (uint32_t)head[5] << 8 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 24);
  const bool whole = fseek(file, 0, SEEK_END) == 0 && ftell(file) >= claimed + 8;
  fclose(file);
  return named && whole;
}

static BaseStatus load_piano(BaseContext *ctx, fluid_synth_t *synth, const char *path, int program) {
  if (access(path, R_OK) != 0) return base_fail(ctx, BASE_UNREADABLE, "Cannot read the soundfont %s", path);
  const int font = looks_like_soundfont(path) ? fluid_synth_sfload(synth, path, 0) : FLUID_FAILED;
  if (font == FLUID_FAILED) return base_fail(ctx, BASE_BAD_FILE, "%s is not a soundfont (SF2 or SF3)", path);
  if (fluid_synth_program_select(synth, CHANNEL, font, 0, program) != FLUID_OK)
    return base_fail(ctx, BASE_BAD_FILE, "The soundfont %s has no piano (bank 0, program %d)", path, program);
  return BASE_OK;
}

BaseStatus piano_synth_new(BaseContext *ctx, PianoSynth **out, const PianoSynthParams *params) {
  static const PianoSynthParams defaults;
  if (!params) params = &defaults;
  const char *path = params->soundfont ? params->soundfont : piano_soundfont();
  if (!path) return base_fail(ctx, BASE_UNREADABLE, "There is no soundfont; install fluid-soundfont-gm");
  if (params->rate_hz && (params->rate_hz < 8000 || params->rate_hz > 96000))
    return base_fail(ctx, BASE_BAD_INPUT, "The synthesiser plays at 8000 to 96000 Hz, not at %d",
                     params->rate_hz);
  PianoSynth *synth = calloc(1, sizeof *synth);
  if (synth) synth->settings = make_settings(params);
  if (synth && synth->settings) synth->synth = new_fluid_synth(synth->settings);
  BaseStatus status = synth && synth->synth ? load_piano(ctx, synth->synth, path, params->program) : base_fail_memory(ctx);
  if (status)
    piano_synth_free(synth);
  else
    *out = synth;
  return status;
}

void piano_synth_free(PianoSynth *synth) {
  if (!synth) return;
  if (synth->synth) delete_fluid_synth(synth->synth);
  if (synth->settings) delete_fluid_settings(synth->settings);
  free(synth);
}

static int clamp(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

void piano_synth_key(PianoSynth *synth, int midi, int velocity) {
  if (midi < 0 || midi > 127) return;
  const int blow = velocity * (508 - synth->soft_depth) / 508;
  if (velocity > 0)
    fluid_synth_noteon(synth->synth, CHANNEL, midi, clamp(blow, 1, 127));
  else
    fluid_synth_noteoff(synth->synth, CHANNEL, midi);
}

void piano_synth_pedal(PianoSynth *synth, int controller, int depth) {
  depth = clamp(depth, 0, 127);
  if (controller == MOTION_SOFT) synth->soft_depth = depth;
  if (controller == MOTION_SUSTAIN) {
    const int half = clamp(depth - FIRST_HALF_DEPTH, 0, 64 - FIRST_HALF_DEPTH);
    const float longer = (float)(HALF_RELEASE_TIMECENTS * half) / (64 - FIRST_HALF_DEPTH);
    fluid_synth_set_gen(synth->synth, CHANNEL, GEN_VOLENVRELEASE, longer);
  }
  if (controller == MOTION_SUSTAIN || controller == MOTION_SOSTENUTO)
    fluid_synth_cc(synth->synth, CHANNEL, controller, depth);
}

void piano_synth_all_off(PianoSynth *synth) {
  piano_synth_pedal(synth, MOTION_SUSTAIN, 0);
  piano_synth_pedal(synth, MOTION_SOSTENUTO, 0);
  piano_synth_pedal(synth, MOTION_SOFT, 0);
  fluid_synth_all_sounds_off(synth->synth, CHANNEL);
}

void piano_synth_render(PianoSynth *synth, float *left, float *right, size_t frames) {
  while (frames > 0) {
    const int n = frames < 65536 ? (int)frames : 65536;
    fluid_synth_write_float(synth->synth, n, left, 0, 1, right, 0, 1);
    left += n;
    right += n;
    frames -= (size_t)n;
  }
}

/* ---- keyboards ---- */

struct PianoKeyboard {
  fluid_settings_t *settings;
  fluid_midi_driver_t *driver;
  void (*touched)(void *user, PianoTouch touch);
  void *user;
};

enum { NOTE_OFF = 0x80, NOTE_ON = 0x90, CONTROL = 0xb0 };

bool piano_touch_of(PianoTouch *touch, int status, int a, int b) {
  if (a < 0 || a > 127 || b < 0 || b > 127) return false;
  *touch = (PianoTouch){PIANO_TOUCH_KEY, (uint8_t)a, status == NOTE_OFF ? 0 : (uint8_t)b};
  if (status == NOTE_ON || status == NOTE_OFF) return true;
  touch->kind = PIANO_TOUCH_PEDAL;
  return status == CONTROL && (a == MOTION_SUSTAIN || a == MOTION_SOSTENUTO || a == MOTION_SOFT);
}

static int on_midi(void *user, fluid_midi_event_t *event) {
  PianoKeyboard *keyboard = user;
  PianoTouch touch;
  const int status = fluid_midi_event_get_type(event);
  const bool control = status == CONTROL;
  const int a = control ? fluid_midi_event_get_control(event) : fluid_midi_event_get_key(event);
  const int b = control ? fluid_midi_event_get_value(event) : fluid_midi_event_get_velocity(event);
  if (piano_touch_of(&touch, status, a, b)) keyboard->touched(keyboard->user, touch);
  return FLUID_OK;
}

/* ALSA's library complains aloud where the kernel has no sequencer. */
static bool midi_is_there(fluid_settings_t *settings) {
  return !fluid_settings_str_equal(settings, "midi.driver", "alsa_seq") ||
         access("/dev/snd/seq", R_OK | W_OK) == 0;
}

BaseStatus piano_keyboard_open(BaseContext *ctx, PianoKeyboard **out,
                               void (*touched)(void *user, PianoTouch touch), void *user) {
  PianoKeyboard *keyboard = calloc(1, sizeof *keyboard);
  if (!keyboard) return base_fail_memory(ctx);
  keyboard->touched = touched;
  keyboard->user = user;
  for (int level = FLUID_PANIC; level < LAST_LOG_LEVEL; level++)
    fluid_set_log_function(level, stay_quiet, NULL);
  keyboard->settings = new_fluid_settings();
  if (keyboard->settings) {
    fluid_settings_setint(keyboard->settings, "midi.autoconnect", 1);
    fluid_settings_setstr(keyboard->settings, "midi.portname", "Triptych");
    if (midi_is_there(keyboard->settings))
      keyboard->driver = new_fluid_midi_driver(keyboard->settings, on_midi, keyboard);
  }
  if (!keyboard->driver) {
    piano_keyboard_close(keyboard);
    return base_fail(ctx, BASE_UNREADABLE, "This system has no MIDI input");
  }
  *out = keyboard;
  return BASE_OK;
}

void piano_keyboard_close(PianoKeyboard *keyboard) {
  if (!keyboard) return;
  if (keyboard->driver) delete_fluid_midi_driver(keyboard->driver);
  if (keyboard->settings) delete_fluid_settings(keyboard->settings);
  free(keyboard);
}
