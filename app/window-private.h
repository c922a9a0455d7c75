/* What the sources of the window share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/window-check-pane.h"
#include "app/window-inspector.h"
#include "app/window-jobs-button.h"
#include "app/window-transport.h"
#include "app/window.h"
#include "widgets/canvas.h"

struct _TriWindow {
  AdwApplicationWindow parent;
  TriSession *session;
  GSettings *settings;
  TriCanvas *canvas; /* a child, as all below */
  AdwWindowTitle *title;
  GtkMenuButton *recent_button;
  GtkWidget *undo_button, *redo_button, *check_toggle, *inspector_toggle, *pages_toggle, *recent_group;
  GtkWidget *order_strip, *order_chips;
  GtkWidget *table; /* a window, null while it is closed */
  struct _TriRows *table_rows;
  GtkRevealer *overview_revealer, *suggestion_revealer;
  AdwBin *overview_bin;
  AdwToastOverlay *toasts;
  GtkStack *stack;
  AdwFlap *check_flap, *inspector_flap;
  GtkOverlay *canvas_overlay;
  TriCheckPane *check_pane;
  TriInspector *inspector;
  TriTransport *transport;
  TriJobsButton *jobs_button;
  GPtrArray *recent_rows;          /* of the welcome page, borrowed */
  guint tick, publishing, folding; /* sources, 0 when there is none */
  double loop_from, loop_to;       /* the last loop, to come back to */
  int ribbon_height;               /* of the score pane while pages stand there */
  gboolean making_sample;          /* the next path of the session is the sample's draft */
  GtkPopover *place_popover;       /* context menu, a child of the canvas overlay */
  GMenuModel *place_menu, *ear_menu;
  AdwMessageDialog *ear_report; /* while it is open; its own */
  char *ear_before;             /* what the report would go back to */
  guint learned_bars;           /* how many were learned from last */
  int note; /* heard note picked last, -1 none */
};

static inline TriScene *tri_window_scene(TriWindow *self) {
  return tri_session_get_scene(self->session);
}

static inline TriTimeline *tri_window_timeline(TriWindow *self) {
  return tri_session_get_timeline(self->session);
}

static inline TriPlayer *tri_window_player(TriWindow *self) {
  return tri_session_get_player(self->session);
}

/* A sentence over the panes; freed by itself. */
void tri_window_say(TriWindow *self, const char *sentence);

void tri_window_set_enabled(TriWindow *self, const char *action, gboolean enabled);

/* What the state of a boolean action is; FALSE for an unknown one. */
gboolean tri_window_is_on(TriWindow *self, const char *action);

/* Each adds its actions and connects its signals; once, after the session and the canvas are there. */
void tri_window_add_playback(TriWindow *self);
void tri_window_add_places(TriWindow *self);
void tri_window_add_views(TriWindow *self);
void tri_window_add_files(TriWindow *self);
void tri_window_add_picture(TriWindow *self);
void tri_window_add_instrument(TriWindow *self);
void tri_window_add_order(TriWindow *self);
void tri_window_add_table(TriWindow *self);
void tri_window_add_ear(TriWindow *self);
void tri_window_add_notes(TriWindow *self);
void tri_window_add_suggest(TriWindow *self);

/* Enables what makes sense now. */
void tri_window_refresh_playback(TriWindow *self);
void tri_window_refresh_places(TriWindow *self);
void tri_window_refresh_files(TriWindow *self);

/* Keeps sizes and choices for the next window. */
void tri_window_keep_views(TriWindow *self);
