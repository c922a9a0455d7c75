/* The program: finds the command, wires progress and cancelling, runs it. Nothing here needs a display or a
 * sound device. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/cli.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_bool stop;

static void on_stop(int signal_number) {
  (void)signal_number;
  atomic_store(&stop, true);
}

static const CliCommand cli_notate = {.name = "notate",
                                      .operands = N_("IN"),
                                      .summary = N_("Motion or sound to score (not in this version yet)")},
                        cli_engrave = {.name = "engrave",
                                       .operands = N_("SCORE"),
                                       .summary = N_("Score to pages (not in this version yet)")},
                        cli_perform = {.name = "perform",
                                       .operands = N_("SCORE"),
                                       .summary =
                                           N_("Expressive rendering of a score (not in this version yet)")};

static const CliCommand *const COMMANDS[] = {&cli_read,     &cli_listen,   &cli_play,   &cli_align,
                                             &cli_evaluate, &cli_info,     &cli_notate, &cli_engrave,
                                             &cli_perform,  &cli_language, &cli_learn,  &cli_explain};
enum { COMMANDS_N = sizeof COMMANDS / sizeof *COMMANDS };

static const CliCommand *find_command(const char *name) {
  for (size_t i = 0; i < COMMANDS_N; i++)
    if (strcmp(COMMANDS[i]->name, name) == 0) return COMMANDS[i];
  return NULL;
}

static void print_overview(FILE *stream) {
  fprintf(stream, "%s\n\n%s\n", _("Usage: triptych-cli COMMAND [OPTION…] …"), _("Commands:"));
  for (size_t i = 0; i < COMMANDS_N; i++)
    fprintf(stream, "  %-10s %s\n", COMMANDS[i]->name, _(COMMANDS[i]->summary));
  fprintf(stream, "\n%s\n",
          _("“triptych-cli COMMAND --help” tells more; “triptych-cli --version” the version."));
}

static void catch_signals(void) {
  struct sigaction action = {.sa_handler = on_stop};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* Decoders print what they think of a damaged file to standard error, where one sentence of this program
 * belongs: the descriptor is handed to this program alone. With TRIPTYCH_DEBUG set everything stays. */
static FILE *take_voice(void) {
  int own = getenv("TRIPTYCH_DEBUG") ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  FILE *say = own >= 0 ? fdopen(own, "w") : NULL;
  if (!say) {
    if (own >= 0) close(own);
    return stderr;
  }
  setvbuf(say, NULL, _IOLBF, 0);
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) {
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
  }
  return say;
}

static CliExit run_command(const CliCommand *command, int argc, char **argv) {
  CliCall call = {.command = command, .say = take_voice()};
  bool helped = false;
  CliExit result = cli_parse(&call, &helped, argc, argv);
  if (result == CLI_DONE && !helped) {
    catch_signals();
    call.ctx.cancel = &stop;
    if (!call.quiet && isatty(fileno(call.say))) call.ctx.progress = cli_progress, call.ctx.user = &call;
    result = command->run(&call);
  }
  free(call.operands);
  if (call.say != stderr) fclose(call.say);
  return result;
}

/* Numbers keep their decimal point: LC_NUMERIC stays as it is. */
static void set_language(void) {
  setlocale(LC_MESSAGES, "");
  setlocale(LC_CTYPE, "");
  bindtextdomain(CLI_GETTEXT_DOMAIN, CLI_LOCALE_DIR);
  bind_textdomain_codeset(CLI_GETTEXT_DOMAIN, "UTF-8");
  textdomain(CLI_GETTEXT_DOMAIN);
}

static CliExit answer(int argc, char **argv) {
  if (argc < 2) return print_overview(stderr), CLI_USAGE;
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
    return print_overview(stdout), CLI_DONE;
  if (strcmp(argv[1], "--version") == 0) return printf("triptych-cli %s\n", CLI_VERSION), CLI_DONE;
  const CliCommand *command = find_command(argv[1]);
  if (command) return run_command(command, argc - 2, argv + 2);
  fprintf(stderr, _("triptych-cli: there is no command “%s”.\n"), argv[1]);
  print_overview(stderr);
  return CLI_USAGE;
}

int main(int argc, char **argv) {
  set_language();
  CliExit result = answer(argc, argv);
  if (fflush(stdout) != 0 && result == CLI_DONE) {
    fprintf(stderr, "triptych-cli: %s\n", _("Standard output cannot be written."));
    return CLI_BAD_INPUT;
  }
  return result;
}
