/* Files in and out: choosers, drops, recents, the sample, media that moved. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/sample.h"
#include "app/window-private.h"

#include <glib/gi18n.h>

static const char RECENT_GROUP[] = "org.triptych.Triptych";
enum { MAX_RECENTS = 8 };

static const struct {
  const char *name, *ending;
  TriExport what;
} EXPORTS[] = {
    {"midi", ".mid", TRI_EXPORT_MIDI},
    {"midi-score", ".mid", TRI_EXPORT_MIDI_SCORE},
    {"musicxml", ".musicxml", TRI_EXPORT_MUSICXML},
    {"anchors", ".csv", TRI_EXPORT_ANCHORS},
    {"labels", ".txt", TRI_EXPORT_LABELS},
    {"measures", ".csv", TRI_EXPORT_MEASURES},
    {"alignment", ".csv", TRI_EXPORT_ALIGNMENT},
    {"nasap", ".tsv", TRI_EXPORT_ALIGNMENT},
    {"match", ".match", TRI_EXPORT_ALIGNMENT},
    {"parangonada", ".parangonada", TRI_EXPORT_ALIGNMENT},
    {"pairs", ".pairs", TRI_EXPORT_PAIRS},
    {"sonic", ".csv", TRI_EXPORT_SONIC},
};

static gboolean is_project(const char *path) {
  return path && g_str_has_suffix(path, ".triptych");
}

/* Says a sentence about a file with its name alone: paths are too long to be read in passing. */
static void say_of_file(TriWindow *self, const char *path, const char *sentence) {
  g_autofree char *name = g_path_get_basename(path);
  g_auto(GStrv) parts = g_strsplit(sentence, path, -1);
  g_autofree char *shorter = g_strjoinv(name, parts);
  g_autofree char *named = g_strdup_printf("%s: %s", name, shorter);
  tri_window_say(self, strstr(shorter, name) ? shorter : named);
}

static void open_project(TriWindow *self, const char *path) {
  g_autoptr(GError) error = NULL;
  if (!tri_session_open(self->session, path, &error)) say_of_file(self, path, error->message);
}

static void add_paths(TriWindow *self, char **paths, gsize n) {
  if (n) tri_session_add_files(self->session, (const char *const *)paths, n);
}

void tri_window_open_files(TriWindow *self, GFile **files, gsize n) {
  g_autoptr(GPtrArray) media = g_ptr_array_new_with_free_func(g_free);
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_file_get_path(files[i]);
    g_autofree char *uri = g_file_get_uri(files[i]);
    g_autofree char *sentence = g_strdup_printf(_("%s is not on this computer; copy it here first."), uri);
    if (is_project(path))
      open_project(self, path);
    else if (path)
      g_ptr_array_add(media, g_steal_pointer(&path));
    else
      tri_window_say(self, sentence);
  }
  add_paths(self, (char **)media->pdata, media->len);
}

/* ---- choosers ---- */

static void add_filter(GtkFileChooser *chooser, const char *name, const char *const *patterns) {
  g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
  gtk_file_filter_set_name(filter, name);
  for (; *patterns; patterns++) gtk_file_filter_add_suffix(filter, *patterns);
  gtk_file_chooser_add_filter(chooser, filter);
}

static void add_filters(GtkFileChooser *chooser, gboolean projects) {
  static const char *const ALL[] = {"triptych", "pdf", "png", "jpg", "jpeg", "tif", "tiff",
                                    "musicxml", "xml", "mxl", "mid", "midi", "csv", "wav",
                                    "flac",     "mp3", "ogg", "oga", "opus", NULL};
  static const char *const PROJECTS[] = {"triptych", NULL};
  static const char *const SCORES[] = {"pdf",  "png",      "jpg", "jpeg", "tif",
                                       "tiff", "musicxml", "xml", "mxl",  NULL};
  static const char *const SOUND[] = {"wav", "flac", "mp3", "ogg", "oga", "opus", NULL};
  add_filter(chooser, _("Everything that fits"), projects ? ALL : ALL + 1);
  if (projects) add_filter(chooser, _("Triptych projects"), PROJECTS);
  add_filter(chooser, _("Pages and scores"), SCORES);
  add_filter(chooser, _("Recordings"), SOUND);
}

