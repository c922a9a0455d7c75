/* <direction> and <sound>: dynamics, hairpins, pedal, octave lines, tempo, words, and the signs of the
 * playing order. A direction with several parts becomes several signs at one place. Words are a tempo when a
 * sounding tempo stands beside them or the direction is marked as directive. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/base/base_number.h"
#include "core/base/base_text.h"
#include "core/music/glossary.h"
#include "core/music/musicxml_names.h"
#include "core/music/musicxml_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STAVES = 64, FINEST_DIVISION = 1 << 20 };
static const double FULL_SOUND = 90; /* <sound dynamics> is a percentage of this velocity */

/* One direction while its parts are read. */
typedef struct {
  MusicxmlReader *reader;
  const xmlNode *sound; /* may be null */
  Beat onset;
  int16_t staff;
  float tempo;       /* quarters a minute, 0 not given */
  bool tempo_placed; /* some sign carries it */
  bool directive;
} Direction;

static bool add_sign(Direction *direction, ScoreSign sign) {
  MusicxmlReader *reader = direction->reader;
  sign.part = reader->part;
  sign.measure = reader->measure;
  sign.staff = direction->staff;
  sign.onset = direction->onset;
  return base_array_push(&reader->score->signs, sign);
}

static ScoreSign fresh(const Direction *direction, ScoreSignKind kind) {
  return score_sign(direction->reader->score, kind);
}

/* ---- dynamics ---- */

/* "mf", or with words "p résigné". */
static void read_letters(char *field, size_t size, const xmlNode *dynamics) {
  char joined[2 * SCORE_TEXT_SIZE] = "", other[SCORE_TEXT_SIZE];
  MUSICXML_EACH(child, dynamics) {
    size_t n = strlen(joined);
    bool words = musicxml_is(child, "other-dynamics");
    const char *name = words ? musicxml_text(other, sizeof other, child) : (const char *)child->name;
    snprintf(joined + n, sizeof joined - n, "%s%s", words ? " " : "", name);
  }
  base_text_set(field, size, joined, strlen(joined));
}

static bool add_dynamics(Direction *direction, const xmlNode *dynamics) {
  ScoreSign sign = fresh(direction, SCORE_SIGN_DYNAMIC);
  read_letters(sign.text, sizeof sign.text, dynamics);
  char percent[32], *end;
  musicxml_attribute(percent, sizeof percent, direction->sound, "dynamics");
  double named = base_number_read(percent, &end) * FULL_SOUND / 100;
  sign.velocity = end != percent && named >= 1 && named <= 127 ? (float)named : glossary_velocity(sign.text);
  return !sign.text[0] || add_sign(direction, sign);
}

bool musicxml_add_dynamics(MusicxmlReader *reader, const xmlNode *dynamics, Beat onset, int16_t staff) {
  Direction direction = {.reader = reader, .onset = onset, .staff = staff};
  return add_dynamics(&direction, dynamics);
}

/* ---- hairpins and octave lines ---- */

static bool open_span(Direction *direction, const ScoreSign *sign, int8_t value, int number) {
  MusicxmlSpan span = {sign->kind, value, direction->staff, number};
  return base_array_push(&direction->reader->spans, span) && add_sign(direction, *sign);
}

static MusicxmlSpan *find_span(Direction *direction, ScoreSignKind kind, int number, bool same_staff) {
  MusicxmlReader *reader = direction->reader;
  for (size_t i = reader->spans.n; i-- > 0;) {
    MusicxmlSpan *span = &reader->spans.items[i];
    if (span->kind == kind && span->number == number && (!same_staff || span->staff == direction->staff))
      return span;
  }
  return NULL;
}

/* An end without a beginning is left out. */
static bool close_span(int8_t *value, Direction *direction, ScoreSignKind kind, int number) {
  MusicxmlReader *reader = direction->reader;
  MusicxmlSpan *span = find_span(direction, kind, number, true);
  if (!span) span = find_span(direction, kind, number, false);
  if (!span) return false;
  *value = span->value;
  memmove(span, span + 1, (size_t)(reader->spans.items + reader->spans.n - (span + 1)) * sizeof *span);
  reader->spans.n--;
  return true;
}

