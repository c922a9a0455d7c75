/* One <note> with all that hangs on it. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_text.h"
#include "core/music/musicxml_names.h"
#include "core/music/musicxml_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STAVES = 64, MOST_VOICES = 30000, FINEST_DIVISION = 1 << 20 };

static int8_t read_step(const xmlNode *parent, const char *name, int8_t fallback) {
  static const char STEPS[] = "CDEFGAB";
  char text[8];
  musicxml_text(text, sizeof text, musicxml_child(parent, name));
  const char *found = text[0] ? strchr(STEPS, text[0]) : NULL;
  return found ? (int8_t)(found - STEPS) : fallback;
}

static void read_pitch(ScoreNote *note, const xmlNode *pitch) {
  note->kind = SCORE_NOTE;
  note->step = read_step(pitch, "step", 0);
  note->alter = (int8_t)musicxml_clamp(round(musicxml_number(musicxml_child(pitch, "alter"), 0)), -2, 2);
  note->octave = (int8_t)musicxml_clamp(musicxml_number(musicxml_child(pitch, "octave"), 4), -1, 10);
}

/* A rest or unpitched note; without display position it stands at 0, 0. */
static void read_display(ScoreNote *note, const xmlNode *node, ScoreNoteKind kind) {
  note->kind = (uint8_t)kind;
  note->step = read_step(node, "display-step", 0);
  note->octave = (int8_t)musicxml_clamp(musicxml_number(musicxml_child(node, "display-octave"), 0), -1, 10);
  note->whole_measure = kind == SCORE_REST && musicxml_yes(node, "measure");
}

static Beat read_duration(const MusicxmlReader *reader, const xmlNode *node) {
  double value = musicxml_number(musicxml_child(node, "duration"), 0);
  if (!(value > 0)) return beat_whole(0);
  Beat units = beat_near(value, value == floor(value) ? 1 : FINEST_DIVISION);
  return beat_div(units, beat_whole(reader->divisions));
}

static Beat value_of_type(int type, int dots) {
  Beat value = type >= 2 ? beat_make(1, (int64_t)1 << (type - 2)) : beat_whole((int64_t)1 << (2 - type));
  return beat_mul(value, beat_make(((int64_t)2 << dots) - 1, (int64_t)1 << dots));
}

/* The largest value with up to two dots that is not longer than the note. */
static void guess_type(ScoreNote *note) {
  Beat plain = beat_mul(note->duration, beat_make(note->tuplet_actual, note->tuplet_normal));
  for (int type = -2; type <= 10; type++)
    for (int dots = 2; dots >= 0; dots--)
      if (beat_compare(value_of_type(type, dots), plain) == 0) {
        note->type = (int8_t)type;
        note->dots = (uint8_t)dots;
        return;
      }
  int type = -2;
  while (type < 10 && beat_compare(value_of_type(type, 0), plain) > 0) type++;
  note->type = (int8_t)(note->grace ? 3 : type);
}

static void read_value(ScoreNote *note, const xmlNode *node) {
  enum { UNKNOWN = 99 };
  char name[16];
  int type = UNKNOWN;
  MUSICXML_EACH(child, node) {
    if (musicxml_is(child, "type"))
      type = musicxml_value(MUSICXML_TYPES, musicxml_text(name, sizeof name, child), UNKNOWN);
    else if (musicxml_is(child, "dot"))
      note->dots += note->dots < 4;
    else if (musicxml_is(child, "time-modification")) {
      double actual = musicxml_number(musicxml_child(child, "actual-notes"), 1);
      double normal = musicxml_number(musicxml_child(child, "normal-notes"), 1);
      note->tuplet_actual = (uint8_t)musicxml_clamp(actual, 1, 255);
      note->tuplet_normal = (uint8_t)musicxml_clamp(normal, 1, 255);
    }
  }
  if (note->whole_measure)
    note->type = 0, note->dots = 0;
  else if (type != UNKNOWN)
    note->type = (int8_t)type;
  else
    guess_type(note);
}

