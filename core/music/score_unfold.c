/* First the order of measures: a walk with a start of section, a pass, and whether a D.C. or D.S. has been
 * taken (after it nothing is repeated and last endings are played). Then the notes of each step, tied notes
 * joined to the sound that they continue. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_sort.h"
#include "core/music/score.h"

#include <stdlib.h>

enum { MOST_PASSES = 32, MOST_STEPS = 100000 };

/* ---- order of measures ---- */

/* What the walk needs to know of a measure. */
typedef struct {
  uint16_t group; /* all passes named by the brackets of its group of endings */
  int32_t coda;   /* the next measure after it that starts at a coda, -1 none */
  int32_t segno;  /* the last measure up to it that starts at a segno, else the first one at all, -1 none */
  uint8_t plays;  /* how often it has been played */
  bool jumped;    /* its D.C. or D.S. has been taken */
} Place;

typedef struct {
  const Score *score;
  ScoreUnfolded *out;
  Place *places;
  size_t section; /* where a repeat sign goes back to */
  int pass;
  int most;       /* the largest of plays */
  bool last_time; /* after a D.C. or D.S. */
  Beat start;
} Walk;

static const ScoreMeasure *measure_at(const Walk *walk, size_t m) {
  return &walk->score->measures.items[m];
}

static void find_groups(const Walk *walk) {
  size_t n = walk->score->measures.n;
  for (size_t m = 0, end; m < n; m = end) {
    unsigned bits = 0;
    for (end = m; end < n && measure_at(walk, end)->endings; end++) bits |= measure_at(walk, end)->endings;
    for (size_t i = m; i < end; i++) walk->places[i].group = (uint16_t)bits;
    if (end == m) end++;
  }
}

static void find_targets(const Walk *walk) {
  int32_t segno = -1, coda = -1;
  for (size_t m = walk->score->measures.n; m-- > 0;) {
    walk->places[m].coda = coda;
    if (measure_at(walk, m)->jumps & SCORE_JUMP_CODA) coda = (int32_t)m;
    if (measure_at(walk, m)->jumps & SCORE_JUMP_SEGNO) segno = (int32_t)m;
  }
  for (size_t m = 0; m < walk->score->measures.n; m++) {
    if (measure_at(walk, m)->jumps & SCORE_JUMP_SEGNO) segno = (int32_t)m;
    walk->places[m].segno = segno;
  }
}

static int highest(unsigned bits) {
  int n = 0;
  for (; bits; bits >>= 1) n++;
  return n;
}

static bool skipped(const Walk *walk, size_t m) {
  unsigned endings = measure_at(walk, m)->endings;
  if (!endings) return false;
  int pass = walk->last_time ? highest(walk->places[m].group) : walk->pass;
  return pass > 16 || !(endings >> (pass - 1) & 1);
}

static bool play(Walk *walk, size_t m) {
  uint8_t *plays = &walk->places[m].plays;
  ScoreStep step = {.measure = (int32_t)m, .pass = (int16_t)(*plays + 1), .start = walk->start};
  if (!base_array_push(&walk->out->steps, step)) return false;
  if (*plays < UINT8_MAX - 1) ++*plays;
  if (*plays > walk->most) walk->most = *plays;
  walk->start = beat_add(walk->start, measure_at(walk, m)->length);
  return true;
}

static bool may_go_back(const Walk *walk) {
  return walk->most < MOST_PASSES && walk->out->steps.n + walk->score->measures.n <= MOST_STEPS;
}

static int passes_wanted(const Walk *walk, size_t m) {
  int wanted = measure_at(walk, m)->repeat_stop;
  int named = wanted ? highest(walk->places[m].group) : 0;
  return named > wanted ? named : wanted;
}

/* The section is over: what follows has its own first pass. Brackets still to come keep the pass. */
static void leave_section(Walk *walk, size_t m) {
  const Score *score = walk->score;
  bool more_endings = m + 1 < score->measures.n && score->measures.items[m + 1].endings;
  bool closes = score->measures.items[m].repeat_stop || score->measures.items[m].endings;
  if (!closes || more_endings) return;
  walk->section = m + 1;
  walk->pass = 1;
}

static bool jump_back(size_t *next, Walk *walk, size_t m) {
  unsigned jumps = measure_at(walk, m)->jumps;
  Place *place = &walk->places[m];
  int32_t target = jumps & SCORE_JUMP_DA_CAPO ? 0 : jumps & SCORE_JUMP_DAL_SEGNO ? place->segno : -1;
  if (target < 0 || place->jumped || !may_go_back(walk)) return false;
  place->jumped = true;
  walk->last_time = true;
  *next = (size_t)target;
  return true;
}

