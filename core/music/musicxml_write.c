/* Part by part, measure by measure, voice by voice with <backup> and <forward>; signs go with the first
 * voice. Times are written in units of a quarter that divide everything in the score, or failing that
 * everything in the measure. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/base/base_sort.h"
#include "core/music/musicxml.h"
#include "core/music/musicxml_archive.h"
#include "core/music/musicxml_names.h"
#include "core/music/musicxml_writer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t MOST_DIVISIONS = 1 << 16, MOST_MEASURE_DIVISIONS = 1 << 30;
static const char HEADER[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 4.0 Partwise//EN\" "
    "\"http://www.musicxml.org/dtds/partwise.dtd\">\n";

/* A note by index, to be put in order of voices. */
typedef struct Voiced {
  uint32_t note;
  int16_t voice;
} Voiced;

/* Where the notes and signs of each measure start, and room for the notes of one part in one measure. */
typedef struct {
  size_t *first_note, *first_sign;
  Voiced *voices;
} Layout;

/* ---- divisions ---- */

static int64_t common_multiple(int64_t a, int64_t b, int64_t most) {
  int64_t x = a, y = b;
  while (y) {
    int64_t rest = x % y;
    x = y;
    y = rest;
  }
  int64_t product;
  return __builtin_mul_overflow(a / x, b, &product) || product > most ? a : product;
}

/* Of everything in the measures [from, to); terms beyond `most` are left out. `*fits` tells whether none was.
 */
static int64_t find_divisions(bool *fits, const Score *score, const Layout *layout, size_t from, size_t to,
                              int64_t most) {
  int64_t divisions = 1;
  for (size_t m = from; m < to; m++)
    divisions = common_multiple(divisions, score->measures.items[m].length.den, most);
  for (size_t i = layout->first_note[from]; i < layout->first_note[to]; i++) {
    divisions = common_multiple(divisions, score->notes.items[i].onset.den, most);
    divisions = common_multiple(divisions, score->notes.items[i].duration.den, most);
  }
  for (size_t i = layout->first_sign[from]; i < layout->first_sign[to]; i++)
    divisions = common_multiple(divisions, score->signs.items[i].onset.den, most);
  *fits = true;
  for (size_t m = from; *fits && m < to; m++) *fits = divisions % score->measures.items[m].length.den == 0;
  for (size_t i = layout->first_note[from]; *fits && i < layout->first_note[to]; i++)
    *fits = divisions % score->notes.items[i].onset.den == 0 &&
            divisions % score->notes.items[i].duration.den == 0;
  for (size_t i = layout->first_sign[from]; *fits && i < layout->first_sign[to]; i++)
    *fits = divisions % score->signs.items[i].onset.den == 0;
  return divisions;
}

/* ---- one measure of one part ---- */

static void go_to(MusicxmlWriter *writer, int64_t units) {
  if (units == writer->at) return;
  musicxml_close_attributes(writer);
  musicxml_start(writer, units < writer->at ? "backup" : "forward");
  musicxml_put_int(writer, "duration", llabs(units - writer->at));
  musicxml_end(writer);
  writer->at = units;
}

static void put_sign(MusicxmlWriter *writer, const ScoreSign *sign) {
  go_to(writer, musicxml_units(writer, sign->onset));
  if (sign->kind <= SCORE_SIGN_TIME) {
    musicxml_write_attribute(writer, sign);
    return;
  }
  musicxml_close_attributes(writer);
  musicxml_write_direction(writer, sign);
}

/* Signs of the part up to `until`; returns the first one after. */
static size_t put_signs(MusicxmlWriter *writer, size_t from, size_t end, const Beat *until) {
  const ScoreSign *signs = writer->score->signs.items;
  for (; from < end; from++) {
    if (until && beat_compare(signs[from].onset, *until) > 0) break;
    if (signs[from].part == writer->part) put_sign(writer, &signs[from]);
  }
  return from;
}

