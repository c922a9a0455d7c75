/* The Fourier transform of real blocks. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/* A plan for blocks of n samples with its own buffers. Made by any thread, used by one at a time. */
typedef struct DspFft DspFft;

/* A plan for n ≥ 2 samples, n even. Null without memory. ~n log n once. The same plan on every run. */
DspFft *dsp_fft_new(size_t n);
void dsp_fft_free(DspFft *fft);

/* Where the n samples go before dsp_fft_run; borrowed, overwritten by nobody else. */
float *dsp_fft_input(DspFft *fft);

/* Σ x[t] exp(-2πi f t / n) for f = 0 … n/2: n/2 + 1 pairs (real, imaginary), unscaled; borrowed, valid until
 * the next run. O(n log n), no allocation. */
const float *dsp_fft_run(DspFft *fft);

/* The same from the caller's n samples into the caller's n/2 + 1 pairs. */
void dsp_fft_forward(DspFft *fft, float *pairs, const float *samples);
