/* Trained weights: what is in the file, and the size of the net from its texts. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/language/language_model.h"

#include "core/base/base_embed.h"
#include "core/nn/nn_weights.h"

#include <stdlib.h>
#include <string.h>

BASE_EMBEDDED_WEIGHTS(language);

enum { MOST_WIDTH = 1024, MOST_LAYERS = 16, MOST_RANK = 64 };

void language_model_free(LanguageModel *model) {
  if (!model) return;
  nn_net_free(model->trunk);
  nn_net_free(model->heads);
  free(model);
}

/* Nets for one text at a time. */
static BaseStatus build(BaseContext *ctx, LanguageModel *model) {
  model->trunk = nn_net_new(0);
  model->heads = nn_net_new(0);
  if (!model->trunk || !model->heads) return base_fail_memory(ctx);
  BaseStatus status = language_net_build(ctx, &model->in_trunk, model->trunk, LANGUAGE_TRUNK, model->size, 1, LANGUAGE_STRETCH);
  if (status == BASE_OK)
    status = language_net_build(ctx, &model->in_heads, model->heads, LANGUAGE_HEADS, model->size, 1, LANGUAGE_STRETCH);
  return status;
}

static BaseStatus new_model(BaseContext *ctx, LanguageModel **out, LanguageSize size) {
  LanguageModel *model = calloc(1, sizeof *model);
  if (!model) return base_fail_memory(ctx);
  model->size = language_size(size);
  BaseStatus status = build(ctx, model);
  if (status == BASE_OK)
    *out = model;
  else
    language_model_free(model);
  return status;
}

/* Copies the values that both nets know by the same name. */
static BaseStatus copy_values(BaseContext *ctx, NnNet *to, const NnNet *from) {
  for (int i = 0; i < nn_net_parameter_count(to); i++) {
    const NnParameter *mine = nn_net_parameter(to, i);
    int at = nn_net_parameter_find(from, mine->name);
    const NnParameter *theirs = at >= 0 ? nn_net_parameter(from, at) : NULL;
    if (!theirs || theirs->count != mine->count)
      return base_fail(ctx, BASE_BAD_INPUT, "The network of the language lacks “%s” of this size.", mine->name);
    memcpy(nn_net_values(to) + mine->offset, nn_net_values_const(from) + theirs->offset, mine->count * sizeof(float));
  }
  nn_net_changed(to);
  return BASE_OK;
}

BaseStatus language_model_of_net(BaseContext *ctx, LanguageModel **out, const NnNet *net, LanguageSize size) {
  LanguageModel *model = NULL;
  BaseStatus status = new_model(ctx, &model, size);
  if (status != BASE_OK) return status;
  status = copy_values(ctx, model->trunk, net);
  if (status == BASE_OK) status = copy_values(ctx, model->heads, net);
  if (status == BASE_OK)
    *out = model;
  else
    language_model_free(model);
  return status;
}

/* ---- files ---- */

static int number_in(const BasePack *pack, const char *key, int most) {
  const char *text = base_pack_text(pack, key);
  long value = text ? strtol(text, NULL, 10) : 0;
  return value < 1 || value > most ? 0 : (int)value;
}

static BaseStatus of_pack(BaseContext *ctx, LanguageModel **out, const BasePack *pack, const char *name) {
  const char *kind = base_pack_text(pack, "kind");
  LanguageSize size = {number_in(pack, "width", MOST_WIDTH), number_in(pack, "layers", MOST_LAYERS),
                       number_in(pack, "rank", MOST_RANK)};
  if (!kind || strcmp(kind, LANGUAGE_KIND) != 0 || !size.width || !size.layers || !size.rank)
    return base_fail(ctx, BASE_BAD_FILE, "“%s” holds weights, but not of a language.", name);
  if (number_in(pack, "heads", MOST_WIDTH))
    return base_fail(ctx, BASE_UNSUPPORTED, "“%s” holds a language with attention, which can only be trained.", name);
  LanguageModel *model = NULL;
  BaseStatus status = new_model(ctx, &model, size);
  if (status == BASE_OK) status = nn_weights_load(ctx, model->trunk, pack);
  if (status == BASE_OK) status = nn_weights_load(ctx, model->heads, pack);
  if (status == BASE_OK)
    *out = model;
  else
    language_model_free(model);
  return status;
}

BaseStatus language_model_load(BaseContext *ctx, LanguageModel **out, const char *path) {
  BasePack *pack = NULL;
  BaseStatus status = path ? base_pack_load(ctx, &pack, path)
                           : base_pack_load_memory(ctx, &pack, language_weights,
                                                   (size_t)(language_weights_end - language_weights), "language.weights");
  if (status == BASE_OK) status = of_pack(ctx, out, pack, path ? path : "language.weights");
  base_pack_free(pack);
  return status;
}