static bool add_wedge(Direction *direction, const xmlNode *wedge) {
  char type[16];
  ScoreSign sign = fresh(direction, SCORE_SIGN_WEDGE);
  int number = musicxml_attribute_int(wedge, "number", 1);
  musicxml_attribute(type, sizeof type, wedge, "type");
  if (strcmp(type, "stop") == 0) {
    sign.edge = SCORE_EDGE_STOP;
    return !close_span(&sign.wedge, direction, SCORE_SIGN_WEDGE, number) || add_sign(direction, sign);
  }
  sign.wedge = strcmp(type, "crescendo") == 0 ? 1 : strcmp(type, "diminuendo") == 0 ? -1 : 0;
  sign.edge = SCORE_EDGE_START;
  return !sign.wedge || open_span(direction, &sign, sign.wedge, number);
}

static bool add_octave(Direction *direction, const xmlNode *shift) {
  char type[16];
  ScoreSign sign = fresh(direction, SCORE_SIGN_OCTAVE);
  int number = musicxml_attribute_int(shift, "number", 1), size = musicxml_attribute_int(shift, "size", 8);
  int octaves = size >= 22 ? 3 : size >= 15 ? 2 : 1;
  musicxml_attribute(type, sizeof type, shift, "type");
  if (strcmp(type, "stop") == 0) {
    sign.edge = SCORE_EDGE_STOP;
    return !close_span(&sign.octave_shift, direction, SCORE_SIGN_OCTAVE, number) || add_sign(direction, sign);
  }
  bool down = strcmp(type, "down") == 0; /* printed lower than it sounds: 8va */
  if (!down && strcmp(type, "up") != 0) return true;
  sign.octave_shift = (int8_t)(down ? octaves : -octaves);
  sign.edge = SCORE_EDGE_START;
  return open_span(direction, &sign, sign.octave_shift, number);
}

static bool add_pedal(Direction *direction, const xmlNode *pedal) {
  char type[16];
  ScoreSign sign = fresh(direction, SCORE_SIGN_PEDAL);
  sign.edge =
      (uint8_t)musicxml_value(MUSICXML_EDGES, musicxml_attribute(type, sizeof type, pedal, "type"), 0);
  return !sign.edge || add_sign(direction, sign);
}

/* ---- tempo and words ---- */

static bool add_tempo(Direction *direction, const char *text, double tempo) {
  ScoreSign sign = fresh(direction, SCORE_SIGN_TEMPO);
  base_text_set(sign.text, sizeof sign.text, text, strlen(text));
  sign.quarters_per_minute = (float)tempo;
  direction->tempo_placed = true;
  return add_sign(direction, sign);
}

static void put_unit(char *text, size_t size, const char *type_name, int dots) {
  const char *glyph = musicxml_glyph(musicxml_value(MUSICXML_TYPES, type_name, 2));
  size_t n = strlen(text);
  snprintf(text + n, size - n, "%s%.*s", glyph ? glyph : musicxml_glyph(2), dots > 4 ? 4 : dots, "....");
}

/* "♩.=92", "♩=♪" or "(♩=92)", and the quarters a minute that it means. */
static double metronome(char *text, size_t size, const xmlNode *mark) {
  char name[16] = "", number[32] = "";
  int dots = 0, units = 0;
  double quarters = 1;
  bool brackets = musicxml_yes(mark, "parentheses");
  snprintf(text, size, "%s", brackets ? "(" : "");
  MUSICXML_EACH(child, mark) {
    if (!musicxml_is(child, "beat-unit")) continue;
    musicxml_text(name, sizeof name, child);
    const xmlNode *next = musicxml_element(child->next);
    for (dots = 0; next && musicxml_is(next, "beat-unit-dot"); next = musicxml_element(next->next)) dots++;
    if (units++) snprintf(text + strlen(text), size - strlen(text), "=");
    put_unit(text, size, name, dots);
    int type = musicxml_value(MUSICXML_TYPES, name, 2);
    quarters = ldexp(1, 2 - type) * (2 - ldexp(1, -(dots > 4 ? 4 : dots)));
  }
  musicxml_text(number, sizeof number, musicxml_child(mark, "per-minute"));
  size_t n = strlen(text);
  if (number[0])
    snprintf(text + n, size - n, "=%s%s", number, brackets ? ")" : "");
  else
    snprintf(text + n, size - n, "%s", brackets ? ")" : "");
  double beats = base_number_read(number + strcspn(number, "0123456789"), NULL);
  return units == 1 && beats > 0 && beats < 10000 ? beats * quarters : 0;
}

static bool add_metronome(Direction *direction, const xmlNode *mark) {
  char text[96];
  double tempo = metronome(text, sizeof text, mark);
  bool said = strchr(text, '=') != NULL;
  return !said || add_tempo(direction, text, direction->tempo > 0 ? direction->tempo : tempo);
}

static bool add_jump(MusicxmlReader *reader, Beat onset, unsigned bits) {
  return !bits || base_array_push(&reader->jumps, (MusicxmlJump){reader->measure, onset, (uint8_t)bits});
}

