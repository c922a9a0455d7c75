/* The views themselves: hits, drags, keys, wheel, accessibility, what is drawn, and that everything goes
 * away. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/invented_scene.h"
#include "widgets/canvas-private.h"
#include "widgets/link-lines.h"
#include "widgets/overview-strip.h"
#include "widgets/peaks.h"

#include <adwaita.h>
#include <math.h>
#include <string.h>

typedef struct {
  GtkWidget *window;
  TriTimeline *timeline;
  TriScene *scene;
  TriCanvas *canvas;
  TriOverviewStrip *overview;
  GString *heard; /* signals of the canvas, in order */
} Stand;

static void heard_seek(TriCanvas *canvas, double t, GString *heard) {
  g_string_append_printf(heard, "seek %.3f;", t);
}
static void heard_place(TriCanvas *canvas, int place, GString *heard) {
  g_string_append_printf(heard, "place %d;", place);
}
static void heard_note(TriCanvas *canvas, guint note, GString *heard) {
  g_string_append_printf(heard, "note %u;", note);
}
static void heard_begun(TriCanvas *canvas, int place, GString *heard) {
  g_string_append_printf(heard, "begun %d;", place);
}
static void heard_dragged(TriCanvas *canvas, int place, double t, GString *heard) {
  g_string_append_printf(heard, "dragged %d %.3f;", place, t);
}
static void heard_dropped(TriCanvas *canvas, int place, double t, GString *heard) {
  g_string_append_printf(heard, "dropped %d %.3f;", place, t);
}
static void heard_cancelled(TriCanvas *canvas, int place, GString *heard) {
  g_string_append_printf(heard, "cancelled %d;", place);
}

static void listen(Stand *stand) {
  g_signal_connect(stand->canvas, "seek", G_CALLBACK(heard_seek), stand->heard);
  g_signal_connect(stand->canvas, "place-activated", G_CALLBACK(heard_place), stand->heard);
  g_signal_connect(stand->canvas, "note-activated", G_CALLBACK(heard_note), stand->heard);
  g_signal_connect(stand->canvas, "drag-begun", G_CALLBACK(heard_begun), stand->heard);
  g_signal_connect(stand->canvas, "dragged", G_CALLBACK(heard_dragged), stand->heard);
  g_signal_connect(stand->canvas, "dropped", G_CALLBACK(heard_dropped), stand->heard);
  g_signal_connect(stand->canvas, "drag-cancelled", G_CALLBACK(heard_cancelled), stand->heard);
}

static void settle(Stand *stand) {
  gtk_test_widget_wait_for_draw(stand->window);
  tri_tile_cache_finish(tri_canvas_get_tiles(stand->canvas));
  gtk_test_widget_wait_for_draw(stand->window);
}

static Stand stand_make(gboolean filled) {
  Stand stand = {gtk_window_new(), tri_timeline_new(), tri_scene_new(), NULL, NULL, g_string_new(NULL)};
  GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  stand.canvas = TRI_CANVAS(tri_canvas_new(stand.timeline, stand.scene));
  stand.overview = TRI_OVERVIEW_STRIP(
      tri_overview_strip_new(stand.timeline, stand.scene, tri_canvas_get_tiles(stand.canvas)));
  gtk_widget_set_vexpand(GTK_WIDGET(stand.canvas), TRUE);
  gtk_box_append(GTK_BOX(column), GTK_WIDGET(stand.overview));
  gtk_box_append(GTK_BOX(column), GTK_WIDGET(stand.canvas));
  gtk_window_set_child(GTK_WINDOW(stand.window), column);
  gtk_window_set_default_size(GTK_WINDOW(stand.window), 1000, 760);
  listen(&stand);
  if (filled) invented_scene_fill(stand.scene, stand.timeline, 16, TRUE);
  gtk_window_present(GTK_WINDOW(stand.window));
  tri_timeline_set_scale(stand.timeline, 80);
  tri_timeline_set_start(stand.timeline, 4);
  settle(&stand);
  return stand;
}

static void stand_clear(Stand *stand) {
  gtk_window_destroy(GTK_WINDOW(stand->window));
  g_object_unref(stand->scene);
  g_object_unref(stand->timeline);
  g_string_free(stand->heard, TRUE);
}

static const TriPlace *place_of(Stand *stand, int place) {
  return &tri_scene_get_places(stand->scene, NULL)[place];
}

/* ---- life ---- */

static void everything_goes_away(void) {
  Stand stand = stand_make(TRUE);
  gpointer watched[] = {stand.window,           stand.timeline,         stand.scene,
                        stand.canvas,           stand.overview,         stand.canvas->tiles,
                        stand.canvas->ribbon,   stand.canvas->links,    stand.canvas->wave,
                        stand.canvas->roll,     stand.canvas->keyboard, stand.canvas->proxies,
                        stand.canvas->page_view};
  tri_proxy_layer_update(stand.canvas->proxies);
  for (gsize i = 0; i < G_N_ELEMENTS(watched); i++) g_object_add_weak_pointer(watched[i], &watched[i]);
  stand_clear(&stand);
  while (g_main_context_iteration(NULL, FALSE)) continue;
  for (gsize i = 0; i < G_N_ELEMENTS(watched); i++) g_assert_null(watched[i]);
}