static int compare_voices(const void *left, const void *right) {
  const Voiced *a = left, *b = right;
  return a->voice - b->voice;
}

static size_t gather_voices(Voiced *voices, const Score *score, size_t from, size_t end, int part) {
  size_t n = 0;
  for (size_t i = from; i < end; i++)
    if (score->notes.items[i].part == part) voices[n++] = (Voiced){(uint32_t)i, score->notes.items[i].voice};
  base_sort(voices, n, sizeof *voices, compare_voices);
  return n;
}

static void put_note(MusicxmlWriter *writer, uint32_t index) {
  const ScoreNote *note = &writer->score->notes.items[index];
  if (!note->chord) go_to(writer, musicxml_units(writer, note->onset));
  musicxml_close_attributes(writer);
  musicxml_write_note(writer, index);
  if (!note->chord) writer->at = musicxml_units(writer, beat_add(note->onset, note->duration));
}

static void put_music(MusicxmlWriter *writer, const Layout *layout) {
  const Score *score = writer->score;
  size_t m = (size_t)writer->measure, sign = layout->first_sign[m], signs_end = layout->first_sign[m + 1];
  size_t n =
      gather_voices(layout->voices, score, layout->first_note[m], layout->first_note[m + 1], writer->part);
  int64_t furthest = 0;
  for (size_t i = 0; i < n; i++) {
    const ScoreNote *note = &score->notes.items[layout->voices[i].note];
    bool first_voice = note->voice == layout->voices[0].voice;
    if (!first_voice)
      sign = put_signs(writer, sign, signs_end, NULL);
    else if (!note->chord)
      sign = put_signs(writer, sign, signs_end, &note->onset);
    put_note(writer, layout->voices[i].note);
    if (writer->at > furthest) furthest = writer->at;
  }
  put_signs(writer, sign, signs_end, NULL);
  int64_t length = musicxml_units(writer, score->measures.items[m].length);
  if (furthest < length) go_to(writer, length);
  musicxml_close_attributes(writer);
}

static void put_ending(MusicxmlWriter *writer, unsigned passes, const char *type) {
  char text[64] = "";
  for (int pass = 1; pass <= 16; pass++) {
    size_t n = strlen(text);
    if (passes >> (pass - 1) & 1) snprintf(text + n, sizeof text - n, n ? ", %d" : "%d", pass);
  }
  musicxml_start(writer, "ending");
  musicxml_put_attribute(writer, "number", text);
  musicxml_put_attribute(writer, "type", type);
  musicxml_end(writer);
}

static void put_left_bar(MusicxmlWriter *writer, const ScoreMeasure *measure) {
  if (!measure->repeat_start && !measure->ending_start) return;
  musicxml_start(writer, "barline");
  musicxml_put_attribute(writer, "location", "left");
  if (measure->repeat_start) musicxml_put(writer, "bar-style", "heavy-light");
  if (measure->ending_start) put_ending(writer, measure->endings, "start");
  if (measure->repeat_start) {
    musicxml_start(writer, "repeat");
    musicxml_put_attribute(writer, "direction", "forward");
    musicxml_end(writer);
  }
  musicxml_end(writer);
}

static void put_right_bar(MusicxmlWriter *writer, const ScoreMeasure *measure) {
  const char *style = measure->repeat_stop ? "light-heavy" : musicxml_name(MUSICXML_BARS, measure->bar_style);
  if (!style && !measure->ending_stop) return;
  musicxml_start(writer, "barline");
  musicxml_put_attribute(writer, "location", "right");
  if (style) musicxml_put(writer, "bar-style", style);
  if (measure->ending_stop) put_ending(writer, measure->endings, "stop");
  if (measure->repeat_stop) {
    musicxml_start(writer, "repeat");
    musicxml_put_attribute(writer, "direction", "backward");
    if (measure->repeat_stop > 2) musicxml_put_attribute_int(writer, "times", measure->repeat_stop);
    musicxml_end(writer);
  }
  musicxml_end(writer);
}

