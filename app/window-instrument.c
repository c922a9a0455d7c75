/* The menu of instruments: one radio item for each, and learning the recording's own piano. The list is built
 * anew when the session says that it has changed. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-private.h"

#include <glib/gi18n.h>

static void append_instrument(GMenu *menu, const TriInstrument *instrument) {
  g_autoptr(GMenuItem) item = g_menu_item_new(instrument->name, NULL);
  g_menu_item_set_action_and_target(item, "win.instrument", "s", instrument->id);
  g_menu_append_item(menu, item);
}

static GMenuModel *menu_of(TriSession *session) {
  g_autoptr(GArray) list = tri_session_list_instruments(session);
  g_autoptr(GMenu) installed = g_menu_new(), learned = g_menu_new(), learning = g_menu_new();
  for (guint i = 0; i < list->len; i++) {
    const TriInstrument *instrument = &g_array_index(list, TriInstrument, i);
    append_instrument(instrument->learned ? learned : installed, instrument);
  }
  g_menu_append(learning, _("_Learn This Recording’s Piano"), "win.learn-piano");
  GMenu *menu = g_menu_new();
  g_menu_append_section(menu, _("Instrument of the Synth"), G_MENU_MODEL(installed));
  if (g_menu_model_get_n_items(G_MENU_MODEL(learned)))
    g_menu_append_section(menu, _("This Recording’s Piano"), G_MENU_MODEL(learned));
  g_menu_append_section(menu, NULL, G_MENU_MODEL(learning));
  return G_MENU_MODEL(menu);
}

static void refresh_learning(TriWindow *self) {
  tri_window_set_enabled(self, "learn-piano", tri_session_can_learn_piano(self->session));
}

static void refresh(TriWindow *self) {
  g_autoptr(GMenuModel) menu = menu_of(self->session);
  tri_transport_set_instruments(self->transport, menu);
  GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self), "instrument");
  g_simple_action_set_state(G_SIMPLE_ACTION(action),
                            g_variant_new_string(tri_session_get_instrument(self->session)));
  refresh_learning(self);
}

static void instrument_changed(GSimpleAction *action, GVariant *state, gpointer user) {
  tri_session_set_instrument(TRI_WINDOW(user)->session, g_variant_get_string(state, NULL));
}

static void learn(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_learn_piano(TRI_WINDOW(user)->session);
}

void tri_window_add_instrument(TriWindow *self) {
  static const GActionEntry ACTIONS[] = {
      {.name = "instrument", .parameter_type = "s", .state = "'sampled'", .change_state = instrument_changed},
      {.name = "learn-piano", .activate = learn},
  };
  g_action_map_add_action_entries(G_ACTION_MAP(self), ACTIONS, G_N_ELEMENTS(ACTIONS), self);
  g_signal_connect_object(self->session, "instruments-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_window_scene(self), "motion-changed", G_CALLBACK(refresh_learning), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_session_get_jobs(self->session), "items-changed", G_CALLBACK(refresh_learning),
                          self, G_CONNECT_SWAPPED);
  refresh(self);
}