static GtkFileChooserNative *new_chooser(TriWindow *self, const char *title, GtkFileChooserAction action,
                                         const char *accept, GCallback response) {
  GtkFileChooserNative *chooser = gtk_file_chooser_native_new(title, GTK_WINDOW(self), action, accept, NULL);
  gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(chooser), TRUE);
  g_signal_connect_object(chooser, "response", response, self, 0);
  g_signal_connect(chooser, "response", G_CALLBACK(g_object_unref), NULL);
  return chooser;
}

static void open_list(TriWindow *self, GListModel *list) {
  guint n = g_list_model_get_n_items(list);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_object_unref);
  for (guint i = 0; i < n; i++) g_ptr_array_add(files, g_list_model_get_item(list, i));
  tri_window_open_files(self, (GFile **)files->pdata, files->len);
}

static void add_response(GtkNativeDialog *dialog, int response, TriWindow *self) {
  if (response != GTK_RESPONSE_ACCEPT) return;
  g_autoptr(GListModel) list = gtk_file_chooser_get_files(GTK_FILE_CHOOSER(dialog));
  open_list(self, list);
}

static void open_response(GtkNativeDialog *dialog, int response, TriWindow *self) {
  if (response != GTK_RESPONSE_ACCEPT) return;
  g_autoptr(GListModel) list = gtk_file_chooser_get_files(GTK_FILE_CHOOSER(dialog));
  if (!tri_window_is_empty(self)) tri_session_close_project(self->session);
  open_list(self, list);
}

static void show_chooser(GtkFileChooserNative *chooser, gboolean projects) {
  gtk_file_chooser_set_select_multiple(GTK_FILE_CHOOSER(chooser), TRUE);
  add_filters(GTK_FILE_CHOOSER(chooser), projects);
  gtk_native_dialog_show(GTK_NATIVE_DIALOG(chooser));
}

static void open(GSimpleAction *action, GVariant *parameter, gpointer user) {
  show_chooser(
      new_chooser(user, _("Open"), GTK_FILE_CHOOSER_ACTION_OPEN, _("_Open"), G_CALLBACK(open_response)),
      TRUE);
}

static void add(GSimpleAction *action, GVariant *parameter, gpointer user) {
  show_chooser(
      new_chooser(user, _("Add Files"), GTK_FILE_CHOOSER_ACTION_OPEN, _("_Add"), G_CALLBACK(add_response)),
      FALSE);
}

/* For tests and scripts: adds files or opens a project by path. */
static void open_paths(GSimpleAction *action, GVariant *parameter, gpointer user) {
  g_autofree const char **paths = g_variant_get_strv(parameter, NULL);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_object_unref);
  for (const char **path = paths; *path; path++) g_ptr_array_add(files, g_file_new_for_path(*path));
  tri_window_open_files(user, (GFile **)files->pdata, files->len);
}

static void new_piece(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_close_project(TRI_WINDOW(user)->session);
}

static void save_copy_response(GtkNativeDialog *dialog, int response, TriWindow *self) {
  if (response != GTK_RESPONSE_ACCEPT) return;
  g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
  g_autofree char *path = g_file_get_path(file);
  gboolean embed = !g_strcmp0(gtk_file_chooser_get_choice(GTK_FILE_CHOOSER(dialog), "embed"), "true");
  g_autofree char *named = is_project(path) ? g_strdup(path) : g_strconcat(path, ".triptych", NULL);
  tri_session_save_copy(self->session, named, embed);
}

static char *suggested_name(TriWindow *self, const char *ending) {
  g_autofree char *title = g_strdelimit(g_strdup(tri_session_get_title(self->session)), "/", '-');
  return g_strconcat(title, ending, NULL);
}

static void save_copy(GSimpleAction *action, GVariant *parameter, gpointer user) {
  GtkFileChooserNative *chooser = new_chooser(user, _("Save a Copy"), GTK_FILE_CHOOSER_ACTION_SAVE,
                                              _("_Save"), G_CALLBACK(save_copy_response));
  g_autofree char *name = suggested_name(user, ".triptych");
  gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(chooser), name);
  gtk_file_chooser_add_choice(GTK_FILE_CHOOSER(chooser), "embed", _("Include the pages and the recording"),
                              NULL, NULL);
  gtk_native_dialog_show(GTK_NATIVE_DIALOG(chooser));
}

