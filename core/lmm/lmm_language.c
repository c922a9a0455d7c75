/* An example is a stretch of a piece, drawn by length, moved to another key and tempo, played and misheard as its tongue
 * says. Now and then the code, or pedal and fine times of the past, are kept secret, so that the model does without them,
 * too. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_language.h"

#include "core/language/language_model.h"
#include "core/nn/nn_weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  INPUTS = LANGUAGE_FIELDS + LANGUAGE_EARLIER,
  FIELDS = INPUTS + LANGUAGE_FIELDS + 2, /* and two more where errors are known */
  TRIES = 8,
  SPARE = 24 /* notes more than needed, for those that are lost on the way */
};

static const double NO_CODE_SHARE = 0.1, NO_DETAIL_SHARE = 0.5, SOLO_WORTH = 3;

/* What examples are drawn from; the field's user. */
typedef struct {
  const LmmTongue *tongues;
  int n_tongues, notes;
  LmmSide side;
  bool no_transposing, errors_known;
  double shares[LMM_MOST_TONGUES];       /* cumulated */
  double *lengths[LMM_MOST_TONGUES];     /* cumulated over the pieces of the tongue's corpus */
} Drawn;

static bool was_heard(const LmmTongue *tongue) {
  return tongue->code.channel == LANGUAGE_HEARD && !tongue->right;
}

static size_t length_of(const LmmTongue *tongue, const LmmPiece *piece, LmmSide side) {
  if (piece->side != side) return 0;
  return tongue->written ? piece->written.n : piece->motion->notes.n;
}

/* How often a piece is drawn: by its length, and more often where it is for one instrument. */
static double worth_of(const LmmTongue *tongue, const LmmPiece *piece, LmmSide side) {
  return (piece->solo ? SOLO_WORTH : 1) * (double)length_of(tongue, piece, side);
}

static void drawn_clear(Drawn *drawn) {
  for (int i = 0; i < LMM_MOST_TONGUES; i++) free(drawn->lengths[i]);
}

static BaseStatus drawn_init(BaseContext *ctx, Drawn *drawn, const LmmTongue *tongues, int n, int notes, LmmSide side) {
  *drawn = (Drawn){.tongues = tongues, .n_tongues = n, .notes = notes, .side = side};
  if (n < 1 || n > LMM_MOST_TONGUES) return base_fail(ctx, BASE_BAD_INPUT, "A language is learned from 1 to 8 tongues.");
  double share = 0;
  for (int i = 0; i < n; i++) {
    const LmmCorpus *corpus = tongues[i].corpus;
    double sum = 0;
    drawn->lengths[i] = malloc((corpus->pieces.n + 1) * sizeof(double));
    if (!drawn->lengths[i]) return base_fail_memory(ctx);
    for (size_t k = 0; k < corpus->pieces.n; k++)
      drawn->lengths[i][k] = sum += worth_of(&tongues[i], &corpus->pieces.items[k], side);
    if (sum > 0) share += tongues[i].share;
    drawn->shares[i] = share;
  }
  return share > 0 ? BASE_OK : base_fail(ctx, BASE_BAD_INPUT, "There is no text to %s.", side == LMM_TRAINING ? "learn from" : "validate on");
}

