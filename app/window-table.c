/* All places as a table in a window of its own: a row for each onset, made when it comes into view. A row is only an
 * index; what stands in it is asked of the session. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-private.h"

#include "widgets/time-ruler.h"

#include <glib/gi18n.h>
#include <math.h>

#define TRI_TYPE_ROW (tri_row_get_type())
G_DECLARE_FINAL_TYPE(TriRow, tri_row, TRI, ROW, GObject)
struct _TriRow {
  GObject parent;
  int place;
};
G_DEFINE_FINAL_TYPE(TriRow, tri_row, G_TYPE_OBJECT)

static void tri_row_class_init(TriRowClass *class) {}

static void tri_row_init(TriRow *row) {}

/* As many rows as there are places, each made when it is asked for. */
#define TRI_TYPE_ROWS (tri_rows_get_type())
G_DECLARE_FINAL_TYPE(TriRows, tri_rows, TRI, ROWS, GObject)
struct _TriRows {
  GObject parent;
  guint n;
};

static GType rows_item_type(GListModel *model) {
  return TRI_TYPE_ROW;
}

static guint rows_n(GListModel *model) {
  return TRI_ROWS(model)->n;
}

static gpointer rows_item(GListModel *model, guint position) {
  if (position >= TRI_ROWS(model)->n) return NULL;
  TriRow *row = g_object_new(TRI_TYPE_ROW, NULL);
  row->place = (int)position;
  return row;
}

static void rows_iface_init(GListModelInterface *iface) {
  iface->get_item_type = rows_item_type;
  iface->get_n_items = rows_n;
  iface->get_item = rows_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(TriRows, tri_rows, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, rows_iface_init))

static void tri_rows_class_init(TriRowsClass *class) {}

static void tri_rows_init(TriRows *rows) {}

/* ---- cells ---- */

typedef enum { COLUMN_PLACE, COLUMN_TIME, COLUMN_SURE, COLUMN_STATE, COLUMN_NOTES, N_COLUMNS } Column;

static char *text_of(const TriPlaceWords *words, Column column) {
  switch (column) {
  case COLUMN_PLACE:
    return g_strdup(words->name);
  case COLUMN_TIME:
    return tri_time_text(words->time_s, 3);
  case COLUMN_SURE:
    return g_strdup_printf(_("%d %%"), (int)lround(100 * words->confidence));
  case COLUMN_STATE:
    return g_strdup(words->state);
  default:
    return g_strdup(words->pitches);
  }
}

static void set_up_cell(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer column) {
  GtkWidget *label = gtk_label_new(NULL);
  const gboolean number = GPOINTER_TO_INT(column) == COLUMN_TIME || GPOINTER_TO_INT(column) == COLUMN_SURE;
  gtk_label_set_xalign(GTK_LABEL(label), number ? 1 : 0);
  gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
  if (number) gtk_widget_add_css_class(label, "numeric");
  gtk_list_item_set_child(item, label);
}

static void bind_cell(GtkSignalListItemFactory *factory, GtkListItem *item, gpointer column) {
  TriSession *session = g_object_get_data(G_OBJECT(factory), "session");
  TriRow *row = gtk_list_item_get_item(item);
  TriPlaceWords words;
  if (!tri_session_describe(session, row->place, &words)) return;
  g_autofree char *text = text_of(&words, (Column)GPOINTER_TO_INT(column));
  gtk_label_set_label(GTK_LABEL(gtk_list_item_get_child(item)), text);
  tri_place_words_clear(&words);
}

static void add_column(GtkColumnView *view, TriSession *session, Column column, const char *title, gboolean wide) {
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
  g_object_set_data(G_OBJECT(factory), "session", session);
  g_signal_connect(factory, "setup", G_CALLBACK(set_up_cell), GINT_TO_POINTER(column));
  g_signal_connect(factory, "bind", G_CALLBACK(bind_cell), GINT_TO_POINTER(column));
  g_autoptr(GtkColumnViewColumn) made = gtk_column_view_column_new(title, factory);
  gtk_column_view_column_set_resizable(made, TRUE);
  gtk_column_view_column_set_expand(made, wide);
  gtk_column_view_append_column(view, made);
}

/* ---- the window ---- */

static void activated(GtkColumnView *view, guint position, gpointer user) {
  gtk_widget_activate_action(GTK_WIDGET(user), "win.select-place", "i", (int)position);
}

/* The list is built anew when places come, go or change; what is in view is bound again. */
static void refresh(TriWindow *self) {
  if (!self->table) return;
  guint n, before = self->table_rows->n;
  tri_scene_get_places(tri_window_scene(self), &n);
  self->table_rows->n = n;
  g_list_model_items_changed(G_LIST_MODEL(self->table_rows), 0, before, n);
}

static void forget(TriWindow *self) {
  self->table = NULL;
  g_clear_object(&self->table_rows);
}

static GtkWidget *make_view(TriWindow *self) {
  self->table_rows = g_object_new(TRI_TYPE_ROWS, NULL);
  GtkSingleSelection *selection = gtk_single_selection_new(g_object_ref(G_LIST_MODEL(self->table_rows)));
  gtk_single_selection_set_autoselect(selection, FALSE);
  GtkWidget *view = gtk_column_view_new(GTK_SELECTION_MODEL(selection));
  add_column(GTK_COLUMN_VIEW(view), self->session, COLUMN_PLACE, _("Place"), TRUE);
  add_column(GTK_COLUMN_VIEW(view), self->session, COLUMN_TIME, _("Played at"), FALSE);
  add_column(GTK_COLUMN_VIEW(view), self->session, COLUMN_SURE, _("Sure"), FALSE);
  add_column(GTK_COLUMN_VIEW(view), self->session, COLUMN_STATE, _("State"), FALSE);
  add_column(GTK_COLUMN_VIEW(view), self->session, COLUMN_NOTES, _("Notes"), TRUE);
  gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, _("All places"), -1);
  g_signal_connect_object(view, "activate", G_CALLBACK(activated), self, 0);
  return view;
}

static void show_table(GSimpleAction *action, GVariant *parameter, gpointer user) {
  TriWindow *self = user;
  if (!self->table) {
    GtkWidget *scrolled = gtk_scrolled_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), make_view(self));
    gtk_widget_set_vexpand(scrolled, TRUE);
    gtk_box_append(GTK_BOX(box), adw_header_bar_new());
    gtk_box_append(GTK_BOX(box), scrolled);
    self->table = g_object_new(ADW_TYPE_WINDOW, "title", _("All Places"), "transient-for", self, "destroy-with-parent", TRUE,
                               "default-width", 640, "default-height", 480, "content", box, NULL);
    g_signal_connect_object(self->table, "destroy", G_CALLBACK(forget), self, G_CONNECT_SWAPPED);
    refresh(self);
  }
  gtk_window_present(GTK_WINDOW(self->table));
}

void tri_window_add_table(TriWindow *self) {
  static const GActionEntry ACTIONS[] = {{.name = "all-places", .activate = show_table}};
  g_action_map_add_action_entries(G_ACTION_MAP(self), ACTIONS, G_N_ELEMENTS(ACTIONS), self);
  g_signal_connect_object(tri_window_scene(self), "places-changed", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
}
