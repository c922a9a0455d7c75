/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The Score. Bars of all pages follow each other; the fullest system tells the parts. Pitches come from
 * position, clef and key; an accidental reaches to the end of its bar at its octave. Lengths are those that
 * the rhythm of the bar gave; a bar that had to depart far from the print carries a doubt. */
#include "core/omr/omr_assembly.h"
#include "core/omr/omr_figures.h"
#include "core/omr/omr_grace.h"
#include "core/omr/omr_pitch.h"
#include "core/omr/omr_signs.h"
#include "core/omr/omr_spans.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OCTAVES = 11 };

#define DOUBT_COST 1.4f

typedef struct {
  BaseContext *ctx;
  OmrAssembly *assembly;
  Score *score;
  int32_t part_of[OMR_BAR_STAVES], staff_of[OMR_BAR_STAVES];
  int32_t **notes_of;           /* per page: the note of each head, -1 none */
  int8_t key;                   /* in force */
  bool said_key;                /* a person said which: where the page … */
  int8_t page_key, meant_key;   /* … says the first, the second is meant */
  int16_t clef[OMR_BAR_STAVES]; /* last written: kind * 16 + line, -1 none */
} Builder;

static Beat beat_of(int32_t ticks) {
  return beat_make(ticks, OMR_TICKS);
}

bool omr_lay_out(OmrAssembly *assembly) {
  for (size_t p = 0; p < assembly->n_pages; p++)
    for (size_t s = 0; assembly->pages[p] && s < assembly->pages[p]->systems.n; s++) {
      const OmrSystem *system = &assembly->pages[p]->systems.items[s];
      if (system->staves <= assembly->staves || system->staves > OMR_BAR_STAVES) continue;
      assembly->staves = system->staves;
      assembly->joined = system->joined;
    }
  return assembly->staves > 0;
}

static bool add_parts(Builder *builder) {
  Score *score = builder->score;
  for (int32_t row = 0; row < builder->assembly->staves; row++) {
    bool joined = row && (builder->assembly->joined >> (row - 1) & 1);
    if (!joined) {
      ScorePart part = {0};
      if (!base_array_push(&score->parts, part)) return false;
    }
    ScorePart *part = &score->parts.items[score->parts.n - 1];
    part->staves++;
    snprintf(part->id, sizeof part->id, "P%zu", score->parts.n);
    snprintf(part->name, sizeof part->name, "%s",
             part->staves > 1 || builder->assembly->staves == 1 ? "Piano" : "Part");
    builder->part_of[row] = (int32_t)score->parts.n - 1;
    builder->staff_of[row] = part->staves - 1;
  }
  return true;
}

static ScoreBox box_of(int32_t page, float x, float y, float width, float height) {
  return (ScoreBox){page, x, y, width, height};
}

static ScoreBox head_box(int32_t page, const OmrHead *head) {
  return box_of(page, head->x_px - 0.5f * head->width_px, head->y_px - 0.5f * head->height_px, head->width_px,
                head->height_px);
}

/* "5 beats in 4/4", or that the voices do not fit each other where the sum is right. */
static void set_doubt(ScoreMeasure *made, const OmrMeter *meter, int32_t total) {
  double beats = (double)total * meter->beat_type / (4 * OMR_TICKS);
  if (total != meter->ticks)
    snprintf(made->doubt, sizeof made->doubt, "%.4g beats in %d/%d", beats, meter->beats, meter->beat_type);
  else
    snprintf(made->doubt, sizeof made->doubt, "the voices do not fit together in %d/%d", meter->beats,
             meter->beat_type);
}

