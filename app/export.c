/* Tables are written here, scores and motions by the rooms that know them. Times with four decimals, score
 * time in quarters with six, numbers with a point whatever the locale. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/export.h"

#include "app/places.h"
#include "app/words.h"
#include "core/base/base_file.h"
#include "core/flow/flow_pairs.h"

#include <stdlib.h>

/* ---- snapshots ---- */

static gboolean enough(const ExportSnapshot *snapshot) {
  switch (snapshot->what) {
  case TRI_EXPORT_MIDI:
    return snapshot->heard || snapshot->score;
  case TRI_EXPORT_MIDI_SCORE:
  case TRI_EXPORT_MUSICXML:
    return snapshot->score != NULL;
  case TRI_EXPORT_ANCHORS:
    return TRUE;
  case TRI_EXPORT_LABELS:
  case TRI_EXPORT_MEASURES:
    return snapshot->score && snapshot->alignment;
  case TRI_EXPORT_SONIC:
    return snapshot->heard != NULL;
  case TRI_EXPORT_ALIGNMENT:
    return snapshot->score && snapshot->heard && snapshot->alignment;
  case TRI_EXPORT_PAIRS:
    return snapshot->score && snapshot->heard && snapshot->alignment && snapshot->n_anchors > 0;
  }
  return FALSE;
}

static void take_said(GArray *said, const Project *project) {
  static const FlowSaid MEANS[] = {[PROJECT_CONFIRMED] = FLOW_SAID_RIGHT,
                                   [PROJECT_MOVED] = FLOW_SAID_MOVED,
                                   [PROJECT_NOT_PLAYED] = FLOW_SAID_NOT_PLAYED,
                                   [PROJECT_EXTRA] = FLOW_SAID_EXTRA,
                                   [PROJECT_ORNAMENT] = FLOW_SAID_ORNAMENT};
  for (gsize i = 0; i < project->marks.n; i++) {
    const ProjectMark *mark = &project->marks.items[i];
    if (mark->verdict == PROJECT_ORDER) continue;
    const FlowVerdict verdict = {mark->quarter, mark->time_s, (guint8)MEANS[mark->verdict], mark->midi};
    g_array_append_val(said, verdict);
  }
}

static void take_pairs(ExportSnapshot *snapshot, const Project *project) {
  const ProjectMedia *audio = project_media_of(project, PROJECT_AUDIO);
  snapshot->said = g_array_new(FALSE, FALSE, sizeof(FlowVerdict));
  snapshot->page_paths = g_ptr_array_new_with_free_func(g_free);
  snapshot->audio_path = audio ? g_strdup(audio->path) : NULL;
  take_said(snapshot->said, project);
  for (gsize i = 0; i < project->media.n; i++) {
    const ProjectMedia *media = &project->media.items[i];
    if (media->kind == PROJECT_PAGES && !media->missing) g_ptr_array_add(snapshot->page_paths, g_strdup(media->path));
  }
}

ExportSnapshot *export_snapshot(TriExport what, const char *path, StepsScore *score, StepsHeard *heard,
                                const Alignment *alignment, const Project *project) {
  ExportSnapshot *snapshot = g_new0(ExportSnapshot, 1);
  snapshot->what = what;
  snapshot->path = g_strdup(path);
  snapshot->score = score ? steps_score_ref(score) : NULL;
  snapshot->heard = heard ? steps_heard_ref(heard) : NULL;
  snapshot->alignment = alignment ? alignment_dup(alignment) : NULL;
  if (snapshot->alignment && score && heard)
    places_lay_notes(snapshot->alignment, score->unfolded, heard->heard->motion, project);
  snapshot->anchors = project_anchors(project, &snapshot->n_anchors);
  take_pairs(snapshot, project);
  if (enough(snapshot)) return snapshot;
  export_snapshot_free(snapshot);
  return NULL;
}

