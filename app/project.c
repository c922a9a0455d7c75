/* Marks are kept sorted in one array: places by quarter, then heard notes by time and pitch. A step of undo
 * is a list of (before, after) pairs, so that undoing is applying the pairs backwards with the sides
 * exchanged, and the machine's output is never touched. What the disk lacks is the same list of pairs, in the
 * order done. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/project.h"

#include "app/project_private.h"

#include <math.h>
#include <string.h>

static const double least_gap_s = 0.001;
static const int64_t merge_us = 1000000;

Project *project_new(void) {
  Project *project = calloc(1, sizeof *project);
  if (project) project->view = project_view_default();
  return project;
}

ProjectView project_view_default(void) {
  return (ProjectView){
      .scale = 80, .low_pitch = 36, .pitch_scale = 7, .speed = 1, .mix = 0.5, .selected_quarter = -1};
}

static void clear_command(ProjectCommand *command) {
  free(command->name);
  base_array_clear(&command->changes);
  base_array_clear(&command->edits);
}

static void forget_commands(Project *project, size_t from) {
  while (project->journal.n > from) clear_command(&project->journal.items[--project->journal.n]);
  if (project->unwritten_from > from) project->unwritten_from = from;
}

void project_free(Project *project) {
  if (!project) return;
  for (size_t i = 0; i < project->media.n; i++) free(project->media.items[i].path);
  forget_commands(project, 0);
  base_array_clear(&project->media);
  base_array_clear(&project->marks);
  base_array_clear(&project->edits);
  base_array_clear(&project->journal);
  base_array_clear(&project->unwritten);
  free(project->title);
  free(project);
}

/* ---- equality ---- */

