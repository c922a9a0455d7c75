/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/evidence.h"

#include "core/music/motion.h"

#include <stdlib.h>

Evidence *evidence_new(size_t frames, double hop_s) {
  Evidence *evidence = calloc(1, sizeof *evidence);
  if (!evidence) return NULL;
  size_t n = frames ? frames : 1;
  evidence->frames = frames;
  evidence->hop_s = hop_s;
  evidence->onset = calloc(n, MOTION_KEYS);
  evidence->sounding = calloc(n, MOTION_KEYS);
  evidence->strength = calloc(n, MOTION_KEYS);
  if (evidence->onset && evidence->sounding && evidence->strength) return evidence;
  evidence_free(evidence);
  return NULL;
}

void evidence_free(Evidence *evidence) {
  if (!evidence) return;
  free(evidence->onset);
  free(evidence->sounding);
  free(evidence->strength);
  free(evidence);
}
