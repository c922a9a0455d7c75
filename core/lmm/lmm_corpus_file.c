/* Tensors: a row of counts for each piece; times of notes, three bytes for each; pedals likewise; steps of what is
 * written. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lmm/lmm_corpus_file.h"

#include "core/base/base_hash.h"
#include "core/base/base_pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORPUS_KIND "triptych corpus 2"

enum { COUNTS = 4, BYTES = 2, NAME = sizeof ((LmmPiece *)0)->name };

/* A corpus laid flat. */
typedef struct {
  uint64_t pieces, notes, pedals, steps;
  int32_t *counts; /* pieces × (deadpan 1, solo 2; notes, pedals, steps) */
  char *names;
  float *times;          /* notes × (onset, key up) */
  uint8_t *keys;         /* notes × (midi, velocity) */
  float *pedal_times;
  uint8_t *pedal_depths;
  int32_t *fields;       /* steps × LANGUAGE_FIELDS */
} Flat;

static void clear(Flat *flat) {
  free(flat->counts), free(flat->names), free(flat->times), free(flat->keys);
  free(flat->pedal_times), free(flat->pedal_depths), free(flat->fields);
}

static bool allocate(Flat *flat) {
  flat->counts = calloc(flat->pieces * COUNTS + 1, sizeof *flat->counts);
  flat->names = calloc(flat->pieces * NAME + 1, 1);
  flat->times = calloc(flat->notes * 2 + 1, sizeof *flat->times);
  flat->keys = calloc(flat->notes * BYTES + 1, 1);
  flat->pedal_times = calloc(flat->pedals + 1, sizeof *flat->pedal_times);
  flat->pedal_depths = calloc(flat->pedals + 1, 1);
  flat->fields = calloc(flat->steps * LANGUAGE_FIELDS + 1, sizeof *flat->fields);
  return flat->counts && flat->names && flat->times && flat->keys && flat->pedal_times && flat->pedal_depths &&
         flat->fields;
}

/* Where a piece begins in the flat arrays. */
typedef struct {
  size_t note, pedal, step;
} Place;

static void lay_piece(Flat *flat, size_t i, Place *at, const LmmPiece *piece) {
  const Motion *motion = piece->motion;
  const int32_t counts[COUNTS] = {piece->deadpan + 2 * piece->solo, (int32_t)motion->notes.n, (int32_t)motion->pedals.n,
                                  (int32_t)piece->written.n};
  memcpy(flat->counts + i * COUNTS, counts, sizeof counts);
  memcpy(flat->names + i * NAME, piece->name, NAME);
  for (size_t k = 0; k < motion->notes.n; k++, at->note++) {
    const MotionNote *note = &motion->notes.items[k];
    flat->times[2 * at->note] = (float)note->onset_s;
    flat->times[2 * at->note + 1] = (float)note->key_up_s;
    flat->keys[BYTES * at->note] = note->midi;
    flat->keys[BYTES * at->note + 1] = note->velocity;
  }
  for (size_t k = 0; k < motion->pedals.n; k++, at->pedal++) {
    const MotionPedal *pedal = &motion->pedals.items[k];
    flat->pedal_times[at->pedal] = (float)pedal->time_s;
    flat->pedal_depths[at->pedal] = pedal->pedal == MOTION_SUSTAIN ? pedal->depth : 0;
  }
  for (size_t k = 0; k < piece->written.n; k++, at->step++)
    for (int f = 0; f < LANGUAGE_FIELDS; f++)
      flat->fields[at->step * LANGUAGE_FIELDS + (size_t)f] = piece->written.items[k].field[f];
}

static bool lay_flat(Flat *flat, const LmmCorpus *corpus) {
  flat->pieces = corpus->pieces.n;
  for (size_t i = 0; i < corpus->pieces.n; i++) {
    const LmmPiece *piece = &corpus->pieces.items[i];
    flat->notes += piece->motion->notes.n;
    flat->pedals += piece->motion->pedals.n;
    flat->steps += piece->written.n;
  }
  if (!allocate(flat)) return false;
  Place at = {0};
  for (size_t i = 0; i < corpus->pieces.n; i++) lay_piece(flat, i, &at, &corpus->pieces.items[i]);
  return true;
}

