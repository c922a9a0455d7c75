/* The losses' scales balance what is learned: whether comes first, how loud and when count for struck keys
 * only. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/transcription/transcription_salience_net.h"

static const float velocity_scale = 0.05F, later_scale = 0.03F;

static void add_losses(TranscriptionSalienceTensors *t, NnNet *net, int n) {
  const NnShape column = {n, 1, 1, 1};
  t->struck = nn_target(net, "target.struck", column);
  t->counts = nn_target(net, "target.counts", column);
  t->velocity = nn_target(net, "target.velocity", column);
  t->later = nn_target(net, "target.later", column);
  nn_bce(net, nn_slice(net, t->answers, 0, 1), t->struck, t->counts, (NnLoss){.name = "struck"});
  nn_huber(net, nn_slice(net, t->answers, 1, 1), t->velocity, t->struck,
           (NnLoss){.name = "velocity", .scale = velocity_scale, .delta = 1});
  nn_huber(net, nn_slice(net, t->answers, 2, 1), t->later, t->struck,
           (NnLoss){.name = "later", .scale = later_scale, .delta = 1});
}

BaseStatus transcription_salience_net_build(BaseContext *ctx, TranscriptionSalienceTensors *tensors,
                                            NnNet *net, int n) {
  TranscriptionSalienceTensors t;
  t.features = nn_input(net, "features", (NnShape){n, 1, 1, TRANSCRIPTION_FEATURES});
  NnVar x = nn_affine(net, "normal", t.features, false);
  x = nn_linear(net, "first", x, (NnConv){.channels = SALIENCE_FIRST, .relu = true});
  x = nn_linear(net, "second", x, (NnConv){.channels = SALIENCE_SECOND, .relu = true});
  x = nn_linear(net, "last", x, (NnConv){.channels = SALIENCE_OUTPUTS});
  t.answers = nn_output(net, "answers", x);
  add_losses(&t, net, n);
  const BaseStatus status = nn_net_finish(ctx, net);
  if (status) return status;
  nn_net_freeze(net, "normal.*", true);
  *tensors = t;
  return BASE_OK;
}
