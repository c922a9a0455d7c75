/* Rings of ink around paper: hollow heads. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/omr/omr_sheet.h"

enum { OMR_RAYS = 24, OMR_RAY_POINTS = 64 };

/* What is seen from the middle of a hollow head: px to look at along each ray, those before `clear` over
 * paper, those from `near` on until a wall. */
typedef struct {
  struct {
    int8_t dx, dy;
  } points[OMR_RAYS][OMR_RAY_POINTS];
  int clear[OMR_RAYS], near[OMR_RAYS], n[OMR_RAYS];
  bool steep[OMR_RAYS]; /* meets the wall above or below, where a staff line may hide it */
} OmrRing;

/* The walls of a half note for a staff space in px. */
OmrRing omr_ring(float space);

/* Share of the rays from (x, y) that meet a wall, 0…1, however thin it is. */
float omr_ring_share(const OmrSheet *sheet, const OmrRing *ring, int x, int y);
