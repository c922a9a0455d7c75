/* Each step is a worker function from a snapshot to a value, with parts on the way. What the scene is to own
 * is copied here, on the worker, so that the main thread only hands over pointers. SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "app/steps.h"

#include "app/steps-ear.h"
#include "app/steps-edits.h"

#include "app/heard.h"
#include "app/places.h"
#include "core/dsp/dsp_spectrogram.h"
#include "core/dsp/dsp_stream.h"

#include <stdlib.h>
#include <string.h>

static const double sound_hop_s = 0.023, part_growth = 1.6;
static const gint64 part_every_us = 400000;
static const gsize most_levels = (gsize)1 << 30;

/* ---- shared values ---- */

static void score_clear(gpointer data) {
  StepsScore *score = data;
  score_free(score->score);
  score_unfolded_free(score->unfolded);
  motion_free(score->plain);
  free(score->suspicions);
}

StepsScore *steps_score_ref(StepsScore *score) {
  return g_atomic_rc_box_acquire(score);
}

void steps_score_unref(gpointer score) {
  if (score) g_atomic_rc_box_release_full(score, score_clear);
}

static void heard_clear(gpointer data) {
  transcription_free(((StepsHeard *)data)->heard);
}

StepsHeard *steps_heard_ref(StepsHeard *heard) {
  return g_atomic_rc_box_acquire(heard);
}

void steps_heard_unref(gpointer heard) {
  if (heard) g_atomic_rc_box_release_full(heard, heard_clear);
}

StepsHeard *steps_heard_of(const Motion *motion) {
  Transcription *heard = calloc(1, sizeof *heard);
  if (heard) heard->motion = motion_dup(motion);
  if (!heard || !heard->motion) {
    transcription_free(heard);
    return NULL;
  }
  StepsHeard *made = g_atomic_rc_box_new0(StepsHeard);
  made->heard = heard;
  return made;
}

ScoreUnfolded *steps_unfold_alike(const Score *score, const ScoreUnfolded *unfolded) {
  int32_t *order = g_new(int32_t, unfolded->steps.n + 1);
  for (gsize i = 0; i < unfolded->steps.n; i++) order[i] = unfolded->steps.items[i].measure;
  ScoreUnfoldParams params = {.order = order, .order_n = unfolded->steps.n};
  ScoreUnfolded *copy = NULL;
  score_unfold(NULL, &copy, score, unfolded->steps.n ? &params : NULL);
  g_free(order);
  return copy;
}

/* Takes `score` and `unfolded`, which may be null: then by the signs. */
static BaseStatus make_score(BaseContext *ctx, StepsScore **out, Score *score, ScoreUnfolded *unfolded) {
  StepsScore *made = g_atomic_rc_box_new0(StepsScore);
  made->score = score;
  made->unfolded = unfolded;
  BaseStatus status = score ? BASE_OK : base_fail_memory(ctx);
  if (status == BASE_OK && !unfolded) status = score_unfold(ctx, &made->unfolded, score, NULL);
  if (status == BASE_OK) status = score_play(ctx, &made->plain, score, made->unfolded, NULL);
  if (status == BASE_OK)
    *out = made;
  else
    steps_score_unref(made);
  return status;
}

/* ---- reading ---- */

void steps_read_part_free(gpointer data) {
  StepsReadPart *part = data;
  media_pages_free(part->pages);
  steps_score_unref(part->score);
  score_free(part->scene_score);
  score_unfolded_free(part->scene_unfolded);
  steps_pages_unref(part->read);
  g_free(part);
}

StepsReadSnapshot *steps_read_snapshot(char **paths_taken, Store *store, const OmrEdits *edits,
                                       const OmrTaste *taste) {
  StepsReadSnapshot *snapshot = g_new0(StepsReadSnapshot, 1);
  snapshot->paths = paths_taken;
  snapshot->store = store ? store_ref(store) : NULL;
  snapshot->taste = *taste;
  for (gsize i = 0; i < edits->n; i++)
    if (!base_array_push(&snapshot->edits, edits->items[i])) break;
  return snapshot;
}