/* The first of n cumulated values above x. */
static size_t above(const double *cumulated, size_t n, double x) {
  size_t low = 0, high = n - 1;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (cumulated[middle] > x)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* ---- one text ---- */

static bool cut(Motion *motion, const Motion *from, size_t first, size_t n) {
  if (first + n > from->notes.n) n = from->notes.n - first;
  if (!n || !base_array_reserve(&motion->notes, n)) return false;
  memcpy(motion->notes.items, from->notes.items + first, n * sizeof *motion->notes.items);
  motion->notes.n = n;
  double begin_s = motion->notes.items[0].onset_s, end_s = motion->notes.items[n - 1].key_up_s;
  for (size_t i = 0; i < n; i++) {
    motion->notes.items[i].onset_s -= begin_s;
    motion->notes.items[i].key_up_s -= begin_s;
  }
  for (size_t i = 0; i < from->pedals.n && from->pedals.items[i].time_s < end_s; i++) {
    MotionPedal pedal = from->pedals.items[i];
    pedal.time_s -= begin_s;
    if (pedal.time_s > -30 && !base_array_push(&motion->pedals, pedal)) return false;
  }
  return true;
}

static BaseStatus play_stretch(BaseContext *ctx, LanguageText *text, const Drawn *drawn, const LmmTongue *tongue,
                               const LmmPiece *piece, size_t first, BaseRng *rng) {
  Motion *motion = motion_new();
  double speed = drawn->no_transposing ? 1 : exp(base_rng_range(rng, -0.12, 0.12));
  bool fine = motion && cut(motion, piece->motion, first, (size_t)drawn->notes + SPARE);
  if (fine && tongue->express) lmm_express(motion, rng);
  if (fine && (tongue->errors.onset_s > 0 || tongue->errors.missed > 0)) fine = lmm_mishear(motion, &tongue->errors, rng);
  BaseStatus status = fine ? language_of_motion(ctx, text, motion, 0, motion->notes.n, speed) : base_fail_memory(ctx);
  motion_free(motion);
  return status;
}

/* From a bar line on. */
static BaseStatus copy_stretch(BaseContext *ctx, LanguageText *text, const Drawn *drawn, const LmmPiece *piece, size_t first) {
  while (first > 0 && piece->written.items[first].field[LANGUAGE_TIME] != LANGUAGE_BAR) first--;
  size_t n = piece->written.n - first < (size_t)drawn->notes ? piece->written.n - first : (size_t)drawn->notes;
  if (!base_array_reserve(text, n + 1)) return base_fail_memory(ctx);
  memcpy(text->items, piece->written.items + first, n * sizeof *text->items);
  text->n = n;
  return BASE_OK;
}

/* Mostly anywhere; one in eight texts begins where the piece does. */
static size_t draw_start(size_t length, int notes, BaseRng *rng) {
  size_t room = length > (size_t)notes ? length - (size_t)notes : 0;
  return base_rng_below(rng, 8) == 0 ? 0 : base_rng_below(rng, (uint32_t)room + 1);
}

static void transpose(LanguageText *text, BaseRng *rng) {
  for (int i = 0; i < TRIES; i++)
    if (language_transpose(text, (int)base_rng_below(rng, 13) - 6)) return;
}

static BaseStatus draw_text(BaseContext *ctx, LanguageText *text, const Drawn *drawn, int which, BaseRng *rng) {
  const LmmTongue *tongue = &drawn->tongues[which];
  size_t n = tongue->corpus->pieces.n;
  size_t at = above(drawn->lengths[which], n, base_rng_uniform(rng) * drawn->lengths[which][n - 1]);
  const LmmPiece *piece = &tongue->corpus->pieces.items[at];
  size_t first = draw_start(length_of(tongue, piece, drawn->side), drawn->notes, rng);
  BaseStatus status = tongue->written ? copy_stretch(ctx, text, drawn, piece, first)
                                      : play_stretch(ctx, text, drawn, tongue, piece, first, rng);
  if (status == BASE_OK && !drawn->no_transposing) transpose(text, rng);
  return status;
}

/* ---- one example ---- */

static void place_text(float *const *places, const LanguageText *text, int notes, bool details, bool only_metric) {
  int n = (int)text->n < notes ? (int)text->n : notes;
  for (int f = 0; f < LANGUAGE_FIELDS; f++)
    for (int t = 0; t < notes; t++) {
      bool told = details || f < LANGUAGE_METRIC_FIELDS;
      places[f][t] = told && t > 0 && t <= n ? text->items[t - 1].field[f] : -1;
      bool asked = !only_metric || f < LANGUAGE_METRIC_FIELDS;
      places[INPUTS + f][t] = asked && t < n ? text->items[t].field[f] : -1;
    }
  for (int f = 0; f < LANGUAGE_EARLIER; f++)
    for (int t = 0; t < notes; t++) places[LANGUAGE_FIELDS + f][t] = t > 1 && t <= n + 1 ? text->items[t - 2].field[f] : -1;
}

/* A text and what is told of it. */
typedef struct {
  LanguageText text;
  int which; /* tongue */
  bool details, nameless;
} Example;

static BaseStatus draw_example(BaseContext *ctx, Example *example, const Drawn *drawn, BaseRng *rng) {
  int which = (int)above(drawn->shares, (size_t)drawn->n_tongues, base_rng_uniform(rng) * drawn->shares[drawn->n_tongues - 1]);
  *example = (Example){.which = which};
  BaseStatus status = draw_text(ctx, &example->text, drawn, which, rng);
  const LmmTongue *tongue = &drawn->tongues[which];
  bool training = drawn->side == LMM_TRAINING;
  example->details = tongue->written || (training && !tongue->only_metric && base_rng_uniform(rng) >= NO_DETAIL_SHARE);
  example->nameless = training && base_rng_uniform(rng) < NO_CODE_SHARE;
  return status;
}

static BaseStatus draw(BaseContext *ctx, void *user, float *const *places, uint64_t index, BaseRng *rng) {
  (void)index;
  const Drawn *drawn = user;
  Example example;
  BaseStatus status = draw_example(ctx, &example, drawn, rng);
  const LmmTongue *tongue = &drawn->tongues[example.which];
  if (status == BASE_OK) place_text(places, &example.text, drawn->notes, example.details, tongue->only_metric);
  for (int t = 0; t < drawn->notes; t++) {
    places[FIELDS - 2][t] = example.nameless ? -1 : (float)tongue->code.source;
    places[FIELDS - 1][t] = example.nameless ? -1 : (float)tongue->code.channel;
    bool heard = was_heard(tongue);
    if (drawn->errors_known) places[FIELDS][t] = !heard, places[FIELDS + 1][t] = heard;
  }
  base_array_clear(&example.text);
  return status;
}

/* ---- for other programs ---- */

static void lay_example(int16_t *out, const Example *example, const LmmTongue *tongue, int notes) {
  const int16_t facts[LMM_FACTS] = {(int16_t)example->text.n,           (int16_t)tongue->code.source,
                                    (int16_t)tongue->code.channel,      example->details,
                                    example->nameless,                  tongue->only_metric,
                                    was_heard(tongue),                  (int16_t)example->which};
  memcpy(out, facts, sizeof facts);
  int16_t *ids = out + LMM_FACTS;
  for (int t = 0; t < notes; t++)
    for (int f = 0; f < LANGUAGE_FIELDS; f++)
      *ids++ = t < (int)example->text.n ? example->text.items[t].field[f] : -1;
}

BaseStatus lmm_language_examples(BaseContext *ctx, int16_t *out, const LmmTongue *tongues, int n, int notes, LmmSide side,
                                 uint64_t first, size_t count) {
  Drawn drawn;
  BaseStatus status = drawn_init(ctx, &drawn, tongues, n, notes, side);
  drawn.no_transposing = side != LMM_TRAINING;
  for (size_t i = 0; i < count && status == BASE_OK; i++, out += lmm_example_size(notes)) {
    BaseRng rng = base_rng(ctx ? ctx->seed : 0, first + i);
    Example example;
    status = draw_example(ctx, &example, &drawn, &rng);
    if (status == BASE_OK) lay_example(out, &example, &tongues[example.which], notes);
    base_array_clear(&example.text);
  }
  drawn_clear(&drawn);
  return status;
}

size_t lmm_example_size(int notes) {
  return LMM_FACTS + (size_t)notes * LANGUAGE_FIELDS;
}

/* ---- training ---- */

static LmmLanguageParams with_defaults(LmmLanguageParams p) {
  if (p.steps <= 0) p.steps = 20000;
  if (p.validate_every <= 0) p.validate_every = 500;
  if (p.validation_batches <= 0) p.validation_batches = 8;
  if (p.batch <= 0) p.batch = 16;
  if (p.notes <= 0) p.notes = 256;
  if (!(p.rate > 0)) p.rate = 3e-3f;
  if (!(p.average > 0)) p.average = 0.998f;
  if (!p.validation) p.validation = p.tongues, p.n_validation = p.n_tongues;
  p.size = language_size(p.size);
  return p;
}

static double heard_share(const LmmLanguageParams *p) {
  double heard = 0, all = 0;
  for (int i = 0; i < p->n_tongues; i++) {
    all += p->tongues[i].share;
    if (was_heard(&p->tongues[i])) heard += p->tongues[i].share;
  }
  return all > 0 ? heard / all : 0;
}

BaseStatus lmm_language_net(BaseContext *ctx, NnNet **out, LanguageTensors *tensors, const LmmLanguageParams *params) {
  LmmLanguageParams p = with_defaults(*params);
  NnNet *net = nn_net_new(ctx ? ctx->seed : 0);
  if (!net) return base_fail_memory(ctx);
  BaseStatus status = p.heard ? language_net_build_noisy(ctx, tensors, net, p.size, p.batch, p.notes, p.heard, heard_share(&p))
                              : language_net_build(ctx, tensors, net, LANGUAGE_WHOLE, p.size, p.batch, p.notes);
  if (status == BASE_OK)
    *out = net;
  else
    nn_net_free(net);
  return status;
}

static int list_fields(LmmField *fields, const NnNet *net, const LanguageTensors *t) {
  NnVar vars[FIELDS + 2];
  int n = 0;
  for (int f = 0; f < LANGUAGE_FIELDS; f++) vars[n++] = t->before[f];
  for (int f = 0; f < LANGUAGE_EARLIER; f++) vars[n++] = t->earlier[f];
  for (int f = 0; f < LANGUAGE_FIELDS; f++) vars[n++] = t->now[f];
  vars[n++] = t->source;
  vars[n++] = t->channel;
  if (t->heard != NN_NONE) vars[n++] = t->sure, vars[n++] = t->heard;
  for (int i = 0; i < n; i++) fields[i] = (LmmField){vars[i], nn_net_shape(net, vars[i])};
  return n;
}

static void freeze(NnNet *net, LmmReach reach) {
  static const struct {
    LmmReach from;
    const char *pattern;
  } thawed[] = {{LMM_CODES, "code.source.table"},          {LMM_CODES, "code.channel.table"},
                {LMM_SWITCHES, "code.*"},                  {LMM_SWITCHES, "trunk.*.in.*.weight"},
                {LMM_SWITCHES, "trunk.*.up.*.weight"},     {LMM_SWITCHES, "head.*.hidden.*.weight"},
                {LMM_OUTPUTS, "head.*.out.*"}};
  nn_net_freeze(net, "*", reach != LMM_EVERYTHING);
  for (size_t i = 0; i < sizeof thawed / sizeof *thawed; i++)
    if (reach >= thawed[i].from) nn_net_freeze(net, thawed[i].pattern, false);
}

static BaseStatus teach(BaseContext *ctx, LmmReport *last, NnNet *net, const LanguageTensors *tensors, Drawn drawn[2],
                        const LmmLanguageParams *p) {
  LmmField fields[FIELDS + 2];
  char numbers[5][24];
  const LanguageSize size = p->size;
  const unsigned long long values[5] = {(unsigned long long)size.width, (unsigned long long)size.layers,
                                        (unsigned long long)size.rank, (unsigned long long)(ctx ? ctx->seed : 0),
                                        (unsigned long long)size.heads};
  for (int i = 0; i < 5; i++) snprintf(numbers[i], sizeof numbers[i], "%llu", values[i]);
  const char *const origin[][2] = {{"kind", LANGUAGE_KIND}, {"origin", p->origin ? p->origin : "lmm_language_train"},
                                   {"width", numbers[0]},   {"layers", numbers[1]},
                                   {"rank", numbers[2]},    {"seed", numbers[3]},
                                  {"heads", numbers[4]}};
  int n_fields = list_fields(fields, net, tensors);
  LmmSource sources[2];
  for (int s = 0; s < 2; s++) {
    sources[s] = (LmmSource){fields, n_fields, draw, &drawn[s]};
    drawn[s].errors_known = n_fields > FIELDS;
  }
  LmmTrainParams train = {.optim = {.rate = p->rate, .average = p->average, .warm_up = p->steps < 2000 ? p->steps / 10 : 200,
                                    .steps = p->steps, .decay = 0.02f},
                          .type = p->type,
                          .validate_every = p->validate_every,
                          .validation_batches = p->validation_batches,
                          .patience = p->patience,
                          .loaders = 1,
                          .checkpoint = p->checkpoint,
                          .weights = p->weights,
                          .origin = origin,
                          .n_origin = (int)(sizeof origin / sizeof *origin) - !size.heads,
                          .report = p->report,
                          .user = p->user};
  freeze(net, p->reach);
  BaseStatus status = lmm_train(ctx, last, net, &sources[0], &sources[1], &train);
  freeze(net, LMM_EVERYTHING);
  return status;
}

BaseStatus lmm_language_train(BaseContext *ctx, LmmReport *last, NnNet *net, const LanguageTensors *tensors,
                              const LmmLanguageParams *params) {
  LmmLanguageParams p = with_defaults(*params);
  Drawn drawn[2] = {0};
  BaseStatus status = drawn_init(ctx, &drawn[0], p.tongues, p.n_tongues, p.notes, LMM_TRAINING);
  if (status == BASE_OK) status = drawn_init(ctx, &drawn[1], p.validation, p.n_validation, p.notes, LMM_VALIDATION);
  for (int s = 0; s < 2; s++) drawn[s].no_transposing = p.no_transposing || s == 1;
  if (status == BASE_OK) status = teach(ctx, last, net, tensors, drawn, &p);
  for (int s = 0; s < 2; s++) drawn_clear(&drawn[s]);
  return status;
}
