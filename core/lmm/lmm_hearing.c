/* Examples are cut at random from the latest dreams, each dream serving several; the picture is disturbed a
 * little (level, tilt, bumps). An average of the weights is what is validated and kept.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_hearing.h"

#include "core/lmm/lmm_shelf.h"
#include "core/nn/nn_weights.h"
#include "core/transcription/transcription_net.h"

#include <math.h>
#include <stdio.h>

enum {
  ROW = FEATURES_BINS * FEATURES_CHANNELS,
  FIRST_DREAMS = 8,
  VALIDATION_CUTS = 4,
  FIELDS = TRANSCRIPTION_HEADS + 3
};

static const double DREAM_S = 21, HOP_S = (double)FEATURES_HOP / FEATURES_RATE_HZ;

/* What examples are drawn from; the field's user. */
typedef struct {
  LmmShelf *shelf;
  int frames;
  uint64_t window, reuse; /* dreams to draw from, examples for each new one */
  bool validation;
} Drawn;

/* What a microphone position and a volume knob do, on the picture: a shift, a tilt and a bump. */
static void disturb(float *features, int frames, BaseRng *rng) {
  float curve[FEATURES_BINS];
  double shift = 0.05 * base_rng_normal(rng), tilt = 0.08 * base_rng_normal(rng),
         bump = 0.06 * base_rng_normal(rng);
  double at = base_rng_uniform(rng), width = base_rng_range(rng, 0.05, 0.3);
  for (int b = 0; b < FEATURES_BINS; b++) {
    double x = (double)b / FEATURES_BINS, d = (x - at) / width;
    curve[b] = (float)(shift + tilt * (x - 0.5) + bump * exp(-d * d));
  }
  for (int t = 0; t < frames; t++)
    for (int b = 0; b < FEATURES_BINS; b++)
      for (int c = 0; c < FEATURES_CHANNELS; c++) {
        float *x = &features[((size_t)t * FEATURES_BINS + (size_t)b) * FEATURES_CHANNELS + (size_t)c];
        if (*x > 0) *x = fminf(fmaxf(*x + curve[b], 0), 1.25f);
      }
}

/* The dream that example `index` is cut from: in training a random one of the latest. */
static uint64_t dream_of(const Drawn *drawn, uint64_t index, BaseRng *rng) {
  if (drawn->validation) return index / VALIDATION_CUTS;
  uint64_t first = drawn->window < FIRST_DREAMS ? drawn->window : FIRST_DREAMS;
  uint64_t newest = first - 1 + index / drawn->reuse;
  uint64_t oldest = newest + 1 > drawn->window ? newest + 1 - drawn->window : 0;
  return oldest + base_rng_below(rng, (uint32_t)(newest - oldest + 1));
}

/* The first frame of the cut; what lies beyond the dream's end is silence. */
static size_t start_of(const Drawn *drawn, const LmmHeard *heard, uint64_t index, BaseRng *rng) {
  size_t room = heard->frames > (size_t)drawn->frames ? heard->frames - (size_t)drawn->frames : 0;
  if (!drawn->validation) return base_rng_below(rng, (uint32_t)room + 1);
  size_t start = (index % VALIDATION_CUTS) * (size_t)drawn->frames;
  return start < room ? start : room;
}

static BaseStatus draw(BaseContext *ctx, void *user, float *const *places, uint64_t index, BaseRng *rng) {
  const Drawn *drawn = user;
  LmmHeard heard;
  uint64_t number = dream_of(drawn, index, rng);
  BaseStatus status = lmm_shelf_take(ctx, &heard, drawn->shelf, number);
  if (status != BASE_OK) return status;
  size_t start = start_of(drawn, &heard, index, rng), have = heard.frames - start;
  size_t frames = have < (size_t)drawn->frames ? have : (size_t)drawn->frames;
  for (size_t i = 0; i < frames * ROW; i++)
    places[0][i] = (float)heard.features[start * ROW + i] / LMM_SHELF_LEVELS;
  transcription_net_targets(places + 1, places[1 + TRANSCRIPTION_HEADS],
                            places[2 + TRANSCRIPTION_HEADS], (size_t)drawn->frames,
                            (double)start * HOP_S, heard.motion);
  lmm_shelf_give(drawn->shelf, number);
  if (!drawn->validation) disturb(places[0], drawn->frames, rng);
  return BASE_OK;
}

