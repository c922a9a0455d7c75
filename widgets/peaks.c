/* A pyramid of extremes: level 0 holds min and max of 64 samples as int16, each level above joins four. A
 * range is answered by climbing: whole blocks in the middle are taken from the coarsest level that fits, the
 * ragged ends from finer ones. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/peaks.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64, FAN = 4, LEVELS = 14 };

typedef struct {
  gint16 min, max;
} Extremes;

static const double rounding = 1e-6; /* of a block */
static const Extremes nothing = {G_MAXINT16, G_MININT16};

struct TriPeaks {
  gatomicrefcount refs;
  int rate_hz;
  guint64 samples;
  GArray *levels[LEVELS]; /* Extremes; the last one of each level may still be filling */
};

static TriPeaks *with_levels(int rate_hz) {
  TriPeaks *self = g_new0(TriPeaks, 1);
  g_atomic_ref_count_init(&self->refs);
  self->rate_hz = MAX(rate_hz, 1);
  return self;
}

TriPeaks *tri_peaks_new(int rate_hz) {
  TriPeaks *self = with_levels(rate_hz);
  for (int k = 0; k < LEVELS; k++) self->levels[k] = g_array_new(FALSE, FALSE, sizeof(Extremes));
  return self;
}

TriPeaks *tri_peaks_copy(TriPeaks *peaks) {
  TriPeaks *self = with_levels(peaks->rate_hz);
  self->samples = peaks->samples;
  for (int k = 0; k < LEVELS; k++) self->levels[k] = g_array_copy(peaks->levels[k]);
  return self;
}

TriPeaks *tri_peaks_ref(TriPeaks *peaks) {
  g_atomic_ref_count_inc(&peaks->refs);
  return peaks;
}

void tri_peaks_unref(TriPeaks *peaks) {
  if (!peaks || !g_atomic_ref_count_dec(&peaks->refs)) return;
  for (int k = 0; k < LEVELS; k++) g_array_unref(peaks->levels[k]);
  g_free(peaks);
}

static Extremes joined(Extremes a, Extremes b) {
  return (Extremes){MIN(a.min, b.min), MAX(a.max, b.max)};
}

/* Joins `value` into block `index` of a level, which is the last one or the one after it. */
static void widen(GArray *level, guint64 index, Extremes value) {
  if (index == level->len) g_array_append_val(level, nothing);
  Extremes *block = &g_array_index(level, Extremes, index);
  *block = joined(*block, value);
}

static void add_block(TriPeaks *self, guint64 block, Extremes value) {
  for (int k = 0; k < LEVELS; k++, block /= FAN) widen(self->levels[k], block, value);
}

static gint16 quantised(float sample) {
  return isfinite(sample) ? (gint16)lrintf(CLAMP(sample, -1.0f, 1.0f) * 32767) : 0;
}

void tri_peaks_append(TriPeaks *self, const float *samples, gsize n) {
  for (gsize i = 0; i < n;) {
    gsize stop = MIN(n, i + BLOCK - self->samples % BLOCK);
    guint64 block = self->samples / BLOCK;
    Extremes value = nothing;
    self->samples += stop - i;
    for (; i < stop; i++) {
      gint16 level = quantised(samples[i]);
      value = joined(value, (Extremes){level, level});
    }
    add_block(self, block, value);
  }
}

double tri_peaks_duration_s(TriPeaks *self) {
  return (double)self->samples / self->rate_hz;
}

static Extremes block_range(TriPeaks *self, guint64 first, guint64 last) {
  Extremes found = nothing;
  for (int k = 0; first < last; k++, first /= FAN, last /= FAN) {
    GArray *level = self->levels[k];
    gboolean top = k + 1 == LEVELS;
    for (; first < last && (top || first % FAN); first++)
      found = joined(found, g_array_index(level, Extremes, first));
    for (; first < last && (top || last % FAN); last--)
      found = joined(found, g_array_index(level, Extremes, last - 1));
  }
  return found;
}

void tri_peaks_range(TriPeaks *self, double from_s, double to_s, float *min, float *max) {
  guint64 blocks = self->levels[0]->len;
  double first = floor(MAX(0, from_s) * self->rate_hz / BLOCK + rounding);
  double last = ceil(to_s * self->rate_hz / BLOCK - rounding);
  Extremes found = nothing;
  if (first < blocks && last > first) found = block_range(self, (guint64)first, MIN((guint64)last, blocks));
  gboolean empty = found.min > found.max;
  *min = empty ? 0 : found.min / 32767.0f;
  *max = empty ? 0 : found.max / 32767.0f;
}
