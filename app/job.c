/* A worker sees its snapshot and a context; everything it says (progress, parts, the result) comes to the
 * main thread as messages in order, and is dropped there when the job has been superseded meanwhile. Progress
 * is left in the job under a lock and looked at twenty times a second. Lanes are thread pools of their own;
 * all but the interactive one lower their threads' priority, once. SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "app/job.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { look_ms = 50, background_nice = 10, most_background = 4 };
static const gint64 estimate_after_us = 5 * G_USEC_PER_SEC;

struct _TriJob {
  GObject parent;
  TriJobs *owner; /* null once the list has shut down; main thread */
  const TriJobKind *kind;
  gpointer snapshot, user;
  TriLane lane;
  TriTopic topic;
  guint generation;
  TriJobState state;
  char *title, *detail;
  double fraction, remaining;
  gint64 begun_us;
  atomic_bool cancel;
  GMutex lock; /* of what the worker says */
  double said_fraction;
  char said_what[96];
  gboolean said_running;
};

struct _TriJobs {
  GObject parent;
  GPtrArray *listed, *running; /* of TriJob; running includes waiting */
  GThreadPool *lanes[TRI_N_LANES];
  guint generations[TRI_N_TOPICS];
  guint look_source;
  gboolean active;
  char *summary;
};

/* ---- the job ---- */

G_DEFINE_FINAL_TYPE(TriJob, tri_job, G_TYPE_OBJECT)

enum { JOB_TITLE = 1, JOB_DETAIL, JOB_FRACTION, JOB_STATE, JOB_REMAINING, JOB_CAN_RETRY, N_JOB_PROPS };
static GParamSpec *job_properties[N_JOB_PROPS];

