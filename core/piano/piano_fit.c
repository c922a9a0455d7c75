/* The sound is cut into segments that worker threads render and differentiate independently; their gradients
 * are summed in segment order, so the result does not depend on the number of threads. Parameters are
 * measured in deviations of their priors: one Adam rate suits all.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_fit.h"

#include "core/piano/piano_loss.h"
#include "core/piano/piano_timing.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENT = 500 /* frames: 5 s */, MOST_THREADS = 16 };

static const double BETA1 = 0.9, BETA2 = 0.99, EPSILON = 1e-12;
static const double ONSET_WEIGHT = 13; /* of the loss a frame against the priors */

/* ---- segments ---- */

typedef struct {
  size_t from, frames;       /* of heard */
  size_t note_from, note_to; /* notes that can sound in it */
  double loss;
  PianoModel *gradient;
} Segment;

typedef struct {
  const PianoModel *model;
  const PianoNote *notes;
  const PianoFrames *heard;
  double start_s;
  PianoNoteGradient *by_note; /* n of them for each segment's own range, or null */
  Segment *segments;
  size_t n_segments;
  PianoLossParams loss;
  BaseContext *ctx;
} Task;

typedef struct {
  Task *task;
  size_t first, step;
  PianoSpectrum *spectrum;
  PianoFrames *by_power;
  pthread_t thread;
} Worker;

static double segment_start_s(const Task *task, const Segment *segment) {
  return task->start_s + 0.01 * (double)segment->from;
}

/* Derivatives by a note arrive from every segment in which it sounds; each segment owns its own copies in
 * by_note[offset …], summed afterwards. */
static void run_segment(Worker *w, Segment *segment, PianoNoteGradient *by_note) {
  Task *task = w->task;
  double start_s = segment_start_s(task, segment);
  const PianoNote *notes = task->notes + segment->note_from;
  size_t n = segment->note_to - segment->note_from;
  const PianoFrames *rendered = piano_spectrum_forward(w->spectrum, task->model, notes, n, start_s);
  segment->loss = piano_loss(w->by_power, rendered, task->heard, segment->from, segment->frames, &task->loss);
  if (segment->gradient) memset(segment->gradient, 0, sizeof *segment->gradient);
  if (segment->gradient || by_note)
    piano_spectrum_backward(w->spectrum, segment->gradient, by_note, w->by_power, task->model, notes, n,
                            start_s);
}

static size_t notes_before(const Task *task, size_t segment) {
  size_t sum = 0;
  for (size_t i = 0; i < segment; i++) sum += task->segments[i].note_to - task->segments[i].note_from;
  return sum;
}

static void *work(void *user) {
  Worker *w = user;
  Task *task = w->task;
  for (size_t i = w->first; i < task->n_segments && !base_cancelled(task->ctx); i += w->step)
    run_segment(w, &task->segments[i], task->by_note ? task->by_note + notes_before(task, i) : NULL);
  return NULL;
}

/* Notes are sorted by onset; the longest sound that reaches into a segment is bounded. */
static void cut_segments(Segment *segments, size_t n_segments, const Task *task, size_t n) {
  for (size_t i = 0; i < n_segments; i++) {
    Segment *s = &segments[i];
    s->from = i * SEGMENT;
    s->frames = task->heard->frames - s->from < SEGMENT ? task->heard->frames - s->from : SEGMENT;
    double low = segment_start_s(task, s) - 12,
           high = segment_start_s(task, s) + 0.01 * (double)s->frames + 0.1;
    size_t a = 0, b = n;
    while (a < n && task->notes[a].onset_s < low) a++;
    while (b > a && task->notes[b - 1].onset_s > high) b--;
    s->note_from = a;
    s->note_to = b;
  }
}

/* ---- the pool ---- */

typedef struct {
  Task task;
  Worker workers[MOST_THREADS];
  int n_workers;
  PianoModel *gradients;
  PianoNoteGradient *by_note;
} Pool;

static void pool_clear(Pool *pool) {
  for (int i = 0; i < pool->n_workers; i++) {
    piano_spectrum_free(pool->workers[i].spectrum);
    piano_frames_free(pool->workers[i].by_power);
  }
  free(pool->task.segments);
  free(pool->gradients);
  free(pool->by_note);
}

static float floor_of(const PianoFrames *heard) {
  float most = 0;
  size_t n = heard->frames * (size_t)piano_resolution(0)->bins;
  for (size_t i = 0; i < n; i++) most = heard->power[0][i] > most ? heard->power[0][i] : most;
  return fmaxf(1e-6f * most, 1e-12f);
}

