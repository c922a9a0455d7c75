/* The one value handed down through every long call. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BaseArena BaseArena;

enum { BASE_SENTENCE_SIZE = 512 };

/* Called by an engine at any rate with the done `fraction` in [0, 1] and what is being done (a short
 * English phrase, valid during the call only). Runs on the engine's thread. */
typedef void (*BaseProgressFn)(void *user, double fraction, const char *what);

/* What the caller lends to a call: where to report, when to stop, where to scribble.
 * A zeroed context is valid: nobody listens, nothing cancels, one thread, seed 0.
 * Functions that take a `BaseContext *` accept null and then behave as with a zeroed one.
 * Used by one thread at a time; an engine that forks makes one context for each worker. */
typedef struct {
  BaseProgressFn progress; /* may be null */
  void *user;              /* handed to progress */
  const atomic_bool *cancel; /* may be null; becomes true when the caller wants the call to end soon */
  BaseArena *scratch;      /* may be null: the engine then makes its own; see base_arena.h */
  uint64_t seed;           /* of everything random in the call */
  int threads;             /* how many threads the call may use; 0 means 1 */
  double from, to;         /* the part of the caller's progress that this call fills; 0, 0 means 0, 1 */
  char sentence[BASE_SENTENCE_SIZE]; /* UTF-8, why the last call failed, for a person; "" after success */
} BaseContext;

/* Writes the sentence (printf format, no newline, cut at BASE_SENTENCE_SIZE) and returns `status`, so that
 * an engine can say `return base_fail(ctx, BASE_BAD_FILE, "…")`. `ctx` may be null. */
BaseStatus base_fail(BaseContext *ctx, BaseStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Shorthands with the usual sentence. */
BaseStatus base_fail_memory(BaseContext *ctx);
BaseStatus base_fail_cancelled(BaseContext *ctx);

/* True once the caller asked to stop. Cheap; polled every ~20 ms of work. */
bool base_cancelled(const BaseContext *ctx);

/* Reports `fraction` in [0, 1] of this call, mapped into the caller's span. */
void base_progress(BaseContext *ctx, double fraction, const char *what);

/* A context for one step of a longer call: the same listener, flag, scratch, seed and threads, with the
 * step's progress mapped into [from, to] of `ctx`. Copy a failing step's sentence back with
 * base_context_join. */
BaseContext base_context_step(const BaseContext *ctx, double from, double to);

/* Returns `status` after copying the sentence of `step` into `ctx`. */
BaseStatus base_context_join(BaseContext *ctx, const BaseContext *step, BaseStatus status);

/* The number of threads the call may use, at least 1. */
int base_threads(const BaseContext *ctx);