static void an_empty_scene_draws(void) {
  Stand stand = stand_make(FALSE);
  g_object_set(stand.canvas, "pages", TRUE, NULL);
  settle(&stand);
  g_assert_true(isnan(tri_ribbon_view_place_x(stand.canvas->ribbon, 0)));
  g_assert_cmpint(tri_link_layer_place_at(stand.canvas->links, 10, 40), ==, -1);
  tri_link_layer_begin_drag(stand.canvas->links, 0);
  tri_link_layer_drop(stand.canvas->links);
  g_assert_cmpstr(stand.heard->str, ==, "");
  stand_clear(&stand);
}

static void values_may_come_and_go_in_any_order(void) {
  Stand stand = stand_make(TRUE);
  tri_scene_set_score(stand.scene, NULL, NULL);
  settle(&stand);
  invented_scene_fill(stand.scene, stand.timeline, 4, FALSE);
  settle(&stand);
  tri_scene_set_pages(stand.scene, 0, NULL, NULL, NULL);
  tri_scene_set_places(stand.scene, NULL, 0);
  settle(&stand);
  tri_scene_set_motion(stand.scene, NULL, NULL);
  tri_scene_set_peaks(stand.scene, NULL);
  tri_scene_set_spectrogram(stand.scene, NULL, 0, 0, 0);
  g_object_set(stand.canvas, "spectrogram-mix", 1.0, "pages", TRUE, NULL);
  settle(&stand);
  stand_clear(&stand);
}

/* ---- properties ---- */

static void count(GObject *object, GParamSpec *spec, gpointer n) {
  ++*(int *)n;
}

static void canvas_notifies_once(void) {
  static const char *const flags[] = {"show-score", "show-audio", "show-notes", "pages", "edit-lock"};
  Stand stand = stand_make(TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
    char *signal = g_strconcat("notify::", flags[i], NULL);
    gboolean now;
    int n = 0;
    g_object_get(stand.canvas, flags[i], &now, NULL);
    g_signal_connect(stand.canvas, signal, G_CALLBACK(count), &n);
    g_object_set(stand.canvas, flags[i], !now, NULL);
    g_object_set(stand.canvas, flags[i], !now, NULL);
    g_assert_cmpint(n, ==, 1);
    g_object_set(stand.canvas, flags[i], now, NULL);
    g_assert_cmpint(n, ==, 2);
    g_signal_handlers_disconnect_by_data(stand.canvas, &n);
    g_free(signal);
  }
  int mixes = 0;
  g_signal_connect(stand.canvas, "notify::spectrogram-mix", G_CALLBACK(count), &mixes);
  g_object_set(stand.canvas, "spectrogram-mix", 0.5, NULL);
  g_object_set(stand.canvas, "spectrogram-mix", 0.5, NULL);
  g_assert_cmpint(mixes, ==, 1);
  stand_clear(&stand);
}

static void links_stand_between_score_and_audio(void) {
  Stand stand = stand_make(TRUE);
  g_assert_true(gtk_widget_get_mapped(GTK_WIDGET(stand.canvas->links)));
  g_object_set(stand.canvas, "pages", TRUE, NULL);
  g_assert_false(gtk_widget_get_mapped(GTK_WIDGET(stand.canvas->links)));
  g_object_set(stand.canvas, "pages", FALSE, "show-audio", FALSE, NULL);
  g_assert_false(gtk_widget_get_mapped(GTK_WIDGET(stand.canvas->links)));
  g_object_set(stand.canvas, "show-audio", TRUE, NULL);
  g_assert_true(gtk_widget_get_mapped(GTK_WIDGET(stand.canvas->links)));
  stand_clear(&stand);
}

/* ---- one axis ---- */

static void all_time_views_are_equally_wide(void) {
  Stand stand = stand_make(TRUE);
  GtkWidget *views[] = {GTK_WIDGET(stand.canvas->wave), GTK_WIDGET(stand.canvas->roll),
                        GTK_WIDGET(stand.canvas->links), GTK_WIDGET(stand.canvas->ribbon)};
  for (gsize i = 0; i < G_N_ELEMENTS(views); i++) {
    double x, y;
    g_assert_cmpint(gtk_widget_get_width(views[i]), ==, tri_timeline_get_width(stand.timeline));
    gtk_widget_translate_coordinates(views[i], GTK_WIDGET(stand.canvas), 0, 0, &x, &y);
    g_assert_cmpfloat(x, ==, TRI_KEYBOARD_WIDTH);
  }
  stand_clear(&stand);
}

static void time_runs_left_to_right_in_every_language(void) {
  gtk_widget_set_default_direction(GTK_TEXT_DIR_RTL);
  Stand stand = stand_make(TRUE);
  double x, y;
  gtk_widget_translate_coordinates(GTK_WIDGET(stand.canvas->roll), GTK_WIDGET(stand.canvas), 0, 0, &x, &y);
  g_assert_cmpfloat(x, ==, TRI_KEYBOARD_WIDTH);
  stand_clear(&stand);
  gtk_widget_set_default_direction(GTK_TEXT_DIR_LTR);
}

static void the_middle_of_the_time_stands_in_the_middle_of_the_score(void) {
  Stand stand = stand_make(TRUE);
  double width = tri_timeline_get_width(stand.timeline);
  for (double start_s = 2; start_s < 12; start_s += 1.7) {
    tri_timeline_set_start(stand.timeline, start_s);
    double middle_s = tri_timeline_time(stand.timeline, width / 2);
    g_assert_cmpfloat_with_epsilon(tri_ribbon_view_x(stand.canvas->ribbon, middle_s), width / 2, 0.01);
    for (double x = 0; x < width; x += 97)
      g_assert_cmpfloat_with_epsilon(
          tri_ribbon_view_x(stand.canvas->ribbon, tri_ribbon_view_time(stand.canvas->ribbon, x)), x, 0.01);
  }
  stand_clear(&stand);
}

