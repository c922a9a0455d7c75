/* What is written as steps and back: bars as steps of their own, places in them on a grid of 24 a quarter, which holds
 * 32nds and triplets of them. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_text.h"

#include "core/base/base_sort.h"

#include <math.h>
#include <stdio.h>

enum {
  GRID = 24,
  STAVES = 4,
  VOICES = 4,
  VALUES = 8, /* breve … 64th */
  KINDS = 6,  /* of each: dots 0 … 2, in triplets or not */
  FIRST_PLACE = 40,
  FIRST_KEY = MOTION_KEYS,
  FIRST_VALUE = 32,
  GRACE = FIRST_VALUE + VALUES * KINDS,
  FIRST_LENGTH = GRACE + 1,
  MOST_EIGHTHS = 24,
  FIRST_STAFF = 16,
  FIRST_SPELLING = 3,
  FIRST_MARK = 8,
};

/* Articulations that are told apart, by their number from 1 on. */
static const uint32_t MARKS[] = {SCORE_STACCATO, SCORE_TENUTO, SCORE_ACCENT, SCORE_MARCATO,
                                 SCORE_FERMATA,  SCORE_TRILL,  SCORE_ARPEGGIO};
enum { MARKS_N = sizeof MARKS / sizeof *MARKS };

static const int8_t STEP_SEMITONES[7] = {0, 2, 4, 5, 7, 9, 11};

static int within(int value, int least, int most) {
  return value < least ? least : value > most ? most : value;
}

/* ---- note values ---- */

static Beat length_of(int value) {
  static const Beat dots[3] = {{1, 1}, {3, 2}, {7, 4}};
  int kind = value % KINDS, type = value / KINDS;
  Beat length = beat_mul(beat_make(512, 64LL << type), dots[kind % 3]);
  return kind >= 3 ? beat_mul(length, beat_make(2, 3)) : length;
}

/* The value nearest to a duration by ratio; of equals the plainest. */
static int value_of(Beat duration) {
  double wanted = beat_double(duration), best = INFINITY;
  int found = 0;
  for (int value = 0; value < VALUES * KINDS; value++) {
    double distance = fabs(log(fmax(wanted, 1e-3) / beat_double(length_of(value)))) + 1e-9 * (value % KINDS);
    if (distance < best) best = distance, found = value;
  }
  return found;
}

/* ---- from a score ---- */

/* A note on its way: where it is, so that chords can be put in order. */
typedef struct {
  const ScoreNote *note;
  int place, staff;
} Placed;

static int by_place(const void *a, const void *b) {
  const Placed *left = a, *right = b;
  if (left->place != right->place) return left->place - right->place;
  if (left->note->grace != right->note->grace) return right->note->grace - left->note->grace;
  return left->note->grace ? 0 : score_midi(left->note) - score_midi(right->note);
}

static int staff_of(const Score *score, const ScoreNote *note) {
  int staff = note->staff;
  for (int part = 0; part < note->part; part++) staff += score->parts.items[part].staves;
  return within(staff, 0, STAVES - 1);
}

/* The how-manieth of the voices of its staff in this bar. */
static int voice_of(const Placed *notes, size_t n, const Placed *of) {
  int smaller[64], count = 0;
  for (size_t i = 0; i < n && count < 64; i++) {
    int voice = notes[i].note->voice;
    bool known = notes[i].staff != of->staff || voice >= of->note->voice;
    for (int k = 0; k < count && !known; k++) known = smaller[k] == voice;
    if (!known) smaller[count++] = voice;
  }
  return within(count, 0, VOICES - 1);
}

static int mark_of(uint32_t marks) {
  for (int i = 0; i < MARKS_N; i++)
    if (marks & MARKS[i]) return i + 1;
  return 0;
}

