/* The pictures in which a recording and a rendering meet: log-frequency power frames at two resolutions.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/dsp/dsp_audio.h"

#include <stddef.h>

enum {
  PIANO_RATE_HZ = 16000,
  PIANO_HOP = 160,       /* samples: 10 ms */
  PIANO_RESOLUTIONS = 2, /* 0: long windows, narrow bins, tells pitches; 1: short windows, tells onsets */
  PIANO_FINE = 8,        /* kernel rows for each bin's width */
};

/* What one resolution is made of. */
typedef struct {
  int window; /* samples, Hann */
  int bins_per_octave;
  double lowest_hz;
  int bins; /* F */
} PianoResolution;

const PianoResolution *piano_resolution(int r);

double piano_bin_hz(int r, double bin); /* centre of a bin, fractions allowed */
double piano_hz_bin(int r, double hz);

/* Powers of both resolutions, bin-major: power[r][bin * frames + frame], frame t centred at t × 10 ms. A
 * full-scale sine has power about 1 in its bin. Owned by one holder. */
typedef struct {
  size_t frames;
  float *power[PIANO_RESOLUTIONS];
} PianoFrames;

PianoFrames *piano_frames_new(size_t frames); /* zero; null without memory */
void piano_frames_free(PianoFrames *frames);

/* Analyses mono or stereo sound of any rate. About 400 × real time. */
BaseStatus piano_frames_analyse(BaseContext *ctx, PianoFrames **out, const DspAudio *audio);

/* How a steady sine spreads over the bins: for each frequency on a grid PIANO_FINE times finer than the bins
 * a short row of weights. The renderer's answer to what the analysis does. Immutable, shareable. */
typedef struct PianoKernel PianoKernel;
PianoKernel *piano_kernel_new(int r);
void piano_kernel_free(PianoKernel *kernel);

enum { PIANO_KERNEL_WIDTH = 48 };

/* Weights of a sine at `hz` on bins [*first, *first + n), and their derivatives by hz (may be null); both
 * arrays hold PIANO_KERNEL_WIDTH. Returns n, 0 outside the analysed range. */
int piano_kernel_row(const PianoKernel *kernel, double hz, int *first, float *weights, float *by_hz);
