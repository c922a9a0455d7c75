/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_number.h"
#include "core/music/musicxml_names.h"
#include "core/music/musicxml_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double TENTHS_A_SPACE = 10;

static void put_step(MusicxmlWriter *writer, const char *name, int step) {
  char text[2] = {"CDEFGAB"[step < 0 || step > 6 ? 0 : step], 0};
  musicxml_put(writer, name, text);
}

static void put_display(MusicxmlWriter *writer, const ScoreNote *note) {
  if (!note->step && !note->octave) return;
  put_step(writer, "display-step", note->step);
  musicxml_put_int(writer, "display-octave", note->octave);
}

static void put_pitch(MusicxmlWriter *writer, const ScoreNote *note) {
  static const char *const NAMES[] = {"pitch", "rest", "unpitched"};
  musicxml_start(writer, NAMES[note->kind]);
  if (note->kind == SCORE_NOTE) {
    put_step(writer, "step", note->step);
    if (note->alter) musicxml_put_int(writer, "alter", note->alter);
    musicxml_put_int(writer, "octave", note->octave);
  } else {
    if (note->whole_measure) musicxml_put_attribute(writer, "measure", "yes");
    put_display(writer, note);
  }
  musicxml_end(writer);
}

static void put_tie(MusicxmlWriter *writer, const char *name, const char *type) {
  musicxml_start(writer, name);
  musicxml_put_attribute(writer, "type", type);
  musicxml_end(writer);
}

static void put_ties(MusicxmlWriter *writer, const char *name, const ScoreNote *note) {
  if (note->ties & SCORE_TIE_STOP) put_tie(writer, name, "stop");
  if (note->ties & SCORE_TIE_START) put_tie(writer, name, "start");
}

static void put_sounding(MusicxmlWriter *writer, const ScoreNote *note) {
  if (note->grace) {
    musicxml_start(writer, "grace");
    if (note->slash) musicxml_put_attribute(writer, "slash", "yes");
    musicxml_end(writer);
  }
  if (note->cue) musicxml_put_empty(writer, "cue");
  if (note->chord) musicxml_put_empty(writer, "chord");
  put_pitch(writer, note);
  if (!note->grace) {
    int64_t from = musicxml_units(writer, note->onset);
    musicxml_put_int(writer, "duration",
                     musicxml_units(writer, beat_add(note->onset, note->duration)) - from);
  }
  if (!note->cue) put_ties(writer, "tie", note);
}

static void put_value(MusicxmlWriter *writer, const ScoreNote *note) {
  const char *type = musicxml_name(MUSICXML_TYPES, note->type);
  const char *accidental = note->accidental ? musicxml_name(MUSICXML_ACCIDENTALS, note->accidental) : NULL;
  const char *stem = note->stem ? musicxml_name(MUSICXML_STEMS, note->stem) : NULL;
  musicxml_put_int(writer, "voice", note->voice);
  if (type && !note->whole_measure) musicxml_put(writer, "type", type);
  for (int i = 0; i < note->dots && !note->whole_measure; i++) musicxml_put_empty(writer, "dot");
  if (accidental) musicxml_put(writer, "accidental", accidental);
  if (note->tuplet_actual != 1 || note->tuplet_normal != 1) {
    musicxml_start(writer, "time-modification");
    musicxml_put_int(writer, "actual-notes", note->tuplet_actual);
    musicxml_put_int(writer, "normal-notes", note->tuplet_normal);
    musicxml_end(writer);
  }
  if (stem) musicxml_put(writer, "stem", stem);
  if (writer->score->parts.items[note->part].staves > 1) musicxml_put_int(writer, "staff", note->staff + 1);
}

static void put_beams(MusicxmlWriter *writer, const ScoreNote *note) {
  for (int level = 0; level < 8; level++) {
    const char *beam = note->beams[level] ? musicxml_name(MUSICXML_BEAMS, note->beams[level]) : NULL;
    if (!beam) continue;
    musicxml_start(writer, "beam");
    musicxml_put_attribute_int(writer, "number", level + 1);
    musicxml_put_words(writer, beam);
    musicxml_end(writer);
  }
}

/* ---- notations ---- */

static bool single(int bits) {
  return bits && (bits & (bits - 1)) == 0;
}

/* Every mark of `table` that the note has, once. */
static void put_marks(MusicxmlWriter *writer, const MusicxmlName *table, uint32_t marks) {
  uint32_t done = 0;
  for (; table->name; table++) {
    if (!single(table->value) || !(marks & (uint32_t)table->value & ~done)) continue;
    musicxml_put_empty(writer, table->name);
    done |= (uint32_t)table->value;
  }
}

static uint32_t marks_of(const MusicxmlName *table) {
  uint32_t marks = 0;
  for (; table->name; table++) marks |= (uint32_t)table->value;
  return marks;
}

static void put_articulations(MusicxmlWriter *writer, const ScoreNote *note) {
  if (!(note->marks & marks_of(MUSICXML_ARTICULATIONS))) return;
  musicxml_start(writer, "articulations");
  put_marks(writer, MUSICXML_ARTICULATIONS, note->marks);
  musicxml_end(writer);
}

static void put_ornaments(MusicxmlWriter *writer, const ScoreNote *note) {
  if (!(note->marks & marks_of(MUSICXML_ORNAMENTS)) && !note->tremolo) return;
  musicxml_start(writer, "ornaments");
  put_marks(writer, MUSICXML_ORNAMENTS, note->marks);
  if (note->tremolo) {
    musicxml_start(writer, "tremolo");
    musicxml_put_attribute(writer, "type", "single");
    char strokes[4];
    snprintf(strokes, sizeof strokes, "%d", note->tremolo > 8 ? 8 : note->tremolo);
    musicxml_put_words(writer, strokes);
    musicxml_end(writer);
  }
  musicxml_end(writer);
}

