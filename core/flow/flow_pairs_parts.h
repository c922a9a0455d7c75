/* What writing and reading a set of pairs share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/flow/flow_pairs.h"

enum { FLOW_PAIRS_VERSION = 1, FLOW_PAIRS_PATH_SIZE = 4096, FLOW_PAIRS_LINK_KINDS = 4 };

#define FLOW_PAIRS_FORMAT "triptych pairs"

/* Names of FlowSaid and AlignmentVerdict in a manifest. */
extern const char *const FLOW_PAIRS_SAID[FLOW_SAYINGS];
extern const char *const FLOW_PAIRS_LINKS[FLOW_PAIRS_LINK_KINDS];

/* `folder`/`name`, cut at FLOW_PAIRS_PATH_SIZE. */
void flow_pairs_path(char *path, const char *folder, const char *name);

/* What is written there was said not to be played. */
bool flow_pairs_is_not_played(const FlowPairs *set, Beat quarter);
