/* <part-list> and what a <measure> holds besides notes and directions.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_text.h"
#include "core/music/musicxml_names.h"
#include "core/music/musicxml_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STAVES = 64, MOST_PARTS = 1000, FINEST_DIVISION = 1 << 20 };

/* ---- parts ---- */

static bool add_part(MusicxmlReader *reader, ScorePart part) {
  if (reader->score->parts.n >= MOST_PARTS) return true;
  return base_array_push(&reader->score->parts, part);
}

static bool read_score_part(MusicxmlReader *reader, const xmlNode *node) {
  ScorePart part = {.staves = 1};
  musicxml_attribute(part.id, sizeof part.id, node, "id");
  musicxml_text(part.name, sizeof part.name, musicxml_child(node, "part-name"));
  const xmlNode *program = musicxml_child(musicxml_child(node, "midi-instrument"), "midi-program");
  part.program = (uint8_t)(musicxml_clamp(musicxml_number(program, 1), 1, 128) - 1);
  return add_part(reader, part);
}

bool musicxml_read_part_list(MusicxmlReader *reader, const xmlNode *list) {
  MUSICXML_EACH(child, list)
  if (musicxml_is(child, "score-part") && !read_score_part(reader, child)) return false;
  return true;
}

/* Finds the part by its id; one that the list does not name is added. */
bool musicxml_start_part(MusicxmlReader *reader, const char *id) {
  ScorePart wanted = {.staves = 1};
  base_text_set(wanted.id, sizeof wanted.id, id, strlen(id));
  size_t n = reader->score->parts.n, i = 0;
  while (i < n && strcmp(reader->score->parts.items[i].id, wanted.id) != 0) i++;
  if (i == n && !add_part(reader, wanted)) return false;
  reader->part = (int16_t)(i < reader->score->parts.n ? i : reader->score->parts.n - 1);
  reader->measure = -1;
  reader->divisions = 1;
  reader->nominal = beat_whole(4);
  reader->ending = 0;
  reader->transposed = false;
  reader->slurs.n = 0;
  reader->spans.n = 0;
  return true;
}

/* ---- attributes ---- */

static int16_t numbered_staff(const xmlNode *node, int16_t fallback) {
  int number = musicxml_attribute_int(node, "number", 0);
  return number < 1 ? fallback : (int16_t)((number > MOST_STAVES ? MOST_STAVES : number) - 1);
}

static bool add_sign(MusicxmlReader *reader, ScoreSign sign, int16_t staff) {
  sign.part = reader->part;
  sign.measure = reader->measure;
  sign.onset = reader->at;
  sign.staff = staff;
  return base_array_push(&reader->score->signs, sign);
}

static bool read_key(MusicxmlReader *reader, const xmlNode *key) {
  const xmlNode *fifths = musicxml_child(key, "fifths");
  if (!fifths) return true;
  ScoreSign sign = score_sign(reader->score, SCORE_SIGN_KEY);
  sign.fifths = (int8_t)musicxml_clamp(musicxml_number(fifths, 0), -14, 14);
  return add_sign(reader, sign, numbered_staff(key, -1));
}

static int sum_of(const xmlNode *node) {
  char text[32];
  int sum = 0;
  for (const char *at = musicxml_text(text, sizeof text, node); *at; at++) {
    at += strspn(at, "+ ");
    sum += abs(atoi(at)) % 1000;
    at += strspn(at, "0123456789");
    if (!*at) break;
  }
  return sum;
}

/* "3+2/8", and pairs in a row such as 3/8 2/4, become one fraction over the finest of them. */
static void read_time_pairs(ScoreSign *sign, const xmlNode *time) {
  int beats = 0;
  MUSICXML_EACH(child, time) {
    if (musicxml_is(child, "beats")) beats = sum_of(child);
    if (!musicxml_is(child, "beat-type") || beats < 1) continue;
    int type = musicxml_clamp(musicxml_number(child, 4), 1, 256),
        finest = type > sign->beat_type ? type : sign->beat_type;
    int before = sign->beat_type ? sign->beats * finest / sign->beat_type : 0;
    sign->beats = (int16_t)musicxml_clamp(before + beats * finest / type, 1, 1000);
    sign->beat_type = (int16_t)finest;
  }
}

