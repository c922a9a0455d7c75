/* One sweep over signs and notes in written order. A backward pass first tells each hairpin where it ends and
 * which dynamic it leads to. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/score_dynamics.h"

#include "core/music/glossary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float NEUTRAL = 80, HAIRPIN_STEP = 20, ACCENT = 12, MARCATO = 20;
static const double REACH_QUARTERS = 1; /* a dynamic this soon after a hairpin is its goal */

/* Where a hairpin that starts at a sign ends. */
typedef struct {
  double end;
  float goal; /* 0: a step louder or softer */
} Hairpin;

/* One staff of one part. */
typedef struct {
  float level;
  double from, to; /* the hairpin in force; to <= from: none */
  float from_level;
  double sudden; /* where a sforzato stands */
  float sudden_level;
} StaffLevel;

typedef struct {
  const Score *score;
  double *starts;      /* quarter at which each measure starts as written */
  size_t *first_staff; /* for each part: its first StaffLevel */
  StaffLevel *levels;
  Hairpin *hairpins; /* for each sign */
  size_t staves;
} Sweep;

static double place(const Sweep *sweep, int32_t measure, Beat onset) {
  return sweep->starts[measure] + beat_double(onset);
}

static double sign_place(const Sweep *sweep, size_t i) {
  const ScoreSign *sign = &sweep->score->signs.items[i];
  return place(sweep, sign->measure, sign->onset);
}

/* What is known of the music to the right while going backwards through one part. */
typedef struct {
  double stop[2]; /* nearest end of a diminuendo, crescendo */
  float goal[2];
  double dynamic; /* nearest dynamic */
  float velocity;
} Ahead;