static void pitch_zoom_keeps_the_key_under_the_pointer(void) {
  Stand stand = stand_make(TRUE);
  TriRollView *roll = stand.canvas->roll;
  double pitch = tri_roll_view_pitch(roll, 120);
  tri_roll_view_zoom_pitch(roll, 1.5, 120);
  g_assert_cmpfloat_with_epsilon(tri_roll_view_pitch(roll, 120), pitch, 1e-6);
  g_assert_cmpfloat_with_epsilon(tri_roll_view_pitch(roll, tri_roll_view_y(roll, 64.5)), 64.5, 1e-9);
  stand_clear(&stand);
}

/* ---- the wheel ---- */

static void point_in(Stand *stand, gpointer view, double *x, double *y) {
  gtk_widget_translate_coordinates(view, GTK_WIDGET(stand->canvas), 333, gtk_widget_get_height(view) / 2.0, x,
                                   y);
}

static void control_wheel_zooms_at_the_pointer(void) {
  Stand stand = stand_make(TRUE);
  gpointer views[] = {stand.canvas->wave, stand.canvas->links, stand.canvas->roll, stand.canvas->ribbon};
  for (gsize i = 0; i < G_N_ELEMENTS(views); i++) {
    double x, y, before = tri_timeline_get_scale(stand.timeline),
                 time_s = tri_timeline_time(stand.timeline, 333);
    point_in(&stand, views[i], &x, &y);
    g_assert_true(tri_canvas_wheel(stand.canvas, x, y, 0, i % 2 ? 1 : -1, GDK_CONTROL_MASK));
    g_assert_cmpfloat(tri_timeline_get_scale(stand.timeline), !=, before);
    g_assert_cmpfloat_with_epsilon(tri_timeline_time(stand.timeline, 333), time_s, 1e-9);
  }
  stand_clear(&stand);
}

static void the_wheel_means_what_is_under_it(void) {
  Stand stand = stand_make(TRUE);
  double x, y, start_s = tri_timeline_get_start(stand.timeline),
               low = tri_timeline_get_low_pitch(stand.timeline);
  double scale = tri_timeline_get_pitch_scale(stand.timeline);
  point_in(&stand, stand.canvas->wave, &x, &y);
  tri_canvas_wheel(stand.canvas, x, y, 0, 1, 0);
  g_assert_cmpfloat(tri_timeline_get_start(stand.timeline), >, start_s);
  start_s = tri_timeline_get_start(stand.timeline);
  point_in(&stand, stand.canvas->roll, &x, &y);
  tri_canvas_wheel(stand.canvas, x, y, 0, 1, GDK_CONTROL_MASK | GDK_SHIFT_MASK);
  g_assert_cmpfloat(tri_timeline_get_pitch_scale(stand.timeline), <, scale);
  low = tri_timeline_get_low_pitch(stand.timeline);
  tri_canvas_wheel(stand.canvas, x, y, 0, -1, 0);
  g_assert_cmpfloat(tri_timeline_get_low_pitch(stand.timeline), >, low);
  g_assert_cmpfloat(tri_timeline_get_start(stand.timeline), ==, start_s);
  tri_canvas_wheel(stand.canvas, x, y, 0, -1, GDK_SHIFT_MASK);
  g_assert_cmpfloat(tri_timeline_get_start(stand.timeline), <, start_s);
  g_assert_cmpint(tri_timeline_get_follow(stand.timeline), ==, TRI_FOLLOW_OFF);
  g_object_set(stand.canvas, "pages", TRUE, NULL);
  settle(&stand);
  point_in(&stand, stand.canvas->page_view, &x, &y);
  g_assert_false(tri_canvas_wheel(stand.canvas, x, y, 0, 1, 0));
  stand_clear(&stand);
}

/* ---- hits ---- */

static void feet_are_hit_where_they_stand(void) {
  Stand stand = stand_make(TRUE);
  TriLinkLayer *links = stand.canvas->links;
  int height = gtk_widget_get_height(GTK_WIDGET(links));
  for (int place = 9; place < 14; place++) {
    double x = tri_timeline_x(stand.timeline, place_of(&stand, place)->time_s);
    if (place_of(&stand, place)->state == TRI_NOT_PLAYED) continue;
    g_assert_cmpint(tri_link_layer_place_at(links, x + 6, height - 8), ==, place);
  }
  g_assert_cmpint(tri_link_layer_place_at(
                      links, tri_timeline_x(stand.timeline, place_of(&stand, 9)->time_s) + 18, height - 8),
                  ==, -1);
  stand_clear(&stand);
}

static void heads_are_hit_where_they_are_drawn(void) {
  Stand stand = stand_make(TRUE);
  TriRibbonView *ribbon = stand.canvas->ribbon;
  int height = gtk_widget_get_height(GTK_WIDGET(ribbon)), found = 0;
  for (int place = 8; place < 16; place++) {
    double x = tri_ribbon_view_place_x(ribbon, place);
    if (x < 0 || x > gtk_widget_get_width(GTK_WIDGET(ribbon))) continue;
    for (int y = 0; y < height; y += 2) found += tri_ribbon_view_place_at(ribbon, x, y) == place;
  }
  g_assert_cmpint(found, >, 20);
  g_assert_cmpint(tri_ribbon_view_place_at(ribbon, -500, height / 2.0), ==, -1);
  stand_clear(&stand);
}

