/* What the files of this room share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/flow/flow.h"

/* True when `path` ends so, capitals or not. */
bool flow_ends_with(const char *path, const char *ending);

/* The sentence for a file of the wrong kind; `wanted` as in "a recording". */
BaseStatus flow_fail_kind(BaseContext *ctx, const char *path, FlowKind found, const char *wanted);

/* A MIDI performance as a score: quantised to 1/24 quarter by its tempo map, measures of four quarters, two
 * staves split at middle C, notes that cross a bar line tied. BASE_BAD_INPUT when there are no notes. */
BaseStatus flow_score_of_motion(BaseContext *ctx, Score **out, const Motion *motion, const char *name);
