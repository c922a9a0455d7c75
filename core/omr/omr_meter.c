/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Time signatures and the rhythm of the bars. Where a signature is printed the bars after it are solved for
 * it. Where none is, the bars are solved freely first, and the length that most of them agree on is taken.
 * Bars beside thick bar lines and at the start may be shorter than the signature says, when that explains
 * them; so may two in a row that make up one bar. */
#include "core/omr/omr_assembly.h"

#include <math.h>
#include <string.h>

#define SHORT_BAR_GAIN    1.0f
#define SEVERAL_BARS_GAIN 4.0f
#define SEVERAL_BARS_COST 1.5f /* of each: a bar line is missed less often than much else goes wrong in one bar */
#define SPLIT_BAR_GAIN    1.2f

static const OmrTime *printed_time(const OmrPage *page, const OmrMeasure *measure) {
  const OmrBar *right = &page->bars.items[measure->right];
  const OmrTime *best = NULL;
  for (size_t i = 0; i < page->times.n; i++) {
    const OmrTime *time = &page->times.items[i];
    if (page->staves.items[time->staff].system != measure->system) continue;
    if (time->x_px < measure->head_x_px || time->x_px > right->x_px) continue;
    if (time->beat_type < 2) continue; /* a thick bar line looks like two ones */
    if (!best || time->score > best->score) best = time;
  }
  return best;
}

static int32_t ticks_of(int beats, int beat_type) {
  return beat_type > 0 ? (int32_t)(beats * 4 * OMR_TICKS / beat_type) : 0;
}

/* The time signature at a bar: what a person said, or what is printed. */
static bool time_in(OmrTime *out, const OmrAssembly *assembly, size_t index) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  const OmrSaidBar *said = omr_said_of(assembly, index, OMR_SAID_TIME);
  const OmrTime *printed = printed_time(assembly->pages[measure->page], measure);
  if (said)
    *out = (OmrTime){.x_px = said->x_px, .beats = said->beats, .beat_type = said->beat_type, .score = 1};
  else if (printed)
    *out = *printed;
  return said || printed;
}

/* Starts a meter at every printed signature that changes something, and one at the first bar. */
static bool collect_meters(OmrAssembly *assembly) {
  for (size_t i = 0; i < assembly->measures.n; i++) {
    OmrMeasure *measure = &assembly->measures.items[i];
    OmrTime time;
    bool starts = time_in(&time, assembly, i);
    OmrMeter meter = {.measure = (int32_t)i};
    if (starts) {
      meter = (OmrMeter){(int32_t)i,   ticks_of(time.beats, time.beat_type),
                         time.beats,   time.beat_type,
                         time.symbol,  true,
                         time};
      const OmrMeter *last = assembly->meters.n ? &assembly->meters.items[assembly->meters.n - 1] : NULL;
      if (last && last->printed && last->ticks == meter.ticks && last->beats == meter.beats) starts = false;
    }
    if ((starts || i == 0) && !base_array_push(&assembly->meters, meter)) return false;
    measure->meter = (int32_t)assembly->meters.n - 1;
  }
  return true;
}

static bool next_to_edge(const OmrAssembly *assembly, size_t index) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  const OmrPage *page = assembly->pages[measure->page];
  uint32_t edge = OMR_BAR_THICK | OMR_BAR_DOUBLE | OMR_BAR_REPEAT_LEFT | OMR_BAR_REPEAT_RIGHT;
  return index == 0 || index + 1 == assembly->measures.n ||
         ((page->bars.items[measure->left].flags | page->bars.items[measure->right].flags) & edge);
}

static BaseStatus solve(BaseContext *ctx, OmrAssembly *assembly, OmrMeasure *measure, int32_t ticks) {
  OmrBarRhythm rhythm;
  OmrEvent *events = assembly->events.items + measure->first;
  BaseStatus status = omr_bars_solve(assembly->bars, &rhythm, NULL, events, measure->n, ticks, assembly->taste,
                                     assembly->arena);
  if (status) return base_fail_memory(ctx);
  measure->ticks = ticks ? ticks : rhythm.ticks;
  measure->cost = rhythm.cost;
  measure->margin = rhythm.margin;
  return BASE_OK;
}

static const struct {
  int16_t beats, beat_type;
  float prior;
} common_meters[] = {{4, 4, 0},    {3, 4, 0},    {2, 4, 0},     {3, 8, 0.3f},
                     {6, 8, 0.1f}, {9, 8, 0.5f}, {12, 8, 0.6f}, {3, 2, 0.6f}};

enum { COMMON_METERS = sizeof common_meters / sizeof *common_meters };

/* The meter for bars [from, to) that most of them agree on when solved freely. */
static BaseStatus infer(BaseContext *ctx, OmrAssembly *assembly, OmrMeter *meter, size_t from, size_t to) {
  float votes[COMMON_METERS] = {0};
  int tried = 0;
  for (size_t i = from; i < to && tried < 40; i++) {
    OmrMeasure *measure = &assembly->measures.items[i];
    if (measure->n < 2) continue;
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    BaseStatus status = solve(ctx, assembly, measure, 0);
    if (status) return status;
    tried++;
    for (int k = 0; k < COMMON_METERS; k++)
      if (measure->ticks == ticks_of(common_meters[k].beats, common_meters[k].beat_type))
        votes[k] += (1 - 0.5f * common_meters[k].prior) / (1 + measure->cost);
  }
  int best = 0;
  for (int k = 1; k < COMMON_METERS; k++)
    if (votes[k] > votes[best]) best = k;
  meter->beats = common_meters[best].beats;
  meter->beat_type = common_meters[best].beat_type;
  meter->ticks = ticks_of(meter->beats, meter->beat_type);
  return BASE_OK;
}

