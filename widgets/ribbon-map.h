/* The score as one line in playing order: where each measure pass lies and which x belongs to which place.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"
#include "widgets/scene.h"

G_BEGIN_DECLS

/* A piece of a page that stands in the ribbon: neighbouring measures of one system, played one after the
 * other. Ribbon units are staff spaces ("sp"), so that systems of unequal print meet. */
typedef struct {
  int page;
  double page_x, page_y, page_width, page_height; /* page pixels; the height includes room for ledger lines */
  double page_middle;                             /* page px: y of the ribbon's middle line */
  double x_sp, width_sp;                          /* in the ribbon */
  double staff_space_px;
  int first_step, n_steps; /* ScoreUnfolded.steps */
} TriRibbonStrip;

/* One measure pass. */
typedef struct {
  double x_sp, width_sp;
  int strip; /* -1: the measure has no box, the ribbon is empty there */
} TriRibbonStep;

/* One note head, on one pass. */
typedef struct {
  double x_sp, y_sp, width_sp, height_sp; /* y from the ribbon's middle, downwards */
  guint32 note;                           /* ScoreNote.id */
  int note_index;                         /* Score.notes */
  int place;                              /* index of the onset */
} TriRibbonHead;

/* Immutable once made. Pure data; may be read on any thread. */
typedef struct TriRibbonMap TriRibbonMap;

/* Lays the score out; null when it has no measure with a box. O(notes · log). */
TriRibbonMap *tri_ribbon_map_new(const Score *score, const ScoreUnfolded *unfolded);
TriRibbonMap *tri_ribbon_map_ref(TriRibbonMap *map);
void tri_ribbon_map_unref(TriRibbonMap *map);

double tri_ribbon_map_width_sp(const TriRibbonMap *map);
double tri_ribbon_map_height_sp(const TriRibbonMap *map); /* of the tallest strip */

const TriRibbonStrip *tri_ribbon_map_strips(const TriRibbonMap *map, guint *n);
const TriRibbonStep *tri_ribbon_map_steps(const TriRibbonMap *map, guint *n);
const TriRibbonHead *tri_ribbon_map_heads(const TriRibbonMap *map, guint *n); /* by x_sp */

/* Middle of the place's first note head; strictly rising with the place. */
double tri_ribbon_map_place_x(const TriRibbonMap *map, guint place);

/* Score position ↔ time through the places, continued at the ends. Without places, 0.6 s a quarter. O(log n).
 */
double tri_ribbon_map_x_at(const TriRibbonMap *map, const TriPlace *places, guint n, double time_s);
double tri_ribbon_map_time_at(const TriRibbonMap *map, const TriPlace *places, guint n, double x_sp);

/* Average speed through the ribbon; positive. */
double tri_ribbon_map_sp_per_s(const TriRibbonMap *map, const TriPlace *places, guint n);

/* Index of the step (measure pass) at a ribbon x, -1 outside. */
int tri_ribbon_map_step_at(const TriRibbonMap *map, double x_sp);

G_END_DECLS
