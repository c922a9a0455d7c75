/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/evidence.h"

#include "core/music/motion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Evidence *evidence_new(size_t frames, double hop_s) {
  Evidence *evidence = calloc(1, sizeof *evidence);
  if (!evidence) return NULL;
  size_t n = frames ? frames : 1;
  evidence->frames = frames;
  evidence->hop_s = hop_s;
  evidence->onset = calloc(n, MOTION_KEYS);
  evidence->sounding = calloc(n, MOTION_KEYS);
  evidence->strength = calloc(n, MOTION_KEYS);
  evidence->release = calloc(n, MOTION_KEYS);
  evidence->shift = calloc(n, MOTION_KEYS);
  if (evidence->onset && evidence->sounding && evidence->strength && evidence->release && evidence->shift)
    return evidence;
  evidence_free(evidence);
  return NULL;
}

void evidence_free(Evidence *evidence) {
  if (!evidence) return;
  free(evidence->onset);
  free(evidence->sounding);
  free(evidence->strength);
  free(evidence->release);
  free(evidence->shift);
  free(evidence);
}

Evidence *evidence_dup(const Evidence *evidence) {
  Evidence *copy = evidence_new(evidence->frames, evidence->hop_s);
  const size_t n = evidence->frames * MOTION_KEYS;
  if (!copy || !n) return copy;
  memcpy(copy->onset, evidence->onset, n);
  memcpy(copy->sounding, evidence->sounding, n);
  if (evidence->strength) memcpy(copy->strength, evidence->strength, n);
  if (evidence->release) memcpy(copy->release, evidence->release, n);
  if (evidence->shift) memcpy(copy->shift, evidence->shift, n);
  return copy;
}

void evidence_put_onset(Evidence *evidence, double at, int key, uint8_t onset, uint8_t strength) {
  const size_t frame = (size_t)lround(at), cell = frame * MOTION_KEYS + (size_t)key;
  if (frame >= evidence->frames || evidence->onset[cell] > onset) return;
  evidence->onset[cell] = onset;
  evidence->strength[cell] = strength;
  evidence->shift[cell] = (int8_t)lround(fmin(fmax(at - (double)frame, -0.495), 0.495) * EVIDENCE_SHIFTS);
}

double evidence_onset_s(const Evidence *evidence, size_t t, int key) {
  const double part = evidence->shift ? evidence->shift[t * MOTION_KEYS + (size_t)key] / (double)EVIDENCE_SHIFTS : 0;
  return ((double)t + part) * evidence->hop_s;
}
