/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bars. Whatever stands between two bar lines of a system is sorted from left to right; things that stand
 * nearly above each other make a column, chords of one staff with opposite stems even when they step aside
 * for each other. A rest in the middle of an otherwise empty staff fills the bar. */
#include "core/omr/omr_assembly.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
  OmrEvent event;
  OmrSource source;
} Item;

int32_t omr_printed_ticks(int type, int dots) {
  int32_t ticks = type >= 0 ? 4 * OMR_TICKS >> (type < 7 ? type : 7) : 8 * OMR_TICKS;
  return dots == 1 ? ticks * 3 / 2 : dots >= 2 ? ticks * 7 / 4 : ticks;
}

int omr_chord_type(const OmrPage *page, int32_t chord, uint8_t *dots) {
  const OmrChord *c = &page->chords.items[chord];
  size_t low = 0, high = page->heads.n;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (page->heads.items[middle].chord < chord)
      low = middle + 1;
    else
      high = middle;
  }
  *dots = 0;
  if (low >= page->heads.n || page->heads.items[low].chord != chord) return 2;
  int kinds[3] = {0};
  for (size_t i = low; i < page->heads.n && page->heads.items[i].chord == chord; i++) {
    kinds[page->heads.items[i].kind]++;
    if (page->heads.items[i].dots > *dots) *dots = page->heads.items[i].dots;
  }
  int beams = c->beams_left > c->beams_right ? c->beams_left : c->beams_right;
  if (c->flags > beams) beams = c->flags;
  if (beams) return 2 + beams;
  if (kinds[OMR_FILLED] >= kinds[OMR_HALF] + kinds[OMR_WHOLE]) return 2;
  return kinds[OMR_WHOLE] > kinds[OMR_HALF] || !c->stem ? 0 : 1;
}

static int by_x(const void *a, const void *b) {
  const Item *ia = a, *ib = b;
  if (ia->event.x_px != ib->event.x_px) return ia->event.x_px > ib->event.x_px ? 1 : -1;
  if (ia->event.staff != ib->event.staff) return ia->event.staff - ib->event.staff;
  return ia->source.chord - ib->source.chord;
}

static int by_column(const void *a, const void *b) {
  const Item *ia = a, *ib = b;
  if (ia->event.column != ib->event.column) return ia->event.column - ib->event.column;
  if (ia->event.staff != ib->event.staff) return ia->event.staff - ib->event.staff;
  if (ia->event.stem != ib->event.stem) return ia->event.stem - ib->event.stem;
  return ia->event.x_px > ib->event.x_px   ? 1
         : ia->event.x_px < ib->event.x_px ? -1
                                           : ia->source.chord - ib->source.chord;
}

/* True when b may sound together with the column that began with a. */
static bool together(const Item *items, size_t start, size_t i, float space) {
  float dx = items[i].event.x_px - items[start].event.x_px;
  if (dx < 0.95f * space) {
    for (size_t k = start; k < i; k++) {
      bool same = items[k].event.staff == items[i].event.staff && items[k].event.stem == items[i].event.stem;
      if (same && items[i].event.stem && items[i].event.x_px - items[k].event.x_px > 0.7f * space)
        return false;
    }
    return true;
  }
  if (dx > 1.5f * space) return false;
  for (size_t k = start; k < i; k++)
    if (items[k].event.staff == items[i].event.staff && items[k].event.stem && items[i].event.stem &&
        items[k].event.stem != items[i].event.stem)
      return true;
  return false;
}

static void make_columns(Item *items, size_t n, float space) {
  int32_t column = -1;
  size_t start = 0;
  for (size_t i = 0; i < n; i++) {
    if (items[i].event.fills) {
      items[i].event.column = -1;
      continue;
    }
    if (column < 0 || !together(items, start, i, space)) {
      column++;
      start = i;
    }
    items[i].event.column = column;
  }
}

/* Whole rests alone in their staff fill the bar. */
static void mark_fillers(Item *items, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (!items[i].event.rest || items[i].event.ticks != 4 * OMR_TICKS) continue;
    bool alone = true;
    for (size_t k = 0; k < n && alone; k++) alone = k == i || items[k].event.staff != items[i].event.staff;
    items[i].event.fills = alone;
  }
}

typedef BASE_ARRAY(Item) Items;

static bool beamed_in_threes(const OmrPage *page, int32_t group) {
  int n = 0;
  for (size_t i = 0; group >= 0 && i < page->chords.n; i++) n += page->chords.items[i].group == group;
  return n && n % 3 == 0;
}

