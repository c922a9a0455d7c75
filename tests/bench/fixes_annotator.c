/* Measures are paired by an edit distance over the notes they share. In a bar, notes are paired greedily by
 * staff, height and onset; what differs becomes edits. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/fixes_annotator.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 400 };

/* ---- a bar ---- */

typedef struct {
  const ScoreNote *note;
  int staff, partner;
} Item;

typedef struct {
  Item items[MOST];
  int n;
} Bar;

static int staff_of(const Score *score, const ScoreNote *note) {
  int staff = note->staff;
  for (int p = 0; p < note->part; p++) staff += score->parts.items[p].staves;
  return staff;
}

static void load_bar(Bar *bar, const Score *score, int32_t measure, ScoreNoteKind kind) {
  bar->n = 0;
  for (size_t i = 0; i < score->notes.n && bar->n < MOST; i++) {
    const ScoreNote *note = &score->notes.items[i];
    if (note->measure != measure || note->kind != kind || note->grace || note->hidden || note->cue) continue;
    bar->items[bar->n++] = (Item){note, staff_of(score, note), -1};
  }
}

static int height(const ScoreNote *note) {
  return 7 * note->octave + note->step;
}

static double onset(const ScoreNote *note) {
  return beat_double(note->onset);
}

static bool same_sound(const Item *a, const Item *b) {
  return a->staff == b->staff && score_midi(a->note) == score_midi(b->note) &&
         fabs(onset(a->note) - onset(b->note)) < 0.06 &&
         fabs(beat_double(a->note->duration) - beat_double(b->note->duration)) < 0.06;
}

bool fixes_same(const Score *read, int32_t measure, const Score *truth, int32_t true_measure) {
  static Bar a, b;
  load_bar(&a, read, measure, SCORE_NOTE), load_bar(&b, truth, true_measure, SCORE_NOTE);
  if (a.n != b.n) return false;
  for (int i = 0; i < a.n; i++) {
    int k = 0;
    while (k < b.n && (b.items[k].partner >= 0 || !same_sound(&a.items[i], &b.items[k]))) k++;
    if (k == b.n) return false;
    b.items[k].partner = i;
  }
  return true;
}

static void tell(const char *label, const Score *score, int32_t measure) {
  printf("      %s %s:", label, score->measures.items[measure].number);
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    if (note->measure != measure || note->grace) continue;
    printf(" %d/%d:%s%d@%.3f+%.3f(%d.%d%s)", staff_of(score, note), note->voice,
           note->kind == SCORE_REST ? "r" : "", note->kind == SCORE_REST ? 0 : score_midi(note), onset(note),
           beat_double(note->duration), note->type, note->dots,
           note->tuplet_actual == 3  ? "t"
           : note->tuplet_actual > 1 ? "T"
                                     : "");
  }
  printf("\n");
}

void fixes_tell(const Score *read, int32_t measure, const Score *truth, int32_t true_measure) {
  tell("read ", read, measure);
  tell("truth", truth, true_measure);
}

/* ---- measures ---- */

static int shared(const Score *read, int32_t m, const Score *truth, int32_t t, int *most) {
  static Bar a, b;
  int both = 0;
  load_bar(&a, read, m, SCORE_NOTE), load_bar(&b, truth, t, SCORE_NOTE);
  for (int i = 0; i < a.n; i++)
    for (int k = 0; k < b.n; k++)
      if (b.items[k].partner < 0 && a.items[i].staff == b.items[k].staff &&
          height(a.items[i].note) == height(b.items[k].note)) {
        b.items[k].partner = i, both++;
        break;
      }
  *most = a.n + b.n;
  return both;
}

int32_t *fixes_align(const Score *read, int page, const Score *truth) {
  size_t n = read->measures.n, m = truth->measures.n, from = 0, to = 0;
  int32_t *of = malloc((n + 1) * sizeof *of);
  for (size_t i = 0; i < n; i++) of[i] = -1;
  while (from < n && read->measures.items[from].box.page != page) from++;
  for (to = from; to < n && read->measures.items[to].box.page == page;) to++;
  size_t rows = to - from + 1, columns = m + 1;
  float *cost = calloc(rows * columns, sizeof *cost);
  uint8_t *step = calloc(rows * columns, 1);
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < columns; k++) {
      float best = i || k ? 1e9f : 0, value;
      if (i && (value = cost[(i - 1) * columns + k] + 8) < best) best = value, step[i * columns + k] = 1;
      if (k && (value = cost[i * columns + k - 1] + 8) < best) best = value, step[i * columns + k] = 2;
      if (i && k) {
        int all, both = shared(read, (int32_t)(from + i - 1), truth, (int32_t)(k - 1), &all);
        value = cost[(i - 1) * columns + k - 1] + (float)(all - 2 * both);
        if (value <= best) best = value, step[i * columns + k] = 3;
      }
      cost[i * columns + k] = best;
    }
  for (size_t i = rows - 1, k = m; i || k;) {
    uint8_t way = step[i * columns + k];
    if (way == 3) of[from + i - 1] = (int32_t)k - 1;
    i -= way & 1, k -= way >> 1;
  }
  free(cost);
  free(step);
  return of;
}

