/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A page as bytes: a magic word, the layout version, then every array as a count and its items, field by
 * field in little-endian order, and a checksum (FNV-1a) of all before it. Unpacking checks counts against the
 * bytes that are left, and every index against the array that it points into, so that no bytes can make an
 * impossible page. */
#include "core/omr/omr_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LAYOUT = 6 };

static const char magic[8] = "TripOMR";

/* One cursor for both ways: a writer appends, a reader fills; `bad` once anything did not fit. */
typedef struct {
  BASE_ARRAY(uint8_t) bytes; /* writer */
  const uint8_t *from;       /* reader */
  size_t at, n;
  bool writes, bad;
} Pack;

static void raw(Pack *pack, void *value, size_t size) {
  if (pack->bad) return;
  if (pack->writes) {
    if (base_array_reserve(&pack->bytes, pack->bytes.n + size)) {
      memcpy(pack->bytes.items + pack->bytes.n, value, size);
      pack->bytes.n += size;
    } else {
      pack->bad = true;
    }
  } else if (pack->n - pack->at >= size) {
    memcpy(value, pack->from + pack->at, size);
    pack->at += size;
  } else {
    pack->bad = true;
  }
}

static void number(Pack *pack, int64_t *value, int size) {
  uint8_t bytes[8];
  for (int i = 0; i < size; i++) bytes[i] = (uint8_t)((uint64_t)*value >> (8 * i));
  raw(pack, bytes, (size_t)size);
  if (pack->writes || pack->bad) return;
  uint64_t got = 0;
  for (int i = 0; i < size; i++) got |= (uint64_t)bytes[i] << (8 * i);
  *value = size == 4 ? (int32_t)(uint32_t)got : size == 2 ? (int16_t)(uint16_t)got : (int8_t)(uint8_t)got;
}

static void pack_i32(Pack *pack, int32_t *value) {
  int64_t wide = *value;
  number(pack, &wide, 4);
  if (!pack->writes) *value = (int32_t)wide;
}

static void pack_u32(Pack *pack, uint32_t *value) {
  int32_t same = (int32_t)*value;
  pack_i32(pack, &same);
  if (!pack->writes) *value = (uint32_t)same;
}

static void pack_i16(Pack *pack, int16_t *value) {
  int64_t wide = *value;
  number(pack, &wide, 2);
  if (!pack->writes) *value = (int16_t)wide;
}

static void pack_u8(Pack *pack, uint8_t *value) {
  raw(pack, value, 1);
}

static void pack_i8(Pack *pack, int8_t *value) {
  raw(pack, value, 1);
}

static void pack_bool(Pack *pack, bool *value) {
  uint8_t byte = *value;
  raw(pack, &byte, 1);
  if (byte > 1) pack->bad = true;
  if (!pack->writes) *value = byte == 1;
}

static void pack_float(Pack *pack, float *value) {
  uint32_t bits;
  memcpy(&bits, value, sizeof bits);
  pack_u32(pack, &bits);
  if (!pack->writes) memcpy(value, &bits, sizeof bits);
  if (!isfinite(*value) || fabsf(*value) > 1e7f) pack->bad = true;
}

static void pack_node(Pack *pack, OmrNode *node) {
  pack_float(pack, &node->x_px);
  for (int k = 0; k < OMR_LINES; k++) pack_float(pack, &node->y_px[k]);
}

static void pack_staff(Pack *pack, OmrStaff *staff) {
  pack_i32(pack, &staff->first_node), pack_i32(pack, &staff->nodes), pack_i32(pack, &staff->system);
  pack_float(pack, &staff->x0_px), pack_float(pack, &staff->x1_px), pack_float(pack, &staff->space_px);
}

static void pack_system(Pack *pack, OmrSystem *system) {
  pack_i32(pack, &system->first_staff), pack_i32(pack, &system->staves), pack_i32(pack, &system->joined);
  pack_float(pack, &system->x0_px), pack_float(pack, &system->x1_px);
  pack_float(pack, &system->y0_px), pack_float(pack, &system->y1_px);
}

static void pack_bar(Pack *pack, OmrBar *bar) {
  pack_i32(pack, &bar->system), pack_u32(pack, &bar->flags);
  pack_float(pack, &bar->x_px), pack_float(pack, &bar->x0_px), pack_float(pack, &bar->x1_px);
  pack_float(pack, &bar->column_sp), pack_float(pack, &bar->odd);
}

static void pack_head(Pack *pack, OmrHead *head) {
  pack_i32(pack, &head->staff), pack_i32(pack, &head->chord), pack_i16(pack, &head->position);
  pack_u8(pack, &head->kind), pack_u8(pack, &head->dots), pack_u8(pack, &head->accidental),
      pack_bool(pack, &head->small), pack_bool(pack, &head->faint_dot);
  pack_float(pack, &head->x_px), pack_float(pack, &head->y_px);
  pack_float(pack, &head->width_px), pack_float(pack, &head->height_px), pack_float(pack, &head->score);
}

