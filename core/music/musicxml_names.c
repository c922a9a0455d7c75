/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/musicxml_names.h"

#include "core/music/score.h"

#include <string.h>

const MusicxmlName MUSICXML_TYPES[] = {
    {"maxima", -3}, {"long", -2},  {"breve", -1}, {"whole", 0},   {"half", 1},
    {"quarter", 2}, {"eighth", 3}, {"16th", 4},   {"32nd", 5},    {"64th", 6},
    {"128th", 7},   {"256th", 8},  {"512th", 9},  {"1024th", 10}, {0}};

const MusicxmlName MUSICXML_ACCIDENTALS[] = {{"sharp", SCORE_ACCIDENTAL_SHARP},
                                             {"flat", SCORE_ACCIDENTAL_FLAT},
                                             {"natural", SCORE_ACCIDENTAL_NATURAL},
                                             {"double-sharp", SCORE_ACCIDENTAL_DOUBLE_SHARP},
                                             {"sharp-sharp", SCORE_ACCIDENTAL_DOUBLE_SHARP},
                                             {"flat-flat", SCORE_ACCIDENTAL_DOUBLE_FLAT},
                                             {"double-flat", SCORE_ACCIDENTAL_DOUBLE_FLAT},
                                             {"natural-sharp", SCORE_ACCIDENTAL_NATURAL_SHARP},
                                             {"natural-flat", SCORE_ACCIDENTAL_NATURAL_FLAT},
                                             {0}};

const MusicxmlName MUSICXML_STEMS[] = {
    {"up", SCORE_STEM_UP}, {"down", SCORE_STEM_DOWN}, {"none", SCORE_STEM_NONE}, {0}};

const MusicxmlName MUSICXML_BEAMS[] = {{"begin", 1},        {"continue", 2},      {"end", 3},
                                       {"forward hook", 4}, {"backward hook", 5}, {0}};

const MusicxmlName MUSICXML_ARTICULATIONS[] = {{"accent", SCORE_ACCENT},
                                               {"strong-accent", SCORE_MARCATO},
                                               {"staccato", SCORE_STACCATO},
                                               {"tenuto", SCORE_TENUTO},
                                               {"detached-legato", SCORE_TENUTO | SCORE_STACCATO},
                                               {"staccatissimo", SCORE_STACCATISSIMO},
                                               {"spiccato", SCORE_STACCATISSIMO},
                                               {"breath-mark", SCORE_BREATH},
                                               {"caesura", SCORE_BREATH},
                                               {0}};

const MusicxmlName MUSICXML_ORNAMENTS[] = {{"trill-mark", SCORE_TRILL},
                                           {"turn", SCORE_TURN},
                                           {"delayed-turn", SCORE_TURN},
                                           {"inverted-turn", SCORE_INVERTED_TURN},
                                           {"delayed-inverted-turn", SCORE_INVERTED_TURN},
                                           {"mordent", SCORE_MORDENT},
                                           {"inverted-mordent", SCORE_INVERTED_MORDENT},
                                           {"shake", SCORE_INVERTED_MORDENT},
                                           {0}};

const MusicxmlName MUSICXML_CLEFS[] = {{"G", SCORE_CLEF_G},
                                       {"F", SCORE_CLEF_F},
                                       {"C", SCORE_CLEF_C},
                                       {"percussion", SCORE_CLEF_PERCUSSION},
                                       {"TAB", SCORE_CLEF_PERCUSSION},
                                       {"none", SCORE_CLEF_PERCUSSION},
                                       {0}};

const MusicxmlName MUSICXML_BARS[] = {
    {"light-light", SCORE_BAR_DOUBLE}, {"light-heavy", SCORE_BAR_FINAL}, {"heavy", SCORE_BAR_FINAL},
    {"heavy-heavy", SCORE_BAR_FINAL},  {"heavy-light", SCORE_BAR_FINAL}, {"dashed", SCORE_BAR_DASHED},
    {"dotted", SCORE_BAR_DASHED},      {"none", SCORE_BAR_NONE},         {0}};

const MusicxmlName MUSICXML_SYLLABICS[] = {{"single", 0}, {"begin", 1}, {"middle", 2}, {"end", 3}, {0}};

const MusicxmlName MUSICXML_EDGES[] = {{"start", SCORE_EDGE_START},   {"stop", SCORE_EDGE_STOP},
                                       {"change", SCORE_EDGE_CHANGE}, {"discontinue", SCORE_EDGE_STOP},
                                       {"resume", SCORE_EDGE_START},  {0}};

const MusicxmlName MUSICXML_DYNAMICS[] = {
    {"p", 1},    {"pp", 1},   {"ppp", 1},   {"pppp", 1},   {"ppppp", 1}, {"pppppp", 1}, {"f", 1},  {"ff", 1},
    {"fff", 1},  {"ffff", 1}, {"fffff", 1}, {"ffffff", 1}, {"mp", 1},    {"mf", 1},     {"sf", 1}, {"sfp", 1},
    {"sfpp", 1}, {"fp", 1},   {"rf", 1},    {"rfz", 1},    {"sfz", 1},   {"sffz", 1},   {"fz", 1}, {"n", 1},
    {"pf", 1},   {"sfzp", 1}, {0}};

int musicxml_value(const MusicxmlName *table, const char *name, int fallback) {
  for (; table->name; table++)
    if (strcmp(table->name, name) == 0) return table->value;
  return fallback;
}

const char *musicxml_name(const MusicxmlName *table, int value) {
  for (; table->name; table++)
    if (table->value == value) return table->name;
  return NULL;
}

static const struct {
  const char *glyph;
  int type;
} GLYPHS[] = {{"\U0001D15C", -1}, {"\U0001D15D", 0}, {"\U0001D15E", 1}, {"♩", 2},
              {"♪", 3},           {"\U0001D161", 4}, {"\U0001D162", 5}, {"\U0001D163", 6}};

const char *musicxml_glyph(int type) {
  for (size_t i = 0; i < sizeof GLYPHS / sizeof *GLYPHS; i++)
    if (GLYPHS[i].type == type) return GLYPHS[i].glyph;
  return NULL;
}

bool musicxml_take_glyph(int *type, int *dots, const char **text) {
  for (size_t i = 0; i < sizeof GLYPHS / sizeof *GLYPHS; i++) {
    size_t n = strlen(GLYPHS[i].glyph);
    if (strncmp(*text, GLYPHS[i].glyph, n) != 0) continue;
    *type = GLYPHS[i].type;
    *text += n;
    for (*dots = 0; **text == '.' && *dots < 4; ++*text) ++*dots;
    return true;
  }
  return false;
}
