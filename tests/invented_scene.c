/* Pages are laid out by one rule, from which boxes and pictures both follow, so that they agree to the pixel.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/invented_scene.h"
#include "widgets/peaks.h"

#include <cairo.h>
#include <math.h>

enum {
  PAGE_WIDTH = 1600,
  PAGE_HEIGHT = 2200,
  BARS_A_SYSTEM = 4,
  SYSTEMS_A_PAGE = 4,
  LEFT = 120,
  CLEF = 90,
  SPACE = 16,
  FIRST_Y = 260,
  SYSTEM_Y = 480,
  STAFF_Y = 160,
  BEATS = 4,
  RATE = 22050
};

typedef struct {
  int bars;
} Layout;

static double bar_width(void) {
  return (PAGE_WIDTH - 2.0 * LEFT - CLEF) / BARS_A_SYSTEM;
}

static ScoreBox system_box(int system) {
  double y = FIRST_Y + system % SYSTEMS_A_PAGE * SYSTEM_Y;
  return (ScoreBox){system / SYSTEMS_A_PAGE, LEFT, y, PAGE_WIDTH - 2 * LEFT, STAFF_Y + 4 * SPACE};
}

static ScoreBox bar_box(int bar) {
  ScoreBox box = system_box(bar / BARS_A_SYSTEM);
  box.x += CLEF + bar % BARS_A_SYSTEM * bar_width();
  box.width = bar_width();
  return box;
}

/* A wandering melody, as staff steps above middle C. */
static int melody_step(int bar, int beat) {
  return (int)lrint(6 + 4 * sin(0.9 * (bar * BEATS + beat)) + 2 * sin(2.3 * (bar * BEATS + beat)));
}

static int bass_step(int bar) {
  return -6 - bar % 3;
}

/* The head of a note `steps` above middle C, on the treble (0) or the bass staff (1). */
static ScoreBox head_box(int bar, double beat, int steps, int staff) {
  ScoreBox box = bar_box(bar);
  double middle_c = staff ? box.y + STAFF_Y - SPACE : box.y + 5 * SPACE;
  box.x += 0.08 * box.width + beat / BEATS * 0.9 * box.width;
  box.y = middle_c - steps * SPACE / 2.0 - SPACE / 2.0;
  box.width = 1.25 * SPACE;
  box.height = SPACE;
  return box;
}

/* ---- the picture ---- */

static void line(cairo_t *cr, double x0, double y0, double x1, double y1, double width) {
  cairo_set_line_width(cr, width);
  cairo_move_to(cr, x0, y0);
  cairo_line_to(cr, x1, y1);
  cairo_stroke(cr);
}

static void draw_head(cairo_t *cr, ScoreBox box, gboolean hollow) {
  double x = box.x + box.width / 2, y = box.y + box.height / 2;
  cairo_save(cr);
  cairo_translate(cr, x, y);
  cairo_rotate(cr, -0.35);
  cairo_scale(cr, 0.56 * box.width, 0.42 * box.height);
  cairo_arc(cr, 0, 0, 1, 0, 2 * G_PI);
  cairo_restore(cr);
  cairo_set_line_width(cr, 3);
  if (hollow)
    cairo_stroke(cr);
  else
    cairo_fill(cr);
  line(cr, x + 0.55 * box.width, y - 2, x + 0.55 * box.width, y - 3.4 * SPACE, 2.4);
}

static void draw_bar(cairo_t *cr, int bar) {
  ScoreBox box = bar_box(bar);
  line(cr, box.x + box.width, box.y, box.x + box.width, box.y + box.height, 2.5);
  for (int beat = 0; beat < BEATS; beat++)
    draw_head(cr, head_box(bar, beat, melody_step(bar, beat), 0), FALSE);
  draw_head(cr, head_box(bar, 0, bass_step(bar), 1), TRUE);
}

static void draw_system(cairo_t *cr, int system) {
  ScoreBox box = system_box(system);
  for (int staff = 0; staff < 2; staff++)
    for (int i = 0; i < 5; i++) {
      double y = box.y + staff * STAFF_Y + i * SPACE;
      line(cr, box.x, y, box.x + box.width, y, 2);
    }
  line(cr, box.x, box.y, box.x, box.y + box.height, 3);
  cairo_set_font_size(cr, 64);
  cairo_move_to(cr, box.x + 12, box.y + 3.6 * SPACE);
  cairo_show_text(cr, "G");
  cairo_move_to(cr, box.x + 12, box.y + STAFF_Y + 3.6 * SPACE);
  cairo_show_text(cr, "F");
  for (int i = 0; i < BARS_A_SYSTEM; i++) draw_bar(cr, system * BARS_A_SYSTEM + i);
}