void steps_read_snapshot_free(gpointer data) {
  StepsReadSnapshot *snapshot = data;
  g_strfreev(snapshot->paths);
  store_close(snapshot->store);
  base_array_clear(&snapshot->edits);
  g_free(snapshot);
}

BaseStatus steps_read_part(BaseContext *ctx, StepsReadPart **out, Score *score) {
  StepsScore *made = NULL;
  BaseStatus status = make_score(ctx, &made, score, NULL);
  if (status != BASE_OK) return status;
  StepsReadPart *part = g_new0(StepsReadPart, 1);
  part->score = made;
  part->scene_score = score_dup(made->score);
  part->scene_unfolded = steps_unfold_alike(made->score, made->unfolded);
  *out = part;
  return BASE_OK;
}

static void page_read(void *user, const OmrPage *const *pages, size_t n, size_t total, const Score *score) {
  StepsReadPart *part = NULL;
  BaseContext ctx = {0};
  if (score && n < total && steps_read_part(&ctx, &part, score_dup(score)) == BASE_OK)
    tri_job_post(user, part, steps_read_part_free);
}

/* What was read with the person's edits over it, and the rest read as was learned from them. */
static BaseStatus put_right(BaseContext *ctx, StepsReadPart **out, StepsPages *pages,
                            const StepsReadSnapshot *snapshot, Score *read) {
  if (!snapshot->edits.n) return steps_read_part(ctx, out, read);
  StepsCorrectSnapshot *correct = steps_correct_snapshot(pages, &snapshot->edits, &snapshot->taste, FALSE);
  gpointer result = NULL;
  BaseStatus status = steps_correct(NULL, ctx, correct, &result);
  steps_correct_snapshot_free(correct);
  score_free(read);
  if (status != BASE_OK) return status;
  StepsCorrected *corrected = result;
  *out = g_steal_pointer(&corrected->part);
  (*out)->taste = corrected->taste;
  steps_corrected_free(corrected);
  return BASE_OK;
}

static BaseStatus read_pages(TriJob *job, BaseContext *ctx, StepsReadPart **out,
                             const StepsReadSnapshot *snapshot) {
  const char *const *paths = (const char *const *)snapshot->paths;
  MediaPages *pages = NULL;
  BaseStatus status = media_pages_open(ctx, &pages, paths);
  if (status != BASE_OK) return status;
  StepsReadPart *part = g_new0(StepsReadPart, 1);
  part->pages = pages;
  tri_job_post(job, part, steps_read_part_free);
  FlowReadParams params = {.memo = store_memo(snapshot->store), .page = page_read, .user = job};
  OmrPage **read = NULL;
  gsize n = 0;
  Score *score = NULL;
  status = flow_read(ctx, &score, &read, &n, paths, g_strv_length(snapshot->paths), &params);
  if (status != BASE_OK) return status;
  StepsPages *kept = steps_pages_new(read, n);
  status = put_right(ctx, out, kept, snapshot, score);
  if (status == BASE_OK)
    (*out)->read = kept;
  else
    steps_pages_unref(kept);
  return status;
}

BaseStatus steps_read(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsReadSnapshot *snapshot = data;
  const char *const *paths = (const char *const *)snapshot->paths;
  FlowKind kind = FLOW_UNKNOWN;
  Score *score = NULL;
  StepsReadPart *part = NULL;
  BaseStatus status = flow_kind(ctx, &kind, paths[0]);
  if (status != BASE_OK) return status;
  if (kind == FLOW_PAGES)
    status = read_pages(job, ctx, &part, snapshot);
  else if ((status = flow_load_score(ctx, &score, paths, 1)) == BASE_OK)
    status = steps_read_part(ctx, &part, score);
  if (status == BASE_OK) status = flow_suspect(ctx, &part->score->suspicions, part->score->score);
  if (status != BASE_OK && part) steps_read_part_free(g_steal_pointer(&part));
  *result = part;
  return status;
}

