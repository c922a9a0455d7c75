/* Atoms that sound together make slices: a slice ends at a pause of SLICE_GAP_S or after SLICE_SPAN_S.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>

static const double SLICE_GAP_S = 0.03, SLICE_SPAN_S = 0.06;

static bool begins_slice(const AlignmentAtom *atom, double start_s, double last_s) {
  return atom->time_s - last_s > SLICE_GAP_S || atom->time_s - start_s > SLICE_SPAN_S;
}

static size_t count_slices(const AlignmentAtom *atoms, size_t n) {
  size_t slices = n > 0;
  double start = n ? atoms[0].time_s : 0;
  for (size_t i = 1; i < n; i++)
    if (begins_slice(&atoms[i], start, atoms[i - 1].time_s)) {
      slices++;
      start = atoms[i].time_s;
    }
  return slices;
}

static void add_atom(AlignmentSlices *slices, size_t at, const AlignmentAtom *atom) {
  uint8_t *cell = &slices->weight[atom->key * slices->n + at];
  uint8_t weight = (uint8_t)lrintf(255 * fminf(fmaxf(atom->weight, 0), 1));
  if (weight <= *cell) return;
  slices->heard[at] += (weight - *cell) / 255.0f;
  *cell = weight;
}

bool alignment_slices(AlignmentSlices *out, BaseArena *arena, const AlignmentAtoms *atoms,
                      const AlignmentSpan *span) {
  size_t first = alignment_atoms_from(atoms, span->from_s), end = alignment_atoms_from(atoms, span->to_s);
  const AlignmentAtom *items = atoms->items + first;
  size_t n = end > first ? end - first : 0;
  out->n = count_slices(items, n);
  out->time_s = BASE_TAKE(arena, double, out->n + 1);
  out->heard = BASE_TAKE(arena, float, out->n + 1);
  out->weight = BASE_TAKE(arena, uint8_t, ALIGNMENT_KEYS * (out->n + 1));
  if (!out->time_s || !out->heard || !out->weight) return false;
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    if (i > 0 && begins_slice(&items[i], out->time_s[at], items[i - 1].time_s)) at++;
    if (out->heard[at] == 0) out->time_s[at] = items[i].time_s;
    add_atom(out, at, &items[i]);
  }
  return true;
}
