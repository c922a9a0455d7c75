/* Each sign becomes an element of its own; what a reader could not tell from the print (a tempo said in words
 * only) is marked with attributes of the format. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_number.h"
#include "core/music/glossary.h"
#include "core/music/musicxml_names.h"
#include "core/music/musicxml_writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double FULL_SOUND = 90; /* <sound dynamics> is a percentage of this velocity */

/* ---- attributes; their children come in a fixed order: divisions, key, time, staves, clef, transpose ----
 */

enum { RANK_NONE = -1, RANK_DIVISIONS, RANK_KEY, RANK_TIME, RANK_STAVES, RANK_CLEF };

static void put_staves(MusicxmlWriter *writer) {
  int staves = writer->score->parts.items[writer->part].staves;
  if (writer->staves_due && staves > 1) musicxml_put_int(writer, "staves", staves);
  writer->staves_due = false;
}

static void put_transpose(MusicxmlWriter *writer) {
  int semitones = writer->score->parts.items[writer->part].transpose;
  writer->transpose_due = false;
  if (!semitones) return;
  musicxml_start(writer, "transpose");
  musicxml_put_int(writer, "chromatic", semitones % 12);
  if (semitones / 12) musicxml_put_int(writer, "octave-change", semitones / 12);
  musicxml_end(writer);
}

void musicxml_close_attributes(MusicxmlWriter *writer) {
  if (writer->attribute_rank == RANK_NONE) return;
  put_staves(writer);
  if (writer->transpose_due) put_transpose(writer);
  musicxml_end(writer);
  writer->attribute_rank = RANK_NONE;
}

static void reach_rank(MusicxmlWriter *writer, int rank) {
  if (writer->attribute_rank > rank) musicxml_close_attributes(writer);
  if (writer->attribute_rank == RANK_NONE) musicxml_start(writer, "attributes");
  if (rank > RANK_STAVES) put_staves(writer);
  writer->attribute_rank = rank;
}

void musicxml_write_divisions(MusicxmlWriter *writer) {
  reach_rank(writer, RANK_DIVISIONS);
  musicxml_put_int(writer, "divisions", writer->divisions);
}

static void put_key(MusicxmlWriter *writer, const ScoreSign *sign) {
  reach_rank(writer, RANK_KEY);
  musicxml_start(writer, "key");
  if (sign->staff >= 0) musicxml_put_attribute_int(writer, "number", sign->staff + 1);
  musicxml_put_int(writer, "fifths", sign->fifths);
  musicxml_end(writer);
}

static void put_time(MusicxmlWriter *writer, const ScoreSign *sign) {
  static const char *const SYMBOLS[] = {NULL, "common", "cut"};
  reach_rank(writer, RANK_TIME);
  musicxml_start(writer, "time");
  if (sign->staff >= 0) musicxml_put_attribute_int(writer, "number", sign->staff + 1);
  if (sign->time_symbol > 0 && sign->time_symbol < 3)
    musicxml_put_attribute(writer, "symbol", SYMBOLS[sign->time_symbol]);
  if (sign->beats) {
    musicxml_put_int(writer, "beats", sign->beats);
    musicxml_put_int(writer, "beat-type", sign->beat_type);
  } else
    musicxml_put_empty(writer, "senza-misura");
  musicxml_end(writer);
}

static void put_clef(MusicxmlWriter *writer, const ScoreSign *sign) {
  const char *name = musicxml_name(MUSICXML_CLEFS, sign->clef);
  reach_rank(writer, RANK_CLEF);
  musicxml_start(writer, "clef");
  musicxml_put_attribute_int(writer, "number", sign->staff < 0 ? 1 : sign->staff + 1);
  musicxml_put(writer, "sign", name ? name : "G");
  musicxml_put_int(writer, "line", sign->clef_line);
  if (sign->clef_octave) musicxml_put_int(writer, "clef-octave-change", sign->clef_octave);
  musicxml_end(writer);
}

void musicxml_write_attribute(MusicxmlWriter *writer, const ScoreSign *sign) {
  if (sign->kind == SCORE_SIGN_KEY) put_key(writer, sign);
  if (sign->kind == SCORE_SIGN_TIME) put_time(writer, sign);
  if (sign->kind == SCORE_SIGN_CLEF) put_clef(writer, sign);
}

/* ---- directions ---- */

static void start_direction(MusicxmlWriter *writer, const char *placement) {
  musicxml_start(writer, "direction");
  if (placement) musicxml_put_attribute(writer, "placement", placement);
}

static void end_direction(MusicxmlWriter *writer, const ScoreSign *sign, const char *sound, double value) {
  if (sign->staff >= 0) musicxml_put_int(writer, "staff", sign->staff + 1);
  if (sound) {
    char text[32];
    base_number_write(text, sizeof text, value, 4);
    musicxml_start(writer, "sound");
    musicxml_put_attribute(writer, sound, text);
    musicxml_end(writer);
  }
  musicxml_end(writer);
}

