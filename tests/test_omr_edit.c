/* Edits laid over pages: pages made by hand, with exact expectations. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "tests/check.h"
#include "tests/omr_by_hand.h"

#include "core/omr/omr_edit.h"
#include "core/omr/omr_learn.h"

#include <math.h>
#include <time.h>

static Score *score_of(const OmrPage *page, const OmrTaste *taste, const OmrEdit *edits, size_t n,
                       OmrBars *bars) {
  BaseContext ctx = {0};
  OmrPage *edited = NULL;
  Score *score = NULL;
  CHECK(omr_edit_page(&ctx, &edited, page, 0, taste, edits, n, NULL) == BASE_OK);
  const OmrPage *pages[1] = {edited};
  CHECK_SAYING(omr_assemble(&ctx, &score, pages, 1, &(OmrAssembleParams){bars, taste}) == BASE_OK, "%s",
               ctx.sentence);
  if (score) CHECK_SAYING(score_validate(&ctx, score) == BASE_OK, "%s", ctx.sentence);
  omr_page_free(edited);
  return score;
}

/* The place of note `i` of the three bars. */
static OmrEdit at(int i, OmrEditKind kind, int value) {
  return (OmrEdit){0, 100 + 130 + (float)(i / 4 * 600 + i % 4 * 120), y_of(-6 + i % 4), (uint8_t)kind,
                   (int16_t)value};
}

static int midi_of(const Score *score, size_t i) {
  return score_midi(&score->notes.items[i]);
}

/* ---- what edits do ---- */

static void says_pitch_and_what_follows(void) {
  OmrPage *page = three_bars();
  OmrEdit edits[] = {at(0, OMR_EDIT_PITCH, 7 * 5), at(5, OMR_EDIT_ACCIDENTAL, SCORE_ACCIDENTAL_SHARP)};
  Score *before = score_of(page, NULL, NULL, 0, NULL), *after = score_of(page, NULL, edits, 2, NULL);
  CHECK(before->notes.n == 12 && after->notes.n == 12);
  CHECK(midi_of(before, 0) == 60 && midi_of(after, 0) == 72);
  CHECK(midi_of(before, 5) == 62 && midi_of(after, 5) == 63);
  CHECK(midi_of(after, 9) == 62); /* the sign reaches to the end of its bar */
  score_free(before), score_free(after);
  omr_page_free(page);
}

static void keeps_the_bar_summing(void) {
  OmrPage *page = three_bars();
  OmrEdit edits[] = {at(4, OMR_EDIT_VALUE, 2), at(4, OMR_EDIT_DOTS, 1)};
  Score *score = score_of(page, NULL, edits, 2, NULL);
  Beat sum = beat_whole(0);
  for (size_t i = 4; i < 8; i++) sum = beat_add(sum, score->notes.items[i].duration);
  CHECK(beat_equal(score->notes.items[4].duration, beat_make(3, 2)));
  CHECK(beat_equal(sum, beat_whole(4)) && score->notes.items[4].dots == 1);
  CHECK(beat_equal(beat_add(score->notes.items[4].onset, beat_make(3, 2)), score->notes.items[5].onset));
  for (size_t i = 0; i < 4; i++) CHECK(beat_equal(score->notes.items[i].duration, beat_whole(1)));
  score_free(score);
  omr_page_free(page);
}

static void keys_and_times_hold(void) {
  OmrPage *page = three_bars();
  OmrEdit key = {0, 900, 240, OMR_EDIT_KEY, 1}, time = {0, 900, 240, OMR_EDIT_TIME, 64 * 2 + 2};
  OmrEdit edits[] = {key, time};
  Score *score = score_of(page, NULL, edits, 2, NULL);
  CHECK(midi_of(score, 3) == 65);                             /* f' in the first bar … */
  CHECK(midi_of(score, 7) == 66 && midi_of(score, 11) == 66); /* … f sharp' from the second on */
  int keys = 0, times = 0;
  for (size_t i = 0; i < score->signs.n; i++) {
    const ScoreSign *sign = &score->signs.items[i];
    keys += sign->kind == SCORE_SIGN_KEY && sign->measure == 1 && sign->fifths == 1;
    times += sign->kind == SCORE_SIGN_TIME && sign->measure == 1 && sign->beats == 2 && sign->beat_type == 2;
  }
  CHECK(keys == 1 && times == 1);
  score_free(score);
  omr_page_free(page);
}

