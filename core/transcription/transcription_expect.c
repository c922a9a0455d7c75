/* What a score lets expect changes the odds of what was heard. Each expected note takes the likeliest onset of its key
 * nearby, whose odds rise the more the closer it is; the odds of onsets that nothing in the score asks for fall. Where
 * the sound holds no evidence nothing is raised, so that no note is invented (the idea of Strahl & Müller's
 * score-informed peak picking). Of a chord the soft notes sound later after their keys went down than the loud ones, and
 * less surely so: they are drawn towards the loudest. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/rolled.h"
#include "core/transcription/transcription.h"
#include "core/transcription/transcription_decoder.h"

#include <math.h>
#include <stdlib.h>

enum { KEYS = MOTION_KEYS, ROLLED = 3 /* notes at least */ };

static const double reach_s = 0.25, deviation_s = 0.04;
static const double latest_s = 0.12, rolled_s = 0.03;
static const float much_softer = 20, least_trust = 0.5F, most_trust = 0.8F; /* velocities; of the loudest note's time */
static const float raise = 8.0F, lower = 1.5F; /* logits */

static float logit(uint8_t byte) {
  const float p = fminf(fmaxf(byte / 255.0F, 0.002F), 0.998F);
  return logf(p / (1 - p));
}

static uint8_t moved(uint8_t byte, float by) {
  return byte ? (uint8_t)lrintf(255 / (1 + expf(-logit(byte) - by))) : 0;
}

/* The frame of the likeliest onset of the key near `at_s` that nobody has taken, or -1. */
static ptrdiff_t likeliest(float *worth, const Evidence *evidence, const uint8_t *taken, int key, double at_s) {
  const ptrdiff_t from = (ptrdiff_t)fmax(0, ceil((at_s - reach_s) / evidence->hop_s));
  const ptrdiff_t to = (ptrdiff_t)fmin((double)evidence->frames - 1, floor((at_s + reach_s) / evidence->hop_s));
  ptrdiff_t best = -1;
  float most = -INFINITY;
  for (ptrdiff_t t = from; t <= to; t++) {
    const size_t cell = (size_t)t * KEYS + (size_t)key;
    if (!evidence->onset[cell] || taken[cell]) continue;
    const double away = (evidence_onset_s(evidence, (size_t)t, key) - at_s) / deviation_s;
    const float nearness = (float)(-0.5 * away * away), total = logit(evidence->onset[cell]) + nearness;
    if (total > most) most = total, best = t, *worth = raise + nearness;
  }
  return best;
}

/* Writes what `from` holds of a key at frame t into `to`, with other odds and drawn towards `first_s` by `trust`. */
static void move(Evidence *to, const Evidence *from, size_t t, int key, float odds, double first_s, float trust) {
  const size_t cell = t * KEYS + (size_t)key;
  const double onset_s = evidence_onset_s(from, t, key), at = fmax(0, onset_s + trust * (first_s - onset_s)) / to->hop_s;
  evidence_put_onset(to, at, key, moved(from->onset[cell], odds), from->strength[cell]);
}

/* What an expected note found: a frame, or -1, and what that does to its odds. */
typedef struct {
  ptrdiff_t t;
  float worth;
} Found;

static void find_all(Found *found, uint8_t *taken, const Evidence *heard, const Motion *expected) {
  for (size_t i = 0; i < expected->notes.n; i++) {
    const MotionNote *note = &expected->notes.items[i];
    const int key = note->midi - MOTION_LOWEST_KEY;
    found[i] = (Found){.t = -1};
    if (key >= 0 && key < KEYS) found[i].t = likeliest(&found[i].worth, heard, taken, key, note->onset_s);
    if (found[i].t >= 0) taken[(size_t)found[i].t * KEYS + (size_t)key] = 1;
  }
}

static int key_of(const Motion *motion, size_t i) {
  return motion->notes.items[i].midi - MOTION_LOWEST_KEY;
}

static float velocity_of(const Evidence *heard, const Motion *expected, const Found *found, size_t i) {
  return found[i].t < 0 ? 0 : heard->strength[(size_t)found[i].t * KEYS + (size_t)key_of(expected, i)];
}

