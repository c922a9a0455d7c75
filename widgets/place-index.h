/* From a written note to the places where it sounds, one for each pass. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "widgets/scene.h"

G_BEGIN_DECLS

/* Immutable. */
typedef struct TriPlaceIndex TriPlaceIndex;

/* `unfolded` may be null: an empty index. O(n log n). */
TriPlaceIndex *tri_place_index_new(const ScoreUnfolded *unfolded);
void tri_place_index_free(TriPlaceIndex *index);

/* The place of written note `note` (ScoreNote.id) that sounds nearest to `time_s`, -1 none. O(log n +
 * passes). */
int tri_place_index_nearest(const TriPlaceIndex *index, guint32 note, const TriPlace *places, guint n,
                            double time_s);

/* The place sounding at `time_s`: the last that began, -1 before the first. O(log n). */
int tri_place_at_time(const TriPlace *places, guint n, double time_s);

G_END_DECLS
