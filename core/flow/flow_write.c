/* Results as files, by the ending of the name; "-" is standard output in the plainest text format. Numbers
 * have a decimal point whatever the language of the desktop. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/base/base_file.h"
#include "core/base/base_number.h"
#include "core/flow/flow_parts.h"
#include "core/music/midi.h"
#include "core/music/musicxml.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 40 };

static BaseStatus fail_ending(BaseContext *ctx, const char *path, const char *wanted) {
  return base_fail(ctx, BASE_UNSUPPORTED, "“%s” ends in nothing that can be written here: %s.", path, wanted);
}

void flow_put_number(FILE *stream, const char *before, double value, int decimals) {
  char text[NUMBER_SIZE];
  base_number_write(text, sizeof text, value, decimals);
  fprintf(stream, "%s%s", before, text);
}

/* ---- score ---- */

static BaseStatus write_played(BaseContext *ctx, const Score *score, const char *path) {
  ScoreUnfolded *unfolded = NULL;
  Motion *motion = NULL;
  BaseStatus status = score_unfold(ctx, &unfolded, score, NULL);
  if (status == BASE_OK) status = score_play(ctx, &motion, score, unfolded, NULL);
  if (status == BASE_OK) status = flow_write_motion(ctx, motion, path);
  motion_free(motion);
  score_unfolded_free(unfolded);
  return status;
}

BaseStatus flow_write_score(BaseContext *ctx, const Score *score, OmrPage *const *pages, size_t n_pages,
                            const char *path) {
  if (strcmp(path, "-") == 0 || flow_ends_with(path, ".musicxml") || flow_ends_with(path, ".xml") ||
      flow_ends_with(path, ".mxl"))
    return musicxml_write(ctx, score, path);
  if (flow_ends_with(path, ".json"))
    return omr_write_json(ctx, (const OmrPage *const *)pages, n_pages, score, path);
  if (flow_ends_with(path, ".mid") || flow_ends_with(path, ".midi") || flow_ends_with(path, ".csv"))
    return write_played(ctx, score, path);
  return fail_ending(ctx, path, ".musicxml, .mxl, .mid, .csv or .json");
}

/* ---- motion ---- */

/* `value` with `decimals` digits at most, between the texts. */
static void put_note(FILE *stream, const MotionNote *note, double sound_end_s) {
  fprintf(stream, "{\"id\":%u,\"midi_pitch\":%d,\"velocity\":%d", note->id, note->midi, note->velocity);
  flow_put_number(stream, ",\"onset_s\":", note->onset_s, 5);
  flow_put_number(stream, ",\"key_up_s\":", note->key_up_s, 5);
  flow_put_number(stream, ",\"offset_s\":", sound_end_s, 5);
  flow_put_number(stream, ",\"confidence\":", note->confidence, 4);
  if (note->score_note) fprintf(stream, ",\"score_note\":%u", note->score_note);
  fputc('}', stream);
}

/* What the score asks for and the recording lacks. */
static void put_not_played(FILE *stream, const FlowAligned *aligned) {
  const char *before = "";
  fputs(",\n\"not_played\":[", stream);
  for (size_t i = 0; i < aligned->alignment->links.n; i++) {
    const AlignmentLink *link = &aligned->alignment->links.items[i];
    if (link->verdict != ALIGNMENT_NOT_PLAYED || link->sound < 0) continue;
    const ScoreSound *sound = &aligned->unfolded->sounds.items[link->sound];
    const double quarter = beat_double(sound->onset);
    fprintf(stream, "%s\n{\"score_note\":%u,\"midi_pitch\":%d", before, sound->note, sound->midi);
    flow_put_number(stream, ",\"score_quarter\":", quarter, 6);
    flow_put_number(stream, ",\"time_s\":", alignment_time_s(aligned->alignment, quarter), 5);
    fputc('}', stream);
    before = ",";
  }
  fputc(']', stream);
}

/* `aligned` may be null. */
static BaseStatus write_motion_json(BaseContext *ctx, const Motion *motion, const FlowAligned *aligned, const char *path) {
  double *end_s = malloc((motion->notes.n + 1) * sizeof *end_s);
  if (!end_s) return base_fail_memory(ctx);
  motion_sound_ends(end_s, motion);
  BaseFileWriter writer;
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (status == BASE_OK) {
    fputs("{\"notes\":[", writer.stream);
    for (size_t i = 0; i < motion->notes.n; i++) {
      fputs(i ? ",\n" : "\n", writer.stream);
      put_note(writer.stream, &motion->notes.items[i], end_s[i]);
    }
    fputs("],\n\"pedals\":[", writer.stream);
    for (size_t i = 0; i < motion->pedals.n; i++) {
      const MotionPedal *pedal = &motion->pedals.items[i];
      flow_put_number(writer.stream, i ? ",\n{\"time_s\":" : "\n{\"time_s\":", pedal->time_s, 5);
      fprintf(writer.stream, ",\"controller\":%d,\"depth\":%d}", pedal->pedal, pedal->depth);
    }
    fputc(']', writer.stream);
    if (aligned) put_not_played(writer.stream, aligned);
    fputs("}\n", writer.stream);
    status = base_file_commit(ctx, &writer);
  }
  free(end_s);
  return status;
}

BaseStatus flow_write_motion(BaseContext *ctx, const Motion *motion, const char *path) {
  if (flow_ends_with(path, ".mid") || flow_ends_with(path, ".midi")) return midi_write(ctx, motion, path);
  if (strcmp(path, "-") == 0 || flow_ends_with(path, ".csv")) return motion_write_csv(ctx, motion, path);
  if (flow_ends_with(path, ".json")) return write_motion_json(ctx, motion, NULL, path);
  return fail_ending(ctx, path, ".mid, .csv or .json");
}

BaseStatus flow_write_heard(BaseContext *ctx, const FlowAligned *aligned, const char *path) {
  const Motion *motion = aligned->heard->motion;
  return flow_ends_with(path, ".json") && aligned->alignment ? write_motion_json(ctx, motion, aligned, path)
                                                             : flow_write_motion(ctx, motion, path);
}