static void adds_and_takes_away(void) {
  OmrPage *page = three_bars();
  CHECK(base_array_push(&page->ties, (OmrArc){.from = 8, .to = 9})); /* of heads behind the changed ones */
  OmrEdit third = at(0, OMR_EDIT_NOTE, 2);
  third.y_px = y_of(-4);
  OmrEdit edits[] = {third, at(1, OMR_EDIT_NOTHING, 0), at(2, OMR_EDIT_REST, 2)};
  OmrPage *edited = NULL;
  size_t lost = 9, n = 0;
  CHECK(omr_edit_page(NULL, &edited, page, 0, NULL, edits, 3, &lost) == BASE_OK && lost == 0);
  CHECK(edited->heads.n == 11 && edited->chords.n == 10 && edited->symbols.n == 1);
  CHECK(edited->ties.n == 1 && edited->ties.items[0].from == 7 && edited->ties.items[0].to == 8);
  void *bytes = NULL; /* what is packed is checked for sense when it is unpacked */
  OmrPage *again = NULL;
  CHECK(omr_page_pack(NULL, &bytes, &n, edited) == BASE_OK &&
        omr_page_unpack(NULL, &again, bytes, n) == BASE_OK);
  free(bytes);
  omr_page_free(again), omr_page_free(edited);
  Score *score = score_of(page, NULL, edits, 3, NULL);
  CHECK(score->notes.n == 12 && score->notes.items[1].chord && midi_of(score, 1) == 64);
  CHECK(page->heads.n == 12 && page->symbols.n == 0); /* the reading itself is what it was */
  score_free(score);
  omr_page_free(page);
}

