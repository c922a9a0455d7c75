/* Undo gives back exactly what was; nudges merge; anchors never cross. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/project.h"
#include "core/base/base_rng.h"
#include "tests/check.h"

static ProjectMark moved(int quarter, double time_s) {
  return (ProjectMark){.quarter = beat_whole(quarter), .time_s = time_s, .verdict = PROJECT_MOVED};
}

static bool do_one(Project *project, ProjectMark mark, bool nudge, int64_t now_us) {
  return project_do(project, "a step", &mark, 1, nudge, now_us);
}

static void undo_gives_back_what_was(void) {
  Project *project = project_new();
  CHECK(do_one(project, moved(4, 2.0), false, 1));
  CHECK(do_one(project, moved(4, 2.5), false, 2));
  ProjectMark gone = {.quarter = beat_whole(4)};
  CHECK(do_one(project, gone, false, 3));
  CHECK(project->marks.n == 0);
  project_undo(project);
  CHECK(project->marks.n == 1 && project->marks.items[0].time_s == 2.5 &&
        project->marks.items[0].stamp_us == 2);
  project_undo(project);
  CHECK(project->marks.n == 1 && project->marks.items[0].time_s == 2.0 &&
        project->marks.items[0].stamp_us == 1);
  project_undo(project);
  CHECK(project->marks.n == 0 && project_undo(project) == NULL && project_undo_name(project) == NULL);
  CHECK_TEXT(project_redo_name(project), "a step");
  project_free(project);
}

static void a_new_step_forgets_what_was_undone(void) {
  Project *project = project_new();
  do_one(project, moved(1, 1), false, 1);
  do_one(project, moved(2, 2), false, 2);
  project_undo(project);
  do_one(project, moved(3, 3), false, 3);
  CHECK(project->journal.n == 2 && project->cursor == 2 && project_redo(project) == NULL);
  CHECK(project_mark_at(project, beat_whole(2)) == NULL && project_mark_at(project, beat_whole(3)) != NULL);
  project_free(project);
}

static void nudges_within_a_second_are_one_step(void) {
  Project *project = project_new();
  do_one(project, moved(1, 1.00), true, 1000000);
  do_one(project, moved(1, 1.01), true, 1500000);
  do_one(project, moved(1, 1.02), true, 2400000);
  CHECK(project->journal.n == 1 && project->marks.items[0].time_s == 1.02);
  do_one(project, moved(1, 1.03), true, 3500000);
  CHECK(project->journal.n == 2);
  do_one(project, moved(2, 5), true, 3600000);
  CHECK(project->journal.n == 3);
  project_undo(project);
  project_undo(project);
  project_undo(project);
  CHECK(project->marks.n == 0);
  project_free(project);
}

static void nothing_changed_is_no_step(void) {
  Project *project = project_new();
  do_one(project, moved(1, 1), false, 1);
  CHECK(do_one(project, moved(1, 1), false, 2));
  ProjectMark gone = {.quarter = beat_whole(9)};
  CHECK(do_one(project, gone, false, 3));
  CHECK(project->journal.n == 1 && project->marks.items[0].stamp_us == 1);
  project_free(project);
}

static void anchors_that_would_cross_are_named(void) {
  Project *project = project_new();
  do_one(project, moved(4, 2.0), false, 1);
  do_one(project, moved(8, 4.0), false, 2);
  ProjectMark silent = {.quarter = beat_whole(6), .verdict = PROJECT_NOT_PLAYED};
  do_one(project, silent, false, 3);
  CHECK(project_crossing(project, beat_whole(6), 3.0) == NULL);
  const ProjectMark *low = project_crossing(project, beat_whole(6), 1.9);
  CHECK(low && low->time_s == 2.0);
  const ProjectMark *high = project_crossing(project, beat_whole(6), 4.0);
  CHECK(high && high->time_s == 4.0);
  CHECK(project_crossing(project, beat_whole(4), 3.0) == NULL);
  size_t n;
  AlignmentAnchor *anchors = project_anchors(project, &n);
  CHECK(n == 2 && anchors[0].time_s == 2.0 && anchors[1].time_s == 4.0);
  free(anchors);
  project_free(project);
}

static ProjectMark random_mark(BaseRng *rng) {
  ProjectMark mark = {.quarter = beat_make(base_rng_below(rng, 12), 2),
                      .verdict = (uint8_t)base_rng_below(rng, PROJECT_ORDER)};
  mark.time_s = mark.verdict == PROJECT_NOT_PLAYED ? 0 : base_rng_range(rng, 0, 10);
  if (mark.verdict != PROJECT_EXTRA && mark.verdict != PROJECT_ORNAMENT) return mark;
  if (mark.verdict == PROJECT_EXTRA) mark.quarter = beat_whole(0);
  mark.time_s = base_rng_below(rng, 4);
  mark.midi = (uint8_t)(60 + base_rng_below(rng, 3));
  return mark;
}

static bool same_marks(const ProjectMark *a, const ProjectMark *b, size_t n) {
  bool same = true;
  for (size_t i = 0; same && i < n; i++)
    same = beat_equal(a[i].quarter, b[i].quarter) && a[i].time_s == b[i].time_s &&
           a[i].stamp_us == b[i].stamp_us && a[i].verdict == b[i].verdict && a[i].midi == b[i].midi;
  return same;
}

/* Random steps, undos and redos against a plain record of every state. */
static void random_edits_equal_a_plain_record(void) {
  enum { steps = 400 };
  BaseRng rng = base_rng(7, 0);
  Project *project = project_new();
  ProjectMark(*states)[32] = calloc(steps + 1, sizeof *states);
  size_t sizes[steps + 1] = {0}, at = 0, last = 0;
  for (int i = 0; i < steps; i++) {
    uint32_t what = base_rng_below(&rng, 4);
    if (what == 0) {
      CHECK((project_undo(project) != NULL) == (at > 0));
      if (at) at--;
    } else if (what == 1) {
      CHECK((project_redo(project) != NULL) == (at < last));
      if (at < last) at++;
    } else {
      ProjectMark marks[3] = {random_mark(&rng), random_mark(&rng), random_mark(&rng)};
      bool distinct = !project_same_key(&marks[0], &marks[1]) && !project_same_key(&marks[1], &marks[2]) &&
                      !project_same_key(&marks[0], &marks[2]);
      size_t before = project->journal.n, cursor = project->cursor;
      CHECK(project_do(project, "x", marks, distinct ? 3 : 1, false, i + 1));
      if (project->journal.n != before || project->cursor != cursor) last = ++at;
      if (project->marks.n) memcpy(states[at], project->marks.items, project->marks.n * sizeof(ProjectMark));
      sizes[at] = project->marks.n;
    }
    CHECK(project->marks.n == sizes[at]);
    CHECK(same_marks(project->marks.items, states[at], sizes[at]));
  }
  free(states);
  project_free(project);
}

