/* The canvas puts the views into panes, passes their signals on and keeps its accessible description true.
 * Every coordinate stays left to right, whatever the direction of the text. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "widgets/canvas.h"
#include "widgets/canvas-private.h"
#include "widgets/playhead.h"
#include "widgets/time-ruler.h"

#include <glib/gi18n.h>
#include <math.h>

enum { USUAL_SCORE = 222, USUAL_AUDIO = 218, LEAST_PANE = 72 };

enum {
  PROP_TIMELINE = 1,
  PROP_SCENE,
  PROP_TILES,
  PROP_SHOW_SCORE,
  PROP_SHOW_AUDIO,
  PROP_SHOW_NOTES,
  PROP_PAGES,
  PROP_SPECTROGRAM_MIX,
  PROP_SCORE_HEIGHT,
  PROP_AUDIO_HEIGHT,
  PROP_EDIT_LOCK,
  N_PROPS
};

enum {
  SEEK,
  PLACE_ACTIVATED,
  NOTE_ACTIVATED,
  DRAG_BEGUN,
  DRAGGED,
  DROPPED,
  DRAG_CANCELLED,
  CONTEXT_MENU,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(TriCanvas, tri_canvas, GTK_TYPE_WIDGET)

TriTimeline *tri_canvas_get_timeline(TriCanvas *self) {
  return self->timeline;
}
TriScene *tri_canvas_get_scene(TriCanvas *self) {
  return self->scene;
}
TriTileCache *tri_canvas_get_tiles(TriCanvas *self) {
  return self->tiles;
}
TriLinkLayer *tri_canvas_get_links(TriCanvas *self) {
  return self->links;
}
TriPageView *tri_canvas_get_page_view(TriCanvas *self) {
  return self->page_view;
}
gboolean tri_canvas_is_dragging(TriCanvas *self) {
  return tri_link_layer_get_dragged(self->links) >= 0;
}

/* ---- signals of the views ---- */

static void seek(TriCanvas *self, double time_s) {
  g_signal_emit(self, signals[SEEK], 0, time_s);
}
static void place(TriCanvas *self, int index) {
  g_signal_emit(self, signals[PLACE_ACTIVATED], 0, index);
}
static void note(TriCanvas *self, guint index) {
  g_signal_emit(self, signals[NOTE_ACTIVATED], 0, index);
}
static void drag_begun(TriCanvas *self, int index) {
  g_signal_emit(self, signals[DRAG_BEGUN], 0, index);
}
static void dragged(TriCanvas *self, int index, double t) {
  g_signal_emit(self, signals[DRAGGED], 0, index, t);
}
static void dropped(TriCanvas *self, int index, double t) {
  g_signal_emit(self, signals[DROPPED], 0, index, t);
}
static void drag_cancelled(TriCanvas *self, int index) {
  g_signal_emit(self, signals[DRAG_CANCELLED], 0, index);
}

