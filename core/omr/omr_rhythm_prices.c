/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prices are rough negative log probabilities in arbitrary units, chosen on scans of printed music. */
#include "core/omr/omr_rhythm_prices.h"

#include <math.h>

#define PRICE_DOT_MISSED   0.85f
#define PRICE_DOT_EXTRA    0.9f
#define PRICE_DOUBLED      1.7f
#define PRICE_HALVED       1.5f
#define PRICE_BEAM_UNSEEN  0.35f /* a stemless head may have had any beams */
#define PRICE_TRIPLET      0.9f  /* the first of a staff; later ones cost PRICE_TRIPLET_MORE */
#define PRICE_TRIPLET_ODD  0.5f  /* more where no beam joins three */
#define PRICE_TRIPLET_MORE 0.15f
#define PRICE_SPACING      0.16f
#define PRICE_OFF_GRID     0.9f

/* Notes like to start at multiples of their own value, or of half of it. */
static float grid_price(int32_t onset, int32_t value) {
  if (value <= 0 || onset % value == 0) return 0;
  if (onset * 2 % value == 0) return 0.06f;
  return onset * 4 % value == 0 ? 0.5f * PRICE_OFF_GRID : PRICE_OFF_GRID;
}

/* The value without its dot. */
static int32_t plain_value(const OmrEvent *event) {
  return event->dotted ? event->ticks * 2 / 3 : event->ticks;
}

int omr_rhythm_choices(OmrChoice *choices, const OmrEvent *event, int32_t onset, int32_t triplet_left,
                       bool seen_triplets) {
  int n = 0;
  int32_t ticks = event->ticks, third = ticks * 2 / 3;
  bool divisible = ticks % 3 == 0 && !event->dotted && ticks <= 2 * OMR_TICKS;
  if (triplet_left > 0 && divisible && third <= triplet_left) choices[n++] = (OmrChoice){third, 0, true};
  float start =
      (seen_triplets ? PRICE_TRIPLET_MORE : PRICE_TRIPLET) + (event->threes ? 0 : PRICE_TRIPLET_ODD);
  float left = (triplet_left > 0 ? OMR_PRICE_TRIPLET_LEFT : 0) + grid_price(onset, plain_value(event));
  choices[n++] = (OmrChoice){ticks, left, false};
  if (triplet_left <= 0 && divisible)
    choices[n++] = (OmrChoice){third, start + grid_price(onset, 2 * ticks), true};
  if (event->dotted)
    choices[n++] = (OmrChoice){ticks * 2 / 3, left + PRICE_DOT_EXTRA, false};
  else if (ticks % 2 == 0)
    choices[n++] = (OmrChoice){ticks * 3 / 2, left + PRICE_DOT_MISSED, false};
  if (event->other_ticks) choices[n++] = (OmrChoice){event->other_ticks, left + event->other_price, false};
  for (int32_t k = 1; event->unsure && k <= 2; k++)
    choices[n++] = (OmrChoice){ticks >> k, left + PRICE_BEAM_UNSEEN, false};
  choices[n++] = (OmrChoice){ticks * 2, left + PRICE_DOUBLED, false};
  if (!event->unsure && ticks % 2 == 0 && ticks > OMR_TICKS / 16)
    choices[n++] = (OmrChoice){ticks / 2, left + PRICE_HALVED, false};
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