static bool same_text(const char *a, const char *b) {
  return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_mark(const ProjectMark *a, const ProjectMark *b) {
  return beat_equal(a->quarter, b->quarter) && a->time_s == b->time_s && a->stamp_us == b->stamp_us &&
         a->verdict == b->verdict && a->midi == b->midi;
}

static bool same_media(const ProjectMedia *a, const ProjectMedia *b) {
  return a->id == b->id && a->kind == b->kind && same_text(a->path, b->path) &&
         same_text(a->sha256, b->sha256) && a->size == b->size && a->embedded == b->embedded;
}

static bool same_view(const ProjectView *a, const ProjectView *b) {
  return a->start_s == b->start_s && a->scale == b->scale && a->position_s == b->position_s &&
         a->low_pitch == b->low_pitch && a->pitch_scale == b->pitch_scale && a->speed == b->speed &&
         a->mix == b->mix && a->loop_start_s == b->loop_start_s && a->loop_end_s == b->loop_end_s &&
         a->selected_quarter == b->selected_quarter;
}

static bool same_command(const ProjectCommand *a, const ProjectCommand *b) {
  bool same = same_text(a->name, b->name) && a->stamp_us == b->stamp_us && a->nudge == b->nudge &&
              a->start_s == b->start_s && a->scale == b->scale && a->changes.n == b->changes.n &&
              a->edits.n == b->edits.n;
  for (size_t i = 0; same && i < a->changes.n; i++)
    same = same_mark(&a->changes.items[i].before, &b->changes.items[i].before) &&
           same_mark(&a->changes.items[i].after, &b->changes.items[i].after);
  for (size_t i = 0; same && i < a->edits.n; i++)
    same = project_same_edit(&a->edits.items[i].before, &b->edits.items[i].before) &&
           project_same_edit(&a->edits.items[i].after, &b->edits.items[i].after);
  return same;
}

bool project_equal(const Project *a, const Project *b) {
  bool same = same_text(a->title, b->title) && a->media.n == b->media.n && a->marks.n == b->marks.n &&
              a->journal.n == b->journal.n && a->cursor == b->cursor && same_view(&a->view, &b->view);
  for (size_t i = 0; same && i < a->media.n; i++) same = same_media(&a->media.items[i], &b->media.items[i]);
  for (size_t i = 0; same && i < a->marks.n; i++) same = same_mark(&a->marks.items[i], &b->marks.items[i]);
  same = same && a->edits.n == b->edits.n;
  for (size_t i = 0; same && i < a->edits.n; i++)
    same = project_same_edit(&a->edits.items[i], &b->edits.items[i]);
  for (size_t i = 0; same && i < a->journal.n; i++)
    same = same_command(&a->journal.items[i], &b->journal.items[i]);
  return same;
}

/* ---- media ---- */

ProjectMedia *project_add_media(Project *project, ProjectMediaKind kind, const char *path, int64_t size) {
  ProjectMedia media = {.id = 1, .kind = (uint8_t)kind, .path = strdup(path), .size = size};
  for (size_t i = 0; i < project->media.n; i++)
    if (project->media.items[i].id >= media.id) media.id = project->media.items[i].id + 1;
  if (!media.path) return NULL;
  if (!base_array_push(&project->media, media)) {
    free(media.path);
    return NULL;
  }
  return &project->media.items[project->media.n - 1];
}

ProjectMedia *project_find_media(Project *project, int64_t id) {
  for (size_t i = 0; i < project->media.n; i++)
    if (project->media.items[i].id == id) return &project->media.items[i];
  return NULL;
}

const ProjectMedia *project_media_of(const Project *project, ProjectMediaKind kind) {
  for (size_t i = 0; i < project->media.n; i++)
    if (project->media.items[i].kind == kind && !project->media.items[i].missing)
      return &project->media.items[i];
  return NULL;
}

/* ---- marks ---- */

int64_t project_note_ms(const ProjectMark *mark) {
  return mark->midi ? llround(mark->time_s * 1000) : 0;
}

/* Negative, zero or positive: places first, by quarter; then heard notes by time and pitch. */
static int compare_keys(const ProjectMark *a, const ProjectMark *b) {
  bool a_note = a->midi > 0, b_note = b->midi > 0;
  if (a_note != b_note) return a_note - b_note;
  if (!a_note) return beat_compare(a->quarter, b->quarter);
  int64_t a_ms = project_note_ms(a), b_ms = project_note_ms(b);
  if (a_ms != b_ms) return a_ms < b_ms ? -1 : 1;
  return a->midi - b->midi;
}

bool project_same_key(const ProjectMark *a, const ProjectMark *b) {
  return compare_keys(a, b) == 0;
}

/* The first mark that is not before `key`. */
static size_t lower_bound(const Project *project, const ProjectMark *key) {
  size_t low = 0, high = project->marks.n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare_keys(&project->marks.items[middle], key) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static const ProjectMark *find_mark(const Project *project, const ProjectMark *key) {
  size_t i = lower_bound(project, key);
  return i < project->marks.n && project_same_key(&project->marks.items[i], key) ? &project->marks.items[i]
                                                                                 : NULL;
}

const ProjectMark *project_mark_at(const Project *project, Beat quarter) {
  return find_mark(project, &(ProjectMark){.quarter = quarter});
}

const ProjectMark *project_mark_of_note(const Project *project, double onset_s, int midi) {
  return find_mark(project,
                   &(ProjectMark){.quarter = beat_whole(0), .time_s = onset_s, .midi = (uint8_t)midi});
}

bool project_is_anchor(const ProjectMark *mark) {
  return mark->verdict == PROJECT_CONFIRMED || mark->verdict == PROJECT_MOVED;
}

bool project_is_place(const ProjectMark *mark) {
  return mark->verdict != PROJECT_UNSAID && mark->verdict < PROJECT_EXTRA;
}

ProjectMark project_order_mark(int order) {
  return (ProjectMark){.quarter = beat_whole(-1), .time_s = order, .verdict = PROJECT_ORDER};
}

int project_order(const Project *project) {
  const ProjectMark *mark = project_mark_at(project, beat_whole(-1));
  if (mark) return (int)mark->time_s;
  for (size_t i = project->cursor; i < project->journal.n; i++)
    for (size_t k = 0; k < project->journal.items[i].changes.n; k++)
      if (project->journal.items[i].changes.items[k].after.verdict == PROJECT_ORDER) return 0;
  return -1;
}

AlignmentAnchor *project_anchors(const Project *project, size_t *n) {
  *n = 0;
  AlignmentAnchor *anchors = project->marks.n ? calloc(project->marks.n, sizeof *anchors) : NULL;
  for (size_t i = 0; anchors && i < project->marks.n; i++) {
    const ProjectMark *mark = &project->marks.items[i];
    if (project_is_anchor(mark)) anchors[(*n)++] = (AlignmentAnchor){mark->quarter, mark->time_s};
  }
  if (*n) return anchors;
  free(anchors);
  return NULL;
}

const ProjectMark *project_crossing(const Project *project, Beat quarter, double time_s) {
  for (size_t i = 0; i < project->marks.n; i++) {
    const ProjectMark *mark = &project->marks.items[i];
    if (!project_is_anchor(mark)) continue;
    int side = beat_compare(mark->quarter, quarter);
    if (side < 0 && mark->time_s > time_s - least_gap_s) return mark;
    if (side > 0 && mark->time_s < time_s + least_gap_s) return mark;
  }
  return NULL;
}

/* Room must have been reserved. */
static void put_mark(Project *project, const ProjectMark *mark) {
  size_t i = lower_bound(project, mark);
  ProjectMark *items = project->marks.items;
  bool there = i < project->marks.n && project_same_key(&items[i], mark);
  if (mark->verdict == PROJECT_UNSAID) {
    if (!there) return;
    memmove(items + i, items + i + 1, (project->marks.n - i - 1) * sizeof *items);
    project->marks.n--;
    return;
  }
  if (!there) {
    memmove(items + i + 1, items + i, (project->marks.n - i) * sizeof *items);
    project->marks.n++;
  }
  items[i] = *mark;
}

/* Applies one pair in memory and remembers it for the disk; room must have been reserved. */
static void change_mark(Project *project, ProjectChange change) {
  put_mark(project, &change.after);
  project->unwritten.items[project->unwritten.n++] = change;
}

static bool reserve_changes(Project *project, size_t n) {
  return base_array_reserve(&project->marks, project->marks.n + n) &&
         base_array_reserve(&project->unwritten, project->unwritten.n + n);
}

/* ---- doing ---- */

static ProjectMark unsaid(const ProjectMark *key) {
  ProjectMark mark = *key;
  mark.verdict = PROJECT_UNSAID;
  mark.stamp_us = 0;
  if (!mark.midi) mark.time_s = 0;
  return mark;
}

static ProjectChange change_to(const Project *project, const ProjectMark *after, int64_t now_us) {
  const ProjectMark *present = find_mark(project, after);
  ProjectChange change = {.before = present ? *present : unsaid(after), .after = *after};
  if (after->verdict == PROJECT_UNSAID)
    change.after = unsaid(&change.before);
  else
    change.after.stamp_us = now_us;
  return change;
}

static bool changes_nothing(const ProjectChange *change) {
  const ProjectMark *a = &change->before, *b = &change->after;
  return a->verdict == b->verdict && (a->verdict == PROJECT_UNSAID || (a->time_s == b->time_s && beat_equal(a->quarter, b->quarter)));
}

/* The last step, when a nudge of `mark` at `now_us` may be merged into it. */
static ProjectCommand *mergeable(const Project *project, const ProjectMark *mark, int64_t now_us) {
  if (!project->cursor || project->cursor != project->journal.n) return NULL;
  ProjectCommand *last = &project->journal.items[project->cursor - 1];
  bool merge = last->nudge && last->changes.n == 1 && now_us >= last->stamp_us &&
               now_us - last->stamp_us <= merge_us && project_same_key(&last->changes.items[0].after, mark);
  return merge ? last : NULL;
}

static void merge_nudge(Project *project, ProjectCommand *last, ProjectChange change, int64_t now_us) {
  last->changes.items[0].after = change.after;
  last->stamp_us = now_us;
  size_t index = project->cursor - 1;
  if (project->unwritten_from > index) project->unwritten_from = index;
  change_mark(project, change);
}

bool project_append(Project *project, ProjectCommand *command) {
  if (!command->name || !base_array_reserve(&project->journal, project->cursor + 1) ||
      !reserve_changes(project, command->changes.n) || !project_reserve_edits(project, command->edits.n)) {
    clear_command(command);
    return false;
  }
  forget_commands(project, project->cursor);
  project->journal.items[project->journal.n++] = *command;
  project->cursor++;
  project->cursor_unwritten = true;
  for (size_t i = 0; i < command->changes.n; i++) change_mark(project, command->changes.items[i]);
  for (size_t i = 0; i < command->edits.n; i++) project_put_edit(project, &command->edits.items[i], true);
  return true;
}

bool project_do(Project *project, const char *name, const ProjectMark *after, size_t n, bool nudge,
                int64_t now_us) {
  ProjectCommand command = {.stamp_us = now_us,
                            .nudge = nudge && n == 1,
                            .start_s = project->view.start_s,
                            .scale = project->view.scale};
  for (size_t i = 0; i < n; i++) {
    ProjectChange change = change_to(project, &after[i], now_us);
    if (changes_nothing(&change)) continue;
    if (!base_array_push(&command.changes, change)) {
      clear_command(&command);
      return false;
    }
  }
  if (command.changes.n == 0) return true;
  ProjectCommand *last = command.nudge ? mergeable(project, after, now_us) : NULL;
  if (last) {
    bool room = reserve_changes(project, 1);
    if (room) merge_nudge(project, last, command.changes.items[0], now_us);
    clear_command(&command);
    return room;
  }
  command.name = strdup(name);
  return project_append(project, &command);
}

const ProjectCommand *project_undo(Project *project) {
  if (!project->cursor) return NULL;
  const ProjectCommand *command = &project->journal.items[project->cursor - 1];
  if (!reserve_changes(project, command->changes.n) || !project_reserve_edits(project, command->edits.n))
    return NULL;
  project->cursor--;
  project->cursor_unwritten = true;
  for (size_t i = command->changes.n; i-- > 0;)
    change_mark(project, (ProjectChange){command->changes.items[i].after, command->changes.items[i].before});
  for (size_t i = command->edits.n; i-- > 0;) project_put_edit(project, &command->edits.items[i], false);
  return command;
}

const ProjectCommand *project_redo(Project *project) {
  if (project->cursor >= project->journal.n) return NULL;
  const ProjectCommand *command = &project->journal.items[project->cursor];
  if (!reserve_changes(project, command->changes.n) || !project_reserve_edits(project, command->edits.n))
    return NULL;
  project->cursor++;
  project->cursor_unwritten = true;
  for (size_t i = 0; i < command->changes.n; i++) change_mark(project, command->changes.items[i]);
  for (size_t i = 0; i < command->edits.n; i++) project_put_edit(project, &command->edits.items[i], true);
  return command;
}

const char *project_undo_name(const Project *project) {
  return project->cursor ? project->journal.items[project->cursor - 1].name : NULL;
}

const char *project_redo_name(const Project *project) {
  return project->cursor < project->journal.n ? project->journal.items[project->cursor].name : NULL;
}

void project_written(Project *project) {
  project->unwritten.n = 0;
  project->unwritten_from = project->journal.n;
  project->cursor_unwritten = project->edits_unwritten = false;
}

/* ---- restoring ---- */

static bool sane(const ProjectMark *mark) {
  return mark->quarter.den > 0 && isfinite(mark->time_s) && mark->time_s >= 0 && mark->time_s < 1e7 &&
         mark->midi < 128 && mark->verdict <= PROJECT_ORDER &&
         ((mark->verdict != PROJECT_EXTRA && mark->verdict != PROJECT_ORNAMENT) || mark->midi > 0);
}

bool project_restore_mark(Project *project, ProjectMark mark) {
  if (!sane(&mark) || mark.verdict == PROJECT_UNSAID || find_mark(project, &mark)) return false;
  if (project_is_anchor(&mark) && project_crossing(project, mark.quarter, mark.time_s)) return false;
  if (!base_array_reserve(&project->marks, project->marks.n + 1)) return false;
  put_mark(project, &mark);
  return true;
}

bool project_restore_command(Project *project, const char *name, int64_t stamp_us, bool nudge, double start_s,
                             double scale, const ProjectChange *changes, size_t n,
                             const ProjectEditChange *edits, size_t n_edits) {
  ProjectCommand command = {
      .name = strdup(name), .stamp_us = stamp_us, .nudge = nudge, .start_s = start_s, .scale = scale};
  bool good = command.name && isfinite(start_s) && isfinite(scale) && n + n_edits > 0;
  for (size_t i = 0; good && i < n; i++)
    good =
        sane(&changes[i].before) && sane(&changes[i].after) && base_array_push(&command.changes, changes[i]);
  for (size_t i = 0; good && i < n_edits; i++)
    good = project_sane_edit(&edits[i].before) && project_sane_edit(&edits[i].after) &&
           base_array_push(&command.edits, edits[i]);
  good = good && base_array_push(&project->journal, command);
  if (!good) clear_command(&command);
  return good;
}
