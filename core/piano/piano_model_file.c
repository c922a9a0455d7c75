/* One tensor a block, so that a file can be read by eye and refused by shape. The reference instrument is
 * part of the program. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/piano/piano_model.h"

#include "core/base/base_embed.h"
#include "core/base/base_pack.h"

#include <math.h>
#include <string.h>

static const char KIND[] = "triptych piano";

static BaseStatus fill(BaseContext *ctx, BasePackWriter *writer, const PianoModel *model, BaseType type,
                       const char *origin) {
  const PianoBlockInfo *blocks = piano_blocks();
  if (!writer) return base_fail_memory(ctx);
  BaseStatus status = base_pack_add_text(ctx, writer, "kind", KIND);
  if (status == BASE_OK) status = base_pack_add_text(ctx, writer, "origin", origin);
  for (int b = 0; b < PIANO_N_BLOCKS && status == BASE_OK; b++) {
    uint64_t shape = (uint64_t)blocks[b].count;
    status =
        base_pack_add_floats(ctx, writer, blocks[b].name, type, 1, &shape, model->values + blocks[b].first);
  }
  return status;
}

BaseStatus piano_model_save(BaseContext *ctx, const PianoModel *model, BaseType type, const char *origin,
                            const char *path) {
  BasePackWriter *writer = base_pack_writer_new();
  BaseStatus status = fill(ctx, writer, model, type, origin);
  if (status == BASE_OK) status = base_pack_write(ctx, writer, path);
  base_pack_writer_free(writer);
  return status;
}

BaseStatus piano_model_pack(BaseContext *ctx, void **bytes, size_t *n, const PianoModel *model, BaseType type,
                            const char *origin) {
  BasePackWriter *writer = base_pack_writer_new();
  BaseStatus status = fill(ctx, writer, model, type, origin);
  if (status == BASE_OK) status = base_pack_bytes(ctx, bytes, n, writer);
  base_pack_writer_free(writer);
  return status;
}

static BaseStatus unpack(BaseContext *ctx, PianoModel *model, const BasePack *pack, const char *path) {
  const PianoBlockInfo *blocks = piano_blocks();
  PianoModel loaded;
  BaseStatus status = BASE_OK;
  const char *kind = base_pack_text(pack, "kind");
  if (!kind || strcmp(kind, KIND) != 0)
    status = base_fail(ctx, BASE_BAD_FILE, "“%s” does not hold a piano.", path);
  for (int b = 0; b < PIANO_N_BLOCKS && status == BASE_OK; b++) {
    uint64_t shape = (uint64_t)blocks[b].count;
    status = base_pack_floats(ctx, loaded.values + blocks[b].first, pack, blocks[b].name, 1, &shape);
  }
  for (int i = 0; i < PIANO_PARAMS && status == BASE_OK; i++)
    if (!isfinite(loaded.values[i]))
      status = base_fail(ctx, BASE_BAD_FILE, "“%s” holds values that are not numbers.", path);
  if (status != BASE_OK) return status;
  piano_model_clamp(&loaded);
  *model = loaded;
  return BASE_OK;
}

BaseStatus piano_model_load(BaseContext *ctx, PianoModel *model, const char *path) {
  BasePack *pack;
  BaseStatus status = base_pack_load(ctx, &pack, path);
  if (status != BASE_OK) return status;
  status = unpack(ctx, model, pack, path);
  base_pack_free(pack);
  return status;
}

BaseStatus piano_model_unpack(BaseContext *ctx, PianoModel *model, const void *bytes, size_t n,
                              const char *name) {
  BasePack *pack;
  BaseStatus status = base_pack_load_memory(ctx, &pack, bytes, n, name);
  if (status != BASE_OK) return status;
  status = unpack(ctx, model, pack, name);
  base_pack_free(pack);
  return status;
}

BASE_EMBEDDED_WEIGHTS(piano_grand);

PianoModel piano_model_reference(void) {
  PianoModel model = piano_model_default();
  size_t bytes = (size_t)(piano_grand_weights_end - piano_grand_weights);
  piano_model_unpack(NULL, &model, piano_grand_weights, bytes, "the piano");
  return model;
}
