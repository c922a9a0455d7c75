/* The bar shows the mean of all unfinished jobs; a failed job stays in the popover with its sentence, to be
 * tried again or dismissed. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/window-jobs-button.h"

#include <glib/gi18n.h>
#include <math.h>

struct _TriJobsButton {
  GtkWidget parent;
  GtkWidget *button;
  GtkPopover *popover;
  GtkLabel *summary;
  GtkProgressBar *bar;
  GtkListBox *list;
  TriJobs *jobs; /* borrowed */
};

G_DEFINE_FINAL_TYPE(TriJobsButton, tri_jobs_button, GTK_TYPE_WIDGET)

/* The parts of one row, updated as its job changes. */
typedef struct {
  TriJobs *jobs; /* borrowed */
  TriJob *job;   /* borrowed: the model holds it while the row is there */
  GtkLabel *title, *detail;
  GtkProgressBar *bar;
  GtkButton *stop, *retry;
} JobRow;

static char *time_left(double seconds) {
  int s = (int)ceil(seconds);
  if (s < 60) return g_strdup_printf(ngettext("%d second left", "%d seconds left", s), s);
  int minutes = (s + 59) / 60;
  return g_strdup_printf(ngettext("%d minute left", "%d minutes left", minutes), minutes);
}

/* What engines say of their progress, which is English as long as nobody knows it here. */
static const char *in_words(const char *what) {
  static const char *const PHRASES[] = {
      N_("Aligning score and recording"),
      N_("separating ink and paper"),
      N_("reading"),
      N_("page read"),
      N_("looking for missing notes"),
      N_("learning the instrument"),
      N_("making the instrument playable"),
      N_("fitting the notes"),
      N_("explaining the sound"),
      N_("Loading sound"),
      N_("Listening"),
      N_("Learning to hear"),
      N_("Drawing the spectrogram"),
      N_("Playing"),
      N_("Writing sound"),
  };
  for (gsize i = 0; i < G_N_ELEMENTS(PHRASES); i++)
    if (!g_strcmp0(PHRASES[i], what)) return _(PHRASES[i]);
  return what;
}

static char *detail_of(TriJob *job) {
  const char *detail = in_words(tri_job_get_detail(job));
  double left = tri_job_get_remaining(job);
  if (tri_job_get_state(job) == TRI_JOB_WAITING) return g_strdup(_("Waiting"));
  if (tri_job_get_state(job) == TRI_JOB_FAILED || left < 0) return g_strdup(detail ? detail : "");
  g_autofree char *time = time_left(left);
  return detail && *detail ? g_strdup_printf("%s · %s", detail, time) : g_steal_pointer(&time);
}

static void row_refresh(GtkWidget *box) {
  JobRow *row = g_object_get_data(G_OBJECT(box), "job-row");
  TriJobState state = tri_job_get_state(row->job);
  gboolean failed = state == TRI_JOB_FAILED;
  g_autofree char *detail = detail_of(row->job);
  gtk_label_set_label(row->title, tri_job_get_title(row->job));
  gtk_label_set_label(row->detail, detail);
  gtk_progress_bar_set_fraction(row->bar, tri_job_get_fraction(row->job));
  gtk_widget_set_visible(GTK_WIDGET(row->bar), !failed);
  gtk_widget_set_visible(GTK_WIDGET(row->retry), tri_job_get_can_retry(row->job));
  const char *verb = failed ? _("Dismiss") : _("Cancel");
  gtk_widget_set_tooltip_text(GTK_WIDGET(row->stop), verb);
  gtk_accessible_update_property(GTK_ACCESSIBLE(row->stop), GTK_ACCESSIBLE_PROPERTY_LABEL, verb, -1);
}

static void stop_clicked(GtkButton *button, JobRow *row) {
  if (tri_job_get_state(row->job) == TRI_JOB_FAILED)
    tri_jobs_dismiss(row->jobs, row->job);
  else
    tri_job_cancel(row->job);
}

static void retry_clicked(GtkButton *button, JobRow *row) {
  tri_job_retry(row->job);
}

static GtkWidget *new_label(const char *style, GtkLabel **label) {
  GtkWidget *widget = g_object_new(GTK_TYPE_LABEL, "xalign", 0.0f, "wrap", TRUE, "max-width-chars", 36, NULL);
  gtk_widget_add_css_class(widget, style);
  *label = GTK_LABEL(widget);
  return widget;
}

static GtkWidget *new_button(const char *icon, const char *label, GCallback clicked, JobRow *row) {
  GtkWidget *button = g_object_new(GTK_TYPE_BUTTON, "icon-name", icon, "valign", GTK_ALIGN_CENTER,
                                   "tooltip-text", label, NULL);
  gtk_widget_add_css_class(button, "flat");
  gtk_widget_add_css_class(button, "circular");
  gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  g_signal_connect(button, "clicked", clicked, row);
  return button;
}

