/* Pieces in memory, as they are played and as they are written. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language_text.h"
#include "core/lmm/lmm_train.h"

typedef struct {
  char name[128]; /* the folder and the part of the file's name that editions of one work share */
  LmmSide side;   /* lmm_side(name), unless somebody changed it */
  bool deadpan;   /* played by a machine from a score */
  bool solo;      /* for one instrument alone */
  Motion *motion;       /* sorted; owned */
  LanguageText written; /* of scores; owned */
} LmmPiece;

/* Owns its pieces. */
typedef struct {
  BASE_ARRAY(LmmPiece) pieces;
} LmmCorpus;

/* Reads all MIDI and MusicXML files below some folders; what cannot be read or has fewer than 16 notes is passed over.
 * `cache` (may be null): a file to take the pieces from if it is there and of the same files, and to write them to
 * otherwise. Minutes for a thousand scores without, a second with it; about 100 bytes a note. */
BaseStatus lmm_corpus_open(BaseContext *ctx, LmmCorpus **out, const char *const *folders, size_t n, const char *cache);
void lmm_corpus_free(LmmCorpus *corpus); /* null is fine */

/* The name of the piece that a file holds, as in LmmPiece. */
void lmm_piece_name(char *name, size_t size, const char *path);

/* A piece of the name and kind of `like`, of which nothing else is used. Takes over `motion`, also on failure. `written`
 * may be null, is copied. */
BaseStatus lmm_corpus_add(BaseContext *ctx, LmmCorpus *corpus, const LmmPiece *like, Motion *motion,
                          const LanguageText *written);

/* Moves the pieces into two new corpora: kinds[0] of scores, kinds[1] of performances. `corpus` is freed, also on
 * failure. */
BaseStatus lmm_corpus_split(BaseContext *ctx, LmmCorpus *kinds[2], LmmCorpus *corpus);

/* All notes of the pieces on one side. */
size_t lmm_corpus_notes(const LmmCorpus *corpus, LmmSide side);