static LanguageStep step_of(const Placed *notes, size_t n, const Placed *placed) {
  const ScoreNote *note = placed->note;
  int alter = within(note->alter, -2, 2) + 2, ties = note->ties & 3;
  return (LanguageStep){
      {(int16_t)(FIRST_PLACE + placed->place), (int16_t)(score_midi(note) - MOTION_LOWEST_KEY),
       (int16_t)(note->grace ? GRACE : FIRST_VALUE + value_of(note->duration)),
       (int16_t)(FIRST_STAFF + placed->staff * VOICES + voice_of(notes, n, placed)),
       (int16_t)(FIRST_SPELLING + alter * 4 + ties), (int16_t)(FIRST_MARK + mark_of(note->marks))},
      note->id};
}

/* What holds at the beginning of a bar. */
typedef struct {
  int fifths, unit; /* beat unit by number: 0 unknown, 1 half, 2 quarter, 3 eighth, 4 sixteenth */
  size_t next_sign;
} Signature;

static void read_signs(Signature *now, const Score *score, int measure) {
  for (; now->next_sign < score->signs.n; now->next_sign++) {
    const ScoreSign *sign = &score->signs.items[now->next_sign];
    if (sign->measure > measure) return;
    if (sign->kind == SCORE_SIGN_KEY) now->fifths = within(sign->fifths, -7, 7);
    if (sign->kind == SCORE_SIGN_TIME)
      now->unit = sign->beat_type == 2 ? 1 : sign->beat_type == 4 ? 2 : sign->beat_type == 8 ? 3 : sign->beat_type == 16 ? 4 : 0;
  }
}

static LanguageStep bar_of(const Signature *now, Beat length) {
  int eighths = within((int)ceil(2 * beat_double(length) - 1e-9), 1, MOST_EIGHTHS);
  return (LanguageStep){{LANGUAGE_BAR, (int16_t)(FIRST_KEY + now->fifths + 7), (int16_t)(FIRST_LENGTH + eighths - 1),
                         -1, -1, (int16_t)(FIRST_MARK + now->unit)},
                        0};
}

static bool is_written(const ScoreNote *note) {
  int midi = score_midi(note);
  return note->kind == SCORE_NOTE && !note->cue && midi >= MOTION_LOWEST_KEY && midi < MOTION_LOWEST_KEY + MOTION_KEYS;
}

typedef BASE_ARRAY(Placed) Bar;

static bool add_bar(LanguageText *text, Bar *bar, const Score *score, const Signature *now, int measure, size_t *next) {
  bar->n = 0;
  for (; *next < score->notes.n && score->notes.items[*next].measure == measure; ++*next) {
    const ScoreNote *note = &score->notes.items[*next];
    if (!is_written(note)) continue;
    int place = within((int)lround(GRID * beat_double(note->onset)), 0, LANGUAGE_PLACES - 1);
    if (!base_array_push(bar, (Placed){note, place, staff_of(score, note)})) return false;
  }
  base_sort(bar->items, bar->n, sizeof *bar->items, by_place);
  if (!base_array_reserve(text, text->n + bar->n + 1)) return false;
  text->items[text->n++] = bar_of(now, score->measures.items[measure].length);
  for (size_t i = 0; i < bar->n; i++) text->items[text->n++] = step_of(bar->items, bar->n, &bar->items[i]);
  return true;
}

BaseStatus language_of_score(BaseContext *ctx, LanguageText *text, const Score *score) {
  Bar bar = {0};
  Signature now = {0};
  size_t next = 0;
  bool fine = true;
  for (int measure = 0; fine && measure < (int)score->measures.n; measure++) {
    read_signs(&now, score, measure);
    fine = add_bar(text, &bar, score, &now, measure, &next);
  }
  base_array_clear(&bar);
  return fine ? BASE_OK : base_fail_memory(ctx);
}

/* ---- to a score ---- */

/* The step of the scale that a key has under an alteration; −1 when there is none. */
static int step_under(int midi, int alter) {
  for (int step = 0; step < 7; step++)
    if ((midi - alter + 120) % 12 == STEP_SEMITONES[step]) return step;
  return -1;
}

