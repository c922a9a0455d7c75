/* What gathering and playing samples share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_array.h"
#include "core/piano/piano_samples.h"

/* One recorded note. */
typedef struct {
  int midi;
  float velocity; /* 0 … 128 */
  float scale;    /* of the values */
  size_t n;
  int16_t *values; /* n of them, then SAMPLE_MARGIN zeros */
} PianoSample;

enum { SAMPLE_MARGIN = 16 };

struct PianoSamples {
  BASE_ARRAY(PianoSample) all; /* by key, then by velocity */
};