static void pass_on(TriCanvas *self, gpointer view) {
  g_signal_connect_object(view, "seek", G_CALLBACK(seek), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(view, "place-activated", G_CALLBACK(place), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(view, "note-activated", G_CALLBACK(note), self, G_CONNECT_SWAPPED);
}

static void pass_on_drags(TriCanvas *self) {
  g_signal_connect_object(self->links, "drag-begun", G_CALLBACK(drag_begun), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->links, "dragged", G_CALLBACK(dragged), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->links, "dropped", G_CALLBACK(dropped), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->links, "drag-cancelled", G_CALLBACK(drag_cancelled), self, G_CONNECT_SWAPPED);
}

/* ---- what a screen reader hears ---- */

static void describe(TriCanvas *self) {
  guint n, doubtful = 0;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  char *selected = tri_place_text(self->scene, tri_scene_get_selected(self->scene));
  for (guint i = 0; i < n; i++) doubtful += places[i].state == TRI_DOUBTFUL || places[i].state == TRI_UNSURE;
  /* Translators: how many places of the alignment are unsure or doubtful, and how many there are in all */
  char *label = g_strdup_printf(
      ngettext("Alignment, %u of %u place unsure", "Alignment, %u of %u places unsure", n), doubtful, n);
  gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                 GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, selected ? selected : "", -1);
  g_free(label);
  g_free(selected);
}

static void places_changed(TriCanvas *self) {
  if (!tri_scene_get_drag(self->scene)) describe(self);
}

/* ---- panes ---- */

static GtkWidget *gutter(const char *text) {
  GtkWidget *label = gtk_label_new(text);
  gtk_label_set_ellipsize(GTK_LABEL(label),
                          PANGO_ELLIPSIZE_END); /* all gutters are as wide as the keyboard */
  gtk_label_set_max_width_chars(GTK_LABEL(label), 1);
  gtk_widget_set_size_request(label, TRI_KEYBOARD_WIDTH, -1);
  gtk_widget_add_css_class(label, "dim-label");
  gtk_widget_add_css_class(label, "caption");
  return label;
}

static GtkWidget *row_of(GtkWidget *gutter_widget, GtkWidget *view, int least) {
  GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_set_direction(row, GTK_TEXT_DIR_LTR);
  gtk_widget_set_hexpand(view, TRUE);
  if (least > 0) gtk_widget_set_size_request(view, -1, least);
  if (gutter_widget) gtk_box_append(GTK_BOX(row), gutter_widget);
  gtk_box_append(GTK_BOX(row), view);
  return row;
}

static void make_views(TriCanvas *self) {
  TriTimeline *timeline = self->timeline;
  TriScene *scene = self->scene;
  TriTileCache *tiles = self->tiles;
  self->ribbon = TRI_RIBBON_VIEW(tri_ribbon_view_new(timeline, scene, tiles));
  self->page_view = TRI_PAGE_VIEW(tri_page_view_new(timeline, scene, tiles));
  self->links = TRI_LINK_LAYER(tri_link_layer_new(timeline, scene, tiles, self->ribbon));
  self->wave = TRI_WAVE_VIEW(tri_wave_view_new(timeline, scene, tiles));
  self->roll = TRI_ROLL_VIEW(tri_roll_view_new(timeline, scene, tiles));
  self->keyboard = TRI_KEYBOARD_VIEW(tri_keyboard_view_new(timeline, scene, tiles));
  tri_roll_view_set_links(self->roll, self->links);
}

static GtkWidget *make_score(TriCanvas *self) {
  GtkWidget *scroller = gtk_scrolled_window_new();
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), GTK_WIDGET(self->page_view));
  self->score_stack = gtk_stack_new();
  gtk_stack_add_named(GTK_STACK(self->score_stack), GTK_WIDGET(self->ribbon), "ribbon");
  gtk_stack_add_named(GTK_STACK(self->score_stack), scroller, "pages");
  self->score_label = gutter(_("Score"));
  self->score_row = row_of(self->score_label, self->score_stack, LEAST_PANE);
  return self->score_row;
}

static GtkWidget *make_audio(TriCanvas *self) {
  self->audio_box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  self->links_row = row_of(gutter(_("Links")), GTK_WIDGET(self->links), 0);
  self->audio_row = row_of(gutter(_("Audio")), GTK_WIDGET(self->wave), LEAST_PANE);
  gtk_widget_set_vexpand(self->audio_row, TRUE);
  gtk_box_append(GTK_BOX(self->audio_box), self->links_row);
  gtk_box_append(GTK_BOX(self->audio_box), self->audio_row);
  return self->audio_box;
}

static GtkWidget *pane(GtkWidget *start, GtkWidget *end, int position) {
  GtkWidget *paned = gtk_paned_new(GTK_ORIENTATION_VERTICAL);
  gtk_paned_set_start_child(GTK_PANED(paned), start);
  gtk_paned_set_end_child(GTK_PANED(paned), end);
  gtk_paned_set_resize_start_child(GTK_PANED(paned), FALSE);
  gtk_paned_set_shrink_start_child(GTK_PANED(paned), FALSE);
  gtk_paned_set_shrink_end_child(GTK_PANED(paned), FALSE);
  gtk_paned_set_position(GTK_PANED(paned), position);
  return paned;
}

