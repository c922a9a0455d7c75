/* The bars of all sets, one after another with silence between, are one recording; the scores' notes at their times in it
 * are what is expected. The recording goes through a file, because level and tuning are found there.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow_pairs_parts.h"

#include "core/flow/flow_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double GAP_S = 1;
static const float TRUSTED = 0.5F;
enum { RATE_HZ = 44100, PATH_SIZE = 4096 };

typedef struct {
  DspAudio *sound; /* mono, RATE_HZ */
  Motion *expected;
  LmmSpan *trusted;
  size_t n_trusted;
} Joined;

static void clear(Joined *joined) {
  dsp_audio_free(joined->sound);
  motion_free(joined->expected);
  free(joined->trusted);
}

static double seconds_of(const DspAudio *sound) {
  return (double)sound->frames / sound->rate_hz;
}

static BaseStatus make_room(BaseContext *ctx, Joined *joined, const FlowPairs *const *sets, size_t n_sets) {
  double all_s = GAP_S;
  size_t n = 0;
  for (size_t s = 0; s < n_sets; s++)
    for (size_t i = 0; i < sets[s]->pairs.n; i++) {
      const DspAudio *sound = sets[s]->pairs.items[i].sound;
      if (sound) all_s += seconds_of(sound) + GAP_S, n++;
    }
  if (!n) return base_fail(ctx, BASE_BAD_INPUT, "There is no sound in these pairs to learn from.");
  joined->sound = dsp_audio_new((size_t)(all_s * RATE_HZ) + n + 1, 1, RATE_HZ);
  joined->expected = motion_new();
  joined->trusted = malloc(n * sizeof *joined->trusted);
  return joined->sound && joined->expected && joined->trusted ? BASE_OK : base_fail_memory(ctx);
}

/* The notes that sound in the span of a pair, moved to where the span is now. */
static bool add_expected(Motion *to, const FlowPairs *set, const FlowPair *pair, double at_s) {
  const ScoreUnfolded *unfolded = set->aligned.unfolded;
  const double end_s = pair->sound_from_s + seconds_of(pair->sound);
  for (size_t i = 0; i < unfolded->sounds.n; i++) {
    const ScoreSound *sound = &unfolded->sounds.items[i];
    const double time_s = alignment_time_s(set->aligned.alignment, beat_double(sound->onset));
    if (time_s < pair->sound_from_s || time_s >= end_s || flow_pairs_is_not_played(set, sound->onset)) continue;
    const double moved_s = at_s + time_s - pair->sound_from_s;
    if (!motion_add(to, moved_s, moved_s + 0.1, sound->midi, 64, sound->grace ? 0 : 1)) return false;
  }
  return true;
}

static BaseStatus add_pair(BaseContext *ctx, Joined *joined, const FlowPairs *set, const FlowPair *pair, size_t *frame) {
  DspAudio *mono = NULL;
  BaseStatus status = dsp_audio_convert(ctx, &mono, pair->sound, RATE_HZ, 1);
  if (status != BASE_OK) return status;
  const double at_s = (double)*frame / RATE_HZ;
  const size_t room = joined->sound->frames - *frame, n = mono->frames < room ? mono->frames : room;
  memcpy(joined->sound->samples + *frame, mono->samples, n * sizeof *mono->samples);
  dsp_audio_free(mono);
  *frame += n + (size_t)(GAP_S * RATE_HZ);
  if (pair->weight >= TRUSTED)
    joined->trusted[joined->n_trusted++] =
        (LmmSpan){at_s + pair->from_s - pair->sound_from_s, at_s + pair->to_s - pair->sound_from_s};
  return add_expected(joined->expected, set, pair, at_s) ? BASE_OK : base_fail_memory(ctx);
}

static BaseStatus join(BaseContext *ctx, Joined *joined, const FlowPairs *const *sets, size_t n_sets) {
  BaseStatus status = make_room(ctx, joined, sets, n_sets);
  size_t frame = (size_t)(GAP_S * RATE_HZ);
  for (size_t s = 0; status == BASE_OK && s < n_sets; s++)
    for (size_t i = 0; status == BASE_OK && i < sets[s]->pairs.n; i++)
      if (sets[s]->pairs.items[i].sound) status = add_pair(ctx, joined, sets[s], &sets[s]->pairs.items[i], &frame);
  if (status == BASE_OK) motion_sort(joined->expected);
  return status;
}

static BaseStatus hear(BaseContext *ctx, LmmRecording *out, const DspAudio *sound) {
  const char *place = getenv("TMPDIR");
  char folder[PATH_SIZE], path[PATH_SIZE + 16];
  const int size = snprintf(folder, sizeof folder, "%s/triptych-pairs.XXXXXX", place && *place ? place : "/tmp");
  if (size >= (int)sizeof folder || !mkdtemp(folder))
    return base_fail(ctx, BASE_UNREADABLE, "There is no place for the sound of the pairs.");
  snprintf(path, sizeof path, "%s/joined.flac", folder);
  BaseStatus status = dsp_audio_write(ctx, sound, path);
  if (status == BASE_OK) status = lmm_recording_load(ctx, out, path);
  unlink(path);
  rmdir(folder);
  return status;
}

BaseStatus flow_learn_pairs(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n,
                            const FlowPairs *const *sets, size_t n_sets, const LmmCalibrateParams *params) {
  Joined joined = {0};
  LmmRecording recording = {0};
  BaseContext step = base_context_step(ctx, 0, 0.05);
  BaseStatus status = base_context_join(ctx, &step, join(&step, &joined, sets, n_sets));
  if (status == BASE_OK) status = base_context_join(ctx, &step, hear(&step, &recording, joined.sound));
  const LmmPair pair = {.recording = &recording,
                        .expected = joined.expected,
                        .trusted = joined.trusted,
                        .n_trusted = joined.n_trusted,
                        .for_others = true};
  step = base_context_step(ctx, 0.05, 1);
  if (status == BASE_OK) status = base_context_join(ctx, &step, lmm_calibrate(&step, report, bytes, n, &pair, params));
  lmm_recording_clear(&recording);
  clear(&joined);
  return status;
}