static bool add_measure(Builder *builder, size_t index) {
  const OmrMeasure *measure = &builder->assembly->measures.items[index];
  const OmrPage *page = builder->assembly->pages[measure->page];
  const OmrBar *left = &page->bars.items[measure->left], *right = &page->bars.items[measure->right];
  const OmrSystem *system = &page->systems.items[measure->system];
  const OmrMeter *meter = &builder->assembly->meters.items[measure->meter];
  const OmrMeasure *before = index ? measure - 1 : NULL;
  ScoreMeasure made = score_measure();
  snprintf(made.number, sizeof made.number, "%d", (int)(index % 1000000) + 1);
  made.length = beat_of(measure->ticks > 0 ? measure->ticks : meter->ticks);
  made.implicit = measure->short_by_right && index == 0;
  made.repeat_start = left->flags & OMR_BAR_REPEAT_RIGHT;
  made.repeat_stop = right->flags & OMR_BAR_REPEAT_LEFT ? 2 : 0;
  made.bar_style = right->flags & OMR_BAR_THICK    ? SCORE_BAR_FINAL
                   : right->flags & OMR_BAR_DOUBLE ? SCORE_BAR_DOUBLE
                                                   : SCORE_BAR_REGULAR;
  made.new_page = before && before->page != measure->page;
  made.new_system = before && (made.new_page || before->system != measure->system);
  made.box = box_of(measure->page, left->x_px, system->y0_px, right->x_px - left->x_px,
                    system->y1_px - system->y0_px);
  made.confidence = measure->n ? omr_bar_confidence(builder->assembly, index) : 0.9f;
  if (measure->cost > DOUBT_COST && measure->n)
    set_doubt(&made, meter, omr_printed_total(builder->assembly, index));
  if (omr_said_of(builder->assembly, index, OMR_SAID_RIGHT)) {
    made.confidence = 1;
    made.doubt[0] = 0;
  }
  omr_set_ending(&made, builder->assembly, index);
  return base_array_push(&builder->score->measures, made);
}

static bool add_clefs(Builder *builder, size_t index) {
  const OmrMeasure *measure = &builder->assembly->measures.items[index];
  const OmrPage *page = builder->assembly->pages[measure->page];
  const OmrSystem *system = &page->systems.items[measure->system];
  float left = measure->head_x_px, right = page->bars.items[measure->right].x_px;
  for (int32_t i = 0; i < system->staves; i++) {
    int32_t staff = system->first_staff + i, row = omr_row(builder->assembly, page, staff);
    for (size_t k = 0; k <= page->symbols.n; k++) {
      /* One pass more than there are signs: a staff without a clef begins with the usual one. */
      const OmrSymbol *symbol = k < page->symbols.n ? &page->symbols.items[k] : NULL;
      if (symbol && (symbol->staff != staff || symbol->kind > OMR_CLEF_C || symbol->x_px < left ||
                     symbol->x_px >= right))
        continue;
      if (!symbol && builder->clef[row] >= 0) continue;
      int kind = symbol ? symbol->kind : OMR_CLEF_G, line = symbol ? symbol->position : -2,
          code = kind * 16 + line + 4;
      if (builder->clef[row] == code) continue;
      bool first = builder->clef[row] < 0;
      builder->clef[row] = (int16_t)code;
      ScoreSign sign = score_sign(builder->score, SCORE_SIGN_CLEF);
      sign.measure = (int32_t)index;
      sign.part = (int16_t)builder->part_of[row];
      sign.staff = (int16_t)builder->staff_of[row];
      sign.clef = (int8_t)(kind == OMR_CLEF_G   ? SCORE_CLEF_G
                           : kind == OMR_CLEF_F ? SCORE_CLEF_F
                                                : SCORE_CLEF_C);
      sign.clef_line = (int8_t)((line + 4) / 2 + 1);
      if (symbol)
        sign.box = box_of(measure->page, symbol->x_px, symbol->y_px, symbol->width_px, symbol->height_px);
      if (symbol) sign.confidence = symbol->score;
      for (size_t e = 0; symbol && !first && e < measure->n; e++) {
        const OmrEvent *event = &builder->assembly->events.items[measure->first + e];
        if (event->fills || event->left_out || event->x_sp > symbol->column_sp) continue;
        Beat end =
            beat_min(beat_of(event->onset + event->length), builder->score->measures.items[index].length);
        if (event->staff == row && beat_compare(end, sign.onset) > 0) sign.onset = end;
      }
      if (!base_array_push(&builder->score->signs, sign)) return false;
    }
  }
  return true;
}

