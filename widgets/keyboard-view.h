/* The keys at the left of the roll, lit while they sound. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "widgets/view.h"

G_BEGIN_DECLS

/* Signals "key-pressed" (int midi), "key-released" (int midi): the person holds a drawn key. */
#define TRI_TYPE_KEYBOARD_VIEW (tri_keyboard_view_get_type())
G_DECLARE_FINAL_TYPE(TriKeyboardView, tri_keyboard_view, TRI, KEYBOARD_VIEW, TriView)

enum { TRI_KEYBOARD_WIDTH = 48 };

GtkWidget *tri_keyboard_view_new(TriTimeline *timeline, TriScene *scene, TriTileCache *tiles);

/* Whether `midi` is lit at the playhead. */
gboolean tri_keyboard_view_is_lit(TriKeyboardView *self, int midi);

G_END_DECLS