/* "p résigné" is a known sign and words, "mf" a sign alone, anything else words alone. */
static void put_letters(MusicxmlWriter *writer, const char *text) {
  char first[SCORE_TEXT_SIZE] = "";
  size_t n = strcspn(text, " ");
  memcpy(first, text, n);
  bool known = musicxml_value(MUSICXML_DYNAMICS, first, 0);
  if (known) musicxml_put_empty(writer, first);
  const char *words = known ? text + n : text;
  if (*words) musicxml_put(writer, "other-dynamics", words);
}

static void put_dynamic(MusicxmlWriter *writer, const ScoreSign *sign) {
  start_direction(writer, "below");
  musicxml_start(writer, "direction-type");
  musicxml_start(writer, "dynamics");
  put_letters(writer, sign->text);
  musicxml_end(writer);
  musicxml_end(writer);
  bool usual = fabsf(sign->velocity - glossary_velocity(sign->text)) < 0.001f;
  end_direction(writer, sign, usual ? NULL : "dynamics", sign->velocity * 100 / FULL_SOUND);
}

/* ---- hairpins and lines: an end carries the number of its beginning ---- */

static int free_number(const MusicxmlWriter *writer, uint8_t kind) {
  for (int number = 1; number < MUSICXML_NUMBERS; number++) {
    bool used = false;
    for (size_t i = 0; i < writer->open.n; i++)
      used |= writer->open.items[i].kind == kind && writer->open.items[i].number == number;
    if (!used) return number;
  }
  return MUSICXML_NUMBERS;
}

static int open_number(MusicxmlWriter *writer, const ScoreSign *sign, int8_t value) {
  int number = free_number(writer, sign->kind);
  if (!base_array_push(&writer->open, (MusicxmlOpen){sign->kind, value, sign->staff, number}))
    writer->failed = true;
  return number;
}

static int close_number(MusicxmlWriter *writer, const ScoreSign *sign, int8_t value) {
  size_t n = writer->open.n, found = n;
  for (size_t i = 0; i < n; i++) {
    const MusicxmlOpen *open = &writer->open.items[i];
    if (open->kind != sign->kind || open->value != value) continue;
    bool better = found == n || open->staff == sign->staff || writer->open.items[found].staff != sign->staff;
    if (better) found = i;
  }
  if (found == n) return free_number(writer, sign->kind);
  int number = writer->open.items[found].number;
  writer->open.items[found] = writer->open.items[--writer->open.n];
  return number;
}

static int span_number(MusicxmlWriter *writer, const ScoreSign *sign, int8_t value) {
  return sign->edge == SCORE_EDGE_STOP ? close_number(writer, sign, value) : open_number(writer, sign, value);
}

static void put_wedge(MusicxmlWriter *writer, const ScoreSign *sign) {
  bool stop = sign->edge == SCORE_EDGE_STOP;
  start_direction(writer, "below");
  musicxml_start(writer, "direction-type");
  musicxml_start(writer, "wedge");
  musicxml_put_attribute(writer, "type", stop ? "stop" : sign->wedge > 0 ? "crescendo" : "diminuendo");
  musicxml_put_attribute_int(writer, "number", span_number(writer, sign, sign->wedge));
  musicxml_end(writer);
  musicxml_end(writer);
  end_direction(writer, sign, NULL, 0);
}

static void put_octave(MusicxmlWriter *writer, const ScoreSign *sign) {
  bool stop = sign->edge == SCORE_EDGE_STOP;
  start_direction(writer, sign->octave_shift > 0 ? "above" : "below");
  musicxml_start(writer, "direction-type");
  musicxml_start(writer, "octave-shift");
  musicxml_put_attribute(writer, "type", stop ? "stop" : sign->octave_shift > 0 ? "down" : "up");
  musicxml_put_attribute_int(writer, "number", span_number(writer, sign, sign->octave_shift));
  musicxml_put_attribute_int(writer, "size", 1 + 7 * abs(sign->octave_shift));
  musicxml_end(writer);
  musicxml_end(writer);
  end_direction(writer, sign, NULL, 0);
}

static void put_pedal(MusicxmlWriter *writer, const ScoreSign *sign) {
  const char *type = musicxml_name(MUSICXML_EDGES, sign->edge);
  start_direction(writer, "below");
  musicxml_start(writer, "direction-type");
  musicxml_start(writer, "pedal");
  musicxml_put_attribute(writer, "type", type ? type : "start");
  musicxml_end(writer);
  musicxml_end(writer);
  end_direction(writer, sign, NULL, 0);
}

/* ---- tempo and words ---- */

