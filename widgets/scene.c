/* The scene owns each value until the next one replaces it, and tells by a signal. Values that tile workers
 * need are reference counted; everything else stays on the main thread. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "widgets/scene.h"
#include "widgets/page-source.h"
#include "widgets/peaks.h"

struct _TriScene {
  GObject parent_instance;
  TriPageSource *pages;
  Score *score;
  ScoreUnfolded *unfolded;
  Motion *motion;
  Motion *suggestion;
  guint8 *note_states;
  TriPlace *places;
  guint n_places;
  double *drag; /* n_places times, or null */
  TriPeaks *peaks;
  GBytes *levels;
  gsize frames;
  int bins;
  double hop_s;
  int selected, hovered;
  guint picked;
  guint64 revisions[TRI_N_REVISIONS];
};

enum { PROP_SELECTED = 1, PROP_HOVERED, PROP_PICKED, N_PROPS };
static GParamSpec *props[N_PROPS];
static guint signals[TRI_N_REVISIONS];

G_DEFINE_FINAL_TYPE(TriScene, tri_scene, G_TYPE_OBJECT)

static void changed(TriScene *self, TriRevision what) {
  self->revisions[what]++;
  g_signal_emit(self, signals[what], 0);
}

guint64 tri_scene_get_revision(TriScene *self, TriRevision what) {
  return self->revisions[what];
}

static void set_index(TriScene *self, int *field, int place, int prop) {
  if (place < 0 || place >= (int)self->n_places) place = -1;
  if (place == *field) return;
  *field = place;
  if (prop == PROP_SELECTED) tri_scene_set_picked(self, 0);
  g_object_notify_by_pspec(G_OBJECT(self), props[prop]);
}

void tri_scene_set_selected(TriScene *self, int place) {
  set_index(self, &self->selected, place, PROP_SELECTED);
}
void tri_scene_set_hovered(TriScene *self, int place) {
  set_index(self, &self->hovered, place, PROP_HOVERED);
}
int tri_scene_get_selected(TriScene *self) {
  return self->selected;
}
int tri_scene_get_hovered(TriScene *self) {
  return self->hovered;
}

void tri_scene_set_picked(TriScene *self, guint note) {
  if (note == self->picked) return;
  self->picked = note;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_PICKED]);
}
guint tri_scene_get_picked(TriScene *self) {
  return self->picked;
}

void tri_scene_set_pages(TriScene *self, int n, TriPageFn fn, gpointer user, GDestroyNotify destroy) {
  g_clear_pointer(&self->pages, tri_page_source_unref);
  if (n > 0 && fn)
    self->pages = tri_page_source_new(n, fn, user, destroy);
  else if (destroy)
    destroy(user);
  changed(self, TRI_REVISION_PAGES);
}

int tri_scene_get_n_pages(TriScene *self) {
  return self->pages ? tri_page_source_get_n(self->pages) : 0;
}
TriPageSource *tri_scene_get_page_source(TriScene *self) {
  return self->pages;
}

void tri_scene_set_score(TriScene *self, Score *score, ScoreUnfolded *unfolded) {
  if (score != self->score) g_clear_pointer(&self->score, score_free);
  if (unfolded != self->unfolded) g_clear_pointer(&self->unfolded, score_unfolded_free);
  self->score = score;
  self->unfolded = unfolded;
  changed(self, TRI_REVISION_SCORE);
}

const Score *tri_scene_get_score(TriScene *self) {
  return self->score;
}
const ScoreUnfolded *tri_scene_get_unfolded(TriScene *self) {
  return self->unfolded;
}

void tri_scene_set_motion(TriScene *self, Motion *motion, const guint8 *states) {
  guint8 *copied = motion && states ? g_memdup2(states, MAX(motion->notes.n, 1)) : NULL;
  if (motion && !copied) copied = g_malloc0(MAX(motion->notes.n, 1));
  if (motion != self->motion) g_clear_pointer(&self->motion, motion_free);
  g_free(self->note_states);
  self->motion = motion;
  self->note_states = copied;
  changed(self, TRI_REVISION_MOTION);
}

void tri_scene_set_suggestion(TriScene *self, Motion *motion) {
  if (motion != self->suggestion) g_clear_pointer(&self->suggestion, motion_free);
  self->suggestion = motion;
  changed(self, TRI_REVISION_SUGGESTION);
}

const Motion *tri_scene_get_suggestion(TriScene *self) {
  return self->suggestion;
}

const Motion *tri_scene_get_motion(TriScene *self) {
  return self->motion;
}
const guint8 *tri_scene_get_note_states(TriScene *self) {
  return self->note_states;
}

