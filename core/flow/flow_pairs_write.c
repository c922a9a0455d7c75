/* The folder is filled under another name and renamed when it is whole. Everything else in it is written from the values
 * of the manifest. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow_pairs.h"

#include "core/base/base_file.h"
#include "core/flow/flow_pairs_parts.h"
#include "core/flow/flow_parts.h"
#include "core/music/musicxml.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const FLOW_PAIRS_SAID[FLOW_SAYINGS] = {"right", "moved", "not played", "extra", "ornament"};
const char *const FLOW_PAIRS_LINKS[FLOW_PAIRS_LINK_KINDS] = {"match", "not played", "extra", "ornament"};

/* ---- pieces of JSON ---- */

/* As a fraction, and for those who would rather divide beforehand. */
static void put_beat(FILE *stream, Beat quarter) {
  fprintf(stream, "\"quarter\":[%lld,%lld]", (long long)quarter.num, (long long)quarter.den);
  flow_put_number(stream, ",\"score_quarter\":", beat_double(quarter), 6);
}

static void put_order(FILE *stream, const FlowPairs *set) {
  fputs("\"order\":[", stream);
  for (size_t i = 0; i < set->aligned.unfolded->steps.n; i++)
    fprintf(stream, "%s%d", i ? "," : "", set->aligned.unfolded->steps.items[i].measure);
  fputc(']', stream);
}

/* ---- bars ---- */

static void put_heads(FILE *stream, const FlowPair *pair) {
  fprintf(stream, ",\n \"picture\":\"bar-%d.png\",\"page\":%d,\"x\":%d,\"y\":%d,\"heads\":[", pair->step + 1, pair->page,
          pair->x, pair->y);
  for (size_t i = 0; i < pair->heads.n; i++) {
    const FlowHead *head = &pair->heads.items[i];
    fprintf(stream, "%s{\"note\":%u,\"box\":[%d,%d,%d,%d]}", i ? "," : "", head->note, head->x, head->y, head->width,
            head->height);
  }
  fputc(']', stream);
}

static void put_pair(FILE *stream, const FlowPairs *set, const FlowPair *pair) {
  const ScoreStep *step = &set->aligned.unfolded->steps.items[pair->step];
  const Beat length = set->aligned.score->measures.items[step->measure].length;
  fprintf(stream, "{\"id\":\"bar-%d\",\"step\":%d,\"measure\":%d,\"pass\":%d,", pair->step + 1, pair->step, step->measure,
          step->pass);
  put_beat(stream, step->start);
  flow_put_number(stream, ",\"quarters\":", beat_double(length), 6);
  flow_put_number(stream, ",\"from_s\":", pair->from_s, 5);
  flow_put_number(stream, ",\"to_s\":", pair->to_s, 5);
  flow_put_number(stream, ",\"weight\":", pair->weight, 4);
  if (pair->sound) {
    fprintf(stream, ",\n \"sound\":\"bar-%d.flac\"", pair->step + 1);
    flow_put_number(stream, ",\"sound_from_s\":", pair->sound_from_s, 5);
  }
  if (pair->picture) put_heads(stream, pair);
  fputc('}', stream);
}

static void put_said(FILE *stream, const FlowVerdict *said) {
  fprintf(stream, "{\"verdict\":\"%s\",", FLOW_PAIRS_SAID[said->said]);
  put_beat(stream, said->quarter);
  flow_put_number(stream, ",\"time_s\":", said->time_s, 5);
  if (said->midi) fprintf(stream, ",\"midi_pitch\":%d", said->midi);
  fputc('}', stream);
}

/* ---- the whole piece ---- */

static void put_point(FILE *stream, const AlignmentPoint *point) {
  fputc('{', stream);
  put_beat(stream, point->quarter);
  flow_put_number(stream, ",\"time_s\":", point->time_s, 5);
  flow_put_number(stream, ",\"confidence\":", point->confidence, 4);
  fputs(point->anchor ? ",\"anchor\":true}" : "}", stream);
}

static void put_link(FILE *stream, const FlowPairs *set, const AlignmentLink *link) {
  fprintf(stream, "{\"verdict\":\"%s\"", FLOW_PAIRS_LINKS[link->verdict]);
  if (link->sound >= 0)
    fprintf(stream, ",\"sound\":%d,\"score_note\":%u", link->sound, set->aligned.unfolded->sounds.items[link->sound].note);
  if (link->note) fprintf(stream, ",\"note\":%u", link->note);
  flow_put_number(stream, ",\"confidence\":", link->confidence, 4);
  fputc('}', stream);
}

static void put_note(FILE *stream, const MotionNote *note) {
  fprintf(stream, "{\"id\":%u,\"midi_pitch\":%d,\"velocity\":%d,\"channel\":%d", note->id, note->midi, note->velocity,
          note->channel);
  flow_put_number(stream, ",\"onset_s\":", note->onset_s, 5);
  flow_put_number(stream, ",\"key_up_s\":", note->key_up_s, 5);
  flow_put_number(stream, ",\"confidence\":", note->confidence, 4);
  if (note->score_note) fprintf(stream, ",\"score_note\":%u", note->score_note);
  fputc('}', stream);
}

