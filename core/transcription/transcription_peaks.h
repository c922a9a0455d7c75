/* From the network's answers to evidence, frame by frame. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/evidence.h"
#include "core/transcription/transcription_hear.h"
#include "core/transcription/transcription_own.h"

#include <stdbool.h>

enum { PEAKS_AHEAD = 2, PEAKS_KEPT = 2 * PEAKS_AHEAD + 1 };

/* One pass over a stretch: what sounds, what ends, and at each peak of an onset's probability its height, its velocity
 * and its place between the frames. Answers are taken in order; frames outside [from, to) are looked at but not
 * written. */
typedef struct {
  Evidence *evidence; /* all planes there; borrowed */
  float *pedal;       /* evidence->frames probabilities that the pedal is down; borrowed */
  const TranscriptionOwn *own; /* of this recording; borrowed; null: none */
  long from, to;      /* inside the evidence */
  long first, next;   /* frames taken are [first, next) */
  float onset[PEAKS_KEPT][MOTION_KEYS], velocity[PEAKS_KEPT][MOTION_KEYS]; /* the latest frames */
  double struck[MOTION_KEYS];                                              /* frame of each key's latest stroke */
} TranscriptionPeaks;

/* Begins a pass. */
void transcription_peaks_init(TranscriptionPeaks *peaks, Evidence *evidence, float *pedal, const TranscriptionOwn *own,
                              long from, long to);

void transcription_peaks_add(TranscriptionPeaks *peaks, const TranscriptionAnswers *answers);

/* The onsets of the last frames. */
void transcription_peaks_end(TranscriptionPeaks *peaks);

/* Appends presses and lifts of the sustain pedal to `motion`, whose notes are there, by the probabilities of `frames`
 * frames. False without memory. O(presses × notes). */
bool transcription_pedal_events(Motion *motion, const float *pedal, size_t frames, double hop_s);
