/* Parangonada's set: the notes of the score, those of the performance, two alignments between them (here the same one
 * twice) and a table of features, which stays empty (Peter et al. 2023). The folder is filled under another name first.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/base/base_file.h"
#include "core/base/base_number.h"
#include "core/flow/flow_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_SIZE = 40, DIVISIONS = 480, PATH_SIZE = 4096 };

static void put_number(FILE *stream, double value, char after) {
  char text[NUMBER_SIZE];
  base_number_write(text, sizeof text, value, 5);
  fprintf(stream, "%s%c", text, after);
}

static void put_part(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes) {
  (void)notes;
  fputs("onset_beat,duration_beat,onset_quarter,duration_quarter,onset_div,duration_div,pitch,voice,id\n", stream);
  for (size_t i = 0; i < aligned->unfolded->sounds.n; i++) {
    const ScoreSound *sound = &aligned->unfolded->sounds.items[i];
    const ScoreNote *note = score_find_note(aligned->score, sound->note);
    const double onset = beat_double(sound->onset), duration = beat_double(sound->duration);
    for (int k = 0; k < 2; k++) put_number(stream, onset, ','), put_number(stream, duration, ',');
    fprintf(stream, "%.0f,%.0f,%d,%d,", onset * DIVISIONS, duration * DIVISIONS, sound->midi, note ? note->voice : 1);
    flow_put_sound_id(stream, aligned, sound);
    fputc('\n', stream);
  }
}

static void put_played(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes) {
  (void)notes;
  fputs("onset_sec,duration_sec,pitch,velocity,id\n", stream);
  for (size_t i = 0; i < aligned->heard->motion->notes.n; i++) {
    const MotionNote *note = &aligned->heard->motion->notes.items[i];
    put_number(stream, note->onset_s, ',');
    put_number(stream, note->key_up_s - note->onset_s, ',');
    fprintf(stream, "%d,%d,n%u\n", note->midi, note->velocity, note->id);
  }
}

static void put_alignment(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes) {
  fputs("idx,matchtype,partid,ppartid\n", stream);
  for (size_t i = 0; i < aligned->alignment->links.n; i++) {
    const AlignmentLink *link = &aligned->alignment->links.items[i];
    const MotionNote *note = flow_notes_find(notes, link->note);
    const bool written = link->sound >= 0 && link->verdict != ALIGNMENT_ORNAMENT;
    fprintf(stream, "%zu,%d,", i, !written ? 2 : note ? 0 : 1);
    if (written)
      flow_put_sound_id(stream, aligned, &aligned->unfolded->sounds.items[link->sound]);
    else
      fputs("undefined", stream);
    if (note)
      fprintf(stream, ",n%u\n", note->id);
    else
      fputs(",undefined\n", stream);
  }
}

static void put_features(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes) {
  (void)aligned, (void)notes;
  fputs("velocity,timing,articulation,id\n", stream);
}

static const struct {
  const char *name;
  void (*put)(FILE *stream, const FlowAligned *aligned, const FlowNotes *notes);
} TABLES[] = {{"part.csv", put_part},
              {"ppart.csv", put_played},
              {"align.csv", put_alignment},
              {"zalign.csv", put_alignment},
              {"feature.csv", put_features}};
enum { N_TABLES = sizeof TABLES / sizeof *TABLES };

static BaseStatus fill(BaseContext *ctx, const FlowAligned *aligned, const FlowNotes *notes, const char *folder) {
  BaseStatus status = BASE_OK;
  for (size_t i = 0; status == BASE_OK && i < N_TABLES; i++) {
    char path[PATH_SIZE + 32];
    BaseFileWriter writer;
    snprintf(path, sizeof path, "%s/%s", folder, TABLES[i].name);
    status = base_file_begin(ctx, &writer, path);
    if (status != BASE_OK) break;
    TABLES[i].put(writer.stream, aligned, notes);
    status = base_file_commit(ctx, &writer);
  }
  return status;
}

static void empty(const char *folder) {
  for (size_t i = 0; i < N_TABLES; i++) {
    char path[PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/%s", folder, TABLES[i].name);
    unlink(path);
  }
  rmdir(folder);
}

BaseStatus flow_write_parangonada(BaseContext *ctx, const FlowAligned *aligned, const FlowNotes *notes, const char *path) {
  char folder[PATH_SIZE];
  const int length = snprintf(folder, sizeof folder, "%s.XXXXXX", path);
  if (length >= (int)sizeof folder || !mkdtemp(folder))
    return base_fail(ctx, BASE_UNREADABLE, "No folder can be made beside “%s”.", path);
  chmod(folder, 0755);
  BaseStatus status = fill(ctx, aligned, notes, folder);
  if (status == BASE_OK && rename(folder, path) != 0)
    status = base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be made: something else is there.", path);
  if (status != BASE_OK) empty(folder);
  return status;
}
