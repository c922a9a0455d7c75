/* The menu of ears: learning from corrections, and one radio item for each version; and the report when something was
 * learned. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-private.h"

#include <glib/gi18n.h>
#include <math.h>

enum { LIST_HEIGHT = 240 };

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
  if (learned->n_moved_in_all)
    g_string_append_printf(body,
                           ngettext("\n\n%u place is heard elsewhere now:", "\n\n%u places are heard elsewhere now:",
                                    learned->n_moved_in_all),
                           learned->n_moved_in_all);
  return g_string_free(body, FALSE);
}

/* "Bar 3, beat 2" and, below, what became of it. */
static GtkWidget *moved_row(TriWindow *self, const PlacesMoved *move) {
  TriPlaceWords words;
  if (!tri_session_describe(self->session, move->place, &words)) return NULL;
  const int ms = (int)lround((move->after_s - move->before_s) * 1000);
  g_autofree char *what = move->is_heard && !move->was_heard ? g_strdup(_("Now heard"))
                          : !move->is_heard && move->was_heard ? g_strdup(_("No longer heard"))
                          : ms < 0                             ? g_strdup_printf(_("%d ms earlier"), -ms)
                                                               : g_strdup_printf(_("%d ms later"), ms);
  GtkWidget *row = g_object_new(ADW_TYPE_ACTION_ROW, "title", words.name, "subtitle", what, "use-markup", FALSE,
                                "activatable", TRUE, NULL);
  g_object_set_data(G_OBJECT(row), "place", GINT_TO_POINTER(move->place));
  tri_place_words_clear(&words);
  return row;
}

static void go_there(GtkListBox *list, GtkListBoxRow *row, TriWindow *self) {
  guint n;
  const int place = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(row), "place"));
  const TriPlace *places = tri_scene_get_places(tri_window_scene(self), &n);
  if (place < 0 || (guint)place >= n) return;
  tri_session_select(self->session, place);
  g_signal_emit_by_name(self->session, "reveal", places[place].time_s);
}

/* Null when nothing is elsewhere. */
static GtkWidget *moved_list(TriWindow *self, const TriLearned *learned) {
  if (!learned->n_moved) return NULL;
  GtkWidget *list = gtk_list_box_new(), *scrolled = gtk_scrolled_window_new();
  for (guint i = 0; i < learned->n_moved; i++) {
    GtkWidget *row = moved_row(self, &learned->moved[i]);
    if (row) gtk_list_box_append(GTK_LIST_BOX(list), row);
  }
  gtk_widget_add_css_class(list, "boxed-list");
  gtk_list_box_set_selection_mode(GTK_LIST_BOX(list), GTK_SELECTION_NONE);
  gtk_accessible_update_property(GTK_ACCESSIBLE(list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Places that changed"), -1);
  g_signal_connect_object(list, "row-activated", G_CALLBACK(go_there), self, 0);
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), list);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scrolled), TRUE);
  gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scrolled), LIST_HEIGHT);
  return scrolled;
}

/* By the buttons of the report, and by name for scripts. */
static void answer(TriWindow *self, const char *response) {
  if (g_str_equal(response, "back"))
    tri_session_set_ear(self->session, self->ear_before);
  else if (g_str_equal(response, "piece"))
    tri_session_unshare_ear(self->session);
  else if (g_str_equal(response, "others") && tri_session_share_ear(self->session))
    tri_window_say(self, _("Other pieces are heard with this ear, too, unless they have one of their own."));
}

static void answered(AdwMessageDialog *dialog, const char *response, TriWindow *self) {
  answer(self, response);
  self->ear_report = NULL;
}

static void answer_report(GSimpleAction *action, GVariant *parameter, gpointer user) {
  TriWindow *self = user;
  if (self->ear_report) adw_message_dialog_response(self->ear_report, g_variant_get_string(parameter, NULL));
}

static void report(TriWindow *self, const TriLearned *learned) {
  self->learned_bars = learned->bars;
  g_autofree char *body = words_of(learned);
  g_autofree char *heading = g_strdup_printf(
      ngettext("Learned from %u Bar", "Learned from %u Bars", learned->bars), learned->bars);
  if (!learned->accepted) {
    tri_window_say(self, _("Learning did not make hearing better: everything stays as it was."));
    return;
  }
  GtkWidget *dialog = adw_message_dialog_new(GTK_WINDOW(self), heading, body);
  adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(dialog), "back", _("_Go Back"), "piece", _("Only This _Piece"), "others",
                                   _("_Use for Others"), "keep", _("_Keep"), NULL);
  adw_message_dialog_set_response_enabled(ADW_MESSAGE_DIALOG(dialog), "piece", tri_session_has_shared_ear(self->session));
  adw_message_dialog_set_response_enabled(ADW_MESSAGE_DIALOG(dialog), "others", learned->for_others);
  adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "keep", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "keep");
  adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "keep");
  GtkWidget *list = moved_list(self, learned);
  if (list) adw_message_dialog_set_extra_child(ADW_MESSAGE_DIALOG(dialog), list);
  gtk_window_set_modal(GTK_WINDOW(dialog), FALSE); /* so that one can look at the places */
  if (self->ear_report) gtk_window_destroy(GTK_WINDOW(self->ear_report));
  g_free(self->ear_before);
  self->ear_before = g_strdup(learned->ear_before);
  self->ear_report = ADW_MESSAGE_DIALOG(dialog);
  g_signal_connect_object(dialog, "response", G_CALLBACK(answered), self, 0);
  gtk_window_present(GTK_WINDOW(dialog));
}

void tri_window_add_ear(TriWindow *self) {
  static const GActionEntry ACTIONS[] = {
      {.name = "ear", .parameter_type = "s", .state = "'program'", .change_state = ear_changed},
      {.name = "learn-ear", .activate = learn},
      {.name = "answer-report", .parameter_type = "s", .activate = answer_report},
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
