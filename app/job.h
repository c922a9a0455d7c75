/* Long work on its own threads: snapshot, worker, apply if not stale. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where a job runs. The interactive lane answers gestures (one thread, jobs of a few ms; listed only when
 * they fail); the background lane reads and listens (threads at nice 10); the training lane learns (one
 * thread at nice 10, so that learning never keeps the others waiting). */
typedef enum { TRI_LANE_INTERACTIVE, TRI_LANE_BACKGROUND, TRI_LANE_TRAINING, TRI_N_LANES } TriLane;

typedef enum {
  TRI_JOB_WAITING,
  TRI_JOB_RUNNING,
  TRI_JOB_DONE,
  TRI_JOB_CANCELLED,
  TRI_JOB_FAILED
} TriJobState;

/* What a job answers. Starting a job retires the earlier jobs of its topic: they are cancelled and their
 * results never applied. */
typedef enum {
  TRI_TOPIC_FREE, /* retires nobody */
    TRI_TOPIC_READ,
  TRI_TOPIC_CORRECT,
  TRI_TOPIC_LESSON,
  TRI_TOPIC_PEAKS,
  TRI_TOPIC_LISTEN,
  TRI_TOPIC_ALIGN,
  TRI_TOPIC_WEIGH,
  TRI_TOPIC_LEARN_PIANO,
  TRI_TOPIC_LEARN_EAR,
  TRI_TOPIC_INSTRUMENT,
  TRI_TOPIC_SUGGEST,
  TRI_N_TOPICS,
} TriTopic;

#define TRI_TYPE_JOB (tri_job_get_type())
G_DECLARE_FINAL_TYPE(TriJob, tri_job, TRI, JOB, GObject)

#define TRI_TYPE_JOBS (tri_jobs_get_type())
G_DECLARE_FINAL_TYPE(TriJobs, tri_jobs, TRI, JOBS, GObject)

/* How a kind of work is done. All but `work` may be null. `work` runs on a worker thread with a context that
 * carries progress and the cancel flag, sees `snapshot` alone and may leave a result; the others run on the
 * main thread. `apply` takes what it wants out of `result`; `part` receives what tri_job_post sent. Neither
 * is called once the job is stale, and `apply` only after BASE_OK. */
typedef struct {
  BaseStatus (*work)(TriJob *job, BaseContext *ctx, gconstpointer snapshot, gpointer *result);
  void (*part)(TriJob *job, gpointer user, gpointer part);
  void (*apply)(TriJob *job, gpointer user, gpointer result);
  void (*ended)(TriJob *job, gpointer user); /* whatever the outcome, unless stale */
  GDestroyNotify snapshot_free, result_free;
} TriJobKind;

/* ---- one job. Properties, main thread only, each notified at most 20 times a second:
 *   title (string)       "Reading 5 pages"
 *   detail (string)      what is being done now; the sentence after a failure
 *   fraction (double)    0 … 1
 *   state (int)          TriJobState
 *   remaining (double)   seconds left, -1 while unknown (first 5 s)
 *   can-retry (boolean)  after a failure that is not out of date */
const char *tri_job_get_title(TriJob *job);
const char *tri_job_get_detail(TriJob *job);
double tri_job_get_fraction(TriJob *job);
double tri_job_get_remaining(TriJob *job);
TriJobState tri_job_get_state(TriJob *job);
gboolean tri_job_get_can_retry(TriJob *job);

/* Asks it to end soon; what was posted stays. The job leaves the list when it has ended. */
void tri_job_cancel(TriJob *job);

/* Runs a failed job again with the same snapshot. */
void tri_job_retry(TriJob *job);

/* From the worker: hands `part` to the kind's `part` on the main thread, in order; freed with `destroy` when
 * it was not wanted and after use. Any thread. */
void tri_job_post(TriJob *job, gpointer part, GDestroyNotify destroy);

/* ---- the list: a GListModel of TriJob; running, waiting and failed ones. Property "active" (boolean): some
 * job runs or waits. Property "summary" (string): one line about the first running job, "" when none. */
TriJobs *tri_jobs_new(void);

/* Starts work that reports to `user`, who outlives the list. Takes `snapshot`. The returned job is borrowed.
 */
TriJob *tri_jobs_start(TriJobs *jobs, TriLane lane, TriTopic topic, const char *title, const TriJobKind *kind,
                       gpointer snapshot, gpointer user);

gboolean tri_jobs_get_active(TriJobs *jobs);
const char *tri_jobs_get_summary(TriJobs *jobs);

/* Retires all jobs of a topic without starting another. */
void tri_jobs_retire(TriJobs *jobs, TriTopic topic);

/* True while a job of this topic waits or runs. */
gboolean tri_jobs_busy(TriJobs *jobs, TriTopic topic);

/* Removes a failed job from the list. */
void tri_jobs_dismiss(TriJobs *jobs, TriJob *job);

/* Cancels everything, waits for the workers and delivers nothing more. Before `user` goes. */
void tri_jobs_shut_down(TriJobs *jobs);

G_END_DECLS
