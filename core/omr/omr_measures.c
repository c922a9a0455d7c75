/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bars. Whatever stands between two bar lines of a system is sorted from left to right. A rest in the middle
 * of an otherwise empty staff fills the bar. */
#include "core/omr/omr_assembly.h"

#include <math.h>
#include <stdlib.h>

/* What leaving a chord out of its bar costs. */
#define OUT_STEMMED 3.0f

/* The better its heads look the dearer; of weak ones about every other is none. */
static float price_of_leaving_out(const OmrPage *page, int32_t index) {
  const OmrChord *chord = &page->chords.items[index];
  if (!chord->stem) return fminf(2.5f, fmaxf(0.5f, 0.5f + 14 * (chord->score - 0.87f)));
  float best = 0;
  for (size_t i = omr_first_head(page, index); i < page->heads.n && page->heads.items[i].chord == index;
       i++) {
    const OmrHead *head = &page->heads.items[i];
    best = fmaxf(best, head->score - (head->kind == OMR_FILLED ? 0.84f : 0.79f));
  }
  return fminf(OUT_STEMMED, fmaxf(0.5f, 0.5f + 22 * best));
}

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
  size_t low = omr_first_head(page, chord);
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
  if (ia->event.x_sp != ib->event.x_sp) return ia->event.x_sp > ib->event.x_sp ? 1 : -1;
  if (ia->event.staff != ib->event.staff) return ia->event.staff - ib->event.staff;
  if (ia->event.stem != ib->event.stem) return ia->event.stem - ib->event.stem;
  return ia->source.chord - ib->source.chord;
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

/* The staff whose voice a chord belongs to: under a beam that crosses staves, that of its first chord. */
static int32_t voice_staff(const OmrPage *page, const OmrChord *chord) {
  const OmrChord *first = chord;
  for (size_t i = 0; chord->group >= 0 && i < page->chords.n; i++) {
    const OmrChord *other = &page->chords.items[i];
    if (other->group == chord->group && other->x_px < first->x_px) first = other;
  }
  return first->staff;
}

static bool has_faint_dot(const OmrPage *page, int32_t chord) {
  for (size_t i = omr_first_head(page, chord); i < page->heads.n && page->heads.items[i].chord == chord; i++)
    if (page->heads.items[i].faint_dot) return true;
  return false;
}

/* What a person said leaves the solver no choice. */
static void obey(OmrEvent *event, const OmrSaid *said) {
  if (said->there || said->value) event->out_price = 0;
  if (said->value) event->fixed = true, event->unsure = false, event->other_ticks = 0;
  event->only_voice = said->voice;
  event->only_tuplet = said->tuplet;
}

static OmrEvent chord_event(const OmrAssembly *assembly, const OmrPage *page, size_t index) {
  const OmrChord *chord = &page->chords.items[index];
  uint8_t dots;
  int type = omr_chord_type(page, (int32_t)index, &dots);
  OmrEvent event = {.x_sp = chord->column_sp,
                    .staff = omr_row(assembly, page, voice_staff(page, chord)),
                    .group = chord->group,
                    .stem = chord->stem};
  event.ticks = omr_printed_ticks(type, dots);
  event.dotted = dots == 1;
  event.unsure = chord->stem == OMR_STEM_NONE && type == 2;
  event.threes = beamed_in_threes(page, chord->group);
  event.marked = chord->tuplet == 3;
  event.out_price = price_of_leaving_out(page, (int32_t)index);
  event.faint_dot = has_faint_dot(page, (int32_t)index);
  if (chord->second != OMR_NO_SECOND && type >= 2) {
    event.other_ticks = omr_printed_ticks(2 + chord->second, dots);
    event.other_price = chord->second_price;
  }
  obey(&event, &chord->said);
  return event;
}

