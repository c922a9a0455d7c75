/* What departures from the print cost when a bar's rhythm is solved. SPDX-License-Identifier:
 * GPL-3.0-or-later
 */
#pragma once

#include "core/omr/omr_rhythm.h"

enum { OMR_CHOICES = 16 };

#define OMR_IMPOSSIBLE            100.0f
#define OMR_PRICE_OVERLAP         2.5f
#define OMR_PRICE_CROWDED         2.0f /* two events of a column in one voice */
#define OMR_PRICE_BEAM_BROKEN     2.5f /* a beam that does not stay in one voice, one chord after the other */
#define OMR_PRICE_REST_UNDER_BEAM 0.2f
#define OMR_PRICE_TRIPLET_LEFT    1.5f /* a triplet that is not filled */
#define OMR_PRICE_NOWHERE         1.2f /* a column starts where no voice became free */
#define OMR_PRICE_LATE            3.0f

/* What departures cost in a document; second, out_note, out_rest, spacing and join are factors. `stem`: an upward
 * stem in the lower voice; `entry`: a voice enters or resumes while the other one sounds; `gap`: nothing sounds in the
 * staff where something should; `voice_short`, `staff_short`: they end before the bar. */
typedef struct {
  float dot_missed, dot_faint, dot_extra, doubled, halved, rest_other, beam_unseen;
  float triplet, triplet_odd, triplet_more, second, out_note, out_rest;
  float entry, voice_short, gap, staff_short, spacing, join, stem;
} OmrPrices;

OmrPrices omr_rhythm_prices(const OmrTaste *taste); /* null: the usual ones */

typedef struct {
  int32_t length;
  float price;
  int32_t third_of; /* of a triplet: the printed value; 0 outside */
} OmrChoice;

/* The lengths that an event may have at `onset` in a voice, at most OMR_CHOICES. `triplet_left`: what is
 * missing to a triplet that the voice has begun. Returns their number. */
int omr_rhythm_choices(OmrChoice *choices, const OmrPrices *prices, const OmrEvent *event, int32_t onset, int32_t triplet_left,
                       bool seen_triplets);

/* What it costs that the event, dx staff spaces behind the start of a column, sounds together with it. */
float omr_price_of_joining(const OmrEvent *event, float dx);

/* What it costs to start a new column dx staff spaces behind another one. */
float omr_price_of_parting(float dx);

/* How far two neighbouring distances on paper are from what their distances in time would make them. */
float omr_price_of_spacing(float dx, float last_dx, int32_t dt, int32_t last_dt);