static bool add_key_and_time(Builder *builder, size_t index, int8_t fifths) {
  const OmrMeasure *measure = &builder->assembly->measures.items[index];
  const OmrMeter *meter = &builder->assembly->meters.items[measure->meter];
  for (size_t part = 0; part < builder->score->parts.n; part++) {
    if (index == 0 || fifths != builder->key) {
      ScoreSign sign = score_sign(builder->score, SCORE_SIGN_KEY);
      sign.measure = (int32_t)index;
      sign.part = (int16_t)part;
      sign.staff = -1;
      sign.fifths = fifths;
      if (!base_array_push(&builder->score->signs, sign)) return false;
    }
    if (meter->measure == (int32_t)index) {
      ScoreSign sign = score_sign(builder->score, SCORE_SIGN_TIME);
      sign.measure = (int32_t)index;
      sign.part = (int16_t)part;
      sign.staff = -1;
      sign.beats = meter->beats;
      sign.beat_type = meter->beat_type;
      sign.time_symbol = meter->symbol;
      if (meter->printed) sign.confidence = meter->read.score;
      if (!base_array_push(&builder->score->signs, sign)) return false;
    }
  }
  builder->key = fifths;
  return true;
}

/* The key that is meant where the page says `fifths`: what a person said holds until the page says something else. */
static int8_t meant_key(Builder *builder, size_t index, int8_t fifths) {
  const OmrSaidBar *said = omr_said_of(builder->assembly, index, OMR_SAID_KEY);
  if (said) {
    builder->said_key = true;
    builder->page_key = fifths;
    builder->meant_key = said->fifths;
  }
  builder->said_key = builder->said_key && builder->page_key == fifths;
  return builder->said_key ? builder->meant_key : fifths;
}

/* The printed value that lasts `length`: changes type and dots where the rhythm departed from the print. */
static void set_value(ScoreNote *note, int type, int dots, int32_t length, bool triplet) {
  note->type = (int8_t)type;
  note->dots = (uint8_t)dots;
  if (triplet) {
    note->tuplet_actual = 3;
    note->tuplet_normal = 2;
    for (int t = 0; t <= 7; t++)
      if (omr_printed_ticks(t, 0) * 2 == length * 3) note->type = (int8_t)t, note->dots = 0;
    return;
  }
  if (omr_printed_ticks(type, dots) == length) return;
  for (int t = 0; t <= 7; t++)
    for (int d = 0; d <= 2; d++)
      if (omr_printed_ticks(t, d) == length) note->type = (int8_t)t, note->dots = (uint8_t)d;
}

/* The note's length and place, kept inside its measure. */
static void place_note(ScoreNote *note, const Builder *builder, size_t index, const OmrEvent *event,
                       int32_t row) {
  Beat length = builder->score->measures.items[index].length;
  note->measure = (int32_t)index;
  note->onset = beat_min(beat_of(event->onset), length);
  note->duration = beat_min(beat_of(event->length), beat_sub(length, note->onset));
  note->part = (int16_t)builder->part_of[row];
  note->staff = (int16_t)builder->staff_of[row];
  note->voice = (int16_t)(4 * builder->staff_of[event->staff] + event->voice + 1);
}

typedef struct {
  int8_t alter[OMR_BAR_STAVES][7 * OCTAVES]; /* 100: none */
} Reach;

static void set_pitch(ScoreNote *note, const Builder *builder, const OmrPage *page, const OmrHead *head,
                      Reach *reach) {
  int line, row = omr_row(builder->assembly, page, head->staff);
  uint8_t clef = omr_clef_at(&line, page, head->staff, head->x_px);
  int diatonic = omr_diatonic(clef, line, head->position) + 7 * omr_octaves_at(page, head->staff, head->x_px);
  if (head->said_pitch) diatonic = head->said_pitch - 1;
  if (diatonic < 0) diatonic = 0;
  if (diatonic >= 7 * OCTAVES) diatonic = 7 * OCTAVES - 1;
  note->step = (int8_t)(diatonic % 7);
  note->octave = (int8_t)(diatonic / 7);
  note->accidental = head->accidental;
  int8_t *held = &reach->alter[row][diatonic];
  if (head->accidental) *held = (int8_t)omr_accidental_alter(head->accidental);
  if (head->said_alter) *held = (int8_t)(head->said_alter - 3);
  note->alter = *held == 100 ? (int8_t)omr_key_alter(builder->key, note->step) : *held;
}

/* The chance of one note from that of all its bar, where some six things may go wrong apart. */
static float of_a_note(float bar) {
  return powf(bar, 1 / 6.0f);
}

/* A printed figure stands over the beam: its first and last chord are the edges. */
static uint8_t tuplet_edge(const Builder *builder, const OmrMeasure *measure, const OmrEvent *event) {
  if (!event->triplet || !event->marked || event->group < 0) return 0;
  const OmrEvent *events = builder->assembly->events.items + measure->first, *first = NULL, *last = NULL;
  for (size_t i = 0; i < measure->n; i++) {
    const OmrEvent *other = &events[i];
    if (other->rest || other->left_out || !other->triplet || other->group != event->group) continue;
    if (!first) first = other;
    last = other;
  }
  return (uint8_t)((event == first ? 1 : 0) | (event == last ? 2 : 0));
}