static bool add_chords(Items *items, const OmrAssembly *assembly, const OmrPage *page, int32_t system,
                       float x0, float x1) {
  for (size_t i = 0; i < page->chords.n; i++) {
    const OmrChord *chord = &page->chords.items[i];
    if (chord->grace || page->staves.items[chord->staff].system != system) continue;
    if (chord->column_sp <= x0 || chord->column_sp > x1) continue;
    Item item = {.source = {(int32_t)i, -1}, .event = chord_event(assembly, page, i)};
    if (!base_array_push(items, item)) return false;
  }
  return true;
}

static OmrEvent rest_event(const OmrAssembly *assembly, const OmrPage *page, const OmrSymbol *symbol) {
  OmrEvent event = {.staff = omr_row(assembly, page, symbol->staff), .group = -1, .rest = true};
  event.x_sp = symbol->column_sp;
  event.ticks = omr_printed_ticks(symbol->kind - OMR_REST_WHOLE, symbol->dots);
  event.dotted = symbol->dots == 1;
  if (symbol->second >= OMR_REST_WHOLE && symbol->second <= OMR_REST_64) {
    event.other_ticks = omr_printed_ticks(symbol->second - OMR_REST_WHOLE, symbol->dots);
    event.other_price = fminf(1.5f, 0.15f + 6 * (symbol->score - symbol->second_score));
  }
  event.out_price = fminf(2.2f, fmaxf(0.6f, 0.6f + 5 * (symbol->score - 0.62f)));
  obey(&event, &symbol->said);
  return event;
}

static bool add_rests(Items *items, const OmrAssembly *assembly, const OmrPage *page, int32_t system,
                      float x0, float x1) {
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    float x = symbol->column_sp;
    if (symbol->kind < OMR_REST_WHOLE || symbol->kind > OMR_REST_64) continue;
    if (page->staves.items[symbol->staff].system != system || x <= x0 || x > x1) continue;
    Item item = {.source = {-1, (int32_t)i}, .event = rest_event(assembly, page, symbol)};
    if (!base_array_push(items, item)) return false;
  }
  return true;
}

/* Between the edge of a system and a repeat sign there stand clef and key, but no bar. */
static bool opens_with_repeat(const OmrPage *page, int32_t left) {
  bool first = !left || page->bars.items[left - 1].system != page->bars.items[left].system;
  return first && page->bars.items[left + 1].flags & OMR_BAR_REPEAT_RIGHT;
}

/* Behind the last bar line of a system the key or time of the next one may be told beforehand. */
static bool tells_beforehand(const OmrPage *page, int32_t left, int32_t right) {
  const OmrBar *a = &page->bars.items[left], *b = &page->bars.items[right];
  if ((size_t)right + 1 < page->bars.n && b[1].system == b->system) return false;
  bool told = false;
  for (size_t i = 0; i < page->keys.n && !told; i++)
    told = page->staves.items[page->keys.items[i].staff].system == a->system && page->keys.items[i].x_px >= a->x_px;
  for (size_t i = 0; i < page->times.n && !told; i++)
    told = page->staves.items[page->times.items[i].staff].system == a->system && page->times.items[i].x_px >= a->x_px;
  return told;
}

static bool add_measure(OmrAssembly *assembly, int32_t page_index, int32_t left, int32_t right) {
  const OmrPage *page = assembly->pages[page_index];
  const OmrBar *a = &page->bars.items[left], *b = &page->bars.items[right];
  Items items = {0};
  bool ok = add_chords(&items, assembly, page, a->system, a->column_sp, b->column_sp) &&
            add_rests(&items, assembly, page, a->system, a->column_sp, b->column_sp);
  float space = page->space_px;
  OmrMeasure measure = {.page = page_index, .system = a->system, .left = left, .right = right};
  bool after_head =
      left && page->bars.items[left - 1].system == a->system && opens_with_repeat(page, left - 1);
  measure.head_x_px = after_head ? page->bars.items[left - 1].x_px : a->x_px;
  measure.first = assembly->events.n;
  if (ok && (items.n || (b->x_px - a->x_px > 4 * space && !opens_with_repeat(page, left) &&
                         !tells_beforehand(page, left, right)))) {
    if (items.n) qsort(items.items, items.n, sizeof *items.items, by_x);
    mark_fillers(items.items, items.n);
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
