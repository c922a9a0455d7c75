/* From machine output and marks to the scene, the list "To check", the words about a place, and what is
 * played. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/places.h"
#include "app/session-private.h"
#include "widgets/state.h"
#include "app/words.h"
#include "app/words_notes.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

enum { most_checks = 10 };
static const double beside_s = 1.5;

/* ---- an item of the list ---- */

struct _TriCheck {
  GObject parent;
  int place, last;
  PlacesReason reason;
  char *title, *detail;
};

G_DEFINE_FINAL_TYPE(TriCheck, tri_check, G_TYPE_OBJECT)

enum { CHECK_PLACE = 1, CHECK_LAST, CHECK_TITLE, CHECK_DETAIL, N_CHECK_PROPS };

static void tri_check_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
  TriCheck *self = TRI_CHECK(object);
  switch (id) {
  case CHECK_PLACE:
    g_value_set_int(value, self->place);
    break;
  case CHECK_LAST:
    g_value_set_int(value, self->last);
    break;
  case CHECK_TITLE:
    g_value_set_string(value, self->title);
    break;
  case CHECK_DETAIL:
    g_value_set_string(value, self->detail);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void tri_check_finalize(GObject *object) {
  g_free(TRI_CHECK(object)->title);
  g_free(TRI_CHECK(object)->detail);
  G_OBJECT_CLASS(tri_check_parent_class)->finalize(object);
}

static void tri_check_class_init(TriCheckClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  object_class->get_property = tri_check_get_property;
  object_class->finalize = tri_check_finalize;
  GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GParamSpec *properties[N_CHECK_PROPS] = {
      [CHECK_PLACE] = g_param_spec_int("place", NULL, NULL, -1, G_MAXINT, -1, read),
      [CHECK_LAST] = g_param_spec_int("last", NULL, NULL, -1, G_MAXINT, -1, read),
      [CHECK_TITLE] = g_param_spec_string("title", NULL, NULL, NULL, read),
      [CHECK_DETAIL] = g_param_spec_string("detail", NULL, NULL, NULL, read)};
  g_object_class_install_properties(object_class, N_CHECK_PROPS, properties);
}

static void tri_check_init(TriCheck *self) {}

TriCheck *tri_check_new(int place, int last, PlacesReason reason, const char *title, const char *detail) {
  TriCheck *self = g_object_new(TRI_TYPE_CHECK, NULL);
  self->place = place;
  self->last = last;
  self->reason = reason;
  self->title = g_strdup(title);
  self->detail = g_strdup(detail);
  return self;
}

int tri_check_get_place(TriCheck *self) {
  return self->place;
}

int tri_check_get_last(TriCheck *self) {
  return self->last;
}

int tri_check_get_reason(TriCheck *self) {
  return self->reason;
}

const char *tri_check_get_title(TriCheck *self) {
  return self->title;
}

const char *tri_check_get_detail(TriCheck *self) {
  return self->detail;
}

/* ---- showing ---- */

int tri_session_place(TriSession *self, int place) {
  guint n;
  tri_scene_get_places(self->scene, &n);
  if (place == -1) place = tri_scene_get_selected(self->scene);
  return place >= 0 && (guint)place < n && self->score && (gsize)place < self->score->unfolded->onsets.n
             ? place
             : -1;
}

Beat tri_session_quarter(TriSession *self, int place) {
  gboolean known = self->score && place >= 0 && (gsize)place < self->score->unfolded->onsets.n;
  return known ? self->score->unfolded->onsets.items[place].onset : beat_whole(0);
}

static void keep_seen(TriSession *self, guint n) {
  if (n == self->n_seen) return;
  g_free(self->seen);
  self->seen = g_new0(guint8, n + 1);
  self->n_seen = n;
}

void tri_session_show_places(TriSession *self, const double *times_s) {
  if (!self->score || (!self->alignment && self->heard)) {
    tri_scene_set_places(self->scene, NULL, 0);
    keep_seen(self, 0);
    return;
  }
  guint n = (guint)self->score->unfolded->onsets.n;
  TriPlace *places = g_new0(TriPlace, n + 1);
  places_fill(places, self->score->unfolded, self->alignment, self->score->plain, self->project);
  for (guint i = 0; times_s && i < n; i++)
    if (!places[i].anchor) places[i].time_s = times_s[i];
  keep_seen(self, n);
  tri_scene_set_places(self->scene, places, n);
  g_free(places);
}

void tri_session_show_motion(TriSession *self) {
  const Motion *motion = tri_scene_get_motion(self->scene);
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  if (!motion) return;
  const ScoreUnfolded *unfolded = self->score ? self->score->unfolded : NULL;
  const Alignment *alignment = unfolded && n == unfolded->onsets.n ? self->alignment : NULL;
  guint8 *states = g_new0(guint8, motion->notes.n + 1);
  places_fill_notes(states, motion, unfolded, alignment, places, self->project);
  const guint8 *old = tri_scene_get_note_states(self->scene);
  if (!old || memcmp(old, states, motion->notes.n) != 0)
    tri_scene_set_motion(self->scene, motion_dup(motion), states);
  g_free(states);
}

/* ---- the list "To check" ---- */

static char *needless_text(const PlacesDoubt *doubt) {
  if (doubt->n_notes > 1)
    return g_strdup_printf(ngettext("%u note heard, not in the score; the sound does not need %u of them",
                                    "%u notes heard, not in the score; the sound does not need %u of them", doubt->n_notes),
                           doubt->n_notes, doubt->n_needless);
  g_autofree char *pitch = words_midi(MAX(doubt->midi, 0));
  return g_strdup_printf(_("%s heard, but the sound does not need this note"), pitch);
}

static char *disagreement_text(TriSession *self, const PlacesDoubt *doubt) {
  gboolean written = doubt->reason == PLACES_NOT_HEARD;
  if (doubt->n_needless) return needless_text(doubt);
  if (doubt->n_notes > 1)
    return g_strdup_printf(
        written
            ? ngettext("%u note in the score, not heard", "%u notes in the score, not heard", doubt->n_notes)
            : ngettext("%u note heard, not in the score", "%u notes heard, not in the score", doubt->n_notes),
        doubt->n_notes);
  g_autofree char *pitch =
      doubt->sound >= 0 ? words_sound(self->score->score, &self->score->unfolded->sounds.items[doubt->sound])
                        : words_midi(MAX(doubt->midi, 0));
  return g_strdup_printf(written ? _("%s in the score, not heard") : _("%s heard, not in the score"), pitch);
}

static char *unlikely_text(TriSession *self, const PlacesDoubt *doubt) {
  if (doubt->n_notes > 1)
    return g_strdup_printf(ngettext("%u note that looks wrong", "%u notes that look wrong", doubt->n_notes), doubt->n_notes);
  g_autofree char *pitch = words_sound(self->score->score, &self->score->unfolded->sounds.items[doubt->sound]);
  return g_strdup_printf(_("%s looks wrong"), pitch);
}

static char *reason_text(TriSession *self, const PlacesDoubt *doubt) {
  if (doubt->reason == PLACES_NOT_HEARD || doubt->reason == PLACES_NOT_WRITTEN)
    return disagreement_text(self, doubt);
  int step = words_step_at(self->score->unfolded, beat_double(tri_session_quarter(self, (int)doubt->first)));
  if (doubt->reason == PLACES_UNLIKELY) return unlikely_text(self, doubt);
  if (doubt->reason == PLACES_RHYTHM)
        return words_doubt(
        self->score->score->measures.items[self->score->unfolded->steps.items[step].measure].doubt);
  int ms = (int)lround(doubt->error_s * 100) * 10;
  return g_strdup_printf(_("Timing in doubt · ±%d ms"), MAX(ms, 10));
}

static TriCheck *check_of(TriSession *self, const PlacesDoubt *doubt) {
  g_autofree char *title = words_places(self->score->score, self->score->unfolded, doubt->first, doubt->last);
  g_autofree char *detail = reason_text(self, doubt);
  return tri_check_new((int)doubt->first, (int)doubt->last, doubt->reason, title, detail);
}

static gboolean same_checks(GListModel *old, GPtrArray *fresh) {
  gboolean same = g_list_model_get_n_items(old) == fresh->len;
  for (guint i = 0; same && i < fresh->len; i++) {
    g_autoptr(TriCheck) a = g_list_model_get_item(old, i);
    TriCheck *b = g_ptr_array_index(fresh, i);
    same = a->place == b->place && a->last == b->last && strcmp(a->title, b->title) == 0 &&
           strcmp(a->detail, b->detail) == 0;
  }
  return same;
}

void tri_session_show_checks(TriSession *self) {
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  PlacesDoubt doubts[most_checks];
  gsize found = 0;
  const gboolean aligned = self->alignment && self->heard, from_pages = self->score && self->score->score->pages.n > 0;
  if (self->score && (aligned || (!self->heard && from_pages)) && n == self->score->unfolded->onsets.n)
    found = places_doubts(doubts, most_checks,
                          &(PlacesView){.score = self->score->score,
                                        .unfolded = self->score->unfolded,
                                        .alignment = self->alignment,
                                        .motion = aligned ? self->heard->heard->motion : NULL,
                                        .places = places,
                                        .project = self->project,
                                        .seen = self->seen,
                                        .suspicions = self->score->suspicions,
                                        .sounding = aligned ? self->sounding : NULL});
  g_autoptr(GPtrArray) fresh = g_ptr_array_new_with_free_func(g_object_unref);
  for (gsize i = 0; i < found; i++) g_ptr_array_add(fresh, check_of(self, &doubts[i]));
  if (same_checks(G_LIST_MODEL(self->to_check), fresh)) return;
  g_list_store_splice(self->to_check, 0, g_list_model_get_n_items(G_LIST_MODEL(self->to_check)), fresh->pdata,
                      fresh->len);
}

/* ---- hearing ---- */

static void send_beats(TriSession *self) {
  if (!self->alignment || !self->score || !self->alignment->points.n) return;
  GArray *times = g_array_new(FALSE, FALSE, sizeof(double));
  GArray *accents = g_array_new(FALSE, FALSE, sizeof(gboolean));
  const ScoreUnfolded *unfolded = self->score->unfolded;
  for (gsize i = 0; i < unfolded->steps.n; i++) {
    const ScoreStep *step = &unfolded->steps.items[i];
    double length = beat_double(self->score->score->measures.items[step->measure].length), unit;
    words_beat(self->score->score, step->measure, 0, &unit);
    for (double at = 0; at < length - 1e-6; at += unit) {
      double time_s = alignment_time_s(self->alignment, beat_double(step->start) + at);
      gboolean accent = at == 0;
      if (time_s < 0) continue;
      g_array_append_val(times, time_s);
      g_array_append_val(accents, accent);
    }
  }
  tri_player_set_beats(self->player, (double *)times->data, (gboolean *)accents->data, times->len);
  g_array_unref(times);
  g_array_unref(accents);
}

void tri_session_play_motion(TriSession *self) {
  const Motion *heard = self->heard ? self->heard->heard->motion : NULL;
  const Motion *plain = self->score && !self->heard ? self->score->plain : NULL;
  const Motion *score = self->played ? self->played : plain;
  Motion *played = tri_session_with_suggestions(self, self->synth_plays_score && score ? score : heard ? heard : score);
  tri_player_set_motion(self->player, played);
  motion_free(played);
  send_beats(self);
  g_object_set(self->timeline, "duration", MAX(self->audio_s, tri_player_get_duration(self->player)), NULL);
}

void tri_session_set_synth_plays_score(TriSession *self, gboolean score) {
  if (self->synth_plays_score == score) return;
  self->synth_plays_score = score;
  tri_session_play_motion(self);
}

void tri_session_hear(TriSession *self, int place) {
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  place = tri_session_place(self, place);
  if (place < 0) return;
  if (!self->hearing) g_object_get(self->player, "split-ears", &self->was_split, NULL);
  self->hearing = TRUE;
  g_object_set(self->player, "split-ears", TRUE, NULL);
  tri_player_play_range(self->player, places[place].time_s - beside_s, places[place].time_s + beside_s);
}

void tri_session_strike(TriSession *self, int place) {
  place = tri_session_place(self, place);
  if (place < 0) return;
  const ScoreOnset *onset = &self->score->unfolded->onsets.items[place];
  guint8 keys[32];
  guint n = 0;
  for (gsize i = onset->first; i < onset->first + onset->n && n < G_N_ELEMENTS(keys); i++)
    if (!self->score->unfolded->sounds.items[i].grace)
      keys[n++] = self->score->unfolded->sounds.items[i].midi;
  tri_player_strike(self->player, keys, n, 80, 0.8);
}

/* ---- words ---- */

static char *why_text(TriSession *self, const TriPlace *place, int measure) {
  if (place->state == TRI_CHECKED) return g_strdup(place->anchor ? _("Fixed by you") : "");
  if (measure >= 0 && *self->score->score->measures.items[measure].doubt)
        return words_doubt(self->score->score->measures.items[measure].doubt);
  if (place->state == TRI_NOT_PLAYED) return g_strdup(_("In the score, not heard"));
  if (!self->alignment || place->state == TRI_SURE) return g_strdup("");
  return g_strdup_printf(_("Timing in doubt · ±%d ms"),
                         (int)lround(places_error_s(place->confidence) * 100) * 10);
}

gboolean tri_session_describe(TriSession *self, int place, TriPlaceWords *words) {
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  *words = (TriPlaceWords){.measure = -1};
  place = tri_session_place(self, place);
  if (place < 0) return FALSE;
  const TriPlace *at = &places[place];
  int step = words_step_at(self->score->unfolded, at->quarter);
  words->measure = step >= 0 ? self->score->unfolded->steps.items[step].measure : -1;
  words->name = words_places(self->score->score, self->score->unfolded, (gsize)place, (gsize)place);
  words->pitches = words_pitches(self->score->score, self->score->unfolded, (gsize)place);
  words->state = g_strdup(tri_state_text(at->state));
  words->why = why_text(self, at, words->measure);
  words->quarter = at->quarter;
  words->time_s = at->time_s;
  words->machine_time_s = self->machine_s ? self->machine_s[place] : at->time_s;
  words->confidence = at->confidence;
  words->anchor = at->anchor;
  return TRUE;
}

void tri_place_words_clear(TriPlaceWords *words) {
  g_clear_pointer(&words->name, g_free);
  g_clear_pointer(&words->pitches, g_free);
  g_clear_pointer(&words->state, g_free);
  g_clear_pointer(&words->why, g_free);
}

/* The score position at a time: straight lines between the places that are shown. */
static double quarter_at(const TriPlace *places, guint n, double time_s) {
  const gsize low = places_before(places, n, time_s);
  if (low + 1 >= n || time_s < places[0].time_s) return places[low].quarter;
  double span_s = places[low + 1].time_s - places[low].time_s;
  double part = span_s > 0 ? (time_s - places[low].time_s) / span_s : 0;
  return places[low].quarter + part * (places[low + 1].quarter - places[low].quarter);
}

char *tri_session_describe_time(TriSession *self, double time_s) {
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  if (!n || !self->score) return g_strdup("");
  return words_position(self->score->score, self->score->unfolded, quarter_at(places, n, time_s));
}
