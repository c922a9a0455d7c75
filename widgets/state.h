/* What states mean: in words, in order of need, and from a reader's confidence.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/scene.h"

G_BEGIN_DECLS

/* "sure", "doubtful" …, translated, static. */
const char *tri_state_text(TriState state);

/* Whether `a` needs the person more than `b`: doubtful > unsure > not played > extra > sure > checked. */
gboolean tri_state_outranks(TriState a, TriState b);

/* Of a probability: sure from 0.9, doubtful below 0.5. */
TriState tri_state_of_confidence(float confidence);

G_END_DECLS