static void put_print(MusicxmlWriter *writer, const ScoreMeasure *measure) {
  if (!measure->new_system && !measure->new_page) return;
  musicxml_start(writer, "print");
  if (measure->new_system) musicxml_put_attribute(writer, "new-system", "yes");
  if (measure->new_page) musicxml_put_attribute(writer, "new-page", "yes");
  musicxml_end(writer);
}

static void put_measure(MusicxmlWriter *writer, const Layout *layout, int64_t divisions) {
  const ScoreMeasure *measure = &writer->score->measures.items[writer->measure];
  bool first_part = writer->part == 0;
  writer->at = 0;
  musicxml_start(writer, "measure");
  musicxml_put_attribute(writer, "number", measure->number);
  if (measure->implicit) musicxml_put_attribute(writer, "implicit", "yes");
  if (first_part) put_print(writer, measure);
  put_left_bar(writer, measure);
  if (divisions != writer->divisions) {
    writer->divisions = divisions;
    musicxml_write_divisions(writer);
  }
  if (first_part && measure->jumps & (SCORE_JUMP_SEGNO | SCORE_JUMP_CODA)) {
    musicxml_close_attributes(writer);
    musicxml_write_jump_targets(writer, measure->jumps);
  }
  put_music(writer, layout);
  if (first_part) musicxml_write_jumps(writer, measure->jumps);
  put_right_bar(writer, measure);
  musicxml_end(writer);
}

/* ---- parts ---- */

static bool plain_id(const char *id) {
  if (!isalpha((unsigned char)id[0]) || (id[0] == 'n' && isdigit((unsigned char)id[1]))) return false;
  for (const char *c = id; *c; c++)
    if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_' && *c != '.') return false;
  return true;
}

/* Ids from elsewhere are kept when XML can hold all of them. */
static bool ids_usable(const Score *score) {
  for (size_t i = 0; i < score->parts.n; i++) {
    if (!plain_id(score->parts.items[i].id)) return false;
    for (size_t k = 0; k < i; k++)
      if (strcmp(score->parts.items[i].id, score->parts.items[k].id) == 0) return false;
  }
  return true;
}

static void part_id(char *text, size_t size, const Score *score, size_t part, bool usable) {
  if (usable)
    snprintf(text, size, "%s", score->parts.items[part].id);
  else
    snprintf(text, size, "P%zu", part + 1);
}

static void put_part_list(MusicxmlWriter *writer, bool usable) {
  musicxml_start(writer, "part-list");
  for (size_t i = 0; i < writer->score->parts.n; i++) {
    const ScorePart *part = &writer->score->parts.items[i];
    char id[32], instrument[48];
    part_id(id, sizeof id, writer->score, i, usable);
    snprintf(instrument, sizeof instrument, "%s-instrument", id);
    musicxml_start(writer, "score-part");
    musicxml_put_attribute(writer, "id", id);
    musicxml_put(writer, "part-name", part->name);
    musicxml_start(writer, "score-instrument");
    musicxml_put_attribute(writer, "id", instrument);
    musicxml_put(writer, "instrument-name", part->name);
    musicxml_end(writer);
    musicxml_start(writer, "midi-instrument");
    musicxml_put_attribute(writer, "id", instrument);
    musicxml_put_int(writer, "midi-program", part->program + 1);
    musicxml_end(writer);
    musicxml_end(writer);
  }
  musicxml_end(writer);
}

