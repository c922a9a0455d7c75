/* The proof-reader: which notes of a score are probably wrong. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_text.h"
#include "core/nn/nn_layers.h"

/* Trained weights. Immutable, shareable between threads. 10 MB. */
typedef struct LanguageProof LanguageProof;

/* From a file of triptych-train proof; `path` null: the weights that are part of the program. BASE_BAD_FILE when it is no
 * proof-reader. */
BaseStatus language_proof_load(BaseContext *ctx, LanguageProof **out, const char *path);
void language_proof_free(LanguageProof *proof); /* null is fine */

/* How likely it is that a note's pitch (key, spelling), and its rhythm (place, value), are wrong where about one note in
 * thirty is. */
typedef struct {
  uint32_t note;   /* id in the score */
  int32_t measure; /* index */
  float pitch_prob, rhythm_prob;
} LanguageDoubt;

/* All notes of a score that have keys, in the order of language_of_score. Freed by the caller with free(). 2,500 notes a
 * second of one core. */
BaseStatus language_doubts(BaseContext *ctx, LanguageDoubt **out, size_t *n, const LanguageProof *proof,
                           const Score *score);

/* ---- for training ---- */

#define LANGUAGE_PROOF_KIND "triptych proof-reader"

typedef enum { PROOF_PITCH, PROOF_RHYTHM, PROOF_HEADS } LanguageProofHead;

/* Where a note is in its staff, as numbers: for each of four staves octaves from the middle of the keyboard, and 1; zeros in
 * the other staves and for bar lines. */
enum { PROOF_HEIGHTS = 8 };
void language_proof_heights(float *heights, const LanguageStep *step);

/* Tensors of a built net; targets are NN_NONE without training. Ids are [N, T, 1, 1]. */
typedef struct {
  NnVar ids[LANGUAGE_FIELDS];
  NnVar heights;                    /* in [N, T, 1, PROOF_HEIGHTS] */
  NnVar wrong[PROOF_HEADS]; /* outputs [N, T, 1, 1], logits */
  NnVar targets[PROOF_HEADS], counts; /* 1 where a fact is wrong; 1 where a step is a note */
} LanguageProofTensors;

/* The layers of language_around on embedded fields. `net` is fresh and comes back finished. */
BaseStatus language_proof_net(BaseContext *ctx, LanguageProofTensors *tensors, NnNet *net, int n, int steps, bool training);
