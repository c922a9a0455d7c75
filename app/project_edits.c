/* Edits of the pages as steps of undo. They are kept in the order said, because one may stand on another (a
 * note is added, then moved); one that is said again takes the place of the earlier one.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/project_private.h"

#include <math.h>
#include <string.h>

static const int64_t merge_us = 1000000;

static bool is_none(const OmrEdit *edit) {
  return edit->kind == OMR_EDITS;
}

bool project_same_edit(const OmrEdit *a, const OmrEdit *b) {
  return a->page == b->page && a->x_px == b->x_px && a->y_px == b->y_px && a->kind == b->kind &&
         a->value == b->value;
}

bool project_sane_edit(const OmrEdit *edit) {
  bool place = edit->page >= 0 && isfinite(edit->x_px) && isfinite(edit->y_px);
  return place && (is_none(edit) || omr_edit_valid(edit));
}

bool project_reserve_edits(Project *project, size_t n) {
  return !n || base_array_reserve(&project->edits, project->edits.n + n);
}

static size_t find(const Project *project, const OmrEdit *edit) {
  size_t i = 0;
  while (i < project->edits.n && !omr_edit_same(&project->edits.items[i], edit)) i++;
  return i;
}

void project_put_edit(Project *project, const ProjectEditChange *change, bool forward) {
  const OmrEdit *from = forward ? &change->before : &change->after,
                *to = forward ? &change->after : &change->before;
  OmrEdit *items = project->edits.items;
  size_t at = find(project, is_none(from) ? to : from);
  project->edits_unwritten = true;
  if (is_none(to)) {
    if (at == project->edits.n) return;
    memmove(items + at, items + at + 1, (--project->edits.n - at) * sizeof *items);
    return;
  }
  if (at == project->edits.n) project->edits.n++;
  items[at] = *to;
}

/* The last step, when a nudge of `edit` at `now_us` may be merged into it. */
static ProjectCommand *mergeable(const Project *project, const OmrEdit *edit, int64_t now_us) {
  if (!project->cursor || project->cursor != project->journal.n) return NULL;
  ProjectCommand *last = &project->journal.items[project->cursor - 1];
  bool merge = last->nudge && last->edits.n == 1 && now_us >= last->stamp_us &&
               now_us - last->stamp_us <= merge_us && omr_edit_same(&last->edits.items[0].after, edit);
  return merge ? last : NULL;
}

static void merge(Project *project, ProjectCommand *last, const ProjectEditChange *change, int64_t now_us) {
  size_t index = project->cursor - 1;
  last->edits.items[0].after = change->after;
  last->stamp_us = now_us;
  if (project->unwritten_from > index) project->unwritten_from = index;
  project_put_edit(project, change, true);
}

static ProjectCommand start_command(const Project *project, bool nudge, int64_t now_us) {
  return (ProjectCommand){
      .stamp_us = now_us, .nudge = nudge, .start_s = project->view.start_s, .scale = project->view.scale};
}

/* Takes the command, whose changes are complete. */
static bool finish_command(Project *project, ProjectCommand *command, const char *name, bool good) {
  if (good && command->edits.n) {
    command->name = strdup(name);
    return project_append(project, command);
  }
  base_array_clear(&command->edits);
  return good;
}

bool project_edit(Project *project, const char *name, const OmrEdit *after, size_t n, bool nudge,
                  int64_t now_us) {
  ProjectCommand command = start_command(project, nudge && n == 1, now_us);
  bool good = true;
  for (size_t i = 0; good && i < n; i++) {
    size_t at = find(project, &after[i]);
    ProjectEditChange change = {.before = after[i], .after = after[i]};
    change.before.kind = OMR_EDITS;
    if (at < project->edits.n) change.before = project->edits.items[at];
    if (!project_same_edit(&change.before, &change.after)) good = base_array_push(&command.edits, change);
  }
  ProjectCommand *last = good && command.nudge && command.edits.n ? mergeable(project, after, now_us) : NULL;
  if (last) {
    merge(project, last, &command.edits.items[0], now_us);
    base_array_clear(&command.edits);
    return true;
  }
  return finish_command(project, &command, name, good);
}

static bool same_place(const OmrEdit *a, const OmrEdit *b) {
  return a->page == b->page && fabsf(a->x_px - b->x_px) < 1 && fabsf(a->y_px - b->y_px) < 1;
}

bool project_unedit(Project *project, const char *name, const OmrEdit *places, size_t n, int64_t now_us) {
  ProjectCommand command = start_command(project, false, now_us);
  bool good = true;
  for (size_t i = 0; good && i < project->edits.n; i++) {
    ProjectEditChange change = {.before = project->edits.items[i], .after = project->edits.items[i]};
    bool meant = false;
    change.after.kind = OMR_EDITS;
    for (size_t k = 0; k < n; k++) meant |= same_place(&places[k], &change.before);
    if (meant) good = base_array_push(&command.edits, change);
  }
  return finish_command(project, &command, name, good);
}

bool project_restore_edit(Project *project, OmrEdit edit) {
  return omr_edit_valid(&edit) && find(project, &edit) == project->edits.n &&
         base_array_push(&project->edits, edit);
}
