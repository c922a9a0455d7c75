/* A template is a harmonic series with inharmonic partials (Fletcher 1964; coefficients after Renault et al.
 * 2022), each seen through the bank as a sine would be. How strong a partial is follows from a table over
 * keys eight apart, interpolated between: the mean of the pianos in Debian's FluidR3, MuseScore_General and
 * TimGM6mb soundfonts, every key at three velocities, 0 … 60 ms after the stroke and 130 … 560 ms after it.
 * The dip at partial 8 is where the hammer hits the string. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_templates.h"

#include <math.h>
#include <stdlib.h>

enum { PARTIALS = 30, ANCHORS = 12, ANCHOR_KEYS = 8 };

/* Decibels below the strongest bin; -80 above the bank. */
static const int8_t partial_db[ANCHORS][TRANSCRIPTION_STATES][PARTIALS] = {
    {
        {-17, -2,  -2,  -7,  -7,  -10, -10, -18, -15, -12, -10, -13, -15, -12, -14,
         -14, -18, -21, -20, -20, -20, -20, -19, -18, -21, -22, -25, -22, -23, -20},
        {-15, -2,  -3,  -7,  -8,  -9,  -10, -23, -15, -15, -9,  -15, -15, -14, -14,
         -15, -25, -24, -29, -23, -20, -21, -24, -22, -26, -28, -29, -26, -27, -24},
    },
    {
        {-15, -1,  -4,  -12, -9,  -9,  -11, -21, -14, -12, -11, -15, -14, -12, -15,
         -20, -25, -19, -22, -19, -18, -19, -20, -17, -20, -22, -23, -22, -22, -20},
        {-11, 0,   -3,  -11, -7,  -9,  -11, -22, -13, -14, -10, -16, -14, -14, -16,
         -19, -27, -21, -28, -23, -18, -20, -22, -21, -28, -26, -30, -27, -26, -24},
    },
    {
        {-5,  -3,  -7,  -13, -9,  -10, -10, -23, -14, -12, -11, -19, -18, -13, -13,
         -20, -27, -20, -24, -26, -21, -22, -21, -21, -26, -29, -32, -30, -27, -22},
        {-3,  -3,  -6,  -13, -10, -10, -12, -25, -14, -15, -12, -21, -17, -16, -16,
         -22, -29, -22, -28, -29, -22, -25, -25, -26, -35, -31, -38, -36, -34, -29},
    },
    {
        {-1,  -5,  -6,  -11, -15, -12, -10, -25, -18, -12, -17, -23, -23, -19, -19,
         -22, -29, -25, -29, -34, -34, -31, -27, -34, -41, -37, -41, -40, -38, -35},
        {0,   -4,  -8,  -12, -17, -14, -12, -29, -21, -16, -21, -25, -27, -25, -25,
         -31, -34, -30, -35, -36, -40, -36, -35, -43, -49, -44, -44, -52, -49, -45},
    },
    {
        {-1,  -3,  -10, -12, -12, -20, -12, -23, -19, -16, -25, -24, -26, -26, -23,
         -28, -38, -36, -42, -39, -37, -43, -37, -45, -53, -43, -41, -47, -49, -51},
        {-1,  -3,  -12, -14, -16, -24, -15, -29, -23, -21, -31, -28, -32, -38, -32,
         -39, -49, -47, -52, -48, -44, -54, -48, -58, -60, -56, -54, -61, -62, -62},
    },
    {
        {-1,  -4,  -13, -13, -11, -18, -19, -22, -18, -27, -26, -30, -32, -30, -32,
         -36, -43, -42, -48, -43, -47, -58, -41, -51, -59, -52, -51, -54, -53, -59},
        {0,   -4,  -16, -18, -16, -28, -27, -31, -29, -40, -36, -40, -47, -46, -46,
         -49, -64, -58, -59, -61, -64, -72, -55, -70, -75, -75, -69, -68, -67, -73},
    },
    {
        {0,   -11, -13, -17, -16, -17, -26, -28, -30, -34, -43, -44, -36, -37, -38,
         -50, -49, -51, -52, -52, -55, -59, -39, -80, -80, -80, -80, -80, -80, -80},
        {0,   -11, -19, -27, -25, -29, -37, -42, -43, -45, -61, -64, -57, -55, -52,
         -67, -75, -69, -71, -73, -73, -77, -52, -80, -80, -80, -80, -80, -80, -80},
    },
    {
        {0,   -13, -18, -18, -20, -28, -32, -40, -36, -33, -55, -52, -35, -48, -44,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
        {0,   -11, -24, -21, -29, -36, -44, -51, -34, -39, -74, -77, -58, -64, -61,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
    },
    {
        {0,   -24, -28, -28, -32, -34, -48, -35, -47, -80, -80, -80, -80, -80, -80,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
        {0,   -22, -32, -30, -37, -37, -60, -42, -48, -80, -80, -80, -80, -80, -80,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
    },
    {
        {-1,  -26, -39, -47, -48, -47, -80, -80, -80, -80, -80, -80, -80, -80, -80,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
        {-2,  -28, -43, -50, -53, -52, -80, -80, -80, -80, -80, -80, -80, -80, -80,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
    },
    {
        {-3,  -26, -35, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
        {-4,  -32, -39, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
    },
    {
        {-4,  -31, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
        {-5,  -39, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80,
         -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80, -80},
    },
};

static const double highest_hz = 7700, floor_level = 3e-4, negligible = 0.02;

static double inharmonicity(double midi) {
  return exp(-0.105 * midi - 6.87) + exp(0.094 * midi - 13.7);
}

/* Frequency of partial n of a key. */
static double partial_hz(int key, int n, double tuning_cents) {
  const double b = inharmonicity(key + 21), first = 27.5 * exp2(key / 12.0 + tuning_cents / 1200);
  return first * n * sqrt((1 + b * n * n) / (1 + b));
}

static double partial_level(int key, int state, int n) {
  const int low = key / ANCHOR_KEYS, high = low + 1;
  const double part = (double)(key % ANCHOR_KEYS) / ANCHOR_KEYS;
  const double db = (1 - part) * partial_db[low][state][n - 1] + part * partial_db[high][state][n - 1];
  return pow(10, db / 20);
}

/* One dense template: partials add by power; compressed, over a floor, scaled to the sum 1. The floor's
 * share. */
static float draw(float *dense, float *sine, const DspLogbank *bank, int key, int state, double tuning_cents,
                  double compression) {
  double sum = 0;
  for (int b = 0; b < TRANSCRIPTION_BINS; b++) dense[b] = 0;
  for (int n = 1; n <= PARTIALS && partial_hz(key, n, tuning_cents) < highest_hz; n++) {
    const float level = (float)partial_level(key, state, n);
    dsp_logbank_response(bank, sine, partial_hz(key, n, tuning_cents));
    for (int b = 0; b < TRANSCRIPTION_BINS; b++) dense[b] += level * sine[b] * level * sine[b];
  }
  for (int b = 0; b < TRANSCRIPTION_BINS; b++) {
    dense[b] = (float)pow(sqrt(dense[b]) + floor_level, compression);
    sum += dense[b];
  }
  for (int b = 0; b < TRANSCRIPTION_BINS; b++) dense[b] /= (float)sum;
  return (float)(pow(floor_level, compression) / sum);
}

/* Appends what stands out of the floor. */
static void add_sparse(TranscriptionTemplates *templates, int i, const float *dense, float floor) {
  size_t n = templates->start[i];
  float highest = 0;
  for (int b = 0; b < TRANSCRIPTION_BINS; b++) highest = fmaxf(highest, dense[b] - floor);
  for (int b = 0; b < TRANSCRIPTION_BINS; b++) {
    if (dense[b] - floor < negligible * highest) continue;
    templates->bins[n] = (uint16_t)b;
    templates->weights[n++] = dense[b] - floor;
  }
  templates->floors[i] = floor;
  templates->start[i + 1] = n;
}

BaseStatus transcription_templates_new(BaseContext *ctx, TranscriptionTemplates **out, const DspLogbank *bank,
                                       double tuning_cents, double compression) {
  enum { MOST = TRANSCRIPTION_TEMPLATES * TRANSCRIPTION_BINS };
  TranscriptionTemplates *templates = calloc(1, sizeof *templates);
  if (!templates) return base_fail_memory(ctx);
  templates->bins = malloc(MOST * sizeof *templates->bins);
  templates->weights = malloc(MOST * sizeof *templates->weights);
  if (!templates->bins || !templates->weights) {
    transcription_templates_free(templates);
    return base_fail_memory(ctx);
  }
  float dense[TRANSCRIPTION_BINS], sine[TRANSCRIPTION_BINS];
  for (int i = 0; i < TRANSCRIPTION_TEMPLATES; i++) {
    const float floor = draw(dense, sine, bank, i / TRANSCRIPTION_STATES, i % TRANSCRIPTION_STATES,
                             tuning_cents, compression);
    add_sparse(templates, i, dense, floor);
  }
  *out = templates;
  return BASE_OK;
}

void transcription_templates_free(TranscriptionTemplates *templates) {
  if (!templates) return;
  free(templates->bins);
  free(templates->weights);
  free(templates);
}