static void pack_chord(Pack *pack, OmrChord *chord) {
  pack_i32(pack, &chord->staff), pack_u8(pack, &chord->stem), pack_u8(pack, &chord->beams_left);
  pack_u8(pack, &chord->beams_right), pack_u8(pack, &chord->flags), pack_bool(pack, &chord->grace),
      pack_bool(pack, &chord->slash), pack_u8(pack, &chord->tuplet), pack_u32(pack, &chord->marks);
  pack_i32(pack, &chord->group), pack_float(pack, &chord->x_px), pack_float(pack, &chord->y0_px);
  pack_float(pack, &chord->y1_px), pack_float(pack, &chord->head_x_px), pack_float(pack, &chord->score);
  pack_u8(pack, &chord->second), pack_float(pack, &chord->second_price);
  pack_float(pack, &chord->column_sp);
}

static void pack_symbol(Pack *pack, OmrSymbol *symbol) {
  pack_i32(pack, &symbol->staff), pack_i32(pack, &symbol->head), pack_u8(pack, &symbol->kind);
  pack_u8(pack, &symbol->second), pack_u8(pack, &symbol->dots), pack_i16(pack, &symbol->position);
  pack_float(pack, &symbol->x_px), pack_float(pack, &symbol->y_px), pack_float(pack, &symbol->width_px);
  pack_float(pack, &symbol->height_px), pack_float(pack, &symbol->score);
  pack_float(pack, &symbol->second_score), pack_float(pack, &symbol->column_sp);
}

static void pack_key(Pack *pack, OmrKey *key) {
  pack_i32(pack, &key->staff), pack_float(pack, &key->x_px), pack_i8(pack, &key->fifths);
}

static void pack_time(Pack *pack, OmrTime *time) {
  pack_i32(pack, &time->staff), pack_float(pack, &time->x_px), pack_i16(pack, &time->beats);
  pack_i16(pack, &time->beat_type), pack_u8(pack, &time->symbol), pack_float(pack, &time->score);
}

static void pack_sign(Pack *pack, OmrSign *sign) {
  pack_i32(pack, &sign->head), pack_u8(pack, &sign->kind), pack_float(pack, &sign->value);
}

static void pack_arc(Pack *pack, OmrArc *arc) {
  pack_i32(pack, &arc->from), pack_i32(pack, &arc->to), pack_float(pack, &arc->x_px);
  pack_float(pack, &arc->y_px), pack_float(pack, &arc->width_px), pack_float(pack, &arc->height_px);
}

/* The count of an array; a reader makes room for it, but never more than the bytes left could fill. */
#define PACK_ARRAY(pack, array, item_function)                                                               \
  do {                                                                                                       \
    int32_t count = (int32_t)(array)->n;                                                                     \
    pack_i32((pack), &count);                                                                                \
    if (!(pack)->writes && !(pack)->bad) {                                                                   \
      if (count < 0 || (size_t)count > (pack)->n - (pack)->at)                                               \
        (pack)->bad = true;                                                                                  \
      else if (!base_array_reserve((array), (size_t)count + 1))                                              \
        (pack)->bad = true;                                                                                  \
      else                                                                                                   \
        memset((array)->items, 0, (size_t)count * sizeof *(array)->items), (array)->n = (size_t)count;       \
    }                                                                                                        \
    for (size_t i = 0; i < (array)->n && !(pack)->bad; i++) item_function((pack), &(array)->items[i]);       \
  } while (0)

static void pack_page(Pack *pack, OmrPage *page) {
  pack_i32(pack, &page->width_px), pack_i32(pack, &page->height_px), pack_float(pack, &page->space_px);
  PACK_ARRAY(pack, &page->nodes, pack_node);
  PACK_ARRAY(pack, &page->staves, pack_staff);
  PACK_ARRAY(pack, &page->systems, pack_system);
  PACK_ARRAY(pack, &page->bars, pack_bar);
  PACK_ARRAY(pack, &page->heads, pack_head);
  PACK_ARRAY(pack, &page->chords, pack_chord);
  PACK_ARRAY(pack, &page->symbols, pack_symbol);
  PACK_ARRAY(pack, &page->keys, pack_key);
  PACK_ARRAY(pack, &page->times, pack_time);
  PACK_ARRAY(pack, &page->ties, pack_arc);
  PACK_ARRAY(pack, &page->slurs, pack_arc);
  PACK_ARRAY(pack, &page->signs, pack_sign);
}

static bool index_in(int32_t index, size_t n) {
  return index >= 0 && (size_t)index < n;
}

static bool staves_stand(const OmrPage *page) {
  for (size_t i = 0; i < page->staves.n; i++) {
    const OmrStaff *staff = &page->staves.items[i];
    if (staff->nodes < 2 || staff->first_node < 0 || !index_in(staff->system, page->systems.n)) return false;
    if ((size_t)staff->first_node + (size_t)staff->nodes > page->nodes.n) return false;
  }
  for (size_t i = 0; i < page->systems.n; i++) {
    const OmrSystem *system = &page->systems.items[i];
    if (system->staves < 1 || system->staves > 24 || system->first_staff < 0) return false;
    if ((size_t)system->first_staff + (size_t)system->staves > page->staves.n) return false;
    for (int32_t k = 0; k < system->staves; k++)
      if (page->staves.items[system->first_staff + k].system != (int32_t)i) return false;
  }
  return page->width_px > 0 && page->height_px > 0;
}

