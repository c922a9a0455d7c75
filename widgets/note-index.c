/* Notes lie in onset order in blocks of 64; each block knows when its last note ends, so that blocks which
 * ended before the stretch are skipped whole. SPDX-License-Identifier: GPL-3.0-or-later */
#include "widgets/note-index.h"

enum { BLOCK = 64, PEDAL_DOWN = 64 };

struct TriNoteIndex {
  TriIndexedNote *notes;
  double *block_end;
  guint n;
  GArray *pedal;
};

static void index_blocks(TriNoteIndex *self) {
  self->block_end = g_new0(double, self->n / BLOCK + 1);
  for (guint i = 0; i < self->n; i++) {
    double *end = &self->block_end[i / BLOCK];
    *end = MAX(*end, self->notes[i].end_s);
  }
}

static void collect_pedal(TriNoteIndex *self, const Motion *motion) {
  gboolean down = FALSE;
  double last_s = 0;
  self->pedal = g_array_new(FALSE, FALSE, sizeof(double));
  for (size_t i = 0; motion && i < motion->pedals.n; i++) {
    const MotionPedal *pedal = &motion->pedals.items[i];
    if (pedal->pedal != MOTION_SUSTAIN || (pedal->depth >= PEDAL_DOWN) == down) continue;
    down = !down;
    g_array_append_val(self->pedal, pedal->time_s);
  }
  for (guint i = 0; i < self->n; i++) last_s = MAX(last_s, self->notes[i].end_s);
  if (down) g_array_append_val(self->pedal, last_s);
}

TriNoteIndex *tri_note_index_new(const Motion *motion, const guint8 *states) {
  TriNoteIndex *self = g_atomic_rc_box_new0(TriNoteIndex);
  self->n = motion ? (guint)motion->notes.n : 0;
  self->notes = g_new(TriIndexedNote, self->n + 1);
  for (guint i = 0; i < self->n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    self->notes[i] =
        (TriIndexedNote){note->onset_s, note->key_up_s, note->midi, states ? states[i] : TRI_SURE, i};
  }
  index_blocks(self);
  collect_pedal(self, motion);
  return self;
}

TriNoteIndex *tri_note_index_ref(TriNoteIndex *index) {
  return g_atomic_rc_box_acquire(index);
}

static void clear(gpointer data) {
  TriNoteIndex *self = data;
  g_free(self->notes);
  g_free(self->block_end);
  g_array_unref(self->pedal);
}

void tri_note_index_unref(TriNoteIndex *index) {
  if (index) g_atomic_rc_box_release_full(index, clear);
}

guint tri_note_index_size(const TriNoteIndex *self) {
  return self->n;
}
const TriIndexedNote *tri_note_index_get(const TriNoteIndex *self, guint i) {
  return &self->notes[i];
}

void tri_note_index_visit(const TriNoteIndex *self, double from_s, double to_s, TriNoteFn visit,
                          gpointer user) {
  for (guint first = 0; first < self->n; first += BLOCK) {
    guint end = MIN(first + BLOCK, self->n);
    if (self->notes[first].onset_s >= to_s) return;
    if (self->block_end[first / BLOCK] <= from_s) continue;
    for (guint i = first; i < end && self->notes[i].onset_s < to_s; i++)
      if (self->notes[i].end_s > from_s && !visit(&self->notes[i], user)) return;
  }
}

static gboolean count_one(const TriIndexedNote *note, gpointer user) {
  ++*(guint *)user;
  return TRUE;
}

guint tri_note_index_count(const TriNoteIndex *self, double from_s, double to_s) {
  guint n = 0;
  tri_note_index_visit(self, from_s, to_s, count_one, &n);
  return n;
}

gboolean tri_note_index_range(const TriNoteIndex *self, int *lowest, int *highest) {
  *lowest = 127;
  *highest = 0;
  for (guint i = 0; i < self->n; i++) {
    *lowest = MIN(*lowest, self->notes[i].midi);
    *highest = MAX(*highest, self->notes[i].midi);
  }
  return self->n > 0;
}

const double *tri_note_index_pedal(const TriNoteIndex *self, guint *n_stretches) {
  *n_stretches = self->pedal->len / 2;
  return (const double *)(gpointer)self->pedal->data;
}