static void notes_are_hit_where_they_are_drawn(void) {
  Stand stand = stand_make(TRUE);
  const Motion *motion = tri_scene_get_motion(stand.scene);
  TriRollView *roll = stand.canvas->roll;
  int hits = 0;
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    double x = tri_timeline_x(stand.timeline, note->onset_s) + 3, y = tri_roll_view_y(roll, note->midi);
    if (x < 5 || x > 900 || y < 5) continue;
    int found = tri_roll_view_note_at(roll, x, y);
    g_assert_cmpint(found, ==, (int)i);
    if (note->score_note) {
      int place = tri_roll_view_place_of_note(roll, found);
      g_assert_cmpfloat_with_epsilon(place_of(&stand, place)->time_s, note->onset_s, 1e-6);
    }
    hits++;
  }
  g_assert_cmpint(hits, >, 20);
  stand_clear(&stand);
}

static void pages_know_their_notes(void) {
  Stand stand = stand_make(TRUE);
  const Score *score = tri_scene_get_score(stand.scene);
  int width, found = -1;
  g_object_set(stand.canvas, "pages", TRUE, NULL);
  tri_timeline_set_position(stand.timeline, 0);
  settle(&stand);
  width = gtk_widget_get_width(GTK_WIDGET(stand.canvas->page_view));
  double scale = (width - 32.0) / score->pages.items[0].width_px;
  for (size_t i = 0; i < score->notes.n && found < 0; i++) {
    const ScoreBox *box = &score->notes.items[i].box;
    double x = 16 + (box->x + box->width / 2) * scale, y = 16 + (box->y + box->height / 2) * scale;
    found = tri_page_view_place_at(stand.canvas->page_view, x, y);
  }
  g_assert_cmpint(found, ==, 0);
  tri_page_view_show_page(stand.canvas->page_view, 1);
  tri_page_view_set_zoom(stand.canvas->page_view, 2);
  g_assert_cmpfloat(tri_page_view_get_zoom(stand.canvas->page_view), ==, 2);
  settle(&stand);
  stand_clear(&stand);
}

/* ---- drags ---- */

static void a_drag_tells_its_story(void) {
  Stand stand = stand_make(TRUE);
  TriLinkLayer *links = stand.canvas->links;
  double before_s = place_of(&stand, 11)->time_s;
  char *wanted = g_strdup_printf("begun 11;dragged 11 %.3f;dropped 11 %.3f;", before_s - 0.1, before_s - 0.1);
  tri_link_layer_begin_drag(links, 11);
  tri_link_layer_drag_to(links, before_s - 0.1, TRUE);
  tri_link_layer_drag_to(links, before_s - 0.1, TRUE);
  g_assert_true(tri_canvas_is_dragging(stand.canvas));
  settle(&stand);
  tri_link_layer_drop(links);
  g_assert_cmpstr(stand.heard->str, ==, wanted);
  g_assert_null(tri_scene_get_drag(stand.scene));
  g_assert_false(tri_canvas_is_dragging(stand.canvas));
  g_assert_cmpint(tri_scene_get_selected(stand.scene), ==, 11);
  g_free(wanted);
  stand_clear(&stand);
}

static void neighbours_follow_up_to_the_anchors(void) {
  Stand stand = stand_make(TRUE);
  const double *drag;
  guint n;
  const TriPlace *places = tri_scene_get_places(stand.scene, &n);
  int before = 13, after = 13;
  while (!places[before].anchor) before--;
  while (!places[after].anchor) after++;
  tri_link_layer_begin_drag(stand.canvas->links, 13);
  tri_link_layer_drag_to(stand.canvas->links, places[13].time_s + 0.2, FALSE);
  drag = tri_scene_get_drag(stand.scene);
  for (int i = 0; i < (int)n; i++) {
    if (i <= before || i >= after) g_assert_cmpfloat(drag[i], ==, places[i].time_s);
    if (i > before && i < after) g_assert_cmpfloat(drag[i], >, places[i].time_s);
    if (i) g_assert_cmpfloat(drag[i], >=, drag[i - 1]);
  }
  tri_link_layer_drag_to(stand.canvas->links, 1e6, FALSE);
  g_assert_cmpfloat(tri_scene_get_drag(stand.scene)[13], ==, places[after].time_s);
  tri_link_layer_cancel_drag(stand.canvas->links);
  g_assert_null(tri_scene_get_drag(stand.scene));
  g_assert_true(g_str_has_suffix(stand.heard->str, "cancelled 13;"));
  stand_clear(&stand);
}

static double to_half_seconds(gpointer user, int place, double time_s) {
  ++*(int *)user;
  return fabs(time_s - round(2 * time_s) / 2) < 0.08 ? round(2 * time_s) / 2 : NAN;
}

static void twice_as_far(gpointer user, double *times_s, guint n, int place, double time_s) {
  for (guint i = 0; i < n; i++) times_s[i] = (int)i == place ? time_s + 0.25 : 0.25 * i;
}

