/* In which order the score is taken to have been played: as it was heard, or as the person says. The choice is the
 * project's. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"

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

/* Anchors count the quarters of one order, so they would mean other bars in another. */
static gboolean has_anchors(TriSession *self) {
  gsize n = 0;
  free(project_anchors(self->project, &n));
  return n > 0;
}

void tri_session_set_order(TriSession *self, FlowOrder order) {
  if (order == tri_session_get_order(self) || order >= FLOW_ORDERS) return;
  if (has_anchors(self)) {
    tri_session_say(self, TRUE, "%s", _("The anchors count bars as they are played now. Remove them first."));
    g_signal_emit_by_name(self, "orders-changed");
    return;
  }
  self->order = order;
  if (self->store) store_keep_choice(self->store, CHOICE, NAMES[order]);
  g_signal_emit_by_name(self, "orders-changed");
  tri_session_align_anew(self);
}

void tri_session_start_order(TriSession *self) {
  char *name = self->store ? store_choice(self->store, CHOICE) : NULL;
  self->order = FLOW_ORDER_HEARD;
  for (int i = 0; i < FLOW_ORDERS; i++)
    if (!g_strcmp0(name, NAMES[i])) self->order = (FlowOrder)i;
  free(name);
}
