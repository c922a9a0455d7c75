/* Moments from evidence, and notes from moments. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_sound.h"

#include <string.h>

enum { LIKELY = 128, VELOCITY = 64 };

/* Frames are centred at their times: where a moment begins and where its middle is, from its first frame on. */
static const double BEGIN = -0.5 / LANGUAGE_HOPS, MIDDLE = (LANGUAGE_HOPS - 1) / 2.0 / LANGUAGE_HOPS;

static LanguageMoment moment_of(const Evidence *heard, size_t first, size_t end) {
  LanguageMoment moment = {0};
  for (int key = 0; key < MOTION_KEYS; key++) {
    unsigned sounding = 0;
    for (size_t t = first; t < end; t++) {
      uint8_t struck = heard->onset[t * MOTION_KEYS + (size_t)key];
      if (struck > moment.struck[key]) moment.struck[key] = struck;
      sounding += heard->sounding[t * MOTION_KEYS + (size_t)key];
    }
    moment.sounding[key] = (uint8_t)(sounding / (end - first));
  }
  return moment;
}

BaseStatus language_moments_of(BaseContext *ctx, LanguageMoments *moments, const Evidence *heard) {
  if (!base_array_reserve(moments, moments->n + heard->frames / LANGUAGE_HOPS + 1)) return base_fail_memory(ctx);
  for (size_t t = 0; t < heard->frames; t += LANGUAGE_HOPS) {
    size_t end = t + LANGUAGE_HOPS < heard->frames ? t + LANGUAGE_HOPS : heard->frames;
    moments->items[moments->n++] = moment_of(heard, t, end);
  }
  return BASE_OK;
}

static void move(uint8_t keys[MOTION_KEYS], int semitones) {
  uint8_t moved[MOTION_KEYS] = {0};
  for (int key = 0; key < MOTION_KEYS; key++)
    if (key + semitones >= 0 && key + semitones < MOTION_KEYS) moved[key + semitones] = keys[key];
  memcpy(keys, moved, sizeof moved);
}

void language_moment_move(LanguageMoment *moment, int semitones) {
  move(moment->struck, semitones);
  move(moment->sounding, semitones);
}

/* Where the note of one key that is struck in moment `at` ends: at the next stroke or when it is silent. */
static size_t end_of(const LanguageMoments *moments, size_t at, int key) {
  size_t end = at + 1;
  while (end < moments->n && moments->items[end].sounding[key] >= LIKELY && moments->items[end].struck[key] < LIKELY) end++;
  return end;
}

BaseStatus language_moments_to_motion(BaseContext *ctx, Motion **out, const LanguageMoments *moments, double moment_s) {
  Motion *motion = motion_new();
  bool fine = motion != NULL;
  for (size_t t = 0; fine && t < moments->n; t++)
    for (int key = 0; fine && key < MOTION_KEYS; key++)
      if (moments->items[t].struck[key] >= LIKELY)
        fine = motion_add(motion, ((double)t + MIDDLE) * moment_s, ((double)end_of(moments, t, key) + BEGIN) * moment_s,
                          MOTION_LOWEST_KEY + key, VELOCITY, 1);
  if (!fine) {
    motion_free(motion);
    return base_fail_memory(ctx);
  }
  motion_sort(motion);
  *out = motion;
  return BASE_OK;
}
