/* Work ends once: applied, dropped as stale, cancelled, or failed with a sentence. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/job.h"
#include "tests/check.h"

typedef struct {
  int parts, applied, ended, last_part, last_result;
  gboolean ordered;
} Heard;

typedef struct {
  int steps;      /* of a millisecond */
  gboolean fails; /* until *mended */
  atomic_int *mended;
  int result;
} Task;

static BaseStatus work(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result) {
  const Task *task = snapshot;
  for (int i = 0; i < task->steps; i++) {
    if (base_cancelled(ctx)) return base_fail_cancelled(ctx);
    base_progress(ctx, (double)i / task->steps, "stepping");
    int *part = g_new(int, 1);
    *part = i;
    if (i % 10 == 0) tri_job_post(job, part, g_free);
    if (i % 10 != 0) g_free(part);
    g_usleep(1000);
  }
  if (task->fails && !atomic_load(task->mended)) return base_fail(ctx, BASE_BAD_FILE, "“x” is broken.");
  int *value = g_new(int, 1);
  *value = task->result;
  *result = value;
  return BASE_OK;
}

static void part(TriJob *job, gpointer user, gpointer value) {
  Heard *heard = user;
  int step = *(int *)value;
  heard->ordered = (heard->parts == 0 || heard->ordered) && (heard->parts == 0 || step > heard->last_part);
  heard->last_part = step;
  heard->parts++;
}

static void apply(TriJob *job, gpointer user, gpointer result) {
  Heard *heard = user;
  heard->applied++;
  heard->last_result = *(int *)result;
}

static void ended(TriJob *job, gpointer user) {
  ((Heard *)user)->ended++;
}

static const TriJobKind kind = {work, part, apply, ended, g_free, g_free};

static Task *task(int steps, int result) {
  Task *made = g_new0(Task, 1);
  made->steps = steps;
  made->result = result;
  return made;
}

/* Runs the main loop for so long, or until nothing is active. */
static void spin(TriJobs *jobs, int most_ms) {
  gint64 until = g_get_monotonic_time() + most_ms * 1000;
  while (g_get_monotonic_time() < until && (!jobs || tri_jobs_get_active(jobs)))
    if (!g_main_context_iteration(NULL, FALSE)) g_usleep(500);
}

static guint n_listed(TriJobs *jobs) {
  return g_list_model_get_n_items(G_LIST_MODEL(jobs));
}

static void a_job_reports_and_is_applied_once(void) {
  Heard heard = {0};
  TriJobs *jobs = tri_jobs_new();
  TriJob *job = g_object_ref(
      tri_jobs_start(jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_READ, "Reading", &kind, task(200, 7), &heard));
  CHECK(tri_jobs_get_active(jobs) && n_listed(jobs) == 1 && tri_jobs_busy(jobs, TRI_TOPIC_READ));
  CHECK_TEXT(tri_jobs_get_summary(jobs), "Reading");
  spin(NULL, 120);
  CHECK(tri_job_get_state(job) == TRI_JOB_RUNNING && tri_job_get_fraction(job) > 0);
  CHECK_TEXT(tri_job_get_detail(job), "stepping");
  spin(jobs, 5000);
  CHECK(heard.applied == 1 && heard.last_result == 7 && heard.parts == 20 && heard.ordered &&
        heard.ended == 1);
  CHECK(tri_job_get_state(job) == TRI_JOB_DONE && n_listed(jobs) == 0 &&
        !tri_jobs_busy(jobs, TRI_TOPIC_READ));
  CHECK_TEXT(tri_jobs_get_summary(jobs), "");
  g_object_unref(job);
  g_object_unref(jobs);
}

static void count(GObject *object, GParamSpec *pspec, gpointer data) {
  ++*(int *)data;
}

static void progress_is_told_at_most_twenty_times_a_second(void) {
  Heard heard = {0};
  int notified = 0;
  TriJobs *jobs = tri_jobs_new();
  TriJob *job =
      tri_jobs_start(jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_READ, "Reading", &kind, task(400, 7), &heard);
  g_signal_connect(job, "notify::fraction", G_CALLBACK(count), &notified);
  gint64 begun = g_get_monotonic_time();
  spin(jobs, 5000);
  double seconds = (double)(g_get_monotonic_time() - begun) * 1e-6;
  CHECK_SAYING(notified > 2 && notified <= seconds * 20 + 2, "%d in %g s", notified, seconds);
  g_object_unref(jobs);
}