static void read_beam(ScoreNote *note, const xmlNode *beam) {
  char name[16];
  int level = musicxml_attribute_int(beam, "number", 1);
  int value = musicxml_value(MUSICXML_BEAMS, musicxml_text(name, sizeof name, beam), 0);
  if (level >= 1 && level <= 8) note->beams[level - 1] = (uint8_t)value;
}

static void read_grace(ScoreNote *note, const xmlNode *grace) {
  note->grace = true;
  note->slash = musicxml_yes(grace, "slash");
}

static void read_tie(ScoreNote *note, const xmlNode *tie) {
  char type[16];
  musicxml_attribute(type, sizeof type, tie, "type");
  if (strcmp(type, "start") == 0) note->ties |= SCORE_TIE_START;
  if (strcmp(type, "stop") == 0) note->ties |= SCORE_TIE_STOP;
}

static uint32_t read_id(const xmlNode *node) {
  char text[24], check[24];
  musicxml_attribute(text, sizeof text, node, "id");
  if (text[0] != 'n') return 0;
  unsigned long id = strtoul(text + 1, NULL, 10);
  snprintf(check, sizeof check, "n%lu", id);
  return id > 0 && id <= INT32_MAX && strcmp(text, check) == 0 ? (uint32_t)id : 0;
}

static void read_place(MusicxmlReader *reader, ScoreNote *note, const xmlNode *node) {
  ScorePart *part = &reader->score->parts.items[reader->part];
  note->part = reader->part;
  note->measure = reader->measure;
  note->staff =
      (int16_t)(musicxml_clamp(musicxml_number(musicxml_child(node, "staff"), 1), 1, MOST_STAVES) - 1);
  note->voice = (int16_t)musicxml_clamp(musicxml_number(musicxml_child(node, "voice"), 1), 1, MOST_VOICES);
  if (part->staves <= note->staff) part->staves = (int16_t)(note->staff + 1);
}

/* A chord needs a note before it in the same measure; its notes share onset and voice. */
static void join_chord(MusicxmlReader *reader, ScoreNote *note) {
  const Score *score = reader->score;
  const ScoreNote *before =
      score->notes.n > reader->first_note ? &score->notes.items[score->notes.n - 1] : NULL;
  note->chord =
      before && before->grace == note->grace && before->kind != SCORE_REST && note->kind != SCORE_REST;
  if (note->chord) note->voice = before->voice;
}

static void read_simple(MusicxmlReader *reader, ScoreNote *note, const xmlNode *node) {
  char text[24];
  bool chord = false;
  note->kind = SCORE_REST;
  note->octave = 0;
  note->hidden = strcmp(musicxml_attribute(text, sizeof text, node, "print-object"), "no") == 0;
  MUSICXML_EACH(child, node) {
    if (musicxml_is(child, "pitch"))
      read_pitch(note, child);
    else if (musicxml_is(child, "rest"))
      read_display(note, child, SCORE_REST);
    else if (musicxml_is(child, "unpitched"))
      read_display(note, child, SCORE_UNPITCHED);
    else if (musicxml_is(child, "grace"))
      read_grace(note, child);
    else if (musicxml_is(child, "cue"))
      note->cue = true;
    else if (musicxml_is(child, "chord"))
      chord = true;
    else if (musicxml_is(child, "beam"))
      read_beam(note, child);
    else if (musicxml_is(child, "tie"))
      read_tie(note, child);
    else if (musicxml_is(child, "stem"))
      note->stem = (uint8_t)musicxml_value(MUSICXML_STEMS, musicxml_text(text, sizeof text, child), 0);
    else if (musicxml_is(child, "accidental"))
      note->accidental =
          (uint8_t)musicxml_value(MUSICXML_ACCIDENTALS, musicxml_text(text, sizeof text, child), 0);
  }
  if (!note->grace) note->duration = read_duration(reader, node);
  read_value(note, node);
  if (chord) join_chord(reader, note);
  note->onset = note->chord ? reader->onset : reader->at;
}