/* ---- the sound as a picture ---- */

void steps_sound_part_free(gpointer data) {
  StepsSoundPart *part = data;
  if (part->peaks) tri_peaks_unref(part->peaks);
  free(part->levels);
  g_free(part);
}

StepsWanted *steps_wanted_new(void) {
  return g_atomic_rc_box_new0(StepsWanted);
}

void steps_wanted_set(StepsWanted *wanted, double time_s) {
  g_atomic_int_set(&wanted->ms, (gint)CLAMP(time_s * 1000, 0, G_MAXINT / 2));
}

void steps_wanted_unref(StepsWanted *wanted) {
  if (wanted) g_atomic_rc_box_release(wanted);
}

StepsSoundSnapshot *steps_sound_snapshot(const char *path, const char *sha256, gboolean audio, Store *store,
                                         StepsWanted *wanted, GBytes *ear) {
  StepsSoundSnapshot *snapshot = g_new0(StepsSoundSnapshot, 1);
  snapshot->path = g_strdup(path);
  snapshot->sha256 = g_strdup(sha256);
  snapshot->audio = audio;
  snapshot->store = store ? store_ref(store) : NULL;
  snapshot->wanted = wanted ? g_atomic_rc_box_acquire(wanted) : NULL;
  snapshot->ear = ear ? g_bytes_ref(ear) : NULL;
  return snapshot;
}

void steps_sound_snapshot_free(gpointer data) {
  StepsSoundSnapshot *snapshot = data;
  g_free(snapshot->path);
  g_free(snapshot->sha256);
  store_close(snapshot->store);
  steps_wanted_unref(snapshot->wanted);
  g_clear_pointer(&snapshot->ear, g_bytes_unref);
  g_free(snapshot);
}

static void post_peaks(TriJob *job, TriPeaks *peaks) {
  StepsSoundPart *part = g_new0(StepsSoundPart, 1);
  part->peaks = tri_peaks_copy(peaks);
  part->duration_s = tri_peaks_duration_s(peaks);
  tri_job_post(job, part, steps_sound_part_free);
}

static BaseStatus read_peaks(TriJob *job, BaseContext *ctx, TriPeaks *peaks, DspStream *stream) {
  enum { piece = 65536 };
  float *samples = g_new(float, piece);
  double shown_s = 2;
  size_t n = piece;
  while (n == piece && !base_cancelled(ctx)) {
    n = dsp_stream_read(stream, samples, piece);
    tri_peaks_append(peaks, samples, n);
    base_progress(ctx, dsp_stream_done(stream), "drawing the waveform");
    if (tri_peaks_duration_s(peaks) < shown_s) continue;
    post_peaks(job, peaks);
    shown_s = part_growth * tri_peaks_duration_s(peaks);
  }
  g_free(samples);
  post_peaks(job, peaks);
  return base_cancelled(ctx) ? base_fail_cancelled(ctx) : BASE_OK;
}

static BaseStatus draw_peaks(TriJob *job, BaseContext *ctx, const char *path) {
  DspReader *reader = NULL;
  BaseStatus status = dsp_reader_open(ctx, &reader, path);
  if (status != BASE_OK) return status;
  int32_t rate_hz = dsp_reader_info(reader)->rate_hz;
  dsp_reader_free(reader);
  DspStream *stream = NULL;
  status = dsp_stream_open(ctx, &stream, path, rate_hz);
  if (status != BASE_OK) return status;
  TriPeaks *peaks = tri_peaks_new(rate_hz);
  status = read_peaks(job, ctx, peaks, stream);
  tri_peaks_unref(peaks);
  dsp_stream_free(stream);
  return status;
}

/* Levels on their way, shown whenever they have grown enough. */
typedef struct {
  TriJob *job;
  GByteArray *levels;
  gsize shown;
} Growing;