static OmrEdit edit_at(float x, OmrEditKind kind, int value) {
  return (OmrEdit){0, x, 300, (uint8_t)kind, (int16_t)value};
}

static bool edit_one(Project *project, OmrEdit edit, bool nudge, int64_t now_us) {
  return project_edit(project, "an edit", &edit, 1, nudge, now_us);
}

static void edits_of_pages_are_undone_and_merged(void) {
  Project *project = project_new();
  const int64_t second = 1000000;
  CHECK(edit_one(project, edit_at(100, OMR_EDIT_PITCH, 30), true, 1));
  CHECK(edit_one(project, edit_at(100.4f, OMR_EDIT_PITCH, 31), true,
                 second / 2)); /* the same note, soon after */
  CHECK(project->edits.n == 1 && project->edits.items[0].value == 31 && project->journal.n == 1);
  CHECK(edit_one(project, edit_at(100, OMR_EDIT_PITCH, 32), true, 3 * second));
  CHECK(edit_one(project, edit_at(100, OMR_EDIT_DOTS, 1), false, 4 * second));
  CHECK(do_one(project, moved(4, 2.0), false, 5 * second));
  CHECK(project->edits.n == 2 && project->journal.n == 4);
  CHECK(edit_one(project, edit_at(100, OMR_EDIT_DOTS, 1), false, 6 * second) &&
        project->journal.n == 4); /* no news */
  OmrEdit place = edit_at(100, OMR_EDIT_NOTHING, 0);
  CHECK(project_unedit(project, "take back", &place, 1, 7 * second));
  CHECK(project->edits.n == 0 && project->marks.n == 1);
  CHECK_TEXT(project_undo_name(project), "take back");
  project_undo(project);
  CHECK(project->edits.n == 2);
  project_undo(project);
  CHECK(project->edits.n == 2 && project->marks.n == 0);
  project_undo(project);
  CHECK(project->edits.n == 1 && project->edits.items[0].value == 32);
  project_undo(project);
  CHECK(project->edits.n == 1 && project->edits.items[0].value == 31);
  project_undo(project);
  CHECK(project->edits.n == 0 && !project_undo(project));
  for (int i = 0; i < 5; i++) CHECK(project_redo(project) != NULL);
  CHECK(project->edits.n == 0 && project->marks.n == 1 && !project_redo(project));
  project_free(project);
}

static void adding_and_deleting_are_of_one_kind(void) {
  Project *project = project_new();
  edit_one(project, edit_at(50, OMR_EDIT_NOTE, 2), false, 1);
  edit_one(project, edit_at(50, OMR_EDIT_PITCH, 30), false, 2);
  edit_one(project, edit_at(50, OMR_EDIT_NOTHING, 0), false, 3);
  CHECK(project->edits.n == 2 && project->edits.items[0].kind == OMR_EDIT_NOTHING);
  project_undo(project);
  CHECK(project->edits.items[0].kind == OMR_EDIT_NOTE && project->edits.items[1].kind == OMR_EDIT_PITCH);
  project_free(project);
}

CHECK_MAIN({CASE(edits_of_pages_are_undone_and_merged)}, {CASE(adding_and_deleting_are_of_one_kind)},
           {CASE(undo_gives_back_what_was)}, {CASE(a_new_step_forgets_what_was_undone)},
           {CASE(nudges_within_a_second_are_one_step)}, {CASE(nothing_changed_is_no_step)},
           {CASE(anchors_that_would_cross_are_named)}, {CASE(random_edits_equal_a_plain_record)})
