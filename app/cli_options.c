/* Options: `--name VALUE`, `--name=VALUE`, switches, `-o FILE`, and `--` before operands that start with a
 * dash. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include "core/base/base_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_THREADS = 256 };

CliExit cli_wrong(const CliCall *call, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(call->say, "triptych-cli %s: ", call->command->name);
  vfprintf(call->say, format, arguments);
  fputc('\n', call->say);
  va_end(arguments);
  fprintf(call->say, _("“triptych-cli %s --help” tells more.\n"), call->command->name);
  return CLI_USAGE;
}

CliExit cli_end(CliCall *call, BaseStatus status) {
  cli_progress_clear(call);
  if (status == BASE_OK) return CLI_DONE;
  if (status == BASE_CANCELLED) return CLI_CANCELLED;
  const char *why = call->ctx.sentence[0] ? call->ctx.sentence : base_status_name(status);
  fprintf(call->say, "triptych-cli: %s\n", why);
  return CLI_BAD_INPUT;
}

static void print_option(const char *name, const char *argument, const char *help) {
  char head[64];
  snprintf(head, sizeof head, "%s%s%s", name, argument ? " " : "", argument ? argument : "");
  printf("  %-22s %s\n", head, help);
}

void cli_print_help(const CliCommand *command) {
  printf(_("Usage: triptych-cli %s [OPTION…] %s%s\n\n%s\n\n"), command->name, _(command->operands),
         command->endings && !command->output_may_be_missing ? _(" -o OUT") : "", _(command->summary));
  if (!command->run) return;
  if (command->endings) {
    char help[200];
    if (*command->endings)
      snprintf(help, sizeof help, _("where the result goes: %s, or - for standard output"), command->endings);
    else
      snprintf(help, sizeof help, "%s", _("where the result goes, or - for standard output"));
    print_option("-o", "OUT", help);
  }
  for (int i = 0; i < CLI_OPTIONS && command->options[i].name; i++) {
    char name[40];
    snprintf(name, sizeof name, "--%s", command->options[i].name);
    print_option(name, command->options[i].argument, _(command->options[i].help));
  }
  print_option("--threads", "N", _("how many threads may work (1)"));
  print_option("--seed", "N", _("of everything random (0)"));
  print_option("--quiet", NULL, _("no progress"));
  print_option("--json", NULL, _("a machine-readable report on standard output"));
}

/* An option as given: its value may follow "=" or be the next argument. */
typedef struct {
  char name[40];
  const char *value; /* after "="; null: none */
} Given;

static Given split_option(const char *argument) {
  Given given = {.value = strchr(argument, '=')};
  const char *name = argument + strspn(argument, "-");
  size_t n = given.value ? (size_t)(given.value - name) : strlen(name);
  if (given.value && given.value < name) n = 0;
  snprintf(given.name, sizeof given.name, "%.*s", (int)(n < sizeof given.name ? n : sizeof given.name - 1),
           name);
  if (given.value) given.value++;
  return given;
}

static bool parse_number(const char *text, int64_t least, int64_t most, int64_t *out) {
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (errno || end == text || *end || value < least || value > most) return false;
  *out = value;
  return true;
}

static CliExit take_number(CliCall *call, const char *name, const char *value) {
  int64_t number = 0;
  bool threads = strcmp(name, "threads") == 0;
  if (!parse_number(value, threads ? 1 : 0, threads ? MOST_THREADS : INT64_MAX, &number))
    return cli_wrong(call, _("--%s wants a whole number, not “%s”."), name, value);
  if (threads)
    call->ctx.threads = (int)number;
  else
    call->ctx.seed = (uint64_t)number;
  return CLI_DONE;
}

static int find_option(const CliCommand *command, const char *name) {
  for (int i = 0; i < CLI_OPTIONS && command->options[i].name; i++)
    if (strcmp(command->options[i].name, name) == 0) return i;
  return -1;
}