/* Solves a bar that does not fit its meter as two or three, as where a bar line was missed; as one again when
 * that is no better. */
static BaseStatus solve_as_several(BaseContext *ctx, OmrAssembly *assembly, OmrMeasure *measure,
                                   int32_t ticks) {
  float cost = measure->cost;
  for (int32_t bars = 2; bars <= 3; bars++) {
    BaseStatus status = solve(ctx, assembly, measure, bars * ticks);
    bool fits = measure->cost <= SEVERAL_BARS_COST * (float)bars && measure->cost + SEVERAL_BARS_GAIN < cost;
    if (status || fits) return status;
  }
  return solve(ctx, assembly, measure, ticks);
}

/* Solves a bar for its meter, freely where it may be short. */
static BaseStatus solve_in_meter(BaseContext *ctx, OmrAssembly *assembly, size_t index) {
  OmrMeasure *measure = &assembly->measures.items[index];
  int32_t ticks = assembly->meters.items[measure->meter].ticks;
  BaseStatus status = solve(ctx, assembly, measure, ticks);
  float cost = measure->cost;
  if (status || cost < SHORT_BAR_GAIN) return status;
  if (next_to_edge(assembly, index)) {
    status = solve(ctx, assembly, measure, 0);
    measure->short_by_right = !status && measure->ticks < ticks && measure->cost + SHORT_BAR_GAIN < cost;
    if (status || measure->short_by_right) return status;
    status = solve(ctx, assembly, measure, ticks);
  }
  return status || cost < SEVERAL_BARS_GAIN ? status : solve_as_several(ctx, assembly, measure, ticks);
}

int32_t omr_printed_total(const OmrAssembly *assembly, size_t index) {
  const OmrMeasure *measure = &assembly->measures.items[index];
  int32_t sums[OMR_BAR_STAVES][2] = {{0}}, most = 0;
  for (size_t i = 0; i < measure->n; i++) {
    const OmrEvent *event = &assembly->events.items[measure->first + i];
    if (event->fills || event->left_out || event->staff < 0 || event->staff >= OMR_BAR_STAVES) continue;
    int32_t *sum = &sums[event->staff][event->voice & 1];
    *sum += event->triplet ? event->ticks * 2 / 3 : event->ticks;
    if (*sum > most) most = *sum;
  }
  return most;
}

/* True when two bars that fit their meter badly hold about one bar together. */
static bool may_be_split(const OmrAssembly *assembly, size_t index) {
  const OmrMeasure *a = &assembly->measures.items[index], *b = a + 1;
  int32_t ticks = assembly->meters.items[a->meter].ticks;
  if (index + 1 >= assembly->measures.n || a->meter != b->meter || a->short_by_right || b->short_by_right)
    return false;
  if (a->ticks != ticks || b->ticks != ticks || a->cost + b->cost < SPLIT_BAR_GAIN || !a->n || !b->n)
    return false;
  int32_t first = omr_printed_total(assembly, index), second = omr_printed_total(assembly, index + 1);
  return first < ticks && second < ticks && first + second >= ticks &&
         first + second <= ticks + OMR_TICKS / 2;
}

/* One bar printed as two, as where a section ends within it without any sign: solves both freely, and anew
 * for their meter when they do not make up a bar or are no cheaper. */
static BaseStatus solve_split(BaseContext *ctx, OmrAssembly *assembly, size_t index) {
  OmrMeasure *a = &assembly->measures.items[index], *b = a + 1;
  int32_t ticks = a->ticks;
  float cost = a->cost + b->cost;
  BaseStatus status = solve(ctx, assembly, a, 0);
  if (!status) status = solve(ctx, assembly, b, 0);
  if (status) return status;
  bool better = a->ticks + b->ticks == ticks && a->cost + b->cost + SPLIT_BAR_GAIN < cost;
  a->short_by_right = b->short_by_right = better;
  if (better) return BASE_OK;
  status = solve(ctx, assembly, a, ticks);
  return status ? status : solve(ctx, assembly, b, ticks);
}

BaseStatus omr_solve_rhythm(BaseContext *ctx, OmrAssembly *assembly) {
  if (!collect_meters(assembly)) return base_fail_memory(ctx);
  for (size_t i = 0; i < assembly->meters.n; i++) {
    OmrMeter *meter = &assembly->meters.items[i];
    if (meter->ticks > 0) continue;
    size_t to =
        i + 1 < assembly->meters.n ? (size_t)assembly->meters.items[i + 1].measure : assembly->measures.n;
    BaseStatus status = infer(ctx, assembly, meter, (size_t)meter->measure, to);
    if (status) return status;
  }
  for (size_t i = 0; i < assembly->measures.n; i++) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    BaseStatus status = solve_in_meter(ctx, assembly, i);
    if (status) return status;
  }
  for (size_t i = 0; i + 1 < assembly->measures.n; i++) {
    BaseStatus status = may_be_split(assembly, i) ? solve_split(ctx, assembly, i) : BASE_OK;
    if (status) return status;
  }
  return omr_solve_in_context(ctx, assembly);
}
