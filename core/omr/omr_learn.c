/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bars that a person put right or confirmed show how this document departs from its print: whether it has
 * triplets that nothing marks, loses dots, shows specks as notes. The prices of the rhythm are moved, one
 * after the other and by factors of two and its root, to where solving those bars from what was read gives
 * what the person made of them. Each step away from the usual prices has to pay by more than half a note, in
 * several bars. What voices do is the same in all documents and stays. */
#include "core/omr/omr_learn.h"

#include "core/omr/omr_learn_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BARS = 32, MOST_SURE = 32, ROUNDS = 4, BEAM = 64 };

#define STEP_WORTH 0.6f /* wrong events that a factor of two has to put right */
#define FARTHEST   2.0f
#define UNFINISHED 2.0f /* what a bar that was put right cannot cost: more is to be said there */
#define SURE       1.5f /* margin of a rhythm that is as good as told by a person … */
#define SURE_WORTH 0.5f /* … and counts this much of one */

/* A bar as read, with what is true of each event. */
typedef struct {
  size_t first, n; /* of Lesson.events */
  int32_t ticks;
  float worth; /* of an event that is wrong */
} Bar;

typedef struct {
  BASE_ARRAY(OmrEvent) events; /* onset, length and left_out are the truth */
  BASE_ARRAY(Bar) bars;
  BaseArena *arena;
  OmrEvent *spare;
} Lesson;

/* ---- pages with some of the edits ---- */

typedef struct {
  OmrPage **pages;
  OmrAssembly assembly;
} Reading;

/* What has to be there for a bar to be solved at all: added notes, and what rules whole bars. */
static bool needed(const OmrEdit *edit) {
  return edit->kind == OMR_EDIT_NOTE || edit->kind == OMR_EDIT_REST || edit->kind >= OMR_EDIT_CLEF;
}

static BaseStatus lay_edits(BaseContext *ctx, Reading *reading, const OmrPage *const *pages, size_t n,
                            const OmrEdits *edits) {
  reading->pages = calloc(n + 1, sizeof *reading->pages);
  if (!reading->pages) return base_fail_memory(ctx);
  BaseStatus status = BASE_OK;
  for (size_t i = 0; i < n && status == BASE_OK; i++)
    if (pages[i])
      status =
          omr_edit_page(ctx, &reading->pages[i], pages[i], (int32_t)i, NULL, edits->items, edits->n, NULL);
  return status;
}

static BaseStatus gather(BaseContext *ctx, Reading *reading, size_t n, const OmrEdits *edits,
                         const OmrPage *const *pages, BaseArena *arena) {
  BaseStatus status = lay_edits(ctx, reading, pages, n, edits);
  if (status != BASE_OK) return status;
  reading->assembly =
      (OmrAssembly){.pages = (const OmrPage *const *)reading->pages, .n_pages = n, .arena = arena};
  omr_lay_out(&reading->assembly);
  return omr_gather_measures(ctx, &reading->assembly);
}

static void clear_reading(Reading *reading, size_t n) {
  omr_assembly_clear(&reading->assembly);
  for (size_t i = 0; reading->pages && i < n; i++) omr_page_free(reading->pages[i]);
  free(reading->pages);
}

/* ---- which bars, and what is true of them ---- */

/* Whether a place of a page is in the bar, or a little above or below it. */
static bool holds(const OmrAssembly *assembly, const OmrMeasure *measure, int32_t at, float x, float y) {
  const OmrPage *page = assembly->pages[measure->page];
  const OmrSystem *system = &page->systems.items[measure->system];
  float above = 4 * page->space_px;
  return at == measure->page && x >= page->bars.items[measure->left].x_px &&
         x < page->bars.items[measure->right].x_px && y > system->y0_px - above && y < system->y1_px + above;
}

/* Said or confirmed by the person. */
static bool trusted(const OmrAssembly *assembly, const OmrMeasure *measure, const OmrEdits *edits) {
  for (size_t i = 0; i < edits->n; i++)
    if (holds(assembly, measure, edits->items[i].page, edits->items[i].x_px, edits->items[i].y_px))
      return true;
  return false;
}

bool omr_learn_trusts(const OmrAssembly *right, const OmrEdits *edits, int32_t page, float x_px, float y_px) {
  for (size_t i = 0; i < right->measures.n; i++)
    if (holds(right, &right->measures.items[i], page, x_px, y_px))
      return trusted(right, &right->measures.items[i], edits);
  return false;
}

/* The place of an event's first head or of its rest. */
static void place_of(float place[2], const OmrAssembly *assembly, const OmrMeasure *measure, size_t event) {
  const OmrPage *page = assembly->pages[measure->page];
  const OmrSource *source = &assembly->sources.items[event];
  if (source->chord >= 0) {
    const OmrHead *head = &page->heads.items[omr_first_head(page, source->chord)];
    place[0] = head->x_px, place[1] = head->y_px;
  } else {
    const OmrSymbol *rest = &page->symbols.items[source->symbol];
    place[0] = rest->x_px + 0.5f * rest->width_px, place[1] = rest->y_px + 0.5f * rest->height_px;
  }
}

