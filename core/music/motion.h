/* What the hands do: keys down and up, how hard, and the pedals, in seconds.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_array.h"
#include "core/base/base_context.h"
#include "core/music/beat.h"

#include <stddef.h>
#include <stdint.h>

enum { MOTION_KEYS = 88, MOTION_LOWEST_KEY = 21 }; /* A0 … C8 */

/* One key pressed and released. Plain value. */
typedef struct {
  uint32_t id;         /* unique in the motion, never 0 */
  uint32_t score_note; /* ScoreNote.id that caused it, 0 none */
  double onset_s;      /* key down, seconds from the first sample */
  double key_up_s;     /* > onset_s */
  uint8_t midi;        /* 0…127, 60 middle C */
  uint8_t velocity;    /* 1…127 */
  uint8_t channel;     /* 0…15: kept from MIDI files; hands or parts */
  float confidence;    /* probability that this note was played; 1 when known */
} MotionNote;

typedef enum { MOTION_SUSTAIN = 64, MOTION_SOSTENUTO = 66, MOTION_SOFT = 67 } MotionPedalKind;

/* The pedal is at `depth` from `time_s` on. */
typedef struct {
  double time_s;
  uint8_t pedal; /* MotionPedalKind: the MIDI controller */
  uint8_t depth; /* 0 up … 127 down; ≥ 64 holds the dampers */
} MotionPedal;

/* Where a quarter of the score falls in time; writes a tempo map into MIDI files. */
typedef struct {
  Beat quarter;
  double time_s;
} MotionBeat;

/* A performance. Owns its arrays. Notes sorted by (onset_s, midi), pedals by time_s, beats by quarter. */
typedef struct Motion {
  BASE_ARRAY(MotionNote) notes;
  BASE_ARRAY(MotionPedal) pedals;
  BASE_ARRAY(MotionBeat) beats; /* may be empty: no known meter */
  uint32_t next_id;
} Motion;

Motion *motion_new(void);
void motion_free(Motion *motion);
Motion *motion_dup(const Motion *motion);

/* Appends a note with a fresh id; false without memory. Sort when done. */
bool motion_add(Motion *motion, double onset_s, double key_up_s, int midi, int velocity, float confidence);
void motion_sort(Motion *motion);

/* Ids from 1 in the order that the notes have now. */
void motion_number(Motion *motion);

/* Finite, ordered, in range; BASE_BAD_INPUT names the first broken promise. */
BaseStatus motion_validate(BaseContext *ctx, const Motion *motion);

/* When the sound of each note ends: key up, or later while the sustain pedal (depth ≥ 64) holds the string,
 * at the latest when the same key is struck again. `end_s`: notes.n doubles, caller's. O(n + pedals). */
void motion_sound_ends(double *end_s, const Motion *motion);

/* Seconds to the last key up or pedal change; 0 when empty. */
double motion_duration_s(const Motion *motion);

/* Reads `onset_s,offset_s,midi_pitch[,velocity[,…]]` with or without a header line; separators comma,
 * semicolon or tab. The offset is taken as key up. BASE_BAD_FILE names the line. */
BaseStatus motion_read_csv(BaseContext *ctx, Motion **out, const char *path);

/* Writes that format, offsets from motion_sound_ends, times with 4 decimals. `path` "-" is standard output.
 */
BaseStatus motion_write_csv(BaseContext *ctx, const Motion *motion, const char *path);
