/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the picture leaves it open which sign stands before a head, whether there is one, or on which ledger line a
 * head stands, the other readings are written into the score that the page gives, one at a time, and the prior tells how
 * surprising the bar and the next one are then. What the picture says against a reading and what the music says for
 * it are both nats, those of the picture estimated from scans; small differences change nothing. */
#include "core/omr/omr_again.h"

#include "core/omr/omr_assembly.h"
#include "core/omr/omr_pitch.h"
#include "core/omr/omr_signs.h"
#include "core/omr/omr_suit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OCTAVES = 11, LEAST_HEADS = 5 };

/* Nats against another reading: for each unit that a sign looks like one more than it has to, less than it has to, or more
 * than the other kind does; for each half space that a step is farther from its place. */
#define SIGN_GONE  60.0f
#define SIGN_COMES 40.0f
#define SIGN_OTHER 120.0f
#define STEP       8.0f

/* By how many nats it must be the likelier one; where the picture alone says more, the prior is not asked. */
#define SIGN_WORTH 2.5f
#define STEP_WORTH 5.0f
#define HOPELESS   5.0f

#define USUAL_STEP   1.08f
#define USUAL_BEYOND 1.4f

/* Another reading of a head. */
typedef struct {
  int32_t head;
  size_t note;  /* of the score */
  bool step;    /* it stands `to` steps higher; else its sign is of kind `to` */
  int to;
  float nats;   /* against it by the picture alone */
} Doubt;

typedef BASE_ARRAY(Doubt) Doubts;

typedef struct {
  OmrPage *page;
  Score *score;
  ScorePrior prior;
  size_t first, end; /* the notes of the bar that is looked at … */
  double nats;       /* … and how surprising it is */
  ScoreNote *kept;   /* those notes, room for all of the score */
  float *room;       /* for a number of each head */
} Again;

/* ---- what is in doubt ---- */

static bool is_of(const ScoreNote *note, const OmrHead *head) {
  return note->kind == SCORE_NOTE && fabsf(note->box.x + 0.5f * note->box.width - head->x_px) < 1 &&
         fabsf(note->box.y + 0.5f * note->box.height - head->y_px) < 1;
}

static bool note_of(size_t *note, const Score *score, const OmrHead *head) {
  for (*note = 0; *note < score->notes.n; ++*note)
    if (is_of(&score->notes.items[*note], head)) return true;
  return false;
}

/* How much more the sign before the head looks like one than it has to; 0 when there is none. */
static float excess(const OmrPage *page, size_t first, size_t n) {
  const OmrSign *signs = page->signs.items + first;
  uint8_t accidental = page->heads.items[signs->head].accidental;
  for (size_t i = 0; i < n; i++)
    if (accidental && omr_sign_accidental(signs[i].kind) == accidental) return signs[i].value - omr_sign_wanted(signs[i].kind);
  return 0;
}

static bool doubt_signs(Doubts *doubts, const OmrPage *page, size_t first, size_t n) {
  const OmrSign *signs = page->signs.items + first;
  uint8_t accidental = page->heads.items[signs->head].accidental;
  float now = excess(page, first, n);
  Doubt gone = {.head = signs->head, .to = OMR_SYMBOLS, .nats = SIGN_GONE * now};
  if (accidental && !base_array_push(doubts, gone)) return false;
  for (size_t i = 0; i < n; i++) {
    float value = signs[i].value - omr_sign_wanted(signs[i].kind);
    Doubt other = {.head = signs->head, .to = signs[i].kind};
    other.nats = accidental ? SIGN_OTHER * (now - value) : -SIGN_COMES * value;
    if (omr_sign_accidental(signs[i].kind) != accidental && !base_array_push(doubts, other)) return false;
  }
  return true;
}

/* Where heads on ledger lines of a page stand, in half spaces from the outer line: its lines stand at even distances of
 * their own, and what hangs beyond the last of them hangs at a distance of its own. */
typedef struct {
  float step, beyond;
} Ladder;

