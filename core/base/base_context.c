/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *base_status_name(BaseStatus status) {
  switch (status) {
  case BASE_OK: return "ok";
  case BASE_CANCELLED: return "cancelled";
  case BASE_NO_MEMORY: return "out of memory";
  case BASE_BAD_INPUT: return "bad input";
  case BASE_BAD_FILE: return "bad file";
  case BASE_UNREADABLE: return "unreadable";
  case BASE_VERSION: return "unknown version";
  case BASE_UNSUPPORTED: return "unsupported";
  case BASE_NUMERIC: return "numeric trouble";
  }
  return "unknown status";
}

/* A cut in the middle of a UTF-8 sequence would make the sentence unprintable: drop the broken tail. */
static void trim_utf8_tail(char *text) {
  size_t n = strlen(text), back = 0;
  while (back < 3 && back < n && ((unsigned char)text[n - 1 - back] & 0xC0) == 0x80) back++;
  if (back == n) return;
  unsigned char lead = (unsigned char)text[n - 1 - back];
  size_t wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  if (wanted > back) text[n - 1 - back] = 0;
}

BaseStatus base_fail(BaseContext *ctx, BaseStatus status, const char *format, ...) {
  if (!ctx) return status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(ctx->sentence, sizeof ctx->sentence, format, arguments);
  va_end(arguments);
  trim_utf8_tail(ctx->sentence);
  return status;
}

BaseStatus base_fail_memory(BaseContext *ctx) {
  return base_fail(ctx, BASE_NO_MEMORY, "There is not enough memory for this.");
}

BaseStatus base_fail_cancelled(BaseContext *ctx) {
  return base_fail(ctx, BASE_CANCELLED, "Cancelled.");
}

bool base_cancelled(const BaseContext *ctx) {
  return ctx && ctx->cancel && atomic_load_explicit(ctx->cancel, memory_order_relaxed);
}

void base_progress(BaseContext *ctx, double fraction, const char *what) {
  if (!ctx || !ctx->progress) return;
  double from = ctx->from, to = ctx->to;
  if (from == 0 && to == 0) to = 1;
  if (!(fraction > 0)) fraction = 0;
  if (fraction > 1) fraction = 1;
  ctx->progress(ctx->user, from + fraction * (to - from), what);
}

BaseContext base_context_step(const BaseContext *ctx, double from, double to) {
  BaseContext step = {0};
  if (!ctx) return step;
  step = *ctx;
  step.sentence[0] = 0;
  double a = ctx->from, b = ctx->to;
  if (a == 0 && b == 0) b = 1;
  step.from = a + from * (b - a);
  step.to = a + to * (b - a);
  return step;
}

BaseStatus base_context_join(BaseContext *ctx, const BaseContext *step, BaseStatus status) {
  if (ctx && status != BASE_OK) memcpy(ctx->sentence, step->sentence, sizeof ctx->sentence);
  return status;
}

int base_threads(const BaseContext *ctx) {
  return ctx && ctx->threads > 0 ? ctx->threads : 1;
}