/* ---- notations ---- */

static void read_tuplet(ScoreNote *note, const xmlNode *tuplet) {
  char type[16];
  musicxml_attribute(type, sizeof type, tuplet, "type");
  note->tuplet_edge |= strcmp(type, "start") == 0 ? 1 : strcmp(type, "stop") == 0 ? 2 : 0;
}

static void read_ornaments(ScoreNote *note, const xmlNode *ornaments) {
  char type[16];
  MUSICXML_EACH(child, ornaments) {
    note->marks |= (uint32_t)musicxml_value(MUSICXML_ORNAMENTS, (const char *)child->name, 0);
    if (!musicxml_is(child, "tremolo")) continue;
    musicxml_attribute(type, sizeof type, child, "type");
    if (!type[0] || strcmp(type, "single") == 0)
      note->tremolo = (uint8_t)musicxml_clamp(musicxml_number(child, 3), 0, 8);
  }
}

static void read_fingering(ScoreNote *note, const xmlNode *technical) {
  char text[16];
  musicxml_text(text, sizeof text, musicxml_child(technical, "fingering"));
  if (text[0] >= '1' && text[0] <= '5') note->finger = (uint8_t)(text[0] - '0');
}

static void read_notation(ScoreNote *note, const xmlNode *notation) {
  if (musicxml_is(notation, "tied"))
    read_tie(note, notation);
  else if (musicxml_is(notation, "tuplet"))
    read_tuplet(note, notation);
  else if (musicxml_is(notation, "ornaments"))
    read_ornaments(note, notation);
  else if (musicxml_is(notation, "technical"))
    read_fingering(note, notation);
  else if (musicxml_is(notation, "fermata"))
    note->marks |= SCORE_FERMATA;
  else if (musicxml_is(notation, "arpeggiate"))
    note->marks |= SCORE_ARPEGGIO;
  else if (musicxml_is(notation, "articulations"))
    MUSICXML_EACH(child, notation)
  note->marks |= (uint32_t)musicxml_value(MUSICXML_ARTICULATIONS, (const char *)child->name, 0);
}

static void read_notations(ScoreNote *note, const xmlNode *node) {
  MUSICXML_EACH(child, node)
  if (musicxml_is(child, "notations")) MUSICXML_EACH(notation, child) read_notation(note, notation);
}

/* ---- slurs: the two ends meet by number, in either order within a measure ---- */

static MusicxmlSlurEnd *find_end(MusicxmlReader *reader, int number, bool stop) {
  for (size_t i = 0; i < reader->slurs.n; i++)
    if (reader->slurs.items[i].number == number && reader->slurs.items[i].stop == stop)
      return &reader->slurs.items[i];
  return NULL;
}

static void drop_end(MusicxmlReader *reader, MusicxmlSlurEnd *end) {
  *end = reader->slurs.items[--reader->slurs.n];
}

static bool not_before(const Score *score, uint32_t a, uint32_t b) {
  const ScoreNote *p = &score->notes.items[a], *q = &score->notes.items[b];
  return a != b && p->measure == q->measure && beat_compare(p->onset, q->onset) >= 0;
}

static bool stop_slur(MusicxmlReader *reader, int number, uint32_t note) {
  MusicxmlSlurEnd *start = find_end(reader, number, false);
  if (!start) return base_array_push(&reader->slurs, (MusicxmlSlurEnd){number, note, true});
  uint32_t from = start->note;
  drop_end(reader, start);
  return base_array_push(&reader->score->slurs, (ScoreSlur){from, note});
}

static bool start_slur(MusicxmlReader *reader, int number, uint32_t note) {
  MusicxmlSlurEnd *stop = find_end(reader, number, true), *older = find_end(reader, number, false);
  if (stop && not_before(reader->score, stop->note, note)) {
    uint32_t to = stop->note;
    drop_end(reader, stop);
    return base_array_push(&reader->score->slurs, (ScoreSlur){note, to});
  }
  if (older) drop_end(reader, older);
  return base_array_push(&reader->slurs, (MusicxmlSlurEnd){number, note, false});
}