static guchar *draw_page(gpointer user, int page, int level, int *width, int *height) {
  const Layout *layout = user;
  int systems = layout->bars / BARS_A_SYSTEM;
  *width = PAGE_WIDTH >> level;
  *height = PAGE_HEIGHT >> level;
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, *width, *height);
  cairo_t *cr = cairo_create(surface);
  cairo_scale(cr, 1.0 / (1 << level), 1.0 / (1 << level));
  for (int i = page * SYSTEMS_A_PAGE; i < MIN(systems, (page + 1) * SYSTEMS_A_PAGE); i++) draw_system(cr, i);
  cairo_destroy(cr);
  cairo_surface_flush(surface);
  guchar *grey = g_malloc((gsize)*width * *height);
  const guchar *pixels = cairo_image_surface_get_data(surface);
  int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < *height; y++)
    for (int x = 0; x < *width; x++) grey[(gsize)y * *width + x] = 255 - pixels[(gsize)y * stride + x];
  cairo_surface_destroy(surface);
  return grey;
}

/* ---- the score ---- */

static void add_note(Score *score, int bar, double beat, int steps, int staff, double quarters) {
  ScoreNote note = score_note(score);
  note.measure = bar;
  note.voice = (int16_t)(staff + 1);
  note.staff = (int16_t)staff;
  note.onset = beat_near(beat, 4);
  note.duration = beat_near(quarters, 4);
  note.type = quarters >= 4 ? 0 : 2;
  note.octave = (int8_t)(4 + (int)floor(steps / 7.0));
  note.step = (int8_t)(steps - 7 * (int)floor(steps / 7.0));
  note.box = head_box(bar, beat, steps, staff);
  note.confidence = 0.97f;
  if (!base_array_push(&score->notes, note)) g_error("no memory");
}

static void add_bar(Score *score, int bar, gboolean repeat) {
  ScoreMeasure measure = score_measure();
  g_snprintf(measure.number, sizeof measure.number, "%d", bar + 1);
  measure.length = beat_whole(BEATS);
  measure.box = bar_box(bar);
  measure.new_system = bar % BARS_A_SYSTEM == 0;
  if (bar == 1) g_strlcpy(measure.doubt, "5 beats in 4/4", sizeof measure.doubt);
  if (repeat && bar == 3) measure.repeat_stop = 2;
  if (!base_array_push(&score->measures, measure)) g_error("no memory");
  for (int beat = 0; beat < BEATS; beat++) add_note(score, bar, beat, melody_step(bar, beat), 0, 1);
  add_note(score, bar, 0, bass_step(bar), 1, 4);
}

static Score *make_score(int bars, gboolean repeat) {
  Score *score = score_new();
  ScorePart part = {.id = "P1", .name = "Piano", .staves = 2};
  ScoreSign time = score_sign(score, SCORE_SIGN_TIME);
  time.beats = time.beat_type = 4;
  time.staff = -1;
  gboolean good = base_array_push(&score->parts, part) && base_array_push(&score->signs, time);
  for (int i = 0; i < bars / BARS_A_SYSTEM; i++)
    good &= base_array_push(&score->systems,
                            ((ScoreSystem){system_box(i), i * BARS_A_SYSTEM, BARS_A_SYSTEM, SPACE}));
  for (int i = 0; i * SYSTEMS_A_PAGE * BARS_A_SYSTEM < bars; i++)
    good &= base_array_push(&score->pages, ((ScorePage){PAGE_WIDTH, PAGE_HEIGHT}));
  for (int bar = 0; bar < bars; bar++) add_bar(score, bar, repeat);
  if (!good) g_error("no memory");
  score_sort(score);
  return score;
}

/* ---- the performance ---- */

static double time_of(double quarter) {
  return 0.6 + 0.5 * quarter + 0.12 * sin(0.35 * quarter);
}

static guint8 state_of(guint i) {
  if (i % 17 == 16) return TRI_NOT_PLAYED;
  if (i % 11 == 7) return TRI_DOUBTFUL;
  if (i % 7 == 5) return TRI_UNSURE;
  return i % 9 == 0 ? TRI_CHECKED : TRI_SURE;
}

static void set_places(TriScene *scene, const ScoreUnfolded *unfolded) {
  guint n = (guint)unfolded->onsets.n;
  TriPlace *places = g_new0(TriPlace, n);
  for (guint i = 0; i < n; i++) {
    double quarter = beat_double(unfolded->onsets.items[i].onset);
    guint8 state = state_of(i);
    places[i] = (TriPlace){quarter, time_of(quarter), state == TRI_DOUBTFUL ? 0.4f : 0.95f, state,
                           state == TRI_CHECKED};
  }
  tri_scene_set_places(scene, places, n);
  g_free(places);
}

