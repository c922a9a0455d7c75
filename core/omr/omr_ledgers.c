/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ledger lines. The columns beside a head vote for the rows where a thin stroke crosses them; of all numbers
 * of lines, with the head on the last of them or beyond it, the one is taken whose even ladder the votes
 * support best. */
#include "core/omr/omr_ledgers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LEDGERS = 10, LEDGER_ROWS = 512 };

/* The rows between the outer line of a staff and a head, going outward. */
typedef struct {
  uint8_t votes[LEDGER_ROWS]; /* of the columns beside the head for a thin stroke there */
  int rows;
  float space, size; /* px of a staff space; 1 for the ledger lines of notes */
} Ladder;

/* Takes the votes; row 0 is `from`. */
static void vote_for_ledgers(Ladder *ladder, const OmrSheet *sheet, float x, float from, int direction) {
  int longest = (int)(0.36f * ladder->space), rows = ladder->rows;
  float reach = ladder->size * ladder->space;
  memset(ladder->votes, 0, (size_t)rows);
  for (float d = 0.5f * reach; d <= reach; d += 1)
    for (int side = -1; side <= 1; side += 2) {
      int column = (int)lrintf(x + (float)side * d), run = 0;
      for (int i = -longest; i <= rows; i++) {
        if (i < rows && omr_ink_at(sheet, sheet->ink, column, (int)lrintf(from) + direction * i)) {
          run++;
          continue;
        }
        int middle = i - 1 - run / 2;
        if (run && run <= longest && middle >= 0 && middle < rows && ladder->votes[middle] < 255)
          ladder->votes[middle]++;
        run = 0;
      }
    }
}

/* How sure a ledger line is at `row` of the votes, 0…1. */
static float ledger_evidence(const Ladder *ladder, float row) {
  int reach = (int)fmaxf(1, 0.15f * ladder->space), sum = 0;
  for (int k = (int)lrintf(row) - reach; k <= (int)lrintf(row) + reach; k++)
    if (k >= 0 && k < ladder->rows) sum += ladder->votes[k];
  return fminf(1, (float)sum / (0.5f * ladder->size * ladder->space));
}

/* How sure a ledger line sticks out of the head at (x, y), 0…1; the better side counts more, for a stem or a
 * neighbour may hide the other one. */
static float ledger_through(const OmrSheet *sheet, float x, float y, float space, float size) {
  int longest = (int)(0.36f * space), play = (int)lrintf(0.2f * space);
  float sides[2];
  for (int side = 0; side < 2; side++) {
    int hits = 0, tried = 0;
    for (float d = 0.74f * size * space; d <= 1.02f * size * space; d += 1, tried++) {
      int column = (int)lrintf(x + (side ? d : -d)), run = 0;
      bool crossed = false;
      for (int row = (int)lrintf(y) - play - longest; row <= (int)lrintf(y) + play + longest + 1; row++) {
        if (omr_ink_at(sheet, sheet->ink, column, row)) {
          run++;
          continue;
        }
        int middle = row - 1 - run / 2;
        crossed |= run && run <= longest && abs(middle - (int)lrintf(y)) <= play;
        run = 0;
      }
      hits += crossed;
    }
    sides[side] = tried ? fminf(1, 1.8f * (float)hits / (float)tried) : 0; /* some are short */
  }
  return 0.3f * fminf(sides[0], sides[1]) + 0.7f * fmaxf(sides[0], sides[1]);
}

/* The evidence for `n` ledger lines `step` spaces apart, 0…n; -1 when too much of it is missing or the step
 * is odd. */
static float rungs(const Ladder *ladder, int n, float step) {
  if (step < 0.82f || step > 1.4f) return -1;
  float sum = 0;
  for (int k = 1; k <= n; k++) sum += ledger_evidence(ladder, (float)k * step * ladder->space);
  return sum < 0.45f * (float)n ? -1 : sum;
}

/* The number of half spaces between the outer line and a head `distance` staff spaces outside it: ledger
 * lines stand at even distances of their own, mostly a little wider than staff spaces, and heads beyond the
 * last of them anywhere up to a space from it. `through`: how sure a ledger line passes through the head. 0
 * when the ledger lines are missing; `*sure` tells how well the others fit. */
