/* Atoms: the notes of the motion, and the peaks of the onset evidence between them. A peak is a local maximum
 * in time of at least LOWEST_PEAK that is farther than SAME_NOTE_S from a note of the same key. A note is as sure, and when,
 * as the evidence has it: what the listener thought of it besides is not to count twice.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/alignment/alignment_parts.h"

#include <math.h>
#include <string.h>

static const double SAME_NOTE_S = 0.06;
static const float PEAK_DISCOUNT = 0.8f;
enum { LOWEST_PEAK = 26 }; /* of 255 */
static const float LOUD = 70, WIDER = 20; /* velocities: sure enough; softer by which the time is twice as unsure */

typedef BASE_ARRAY(AlignmentAtom) AtomArray;

static int compare_atoms(const void *a, const void *b) {
  const AlignmentAtom *x = a, *y = b;
  if (x->time_s != y->time_s) return x->time_s < y->time_s ? -1 : 1;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return (x->note > y->note) - (x->note < y->note);
}

static float precision_of(uint8_t velocity) {
  const float wide = 1 + fmaxf(0, LOUD - velocity) / WIDER;
  return velocity ? 1 / (wide * wide) : 1;
}

static AlignmentAtom atom_of(double time_s, float weight, uint32_t note, int key, uint8_t velocity) {
  return (AlignmentAtom){.time_s = time_s,
                         .weight = weight,
                         .note = note,
                         .key = (uint8_t)key,
                         .velocity = velocity,
                         .precision = precision_of(velocity)};
}

/* The frame of the likeliest onset of the key near a note; behind the end where there is none. */
static size_t heard_at(const Evidence *evidence, double onset_s, int key) {
  size_t best = SIZE_MAX;
  if (!evidence || !(evidence->hop_s > 0)) return best;
  const double centre = onset_s / evidence->hop_s, reach = SAME_NOTE_S / evidence->hop_s;
  const size_t to = (size_t)fmin((double)evidence->frames, floor(centre + reach) + 1);
  uint8_t most = 0;
  for (size_t t = (size_t)fmax(0, ceil(centre - reach)); t < to; t++) {
    const uint8_t here = evidence->onset[t * ALIGNMENT_KEYS + (size_t)key];
    if (here > most) most = here, best = t;
  }
  return best;
}

static AlignmentAtom atom_of_note(const MotionNote *note, int key, const Evidence *evidence) {
  const size_t t = heard_at(evidence, note->onset_s, key);
  const bool heard = t < SIZE_MAX;
  const double time_s = heard ? evidence_onset_s(evidence, t, key) : note->onset_s;
  const float sure = heard ? evidence->onset[t * ALIGNMENT_KEYS + (size_t)key] / 255.0f : fminf(note->confidence, 1);
  const float weight = sure > 0.5f ? sure : heard ? PEAK_DISCOUNT * sure : 0.5f;
  return atom_of(time_s, weight, note->id, key, note->velocity);
}

static bool collect_notes(AtomArray *found, const Motion *motion, const Evidence *evidence) {
  for (size_t i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    int key = note->midi - MOTION_LOWEST_KEY;
    if (key < 0 || key >= ALIGNMENT_KEYS) continue;
    if (!base_array_push(found, atom_of_note(note, key, evidence))) return false;
  }
  return true;
}

/* Marks frames that a note already explains, so that its own peak is not counted twice. */
static void cover(uint8_t *covered, const Evidence *evidence, const AtomArray *notes) {
  double reach = SAME_NOTE_S / evidence->hop_s;
  for (size_t i = 0; i < notes->n; i++) {
    double centre = notes->items[i].time_s / evidence->hop_s;
    double from = fmax(0, ceil(centre - reach)),
           to = fmin((double)evidence->frames - 1, floor(centre + reach));
    for (double t = from; t <= to; t++) covered[(size_t)t * ALIGNMENT_KEYS + notes->items[i].key] = 1;
  }
}

static bool is_peak(const Evidence *evidence, size_t t, int key) {
  const uint8_t *p = evidence->onset + t * ALIGNMENT_KEYS + key;
  if (*p < LOWEST_PEAK) return false;
  if (t > 0 && p[-ALIGNMENT_KEYS] >= *p) return false;
  return t + 1 >= evidence->frames || p[ALIGNMENT_KEYS] <= *p;
}

static bool collect_peaks(BaseContext *ctx, AtomArray *found, const Evidence *evidence,
                          const uint8_t *covered) {
  for (size_t t = 0; t < evidence->frames; t++) {
    if (t % 4096 == 0 && base_cancelled(ctx)) return true;
    for (int key = 0; key < ALIGNMENT_KEYS; key++) {
      size_t at = t * ALIGNMENT_KEYS + key;
      if (covered[at] || !is_peak(evidence, t, key)) continue;
      float weight = PEAK_DISCOUNT * evidence->onset[at] / 255.0f;
      const uint8_t velocity = evidence->strength ? evidence->strength[at] : 0;
      if (!base_array_push(found, atom_of(evidence_onset_s(evidence, t, key), weight, 0, key, velocity))) return false;
    }
  }
  return true;
}

