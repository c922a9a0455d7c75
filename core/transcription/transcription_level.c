/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_level.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { SPOTS = 64 };

static const double block_s = 0.064, long_s = 300, spot_s = 4;
enum { QUIETEST = -54 }; /* dB: what is softer than that all along is hiss, not music */

void transcription_level_add(TranscriptionLevel *level, const float *samples, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)samples[i] * samples[i];
  int db = n ? (int)lround(10 * log10(2 * sum / (double)n + 1e-12)) : -120;
  db = db < -120 ? -120 : db > 0 ? 0 : db;
  level->blocks[db + 120]++;
  level->n++;
}

double transcription_level(const TranscriptionLevel *level) {
  size_t above = 0;
  int db = 120;
  for (; db > QUIETEST + 120; db--) {
    above += level->blocks[db];
    if (20 * above >= level->n && above) break;
  }
  return pow(10, (db - 120) / 20.0);
}

static size_t block_of(int32_t rate_hz) {
  return (size_t)fmax(16, block_s * rate_hz);
}

/* Mixes n frames into the first n samples of `to`; what is not finite is silence. */
static void mix(float *to, const float *from, size_t n, size_t channels) {
  for (size_t i = 0; i < n; i++) {
    float sum = 0;
    for (size_t c = 0; c < channels; c++) sum += from[i * channels + c];
    to[i] = isfinite(sum) ? sum / (float)channels : 0;
  }
}

/* Counts `blocks` blocks from where the reader stands. */
static BaseStatus count(BaseContext *ctx, TranscriptionLevel *counted, DspReader *reader, size_t blocks) {
  const size_t channels = (size_t)dsp_reader_info(reader)->channels, block = block_of(dsp_reader_info(reader)->rate_hz);
  float *samples = malloc((channels + 1) * block * sizeof *samples);
  BaseStatus status = samples ? BASE_OK : base_fail_memory(ctx);
  for (size_t i = 0; status == BASE_OK && i < blocks; i++) {
    const size_t n = dsp_reader_read(reader, samples + block, block);
    if (!n) break;
    mix(samples, samples + block, n, channels);
    transcription_level_add(counted, samples, n);
    if (base_cancelled(ctx)) status = base_fail_cancelled(ctx);
  }
  free(samples);
  return status;
}

BaseStatus transcription_level_of_file(BaseContext *ctx, double *level, const char *path) {
  DspReader *reader = NULL;
  TranscriptionLevel counted = {0};
  BaseStatus status = dsp_reader_open(ctx, &reader, path);
  if (status != BASE_OK) return status;
  const DspAudioInfo *info = dsp_reader_info(reader);
  const bool whole = info->frames < long_s * info->rate_hz;
  if (whole) status = count(ctx, &counted, reader, SIZE_MAX);
  for (int i = 0; !whole && status == BASE_OK && i < SPOTS; i++)
    if (dsp_reader_seek(NULL, reader, info->frames / SPOTS * i) == BASE_OK)
      status = count(ctx, &counted, reader, (size_t)(spot_s / block_s));
  *level = transcription_level(&counted);
  dsp_reader_free(reader);
  return status;
}

double transcription_level_of_sound(const DspAudio *audio) {
  enum { MOST = 16384 };
  float samples[MOST];
  TranscriptionLevel counted = {0};
  const size_t wanted = block_of(audio->rate_hz), block = wanted < MOST ? wanted : MOST;
  for (size_t at = 0; at < audio->frames; at += block) {
    const size_t n = audio->frames - at < block ? audio->frames - at : block, channels = (size_t)audio->channels;
    mix(samples, audio->samples + at * channels, n, channels);
    transcription_level_add(&counted, samples, n);
  }
  return transcription_level(&counted);
}