static void levels_made(void *user, const uint8_t *levels, size_t first, size_t n) {
  Growing *growing = user;
  g_byte_array_append(growing->levels, levels, (guint)(n * DSP_KEY_BINS));
  if (growing->levels->len < (gsize)(part_growth * (double)growing->shown) + 500 * DSP_KEY_BINS) return;
  growing->shown = growing->levels->len;
  StepsSoundPart *part = g_new0(StepsSoundPart, 1);
  part->levels = malloc(growing->shown);
  if (part->levels) memcpy(part->levels, growing->levels->data, growing->shown);
  part->frames = part->levels ? growing->shown / DSP_KEY_BINS : 0;
  part->hop_s = sound_hop_s;
  tri_job_post(growing->job, part, steps_sound_part_free);
}

static StepsSoundPart *levels_part(guint8 *levels, gsize frames) {
  StepsSoundPart *part = g_new0(StepsSoundPart, 1);
  part->levels = levels;
  part->frames = frames;
  part->hop_s = sound_hop_s;
  return part;
}

static StepsSoundPart *remembered_levels(const FlowMemo *memo, const char *key) {
  gsize n = 0, size = 0;
  void *bytes = memo->find ? memo->find(memo->user, key, &n) : NULL;
  guint8 *levels = bytes ? heard_expand(bytes, n, &size, most_levels) : NULL;
  free(bytes);
  if (levels && size > 0 && size % DSP_KEY_BINS == 0) return levels_part(levels, size / DSP_KEY_BINS);
  g_free(levels);
  return NULL;
}

static void remember_levels(const FlowMemo *memo, const char *key, const guint8 *levels, gsize frames) {
  GBytes *bytes = memo->keep ? heard_compress(levels, frames * DSP_KEY_BINS) : NULL;
  if (!bytes) return;
  gsize n;
  const void *data = g_bytes_get_data(bytes, &n);
  memo->keep(memo->user, key, data, n);
  g_bytes_unref(bytes);
}

BaseStatus steps_draw_sound(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsSoundSnapshot *snapshot = data;
  BaseContext step = base_context_step(ctx, 0, 0.3);
  BaseStatus status = draw_peaks(job, &step, snapshot->path);
  if (status != BASE_OK) return base_context_join(ctx, &step, status);
  g_autofree char *key = g_strdup_printf("spectrogram/1/%s", snapshot->sha256);
  FlowMemo memo = store_memo(snapshot->store);
  *result = remembered_levels(&memo, key);
  if (*result) return BASE_OK;
  step = base_context_step(ctx, 0.3, 1);
  uint8_t *levels = NULL;
  size_t frames = 0;
  Growing growing = {.job = job, .levels = g_byte_array_new()};
  DspSpectrogramParams params = {.hop_s = sound_hop_s};
  status = dsp_spectrogram_levels(&step, &levels, &frames, snapshot->path, &params, levels_made, &growing);
  g_byte_array_unref(growing.levels);
  if (status != BASE_OK) return base_context_join(ctx, &step, status);
  remember_levels(&memo, key, levels, frames);
  *result = levels_part(levels, frames);
  return BASE_OK;
}

/* ---- listening ---- */

void steps_heard_result_free(gpointer data) {
  StepsHeardResult *result = data;
  steps_heard_unref(result->heard);
  motion_free(result->scene_motion);
  g_free(result);
}

/* What has been heard so far, shown now and then. */
typedef struct {
  TriJob *job;
  Motion *motion;
  StepsWanted *wanted; /* borrowed, may be null */
  gint64 shown_us;
} Hearing;

static void stretch_heard(void *user, const MotionNote *notes, size_t n, double from_s, double to_s) {
  Hearing *hearing = user;
  for (size_t i = 0; i < n; i++)
    if (!base_array_push(&hearing->motion->notes, notes[i])) return;
  gint64 now_us = g_get_monotonic_time();
  if (n == 0 || now_us - hearing->shown_us < part_every_us) return;
  hearing->shown_us = now_us;
  Motion *copy = motion_dup(hearing->motion);
  if (!copy) return;
  motion_sort(copy);
  tri_job_post(hearing->job, copy, (GDestroyNotify)motion_free);
}

