/* States of places are gathered by written note, the worst of several passes; then every box gets its mark.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/page-marks.h"
#include "widgets/state.h"

#include <string.h>

static int worse(int a, int b) {
  return tri_state_outranks(b, a) ? b : a;
}

/* One state per written note, by index; -1 where nothing sounds. */
static int *note_states(TriScene *scene, const Score *score, const ScoreUnfolded *unfolded) {
  guint n;
  const TriPlace *places = tri_scene_get_places(scene, &n);
  int *states = g_new(int, score->notes.n + 1);
  GHashTable *worst = g_hash_table_new(NULL, NULL);
  for (guint i = 0; unfolded && i < MIN(n, unfolded->onsets.n); i++) {
    const ScoreOnset *onset = &unfolded->onsets.items[i];
    for (size_t s = onset->first; s < onset->first + onset->n; s++) {
      gpointer id = GUINT_TO_POINTER(unfolded->sounds.items[s].note);
      gpointer before = g_hash_table_lookup(worst, id);
      int state = before ? worse(GPOINTER_TO_INT(before) - 1, places[i].state) : places[i].state;
      g_hash_table_insert(worst, id, GINT_TO_POINTER(state + 1));
    }
  }
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    int state = GPOINTER_TO_INT(g_hash_table_lookup(worst, GUINT_TO_POINTER(note->id))) - 1;
    if (state < 0 && note->kind == SCORE_NOTE && n == 0)
      state = (int)tri_state_of_confidence(note->confidence);
    states[i] = state == TRI_SURE || state == TRI_UNSURE
                    ? worse(state, (int)tri_state_of_confidence(note->confidence))
                    : state;
  }
  g_hash_table_unref(worst);
  return states;
}

static void add_mark(GArray *marks, const ScoreBox *box, int state) {
  TriPageMark mark;
  memset(&mark, 0, sizeof mark);
  mark = (TriPageMark){box->page, box->x, box->y, box->width, box->height, state};
  if (box->width > 0) g_array_append_val(marks, mark);
}

static void add_marks(GArray *marks, TriScene *scene, const Score *score) {
  int *states = note_states(scene, score, tri_scene_get_unfolded(scene));
  for (size_t i = 0; i < score->measures.n; i++)
    if (score->measures.items[i].doubt[0]) add_mark(marks, &score->measures.items[i].box, -1);
  for (size_t i = 0; i < score->notes.n; i++)
    if (states[i] >= 0) add_mark(marks, &score->notes.items[i].box, states[i]);
  g_free(states);
}

TriPageInk *tri_page_marks_ink(TriScene *scene) {
  TriPageSource *pages = tri_scene_get_page_source(scene);
  const Score *score = tri_scene_get_score(scene);
  if (!pages) return NULL;
  GArray *marks = g_array_new(FALSE, TRUE, sizeof(TriPageMark));
  if (score) add_marks(marks, scene, score);
  TriPageInk *ink = tri_page_ink_new(pages, (TriPageMark *)(gpointer)marks->data, marks->len);
  g_array_unref(marks);
  return ink;
}
