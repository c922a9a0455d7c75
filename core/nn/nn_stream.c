/* A long sequence through a network, a window at a time.
 *
 * Windows overlap by the margins, so that no answer that is taken has seen a window's border; at the very
 * beginning and end the window's border is the sequence's own. Recurrent layers take over at frame `settle`
 * the state that the window before left at the same frame of the sequence. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "core/nn/nn_stream.h"

#include <stdlib.h>

struct NnStream {
  NnRun *run;
  NnVar input, outputs[NN_STREAM_MOST_OUTPUTS];
  int n_outputs;
  NnStreamParams params;
  int window, step;
  size_t frame; /* floats of a frame of input */
  float *kept;  /* the frames of the present window */
  int have;
  long start; /* number of the window's first frame */
};

static BaseStatus check_shapes(BaseContext *ctx, const NnStream *s, const NnNet *net) {
  NnShape in = nn_net_shape(net, s->input);
  if (in.t < 1) return base_fail(ctx, BASE_BAD_INPUT, "the stream has no input");
  for (int i = 0; i < s->n_outputs; i++)
    if (nn_net_shape(net, s->outputs[i]).t != in.t)
      return base_fail(ctx, BASE_BAD_INPUT,
                       "output %d of the stream does not follow its input frame by frame", i);
  if (s->params.before < 0 || s->params.after < 0 || s->step < 1)
    return base_fail(ctx, BASE_BAD_INPUT, "a window of %d frames leaves nothing between margins of %d and %d",
                     in.t, s->params.before, s->params.after);
  return BASE_OK;
}

BaseStatus nn_stream_new(BaseContext *ctx, NnStream **stream, const NnNet *net, NnVar input, int n_outputs,
                         const NnVar *outputs, NnStreamParams params) {
  if (n_outputs < 1 || n_outputs > NN_STREAM_MOST_OUTPUTS)
    return base_fail(ctx, BASE_BAD_INPUT, "a stream has 1 to %d outputs", NN_STREAM_MOST_OUTPUTS);
  NnStream *made = calloc(1, sizeof *made);
  if (!made) return base_fail_memory(ctx);
  NnShape in = nn_net_shape(net, input);
  *made = (NnStream){.input = input, .n_outputs = n_outputs, .params = params, .window = in.t};
  memcpy(made->outputs, outputs, (size_t)n_outputs * sizeof *outputs);
  if (params.settle <= 0 || params.settle > params.before) made->params.settle = params.before;
  made->step = in.t - params.before - params.after;
  made->frame = (size_t)in.f * (size_t)in.c;
  BaseStatus status = check_shapes(ctx, made, net);
  NnRunParams run = {.type = params.type, .threads = params.threads, .carries = true};
  if (status == BASE_OK) status = nn_run_new_shared(ctx, &made->run, net, run);
  if (status == BASE_OK && !(made->kept = malloc((size_t)in.t * made->frame * sizeof(float))))
    status = base_fail_memory(ctx);
  if (status == BASE_OK)
    *stream = made;
  else
    nn_stream_free(made);
  return status;
}

void nn_stream_free(NnStream *stream) {
  if (!stream) return;
  nn_run_free(stream->run);
  free(stream->kept);
  free(stream);
}

static BaseStatus evaluate(BaseContext *ctx, NnStream *s) {
  NnShape shape = nn_run_shape(s->run, s->input);
  shape.n = 1;
  shape.t = s->have;
  float *to = nn_run_input(s->run, s->input, shape);
  if (!to) return base_fail(ctx, BASE_BAD_INPUT, "no output of the stream depends on its input");
  memcpy(to, s->kept, (size_t)s->have * s->frame * sizeof *to);
  nn_run_carry(s->run, true, s->start > 0 ? s->params.settle : 0, s->params.settle + s->step);
  return nn_run_forward(ctx, s->run);
}

/* Hands on frames [from, to) of the window. */
static void hand_on(NnStream *s, int from, int to, NnStreamFn take, void *user) {
  const float *places[NN_STREAM_MOST_OUTPUTS];
  for (int i = 0; i < s->n_outputs; i++) {
    NnShape shape = nn_run_shape(s->run, s->outputs[i]);
    places[i] = nn_run_output(s->run, s->outputs[i]) + (size_t)from * (size_t)shape.f * (size_t)shape.c;
  }
  if (to > from) take(user, s->start + from, to - from, places);
}

static int first_new(const NnStream *s) {
  return s->start > 0 ? s->params.before : 0;
}

static BaseStatus pass_window(BaseContext *ctx, NnStream *s, NnStreamFn take, void *user) {
  BaseStatus status = evaluate(ctx, s);
  if (status != BASE_OK) return status;
  hand_on(s, first_new(s), s->window - s->params.after, take, user);
  s->have -= s->step;
  s->start += s->step;
  memmove(s->kept, s->kept + (size_t)s->step * s->frame, (size_t)s->have * s->frame * sizeof *s->kept);
  return BASE_OK;
}

static BaseStatus pass_rest(BaseContext *ctx, NnStream *s, NnStreamFn take, void *user) {
  BaseStatus status = BASE_OK;
  if (s->have > first_new(s)) {
    status = evaluate(ctx, s);
    if (status == BASE_OK) hand_on(s, first_new(s), s->have, take, user);
  }
  s->have = 0;
  s->start = 0;
  nn_run_forget(s->run);
  return status;
}

BaseStatus nn_stream_feed(BaseContext *ctx, NnStream *s, const float *frames, int count, bool end,
                          NnStreamFn take, void *user) {
  BaseStatus status = BASE_OK;
  while (status == BASE_OK && count > 0) {
    int room = s->window - s->have, more = count < room ? count : room;
    memcpy(s->kept + (size_t)s->have * s->frame, frames, (size_t)more * s->frame * sizeof *frames);
    s->have += more;
    frames += (size_t)more * s->frame;
    count -= more;
    if (s->have == s->window) status = pass_window(ctx, s, take, user);
  }
  return status == BASE_OK && end ? pass_rest(ctx, s, take, user) : status;
}