/* ---- the file ---- */

static void hash_paths(char *text, const LmmLibrary *library) {
  uint8_t raw[BASE_HASH_BYTES] = {0};
  BaseHash *hash = base_hash_new();
  for (int side = 0; hash && side < 2; side++)
    for (size_t i = 0; i < lmm_library_pieces(library, side); i++) {
      const char *path = lmm_library_path(library, side, i);
      base_hash_add(hash, path, strlen(path) + 1);
    }
  if (hash) base_hash_end(raw, hash);
  base_hash_text(text, raw);
}

BaseStatus lmm_corpus_file_write(BaseContext *ctx, const LmmCorpus *corpus, const char *path, const LmmLibrary *library) {
  Flat flat = {0};
  char paths[BASE_HASH_SIZE];
  BasePackWriter *writer = base_pack_writer_new();
  BaseStatus status = writer && lay_flat(&flat, corpus) ? BASE_OK : base_fail_memory(ctx);
  hash_paths(paths, library);
  const struct {
    const char *name;
    BaseType type;
    uint64_t shape[2];
    const void *data;
  } tensors[] = {{"counts", BASE_I32, {flat.pieces, COUNTS}, flat.counts},
                 {"names", BASE_U8, {flat.pieces, NAME}, flat.names},
                 {"times", BASE_F32, {flat.notes, 2}, flat.times},
                 {"keys", BASE_U8, {flat.notes, BYTES}, flat.keys},
                 {"pedal.times", BASE_F32, {flat.pedals, 1}, flat.pedal_times},
                 {"pedal.depths", BASE_U8, {flat.pedals, 1}, flat.pedal_depths},
                 {"fields", BASE_I32, {flat.steps, LANGUAGE_FIELDS}, flat.fields}};
  for (size_t i = 0; status == BASE_OK && i < sizeof tensors / sizeof *tensors; i++)
    status = base_pack_add(ctx, writer, tensors[i].name, tensors[i].type, 2, tensors[i].shape, tensors[i].data);
  if (status == BASE_OK) status = base_pack_add_text(ctx, writer, "kind", CORPUS_KIND);
  if (status == BASE_OK) status = base_pack_add_text(ctx, writer, "paths", paths);
  if (status == BASE_OK) status = base_pack_write(ctx, writer, path);
  base_pack_writer_free(writer);
  clear(&flat);
  return status;
}

/* The data of a tensor of `columns`; its rows in *rows. */
static const void *take(const BasePack *pack, const char *name, BaseType type, uint64_t columns, uint64_t *rows) {
  const BaseTensor *tensor = base_pack_find(pack, name);
  if (!tensor || tensor->type != type || tensor->rank != 2 || tensor->shape[1] != columns) return NULL;
  *rows = tensor->shape[0];
  return tensor->data;
}

/* A view of what the pack holds, not to be cleared; false when anything is missing. */
static bool view(Flat *flat, const BasePack *pack) {
  uint64_t names = 0, keys = 0, depths = 0;
  *flat = (Flat){0};
  flat->counts = (int32_t *)take(pack, "counts", BASE_I32, COUNTS, &flat->pieces);
  flat->names = (char *)take(pack, "names", BASE_U8, NAME, &names);
  flat->times = (float *)take(pack, "times", BASE_F32, 2, &flat->notes);
  flat->keys = (uint8_t *)take(pack, "keys", BASE_U8, BYTES, &keys);
  flat->pedal_times = (float *)take(pack, "pedal.times", BASE_F32, 1, &flat->pedals);
  flat->pedal_depths = (uint8_t *)take(pack, "pedal.depths", BASE_U8, 1, &depths);
  flat->fields = (int32_t *)take(pack, "fields", BASE_I32, LANGUAGE_FIELDS, &flat->steps);
  return flat->counts && flat->names && flat->times && flat->keys && flat->pedal_times && flat->pedal_depths &&
         flat->fields && names == flat->pieces && keys == flat->notes && depths == flat->pedals;
}

