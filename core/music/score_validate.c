/* Each promise of score.h is one small function that names the place where it is broken.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/score.h"

#include "core/base/base_text.h"

#include <math.h>
#include <stdlib.h>

#define BROKEN(...) return base_fail(ctx, BASE_BAD_INPUT, __VA_ARGS__)

static bool beat_valid(Beat a) {
  return a.den > 0 && beat_equal(a, beat_make(a.num, a.den));
}

static bool negative(Beat a) {
  return a.num < 0;
}

static BaseStatus validate_measures(BaseContext *ctx, const Score *score) {
  bool open = false;
  for (size_t i = 0; i < score->measures.n; i++) {
    const ScoreMeasure *measure = &score->measures.items[i];
    if (!beat_valid(measure->length) || negative(measure->length))
      BROKEN("Measure %zu has an impossible length.", i + 1);
    if (measure->bar_style > SCORE_BAR_NONE) BROKEN("Measure %zu has an unknown bar line.", i + 1);
    if (measure->ending_start) open = measure->endings != 0;
    if ((measure->endings != 0) != open)
      BROKEN("The ending at measure %zu has no start or no number.", i + 1);
    if (measure->ending_stop && !open) BROKEN("The ending at measure %zu stops without a start.", i + 1);
    if (measure->ending_stop) open = false;
    if (!base_text_valid(measure->number, sizeof measure->number))
      BROKEN("Measure %zu has a number that is no text.", i + 1);
  }
  return BASE_OK;
}

static BaseStatus validate_parts(BaseContext *ctx, const Score *score) {
  for (size_t i = 0; i < score->parts.n; i++) {
    const ScorePart *part = &score->parts.items[i];
    if (part->staves < 1) BROKEN("Part %zu has no staff.", i + 1);
    if (part->program > 127) BROKEN("Part %zu has an unknown instrument.", i + 1);
    if (!base_text_valid(part->name, sizeof part->name) || !base_text_valid(part->id, sizeof part->id))
      BROKEN("Part %zu has a name that is no text.", i + 1);
  }
  return BASE_OK;
}

static BaseStatus validate_place(BaseContext *ctx, const Score *score, int32_t measure, int part, int staff,
                                 Beat onset, const char *what, size_t i) {
  if (measure < 0 || (size_t)measure >= score->measures.n) BROKEN("%s %zu is in no measure.", what, i + 1);
  if (part < 0 || (size_t)part >= score->parts.n) BROKEN("%s %zu is in no part.", what, i + 1);
  if (staff >= score->parts.items[part].staves) BROKEN("%s %zu is on no staff of its part.", what, i + 1);
  if (!beat_valid(onset) || negative(onset) || beat_compare(onset, score->measures.items[measure].length) > 0)
    BROKEN("%s %zu lies outside measure %d.", what, i + 1, measure + 1);
  return BASE_OK;
}

static BaseStatus validate_note_fields(BaseContext *ctx, const ScoreNote *note, size_t i) {
  if (note->id == 0) BROKEN("Note %zu has no id.", i + 1);
  if (note->staff < 0) BROKEN("Note %zu is on no staff.", i + 1);
  if (note->voice < 1) BROKEN("Note %zu is in no voice.", i + 1);
  if (note->kind > SCORE_UNPITCHED) BROKEN("Note %zu is of no known kind.", i + 1);
  if (note->step < 0 || note->step > 6 || note->alter < -2 || note->alter > 2 || note->octave < -1 ||
      note->octave > 10)
    BROKEN("Note %zu has an impossible pitch.", i + 1);
  if (!beat_valid(note->duration) || negative(note->duration))
    BROKEN("Note %zu lasts a negative time.", i + 1);
  if (note->grace && note->duration.num) BROKEN("Note %zu is a grace note that takes time.", i + 1);
  if (!note->tuplet_actual || !note->tuplet_normal) BROKEN("Note %zu has an impossible tuplet.", i + 1);
  if (note->type < -3 || note->type > 10 || note->dots > 4) BROKEN("Note %zu has no printable value.", i + 1);
  if (note->accidental > SCORE_ACCIDENTAL_NATURAL_FLAT || note->stem > SCORE_STEM_NONE)
    BROKEN("Note %zu has an unknown accidental or stem.", i + 1);
  return BASE_OK;
}

static bool same_stem(const ScoreNote *a, const ScoreNote *b) {
  return a->measure == b->measure && a->part == b->part && a->voice == b->voice && a->grace == b->grace &&
         beat_equal(a->onset, b->onset);
}

static BaseStatus validate_notes(BaseContext *ctx, const Score *score) {
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    BaseStatus status = validate_note_fields(ctx, note, i);
    if (status == BASE_OK)
      status = validate_place(ctx, score, note->measure, note->part, note->staff, note->onset, "Note", i);
    if (status != BASE_OK) return status;
    Beat end = beat_add(note->onset, note->duration);
    if (beat_compare(end, score->measures.items[note->measure].length) > 0)
      BROKEN("Note %zu sounds beyond the end of measure %d.", i + 1, note->measure + 1);
    if (note->chord && (i == 0 || !same_stem(note - 1, note)))
      BROKEN("Note %zu belongs to a chord that is not there.", i + 1);
    if (i && score_compare_notes(note - 1, note) > 0) BROKEN("Note %zu is out of order.", i + 1);
  }
  return BASE_OK;
}

static BaseStatus validate_sign_fields(BaseContext *ctx, const ScoreSign *sign, size_t i) {
  if (sign->id == 0) BROKEN("Sign %zu has no id.", i + 1);
  if (sign->kind > SCORE_SIGN_WORDS || sign->edge > SCORE_EDGE_CHANGE)
    BROKEN("Sign %zu is of no known kind.", i + 1);
  if (sign->kind == SCORE_SIGN_CLEF &&
      (sign->staff < 0 || sign->clef < 0 || sign->clef > SCORE_CLEF_PERCUSSION))
    BROKEN("Sign %zu is a clef without a staff or shape.", i + 1);
  if (sign->kind == SCORE_SIGN_KEY && (sign->fifths < -14 || sign->fifths > 14))
    BROKEN("Sign %zu is an impossible key.", i + 1);
  if (sign->kind == SCORE_SIGN_TIME &&
      (sign->beats < 0 || sign->beat_type < 0 || (sign->beats && !sign->beat_type)))
    BROKEN("Sign %zu is an impossible time signature.", i + 1);
  if (!isfinite(sign->quarters_per_minute) || sign->quarters_per_minute < 0 || !isfinite(sign->velocity))
    BROKEN("Sign %zu has a number out of range.", i + 1);
  if (!base_text_valid(sign->text, sizeof sign->text)) BROKEN("Sign %zu has words that are no text.", i + 1);
  return BASE_OK;
}

static BaseStatus validate_signs(BaseContext *ctx, const Score *score) {
  for (size_t i = 0; i < score->signs.n; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    BaseStatus status = validate_sign_fields(ctx, sign, i);
    if (status == BASE_OK)
      status = validate_place(ctx, score, sign->measure, sign->part, sign->staff, sign->onset, "Sign", i);
    if (status != BASE_OK) return status;
    if (i && score_compare_signs(sign - 1, sign) > 0) BROKEN("Sign %zu is out of order.", i + 1);
  }
  return BASE_OK;
}

static int compare_ids(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static bool known(const uint32_t *ids, size_t n, uint32_t id) {
  return bsearch(&id, ids, n, sizeof *ids, compare_ids) != NULL;
}

static BaseStatus check_links(BaseContext *ctx, const Score *score, const uint32_t *note_ids) {
  size_t n = score->notes.n;
  for (size_t i = 0; i < score->slurs.n; i++)
    if (!known(note_ids, n, score->slurs.items[i].from) || !known(note_ids, n, score->slurs.items[i].to))
      BROKEN("Slur %zu has no note at one of its ends.", i + 1);
  for (size_t i = 0; i < score->lyrics.n; i++) {
    if (!known(note_ids, n, score->lyrics.items[i].note)) BROKEN("Syllable %zu has no note.", i + 1);
    if (!score->lyrics.items[i].verse || score->lyrics.items[i].syllabic > 3 ||
        !base_text_valid(score->lyrics.items[i].text, SCORE_TEXT_SIZE))
      BROKEN("Syllable %zu is no text of a verse.", i + 1);
  }
  return BASE_OK;
}

static BaseStatus check_ids(BaseContext *ctx, const Score *score, uint32_t *ids) {
  size_t n = 0;
  for (size_t i = 0; i < score->notes.n; i++) ids[n++] = score->notes.items[i].id;
  qsort(ids, n, sizeof *ids, compare_ids);
  BaseStatus status = check_links(ctx, score, ids);
  if (status != BASE_OK) return status;
  for (size_t i = 0; i < score->signs.n; i++) ids[n++] = score->signs.items[i].id;
  qsort(ids, n, sizeof *ids, compare_ids);
  for (size_t i = 0; i < n; i++) {
    if (ids[i] >= score->next_id) BROKEN("The id %u was never given out.", ids[i]);
    if (i && ids[i] == ids[i - 1]) BROKEN("The id %u is used twice.", ids[i]);
  }
  return BASE_OK;
}

static BaseStatus validate_ids(BaseContext *ctx, const Score *score) {
  uint32_t *ids = calloc(score->notes.n + score->signs.n + 1, sizeof *ids);
  if (!ids) return base_fail_memory(ctx);
  BaseStatus status = check_ids(ctx, score, ids);
  free(ids);
  return status;
}

BaseStatus score_validate(BaseContext *ctx, const Score *score) {
  if (!base_text_valid(score->title, sizeof score->title) ||
      !base_text_valid(score->composer, sizeof score->composer) ||
      !base_text_valid(score->source, sizeof score->source))
    BROKEN("The title, composer or source is no text.");
  BaseStatus status = validate_parts(ctx, score);
  if (status == BASE_OK) status = validate_measures(ctx, score);
  if (status == BASE_OK) status = validate_notes(ctx, score);
  if (status == BASE_OK) status = validate_signs(ctx, score);
  return status == BASE_OK ? validate_ids(ctx, score) : status;
}