static void put_pedal(FILE *stream, const MotionPedal *pedal) {
  flow_put_number(stream, "{\"time_s\":", pedal->time_s, 5);
  fprintf(stream, ",\"controller\":%d,\"depth\":%d}", pedal->pedal, pedal->depth);
}

#define PUT_ALL(stream, name, array, ...)                                                                    \
  do {                                                                                                       \
    fprintf(stream, ",\n\"%s\":[", name);                                                                    \
    for (size_t i = 0; i < (array).n; i++) {                                                                 \
      fputs(i ? ",\n" : "\n", stream);                                                                       \
      __VA_ARGS__;                                                                                           \
    }                                                                                                        \
    fputc(']', stream);                                                                                      \
  } while (0)

static void put_manifest(FILE *stream, const FlowPairs *set) {
  const Alignment *alignment = set->aligned.alignment;
  const Motion *motion = set->aligned.heard->motion;
  fprintf(stream, "{\"format\":\"%s\",\"version\":%d,\n\"score\":\"score.musicxml\",", FLOW_PAIRS_FORMAT, FLOW_PAIRS_VERSION);
  fputs("\"alignment\":[\"alignment.match\",\"alignment.tsv\"],\n", stream);
  put_order(stream, set);
  PUT_ALL(stream, "pairs", set->pairs, put_pair(stream, set, &set->pairs.items[i]));
  PUT_ALL(stream, "verdicts", set->said, put_said(stream, &set->said.items[i]));
  PUT_ALL(stream, "points", alignment->points, put_point(stream, &alignment->points.items[i]));
  PUT_ALL(stream, "links", alignment->links, put_link(stream, set, &alignment->links.items[i]));
  PUT_ALL(stream, "notes", motion->notes, put_note(stream, &motion->notes.items[i]));
  PUT_ALL(stream, "pedals", motion->pedals, put_pedal(stream, &motion->pedals.items[i]));
  fputs("}\n", stream);
}

/* ---- the folder ---- */

static BaseStatus write_manifest(BaseContext *ctx, const FlowPairs *set, const char *folder) {
  char path[FLOW_PAIRS_PATH_SIZE];
  BaseFileWriter writer;
  flow_pairs_path(path, folder, "manifest.json");
  BaseStatus status = base_file_begin(ctx, &writer, path);
  if (status != BASE_OK) return status;
  put_manifest(writer.stream, set);
  return base_file_commit(ctx, &writer);
}

static BaseStatus write_media(BaseContext *ctx, const FlowPair *pair, const char *folder) {
  char name[32], path[FLOW_PAIRS_PATH_SIZE];
  BaseStatus status = base_cancelled(ctx) ? base_fail_cancelled(ctx) : BASE_OK;
  snprintf(name, sizeof name, "bar-%d.flac", pair->step + 1);
  flow_pairs_path(path, folder, name);
  if (status == BASE_OK && pair->sound) status = dsp_audio_write(ctx, pair->sound, path);
  snprintf(name, sizeof name, "bar-%d.png", pair->step + 1);
  flow_pairs_path(path, folder, name);
  if (status == BASE_OK && pair->picture) status = image_write_png(ctx, pair->picture, path);
  return status;
}

static BaseStatus fill(BaseContext *ctx, const FlowPairs *set, const char *folder) {
  char path[FLOW_PAIRS_PATH_SIZE];
  flow_pairs_path(path, folder, "score.musicxml");
  BaseStatus status = musicxml_write(ctx, set->aligned.score, path);
  flow_pairs_path(path, folder, "alignment.match");
  if (status == BASE_OK) status = flow_write_alignment(ctx, &set->aligned, path);
  flow_pairs_path(path, folder, "alignment.tsv");
  if (status == BASE_OK) status = flow_write_alignment(ctx, &set->aligned, path);
  for (size_t i = 0; status == BASE_OK && i < set->pairs.n; i++) {
    base_progress(ctx, (double)i / (double)set->pairs.n, "Writing");
    status = write_media(ctx, &set->pairs.items[i], folder);
  }
  return status == BASE_OK ? write_manifest(ctx, set, folder) : status;
}

/* Everything in it was made here. */
static void empty(const char *folder) {
  DIR *list = opendir(folder);
  for (struct dirent *entry; list && (entry = readdir(list));) {
    char path[FLOW_PAIRS_PATH_SIZE + 256];
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] != '.') unlink(path);
  }
  if (list) closedir(list);
  rmdir(folder);
}

BaseStatus flow_pairs_write(BaseContext *ctx, const FlowPairs *set, const char *path) {
  char folder[FLOW_PAIRS_PATH_SIZE - 64];
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  const int size = snprintf(folder, sizeof folder, "%.*s.XXXXXX", (int)length, path);
  if (size >= (int)sizeof folder || !mkdtemp(folder))
    return base_fail(ctx, BASE_UNREADABLE, "No folder can be made beside “%s”.", path);
  chmod(folder, 0755);
  BaseStatus status = fill(ctx, set, folder);
  if (status == BASE_OK && rename(folder, path) != 0)
    status = base_fail(ctx, BASE_UNREADABLE, "“%s” cannot be made: something else is there.", path);
  if (status != BASE_OK) empty(folder);
  return status;
}