static void make_overlays(TriCanvas *self, GtkWidget *ruler) {
  GtkWidget *crossed[] = {GTK_WIDGET(self->ribbon), GTK_WIDGET(self->wave), GTK_WIDGET(self->roll), ruler};
  self->playhead = tri_playhead_new(self->timeline, self->scene, self->tiles, self->ribbon);
  for (gsize i = 0; i < G_N_ELEMENTS(crossed); i++)
    tri_playhead_add_view(TRI_PLAYHEAD(self->playhead), crossed[i]);
  gtk_overlay_add_overlay(GTK_OVERLAY(self->overlay), self->playhead);
  self->proxies = TRI_PROXY_LAYER(tri_proxy_layer_new(self->timeline, self->scene, self->tiles,
                                                      GTK_WIDGET(self->links), GTK_WIDGET(self->wave)));
  gtk_overlay_add_overlay(GTK_OVERLAY(self->overlay), GTK_WIDGET(self->proxies));
}

/* What lies over the panes follows them. */
static void lay_over(TriCanvas *self) {
  gtk_widget_queue_draw(self->playhead);
  gtk_widget_queue_allocate(GTK_WIDGET(self->proxies));
}

static void height_moved(TriCanvas *self, GParamSpec *spec, GtkWidget *paned) {
  lay_over(self);
  g_object_notify_by_pspec(G_OBJECT(self),
                           props[paned == self->outer ? PROP_SCORE_HEIGHT : PROP_AUDIO_HEIGHT]);
}

