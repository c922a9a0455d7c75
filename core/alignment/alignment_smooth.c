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

enum { LEAST_ROWS = 24, LEAST_SLOPES = 4, LEAST_CHORDS = 8, ROUNDS = 8, REACH = 4, LEAST_NEIGHBOURS = 4 };
static const double USUAL_NOISE_S = 0.009, FAR = 1.3; /* of a loud onset; what is far off its chord is not seen in scatter */
static const double USUAL_JITTER_S = 0.01, USUAL_WANDER = 0.1;
static const float ANCHORED = 0.2F; /* precision of a place that a person fixed */
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

/* The rows of a span, between its fixed ends if it has such. */
typedef struct {
  double *quarter, *time_s;
  AlignmentScatter *scatter; /* n is 0 for what was not heard */
  size_t n, first;           /* first: of the rows, behind the fixed end */
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

/* The median of what a quarter takes from row to row; 0 when too few were heard. `rows`: how many were. */
static double usual_slope(size_t *rows, double *room, const Heard *h) {
  size_t n = 0, last = SIZE_MAX;
  for (size_t i = 0; i < h->n; i++) {
    if (!h->scatter[i].n) continue;
    if (last < SIZE_MAX && h->quarter[i] > h->quarter[last])
      room[n++] = (h->time_s[i] - h->time_s[last]) / (h->quarter[i] - h->quarter[last]);
    last = i;
  }
  qsort(room, n, sizeof *room, compare_doubles);
  *rows = n;
  return n >= LEAST_SLOPES ? fmax(0, room[n / 2]) : 0;
}

/* The variance of one loud onset around its chord. */
static double onset_noise(const Heard *h) {
  double sum = 0, freedom = 0;
  for (size_t i = 0; i < h->n; i++)
    if (h->scatter[i].n > 1) sum += (double)h->scatter[i].square_s2, freedom += h->scatter[i].n - 1;
  return freedom >= LEAST_CHORDS ? FAR * FAR * sum / freedom : USUAL_NOISE_S * USUAL_NOISE_S;
}

static Player player_with(double noise, double jitter_s, double wander, double slope) {
  return (Player){noise, jitter_s * jitter_s, wander * wander * slope * slope, slope};
}

/* The likeliest of JITTER_S and WANDER, or the usual where little was heard. `slope` is 0 where next to nothing was. */
static Player player_of(double *room, const Heard *h) {
  size_t rows;
  const double noise = onset_noise(h), slope = usual_slope(&rows, room, h);
  Player best = player_with(noise, USUAL_JITTER_S, USUAL_WANDER, slope);
  double most = -INFINITY;
  for (int i = 0; slope > 0 && rows >= LEAST_ROWS && i < JITTERS * WANDERS; i++) {
    const Player player = player_with(noise, JITTER_S[i % JITTERS], WANDER[i / JITTERS], slope);
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

static void add_row(Heard *h, double quarter, double time_s, AlignmentScatter scatter) {
  h->quarter[h->n] = quarter;
  h->time_s[h->n] = time_s;
  h->scatter[h->n++] = scatter;
}

static bool heard_of(Heard *h, BaseArena *arena, const double *time_s, const AlignmentRows *rows, const AlignmentSpan *span,
                     const AlignmentScatter *scatter) {
  const size_t n = span->end - span->first;
  const AlignmentScatter anchor = {.n = 1, .precision = ANCHORED};
  *h = (Heard){BASE_TAKE(arena, double, n + 2), BASE_TAKE(arena, double, n + 2), BASE_TAKE(arena, AlignmentScatter, n + 2), 0,
               span->fixed_from};
  if (!h->quarter || !h->time_s || !h->scatter) return false;
  if (span->fixed_from) add_row(h, span->from_quarter, span->from_s, anchor);
  for (size_t i = 0; i < n; i++) add_row(h, rows->quarter[span->first + i], time_s[i], scatter[i]);
  if (span->fixed_to) add_row(h, span->to_quarter, span->to_s, anchor);
  return true;
}

BaseStatus alignment_smooth(BaseContext *ctx, double *time_s, BaseArena *arena, const AlignmentRows *rows,
                            const AlignmentSpan *span, const AlignmentScatter *scatter) {
  const BaseArenaMark mark = base_arena_mark(arena);
  Heard h;
  Curve c;
  if (!heard_of(&h, arena, time_s, rows, span, scatter) || !make_curve(&c, arena, h.n)) return base_fail_memory(ctx);
  const Player player = player_of(c.curve, &h);
  if (player.slope > 0) fit(&c, &h, &player);
  for (size_t i = h.first; player.slope > 0 && i < h.first + span->end - span->first; i++) {
    const double noise = noise_of(&player, &h.scatter[i]), away_s = c.curve[i] - h.time_s[i];
    const bool stray = (double)h.scatter[i].precision >= LOUD && square_off(&c, &h, &player, i) > STRAY_SIGMAS * STRAY_SIGMAS;
    if (h.scatter[i].n && !stray) time_s[i - h.first] += away_s * noise / (noise + player.jitter);
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
  const size_t n = span->end - span->first;
  double *room = BASE_TAKE(arena, double, n + 3);
  Heard h;
  if (!room || !heard_of(&h, arena, time_s, rows, span, scatter)) return base_fail_memory(ctx);
  const Player player = player_of(room, &h);
  for (size_t i = 0; i < n; i++) line_s[i] = scatter[i].n ? line_at(&h, h.first + i) : NAN;
  const double line = player.jitter + LINE_SHARE * (player.jitter + mean_noise(&h, &player));
  *precision = player.slope > 0 ? player.noise / line : 0;
  base_arena_reset(arena, mark);
  return BASE_OK;
}