/* ---- what to do to a bar ---- */

static void pair(Bar *a, Bar *b) {
  for (;;) {
    double best = 4;
    int at_a = -1, at_b = -1;
    for (int i = 0; i < a->n; i++)
      for (int k = 0; k < b->n; k++) {
        const Item *x = &a->items[i], *y = &b->items[k];
        if (x->partner >= 0 || y->partner >= 0 || x->staff != y->staff) continue;
        double cost = abs(height(x->note) - height(y->note)) + 1.5 * fabs(onset(x->note) - onset(y->note)) +
                      (x->note->type != y->note->type) * 0.3 + (x->note->dots != y->note->dots) * 0.3;
        if (x->note->kind == SCORE_REST) cost = 2 * fabs(onset(x->note) - onset(y->note));
        if (cost < best) best = cost, at_a = i, at_b = k;
      }
    if (at_a < 0) return;
    a->items[at_a].partner = at_b;
    b->items[at_b].partner = at_a;
  }
}

static bool say(OmrEdits *out, int *kinds, const ScoreBox *box, OmrEditKind kind, int value) {
  OmrEdit edit = {box->page, box->x + 0.5f * box->width, box->y + 0.5f * box->height, (uint8_t)kind,
                  (int16_t)value};
  if (kinds) kinds[kind]++;
  return base_array_push(out, edit);
}

/* A person sees the sign that was overlooked or misread; a key does the rest. */
static bool say_alter(OmrEdits *out, int *kinds, const ScoreNote *read, int alter) {
  static const int signs[] = {SCORE_ACCIDENTAL_DOUBLE_FLAT, SCORE_ACCIDENTAL_FLAT, SCORE_ACCIDENTAL_NATURAL,
                              SCORE_ACCIDENTAL_SHARP, SCORE_ACCIDENTAL_DOUBLE_SHARP};
  return say(out, kinds, &read->box, OMR_EDIT_ACCIDENTAL, signs[alter + 2]) &&
         say(out, NULL, &read->box, OMR_EDIT_ALTER, alter);
}

static bool say_differences(OmrEdits *out, int *kinds, const ScoreNote *read, const ScoreNote *truth) {
  const ScoreBox *box = &read->box;
  bool ok = true, note = read->kind == SCORE_NOTE;
  if (note && height(read) != height(truth)) ok = ok && say(out, kinds, box, OMR_EDIT_PITCH, height(truth));
  if (note && read->alter != truth->alter) ok = ok && say_alter(out, kinds, read, truth->alter);
  if (read->whole_measure && truth->whole_measure) return ok;
  bool lasts = beat_equal(read->duration, truth->duration);
  if (lasts) return ok;
  if (read->type != truth->type && truth->type >= 0)
    ok = ok && say(out, kinds, box, OMR_EDIT_VALUE, truth->type);
  if (read->dots != truth->dots || read->type == truth->type)
    ok = ok && say(out, kinds, box, OMR_EDIT_DOTS, truth->dots);
  bool triplet = truth->tuplet_actual == 3, was = read->tuplet_actual == 3;
  if (triplet != was) ok = ok && say(out, kinds, box, OMR_EDIT_TUPLET, triplet ? 3 : 1);
  return ok;
}

/* Where something at `at` quarters of the bar stands: between what was read before and behind it. */
static float place_x(const Score *read, int32_t measure, double at) {
  const ScoreMeasure *m = &read->measures.items[measure];
  double before = -1, behind = beat_double(m->length);
  float left = m->box.x + 0.05f * m->box.width, right = m->box.x + m->box.width;
  for (size_t i = 0; i < read->notes.n; i++) {
    const ScoreNote *note = &read->notes.items[i];
    float x = note->box.x + 0.5f * note->box.width;
    if (note->measure != measure || note->whole_measure || note->grace) continue;
    if (fabs(onset(note) - at) < 0.01) return x;
    if (onset(note) < at && onset(note) > before) before = onset(note), left = x;
    if (onset(note) > at && onset(note) < behind) behind = onset(note), right = x;
  }
  if (behind <= before) return left;
  return left + (right - left) * (float)((at - fmax(0, before)) / (behind - fmax(0, before)));
}