static int by_size(const void *a, const void *b) {
  float fa = *(const float *)a, fb = *(const float *)b;
  return fa < fb ? -1 : fa > fb;
}

static float median(float *values, size_t n, float usual) {
  if (n < LEAST_HEADS) return usual;
  qsort(values, n, sizeof *values, by_size);
  return values[n / 2];
}

/* How far out the head is, and the number of its position from the outer line on; false inside. */
static bool outside(float *out, int *count, const OmrPage *page, const OmrHead *head, int side) {
  *count = side * head->position - 4;
  if (*count < 2 || head->small) return false;
  *out = (float)side * omr_staff_position(page, &page->staves.items[head->staff], head->x_px, head->y_px) - 4;
  return true;
}

static Ladder ladder_of(const OmrPage *page, int side, float *room) {
  Ladder ladder;
  float out;
  int count;
  size_t n = 0;
  for (size_t i = 0; i < page->heads.n; i++)
    if (outside(&out, &count, page, &page->heads.items[i], side) && count % 2 == 0) room[n++] = out / (float)count;
  ladder.step = median(room, n, USUAL_STEP);
  n = 0;
  for (size_t i = 0; i < page->heads.n; i++)
    if (outside(&out, &count, page, &page->heads.items[i], side) && count % 2)
      room[n++] = out - ladder.step * (float)(count - 1);
  ladder.beyond = median(room, n, USUAL_BEYOND);
  return ladder;
}

static float miss(const Ladder *ladder, float out, int count) {
  float even = ladder->step * (float)(count & ~1);
  return fabsf(out - even - (count % 2 ? ladder->beyond : 0));
}

static bool doubt_steps(Doubts *doubts, const OmrPage *page, int side, float *room) {
  Ladder ladder = ladder_of(page, side, room);
  for (int32_t i = 0; i < (int32_t)page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    float out;
    int count;
    if (!outside(&out, &count, page, head, side)) continue;
    for (int d = -1; d <= 1; d += 2) {
      float worse = miss(&ladder, out, count + d) - miss(&ladder, out, count);
      Doubt doubt = {.head = i, .step = true, .to = side * d, .nats = STEP * worse};
      if (count + d >= 2 && worse < 0 && !base_array_push(doubts, doubt)) return false;
    }
  }
  return true;
}

static int by_note(const void *a, const void *b) {
  const Doubt *da = a, *db = b;
  if (da->note != db->note) return da->note > db->note ? 1 : -1;
  return da->nats != db->nats ? (da->nats > db->nats ? 1 : -1) : da->to - db->to;
}

/* Keeps those that have a note and some hope, in the order of the music. */
static void sort_out(Doubts *doubts, const Again *again) {
  size_t n = 0;
  for (size_t i = 0; i < doubts->n; i++) {
    Doubt doubt = doubts->items[i];
    if (doubt.nats < HOPELESS && note_of(&doubt.note, again->score, &again->page->heads.items[doubt.head]))
      doubts->items[n++] = doubt;
  }
  doubts->n = n;
  if (n) qsort(doubts->items, n, sizeof *doubts->items, by_note);
}

static bool collect(Doubts *doubts, const Again *again) {
  const OmrPage *page = again->page;
  bool fine = true;
  for (size_t i = 0, n; fine && i < page->signs.n; i += n) {
    n = omr_signs_of(page, i);
    fine = doubt_signs(doubts, page, i, n);
  }
  fine = fine && doubt_steps(doubts, page, 1, again->room) && doubt_steps(doubts, page, -1, again->room);
  sort_out(doubts, again);
  return fine;
}

/* ---- a bar spelled anew ---- */

static int key_at(const Score *score, int32_t measure) {
  int fifths = 0;
  for (size_t i = 0; i < score->signs.n; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    if (sign->kind == SCORE_SIGN_KEY && sign->part == 0 && sign->measure <= measure) fifths = sign->fifths;
  }
  return fifths;
}

