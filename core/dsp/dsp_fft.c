/* The door to FFTW, which plans in one thread only: a lock of the process guards plans coming and going.
 * Plans are estimated, never timed, so that results do not depend on the moment.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/dsp/dsp_fft.h"

#include <fftw3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct DspFft {
  fftwf_plan plan;
  float *input;
  fftwf_complex *output;
  size_t n;
};

static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

DspFft *dsp_fft_new(size_t n) {
  DspFft *fft = calloc(1, sizeof *fft);
  if (!fft) return NULL;
  fft->n = n;
  fft->input = fftwf_alloc_real(n);
  fft->output = fftwf_alloc_complex(n / 2 + 1);
  if (fft->input && fft->output) {
    pthread_mutex_lock(&planner);
    fft->plan = fftwf_plan_dft_r2c_1d((int)n, fft->input, fft->output, FFTW_ESTIMATE);
    pthread_mutex_unlock(&planner);
  }
  if (fft->plan) return fft;
  dsp_fft_free(fft);
  return NULL;
}

void dsp_fft_free(DspFft *fft) {
  if (!fft) return;
  pthread_mutex_lock(&planner);
  if (fft->plan) fftwf_destroy_plan(fft->plan);
  pthread_mutex_unlock(&planner);
  fftwf_free(fft->input);
  fftwf_free(fft->output);
  free(fft);
}

float *dsp_fft_input(DspFft *fft) {
  return fft->input;
}

const float *dsp_fft_run(DspFft *fft) {
  fftwf_execute(fft->plan);
  return &fft->output[0][0];
}

void dsp_fft_forward(DspFft *fft, float *pairs, const float *samples) {
  memcpy(fft->input, samples, fft->n * sizeof *samples);
  memcpy(pairs, dsp_fft_run(fft), (fft->n / 2 + 1) * sizeof *fft->output);
}
