/* The progress line and the report of --json. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum { PROGRESS_EVERY_MS = 100 };

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

void cli_progress(void *user, double fraction, const char *what) {
  CliCall *call = user;
  int64_t now = now_ms();
  if (call->last_progress_ms && now - call->last_progress_ms < PROGRESS_EVERY_MS) return;
  call->last_progress_ms = now;
  fprintf(call->say, "\r\033[K%3.0f %%  %s", 100 * fraction, what ? _(what) : "");
  fflush(call->say);
}

void cli_progress_clear(CliCall *call) {
  if (call->last_progress_ms) fputs("\r\033[K", call->say);
  call->last_progress_ms = 0;
}

static void put_text(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      printf("\\%c", *c);
    else if (*c < 32)
      printf("\\u%04x", *c);
    else
      putchar(*c);
  }
  putchar('"');
}

CliReport cli_report_begin(const CliCall *call) {
  CliReport report = {.call = call};
  if (call->json) putchar('{');
  return report;
}

static bool put_key(CliReport *report, const char *key) {
  if (!report->call->json) return false;
  if (report->any) putchar(',');
  report->any = true;
  put_text(key);
  putchar(':');
  return true;
}

void cli_report_text(CliReport *report, const char *key, const char *value) {
  if (put_key(report, key)) put_text(value);
}

void cli_report_number(CliReport *report, const char *key, double value) {
  if (!put_key(report, key)) return;
  if (isfinite(value))
    printf("%.10g", value);
  else
    fputs("null", stdout);
}

void cli_report_end(CliReport *report) {
  if (report->call->json) puts("}");
}