static int count_half_spaces(float *sure, const Ladder *ladder, float distance, float through) {
  int best = 0;
  *sure = distance < 0.8f ? 0.5f - 0.8f * fabsf(distance / 0.5f - 1.06f) : 0.05f;
  if (distance > 0.28f && distance < 0.8f) best = 1;
  for (int n = 1; n <= MAX_LEDGERS; n++) {
    float step = distance / (float)n, between = rungs(ladder, n - 1, step);
    float on = (between + through) / (float)n - 0.8f * fabsf(step - 1.06f) + 0.5f * (through - 0.5f);
    if (between >= 0 && through > 0.25f && on > *sure) best = 2 * n, *sure = on;
    for (float beyond = 0.5f; beyond < 1; beyond += 0.1f) {
      step = distance / ((float)n + beyond);
      between = rungs(ladder, n, step);
      float off = between / (float)n - 0.8f * fabsf(step - 1.06f) - 0.5f * (through - 0.5f) -
                  0.2f * fabsf(beyond - 0.55f);
      if (between >= 0 && off > *sure) best = 2 * n + 1, *sure = off;
    }
  }
  return best;
}

/* Rows of ink from (x, y) on, going in `direction`, at most `reach`: the median of three columns. */
static int ink_reach(const OmrSheet *sheet, float x, float y, int direction, int reach, float spread) {
  int reached[3];
  for (int k = 0; k < 3; k++) {
    int column = (int)lrintf(x + spread * (float)(k - 1)), d = 0;
    while (d < reach && omr_ink_at(sheet, sheet->clean, column, (int)lrintf(y) + direction * (d + 1))) d++;
    reached[k] = d;
  }
  int low = reached[0] < reached[1] ? reached[0] : reached[1],
      high = reached[0] < reached[1] ? reached[1] : reached[0];
  return reached[2] < low ? low : reached[2] > high ? high : reached[2];
}

/* Sets y on the middle between the upper and lower edge of a filled head, or half a head from the one that is
 * free. */
static void centre_head(OmrHead *head, const OmrSheet *sheet, float space) {
  if (head->kind != OMR_FILLED) return;
  int reach = (int)(1.1f * space);
  int up = ink_reach(sheet, head->x_px, head->y_px, -1, reach, 0.18f * space);
  int down = ink_reach(sheet, head->x_px, head->y_px, 1, reach, 0.18f * space);
  if ((float)(up + down) <= 1.3f * space)
    head->y_px += 0.5f * (float)(down - up);
  else if ((float)up < 0.75f * space && down > up)
    head->y_px += 0.5f * space - (float)up;
  else if ((float)down < 0.75f * space && up > down)
    head->y_px -= 0.5f * space - (float)down;
}

bool omr_carry_by_ledgers(OmrHead *head, const OmrPage *page, const OmrSheet *sheet, const OmrStaff *staff,
                          float size) {
  float space = staff->space_px;
  centre_head(head, sheet, size * space);
  float guess = omr_staff_position(page, staff, head->x_px, head->y_px);
  int side = guess > 0 ? 1 : -1;
  float edge = omr_staff_y(page, staff, head->x_px, (float)(4 * side)),
        distance = fabsf(head->y_px - edge) / space;
  Ladder ladder = {.space = space, .size = size};
  ladder.rows = (int)fminf((distance + 0.4f) * space, LEDGER_ROWS);
  vote_for_ledgers(&ladder, sheet, head->x_px, edge, -side);
  float sure, through = ledger_through(sheet, head->x_px, head->y_px, space, size);
  int half_spaces = count_half_spaces(&sure, &ladder, distance, through);
  if (!half_spaces) return false;
  head->position = (int16_t)(side * (4 + half_spaces));
  /* The nearer of two staves wins, or the one whose ledger lines are there. */
  head->score -= 0.003f * (float)half_spaces + 0.02f * (1 - fminf(1, fmaxf(0, sure)));
  return true;
}