static double wanted_s(void *user) {
  const Hearing *hearing = user;
  return hearing->wanted ? g_atomic_int_get(&hearing->wanted->ms) / 1000.0 : 0;
}

/* Whose answer it is: the recording's and the ear's. */
static char *heard_key(const StepsSoundSnapshot *snapshot) {
  g_autofree char *ear =
      snapshot->ear ? g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, snapshot->ear) : NULL;
  return g_strdup_printf("listen/%d/%s%s%s", TRANSCRIPTION_VERSION, snapshot->sha256, ear ? "/" : "",
                         ear ? ear : "");
}

static BaseStatus listen(TriJob *job, BaseContext *ctx, Transcription **heard,
                         const StepsSoundSnapshot *snapshot) {
  g_autofree char *key = heard_key(snapshot);
  FlowMemo memo = store_memo(snapshot->store);
  gsize n = 0;
  void *bytes = memo.find ? memo.find(memo.user, key, &n) : NULL;
  *heard = bytes ? heard_unpack(bytes, n) : NULL;
  free(bytes);
  if (*heard) return BASE_OK;
  Hearing hearing = {
      .job = job, .motion = motion_new(), .wanted = snapshot->wanted, .shown_us = g_get_monotonic_time()};
  BasePack *weights = NULL;
  BaseStatus status = hearing.motion ? steps_ear_weights(ctx, &weights, snapshot->ear) : base_fail_memory(ctx);
  TranscriptionParams params = {.weights = weights, .part = stretch_heard, .wanted = wanted_s, .user = &hearing};
  if (status == BASE_OK) status = flow_listen(ctx, heard, snapshot->path, &params);
  base_pack_free(weights);
  motion_free(hearing.motion);
  if (status != BASE_OK || !memo.keep) return status;
  GBytes *packed = heard_pack(*heard);
  const void *data = packed ? g_bytes_get_data(packed, &n) : NULL;
  if (data) memo.keep(memo.user, key, data, n);
  if (packed) g_bytes_unref(packed);
  return BASE_OK;
}

static BaseStatus load_notes(BaseContext *ctx, Transcription **heard, const char *path) {
  Motion *motion = NULL;
  BaseStatus status = flow_load_motion(ctx, &motion, path);
  if (status != BASE_OK) return status;
  *heard = calloc(1, sizeof **heard);
  if (*heard) (*heard)->motion = motion;
  if (*heard) return BASE_OK;
  motion_free(motion);
  return base_fail_memory(ctx);
}

BaseStatus steps_listen(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsSoundSnapshot *snapshot = data;
  Transcription *heard = NULL;
  BaseStatus status =
      snapshot->audio ? listen(job, ctx, &heard, snapshot) : load_notes(ctx, &heard, snapshot->path);
  if (status != BASE_OK) return status;
  StepsHeardResult *made = g_new0(StepsHeardResult, 1);
  made->heard = g_atomic_rc_box_new0(StepsHeard);
  made->heard->heard = heard;
  made->scene_motion = motion_dup(heard->motion);
  *result = made;
  return BASE_OK;
}

/* ---- aligning ---- */

void steps_align_snapshot_free(gpointer data) {
  StepsAlignSnapshot *snapshot = data;
  steps_score_unref(snapshot->score);
  steps_heard_unref(snapshot->heard);
  alignment_free(snapshot->previous);
  free(snapshot->anchors);
  g_free(snapshot);
}

void steps_aligned_free(gpointer data) {
  StepsAligned *aligned = data;
  alignment_free(aligned->alignment);
  motion_free(aligned->played);
  steps_score_unref(aligned->score);
  score_free(aligned->scene_score);
  score_unfolded_free(aligned->scene_unfolded);
  steps_heard_unref(aligned->heard);
  motion_free(aligned->scene_motion);
  g_free(aligned->machine_s);
  g_free(aligned);
}

