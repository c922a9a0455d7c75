/* Frame times of the canvas at 1280 × 800: for each scenario, every frame changes something, and the time
 * from the start of a frame to its end (layout, snapshot and drawing) is taken as wall clock and as processor
 * time of the main thread. Prints median and 99th percentile. Usage: bench_widgets [FRAMES], 600 by default.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/invented_scene.h"
#include "widgets/canvas.h"
#include "widgets/overview-strip.h"

#include <adwaita.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UP = 30 };
static const double ten_minutes_s = 600;

typedef struct Bench Bench;

typedef struct {
  const char *name;
  void (*begin)(Bench *bench);
  void (*step)(Bench *bench, int frame);
} Scenario;

struct Bench {
  GtkWidget *window;
  TriTimeline *timeline;
  TriScene *scene;
  TriCanvas *canvas;
  const Scenario *scenario;
  int frame, frames;
  double wall_ms, cpu_ms; /* at the start of the frame */
  double *walls_ms, *cpus_ms;
  GMainLoop *loop;
};

static double now_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1e3 + now.tv_nsec * 1e-6;
}

static void before_paint(GdkFrameClock *clock, Bench *bench) {
  bench->wall_ms = now_ms(CLOCK_MONOTONIC);
  bench->cpu_ms = now_ms(CLOCK_THREAD_CPUTIME_ID);
}

static void after_paint(GdkFrameClock *clock, Bench *bench) {
  int i = bench->frame - WARM_UP;
  if (i >= 0 && i < bench->frames) {
    bench->walls_ms[i] = now_ms(CLOCK_MONOTONIC) - bench->wall_ms;
    bench->cpus_ms[i] = now_ms(CLOCK_THREAD_CPUTIME_ID) - bench->cpu_ms;
  }
  if (++bench->frame >= bench->frames + WARM_UP) g_main_loop_quit(bench->loop);
}

static gboolean tick(GtkWidget *widget, GdkFrameClock *clock, gpointer data) {
  Bench *bench = data;
  bench->scenario->step(bench, bench->frame);
  return G_SOURCE_CONTINUE;
}

