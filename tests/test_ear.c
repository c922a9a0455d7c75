/* The ear that learns from corrections: a job that may be called off, revisions that can be chosen, anchors that stay.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session.h"
#include "app/store.h"
#include "core/lmm/lmm_calibrate.h"
#include "tests/check.h"

#include <glib/gstdio.h>

/* What a session said. */
typedef struct {
  int bad, learned, accepted;
  guint bars;
  char last[512];
} Heard;

static void on_notice(TriSession *session, const char *sentence, gboolean bad, Heard *heard) {
  heard->bad += bad;
  g_strlcpy(heard->last, sentence, sizeof heard->last);
}

static void on_learned(TriSession *session, const TriLearned *learned, Heard *heard) {
  heard->learned++;
  heard->accepted += learned->accepted;
  heard->bars = learned->bars;
  CHECK(learned->dreams_before > 0 && !strcmp(learned->ear_before, "program"));
}

static void settle(TriSession *session) {
  TriJobs *jobs = tri_session_get_jobs(session);
  const gint64 begun = g_get_monotonic_time();
  while ((tri_jobs_get_active(jobs) || tri_jobs_busy(jobs, TRI_TOPIC_ALIGN)) &&
         g_get_monotonic_time() - begun < 280 * G_USEC_PER_SEC)
    if (!g_main_context_iteration(NULL, FALSE)) g_usleep(500);
  CHECK(!tri_jobs_get_active(jobs));
}

static TriSession *new_session(Heard *heard) {
  TriSession *session = tri_session_new_offline();
  *heard = (Heard){0};
  g_signal_connect(session, "notice", G_CALLBACK(on_notice), heard);
  g_signal_connect(session, "learned", G_CALLBACK(on_learned), heard);
  return session;
}

static char *sample(const char *name) {
  return g_build_filename(check_data("."), "..", "..", "resources", "sample", name, NULL);
}

/* The sample with two places that are right as they are. */
static TriSession *checked(Heard *heard) {
  TriSession *session = new_session(heard);
  g_autofree char *score = sample("menuet.musicxml"), *sound = sample("recording.ogg");
  tri_session_add_files(session, (const char *const[]){sound, score}, 2);
  settle(session);
  CHECK(!tri_session_can_learn_ear(session));
  CHECK(tri_session_confirm(session, 2) && tri_session_confirm(session, 40));
  settle(session);
  CHECK(tri_session_can_learn_ear(session));
  return session;
}

static guint n_ears(TriSession *session) {
  g_autoptr(GArray) list = tri_session_list_ears(session);
  for (guint i = 0; i < list->len; i++) CHECK(*g_array_index(list, TriInstrument, i).name);
  return list->len;
}

static void anchors_of(TriSession *session, double at_s[2]) {
  guint n, found = 0;
  const TriPlace *places = tri_scene_get_places(tri_session_get_scene(session), &n);
  for (guint i = 0; i < n && found < 2; i++)
    if (places[i].anchor) at_s[found++] = places[i].time_s;
  CHECK(found == 2);
}

static void learning_is_called_off(void) {
  Heard heard;
  TriSession *session = checked(&heard);
  tri_session_learn_ear(session);
  CHECK(!tri_session_can_learn_ear(session));
  for (int i = 0; i < 60; i++) g_main_context_iteration(NULL, FALSE), g_usleep(5000);
  g_autoptr(TriJob) job = g_list_model_get_item(G_LIST_MODEL(tri_session_get_jobs(session)), 0);
  CHECK(job != NULL);
  tri_job_cancel(job);
  settle(session);
  CHECK(tri_session_can_learn_ear(session) && n_ears(session) == 1 && !heard.bad && !heard.learned);
  CHECK_TEXT(tri_session_get_ear(session), "program");
  g_object_unref(session);
}

/* Two steps are not enough to be of use; what matters is that this is said and nothing changes, or that it is kept. */
static void what_came_of_it_is_told(void) {
  Heard heard;
  TriSession *session = checked(&heard);
  g_setenv("TRIPTYCH_LEARN_QUICKLY", "1", TRUE);
  tri_session_learn_ear(session);
  settle(session);
  g_unsetenv("TRIPTYCH_LEARN_QUICKLY");
  CHECK_SAYING(heard.learned == 1 && !heard.bad && heard.bars == 2, "%d, %u bars: %s", heard.learned, heard.bars, heard.last);
  CHECK(n_ears(session) == (heard.accepted ? 2 : 1));
  CHECK_TEXT(tri_session_get_ear(session), heard.accepted ? "learned:1" : "program");
  g_object_unref(session);
}

