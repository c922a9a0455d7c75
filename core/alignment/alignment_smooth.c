/* Smoothing by empirical Bayes. Time as a function of the score is a slope that wanders (an integrated random walk: Wahba
 * 1978), a player's jitter around it, and the noise of hearing, which is the wider the softer a stroke was. The notes of chords
 * tell how strong the noise is in this piece; the other two are what makes its onsets likeliest, by a Kalman filter that fat
 * tails keep from strays (Meinhold & Singpurwalla 1989). The curve is then a penalised least-squares fit, reweighted so that neither a misheard onset nor a
 * sudden change of tempo bends it, and a row lies between the curve and where it was heard, as jitter and noise share what is
 * between them. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { LEAST_ROWS = 24, LEAST_CHORDS = 8, ROUNDS = 8, REACH = 4, LEAST_NEIGHBOURS = 4 };
static const double USUAL_NOISE_S = 0.009, FAR = 1.3; /* of a loud onset; what is far off its chord is not seen in scatter */
static const double JITTER_S[] = {0.004, 0.008, 0.016, 0.032};
static const double WANDER[] = {0.05, 0.1, 0.2, 0.4}; /* of the slope within a quarter, as a share of it */
enum { JITTERS = sizeof JITTER_S / sizeof *JITTER_S, WANDERS = sizeof WANDER / sizeof *WANDER };
static const double FREEDOM = 4, FREEDOM_OF_SLOPE = 3; /* of Student's distribution */
static const double STRAY_SIGMAS = 3.5, LOUD = 0.3;    /* a loud row farther off than that is a pause or a slip: left alone */
static const double LEAST_STEP = 1e-3;                 /* quarters */
static const double LINE_SHARE = 0.35;                 /* variance of a line through neighbours over that of one row */

/* Variances, in s² but for `wander` in (s/quarter)² a quarter; `slope` in s/quarter. */
typedef struct {
  double noise, jitter, wander, slope;
} Player;

/* The rows of a span that were heard. */
typedef struct {
  const double *quarter, *time_s;
  const AlignmentScatter *scatter;
  size_t n;
} Heard;

static double noise_of(const Player *player, const AlignmentScatter *row) {
  return player->noise / fmax((double)row->precision, 1e-6);
}

static double step_after(const Heard *h, size_t i) {
  return fmax(h->quarter[i + 1] - h->quarter[i], LEAST_STEP);
}

/* ---- the player ---- */

/* What is known of time and slope: a mean and a covariance. */
typedef struct {
  double time, slope, tt, ts, ss;
} State;

static void move_on(State *s, double step, double wander) {
  s->time += step * s->slope;
  s->tt += step * (2 * s->ts + step * s->ss) + wander * step * step * step / 3;
  s->ts += step * s->ss + wander * step * step / 2;
  s->ss += wander * step;
}

/* Takes in an onset; its log-likelihood but for a constant. */
static double hear(State *s, double time_s, double variance) {
  const double off = time_s - s->time, spread = s->tt + variance, square = off * off / spread;
  const double trusted = fmin(1, (FREEDOM + 1) / (FREEDOM + square)), by = s->tt + variance / trusted;
  const double to_time = s->tt / by, to_slope = s->ts / by;
  s->time += to_time * off;
  s->slope += to_slope * off;
  s->ss -= to_slope * s->ts;
  s->ts -= to_time * s->ts;
  s->tt -= to_time * s->tt;
  return -0.5 * log(spread) - 0.5 * (FREEDOM + 1) * log1p(square / FREEDOM);
}