static bool index_keys(AlignmentAtoms *out, BaseArena *arena) {
  out->of_key = BASE_TAKE(arena, uint32_t, out->n + 1);
  if (!out->of_key) return false;
  size_t count[ALIGNMENT_KEYS] = {0};
  for (size_t i = 0; i < out->n; i++) count[out->items[i].key]++;
  for (int k = 0; k < ALIGNMENT_KEYS; k++) out->key_first[k + 1] = out->key_first[k] + count[k];
  size_t next[ALIGNMENT_KEYS];
  for (int k = 0; k < ALIGNMENT_KEYS; k++) next[k] = out->key_first[k];
  for (size_t i = 0; i < out->n; i++) out->of_key[next[out->items[i].key]++] = (uint32_t)i;
  return true;
}

/* Each stroke, by the note before of the same key. */
static void tell_strokes(AlignmentAtoms *atoms) {
  double last_s[ALIGNMENT_KEYS];
  for (int key = 0; key < ALIGNMENT_KEYS; key++) last_s[key] = -INFINITY;
  for (size_t i = 0; i < atoms->n; i++) {
    AlignmentAtom *atom = &atoms->items[i];
    atom->stroke = touch_stroke(atom->velocity, atom->time_s - last_s[atom->key]);
    if (atom->note) last_s[atom->key] = atom->time_s;
  }
}

static bool add_peaks(BaseContext *ctx, AtomArray *found, const Evidence *evidence) {
  if (!evidence || evidence->frames == 0 || !(evidence->hop_s > 0)) return true;
  uint8_t *covered = calloc(evidence->frames, ALIGNMENT_KEYS);
  if (!covered) return false;
  cover(covered, evidence, found);
  bool ok = collect_peaks(ctx, found, evidence, covered);
  free(covered);
  return ok;
}

BaseStatus alignment_atoms(BaseContext *ctx, AlignmentAtoms *out, BaseArena *arena, const Motion *motion,
                           const Evidence *evidence) {
  AtomArray found = {0};
  *out = (AlignmentAtoms){0};
  bool ok = collect_notes(&found, motion, evidence) && add_peaks(ctx, &found, evidence);
  out->items = ok ? BASE_TAKE(arena, AlignmentAtom, found.n + 1) : NULL;
  if (out->items && found.n) {
    memcpy(out->items, found.items, found.n * sizeof *found.items);
    qsort(out->items, found.n, sizeof *out->items, compare_atoms);
  }
  out->n = found.n;
  base_array_clear(&found);
  if (!out->items || !index_keys(out, arena)) return base_fail_memory(ctx);
  tell_strokes(out);
  return base_cancelled(ctx) ? base_fail_cancelled(ctx) : BASE_OK;
}

size_t alignment_atoms_from(const AlignmentAtoms *atoms, double time_s) {
  size_t low = 0, high = atoms->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (atoms->items[middle].time_s < time_s)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

double alignment_weight_at(const AlignmentAtoms *atoms, int key, double time_s, double spread_s) {
  size_t low = atoms->key_first[key], high = atoms->key_first[key + 1];
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (atoms->items[atoms->of_key[middle]].time_s < time_s - 3 * spread_s)
      low = middle + 1;
    else
      high = middle;
  }
  double best = 0;
  for (; low < atoms->key_first[key + 1]; low++) {
    const AlignmentAtom *atom = &atoms->items[atoms->of_key[low]];
    double away = (atom->time_s - time_s) / spread_s;
    if (away > 3) break;
    best = fmax(best, atom->weight * exp(-0.5 * away * away));
  }
  return best;
}

static size_t gather_keys(uint8_t *keys, const ScoreUnfolded *score, const ScoreOnset *onset, bool grace) {
  bool seen[ALIGNMENT_KEYS] = {false};
  size_t n = 0;
  for (size_t i = 0; i < onset->n; i++) {
    const ScoreSound *sound = &score->sounds.items[onset->first + i];
    int key = sound->midi - MOTION_LOWEST_KEY;
    if (sound->grace != grace || key < 0 || key >= ALIGNMENT_KEYS || seen[key]) continue;
    seen[key] = true;
    keys[n++] = (uint8_t)key;
  }
  return n;
}

BaseStatus alignment_rows(BaseContext *ctx, AlignmentRows *out, BaseArena *arena,
                          const ScoreUnfolded *score) {
  size_t n = score->onsets.n;
  *out = (AlignmentRows){.n = n,
                         .quarter = BASE_TAKE(arena, double, n + 1),
                         .first = BASE_TAKE(arena, size_t, n + 1),
                         .key = BASE_TAKE(arena, uint8_t, score->sounds.n + ALIGNMENT_KEYS)};
  if (!out->quarter || !out->first || !out->key) return base_fail_memory(ctx);
  for (size_t i = 0; i < n; i++) {
    const ScoreOnset *onset = &score->onsets.items[i];
    out->quarter[i] = beat_double(onset->onset);
    uint8_t *keys = out->key + out->first[i];
    size_t wanted = gather_keys(keys, score, onset, false);
    if (wanted == 0) wanted = gather_keys(keys, score, onset, true);
    out->first[i + 1] = out->first[i] + wanted;
  }
  return BASE_OK;
}
