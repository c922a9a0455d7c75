/* Score-like and motion-like files, told apart by what they are. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/flow/flow_parts.h"
#include "core/music/midi.h"
#include "core/music/musicxml.h"

#include <string.h>

static BaseStatus score_of_midi(BaseContext *ctx, Score **out, const char *path) {
  Motion *motion = NULL;
  BaseStatus status = midi_read(ctx, &motion, path);
  if (status == BASE_OK) status = flow_score_of_motion(ctx, out, motion, path);
  motion_free(motion);
  return status;
}

BaseStatus flow_load_score(BaseContext *ctx, Score **out, const char *const *paths, size_t n_paths) {
  if (n_paths == 0) return base_fail(ctx, BASE_BAD_INPUT, "No score was given.");
  FlowKind kind;
  BaseStatus status = flow_kind(ctx, &kind, paths[0]);
  if (status != BASE_OK) return status;
  if (kind == FLOW_PAGES) return flow_read(ctx, out, NULL, NULL, paths, n_paths, NULL);
  if (n_paths > 1)
    return base_fail(ctx, BASE_BAD_INPUT, "Only pages come in several files; “%s” is %s.", paths[0],
                     flow_kind_name(kind));
  if (kind == FLOW_SCORE) return musicxml_read(ctx, out, paths[0]);
  if (kind == FLOW_MIDI) return score_of_midi(ctx, out, paths[0]);
  return flow_fail_kind(ctx, paths[0], kind, "a score (pages, MusicXML or MIDI)");
}

static BaseStatus play_plainly(BaseContext *ctx, Motion **out, const char *path) {
  Score *score = NULL;
  ScoreUnfolded *unfolded = NULL;
  BaseStatus status = musicxml_read(ctx, &score, path);
  if (status == BASE_OK) status = score_unfold(ctx, &unfolded, score, NULL);
  if (status == BASE_OK) status = score_play(ctx, out, score, unfolded, NULL);
  score_unfolded_free(unfolded);
  score_free(score);
  return status;
}

BaseStatus flow_load_motion(BaseContext *ctx, Motion **out, const char *path) {
  FlowKind kind;
  BaseStatus status = flow_kind(ctx, &kind, path);
  if (status != BASE_OK) return status;
  if (kind == FLOW_MIDI) return midi_read(ctx, out, path);
  if (kind == FLOW_NOTES) return motion_read_csv(ctx, out, path);
  if (kind == FLOW_SCORE) return play_plainly(ctx, out, path);
  return flow_fail_kind(ctx, path, kind, "a MIDI file, a list of notes or MusicXML");
}