static void spell(ScoreNote *note, int midi, int alter) {
  static const int other[] = {0, 1, -1};
  for (int i = 0; step_under(midi, alter) < 0 && i < 3; i++) alter = other[i];
  note->step = (int8_t)step_under(midi, alter);
  note->alter = (int8_t)alter;
  note->octave = (int8_t)((midi - alter - STEP_SEMITONES[note->step]) / 12 - 1);
}

static void give_value(ScoreNote *note, int value) {
  int kind = value % KINDS;
  note->type = (int8_t)(value / KINDS - 1);
  note->dots = (uint8_t)(kind % 3);
  note->tuplet_actual = kind >= 3 ? 3 : 1;
  note->tuplet_normal = kind >= 3 ? 2 : 1;
  note->duration = length_of(value);
}

static bool in_range(const LanguageStep *step, LanguageField field, int first, int end) {
  return step->field[field] >= first && step->field[field] < end;
}

static bool write_note(Score *score, const LanguageStep *step) {
  if (!score->measures.n || !in_range(step, LANGUAGE_TIME, FIRST_PLACE, LANGUAGE_BAR) ||
      !in_range(step, LANGUAGE_PITCH, 0, MOTION_KEYS) || !in_range(step, LANGUAGE_DURATION, FIRST_VALUE, FIRST_LENGTH))
    return true;
  ScoreNote note = score_note(score);
  int spelling = step->field[LANGUAGE_PEDAL] - FIRST_SPELLING, mark = step->field[LANGUAGE_FINE] - FIRST_MARK;
  int where = step->field[LANGUAGE_VELOCITY] - FIRST_STAFF;
  note.measure = (int32_t)score->measures.n - 1;
  note.onset = beat_make(step->field[LANGUAGE_TIME] - FIRST_PLACE, GRID);
  note.grace = step->field[LANGUAGE_DURATION] == GRACE;
  if (note.grace)
    note.type = 3, note.duration = beat_whole(0);
  else
    give_value(&note, step->field[LANGUAGE_DURATION] - FIRST_VALUE);
  spell(&note, MOTION_LOWEST_KEY + step->field[LANGUAGE_PITCH], spelling >= 0 ? spelling / 4 - 2 : 0);
  note.ties = spelling >= 0 ? (uint8_t)(spelling % 4) : 0;
  note.staff = (int16_t)(where >= 0 ? where / VOICES : 0);
  note.voice = (int16_t)(where >= 0 ? where + 1 : 1);
  note.marks = mark > 0 && mark <= MARKS_N ? MARKS[mark - 1] : 0;
  if (note.staff >= score->parts.items[0].staves) score->parts.items[0].staves = (int16_t)(note.staff + 1);
  return base_array_push(&score->notes, note);
}

static bool write_sign(Score *score, ScoreSignKind kind, int first, int second) {
  ScoreSign sign = score_sign(score, kind);
  sign.measure = (int32_t)score->measures.n - 1;
  sign.staff = -1;
  if (kind == SCORE_SIGN_KEY) sign.fifths = (int8_t)first;
  if (kind == SCORE_SIGN_TIME) sign.beats = (int16_t)first, sign.beat_type = (int16_t)second;
  return base_array_push(&score->signs, sign);
}

/* Signs are written where they change. */
typedef struct {
  int fifths, eighths, unit;
} Written;

static bool write_bar(Score *score, Written *before, const LanguageStep *step) {
  ScoreMeasure measure = score_measure();
  Written now = {within(step->field[LANGUAGE_PITCH] - FIRST_KEY - 7, -7, 7),
                 within(step->field[LANGUAGE_DURATION] - FIRST_LENGTH + 1, 1, MOST_EIGHTHS),
                 within(step->field[LANGUAGE_FINE] - FIRST_MARK, 0, 4)};
  measure.length = beat_make(now.eighths, 2);
  snprintf(measure.number, sizeof measure.number, "%zu", score->measures.n + 1);
  bool first = score->measures.n == 0, fine = base_array_push(&score->measures, measure);
  if (fine && (first || now.fifths != before->fifths)) fine = write_sign(score, SCORE_SIGN_KEY, now.fifths, 0);
  if (fine && now.unit && (first || now.eighths != before->eighths || now.unit != before->unit)) {
    int unit = 1 << now.unit;
    fine = write_sign(score, SCORE_SIGN_TIME, within(now.eighths * unit / 8, 1, 99), unit);
  }
  *before = now;
  return fine;
}