static double likelihood(const Heard *h, const Player *player) {
  State state = {h->time_s[0], player->slope, 0.25, 0, 0.25 * player->slope * player->slope};
  double sum = 0;
  for (size_t i = 0; i < h->n; i++) {
    if (i) move_on(&state, step_after(h, i - 1), player->wander);
    if (h->scatter[i].n) sum += hear(&state, h->time_s[i], player->jitter + noise_of(player, &h->scatter[i]));
  }
  return sum;
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median of what a quarter takes from row to row; 0 when too few were heard. */
static double usual_slope(double *room, const Heard *h) {
  size_t n = 0, last = SIZE_MAX;
  for (size_t i = 0; i < h->n; i++) {
    if (!h->scatter[i].n) continue;
    if (last < SIZE_MAX && h->quarter[i] > h->quarter[last])
      room[n++] = (h->time_s[i] - h->time_s[last]) / (h->quarter[i] - h->quarter[last]);
    last = i;
  }
  qsort(room, n, sizeof *room, compare_doubles);
  return n >= LEAST_ROWS ? fmax(0, room[n / 2]) : 0;
}

/* The variance of one loud onset around its chord. */
static double onset_noise(const Heard *h) {
  double sum = 0, freedom = 0;
  for (size_t i = 0; i < h->n; i++)
    if (h->scatter[i].n > 1) sum += (double)h->scatter[i].square_s2, freedom += h->scatter[i].n - 1;
  return freedom >= LEAST_CHORDS ? FAR * FAR * sum / freedom : USUAL_NOISE_S * USUAL_NOISE_S;
}

/* The likeliest of JITTER_S and WANDER. `slope` is 0 when too little was heard to tell. */
static Player player_of(double *room, const Heard *h) {
  Player best = {.slope = usual_slope(room, h)};
  const double noise = onset_noise(h);
  double most = -INFINITY;
  for (int i = 0; best.slope > 0 && i < JITTERS * WANDERS; i++) {
    const double jitter_s = JITTER_S[i % JITTERS], wander = WANDER[i / JITTERS] * best.slope;
    const Player player = {noise, jitter_s * jitter_s, wander * wander, best.slope};
    const double sum = likelihood(h, &player);
    if (sum > most) most = sum, best = player;
  }
  return best;
}

/* ---- the curve ---- */

/* The sum of squares that the curve makes least: `weight` of each row's distance, `bend` of each change of slope. `a`, `b`
 * and `c` are the bands of its matrix, which solving overwrites. */
typedef struct {
  double *weight, *bend, *a, *b, *c, *curve;
} Curve;

static bool make_curve(Curve *curve, BaseArena *arena, size_t n) {
  double **const rooms[] = {&curve->weight, &curve->bend, &curve->a, &curve->b, &curve->c, &curve->curve};
  for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
    *rooms[i] = BASE_TAKE(arena, double, n + 2);
    if (!*rooms[i]) return false;
  }
  return true;
}

/* Row i's change of slope is before·x[i] + here·x[i + 1] + after·x[i + 2]. */
typedef struct {
  double before, here, after;
} Bend;

static Bend bend_at(const Heard *h, size_t i) {
  const double before = 1 / step_after(h, i), after = 1 / step_after(h, i + 1);
  return (Bend){before, -before - after, after};
}

static void fill(Curve *c, const Heard *h) {
  for (size_t i = 0; i < h->n; i++) {
    c->a[i] = c->weight[i];
    c->b[i] = c->c[i] = 0;
    c->curve[i] = c->weight[i] > 0 ? c->weight[i] * h->time_s[i] : 0;
  }
  for (size_t i = 0; i + 2 < h->n; i++) {
    const Bend d = bend_at(h, i);
    const double w = c->bend[i];
    c->a[i] += w * d.before * d.before, c->a[i + 1] += w * d.here * d.here, c->a[i + 2] += w * d.after * d.after;
    c->b[i] += w * d.before * d.here, c->b[i + 1] += w * d.here * d.after;
    c->c[i] += w * d.before * d.after;
  }
}

/* LDLᵀ of a symmetric matrix with two bands beside its diagonal. */
static void solve(Curve *c, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const double pivot = c->a[i], one = c->b[i] / pivot, two = c->c[i] / pivot;
    c->a[i + 1] -= one * c->b[i];
    c->b[i + 1] -= one * c->c[i];
    c->a[i + 2] -= two * c->c[i];
    c->curve[i + 1] -= one * c->curve[i];
    c->curve[i + 2] -= two * c->curve[i];
    c->b[i] = one, c->c[i] = two;
  }
  for (size_t i = n; i-- > 0;)
    c->curve[i] = c->curve[i] / c->a[i] - (i + 1 < n ? c->b[i] * c->curve[i + 1] : 0) - (i + 2 < n ? c->c[i] * c->curve[i + 2] : 0);
}

static double trusted(double square, double freedom) {
  return fmin(1, (freedom + 1) / (freedom + square));
}

static double square_off(const Curve *c, const Heard *h, const Player *player, size_t i) {
  const double off = h->time_s[i] - c->curve[i];
  return off * off / (player->jitter + noise_of(player, &h->scatter[i]));
}