static bool add_words(Direction *direction, const xmlNode *words) {
  ScoreSign sign = fresh(direction, SCORE_SIGN_WORDS);
  musicxml_text(sign.text, sizeof sign.text, words);
  if (!sign.text[0]) return true;
  if ((direction->tempo > 0 || direction->directive) && !direction->tempo_placed)
    return add_tempo(direction, sign.text, direction->tempo);
  return add_jump(direction->reader, direction->onset, glossary_jumps(sign.text)) &&
         add_sign(direction, sign);
}

static bool add_part(Direction *direction, const xmlNode *node) {
  if (musicxml_is(node, "dynamics")) return add_dynamics(direction, node);
  if (musicxml_is(node, "wedge")) return add_wedge(direction, node);
  if (musicxml_is(node, "octave-shift")) return add_octave(direction, node);
  if (musicxml_is(node, "pedal")) return add_pedal(direction, node);
  if (musicxml_is(node, "metronome")) return add_metronome(direction, node);
  if (musicxml_is(node, "words") || musicxml_is(node, "rehearsal")) return add_words(direction, node);
  if (musicxml_is(node, "segno")) return add_jump(direction->reader, direction->onset, SCORE_JUMP_SEGNO);
  if (musicxml_is(node, "coda")) return add_jump(direction->reader, direction->onset, SCORE_JUMP_CODA);
  return true;
}

/* ---- sound ---- */

static unsigned sound_jumps(const xmlNode *sound) {
  static const struct {
    const char *attribute;
    unsigned bit;
  } JUMPS[] = {{"segno", SCORE_JUMP_SEGNO},
               {"coda", SCORE_JUMP_CODA},
               {"fine", SCORE_JUMP_FINE},
               {"tocoda", SCORE_JUMP_TO_CODA},
               {"dalsegno", SCORE_JUMP_DAL_SEGNO}};
  char text[16];
  unsigned bits = musicxml_yes(sound, "dacapo") ? SCORE_JUMP_DA_CAPO : 0;
  for (size_t i = 0; i < sizeof JUMPS / sizeof *JUMPS; i++) {
    musicxml_attribute(text, sizeof text, sound, JUMPS[i].attribute);
    if (text[0] && strcmp(text, "no") != 0) bits |= JUMPS[i].bit;
  }
  return bits;
}

static float sound_tempo(const xmlNode *sound) {
  char text[32];
  double tempo = base_number_read(musicxml_attribute(text, sizeof text, sound, "tempo"), NULL);
  return tempo > 0 && tempo < 10000 ? (float)tempo : 0;
}

static Beat place(const MusicxmlReader *reader, const xmlNode *node) {
  double offset = musicxml_number(musicxml_child(node, "offset"), 0);
  if (offset == 0) return reader->at;
  Beat units = beat_near(offset, offset == floor(offset) ? 1 : FINEST_DIVISION);
  return beat_max(beat_whole(0), beat_add(reader->at, beat_div(units, beat_whole(reader->divisions))));
}

/* A tempo that nothing printed carries becomes a sign without words. */
static bool finish(Direction *direction) {
  const xmlNode *sound = direction->sound;
  if (!sound) return true;
  if (direction->tempo > 0 && !direction->tempo_placed && !add_tempo(direction, "", direction->tempo))
    return false;
  return add_jump(direction->reader, direction->onset, sound_jumps(sound));
}

bool musicxml_read_sound(MusicxmlReader *reader, const xmlNode *sound) {
  Direction direction = {.reader = reader,
                         .sound = sound,
                         .onset = place(reader, sound),
                         .staff = -1,
                         .tempo = sound_tempo(sound)};
  return finish(&direction);
}

bool musicxml_read_direction(MusicxmlReader *reader, const xmlNode *node) {
  const xmlNode *sound = musicxml_child(node, "sound"), *staff = musicxml_child(node, "staff");
  Direction direction = {.reader = reader,
                         .sound = sound,
                         .onset = place(reader, node),
                         .staff = -1,
                         .tempo = sound ? sound_tempo(sound) : 0,
                         .directive = musicxml_yes(node, "directive")};
  if (staff) direction.staff = (int16_t)(musicxml_clamp(musicxml_number(staff, 1), 1, MOST_STAVES) - 1);
  MUSICXML_EACH(type, node) {
    if (!musicxml_is(type, "direction-type")) continue;
    MUSICXML_EACH(part, type)
    if (!add_part(&direction, part)) return false;
  }
  return finish(&direction);
}