static void put_part(MusicxmlWriter *writer, const Layout *layout, bool usable, int64_t divisions,
                     bool fits) {
  char id[32];
  part_id(id, sizeof id, writer->score, (size_t)writer->part, usable);
  musicxml_start(writer, "part");
  musicxml_put_attribute(writer, "id", id);
  writer->divisions = 0;
  writer->staves_due = writer->transpose_due = true;
  writer->numbers_used = 0;
  writer->open.n = 0;
  for (size_t m = 0; m < writer->score->measures.n; m++) {
    bool exact;
    writer->measure = (int32_t)m;
    if (!fits) divisions = find_divisions(&exact, writer->score, layout, m, m + 1, MOST_MEASURE_DIVISIONS);
    put_measure(writer, layout, divisions);
  }
  musicxml_end(writer);
}

/* ---- the document ---- */

static void put_head(MusicxmlWriter *writer) {
  const Score *score = writer->score;
  if (score->title[0]) {
    musicxml_start(writer, "work");
    musicxml_put(writer, "work-title", score->title);
    musicxml_end(writer);
  }
  musicxml_start(writer, "identification");
  if (score->composer[0]) {
    musicxml_start(writer, "creator");
    musicxml_put_attribute(writer, "type", "composer");
    musicxml_put_words(writer, score->composer);
    musicxml_end(writer);
  }
  musicxml_start(writer, "encoding");
  musicxml_put(writer, "software", "Triptych");
  musicxml_end(writer);
  if (score->source[0]) {
    musicxml_start(writer, "miscellaneous");
    musicxml_start(writer, "miscellaneous-field");
    musicxml_put_attribute(writer, "name", "made-by");
    musicxml_put_words(writer, score->source);
    musicxml_end(writer);
    musicxml_end(writer);
  }
  musicxml_end(writer);
}

static void put_document(MusicxmlWriter *writer, const Layout *layout) {
  const Score *score = writer->score;
  bool fits, usable = ids_usable(score);
  int64_t divisions = find_divisions(&fits, score, layout, 0, score->measures.n, MOST_DIVISIONS);
  if (xmlTextWriterWriteRaw(writer->xml, BAD_CAST HEADER) < 0) writer->failed = true;
  musicxml_start(writer, "score-partwise");
  musicxml_put_attribute(writer, "version", "4.0");
  put_head(writer);
  put_part_list(writer, usable);
  for (size_t p = 0; p < score->parts.n; p++) {
    writer->part = (int16_t)p;
    put_part(writer, layout, usable, divisions, fits);
  }
  musicxml_end(writer);
  if (xmlTextWriterEndDocument(writer->xml) < 0) writer->failed = true;
}

/* ---- links by index ---- */

typedef struct {
  uint32_t id, index;
} Named;

static int compare_names(const void *left, const void *right) {
  const Named *a = left, *b = right;
  return (a->id > b->id) - (a->id < b->id);
}

static int compare_hangers(const void *left, const void *right) {
  const MusicxmlHanger *a = left, *b = right;
  if (a->note != b->note) return a->note < b->note ? -1 : 1;
  return (a->item > b->item) - (a->item < b->item);
}

/* UINT32_MAX when there is no such note; such links are not written. */
static uint32_t index_of(const Named *names, size_t n, uint32_t id) {
  Named wanted = {.id = id};
  const Named *found = bsearch(&wanted, names, n, sizeof *names, compare_names);
  return found ? found->index : UINT32_MAX;
}