static void snapping_and_warping_are_the_callers(void) {
  Stand stand = stand_make(TRUE);
  TriLinkLayer *links = stand.canvas->links;
  int asked = 0;
  tri_link_layer_set_snap(links, to_half_seconds, &asked, NULL);
  tri_link_layer_begin_drag(links, 11);
  tri_link_layer_drag_to(links, 6.05, TRUE);
  g_assert_cmpfloat(tri_scene_get_drag(stand.scene)[11], ==, 6);
  tri_link_layer_drag_to(links, 6.05, FALSE);
  g_assert_cmpfloat_with_epsilon(tri_scene_get_drag(stand.scene)[11], 6.05, 1e-9);
  g_assert_cmpint(asked, ==, 1);
  tri_link_layer_set_warp(links, twice_as_far, NULL, NULL);
  tri_link_layer_drag_to(links, 6.2, FALSE);
  g_assert_true(g_str_has_suffix(stand.heard->str, "dragged 11 6.450;"));
  tri_link_layer_cancel_drag(links);
  stand_clear(&stand);
}

static void a_pull_becomes_a_drag_when_it_moves(void) {
  Stand stand = stand_make(TRUE);
  TriLinkLayer *links = stand.canvas->links;
  double x = tri_timeline_x(stand.timeline, place_of(&stand, 11)->time_s);
  tri_link_layer_grab(links, 11);
  tri_link_layer_pull(links, x, 0, FALSE);
  tri_link_layer_pull(links, x + 1, 0, FALSE);
  tri_link_layer_release(links);
  g_assert_cmpstr(stand.heard->str, ==, "");
  tri_link_layer_grab(links, 11);
  tri_link_layer_pull(links, x, 0, FALSE);
  tri_link_layer_pull(links, x + 8, 0, FALSE);
  tri_link_layer_release(links);
  g_assert_true(g_str_has_prefix(stand.heard->str, "begun 11;dragged 11"));
  g_string_truncate(stand.heard, 0);
  g_object_set(stand.canvas, "edit-lock", TRUE, NULL);
  tri_link_layer_grab(links, 11);
  tri_link_layer_pull(links, x, 0, FALSE);
  tri_link_layer_pull(links, x + 50, 0, FALSE);
  tri_link_layer_release(links);
  g_assert_cmpstr(stand.heard->str, ==, "");
  stand_clear(&stand);
}

static void set_places(TriCanvas *canvas, int place, double time_s, TriScene *scene) {
  guint n;
  TriPlace *places = g_memdup2(tri_scene_get_places(scene, NULL), 80 * sizeof *places);
  tri_scene_get_places(scene, &n);
  g_assert_cmpuint(n, ==, 80);
  places[place].time_s = time_s;
  places[place].anchor = TRUE;
  tri_scene_set_places(scene, places, n);
  g_free(places);
}

static void a_drop_may_replace_the_places(void) {
  Stand stand = stand_make(TRUE);
  double moved_s = place_of(&stand, 11)->time_s - 0.12;
  g_signal_connect(stand.canvas, "dropped", G_CALLBACK(set_places), stand.scene);
  tri_link_layer_begin_drag(stand.canvas->links, 11);
  tri_link_layer_drag_to(stand.canvas->links, moved_s, FALSE);
  tri_link_layer_drop(stand.canvas->links);
  g_assert_cmpfloat(place_of(&stand, 11)->time_s, ==, moved_s);
  g_assert_null(tri_scene_get_drag(stand.scene));
  tri_link_layer_begin_drag(stand.canvas->links, 70);
  tri_scene_set_places(stand.scene, place_of(&stand, 0), 5);
  g_assert_false(tri_canvas_is_dragging(stand.canvas));
  stand_clear(&stand);
}

static void the_bubble_says_how_far(void) {
  char *text = tri_link_bubble_text(11.48, 11.61), *later = tri_link_bubble_text(1.5, 1.25);
  g_assert_cmpstr(text, ==, "0:11.480 (−130 ms)");
  g_assert_cmpstr(later, ==, "0:01.500 (+250 ms)");
  g_free(text);
  g_free(later);
}

/* ---- keys ---- */

static GtkShortcut *bound(GtkWidget *widget, const char *trigger) {
  GListModel *controllers = gtk_widget_observe_controllers(widget);
  GtkShortcut *found = NULL;
  for (guint i = 0; i < g_list_model_get_n_items(controllers); i++) {
    GtkEventController *controller = g_list_model_get_item(controllers, i);
    for (guint k = 0; GTK_IS_SHORTCUT_CONTROLLER(controller) && !found &&
                      k < g_list_model_get_n_items(G_LIST_MODEL(controller));
         k++) {
      GtkShortcut *shortcut = g_list_model_get_item(G_LIST_MODEL(controller), k);
      char *text = gtk_shortcut_trigger_to_string(gtk_shortcut_get_trigger(shortcut));
      if (g_str_equal(text, trigger)) found = shortcut;
      g_free(text);
      g_object_unref(shortcut);
    }
    g_object_unref(controller);
  }
  g_object_unref(controllers);
  return found;
}

static void activated(GSimpleAction *action, GVariant *parameter, GString *heard) {
  g_string_append_printf(heard, "%s;", g_action_get_name(G_ACTION(action)));
}