static Motion *play(const ScoreUnfolded *unfolded, GByteArray *states) {
  Motion *motion = motion_new();
  for (guint i = 0; i < unfolded->onsets.n; i++) {
    const ScoreOnset *onset = &unfolded->onsets.items[i];
    guint8 state = state_of(i);
    if (state == TRI_NOT_PLAYED) continue;
    for (size_t s = onset->first; s < onset->first + onset->n; s++) {
      const ScoreSound *sound = &unfolded->sounds.items[s];
      double quarter = beat_double(sound->onset), end = quarter + 0.8 * beat_double(sound->duration);
      if (!motion_add(motion, time_of(quarter), time_of(end), sound->midi, 70, 0.9f)) g_error("no memory");
      motion->notes.items[motion->notes.n - 1].score_note = sound->note;
      g_byte_array_append(states, &state, 1);
    }
    if (i % 23 == 3) {
      guint8 extra = TRI_EXTRA;
      double time_s = time_of(beat_double(onset->onset)) + 0.2;
      if (!motion_add(motion, time_s, time_s + 0.15, 77, 40, 0.6f)) g_error("no memory");
      g_byte_array_append(states, &extra, 1);
    }
  }
  for (double quarter = 0; quarter < 4 * unfolded->steps.n; quarter += 2) {
    MotionPedal down = {time_of(quarter), MOTION_SUSTAIN, 127},
                up = {time_of(quarter + 1.7), MOTION_SUSTAIN, 0};
    if (!base_array_push(&motion->pedals, down) || !base_array_push(&motion->pedals, up))
      g_error("no memory");
  }
  return motion;
}

static TriPeaks *struck_strings(double duration_s, const double *strikes_s, guint n) {
  enum { CHUNK = 4096 };
  static float samples[CHUNK];
  TriPeaks *peaks = tri_peaks_new(RATE);
  guint next = 0;
  double since = 1e9;
  for (double at = 0; at < duration_s * RATE; at += CHUNK) {
    for (int i = 0; i < CHUNK; i++) {
      double now_s = (at + i) / RATE;
      if (next < n && now_s >= strikes_s[next]) since = strikes_s[next++];
      double age_s = now_s - since, loud = age_s >= 0 ? exp(-3.5 * age_s) : 0;
      samples[i] = (float)(loud * (0.55 * sin(2764 * now_s) + 0.3 * sin(4531 * now_s + 1) * sin(97 * now_s)));
    }
    tri_peaks_append(peaks, samples, CHUNK);
  }
  return peaks;
}

static void set_spectrogram(TriScene *scene, double duration_s) {
  const int bins = 264;
  const double hop_s = 0.023;
  const Motion *motion = tri_scene_get_motion(scene);
  gsize frames = (gsize)(duration_s / hop_s);
  guint8 *levels = g_malloc0(frames * bins);
  for (size_t i = 0; motion && i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    for (int partial = 1; partial <= 8; partial++) {
      int bin = (int)lrint(3 * (note->midi - 21 + 12 * log2(partial))) + 1;
      for (gsize t = (gsize)(note->onset_s / hop_s); t < MIN(frames, (gsize)(note->key_up_s / hop_s)); t++) {
        double level = 240.0 / sqrt(partial) * exp(-1.2 * (t * hop_s - note->onset_s));
        if (bin < bins) levels[t * bins + bin] = (guint8)MAX(levels[t * bins + bin], level);
        if (bin + 1 < bins) levels[t * bins + bin + 1] = (guint8)MAX(levels[t * bins + bin + 1], 0.4 * level);
      }
    }
  }
  tri_scene_set_spectrogram(scene, levels, frames, bins, hop_s);
}

void invented_scene_sound(TriScene *scene, TriTimeline *timeline, double duration_s) {
  guint n = (guint)(2 * duration_s);
  double *strikes_s = g_new(double, n + 1);
  for (guint i = 0; i < n; i++) strikes_s[i] = 0.5 * i;
  tri_scene_set_peaks(scene, struck_strings(duration_s, strikes_s, n));
  tri_timeline_set_duration(timeline, duration_s);
  g_free(strikes_s);
}

void invented_scene_fill(TriScene *scene, TriTimeline *timeline, int bars, gboolean repeat) {
  BaseContext ctx = {0};
  Layout *layout = g_new(Layout, 1);
  ScoreUnfolded *unfolded = NULL;
  GByteArray *states = g_byte_array_new();
  layout->bars = (bars + BARS_A_SYSTEM - 1) / BARS_A_SYSTEM * BARS_A_SYSTEM;
  Score *score = make_score(layout->bars, repeat);
  if (score_unfold(&ctx, &unfolded, score, NULL) != BASE_OK) g_error("%s", ctx.sentence);
  Motion *motion = play(unfolded, states);
  double duration_s = time_of(4.0 * unfolded->steps.n) + 1;
  double *strikes_s = g_new(double, unfolded->onsets.n);
  for (size_t i = 0; i < unfolded->onsets.n; i++)
    strikes_s[i] = time_of(beat_double(unfolded->onsets.items[i].onset));
  TriPeaks *peaks = struck_strings(duration_s, strikes_s, (guint)unfolded->onsets.n);
  int n_pages = (int)score->pages.n;
  tri_timeline_set_duration(timeline, duration_s);
  tri_scene_set_pages(scene, n_pages, draw_page, layout, g_free);
  tri_scene_set_score(scene, score, unfolded);
  tri_scene_set_motion(scene, motion, states->data);
  set_places(scene, unfolded);
  tri_scene_set_peaks(scene, peaks);
  set_spectrogram(scene, duration_s);
  g_free(strikes_s);
  g_byte_array_unref(states);
}
