/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/score_tempo.h"

#include "core/music/glossary.h"

#include <stdlib.h>

static const double DEFAULT_TEMPO = 100, SLOWEST = 4, FASTEST = 2000;

static double sign_tempo(const ScoreSign *sign) {
  if (sign->kind != SCORE_SIGN_TEMPO) return 0;
  double tempo = sign->quarters_per_minute > 0 ? sign->quarters_per_minute : glossary_tempo(sign->text);
  return tempo <= 0 ? 0 : tempo < SLOWEST ? SLOWEST : tempo > FASTEST ? FASTEST : tempo;
}

double score_tempo_time_s(const ScoreTempoMap *map, Beat quarter) {
  size_t low = 0, high = map->n;
  while (high - low > 1) {
    size_t middle = (low + high) / 2;
    if (beat_compare(map->items[middle].quarter, quarter) <= 0)
      low = middle;
    else
      high = middle;
  }
  const ScoreTempo *tempo = &map->items[low];
  return tempo->time_s + beat_double(beat_sub(quarter, tempo->quarter)) * tempo->s_per_quarter;
}

static bool change(ScoreTempoMap *map, Beat quarter, double tempo) {
  ScoreTempo *last = map->n ? &map->items[map->n - 1] : NULL;
  ScoreTempo next = {quarter, last ? score_tempo_time_s(map, quarter) : 0, 60 / tempo};
  if (last && last->s_per_quarter == next.s_per_quarter) return true;
  if (last && beat_compare(last->quarter, quarter) >= 0) {
    last->s_per_quarter = next.s_per_quarter;
    return true;
  }
  return base_array_push(map, next);
}

/* For each measure: where its signs start, and the tempo in force there as written. */
typedef struct {
  size_t sign;
  double tempo;
} MeasureTempo;

static void read_through(MeasureTempo *measures, const Score *score, double tempo) {
  size_t sign = 0;
  for (size_t m = 0; m <= score->measures.n; m++) {
    measures[m] = (MeasureTempo){sign, tempo};
    for (; sign < score->signs.n && (size_t)score->signs.items[sign].measure == m; sign++) {
      double named = sign_tempo(&score->signs.items[sign]);
      if (named > 0) tempo = named;
    }
  }
}

static bool follow(ScoreTempoMap *map, const MeasureTempo *measures, const Score *score,
                   const ScoreUnfolded *unfolded) {
  for (size_t i = 0; i < unfolded->steps.n; i++) {
    const ScoreStep *step = &unfolded->steps.items[i];
    const MeasureTempo *measure = &measures[step->measure];
    if (!change(map, step->start, measure->tempo)) return false;
    for (size_t s = measure[0].sign; s < measure[1].sign; s++) {
      double tempo = sign_tempo(&score->signs.items[s]);
      if (tempo > 0 && !change(map, beat_add(step->start, score->signs.items[s].onset), tempo)) return false;
    }
  }
  return true;
}

BaseStatus score_tempo_map(BaseContext *ctx, ScoreTempoMap *out, const Score *score,
                           const ScoreUnfolded *unfolded, double quarters_per_minute) {
  double tempo = quarters_per_minute > 0 ? quarters_per_minute : DEFAULT_TEMPO;
  MeasureTempo *measures = calloc(score->measures.n + 1, sizeof *measures);
  if (!measures) return base_fail_memory(ctx);
  read_through(measures, score, tempo);
  ScoreTempoMap map = {0};
  bool done = change(&map, beat_whole(0), measures[0].tempo) && follow(&map, measures, score, unfolded);
  free(measures);
  if (done)
    *out = map;
  else
    base_array_clear(&map);
  return done ? BASE_OK : base_fail_memory(ctx);
}