static void keys_reach_the_windows_actions(void) {
  static const struct {
    const char *trigger, *action;
  } keys[] = {{"space", "play"},
              {"n", "next-doubtful"},
              {"<Shift>n", "previous-doubtful"},
              {"Right", "next-place"},
              {"<Alt>Left", "nudge-earlier"},
              {"Return", "confirm"},
              {"semicolon", "anchor"},
              {"bracketleft", "loop-start"},
              {"<Control>0", "zoom-reset"},
              {"<Shift><Alt>Right", "nudge-later-fine"},
              {"f", "fit"},
              {"<Control>Page_Up", "faster"}};
  Stand stand = stand_make(TRUE);
  GSimpleActionGroup *group = g_simple_action_group_new();
  gtk_widget_insert_action_group(stand.window, "win", G_ACTION_GROUP(group));
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    GSimpleAction *action = g_simple_action_new(keys[i].action, NULL);
    GtkShortcut *shortcut = bound(GTK_WIDGET(stand.canvas), keys[i].trigger);
    char *wanted = g_strdup_printf("%s;", keys[i].action),
         *own = g_strdup_printf("canvas.%s", keys[i].action);
    g_signal_connect(action, "activate", G_CALLBACK(activated), stand.heard);
    g_action_map_add_action(G_ACTION_MAP(group), G_ACTION(action));
    g_assert_nonnull(shortcut);
    g_string_truncate(stand.heard, 0);
    gtk_shortcut_action_activate(gtk_shortcut_get_action(shortcut), 0, GTK_WIDGET(stand.canvas), NULL);
    g_assert_cmpstr(stand.heard->str, ==, wanted);
    g_string_truncate(stand.heard, 0);
    g_assert_true(gtk_widget_activate_action(GTK_WIDGET(stand.canvas), own, NULL));
    g_assert_cmpstr(stand.heard->str, ==, wanted);
    g_free(wanted);
    g_free(own);
    g_object_unref(action);
  }
  g_object_unref(group);
  stand_clear(&stand);
}

static void escape_cancels_and_page_down_pans(void) {
  Stand stand = stand_make(TRUE);
  double start_s = tri_timeline_get_start(stand.timeline);
  GtkShortcut *escape = bound(GTK_WIDGET(stand.canvas), "Escape"),
              *down = bound(GTK_WIDGET(stand.canvas), "Page_Down");
  tri_link_layer_begin_drag(stand.canvas->links, 11);
  gtk_shortcut_action_activate(gtk_shortcut_get_action(escape), 0, GTK_WIDGET(stand.canvas), NULL);
  g_assert_true(g_str_has_suffix(stand.heard->str, "cancelled 11;"));
  gtk_shortcut_action_activate(gtk_shortcut_get_action(down), 0, GTK_WIDGET(stand.canvas),
                               gtk_shortcut_get_arguments(down));
  g_assert_cmpfloat(tri_timeline_get_start(stand.timeline), >, start_s);
  stand_clear(&stand);
}

/* ---- accessibility ---- */

static void the_canvas_speaks(void) {
  Stand stand = stand_make(TRUE);
  guint n, doubtful = 0;
  const TriPlace *places = tri_scene_get_places(stand.scene, &n);
  for (guint i = 0; i < n; i++) doubtful += places[i].state == TRI_UNSURE || places[i].state == TRI_DOUBTFUL;
  char *label = g_strdup_printf("Alignment, %u of %u places unsure", doubtful, n);
  gtk_test_accessible_assert_role(stand.canvas, GTK_ACCESSIBLE_ROLE_GROUP);
  gtk_test_accessible_assert_property(stand.canvas, GTK_ACCESSIBLE_PROPERTY_LABEL, label);
  tri_canvas_go_to_place(stand.canvas, 18);
  char *described = tri_place_text(stand.scene, 18);
  gtk_test_accessible_assert_property(stand.canvas, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, described);
  g_free(described);
  g_free(label);
  stand_clear(&stand);
}

static void places_are_list_items(void) {
  Stand stand = stand_make(TRUE);
  TriProxyLayer *layer = stand.canvas->proxies;
  int n = 0;
  tri_timeline_fit(stand.timeline, 0, tri_timeline_get_duration(stand.timeline));
  tri_proxy_layer_update(layer);
  for (GtkWidget *item = gtk_widget_get_first_child(GTK_WIDGET(layer)); item;
       item = gtk_widget_get_next_sibling(item)) {
    gtk_test_accessible_assert_role(item, GTK_ACCESSIBLE_ROLE_LIST_ITEM);
    g_assert_true(gtk_test_accessible_has_property(GTK_ACCESSIBLE(item), GTK_ACCESSIBLE_PROPERTY_LABEL));
    g_assert_true(gtk_widget_get_focusable(item));
    n++;
  }
  g_assert_cmpint(n, ==, 60);
  tri_proxy_layer_focus(layer, 3);
  g_assert_cmpint(tri_scene_get_selected(stand.scene), ==, 3);
  settle(&stand);
  stand_clear(&stand);
}

static void assert_no_class_names(GtkWidget *widget) {
  GtkAccessibleRole role = gtk_accessible_get_accessible_role(GTK_ACCESSIBLE(widget));
  gboolean named = gtk_test_accessible_has_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL);
  gboolean quiet = GTK_IS_BOX(widget) || GTK_IS_STACK(widget) || GTK_IS_LABEL(widget) || GTK_IS_RANGE(widget);
  if (!named && !quiet && role != GTK_ACCESSIBLE_ROLE_PRESENTATION)
    g_error("%s has no accessible name", G_OBJECT_TYPE_NAME(widget));
  if (GTK_IS_LABEL(widget) || GTK_IS_RANGE(widget)) return;
  for (GtkWidget *child = gtk_widget_get_first_child(widget); child;
       child = gtk_widget_get_next_sibling(child))
    assert_no_class_names(child);
}

static void every_part_has_a_name(void) {
  Stand stand = stand_make(TRUE);
  tri_proxy_layer_update(stand.canvas->proxies);
  assert_no_class_names(GTK_WIDGET(stand.canvas));
  stand_clear(&stand);
}

