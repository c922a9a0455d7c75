/* The layers that a network is built of. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_net.h"

/* Every function adds one node to `net` and returns its tensor, or NN_NONE after an error (see NnVar).
 * `name` prefixes the names of the layer's parameters ("name.weight", "name.bias", …) and must be unique;
 * it is copied. Shapes are the planned maximum; when running, any smaller n, t (and f) of the inputs is
 * followed through. A zeroed params struct means the defaults. */

/* --- where numbers enter and leave -------------------------------------------------------------- */

/* Numbers for the network, rounded to the run's type. */
NnVar nn_input(NnNet *net, const char *name, NnShape largest);

/* Numbers for losses and look-ups, always f32: targets, weights, class or token ids (whole numbers). */
NnVar nn_target(NnNet *net, const char *name, NnShape largest);

/* Marks x as readable after a run, in f32, under a name. */
NnVar nn_output(NnNet *net, const char *name, NnVar x);

/* --- products ------------------------------------------------------------------------------------ */

/* A zero stands for 1 in kernel, stride and dilation. Padding is such that y = ceil(x / stride) ("same",
 * zeros) unless `valid`; with `causal`, all padding along t comes before. */
typedef struct {
  int channels; /* of y */
  int kernel_t, kernel_f;
  int stride_t, stride_f;
  int dilation_t, dilation_f;
  bool causal, valid;
  bool relu;    /* y = max(0, …), fused */
  bool no_bias; /* for a batch norm that follows */
} NnConv;

/* weight [channels, x.c, kernel_t, kernel_f], bias [channels]; He initialisation. A 1-D convolution is one
 * with kernel_f 1. */
NnVar nn_conv(NnNet *net, const char *name, NnVar x, NnConv conv);

/* Along the channels, the same for every n, t, f: weight [channels, x.c], bias [channels]. */
NnVar nn_linear(NnNet *net, const char *name, NnVar x, NnConv linear);

/* --- element by element --------------------------------------------------------------------------- */

typedef enum { NN_RELU, NN_GELU, NN_SILU, NN_SIGMOID, NN_TANH } NnActivation;
NnVar nn_activation(NnNet *net, NnVar x, NnActivation kind); /* GELU in its tanh form */

NnVar nn_add(NnNet *net, NnVar a, NnVar b, bool relu);          /* equal shapes; max(0, a + b) with relu */
NnVar nn_multiply(NnNet *net, NnVar a, NnVar b);                /* equal shapes, or b with 1 channel */
NnVar nn_concat(NnNet *net, int n, const NnVar *x);             /* along channels; 2 to 4 tensors */
NnVar nn_slice(NnNet *net, NnVar x, int channel, int channels); /* channels [channel, channel + channels) */

/* y = x · scale + shift; scale and shift are [x.c], or [x.f, x.c] with `per_key`. Starts as identity. */
NnVar nn_affine(NnNet *net, const char *name, NnVar x, bool per_key);

/* Zeroes elements with probability p in training and scales the others by 1 / (1 - p). */
NnVar nn_dropout(NnNet *net, NnVar x, float p);

/* --- norms ----------------------------------------------------------------------------------------- */

typedef struct {
  float epsilon;  /* 0: 1e-5 */
  float momentum; /* of running statistics, batch norm only; 0: 0.1 */
  bool relu;      /* y = max(0, …), fused; batch norm only */
} NnNorm;

/* Over n, t, f for each channel; scale, shift, running mean and variance. Not trained: the running
 * statistics, folded into a preceding convolution that feeds nothing else. */
NnVar nn_batch_norm(NnNet *net, const char *name, NnVar x, NnNorm norm);
NnVar nn_layer_norm(NnNet *net, const char *name, NnVar x, NnNorm norm); /* over c; scale and shift */
NnVar nn_rms_norm(NnNet *net, const char *name, NnVar x, NnNorm norm);   /* over c; scale only */

/* --- resampling ------------------------------------------------------------------------------------- */

/* Windows of along_t × along_f side by side; y = floor(x / window). */
NnVar nn_max_pool(NnNet *net, NnVar x, int along_t, int along_f);
NnVar nn_mean_pool(NnNet *net, NnVar x, int along_t, int along_f);