static bool counts_fit(const Flat *flat) {
  uint64_t sums[COUNTS] = {0};
  for (uint64_t i = 0; i < flat->pieces; i++)
    for (int k = 1; k < COUNTS; k++) {
      if (flat->counts[i * COUNTS + (uint64_t)k] < 0) return false;
      sums[k] += (uint64_t)flat->counts[i * COUNTS + (uint64_t)k];
    }
  return sums[1] == flat->notes && sums[2] == flat->pedals && sums[3] == flat->steps;
}

static Motion *stand_up(const Flat *flat, const int32_t *counts, Place *at) {
  Motion *motion = motion_new();
  bool fine = motion && base_array_reserve(&motion->notes, (size_t)counts[1]) &&
              base_array_reserve(&motion->pedals, (size_t)counts[2]);
  for (int k = 0; fine && k < counts[1]; k++, at->note++)
    motion_add(motion, (double)flat->times[2 * at->note], (double)flat->times[2 * at->note + 1],
               flat->keys[BYTES * at->note], flat->keys[BYTES * at->note + 1], 1);
  for (int k = 0; fine && k < counts[2]; k++, at->pedal++)
    motion->pedals.items[motion->pedals.n++] =
        (MotionPedal){(double)flat->pedal_times[at->pedal], MOTION_SUSTAIN, flat->pedal_depths[at->pedal]};
  if (fine) return motion;
  motion_free(motion);
  return NULL;
}

static bool add_piece(LmmCorpus *corpus, const Flat *flat, uint64_t i, Place *at) {
  const int32_t *counts = flat->counts + i * COUNTS;
  LmmPiece like = {.deadpan = counts[0] & 1, .solo = counts[0] & 2};
  LanguageText written = {0};
  memcpy(like.name, flat->names + i * NAME, NAME - 1);
  Motion *motion = stand_up(flat, counts, at);
  bool fine = motion && base_array_reserve(&written, (size_t)counts[3] + 1);
  for (int k = 0; fine && k < counts[3]; k++, at->step++) {
    LanguageStep step = {0};
    for (int f = 0; f < LANGUAGE_FIELDS; f++)
      step.field[f] = (int16_t)flat->fields[at->step * LANGUAGE_FIELDS + (size_t)f];
    written.items[written.n++] = step;
  }
  if (fine)
    fine = lmm_corpus_add(NULL, corpus, &like, motion, &written) == BASE_OK;
  else
    motion_free(motion);
  base_array_clear(&written);
  return fine;
}

bool lmm_corpus_file_read(LmmCorpus *corpus, const char *path, const LmmLibrary *library) {
  BasePack *pack = NULL;
  BaseContext quiet = {0};
  Flat flat;
  char paths[BASE_HASH_SIZE];
  if (base_pack_load(&quiet, &pack, path) != BASE_OK) return false;
  hash_paths(paths, library);
  const char *had = base_pack_text(pack, "paths");
  const char *kind = base_pack_text(pack, "kind");
  bool fine = had && strcmp(had, paths) == 0 && kind && strcmp(kind, CORPUS_KIND) == 0 && view(&flat, pack) && counts_fit(&flat);
  Place at = {0};
  for (uint64_t i = 0; fine && i < flat.pieces; i++) fine = add_piece(corpus, &flat, i, &at);
  for (size_t i = 0; !fine && i < corpus->pieces.n; i++) {
    motion_free(corpus->pieces.items[i].motion);
    base_array_clear(&corpus->pieces.items[i].written);
  }
  if (!fine) corpus->pieces.n = 0;
  base_pack_free(pack);
  return fine;
}