static void put_unit(MusicxmlWriter *writer, int type, int dots) {
  musicxml_put(writer, "beat-unit", musicxml_name(MUSICXML_TYPES, type));
  while (dots-- > 0) musicxml_put_empty(writer, "beat-unit-dot");
}

/* Writes "♩.=92" or "♩=♪" as a metronome mark; false, with nothing written, for other words. */
static bool put_metronome(MusicxmlWriter *writer, const char *text) {
  bool brackets = *text == '(';
  size_t n = strlen(text);
  if (brackets && text[n - 1] != ')') return false;
  const char *at = text + brackets;
  int type, dots, other, other_dots;
  if (!musicxml_take_glyph(&type, &dots, &at) || *at++ != '=') return false;
  char number[SCORE_TEXT_SIZE] = "";
  bool relation = musicxml_take_glyph(&other, &other_dots, &at);
  memcpy(number, at, strlen(at) - brackets);
  if (relation == (number[0] != 0) || number[0] == ' ') return false;
  musicxml_start(writer, "metronome");
  if (brackets) musicxml_put_attribute(writer, "parentheses", "yes");
  put_unit(writer, type, dots);
  if (relation)
    put_unit(writer, other, other_dots);
  else
    musicxml_put(writer, "per-minute", number);
  musicxml_end(writer);
  return true;
}

static void put_bare_tempo(MusicxmlWriter *writer, const ScoreSign *sign) {
  char text[32];
  base_number_write(text, sizeof text, sign->quarters_per_minute, 4);
  musicxml_start(writer, "sound");
  musicxml_put_attribute(writer, "tempo", text);
  musicxml_end(writer);
}

static void put_tempo(MusicxmlWriter *writer, const ScoreSign *sign) {
  if (!sign->text[0] && sign->staff < 0) {
    put_bare_tempo(writer, sign);
    return;
  }
  start_direction(writer, "above");
  musicxml_put_attribute(writer, "directive", "yes");
  musicxml_start(writer, "direction-type");
  if (!put_metronome(writer, sign->text)) musicxml_put(writer, "words", sign->text);
  musicxml_end(writer);
  end_direction(writer, sign, sign->quarters_per_minute > 0 ? "tempo" : NULL, sign->quarters_per_minute);
}

static void put_plain_words(MusicxmlWriter *writer, const ScoreSign *sign) {
  start_direction(writer, NULL);
  musicxml_start(writer, "direction-type");
  musicxml_put(writer, "words", sign->text);
  musicxml_end(writer);
  end_direction(writer, sign, NULL, 0);
}

void musicxml_write_direction(MusicxmlWriter *writer, const ScoreSign *sign) {
  switch ((ScoreSignKind)sign->kind) {
  case SCORE_SIGN_DYNAMIC:
    put_dynamic(writer, sign);
    break;
  case SCORE_SIGN_WEDGE:
    put_wedge(writer, sign);
    break;
  case SCORE_SIGN_PEDAL:
    put_pedal(writer, sign);
    break;
  case SCORE_SIGN_OCTAVE:
    put_octave(writer, sign);
    break;
  case SCORE_SIGN_TEMPO:
    put_tempo(writer, sign);
    break;
  case SCORE_SIGN_WORDS:
    put_plain_words(writer, sign);
    break;
  case SCORE_SIGN_CLEF:
  case SCORE_SIGN_KEY:
  case SCORE_SIGN_TIME:
    break;
  }
}

/* ---- playing order ---- */

static void put_target(MusicxmlWriter *writer, const char *name) {
  start_direction(writer, "above");
  musicxml_start(writer, "direction-type");
  musicxml_put_empty(writer, name);
  musicxml_end(writer);
  musicxml_start(writer, "sound");
  musicxml_put_attribute(writer, name, name);
  musicxml_end(writer);
  musicxml_end(writer);
}

void musicxml_write_jump_targets(MusicxmlWriter *writer, unsigned jumps) {
  if (jumps & SCORE_JUMP_SEGNO) put_target(writer, "segno");
  if (jumps & SCORE_JUMP_CODA) put_target(writer, "coda");
}

void musicxml_write_jumps(MusicxmlWriter *writer, unsigned jumps) {
  if (!(jumps & ~(unsigned)(SCORE_JUMP_SEGNO | SCORE_JUMP_CODA))) return;
  musicxml_start(writer, "sound");
  if (jumps & SCORE_JUMP_DA_CAPO) musicxml_put_attribute(writer, "dacapo", "yes");
  if (jumps & SCORE_JUMP_DAL_SEGNO) musicxml_put_attribute(writer, "dalsegno", "segno");
  if (jumps & SCORE_JUMP_TO_CODA) musicxml_put_attribute(writer, "tocoda", "coda");
  if (jumps & SCORE_JUMP_FINE) musicxml_put_attribute(writer, "fine", "yes");
  musicxml_end(writer);
}