static int row_of(const Score *score, const ScoreNote *note) {
  int row = note->staff;
  for (int part = 0; part < note->part; part++) row += score->parts.items[part].staves;
  return row < OMR_BAR_STAVES ? row : OMR_BAR_STAVES - 1;
}

/* The next note of the bar behind `last` from left to right, by place and then by number; `end` when there is none. */
static size_t next_note(const Again *again, size_t last) {
  const ScoreNote *notes = again->score->notes.items;
  size_t best = again->end;
  for (size_t i = again->first; i < again->end; i++) {
    float x = notes[i].box.x + 0.5f * notes[i].box.width;
    if (notes[i].kind != SCORE_NOTE) continue;
    if (last < again->end) {
      float from = notes[last].box.x + 0.5f * notes[last].box.width;
      if (x < from || (x == from && i <= last)) continue;
    }
    if (best == again->end || x < notes[best].box.x + 0.5f * notes[best].box.width) best = i;
  }
  return best;
}

/* What the notes of the bar sound like under its signs. */
static void spell(Again *again) {
  enum { NONE = 100 };
  int8_t held[OMR_BAR_STAVES][7 * OCTAVES];
  memset(held, NONE, sizeof held);
  int fifths = key_at(again->score, again->score->notes.items[again->first].measure);
  for (size_t i = next_note(again, again->end); i < again->end; i = next_note(again, i)) {
    ScoreNote *note = &again->score->notes.items[i];
    int diatonic = 7 * note->octave + note->step;
    if (diatonic < 0 || diatonic >= 7 * OCTAVES) continue;
    int8_t *alter = &held[row_of(again->score, note)][diatonic];
    if (note->accidental) *alter = (int8_t)omr_accidental_alter(note->accidental);
    note->alter = *alter == NONE ? (int8_t)omr_key_alter(fifths, note->step) : *alter;
  }
}

static void move(ScoreNote *note, int steps) {
  int diatonic = 7 * note->octave + note->step + steps;
  if (diatonic < 0 || diatonic >= 7 * OCTAVES) return;
  note->octave = (int8_t)(diatonic / 7);
  note->step = (int8_t)(diatonic % 7);
}

/* Writes the bar as it would be; two voices may share the head. */
static void write_down(Again *again, const Doubt *doubt) {
  const OmrHead *head = &again->page->heads.items[doubt->head];
  for (size_t i = again->first; i < again->end; i++) {
    ScoreNote *note = &again->score->notes.items[i];
    if (!is_of(note, head)) continue;
    if (doubt->step)
      move(note, doubt->to);
    else
      note->accidental = omr_sign_accidental((uint8_t)doubt->to);
  }
  spell(again);
}

/* ---- asking ---- */

static double ask(const Again *again) {
  int32_t measure = again->score->notes.items[again->first].measure, end = measure + 2;
  return again->prior.fn(again->prior.user, again->score, measure,
                         end < (int32_t)again->score->measures.n ? end : (int32_t)again->score->measures.n);
}

/* Goes to the bar of a note; false when its spelling is not what the signs make it, so that nothing can be tried. */
static bool go_to(Again *again, size_t note) {
  const ScoreNote *notes = again->score->notes.items;
  if (note >= again->first && note < again->end) return again->nats >= 0;
  again->first = again->end = note;
  while (again->first > 0 && notes[again->first - 1].measure == notes[note].measure) again->first--;
  while (again->end < again->score->notes.n && notes[again->end].measure == notes[note].measure) again->end++;
  size_t n = again->end - again->first;
  memcpy(again->kept, notes + again->first, n * sizeof *notes);
  spell(again);
  again->nats = -1;
  bool same = true;
  for (size_t i = 0; i < n; i++) same &= again->kept[i].alter == notes[again->first + i].alter;
  if (same) again->nats = ask(again);
  memcpy(again->score->notes.items + again->first, again->kept, n * sizeof *notes);
  return again->nats >= 0;
}

