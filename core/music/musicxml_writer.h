/* The parts of the MusicXML writer know each other through this. Private to core/music.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"

#include <libxml/xmlwriter.h>

enum { MUSICXML_NUMBERS = 16 }; /* of slurs, hairpins and lines open at once */

/* A slur, hairpin end or syllable that hangs on a note, by index; sorted by note. */
typedef struct {
  uint32_t note, item;
  bool stop;
} MusicxmlHanger;

/* A hairpin or octave line being written. */
typedef struct {
  uint8_t kind;
  int8_t value;
  int16_t staff;
  int number;
} MusicxmlOpen;

typedef struct {
  const Score *score;
  xmlTextWriter *xml;
  bool failed; /* libxml2 ran out of memory */
  int16_t part;
  int32_t measure;
  int64_t divisions, at; /* units a quarter; the cursor in units */
  int attribute_rank;    /* of the last child of an open <attributes>; -1 none open */
  bool staves_due, transpose_due;
  MusicxmlHanger *slur_ends, *lyrics;
  size_t n_slur_ends;
  int8_t *slur_numbers;  /* for each slur: its number while open, 0 before and after, -1 never written */
  unsigned numbers_used; /* bit k: slur number k + 1 is open */
  BASE_ARRAY(MusicxmlOpen) open;
} MusicxmlWriter;

void musicxml_write_note(MusicxmlWriter *writer, uint32_t index);
/* Signs that are attributes: clef, key, time. */
void musicxml_write_attribute(MusicxmlWriter *writer, const ScoreSign *sign);
void musicxml_write_divisions(MusicxmlWriter *writer);
void musicxml_close_attributes(MusicxmlWriter *writer);
/* All other signs. */
void musicxml_write_direction(MusicxmlWriter *writer, const ScoreSign *sign);
/* SEGNO and CODA stand at the start of a measure, the other bits sound at its end. */
void musicxml_write_jump_targets(MusicxmlWriter *writer, unsigned jumps);
void musicxml_write_jumps(MusicxmlWriter *writer, unsigned jumps);

/* ---- writing nodes ---- */

void musicxml_start(MusicxmlWriter *writer, const char *name);
void musicxml_end(MusicxmlWriter *writer);
void musicxml_put_attribute(MusicxmlWriter *writer, const char *name, const char *value);
void musicxml_put_attribute_int(MusicxmlWriter *writer, const char *name, int value);
void musicxml_put(MusicxmlWriter *writer, const char *name, const char *text);
void musicxml_put_int(MusicxmlWriter *writer, const char *name, int64_t value);
void musicxml_put_empty(MusicxmlWriter *writer, const char *name);
void musicxml_put_words(MusicxmlWriter *writer, const char *text); /* content of the open element */

/* Quarters in units of the measure, rounded. */
int64_t musicxml_units(const MusicxmlWriter *writer, Beat beat);
