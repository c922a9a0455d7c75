/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_corpus.h"

#include "core/lmm/lmm_corpus_file.h"
#include "core/lmm/lmm_dream.h"
#include "core/music/midi.h"
#include "core/music/musicxml.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_NOTES = 16 };

void lmm_corpus_free(LmmCorpus *corpus) {
  if (!corpus) return;
  for (size_t i = 0; i < corpus->pieces.n; i++) {
    motion_free(corpus->pieces.items[i].motion);
    base_array_clear(&corpus->pieces.items[i].written);
  }
  base_array_clear(&corpus->pieces);
  free(corpus);
}

BaseStatus lmm_corpus_add(BaseContext *ctx, LmmCorpus *corpus, const LmmPiece *like, Motion *motion,
                          const LanguageText *written) {
  LmmPiece piece = {.deadpan = like->deadpan, .solo = like->solo, .motion = motion, .side = lmm_side(like->name)};
  memcpy(piece.name, like->name, sizeof piece.name);
  bool fine = true;
  if (written && written->n) {
    fine = base_array_reserve(&piece.written, written->n);
    if (fine) memcpy(piece.written.items, written->items, written->n * sizeof *written->items);
    if (fine) piece.written.n = written->n;
  }
  if (fine && base_array_push(&corpus->pieces, piece)) return BASE_OK;
  base_array_clear(&piece.written);
  motion_free(motion);
  return base_fail_memory(ctx);
}

size_t lmm_corpus_notes(const LmmCorpus *corpus, LmmSide side) {
  size_t notes = 0;
  for (size_t i = 0; i < corpus->pieces.n; i++)
    if (corpus->pieces.items[i].side == side) notes += corpus->pieces.items[i].motion->notes.n;
  return notes;
}

BaseStatus lmm_corpus_split(BaseContext *ctx, LmmCorpus *kinds[2], LmmCorpus *corpus) {
  LmmCorpus *made[2] = {calloc(1, sizeof **made), calloc(1, sizeof **made)};
  bool fine = made[0] && made[1] && base_array_reserve(&made[0]->pieces, corpus->pieces.n) &&
              base_array_reserve(&made[1]->pieces, corpus->pieces.n);
  for (size_t i = 0; fine && i < corpus->pieces.n; i++) {
    LmmCorpus *kind = made[!corpus->pieces.items[i].deadpan];
    kind->pieces.items[kind->pieces.n++] = corpus->pieces.items[i];
  }
  if (fine) corpus->pieces.n = 0;
  lmm_corpus_free(corpus);
  for (int k = 0; k < 2; k++) {
    if (fine)
      kinds[k] = made[k];
    else
      lmm_corpus_free(made[k]);
  }
  return fine ? BASE_OK : base_fail_memory(ctx);
}

/* ---- from files ---- */

/* "folder/name": a file's own name up to its ending; of one that begins with a number ("001-1-Sm.mxl"), the number
 * alone, which the editions of a work share; of a file in a folder of its own, both. */
void lmm_piece_name(char *name, size_t size, const char *path) {
  const char *file = strrchr(path, '/'), *folder = file;
  file = file ? file + 1 : path;
  while (folder && folder > path && folder[-1] != '/') folder--;
  size_t digits = 0, stem = strcspn(file, ".");
  while (isdigit((unsigned char)file[digits])) digits++;
  int length = (int)(digits && (file[digits] == '-' || file[digits] == '.') ? digits : stem);
  int of_folder = folder ? (int)(file - folder) : 0;
  snprintf(name, size, "%.*s%.*s", of_folder, folder ? folder : "", length, file);
}

static BaseStatus read_score(BaseContext *ctx, Motion **motion, LanguageText *written, bool *solo, const char *path) {
  Score *score = NULL;
  ScoreUnfolded *unfolded = NULL;
  BaseStatus status = musicxml_read(ctx, &score, path);
  if (status == BASE_OK) status = score_unfold(ctx, &unfolded, score, NULL);
  if (status == BASE_OK) status = score_play(ctx, motion, score, unfolded, NULL);
  if (status == BASE_OK) status = language_of_score(ctx, written, score);
  if (status == BASE_OK) *solo = score->parts.n == 1;
  score_unfolded_free(unfolded);
  score_free(score);
  return status;
}

static bool is_midi(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot && (strcmp(dot, ".mid") == 0 || strcmp(dot, ".midi") == 0);
}

static BaseStatus add_file(BaseContext *ctx, LmmCorpus *corpus, const char *path) {
  Motion *motion = NULL;
  LanguageText written = {0};
  LmmPiece like = {.deadpan = !is_midi(path)};
  BaseStatus status = like.deadpan ? read_score(ctx, &motion, &written, &like.solo, path) : midi_read(ctx, &motion, path);
  if (status == BASE_OK && motion->notes.n >= LEAST_NOTES) {
    lmm_piece_name(like.name, sizeof like.name, path);
    status = lmm_corpus_add(ctx, corpus, &like, motion, &written);
    motion = NULL;
  }
  motion_free(motion);
  base_array_clear(&written);
  return status == BASE_NO_MEMORY || status == BASE_CANCELLED ? status : BASE_OK;
}

static BaseStatus add_library(BaseContext *ctx, LmmCorpus *corpus, const LmmLibrary *library) {
  size_t done = 0, all = lmm_library_pieces(library, false) + lmm_library_pieces(library, true);
  BaseStatus status = BASE_OK;
  for (int side = 0; side < 2; side++)
    for (size_t i = 0; i < lmm_library_pieces(library, side) && status == BASE_OK; i++) {
      BaseContext quiet = {.cancel = ctx ? ctx->cancel : NULL};
      base_progress(ctx, (double)done++ / (double)all, "Reading pieces");
      status = add_file(&quiet, corpus, lmm_library_path(library, side, i));
      if (status != BASE_OK) base_context_join(ctx, &quiet, status);
    }
  return status;
}

BaseStatus lmm_corpus_open(BaseContext *ctx, LmmCorpus **out, const char *const *folders, size_t n, const char *cache) {
  LmmLibrary *library = NULL;
  LmmCorpus *corpus = calloc(1, sizeof *corpus);
  BaseStatus status = corpus ? lmm_library_open(ctx, &library, folders, n) : base_fail_memory(ctx);
  if (status == BASE_OK && !(cache && lmm_corpus_file_read(corpus, cache, library))) {
    status = add_library(ctx, corpus, library);
    if (status == BASE_OK && cache) status = lmm_corpus_file_write(ctx, corpus, cache, library);
  }
  lmm_library_free(library);
  if (status == BASE_OK && !corpus->pieces.n) status = base_fail(ctx, BASE_BAD_INPUT, "There is no piece to learn from.");
  if (status == BASE_OK)
    *out = corpus;
  else
    lmm_corpus_free(corpus);
  return status;
}
