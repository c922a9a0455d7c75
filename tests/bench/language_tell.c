/* Means over seeds as a table, and curves over bars as a picture. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench_language.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const int bench_bars[KS] = {0, 1, 2, 5, 10, 20, 50};

typedef struct {
  double mean, deviation;
} Figure;

static Figure figure_of(const double *values, long n) {
  Figure f = {0};
  for (long i = 0; i < n; i++) f.mean += values[i] / (double)n;
  for (long i = 0; i < n; i++) f.deviation += (values[i] - f.mean) * (values[i] - f.mean) / fmax(1, (double)n - 1);
  f.deviation = sqrt(f.deviation);
  return f;
}

/* One condition at k bars over the seeds; `which` 0 a, 1 b, 2 c, 3 d, 4 a1, 5 a2, 6 d1. */
static Figure figure_at(const Result *results, long n, int which, int k) {
  double values[MOST_SEEDS];
  for (long i = 0; i < n; i++) {
    const Result *r = &results[i];
    values[i] = which == 0   ? r->naive[0]
                : which == 1 ? r->tuned[k]
                : which == 2 ? r->alone[k]
                : which == 3 ? r->oracle[0]
                : which == 6 ? r->oracle[1]
                             : r->naive[which - 3];
  }
  return figure_of(values, n);
}

static void write_table(FILE *out, const Options *o, const Result *results, long n) {
  Figure a = figure_at(results, n, 0, 0), d = figure_at(results, n, 3, 0), d1 = figure_at(results, n, 6, 0);
  fprintf(out, "a1 recordings only %.3f   a2 scores by invented players %.3f\n", figure_at(results, n, 4, 0).mean,
          figure_at(results, n, 5, 0).mean);
  fprintf(out, "bars\ta naive\tb mapping\t± seeds\tc only bars\td motion\td1 motion and scores\tpart of a-d1 closed by b\n");
  for (int k = 0; k < KS && bench_bars[k] <= o->most_bars; k++) {
    Figure b = figure_at(results, n, 1, k), c = figure_at(results, n, 2, k);
    fprintf(out, "%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.2f\n", bench_bars[k], a.mean, b.mean, b.deviation, k ? c.mean : NAN, d.mean,
            d1.mean, (a.mean - b.mean) / (a.mean - d1.mean));
  }
  static const char *const rows[] = {"a", "b, 0 bars", "b, most bars", "d"};
  fprintf(out, "\nfirst seed\ttime\tpitch\tduration\tvelocity\n");
  for (int i = 0; i < 4; i++)
    fprintf(out, "%s\t%.3f\t%.3f\t%.3f\t%.3f\n", rows[i], results->parts[i][0], results->parts[i][1], results->parts[i][2],
            results->parts[i][3]);
}

enum { PLOT_W = 640, PLOT_H = 400, PLOT_LEFT = 60, PLOT_TOP = 20 };

static double plot_x(int k) {
  return PLOT_LEFT + (PLOT_W - PLOT_LEFT - 120) * (double)k / (KS - 1);
}

static double plot_y(double nats, double least, double most) {
  return PLOT_TOP + (PLOT_H - 2 * PLOT_TOP - 20) * (most - nats) / (most - least);
}

static void plot_line(FILE *out, const Result *results, long n, int which, const char *colour, const char *name, double least,
                      double most, const Options *o) {
  double y = 0;
  int from = which == 2 ? 1 : 0, last = from;
  fprintf(out, "<polyline fill='none' stroke='%s' stroke-width='2' points='", colour);
  for (int k = from; k < KS && bench_bars[k] <= o->most_bars; k++) {
    y = plot_y(fmin(figure_at(results, n, which, k).mean, most), least, most);
    fprintf(out, "%.1f,%.1f ", plot_x(k), y);
    last = k;
  }
  fprintf(out, "'/>\n<text x='%.1f' y='%.1f' fill='%s'>%s</text>\n", plot_x(last) + 8, y + 4, colour, name);
}

static void write_plot(FILE *out, const Options *o, const Result *results, long n) {
  double least = floor(2 * fmin(figure_at(results, n, 3, 0).mean, figure_at(results, n, 6, 0).mean)) / 2 - 0.5, most = ceil(figure_at(results, n, 0, 0).mean) + 1;
  fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' font-size='12'>\n"
               "<rect width='100%%' height='100%%' fill='white'/>\n", PLOT_W, PLOT_H);
  for (double y = least; y <= most; y += 0.5)
    fprintf(out, "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/><text x='20' y='%.1f'>%.1f</text>\n", PLOT_LEFT,
            PLOT_W - 120, plot_y(y, least, most), plot_y(y, least, most), plot_y(y, least, most) + 4, y);
  for (int k = 0; k < KS; k++) fprintf(out, "<text x='%.1f' y='%d'>%d</text>\n", plot_x(k) - 4, PLOT_H - 20, bench_bars[k]);
  fprintf(out, "<text x='%d' y='%d'>bars of motion; nats a note</text>\n", PLOT_LEFT, PLOT_H - 5);
  plot_line(out, results, n, 0, "#c01c28", "a naive", least, most, o);
  plot_line(out, results, n, 1, "#1a5fb4", "b mapping", least, most, o);
  plot_line(out, results, n, 2, "#9a9996", "c only bars", least, most, o);
  plot_line(out, results, n, 3, "#26a269", "d motion", least, most, o);
  plot_line(out, results, n, 6, "#813d9c", "d1 and scores", least, most, o);
  fprintf(out, "</svg>\n");
}

void bench_language_tell(const Options *o, const Result *results, long n) {
  char path[1024];
  mkdir(o->out, 0777);
  snprintf(path, sizeof path, "%s/language.tsv", o->out);
  FILE *table = fopen(path, "w");
  if (table) write_table(table, o, results, n), fclose(table);
  snprintf(path, sizeof path, "%s/language.svg", o->out);
  FILE *plot = fopen(path, "w");
  if (plot) write_plot(plot, o, results, n), fclose(plot);
  write_table(stdout, o, results, n);
  printf("table and plot: %s/language.tsv, language.svg\n", o->out);
}

