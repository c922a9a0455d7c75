/* Music as a sequence of steps, the same for what is played and what is written.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"
#include "core/music/score.h"

/* A step is a note (or, where music is written, also a bar line) and has six fields, each an id of that field's
 * vocabulary, which begins with the ids of what is played and goes on with those of what is written:
 *
 *   field     played                                              written
 *   TIME      0…39: from the chord before to this one. 0: the     40…231: place in the bar in 1/24 quarters;
 *             same chord; else from 15 ms on, logarithmic to 8 s  232: a bar line
 *   PITCH     0…87: the key, A0 … C8                              0…87: the key; 88…102: key signature of a bar
 *   DURATION  0…31: key down to key up, logarithmic 30 ms … 12 s  32…79: note value (breve … 64th, dots 0…2, triplet
 *                                                                 or not); 80: grace; 81…104: eighths of a bar
 *   VELOCITY  0…15: in eights                                     16…31: staff (4) and voice in it (4)
 *   PEDAL     0 up, 1 down, 2 down again since the chord before   3…22: alteration (5), tie starts, tie stops
 *   FINE      0…7: eighth of the bin of time; within a chord,     8…15: articulation; of a bar its beat unit
 *             of 35 ms after its first note
 *
 * What is played: notes that begin within 35 ms of the first of a group are a chord and follow each other by
 * pitch. What is written: notes in the order of the page's time, chords by pitch. Only 88 keys. */
typedef enum {
  LANGUAGE_TIME,
  LANGUAGE_PITCH,
  LANGUAGE_DURATION,
  LANGUAGE_VELOCITY,
  LANGUAGE_PEDAL,
  LANGUAGE_FINE,
  LANGUAGE_FIELDS
} LanguageField;

enum {
  LANGUAGE_METRIC_FIELDS = LANGUAGE_PEDAL, /* those before the pedal make the metric of the language */
  LANGUAGE_PLACES = 192,                   /* of a bar; 24 a quarter */
  LANGUAGE_BAR = 40 + LANGUAGE_PLACES,     /* TIME of a bar line */
  LANGUAGE_MOST_IDS = 233,
};

/* Ids of a field that belong to what is played, and all of them. */
extern const int language_played_ids[LANGUAGE_FIELDS], language_ids[LANGUAGE_FIELDS];

/* One step. An id of −1 is unknown: it is neither asked nor told. */
typedef struct {
  int16_t field[LANGUAGE_FIELDS];
  uint32_t note; /* id of the note in the motion or score; 0: none */
} LanguageStep;

/* A sequence of them; a plain array to be cleared by its owner with base_array_clear. */
typedef BASE_ARRAY(LanguageStep) LanguageText;

/* Appends the steps of notes [first, first + n) of a motion, which must be sorted; velocities and times as bins. Notes
 * outside the 88 keys are left out. `speed` divides all times. Without memory: BASE_NO_MEMORY. O(n log n). */
BaseStatus language_of_motion(BaseContext *ctx, LanguageText *text, const Motion *motion, size_t first, size_t n,
                              double speed);

/* Plays a text: every time in the middle of its bin, the pedal changed between chords. The first chord is at
 * `start_s`. Steps that are not of what is played are passed over. Tempo 1. */
BaseStatus language_to_motion(BaseContext *ctx, Motion **out, const LanguageText *text, double start_s);

/* Appends the steps of a score as it is written (no repeats); rests, unpitched and cue notes are left out: they
 * follow from the places. Places and lengths off the grid become the nearest ones. */
BaseStatus language_of_score(BaseContext *ctx, LanguageText *text, const Score *score);

/* Writes a text down: one part of up to four staves, each note with its spelling, value, ties and articulation, voices
 * without rests. What language_of_score makes of the result is the text again. */
BaseStatus language_to_score(BaseContext *ctx, Score **out, const LanguageText *text);

/* Moves all pitches by semitones, spelling and key signature with them; false, and nothing changed, where a key
 * would leave the keyboard. */
bool language_transpose(LanguageText *text, int semitones);

/* Makes all fields unknown that are none of the metric's. */
void language_keep_metric(LanguageText *text);

/* The bin of seconds from chord to chord, of a duration, and the seconds in the middle of a bin (its `fine` eighth). */
int language_time_bin(double seconds);
int language_duration_bin(double seconds);
double language_bin_time(int bin, int fine);
double language_bin_duration(int bin);