static void export_response(GtkNativeDialog *dialog, int response, TriWindow *self) {
  if (response != GTK_RESPONSE_ACCEPT) return;
  g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
  g_autofree char *path = g_file_get_path(file);
  gsize i = GPOINTER_TO_SIZE(g_object_get_data(G_OBJECT(dialog), "export"));
  tri_session_export(self->session, EXPORTS[i].what, path);
}

/* For tests and scripts: the score as MusicXML into this file. */
static void export_score(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_session_export(TRI_WINDOW(user)->session, TRI_EXPORT_MUSICXML, g_variant_get_string(parameter, NULL));
}

static void export(GSimpleAction *action, GVariant *parameter, gpointer user) {
  gsize i = 0;
  while (i < G_N_ELEMENTS(EXPORTS) && !g_str_equal(EXPORTS[i].name, g_variant_get_string(parameter, NULL)))
    i++;
  if (i == G_N_ELEMENTS(EXPORTS)) return;
  GtkFileChooserNative *chooser =
      new_chooser(user, _("Export"), GTK_FILE_CHOOSER_ACTION_SAVE, _("_Export"), G_CALLBACK(export_response));
  g_autofree char *name = suggested_name(user, EXPORTS[i].ending);
  g_object_set_data(G_OBJECT(chooser), "export", GSIZE_TO_POINTER(i));
  gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(chooser), name);
  gtk_native_dialog_show(GTK_NATIVE_DIALOG(chooser));
}

/* ---- renaming ---- */

static void rename_response(AdwMessageDialog *dialog, const char *response, TriWindow *self) {
  GtkEditable *entry = GTK_EDITABLE(adw_message_dialog_get_extra_child(dialog));
  if (g_str_equal(response, "rename")) tri_session_set_title(self->session, gtk_editable_get_text(entry));
}

