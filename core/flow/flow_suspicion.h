/* Notes of a score that look wrong to who knows many scores. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/music/score.h"

/* How likely a note's pitch and its rhythm are wrong where one note in thirty is; zeros: nothing is known. */
typedef struct {
  float pitch, rhythm;
} FlowSuspicion;

/* One for each id below score->next_id; freed by the caller with free(). 10,000 notes a second. */
BaseStatus flow_suspect(BaseContext *ctx, FlowSuspicion **out, const Score *score);