/* ---- what is drawn ---- */

static GskRenderNode *node_of(GtkWidget *widget) {
  GdkPaintable *paintable = gtk_widget_paintable_new(widget);
  GtkSnapshot *snapshot = gtk_snapshot_new();
  gdk_paintable_snapshot(paintable, snapshot, gtk_widget_get_width(widget), gtk_widget_get_height(widget));
  GskRenderNode *node = gtk_snapshot_free_to_node(snapshot);
  g_object_unref(paintable);
  return node;
}

static char *dump_of(GtkWidget *widget) {
  GskRenderNode *node = node_of(widget);
  GBytes *bytes = gsk_render_node_serialize(node);
  char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  g_bytes_unref(bytes);
  gsk_render_node_unref(node);
  return text;
}

static int occurrences(const char *text, const char *word) {
  int n = 0;
  for (const char *at = text; (at = strstr(at, word)); at += strlen(word)) n++;
  return n;
}

static void sure_notes_are_colours_and_others_have_shapes(void) {
  Stand stand = stand_make(TRUE);
  char *dump = dump_of(GTK_WIDGET(stand.canvas->roll)), *again = dump_of(GTK_WIDGET(stand.canvas->roll));
  g_assert_cmpstr(dump, ==, again);
  g_assert_cmpint(occurrences(dump, "rgb(53,132,228)"), >, 10); /* sure */
  g_assert_cmpint(occurrences(dump, "rgb(229,165,10)"), ==, 0); /* unsure: dashed, a texture */
  g_assert_cmpint(occurrences(dump, "texture {"), >, 5);
  g_assert_cmpint(occurrences(dump, "texture {"), <, 60);
  g_free(dump);
  g_free(again);
  stand_clear(&stand);
}

static void pages_wait_in_the_ribbon(void) {
  Stand stand = stand_make(TRUE);
  tri_scene_set_score(stand.scene, NULL, NULL);
  settle(&stand);
  char *dump = dump_of(GTK_WIDGET(stand.canvas->ribbon));
  g_assert_cmpint(occurrences(dump, "texture {"), ==, tri_scene_get_n_pages(stand.scene));
  g_free(dump);
  stand_clear(&stand);
}

static void crowds_of_notes_become_tiles(void) {
  Stand stand = stand_make(TRUE);
  Motion *motion = motion_new();
  for (int i = 0; i < 5000; i++)
    g_assert_true(motion_add(motion, 4 + i * 0.002, 4.1 + i * 0.002, 40 + i % 40, 60, 1));
  tri_scene_set_motion(stand.scene, motion, NULL);
  tri_scene_set_places(stand.scene, NULL, 0);
  settle(&stand);
  char *dump = dump_of(GTK_WIDGET(stand.canvas->roll));
  g_assert_cmpint(occurrences(dump, "rgb(53,132,228)"), <, 10);
  g_assert_cmpint(occurrences(dump, "texture {"), >=, 2); /* one for each 512 px */
  g_assert_cmpint(occurrences(dump, "texture {"), <=, 3);
  g_free(dump);
  stand_clear(&stand);
}

static guint32 *pixels_of(GtkWidget *widget, int *width, int *height) {
  GskRenderNode *node = node_of(widget);
  GskRenderer *renderer = gsk_cairo_renderer_new();
  *width = gtk_widget_get_width(widget);
  *height = gtk_widget_get_height(widget);
  gsk_renderer_realize(renderer, NULL, NULL);
  GdkTexture *texture =
      gsk_renderer_render_texture(renderer, node, &GRAPHENE_RECT_INIT(0, 0, *width, *height));
  guint32 *pixels = g_new(guint32, (gsize)*width * *height);
  gdk_texture_download(texture, (guchar *)pixels, *width * 4);
  gsk_renderer_unrealize(renderer);
  g_object_unref(renderer);
  g_object_unref(texture);
  gsk_render_node_unref(node);
  return pixels;
}

static void the_waveform_follows_the_sound(void) {
  Stand stand = stand_make(TRUE);
  int width, height, tallest = 0;
  guint32 *pixels = pixels_of(GTK_WIDGET(stand.canvas->wave), &width, &height);
  TriPeaks *peaks = tri_scene_get_peaks(stand.scene);
  for (int x = 0; x < width; x += 5) {
    float min, max;
    int painted = 0;
    tri_peaks_range(peaks, tri_timeline_time(stand.timeline, x), tri_timeline_time(stand.timeline, x + 1),
                    &min, &max);
    for (int y = 0; y < height; y++) painted += (pixels[(gsize)y * width + x] & 0xff) < 200;
    g_assert_cmpint(abs(painted - (int)((max - min) * (height / 2.0 - 2))), <=, 12);
    tallest = MAX(tallest, painted);
  }
  g_assert_cmpint(tallest, >, height / 2);
  g_free(pixels);
  stand_clear(&stand);
}

static void heads_are_printed_in_their_states_colour(void) {
  Stand stand = stand_make(TRUE);
  int width, height, blue = 0, rust = 0, green = 0;
  guint32 *pixels = pixels_of(GTK_WIDGET(stand.canvas->ribbon), &width, &height);
  for (int i = 0; i < width * height; i++) {
    int r = pixels[i] >> 16 & 0xff, g = pixels[i] >> 8 & 0xff, b = pixels[i] & 0xff;
    blue += b > r + 80 && b > g + 40;
    rust += r > g + 80 && r > b + 100;
    green += g > r + 60 && g > b + 20;
  }
  g_assert_cmpint(blue, >, 300);
  g_assert_cmpint(rust, >, 60);
  g_assert_cmpint(green, >, 60);
  g_free(pixels);
  stand_clear(&stand);
}

