/* Key presses as the differentiable piano wants them. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/music/motion.h"

enum { PIANO_KEYS = 88 /* K, key 0 = A0 = MIDI 21 */ };

/* A key press in real numbers, so that it can have gradients. Plain value. */
typedef struct {
  double onset_s;
  double end_s;    /* when the damper falls: key up, or later while the pedal holds */
  double velocity; /* 1 … 127 */
  int key;         /* 0 … 87 */
  int pedal;       /* dampers lifted at the onset */
  double restruck; /* 1: the string still sounds when it is struck, falling to 0 the longer it was silent */
} PianoNote;

/* The notes of a motion inside the keyboard, in its order. Owns both arrays; zeroed: empty. */
typedef struct {
  PianoNote *items;
  size_t *index; /* of each in motion->notes */
  size_t n;
} PianoNotes;

/* BASE_NO_MEMORY leaves `out` empty. O(notes + pedals). */
BaseStatus piano_notes_of(BaseContext *ctx, PianoNotes *out, const Motion *motion);
void piano_notes_clear(PianoNotes *notes);

/* The run [*from, *to) of notes sorted by onset with onsets in [low_s, high_s). O(log n). */
void piano_notes_between(size_t *from, size_t *to, const PianoNote *notes, size_t n, double low_s,
                         double high_s);