/* Whether any head of the chord, or the rest, stands at the place. */
static bool stands_at(const OmrAssembly *assembly, const OmrMeasure *measure, size_t event,
                      const float place[2]) {
  const OmrPage *page = assembly->pages[measure->page];
  const OmrSource *source = &assembly->sources.items[event];
  if (source->chord < 0) {
    float own[2];
    place_of(own, assembly, measure, event);
    return fabsf(own[0] - place[0]) < 1 && fabsf(own[1] - place[1]) < 1;
  }
  for (size_t i = omr_first_head(page, source->chord);
       i < page->heads.n && page->heads.items[i].chord == source->chord; i++)
    if (fabsf(page->heads.items[i].x_px - place[0]) < 1 && fabsf(page->heads.items[i].y_px - place[1]) < 1)
      return true;
  return false;
}

static const OmrEvent *truth_of(const OmrAssembly *right, const OmrMeasure *measure, const float place[2]) {
  for (size_t e = measure->first; e < measure->first + measure->n; e++)
    if (stands_at(right, measure, e, place)) return &right->events.items[e];
  return NULL;
}

static bool add_bar(Lesson *lesson, const OmrAssembly *read, const OmrMeasure *measure,
                    const OmrAssembly *right, const OmrMeasure *solved, float worth) {
  Bar bar = {.first = lesson->events.n, .n = measure->n, .ticks = solved->ticks, .worth = worth};
  for (size_t e = measure->first; e < measure->first + measure->n; e++) {
    OmrEvent event = read->events.items[e];
    float place[2];
    place_of(place, read, measure, e);
    const OmrEvent *truth = truth_of(right, solved, place);
    event.left_out = !truth || truth->left_out;
    event.onset = truth ? truth->onset : 0;
    event.length = truth ? truth->length : 0;
    if (!base_array_push(&lesson->events, event)) return false;
  }
  return base_array_push(&lesson->bars, bar);
}

static const OmrMeasure *same_measure(const OmrAssembly *assembly, const OmrMeasure *wanted) {
  for (size_t i = 0; i < assembly->measures.n; i++) {
    const OmrMeasure *measure = &assembly->measures.items[i];
    if (measure->page == wanted->page && measure->left == wanted->left) return measure;
  }
  return NULL;
}

static bool is_sure(const OmrAssembly *right, const OmrMeasure *solved, const OmrEdits *edits) {
  return solved->n > 4 && solved->margin >= SURE && !trusted(right, solved, edits);
}

static bool collect_trusted(Lesson *lesson, const OmrAssembly *read, const OmrAssembly *right,
                            const OmrEdits *edits) {
  for (size_t i = 0; i < right->measures.n && lesson->bars.n < MOST_BARS; i++) {
    const OmrMeasure *solved = &right->measures.items[i], *measure = same_measure(read, solved);
    if (!measure || !measure->n || !trusted(right, solved, edits) || solved->cost > UNFINISHED) continue;
    if (!add_bar(lesson, read, measure, right, solved, 1)) return false;
  }
  return true;
}

/* Bars all over the document that are sure by themselves keep the lesson from spoiling what is right. */
static bool collect_sure(Lesson *lesson, const OmrAssembly *read, const OmrAssembly *right,
                         const OmrEdits *edits) {
  size_t n = 0, at = 0;
  for (size_t i = 0; i < right->measures.n; i++) n += is_sure(right, &right->measures.items[i], edits);
  for (size_t i = 0; i < right->measures.n; i++) {
    const OmrMeasure *solved = &right->measures.items[i], *measure = same_measure(read, solved);
    if (!is_sure(right, solved, edits)) continue;
    bool wanted = n <= MOST_SURE || at * MOST_SURE / n != (at + 1) * MOST_SURE / n;
    at++;
    if (wanted && measure && !add_bar(lesson, read, measure, right, solved, SURE_WORTH)) return false;
  }
  return true;
}

/* ---- trying ---- */

static float wrong_in(Lesson *lesson, const Bar *bar, const OmrTaste *taste) {
  const OmrEvent *truth = lesson->events.items + bar->first;
  OmrBarRhythm rhythm;
  float wrong = 0;
  memcpy(lesson->spare, truth, bar->n * sizeof *truth);
  for (size_t i = 0; i < bar->n; i++) lesson->spare[i].left_out = false;
  if (omr_solve_bar(&rhythm, lesson->spare, bar->n, bar->ticks, &(OmrRhythmParams){taste, BEAM},
                    lesson->arena) != BASE_OK)
    return 1e9f;
  for (size_t i = 0; i < bar->n; i++) {
    const OmrEvent *got = &lesson->spare[i];
    if (got->fills) continue;
    if (got->left_out != truth[i].left_out)
      wrong += 1;
    else if (!got->left_out)
      wrong += got->onset != truth[i].onset ? 1 : got->length != truth[i].length ? 0.3f : 0;
  }
  return wrong * bar->worth;
}

