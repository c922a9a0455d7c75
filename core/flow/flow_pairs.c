/* Bars with anchors, each with its sound, its picture and a weight. Values are rounded as they will be written, so that a
 * set that was read again is the same set. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow_pairs_parts.h"

#include "core/flow/flow_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MARGIN_S = 0.5, BEFORE_S = 0.05;
static const float MARGIN_SPACES = 1;

static double tidy(double value, double parts) {
  return round(value * parts) / parts;
}

static double tidy_s(double time_s) {
  return tidy(time_s, 1e5);
}

static float tidy_share(double share) {
  return (float)tidy(share, 1e4);
}

static void clear_pair(FlowPair *pair) {
  dsp_audio_free(pair->sound);
  image_free(pair->picture);
  base_array_clear(&pair->heads);
}

void flow_pairs_free(FlowPairs *pairs) {
  if (!pairs) return;
  for (size_t i = 0; i < pairs->pairs.n; i++) clear_pair(&pairs->pairs.items[i]);
  base_array_clear(&pairs->pairs);
  base_array_clear(&pairs->said);
  flow_aligned_clear(&pairs->aligned);
  free(pairs);
}

FlowVerdict *flow_verdicts_of(const AlignmentAnchor *anchors, size_t n) {
  FlowVerdict *said = calloc(n + 1, sizeof *said);
  for (size_t i = 0; said && i < n; i++)
    said[i] = (FlowVerdict){anchors[i].quarter, anchors[i].time_s, FLOW_SAID_MOVED, 0};
  return said;
}

/* ---- copies of what is aligned ---- */

/* Without boxes, which count the pixels of pages that are not in the set. */
static BaseStatus copy_score(BaseContext *ctx, Score **out, const Score *from) {
  Score *score = score_dup(from);
  if (!score) return base_fail_memory(ctx);
  for (size_t i = 0; i < score->notes.n; i++) score->notes.items[i].box = (ScoreBox){0};
  for (size_t i = 0; i < score->signs.n; i++) score->signs.items[i].box = (ScoreBox){0};
  for (size_t i = 0; i < score->measures.n; i++) score->measures.items[i].box = (ScoreBox){0};
  score->systems.n = score->pages.n = 0;
  *out = score;
  return BASE_OK;
}

static BaseStatus copy_order(BaseContext *ctx, ScoreUnfolded **out, const Score *score, const ScoreUnfolded *from) {
  int32_t *order = malloc((from->steps.n + 1) * sizeof *order);
  if (!order) return base_fail_memory(ctx);
  for (size_t i = 0; i < from->steps.n; i++) order[i] = from->steps.items[i].measure;
  BaseStatus status = score_unfold(ctx, out, score, &(ScoreUnfoldParams){.order = order, .order_n = from->steps.n});
  free(order);
  return status;
}

static BaseStatus copy_heard(BaseContext *ctx, Transcription **out, const Motion *from) {
  Transcription *heard = calloc(1, sizeof *heard);
  if (heard) heard->motion = motion_dup(from);
  *out = heard;
  if (!heard || !heard->motion) return base_fail_memory(ctx);
  heard->motion->beats.n = 0;
  for (size_t i = 0; i < heard->motion->notes.n; i++) {
    MotionNote *note = &heard->motion->notes.items[i];
    note->onset_s = tidy_s(note->onset_s), note->key_up_s = tidy_s(note->key_up_s);
    note->confidence = tidy_share(note->confidence);
  }
  motion_sort(heard->motion); /* what was a little later may be at the same time now */
  for (size_t i = 0; i < heard->motion->pedals.n; i++)
    heard->motion->pedals.items[i].time_s = tidy_s(heard->motion->pedals.items[i].time_s);
  return BASE_OK;
}

static BaseStatus copy_alignment(BaseContext *ctx, Alignment **out, const Alignment *from) {
  Alignment *alignment = *out = alignment_dup(from);
  if (!alignment) return base_fail_memory(ctx);
  for (size_t i = 0; i < alignment->points.n; i++) {
    AlignmentPoint *point = &alignment->points.items[i];
    point->time_s = tidy_s(point->time_s), point->confidence = tidy_share(point->confidence);
  }
  for (size_t i = 0; i < alignment->links.n; i++)
    alignment->links.items[i].confidence = tidy_share(alignment->links.items[i].confidence);
  return BASE_OK;
}

