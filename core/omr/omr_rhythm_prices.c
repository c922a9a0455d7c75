/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prices are rough negative log probabilities in arbitrary units, chosen on scans of printed music. */
#include "core/omr/omr_rhythm_prices.h"

#include <math.h>

/* What departures cost usually; a triplet: the first of a staff, and where no beam joins three; then the next ones. A
 * stemless head may have had any beams. */
static const OmrPrices usual = {.dot_missed = 0.85f,
                                .dot_faint = 0.35f,
                                .dot_extra = 0.9f,
                                .doubled = 1.7f,
                                .halved = 1.5f,
                                .rest_other = 1.0f,
                                .beam_unseen = 0.35f,
                                .triplet = 0.9f,
                                .triplet_odd = 0.5f,
                                .triplet_more = 0.15f,
                                .second = 1,
                                .out_note = 1,
                                .out_rest = 1,
                                .entry = 0.25f,
                                .voice_short = 0.7f,
                                .gap = 1.0f,
                                .staff_short = 2.0f,
                                .spacing = 1,
                                .join = 1,
                                .stem = 0.12f};

#define PRICE_MARKED       0.1f /* a triplet under its figure */
#define PRICE_UNMARKED     0.5f /* something else under that figure */
#define PRICE_SPACING      0.16f
#define PRICE_OFF_GRID     0.9f

OmrPrices omr_rhythm_prices(const OmrTaste *taste) {
  OmrPrices prices = usual;
  float times[OMR_TASTES];
  for (int k = 0; k < OMR_TASTES; k++) times[k] = taste ? exp2f(taste->dearer[k]) : 1;
  prices.triplet *= times[OMR_TASTE_TRIPLET], prices.triplet_odd *= times[OMR_TASTE_TRIPLET];
  prices.triplet_more *= times[OMR_TASTE_TRIPLET];
  prices.dot_missed *= times[OMR_TASTE_DOT], prices.dot_faint *= times[OMR_TASTE_DOT];
  prices.dot_extra *= times[OMR_TASTE_NO_DOT];
  prices.second *= times[OMR_TASTE_SECOND], prices.rest_other *= times[OMR_TASTE_SECOND];
  prices.doubled *= times[OMR_TASTE_DOUBLE], prices.halved *= times[OMR_TASTE_DOUBLE];
  prices.beam_unseen *= times[OMR_TASTE_BARE];
  prices.out_note *= times[OMR_TASTE_OUT_NOTE];
  prices.out_rest *= times[OMR_TASTE_OUT_REST];
  prices.entry *= times[OMR_TASTE_VOICE], prices.voice_short *= times[OMR_TASTE_VOICE];
  prices.gap *= times[OMR_TASTE_GAP], prices.staff_short *= times[OMR_TASTE_GAP];
  prices.spacing *= times[OMR_TASTE_SPACING];
  prices.join *= times[OMR_TASTE_JOIN];
  prices.stem *= times[OMR_TASTE_STEM];
  return prices;
}

/* Notes like to start at multiples of their own value, or of half of it. */
static float grid_price(int32_t onset, int32_t value) {
  if (value <= 0 || onset % value == 0) return 0;
  if (onset * 2 % value == 0) return 0.06f;
  return onset * 4 % value == 0 ? 0.5f * PRICE_OFF_GRID : PRICE_OFF_GRID;
}

/* What the voice is in the middle of. */
typedef struct {
  int32_t onset, triplet_left;
  bool seen_triplets;
} Place;

/* One reading of the event: as printed, as part of a triplet, with or without a dot. */
static int add_reading(OmrChoice *choices, int n, const OmrPrices *prices, const OmrEvent *event, int32_t ticks, float price,
                       const Place *place) {
  int32_t third = ticks * 2 / 3, plain = event->dotted ? ticks * 2 / 3 : ticks, left = place->triplet_left;
  bool said = event->only_tuplet == 3 && ticks % 3 == 0;
  bool divisible = said || (ticks % 3 == 0 && !event->dotted && ticks <= 2 * OMR_TICKS && event->only_tuplet != 1);
  if (left > 0 && divisible && third <= left) choices[n++] = (OmrChoice){third, price, ticks};
  float start =
      (place->seen_triplets ? prices->triplet_more : prices->triplet) + (event->threes ? 0 : prices->triplet_odd);
  if (event->marked || said) start = PRICE_MARKED;
  if (left <= 0 && divisible)
    choices[n++] = (OmrChoice){third, price + start + grid_price(place->onset, 2 * ticks), ticks};
  if (said && n) return n;
  price += (left > 0 ? OMR_PRICE_TRIPLET_LEFT : 0) + (event->marked ? PRICE_UNMARKED : 0) +
           grid_price(place->onset, plain);
  choices[n++] = (OmrChoice){ticks, price, 0};
  if (!event->dotted && !event->fixed && ticks % 2 == 0)
    choices[n++] =
        (OmrChoice){ticks * 3 / 2, price + (event->faint_dot ? prices->dot_faint : prices->dot_missed), 0};
  return n;
}

int omr_rhythm_choices(OmrChoice *choices, const OmrPrices *prices, const OmrEvent *event, int32_t onset, int32_t triplet_left,
                       bool seen_triplets) {
  Place place = {onset, triplet_left, seen_triplets};
  int32_t ticks = event->ticks;
  int n = add_reading(choices, 0, prices, event, ticks, 0, &place);
  if (event->fixed) return n;
  if (event->dotted) { /* the dot may be none */
    OmrEvent plain = *event;
    plain.dotted = false;
    n = add_reading(choices, n, prices, &plain, ticks * 2 / 3, prices->dot_extra, &place);
  }
  if (event->other_ticks) n = add_reading(choices, n, prices, event, event->other_ticks, event->other_price * prices->second, &place);
  float left = (triplet_left > 0 ? OMR_PRICE_TRIPLET_LEFT : 0) +
               grid_price(onset, event->dotted ? ticks * 2 / 3 : ticks);
  for (int32_t k = 1; event->unsure && k <= 2; k++)
    choices[n++] = (OmrChoice){ticks >> k, left + prices->beam_unseen, 0};
  choices[n++] = (OmrChoice){ticks * 2, left + (event->rest ? prices->rest_other : prices->doubled), 0};
  if (!event->unsure && ticks % 2 == 0 && ticks > OMR_TICKS / 16)
    choices[n++] = (OmrChoice){ticks / 2, left + (event->rest ? prices->rest_other : prices->halved), 0};
  return n;
}

float omr_price_of_joining(const OmrEvent *event, float dx) {
  if (event->rest) dx *= 0.6f;
  if (dx < 0.6f) return 0;
  if (dx < 1.4f) return 0.3f * (dx - 0.6f);
  return dx < 3 ? 0.24f + 1.2f * (dx - 1.4f) : OMR_IMPOSSIBLE;
}

float omr_price_of_parting(float dx) {
  return dx >= 1.4f ? 0 : dx >= 1.0f ? 0.6f * (1.4f - dx) : dx > 0 ? 0.24f + 1.8f * (1.0f - dx) : 2.5f;
}

float omr_price_of_spacing(float dx, float last_dx, int32_t dt, int32_t last_dt) {
  if (dx <= 0 || last_dx <= 0 || dt <= 0 || last_dt <= 0) return 0;
  float paper = log2f(dx / last_dx), time = 0.6f * log2f((float)dt / (float)last_dt);
  return PRICE_SPACING * fminf(2.5f, fabsf(paper - time));
}