void tri_scene_set_places(TriScene *self, const TriPlace *places, guint n) {
  TriPlace *copied = n ? g_memdup2(places, n * sizeof *places) : NULL;
  g_object_freeze_notify(G_OBJECT(self));
  g_free(self->places);
  self->places = copied;
  if (n != self->n_places) g_clear_pointer(&self->drag, g_free);
  self->n_places = n;
  tri_scene_set_selected(self, self->selected);
  tri_scene_set_hovered(self, self->hovered);
  changed(self, TRI_REVISION_PLACES);
  g_object_thaw_notify(G_OBJECT(self));
}

const TriPlace *tri_scene_get_places(TriScene *self, guint *n) {
  if (n) *n = self->n_places;
  return self->places;
}

void tri_scene_set_drag(TriScene *self, const double *times_s, guint n) {
  if (!times_s && !self->drag) return;
  if (times_s && n != self->n_places) return;
  double *copied = times_s ? g_memdup2(times_s, n * sizeof *times_s) : NULL;
  g_free(self->drag);
  self->drag = copied;
  g_signal_emit(self, signals[TRI_REVISION_PLACES], 0);
}

const double *tri_scene_get_drag(TriScene *self) {
  return self->drag;
}

void tri_scene_set_peaks(TriScene *self, TriPeaks *peaks) {
  if (peaks != self->peaks) g_clear_pointer(&self->peaks, tri_peaks_unref);
  self->peaks = peaks;
  changed(self, TRI_REVISION_SOUND);
}

TriPeaks *tri_scene_get_peaks(TriScene *self) {
  return self->peaks;
}

void tri_scene_set_spectrogram(TriScene *self, guint8 *levels, gsize frames, int bins, double hop_s) {
  gboolean valid = levels && frames && bins > 0 && hop_s > 0;
  g_clear_pointer(&self->levels, g_bytes_unref);
  self->frames = valid ? frames : 0;
  self->bins = valid ? bins : 0;
  self->hop_s = valid ? hop_s : 0;
  if (valid)
    self->levels = g_bytes_new_with_free_func(levels, frames * (gsize)bins, g_free, levels);
  else
    g_free(levels);
  changed(self, TRI_REVISION_SOUND);
}

const guint8 *tri_scene_get_spectrogram(TriScene *self, gsize *frames, int *bins, double *hop_s) {
  *frames = self->frames;
  *bins = self->bins;
  *hop_s = self->hop_s;
  return self->levels ? g_bytes_get_data(self->levels, NULL) : NULL;
}

GBytes *tri_scene_get_spectrogram_bytes(TriScene *self) {
  return self->levels;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  TriScene *self = TRI_SCENE(object);
  switch (id) {
  case PROP_SELECTED:
    tri_scene_set_selected(self, g_value_get_int(value));
    break;
  case PROP_HOVERED:
    tri_scene_set_hovered(self, g_value_get_int(value));
    break;
  case PROP_PICKED:
    tri_scene_set_picked(self, g_value_get_uint(value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  TriScene *self = TRI_SCENE(object);
  switch (id) {
  case PROP_SELECTED:
    g_value_set_int(value, self->selected);
    break;
  case PROP_HOVERED:
    g_value_set_int(value, self->hovered);
    break;
  case PROP_PICKED:
    g_value_set_uint(value, self->picked);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void finalize(GObject *object) {
  TriScene *self = TRI_SCENE(object);
  g_clear_pointer(&self->pages, tri_page_source_unref);
  g_clear_pointer(&self->score, score_free);
  g_clear_pointer(&self->unfolded, score_unfolded_free);
  g_clear_pointer(&self->motion, motion_free);
  g_clear_pointer(&self->suggestion, motion_free);
  g_clear_pointer(&self->peaks, tri_peaks_unref);
  g_clear_pointer(&self->levels, g_bytes_unref);
  g_free(self->note_states);
  g_free(self->places);
  g_free(self->drag);
  G_OBJECT_CLASS(tri_scene_parent_class)->finalize(object);
}

static GParamSpec *index_spec(const char *name) {
  return g_param_spec_int(name, NULL, NULL, -1, G_MAXINT, -1,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void tri_scene_class_init(TriSceneClass *klass) {
  static const char *const names[TRI_N_REVISIONS] = {"pages-changed", "score-changed", "sound-changed",
                                                     "motion-changed", "places-changed", "suggestion-changed"};
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  props[PROP_SELECTED] = index_spec("selected");
  props[PROP_HOVERED] = index_spec("hovered");
  props[PROP_PICKED] =
      g_param_spec_uint("picked", NULL, NULL, 0, G_MAXUINT, 0,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties(object_class, N_PROPS, props);
  for (int i = 0; i < TRI_N_REVISIONS; i++)
    signals[i] =
        g_signal_new(names[i], TRI_TYPE_SCENE, G_SIGNAL_RUN_FIRST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void tri_scene_init(TriScene *self) {
  self->selected = self->hovered = -1;
}

TriScene *tri_scene_new(void) {
  return g_object_new(TRI_TYPE_SCENE, NULL);
}
