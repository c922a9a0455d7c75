/* Second thoughts about pages made by hand, by priors whose taste is known. SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/check.h"
#include "tests/omr_by_hand.h"

#include "core/omr/omr_again.h"
#include "core/omr/omr_signs.h"

enum { ANSWERS_NOTHING = -1 };

typedef struct {
  int midi;   /* the note that it cannot stand … */
  int asked;
  double nats; /* … and how little, in each of the bars that it is asked about */
} Taste;

static double ask(void *user, const Score *score, int32_t first, int32_t end) {
  Taste *taste = user;
  double sum = 0;
  taste->asked++;
  if (taste->midi == ANSWERS_NOTHING) return -1;
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    if (note->measure >= first && note->measure < end && score_midi(note) == taste->midi) sum += taste->nats;
  }
  return sum;
}

static BaseStatus think(OmrPage *page, Taste *taste) {
  BaseContext ctx = {0};
  return omr_again(&ctx, page, NULL, (ScorePrior){ask, NULL, taste});
}

/* A sharp before the head that looks so much more like one than it has to. */
static void sharpen(OmrPage *page, int32_t head, float more) {
  OmrHead *at = &page->heads.items[head];
  OmrSymbol symbol = {.head = head, .kind = OMR_SHARP, .second = OMR_SYMBOLS, .position = at->position, .score = 0.8f};
  symbol.x_px = at->x_px - 40, symbol.y_px = at->y_px - 25, symbol.width_px = 20, symbol.height_px = 50;
  at->accidental = SCORE_ACCIDENTAL_SHARP;
  CHECK(base_array_push(&page->symbols, symbol));
  CHECK(base_array_push(&page->signs, (OmrSign){head, OMR_SHARP, omr_sign_wanted(OMR_SHARP) + more}));
}

static void takes_a_weak_sign_away(void) {
  OmrPage *page = three_bars();
  sharpen(page, 1, 0.01f);
  sharpen(page, 5, 0.30f);
  Taste taste = {.midi = 63, .nats = 9};
  CHECK(think(page, &taste) == BASE_OK);
  CHECK(page->heads.items[1].accidental == SCORE_ACCIDENTAL_NONE);
  CHECK(page->heads.items[5].accidental == SCORE_ACCIDENTAL_SHARP && page->symbols.n == 1); /* it is printed clearly */
  omr_page_free(page);
}

static void adds_a_sign_that_was_nearly_one(void) {
  OmrPage *page = three_bars();
  CHECK(base_array_push(&page->signs, (OmrSign){1, OMR_SHARP, omr_sign_wanted(OMR_SHARP) - 0.02f}));
  Taste taste = {.midi = 62, .nats = 9};
  CHECK(think(page, &taste) == BASE_OK && page->heads.items[1].accidental == SCORE_ACCIDENTAL_SHARP);
  CHECK(page->symbols.n == 1 && page->symbols.items[0].head == 1);
  omr_page_free(page);
}

static void small_differences_change_nothing(void) {
  OmrPage *page = three_bars();
  sharpen(page, 1, 0.01f);
  Taste slight = {.midi = 63, .nats = 2}, mute = {.midi = ANSWERS_NOTHING}, never = {.midi = 63, .nats = 99};
  CHECK(think(page, &slight) == BASE_OK && think(page, &mute) == BASE_OK);
  CHECK(slight.asked > 0 && mute.asked > 0);
  CHECK(omr_again(NULL, page, NULL, (ScorePrior){0}) == BASE_OK);
  CHECK(page->heads.items[1].accidental == SCORE_ACCIDENTAL_SHARP && page->symbols.n == 1);
  CHECK(think(page, &never) == BASE_OK && page->heads.items[1].accidental == SCORE_ACCIDENTAL_NONE);
  omr_page_free(page);
}

/* A row of quarters three ledger lines below the staff; the last but one was read a step lower than it stands. */
static OmrPage *on_ledger_lines(float stands) {
  static const float bars[] = {100, 700, 1300, 1900};
  OmrPage *page = blank(bars, 4);
  CHECK(base_array_push(&page->times, (OmrTime){.x_px = 110, .beats = 4, .beat_type = 4, .score = 1}));
  for (int i = 0; i < 12; i++) quarter(page, bars[i / 4] + 130 + (float)(i % 4 * 120), -8);
  page->heads.items[10].position = -9;
  page->heads.items[10].y_px += (8 - stands) * -SPACE / 2;
  return page;
}

static void heads_go_where_the_others_stand(void) {
  Taste taste = {.midi = 55, .nats = 20};
  OmrPage *page = on_ledger_lines(8);
  CHECK(think(page, &taste) == BASE_OK && page->heads.items[10].position == -8);
  omr_page_free(page);
  page = on_ledger_lines(9.5f); /* this one hangs below the line */
  CHECK(think(page, &taste) == BASE_OK && page->heads.items[10].position == -9);
  omr_page_free(page);
  taste.nats = 0;
  page = on_ledger_lines(8); /* of two places that sound alike the ledger lines tell */
  CHECK(think(page, &taste) == BASE_OK && page->heads.items[10].position == -8);
  omr_page_free(page);
}

static bool find_odd(void *user, float *odd, const Score *score) {
  (void)user;
  for (size_t m = 0; m < score->measures.n; m++) odd[m] = (float)m * 3;
  return true;
}

static void what_is_odd_is_trusted_less(void) {
  OmrPage *page = three_bars();
  BaseContext ctx = {0};
  Taste taste = {0};
  Score *score = NULL;
  void *bytes = NULL;
  size_t n = 0;
  CHECK(omr_again(&ctx, page, NULL, (ScorePrior){ask, find_odd, &taste}) == BASE_OK);
  CHECK(page->bars.items[1].odd == 3 && page->bars.items[2].odd == 6);
  CHECK(omr_page_pack(&ctx, &bytes, &n, page) == BASE_OK);
  omr_page_free(page);
  CHECK(omr_page_unpack(&ctx, &page, bytes, n) == BASE_OK && page->bars.items[2].odd == 6); /* it is remembered */
  const OmrPage *pages[1] = {page};
  CHECK(omr_assemble(&ctx, &score, pages, 1, NULL) == BASE_OK && score->measures.n == 3);
  CHECK(score->measures.items[2].confidence < score->measures.items[1].confidence - 0.01f);
  score_free(score);
  free(bytes);
  omr_page_free(page);
}

CHECK_MAIN({CASE(takes_a_weak_sign_away)}, {CASE(adds_a_sign_that_was_nearly_one)}, {CASE(small_differences_change_nothing)},
           {CASE(heads_go_where_the_others_stand)}, {CASE(what_is_odd_is_trusted_less)})
