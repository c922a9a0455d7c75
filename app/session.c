/* The object itself: what it holds, what it says of itself, and who is told. Verbs live in their own files.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"

#include <glib/gi18n.h>
#include <string.h>

G_DEFINE_FINAL_TYPE(TriSession, tri_session, G_TYPE_OBJECT)

enum {
  PROP_TITLE = 1,
  PROP_SUBTITLE,
  PROP_SAVED,
  PROP_PATH,
  PROP_DRAFT,
  PROP_HAS_SCORE,
  PROP_HAS_SOUND,
  PROP_CAN_UNDO,
  PROP_CAN_REDO,
  PROP_UNDO_NAME,
  PROP_REDO_NAME,
  PROP_N_CHECKED,
  PROP_N_PLACES,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

enum { NOTICE, REFUSED, MEDIA_MISSING, REVEAL, EARS_CHANGED, SUGGESTION_CHANGED, LEARNED, INSTRUMENTS_CHANGED, ORDERS_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* ---- facts ---- */

static char *title_of(TriSession *self) {
  const char *title = self->project->title;
  return g_strdup(title && *title ? title : _("New piece"));
}

static char *subtitle_of(TriSession *self, guint n_checked, guint n_places) {
  if (self->why_unsaved) return g_strdup_printf(_("Not saved: %s"), self->why_unsaved);
  if (!self->store) return g_strdup("");
  if (!n_places) return g_strdup(_("Saved"));
  return g_strdup_printf(
      ngettext("%u of %u place checked · saved", "%u of %u places checked · saved", n_places), n_checked,
      n_places);
}

static gboolean is_draft(TriSession *self) {
  g_autofree char *drafts = g_build_filename(g_get_user_data_dir(), "triptych", "drafts", "", NULL);
  return self->store && g_str_has_prefix(store_path(self->store), drafts);
}

static guint count_checked(TriSession *self) {
  guint n, checked = 0;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  for (guint i = 0; i < n; i++)
    checked += project_mark_at(self->project, tri_session_quarter(self, (int)i)) != NULL;
  return places ? checked : 0;
}

static TriSessionFacts facts_of(TriSession *self) {
  TriSessionFacts facts = {.saved = self->why_unsaved == NULL,
                           .draft = is_draft(self),
                           .has_score = self->score != NULL,
                           .has_sound = self->heard != NULL || self->audio_s > 0,
                           .can_undo = project_undo_name(self->project) != NULL,
                           .can_redo = project_redo_name(self->project) != NULL,
                           .n_checked = count_checked(self)};
  tri_scene_get_places(self->scene, &facts.n_places);
  facts.title = title_of(self);
  facts.subtitle = subtitle_of(self, facts.n_checked, facts.n_places);
  facts.path = g_strdup(self->store ? store_path(self->store) : NULL);
  facts.undo_name = g_strdup(project_undo_name(self->project));
  facts.redo_name = g_strdup(project_redo_name(self->project));
  return facts;
}

static void clear_facts(TriSessionFacts *facts) {
  g_free(facts->title);
  g_free(facts->subtitle);
  g_free(facts->path);
  g_free(facts->undo_name);
  g_free(facts->redo_name);
}

static void notify_if(TriSession *self, gboolean changed, int property) {
  if (changed) g_object_notify_by_pspec(G_OBJECT(self), properties[property]);
}

void tri_session_refresh(TriSession *self) {
  TriSessionFacts old = self->facts, now = facts_of(self);
  self->facts = now;
  g_object_freeze_notify(G_OBJECT(self));
  notify_if(self, g_strcmp0(old.title, now.title) != 0, PROP_TITLE);
  notify_if(self, g_strcmp0(old.subtitle, now.subtitle) != 0, PROP_SUBTITLE);
  notify_if(self, old.saved != now.saved, PROP_SAVED);
  notify_if(self, g_strcmp0(old.path, now.path) != 0, PROP_PATH);
  notify_if(self, old.draft != now.draft, PROP_DRAFT);
  notify_if(self, old.has_score != now.has_score, PROP_HAS_SCORE);
  notify_if(self, old.has_sound != now.has_sound, PROP_HAS_SOUND);
  notify_if(self, old.can_undo != now.can_undo, PROP_CAN_UNDO);
  notify_if(self, old.can_redo != now.can_redo, PROP_CAN_REDO);
  notify_if(self, g_strcmp0(old.undo_name, now.undo_name) != 0, PROP_UNDO_NAME);
  notify_if(self, g_strcmp0(old.redo_name, now.redo_name) != 0, PROP_REDO_NAME);
  notify_if(self, old.n_checked != now.n_checked, PROP_N_CHECKED);
  notify_if(self, old.n_places != now.n_places, PROP_N_PLACES);
  g_object_thaw_notify(G_OBJECT(self));
  clear_facts(&old);
}