static void put_numbered(MusicxmlWriter *writer, const char *name, const char *type, int number) {
  musicxml_start(writer, name);
  musicxml_put_attribute(writer, "type", type);
  musicxml_put_attribute_int(writer, "number", number);
  musicxml_end(writer);
}

static int take_number(MusicxmlWriter *writer) {
  for (int i = 0; i < MUSICXML_NUMBERS; i++) {
    if (writer->numbers_used >> i & 1) continue;
    writer->numbers_used |= 1u << i;
    return i + 1;
  }
  return -1;
}

static void put_slur_end(MusicxmlWriter *writer, const MusicxmlHanger *end, bool open_already) {
  int8_t *number = &writer->slur_numbers[end->item];
  const char *type = end->stop ? "stop" : "start";
  if (*number < 0 || (*number > 0) != open_already) return;
  if (open_already) {
    put_numbered(writer, "slur", type, *number);
    writer->numbers_used &= ~(1u << (*number - 1));
    *number = -1;
  } else {
    *number = (int8_t)take_number(writer);
    if (*number > 0) put_numbered(writer, "slur", type, *number);
  }
}

static size_t first_hanger(const MusicxmlHanger *hangers, size_t n, uint32_t note) {
  size_t low = 0, high = n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (hangers[middle].note < note)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Ends of open slurs first: their numbers are then free for those that start here. */
static void put_slurs(MusicxmlWriter *writer, uint32_t index) {
  size_t n = writer->n_slur_ends, first = first_hanger(writer->slur_ends, n, index);
  for (size_t i = first; i < n && writer->slur_ends[i].note == index; i++)
    put_slur_end(writer, &writer->slur_ends[i], true);
  for (size_t i = first; i < n && writer->slur_ends[i].note == index; i++)
    put_slur_end(writer, &writer->slur_ends[i], false);
}

static bool has_slur(const MusicxmlWriter *writer, uint32_t index) {
  size_t first = first_hanger(writer->slur_ends, writer->n_slur_ends, index);
  return first < writer->n_slur_ends && writer->slur_ends[first].note == index;
}

static void put_notations(MusicxmlWriter *writer, const ScoreNote *note, uint32_t index) {
  if (!note->marks && !note->ties && !note->tuplet_edge && !note->tremolo && !note->finger &&
      !has_slur(writer, index))
    return;
  musicxml_start(writer, "notations");
  put_ties(writer, "tied", note);
  put_slurs(writer, index);
  if (note->tuplet_edge & 1) put_numbered(writer, "tuplet", "start", 1);
  if (note->tuplet_edge & 2) put_numbered(writer, "tuplet", "stop", 1);
  put_ornaments(writer, note);
  if (note->finger) {
    musicxml_start(writer, "technical");
    musicxml_put_int(writer, "fingering", note->finger);
    musicxml_end(writer);
  }
  put_articulations(writer, note);
  if (note->marks & SCORE_FERMATA) put_tie(writer, "fermata", "upright");
  if (note->marks & SCORE_ARPEGGIO) musicxml_put_empty(writer, "arpeggiate");
  musicxml_end(writer);
}

static void put_lyrics(MusicxmlWriter *writer, uint32_t index) {
  size_t n = writer->score->lyrics.n;
  for (size_t i = first_hanger(writer->lyrics, n, index); i < n && writer->lyrics[i].note == index; i++) {
    const ScoreLyric *lyric = &writer->score->lyrics.items[writer->lyrics[i].item];
    const char *syllabic = musicxml_name(MUSICXML_SYLLABICS, lyric->syllabic);
    musicxml_start(writer, "lyric");
    musicxml_put_attribute_int(writer, "number", lyric->verse);
    musicxml_put(writer, "syllabic", syllabic ? syllabic : "single");
    musicxml_put(writer, "text", lyric->text);
    musicxml_end(writer);
  }
}

/* ---- where it stands on a page ---- */

static float staff_space_px(const Score *score, int32_t measure) {
  for (size_t i = 0; i < score->systems.n; i++) {
    const ScoreSystem *system = &score->systems.items[i];
    if (measure >= system->first_measure && measure - system->first_measure < system->measures)
      return system->staff_space_px;
  }
  return 0;
}

static void put_place(MusicxmlWriter *writer, const ScoreNote *note) {
  const ScoreMeasure *measure = &writer->score->measures.items[note->measure];
  if (note->box.width <= 0 || measure->box.width <= 0 || note->box.page != measure->box.page) return;
  float space_px = staff_space_px(writer->score, note->measure);
  if (!(space_px > 0)) return;
  char text[32];
  base_number_write(text, sizeof text, (note->box.x - measure->box.x) / space_px * TENTHS_A_SPACE, 2);
  musicxml_put_attribute(writer, "default-x", text);
}

void musicxml_write_note(MusicxmlWriter *writer, uint32_t index) {
  const ScoreNote *note = &writer->score->notes.items[index];
  char id[24];
  snprintf(id, sizeof id, "n%u", note->id);
  musicxml_start(writer, "note");
  musicxml_put_attribute(writer, "id", id);
  put_place(writer, note);
  if (note->hidden) musicxml_put_attribute(writer, "print-object", "no");
  put_sounding(writer, note);
  put_value(writer, note);
  put_beams(writer, note);
  put_notations(writer, note, index);
  put_lyrics(writer, index);
  musicxml_end(writer);
}
