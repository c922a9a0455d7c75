/* MusicXML's words for the values of a score, for reading and writing alike. Private to core/music.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/* A table ends with a null name. Where several names share a value, the first is written. */
typedef struct {
  const char *name;
  int value;
} MusicxmlName;

extern const MusicxmlName MUSICXML_TYPES[];         /* ScoreNote.type */
extern const MusicxmlName MUSICXML_ACCIDENTALS[];   /* ScoreAccidental */
extern const MusicxmlName MUSICXML_STEMS[];         /* ScoreStem */
extern const MusicxmlName MUSICXML_BEAMS[];         /* ScoreNote.beams */
extern const MusicxmlName MUSICXML_ARTICULATIONS[]; /* ScoreNote.marks */
extern const MusicxmlName MUSICXML_ORNAMENTS[];     /* ScoreNote.marks */
extern const MusicxmlName MUSICXML_CLEFS[];         /* ScoreClefSign */
extern const MusicxmlName MUSICXML_BARS[];          /* ScoreBarStyle */
extern const MusicxmlName MUSICXML_SYLLABICS[];     /* ScoreLyric.syllabic */
extern const MusicxmlName MUSICXML_EDGES[];         /* ScoreEdge */
extern const MusicxmlName MUSICXML_DYNAMICS[];      /* values unused */

/* The value of `name`, or `fallback`. */
int musicxml_value(const MusicxmlName *table, const char *name, int fallback);
/* The name of `value`, or null. */
const char *musicxml_name(const MusicxmlName *table, int value);

/* A metronome mark as text: glyph of the note value, dots, "=", number ("♩.=92"). */
/* The glyph of a note value (whole … 32nd, breve), or null. */
const char *musicxml_glyph(int type);
/* Reads a glyph and its dots at `*text` and moves on; false and unmoved when there is none. */
bool musicxml_take_glyph(int *type, int *dots, const char **text);
