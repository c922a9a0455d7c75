/* The whole product as a few functions on files and values; each is a list of calls to the rooms below.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/alignment/alignment.h"
#include "core/base/base_context.h"
#include "core/music/motion.h"
#include "core/music/score.h"
#include "core/music/score_sections.h"
#include "core/omr/omr.h"
#include "core/omr/omr_edit.h"
#include "core/transcription/transcription.h"

typedef enum {
  FLOW_UNKNOWN,
  FLOW_PAGES,    /* PNG, JPEG, TIFF, PDF */
  FLOW_SCORE,    /* MusicXML, .mxl */
  FLOW_MIDI,
  FLOW_NOTES,    /* CSV of notes */
  FLOW_AUDIO,
  FLOW_PROJECT,  /* .triptych */
  FLOW_WEIGHTS,  /* named tensors: networks, instruments */
} FlowKind;

/* What a file is, by its content first and its ending second. BASE_UNREADABLE when it cannot be opened,
 * BASE_UNSUPPORTED with a sentence when it is nothing the program knows. Reads at most a few kB. */
BaseStatus flow_kind(BaseContext *ctx, FlowKind *out, const char *path);

/* "pages", "a score", "a recording" …: English, static, never null. */
const char *flow_kind_name(FlowKind kind);

/* An answer remembered from earlier: bytes under a key. Implemented by the app's store; zeroed: no memory.
 * `find` gives malloc'ed bytes or null. Both may be called from worker threads. */
typedef struct {
  void *(*find)(void *user, const char *key, size_t *n);
  void (*keep)(void *user, const char *key, const void *bytes, size_t n);
  void *user;
} FlowMemo;

/* Called after each page, with all pages so far and the score made of them (borrowed during the call). `failed` pages are null. */
typedef void (*FlowPageFn)(void *user, const OmrPage *const *pages, size_t n, size_t total, const Score *score);

typedef struct {
  FlowMemo memo;
  FlowPageFn page;  /* may be null */
  void *user;
  const OmrEdit *edits; /* what a person put right, laid over each page as it is read; may be null when n_edits is 0 */
  size_t n_edits;
  bool learn;   /* the rest of the pages is read as the edits suggest (omr_learn); a few seconds more */
  size_t *lost; /* may be null; else counts up edits that found nothing at their place */
} FlowReadParams;

/* V → Score: all pages of all files, in order. Pages without music are skipped; BASE_BAD_INPUT when none has
 * any. `pages` may be null; else receives the array (flow_pages_free) for omr_write_json. */
BaseStatus flow_read(BaseContext *ctx, Score **score, OmrPage ***pages, size_t *n_pages, const char *const *paths,
                     size_t n_paths, const FlowReadParams *params);
void flow_pages_free(OmrPage **pages, size_t n);

/* Any score-like file (pages, MusicXML, MIDI) as a Score. A MIDI file becomes one part with a measure every
 * four quarters of its tempo map. */
BaseStatus flow_load_score(BaseContext *ctx, Score **out, const char *const *paths, size_t n_paths);

/* Any motion-like file (MIDI, CSV, MusicXML played plainly) as Motion. */
BaseStatus flow_load_motion(BaseContext *ctx, Motion **out, const char *path);

/* Score and recording → alignment. All outputs but `alignment` may be null. */
typedef struct {
  Score *score;
  ScoreUnfolded *unfolded;
  Transcription *heard;
  Alignment *alignment;
  float *sounding; /* of the notes that were heard, as flow_weigh gives it; null: nobody asked */
} FlowAligned;

/* Reads anchors from a table `score_quarter,time_s`, with or without a header line; BASE_BAD_FILE names the line.
 * The array is freed by the caller with free(). */
BaseStatus flow_load_anchors(BaseContext *ctx, AlignmentAnchor **out, size_t *n, const char *path);

/* `audio_path` may also be a MIDI file or a list of notes that stands for a recording. Whether repeats were taken
 * is found out; anchors count quarters in the playing order that is found. Anchors within 1/480 quarter of an onset
 * mean that onset. `anchors` may be null when n_anchors is 0. */
BaseStatus flow_align(BaseContext *ctx, FlowAligned **out, const char *const *score_paths, size_t n_paths,
                      const char *audio_path, const AlignmentAnchor *anchors, size_t n_anchors);
void flow_aligned_free(FlowAligned *aligned);
void flow_aligned_clear(FlowAligned *aligned); /* frees what it holds */

/* The last step of that alone, for a score and a recording that have been read and heard: the playing order that
 * the recording takes and the alignment to it. Both outputs are the caller's. */
BaseStatus flow_align_heard(BaseContext *ctx, ScoreUnfolded **unfolded, Alignment **alignment, const Score *score,
                            const Transcription *heard, const AlignmentAnchor *anchors, size_t n_anchors);

/* Playing orders that a person may mean. */
typedef enum {
  FLOW_ORDER_HEARD,   /* what the recording suggests, as flow_align_heard finds it */
  FLOW_ORDER_WRITTEN, /* what the signs of the score ask for */
  FLOW_ORDER_ONCE,    /* no repeats */
  FLOW_ORDERS,
} FlowOrder;

/* Orders that differ from each other, the best first: that which was heard, then as written, then without repeats. */
typedef struct {
  size_t n;
  FlowOrder kind[FLOW_ORDERS];
  char letters[FLOW_ORDERS][SCORE_LETTERS_SIZE]; /* "A A B", score_sections of them all */
} FlowOrders;

/* As flow_align_heard, in the order that a person has chosen; `orders` (may be null) tells what there is to choose from. */
BaseStatus flow_align_ordered(BaseContext *ctx, ScoreUnfolded **unfolded, Alignment **alignment, FlowOrders *orders,
                              const Score *score, const Transcription *heard, const AlignmentAnchor *anchors,
                              size_t n_anchors, FlowOrder chosen);

/* What was played, decided once more with the score where `alignment` puts it (transcription_expect): a transcription of
 * its own, whose notes have ids of their own; align again to link them. */
BaseStatus flow_decide(BaseContext *ctx, Transcription **out, const Transcription *heard, const ScoreUnfolded *unfolded,
                       const Alignment *alignment);

/* A → M: transcription_listen_file with the language as its prior, unless `params` (may be null) name another. */
BaseStatus flow_listen(BaseContext *ctx, Transcription **out, const char *path, const TranscriptionParams *params);

/* A → M with the score of the piece at hand: the recording is heard, the score aligned to it, and what was played
 * decided again, now knowing what to expect where. Notes that the score asks for name it (MotionNote.score_note), and
 * the links tell what was left out and what added; alignment and unfolded are null when nothing was heard. `params` may be
 * null. */
BaseStatus flow_listen_with_score(BaseContext *ctx, FlowAligned **out, const char *audio_path, const char *score_path,
                                  const TranscriptionParams *params);

/* Writers by the ending of `path`, as CONTRACT promises. */
BaseStatus flow_write_score(BaseContext *ctx, const Score *score, OmrPage *const *pages, size_t n_pages,
                            const char *path);
BaseStatus flow_write_motion(BaseContext *ctx, const Motion *motion, const char *path);
BaseStatus flow_write_heard(BaseContext *ctx, const FlowAligned *aligned, const char *path); /* JSON: and what was not played */
BaseStatus flow_write_alignment(BaseContext *ctx, const FlowAligned *aligned, const char *path);
