/* How fast networks train and run, beside the bare primitives and as whole nets.
 *
 * usage: bench_nn [pitch] [page] [language] [music] [rival] [-t THREADS] [-n STEPS]
 *
 * For every shape of the nets: GFLOP/s of the layer inside a training step, of the bare oneDNN product
 * (or, for recurrences and attention, of the OpenBLAS products they are made of) at the same shape, and the
 * share. With one thread times are processor time, else wall time; each is the least of some steps.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_rng.h"
#include "core/nn/nn_gemm.h"
#include "core/nn/nn_optim.h"
#include "core/nn/nn_rows.h"
#include "core/nn/nn_run_plan.h"
#include "tests/bench/bench_nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MOST_NODES = 256 };

typedef struct {
  const char *name;
  NnNet *(*build)(int batch);
  int batch;
  int notes; /* of an example, where the net comes finished and its speed is told in notes; else 0 */
} Contestant;

static const Contestant contestants[] = {
    {"pitch", bench_pitch, 8}, {"page", bench_page, 8}, {"language", bench_language, 16},
    {"music", bench_music, 16, 256}, {"rival", bench_rival, 16, 256}};

typedef struct {
  int threads, steps;
} Options;

/* Seconds, forward and backward. */
typedef struct {
  double pass[2];
} Times;

