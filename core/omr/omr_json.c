/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was read as JSON: for each page its systems with staves and measures, every symbol, and the notes of
 * the score that stand on it. Boxes are [x, y, width, height] in pixels of the page picture. */
#include "core/omr/omr_page.h"

#include "core/base/base_file.h"

#include <stdio.h>
#include <string.h>

static const char *const symbol_names[OMR_SYMBOLS] = {[OMR_CLEF_G] = "gClef",
                                                      [OMR_CLEF_F] = "fClef",
                                                      [OMR_CLEF_C] = "cClef",
                                                      [OMR_SHARP] = "accidentalSharp",
                                                      [OMR_FLAT] = "accidentalFlat",
                                                      [OMR_NATURAL] = "accidentalNatural",
                                                      [OMR_DOUBLE_SHARP] = "accidentalDoubleSharp",
                                                      [OMR_DOUBLE_FLAT] = "accidentalDoubleFlat",
                                                      [OMR_REST_WHOLE] = "restWhole",
                                                      [OMR_REST_HALF] = "restHalf",
                                                      [OMR_REST_QUARTER] = "restQuarter",
                                                      [OMR_REST_8] = "rest8th",
                                                      [OMR_REST_16] = "rest16th",
                                                      [OMR_REST_32] = "rest32nd",
                                                      [OMR_REST_64] = "rest64th",
                                                      [OMR_FLAG_UP] = "flag8thUp",
                                                      [OMR_FLAG_DOWN] = "flag8thDown",
                                                      [OMR_DOT] = "augmentationDot",
                                                      [OMR_TIME_COMMON] = "timeSigCommon",
                                                      [OMR_TIME_CUT] = "timeSigCutCommon",
                                                      [OMR_DIGIT_0] = "timeSig0",
                                                      [OMR_DIGIT_0 + 1] = "timeSig1",
                                                      [OMR_DIGIT_0 + 2] = "timeSig2",
                                                      [OMR_DIGIT_0 + 3] = "timeSig3",
                                                      [OMR_DIGIT_0 + 4] = "timeSig4",
                                                      [OMR_DIGIT_0 + 5] = "timeSig5",
                                                      [OMR_DIGIT_0 + 6] = "timeSig6",
                                                      [OMR_DIGIT_0 + 7] = "timeSig7",
                                                      [OMR_DIGIT_0 + 8] = "timeSig8",
                                                      [OMR_DIGIT_0 + 9] = "timeSig9",
                                                      [OMR_STACCATO] = "articStaccato",
                                                      [OMR_FERMATA] = "fermata",
                                                      [OMR_ARPEGGIO] = "arpeggiato",
                                                      [OMR_ENDING] = "ending",
                                                      [OMR_OCTAVE] = "ottava",
                                                      [OMR_CRESCENDO] = "crescendoHairpin",
                                                      [OMR_DIMINUENDO] = "diminuendoHairpin"};

/* Numbers with a point whatever the locale says. */
static void put_number(FILE *file, double value) {
  long tenths = (long)(value * 10 + (value < 0 ? -0.5 : 0.5)), rest = tenths < 0 ? -tenths : tenths;
  fprintf(file, "%s%ld.%ld", tenths < 0 ? "-" : "", rest / 10, rest % 10);
}

static void put_share(FILE *file, double value) {
  long thousandths = (long)((value < 0 ? 0 : value > 1 ? 1 : value) * 1000 + 0.5);
  fprintf(file, "%ld.%03ld", thousandths / 1000, thousandths % 1000);
}

static void put_box(FILE *file, double x, double y, double width, double height) {
  fputs("\"box\":[", file);
  put_number(file, x), fputc(',', file), put_number(file, y), fputc(',', file);
  put_number(file, width), fputc(',', file), put_number(file, height);
  fputc(']', file);
}

static void put_text(FILE *file, const char *text) {
  fputc('"', file);
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\')
      fprintf(file, "\\%c", *c);
    else if (*c < 0x20)
      fprintf(file, "\\u%04x", *c);
    else
      fputc(*c, file);
  }
  fputc('"', file);
}

static void put_staves(FILE *file, const OmrPage *page, const OmrSystem *system) {
  for (int32_t i = 0; i < system->staves; i++) {
    const OmrStaff *staff = &page->staves.items[system->first_staff + i];
    float top = omr_staff_y(page, staff, staff->x0_px, 4),
          bottom = omr_staff_y(page, staff, staff->x0_px, -4);
    fputs(i ? ",{" : "{", file);
    put_box(file, staff->x0_px, top, staff->x1_px - staff->x0_px, bottom - top);
    fputs(",\"lines\":[", file);
    for (int32_t k = 0; k < staff->nodes; k++) {
      const OmrNode *node = &page->nodes.items[staff->first_node + k];
      fputs(k ? ",[" : "[", file);
      put_number(file, node->x_px);
      for (int line = 0; line < OMR_LINES; line++) fputc(',', file), put_number(file, node->y_px[line]);
      fputc(']', file);
    }
    fputs("]}", file);
  }
}

