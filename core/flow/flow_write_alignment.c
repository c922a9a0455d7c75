/* The alignment as a table of onsets (CSV), as a note alignment (TSV, as in the nASAP data set: Peter et al.
 * 2023; match and Parangonada's tables in files of their own) and as JSON with both. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/base/base_file.h"
#include "core/base/base_number.h"
#include "core/flow/flow_parts.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 40 };

static void put_number(FILE *stream, double value, int decimals) {
  char text[NUMBER_SIZE];
  base_number_write(text, sizeof text, value, decimals);
  fputs(text, stream);
}

/* ---- onsets ---- */

/* The step in which an onset falls: that of its first sound. */
static const ScoreStep *step_of(const FlowAligned *aligned, const AlignmentPoint *point) {
  const ScoreOnset *onset = &aligned->unfolded->onsets.items[point->onset];
  return &aligned->unfolded->steps.items[aligned->unfolded->sounds.items[onset->first].step];
}

/* The measure's number as printed, else its place from 1. Without the separators of a table. */
static void put_measure(FILE *stream, const FlowAligned *aligned, const ScoreStep *step) {
  const char *number = aligned->score->measures.items[step->measure].number;
  if (number[0] == 0) fprintf(stream, "%d", step->measure + 1);
  for (; *number; number++) fputc(strchr(",;\t\"\\\n", *number) ? ' ' : *number, stream);
}

/* Quarters from the start of the measure, from 1. */
static double beat_in_measure(const ScoreStep *step, const AlignmentPoint *point) {
  return 1 + beat_double(beat_sub(point->quarter, step->start));
}

static void put_pitches(FILE *stream, const FlowAligned *aligned, const AlignmentPoint *point,
                        const char *separator) {
  const ScoreOnset *onset = &aligned->unfolded->onsets.items[point->onset];
  const ScoreSound *sounds = aligned->unfolded->sounds.items + onset->first;
  bool seen[128] = {false};
  const char *before = "";
  for (int grace = 0; grace < 2 && before[0] == 0; grace++)
    for (size_t i = 0; i < onset->n; i++) {
      if (sounds[i].grace != (grace == 1) || sounds[i].midi > 127 || seen[sounds[i].midi]) continue;
      seen[sounds[i].midi] = true;
      fprintf(stream, "%s%d", before, sounds[i].midi);
      before = separator;
    }
}

static void put_csv(FILE *stream, const FlowAligned *aligned) {
  fputs("score_quarter,measure,beat,time_s,confidence,anchor,pitches\n", stream);
  for (size_t i = 0; i < aligned->alignment->points.n; i++) {
    const AlignmentPoint *point = &aligned->alignment->points.items[i];
    const ScoreStep *step = step_of(aligned, point);
    put_number(stream, beat_double(point->quarter), 6);
    fputc(',', stream);
    put_measure(stream, aligned, step);
    fputc(',', stream);
    put_number(stream, beat_in_measure(step, point), 6);
    fputc(',', stream);
    put_number(stream, point->time_s, 4);
    fputc(',', stream);
    put_number(stream, point->confidence, 3);
    fprintf(stream, ",%d,", point->anchor);
    put_pitches(stream, aligned, point, " ");
    fputc('\n', stream);
  }
}

/* ---- notes ---- */

static void put_tsv_row(FILE *stream, const FlowAligned *aligned, const AlignmentLink *link,
                        const MotionNote *note) {
  const ScoreUnfolded *unfolded = aligned->unfolded;
  const ScoreSound *sound = link->sound >= 0 ? &unfolded->sounds.items[link->sound] : NULL;
  if (sound && link->verdict != ALIGNMENT_ORNAMENT)
    fprintf(stream, "n%u-%d\t", sound->note, unfolded->steps.items[sound->step].pass);
  else
    fputs("insertion\t", stream);
  if (!note) {
    fprintf(stream, "deletion\t\t\t%d\t\n", sound ? sound->midi : 0);
    return;
  }
  fprintf(stream, "n%u\t0\t%d\t%d\t", note->id, note->channel, note->midi);
  put_number(stream, note->onset_s, 5);
  fputc('\n', stream);
}