static bool stands_with(const OmrHead *a, const OmrHead *b) {
  return a->staff == b->staff && fabsf(a->x_px - b->x_px) < 1 && fabsf(a->y_px - b->y_px) < 1;
}

/* Changes the page; false without memory. */
static bool take(OmrPage *page, const Doubt *doubt) {
  const OmrHead like = page->heads.items[doubt->head];
  for (int32_t i = 0; i < (int32_t)page->heads.n; i++) {
    OmrHead *head = &page->heads.items[i];
    if (!stands_with(head, &like)) continue;
    if (!doubt->step) {
      if (!omr_change_sign(page, i, (uint8_t)doubt->to)) return false;
      continue;
    }
    head->position = (int16_t)(head->position + doubt->to);
  }
  return true;
}

/* The best of the readings [doubts, doubts + n) of one note is taken where it is likelier than what was read. */
static bool decide(Again *again, const Doubt *doubts, size_t n) {
  const Doubt *best = NULL;
  double least = 0, nats = 0;
  if (!go_to(again, doubts->note)) return true;
  size_t bytes = (again->end - again->first) * sizeof *again->kept;
  ScoreNote *notes = again->score->notes.items + again->first;
  for (size_t i = 0; i < n; i++) {
    memcpy(again->kept, notes, bytes);
    write_down(again, &doubts[i]);
    double worth = (double)(doubts[i].nats + (doubts[i].step ? STEP_WORTH : SIGN_WORTH));
    double now = ask(again), change = now < 0 ? 0 : now - again->nats + worth;
    memcpy(notes, again->kept, bytes);
    if (change < least) best = &doubts[i], least = change, nats = now;
  }
  if (!best) return true;
  write_down(again, best);
  again->nats = nats;
  return take(again->page, best);
}

static BaseStatus think(BaseContext *ctx, Again *again) {
  Doubts doubts = {0};
  BaseStatus status = collect(&doubts, again) ? BASE_OK : base_fail_memory(ctx);
  for (size_t i = 0, n; !status && i < doubts.n; i += n) {
    for (n = 1; i + n < doubts.n && doubts.items[i + n].note == doubts.items[i].note; n++) {}
    if (base_cancelled(ctx))
      status = base_fail_cancelled(ctx);
    else if (!decide(again, doubts.items + i, n))
      status = base_fail_memory(ctx);
  }
  base_array_clear(&doubts);
  return status;
}

/* Notes how odd each bar is; bars of the score begin at bar lines of the page. */
static bool find_odd(const Again *again) {
  const Score *score = again->score;
  OmrPage *page = again->page;
  float *odd = calloc(score->measures.n + 1, sizeof *odd);
  if (!odd) return false;
  bool told = again->prior.odd && again->prior.odd(again->prior.user, odd, score);
  for (size_t m = 0; told && m < score->measures.n; m++) {
    const ScoreBox *box = &score->measures.items[m].box;
    for (size_t i = 0; i < page->bars.n; i++) {
      OmrBar *bar = &page->bars.items[i];
      if (bar->x_px == box->x && page->systems.items[bar->system].y0_px == box->y) bar->odd = odd[m];
    }
  }
  free(odd);
  return true;
}

BaseStatus omr_again(BaseContext *ctx, OmrPage *page, OmrBars *bars, ScorePrior prior) {
  if (!prior.fn) return BASE_OK;
  Again again = {.page = page, .prior = prior};
  const OmrPage *pages[] = {page};
  BaseStatus status = omr_assemble(ctx, &again.score, pages, 1, &(OmrAssembleParams){.bars = bars});
  if (status) return status;
  again.kept = calloc(again.score->notes.n + 1, sizeof *again.kept);
  again.room = calloc(page->heads.n + 1, sizeof *again.room);
  status = again.kept && again.room ? think(ctx, &again) : base_fail_memory(ctx);
  if (!status && !find_odd(&again)) status = base_fail_memory(ctx);
  free(again.kept);
  free(again.room);
  score_free(again.score);
  return status;
}
