/* Signs that hold over a stretch of music. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_assembly.h"

/* By how many octaves a head of this staff sounds higher than it is printed. O(symbols). */
int omr_octaves_at(const OmrPage *page, int32_t staff, float x);

/* Marks the measure when a bracket of an ending stands over it. `index`: into the assembly's measures. */
void omr_set_ending(ScoreMeasure *made, const OmrAssembly *assembly, size_t index);

/* Adds octave lines and hairpins to a score whose notes carry their boxes. `part_of`, `staff_of`: of each row
 * of staves. False without memory. O(signs × notes). */
bool omr_add_spans(Score *score, const OmrAssembly *assembly, const int32_t *part_of,
                   const int32_t *staff_of);
