/* In which order the score is taken to have been played: as it was heard, or as the person says. A choice is a step of undo:
 * the score is aligned in that order first, and then the anchors are carried over to where their bars are in it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"
#include "app/words.h"
#include "core/flow/flow_carry.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

static const char CHOICE[] = "order";
static const char *const NAMES[FLOW_ORDERS] = {"heard", "written", "once"};

void tri_session_show_orders(TriSession *self, const FlowOrders *orders) {
  const FlowOrders none = {0};
  if (!orders) orders = &none;
  if (memcmp(&self->orders, orders, sizeof *orders) == 0) return;
  self->orders = *orders;
  g_signal_emit_by_name(self, "orders-changed");
}

guint tri_session_get_n_orders(TriSession *self) {
  return (guint)self->orders.n;
}

FlowOrder tri_session_get_order_at(TriSession *self, guint index, const char **letters) {
  g_return_val_if_fail(index < self->orders.n, FLOW_ORDER_HEARD);
  *letters = self->orders.letters[index];
  return self->orders.kind[index];
}

/* A choice that equals another one is told by that: the list holds each order once. */
FlowOrder tri_session_get_order(TriSession *self) {
  for (gsize i = 0; i < self->orders.n; i++)
    if (self->orders.kind[i] == self->order) return self->order;
  return FLOW_ORDER_HEARD;
}

static void take_order(TriSession *self, FlowOrder order) {
  self->order = order;
  if (self->store) store_keep_choice(self->store, CHOICE, NAMES[order]);
  g_signal_emit_by_name(self, "orders-changed");
}

void tri_session_set_order(TriSession *self, FlowOrder order) {
  if (order == tri_session_get_order(self) || order >= FLOW_ORDERS || !self->score || !self->heard) return;
  if (!self->order_from) {
    self->order_from = steps_score_ref(self->score);
    self->order_before = self->order;
  }
  self->order = order;
  g_signal_emit_by_name(self, "orders-changed");
  tri_session_align_anew(self);
}

void tri_session_forget_order(TriSession *self) {
  if (!self->order_from) return;
  g_clear_pointer(&self->order_from, steps_score_unref);
  self->order = self->order_before;
}

/* ---- carrying over ---- */

/* One mark for each place: what is said twice of it is what was said last. */
static void put(GArray *marks, ProjectMark mark) {
  for (guint i = 0; i < marks->len; i++)
    if (project_same_key(&g_array_index(marks, ProjectMark, i), &mark)) {
      g_array_index(marks, ProjectMark, i) = mark;
      return;
    }
  g_array_append_val(marks, mark);
}

/* All places are as if nothing had been said of them. */
static void take_back(GArray *marks, const Project *project) {
  for (gsize i = 0; i < project->marks.n; i++) {
    ProjectMark mark = project->marks.items[i];
    if (!project_is_place(&mark)) continue;
    mark.verdict = PROJECT_UNSAID;
    g_array_append_val(marks, mark);
  }
}

static ProjectMark moved(const ProjectMark *mark, Beat quarter) {
  ProjectMark to = *mark;
  to.quarter = quarter;
  return to;
}

/* What has no time of its own goes to the same pass of the same bar, if there is one. */
static void carry_untimed(GArray *marks, const Project *project, const ScoreUnfolded *from, const ScoreUnfolded *to) {
  for (gsize i = 0; i < project->marks.n; i++) {
    const ProjectMark *mark = &project->marks.items[i];
    const gboolean wanted = mark->verdict == PROJECT_ORNAMENT || (project_is_place(mark) && !project_is_anchor(mark));
    const int step = wanted ? words_step_at(from, beat_double(mark->quarter)) : -1;
    for (gsize k = 0; step >= 0 && k < to->steps.n; k++) {
      const ScoreStep *old = &from->steps.items[step], *new = &to->steps.items[k];
      if (new->measure == old->measure && new->pass == old->pass)
        put(marks, moved(mark, beat_add(new->start, beat_sub(mark->quarter, old->start))));
    }
  }
}

/* How many could not be kept. */
static guint carry_anchors(GArray *marks, TriSession *self, const ScoreUnfolded *from) {
  gsize n = 0;
  BaseContext ctx = {0};
  AlignmentAnchor *anchors = project_anchors(self->project, &n);
  g_autofree AlignmentAnchor *carried = g_new0(AlignmentAnchor, n + 1);
  g_autofree bool *kept = g_new0(bool, n + 1);
  guint lost = (guint)n;
  if (flow_carry_anchors(&ctx, carried, kept, anchors, n, from, self->score->unfolded, self->alignment) == BASE_OK)
    for (gsize i = 0; i < n; i++)
      if (kept[i]) lost--, put(marks, moved(project_mark_at(self->project, anchors[i].quarter), carried[i].quarter));
  free(anchors);
  return lost;
}

static char *name_of(TriSession *self) {
  const char *letters = "";
  for (guint i = 0; i < self->orders.n; i++)
    if (self->orders.kind[i] == self->order) letters = self->orders.letters[i];
  return g_strdup_printf(_("Playing order %s"), letters);
}

gboolean tri_session_carry_over(TriSession *self) {
  if (!self->order_from || !self->alignment) return FALSE;
  StepsScore *from = g_steal_pointer(&self->order_from);
  g_autoptr(GArray) marks = g_array_new(FALSE, FALSE, sizeof(ProjectMark));
  take_back(marks, self->project);
  carry_untimed(marks, self->project, from->unfolded, self->score->unfolded);
  const guint lost = carry_anchors(marks, self, from->unfolded);
  steps_score_unref(from);
  put(marks, project_order_mark(self->order));
  g_autofree char *name = name_of(self);
  if (!project_do(self->project, name, (const ProjectMark *)marks->data, marks->len, FALSE, g_get_real_time())) {
    tri_session_say(self, TRUE, "%s", _("There is not enough memory for that."));
    return FALSE;
  }
  tri_session_write(self);
  take_order(self, self->order);
  if (lost)
    tri_session_say(self, FALSE,
                    ngettext("%u anchor has no place in that order. Undo brings it back.",
                             "%u anchors have no place in that order. Undo brings them back.", lost),
                    lost);
  return TRUE;
}

gboolean tri_session_undo_order(TriSession *self) {
  const int order = project_order(self->project);
  if (order < 0 || order >= FLOW_ORDERS || (FlowOrder)order == self->order) return FALSE;
  tri_session_forget_order(self);
  take_order(self, (FlowOrder)order);
  return TRUE;
}

/* ---- with the project ---- */

void tri_session_start_order(TriSession *self) {
  char *name = self->store ? store_choice(self->store, CHOICE) : NULL;
  g_clear_pointer(&self->order_from, steps_score_unref);
  self->order = FLOW_ORDER_HEARD;
  for (int i = 0; i < FLOW_ORDERS; i++)
    if (!g_strcmp0(name, NAMES[i])) self->order = (FlowOrder)i;
  free(name);
}
