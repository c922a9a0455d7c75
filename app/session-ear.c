/* Which ear listens to the recording: the program's, or one that learned from the person's anchors. Revisions are only
 * added; going back is choosing an older one, and what is heard is then heard again, the anchors staying where they are.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"
#include "app/steps-ear.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char PROGRAM[] = "program", LEARNED[] = "learned:", CHOICE[] = "ear", ENGINE[] = "ear", SHARED[] = "shared";
enum { most_moved = 100 };

/* One revision. */
typedef struct {
  gint64 revision, stamp_us;
  GBytes *weights;
} Ear;

static void ear_clear(gpointer data) {
  g_bytes_unref(((Ear *)data)->weights);
}

static char *id_of(gint64 revision) {
  return revision ? g_strdup_printf("%s%" G_GINT64_FORMAT, LEARNED, revision) : g_strdup(PROGRAM);
}

/* Null for the program's, and for one that is not there. */
static const Ear *find_ear(TriSession *self, const char *id) {
  const gint64 revision = g_str_has_prefix(id, LEARNED) ? g_ascii_strtoll(id + strlen(LEARNED), NULL, 10) : 0;
  for (guint i = 0; i < self->ears->len; i++)
    if (g_array_index(self->ears, Ear, i).revision == revision) return &g_array_index(self->ears, Ear, i);
  return NULL;
}

GBytes *tri_session_ear_weights(TriSession *self) {
  if (!strcmp(self->ear, SHARED)) return self->shared_ear;
  const Ear *ear = find_ear(self, self->ear);
  return ear ? ear->weights : NULL;
}

/* ---- the list ---- */

static void item_clear(gpointer data) {
  TriInstrument *item = data;
  g_free(item->id);
  g_free(item->name);
}