static void a_later_job_of_the_topic_makes_the_earlier_stale(void) {
  Heard heard = {0};
  TriJobs *jobs = tri_jobs_new();
  for (int i = 0; i < 5; i++) {
    tri_jobs_start(jobs, TRI_LANE_INTERACTIVE, TRI_TOPIC_ALIGN, "Aligning", &kind, task(30, i), &heard);
    spin(NULL, 10);
  }
  CHECK(n_listed(jobs) == 0);
  spin(NULL, 300);
  CHECK(heard.applied == 1 && heard.last_result == 4 && heard.ended == 1);
  g_object_unref(jobs);
}

static void cancelling_keeps_what_was_posted(void) {
  Heard heard = {0};
  TriJobs *jobs = tri_jobs_new();
  TriJob *job = g_object_ref(
      tri_jobs_start(jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_READ, "Reading", &kind, task(5000, 7), &heard));
  spin(NULL, 100);
  gint64 begun = g_get_monotonic_time();
  tri_job_cancel(job);
  spin(jobs, 5000);
  CHECK(g_get_monotonic_time() - begun < 500000);
  CHECK(tri_job_get_state(job) == TRI_JOB_CANCELLED && heard.applied == 0 && heard.parts > 0 &&
        heard.ended == 1);
  CHECK(n_listed(jobs) == 0);
  g_object_unref(job);
  g_object_unref(jobs);
}

static void a_failure_stays_with_its_sentence_until_it_succeeds(void) {
  Heard heard = {0};
  atomic_int mended = 0;
  TriJobs *jobs = tri_jobs_new();
  Task *broken = task(5, 9);
  broken->fails = TRUE;
  broken->mended = &mended;
  TriJob *job = g_object_ref(
      tri_jobs_start(jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_READ, "Reading", &kind, broken, &heard));
  spin(jobs, 5000);
  CHECK(tri_job_get_state(job) == TRI_JOB_FAILED && tri_job_get_can_retry(job) && n_listed(jobs) == 1);
  CHECK_TEXT(tri_job_get_detail(job), "“x” is broken.");
  atomic_store(&mended, 1);
  tri_job_retry(job);
  CHECK(tri_jobs_get_active(jobs) && n_listed(jobs) == 1);
  spin(jobs, 5000);
  CHECK(tri_job_get_state(job) == TRI_JOB_DONE && heard.applied == 1 && n_listed(jobs) == 0);
  g_object_unref(job);
  g_object_unref(jobs);
}

static void a_new_start_clears_the_failure(void) {
  Heard heard = {0};
  atomic_int mended = 0;
  TriJobs *jobs = tri_jobs_new();
  Task *broken = task(5, 9);
  broken->fails = TRUE;
  broken->mended = &mended;
  tri_jobs_start(jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_READ, "Reading", &kind, broken, &heard);
  spin(jobs, 5000);
  CHECK(n_listed(jobs) == 1);
  tri_jobs_start(jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_READ, "Reading", &kind, task(5, 1), &heard);
  CHECK(n_listed(jobs) == 1);
  spin(jobs, 5000);
  CHECK(n_listed(jobs) == 0 && heard.applied == 1);
  g_object_unref(jobs);
}

static void shutting_down_waits_and_delivers_nothing_more(void) {
  Heard heard = {0};
  TriJobs *jobs = tri_jobs_new();
  for (int i = 0; i < 8; i++)
    tri_jobs_start(jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_FREE, "Work", &kind, task(100, i), &heard);
  g_usleep(20000);
  tri_jobs_shut_down(jobs);
  CHECK(n_listed(jobs) == 0);
  spin(NULL, 50);
  CHECK(heard.applied == 0 && heard.parts == 0 && heard.ended == 0);
  g_object_add_weak_pointer(G_OBJECT(jobs), (gpointer *)&jobs);
  g_object_unref(jobs);
  CHECK(jobs == NULL);
}

CHECK_MAIN({CASE(a_job_reports_and_is_applied_once)}, {CASE(progress_is_told_at_most_twenty_times_a_second)},
           {CASE(a_later_job_of_the_topic_makes_the_earlier_stale)}, {CASE(cancelling_keeps_what_was_posted)},
           {CASE(a_failure_stays_with_its_sentence_until_it_succeeds)},
           {CASE(a_new_start_clears_the_failure)}, {CASE(shutting_down_waits_and_delivers_nothing_more)})
