/* The menu of ears: learning from corrections, and one radio item for each version; and the report when something was
 * learned. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-private.h"

#include <glib/gi18n.h>
#include <math.h>

/* ---- the menu ---- */

static void refresh_learning(TriWindow *self) {
  const gboolean pairs = tri_session_can_learn_pairs(self->session);
  tri_window_set_enabled(self, "learn-ear", tri_session_can_learn_ear(self->session));
  tri_window_set_enabled(self, "learn-pairs", pairs);
  tri_window_set_enabled(self, "learn-pairs-of", pairs);
}

static void refresh(TriWindow *self) {
  g_autoptr(GArray) list = tri_session_list_ears(self->session);
  g_autoptr(GMenu) learning = g_menu_new(), versions = g_menu_new();
  g_menu_append(learning, _("_Learn from Corrections"), "win.learn-ear");
  g_menu_append(learning, _("Learn from a _Data Set…"), "win.learn-pairs");
  for (guint i = 0; i < list->len; i++) {
    const TriInstrument *ear = &g_array_index(list, TriInstrument, i);
    g_autoptr(GMenuItem) item = g_menu_item_new(ear->name, NULL);
    g_menu_item_set_action_and_target(item, "win.ear", "s", ear->id);
    g_menu_append_item(versions, item);
  }
  g_menu_remove_all(G_MENU(self->ear_menu));
  g_menu_append_section(G_MENU(self->ear_menu), NULL, G_MENU_MODEL(learning));
  g_menu_append_section(G_MENU(self->ear_menu), _("Version of the Ear"), G_MENU_MODEL(versions));
  GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self), "ear");
  g_simple_action_set_state(G_SIMPLE_ACTION(action), g_variant_new_string(tri_session_get_ear(self->session)));
  refresh_learning(self);
}

static void ear_changed(GSimpleAction *action, GVariant *state, gpointer user) {
  tri_session_set_ear(TRI_WINDOW(user)->session, g_variant_get_string(state, NULL));
}

static void learn(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_learn_ear(TRI_WINDOW(user)->session);
}

static void pairs_chosen(GtkNativeDialog *dialog, int response, TriWindow *self) {
  if (response != GTK_RESPONSE_ACCEPT) return;
  g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
  g_autofree char *path = g_file_get_path(file);
  if (path) tri_session_learn_pairs(self->session, path);
}

static void choose_pairs(GSimpleAction *action, GVariant *parameter, gpointer user) {
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new(_("Learn from a Data Set"), GTK_WINDOW(user),
                                                              GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _("_Learn"), NULL);
  gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(chooser), TRUE);
  g_signal_connect_object(chooser, "response", G_CALLBACK(pairs_chosen), user, 0);
  g_signal_connect(chooser, "response", G_CALLBACK(g_object_unref), NULL);
  gtk_native_dialog_show(GTK_NATIVE_DIALOG(chooser));
}

/* For tests and scripts: by path. */
static void learn_pairs_of(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_learn_pairs(TRI_WINDOW(user)->session, g_variant_get_string(parameter, NULL));
}

/* ---- the report ---- */

static void add_change(GString *body, const char *what, double before, double after) {
  if (!isnan(before) && !isnan(after)) g_string_append_printf(body, "\n%s %.1f → %.1f %%", what, 100 * before, 100 * after);
}

static char *words_of(const TriLearned *learned) {
  GString *body = g_string_new(_("How many notes are heard as the score has them, where the score was not shown:"));
  add_change(body, _("Bars you checked:"), learned->bars_before, learned->bars_after);
  add_change(body, _("Rest of the piece:"), learned->rest_before, learned->rest_after);
  add_change(body, _("Other music, imagined:"), learned->dreams_before, learned->dreams_after);
  return g_string_free(body, FALSE);
}

static void answered(AdwMessageDialog *dialog, const char *response, TriWindow *self) {
  if (g_str_equal(response, "back")) tri_session_set_ear(self->session, g_object_get_data(G_OBJECT(dialog), "before"));
}

static void report(TriWindow *self, const TriLearned *learned) {
  g_autofree char *body = words_of(learned);
  g_autofree char *heading = g_strdup_printf(
      ngettext("Learned from %u Bar", "Learned from %u Bars", learned->bars), learned->bars);
  if (!learned->accepted) {
    tri_window_say(self, _("Learning did not make hearing better: everything stays as it was."));
    return;
  }
  GtkWidget *dialog = adw_message_dialog_new(GTK_WINDOW(self), heading, body);
  adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(dialog), "back", _("_Go Back"), "keep", _("_Keep"), NULL);
  adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "keep", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "keep");
  adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "keep");
  g_object_set_data_full(G_OBJECT(dialog), "before", g_strdup(learned->ear_before), g_free);
  g_signal_connect_object(dialog, "response", G_CALLBACK(answered), self, 0);
  gtk_window_present(GTK_WINDOW(dialog));
}

void tri_window_add_ear(TriWindow *self) {
  static const GActionEntry ACTIONS[] = {
      {.name = "ear", .parameter_type = "s", .state = "'program'", .change_state = ear_changed},
      {.name = "learn-ear", .activate = learn},
      {.name = "learn-pairs", .activate = choose_pairs},
      {.name = "learn-pairs-of", .parameter_type = "s", .activate = learn_pairs_of},
  };
  g_action_map_add_action_entries(G_ACTION_MAP(self), ACTIONS, G_N_ELEMENTS(ACTIONS), self);
  g_signal_connect_object(self->session, "ears-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->session, "learned", G_CALLBACK(report), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_window_scene(self), "places-changed", G_CALLBACK(refresh_learning), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(tri_session_get_jobs(self->session), "items-changed", G_CALLBACK(refresh_learning), self,
                          G_CONNECT_SWAPPED);
  refresh(self);
}