/* Read anew, heads stand a little elsewhere and in another order; the edit finds its note. */
static void survives_another_reading(void) {
  OmrPage *page = three_bars(), *other = three_bars();
  for (size_t i = 0; i < 12; i++) {
    OmrHead *head = &other->heads.items[i];
    head->x_px += 3, head->y_px -= 2;
    head->chord = 11 - head->chord;
  }
  for (size_t i = 0; i < 6; i++) {
    OmrHead head = other->heads.items[i];
    OmrChord chord = other->chords.items[i];
    other->heads.items[i] = other->heads.items[11 - i], other->heads.items[11 - i] = head;
    other->chords.items[i] = other->chords.items[11 - i], other->chords.items[11 - i] = chord;
  }
  OmrEdit edits[] = {at(6, OMR_EDIT_PITCH, 40), at(9, OMR_EDIT_NOTHING, 0), {0, 400, 50, OMR_EDIT_DOTS, 1}};
  Score *a = score_of(page, NULL, edits, 3, NULL), *b = score_of(other, NULL, edits, 3, NULL);
  BaseContext ctx = {0};
  CHECK_SAYING(score_equal(&ctx, a, b), "%s", ctx.sentence);
  OmrPage *edited = NULL;
  size_t lost = 0;
  CHECK(omr_edit_page(NULL, &edited, other, 0, NULL, edits, 3, &lost) == BASE_OK && lost == 1);
  omr_page_free(edited);
  score_free(a), score_free(b);
  omr_page_free(page), omr_page_free(other);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void solves_only_what_changed(void) {
  OmrPage *page = three_bars();
  OmrBars *bars = omr_bars_new();
  OmrEdit edits[] = {at(5, OMR_EDIT_VALUE, 3), at(5, OMR_EDIT_DOTS, 0)};
  score_free(score_of(page, NULL, NULL, 0, bars));
  double start = now_ms();
  Score *quick = score_of(page, NULL, edits, 2, bars);
  double took = now_ms() - start;
  Score *plain = score_of(page, NULL, edits, 2, NULL);
  BaseContext ctx = {0};
  CHECK_SAYING(score_equal(&ctx, quick, plain), "%s", ctx.sentence);
  CHECK_SAYING(took < 50, "%.1f ms", took);
  score_free(quick), score_free(plain);
  omr_bars_free(bars);
  omr_page_free(page);
}

/* ---- learning ---- */

/* Flats of this print look like naturals to the reader; two heads put right tell it about the third. */
static void learns_what_signs_look_like(void) {
  OmrPage *page = three_bars();
  static const int heads[] = {0, 1, 8, 9};
  for (int i = 0; i < 4; i++) {
    page->heads.items[heads[i]].accidental = SCORE_ACCIDENTAL_NATURAL;
    CHECK(base_array_push(&page->signs, (OmrSign){heads[i], OMR_FLAT, 0.66f}));
    CHECK(base_array_push(&page->signs, (OmrSign){heads[i], OMR_NATURAL, 0.69f}));
  }
  OmrEdit edits[] = {at(0, OMR_EDIT_ACCIDENTAL, SCORE_ACCIDENTAL_FLAT),
                     at(1, OMR_EDIT_ACCIDENTAL, SCORE_ACCIDENTAL_FLAT)};
  const OmrPage *pages[1] = {page};
  OmrTaste taste;
  CHECK(omr_learn(NULL, &taste, pages, 1, edits, 2) == BASE_OK);
  Score *score = score_of(page, &taste, edits, 2, NULL);
  CHECK(score->notes.items[8].accidental == SCORE_ACCIDENTAL_FLAT && midi_of(score, 8) == 59);
  CHECK(score->notes.items[9].accidental == SCORE_ACCIDENTAL_FLAT);
  score_free(score);
  /* told that they are right, they stay */
  OmrEdit right = {0, 400, 240, OMR_EDIT_RIGHT, 0};
  CHECK(omr_learn(NULL, &taste, pages, 1, &right, 1) == BASE_OK);
  for (int k = 0; k < OMR_LIKELIER; k++) CHECK(taste.likelier[k] == 0);
  for (int k = 0; k < OMR_TASTES; k++) CHECK(taste.dearer[k] == 0);
  omr_page_free(page);
}

/* Bars one and three: two quarters, an eighth and a quarter, half a beat short. Where the dot belongs a
 * person says of the first: the other one follows, also when that is confirmed. */
static void lends_figures(void) {
  OmrPage *page = three_bars();
  page->chords.items[2].flags = page->chords.items[10].flags = 1;
  Score *alone = score_of(page, NULL, NULL, 0, NULL);
  CHECK(beat_equal(alone->notes.items[9].onset, beat_make(1, 1)));
  OmrEdit edits[] = {at(0, OMR_EDIT_DOTS, 1), at(1, OMR_EDIT_VALUE, 2), {0, 1600, 240, OMR_EDIT_RIGHT, 0}};
  Score *score = score_of(page, NULL, edits, 2, NULL);
  for (int i = 0; i < 4; i++)
    CHECK(beat_equal(score->notes.items[8 + i].onset, score->notes.items[i].onset) &&
          score->notes.items[8 + i].dots == score->notes.items[i].dots);
  CHECK(beat_equal(score->notes.items[9].onset, beat_make(3, 2)) && score->notes.items[8].dots == 1);
  Score *confirmed = score_of(page, NULL, edits, 3, NULL);
  CHECK(beat_equal(confirmed->notes.items[9].onset, beat_make(3, 2)));
  score_free(alone), score_free(score), score_free(confirmed);
  omr_page_free(page);
}

/* What looks alike and is doubtful teaches more than what stands alone; what is confirmed nothing. */
static void leads_to_what_returns(void) {
  OmrPage *page = three_bars();
  for (int i = 8; i < 12; i++) /* bar three goes down instead */
    page->heads.items[i].position = (int16_t)(4 - i), page->heads.items[i].y_px = y_of(4 - i);
  Score *score = score_of(page, NULL, NULL, 0, NULL);
  float worth[3];
  for (int i = 0; i < 3; i++) score->measures.items[i].confidence = 0.5f;
  CHECK(omr_learn_worth(worth, score));
  CHECK(worth[0] > worth[2] && worth[1] > worth[2] && worth[2] >= 0.5f);
  score->measures.items[0].confidence = 1;
  CHECK(omr_learn_worth(worth, score));
  CHECK(worth[0] == 0 && fabsf(worth[1] - worth[2]) < 1e-6f);
  score_free(score);
  omr_page_free(page);
}

/* ---- as JSON ---- */

static void write_text(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  CHECK(file != NULL);
  if (file) fputs(text, file), fclose(file);
}

static void comes_back_from_json(void) {
  static const int values[OMR_EDITS][2] = {{0, 76}, {-2, 2}, {0, 7},   {0, 7},  {0, 2},
                                           {1, 3},  {1, 2},  {0, 23},  {0, 1},  {0, 0},
                                           {0, 7},  {0, 6},  {18, 37}, {-7, 7}, {64 * 3 + 4, 64 * 12 + 8},
                                           {0, 0}};
  const char *path = check_temporary("edits.json");
  OmrEdits edits = {0}, back = {0};
  BaseContext ctx = {0};
  for (int kind = 0; kind < OMR_EDITS; kind++)
    for (int k = 0; k < 2; k++) {
      OmrEdit edit = {k, 10.25f + (float)kind, 20.5f, (uint8_t)kind, (int16_t)values[kind][k]};
      CHECK_SAYING(omr_edit_valid(&edit), "kind %d value %d", kind, edit.value);
      CHECK(base_array_push(&edits, edit));
    }
  CHECK(omr_edits_save(&ctx, edits.items, edits.n, path) == BASE_OK);
  CHECK_SAYING(omr_edits_load(&ctx, &back, path) == BASE_OK, "%s", ctx.sentence);
  CHECK(back.n == edits.n);
  for (size_t i = 0; i < back.n && i < edits.n; i++) {
    const OmrEdit *a = &edits.items[i], *b = &back.items[i];
    CHECK_SAYING(a->page == b->page && a->x_px == b->x_px && a->y_px == b->y_px && a->kind == b->kind &&
                     a->value == b->value,
                 "edit %zu", i);
  }
  base_array_clear(&edits), base_array_clear(&back);
}

static void refuses_json_that_makes_no_sense(void) {
  static const char *const bad[] = {
      "",
      "[]",
      "{}",
      "{\"edits\":{}}",
      "{\"edits\":[{}]}",
      "{\"edits\":[{\"page\":0,\"x\":1,\"y\":2,\"set\":\"pitch\"}]}",
      "{\"edits\":[{\"page\":-1,\"x\":1,\"y\":2,\"set\":\"dots\",\"to\":1}]}",
      "{\"edits\":[{\"page\":0,\"x\":1,\"y\":2,\"set\":\"dots\",\"to\":3}]}",
      "{\"edits\":[{\"page\":0,\"x\":\"a\",\"y\":2,\"set\":\"dots\",\"to\":1}]}",
      "{\"edits\":[{\"page\":0,\"x\":1,\"y\":2,\"set\":\"time\",\"to\":\"4/5\"}]}",
      "{\"edits\":[{\"page\":0,\"x\":1,\"y\":2,\"set\":\"dots\",\"to\":1}",
      "{\"edits\":[[[[[[[["};
  const char *path = check_temporary("bad.json");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    BaseContext ctx = {0};
    OmrEdits edits = {0};
    write_text(path, bad[i]);
    CHECK_SAYING(omr_edits_load(&ctx, &edits, path) == BASE_BAD_FILE && ctx.sentence[0] && !edits.n, "%s",
                 bad[i]);
    base_array_clear(&edits);
  }
  write_text(path, "{\"by\":[{\"a\":1}],\"edits\":[{\"to\":\"sharp\",\"set\":\"accidental\",\"y\":2,\"x\":1,"
                   "\"page\":0,\"note\":{\"why\":[1,2]}}]}");
  OmrEdits edits = {0};
  CHECK(omr_edits_load(NULL, &edits, path) == BASE_OK && edits.n == 1);
  base_array_clear(&edits);
}

CHECK_MAIN({CASE(says_pitch_and_what_follows)}, {CASE(keeps_the_bar_summing)}, {CASE(keys_and_times_hold)},
           {CASE(adds_and_takes_away)}, {CASE(survives_another_reading)}, {CASE(solves_only_what_changed)},
           {CASE(learns_what_signs_look_like)}, {CASE(lends_figures)}, {CASE(leads_to_what_returns)}, {CASE(comes_back_from_json)},
           {CASE(refuses_json_that_makes_no_sense)})
