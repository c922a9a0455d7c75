/* Scores are compared field by field in their sorted order; ids are replaced by positions.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIFFER(...) return base_fail(ctx, BASE_BAD_INPUT, __VA_ARGS__), false

static bool near(float a, float b) {
  return fabsf(a - b) <= 0.001f * fmaxf(1, fabsf(a));
}

static bool equal_parts(BaseContext *ctx, const Score *a, const Score *b) {
  if (strcmp(a->title, b->title) != 0) DIFFER("The titles are “%s” and “%s”.", a->title, b->title);
  if (strcmp(a->composer, b->composer) != 0)
    DIFFER("The composers are “%s” and “%s”.", a->composer, b->composer);
  if (a->parts.n != b->parts.n) DIFFER("There are %zu and %zu parts.", a->parts.n, b->parts.n);
  for (size_t i = 0; i < a->parts.n; i++) {
    const ScorePart *p = &a->parts.items[i], *q = &b->parts.items[i];
    if (strcmp(p->name, q->name) != 0 || p->staves != q->staves || p->program != q->program ||
        p->transpose != q->transpose)
      DIFFER("Part %zu differs.", i + 1);
  }
  return true;
}

static bool equal_measures(BaseContext *ctx, const Score *a, const Score *b) {
  if (a->measures.n != b->measures.n) DIFFER("There are %zu and %zu measures.", a->measures.n, b->measures.n);
  for (size_t i = 0; i < a->measures.n; i++) {
    const ScoreMeasure *p = &a->measures.items[i], *q = &b->measures.items[i];
    if (!beat_equal(p->length, q->length))
      DIFFER("Measure %zu lasts %g and %g quarters.", i + 1, beat_double(p->length), beat_double(q->length));
    if (strcmp(p->number, q->number) != 0 || p->implicit != q->implicit)
      DIFFER("Measure %zu is numbered “%s” and “%s”.", i + 1, p->number, q->number);
    if (p->repeat_start != q->repeat_start || p->repeat_stop != q->repeat_stop || p->endings != q->endings ||
        p->ending_start != q->ending_start || p->ending_stop != q->ending_stop || p->jumps != q->jumps)
      DIFFER("Measure %zu has other repeats, endings or jumps.", i + 1);
    if (p->bar_style != q->bar_style && !p->repeat_stop) DIFFER("Measure %zu has another bar line.", i + 1);
    if (p->new_system != q->new_system || p->new_page != q->new_page)
      DIFFER("Measure %zu starts another line or page.", i + 1);
  }
  return true;
}

static bool same_place(const ScoreNote *a, const ScoreNote *b) {
  return a->measure == b->measure && a->part == b->part && a->staff == b->staff && a->voice == b->voice &&
         beat_equal(a->onset, b->onset) && beat_equal(a->duration, b->duration);
}

static bool same_print(const ScoreNote *a, const ScoreNote *b) {
  bool value = (a->whole_measure && b->whole_measure) || (a->type == b->type && a->dots == b->dots);
  return value && a->chord == b->chord && a->grace == b->grace && a->slash == b->slash && a->cue == b->cue &&
         a->hidden == b->hidden && a->whole_measure == b->whole_measure &&
         a->tuplet_actual == b->tuplet_actual && a->tuplet_normal == b->tuplet_normal &&
         a->tuplet_edge == b->tuplet_edge && a->stem == b->stem &&
         memcmp(a->beams, b->beams, sizeof a->beams) == 0;
}

static bool same_pitch(const ScoreNote *a, const ScoreNote *b) {
  return a->kind == b->kind && a->step == b->step && a->alter == b->alter && a->octave == b->octave &&
         a->accidental == b->accidental && a->ties == b->ties;
}

static bool same_marks(const ScoreNote *a, const ScoreNote *b) {
  return a->marks == b->marks && a->tremolo == b->tremolo && a->finger == b->finger;
}

static bool equal_notes(BaseContext *ctx, const Score *a, const Score *b) {
  if (a->notes.n != b->notes.n) DIFFER("There are %zu and %zu notes.", a->notes.n, b->notes.n);
  for (size_t i = 0; i < a->notes.n; i++) {
    const ScoreNote *p = &a->notes.items[i], *q = &b->notes.items[i];
    const char *what = !same_place(p, q)   ? "place or duration"
                       : !same_pitch(p, q) ? "pitch, accidental or tie"
                       : !same_print(p, q) ? "print"
                       : !same_marks(p, q) ? "marks"
                                           : NULL;
    if (what)
      DIFFER("Note %zu (measure %d, quarter %g, part %d, voice %d) has another %s.", i + 1, p->measure + 1,
             beat_double(p->onset), p->part + 1, p->voice, what);
  }
  return true;
}

static bool same_sign(const ScoreSign *a, const ScoreSign *b) {
  if (a->measure != b->measure || a->part != b->part || a->staff != b->staff || a->kind != b->kind ||
      !beat_equal(a->onset, b->onset) || strcmp(a->text, b->text) != 0)
    return false;
  switch ((ScoreSignKind)a->kind) {
  case SCORE_SIGN_CLEF:
    return a->clef == b->clef && a->clef_line == b->clef_line && a->clef_octave == b->clef_octave;
  case SCORE_SIGN_KEY:
    return a->fifths == b->fifths;
  case SCORE_SIGN_TIME:
    return a->beats == b->beats && a->beat_type == b->beat_type && a->time_symbol == b->time_symbol;
  case SCORE_SIGN_DYNAMIC:
    return near(a->velocity, b->velocity);
  case SCORE_SIGN_WEDGE:
    return a->edge == b->edge && a->wedge == b->wedge;
  case SCORE_SIGN_PEDAL:
    return a->edge == b->edge;
  case SCORE_SIGN_OCTAVE:
    return a->edge == b->edge && a->octave_shift == b->octave_shift;
  case SCORE_SIGN_TEMPO:
    return near(a->quarters_per_minute, b->quarters_per_minute);
  case SCORE_SIGN_WORDS:
    return true;
  }
  return false;
}

static bool equal_signs(BaseContext *ctx, const Score *a, const Score *b) {
  if (a->signs.n != b->signs.n) DIFFER("There are %zu and %zu signs.", a->signs.n, b->signs.n);
  for (size_t i = 0; i < a->signs.n; i++) {
    const ScoreSign *p = &a->signs.items[i];
    if (!same_sign(p, &b->signs.items[i]))
      DIFFER("Sign %zu (kind %d, measure %d, quarter %g, part %d, “%s”) differs.", i + 1, p->kind,
             p->measure + 1, beat_double(p->onset), p->part + 1, p->text);
  }
  return true;
}

/* A slur or syllable with positions in the sorted notes instead of ids. */
typedef struct {
  size_t from, to;
  const ScoreLyric *lyric;
} Link;

