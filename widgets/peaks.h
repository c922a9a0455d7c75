/* Waveform overviews: min and max at every zoom. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct TriPeaks TriPeaks;

/* Base block 64 samples of mono sound as int16 min/max, ×4 pyramids above. Pure data, no widget. Reference
 * counted so that tile workers may hold it. */
TriPeaks *tri_peaks_new(int rate_hz);
TriPeaks *tri_peaks_ref(TriPeaks *peaks);
void tri_peaks_unref(TriPeaks *peaks);

/* Adds the next mono samples; by one thread, before the peaks are shown or under a copy. */
void tri_peaks_append(TriPeaks *peaks, const float *samples, gsize n);
TriPeaks *tri_peaks_copy(TriPeaks *peaks);

double tri_peaks_duration_s(TriPeaks *peaks);

/* Extremes of the sound in [from_s, to_s) as −1…1. O(log n). */
void tri_peaks_range(TriPeaks *peaks, double from_s, double to_s, float *min, float *max);

G_END_DECLS