static double now(int threads) {
  struct timespec t;
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- bare primitives -------------------------------------------------------------------------------------
 */

static void *room(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (!memory) abort();
  memset(memory, 0, bytes + 1);
  return memory;
}

static Times time_product(NnProduct *product, const NnProductSpec *s, int threads) {
  size_t x_bytes = nn_shape_count(s->x) * nn_type_size(s->type_x),
         y_bytes = nn_shape_count(s->y) * nn_type_size(s->type_y);
  size_t weights = (size_t)s->x.c * (size_t)s->y.c * (size_t)(s->kernel_t * s->kernel_f);
  void *x = room(x_bytes), *y = room(y_bytes), *dx = room(x_bytes),
       *scratch = room(nn_product_scratch(product));
  float *w = room(weights * sizeof *w), *bias = room((size_t)s->y.c * sizeof *bias);
  Times least = {{INFINITY, INFINITY}};
  nn_product_pack(product, w);
  for (int i = 0; i < 4; i++) {
    double a = now(threads);
    nn_product_forward(product, y, x, bias, scratch);
    double b = now(threads);
    if (s->training) nn_product_backward(product, s->no_dx ? NULL : dx, w, NULL, x, y, scratch);
    least.pass[0] = fmin(least.pass[0], b - a);
    least.pass[1] = fmin(least.pass[1], now(threads) - b);
  }
  void *all[] = {x, y, dx, scratch, w, bias};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
  return least;
}

static Times bare_product(const NnCall *call) {
  NnProductSpec spec = nn_product_spec(call);
  spec.relu = false;
  const char *why = NULL;
  NnProduct *product = nn_product_new(call->dnnl, &spec, &why);
  Times times = {{NAN, NAN}};
  if (product) times = time_product(product, &spec, call->threads);
  nn_product_free(product);
  return times;
}

/* GFLOP/s of one thread of OpenBLAS at [m, k] · [k, n]. */
static double gemm_rate(int m, int n, int k) {
  float *a = room((size_t)(m * k) * sizeof *a), *b = room((size_t)(k * n) * sizeof *b),
        *c = room((size_t)(m * n) * sizeof *c);
  int repeats = 1 + (int)(4e7 / (2.0 * m * n * k));
  double least = INFINITY;
  for (int i = 0; i < 4; i++) {
    double start = now(1);
    for (int r = 0; r < repeats; r++) nn_gemm(c, n, a, k, false, b, n, false, m, n, k, 1, 0);
    least = fmin(least, now(1) - start);
  }
  free(a);
  free(b);
  free(c);
  return 2e-9 * m * n * k * repeats / least;
}

/* --- arithmetic --------------------------------------------------------------------------------------------
 */

static Times product_work(const NnCall *call) {
  const NnProductSettings *s = &call->node->set.product;
  double work = 2.0 * (double)nn_shape_count(call->ys) * call->xs[0].c * s->kernel[0] * s->kernel[1];
  return (Times){{work, call->dx[0] ? 2 * work : work}};
}

static Times gru_work(const NnCall *call) {
  double rows = (double)nn_shape_rows(call->xs[0]), h = call->node->set.gru.hidden;
  double work = 2 * rows * (call->node->set.gru.both ? 2 : 1) * 3 * h * (call->xs[0].c + h);
  return (Times){{work, 2 * work}};
}

/* Queries in blocks of 64 against the keys before them. */
static Times attention_work(const NnCall *call) {
  double t = call->ys.t, pairs = t * (t + 64) / 2;
  double product = 2 * pairs * call->ys.c * call->ys.n;
  return (Times){{2 * product, 5 * product}};
}

static Times work_of(const NnCall *call) {
  switch (call->node->op) {
  case NN_OP_product:
    return product_work(call);
  case NN_OP_gru:
    return gru_work(call);
  case NN_OP_attention:
    return attention_work(call);
  default:
    return (Times){0};
  }
}

/* Seconds that the bare primitives need. */
static Times bare_times(const NnCall *call) {
  if (call->node->op == NN_OP_product) return bare_product(call);
  Times work = work_of(call);
  int c = call->xs[0].c, h = call->node->set.gru.hidden;
  double rate;
  if (call->node->op == NN_OP_gru)
    rate = gemm_rate(88, 3 * h, c + h);
  else
    rate = gemm_rate(64, call->ys.t / 2, call->ys.c / call->node->set.attention.heads);
  rate *= 1e9 * call->threads;
  return (Times){{work.pass[0] / rate, work.pass[1] / rate}};
}

/* --- whole nets -------------------------------------------------------------------------------------------
 */

typedef struct {
  NnNet *net;
  NnRun *run;
  NnOptim *optim;
  Times least[MOST_NODES];
  double step, forward;
} Bench;

static void fill_inputs(Bench *b) {
  BaseRng rng = base_rng(1, 1);
  for (int i = 0; i < b->net->n_nodes; i++) {
    const NnNode *node = &b->net->nodes[i];
    float *x = node->op == NN_OP_input ? nn_run_input(b->run, i, node->shape) : NULL;
    for (size_t k = 0; x && k < nn_shape_count(node->shape); k++)
      x[k] = node->set.input.is_target ? (float)base_rng_below(&rng, 2) : (float)base_rng_normal(&rng);
  }
}

static void stop_on(BaseContext *ctx, BaseStatus status) {
  if (status == BASE_OK) return;
  fprintf(stderr, "bench_nn: %s\n", ctx->sentence);
  exit(1);
}

static void one_step(BaseContext *ctx, Bench *b, bool training) {
  double start = now(ctx->threads);
  nn_run_clear_gradients(b->run);
  stop_on(ctx, nn_run_forward(ctx, b->run));
  b->forward = fmin(b->forward, now(ctx->threads) - start);
  if (!training) return;
  stop_on(ctx, nn_run_backward(ctx, b->run));
  stop_on(ctx, nn_optim_step(ctx, NULL, b->optim, b->net, nn_run_gradients(b->run), 1));
  b->step = fmin(b->step, now(ctx->threads) - start);
}

static void measure(BaseContext *ctx, Bench *b, const Options *options, NnType type, bool training) {
  stop_on(ctx, nn_run_new(ctx, &b->run, b->net, (NnRunParams){.training = training, .type = type}));
  b->step = b->forward = INFINITY;
  for (int i = 0; i < b->net->n_nodes; i++) b->least[i] = (Times){{INFINITY, INFINITY}};
  fill_inputs(b);
  for (int s = 0; s < options->steps; s++) {
    one_step(ctx, b, training);
    for (int i = 0; i < b->net->n_nodes; i++)
      for (int pass = 0; pass < 2; pass++)
        b->least[i].pass[pass] = fmin(b->least[i].pass[pass], nn_run_seconds(b->run, i, pass));
  }
}

static bool same_work(const NnCall *a, const NnCall *b) {
  return a->node->op == b->node->op && nn_shape_equal(a->xs[0], b->xs[0]) && nn_shape_equal(a->ys, b->ys) &&
         memcmp(&a->node->set, &b->node->set, sizeof(NnProductSettings)) == 0 && !a->dx[0] == !b->dx[0];
}

static void print_shape(const NnCall *call, Times own, Times bare) {
  const NnProductSettings *s = &call->node->set.product;
  NnShape x = call->xs[0];
  char what[32];
  if (call->node->op == NN_OP_product)
    snprintf(what, sizeof what, "conv %dx%d/%d", s->kernel[0], s->kernel[1], s->stride[0]);
  else
    snprintf(what, sizeof what, "%s", nn_ops[call->node->op]->name);
  Times work = work_of(call);
  printf("  %-10s %3dx%dx%dx%d -> %-4d", what, x.n, x.t, x.f, x.c, call->ys.c);
  for (int pass = 0; pass < 2; pass++)
    printf("  %s %6.1f of %6.1f GFLOP/s %4.0f %%", pass ? "backward" : "forward",
           1e-9 * work.pass[pass] / own.pass[pass], 1e-9 * work.pass[pass] / bare.pass[pass],
           100 * bare.pass[pass] / own.pass[pass]);
  printf("\n");
}

/* Prints each distinct shape once; seconds of the bare primitives for a whole step, and its operations. */
static double compare_shapes(const Bench *b, double *operations) {
  double sum = 0;
  *operations = 0;
  Times bare[MOST_NODES];
  for (int i = 0; i < b->run->n; i++) {
    const NnCall *call = &b->run->calls[i];
    const Times work = work_of(call);
    if (work.pass[0] == 0) continue;
    *operations += work.pass[0] + work.pass[1];
    int twin = 0;
    while (twin < i && !same_work(&b->run->calls[twin], call)) twin++;
    bare[i] = twin < i ? bare[twin] : bare_times(call);
    if (twin == i) print_shape(call, b->least[i], bare[i]);
    sum += bare[i].pass[0] + bare[i].pass[1];
  }
  return sum;
}

static void print_notes(const Contestant *contestant, double step_s, double bare_s, double operations) {
  const double notes = contestant->batch * contestant->notes;
  printf("  %.0f notes/s in training: %.1f GFLOP/s, of %.1f by the bare primitives\n", notes / step_s,
         1e-9 * operations / step_s, 1e-9 * operations / bare_s);
}

static void bench_type(const Contestant *contestant, const Options *options, NnType type) {
  BaseContext ctx = {.threads = options->threads};
  Bench b = {.net = contestant->build(contestant->batch)};
  if (!contestant->notes) stop_on(&ctx, nn_net_finish(&ctx, b.net));
  stop_on(&ctx, nn_optim_new(&ctx, &b.optim, b.net, (NnOptimParams){0}));
  printf("%s, %s, batch %d, %zu numbers\n", contestant->name, type ? "bf16" : "f32", contestant->batch,
         nn_net_size(b.net));
  measure(&ctx, &b, options, type, true);
  int before = nn_parallel_set(options->threads);
  double operations, bare = compare_shapes(&b, &operations);
  nn_parallel_set(before);
  printf("  training step %.1f ms, %.2f examples/s, bare primitives %.1f ms = %.0f %% of the step, %.0f MB\n",
         1e3 * b.step, contestant->batch / b.step, 1e3 * bare, 100 * bare / b.step,
         1e-6 * (double)nn_run_bytes(b.run));
  if (contestant->notes) print_notes(contestant, b.step, bare, operations);
  nn_run_free(b.run);
  measure(&ctx, &b, options, type, false);
  printf("  inference %.1f ms, %.2f examples/s, %.0f MB\n", 1e3 * b.forward, contestant->batch / b.forward,
         1e-6 * (double)nn_run_bytes(b.run));
  nn_run_free(b.run);
  nn_optim_free(b.optim);
  nn_net_free(b.net);
}

static bool is_chosen(const char *name, int n, char **names) {
  for (int i = 0; i < n; i++)
    if (strcmp(names[i], name) == 0) return true;
  return n == 0;
}

int main(int argc, char **argv) {
  Options options = {.threads = 2, .steps = 4};
  for (int c; (c = getopt(argc, argv, "t:n:")) != -1;) {
    if (c == '?') return 2;
    *(c == 't' ? &options.threads : &options.steps) = atoi(optarg) > 0 ? atoi(optarg) : 1;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  nn_gemm_start();
  for (size_t i = 0; i < sizeof contestants / sizeof *contestants; i++) {
    if (!is_chosen(contestants[i].name, argc - optind, argv + optind)) continue;
    bench_type(&contestants[i], &options, NN_F32);
    if (nn_dnnl_fast_bf16()) bench_type(&contestants[i], &options, NN_BF16);
  }
  return 0;
}