static bool take_switch(CliCall *call, const Given *given, int option) {
  bool own = option >= 0 && !call->command->options[option].argument;
  if (given->value) return false;
  if (strcmp(given->name, "quiet") == 0) return call->quiet = true;
  if (strcmp(given->name, "json") == 0) return call->json = true;
  if (own) call->values[option] = "";
  return own;
}

/* Takes the option at argv[*at] and moves *at past it. */
static CliExit take_option(CliCall *call, int *at, int argc, char **argv) {
  Given given = split_option(argv[*at]);
  int option = find_option(call->command, given.name);
  const char *argument = argv[(*at)++];
  if (take_switch(call, &given, option)) return CLI_DONE;
  bool number = strcmp(given.name, "threads") == 0 || strcmp(given.name, "seed") == 0;
  bool output = call->command->endings && (strcmp(argument, "-o") == 0 || strcmp(given.name, "output") == 0);
  bool own = option >= 0 && call->command->options[option].argument;
  if (!number && !output && !own) return cli_wrong(call, _("there is no option “%s”."), argument);
  if (!given.value && *at >= argc) return cli_wrong(call, _("%s wants a value."), argument);
  const char *value = given.value ? given.value : argv[(*at)++];
  if (number) return take_number(call, given.name, value);
  if (output)
    call->output = value;
  else
    call->values[option] = value;
  return CLI_DONE;
}

static bool ends_with(const char *path, const char *ending, size_t m) {
  size_t n = strlen(path);
  return n > m && strncasecmp(path + n - m, ending, m) == 0;
}

static bool ending_fits(const char *path, const char *endings) {
  if (!*endings) return true;
  for (const char *at = endings; *at; at += strspn(at, " ")) {
    size_t n = strcspn(at, " ");
    if (ends_with(path, at, n)) return true;
    at += n;
  }
  return false;
}

/* The place for the result is tried before the work starts, not after. */
static CliExit check_output(CliCall *call) {
  if (!call->command->endings) return CLI_DONE;
  if (!call->output && call->command->output_may_be_missing) return CLI_DONE;
  if (!call->output) return cli_wrong(call, _("-o OUT is missing: where does the result go?"));
  if (strcmp(call->output, "-") == 0)
    return call->json ? cli_wrong(call, _("-o - and --json both want standard output.")) : CLI_DONE;
  if (!ending_fits(call->output, call->command->endings))
    return cli_wrong(call, _("“%s” has to end in one of: %s."), call->output, call->command->endings);
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(&call->ctx, &writer, call->output);
  if (status != BASE_OK) return cli_end(call, status);
  base_file_abort(&writer);
  return CLI_DONE;
}

static CliExit check_call(CliCall *call) {
  if (!call->command->run) return cli_wrong(call, _("“%s” is not in this version yet."), call->command->name);
  if (call->n_operands < call->command->least)
    return cli_wrong(call, _("something is missing: %s."), _(call->command->operands));
  if (call->n_operands > call->command->most)
    return cli_wrong(call, _("“%s” is too much."), call->operands[call->command->most]);
  return check_output(call);
}

static bool asks_help(const char *argument) {
  return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

CliExit cli_parse(CliCall *call, bool *helped, int argc, char **argv) {
  call->operands = calloc((size_t)argc + 1, sizeof *call->operands);
  if (!call->operands) return cli_end(call, base_fail_memory(&call->ctx));
  bool plain = false;
  for (int at = 0; at < argc;) {
    if (!plain && asks_help(argv[at])) {
      cli_print_help(call->command);
      *helped = true;
      return CLI_DONE;
    }
    if (!plain && strcmp(argv[at], "--") == 0) {
      plain = true, at++;
    } else if (!plain && call->command->run && argv[at][0] == '-' && argv[at][1]) {
      CliExit result = take_option(call, &at, argc, argv);
      if (result != CLI_DONE) return result;
    } else
      call->operands[call->n_operands++] = argv[at++];
  }
  return check_call(call);
}
