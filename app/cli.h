/* triptych-cli: the engines without a display. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define _(text)  gettext(text)
#define N_(text) (text)

/* What the program answers with. */
typedef enum { CLI_DONE = 0, CLI_BAD_INPUT = 1, CLI_USAGE = 2, CLI_CANCELLED = 3 } CliExit;

enum { CLI_OPTIONS = 10 };

/* An option of one command, beside those that every command has. */
typedef struct {
  const char *name;     /* "soundfont", given as --soundfont */
  const char *argument; /* "FILE"; null: a switch */
  const char *help;
} CliOption;

typedef struct CliCall CliCall;

typedef struct {
  const char *name;
  const char *operands; /* "PAGE…" */
  const char *summary;  /* one line */
  const char *endings;  /* ".mid .csv .json": what -o takes, "": any name; null: the command writes no file */
  bool output_may_be_missing; /* not every use of it writes one */
  size_t least, most;   /* operands */
  CliOption options[CLI_OPTIONS];
  CliExit (*run)(CliCall *call); /* null: not in this version yet */
} CliCommand;

/* One run of a command. */
struct CliCall {
  const CliCommand *command;
  BaseContext ctx;
  const char **operands; /* owned array of borrowed texts */
  size_t n_operands;
  const char *values[CLI_OPTIONS]; /* by option; null: not given; a switch that was given: "" */
  const char *output;              /* null: none */
  bool quiet, json;
  FILE *say;                /* where this program speaks: standard error, without the chatter of libraries */
  int64_t last_progress_ms; /* when the progress line was last drawn; 0: never */
};

/* The exit for `status`; says the sentence of the context on standard error when there is one to say. */
CliExit cli_end(CliCall *call, BaseStatus status);

/* Says why the command line is wrong (printf format) and how to learn more. */
CliExit cli_wrong(const CliCall *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fills `call` from the arguments after the command's name. CLI_DONE, or what to exit with: help was asked
 * for
 * (*helped becomes true) or the usage is wrong. */
CliExit cli_parse(CliCall *call, bool *helped, int argc, char **argv);
void cli_print_help(const CliCommand *command);

/* Draws the line of progress; a BaseProgressFn whose user is the CliCall. */
void cli_progress(void *user, double fraction, const char *what);
void cli_progress_clear(CliCall *call);

/* The report of --json: one object on standard output. */
typedef struct {
  const CliCall *call;
  bool any;
} CliReport;

CliReport cli_report_begin(const CliCall *call); /* silent unless --json was given */
void cli_report_text(CliReport *report, const char *key, const char *value);
void cli_report_number(CliReport *report, const char *key, double value);
void cli_report_end(CliReport *report);

extern const CliCommand cli_read, cli_listen, cli_play, cli_align, cli_evaluate, cli_info, cli_explain, cli_language,
    cli_learn;