static LmmHearingParams with_defaults(LmmHearingParams p) {
  if (p.steps <= 0) p.steps = 20000;
  if (p.validate_every <= 0) p.validate_every = 500;
  if (p.validation <= 0) p.validation = 64;
  if (p.batch <= 0) p.batch = 8;
  if (p.frames <= 0) p.frames = 192;
  if (p.pool <= 0) p.pool = 1500;
  if (p.reuse <= 0) p.reuse = 16;
  if (p.dreamers <= 0) p.dreamers = 1;
  if (!(p.rate > 0)) p.rate = 2e-3f;
  return p;
}

static BaseStatus teach(BaseContext *ctx, LmmReport *last, NnNet *net, const TranscriptionTensors *t,
                        Drawn drawn[2], const LmmHearingParams *p) {
  LmmField fields[FIELDS] = {{t->features, nn_net_shape(net, t->features)}};
  for (int h = 0; h < TRANSCRIPTION_HEADS; h++)
    fields[1 + h] = (LmmField){t->targets[h], nn_net_shape(net, t->targets[h])};
  fields[FIELDS - 2] = (LmmField){t->near_onset, nn_net_shape(net, t->near_onset)};
  fields[FIELDS - 1] = (LmmField){t->pedal_target, nn_net_shape(net, t->pedal_target)};
  LmmSource sources[2];
  for (int s = 0; s < 2; s++) sources[s] = (LmmSource){fields, FIELDS, draw, &drawn[s]};
  char seed[32];
  snprintf(seed, sizeof seed, "%llu", (unsigned long long)ctx->seed);
  const char *const origin[][2] = {{"kind", "triptych transcription"},
                                   {"origin", "triptych-train hearing, from dreams; no labelled recordings"},
                                   {"seed", seed}};
  LmmTrainParams train = {
      .optim = {.rate = p->rate, .average = 0.998f, .warm_up = p->steps < 2000 ? p->steps / 10 : 200, .steps = p->steps, .decay = 0.01f},
      .type = p->type,
      .validate_every = p->validate_every,
      .validation_batches = (p->validation + p->batch - 1) / p->batch,
      .loaders = p->dreamers,
      .checkpoint = p->checkpoint,
      .weights = p->weights,
      .origin = origin,
      .n_origin = 3,
      .report = p->report,
      .user = p->user};
  return lmm_train(ctx, last, net, &sources[0], &sources[1], &train);
}

/* A third of the shelf more than is drawn from, for threads that are behind. */
static bool put_up_shelves(Drawn drawn[2], const LmmLibrary *library, LmmInstruments *instruments, uint64_t seed,
                           const LmmHearingParams *p) {
  size_t window = (size_t)p->pool;
  size_t few = (size_t)(p->validation + p->batch) / VALIDATION_CUTS + 1;
  drawn[0] = (Drawn){lmm_shelf_new(library, instruments, seed, DREAM_S, window + window / 3 + 1, false), p->frames, window,
                     (uint64_t)p->reuse, false};
  drawn[1] = (Drawn){lmm_shelf_new(library, instruments, 0, DREAM_S, few, true), p->frames, 0, 0, true};
  return drawn[0].shelf && drawn[1].shelf;
}

/* A narrower net grows into this one. */
static BaseStatus start_from(BaseContext *ctx, NnNet *net, const char *path) {
  BasePack *pack = NULL;
  BaseStatus status = base_pack_load(ctx, &pack, path);
  if (status == BASE_OK) status = nn_weights_grow(ctx, net, pack);
  base_pack_free(pack);
  return status;
}

BaseStatus lmm_hearing_train(BaseContext *ctx, LmmReport *last, const LmmLibrary *library,
                             LmmInstruments *instruments, const LmmHearingParams *params) {
  BaseContext nobody = {0};
  LmmHearingParams p = with_defaults(*params);
  if (!ctx) ctx = &nobody;
  Drawn drawn[2] = {0};
  TranscriptionTensors tensors;
  NnNet *net = nn_net_new(ctx->seed);
  BaseStatus status = net && put_up_shelves(drawn, library, instruments, ctx->seed, &p)
                          ? transcription_net_build(ctx, &tensors, net, p.batch, p.frames, true)
                          : base_fail_memory(ctx);
  if (status == BASE_OK && p.start) status = start_from(ctx, net, p.start);
  if (status == BASE_OK) status = teach(ctx, last, net, &tensors, drawn, &p);
  for (int s = 0; s < 2; s++) lmm_shelf_free(drawn[s].shelf);
  nn_net_free(net);
  return status;
}