typedef struct {
  uint32_t id;
  size_t index;
} Named;

static int compare_names(const void *left, const void *right) {
  const Named *a = left, *b = right;
  return (a->id > b->id) - (a->id < b->id);
}

static int compare_links(const void *left, const void *right) {
  const Link *a = left, *b = right;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  if (a->to != b->to) return a->to < b->to ? -1 : 1;
  return a->lyric && b->lyric ? strcmp(a->lyric->text, b->lyric->text) : 0;
}

static size_t position(const Named *names, size_t n, uint32_t id) {
  Named wanted = {.id = id};
  const Named *found = bsearch(&wanted, names, n, sizeof *names, compare_names);
  return found ? found->index : n;
}

/* Slurs first, then syllables, each sorted; null without memory. */
static Link *make_links(const Score *score) {
  size_t n = score->notes.n, slurs = score->slurs.n, lyrics = score->lyrics.n;
  Named *names = calloc(n + 1, sizeof *names);
  Link *links = calloc(slurs + lyrics + 1, sizeof *links);
  if (names && links) {
    for (size_t i = 0; i < n; i++) names[i] = (Named){score->notes.items[i].id, i};
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 0; i < slurs; i++)
      links[i] = (Link){position(names, n, score->slurs.items[i].from),
                        position(names, n, score->slurs.items[i].to), NULL};
    for (size_t i = 0; i < lyrics; i++) {
      const ScoreLyric *lyric = &score->lyrics.items[i];
      links[slurs + i] = (Link){position(names, n, lyric->note), lyric->verse, lyric};
    }
    qsort(links, slurs, sizeof *links, compare_links);
    qsort(links + slurs, lyrics, sizeof *links, compare_links);
  }
  free(names);
  if (names) return links;
  free(links);
  return NULL;
}

static bool equal_links(BaseContext *ctx, const Score *a, const Link *p, const Link *q) {
  for (size_t i = 0; i < a->slurs.n; i++)
    if (p[i].from != q[i].from || p[i].to != q[i].to)
      DIFFER("Slur %zu joins notes %zu and %zu, or %zu and %zu.", i + 1, p[i].from + 1, p[i].to + 1,
             q[i].from + 1, q[i].to + 1);
  for (size_t i = a->slurs.n; i < a->slurs.n + a->lyrics.n; i++)
    if (p[i].from != q[i].from || p[i].to != q[i].to || p[i].lyric->syllabic != q[i].lyric->syllabic ||
        strcmp(p[i].lyric->text, q[i].lyric->text) != 0)
      DIFFER("The syllable “%s” at note %zu differs.", p[i].lyric->text, p[i].from + 1);
  return true;
}

static bool equal_slurs_and_lyrics(BaseContext *ctx, const Score *a, const Score *b) {
  if (a->slurs.n != b->slurs.n) DIFFER("There are %zu and %zu slurs.", a->slurs.n, b->slurs.n);
  if (a->lyrics.n != b->lyrics.n) DIFFER("There are %zu and %zu syllables.", a->lyrics.n, b->lyrics.n);
  Link *p = make_links(a), *q = make_links(b);
  bool equal = p && q ? equal_links(ctx, a, p, q) : (base_fail_memory(ctx), false);
  free(p);
  free(q);
  return equal;
}

bool score_equal(BaseContext *ctx, const Score *a, const Score *b) {
  return equal_parts(ctx, a, b) && equal_measures(ctx, a, b) && equal_notes(ctx, a, b) &&
         equal_signs(ctx, a, b) && equal_slurs_and_lyrics(ctx, a, b);
}