static bool read_time(MusicxmlReader *reader, const xmlNode *time) {
  ScoreSign sign = score_sign(reader->score, SCORE_SIGN_TIME);
  char symbol[16];
  read_time_pairs(&sign, time);
  if (!sign.beats && !musicxml_child(time, "senza-misura")) return true;
  musicxml_attribute(symbol, sizeof symbol, time, "symbol");
  sign.time_symbol = strcmp(symbol, "common") == 0 ? 1 : strcmp(symbol, "cut") == 0 ? 2 : 0;
  if (sign.beats) reader->nominal = beat_make((int64_t)sign.beats * 4, sign.beat_type);
  return add_sign(reader, sign, numbered_staff(time, -1));
}

static bool read_clef(MusicxmlReader *reader, const xmlNode *clef) {
  static const int8_t USUAL_LINES[] = {2, 4, 3, 3};
  char name[16];
  ScoreSign sign = score_sign(reader->score, SCORE_SIGN_CLEF);
  sign.clef = (int8_t)musicxml_value(
      MUSICXML_CLEFS, musicxml_text(name, sizeof name, musicxml_child(clef, "sign")), SCORE_CLEF_PERCUSSION);
  sign.clef_line =
      (int8_t)musicxml_clamp(musicxml_number(musicxml_child(clef, "line"), USUAL_LINES[sign.clef]), 1, 9);
  sign.clef_octave =
      (int8_t)musicxml_clamp(musicxml_number(musicxml_child(clef, "clef-octave-change"), 0), -3, 3);
  return add_sign(reader, sign, numbered_staff(clef, 0));
}

static void read_transpose(MusicxmlReader *reader, const xmlNode *transpose) {
  if (reader->transposed) return;
  double semitones = musicxml_number(musicxml_child(transpose, "chromatic"), 0);
  double octaves = musicxml_number(musicxml_child(transpose, "octave-change"), 0);
  reader->score->parts.items[reader->part].transpose =
      (int8_t)musicxml_clamp(semitones + 12 * octaves, -60, 60);
  reader->transposed = true;
}

static bool read_attributes(MusicxmlReader *reader, const xmlNode *attributes) {
  ScorePart *part = &reader->score->parts.items[reader->part];
  MUSICXML_EACH(child, attributes) {
    bool done = true;
    if (musicxml_is(child, "divisions")) {
      double divisions = musicxml_number(child, 1);
      if (divisions >= 1) reader->divisions = musicxml_clamp(divisions, 1, 1 << 30);
    } else if (musicxml_is(child, "staves")) {
      int staves = musicxml_clamp(musicxml_number(child, 1), 1, MOST_STAVES);
      if (part->staves < staves) part->staves = (int16_t)staves;
    } else if (musicxml_is(child, "key"))
      done = read_key(reader, child);
    else if (musicxml_is(child, "time"))
      done = read_time(reader, child);
    else if (musicxml_is(child, "clef"))
      done = read_clef(reader, child);
    else if (musicxml_is(child, "transpose"))
      read_transpose(reader, child);
    if (!done) return false;
  }
  return true;
}

/* ---- bar lines ---- */

/* "1, 2" or "1-3" as bits; passes beyond the sixteenth are left out. */
static uint16_t passes(const char *text) {
  unsigned bits = 0;
  int before = 0;
  bool range = false;
  while (*text) {
    size_t digits = strspn(text, "0123456789");
    int pass = digits && digits < 4 ? atoi(text) : 0;
    for (int p = range && before ? before : pass; p <= pass && p >= 1 && p <= 16; p++) bits |= 1u << (p - 1);
    if (digits) before = pass, range = false;
    text += digits;
    if (*text == '-') range = true;
    if (*text) text++;
  }
  return (uint16_t)bits;
}

static void read_ending(MusicxmlReader *reader, ScoreMeasure *measure, const xmlNode *ending) {
  char type[16], number[32];
  musicxml_attribute(type, sizeof type, ending, "type");
  uint16_t bits = passes(musicxml_attribute(number, sizeof number, ending, "number"));
  if (strcmp(type, "start") == 0) {
    reader->ending = bits ? bits : 1;
    measure->ending_start = true;
    measure->endings = reader->ending;
  } else if (reader->ending) {
    measure->ending_stop = true;
    reader->ending = 0;
  }
}

static void read_repeat(ScoreMeasure *measure, const xmlNode *repeat) {
  char direction[16];
  musicxml_attribute(direction, sizeof direction, repeat, "direction");
  if (strcmp(direction, "forward") == 0) measure->repeat_start = true;
  if (strcmp(direction, "backward") == 0)
    measure->repeat_stop = (uint8_t)musicxml_clamp(musicxml_attribute_int(repeat, "times", 2), 2, 32);
}

