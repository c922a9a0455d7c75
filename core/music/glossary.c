/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/glossary.h"

#include "core/music/score.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

typedef struct {
  const char *word;
  float value;
} Entry;

static const Entry DYNAMICS[] = {{"pppppp", 4}, {"ppppp", 7},  {"pppp", 10},   {"ppp", 16},     {"pp", 33},
                                 {"p", 49},     {"mp", 64},    {"mf", 80},     {"f", 96},       {"ff", 112},
                                 {"fff", 124},  {"ffff", 126}, {"fffff", 127}, {"ffffff", 127}, {"fp", 96},
                                 {"pf", 96},    {"sf", 112},   {"sfz", 112},   {"sffz", 120},   {"sfp", 112},
                                 {"sfpp", 112}, {"fz", 112},   {"rf", 104},    {"rfz", 104},    {"n", 1}};

static const Entry TEMPI[] = {
    {"larghissimo", 24},  {"larghetto", 63}, {"largo", 50},        {"lento", 52},    {"adagietto", 70},
    {"adagio", 60},       {"grave", 40},     {"andantino", 84},    {"andante", 76},  {"moderato", 108},
    {"allegretto", 112},  {"allegro", 132},  {"vivacissimo", 172}, {"vivace", 160},  {"vivo", 160},
    {"prestissimo", 200}, {"presto", 180},   {"langsam", 56},      {"mässig", 92},   {"mäßig", 92},
    {"massig", 92},       {"bewegt", 108},   {"lebhaft", 138},     {"schnell", 152}, {"rasch", 144},
    {"lent", 54},         {"modéré", 92},    {"animé", 120},       {"vif", 152},     {"slow", 58},
    {"moderate", 96},     {"fast", 144},     {"lively", 132}};

float glossary_velocity(const char *text) {
  size_t n = strcspn(text, " ");
  for (size_t i = 0; i < sizeof DYNAMICS / sizeof *DYNAMICS; i++)
    if (strncmp(DYNAMICS[i].word, text, n) == 0 && !DYNAMICS[i].word[n]) return DYNAMICS[i].value;
  return 0;
}

static bool letter(char c) {
  return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool word_at(const char *text, const char *start, const char *word) {
  size_t n = strlen(word);
  return strncasecmp(start, word, n) == 0 && !letter(start[n]) && (start == text || !letter(start[-1]));
}

float glossary_tempo(const char *text) {
  for (const char *start = text; *start; start++)
    for (size_t i = 0; i < sizeof TEMPI / sizeof *TEMPI; i++)
      if (word_at(text, start, TEMPI[i].word)) return TEMPI[i].value;
  return 0;
}

/* Small letters only: "D. C. al Fine" becomes "dcalfine". */
static void squeeze(char *out, size_t size, const char *text) {
  size_t n = 0;
  for (; *text && n + 1 < size; text++)
    if (isalpha((unsigned char)*text)) out[n++] = (char)tolower((unsigned char)*text);
  out[n] = 0;
}

static bool starts(const char *text, const char *with) {
  return strncmp(text, with, strlen(with)) == 0;
}

unsigned glossary_jumps(const char *text) {
  char words[SCORE_TEXT_SIZE];
  squeeze(words, sizeof words, text);
  if (starts(words, "dacapo") || strcmp(words, "dc") == 0 || starts(words, "dcal") || starts(words, "dcs"))
    return SCORE_JUMP_DA_CAPO;
  if (starts(words, "dalsegno") || strcmp(words, "ds") == 0 || starts(words, "dsal"))
    return SCORE_JUMP_DAL_SEGNO;
  if (strcmp(words, "tocoda") == 0 || strcmp(words, "alcoda") == 0) return SCORE_JUMP_TO_CODA;
  return strcmp(words, "fine") == 0 ? SCORE_JUMP_FINE : 0;
}
