/* Calibration from a score, a recording and what a person fixed between them. SPDX-License-Identifier: GPL-3.0-or-later
 */
#pragma once

#include "core/flow/flow.h"
#include "core/lmm/lmm_calibrate.h"

/* The bars (one for each time they are played, in order) in which there is an anchor: trusted spans, freed by the caller
 * with free(). BASE_BAD_INPUT when there is none. */
BaseStatus flow_trusted_bars(BaseContext *ctx, LmmSpan **out, size_t *n, const Score *score, const ScoreUnfolded *unfolded,
                             const Alignment *alignment, const AlignmentAnchor *anchors, size_t n_anchors);

/* Adapts the network that hears to the recording at `audio_path`, to which the score was aligned with these anchors. As
 * lmm_calibrate. `params` may be null. */
BaseStatus flow_learn_aligned(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n, const char *audio_path,
                              const Score *score, const ScoreUnfolded *unfolded, const Alignment *alignment,
                              const AlignmentAnchor *anchors, size_t n_anchors, const LmmCalibrateParams *params);

/* The same from files: aligns first. */
BaseStatus flow_learn(BaseContext *ctx, LmmCalibration *report, void **bytes, size_t *n, const char *const *score_paths,
                      size_t n_paths, const char *audio_path, const AlignmentAnchor *anchors, size_t n_anchors,
                      const LmmCalibrateParams *params);
