/* Which notes sound in a stretch of time. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/motion.h"
#include "widgets/scene.h"

G_BEGIN_DECLS

typedef struct {
  double onset_s, end_s;
  guint8 midi, state; /* TriState */
  guint note;         /* index into Motion.notes */
} TriIndexedNote;

/* Immutable, reference counted, may be read on any thread. */
typedef struct TriNoteIndex TriNoteIndex;

/* Copies the notes; `motion` null gives an empty index. O(n). */
TriNoteIndex *tri_note_index_new(const Motion *motion, const guint8 *states);
TriNoteIndex *tri_note_index_ref(TriNoteIndex *index);
void tri_note_index_unref(TriNoteIndex *index);

guint tri_note_index_size(const TriNoteIndex *index);
const TriIndexedNote *tri_note_index_get(const TriNoteIndex *index, guint i);

/* Calls `visit` for each note that sounds anywhere in [from_s, to_s), by onset, until it returns false. O(n /
 * 64 + found). */
typedef gboolean (*TriNoteFn)(const TriIndexedNote *note, gpointer user);
void tri_note_index_visit(const TriNoteIndex *index, double from_s, double to_s, TriNoteFn visit,
                          gpointer user);
guint tri_note_index_count(const TriNoteIndex *index, double from_s, double to_s);

/* Lowest and highest key; false when empty. */
gboolean tri_note_index_range(const TriNoteIndex *index, int *lowest, int *highest);

/* Stretches with the sustain pedal down, from and to alternating, in seconds. */
const double *tri_note_index_pedal(const TriNoteIndex *index, guint *n_stretches);

G_END_DECLS