void export_snapshot_free(gpointer data) {
  ExportSnapshot *snapshot = data;
  steps_score_unref(snapshot->score);
  steps_heard_unref(snapshot->heard);
  alignment_free(snapshot->alignment);
  free(snapshot->anchors);
  g_clear_pointer(&snapshot->said, g_array_unref);
  g_clear_pointer(&snapshot->page_paths, g_ptr_array_unref);
  g_free(snapshot->audio_path);
  g_free(snapshot->path);
  g_free(snapshot);
}

/* ---- tables ---- */

static void put_number(FILE *stream, const char *format, double value) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  fputs(g_ascii_formatd(text, sizeof text, format, value), stream);
}

static void put_anchors(FILE *stream, const ExportSnapshot *snapshot) {
  fputs("score_quarter,time_s\n", stream);
  for (gsize i = 0; i < snapshot->n_anchors; i++) {
    put_number(stream, "%.6f", beat_double(snapshot->anchors[i].quarter));
    fputc(',', stream);
    put_number(stream, "%.4f", snapshot->anchors[i].time_s);
    fputc('\n', stream);
  }
}

static const char *measure_number(const ExportSnapshot *snapshot, const ScoreStep *step) {
  return snapshot->score->score->measures.items[step->measure].number;
}

/* One label for each bar as played, from its start to the next one's. */
static void put_labels(FILE *stream, const ExportSnapshot *snapshot) {
  const ScoreUnfolded *unfolded = snapshot->score->unfolded;
  for (gsize i = 0; i < unfolded->steps.n; i++) {
    const ScoreStep *step = &unfolded->steps.items[i];
    double start = beat_double(step->start);
    double length = beat_double(snapshot->score->score->measures.items[step->measure].length);
    double from_s = MAX(0, alignment_time_s(snapshot->alignment, start));
    put_number(stream, "%.6f", from_s);
    fputc('\t', stream);
    put_number(stream, "%.6f", MAX(from_s, alignment_time_s(snapshot->alignment, start + length)));
    fprintf(stream, "\t%s\n", measure_number(snapshot, step));
  }
}

static void put_bar(FILE *stream, const ExportSnapshot *snapshot, const ScoreStep *step) {
  const Score *score = snapshot->score->score;
  double length = beat_double(score->measures.items[step->measure].length), unit;
  words_beat(score, step->measure, 0, &unit);
  for (int beat = 0; beat * unit < length - 1e-6; beat++) {
    double time_s = alignment_time_s(snapshot->alignment, beat_double(step->start) + beat * unit);
    fprintf(stream, "%s,%d,", measure_number(snapshot, step), beat + 1);
    put_number(stream, "%.4f", MAX(0, time_s));
    fputc('\n', stream);
  }
}

static void put_measures(FILE *stream, const ExportSnapshot *snapshot) {
  fputs("measure,beat,time\n", stream);
  for (gsize i = 0; i < snapshot->score->unfolded->steps.n; i++)
    put_bar(stream, snapshot, &snapshot->score->unfolded->steps.items[i]);
}

/* A note layer: pitch as a MIDI number, the velocity as its level, the note's number as its label. */
static void put_sonic(FILE *stream, const ExportSnapshot *snapshot) {
  const Motion *motion = snapshot->heard->heard->motion;
  fputs("time,value,duration,level,label\n", stream);
  for (gsize i = 0; i < motion->notes.n; i++) {
    const MotionNote *note = &motion->notes.items[i];
    put_number(stream, "%.6f", note->onset_s);
    fprintf(stream, ",%d,", note->midi);
    put_number(stream, "%.6f", note->key_up_s - note->onset_s);
    fputc(',', stream);
    put_number(stream, "%.4f", note->velocity / 127.0);
    fprintf(stream, ",%u\n", note->id);
  }
}

static BaseStatus write_table(BaseContext *ctx, const ExportSnapshot *snapshot,
                              void (*put)(FILE *stream, const ExportSnapshot *snapshot)) {
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, snapshot->path);
  if (status != BASE_OK) return status;
  put(writer.stream, snapshot);
  status = base_file_commit(ctx, &writer);
  if (status != BASE_OK) base_file_abort(&writer);
  return status;
}