/* Where the machine alone would put each place, for saying how far a person moved it. */
static BaseStatus machine_times(BaseContext *ctx, StepsAligned *out, const StepsAlignSnapshot *snapshot) {
  const Transcription *heard = out->heard ? out->heard->heard : snapshot->heard->heard;
  Alignment *machine = NULL;
  BaseStatus status = BASE_OK;
  if (snapshot->n_anchors)
    status = alignment_align(ctx, &machine, out->score->unfolded, heard->motion, heard->evidence, NULL);
  if (status != BASE_OK) return status;
  const Alignment *from = machine ? machine : out->alignment;
  out->machine_s = g_new(double, from->points.n + 1);
  for (gsize i = 0; i < from->points.n; i++) out->machine_s[i] = from->points.items[i].time_s;
  alignment_free(machine);
  return BASE_OK;
}

/* Where the score is known to sound, what was played is known better, and so is where the score sounds. */
static BaseStatus decide(BaseContext *ctx, StepsAligned *out, const StepsAlignSnapshot *snapshot,
                         const ScoreUnfolded *unfolded) {
  const Evidence *evidence = snapshot->heard->heard->evidence;
  Transcription *decided = NULL;
  Alignment *alignment = NULL;
  const AlignmentParams params = {.anchors = snapshot->anchors,
                                  .n_anchors = snapshot->n_anchors,
                                  .read_from_pages = snapshot->score->score->pages.n > 0};
  if (!evidence || !evidence->release) return BASE_OK;
  BaseStatus status = flow_decide(ctx, &decided, snapshot->heard->heard, unfolded, out->alignment);
  if (status == BASE_OK)
    status = alignment_align(ctx, &alignment, unfolded, decided->motion, decided->evidence, &params);
  if (status != BASE_OK) {
    transcription_free(decided);
    return status;
  }
  alignment_free(out->alignment);
  out->alignment = alignment;
  out->heard = g_atomic_rc_box_new0(StepsHeard);
  out->heard->heard = decided;
  out->scene_motion = motion_dup(decided->motion);
  return BASE_OK;
}

static BaseStatus align_anew(BaseContext *ctx, StepsAligned *out, const StepsAlignSnapshot *snapshot) {
  const Score *score = snapshot->score->score;
  ScoreUnfolded *unfolded = NULL;
  BaseStatus status =
      flow_align_ordered(ctx, &unfolded, &out->alignment, &out->orders, score, snapshot->heard->heard,
                         snapshot->anchors, snapshot->n_anchors, snapshot->order);
  if (status == BASE_OK) status = decide(ctx, out, snapshot, unfolded);
  if (status != BASE_OK) {
    score_unfolded_free(unfolded);
    return status;
  }
  status = make_score(ctx, &out->score, score_dup(score), unfolded);
  if (status == BASE_OK) status = flow_suspect(ctx, &out->score->suspicions, score);
  if (status != BASE_OK) return status;
  out->scene_score = score_dup(score);
  out->scene_unfolded = steps_unfold_alike(score, unfolded);
  return machine_times(ctx, out, snapshot);
}

static BaseStatus align_again(BaseContext *ctx, StepsAligned *out, const StepsAlignSnapshot *snapshot) {
  const Transcription *heard = snapshot->heard->heard;
  AlignmentParams params = {
      .anchors = snapshot->anchors, .n_anchors = snapshot->n_anchors, .previous = snapshot->previous};
  return alignment_align(ctx, &out->alignment, snapshot->score->unfolded, heard->motion, heard->evidence,
                         &params);
}

BaseStatus steps_align(TriJob *job, BaseContext *ctx, gconstpointer data, gpointer *result) {
  const StepsAlignSnapshot *snapshot = data;
  StepsAligned *out = g_new0(StepsAligned, 1);
  BaseStatus status = snapshot->previous ? align_again(ctx, out, snapshot) : align_anew(ctx, out, snapshot);
  if (status == BASE_OK) {
    const StepsScore *score = out->score ? out->score : snapshot->score;
    out->played = places_play(score->unfolded, out->alignment, score->plain);
    *result = out;
    return BASE_OK;
  }
  steps_aligned_free(out);
  return status;
}
