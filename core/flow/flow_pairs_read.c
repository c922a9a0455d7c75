/* The manifest is a claim: every index, number and name in it is checked before it is used, and its files are opened by the
 * names that the writer would have given them. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow_pairs.h"

#include "core/base/base_file.h"
#include "core/base/base_json.h"
#include "core/flow/flow_pairs_parts.h"
#include "core/music/musicxml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const double LATEST_S = 1e7;

typedef struct {
  BaseContext *ctx;
  const char *folder;
  FlowPairs *set;
} Reader;

void flow_pairs_path(char *path, const char *folder, const char *name) {
  snprintf(path, FLOW_PAIRS_PATH_SIZE, "%s/%s", folder, name);
}

bool flow_is_pairs(const char *folder) {
  char path[FLOW_PAIRS_PATH_SIZE];
  struct stat found;
  flow_pairs_path(path, folder, "manifest.json");
  return stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

static BaseStatus fail(const Reader *reader, const char *what) {
  return base_fail(reader->ctx, BASE_BAD_FILE, "“%s” is no set of pairs: %s.", reader->folder, what);
}

/* ---- numbers ---- */

static bool whole(int64_t *out, const BaseJson *json, const char *key, int64_t low, int64_t high, int64_t otherwise) {
  const double value = base_json_number(json, key, (double)otherwise);
  if (!(value >= (double)low && value <= (double)high) || value != floor(value)) return false;
  *out = (int64_t)value;
  return true;
}

static bool seconds(double *out, const BaseJson *json, const char *key) {
  *out = base_json_number(json, key, NAN);
  return fabs(*out) < LATEST_S;
}

static bool share(float *out, const BaseJson *json, const char *key) {
  const double value = base_json_number(json, key, NAN);
  *out = (float)value;
  return value >= 0 && value <= 1;
}

static bool beat(Beat *out, const BaseJson *json) {
  const BaseJson *pair = base_json_member(json, "quarter"), *num = pair && pair->n == 2 ? pair->first : NULL;
  const BaseJson *den = num ? num->next : NULL;
  if (!den || !(fabs(num->number) < 1e12) || !(den->number >= 1 && den->number < 1e9)) return false;
  *out = beat_make((int64_t)num->number, (int64_t)den->number);
  return true;
}

/* The index of a member's text among names; -1 for none of them. */
static int named(const BaseJson *json, const char *key, const char *const *names, int n) {
  const char *text = base_json_text(json, key, "");
  while (n-- > 0)
    if (strcmp(text, names[n]) == 0) return n;
  return -1;
}

/* ---- the whole piece ---- */

static BaseStatus read_score(Reader *reader, const BaseJson *root) {
  char path[FLOW_PAIRS_PATH_SIZE];
  const BaseJson *order = base_json_member(root, "order");
  FlowAligned *aligned = &reader->set->aligned;
  flow_pairs_path(path, reader->folder, "score.musicxml");
  BaseStatus status = musicxml_read(reader->ctx, &aligned->score, path);
  if (status != BASE_OK) return status;
  int32_t *steps = malloc((order ? order->n + 1 : 1) * sizeof *steps);
  if (!steps) return base_fail_memory(reader->ctx);
  size_t n = 0;
  bool fine = order && order->n;
  for (const BaseJson *at = order ? order->first : NULL; at && fine; at = at->next) {
    fine = at->number >= 0 && at->number < (double)aligned->score->measures.n;
    if (fine) steps[n++] = (int32_t)at->number;
  }
  const ScoreUnfoldParams params = {.order = steps, .order_n = n};
  status = fine ? score_unfold(reader->ctx, &aligned->unfolded, aligned->score, &params)
                : fail(reader, "its order is not one of the score's bars");
  free(steps);
  return status;
}

static bool add_note(FlowPairs *set, const BaseJson *json) {
  int64_t id, midi, velocity, channel, score_note;
  MotionNote note = {0};
  const bool fine = whole(&id, json, "id", 1, UINT32_MAX, 0) && whole(&midi, json, "midi_pitch", 0, 127, -1) &&
                    whole(&velocity, json, "velocity", 1, 127, 0) && whole(&channel, json, "channel", 0, 15, 0) &&
                    whole(&score_note, json, "score_note", 0, UINT32_MAX, 0) && seconds(&note.onset_s, json, "onset_s") &&
                    seconds(&note.key_up_s, json, "key_up_s") && share(&note.confidence, json, "confidence");
  if (!fine) return false;
  note.id = (uint32_t)id, note.midi = (uint8_t)midi, note.velocity = (uint8_t)velocity;
  note.channel = (uint8_t)channel, note.score_note = (uint32_t)score_note;
  Motion *motion = set->aligned.heard->motion;
  if (note.id >= motion->next_id) motion->next_id = note.id + 1;
  return base_array_push(&motion->notes, note);
}