static char *learned_name(const Ear *ear) {
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(ear->stamp_us / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = g_date_time_to_local(utc);
  g_autofree char *when = g_date_time_format(local, _("%-d %b, %H:%M"));
  return g_strdup_printf(_("Version %d, learned %s"), (int)ear->revision, when);
}

GArray *tri_session_list_ears(TriSession *self) {
  GArray *list = g_array_new(FALSE, FALSE, sizeof(TriInstrument));
  g_array_set_clear_func(list, item_clear);
  TriInstrument item = {g_strdup(PROGRAM), g_strdup(_("As It Came with the Program")), FALSE};
  g_array_append_val(list, item);
  item = (TriInstrument){g_strdup(SHARED), g_strdup(_("Learned, Used for All Pieces")), TRUE};
  if (self->shared_ear)
    g_array_append_val(list, item);
  else
    item_clear(&item);
  for (guint i = self->ears->len; i-- > 0;) {
    const Ear *ear = &g_array_index(self->ears, Ear, i);
    item = (TriInstrument){id_of(ear->revision), learned_name(ear), TRUE};
    g_array_append_val(list, item);
  }
  return list;
}

const char *tri_session_get_ear(TriSession *self) {
  return self->ear;
}

/* ---- choosing ---- */

static gboolean take_choice(TriSession *self, const char *id) {
  const gboolean shared = !strcmp(id, SHARED) && self->shared_ear;
  if (strcmp(id, PROGRAM) && !shared && !find_ear(self, id)) return FALSE;
  g_free(self->ear);
  self->ear = g_strdup(id);
  g_signal_emit_by_name(self, "ears-changed");
  return TRUE;
}

void tri_session_set_ear(TriSession *self, const char *id) {
  if (!strcmp(self->ear, id)) return;
  if (!take_choice(self, id)) {
    tri_session_say(self, TRUE, "%s", _("This project has not learned that."));
    return;
  }
  if (self->store) store_keep_choice(self->store, CHOICE, id);
  tri_session_listen_again(self);
}

/* ---- for other pieces ---- */

static char *shared_path(void) {
  return g_build_filename(g_get_user_data_dir(), "triptych", "ear.weights", NULL);
}

/* What is no network is as if it were not there. */
static void load_shared(TriSession *self) {
  g_autofree char *path = shared_path(), *bytes = NULL;
  gsize n = 0;
  BasePack *pack = NULL;
  g_clear_pointer(&self->shared_ear, g_bytes_unref);
  if (!g_file_get_contents(path, &bytes, &n, NULL)) return;
  if (base_pack_load_memory(NULL, &pack, bytes, n, path) == BASE_OK)
    self->shared_ear = g_bytes_new_take(g_steal_pointer(&bytes), n);
  base_pack_free(pack);
}

gboolean tri_session_has_shared_ear(TriSession *self) {
  return self->shared_ear != NULL;
}

gboolean tri_session_share_ear(TriSession *self) {
  g_autofree char *path = shared_path(), *folder = g_path_get_dirname(path);
  g_autoptr(GError) error = NULL;
  gsize n = 0;
  GBytes *weights = tri_session_ear_weights(self);
  if (!weights) return FALSE;
  const char *bytes = g_bytes_get_data(weights, &n);
  if (g_mkdir_with_parents(folder, 0700) != 0 || !g_file_set_contents(path, bytes, (gssize)n, &error)) {
    tri_session_say(self, TRUE, "%s", error ? error->message : g_strerror(errno));
    return FALSE;
  }
  load_shared(self);
  g_signal_emit_by_name(self, "ears-changed");
  return TRUE;
}

void tri_session_unshare_ear(TriSession *self) {
  g_autofree char *path = shared_path();
  g_unlink(path);
  if (strcmp(self->ear, SHARED) != 0) load_shared(self); /* what is listening goes on till the piece is closed */
  g_signal_emit_by_name(self, "ears-changed");
}

/* ---- telling ---- */

static void forget_report(TriSession *self) {
  if (!self->to_tell) return;
  g_free(self->to_tell->ear_before);
  g_free(self->to_tell->moved);
  g_clear_pointer(&self->to_tell, g_free);
  g_clear_pointer(&self->told_from, g_free);
  self->heard_anew = FALSE;
}

static void tell(TriSession *self) {
  TriLearned *report = self->to_tell;
  guint n;
  const TriPlace *places = tri_scene_get_places(self->scene, &n);
  if (self->told_from && n == self->n_told_from) {
    report->moved = g_new0(PlacesMoved, most_moved);
    report->n_moved_in_all = (guint)places_moved(report->moved, most_moved, self->told_from, places, n);
    report->n_moved = MIN(report->n_moved_in_all, most_moved);
  }
  g_signal_emit_by_name(self, "learned", report);
  forget_report(self);
}

void tri_session_ear_heard(TriSession *self, gboolean fine) {
  if (!self->to_tell) return;
  self->heard_anew = fine;
  if (!fine) tell(self);
}

void tri_session_tell_learned(TriSession *self) {
  if (self->to_tell && self->heard_anew) tell(self);
}

/* ---- learning ---- */

static gboolean has_anchor(const Project *project) {
  for (gsize i = 0; i < project->marks.n; i++)
    if (project_is_anchor(&project->marks.items[i])) return TRUE;
  return FALSE;
}

gboolean tri_session_can_learn_ear(TriSession *self) {
  return self->score && self->heard && self->alignment && has_anchor(self->project) &&
         project_media_of(self->project, PROJECT_AUDIO) && !tri_jobs_busy(self->jobs, TRI_TOPIC_LEARN_EAR);
}

static void remember(void *user, const StoreWeights *weights) {
  Ear ear = {weights->revision, weights->stamp_us, g_bytes_new(weights->bytes, weights->n)};
  g_array_append_val((GArray *)user, ear);
}

/* The new revision, kept and chosen; FALSE after saying why not. */
static gboolean keep(TriSession *self, GBytes *bytes) {
  BaseContext ctx = {0};
  const ProjectMedia *recording = project_media_of(self->project, PROJECT_AUDIO);
  StoreWeights weights = {.engine = ENGINE,
                          .origin = recording ? recording->sha256 : "",
                          .stamp_us = g_get_real_time(),
                          .revision = self->ears->len + 1};
  weights.bytes = g_bytes_get_data(bytes, &weights.n);
  BaseStatus status = self->store ? store_add_weights(&ctx, self->store, &weights.revision, &weights) : BASE_OK;
  if (status != BASE_OK) {
    tri_session_say(self, TRUE, "%s", ctx.sentence);
    return FALSE;
  }
  remember(self->ears, &weights);
  g_autofree char *id = id_of(weights.revision);
  tri_session_set_ear(self, id);
  return TRUE;
}

static void learned_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  StepsLearnedEar *learned = result;
  const LmmCalibration *r = &learned->report;
  const TriPlace *places = tri_scene_get_places(self->scene, &self->n_told_from);
  forget_report(self);
  self->to_tell = g_new0(TriLearned, 1);
  *self->to_tell = (TriLearned){.accepted = learned->weights != NULL,
                                .for_others = r->share_elsewhere > 0,
                                .bars = (guint)r->bars,
                                .ear_before = g_strdup(self->ear),
                                .bars_before = r->trusted.before,
                                .bars_after = r->trusted.after,
                                .rest_before = r->beyond.before,
                                .rest_after = r->beyond.after,
                                .dreams_before = r->dreams.before,
                                .dreams_after = r->dreams.after};
  if (!learned->weights) {
    tell(self);
    return;
  }
  self->told_from = g_memdup2(places, self->n_told_from * sizeof *places);
  if (!keep(self, learned->weights)) forget_report(self);
}