void tri_session_say(TriSession *self, gboolean bad, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *sentence = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_signal_emit(self, signals[NOTICE], 0, sentence, bad);
}

void tri_session_reveal(TriSession *self, double time_s) {
  g_signal_emit(self, signals[REVEAL], 0, time_s);
}

/* ---- what it holds ---- */

TriScene *tri_session_get_scene(TriSession *self) {
  return self->scene;
}

TriTimeline *tri_session_get_timeline(TriSession *self) {
  return self->timeline;
}

TriJobs *tri_session_get_jobs(TriSession *self) {
  return self->jobs;
}

TriPlayer *tri_session_get_player(TriSession *self) {
  return self->player;
}

GListModel *tri_session_get_to_check(TriSession *self) {
  return G_LIST_MODEL(self->to_check);
}

const Project *tri_session_get_project(TriSession *self) {
  return self->project;
}

const char *tri_session_get_title(TriSession *self) {
  return self->facts.title;
}

const char *tri_session_get_subtitle(TriSession *self) {
  return self->facts.subtitle;
}

const char *tri_session_get_path(TriSession *self) {
  return self->facts.path;
}

const char *tri_session_get_undo_name(TriSession *self) {
  return self->facts.undo_name;
}

const char *tri_session_get_redo_name(TriSession *self) {
  return self->facts.redo_name;
}

/* ---- the object ---- */

