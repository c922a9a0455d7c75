/* Batches made ahead of time on threads of their own. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"
#include "core/base/base_rng.h"
#include "core/nn/nn_run.h"

enum { LMM_MOST_FIELDS = 20 };

/* One input or target of a net as examples fill it. */
typedef struct {
  NnVar var;
  NnShape shape; /* of a whole batch: n examples of the rest */
} LmmField;

/* Where examples come from. */
typedef struct {
  const LmmField *fields; /* the same n in all of them; borrowed */
  int n_fields;           /* up to LMM_MOST_FIELDS */
  /* Writes example number `index` (0, 1, 2 …, each once) into places[i], zeroed room for shape.t · f · c
   * floats of field i. What is random comes from `rng`, which depends on seed and index only. Called from
   * several threads at once, its ctx being the caller's own; ctx->cancel asks it to end early. A failure ends
   * the training with its sentence. */
  BaseStatus (*fill)(BaseContext *ctx, void *user, float *const *places, uint64_t index, BaseRng *rng);
  void *user;
} LmmSource;

/* Makes batches of a source in order on `threads` threads, at most `ahead` of them in advance. */
typedef struct LmmLoader LmmLoader;

/* Begins with batch number `first`. `ctx` gives the seed; the source must outlive the loader. Without threads
 * or memory: BASE_NO_MEMORY. Costs ahead × the bytes of a batch. */
BaseStatus lmm_loader_new(BaseContext *ctx, LmmLoader **loader, const LmmSource *source, uint64_t first,
                          int threads, int ahead);
void lmm_loader_free(LmmLoader *loader); /* waits for the examples in the making; null is fine */

/* Copies the next batch into the inputs of `run`. Waits for it, polling ctx->cancel. The batches are the same
 * whatever the number of threads. */
BaseStatus lmm_loader_next(BaseContext *ctx, LmmLoader *loader, NnRun *run);

/* Seconds that callers have waited so far: the loader is too slow where it grows. */
double lmm_loader_waited(const LmmLoader *loader);