static void learning_ended(TriJob *job, gpointer user) {
  tri_session_job_ended(job, user);
  g_signal_emit_by_name(user, "ears-changed");
}

static const TriJobKind learn_kind = {
    steps_learn_ear, NULL, learned_apply, learning_ended, steps_learn_ear_snapshot_free, steps_learned_ear_free};

static void start_learning(TriSession *self, StepsLearnEarSnapshot *snapshot, const char *title) {
  tri_jobs_start(self->jobs, TRI_LANE_TRAINING, TRI_TOPIC_LEARN_EAR, title, &learn_kind, snapshot, self);
  g_signal_emit_by_name(self, "ears-changed");
}

gboolean tri_session_can_learn_pairs(TriSession *self) {
  return project_media_of(self->project, PROJECT_AUDIO) && !tri_jobs_busy(self->jobs, TRI_TOPIC_LEARN_EAR);
}

void tri_session_learn_pairs(TriSession *self, const char *folder) {
  if (!tri_session_can_learn_pairs(self)) return;
  StepsLearnEarSnapshot *snapshot = g_new0(StepsLearnEarSnapshot, 1);
  snapshot->pairs = g_strdup(folder);
  start_learning(self, snapshot, _("Learning from pairs"));
}

void tri_session_learn_ear(TriSession *self) {
  if (!tri_session_can_learn_ear(self)) return;
  StepsLearnEarSnapshot *snapshot = g_new0(StepsLearnEarSnapshot, 1);
  snapshot->path = g_strdup(project_media_of(self->project, PROJECT_AUDIO)->path);
  snapshot->score = steps_score_ref(self->score);
  snapshot->alignment = alignment_dup(self->alignment);
  snapshot->anchors = project_anchors(self->project, &snapshot->n_anchors);
  start_learning(self, snapshot, _("Learning from corrections"));
}

/* ---- with the project ---- */

void tri_session_start_ears(TriSession *self) {
  tri_jobs_retire(self->jobs, TRI_TOPIC_LEARN_EAR);
  g_array_set_size(self->ears, 0);
  forget_report(self);
  load_shared(self);
  BaseContext ctx = {0};
  if (self->store && store_each_weights(&ctx, self->store, ENGINE, remember, self->ears) != BASE_OK)
    tri_session_say(self, TRUE, "%s", ctx.sentence);
  char *id = self->store ? store_choice(self->store, CHOICE) : NULL;
  if (!id || !take_choice(self, id)) take_choice(self, self->shared_ear && !id ? SHARED : PROGRAM);
  free(id);
}

void tri_session_init_ears(TriSession *self) {
  self->ears = g_array_new(FALSE, FALSE, sizeof(Ear));
  g_array_set_clear_func(self->ears, ear_clear);
  load_shared(self);
  self->ear = g_strdup(self->shared_ear ? SHARED : PROGRAM);
}