/* ---- motions ---- */

static BaseStatus write_heard(BaseContext *ctx, const ExportSnapshot *snapshot) {
  Motion *motion = motion_dup(snapshot->heard ? snapshot->heard->heard->motion : snapshot->score->plain);
  if (!motion) return base_fail_memory(ctx);
  gboolean good = !snapshot->alignment || !snapshot->score ||
                  places_put_beats(motion, snapshot->score->unfolded, snapshot->alignment);
  BaseStatus status = good ? flow_write_motion(ctx, motion, snapshot->path) : base_fail_memory(ctx);
  motion_free(motion);
  return status;
}

static BaseStatus write_score_motion(BaseContext *ctx, const ExportSnapshot *snapshot) {
  const StepsScore *score = snapshot->score;
  if (!snapshot->alignment) return flow_write_motion(ctx, score->plain, snapshot->path);
  Motion *motion = places_play(score->unfolded, snapshot->alignment, score->plain);
  BaseStatus status = motion ? flow_write_motion(ctx, motion, snapshot->path) : base_fail_memory(ctx);
  motion_free(motion);
  return status;
}

static BaseStatus write_alignment(BaseContext *ctx, const ExportSnapshot *snapshot) {
  FlowAligned aligned = {snapshot->score->score, snapshot->score->unfolded, snapshot->heard->heard,
                         snapshot->alignment};
  return flow_write_alignment(ctx, &aligned, snapshot->path);
}

static BaseStatus write_pairs(BaseContext *ctx, const ExportSnapshot *snapshot) {
  const FlowAligned aligned = {snapshot->score->score, snapshot->score->unfolded, snapshot->heard->heard,
                               snapshot->alignment};
  const FlowPairsSource source = {.aligned = &aligned,
                                  .said = (const FlowVerdict *)snapshot->said->data,
                                  .n_said = snapshot->said->len,
                                  .audio_path = snapshot->audio_path,
                                  .page_paths = (const char *const *)snapshot->page_paths->pdata,
                                  .n_pages = snapshot->page_paths->len};
  FlowPairs *pairs = NULL;
  BaseContext step = base_context_step(ctx, 0, 0.7);
  BaseStatus status = base_context_join(ctx, &step, flow_pairs_gather(&step, &pairs, &source));
  step = base_context_step(ctx, 0.7, 1);
  if (status == BASE_OK) status = base_context_join(ctx, &step, flow_pairs_write(&step, pairs, snapshot->path));
  flow_pairs_free(pairs);
  return status;
}

static BaseStatus write_out(BaseContext *ctx, const ExportSnapshot *snapshot) {
  switch (snapshot->what) {
  case TRI_EXPORT_MIDI:
    return write_heard(ctx, snapshot);
  case TRI_EXPORT_MIDI_SCORE:
    return write_score_motion(ctx, snapshot);
  case TRI_EXPORT_MUSICXML:
    return flow_write_score(ctx, snapshot->score->score, NULL, 0, snapshot->path);
  case TRI_EXPORT_ANCHORS:
    return write_table(ctx, snapshot, put_anchors);
  case TRI_EXPORT_LABELS:
    return write_table(ctx, snapshot, put_labels);
  case TRI_EXPORT_MEASURES:
    return write_table(ctx, snapshot, put_measures);
  case TRI_EXPORT_SONIC:
    return write_table(ctx, snapshot, put_sonic);
  case TRI_EXPORT_ALIGNMENT:
    return write_alignment(ctx, snapshot);
  case TRI_EXPORT_PAIRS:
    return write_pairs(ctx, snapshot);
  }
  return base_fail(ctx, BASE_UNSUPPORTED, "There is no such export.");
}

BaseStatus export_work(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const ExportSnapshot *snapshot = data;
  BaseStatus status = write_out(ctx, snapshot);
  if (status == BASE_OK) *result = g_strdup(snapshot->path);
  return status;
}
