/* The three networks that speed is measured on. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/nn/nn_layers.h"

/* Each builds an unfinished net with its inputs, targets and losses at the given batch. Owned by the caller.
 */

/* Hearing: 2 × 294 bins × 250 frames, conv 5×5 → 16, harmonics gathered to 88 keys × 48, four residual 3×3
 * with time dilation 1, 1, 2, 4, a bi-GRU of 32 shared over keys, four heads. */
NnNet *bench_pitch(int batch);

/* Reading: 2 × 384 × 384, residual trunk 16/32/64/128 at strides 2/4/8/16, feature pyramid to stride 4, a
 * class map of 64, boxes, 7 line maps. */
NnNet *bench_page(int batch);

/* Language: a causal Transformer, 6 layers of width 256, 8 heads, context 512, vocabulary 1024. */
NnNet *bench_language(int batch);

/* The language of the program as it is shipped (core/language/language_net.h) over 256 notes, and the same with attention
 * of 8 heads in the place of minGRU. These come finished; the batch is 16. */
NnNet *bench_music(int batch);
NnNet *bench_rival(int batch);