/* What is wrong in each bar and in all, and what the taste itself costs; gives up beyond `most`. */
static float wrong_with(Lesson *lesson, float *each, const OmrTaste *taste, float most) {
  float wrong = 0;
  for (int k = 0; k < OMR_TASTES; k++) wrong += STEP_WORTH * fabsf(taste->dearer[k]);
  for (size_t i = 0; i < lesson->bars.n && wrong < most; i++)
    wrong += each[i] = wrong_in(lesson, &lesson->bars.items[i], taste);
  return wrong;
}

/* One bar is an accident: several have to gain, and more than lose. */
static bool several_gain(const Lesson *lesson, const float *before, const float *after) {
  int gain = 0, lose = 0;
  for (size_t i = 0; i < lesson->bars.n; i++) gain += after[i] < before[i], lose += after[i] > before[i];
  return gain >= 2 && gain > lose;
}

/* The best single step from `*taste`, taken; false when none pays. `each`: what is wrong in each bar, twice as
 * much room behind it. */
static bool take_best_step(BaseContext *ctx, OmrTaste *taste, float *least, float *each, Lesson *lesson) {
  static const float steps[] = {0.5f, -0.5f, 1, -1};
  OmrTaste from = *taste;
  size_t n = lesson->bars.n;
  float *tried_each = each + n, *best_each = tried_each + n;
  bool moved = false;
  for (int k = 0; k < OMR_TASTES; k++)
    for (size_t s = 0; s < sizeof steps / sizeof *steps && !base_cancelled(ctx); s++) {
      OmrTaste tried = from;
      tried.dearer[k] += steps[s];
      if (k >= OMR_TASTE_VOICE || fabsf(tried.dearer[k]) > FARTHEST) continue;
      float wrong = wrong_with(lesson, tried_each, &tried, *least);
      if (wrong >= *least || !several_gain(lesson, each, tried_each)) continue;
      memcpy(best_each, tried_each, n * sizeof *each);
      *least = wrong;
      *taste = tried;
      moved = true;
    }
  if (moved) memcpy(each, best_each, n * sizeof *each);
  return moved;
}

static BaseStatus search(BaseContext *ctx, OmrTaste *taste, Lesson *lesson) {
  float *each = BASE_TAKE(lesson->arena, float, 3 * lesson->bars.n + 1);
  if (!each) return base_fail_memory(ctx);
  float least = wrong_with(lesson, each, taste, 1e9f);
  for (int round = 0; round < ROUNDS && least > 0 && take_best_step(ctx, taste, &least, each, lesson); round++)
    continue;
  return base_cancelled(ctx) ? base_fail_cancelled(ctx) : BASE_OK;
}

/* ---- all of it ---- */

static bool keep_needed(OmrEdits *out, const OmrEdits *edits) {
  for (size_t i = 0; i < edits->n; i++)
    if (needed(&edits->items[i]) && !base_array_push(out, edits->items[i])) return false;
  return true;
}

static BaseStatus learn(BaseContext *ctx, OmrTaste *out, Lesson *lesson, Reading readings[2],
                        const OmrPage *const *pages, size_t n, const OmrEdits *edits, const OmrEdits *some) {
  BaseStatus status = gather(ctx, &readings[0], n, some, pages, lesson->arena);
  if (status == BASE_OK) status = gather(ctx, &readings[1], n, edits, pages, lesson->arena);
  if (status == BASE_OK) status = omr_solve_rhythm(ctx, &readings[1].assembly);
  if (status != BASE_OK) return status;
  const OmrAssembly *read = &readings[0].assembly, *right = &readings[1].assembly;
  if (!collect_trusted(lesson, read, right, edits) || !collect_sure(lesson, read, right, edits))
    return base_fail_memory(ctx);
  if (!omr_learn_signs(out, pages, right, edits)) return base_fail_memory(ctx);
  lesson->spare = BASE_TAKE(lesson->arena, OmrEvent, OMR_BAR_EVENTS + 1);
  if (!lesson->spare) return base_fail_memory(ctx);
  return search(ctx, out, lesson);
}

BaseStatus omr_learn(BaseContext *ctx, OmrTaste *out, const OmrPage *const *pages, size_t n,
                     const OmrEdit *edits, size_t n_edits) {
  Lesson lesson = {.arena = base_arena_new(0)};
  Reading readings[2] = {{0}, {0}};
  OmrEdits all = {.items = (OmrEdit *)edits, .n = n_edits}, some = {0}; /* `all` is only read */
  OmrTaste taste = {{0}};
  BaseStatus status = lesson.arena && keep_needed(&some, &all) ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK) status = learn(ctx, &taste, &lesson, readings, pages, n, &all, &some);
  for (int i = 0; i < 2; i++) clear_reading(&readings[i], n);
  base_array_clear(&some);
  base_array_clear(&lesson.events);
  base_array_clear(&lesson.bars);
  base_arena_free(lesson.arena);
  if (status == BASE_OK) *out = taste;
  return status;
}
