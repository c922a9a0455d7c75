/* What the files of the canvas share. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/canvas.h"
#include "widgets/keyboard-view.h"
#include "widgets/proxy-layer.h"
#include "widgets/roll-view.h"
#include "widgets/wave-view.h"

G_BEGIN_DECLS

struct _TriCanvas {
  GtkWidget parent_instance;
  TriTimeline *timeline;
  TriScene *scene;
  TriTileCache *tiles;

  GtkWidget *overlay;       /* the only child */
  GtkWidget *outer, *inner; /* panes: score | (links, audio) | notes */
  GtkWidget *score_row, *score_stack, *score_label, *links_row, *audio_row, *audio_box, *notes_row,
      *ruler_row;
  TriRibbonView *ribbon;
  TriPageView *page_view;
  TriLinkLayer *links;
  TriWaveView *wave;
  TriRollView *roll;
  TriKeyboardView *keyboard;
  TriProxyLayer *proxies;
  GtkWidget *playhead;

  gboolean show_score, show_audio, show_notes, pages, edit_lock;
  double pointer_x, pointer_y; /* last seen, canvas px */
  double panned_x, panned_y;   /* of the middle drag so far */
  double pinched;              /* zoom of the pinch so far */
};

/* canvas-gestures.c */
void tri_canvas_add_gestures(TriCanvas *self);

/* What the wheel does at a point of the canvas; whether it was taken. */
gboolean tri_canvas_wheel(TriCanvas *self, double x, double y, double dx, double dy, GdkModifierType held);

/* canvas-actions.c: binds keys and installs class actions. */
void tri_canvas_class_add_actions(GtkWidgetClass *klass);

G_END_DECLS