BaseStatus language_to_score(BaseContext *ctx, Score **out, const LanguageText *text) {
  Score *score = score_new();
  Written before = {0};
  bool fine = score && base_array_push(&score->parts, (ScorePart){.id = "P1", .name = "Piano", .staves = 1});
  for (size_t i = 0; fine && i < text->n; i++) {
    const LanguageStep *step = &text->items[i];
    fine = step->field[LANGUAGE_TIME] == LANGUAGE_BAR ? write_bar(score, &before, step) : write_note(score, step);
  }
  if (!fine) {
    score_free(score);
    return base_fail_memory(ctx);
  }
  score_sort(score);
  *out = score;
  return BASE_OK;
}

/* ---- another key ---- */

/* A key signature moved by semitones, within seven signs. */
static int move_fifths(int fifths, int semitones) {
  int moved = fifths + 7 * semitones;
  moved -= 12 * (int)floor((moved + 5) / 12.0);
  return moved;
}

/* Where a spelled key is on the line of fifths (F = −1, C = 0, G = 1 …). */
static int line_of(int midi, int alter) {
  static const int line[7] = {0, 2, 4, -1, 1, 3, 5};
  int step = step_under(midi, alter);
  return step < 0 ? 0 : line[step] + 7 * alter;
}

static int alter_at(int line) {
  return (int)floor((line + 1) / 7.0);
}

static void move_spelling(LanguageStep *step, int semitones, int shift) {
  int spelling = step->field[LANGUAGE_PEDAL] - FIRST_SPELLING;
  if (spelling < 0) return;
  int before = MOTION_LOWEST_KEY + step->field[LANGUAGE_PITCH], alter = alter_at(line_of(before, spelling / 4 - 2) + shift);
  int midi = before + semitones;
  if (alter < -2 || alter > 2) alter = step_under(midi, 0) >= 0 ? 0 : alter < 0 ? 1 : -1;
  step->field[LANGUAGE_PEDAL] = (int16_t)(FIRST_SPELLING + (alter + 2) * 4 + spelling % 4);
}

static bool is_note(const LanguageStep *step) {
  return step->field[LANGUAGE_PITCH] >= 0 && step->field[LANGUAGE_PITCH] < MOTION_KEYS;
}

/* Spellings keep their places in the key: all move as far along the line of fifths as the signature. */
bool language_transpose(LanguageText *text, int semitones) {
  for (size_t i = 0; i < text->n; i++) {
    int key = text->items[i].field[LANGUAGE_PITCH] + semitones;
    if (is_note(&text->items[i]) && (key < 0 || key >= MOTION_KEYS)) return false;
  }
  int shift = move_fifths(0, semitones);
  for (size_t i = 0; i < text->n; i++) {
    LanguageStep *step = &text->items[i];
    if (step->field[LANGUAGE_TIME] == LANGUAGE_BAR && step->field[LANGUAGE_PITCH] >= FIRST_KEY) {
      int fifths = step->field[LANGUAGE_PITCH] - FIRST_KEY - 7, moved = move_fifths(fifths, semitones);
      shift = moved - fifths;
      step->field[LANGUAGE_PITCH] = (int16_t)(FIRST_KEY + moved + 7);
    } else if (is_note(step)) {
      move_spelling(step, semitones, shift);
      step->field[LANGUAGE_PITCH] = (int16_t)(step->field[LANGUAGE_PITCH] + semitones);
    }
  }
  return true;
}