/* The bars that were checked, given away and taken back as a data set. */
static void a_data_set_teaches_as_well(void) {
  Heard heard;
  TriSession *session = checked(&heard);
  g_autofree char *folder = g_strdup(check_temporary("checked.pairs"));
  tri_session_learn_pairs(session, folder);
  settle(session);
  CHECK(heard.bad == 1 && !heard.learned);
  tri_session_export(session, TRI_EXPORT_PAIRS, folder);
  settle(session);
  g_setenv("TRIPTYCH_LEARN_QUICKLY", "1", TRUE);
  tri_session_learn_pairs(session, folder);
  CHECK(!tri_session_can_learn_pairs(session) && !tri_session_can_learn_ear(session));
  settle(session);
  g_unsetenv("TRIPTYCH_LEARN_QUICKLY");
  CHECK_SAYING(heard.learned == 1 && heard.bad == 1 && heard.bars == 2, "%d, %u bars: %s", heard.learned, heard.bars, heard.last);
  g_object_unref(session);
}

/* As a job would leave it. */
static void add_revision(const char *path) {
  BaseContext ctx = {0};
  Store *store = NULL;
  Project *project = NULL;
  StoreWeights weights = {.engine = "ear", .origin = "a test", .stamp_us = 1};
  void *bytes = NULL;
  CHECK(store_open(&ctx, &store, &project, path) == BASE_OK);
  CHECK(lmm_calibrate_unchanged(&ctx, &bytes, &weights.n, NULL) == BASE_OK);
  weights.bytes = bytes;
  CHECK(store_add_weights(&ctx, store, &weights.revision, &weights) == BASE_OK);
  store_close(store);
  project_free(project);
  free(bytes);
}

/* What is shared is what a piece without a choice begins with, till it is taken back. */
static void an_ear_for_others(TriSession *session) {
  Heard heard;
  CHECK(!tri_session_has_shared_ear(session) && tri_session_share_ear(session) && tri_session_has_shared_ear(session));
  CHECK(n_ears(session) == 3);
  TriSession *other = new_session(&heard);
  CHECK_TEXT(tri_session_get_ear(other), "shared");
  tri_session_close_project(other);
  CHECK_TEXT(tri_session_get_ear(other), "shared");
  g_object_unref(other);
  tri_session_unshare_ear(session);
  CHECK(!tri_session_has_shared_ear(session) && n_ears(session) == 2);
  other = new_session(&heard);
  tri_session_close_project(other);
  CHECK_TEXT(tri_session_get_ear(other), "program");
  g_object_unref(other);
}

static void a_revision_is_chosen_and_left_again(void) {
  Heard heard;
  TriSession *session = checked(&heard);
  double before[2] = {0}, after[2] = {0};
  anchors_of(session, before);
  g_autofree char *path = g_strdup(tri_session_get_path(session));
  tri_session_close_project(session);
  add_revision(path);
  CHECK(tri_session_open(session, path, NULL));
  settle(session);
  CHECK(n_ears(session) == 2);
  tri_session_set_ear(session, "learned:7");
  CHECK(heard.bad == 1);
  tri_session_set_ear(session, "learned:1");
  CHECK(tri_jobs_busy(tri_session_get_jobs(session), TRI_TOPIC_LISTEN));
  settle(session);
  CHECK_TEXT(tri_session_get_ear(session), "learned:1");
  an_ear_for_others(session);
  CHECK(heard.bad == 1 && tri_scene_get_motion(tri_session_get_scene(session))->notes.n > 50);
  anchors_of(session, after);
  CHECK_NEAR(before[0], after[0], 1e-9);
  CHECK_NEAR(before[1], after[1], 1e-9);
  tri_session_close_project(session);
  CHECK_TEXT(tri_session_get_ear(session), "program");
  CHECK(tri_session_open(session, path, NULL));
  CHECK_TEXT(tri_session_get_ear(session), "learned:1");
  tri_session_set_ear(session, "program");
  settle(session);
  CHECK_TEXT(tri_session_get_ear(session), "program");
  g_object_unref(session);
}

int main(int argc, char **argv) {
  static const CheckCase cases[] = {{CASE(learning_is_called_off)},
                                    {CASE(what_came_of_it_is_told)},
                                    {CASE(a_data_set_teaches_as_well)},
                                    {CASE(a_revision_is_chosen_and_left_again)}};
  g_autofree char *data = g_strdup(check_temporary("data")), *cache = g_strdup(check_temporary("cache"));
  g_setenv("XDG_DATA_HOME", data, TRUE);
  g_setenv("XDG_CACHE_HOME", cache, TRUE);
  g_setenv("TRIPTYCH_AUDIO", "null", TRUE);
  return check_main(argc, argv, cases, G_N_ELEMENTS(cases));
}