static void weigh(Curve *c, const Heard *h, const Player *player, bool first) {
  for (size_t i = 0; i < h->n; i++)
    c->weight[i] = h->scatter[i].n ? (first ? 1 : trusted(square_off(c, h, player, i), FREEDOM)) /
                                         (player->jitter + noise_of(player, &h->scatter[i]))
                                   : 0;
  for (size_t i = 0; i + 2 < h->n; i++) {
    const Bend d = bend_at(h, i);
    const double bent = d.before * c->curve[i] + d.here * c->curve[i + 1] + d.after * c->curve[i + 2];
    const double usual = player->wander * (step_after(h, i) + step_after(h, i + 1)) / 2;
    c->bend[i] = (first ? 1 : trusted(bent * bent / usual, FREEDOM_OF_SLOPE)) / usual;
  }
}

static void fit(Curve *c, const Heard *h, const Player *player) {
  for (int round = 0; round < ROUNDS; round++) {
    weigh(c, h, player, round == 0);
    fill(c, h);
    solve(c, h->n);
  }
}

static Heard heard_of(const double *time_s, const AlignmentRows *rows, const AlignmentSpan *span,
                      const AlignmentScatter *scatter) {
  return (Heard){rows->quarter + span->first, time_s, scatter, span->end - span->first};
}

BaseStatus alignment_smooth(BaseContext *ctx, double *time_s, BaseArena *arena, const AlignmentRows *rows,
                            const AlignmentSpan *span, const AlignmentScatter *scatter) {
  const BaseArenaMark mark = base_arena_mark(arena);
  const Heard h = heard_of(time_s, rows, span, scatter);
  Curve c;
  if (!make_curve(&c, arena, h.n)) return base_fail_memory(ctx);
  const Player player = player_of(c.curve, &h);
  if (player.slope > 0) fit(&c, &h, &player);
  for (size_t i = 0; player.slope > 0 && i < h.n; i++) {
    const double noise = noise_of(&player, &scatter[i]);
    const bool stray = (double)scatter[i].precision >= LOUD && square_off(&c, &h, &player, i) > STRAY_SIGMAS * STRAY_SIGMAS;
    if (scatter[i].n && !stray) time_s[i] += (c.curve[i] - time_s[i]) * noise / (noise + player.jitter);
  }
  base_arena_reset(arena, mark);
  return BASE_OK;
}

/* ---- lines ---- */

/* Where the line through the heard neighbours of row `at` passes it; NaN with too few of them. */
static double line_at(const Heard *h, size_t at) {
  const double *quarter = h->quarter, *time_s = h->time_s;
  const size_t from = at > REACH ? at - REACH : 0, to = at + REACH < h->n ? at + REACH : h->n - 1;
  const double width = 1.01 * fmax(quarter[at] - quarter[from], quarter[to] - quarter[at]) + 1e-6;
  double w = 0, x = 0, y = 0, xx = 0, xy = 0;
  size_t count = 0;
  for (size_t i = from; i <= to; i++) {
    if (i == at || h->scatter[i].n == 0) continue;
    const double dx = quarter[i] - quarter[at], dy = time_s[i] - time_s[at], away = fabs(dx) / width;
    const double weight = (1 - away * away * away) * h->scatter[i].precision;
    w += weight, x += weight * dx, y += weight * dy, xx += weight * dx * dx, xy += weight * dx * dy;
    count++;
  }
  const double spread = w * xx - x * x;
  if (count < LEAST_NEIGHBOURS || !(spread > 1e-9)) return NAN;
  const double slope = (w * xy - x * y) / spread;
  return slope > 0 ? time_s[at] - (slope * x - y) / w : NAN;
}

static double mean_noise(const Heard *h, const Player *player) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < h->n; i++)
    if (h->scatter[i].n) sum += noise_of(player, &h->scatter[i]), count++;
  return count > 0 ? sum / count : 0;
}

BaseStatus alignment_lines(BaseContext *ctx, double *line_s, double *precision, BaseArena *arena, const double *time_s,
                           const AlignmentRows *rows, const AlignmentSpan *span, const AlignmentScatter *scatter) {
  const BaseArenaMark mark = base_arena_mark(arena);
  const Heard h = heard_of(time_s, rows, span, scatter);
  double *room = BASE_TAKE(arena, double, h.n + 1);
  if (!room) return base_fail_memory(ctx);
  const Player player = player_of(room, &h);
  for (size_t i = 0; i < h.n; i++) line_s[i] = scatter[i].n ? line_at(&h, i) : NAN;
  const double line = player.jitter + LINE_SHARE * (player.jitter + mean_noise(&h, &player));
  *precision = player.slope > 0 ? player.noise / line : 0;
  base_arena_reset(arena, mark);
  return BASE_OK;
}