/* Where to go after `m` has been played. */
static size_t after(Walk *walk, size_t m) {
  size_t end = walk->score->measures.n, next;
  unsigned jumps = measure_at(walk, m)->jumps;
  if (!walk->last_time && walk->pass < passes_wanted(walk, m) && may_go_back(walk)) {
    walk->pass++;
    return walk->section;
  }
  if (walk->last_time && jumps & SCORE_JUMP_FINE) return end;
  if (walk->last_time && jumps & SCORE_JUMP_TO_CODA && walk->places[m].coda >= 0)
    return (size_t)walk->places[m].coda;
  if (jump_back(&next, walk, m)) return next;
  leave_section(walk, m);
  return m + 1;
}

static bool walk_by_signs(Walk *walk) {
  size_t n = walk->score->measures.n;
  for (size_t m = 0; m < n && walk->out->steps.n < MOST_STEPS;) {
    if (measure_at(walk, m)->repeat_start && walk->section != m) {
      walk->section = m;
      walk->pass = 1;
    }
    if (skipped(walk, m)) {
      leave_section(walk, m++);
      continue;
    }
    if (!play(walk, m)) return false;
    m = after(walk, m);
  }
  return true;
}

static bool walk_once(Walk *walk) {
  walk->last_time = true;
  for (size_t m = 0; m < walk->score->measures.n && walk->out->steps.n < MOST_STEPS; m++)
    if (!skipped(walk, m) && !play(walk, m)) return false;
  return true;
}

static bool walk_by_order(Walk *walk, const ScoreUnfoldParams *params) {
  for (size_t i = 0; i < params->order_n; i++)
    if (!play(walk, (size_t)params->order[i])) return false;
  return true;
}

static BaseStatus check_order(BaseContext *ctx, const Score *score, const ScoreUnfoldParams *params) {
  for (size_t i = 0; params->order && i < params->order_n; i++)
    if (params->order[i] < 0 || (size_t)params->order[i] >= score->measures.n)
      return base_fail(ctx, BASE_BAD_INPUT, "The playing order names measure %d, but the score has %zu.",
                       params->order[i] + 1, score->measures.n);
  if (params->order && params->order_n > MOST_STEPS)
    return base_fail(ctx, BASE_BAD_INPUT, "The playing order has more than %d measures.", MOST_STEPS);
  return BASE_OK;
}

static BaseStatus make_steps(BaseContext *ctx, ScoreUnfolded *out, const Score *score,
                             const ScoreUnfoldParams *params) {
  BaseStatus status = check_order(ctx, score, params);
  if (status != BASE_OK) return status;
  Walk walk = {.score = score, .out = out, .pass = 1, .start = {0, 1}};
  walk.places = calloc(score->measures.n + 1, sizeof *walk.places);
  if (!walk.places) return base_fail_memory(ctx);
  find_groups(&walk);
  find_targets(&walk);
  bool done = params->order        ? walk_by_order(&walk, params)
              : params->no_repeats ? walk_once(&walk)
                                   : walk_by_signs(&walk);
  free(walk.places);
  return done ? BASE_OK : base_fail_memory(ctx);
}

/* ---- notes ---- */

/* A sound whose last note is tied on. */
typedef struct {
  size_t sound;
  int16_t part, voice;
  uint8_t midi;
  Beat end;
} Held;

typedef struct {
  const Score *score;
  ScoreUnfolded *out;
  const size_t *first_note; /* for each measure, and one past the last: where its notes start */
  BASE_ARRAY(Held) held;
} Gather;

static void drop_ended(Gather *gather, Beat now) {
  size_t kept = 0;
  for (size_t i = 0; i < gather->held.n; i++)
    if (beat_compare(gather->held.items[i].end, now) >= 0) gather->held.items[kept++] = gather->held.items[i];
  gather->held.n = kept;
}

/* The sound that a note with a tie from the left continues: same part, key and moment; same voice if it can.
 */
static Held *continued(Gather *gather, const ScoreNote *note, uint8_t midi, Beat onset) {
  Held *found = NULL;
  for (size_t i = 0; note->ties & SCORE_TIE_STOP && i < gather->held.n; i++) {
    Held *held = &gather->held.items[i];
    if (held->part != note->part || held->midi != midi || !beat_equal(held->end, onset)) continue;
    if (held->voice == note->voice) return held;
    found = held;
  }
  return found;
}

