/* Magnitudes on a logarithmic frequency axis: the constant-Q transform with bounded windows.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stddef.h>
#include <stdint.h>

enum { DSP_KEY_BINS = 264 /* three for each of the 88 keys, the middle one at its pitch */ };

/* Bin b has its centre at lowest_hz × 2^(b / bins_per_octave). A zeroed value means the 264 bins of the
 * keyboard at 16 kHz. */
typedef struct {
  int32_t rate_hz;           /* of the samples; 0: 16000 */
  double lowest_hz;          /* 0: a third of a semitone below A0 */
  int bins, bins_per_octave; /* 0: 264, 36 */
  double tuning_cents;       /* of the instrument: moves every centre */
  double periods;            /* of its centre frequency in the window of a bin; 0: 34 separates semitones */
  double shortest_s, longest_s; /* bounds of the windows; 0: 0.04, 0.5 */
} DspLogbankParams;

/* Kernels of one bank; const, and so shareable. */
typedef struct DspLogbank DspLogbank;

/* BASE_BAD_INPUT when a centre lies above half the rate. Costs one transform a bin. */
BaseStatus dsp_logbank_new(BaseContext *ctx, DspLogbank **out, const DspLogbankParams *params);
void dsp_logbank_free(DspLogbank *bank);

size_t dsp_logbank_bins(const DspLogbank *bank);
size_t dsp_logbank_window(const DspLogbank *bank); /* samples that one frame looks at */

/* What dsp_logbank_run gives for an endless sine of amplitude 1 at `hz`, without running it. O(bins). */
void dsp_logbank_response(const DspLogbank *bank, float *magnitudes, double hz);

/* The amplitude at each bin around the middle of `window` (a sine of amplitude 1 at the centre gives 1).
 * `magnitudes`: bins floats. `fft`: a plan of dsp_logbank_window samples, the thread's own. No allocation. */
typedef struct DspFft DspFft;
void dsp_logbank_run(const DspLogbank *bank, DspFft *fft, float *magnitudes, const float *window);