static bool arc_stands(const OmrPage *page, const OmrArc *arc) {
  return index_in(arc->from, page->heads.n) && index_in(arc->to, page->heads.n);
}

static bool marks_stand(const OmrPage *page) {
  for (size_t i = 0; i < page->bars.n; i++)
    if (!index_in(page->bars.items[i].system, page->systems.n)) return false;
  for (size_t i = 0; i < page->keys.n; i++)
    if (!index_in(page->keys.items[i].staff, page->staves.n) || abs(page->keys.items[i].fifths) > 7)
      return false;
  for (size_t i = 0; i < page->times.n; i++) {
    const OmrTime *time = &page->times.items[i];
    if (!index_in(time->staff, page->staves.n) || time->beats < 1 || time->beats > 64) return false;
    if (time->beat_type < 1 || time->beat_type > 64) return false;
  }
    for (size_t i = 0; i < page->signs.n; i++)
    if (!index_in(page->signs.items[i].head, page->heads.n) || page->signs.items[i].kind >= OMR_SYMBOLS) return false;
  for (size_t i = 0; i < page->ties.n; i++)
    if (!arc_stands(page, &page->ties.items[i])) return false;
  for (size_t i = 0; i < page->slurs.n; i++)
    if (!arc_stands(page, &page->slurs.items[i])) return false;
  return true;
}

static bool notes_stand(const OmrPage *page) {
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    if (!index_in(head->staff, page->staves.n) || !index_in(head->chord, page->chords.n)) return false;
    if (i && head->chord < head[-1].chord) return false;
    if (head->kind > OMR_WHOLE || head->accidental > SCORE_ACCIDENTAL_NATURAL_FLAT ||
        abs(head->position) > 64 || head->dots > 2)
      return false;
  }
  for (size_t i = 0; i < page->chords.n; i++) {
    const OmrChord *chord = &page->chords.items[i];
    if (!index_in(chord->staff, page->staves.n) || chord->stem > OMR_STEM_DOWN) return false;
    if (chord->second > 8 && chord->second != OMR_NO_SECOND) return false;
    if (chord->beams_left > 8 || chord->beams_right > 8 || chord->flags > 8) return false;
  }
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    if (!index_in(symbol->staff, page->staves.n) || symbol->kind >= OMR_SYMBOLS ||
        abs(symbol->position) > 64 || symbol->dots > 2)
      return false;
    if (symbol->kind == OMR_ENDING && (symbol->position < 1 || symbol->position > 9)) return false;
    if (symbol->kind == OMR_OCTAVE && abs(symbol->position) > 2) return false;
    if (symbol->head < -1 || (symbol->head >= 0 && !index_in(symbol->head, page->heads.n))) return false;
  }
  return true;
}

static uint32_t checksum(const uint8_t *bytes, size_t n) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < n; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

BaseStatus omr_page_pack(BaseContext *ctx, void **bytes, size_t *n, const OmrPage *page) {
  Pack pack = {.writes = true};
  OmrPage view = *page; /* written from, never into */
  char word[8];
  int32_t layout = LAYOUT;
  memcpy(word, magic, sizeof word);
  raw(&pack, word, sizeof word);
  pack_i32(&pack, &layout);
  pack_page(&pack, &view);
  uint32_t sum = checksum(pack.bytes.items, pack.bytes.n);
  pack_u32(&pack, &sum);
  if (pack.bad) {
    base_array_clear(&pack.bytes);
    return base_fail_memory(ctx);
  }
  *bytes = pack.bytes.items;
  *n = pack.bytes.n;
  return BASE_OK;
}

BaseStatus omr_page_unpack(BaseContext *ctx, OmrPage **out, const void *bytes, size_t n) {
  if (n < 16 || memcmp(bytes, magic, 8) != 0)
    return base_fail(ctx, BASE_BAD_FILE, "the remembered page is no page");
  Pack pack = {.from = bytes, .at = 8, .n = n - 4}, tail = {.from = bytes, .at = n - 4, .n = n};
  int32_t layout = 0;
  uint32_t sum = 0;
  pack_i32(&pack, &layout);
  if (layout != LAYOUT)
    return base_fail(ctx, BASE_VERSION, "the remembered page has layout %d, not %d", layout, LAYOUT);
  pack_u32(&tail, &sum);
  if (sum != checksum(bytes, n - 4)) return base_fail(ctx, BASE_BAD_FILE, "the remembered page is damaged");
  OmrPage *page = omr_page_new();
  if (!page) return base_fail_memory(ctx);
  pack_page(&pack, page);
  if (pack.bad || pack.at != pack.n || !staves_stand(page) || !marks_stand(page) || !notes_stand(page)) {
    omr_page_free(page);
    return base_fail(ctx, BASE_BAD_FILE, "the remembered page contradicts itself");
  }
  *out = page;
  return BASE_OK;
}