static int by_value(const void *a, const void *b) {
  return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double quantile(double *values, int n, double share) {
  qsort(values, n, sizeof *values, by_value);
  return values[MIN(n - 1, (int)(share * n))];
}

/* ---- what happens in each frame ---- */

static void begin_plain(Bench *bench) {
  g_object_set(bench->canvas, "spectrogram-mix", 0.0, "pages", FALSE, NULL);
  tri_timeline_set_scale(bench->timeline, 80);
  tri_timeline_set_start(bench->timeline, 0);
}

static void begin_spectrogram(Bench *bench) {
  begin_plain(bench);
  g_object_set(bench->canvas, "spectrogram-mix", 1.0, NULL);
}

static void begin_wide(Bench *bench) {
  begin_plain(bench);
  tri_timeline_set_scale(bench->timeline, 12);
}

static void begin_pages(Bench *bench) {
  begin_plain(bench);
  g_object_set(bench->canvas, "pages", TRUE, NULL);
}

static void scroll(Bench *bench, int frame) {
  if (frame % 300 == 0) tri_timeline_set_start(bench->timeline, 60 * (frame / 300));
  tri_timeline_pan(bench->timeline, 12);
}

static void play(Bench *bench, int frame) {
  tri_timeline_set_follow(bench->timeline, TRI_FOLLOW_PAGES);
  tri_timeline_advance(bench->timeline, frame / 60.0);
}

static void zoom(Bench *bench, int frame) {
  tri_timeline_zoom(bench->timeline, frame / 30 % 2 ? 1.03 : 1 / 1.03, 600);
}

static void drag(Bench *bench, int frame) {
  TriLinkLayer *links = tri_canvas_get_links(bench->canvas);
  if (frame == 0) tri_link_layer_begin_drag(links, 18);
  tri_link_layer_drag_to(links, 9 + 0.3 * sin(frame * 0.1), FALSE);
  if (frame + 1 == bench->frames + WARM_UP) tri_link_layer_cancel_drag(links);
}

static void turn_pages(Bench *bench, int frame) {
  GtkAdjustment *vertical =
      gtk_scrollable_get_vadjustment(GTK_SCROLLABLE(tri_canvas_get_page_view(bench->canvas)));
  gtk_adjustment_set_value(vertical, gtk_adjustment_get_value(vertical) + 10);
}

/* ---- the run ---- */

static void measure(Bench *bench, const Scenario *scenario) {
  bench->scenario = scenario;
  scenario->begin(bench);
  bench->frame = 0;
  guint id = gtk_widget_add_tick_callback(GTK_WIDGET(bench->canvas), tick, bench, NULL);
  g_main_loop_run(bench->loop);
  gtk_widget_remove_tick_callback(GTK_WIDGET(bench->canvas), id);
  double cpu = quantile(bench->cpus_ms, bench->frames, 0.5),
         cpu99 = quantile(bench->cpus_ms, bench->frames, 0.99);
  double wall = quantile(bench->walls_ms, bench->frames, 0.5),
         wall99 = quantile(bench->walls_ms, bench->frames, 0.99);
  g_print("%-22s  cpu median %6.2f ms  p99 %6.2f ms   wall median %6.2f ms  p99 %6.2f ms\n", scenario->name,
          cpu, cpu99, wall, wall99);
}

static void build(Bench *bench) {
  GtkWidget *column = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  bench->timeline = tri_timeline_new();
  bench->scene = tri_scene_new();
  bench->canvas = TRI_CANVAS(tri_canvas_new(bench->timeline, bench->scene));
  bench->window = gtk_window_new();
  gtk_window_set_default_size(GTK_WINDOW(bench->window), 1280, 800);
  gtk_widget_set_vexpand(GTK_WIDGET(bench->canvas), TRUE);
  gtk_box_append(GTK_BOX(column),
                 tri_overview_strip_new(bench->timeline, bench->scene, tri_canvas_get_tiles(bench->canvas)));
  gtk_box_append(GTK_BOX(column), GTK_WIDGET(bench->canvas));
  gtk_window_set_child(GTK_WINDOW(bench->window), column);
  invented_scene_fill(bench->scene, bench->timeline, (int)(ten_minutes_s / 2), TRUE);
  gtk_window_present(GTK_WINDOW(bench->window));
  while (!gtk_widget_get_mapped(GTK_WIDGET(bench->canvas)) || !gtk_widget_get_frame_clock(bench->window))
    g_main_context_iteration(NULL, TRUE);
  GdkFrameClock *clock = gtk_widget_get_frame_clock(bench->window);
  g_signal_connect(clock, "before-paint", G_CALLBACK(before_paint), bench);
  g_signal_connect(clock, "after-paint", G_CALLBACK(after_paint), bench);
}

int main(int argc, char **argv) {
  static const Scenario scenarios[] = {{"scroll waveform", begin_plain, scroll},
                                       {"scroll spectrogram", begin_spectrogram, scroll},
                                       {"scroll zoomed out", begin_wide, scroll},
                                       {"play", begin_plain, play},
                                       {"zoom", begin_plain, zoom},
                                       {"drag a foot", begin_plain, drag},
                                       {"scroll pages", begin_pages, turn_pages}};
  Bench bench = {.frames = argc > 1 ? MAX(atoi(argv[1]), 1) : 600};
  adw_init();
  bench.loop = g_main_loop_new(NULL, FALSE);
  bench.walls_ms = g_new0(double, bench.frames);
  bench.cpus_ms = g_new0(double, bench.frames);
  build(&bench);
  g_print("%.0f minutes, %d frames of %d × %d px\n", tri_timeline_get_duration(bench.timeline) / 60,
          bench.frames, 1280, 800);
  for (gsize i = 0; i < G_N_ELEMENTS(scenarios); i++) measure(&bench, &scenarios[i]);
  gtk_window_destroy(GTK_WINDOW(bench.window));
  g_object_unref(bench.scene);
  g_object_unref(bench.timeline);
  g_main_loop_unref(bench.loop);
  g_free(bench.walls_ms);
  g_free(bench.cpus_ms);
  return 0;
}