static GtkWidget *new_words(JobRow *row) {
  GtkWidget *words = g_object_new(GTK_TYPE_BOX, "orientation", GTK_ORIENTATION_VERTICAL, "spacing", 4,
                                  "hexpand", TRUE, NULL);
  row->bar = GTK_PROGRESS_BAR(gtk_progress_bar_new());
  gtk_accessible_update_property(GTK_ACCESSIBLE(row->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 tri_job_get_title(row->job), -1);
  gtk_box_append(GTK_BOX(words), new_label("heading", &row->title));
  gtk_box_append(GTK_BOX(words), new_label("caption", &row->detail));
  gtk_box_append(GTK_BOX(words), GTK_WIDGET(row->bar));
  return words;
}

static GtkWidget *new_row(gpointer item, gpointer user) {
  JobRow *row = g_new0(JobRow, 1);
  row->jobs = TRI_JOBS_BUTTON(user)->jobs;
  row->job = item;
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_append(GTK_BOX(box), new_words(row));
  row->retry =
      GTK_BUTTON(new_button("view-refresh-symbolic", _("Try again"), G_CALLBACK(retry_clicked), row));
  row->stop = GTK_BUTTON(new_button("process-stop-symbolic", _("Cancel"), G_CALLBACK(stop_clicked), row));
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(row->retry));
  gtk_box_append(GTK_BOX(box), GTK_WIDGET(row->stop));
  GtkWidget *list_row = g_object_new(GTK_TYPE_LIST_BOX_ROW, "child", box, "activatable", FALSE, NULL);
  gtk_accessible_update_property(GTK_ACCESSIBLE(list_row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                 tri_job_get_title(row->job), -1);
  g_object_set_data_full(G_OBJECT(box), "job-row", row, g_free);
  g_signal_connect_object(item, "notify", G_CALLBACK(row_refresh), box, G_CONNECT_SWAPPED);
  row_refresh(box);
  return list_row;
}

static double mean_fraction(TriJobs *jobs) {
  double sum = 0;
  guint n = 0;
  for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(jobs)); i++) {
    g_autoptr(TriJob) job = g_list_model_get_item(G_LIST_MODEL(jobs), i);
    if (tri_job_get_state(job) == TRI_JOB_FAILED) continue;
    sum += tri_job_get_fraction(job);
    n++;
  }
  return n ? sum / n : 1;
}

static char *summary_of(TriJobs *jobs) {
  const char *summary = tri_jobs_get_summary(jobs);
  guint n = g_list_model_get_n_items(G_LIST_MODEL(jobs));
  if (tri_jobs_get_active(jobs) && summary && *summary) return g_strdup(summary);
  return g_strdup_printf(ngettext("%u job failed", "%u jobs failed", n), n);
}

static void refresh(TriJobsButton *self) {
  g_autofree char *summary = summary_of(self->jobs);
  gboolean any = g_list_model_get_n_items(G_LIST_MODEL(self->jobs)) > 0;
  gtk_label_set_label(self->summary, summary);
  gtk_progress_bar_set_fraction(self->bar, mean_fraction(self->jobs));
  gtk_widget_set_visible(GTK_WIDGET(self->bar), tri_jobs_get_active(self->jobs));
  gtk_accessible_update_property(GTK_ACCESSIBLE(self->button), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, summary,
                                 -1);
  if (!any) gtk_popover_popdown(self->popover);
  gtk_widget_set_visible(GTK_WIDGET(self), any);
}

/* The list changed: every job tells of its progress to the bar as well as to its row. */
static void items_changed(TriJobsButton *self, guint at, guint removed, guint added) {
  for (guint i = at; i < at + added; i++) {
    g_autoptr(TriJob) job = g_list_model_get_item(G_LIST_MODEL(self->jobs), i);
    g_signal_connect_object(job, "notify::fraction", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  }
  refresh(self);
}

void tri_jobs_button_watch(TriJobsButton *self, TriJobs *jobs) {
  self->jobs = jobs;
  gtk_list_box_bind_model(self->list, G_LIST_MODEL(jobs), new_row, self, NULL);
  g_signal_connect_object(jobs, "items-changed", G_CALLBACK(items_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(jobs, "notify::summary", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(jobs, "notify::active", G_CALLBACK(refresh), self, G_CONNECT_SWAPPED);
  items_changed(self, 0, 0, g_list_model_get_n_items(G_LIST_MODEL(jobs)));
}

static void dispose(GObject *object) {
  g_clear_pointer(&TRI_JOBS_BUTTON(object)->button, gtk_widget_unparent);
  G_OBJECT_CLASS(tri_jobs_button_parent_class)->dispose(object);
}

static void tri_jobs_button_class_init(TriJobsButtonClass *class) {
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);
  G_OBJECT_CLASS(class)->dispose = dispose;
  gtk_widget_class_set_template_from_resource(widget_class, "/org/triptych/Triptych/ui/jobs-button.ui");
  gtk_widget_class_bind_template_child(widget_class, TriJobsButton, button);
  gtk_widget_class_bind_template_child(widget_class, TriJobsButton, popover);
  gtk_widget_class_bind_template_child(widget_class, TriJobsButton, summary);
  gtk_widget_class_bind_template_child(widget_class, TriJobsButton, bar);
  gtk_widget_class_bind_template_child(widget_class, TriJobsButton, list);
  gtk_widget_class_set_layout_manager_type(widget_class, GTK_TYPE_BIN_LAYOUT);
}

static void tri_jobs_button_init(TriJobsButton *self) {
  gtk_widget_init_template(GTK_WIDGET(self));
  gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
}