static bool read_slurs(MusicxmlReader *reader, const xmlNode *node, const char *wanted,
                       bool (*act)(MusicxmlReader *, int, uint32_t)) {
  char type[16];
  uint32_t note = (uint32_t)(reader->score->notes.n - 1);
  MUSICXML_EACH(child, node) {
    if (!musicxml_is(child, "notations")) continue;
    MUSICXML_EACH(slur, child) {
      if (!musicxml_is(slur, "slur")) continue;
      bool hit = strcmp(musicxml_attribute(type, sizeof type, slur, "type"), wanted) == 0;
      if (hit && !act(reader, musicxml_attribute_int(slur, "number", 1), note)) return false;
    }
  }
  return true;
}

/* ---- words under the note ---- */

static uint8_t verse_number(const xmlNode *lyric) {
  char text[32];
  musicxml_attribute(text, sizeof text, lyric, "number");
  const char *digits = text + strcspn(text, "0123456789");
  size_t n = strlen(text);
  while (n > (size_t)(digits - text) && text[n - 1] >= '0' && text[n - 1] <= '9') n--;
  return (uint8_t)musicxml_clamp(text[n] ? atoi(text + n) : 1, 1, 255);
}

/* Syllables joined by an elision stand as one text; it hangs together with its neighbours as its ends do. */
static bool read_lyric(MusicxmlReader *reader, const xmlNode *lyric) {
  char joined[256] = "", part[SCORE_TEXT_SIZE], syllabic[16];
  int first = -1, last = 0;
  MUSICXML_EACH(child, lyric) {
    bool elision = musicxml_is(child, "elision");
    if (musicxml_is(child, "syllabic")) {
      last = musicxml_value(MUSICXML_SYLLABICS, musicxml_text(syllabic, sizeof syllabic, child), 0);
      if (first < 0) first = last;
    } else if (elision || musicxml_is(child, "text")) {
      musicxml_text(part, sizeof part, child);
      size_t n = strlen(joined);
      snprintf(joined + n, sizeof joined - n, "%s", elision ? part[0] ? part : "‿" : part);
    }
  }
  if (!joined[0]) return true;
  bool before = first == 2 || first == 3, after = last == 1 || last == 2;
  ScoreLyric made = {.note = (uint32_t)(reader->score->notes.n - 1),
                     .verse = verse_number(lyric),
                     .syllabic = before  ? after ? 2 : 3
                                 : after ? 1
                                         : 0};
  base_text_set(made.text, sizeof made.text, joined, strlen(joined));
  return !made.text[0] || base_array_push(&reader->score->lyrics, made);
}

static bool read_hangers(MusicxmlReader *reader, const xmlNode *node, Beat onset, int16_t staff) {
  if (!read_slurs(reader, node, "stop", stop_slur) || !read_slurs(reader, node, "start", start_slur))
    return false;
  MUSICXML_EACH(child, node) {
    if (musicxml_is(child, "lyric") && !read_lyric(reader, child)) return false;
    const xmlNode *dynamics = musicxml_is(child, "notations") ? musicxml_child(child, "dynamics") : NULL;
    if (dynamics && !musicxml_add_dynamics(reader, dynamics, onset, staff)) return false;
  }
  return true;
}

bool musicxml_read_note(MusicxmlReader *reader, const xmlNode *node) {
  if (reader->score->notes.n >= INT32_MAX) return false;
  ScoreNote note = score_note(reader->score);
  note.id = read_id(node);
  read_place(reader, &note, node);
  read_simple(reader, &note, node);
  read_notations(&note, node);
  if (!base_array_push(&reader->score->notes, note)) return false;
  Beat end = beat_add(note.onset, note.duration);
  reader->furthest = beat_max(reader->furthest, end);
  if (!note.chord) {
    reader->onset = note.onset;
    reader->at = end;
  }
  return read_hangers(reader, node, note.onset, note.staff);
}