/* factor_t × factor_f as many samples; bilinear as with half-pixel centres and clamped borders. */
NnVar nn_upsample(NnNet *net, NnVar x, int factor_t, int factor_f, bool bilinear);

/* Along f: y[n, t, k, j·C + c] = x[n, t, index[k·taps + j], c], zero where the index is outside [0, x.f).
 * y is [N, T, keys, taps·C]; the index (keys × taps) is copied. For harmonic stacking: index = the bin of
 * harmonic j of key k. */
NnVar nn_gather(NnNet *net, NnVar x, int keys, int taps, const int *index);

/* --- sequences --------------------------------------------------------------------------------------- */

/* x [N, T, F, 1] of ids in [0, rows) → y [N, T, F, channels]; an id outside gives zeros. table [rows,
 * channels]. */
NnVar nn_embedding(NnNet *net, const char *name, NnVar x, int rows, int channels);

/* A gated recurrent unit along t, each (n, f) a sequence of its own, weights shared: y [N, T, F, H], or
 * [N, T, F, 2H] (forward, backward in time) when `both`. Gates in the order reset, update, new (as in cuDNN):
 * input.weight [D·3H, C], input.bias [D·3H], state.weight [D·3H, H], state.bias [D·3H]. */
NnVar nn_gru(NnNet *net, const char *name, NnVar x, int hidden, bool both);

/* The elementwise recurrence of minGRU (Feng et al. 2024): x [N, T, F, 2H] holds gate logits and candidates;
 * z = σ(x_gate), h_t = (1 − z)·h_{t−1} + z·g(x_new), g(v) = v + ½ for v ≥ 0, σ(v) below. y [N, T, F, H]. */
NnVar nn_min_gru(NnNet *net, NnVar x);

/* Self-attention with rotary positions (Su et al. 2021), to all steps with `both`, else to earlier ones and itself:
 * x [N, T, 1, 3C] holds query, key, value of `heads` heads each; y [N, T, 1, C]. C / heads must be even. */
NnVar nn_attention(NnNet *net, NnVar x, int heads, bool both);

/* --- losses ------------------------------------------------------------------------------------------ */

/* Each returns a scalar: scale · Σ w·loss / max(Σ w, 1e-6) over rows (n, t, f) — for element-wise losses over
 * elements — where w is the tensor `weight` ([N, T, F, 1] or, element-wise, the shape of x; NN_NONE: 1).
 * A training step minimises the sum of all losses of the net. */
typedef struct {
  const char *name;          /* to find it by; may be null */
  float scale;               /* of this term in the sum; 0: 1 */
  float smoothing;           /* label smoothing, cross-entropy and BCE */
  float positive;            /* BCE, focal: weight of positive targets; 0: 1 */
  float gamma;               /* focal: exponent; 0: 2 */
  float delta;               /* Huber: where it turns linear; 0: absolute error */
  const float *class_weight; /* cross-entropy: [C], copied; null: 1 */
  const float *channel;      /* cross-entropy: [C, C], copied: channel[seen · C + class] is the probability that a target
                                `seen` stands for what is `class`, as when labels come through an instrument that errs
                                (forward correction, Patrini et al. 2017); without smoothing; null: targets are right */
} NnLoss;

NnVar nn_cross_entropy(NnNet *net, NnVar logits, NnVar target, NnVar weight,
                       NnLoss loss); /* target: ids [.., 1] */
NnVar nn_bce(NnNet *net, NnVar logits, NnVar target, NnVar weight,
             NnLoss loss); /* target in [0, 1], shape of logits */
NnVar nn_focal(NnNet *net, NnVar logits, NnVar target, NnVar weight,
               NnLoss loss); /* Lin et al. 2017, two classes */
NnVar nn_huber(NnNet *net, NnVar x, NnVar target, NnVar weight, NnLoss loss); /* |e| or Huber */
NnVar nn_masked_mean(NnNet *net, NnVar x, NnVar weight, NnLoss loss);         /* the mean itself as a loss */
