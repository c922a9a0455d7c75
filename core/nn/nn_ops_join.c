/* Operators that move rows of channels: concat, slice, gather along frequency, embedding; and the affine map.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/nn/nn_math.h"
#include "core/nn/nn_op.h"
#include "core/nn/nn_rows.h"

static bool each_row(NnCall *call, NnPartFn part) {
  nn_parallel(call->threads, nn_shape_rows(call->ys), 256, part, call);
  return true;
}

/* --- concat: y[.., :] = x0[.., :] | x1[.., :] | … --------------------------------------------------- */

static const char *infer_concat(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = x[0];
  for (int i = 1; i < node->n_x; i++) {
    if (x[i].n != y->n || x[i].t != y->t || x[i].f != y->f) return "it joins tensors of different n, t or f";
    y->c += x[i].c;
  }
  return NULL;
}

static void concat_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t first = 0, c = (size_t)call->ys.c;
  for (int k = 0; k < call->node->n_x; k++) {
    size_t part = (size_t)call->xs[k].c;
    for (size_t row = from; row < to; row++)
      nn_copy(call->y, call->yt, row * c + first, call->x[k], call->xt[k], row * part, part);
    first += part;
  }
}

static bool forward_concat(NnCall *call) {
  return each_row(call, concat_part);
}

static void concat_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t first = 0, c = (size_t)call->ys.c;
  for (int k = 0; k < call->node->n_x; k++) {
    size_t part = (size_t)call->xs[k].c;
    for (size_t row = from; call->dx[k] && row < to; row++)
      nn_give_back(call->dx[k], call->xt[k], call->add[k], row * part, call->dy, call->yt, row * c + first,
                   part);
    first += part;
  }
}

static bool backward_concat(NnCall *call) {
  return each_row(call, concat_back_part);
}

static void reference_concat(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  for (size_t row = 0; row < nn_shape_rows(call->ys); row++)
    for (int k = 0; k < call->node->n_x; k++)
      for (int c = 0; c < call->xs[k].c; c++) *y++ = x[k][row * (size_t)call->xs[k].c + (size_t)c];
}

const NnOp nn_op_concat = {.name = "concat",
                           .infer = infer_concat,
                           .forward = forward_concat,
                           .backward = backward_concat,
                           .reference = reference_concat};

/* --- slice: y = some channels of x ------------------------------------------------------------------- */

static const char *infer_slice(NnShape *y, const NnNode *node, const NnShape *x) {
  NnSlice slice = node->set.slice;
  *y = (NnShape){x->n, x->t, x->f, slice.channels};
  return slice.channel < 0 || slice.channels < 1 || slice.channel + slice.channels > x->c
             ? "it takes channels that are not there"
             : NULL;
}

static void take_channel(float *y, const float *x, size_t rows, size_t stride) {
  for (size_t i = 0; i < rows; i++) y[i] = x[i * stride];
}

static void slice_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t first = (size_t)call->node->set.slice.channel, n = (size_t)call->ys.c, c = (size_t)call->xs[0].c;
  if (n == 1 && call->yt == NN_F32 && call->xt[0] == NN_F32)
    take_channel((float *)call->y + from, (const float *)call->x[0] + from * c + first, to - from, c);
  else
    for (size_t row = from; row < to; row++)
      nn_copy(call->y, call->yt, row * n, call->x[0], call->xt[0], row * c + first, n);
}

static bool forward_slice(NnCall *call) {
  return each_row(call, slice_part);
}

static void slice_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t first = (size_t)call->node->set.slice.channel, n = (size_t)call->ys.c, c = (size_t)call->xs[0].c;
  size_t size = nn_type_size(call->xt[0]);
  for (size_t row = from; row < to; row++) {
    if (!call->add[0]) memset((char *)call->dx[0] + row * c * size, 0, c * size);
    nn_give_back(call->dx[0], call->xt[0], call->add[0], row * c + first, call->dy, call->yt, row * n, n);
  }
}

static bool backward_slice(NnCall *call) {
  return each_row(call, slice_back_part);
}

static void reference_slice(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  NnSlice slice = call->node->set.slice;
  for (size_t row = 0; row < nn_shape_rows(call->ys); row++)
    for (int c = 0; c < slice.channels; c++)
      *y++ = x[0][row * (size_t)call->xs[0].c + (size_t)slice.channel + (size_t)c];
}

const NnOp nn_op_slice = {.name = "slice",
                          .infer = infer_slice,
                          .forward = forward_slice,
                          .backward = backward_slice,
                          .reference = reference_slice};

/* --- gather: y[n, t, k, j·C + c] = x[n, t, index[k, j], c] ------------------------------------------ */

static const char *infer_gather(NnShape *y, const NnNode *node, const NnShape *x) {
  const NnGather *g = &node->set.gather;
  *y = (NnShape){x->n, x->t, g->keys, g->taps * x->c};
  return NULL;
}

static void gather_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  const NnGather *g = &call->node->set.gather;
  size_t f = (size_t)call->xs[0].f, c = (size_t)call->xs[0].c, taps = (size_t)g->keys * (size_t)g->taps;
  size_t size = nn_type_size(call->yt);
  for (size_t frame = from; frame < to; frame++)
    for (size_t j = 0; j < taps; j++) {
      size_t at = (frame * taps + j) * c;
      if (g->index[j] < 0 || g->index[j] >= (int)f)
        memset((char *)call->y + at * size, 0, c * size);
      else
        nn_copy(call->y, call->yt, at, call->x[0], call->xt[0], (frame * f + (size_t)g->index[j]) * c, c);
    }
}