static BaseStatus pool_init(BaseContext *ctx, Pool *pool, const PianoFrames *heard, const PianoNote *notes,
                            size_t n, double start_s, int by_instrument) {
  memset(pool, 0, sizeof *pool);
  Task *task = &pool->task;
  task->notes = notes;
  task->heard = heard;
  task->start_s = start_s;
  task->ctx = ctx;
  task->loss.floor = floor_of(heard);
  task->n_segments = (heard->frames + SEGMENT - 1) / SEGMENT;
  task->segments = calloc(task->n_segments + 1, sizeof *task->segments);
  if (!task->segments) return base_fail_memory(ctx);
  cut_segments(task->segments, task->n_segments, task, n);
  if (by_instrument) {
    pool->gradients = malloc((task->n_segments + 1) * sizeof *pool->gradients);
    if (!pool->gradients) return base_fail_memory(ctx);
    for (size_t i = 0; i < task->n_segments; i++) task->segments[i].gradient = &pool->gradients[i];
  } else {
    pool->by_note = malloc((notes_before(task, task->n_segments) + 1) * sizeof *pool->by_note);
    if (!pool->by_note) return base_fail_memory(ctx);
    task->by_note = pool->by_note;
  }
  int threads = base_threads(ctx) < MOST_THREADS ? base_threads(ctx) : MOST_THREADS;
  for (int i = 0; i < threads; i++) {
    Worker *w = &pool->workers[i];
    *w = (Worker){.task = task, .first = (size_t)i, .step = (size_t)threads};
    pool->n_workers = i + 1;
    w->by_power = piano_frames_new(SEGMENT);
    BaseStatus status = piano_spectrum_new(ctx, &w->spectrum, SEGMENT);
    if (status != BASE_OK || !w->by_power) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

/* Renders and differentiates everything once; the mean loss a frame-bin. */
static double pool_run(Pool *pool, const PianoModel *model) {
  Task *task = &pool->task;
  task->model = model;
  if (pool->by_note) memset(pool->by_note, 0, notes_before(task, task->n_segments) * sizeof *pool->by_note);
  int started = 1;
  while (started < pool->n_workers &&
         pthread_create(&pool->workers[started].thread, NULL, work, &pool->workers[started]) == 0)
    started++;
  work(&pool->workers[0]);
  for (int i = started; i < pool->n_workers; i++) work(&pool->workers[i]);
  for (int i = 1; i < started; i++) pthread_join(pool->workers[i].thread, NULL);
  double loss = 0;
  for (size_t i = 0; i < task->n_segments; i++)
    loss += task->segments[i].loss * (double)task->segments[i].frames;
  return loss / (double)task->heard->frames;
}

/* ---- Adam ---- */

typedef struct {
  double first, second;
} Moments;

/* The step, in units of the rate. */
static double adam(Moments *m, double gradient, int iteration) {
  m->first += (1 - BETA1) * (gradient - m->first);
  m->second += (1 - BETA2) * (gradient * gradient - m->second);
  double first = m->first / (1 - pow(BETA1, iteration + 1)),
         second = m->second / (1 - pow(BETA2, iteration + 1));
  return first / (sqrt(second) + EPSILON);
}

static double cooled(int iteration, int iterations) {
  return 0.5 * (1 + cos(M_PI * iteration / iterations)) + 0.02;
}

/* ---- the instrument ---- */

static void instrument_step(PianoModel *model, Moments *moments, const PianoModel *mean, const Pool *pool,
                            double weight, double rate, int iteration) {
  const PianoBlockInfo *blocks = piano_blocks();
  for (int b = 0; b < PIANO_N_BLOCKS; b++)
    for (int j = blocks[b].first; j < blocks[b].first + blocks[b].count; j++) {
      double gradient = 0, deviation = blocks[b].deviation;
      for (size_t i = 0; i < pool->task.n_segments; i++)
        gradient += (double)pool->gradients[i].values[j] * (double)pool->task.segments[i].frames;
      gradient *= weight * deviation;
      if (gradient == 0) continue;
      gradient += (model->values[j] - mean->values[j]) / deviation;
      model->values[j] -= (float)(rate * deviation * adam(&moments[j], gradient, iteration));
    }
  piano_model_clamp(model);
}

/* Moves the level of all keys, in the model and so in its prior, to the recording's. */
static void match_level(PianoModel *model, const Pool *pool, const PianoFrames *heard, const PianoNote *notes,
                        double start_s) {
  double sum = 0, weight = 0;
  const Worker *w = &pool->workers[0];
  for (size_t i = 0; i < pool->task.n_segments; i += 3) {
    const Segment *s = &pool->task.segments[i];
    const PianoFrames *r =
        piano_spectrum_forward(w->spectrum, model, notes + s->note_from, s->note_to - s->note_from,
                               start_s + 0.01 * (double)s->from);
    for (int b = 0; b < piano_resolution(0)->bins; b++)
      for (size_t t = 0; t < s->frames; t++) {
        double heard_power = heard->power[0][(size_t)b * heard->frames + s->from + t];
        if (heard_power < 1e3 * pool->task.loss.floor) continue;
        sum += log(heard_power / (r->power[0][(size_t)b * r->frames + t] + 1e-12));
        weight++;
      }
  }
  if (weight < 100) return;
  for (int k = 0; k < PIANO_KEYS; k++) model->values[PIANO_AT_KEY_LEVEL + k] += (float)(sum / weight);
  for (int b = 0; b < PIANO_BANDS; b++) model->values[PIANO_AT_NOISE + b] += (float)(sum / weight);
}

/* Attacks are short; without a weight of their own they would be left to the notes that ring. */
static void instrument_loss(PianoLossParams *loss) {
  loss->level[0] = 2;
  loss->level[1] = 0.3f;
  loss->rise[1] = 4;
  loss->bend = 2.5f;
}

BaseStatus piano_fit_instrument(BaseContext *ctx, PianoModel *model, double *loss, const PianoFrames *heard,
                                const PianoNote *notes, size_t n, double start_s,
                                const PianoFitParams *params) {
  int iterations = params && params->iterations > 0 ? params->iterations : 150;
  double rate = params && params->rate > 0 ? params->rate : 0.2;
  double weight = 1 / (params && params->weight > 0 ? params->weight : 200);
  Pool pool;
  PianoModel fitted = *model;
  Moments *moments = calloc(PIANO_PARAMS, sizeof *moments);
  BaseStatus status = pool_init(ctx, &pool, heard, notes, n, start_s, 1);
  if (!moments) status = base_fail_memory(ctx);
  double now = 0;
  instrument_loss(&pool.task.loss);
  if (status == BASE_OK) match_level(&fitted, &pool, heard, notes, start_s);
  PianoModel mean = fitted;
  int bins = piano_resolution(0)->bins + piano_resolution(1)->bins;
  for (int i = 0; i < iterations && status == BASE_OK; i++) {
    now = pool_run(&pool, &fitted);
    if (base_cancelled(ctx))
      status = base_fail_cancelled(ctx);
    else if (!isfinite(now))
      status = base_fail(ctx, BASE_NUMERIC,
                         "Learning the instrument ran out of the finite numbers; it was given up.");
    else
      instrument_step(&fitted, moments, &mean, &pool, weight * bins, rate * cooled(i, iterations), i);
    base_progress(ctx, (i + 1.0) / iterations, "learning the instrument");
  }
  if (status == BASE_OK) {
    *model = fitted;
    if (loss) *loss = now;
  }
  pool_clear(&pool);
  free(moments);
  return status;
}

/* ---- the hands ---- */

enum { ONSET, END, VELOCITY, LATE, FIELDS };

/* A note's blow is the key's message, the way that the model knows of (piano_model_way_s) and how late this
 * one hammer was besides. */
typedef struct {
  double late_s;
  Moments moments[FIELDS];
} Hand;

typedef struct {
  size_t n;
  PianoNote *told, *moved; /* moved: as the sound has it, lateness included */
  PianoNoteGradient *gradients;
  Hand *each;
  double *onsets_s, *pull; /* of the keys */
  size_t *order;           /* by onset */
  PianoRhythm rhythm;
} Hands;

static void hands_clear(Hands *h) {
  free(h->told);
  free(h->moved);
  free(h->gradients);
  free(h->each);
  free(h->onsets_s);
  free(h->pull);
  free(h->order);
}

static BaseStatus hands_init(BaseContext *ctx, Hands *h, const PianoNote *notes, size_t n) {
  *h = (Hands){.n = n,
               .told = malloc((n + 1) * sizeof *h->told),
               .moved = malloc((n + 1) * sizeof *h->moved),
               .gradients = malloc((n + 1) * sizeof *h->gradients),
               .each = calloc(n + 1, sizeof *h->each),
               .onsets_s = malloc((n + 1) * sizeof *h->onsets_s),
               .pull = calloc(n + 1, sizeof *h->pull),
               .order = malloc((n + 1) * sizeof *h->order),
               .rhythm = piano_rhythm_usual()};
  if (!h->told || !h->moved || !h->gradients || !h->each || !h->onsets_s || !h->pull || !h->order)
    return base_fail_memory(ctx);
  memcpy(h->told, notes, n * sizeof *notes);
  memcpy(h->moved, notes, n * sizeof *notes);
  for (size_t k = 0; k < n; k++) h->onsets_s[k] = notes[k].onset_s, h->order[k] = k;
  return BASE_OK;
}

/* Onsets show in the short windows and well above the noise. */
static PianoLossParams onset_loss(PianoLossParams loss) {
  loss.floor *= 30;
  loss.level[0] = 0.3f;
  loss.level[1] = 1;
  return loss;
}

static void sum_note_gradients(Hands *h, const Pool *pool) {
  memset(h->gradients, 0, h->n * sizeof *h->gradients);
  const PianoNoteGradient *from = pool->by_note;
  for (size_t i = 0; i < pool->task.n_segments; i++) {
    const Segment *s = &pool->task.segments[i];
    for (size_t k = s->note_from; k < s->note_to; k++, from++) {
      h->gradients[k].onset += from->onset * (double)s->frames;
      h->gradients[k].end += from->end * (double)s->frames;
      h->gradients[k].velocity += from->velocity * (double)s->frames;
    }
  }
}

static double bounded(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

static void onset_step(Hands *h, size_t k, const PianoFitNotesParams *p, double rate, int iteration) {
  Hand *hand = &h->each[k];
  PianoNote *note = &h->moved[k];
  double by_blow = ONSET_WEIGHT * h->gradients[k].onset, step_s = 0.25 * p->reach_s * rate;
  double late_pull = piano_timing_late_pull(hand->late_s, note->velocity);
  double onset_s = h->onsets_s[k] - step_s * adam(&hand->moments[ONSET], by_blow + h->pull[k], iteration);
  h->onsets_s[k] = bounded(onset_s, h->told[k].onset_s - p->reach_s, h->told[k].onset_s + p->reach_s);
  hand->late_s -= step_s * adam(&hand->moments[LATE], by_blow + late_pull, iteration);
  note->onset_s = h->onsets_s[k] + hand->late_s;
}

static void note_step(Hands *h, size_t k, const PianoFitNotesParams *p, double rate, int iteration) {
  PianoNote *note = &h->moved[k];
  Moments *moments = h->each[k].moments;
  const PianoNoteGradient *g = &h->gradients[k];
  if (p->what & PIANO_FIT_ONSETS) onset_step(h, k, p, rate, iteration);
  if (p->what & PIANO_FIT_ENDS) {
    double moved = note->end_s - 0.05 * rate * adam(&moments[END], g->end, iteration);
    note->end_s = fmax(moved, note->onset_s + 0.03);
  }
  if (p->what & PIANO_FIT_VELOCITIES) {
    double moved = note->velocity - 10 * rate * adam(&moments[VELOCITY], g->velocity, iteration);
    note->velocity = bounded(moved, 1, 127);
  }
}

/* The rhythm is told when chords have come together. */
static void hands_step(Hands *h, const Pool *pool, const PianoFitNotesParams *p, int iteration) {
  sum_note_gradients(h, pool);
  if (p->what & PIANO_FIT_ONSETS) piano_timing_pull(h->pull, h->onsets_s, h->told, h->n);
  if (p->what & PIANO_FIT_ONSETS && iteration >= p->iterations / 4)
    piano_rhythm_pull(&h->rhythm, h->pull, h->order, h->onsets_s, h->n);
  for (size_t k = 0; k < h->n; k++) note_step(h, k, p, cooled(iteration, p->iterations), iteration);
}

static void keep_notes(PianoNote *notes, const Hands *h) {
  memcpy(notes, h->moved, h->n * sizeof *notes);
  for (size_t k = 0; k < h->n; k++) notes[k].onset_s = h->onsets_s[k];
}

BaseStatus piano_fit_notes(BaseContext *ctx, PianoNote *notes, size_t n, double *loss,
                           const PianoModel *model, const PianoFrames *heard, double start_s,
                           const PianoFitNotesParams *params) {
  PianoFitNotesParams p = params ? *params : (PianoFitNotesParams){0};
  if (!p.what) p.what = PIANO_FIT_ONSETS;
  if (p.iterations <= 0) p.iterations = 60;
  if (p.reach_s <= 0) p.reach_s = 0.06;
  double now = 0;
  Hands hands;
  Pool pool = {0};
  BaseStatus status = hands_init(ctx, &hands, notes, n);
  if (status == BASE_OK) status = pool_init(ctx, &pool, heard, hands.moved, n, start_s, 0);
  if (p.what & PIANO_FIT_ONSETS) pool.task.loss = onset_loss(pool.task.loss);
  for (int i = 0; i < p.iterations && status == BASE_OK; i++) {
    now = pool_run(&pool, model);
    if (base_cancelled(ctx))
      status = base_fail_cancelled(ctx);
    else if (!isfinite(now))
      status = base_fail(ctx, BASE_NUMERIC, "Fitting the notes ran out of the finite numbers.");
    else
      hands_step(&hands, &pool, &p, i);
    base_progress(ctx, (i + 1.0) / p.iterations, "fitting the notes");
  }
  if (status == BASE_OK) {
    keep_notes(notes, &hands);
    if (loss) *loss = now;
  }
  pool_clear(&pool);
  hands_clear(&hands);
  return status;
}