static bool link_notes(MusicxmlWriter *writer) {
  const Score *score = writer->score;
  size_t n = score->notes.n, slurs = score->slurs.n, lyrics = score->lyrics.n;
  Named *names = calloc(n + 1, sizeof *names);
  writer->slur_ends = calloc(2 * slurs + 1, sizeof *writer->slur_ends);
  writer->slur_numbers = calloc(slurs + 1, 1);
  writer->lyrics = calloc(lyrics + 1, sizeof *writer->lyrics);
  bool done = names && writer->slur_ends && writer->slur_numbers && writer->lyrics;
  for (size_t i = 0; done && i < n; i++) names[i] = (Named){score->notes.items[i].id, (uint32_t)i};
  if (done) qsort(names, n, sizeof *names, compare_names);
  for (size_t i = 0; done && i < slurs; i++) {
    const ScoreSlur *slur = &score->slurs.items[i];
    writer->slur_ends[2 * i] = (MusicxmlHanger){index_of(names, n, slur->from), (uint32_t)i, false};
    writer->slur_ends[2 * i + 1] = (MusicxmlHanger){index_of(names, n, slur->to), (uint32_t)i, true};
  }
  for (size_t i = 0; done && i < lyrics; i++)
    writer->lyrics[i] = (MusicxmlHanger){index_of(names, n, score->lyrics.items[i].note), (uint32_t)i, false};
  free(names);
  if (!done) return false;
  writer->n_slur_ends = 2 * slurs;
  qsort(writer->slur_ends, 2 * slurs, sizeof *writer->slur_ends, compare_hangers);
  qsort(writer->lyrics, lyrics, sizeof *writer->lyrics, compare_hangers);
  return true;
}

static bool lay_out(Layout *layout, const Score *score) {
  size_t n = score->measures.n;
  layout->first_note = calloc(n + 2, sizeof *layout->first_note);
  layout->first_sign = calloc(n + 2, sizeof *layout->first_sign);
  layout->voices = calloc(score->notes.n + 1, sizeof *layout->voices);
  if (!layout->first_note || !layout->first_sign || !layout->voices) return false;
  for (size_t i = 0; i < score->notes.n; i++) layout->first_note[score->notes.items[i].measure + 1]++;
  for (size_t i = 0; i < score->signs.n; i++) layout->first_sign[score->signs.items[i].measure + 1]++;
  for (size_t m = 0; m < n; m++) {
    layout->first_note[m + 1] += layout->first_note[m];
    layout->first_sign[m + 1] += layout->first_sign[m];
  }
  return true;
}

static bool write_document(xmlBuffer *buffer, const Score *score) {
  Layout layout = {0};
  MusicxmlWriter writer = {.score = score, .attribute_rank = -1};
  writer.xml = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
  bool done = writer.xml && lay_out(&layout, score) && link_notes(&writer);
  if (done) {
    xmlTextWriterSetIndent(writer.xml, 1);
    put_document(&writer, &layout);
    done = !writer.failed;
  }
  if (writer.xml) xmlFreeTextWriter(writer.xml);
  free(layout.first_note);
  free(layout.first_sign);
  free(layout.voices);
  free(writer.slur_ends);
  free(writer.slur_numbers);
  free(writer.lyrics);
  base_array_clear(&writer.open);
  return done;
}

static BaseStatus save(BaseContext *ctx, const void *bytes, size_t n, const char *path) {
  BaseFileWriter file;
  BaseStatus status = base_file_begin(ctx, &file, path);
  if (status != BASE_OK) return status;
  fwrite(bytes, 1, n, file.stream);
  return base_file_commit(ctx, &file);
}

static bool compressed(const char *path) {
  size_t n = strlen(path);
  return n >= 4 && strcasecmp(path + n - 4, ".mxl") == 0;
}

BaseStatus musicxml_write(BaseContext *ctx, const Score *score, const char *path) {
  if (!score->parts.n || !score->measures.n)
    return base_fail(ctx, BASE_BAD_INPUT, "The score is empty; there is nothing to write.");
  xmlBuffer *buffer = xmlBufferCreate();
  BaseStatus status = write_document(buffer, score) ? BASE_OK : base_fail_memory(ctx);
  void *packed = NULL;
  size_t n = buffer ? (size_t)xmlBufferLength(buffer) : 0;
  const void *bytes = buffer ? xmlBufferContent(buffer) : NULL;
  if (status == BASE_OK && compressed(path)) {
    status = musicxml_pack(ctx, &packed, &n, bytes, n);
    bytes = packed;
  }
  if (status == BASE_OK) status = save(ctx, bytes, n, path);
  free(packed);
  if (buffer) xmlBufferFree(buffer);
  return status;
}
