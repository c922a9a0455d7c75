/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The outline of a hollow head differs from typeface to typeface more than that of a filled one: walls may be
 * thin as staff lines at one side and half a space thick at the other. What they share is that whoever looks
 * out from the middle meets a wall in every direction, near the outline of a filled head. */
#include "core/omr/omr_rings.h"

#include <math.h>

/* Of the outline: how far it is clear, and where the wall begins and ends. */
#define CLEAR    0.48f
#define NEAREST  0.62f
#define FARTHEST 1.14f

OmrRing omr_ring(float space) {
  OmrRing ring = {0};
  float a = 0.64f * space, b = 0.46f * space, tilt = 0.5f;
  for (int k = 0; k < OMR_RAYS; k++) {
    float angle = 6.2831853f * (float)k / OMR_RAYS, c = cosf(angle), s = sinf(angle);
    float u = (c * cosf(tilt) - s * sinf(tilt)) / a, v = (c * sinf(tilt) + s * cosf(tilt)) / b;
    float radius = 1 / sqrtf(u * u + v * v);
    ring.steep[k] = fabsf(s) * radius > 0.6f * b;
    for (float r = 0.2f * radius; r <= FARTHEST * radius && ring.n[k] < OMR_RAY_POINTS; r += 0.8f) {
      int at = ring.n[k]++;
      if (r < CLEAR * radius) ring.clear[k] = ring.n[k];
      if (r < NEAREST * radius) ring.near[k] = ring.n[k];
      ring.points[k][at].dx = (int8_t)lrintf(r * c);
      ring.points[k][at].dy = (int8_t)lrintf(r * s);
    }
  }
  return ring;
}

/* True when the ink at (x, y) is more than a staff line running through. */
static bool stands_out(const OmrSheet *sheet, int x, int y) {
  if (omr_ink_at(sheet, sheet->clean, x, y)) return true;
  if (!omr_ink_at(sheet, sheet->ink, x, y)) return false;
  int rows = 1, enough = (int)lrintf(1.3f * sheet->line) + 1;
  for (int v = y - 1; rows < enough && omr_ink_at(sheet, sheet->ink, x, v); v--) rows++;
  for (int v = y + 1; rows < enough && omr_ink_at(sheet, sheet->ink, x, v); v++) rows++;
  return rows >= enough;
}

/* True when the ray leads over paper to a wall. */
static bool meets_wall(const OmrSheet *sheet, const OmrRing *ring, int k, int x, int y) {
  for (int i = 0; i < ring->clear[k]; i++)
    if (omr_ink_at(sheet, sheet->clean, x + ring->points[k][i].dx, y + ring->points[k][i].dy)) return false;
  for (int i = ring->near[k]; i < ring->n[k]; i++) {
    int u = x + ring->points[k][i].dx, v = y + ring->points[k][i].dy;
    if (ring->steep[k] ? stands_out(sheet, u, v) : omr_ink_at(sheet, sheet->clean, u, v)) return true;
  }
  return false;
}

float omr_ring_share(const OmrSheet *sheet, const OmrRing *ring, int x, int y) {
  int hits = 0;
  for (int k = 0; k < OMR_RAYS; k++) hits += meets_wall(sheet, ring, k, x, y);
  return (float)hits / OMR_RAYS;
}