static bool tie_on(Gather *gather, Held *held, const ScoreNote *note, Beat end) {
  ScoreSound *sound = &gather->out->sounds.items[held->sound];
  sound->duration = beat_sub(end, sound->onset);
  held->end = end;
  held->voice = note->voice;
  if (!(note->ties & SCORE_TIE_START)) *held = gather->held.items[--gather->held.n];
  return true;
}

static bool sound_note(Gather *gather, const ScoreNote *note, int32_t step) {
  const ScorePart *part = &gather->score->parts.items[note->part];
  int key = score_midi(note) + part->transpose;
  uint8_t midi = (uint8_t)(key < 0 ? 0 : key > 127 ? 127 : key);
  Beat onset = beat_add(gather->out->steps.items[step].start, note->onset);
  Beat end = beat_add(onset, note->duration);
  Held *held = note->grace ? NULL : continued(gather, note, midi, onset);
  if (held) return tie_on(gather, held, note, end);
  ScoreSound sound = {.note = note->id,
                      .step = step,
                      .onset = onset,
                      .duration = note->duration,
                      .midi = midi,
                      .grace = note->grace,
                      .part = note->part,
                      .staff = note->staff};
  if (!base_array_push(&gather->out->sounds, sound)) return false;
  if (!(note->ties & SCORE_TIE_START) || note->grace) return true;
  return base_array_push(&gather->held,
                         (Held){gather->out->sounds.n - 1, note->part, note->voice, midi, end});
}

static bool gather_step(Gather *gather, int32_t step) {
  const ScoreStep *played = &gather->out->steps.items[step];
  drop_ended(gather, played->start);
  for (size_t i = gather->first_note[played->measure]; i < gather->first_note[played->measure + 1]; i++) {
    const ScoreNote *note = &gather->score->notes.items[i];
    if (note->kind == SCORE_NOTE && !note->cue && !sound_note(gather, note, step)) return false;
  }
  return true;
}

static int compare_sounds(const void *left, const void *right) {
  const ScoreSound *a = left, *b = right;
  int order = beat_compare(a->onset, b->onset);
  if (order) return order;
  return a->grace != b->grace ? (a->grace ? -1 : 1) : a->midi - b->midi;
}

static bool make_onsets(ScoreUnfolded *out) {
  for (size_t i = 0; i < out->sounds.n; i++) {
    Beat onset = out->sounds.items[i].onset;
    ScoreOnset *last = out->onsets.n ? &out->onsets.items[out->onsets.n - 1] : NULL;
    if (last && beat_equal(last->onset, onset))
      last->n++;
    else if (!base_array_push(&out->onsets, (ScoreOnset){onset, i, 1}))
      return false;
  }
  return true;
}

static BaseStatus make_sounds(BaseContext *ctx, ScoreUnfolded *out, const Score *score) {
  size_t *first_note = calloc(score->measures.n + 2, sizeof *first_note);
  if (!first_note) return base_fail_memory(ctx);
  for (size_t i = 0; i < score->notes.n; i++) first_note[score->notes.items[i].measure + 1]++;
  for (size_t m = 0; m < score->measures.n; m++) first_note[m + 1] += first_note[m];
  Gather gather = {.score = score, .out = out, .first_note = first_note};
  bool done = true;
  for (size_t i = 0; done && i < out->steps.n; i++) done = gather_step(&gather, (int32_t)i);
  base_array_clear(&gather.held);
  free(first_note);
  if (!done) return base_fail_memory(ctx);
  base_sort(out->sounds.items, out->sounds.n, sizeof *out->sounds.items, compare_sounds);
  return make_onsets(out) ? BASE_OK : base_fail_memory(ctx);
}

BaseStatus score_unfold(BaseContext *ctx, ScoreUnfolded **out, const Score *score,
                        const ScoreUnfoldParams *params) {
  static const ScoreUnfoldParams DEFAULTS = {0};
  ScoreUnfolded *unfolded = calloc(1, sizeof *unfolded);
  if (!unfolded) return base_fail_memory(ctx);
  BaseStatus status = make_steps(ctx, unfolded, score, params ? params : &DEFAULTS);
  if (status == BASE_OK) status = make_sounds(ctx, unfolded, score);
  if (status == BASE_OK)
    *out = unfolded;
  else
    score_unfolded_free(unfolded);
  return status;
}

void score_unfolded_free(ScoreUnfolded *unfolded) {
  if (!unfolded) return;
  base_array_clear(&unfolded->steps);
  base_array_clear(&unfolded->sounds);
  base_array_clear(&unfolded->onsets);
  free(unfolded);
}