static bool begins(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

static bool momentary(const char *text) {
  return begins(text, "sf") || begins(text, "rf") || begins(text, "fz") || begins(text, "fp");
}

static void look_at(Ahead *ahead, Hairpin *hairpin, const ScoreSign *sign, double at) {
  int side = sign->wedge > 0;
  if (sign->kind == SCORE_SIGN_DYNAMIC && sign->velocity > 0 && !momentary(sign->text)) {
    ahead->dynamic = at;
    ahead->velocity = sign->velocity;
  } else if (sign->kind == SCORE_SIGN_WEDGE && sign->edge == SCORE_EDGE_STOP) {
    ahead->stop[side] = at;
    ahead->goal[side] = ahead->dynamic - at <= REACH_QUARTERS ? ahead->velocity : 0;
  } else if (sign->kind == SCORE_SIGN_WEDGE && sign->edge == SCORE_EDGE_START) {
    *hairpin = (Hairpin){fmin(ahead->stop[side], ahead->dynamic), ahead->goal[side]};
    if (ahead->dynamic <= ahead->stop[side]) hairpin->goal = ahead->velocity;
  }
}

static BaseStatus aim_hairpins(BaseContext *ctx, Sweep *sweep) {
  size_t parts = sweep->score->parts.n;
  Ahead *ahead = calloc(parts + 1, sizeof *ahead);
  if (!ahead) return base_fail_memory(ctx);
  for (size_t p = 0; p < parts; p++) ahead[p] = (Ahead){{INFINITY, INFINITY}, {0, 0}, INFINITY, 0};
  for (size_t i = sweep->score->signs.n; i-- > 0;) {
    const ScoreSign *sign = &sweep->score->signs.items[i];
    look_at(&ahead[sign->part], &sweep->hairpins[i], sign, sign_place(sweep, i));
  }
  free(ahead);
  return BASE_OK;
}

static float level_at(const StaffLevel *staff, double at) {
  if (staff->sudden == at) return staff->sudden_level;
  if (staff->to <= staff->from || at >= staff->to) return staff->level;
  double done = (at - staff->from) / (staff->to - staff->from);
  return staff->from_level + (float)done * (staff->level - staff->from_level);
}

static void set_dynamic(StaffLevel *staff, const ScoreSign *sign, double at) {
  if (momentary(sign->text)) {
    staff->sudden = at;
    staff->sudden_level = sign->velocity;
    size_t letters = strcspn(sign->text, " "), before_p = strcspn(sign->text, "p");
    if (before_p >= letters) return;
    staff->level = glossary_velocity(sign->text + before_p);
  } else {
    staff->level = sign->velocity;
  }
  staff->to = staff->from;
}

static void start_hairpin(StaffLevel *staff, const ScoreSign *sign, const Hairpin *hairpin, double at) {
  float level = level_at(staff, at),
        goal = hairpin->goal > 0 ? hairpin->goal : level + sign->wedge * HAIRPIN_STEP;
  if (!isfinite(hairpin->end)) return;
  *staff = (StaffLevel){.level = fminf(fmaxf(goal, 1), 127),
                        .from = at,
                        .to = hairpin->end,
                        .from_level = level,
                        .sudden = staff->sudden,
                        .sudden_level = staff->sudden_level};
}

static void apply(Sweep *sweep, size_t i, int staff, double at) {
  const ScoreSign *sign = &sweep->score->signs.items[i];
  StaffLevel *level = &sweep->levels[sweep->first_staff[sign->part] + (size_t)staff];
  if (sign->kind == SCORE_SIGN_DYNAMIC && sign->velocity > 0)
    set_dynamic(level, sign, at);
  else if (sign->kind == SCORE_SIGN_WEDGE && sign->edge == SCORE_EDGE_START)
    start_hairpin(level, sign, &sweep->hairpins[i], at);
}

/* All signs of one place: first on every staff of the part, then each on its own, so that the own one wins.
 */
static size_t apply_place(Sweep *sweep, size_t first) {
  const Score *score = sweep->score;
  double at = sign_place(sweep, first);
  size_t end = first;
  for (; end < score->signs.n && sign_place(sweep, end) == at; end++)
    for (int s = 0; s < score->parts.items[score->signs.items[end].part].staves; s++)
      if (s != score->signs.items[end].staff) apply(sweep, end, s, at);
  for (size_t i = first; i < end; i++)
    if (score->signs.items[i].staff >= 0) apply(sweep, i, score->signs.items[i].staff, at);
  return end;
}

static uint8_t note_velocity(const Sweep *sweep, const ScoreNote *note, double at) {
  float level = level_at(&sweep->levels[sweep->first_staff[note->part] + (size_t)note->staff], at);
  if (note->marks & SCORE_ACCENT) level += ACCENT;
  if (note->marks & SCORE_MARCATO) level += MARCATO;
  return (uint8_t)lrintf(fminf(fmaxf(level, 1), 127));
}

static void sweep_notes(Sweep *sweep, uint8_t *velocity) {
  const Score *score = sweep->score;
  size_t sign = 0;
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    double at = place(sweep, note->measure, note->onset);
    while (sign < score->signs.n && sign_place(sweep, sign) <= at) sign = apply_place(sweep, sign);
    velocity[i] = note_velocity(sweep, note, at);
  }
}

static bool prepare(Sweep *sweep) {
  const Score *score = sweep->score;
  sweep->first_staff = calloc(score->parts.n + 1, sizeof *sweep->first_staff);
  sweep->starts = calloc(score->measures.n + 1, sizeof *sweep->starts);
  sweep->hairpins = calloc(score->signs.n + 1, sizeof *sweep->hairpins);
  for (size_t p = 0; sweep->first_staff && p < score->parts.n; p++) {
    sweep->first_staff[p] = sweep->staves;
    sweep->staves += (size_t)score->parts.items[p].staves;
  }
  sweep->levels = calloc(sweep->staves + 1, sizeof *sweep->levels);
  if (!sweep->first_staff || !sweep->starts || !sweep->hairpins || !sweep->levels) return false;
  for (size_t s = 0; s < sweep->staves; s++) sweep->levels[s] = (StaffLevel){.level = NEUTRAL, .sudden = -1};
  for (size_t m = 0; m < score->measures.n; m++)
    sweep->starts[m + 1] = sweep->starts[m] + beat_double(score->measures.items[m].length);
  return true;
}

BaseStatus score_velocities(BaseContext *ctx, uint8_t *velocity, const Score *score) {
  Sweep sweep = {.score = score};
  BaseStatus status = prepare(&sweep) ? aim_hairpins(ctx, &sweep) : base_fail_memory(ctx);
  if (status == BASE_OK) sweep_notes(&sweep, velocity);
  free(sweep.first_staff);
  free(sweep.starts);
  free(sweep.hairpins);
  free(sweep.levels);
  return status;
}
