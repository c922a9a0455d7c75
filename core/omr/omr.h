/* V → M, first half: a page image becomes a Score with a box for every note.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/image/image.h"
#include "core/music/score.h"
#include "core/omr/omr_rhythm.h"

/* What was seen on one page, before pages are joined: staves, systems, symbols, notes. Opaque value, owned
 * by one holder, readable from many threads. */
typedef struct OmrPage OmrPage;

typedef struct {
  float min_confidence; /* symbols below are dropped; 0 means the default */
} OmrParams;

/* Reads one page. BASE_BAD_INPUT with "no music found" when there are no staves (told within a second).
 * Progress and cancel by ~20 ms slices of work. Memory: a few times the page. `params` may be null.
 * Coordinates of all results are pixels of `image` as given. */
BaseStatus omr_read_page(BaseContext *ctx, OmrPage **out, const Image *image, const OmrParams *params);
void omr_page_free(OmrPage *page);

/* Bars that were solved before. One call at a time may use it. */
typedef struct OmrBars OmrBars;
OmrBars *omr_bars_new(void); /* null without memory */
void omr_bars_free(OmrBars *bars);

typedef struct {
  OmrBars *bars;         /* may be null */
  const OmrTaste *taste; /* what rhythms are like in this document; may be null */
} OmrAssembleParams;

/* Joins pages in reading order into one Score: parts, measures across systems, clefs, keys and times carried
 * on, ties over bar lines, rhythm solved per bar with doubts named. `pages[i]` null: the page could not be
 * read and is skipped, keeping its number for boxes. `params` may be null; with bars
 * only those that changed since the last call are solved: call it again when a page streams in, or when a person has put something right. */
BaseStatus omr_assemble(BaseContext *ctx, Score **out, const OmrPage *const *pages, size_t n,
                        const OmrAssembleParams *params);

/* Writes what `read -o x.json` promises: pages with systems, staves, measures, every symbol and note with
 * box in px and confidence. `score` is what omr_assemble gave for the same pages. */
BaseStatus omr_write_json(BaseContext *ctx, const OmrPage *const *pages, size_t n, const Score *score,
                          const char *path);

/* Packs a page into bytes for a memo and back; the layout is versioned. `bytes` freed by the caller. */
BaseStatus omr_page_pack(BaseContext *ctx, void **bytes, size_t *n, const OmrPage *page);
BaseStatus omr_page_unpack(BaseContext *ctx, OmrPage **out, const void *bytes, size_t n);

/* Changes whenever the same image may give another OmrPage: the key of memos. */
enum { OMR_VERSION = 7 };