static bool add_chord(Builder *builder, size_t index, const OmrEvent *event, int32_t chord, bool joins,
                      Reach *reach) {
  const OmrMeasure *measure = &builder->assembly->measures.items[index];
  const OmrPage *page = builder->assembly->pages[measure->page];
  const OmrChord *stem = &page->chords.items[chord];
  float bar = builder->score->measures.items[index].confidence;
  uint8_t dots;
  int type = omr_chord_type(page, chord, &dots);
  bool first = !joins;
  for (size_t i = omr_first_head(page, chord); i < page->heads.n && page->heads.items[i].chord == chord;
       i++) {
    const OmrHead *head = &page->heads.items[i];
    ScoreNote note = score_note(builder->score);
    place_note(&note, builder, index, event, omr_row(builder->assembly, page, stem->staff));
    set_value(&note, type, dots, event->length, event->triplet);
    set_pitch(&note, builder, page, head, reach);
    note.stem = stem->stem == OMR_STEM_UP     ? SCORE_STEM_UP
                : stem->stem == OMR_STEM_DOWN ? SCORE_STEM_DOWN
                                              : SCORE_STEM_NONE;
    note.box = head_box(measure->page, head);
    note.marks = stem->marks;
    note.confidence = fmaxf(0.05f, omr_head_confidence(head) * of_a_note(bar));
    if (head->staff == stem->staff) {
      note.chord = !first;
      if (first) note.tuplet_edge = tuplet_edge(builder, measure, event);
      first = false;
    } else {
      int32_t row = omr_row(builder->assembly, page, head->staff);
      note.part = (int16_t)builder->part_of[row];
      note.staff = (int16_t)builder->staff_of[row];
      note.voice = (int16_t)(4 * note.staff + 3);
    }
    builder->notes_of[measure->page][i] = (int32_t)builder->score->notes.n;
    if (!base_array_push(&builder->score->notes, note)) return false;
  }
  return true;
}

static bool add_grace(Builder *builder, size_t index, const OmrEvent *event, int32_t chord, Reach *reach) {
  const OmrMeasure *measure = &builder->assembly->measures.items[index];
  const OmrPage *page = builder->assembly->pages[measure->page];
  const OmrChord *stem = &page->chords.items[chord];
  for (size_t i = omr_first_head(page, chord); i < page->heads.n && page->heads.items[i].chord == chord;
       i++) {
    const OmrHead *head = &page->heads.items[i];
    ScoreNote note = score_note(builder->score);
    place_note(&note, builder, index, event, omr_row(builder->assembly, page, head->staff));
    note.grace = true;
    note.slash = stem->slash;
    note.duration = beat_of(0);
    note.type = (int8_t)(2 + stem->flags);
    note.chord = i > 0 && head[-1].chord == chord;
    set_pitch(&note, builder, page, head, reach);
    note.stem = stem->stem == OMR_STEM_DOWN ? SCORE_STEM_DOWN : SCORE_STEM_UP;
    note.box = head_box(measure->page, head);
    note.confidence = fmaxf(0.05f, head->score);
    builder->notes_of[measure->page][i] = (int32_t)builder->score->notes.n;
    if (!base_array_push(&builder->score->notes, note)) return false;
  }
  return true;
}

/* The grace notes of a chord, from left to right as they stand on the page. */
static bool add_graces(Builder *builder, size_t index, const OmrEvent *event, int32_t chord, Reach *reach) {
  const OmrPage *page = builder->assembly->pages[builder->assembly->measures.items[index].page];
  float last = -1e9f;
  for (;;) {
    int32_t next = -1;
    for (int32_t i = 0; i < (int32_t)page->chords.n; i++) {
      const OmrChord *grace = &page->chords.items[i];
      if (!grace->grace || grace->head_x_px <= last || omr_graced_chord(page, i) != chord) continue;
      if (next < 0 || grace->head_x_px < page->chords.items[next].head_x_px) next = i;
    }
    if (next < 0) return true;
    last = page->chords.items[next].head_x_px;
    if (!add_grace(builder, index, event, next, reach)) return false;
  }
}