static void tri_job_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
  TriJob *self = TRI_JOB(object);
  switch (id) {
  case JOB_TITLE:
    g_value_set_string(value, self->title);
    break;
  case JOB_DETAIL:
    g_value_set_string(value, self->detail);
    break;
  case JOB_FRACTION:
    g_value_set_double(value, self->fraction);
    break;
  case JOB_STATE:
    g_value_set_int(value, (int)self->state);
    break;
  case JOB_REMAINING:
    g_value_set_double(value, self->remaining);
    break;
  case JOB_CAN_RETRY:
    g_value_set_boolean(value, tri_job_get_can_retry(self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void tri_job_finalize(GObject *object) {
  TriJob *self = TRI_JOB(object);
  if (self->kind && self->kind->snapshot_free && self->snapshot) self->kind->snapshot_free(self->snapshot);
  g_mutex_clear(&self->lock);
  g_free(self->title);
  g_free(self->detail);
  G_OBJECT_CLASS(tri_job_parent_class)->finalize(object);
}

static void tri_job_class_init(TriJobClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  object_class->get_property = tri_job_get_property;
  object_class->finalize = tri_job_finalize;
  GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  job_properties[JOB_TITLE] = g_param_spec_string("title", NULL, NULL, "", read);
  job_properties[JOB_DETAIL] = g_param_spec_string("detail", NULL, NULL, "", read);
  job_properties[JOB_FRACTION] = g_param_spec_double("fraction", NULL, NULL, 0, 1, 0, read);
  job_properties[JOB_STATE] = g_param_spec_int("state", NULL, NULL, 0, TRI_JOB_FAILED, 0, read);
  job_properties[JOB_REMAINING] = g_param_spec_double("remaining", NULL, NULL, -1, G_MAXDOUBLE, -1, read);
  job_properties[JOB_CAN_RETRY] = g_param_spec_boolean("can-retry", NULL, NULL, FALSE, read);
  g_object_class_install_properties(object_class, N_JOB_PROPS, job_properties);
}

static void tri_job_init(TriJob *self) {
  self->remaining = -1;
  self->detail = g_strdup("");
  g_mutex_init(&self->lock);
}

static void notify(TriJob *self, int property) {
  g_object_notify_by_pspec(G_OBJECT(self), job_properties[property]);
}

static void set_detail(TriJob *self, const char *detail) {
  if (strcmp(self->detail, detail) == 0) return;
  g_free(self->detail);
  self->detail = g_strdup(detail);
  notify(self, JOB_DETAIL);
}

static void set_fraction(TriJob *self, double fraction) {
  if (fraction == self->fraction) return;
  self->fraction = fraction;
  notify(self, JOB_FRACTION);
}

static void set_remaining(TriJob *self, double remaining) {
  if (remaining == self->remaining) return;
  self->remaining = remaining;
  notify(self, JOB_REMAINING);
}

static void set_state(TriJob *self, TriJobState state) {
  if (state == self->state) return;
  gboolean could = tri_job_get_can_retry(self);
  self->state = state;
  notify(self, JOB_STATE);
  if (tri_job_get_can_retry(self) != could) notify(self, JOB_CAN_RETRY);
}

static gboolean stale(TriJob *self) {
  return !self->owner ||
         (self->topic != TRI_TOPIC_FREE && self->generation != self->owner->generations[self->topic]);
}

const char *tri_job_get_title(TriJob *self) {
  return self->title;
}

const char *tri_job_get_detail(TriJob *self) {
  return self->detail;
}

double tri_job_get_fraction(TriJob *self) {
  return self->fraction;
}

double tri_job_get_remaining(TriJob *self) {
  return self->remaining;
}

TriJobState tri_job_get_state(TriJob *self) {
  return self->state;
}

gboolean tri_job_get_can_retry(TriJob *self) {
  return self->state == TRI_JOB_FAILED && !stale(self);
}

/* ---- messages from the worker ---- */

typedef struct {
  TriJob *job;
  gpointer value;
  GDestroyNotify destroy;
  gboolean end;
  BaseStatus status;
  char *sentence;
} Message;

static void end_job(TriJob *job, const Message *message);

static gboolean deliver(gpointer data) {
  Message *message = data;
  TriJob *job = message->job;
  if (message->end)
    end_job(job, message);
  else if (!stale(job) && job->kind->part)
    job->kind->part(job, job->user, message->value);
  return G_SOURCE_REMOVE;
}

static void message_free(gpointer data) {
  Message *message = data;
  if (message->destroy && message->value) message->destroy(message->value);
  g_free(message->sentence);
  g_object_unref(message->job);
  g_free(message);
}

static void send(const Message *message) {
  Message *copy = g_memdup2(message, sizeof *message);
  g_object_ref(copy->job);
  g_idle_add_full(G_PRIORITY_DEFAULT, deliver, copy, message_free);
}

void tri_job_post(TriJob *job, gpointer part, GDestroyNotify destroy) {
  send(&(Message){.job = job, .value = part, .destroy = destroy});
}

/* ---- the worker ---- */

static void hear(void *user, double fraction, const char *what) {
  TriJob *job = user;
  g_mutex_lock(&job->lock);
  job->said_fraction = CLAMP(fraction, 0, 1);
  g_strlcpy(job->said_what, what ? what : "", sizeof job->said_what);
  g_mutex_unlock(&job->lock);
}

static void lower_priority(TriLane lane) {
  static _Thread_local gboolean lowered;
  if (lowered || lane == TRI_LANE_INTERACTIVE) return;
  lowered = TRUE;
  setpriority(PRIO_PROCESS, (id_t)gettid(), background_nice);
}

static void run(gpointer data, gpointer unused) {
  TriJob *job = data;
  lower_priority(job->lane);
  g_mutex_lock(&job->lock);
  job->said_running = TRUE;
  g_mutex_unlock(&job->lock);
  int processors = (int)g_get_num_processors();
  BaseContext ctx = {
      .progress = hear, .user = job, .cancel = &job->cancel, .threads = MAX(1, (processors - 1) / 2)};
  gpointer result = NULL;
  BaseStatus status =
      atomic_load(&job->cancel) ? BASE_CANCELLED : job->kind->work(job, &ctx, job->snapshot, &result);
  send(&(Message){.job = job,
                  .value = result,
                  .destroy = job->kind->result_free,
                  .end = TRUE,
                  .status = status,
                  .sentence = g_strdup(*ctx.sentence ? ctx.sentence : base_status_name(status))});
  g_object_unref(job);
}

/* ---- the list ---- */

static GType jobs_item_type(GListModel *model) {
  return TRI_TYPE_JOB;
}

static guint jobs_n_items(GListModel *model) {
  return TRI_JOBS(model)->listed->len;
}

static gpointer jobs_item(GListModel *model, guint position) {
  GPtrArray *listed = TRI_JOBS(model)->listed;
  return position < listed->len ? g_object_ref(g_ptr_array_index(listed, position)) : NULL;
}

static void jobs_model_init(GListModelInterface *interface) {
  interface->get_item_type = jobs_item_type;
  interface->get_n_items = jobs_n_items;
  interface->get_item = jobs_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE(TriJobs, tri_jobs, G_TYPE_OBJECT,
                              G_IMPLEMENT_INTERFACE(G_TYPE_LIST_MODEL, jobs_model_init))

enum { JOBS_ACTIVE = 1, JOBS_SUMMARY, N_JOBS_PROPS };
static GParamSpec *jobs_properties[N_JOBS_PROPS];

static void list(TriJobs *self, TriJob *job) {
  if (g_ptr_array_find(self->listed, job, NULL)) return;
  g_ptr_array_add(self->listed, g_object_ref(job));
  g_list_model_items_changed(G_LIST_MODEL(self), self->listed->len - 1, 0, 1);
}

static void unlist(TriJobs *self, TriJob *job) {
  guint position;
  if (!g_ptr_array_find(self->listed, job, &position)) return;
  g_ptr_array_remove_index(self->listed, position);
  g_list_model_items_changed(G_LIST_MODEL(self), position, 1, 0);
}

static TriJob *first_listed_running(TriJobs *self) {
  for (guint i = 0; i < self->listed->len; i++) {
    TriJob *job = g_ptr_array_index(self->listed, i);
    if (job->state <= TRI_JOB_RUNNING) return job;
  }
  return NULL;
}

static void summarise(TriJobs *self) {
  TriJob *first = first_listed_running(self);
  if ((first != NULL) != self->active) {
    self->active = first != NULL;
    g_object_notify_by_pspec(G_OBJECT(self), jobs_properties[JOBS_ACTIVE]);
  }
  const char *summary = first ? first->title : "";
  if (strcmp(summary, self->summary) == 0) return;
  g_free(self->summary);
  self->summary = g_strdup(summary);
  g_object_notify_by_pspec(G_OBJECT(self), jobs_properties[JOBS_SUMMARY]);
}

/* Brings what a worker has said since to those who watch. */
static void look_at(TriJob *job) {
  char what[sizeof job->said_what];
  g_mutex_lock(&job->lock);
  double fraction = job->said_fraction;
  gboolean running = job->said_running;
  memcpy(what, job->said_what, sizeof what);
  g_mutex_unlock(&job->lock);
  if (!running || job->state > TRI_JOB_RUNNING) return;
  gint64 now_us = g_get_monotonic_time();
  if (job->state == TRI_JOB_WAITING) {
    job->begun_us = now_us;
    set_state(job, TRI_JOB_RUNNING);
  }
  set_detail(job, what);
  set_fraction(job, fraction);
  gint64 since_us = now_us - job->begun_us;
  if (since_us > estimate_after_us && fraction > 0.01)
    set_remaining(job, (double)since_us * 1e-6 * (1 - fraction) / fraction);
}

static gboolean look(gpointer data) {
  TriJobs *self = data;
  for (guint i = 0; i < self->running->len; i++) look_at(g_ptr_array_index(self->running, i));
  return G_SOURCE_CONTINUE;
}

static void enqueue(TriJobs *self, TriJob *job) {
  g_ptr_array_add(self->running, g_object_ref(job));
  if (!self->look_source) self->look_source = g_timeout_add(look_ms, look, self);
  g_thread_pool_push(self->lanes[job->lane], g_object_ref(job), NULL);
}

static void end_job(TriJob *job, const Message *message) {
  TriJobs *self = job->owner;
  if (!self) return;
  g_ptr_array_remove(self->running, job);
  if (!self->running->len) g_clear_handle_id(&self->look_source, g_source_remove);
  gboolean old = stale(job), failed = !old && message->status != BASE_OK && message->status != BASE_CANCELLED;
  if (failed) {
    set_detail(job, message->sentence);
    list(self, job);
  } else {
    if (message->status == BASE_OK) set_fraction(job, 1);
    unlist(self, job);
  }
  set_state(job, failed ? TRI_JOB_FAILED : message->status == BASE_OK ? TRI_JOB_DONE : TRI_JOB_CANCELLED);
  g_object_ref(self);
  if (!old && message->status == BASE_OK && job->kind->apply)
    job->kind->apply(job, job->user, message->value);
  if (!old && job->owner && job->kind->ended) job->kind->ended(job, job->user);
  if (job->owner) summarise(self);
  g_object_unref(self);
}

TriJob *tri_jobs_start(TriJobs *self, TriLane lane, TriTopic topic, const char *title, const TriJobKind *kind,
                       gpointer snapshot, gpointer user) {
  g_return_val_if_fail(TRI_IS_JOBS(self) && self->lanes[lane], NULL);
  tri_jobs_retire(self, topic);
  TriJob *job = g_object_new(TRI_TYPE_JOB, NULL);
  job->owner = self;
  job->kind = kind;
  job->snapshot = snapshot;
  job->user = user;
  job->lane = lane;
  job->topic = topic;
  job->generation = self->generations[topic];
  job->title = g_strdup(title);
  if (lane != TRI_LANE_INTERACTIVE) list(self, job);
  enqueue(self, job);
  summarise(self);
  g_object_unref(job); /* the list of running jobs holds it */
  return job;
}

void tri_job_cancel(TriJob *job) {
  atomic_store(&job->cancel, true);
}

void tri_job_retry(TriJob *job) {
  if (!tri_job_get_can_retry(job)) return;
  atomic_store(&job->cancel, false);
  job->said_running = FALSE;
  job->said_fraction = 0;
  job->said_what[0] = 0;
  set_fraction(job, 0);
  set_detail(job, "");
  set_remaining(job, -1);
  set_state(job, TRI_JOB_WAITING);
  enqueue(job->owner, job);
  summarise(job->owner);
}

void tri_jobs_retire(TriJobs *self, TriTopic topic) {
  if (topic == TRI_TOPIC_FREE) return;
  self->generations[topic]++;
  for (guint i = 0; i < self->running->len; i++) {
    TriJob *job = g_ptr_array_index(self->running, i);
    if (job->topic == topic) tri_job_cancel(job);
  }
  for (guint i = self->listed->len; i-- > 0;) {
    TriJob *job = g_ptr_array_index(self->listed, i);
    if (job->topic == topic && job->generation != self->generations[topic]) unlist(self, job);
  }
  summarise(self);
}

gboolean tri_jobs_busy(TriJobs *self, TriTopic topic) {
  for (guint i = 0; i < self->running->len; i++) {
    TriJob *job = g_ptr_array_index(self->running, i);
    if (job->topic == topic && !stale(job)) return TRUE;
  }
  return FALSE;
}

void tri_jobs_dismiss(TriJobs *self, TriJob *job) {
  if (job->state == TRI_JOB_FAILED) unlist(self, job);
}

gboolean tri_jobs_get_active(TriJobs *self) {
  return self->active;
}

const char *tri_jobs_get_summary(TriJobs *self) {
  return self->summary;
}

void tri_jobs_shut_down(TriJobs *self) {
  if (!self->lanes[0]) return;
  g_clear_handle_id(&self->look_source, g_source_remove);
  for (guint i = 0; i < self->running->len; i++) tri_job_cancel(g_ptr_array_index(self->running, i));
  for (int lane = 0; lane < TRI_N_LANES; lane++) {
    g_thread_pool_free(self->lanes[lane], FALSE, TRUE);
    self->lanes[lane] = NULL;
  }
  for (guint i = 0; i < self->running->len; i++)
    ((TriJob *)g_ptr_array_index(self->running, i))->owner = NULL;
  for (guint i = 0; i < self->listed->len; i++) ((TriJob *)g_ptr_array_index(self->listed, i))->owner = NULL;
  g_ptr_array_set_size(self->running, 0);
  guint n = self->listed->len;
  g_ptr_array_set_size(self->listed, 0);
  if (n) g_list_model_items_changed(G_LIST_MODEL(self), 0, n, 0);
}

static void tri_jobs_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
  TriJobs *self = TRI_JOBS(object);
  switch (id) {
  case JOBS_ACTIVE:
    g_value_set_boolean(value, self->active);
    break;
  case JOBS_SUMMARY:
    g_value_set_string(value, self->summary);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void tri_jobs_dispose(GObject *object) {
  tri_jobs_shut_down(TRI_JOBS(object));
  G_OBJECT_CLASS(tri_jobs_parent_class)->dispose(object);
}

static void tri_jobs_finalize(GObject *object) {
  TriJobs *self = TRI_JOBS(object);
  g_ptr_array_unref(self->listed);
  g_ptr_array_unref(self->running);
  g_free(self->summary);
  G_OBJECT_CLASS(tri_jobs_parent_class)->finalize(object);
}

static void tri_jobs_class_init(TriJobsClass *klass) {
  GObjectClass *object_class = G_OBJECT_CLASS(klass);
  object_class->get_property = tri_jobs_get_property;
  object_class->dispose = tri_jobs_dispose;
  object_class->finalize = tri_jobs_finalize;
  GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  jobs_properties[JOBS_ACTIVE] = g_param_spec_boolean("active", NULL, NULL, FALSE, read);
  jobs_properties[JOBS_SUMMARY] = g_param_spec_string("summary", NULL, NULL, "", read);
  g_object_class_install_properties(object_class, N_JOBS_PROPS, jobs_properties);
}

static void tri_jobs_init(TriJobs *self) {
  self->listed = g_ptr_array_new_with_free_func(g_object_unref);
  self->running = g_ptr_array_new_with_free_func(g_object_unref);
  self->summary = g_strdup("");
  int background = CLAMP((int)g_get_num_processors() - 1, 2, most_background);
  self->lanes[TRI_LANE_INTERACTIVE] = g_thread_pool_new(run, NULL, 1, TRUE, NULL);
  self->lanes[TRI_LANE_BACKGROUND] = g_thread_pool_new(run, NULL, background, TRUE, NULL);
  self->lanes[TRI_LANE_TRAINING] = g_thread_pool_new(run, NULL, 1, TRUE, NULL);
}

TriJobs *tri_jobs_new(void) {
  return g_object_new(TRI_TYPE_JOBS, NULL);
}