static bool add_pedal(FlowPairs *set, const BaseJson *json) {
  int64_t controller, depth;
  MotionPedal pedal = {0};
  const bool fine = whole(&controller, json, "controller", 0, 127, -1) && whole(&depth, json, "depth", 0, 127, -1) &&
                    seconds(&pedal.time_s, json, "time_s");
  pedal.pedal = (uint8_t)(fine ? controller : 0), pedal.depth = (uint8_t)(fine ? depth : 0);
  return fine && base_array_push(&set->aligned.heard->motion->pedals, pedal);
}

static bool add_point(FlowPairs *set, const BaseJson *json) {
  Alignment *alignment = set->aligned.alignment;
  const size_t i = alignment->points.n;
  AlignmentPoint point = {.onset = i, .anchor = base_json_true(json, "anchor")};
  return i < set->aligned.unfolded->onsets.n && beat(&point.quarter, json) &&
         beat_equal(point.quarter, set->aligned.unfolded->onsets.items[i].onset) &&
         seconds(&point.time_s, json, "time_s") && (!i || point.time_s >= alignment->points.items[i - 1].time_s) &&
         share(&point.confidence, json, "confidence") && base_array_push(&alignment->points, point);
}

static bool add_link(FlowPairs *set, const BaseJson *json) {
  int64_t sound, note, written;
  AlignmentLink link = {0};
  const ScoreUnfolded *unfolded = set->aligned.unfolded;
  const int verdict = named(json, "verdict", FLOW_PAIRS_LINKS, FLOW_PAIRS_LINK_KINDS);
  if (verdict < 0 || !whole(&sound, json, "sound", -1, (int64_t)unfolded->sounds.n - 1, -1) ||
      !whole(&written, json, "score_note", 0, UINT32_MAX, 0) || !whole(&note, json, "note", 0, UINT32_MAX, 0) ||
      !share(&link.confidence, json, "confidence"))
    return false;
  if (sound >= 0 && unfolded->sounds.items[sound].note != written) return false;
  if ((sound < 0) != (verdict == ALIGNMENT_EXTRA) || (note == 0) != (verdict == ALIGNMENT_NOT_PLAYED)) return false;
  link.sound = (int32_t)sound, link.note = (uint32_t)note, link.verdict = (uint8_t)verdict;
  return base_array_push(&set->aligned.alignment->links, link);
}

static bool add_said(FlowPairs *set, const BaseJson *json) {
  int64_t midi;
  FlowVerdict said = {0};
  const int kind = named(json, "verdict", FLOW_PAIRS_SAID, FLOW_SAYINGS);
  if (kind < 0 || !beat(&said.quarter, json) || !seconds(&said.time_s, json, "time_s") ||
      !whole(&midi, json, "midi_pitch", 0, 127, 0))
    return false;
  said.said = (uint8_t)kind, said.midi = (uint8_t)midi;
  return base_array_push(&set->said, said);
}

/* ---- bars ---- */

static bool add_head(FlowPair *pair, const BaseJson *json) {
  int64_t note;
  int32_t box[4], n = 0;
  const BaseJson *values = base_json_member(json, "box");
  if (!whole(&note, json, "note", 1, UINT32_MAX, 0) || !values || values->n != 4) return false;
  for (const BaseJson *at = values->first; at; at = at->next) {
    if (!(fabs(at->number) < 1e6)) return false;
    box[n++] = (int32_t)at->number;
  }
  return base_array_push(&pair->heads, (FlowHead){(uint32_t)note, box[0], box[1], box[2], box[3]});
}

static bool read_picture_place(FlowPair *pair, const BaseJson *json) {
  int64_t page, x, y;
  if (!whole(&page, json, "page", 0, 1000000, -1) || !whole(&x, json, "x", 0, 1000000, -1) ||
      !whole(&y, json, "y", 0, 1000000, -1))
    return false;
  pair->page = (int32_t)page, pair->x = (int32_t)x, pair->y = (int32_t)y;
  const BaseJson *heads = base_json_member(json, "heads");
  bool fine = heads != NULL;
  for (const BaseJson *at = heads ? heads->first : NULL; at && fine; at = at->next) fine = add_head(pair, at);
  return fine;
}

static bool add_pair(FlowPairs *set, const BaseJson *json) {
  int64_t step;
  FlowPair pair = {.page = -1};
  const bool fine = whole(&step, json, "step", 0, (int64_t)set->aligned.unfolded->steps.n - 1, -1) &&
                    seconds(&pair.from_s, json, "from_s") && seconds(&pair.to_s, json, "to_s") &&
                    pair.to_s > pair.from_s && share(&pair.weight, json, "weight");
  pair.step = fine ? (int32_t)step : 0;
  if (!fine || (set->pairs.n && pair.step <= set->pairs.items[set->pairs.n - 1].step)) return false;
  if (base_json_member(json, "sound") && !seconds(&pair.sound_from_s, json, "sound_from_s")) return false;
  if (!base_array_push(&set->pairs, pair)) return false;
  return !base_json_member(json, "picture") || read_picture_place(&set->pairs.items[set->pairs.n - 1], json);
}