static bool each_frame(NnCall *call, NnPartFn part) {
  nn_parallel(call->threads, (size_t)call->xs[0].n * (size_t)call->xs[0].t, 1, part, call);
  return true;
}

static bool forward_gather(NnCall *call) {
  return each_frame(call, gather_part);
}

static size_t gather_row(const NnCall *call) {
  return (size_t)call->xs[0].f * (size_t)call->xs[0].c;
}

static size_t gather_scratch(const NnCall *call) {
  return call->training ? (size_t)call->threads * gather_row(call) * sizeof(float) : 0;
}

/* dx[n, t, index[k, j], c] += dy[n, t, k, j·C + c], summed in f32 for one frame at a time. */
static void gather_back_frame(NnCall *call, size_t frame, float *sum) {
  const NnGather *g = &call->node->set.gather;
  size_t f = (size_t)call->xs[0].f, c = (size_t)call->xs[0].c, taps = (size_t)g->keys * (size_t)g->taps;
  float room[NN_CHUNK];
  memset(sum, 0, f * c * sizeof *sum);
  for (size_t j = 0; j < taps; j++) {
    if (g->index[j] < 0 || g->index[j] >= (int)f) continue;
    for (size_t i = 0; i < c; i += NN_CHUNK) {
      size_t n = c - i < NN_CHUNK ? c - i : NN_CHUNK;
      const float *dy = nn_widen(call->dy, call->yt, (frame * taps + j) * c + i, n, room);
      float *to = sum + (size_t)g->index[j] * c + i;
      for (size_t k = 0; k < n; k++) to[k] += dy[k];
    }
  }
  nn_give(call->dx[0], call->xt[0], call->add[0], frame * f * c, f * c, sum);
}

static void gather_back_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t frames = (size_t)call->xs[0].n * (size_t)call->xs[0].t;
  float *sum = (float *)call->scratch + nn_parallel_share(call->threads, frames, 1, from) * gather_row(call);
  for (size_t frame = from; frame < to; frame++) gather_back_frame(call, frame, sum);
}

static bool backward_gather(NnCall *call) {
  return each_frame(call, gather_back_part);
}

static void reference_gather(double *y, const NnCall *call, const double *const *x, const double *const *w) {
  const NnGather *g = &call->node->set.gather;
  NnShape s = call->xs[0];
  for (int frame = 0; frame < s.n * s.t; frame++)
    for (int j = 0; j < g->keys * g->taps; j++)
      for (int c = 0; c < s.c; c++) {
        bool there = g->index[j] >= 0 && g->index[j] < s.f;
        *y++ = there ? x[0][(frame * s.f + g->index[j]) * s.c + c] : 0;
      }
}

const NnOp nn_op_gather = {.name = "gather",
                           .infer = infer_gather,
                           .scratch = gather_scratch,
                           .forward = forward_gather,
                           .backward = backward_gather,
                           .reference = reference_gather};

/* --- embedding: y[n, t, f, :] = table[x[n, t, f], :] -------------------------------------------------- */

static const char *infer_embedding(NnShape *y, const NnNode *node, const NnShape *x) {
  *y = (NnShape){x->n, x->t, x->f, node->set.slice.channels};
  return x->c == 1 && node->set.slice.channel > 0 ? NULL
                                                  : "an embedding needs ids with one channel, and rows";
}

static int id_at(const NnCall *call, size_t row) {
  float room, id = *nn_widen(call->x[0], call->xt[0], row, 1, &room);
  return id >= 0 && id < (float)call->node->set.slice.channel ? (int)id : -1;
}

static void embedding_part(void *user, size_t from, size_t to) {
  NnCall *call = user;
  size_t c = (size_t)call->ys.c, size = nn_type_size(call->yt);
  for (size_t row = from; row < to; row++) {
    int id = id_at(call, row);
    if (id < 0)
      memset((char *)call->y + row * c * size, 0, c * size);
    else
      nn_copy(call->y, call->yt, row * c, call->w[0], NN_F32, (size_t)id * c, c);
  }
}

static bool forward_embedding(NnCall *call) {
  return each_row(call, embedding_part);
}

/* dtable[id, :] += dy[row, :]; in order of rows, so that sums repeat. */
static bool backward_embedding(NnCall *call) {
  size_t c = (size_t)call->ys.c;
  for (size_t row = 0; call->dw[0] && row < nn_shape_rows(call->ys); row++) {
    int id = id_at(call, row);
    if (id >= 0) nn_give_back(call->dw[0], NN_F32, true, (size_t)id * c, call->dy, call->yt, row * c, c);
  }
  return true;
}

static void reference_embedding(double *y, const NnCall *call, const double *const *x,
                                const double *const *w) {
  for (size_t row = 0; row < nn_shape_rows(call->ys); row++)
    for (int c = 0; c < call->ys.c; c++) {
      bool there = x[0][row] >= 0 && x[0][row] < call->node->set.slice.channel;
      *y++ = there ? w[0][(int)x[0][row] * call->ys.c + c] : 0;
    }
}

const NnOp nn_op_embedding = {.name = "embedding",
                              .traits = NN_READS_X,
                              .infer = infer_embedding,
                              .forward = forward_embedding,
                              .backward = backward_embedding,
                              .reference = reference_embedding};