static void dark_is_dark(void) {
  AdwStyleManager *style = adw_style_manager_get_default();
  Stand stand = stand_make(TRUE);
  int width, height;
  adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_FORCE_DARK);
  settle(&stand);
  guint32 *pixels = pixels_of(GTK_WIDGET(stand.canvas->wave), &width, &height);
  g_assert_cmphex(pixels[2 * width + 3], ==, 0xff242424);
  g_free(pixels);
  adw_style_manager_set_color_scheme(style, ADW_COLOR_SCHEME_FORCE_LIGHT);
  settle(&stand);
  pixels = pixels_of(GTK_WIDGET(stand.canvas->wave), &width, &height);
  g_assert_cmphex(pixels[2 * width + 3], ==, 0xfffafafa);
  g_free(pixels);
  stand_clear(&stand);
}

/* Height of the playhead's line over the score, from its node. */
static double line_height(Stand *stand) {
  GskRenderNode *node = node_of(stand->canvas->playhead);
  graphene_rect_t bounds;
  gsk_render_node_get_bounds(node, &bounds);
  gsk_render_node_unref(node);
  return bounds.size.height;
}

static void the_playhead_follows_the_panes(void) {
  Stand stand = stand_make(TRUE);
  tri_timeline_set_position(stand.timeline, place_of(&stand, 11)->time_s);
  settle(&stand);
  double before = line_height(&stand);
  g_object_set(stand.canvas, "show-notes", FALSE, "show-audio", FALSE, NULL);
  settle(&stand);
  g_assert_cmpfloat(before, >, 600);
  g_object_set(stand.canvas, "show-audio", TRUE, "show-notes", TRUE, "show-score", FALSE, NULL);
  settle(&stand);
  double without_score = line_height(&stand);
  g_assert_cmpfloat(without_score, >, 0);
  g_object_set(stand.canvas, "show-score", TRUE, "score-height", 300, NULL);
  settle(&stand);
  g_assert_cmpfloat_with_epsilon(line_height(&stand), before, 2);
  stand_clear(&stand);
}

static void playback_redraws_no_waveform(void) {
  Stand stand = stand_make(TRUE);
  TriView *still[] = {TRI_VIEW(stand.canvas->wave), TRI_VIEW(stand.canvas->roll),
                      TRI_VIEW(stand.canvas->ribbon), TRI_VIEW(stand.canvas->links)};
  for (gsize i = 0; i < G_N_ELEMENTS(still); i++)
    g_assert_false(TRI_VIEW_GET_CLASS(still[i])->draws_for & TRI_CHANGE_POSITION);
  tri_timeline_set_position(stand.timeline, place_of(&stand, 9)->time_s + 0.1);
  gboolean lit = FALSE;
  for (int midi = 0; midi < 128; midi++) lit |= tri_keyboard_view_is_lit(stand.canvas->keyboard, midi);
  g_assert_true(lit);
  stand_clear(&stand);
}

#define CASE(function)                                                                                       \
  { "/widgets/views/" #function, function }

int main(int argc, char **argv) {
  static const struct {
    const char *path;
    GTestFunc run;
  } cases[] = {CASE(everything_goes_away),
               CASE(an_empty_scene_draws),
               CASE(values_may_come_and_go_in_any_order),
               CASE(canvas_notifies_once),
               CASE(links_stand_between_score_and_audio),
               CASE(all_time_views_are_equally_wide),
               CASE(time_runs_left_to_right_in_every_language),
               CASE(the_middle_of_the_time_stands_in_the_middle_of_the_score),
               CASE(pitch_zoom_keeps_the_key_under_the_pointer),
               CASE(control_wheel_zooms_at_the_pointer),
               CASE(the_wheel_means_what_is_under_it),
               CASE(feet_are_hit_where_they_stand),
               CASE(heads_are_hit_where_they_are_drawn),
               CASE(notes_are_hit_where_they_are_drawn),
               CASE(pages_know_their_notes),
               CASE(a_drag_tells_its_story),
               CASE(neighbours_follow_up_to_the_anchors),
               CASE(snapping_and_warping_are_the_callers),
               CASE(a_pull_becomes_a_drag_when_it_moves),
               CASE(a_drop_may_replace_the_places),
               CASE(the_bubble_says_how_far),
               CASE(keys_reach_the_windows_actions),
               CASE(escape_cancels_and_page_down_pans),
               CASE(the_canvas_speaks),
               CASE(places_are_list_items),
               CASE(every_part_has_a_name),
               CASE(sure_notes_are_colours_and_others_have_shapes),
               CASE(pages_wait_in_the_ribbon),
               CASE(crowds_of_notes_become_tiles),
               CASE(the_waveform_follows_the_sound),
               CASE(heads_are_printed_in_their_states_colour),
               CASE(dark_is_dark),
               CASE(the_playhead_follows_the_panes),
               CASE(playback_redraws_no_waveform)};
  gtk_test_init(&argc, &argv, NULL);
  adw_init();
  adw_style_manager_set_color_scheme(adw_style_manager_get_default(), ADW_COLOR_SCHEME_FORCE_LIGHT);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) g_test_add_func(cases[i].path, cases[i].run);
  return g_test_run();
}