static BaseStatus load_picture(Reader *reader, FlowPair *pair, const char *path) {
  ImageSource *source = NULL;
  BaseStatus status = image_source_open(reader->ctx, &source, path);
  if (status == BASE_OK) status = image_source_load(reader->ctx, &pair->picture, source, 0, NULL);
  image_source_free(source);
  return status;
}

static BaseStatus load_media(Reader *reader, FlowPair *pair, const BaseJson *json) {
  char name[32], path[FLOW_PAIRS_PATH_SIZE];
  BaseStatus status = base_cancelled(reader->ctx) ? base_fail_cancelled(reader->ctx) : BASE_OK;
  snprintf(name, sizeof name, "bar-%d.flac", pair->step + 1);
  flow_pairs_path(path, reader->folder, name);
  if (status == BASE_OK && base_json_member(json, "sound"))
    status = dsp_audio_load(reader->ctx, &pair->sound, path, NULL);
  snprintf(name, sizeof name, "bar-%d.png", pair->step + 1);
  flow_pairs_path(path, reader->folder, name);
  if (status == BASE_OK && base_json_member(json, "picture")) status = load_picture(reader, pair, path);
  return status;
}

static BaseStatus read_media(Reader *reader, const BaseJson *root) {
  const BaseJson *at = base_json_member(root, "pairs")->first;
  BaseStatus status = BASE_OK;
  for (size_t i = 0; status == BASE_OK && i < reader->set->pairs.n; i++, at = at->next) {
    base_progress(reader->ctx, (double)i / (double)reader->set->pairs.n, "Reading");
    status = load_media(reader, &reader->set->pairs.items[i], at);
  }
  return status;
}

/* ---- all ---- */

static BaseStatus read_list(Reader *reader, const BaseJson *root, const char *name,
                            bool (*add)(FlowPairs *set, const BaseJson *json)) {
  const BaseJson *list = base_json_member(root, name);
  char what[64];
  bool fine = list && list->kind == BASE_JSON_ARRAY;
  for (const BaseJson *at = fine ? list->first : NULL; at && fine; at = at->next) fine = add(reader->set, at);
  snprintf(what, sizeof what, "its “%s” make no sense", name);
  return fine ? BASE_OK : fail(reader, what);
}

static BaseStatus read_set(Reader *reader, const BaseJson *root) {
  static const struct {
    const char *name;
    bool (*add)(FlowPairs *set, const BaseJson *json);
  } LISTS[] = {{"pairs", add_pair}, {"verdicts", add_said}, {"points", add_point},
               {"notes", add_note}, {"pedals", add_pedal},  {"links", add_link}};
  FlowAligned *aligned = &reader->set->aligned;
  if (strcmp(base_json_text(root, "format", ""), FLOW_PAIRS_FORMAT) != 0) return fail(reader, "its format is another one");
  if (base_json_number(root, "version", 0) != FLOW_PAIRS_VERSION)
    return base_fail(reader->ctx, BASE_VERSION, "“%s” was written by a later version.", reader->folder);
  aligned->heard = calloc(1, sizeof *aligned->heard);
  aligned->alignment = calloc(1, sizeof *aligned->alignment);
  if (!aligned->heard || !aligned->alignment || !(aligned->heard->motion = motion_new()))
    return base_fail_memory(reader->ctx);
  BaseStatus status = read_score(reader, root);
  for (size_t i = 0; status == BASE_OK && i < sizeof LISTS / sizeof *LISTS; i++)
    status = read_list(reader, root, LISTS[i].name, LISTS[i].add);
  if (status == BASE_OK) status = motion_validate(reader->ctx, aligned->heard->motion);
  if (status == BASE_OK && aligned->alignment->points.n != aligned->unfolded->onsets.n)
    status = fail(reader, "it lacks points");
  return status == BASE_OK ? read_media(reader, root) : status;
}

BaseStatus flow_pairs_read(BaseContext *ctx, FlowPairs **out, const char *folder) {
  char path[FLOW_PAIRS_PATH_SIZE];
  void *text = NULL;
  size_t n = 0;
  BaseJson *root = NULL;
  Reader reader = {ctx, folder, calloc(1, sizeof(FlowPairs))};
  flow_pairs_path(path, folder, "manifest.json");
  BaseStatus status = reader.set ? base_file_read(ctx, &text, &n, path, 0) : base_fail_memory(ctx);
  if (status == BASE_OK) status = base_json_read(ctx, &root, text, n, path);
  if (status == BASE_OK) status = read_set(&reader, root);
  base_json_free(root);
  free(text);
  if (status == BASE_OK)
    *out = reader.set;
  else
    flow_pairs_free(reader.set);
  return status;
}