static bool add_rest(Builder *builder, size_t index, const OmrEvent *event, int32_t symbol_index) {
  const OmrMeasure *measure = &builder->assembly->measures.items[index];
  const OmrSymbol *symbol = &builder->assembly->pages[measure->page]->symbols.items[symbol_index];
  ScoreNote note = score_note(builder->score);
  note.kind = SCORE_REST;
  place_note(&note, builder, index, event, event->staff);
  set_value(&note, symbol->kind - OMR_REST_WHOLE, symbol->dots, event->length, event->triplet);
  note.whole_measure = event->fills;
  if (event->fills) note.type = 0, note.dots = 0;
  note.box = box_of(measure->page, symbol->x_px, symbol->y_px, symbol->width_px, symbol->height_px);
  note.confidence = symbol->score;
  return base_array_push(&builder->score->notes, note);
}

/* True when an earlier event of the bar starts a chord at the same time in the same voice. */
static bool joins_earlier(const OmrAssembly *assembly, const OmrMeasure *measure, size_t e) {
  const OmrEvent *event = &assembly->events.items[measure->first + e];
  for (size_t k = 0; k < e; k++) {
    const OmrEvent *other = event - e + k;
    if (other->staff == event->staff && other->voice == event->voice && other->onset == event->onset &&
        !other->rest && !other->left_out)
      return true;
  }
  return false;
}

static bool add_notes(Builder *builder, size_t index) {
  const OmrMeasure *measure = &builder->assembly->measures.items[index];
  Reach reach;
  memset(&reach, 100, sizeof reach);
  for (size_t e = 0; e < measure->n; e++) {
    const OmrEvent *event = &builder->assembly->events.items[measure->first + e];
    const OmrSource *source = &builder->assembly->sources.items[measure->first + e];
    if (event->left_out) continue;
    bool ok = source->chord >= 0 ? add_graces(builder, index, event, source->chord, &reach) &&
                                       add_chord(builder, index, event, source->chord,
                                                 joins_earlier(builder->assembly, measure, e), &reach)
                                 : add_rest(builder, index, event, source->symbol);
    if (!ok) return false;
  }
  return true;
}

/* True when b begins where a ends. */
static bool adjoin(const Score *score, const ScoreNote *a, const ScoreNote *b) {
  Beat end = beat_add(a->onset, a->duration);
  if (a->measure == b->measure) return beat_equal(end, b->onset);
  return b->measure == a->measure + 1 && b->onset.num == 0 &&
         beat_equal(end, score->measures.items[a->measure].length);
}

/* A tied note sounds like the one before it, whatever its own bar would say. */
static void add_ties(Builder *builder) {
  Score *score = builder->score;
  for (size_t p = 0; p < builder->assembly->n_pages; p++) {
    const OmrPage *page = builder->assembly->pages[p];
    for (size_t i = 0; page && i < page->ties.n; i++) {
      int32_t from = builder->notes_of[p][page->ties.items[i].from],
              to = builder->notes_of[p][page->ties.items[i].to];
      if (from < 0 || to < 0) continue;
      ScoreNote *a = &score->notes.items[from], *b = &score->notes.items[to];
      bool same = a->part == b->part && a->step == b->step && a->octave == b->octave;
      if (!same || !adjoin(score, a, b)) continue;
      if (a->measure != b->measure) b->alter = a->alter;
      if (a->alter != b->alter) continue;
      a->ties |= SCORE_TIE_START;
      b->ties |= SCORE_TIE_STOP;
    }
  }
}

static bool add_slurs(Builder *builder) {
  Score *score = builder->score;
  for (size_t p = 0; p < builder->assembly->n_pages; p++) {
    const OmrPage *page = builder->assembly->pages[p];
    for (size_t i = 0; page && i < page->slurs.n; i++) {
      int32_t from = builder->notes_of[p][page->slurs.items[i].from],
              to = builder->notes_of[p][page->slurs.items[i].to];
      if (from < 0 || to < 0 || score->notes.items[from].part != score->notes.items[to].part) continue;
      ScoreSlur slur = {score->notes.items[from].id, score->notes.items[to].id};
      if (!base_array_push(&score->slurs, slur)) return false;
    }
  }
  return true;
}