static void put_tsv(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes) {
  fputs("xml_id\tmidi_id\ttrack\tchannel\tpitch\tonset\n", stream);
  for (size_t i = 0; i < aligned->alignment->links.n; i++) {
    const AlignmentLink *link = &aligned->alignment->links.items[i];
    put_tsv_row(stream, aligned, link, flow_notes_find(notes, link->note));
  }
}

/* ---- both ---- */

static void put_json_point(FILE *stream, const FlowAligned *aligned, const AlignmentPoint *point) {
  const ScoreStep *step = step_of(aligned, point);
  fputs("{\"score_quarter\":", stream);
  put_number(stream, beat_double(point->quarter), 6);
  fputs(",\"measure\":\"", stream);
  put_measure(stream, aligned, step);
  fprintf(stream, "\",\"measure_index\":%d,\"pass\":%d,\"beat\":", step->measure, step->pass);
  put_number(stream, beat_in_measure(step, point), 6);
  fputs(",\"time_s\":", stream);
  put_number(stream, point->time_s, 5);
  fputs(",\"confidence\":", stream);
  put_number(stream, point->confidence, 4);
  fprintf(stream, ",\"anchor\":%s,\"pitches\":[", point->anchor ? "true" : "false");
  put_pitches(stream, aligned, point, ",");
  fputs("]}", stream);
}

static void put_json_link(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes, const AlignmentLink *link) {
  static const char *const VERDICTS[] = {"match", "not played", "extra", "ornament"};
  fprintf(stream, "{\"verdict\":\"%s\"", VERDICTS[link->verdict]);
  if (link->sound >= 0) {
    const ScoreSound *sound = &aligned->unfolded->sounds.items[link->sound];
    fprintf(stream, ",\"score_note\":%u,\"pass\":%d,\"pitch\":%d", sound->note,
            aligned->unfolded->steps.items[sound->step].pass, sound->midi);
  }
  if (link->note) fprintf(stream, ",\"note\":%u", link->note);
  fputs(",\"confidence\":", stream);
  put_number(stream, link->confidence, 4);
  const MotionNote *note = aligned->sounding ? flow_notes_find(notes, link->note) : NULL;
  if (note) flow_put_number(stream, ",\"sounding\":", (double)aligned->sounding[note - aligned->heard->motion->notes.items], 4);
  fputc('}', stream);
}

static void put_json(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes) {
  fputs("{\"points\":[", stream);
  for (size_t i = 0; i < aligned->alignment->points.n; i++) {
    fputs(i ? ",\n" : "\n", stream);
    put_json_point(stream, aligned, &aligned->alignment->points.items[i]);
  }
  fputs("],\n\"links\":[", stream);
  for (size_t i = 0; i < aligned->alignment->links.n; i++) {
    fputs(i ? ",\n" : "\n", stream);
    put_json_link(stream, aligned, notes, &aligned->alignment->links.items[i]);
  }
  fputs("]}\n", stream);
}

static BaseStatus write_one(BaseContext *ctx, const FlowAligned *aligned, const FlowNotes *notes, const char *path) {
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (status != BASE_OK) return status;
  if (flow_ends_with(path, ".tsv"))
    put_tsv(writer.stream, aligned, notes);
  else if (flow_ends_with(path, ".match"))
    flow_put_match(writer.stream, aligned, notes);
  else if (flow_ends_with(path, ".json"))
    put_json(writer.stream, aligned, notes);
  else
    put_csv(writer.stream, aligned);
  return base_file_commit(ctx, &writer);
}

BaseStatus flow_write_alignment(BaseContext *ctx, const FlowAligned *aligned, const char *path) {
  static const char *const endings[] = {".csv", ".tsv", ".json", ".match"};
  bool known = strcmp(path, "-") == 0;
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) known |= flow_ends_with(path, endings[i]);
  if (!known && !flow_ends_with(path, ".parangonada"))
    return base_fail(ctx, BASE_UNSUPPORTED,
                     "“%s” ends in nothing that can be written here: .csv, .tsv, .json, .match or .parangonada.", path);
  FlowNotes notes;
  if (!flow_notes_init(&notes, aligned->heard->motion)) return base_fail_memory(ctx);
  BaseStatus status = known ? write_one(ctx, aligned, &notes, path) : flow_write_parangonada(ctx, aligned, &notes, path);
  free(notes.items);
  return status;
}