/* Likewise, but between what stands there in truth before and behind it: false where nothing is known. */
static bool true_x(float *x, const Score *read, int32_t measure, const Bar *a, const Bar *b, double at) {
  const ScoreBox *box = &read->measures.items[measure].box;
  double before = -1, behind = 1e9;
  float left = box->x + 0.05f * box->width, right = box->x + box->width;
  for (int k = 0; k < b->n; k++) {
    if (b->items[k].partner < 0) continue;
    const ScoreBox *head = &a->items[b->items[k].partner].note->box;
    float middle = head->x + 0.5f * head->width;
    double then = onset(b->items[k].note);
    if (fabs(then - at) < 0.01) return *x = middle, true;
    if (then < at && then > before) before = then, left = middle;
    if (then > at && then < behind) behind = then, right = middle;
  }
  if (before < 0 && behind > 1e8) return false;
  if (behind > 1e8) behind = beat_double(read->measures.items[measure].length);
  double share = behind > fmax(0, before) ? (at - fmax(0, before)) / (behind - fmax(0, before)) : 0.5;
  *x = left + (right - left) * (float)fmin(0.95, fmax(0.05, share));
  return true;
}

/* The height on the page of a true note, measured from a note of the same staff that was read in the bar or
 * near it. */
static bool place_y(float *y, const Score *read, int32_t measure, int staff, int target) {
  int best = 1 << 20;
  const ScoreSystem *system = NULL;
  for (size_t s = 0; s < read->systems.n; s++)
    if (measure >= read->systems.items[s].first_measure) system = &read->systems.items[s];
  for (size_t i = 0; system && i < read->notes.n; i++) {
    const ScoreNote *note = &read->notes.items[i];
    int away = abs(note->measure - measure);
    bool inside =
        note->measure >= system->first_measure && note->measure < system->first_measure + system->measures;
    if (!inside || note->kind != SCORE_NOTE || note->grace || staff_of(read, note) != staff) continue;
    int worth = 100 * away + abs(height(note) - target);
    if (worth >= best) continue;
    best = worth;
    *y = note->box.y + 0.5f * note->box.height -
         0.5f * system->staff_space_px * (float)(target - height(note));
  }
  return best < 1 << 20;
}

static bool add_missing(OmrEdits *out, int *kinds, const Score *read, int32_t measure, const Bar *a, const Bar *b,
                        const Item *item) {
  const ScoreNote *truth = item->note;
  int staff = item->staff;
  ScoreBox box = {.page = read->measures.items[measure].box.page};
  int target = truth->kind == SCORE_NOTE ? height(truth) : staff ? 22 : 34;
  if (!true_x(&box.x, read, measure, a, b, onset(truth))) box.x = place_x(read, measure, onset(truth));
  if (truth->whole_measure || truth->type < 0 || !place_y(&box.y, read, measure, staff, target)) return true;
  bool note = truth->kind == SCORE_NOTE,
       ok = say(out, kinds, &box, note ? OMR_EDIT_NOTE : OMR_EDIT_REST, truth->type < 6 ? truth->type : 6);
  if (note)
    ok = ok && say(out, NULL, &box, OMR_EDIT_PITCH, target) &&
         say(out, NULL, &box, OMR_EDIT_ALTER, truth->alter);
  if (truth->dots) ok = ok && say(out, NULL, &box, OMR_EDIT_DOTS, truth->dots);
  if (truth->tuplet_actual == 3) ok = ok && say(out, NULL, &box, OMR_EDIT_TUPLET, 3);
  return ok;
}

static bool compare(OmrEdits *out, int *kinds, const Score *read, int32_t measure, const Score *truth,
                    int32_t true_measure, ScoreNoteKind kind) {
  static Bar a, b;
  bool ok = true;
  load_bar(&a, read, measure, kind), load_bar(&b, truth, true_measure, kind);
  pair(&a, &b);
  for (int i = 0; ok && i < a.n; i++) {
    const ScoreNote *note = a.items[i].note;
    ok = a.items[i].partner >= 0 ? say_differences(out, kinds, note, b.items[a.items[i].partner].note)
                                 : say(out, kinds, &note->box, OMR_EDIT_NOTHING, 0);
  }
  for (int k = 0; ok && k < b.n; k++)
    if (b.items[k].partner < 0)
      ok = add_missing(out, kinds, read, measure, &a, &b, &b.items[k]);
  return ok;
}

/* ---- what rules whole bars ---- */

