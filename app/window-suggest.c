/* Music that is made up: the verbs, and the bar that asks what is to become of a suggestion.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-private.h"

#include <glib/gi18n.h>

static void refresh(TriWindow *self) {
  const gboolean can = tri_session_can_suggest(self->session), has = tri_session_has_suggestion(self->session);
  tri_window_set_enabled(self, "continue-here", can);
  tri_window_set_enabled(self, "play-along", can);
  tri_window_set_enabled(self, "suggestion-keep", has);
  tri_window_set_enabled(self, "suggestion-again", has && can);
  tri_window_set_enabled(self, "suggestion-dismiss", has);
  tri_window_set_enabled(self, "suggestion-forget", tri_session_has_kept(self->session));
  gtk_revealer_set_reveal_child(self->suggestion_revealer, has);
  gtk_widget_set_visible(GTK_WIDGET(self->suggestion_revealer), has);
}

static void go_on(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_suggest(TRI_WINDOW(user)->session, FALSE);
}

static void play_along(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_suggest(TRI_WINDOW(user)->session, TRUE);
}

static void again(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_suggest_again(TRI_WINDOW(user)->session);
}

static void keep(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_keep_suggestion(TRI_WINDOW(user)->session);
  gtk_widget_grab_focus(GTK_WIDGET(TRI_WINDOW(user)->canvas));
}

static void dismiss(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_dismiss_suggestion(TRI_WINDOW(user)->session);
  gtk_widget_grab_focus(GTK_WIDGET(TRI_WINDOW(user)->canvas));
}

static void forget(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_forget_kept(TRI_WINDOW(user)->session);
}

void tri_window_add_suggest(TriWindow *self) {
  static const GActionEntry ACTIONS[] = {
      {.name = "continue-here", .activate = go_on},    {.name = "play-along", .activate = play_along},
      {.name = "suggestion-keep", .activate = keep},   {.name = "suggestion-again", .activate = again},
      {.name = "suggestion-dismiss", .activate = dismiss}, {.name = "suggestion-forget", .activate = forget},
  };
  g_action_map_add_action_entries(G_ACTION_MAP(self), ACTIONS, G_N_ELEMENTS(ACTIONS), self);
  g_signal_connect_object(self->session, "suggestion-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_window_scene(self), "motion-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  refresh(self);
}