/* Whether the notes [from, to), sorted by pitch, were heard one after another from the lowest to the highest. */
static bool is_rolled(const Evidence *heard, const Motion *expected, const Found *found, size_t from, size_t to) {
  Rolled rolled = {0};
  for (size_t i = from; i < to; i++)
    if (found[i].t >= 0) rolled_add(&rolled, evidence_onset_s(heard, (size_t)found[i].t, key_of(expected, i)));
  return rolled_is(&rolled, ROLLED, rolled_s);
}

/* Moves the notes [from, to), which are expected together, into `seen`. */
static void move_chord(Evidence *seen, const Evidence *heard, const Motion *expected, const Found *found, size_t from,
                       size_t to) {
  size_t loudest = from;
  for (size_t i = from; i < to; i++)
    if (velocity_of(heard, expected, found, i) > velocity_of(heard, expected, found, loudest)) loudest = i;
  if (found[loudest].t < 0) return;
  const float most = velocity_of(heard, expected, found, loudest);
  const bool rolled = is_rolled(heard, expected, found, from, to);
  const double first_s = evidence_onset_s(heard, (size_t)found[loudest].t, key_of(expected, loudest));
  for (size_t i = from; i < to; i++) {
    if (found[i].t < 0) continue;
    const int key = key_of(expected, i);
    const double later_s = evidence_onset_s(heard, (size_t)found[i].t, key) - first_s;
    const float softer = most - velocity_of(heard, expected, found, i);
    const bool drawn = !rolled && expected->notes.items[i].confidence > 0 && fabs(later_s) < latest_s;
    const float trust = drawn ? fmaxf(least_trust, fminf(softer / much_softer, most_trust)) : 0;
    move(seen, heard, (size_t)found[i].t, key, fmaxf(found[i].worth, -lower), first_s, trust);
  }
}

/* Onsets as the score sees them go into the planes of `seen`, which are empty. False without memory. */
static bool see(Evidence *seen, const Evidence *heard, const Motion *expected) {
  const size_t cells = heard->frames * KEYS, n = expected->notes.n;
  const MotionNote *notes = expected->notes.items;
  uint8_t *taken = calloc(cells + 1, 1);
  Found *found = malloc((n + 1) * sizeof *found);
  const bool fine = taken && found;
  if (fine) find_all(found, taken, heard, expected);
  for (size_t from = 0, to; fine && from < n; from = to) {
    for (to = from + 1; to < n && notes[to].onset_s == notes[from].onset_s;) to++;
    move_chord(seen, heard, expected, found, from, to);
  }
  for (size_t cell = 0; fine && cell < cells; cell++)
    if (heard->onset[cell] && !taken[cell]) move(seen, heard, cell / KEYS, (int)(cell % KEYS), -lower, 0, 0);
  free(taken);
  free(found);
  return fine;
}

static bool keep_pedals(Motion *to, const Motion *from) {
  for (size_t i = 0; i < from->pedals.n; i++)
    if (!base_array_push(&to->pedals, from->pedals.items[i])) return false;
  return true;
}

BaseStatus transcription_expect(BaseContext *ctx, Motion **out, const Transcription *heard, const Motion *expected) {
  const Evidence *evidence = heard->evidence;
  if (!evidence || !evidence->release || !evidence->shift || !evidence->strength)
    return base_fail(ctx, BASE_BAD_INPUT, "What was heard holds no evidence to decide by");
  Motion *motion = motion_new();
  Evidence *seen = evidence_new(evidence->frames, evidence->hop_s);
  BaseStatus status = motion && seen && see(seen, evidence, expected) && keep_pedals(motion, heard->motion)
                          ? BASE_OK
                          : base_fail_memory(ctx);
  if (status == BASE_OK) {
    Evidence all = *seen;
    all.sounding = evidence->sounding;
    all.release = evidence->release;
    if (!transcription_decode(motion, &all, &(TranscriptionDecoderParams){.to = all.frames})) status = base_fail_memory(ctx);
  }
  evidence_free(seen);
  if (status != BASE_OK) {
    motion_free(motion);
    return status;
  }
  *out = motion;
  return BASE_OK;
}