static void name_part(gpointer part, const char *name) {
  gtk_accessible_update_property(GTK_ACCESSIBLE(part), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

/* GTK 4.8 would read the containers out by their class. */
static void name_containers(TriCanvas *self) {
  GtkStack *stack = GTK_STACK(self->score_stack);
  GtkWidget *scroller = gtk_stack_get_child_by_name(stack, "pages");
  GtkScrolledWindow *window = GTK_SCROLLED_WINDOW(scroller);
  name_part(self->overlay, _("Views"));
  name_part(self->outer, _("Score"));
  name_part(gtk_widget_get_next_sibling(self->score_row), _("Score"));
  name_part(self->inner, _("Audio"));
  name_part(gtk_widget_get_next_sibling(self->audio_box), _("Audio"));
  name_part(gtk_stack_get_page(stack, GTK_WIDGET(self->ribbon)), _("Score"));
  name_part(gtk_stack_get_page(stack, scroller), _("Pages"));
  name_part(scroller, _("Pages"));
  name_part(gtk_scrolled_window_get_vscrollbar(window), _("Pages"));
  name_part(gtk_scrolled_window_get_hscrollbar(window), _("Pages"));
}

static void build(TriCanvas *self) {
  GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *ruler = tri_time_ruler_new(self->timeline, self->scene, self->tiles);
  make_views(self);
  self->notes_row = row_of(GTK_WIDGET(self->keyboard), GTK_WIDGET(self->roll), LEAST_PANE);
  self->inner = pane(make_audio(self), self->notes_row, USUAL_AUDIO);
  self->outer = pane(make_score(self), self->inner, USUAL_SCORE);
  self->ruler_row = row_of(gutter(_("Time")), ruler, 0);
  gtk_widget_set_vexpand(self->outer, TRUE);
  gtk_box_append(GTK_BOX(column), self->outer);
  gtk_box_append(GTK_BOX(column), self->ruler_row);
  self->overlay = gtk_overlay_new();
  gtk_overlay_set_child(GTK_OVERLAY(self->overlay), column);
  gtk_widget_set_parent(self->overlay, GTK_WIDGET(self));
  make_overlays(self, ruler);
  name_containers(self);
  gpointer views[] = {self->ribbon, self->page_view, self->links, self->wave, self->roll, ruler};
  for (gsize i = 0; i < G_N_ELEMENTS(views); i++) pass_on(self, views[i]);
  pass_on_drags(self);
  g_signal_connect_object(self->outer, "notify::position", G_CALLBACK(height_moved), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->inner, "notify::position", G_CALLBACK(height_moved), self, G_CONNECT_SWAPPED);
}

static void show_panes(TriCanvas *self) {
  gtk_widget_set_visible(self->score_row, self->show_score);
  gtk_widget_set_visible(self->score_label, !self->pages);
  gtk_stack_set_visible_child_name(GTK_STACK(self->score_stack), self->pages ? "pages" : "ribbon");
  gtk_widget_set_visible(self->audio_box, self->show_audio);
  gtk_widget_set_visible(self->links_row, self->show_score && self->show_audio && !self->pages);
  gtk_widget_set_visible(self->notes_row, self->show_notes);
  gtk_widget_set_visible(self->inner, self->show_audio || self->show_notes);
  gtk_widget_set_visible(self->ruler_row, self->show_audio || self->show_notes);
  lay_over(self);
}

/* ---- commands ---- */

void tri_canvas_go_to_place(TriCanvas *self, int index) {
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  gboolean focused = gtk_widget_get_focus_child(GTK_WIDGET(self)) || gtk_widget_has_focus(GTK_WIDGET(self));
  tri_scene_set_selected(self->scene, index);
  if (index < 0 || index >= (int)n) return;
  tri_timeline_show(self->timeline, places[index].time_s);
  tri_page_view_show_place(self->page_view, index);
  if (focused) tri_proxy_layer_focus(self->proxies, index);
}

void tri_canvas_zoom(TriCanvas *self, double factor) {
  double width = tri_timeline_get_width(self->timeline);
  double x = tri_timeline_x(self->timeline, tri_timeline_get_position(self->timeline));
  tri_timeline_zoom(self->timeline, factor, x >= 0 && x <= width ? x : width / 2);
}

void tri_canvas_zoom_pitch(TriCanvas *self, double factor) {
  tri_roll_view_zoom_pitch(self->roll, factor, gtk_widget_get_height(GTK_WIDGET(self->roll)) / 2.0);
}

/* ---- focus: one stop for the tab key, on the selected place if there is one ---- */

static gboolean focus(GtkWidget *widget, GtkDirectionType direction) {
  TriCanvas *self = TRI_CANVAS(widget);
  int selected = tri_scene_get_selected(self->scene);
  if (gtk_widget_get_focus_child(widget) || gtk_widget_has_focus(widget)) return FALSE;
  if (selected >= 0)
    tri_proxy_layer_focus(self->proxies, selected);
  else
    gtk_widget_grab_focus(widget);
  return TRUE;
}

static gboolean grab_focus(GtkWidget *widget) {
  GtkRoot *root = gtk_widget_get_root(widget);
  if (!root) return FALSE;
  gtk_root_set_focus(root, widget);
  return TRUE;
}

static void snapshot(GtkWidget *widget, GtkSnapshot *snapshot) {
  const GdkRGBA *color = tri_palette_color(tri_palette_current(), TRI_COLOR_FOCUS);
  int width = gtk_widget_get_width(widget), height = gtk_widget_get_height(widget);
  GskRoundedRect ring;
  GTK_WIDGET_CLASS(tri_canvas_parent_class)->snapshot(widget, snapshot);
  if (!gtk_widget_has_visible_focus(widget)) return;
  gsk_rounded_rect_init_from_rect(&ring, &GRAPHENE_RECT_INIT(0, 0, width, height), 0);
  gtk_snapshot_append_border(snapshot, &ring, (const float[]){2, 2, 2, 2},
                             (const GdkRGBA[]){*color, *color, *color, *color});
}

/* ---- properties ---- */

static void set_flag(TriCanvas *self, gboolean *field, gboolean value, int prop) {
  value = value != FALSE;
  if (value == *field) return;
  *field = value;
  show_panes(self);
  tri_link_layer_set_locked(self->links, self->edit_lock);
  g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
}

static void set_mix(TriCanvas *self, double mix) {
  if (mix == tri_wave_view_get_spectrogram_mix(self->wave)) return;
  tri_wave_view_set_spectrogram_mix(self->wave, mix);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_SPECTROGRAM_MIX]);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  TriCanvas *self = TRI_CANVAS(object);
  switch (id) {
  case PROP_TIMELINE:
    self->timeline = g_value_dup_object(value);
    break;
  case PROP_SCENE:
    self->scene = g_value_dup_object(value);
    break;
  case PROP_TILES:
    self->tiles = g_value_dup_object(value);
    break;
  case PROP_SHOW_SCORE:
    set_flag(self, &self->show_score, g_value_get_boolean(value), id);
    break;
  case PROP_SHOW_AUDIO:
    set_flag(self, &self->show_audio, g_value_get_boolean(value), id);
    break;
  case PROP_SHOW_NOTES:
    set_flag(self, &self->show_notes, g_value_get_boolean(value), id);
    break;
  case PROP_PAGES:
    set_flag(self, &self->pages, g_value_get_boolean(value), id);
    break;
  case PROP_EDIT_LOCK:
    set_flag(self, &self->edit_lock, g_value_get_boolean(value), id);
    break;
  case PROP_SPECTROGRAM_MIX:
    set_mix(self, g_value_get_double(value));
    break;
  case PROP_SCORE_HEIGHT: {
    int height = g_value_get_int(value);
    gtk_paned_set_position(GTK_PANED(self->outer), height < 0 ? USUAL_SCORE : height);
    break;
  }
  case PROP_AUDIO_HEIGHT: {
    int height = g_value_get_int(value);
    gtk_paned_set_position(GTK_PANED(self->inner), height < 0 ? USUAL_AUDIO : height);
    break;
  }
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  TriCanvas *self = TRI_CANVAS(object);
  switch (id) {
  case PROP_TIMELINE:
    g_value_set_object(value, self->timeline);
    break;
  case PROP_SCENE:
    g_value_set_object(value, self->scene);
    break;
  case PROP_TILES:
    g_value_set_object(value, self->tiles);
    break;
  case PROP_SHOW_SCORE:
    g_value_set_boolean(value, self->show_score);
    break;
  case PROP_SHOW_AUDIO:
    g_value_set_boolean(value, self->show_audio);
    break;
  case PROP_SHOW_NOTES:
    g_value_set_boolean(value, self->show_notes);
    break;
  case PROP_PAGES:
    g_value_set_boolean(value, self->pages);
    break;
  case PROP_EDIT_LOCK:
    g_value_set_boolean(value, self->edit_lock);
    break;
  case PROP_SPECTROGRAM_MIX:
    g_value_set_double(value, tri_wave_view_get_spectrogram_mix(self->wave));
    break;
  case PROP_SCORE_HEIGHT:
    g_value_set_int(value, gtk_paned_get_position(GTK_PANED(self->outer)));
    break;
  case PROP_AUDIO_HEIGHT:
    g_value_set_int(value, gtk_paned_get_position(GTK_PANED(self->inner)));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

/* ---- life ---- */

static void constructed(GObject *object) {
  TriCanvas *self = TRI_CANVAS(object);
  G_OBJECT_CLASS(tri_canvas_parent_class)->constructed(object);
  if (!self->tiles) self->tiles = tri_tile_cache_new(0, 0);
  build(self);
  show_panes(self);
  tri_canvas_add_gestures(self);
  g_signal_connect_object(self->scene, "places-changed", G_CALLBACK(places_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->scene, "notify::selected", G_CALLBACK(describe), self, G_CONNECT_SWAPPED);
  describe(self);
}

static void dispose(GObject *object) {
  TriCanvas *self = TRI_CANVAS(object);
  g_clear_pointer(&self->overlay, gtk_widget_unparent);
  G_OBJECT_CLASS(tri_canvas_parent_class)->dispose(object);
}

static void finalize(GObject *object) {
  TriCanvas *self = TRI_CANVAS(object);
  g_clear_object(&self->timeline);
  g_clear_object(&self->scene);
  g_clear_object(&self->tiles);
  G_OBJECT_CLASS(tri_canvas_parent_class)->finalize(object);
}

static void add_objects(GObjectClass *klass) {
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  props[PROP_TIMELINE] = g_param_spec_object("timeline", NULL, NULL, TRI_TYPE_TIMELINE, flags);
  props[PROP_SCENE] = g_param_spec_object("scene", NULL, NULL, TRI_TYPE_SCENE, flags);
  props[PROP_TILES] = g_param_spec_object("tiles", NULL, NULL, TRI_TYPE_TILE_CACHE, flags);
}

static GParamSpec *flag(const char *name, gboolean usual) {
  return g_param_spec_boolean(name, NULL, NULL, usual,
                              G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static GParamSpec *height(const char *name) {
  return g_param_spec_int(name, NULL, NULL, -1, G_MAXINT, -1,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void add_properties(GObjectClass *klass) {
  add_objects(klass);
  props[PROP_SHOW_SCORE] = flag("show-score", TRUE);
  props[PROP_SHOW_AUDIO] = flag("show-audio", TRUE);
  props[PROP_SHOW_NOTES] = flag("show-notes", TRUE);
  props[PROP_PAGES] = flag("pages", FALSE);
  props[PROP_EDIT_LOCK] = flag("edit-lock", FALSE);
  props[PROP_SCORE_HEIGHT] = height("score-height");
  props[PROP_AUDIO_HEIGHT] = height("audio-height");
  props[PROP_SPECTROGRAM_MIX] =
      g_param_spec_double("spectrogram-mix", NULL, NULL, 0, 1, 0,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties(klass, N_PROPS, props);
}

static guint signal_of(const char *name, guint n, GType first, GType second) {
  return g_signal_new(name, TRI_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, n, first,
                      second);
}

static void add_signals(void) {
  signals[SEEK] = signal_of("seek", 1, G_TYPE_DOUBLE, 0);
  signals[PLACE_ACTIVATED] = signal_of("place-activated", 1, G_TYPE_INT, 0);
  signals[NOTE_ACTIVATED] = signal_of("note-activated", 1, G_TYPE_UINT, 0);
  signals[DRAG_BEGUN] = signal_of("drag-begun", 1, G_TYPE_INT, 0);
  signals[DRAGGED] = signal_of("dragged", 2, G_TYPE_INT, G_TYPE_DOUBLE);
  signals[DROPPED] = signal_of("dropped", 2, G_TYPE_INT, G_TYPE_DOUBLE);
  signals[DRAG_CANCELLED] = signal_of("drag-cancelled", 1, G_TYPE_INT, 0);
  signals[CONTEXT_MENU] =
      g_signal_new("context-menu", TRI_TYPE_CANVAS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4,
                   G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_INT);
}

static void tri_canvas_class_init(TriCanvasClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
  object_class->constructed = constructed;
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->dispose = dispose;
  object_class->finalize = finalize;
  widget_class->focus = focus;
  widget_class->grab_focus = grab_focus;
  widget_class->snapshot = snapshot;
  add_properties(object_class);
  add_signals();
  tri_canvas_class_add_actions(widget_class);
  gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role(widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_widget_class_set_css_name(widget_class, "tricanvas");
}

static void tri_canvas_init(TriCanvas *self) {
  self->show_score = self->show_audio = self->show_notes = TRUE;
  gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
}

GtkWidget *tri_canvas_new(TriTimeline *timeline, TriScene *scene) {
  return g_object_new(TRI_TYPE_CANVAS, "timeline", timeline, "scene", scene, NULL);
}
