/* The parts of the MusicXML reader know each other through this. Private to core/music.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"

#include <libxml/tree.h>

/* One end of a slur waiting for the other. */
typedef struct {
  int number;
  uint32_t note; /* index into the score's notes */
  bool stop;
} MusicxmlSlurEnd;

/* A hairpin or octave line that is open. */
typedef struct {
  uint8_t kind; /* ScoreSignKind */
  int8_t value; /* ScoreSign.wedge or octave_shift */
  int16_t staff;
  int number;
} MusicxmlSpan;

/* A sign of the playing order whose measure depends on where the measure ends. */
typedef struct {
  int32_t measure;
  Beat onset;
  uint8_t bits;
} MusicxmlJump;

/* What is known while one part is read from left to right. While reading, ScoreNote.id is the id wished for
 * (0 none), and slurs and lyrics hold indices of notes; musicxml_read.c turns them into ids at the end. */
typedef struct {
  Score *score;
  int16_t part;
  int32_t measure;   /* -1 before the first */
  Beat at, furthest; /* the cursor, and the end of what the measure holds so far */
  Beat onset;        /* of the last note that was not in a chord */
  size_t first_note; /* of this measure in this part */
  int64_t divisions; /* of a quarter */
  Beat nominal;      /* length that the time signature asks for */
  uint16_t ending;   /* passes of the open bracket */
  bool transposed;   /* the part's transposition is known */
  BASE_ARRAY(MusicxmlSlurEnd) slurs;
  BASE_ARRAY(MusicxmlSpan) spans;
  BASE_ARRAY(MusicxmlJump) jumps;
  BASE_ARRAY(Beat)
  nominals; /* for each measure: what the time signature asks for, where nothing is written */
} MusicxmlReader;

/* All return false only without memory. */
bool musicxml_read_part_list(MusicxmlReader *reader, const xmlNode *list);
bool musicxml_start_part(MusicxmlReader *reader, const char *id);
bool musicxml_read_measure(MusicxmlReader *reader, const xmlNode *measure);
bool musicxml_read_note(MusicxmlReader *reader, const xmlNode *note);
bool musicxml_read_direction(MusicxmlReader *reader, const xmlNode *direction);
bool musicxml_read_sound(MusicxmlReader *reader, const xmlNode *sound);
bool musicxml_add_dynamics(MusicxmlReader *reader, const xmlNode *dynamics, Beat onset, int16_t staff);

/* ---- looking at nodes ---- */

bool musicxml_is(const xmlNode *node, const char *name);
/* The first element `name` below `node` (null is fine), or null. */
const xmlNode *musicxml_child(const xmlNode *node, const char *name);
/* The next element after `node`, `node` included; null at the end. For loops over children. */
const xmlNode *musicxml_element(const xmlNode *node);
/* Text of a node (null is fine), cleaned as base_text_set does. Returns `field`. */
const char *musicxml_text(char *field, size_t size, const xmlNode *node);
/* An attribute's value, "" when absent. */
const char *musicxml_attribute(char *field, size_t size, const xmlNode *node, const char *name);
/* Numbers of a node or attribute; `fallback` when absent or no number. */
double musicxml_number(const xmlNode *node, double fallback);
int musicxml_attribute_int(const xmlNode *node, const char *name, int fallback);
bool musicxml_yes(const xmlNode *node, const char *attribute);
/* A number held within bounds. */
int musicxml_clamp(double value, int low, int high);

#define MUSICXML_EACH(child, parent)                                                                         \
  for (const xmlNode *child = musicxml_element((parent)->children); child;                                   \
       child = musicxml_element(child->next))