static GtkWidget *title_entry(TriWindow *self) {
  GtkWidget *entry = gtk_entry_new();
  gtk_editable_set_text(GTK_EDITABLE(entry), tri_session_get_title(self->session));
  gtk_entry_set_activates_default(GTK_ENTRY(entry), TRUE);
  gtk_accessible_update_property(GTK_ACCESSIBLE(entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Title"), -1);
  return entry;
}

static void rename_piece(GSimpleAction *action, GVariant *parameter, gpointer user) {
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG(adw_message_dialog_new(user, _("Rename the Piece"), NULL));
  adw_message_dialog_add_responses(dialog, "cancel", _("_Cancel"), "rename", _("_Rename"), NULL);
  adw_message_dialog_set_response_appearance(dialog, "rename", ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response(dialog, "rename");
  adw_message_dialog_set_extra_child(dialog, title_entry(user));
  g_signal_connect_object(dialog, "response", G_CALLBACK(rename_response), user, 0);
  gtk_window_present(GTK_WINDOW(dialog));
}

/* ---- the sample ---- */

static void make_sample(TriWindow *self) {
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) paths = tri_sample_install(&error);
  if (!paths) {
    tri_window_say(self, error->message);
    return;
  }
  self->making_sample = TRUE;
  tri_session_set_title(self->session, _("Menuet in G"));
  tri_session_add_files(self->session, (const char *const *)paths, g_strv_length(paths));
}

void tri_window_open_sample(TriWindow *self) {
  g_autofree char *draft = tri_sample_find_draft();
  if (!tri_window_is_empty(self)) tri_session_close_project(self->session);
  if (!draft || !tri_session_open(self->session, draft, NULL)) make_sample(self);
}

static void sample(GSimpleAction *action, GVariant *parameter, gpointer user) {
  tri_window_open_sample(user);
}

/* ---- recents ---- */

static void open_recent(GSimpleAction *action, GVariant *parameter, gpointer user) {
  g_autofree char *path = g_filename_from_uri(g_variant_get_string(parameter, NULL), NULL, NULL);
  if (path) open_project(user, path);
}

static int newer(gconstpointer a, gconstpointer b) {
  return g_date_time_compare(gtk_recent_info_get_modified((gpointer)b),
                             gtk_recent_info_get_modified((gpointer)a));
}

static GList *recents(void) {
  GList *all = gtk_recent_manager_get_items(gtk_recent_manager_get_default()), *ours = NULL;
  for (GList *at = all; at; at = at->next)
    if (gtk_recent_info_has_group(at->data, RECENT_GROUP) && gtk_recent_info_exists(at->data))
      ours = g_list_prepend(ours, gtk_recent_info_ref(at->data));
  g_list_free_full(all, (GDestroyNotify)gtk_recent_info_unref);
  return g_list_sort(ours, newer);
}

static void append_recent(TriWindow *self, GMenu *menu, GtkRecentInfo *info) {
  const char *name = gtk_recent_info_get_display_name(info), *uri = gtk_recent_info_get_uri(info);
  g_autoptr(GMenuItem) item = g_menu_item_new(name, NULL);
  g_menu_item_set_action_and_target(item, "win.open-recent", "s", uri);
  g_menu_append_item(menu, item);
  GtkWidget *row = g_object_new(ADW_TYPE_ACTION_ROW, "title", name, "use-markup", FALSE, "activatable", TRUE,
                                "action-name", "win.open-recent", NULL);
  gtk_actionable_set_action_target(GTK_ACTIONABLE(row), "s", uri);
  gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  adw_preferences_group_add(ADW_PREFERENCES_GROUP(self->recent_group), row);
  g_ptr_array_add(self->recent_rows, row);
}

static void refresh_recents(TriWindow *self) {
  g_autoptr(GMenu) menu = g_menu_new();
  GList *items = recents();
  for (guint i = 0; i < self->recent_rows->len; i++)
    adw_preferences_group_remove(ADW_PREFERENCES_GROUP(self->recent_group), self->recent_rows->pdata[i]);
  g_ptr_array_set_size(self->recent_rows, 0);
  int n = 0;
  for (GList *at = items; at && n < MAX_RECENTS; at = at->next, n++) append_recent(self, menu, at->data);
  g_list_free_full(items, (GDestroyNotify)gtk_recent_info_unref);
  gtk_widget_set_visible(self->recent_group, n > 0);
  gtk_menu_button_set_menu_model(self->recent_button, G_MENU_MODEL(menu));
  gtk_widget_set_visible(GTK_WIDGET(self->recent_button), n > 0);
}

/* The sample's draft has its place on disk: it is what opens next time. */
static void remember_sample(TriWindow *self) {
  const char *path = tri_session_get_path(self->session);
  if (!self->making_sample || !path) return;
  self->making_sample = FALSE;
  tri_sample_remember_draft(path);
}

static void add_to_recents(TriWindow *self) {
  static char *groups[] = {(char *)RECENT_GROUP, NULL};
  const char *path = tri_session_get_path(self->session);
  if (!path) return;
  g_autofree char *uri = g_filename_to_uri(path, NULL, NULL);
  GtkRecentData data = {.display_name = (char *)tri_session_get_title(self->session),
                        .mime_type = (char *)"application/vnd.triptych.project",
                        .app_name = (char *)"Triptych",
                        .app_exec = (char *)"triptych %f",
                        .groups = groups,
                        .is_private = TRUE};
  if (uri) gtk_recent_manager_add_full(gtk_recent_manager_get_default(), uri, &data);
}

/* ---- what the session says about files ---- */

static void refused(TriWindow *self, const char *file, const char *reason) {
  say_of_file(self, file, reason);
}

static void locate_response(GtkNativeDialog *dialog, int response, TriWindow *self) {
  if (response != GTK_RESPONSE_ACCEPT) return;
  g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
  g_autofree char *path = g_file_get_path(file);
  g_autoptr(GError) error = NULL;
  if (!tri_session_locate(self->session, g_object_get_data(G_OBJECT(dialog), "missing"), path, &error))
    tri_window_say(self, error->message);
}

static void missing_response(AdwMessageDialog *dialog, const char *response, TriWindow *self) {
  if (!g_str_equal(response, "locate")) return;
  GtkFileChooserNative *chooser =
      new_chooser(self, _("Locate"), GTK_FILE_CHOOSER_ACTION_OPEN, _("_Open"), G_CALLBACK(locate_response));
  char *missing = g_strdup(g_object_get_data(G_OBJECT(dialog), "missing"));
  g_object_set_data_full(G_OBJECT(chooser), "missing", missing, g_free);
  gtk_native_dialog_show(GTK_NATIVE_DIALOG(chooser));
}

static void media_missing(TriWindow *self, const char *file) {
  g_autofree char *name = g_path_get_basename(file);
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG(adw_message_dialog_new(GTK_WINDOW(self), NULL, NULL));
  adw_message_dialog_format_heading(dialog, _("Where is “%s”?"), name);
  adw_message_dialog_format_body(dialog, _("It was at %s. Your corrections are kept in any case."), file);
  adw_message_dialog_add_responses(dialog, "later", _("_Later"), "locate", _("Lo_cate…"), NULL);
  adw_message_dialog_set_response_appearance(dialog, "locate", ADW_RESPONSE_SUGGESTED);
  g_object_set_data_full(G_OBJECT(dialog), "missing", g_strdup(file), g_free);
  g_signal_connect_object(dialog, "response", G_CALLBACK(missing_response), self, 0);
  gtk_window_present(GTK_WINDOW(dialog));
}

/* ---- dropping ---- */

static gboolean drop(GtkDropTarget *target, const GValue *value, double x, double y, TriWindow *self) {
  GSList *list = g_value_get_boxed(value);
  g_autoptr(GPtrArray) files = g_ptr_array_new();
  for (; list; list = list->next) g_ptr_array_add(files, list->data);
  tri_window_open_files(self, (GFile **)files->pdata, files->len);
  return files->len > 0;
}

static GdkDragAction drop_enter(GtkDropTarget *target, double x, double y, TriWindow *self) {
  gtk_widget_add_css_class(GTK_WIDGET(self->stack), "drop-target");
  return GDK_ACTION_COPY;
}

static void drop_leave(GtkDropTarget *target, TriWindow *self) {
  gtk_widget_remove_css_class(GTK_WIDGET(self->stack), "drop-target");
}

static void add_drop_target(TriWindow *self) {
  GtkDropTarget *target = gtk_drop_target_new(GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);
  g_signal_connect(target, "drop", G_CALLBACK(drop), self);
  g_signal_connect(target, "enter", G_CALLBACK(drop_enter), self);
  g_signal_connect(target, "leave", G_CALLBACK(drop_leave), self);
  gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(target));
}

static const GActionEntry ACTIONS[] = {
    {.name = "new", .activate = new_piece},
    {.name = "open", .activate = open},
    {.name = "add", .activate = add},
    {.name = "open-paths", .parameter_type = "as", .activate = open_paths},
    {.name = "open-recent", .parameter_type = "s", .activate = open_recent},
    {.name = "sample", .activate = sample},
    {.name = "rename", .activate = rename_piece},
    {.name = "save-copy", .activate = save_copy},
        {.name = "export", .parameter_type = "s", .activate = export},
    {.name = "export-score", .parameter_type = "s", .activate = export_score},
};

void tri_window_refresh_files(TriWindow *self) {
  gboolean piece = !tri_window_is_empty(self);
  tri_window_set_enabled(self, "new", piece);
  tri_window_set_enabled(self, "rename", piece);
  tri_window_set_enabled(self, "save-copy", piece);
    tri_window_set_enabled(self, "export", piece);
  tri_window_set_enabled(self, "export-score", piece);
}

void tri_window_add_files(TriWindow *self) {
  g_action_map_add_action_entries(G_ACTION_MAP(self), ACTIONS, G_N_ELEMENTS(ACTIONS), self);
  add_drop_target(self);
  g_signal_connect_object(self->session, "notify::path", G_CALLBACK(add_to_recents), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->session, "notify::path", G_CALLBACK(remember_sample), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self->session, "notify::title", G_CALLBACK(add_to_recents), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self->session, "refused", G_CALLBACK(refused), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->session, "media-missing", G_CALLBACK(media_missing), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(gtk_recent_manager_get_default(), "changed", G_CALLBACK(refresh_recents), self,
                          G_CONNECT_SWAPPED);
  refresh_recents(self);
}