static bool read_barline(MusicxmlReader *reader, const xmlNode *barline) {
  char location[16], style[16];
  musicxml_attribute(location, sizeof location, barline, "location");
  bool left = strcmp(location, "left") == 0;
  if (strcmp(location, "middle") == 0) return true;
  ScoreMeasure *measure = &reader->score->measures.items[reader->measure];
  MUSICXML_EACH(child, barline) {
    unsigned jump = musicxml_is(child, "segno")  ? SCORE_JUMP_SEGNO
                    : musicxml_is(child, "coda") ? SCORE_JUMP_CODA
                                                 : 0;
    if (musicxml_is(child, "ending"))
      read_ending(reader, measure, child);
    else if (musicxml_is(child, "repeat"))
      read_repeat(measure, child);
    else if (musicxml_is(child, "bar-style") && !left && measure->bar_style == SCORE_BAR_REGULAR)
      measure->bar_style =
          (uint8_t)musicxml_value(MUSICXML_BARS, musicxml_text(style, sizeof style, child), 0);
    Beat onset = left ? beat_whole(0) : reader->furthest;
    if (jump && !base_array_push(&reader->jumps, (MusicxmlJump){reader->measure, onset, (uint8_t)jump}))
      return false;
  }
  if (measure->repeat_stop) measure->bar_style = SCORE_BAR_REGULAR;
  return true;
}

static void read_print(MusicxmlReader *reader, const xmlNode *print) {
  ScoreMeasure *measure = &reader->score->measures.items[reader->measure];
  measure->new_system |= musicxml_yes(print, "new-system");
  measure->new_page |= musicxml_yes(print, "new-page");
}

/* ---- the measure ---- */

static Beat read_duration(const MusicxmlReader *reader, const xmlNode *node) {
  double value = musicxml_number(musicxml_child(node, "duration"), 0);
  if (!(value > 0)) return beat_whole(0);
  return beat_div(beat_near(value, value == floor(value) ? 1 : FINEST_DIVISION),
                  beat_whole(reader->divisions));
}

static bool read_item(MusicxmlReader *reader, const xmlNode *item) {
  if (musicxml_is(item, "note")) return musicxml_read_note(reader, item);
  if (musicxml_is(item, "direction")) return musicxml_read_direction(reader, item);
  if (musicxml_is(item, "attributes")) return read_attributes(reader, item);
  if (musicxml_is(item, "barline")) return read_barline(reader, item);
  if (musicxml_is(item, "sound")) return musicxml_read_sound(reader, item);
  if (musicxml_is(item, "print")) read_print(reader, item);
  if (musicxml_is(item, "backup"))
    reader->at = beat_max(beat_whole(0), beat_sub(reader->at, read_duration(reader, item)));
  if (musicxml_is(item, "forward")) {
    reader->at = beat_add(reader->at, read_duration(reader, item));
    reader->furthest = beat_max(reader->furthest, reader->at);
  }
  return true;
}

static bool start_measure(MusicxmlReader *reader, const xmlNode *node) {
  Score *score = reader->score;
  if (++reader->measure == INT32_MAX) return false;
  reader->at = reader->furthest = reader->onset = beat_whole(0);
  reader->first_note = score->notes.n;
  if ((size_t)reader->measure < score->measures.n) return true;
  ScoreMeasure measure = score_measure();
  musicxml_attribute(measure.number, sizeof measure.number, node, "number");
  measure.implicit = musicxml_yes(node, "implicit");
  measure.length = beat_whole(0);
  return base_array_push(&reader->nominals, reader->nominal) && base_array_push(&score->measures, measure);
}

/* The bracket goes on over measures that say nothing of it; ends of slurs do not wait beyond their measure.
 */
static void end_measure(MusicxmlReader *reader) {
  size_t kept = 0;
  for (size_t i = 0; i < reader->slurs.n; i++)
    if (!reader->slurs.items[i].stop) reader->slurs.items[kept++] = reader->slurs.items[i];
  reader->slurs.n = kept;
  ScoreMeasure *measure = &reader->score->measures.items[reader->measure];
  measure->length = beat_max(measure->length, reader->furthest);
  reader->nominals.items[reader->measure] = reader->nominal;
}

bool musicxml_read_measure(MusicxmlReader *reader, const xmlNode *node) {
  if (!start_measure(reader, node)) return false;
  reader->score->measures.items[reader->measure].endings |= reader->ending;
  MUSICXML_EACH(item, node)
  if (!read_item(reader, item)) return false;
  end_measure(reader);
  return true;
}
