/* Whenever a score has been aligned to something heard anew, that is played back; the list "To check" is then put in
 * order once more. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/session-private.h"
#include "app/steps-evidence.h"

#include <glib/gi18n.h>
#include <stdlib.h>

static void weighed_apply(TriJob *job, gpointer user, gpointer result) {
  TriSession *self = user;
  StepsWeighed *weighed = result;
  free(self->sounding);
  self->sounding = g_steal_pointer(&weighed->sounding);
  tri_session_show_checks(self);
}

static const TriJobKind weigh_kind = {steps_weigh, NULL, weighed_apply, tri_session_job_ended, steps_weigh_snapshot_free, steps_weighed_free};

void tri_session_forget_evidence(TriSession *self) {
  tri_jobs_retire(self->jobs, TRI_TOPIC_WEIGH);
  g_clear_pointer(&self->sounding, free);
}

void tri_session_set_weighs(TriSession *self, gboolean weighs) {
  self->weighs = weighs;
}

void tri_session_weigh(TriSession *self) {
  const ProjectMedia *recording = project_media_of(self->project, PROJECT_AUDIO);
  tri_session_forget_evidence(self);
  if (!self->weighs || !recording || !self->score || !self->heard || !self->alignment || !self->heard->heard->motion->notes.n) return;
  StepsWeighSnapshot *snapshot = g_new0(StepsWeighSnapshot, 1);
  const PianoModel *learned = tri_session_learned_piano(self);
  snapshot->path = g_strdup(recording->path);
  snapshot->sha256 = g_strdup(recording->sha256);
  snapshot->heard = steps_heard_ref(self->heard);
  snapshot->instrument = learned ? g_memdup2(learned, sizeof *learned) : NULL;
  snapshot->store = self->store ? store_ref(self->store) : NULL;
  tri_jobs_start(self->jobs, TRI_LANE_BACKGROUND, TRI_TOPIC_WEIGH, _("Playing back what was heard"), &weigh_kind, snapshot, self);
}