static void put_measures(FILE *file, const Score *score, const ScoreSystem *line) {
  for (int32_t i = 0; i < line->measures; i++) {
    const ScoreMeasure *measure = &score->measures.items[line->first_measure + i];
    fprintf(file, "%s{\"index\":%d,\"number\":", i ? "," : "", line->first_measure + i);
    put_text(file, measure->number);
    fputc(',', file);
    put_box(file, measure->box.x, measure->box.y, measure->box.width, measure->box.height);
    fputs(",\"confidence\":", file);
    put_share(file, measure->confidence);
    fputs(",\"doubt\":", file);
    put_text(file, measure->doubt);
    fputc('}', file);
  }
}

static void put_systems(FILE *file, const OmrPage *page, const Score *score, int32_t index) {
  size_t next = 0;
  for (size_t i = 0; i < page->systems.n; i++) {
    const OmrSystem *system = &page->systems.items[i];
    while (next < score->systems.n && score->systems.items[next].box.page != index) next++;
    fputs(i ? ",\n {" : "\n {", file);
    put_box(file, system->x0_px, system->y0_px, system->x1_px - system->x0_px, system->y1_px - system->y0_px);
    fputs(",\"staves\":[", file);
    put_staves(file, page, system);
    fputs("],\"measures\":[", file);
    if (next < score->systems.n) put_measures(file, score, &score->systems.items[next++]);
    fputs("]}", file);
  }
}

static void put_symbols(FILE *file, const OmrPage *page) {
  bool first = true;
  for (size_t i = 0; i < page->symbols.n; i++) {
    const OmrSymbol *symbol = &page->symbols.items[i];
    fprintf(file, "%s\n {\"name\":\"%s\",\"staff\":%d,", first ? "" : ",", symbol_names[symbol->kind],
            symbol->staff);
    if (symbol->second < OMR_SYMBOLS) fprintf(file, "\"second\":\"%s\",", symbol_names[symbol->second]);
    put_box(file, symbol->x_px, symbol->y_px, symbol->width_px, symbol->height_px);
    fputs(",\"confidence\":", file);
    put_share(file, symbol->score);
    fputc('}', file);
    first = false;
  }
  static const char *const head_names[] = {"noteheadBlack", "noteheadHalf", "noteheadWhole"};
  for (size_t i = 0; i < page->heads.n; i++) {
    const OmrHead *head = &page->heads.items[i];
    fprintf(file, "%s\n {\"name\":\"%s\",\"staff\":%d,%s", first ? "" : ",", head_names[head->kind],
            head->staff, head->small ? "\"small\":true," : "");
    put_box(file, head->x_px - 0.5f * head->width_px, head->y_px - 0.5f * head->height_px, head->width_px,
            head->height_px);
    fputs(",\"confidence\":", file);
    put_share(file, head->score);
    fputc('}', file);
    first = false;
  }
}

static void put_arcs(FILE *file, const OmrPage *page, const OmrArc *arcs, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++) {
    fprintf(file, ",\n {\"name\":\"%s\",\"staff\":%d,", name, page->heads.items[arcs[i].from].staff);
    put_box(file, arcs[i].x_px, arcs[i].y_px, arcs[i].width_px, arcs[i].height_px);
    fputc('}', file);
  }
}

static void put_notes(FILE *file, const Score *score, int32_t index) {
  bool first = true;
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    if (note->box.page != index || note->box.width <= 0) continue;
    fprintf(file, "%s\n {\"id\":%u,\"measure\":%d,\"part\":%d,\"staff\":%d,\"voice\":%d,", first ? "" : ",",
            note->id, note->measure, note->part, note->staff, note->voice);
    fprintf(file, "\"onset\":\"%lld/%lld\",\"duration\":\"%lld/%lld\",", (long long)note->onset.num,
            (long long)note->onset.den, (long long)note->duration.num, (long long)note->duration.den);
    if (note->grace) fputs("\"grace\":true,", file);
    if (note->kind == SCORE_NOTE) fprintf(file, "\"midi\":%d,", score_midi(note));
    put_box(file, note->box.x, note->box.y, note->box.width, note->box.height);
    fputs(",\"confidence\":", file);
    put_share(file, note->confidence);
    fputc('}', file);
    first = false;
  }
}

static void put_page(FILE *file, const OmrPage *page, const Score *score, int32_t index) {
  fprintf(file, "{\"page\":%d", index);
  if (page) {
    fprintf(file, ",\"width\":%d,\"height\":%d,\"staff_space\":", page->width_px, page->height_px);
    put_number(file, page->space_px);
    fputs(",\"systems\":[", file);
    put_systems(file, page, score, index);
    fputs("],\n\"symbols\":[", file);
    put_symbols(file, page);
    put_arcs(file, page, page->ties.items, page->ties.n, "tie");
    put_arcs(file, page, page->slurs.items, page->slurs.n, "slur");
    fputs("],\n\"notes\":[", file);
    put_notes(file, score, index);
    fputc(']', file);
  }
  fputc('}', file);
}

BaseStatus omr_write_json(BaseContext *ctx, const OmrPage *const *pages, size_t n, const Score *score,
                          const char *path) {
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (status) return status;
  fputs("{\"source\":", writer.stream);
  put_text(writer.stream, score->source);
  fputs(",\"pages\":[\n", writer.stream);
  for (size_t i = 0; i < n; i++) {
    if (i) fputs(",\n", writer.stream);
    put_page(writer.stream, pages[i], score, (int32_t)i);
  }
  fputs("\n]}\n", writer.stream);
  return base_file_commit(ctx, &writer);
}