static void tri_session_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
  const TriSessionFacts *facts = &TRI_SESSION(object)->facts;
  switch (id) {
  case PROP_TITLE:
    g_value_set_string(value, facts->title);
    break;
  case PROP_SUBTITLE:
    g_value_set_string(value, facts->subtitle);
    break;
  case PROP_SAVED:
    g_value_set_boolean(value, facts->saved);
    break;
  case PROP_PATH:
    g_value_set_string(value, facts->path);
    break;
  case PROP_DRAFT:
    g_value_set_boolean(value, facts->draft);
    break;
  case PROP_HAS_SCORE:
    g_value_set_boolean(value, facts->has_score);
    break;
  case PROP_HAS_SOUND:
    g_value_set_boolean(value, facts->has_sound);
    break;
  case PROP_CAN_UNDO:
    g_value_set_boolean(value, facts->can_undo);
    break;
  case PROP_CAN_REDO:
    g_value_set_boolean(value, facts->can_redo);
    break;
  case PROP_UNDO_NAME:
    g_value_set_string(value, facts->undo_name);
    break;
  case PROP_REDO_NAME:
    g_value_set_string(value, facts->redo_name);
    break;
  case PROP_N_CHECKED:
    g_value_set_uint(value, facts->n_checked);
    break;
  case PROP_N_PLACES:
    g_value_set_uint(value, facts->n_places);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void tri_session_dispose(GObject *object) {
  TriSession *self = TRI_SESSION(object);
  if (self->jobs) {
    tri_session_write_view(self);
    g_clear_handle_id(&self->view_source, g_source_remove);
    tri_jobs_shut_down(self->jobs);
    tri_session_forget(self);
  }
  g_clear_object(&self->player);
  g_clear_object(&self->jobs);
  g_clear_object(&self->to_check);
  g_clear_object(&self->scene);
  g_clear_object(&self->timeline);
  g_clear_pointer(&self->store, store_close);
  G_OBJECT_CLASS(tri_session_parent_class)->dispose(object);
}

static void tri_session_finalize(GObject *object) {
  TriSession *self = TRI_SESSION(object);
  project_free(self->project);
  g_free(self->why_unsaved);
  g_free(self->seen);
  g_free(self->instrument);
  g_array_unref(self->learned);
  g_free(self->ear);
  g_array_unref(self->ears);
  g_clear_pointer(&self->shared_ear, g_bytes_unref);
  steps_wanted_unref(self->wanted);
  clear_facts(&self->facts);
  G_OBJECT_CLASS(tri_session_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *object_class) {
  GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  properties[PROP_TITLE] = g_param_spec_string("title", NULL, NULL, NULL, read);
  properties[PROP_SUBTITLE] = g_param_spec_string("subtitle", NULL, NULL, NULL, read);
  properties[PROP_SAVED] = g_param_spec_boolean("saved", NULL, NULL, TRUE, read);
  properties[PROP_PATH] = g_param_spec_string("path", NULL, NULL, NULL, read);
  properties[PROP_DRAFT] = g_param_spec_boolean("draft", NULL, NULL, FALSE, read);
  properties[PROP_HAS_SCORE] = g_param_spec_boolean("has-score", NULL, NULL, FALSE, read);
  properties[PROP_HAS_SOUND] = g_param_spec_boolean("has-sound", NULL, NULL, FALSE, read);
  properties[PROP_CAN_UNDO] = g_param_spec_boolean("can-undo", NULL, NULL, FALSE, read);
  properties[PROP_CAN_REDO] = g_param_spec_boolean("can-redo", NULL, NULL, FALSE, read);
  properties[PROP_UNDO_NAME] = g_param_spec_string("undo-name", NULL, NULL, NULL, read);
  properties[PROP_REDO_NAME] = g_param_spec_string("redo-name", NULL, NULL, NULL, read);
  properties[PROP_N_CHECKED] = g_param_spec_uint("n-checked", NULL, NULL, 0, G_MAXUINT, 0, read);
  properties[PROP_N_PLACES] = g_param_spec_uint("n-places", NULL, NULL, 0, G_MAXUINT, 0, read);
  g_object_class_install_properties(object_class, N_PROPS, properties);
}

static void tri_session_class_init(TriSessionClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  object_class->get_property = tri_session_get_property;
  object_class->dispose = tri_session_dispose;
  object_class->finalize = tri_session_finalize;
  install_properties(object_class);
  GType type = G_TYPE_FROM_CLASS(klass);
  signals[NOTICE] = g_signal_new("notice", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                 G_TYPE_STRING, G_TYPE_BOOLEAN);
  signals[REFUSED] = g_signal_new("refused", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                  G_TYPE_STRING, G_TYPE_STRING);
  signals[MEDIA_MISSING] = g_signal_new("media-missing", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[REVEAL] =
      g_signal_new("reveal", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
  signals[SUGGESTION_CHANGED] =
      g_signal_new("suggestion-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[EARS_CHANGED] = g_signal_new("ears-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[LEARNED] =
      g_signal_new("learned", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[INSTRUMENTS_CHANGED] =
      g_signal_new("instruments-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ORDERS_CHANGED] =
      g_signal_new("orders-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

/* ---- watching what others change ---- */

static void selected(TriSession *self) {
  int place = tri_scene_get_selected(self->scene);
  if (place >= 0 && (guint)place < self->n_seen) self->seen[place] = 1;
  tri_session_view_changed(self);
}

static void playing_changed(TriSession *self) {
  if (tri_player_get_playing(self->player) || !self->hearing) return;
  self->hearing = FALSE;
  g_object_set(self->player, "split-ears", self->was_split, NULL);
}

static void position_changed(TriSession *self) {
  double position_s;
  g_object_get(self->timeline, "position", &position_s, NULL);
  steps_wanted_set(self->wanted, position_s);
}

static void tri_session_init(TriSession *self) {
  self->scene = tri_scene_new();
  self->timeline = tri_timeline_new();
  self->jobs = tri_jobs_new();
  self->to_check = g_list_store_new(TRI_TYPE_CHECK);
  self->project = project_new();
  self->synth_plays_score = TRUE;
  tri_session_init_instruments(self);
  tri_session_init_ears(self);
  self->dragged = -1;
  g_signal_connect_object(self->scene, "notify::selected", G_CALLBACK(selected), self, G_CONNECT_SWAPPED);
  self->wanted = steps_wanted_new();
  g_signal_connect_object(self->timeline, "notify::position", G_CALLBACK(position_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(self->timeline, "notify", G_CALLBACK(tri_session_view_changed), self,
                          G_CONNECT_SWAPPED);
}

TriSession *tri_session_make(gboolean offline) {
  TriSession *self = g_object_new(TRI_TYPE_SESSION, NULL);
  self->weighs = !offline;
  self->player = offline ? tri_player_new_offline(44100) : tri_player_new();
  g_signal_connect_object(self->player, "notify::playing", G_CALLBACK(playing_changed), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self->player, "notify::speed", G_CALLBACK(tri_session_view_changed), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(self->player, "notify::mix", G_CALLBACK(tri_session_view_changed), self,
                          G_CONNECT_SWAPPED);
  tri_session_refresh(self);
  return self;
}

TriSession *tri_session_new(void) {
  return tri_session_make(FALSE);
}

TriSession *tri_session_new_offline(void) {
  return tri_session_make(TRUE);
}
