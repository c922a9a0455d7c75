/* A test program in three words: CASE, CHECK, and a table of cases. Prints TAP.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *name;
  void (*run)(void);
} CheckCase;

extern int check_failures;
extern const char *check_skip_reason;

/* Names a case in the table: `{CASE(reads_what_it_wrote)}`. */
#define CASE(function) #function, function

/* Reports a failed condition and goes on. */
#define CHECK(condition)                                                                                     \
  do {                                                                                                       \
    if (!(condition)) check_report(__FILE__, __LINE__, #condition);                                          \
  } while (0)

/* The same, with what was found (printf). */
#define CHECK_SAYING(condition, ...)                                                                         \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      check_report(__FILE__, __LINE__, #condition);                                                          \
      printf("#   found: " __VA_ARGS__);                                                                     \
      printf("\n");                                                                                          \
    }                                                                                                        \
  } while (0)

#define CHECK_NEAR(a, b, tolerance)                                                                          \
  CHECK_SAYING(fabs((double)(a) - (double)(b)) <= (tolerance), "%.9g and %.9g", (double)(a), (double)(b))

#define CHECK_TEXT(a, b) CHECK_SAYING(strcmp((a), (b)) == 0, "\"%s\" and \"%s\"", (a), (b))

/* Leaves the case as not run, for a stated reason. */
#define SKIP(reason)                                                                                         \
  do {                                                                                                       \
    check_skip_reason = (reason);                                                                            \
    return;                                                                                                  \
  } while (0)

void check_report(const char *file, int line, const char *condition);

/* Runs the cases (or only those named on the command line); the exit status of the program. */
int check_main(int argc, char **argv, const CheckCase *cases, size_t n);

#define CHECK_MAIN(...)                                                                                      \
  int main(int argc, char **argv) {                                                                          \
    static const CheckCase cases[] = {__VA_ARGS__};                                                          \
    return check_main(argc, argv, cases, sizeof cases / sizeof *cases);                                      \
  }

/* The folder of shared evaluation material, or null where it is absent: $TRIPTYCH_SHARED, then ../shared
 * beside the source tree. */
const char *check_shared(void);

/* A file under tests/data. Static buffer, overwritten by the next call. */
const char *check_data(const char *name);

/* A fresh path in a temporary folder that goes when the program ends. Static buffer ring of 8. */
const char *check_temporary(const char *name);