/* The last sign of a kind that holds when a measure begins, in a staff (-1: any); null none. */
static const ScoreSign *in_force(const Score *score, int32_t measure, ScoreSignKind kind, int staff) {
  const ScoreSign *last = NULL;
  for (size_t i = 0; i < score->signs.n; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    int at = sign->staff;
    for (int p = 0; p < sign->part; p++) at += score->parts.items[p].staves;
    bool holds = sign->measure < measure || (sign->measure == measure && beat_double(sign->onset) < 0.01);
    if (sign->kind == kind && holds && (staff < 0 || at == staff)) last = sign;
  }
  return last;
}

static ScoreBox bar_start(const Score *read, int32_t measure) {
  ScoreBox box = read->measures.items[measure].box;
  box.x += 0.06f * box.width;
  box.width = 0;
  return box;
}

static bool say_time(OmrEdits *out, int *kinds, const Score *read, int32_t m, const Score *truth, int32_t t) {
  const ScoreSign *a = in_force(read, m, SCORE_SIGN_TIME, -1), *b = in_force(truth, t, SCORE_SIGN_TIME, -1);
  if (!a || !b || b->beats <= 0 || a->beats * b->beat_type == b->beats * a->beat_type) return true;
  ScoreBox box = bar_start(read, m);
  return say(out, kinds, &box, OMR_EDIT_TIME, 64 * b->beats + b->beat_type);
}

static bool say_key(OmrEdits *out, int *kinds, const Score *read, int32_t m, const Score *truth, int32_t t) {
  const ScoreSign *a = in_force(read, m, SCORE_SIGN_KEY, -1), *b = in_force(truth, t, SCORE_SIGN_KEY, -1);
  if (!a || !b || a->fifths == b->fifths) return true;
  ScoreBox box = bar_start(read, m);
  return say(out, kinds, &box, OMR_EDIT_KEY, b->fifths);
}

/* Diatonic steps that a note on the middle line is above middle C. */
static int clef_height(const ScoreSign *clef) {
  static const int reference[] = {4, -4, 0};
  return reference[clef->clef <= SCORE_CLEF_C ? clef->clef : 0] + 2 * (3 - clef->clef_line);
}

/* Whether most notes of the staff stand as much too high as the clefs differ. */
static bool clef_explains(const Score *read, int32_t m, const Score *truth, int32_t t, int staff, int rise) {
  static Bar a, b;
  int notes = 0, explained = 0;
  load_bar(&a, read, m, SCORE_NOTE), load_bar(&b, truth, t, SCORE_NOTE);
  for (int i = 0; i < a.n; i++) {
    if (a.items[i].staff != staff) continue;
    bool found = false;
    for (int k = 0; k < b.n && !found; k++)
      found = b.items[k].staff == staff && height(b.items[k].note) == height(a.items[i].note) + rise &&
              fabs(onset(a.items[i].note) - onset(b.items[k].note)) < 0.3;
    notes++, explained += found;
  }
  return rise && notes && 3 * explained >= 2 * notes;
}

static bool say_clef(OmrEdits *out, int *kinds, const Score *read, int32_t m, const Score *truth, int32_t t,
                     int staff) {
  const ScoreSign *a = in_force(read, m, SCORE_SIGN_CLEF, staff), *b = in_force(truth, t, SCORE_SIGN_CLEF, staff);
  ScoreBox box = bar_start(read, m);
  if (!a || !b || !clef_explains(read, m, truth, t, staff, clef_height(b) - clef_height(a))) return true;
  int tonic = 28; /* any height will do to find the staff: the middle of what stands there */
  for (size_t i = 0; i < read->notes.n; i++)
    if (read->notes.items[i].measure == m && staff_of(read, &read->notes.items[i]) == staff)
      tonic = height(&read->notes.items[i]);
  if (!place_y(&box.y, read, m, staff, tonic)) return true;
  box.height = 0;
  return say(out, kinds, &box, OMR_EDIT_CLEF, 16 * b->clef + b->clef_line);
}

bool fixes_of_signs(OmrEdits *out, const Score *read, int32_t measure, const Score *truth, int32_t true_measure,
                    int *kinds) {
  bool ok = say_time(out, kinds, read, measure, truth, true_measure) &&
            say_key(out, kinds, read, measure, truth, true_measure);
  int staves = 0;
  for (size_t p = 0; p < read->parts.n; p++) staves += read->parts.items[p].staves;
  for (int i = 0; ok && i < staves; i++) ok = say_clef(out, kinds, read, measure, truth, true_measure, i);
  return ok;
}

bool fixes_of_bar(OmrEdits *out, const Score *read, int32_t measure, const Score *truth, int32_t true_measure,
                  int *kinds) {
  return compare(out, kinds, read, measure, truth, true_measure, SCORE_NOTE) &&
         compare(out, kinds, read, measure, truth, true_measure, SCORE_REST);
}
