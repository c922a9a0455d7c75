/* The cleaner: what of a motion that was heard was never played, or on another key. For the wake phase, where recordings
 * are learned from as a transcriber hears them. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_text.h"
#include "core/nn/nn_layers.h"

/* Trained weights. Immutable, shareable between threads. 4 MB. */
typedef struct LanguageCleaner LanguageCleaner;

/* From a file of triptych-train cleaner. BASE_BAD_FILE when it is no cleaner. */
BaseStatus language_cleaner_load(BaseContext *ctx, LanguageCleaner **out, const char *path);
void language_cleaner_free(LanguageCleaner *cleaner); /* null is fine */

/* What was done to how many notes. */
typedef struct {
  size_t removed, moved;
} LanguageCleaned;

/* Takes out of `motion`, which is sorted, what is likelier foreign than not, and moves to another key what surely belongs
 * there. Ids, times and pedals stay. After a failure the motion is as it was. 5,000 notes a second of one core. */
BaseStatus language_clean(BaseContext *ctx, LanguageCleaned *done, const LanguageCleaner *cleaner, Motion *motion);

/* ---- for training ---- */

#define LANGUAGE_CLEANER_KIND "triptych cleaner"

/* Tensors of a built net; targets are NN_NONE without training. Ids are [N, T, 1, 1]. */
typedef struct {
  NnVar ids[LANGUAGE_FIELDS];
  NnVar foreign, key;                 /* outputs [N, T, 1, 1 and MOTION_KEYS], logits */
  NnVar is_foreign, counts, true_key; /* 1 where a step was never played; 1 where there is a step; −1: not known */
} LanguageCleanerTensors;

/* The layers of language_around on embedded fields. `net` is fresh and comes back finished. */
BaseStatus language_cleaner_net(BaseContext *ctx, LanguageCleanerTensors *tensors, NnNet *net, int n, int steps, bool training);