static bool add_chords(Items *items, const OmrAssembly *assembly, const OmrPage *page, int32_t system,
                       float x0, float x1) {
  for (size_t i = 0; i < page->chords.n; i++) {
    const OmrChord *chord = &page->chords.items[i];
    if (chord->grace || page->staves.items[chord->staff].system != system) continue;
    if (chord->head_x_px <= x0 || chord->head_x_px > x1) continue;
    uint8_t dots;
    int type = omr_chord_type(page, (int32_t)i, &dots);
    Item item = {.source = {(int32_t)i, -1}};
    item.event = (OmrEvent){
        .x_px = chord->head_x_px, .staff = omr_row(assembly, page, chord->staff), .stem = chord->stem};
    item.event.ticks = omr_printed_ticks(type, dots);
    item.event.dotted = dots == 1;
    item.event.unsure = chord->stem == OMR_STEM_NONE && type == 2;
    item.event.threes = beamed_in_threes(page, chord->group);
    if (!base_array_push(items, item)) return false;
  }
  return true;
}

static bool add_rests(Items *items, const OmrAssembly *assembly, const OmrPage *page, int32_t system,
                      float x0, float x1) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    float x = symbol->x_px + 0.5f * symbol->width_px;
    if (symbol->kind < OMR_REST_WHOLE || symbol->kind > OMR_REST_64) continue;
    if (page->staves.items[symbol->staff].system != system || x <= x0 || x > x1) continue;
    Item item = {.source = {-1, (int32_t)i}};
    item.event = (OmrEvent){.x_px = x, .staff = omr_row(assembly, page, symbol->staff), .rest = true};
    item.event.ticks = omr_printed_ticks(symbol->kind - OMR_REST_WHOLE, symbol->dots);
    item.event.dotted = symbol->dots == 1;
    if (!base_array_push(items, item)) return false;
  }
  return true;
}

/* Between the edge of a system and a repeat sign there stand clef and key, but no bar. */
static bool opens_with_repeat(const OmrPage *page, int32_t left) {
  bool first = !left || page->bars.items[left - 1].system != page->bars.items[left].system;
  return first && page->bars.items[left + 1].flags & OMR_BAR_REPEAT_RIGHT;
}

static bool add_measure(OmrAssembly *assembly, int32_t page_index, int32_t left, int32_t right) {
  const OmrPage *page = assembly->pages[page_index];
  const OmrBar *a = &page->bars.items[left], *b = &page->bars.items[right];
  Items items = {0};
  bool ok = add_chords(&items, assembly, page, a->system, a->x_px, b->x_px) &&
            add_rests(&items, assembly, page, a->system, a->x_px, b->x_px);
  float space = page->space_px;
  OmrMeasure measure = {.page = page_index, .system = a->system, .left = left, .right = right};
  bool after_head =
      left && page->bars.items[left - 1].system == a->system && opens_with_repeat(page, left - 1);
  measure.head_x_px = after_head ? page->bars.items[left - 1].x_px : a->x_px;
  measure.first = assembly->events.n;
  if (ok && (items.n || (b->x_px - a->x_px > 4 * space && !opens_with_repeat(page, left)))) {
    if (items.n) qsort(items.items, items.n, sizeof *items.items, by_x);
    mark_fillers(items.items, items.n);
    make_columns(items.items, items.n, space);
    if (items.n) qsort(items.items, items.n, sizeof *items.items, by_column);
    for (size_t i = 0; i < items.n && i < OMR_BAR_EVENTS && ok; i++)
      ok = base_array_push(&assembly->events, items.items[i].event) &&
           base_array_push(&assembly->sources, items.items[i].source);
    measure.n = assembly->events.n - measure.first;
    ok = ok && base_array_push(&assembly->measures, measure);
  }
  base_array_clear(&items);
  return ok;
}

BaseStatus omr_gather_measures(BaseContext *ctx, OmrAssembly *assembly) {
  for (size_t p = 0; p < assembly->n_pages; p++) {
    const OmrPage *page = assembly->pages[p];
    if (!page) continue;
    for (size_t i = 0; i + 1 < page->bars.n; i++) {
      if (page->bars.items[i].system != page->bars.items[i + 1].system) continue;
      if (!add_measure(assembly, (int32_t)p, (int32_t)i, (int32_t)i + 1)) return base_fail_memory(ctx);
    }
  }
  return BASE_OK;
}
