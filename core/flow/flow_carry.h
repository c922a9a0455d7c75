/* Places of one playing order in another one. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/alignment/alignment.h"

/* Anchors of `from` as anchors of `to`, both playing orders of one score: the same place of the print at the same time, on
 * the pass that fits. As many as can be are `kept`, in order, and nearest to where `alignment` (of `to`; may be null) puts
 * them; the others stay as they were. `anchors` ascend; `out` and `kept`: n, caller's. O(n² × passes²). */
BaseStatus flow_carry_anchors(BaseContext *ctx, AlignmentAnchor *out, bool *kept, const AlignmentAnchor *anchors, size_t n,
                              const ScoreUnfolded *from, const ScoreUnfolded *to, const Alignment *alignment);