static BaseStatus copy_aligned(BaseContext *ctx, FlowAligned *out, const FlowAligned *from) {
  BaseStatus status = copy_score(ctx, &out->score, from->score);
  if (status == BASE_OK) status = copy_order(ctx, &out->unfolded, out->score, from->unfolded);
  if (status == BASE_OK) status = copy_heard(ctx, &out->heard, from->heard->motion);
  if (status == BASE_OK) status = copy_alignment(ctx, &out->alignment, from->alignment);
  if (status == BASE_OK && (out->unfolded->sounds.n != from->unfolded->sounds.n ||
                            out->unfolded->onsets.n != out->alignment->points.n))
    status = base_fail(ctx, BASE_BAD_INPUT, "The alignment is not one of this score.");
  return status;
}

static BaseStatus copy_said(BaseContext *ctx, FlowPairs *to, const FlowPairsSource *source) {
  for (size_t i = 0; i < source->n_said; i++) {
    FlowVerdict said = source->said[i];
    said.time_s = tidy_s(said.time_s);
    if (!base_array_push(&to->said, said)) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

/* ---- bars ---- */

static bool is_anchor(const FlowVerdict *said) {
  return said->said == FLOW_SAID_RIGHT || said->said == FLOW_SAID_MOVED;
}

static bool within(Beat quarter, Beat from, Beat to) {
  return beat_compare(quarter, from) >= 0 && beat_compare(quarter, to) < 0;
}

bool flow_pairs_is_not_played(const FlowPairs *set, Beat quarter) {
  for (size_t i = 0; i < set->said.n; i++)
    if (set->said.items[i].said == FLOW_SAID_NOT_PLAYED && beat_equal(set->said.items[i].quarter, quarter)) return true;
  return false;
}

/* The share of a bar's notes that were found; 1 for one without any. */
static float weight_of(const FlowPairs *set, int32_t step) {
  const FlowAligned *aligned = &set->aligned;
  size_t played = 0, found = 0;
  for (size_t i = 0; i < aligned->alignment->links.n; i++) {
    const AlignmentLink *link = &aligned->alignment->links.items[i];
    const ScoreSound *sound = link->sound >= 0 ? &aligned->unfolded->sounds.items[link->sound] : NULL;
    if (!sound || sound->step != step || flow_pairs_is_not_played(set, sound->onset)) continue;
    if (link->verdict == ALIGNMENT_MATCH) found++;
    if (link->verdict == ALIGNMENT_MATCH || link->verdict == ALIGNMENT_NOT_PLAYED) played++;
  }
  return played ? tidy_share((double)found / (double)played) : 1;
}

static BaseStatus add_bars(BaseContext *ctx, FlowPairs *set) {
  const FlowAligned *aligned = &set->aligned;
  for (size_t i = 0; i < aligned->unfolded->steps.n; i++) {
    const ScoreStep *step = &aligned->unfolded->steps.items[i];
    const Beat end = beat_add(step->start, aligned->score->measures.items[step->measure].length);
    bool anchored = false;
    for (size_t k = 0; k < set->said.n; k++)
      anchored |= is_anchor(&set->said.items[k]) && within(set->said.items[k].quarter, step->start, end);
    if (!anchored) continue;
    FlowPair pair = {.step = (int32_t)i, .page = -1};
    pair.from_s = tidy_s(fmax(0, alignment_time_s(aligned->alignment, beat_double(step->start)) - BEFORE_S));
    pair.to_s = tidy_s(alignment_time_s(aligned->alignment, beat_double(end)) - BEFORE_S);
    pair.weight = weight_of(set, pair.step);
    if (pair.to_s > pair.from_s && !base_array_push(&set->pairs, pair)) return base_fail_memory(ctx);
  }
  return set->pairs.n ? BASE_OK : base_fail(ctx, BASE_BAD_INPUT, "There is no bar with an anchor to learn from.");
}

/* ---- sound ---- */

static BaseStatus add_sounds(BaseContext *ctx, FlowPairs *set, const char *path) {
  FlowKind kind = FLOW_UNKNOWN;
  BaseStatus status = path ? flow_kind(ctx, &kind, path) : BASE_OK;
  for (size_t i = 0; status == BASE_OK && kind == FLOW_AUDIO && i < set->pairs.n; i++) {
    FlowPair *pair = &set->pairs.items[i];
    pair->sound_from_s = tidy_s(fmax(0, pair->from_s - MARGIN_S));
    const DspLoadParams part = {.from_s = pair->sound_from_s, .to_s = pair->to_s + MARGIN_S};
    base_progress(ctx, 0.7 * (double)i / (double)set->pairs.n, "Gathering sound");
    status = base_cancelled(ctx) ? base_fail_cancelled(ctx) : dsp_audio_load(ctx, &pair->sound, path, &part);
  }
  return status;
}

/* ---- pictures ---- */

static bool add_heads(FlowPair *pair, const Score *score, int32_t measure) {
  for (size_t i = 0; i < score->notes.n; i++) {
    const ScoreNote *note = &score->notes.items[i];
    const FlowHead head = {note->id, (int32_t)lroundf(note->box.x) - pair->x, (int32_t)lroundf(note->box.y) - pair->y,
                           (int32_t)lroundf(note->box.width), (int32_t)lroundf(note->box.height)};
    if (note->measure == measure && note->box.width > 0 && note->box.page == pair->page &&
        !base_array_push(&pair->heads, head))
      return false;
  }
  return true;
}

/* The staff space of the system that a measure is in; px. */
static float space_of(const Score *score, int32_t measure) {
  for (size_t i = 0; i < score->systems.n; i++) {
    const ScoreSystem *system = &score->systems.items[i];
    if (measure >= system->first_measure && measure < system->first_measure + system->measures)
      return system->staff_space_px;
  }
  return 10;
}

/* The bar with what stands above and below it: as much as there is between its edge and a line four spaces away. */
static Image *cut(const Image *page, FlowPair *pair, const ScoreBox *box, float margin) {
  const float left = fmaxf(0, box->x - margin), top = fmaxf(0, box->y - 4 * margin);
  const float right = fminf((float)page->width, box->x + box->width + margin);
  const float bottom = fminf((float)page->height, box->y + box->height + 4 * margin);
  pair->x = (int32_t)left, pair->y = (int32_t)top;
  Image *picture = image_new((int32_t)right - pair->x, (int32_t)bottom - pair->y);
  for (int32_t y = 0; picture && y < picture->height; y++)
    memcpy(picture->pixels + (size_t)y * (size_t)picture->width,
           page->pixels + (size_t)(pair->y + y) * (size_t)page->width + pair->x, (size_t)picture->width);
  return picture;
}

static BaseStatus cut_from_page(BaseContext *ctx, FlowPairs *set, const Score *score, const Image *page, int32_t number) {
  for (size_t i = 0; i < set->pairs.n; i++) {
    FlowPair *pair = &set->pairs.items[i];
    const int32_t measure = set->aligned.unfolded->steps.items[pair->step].measure;
    const ScoreBox *box = &score->measures.items[measure].box;
    if (box->width < 1 || box->page != number || box->x >= (float)page->width - 1 || box->y >= (float)page->height - 1)
      continue;
    pair->page = number;
    pair->picture = cut(page, pair, box, MARGIN_SPACES * space_of(score, measure));
    if (!pair->picture || !add_heads(pair, score, measure)) return base_fail_memory(ctx);
  }
  return BASE_OK;
}

static BaseStatus cut_from_file(BaseContext *ctx, FlowPairs *set, const Score *score, const char *path, int32_t *number) {
  ImageSource *source = NULL;
  BaseStatus status = image_source_open(ctx, &source, path);
  for (size_t k = 0; status == BASE_OK && k < image_source_pages(source); k++, (*number)++) {
    Image *page = NULL;
    BaseContext step = base_context_step(ctx, 0.7, 1);
    if (base_cancelled(ctx))
      status = base_fail_cancelled(ctx);
    else if (image_source_load(&step, &page, source, k, NULL) == BASE_OK) /* else it could not be read for the score either */
      status = cut_from_page(ctx, set, score, page, *number);
    image_free(page);
  }
  image_source_free(source);
  return status;
}

static BaseStatus add_pictures(BaseContext *ctx, FlowPairs *set, const FlowPairsSource *source) {
  BaseStatus status = BASE_OK;
  int32_t number = 0;
  for (size_t i = 0; status == BASE_OK && source->aligned->score->pages.n && i < source->n_pages; i++) {
    base_progress(ctx, 0.7 + 0.3 * (double)i / (double)source->n_pages, "Gathering pictures");
    status = cut_from_file(ctx, set, source->aligned->score, source->page_paths[i], &number);
  }
  return status;
}

BaseStatus flow_pairs_gather(BaseContext *ctx, FlowPairs **out, const FlowPairsSource *source) {
  FlowPairs *set = calloc(1, sizeof *set);
  BaseStatus status = set ? copy_aligned(ctx, &set->aligned, source->aligned) : base_fail_memory(ctx);
  if (status == BASE_OK) status = copy_said(ctx, set, source);
  if (status == BASE_OK) status = add_bars(ctx, set);
  if (status == BASE_OK) status = add_sounds(ctx, set, source->audio_path);
  if (status == BASE_OK) status = add_pictures(ctx, set, source);
  if (status == BASE_OK)
    *out = set;
  else
    flow_pairs_free(set);
  return status;
}