static bool map_heads(Builder *builder) {
  const OmrAssembly *assembly = builder->assembly;
  builder->notes_of = BASE_TAKE(assembly->arena, int32_t *, assembly->n_pages + 1);
  for (size_t p = 0; builder->notes_of && p < assembly->n_pages; p++) {
    size_t n = assembly->pages[p] ? assembly->pages[p]->heads.n : 0;
    builder->notes_of[p] = BASE_TAKE(assembly->arena, int32_t, n + 1);
    if (!builder->notes_of[p]) return false;
    for (size_t i = 0; i < n; i++) builder->notes_of[p][i] = -1;
  }
  return builder->notes_of != NULL;
}

static bool add_pages(Builder *builder) {
  const OmrAssembly *assembly = builder->assembly;
  for (size_t p = 0; p < assembly->n_pages; p++) {
    const OmrPage *page = assembly->pages[p];
    ScorePage made = {page ? page->width_px : 0, page ? page->height_px : 0};
    if (!base_array_push(&builder->score->pages, made)) return false;
    for (size_t s = 0; page && s < page->systems.n; s++) {
      const OmrSystem *system = &page->systems.items[s];
      ScoreSystem line = {.staff_space_px = page->space_px};
      line.box = box_of((int32_t)p, system->x0_px, system->y0_px, system->x1_px - system->x0_px,
                        system->y1_px - system->y0_px);
      for (size_t m = 0; m < assembly->measures.n; m++) {
        const OmrMeasure *measure = &assembly->measures.items[m];
        if (measure->page != (int32_t)p || measure->system != (int32_t)s) continue;
        if (!line.measures) line.first_measure = (int32_t)m;
        line.measures++;
      }
      if (!base_array_push(&builder->score->systems, line)) return false;
    }
  }
  return true;
}

static bool build(Builder *builder) {
  OmrAssembly *assembly = builder->assembly;
  for (int row = 0; row < OMR_BAR_STAVES; row++) builder->clef[row] = -1;
  if (!map_heads(builder) || !add_parts(builder) || !add_pages(builder)) return false;
  int32_t keys_of = -1;
  int8_t *keys = NULL;
  for (size_t i = 0; i < assembly->measures.n; i++) {
    const OmrMeasure *measure = &assembly->measures.items[i];
    if (measure->page != keys_of) {
      keys_of = measure->page;
      keys = BASE_TAKE(assembly->arena, int8_t, assembly->pages[keys_of]->systems.n + 1);
      if (!keys) return false;
      omr_page_keys(keys, assembly->pages[keys_of]);
    }
    int8_t fifths = meant_key(builder, i, omr_key_in(assembly, i, keys[measure->system]));
    if (!add_measure(builder, i) || !add_clefs(builder, i) || !add_key_and_time(builder, i, fifths) ||
        !add_notes(builder, i))
      return false;
  }
  add_ties(builder);
  if (!add_slurs(builder) || !omr_add_spans(builder->score, assembly, builder->part_of, builder->staff_of))
    return false;
  score_sort(builder->score);
  return true;
}

void omr_assembly_clear(OmrAssembly *assembly) {
  base_array_clear(&assembly->measures);
  base_array_clear(&assembly->events);
  base_array_clear(&assembly->sources);
  base_array_clear(&assembly->meters);
}

BaseStatus omr_assemble(BaseContext *ctx, Score **out, const OmrPage *const *pages, size_t n,
                        const OmrAssembleParams *params) {
  OmrAssembly assembly = {.pages = pages, .n_pages = n, .arena = base_arena_new(0)};
  if (params) assembly.bars = params->bars, assembly.taste = params->taste;
  Score *score = score_new();
  BaseStatus status = assembly.arena && score ? BASE_OK : base_fail_memory(ctx);
  if (!status && !omr_lay_out(&assembly)) status = base_fail(ctx, BASE_BAD_INPUT, "no music found");
  if (!status) status = omr_gather_measures(ctx, &assembly);
  if (!status) status = omr_solve_rhythm(ctx, &assembly);
  if (!status) status = omr_apply_figures(ctx, &assembly);
  Builder builder = {.ctx = ctx, .assembly = &assembly, .score = score};
  if (!status && !build(&builder)) status = base_fail_memory(ctx);
  omr_assembly_clear(&assembly);
  base_arena_free(assembly.arena);
  if (status) {
    score_free(score);
    return status;
  }
  snprintf(score->source, sizeof score->source, "triptych read");
  *out = score;
  return BASE_OK;
}
