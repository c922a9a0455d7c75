/* Edits are laid over copies of the pages that have any, and the score is put together again; bars that did
 * not change are remembered, so that this takes some ms. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/steps-edits.h"

#include "core/omr/omr_suit.h"

#include <string.h>

struct StepsPages {
  OmrPage **pages;
  gsize n;
  OmrBars *bars; /* under `lock` */
  GMutex lock;
};

StepsPages *steps_pages_new(OmrPage **pages_taken, gsize n) {
  StepsPages *made = g_atomic_rc_box_new0(StepsPages);
  made->pages = pages_taken;
  made->n = n;
  made->bars = omr_bars_new();
  g_mutex_init(&made->lock);
  return made;
}

StepsPages *steps_pages_ref(StepsPages *pages) {
  return g_atomic_rc_box_acquire(pages);
}

static void clear(gpointer data) {
  StepsPages *pages = data;
  flow_pages_free(pages->pages, pages->n);
  omr_bars_free(pages->bars);
  g_mutex_clear(&pages->lock);
}

void steps_pages_unref(gpointer pages) {
  if (pages) g_atomic_rc_box_release_full(pages, clear);
}

const OmrPage *steps_pages_at(const StepsPages *pages, int page) {
  return pages && page >= 0 && (gsize)page < pages->n ? pages->pages[page] : NULL;
}

static gboolean has_edits(const OmrEdits *edits, gsize page) {
  for (gsize i = 0; i < edits->n; i++)
    if (edits->items[i].page == (int32_t)page) return TRUE;
  return FALSE;
}

/* `laid[i]`: a copy of the page with its edits, null where there are none. */
static BaseStatus lay(BaseContext *ctx, OmrPage **laid, const StepsPages *pages, const OmrEdits *edits,
                      const OmrTaste *taste, gsize *lost) {
  BaseStatus status = BASE_OK;
  for (gsize i = 0; i < pages->n && status == BASE_OK; i++) {
    gsize missed = 0;
    if (!pages->pages[i] || (!has_edits(edits, i) && omr_suits_all(taste))) continue;
    status =
        omr_edit_page(ctx, &laid[i], pages->pages[i], (int32_t)i, taste, edits->items, edits->n, &missed);
    if (lost) *lost += missed;
  }
  return status;
}

BaseStatus steps_assemble(BaseContext *ctx, Score **out, StepsPages *pages, const OmrEdits *edits,
                          const OmrTaste *taste, gsize *lost) {
  g_autofree OmrPage **laid = g_new0(OmrPage *, pages->n + 1);
  g_autofree const OmrPage **all = g_new0(const OmrPage *, pages->n + 1);
  if (lost) *lost = 0;
  BaseStatus status = lay(ctx, laid, pages, edits, taste, lost);
  for (gsize i = 0; i < pages->n; i++) all[i] = laid[i] ? laid[i] : pages->pages[i];
  g_mutex_lock(&pages->lock);
  OmrAssembleParams params = {.bars = pages->bars, .taste = taste};
  if (status == BASE_OK) status = omr_assemble(ctx, out, all, pages->n, &params);
  g_mutex_unlock(&pages->lock);
  for (gsize i = 0; i < pages->n; i++) omr_page_free(laid[i]);
  return status;
}

/* ---- the job ---- */

StepsCorrectSnapshot *steps_correct_snapshot(StepsPages *pages, const OmrEdits *edits, const OmrTaste *taste,
                                             gboolean learn) {
  StepsCorrectSnapshot *snapshot = g_new0(StepsCorrectSnapshot, 1);
  snapshot->pages = steps_pages_ref(pages);
  snapshot->taste = *taste;
  snapshot->learn = learn;
  if (edits->n && base_array_reserve(&snapshot->edits, edits->n)) {
    memcpy(snapshot->edits.items, edits->items, edits->n * sizeof *edits->items);
    snapshot->edits.n = edits->n;
  }
  return snapshot;
}

void steps_correct_snapshot_free(gpointer data) {
  StepsCorrectSnapshot *snapshot = data;
  steps_pages_unref(snapshot->pages);
  base_array_clear(&snapshot->edits);
  g_free(snapshot);
}

void steps_corrected_free(gpointer data) {
  StepsCorrected *corrected = data;
  if (corrected->part) steps_read_part_free(corrected->part);
  g_free(corrected);
}

/* Measures whose notes differ in place or length. Both scores stand on the same pages. */
static guint changed_bars(const Score *a, const Score *b) {
  guint changed = 0;
  gsize i = 0, k = 0;
  for (gsize m = 0; m < MAX(a->measures.n, b->measures.n); m++) {
    gsize i0 = i, k0 = k;
    while (i < a->notes.n && (gsize)a->notes.items[i].measure == m) i++;
    while (k < b->notes.n && (gsize)b->notes.items[k].measure == m) k++;
    gboolean same = i - i0 == k - k0;
    for (gsize n = 0; same && n < i - i0; n++) {
      const ScoreNote *x = &a->notes.items[i0 + n], *y = &b->notes.items[k0 + n];
      same = beat_equal(x->onset, y->onset) && beat_equal(x->duration, y->duration) && x->step == y->step &&
             x->octave == y->octave && x->alter == y->alter && x->staff == y->staff;
    }
    changed += !same;
  }
  return changed;
}

static BaseStatus learn(BaseContext *ctx, StepsCorrected *out, const StepsCorrectSnapshot *snapshot) {
  const StepsPages *pages = snapshot->pages;
  return omr_learn(ctx, &out->taste, (const OmrPage *const *)pages->pages, pages->n, snapshot->edits.items,
                   snapshot->edits.n);
}

BaseStatus steps_correct(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsCorrectSnapshot *snapshot = data;
  g_autofree StepsCorrected *made = g_new0(StepsCorrected, 1);
  Score *before = NULL, *score = NULL;
  made->taste = snapshot->taste;
  BaseStatus status = snapshot->learn ? learn(ctx, made, snapshot) : BASE_OK;
  gboolean other = memcmp(&made->taste, &snapshot->taste, sizeof made->taste) != 0;
  if (status == BASE_OK && other)
    status = steps_assemble(ctx, &before, snapshot->pages, &snapshot->edits, &snapshot->taste, NULL);
  if (status == BASE_OK)
    status = steps_assemble(ctx, &score, snapshot->pages, &snapshot->edits, &made->taste, NULL);
  if (status == BASE_OK && before) made->changed = changed_bars(before, score);
  score_free(before);
  if (status == BASE_OK) status = steps_read_part(ctx, &made->part, score);
  if (status == BASE_OK) *result = g_steal_pointer(&made);
  return status;
}
