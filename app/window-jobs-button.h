/* What runs, in the header bar: one bar for all, a list with cancel and retry behind it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/job.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define TRI_TYPE_JOBS_BUTTON (tri_jobs_button_get_type())
G_DECLARE_FINAL_TYPE(TriJobsButton, tri_jobs_button, TRI, JOBS_BUTTON, GtkWidget)

/* Visible while the list has a job. Once; borrowed, and outlives the button. */
void tri_jobs_button_watch(TriJobsButton *self, TriJobs *jobs);

G_END_DECLS
