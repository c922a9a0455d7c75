/* V → Score over all pages of all files. A page that cannot be read or holds no music is skipped and keeps
 * its number; pages read before come from the memo, keyed by what the page looks like.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/flow/flow.h"

#include "core/base/base_hash.h"
#include "core/flow/flow_parts.h"
#include "core/language/language_prior.h"
#include "core/omr/omr_again.h"
#include "core/omr/omr_learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 128 };

typedef struct {
  const FlowReadParams *params;
  BASE_ARRAY(OmrPage *) pages; /* with the edits, where there are any … */
  BASE_ARRAY(OmrPage *) raw;   /* … and as read; empty without edits */
  size_t total, good;
  OmrBars *bars;
  LanguageModel *model; /* from the first page on that is not remembered */
  LanguageScorePrior *prior;
  char reason[BASE_SENTENCE_SIZE]; /* why the last skipped page was skipped */
} Reading;

/* ---- one page ---- */

static void page_key(char key[KEY_SIZE], const Image *image) {
  uint8_t digest[BASE_HASH_BYTES] = {0};
  char text[BASE_HASH_SIZE];
  BaseHash *hash = base_hash_new();
  key[0] = 0;
  if (!hash) return;
  base_hash_add(hash, &image->width, sizeof image->width);
  base_hash_add(hash, &image->height, sizeof image->height);
  base_hash_add(hash, &image->dpi, sizeof image->dpi);
  base_hash_add(hash, image->pixels, (size_t)image->width * (size_t)image->height);
  base_hash_end(digest, hash);
  base_hash_text(text, digest);
  snprintf(key, KEY_SIZE, "omr/%d/%s", OMR_VERSION, text);
}

static OmrPage *remembered(const FlowMemo *memo, const char *key) {
  size_t n = 0;
  void *bytes = memo->find && key[0] ? memo->find(memo->user, key, &n) : NULL;
  OmrPage *page = NULL;
  if (bytes && omr_page_unpack(NULL, &page, bytes, n) != BASE_OK) page = NULL;
  free(bytes);
  return page;
}

static void remember(const FlowMemo *memo, const char *key, const OmrPage *page) {
  void *bytes = NULL;
  size_t n = 0;
  if (!memo->keep || !key[0] || omr_page_pack(NULL, &bytes, &n, page) != BASE_OK) return;
  memo->keep(memo->user, key, bytes, n);
  free(bytes);
}

static BaseStatus think_again(BaseContext *ctx, OmrPage *page, Reading *reading) {
  BaseStatus status = reading->model ? BASE_OK : language_model_load(ctx, &reading->model, NULL);
  if (status == BASE_OK && !reading->prior) status = language_score_prior_new(ctx, &reading->prior, reading->model);
  return status == BASE_OK ? omr_again(ctx, page, reading->bars, language_score_prior(reading->prior)) : status;
}

static BaseStatus read_image(BaseContext *ctx, OmrPage **out, const Image *image, Reading *reading) {
  const FlowMemo *memo = &reading->params->memo;
  char key[KEY_SIZE] = "";
  OmrPage *page = NULL;
  if (memo->find || memo->keep) page_key(key, image);
  *out = remembered(memo, key);
  if (*out) return BASE_OK;
  BaseStatus status = omr_read_page(ctx, &page, image, NULL);
  if (status == BASE_OK) status = think_again(ctx, page, reading);
  if (status != BASE_OK) {
    omr_page_free(page);
    return status;
  }
  remember(memo, key, page);
  *out = page;
  return BASE_OK;
}

static bool stops_all(BaseStatus status) {
  return status == BASE_CANCELLED || status == BASE_NO_MEMORY;
}

static BaseStatus show_pages(BaseContext *ctx, Reading *reading) {
  if (!reading->params->page) return BASE_OK;
  const OmrPage *const *pages = (const OmrPage *const *)reading->pages.items;
  Score *score = NULL;
  BaseStatus status = BASE_OK;
  if (reading->good > 0)
    status = omr_assemble(ctx, &score, pages, reading->pages.n, &(OmrAssembleParams){.bars = reading->bars});
  if (status == BASE_OK)
    reading->params->page(reading->params->user, pages, reading->pages.n, reading->total, score);
  score_free(score);
  return status;
}

/* Lays the person's edits over the page that was read and keeps both. */
static BaseStatus put_right(BaseContext *ctx, OmrPage **page, Reading *reading) {
  const FlowReadParams *params = reading->params;
  OmrPage *edited = NULL;
  size_t lost = 0;
  if (!params->n_edits) return BASE_OK;
  if (!base_array_push(&reading->raw, *page)) return base_fail_memory(ctx);
  if (!*page) return BASE_OK;
  BaseStatus status = omr_edit_page(ctx, &edited, *page, (int32_t)reading->raw.n - 1, NULL, params->edits,
                                    params->n_edits, &lost);
  *page = edited;
  if (params->lost) *params->lost += lost;
  return status;
}

static BaseStatus read_page(BaseContext *ctx, Reading *reading, ImageSource *source, size_t index) {
  double done = (double)reading->pages.n, total = (double)reading->total;
  BaseContext step = base_context_step(ctx, 0.98 * done / total, 0.98 * (done + 1) / total);
  Image *image = NULL;
  OmrPage *page = NULL;
  BaseStatus status = image_source_load(&step, &image, source, index, NULL);
  if (status == BASE_OK) status = read_image(&step, &page, image, reading);
  image_free(image);
  if (stops_all(status)) return base_context_join(ctx, &step, status);
  if (status != BASE_OK) memcpy(reading->reason, step.sentence, sizeof reading->reason);
  status = put_right(&step, &page, reading);
  if (status != BASE_OK) return base_context_join(ctx, &step, status);
  if (!base_array_push(&reading->pages, page)) {
    omr_page_free(page);
    return base_fail_memory(ctx);
  }
  reading->good += page != NULL;
  return show_pages(ctx, reading);
}

/* ---- all files ---- */

static BaseStatus open_pages(BaseContext *ctx, ImageSource **source, const char *path) {
  FlowKind kind;
  BaseStatus status = flow_kind(ctx, &kind, path);
  if (status != BASE_OK) return status;
  if (kind != FLOW_PAGES) return flow_fail_kind(ctx, path, kind, "a page (PNG, JPEG, TIFF or PDF)");
  return image_source_open(ctx, source, path);
}

/* Opens every file once before reading any, so that a wrong name is told at once. */
static BaseStatus count_pages(BaseContext *ctx, size_t *total, const char *const *paths, size_t n_paths) {
  *total = 0;
  for (size_t i = 0; i < n_paths; i++) {
    ImageSource *source = NULL;
    BaseStatus status = open_pages(ctx, &source, paths[i]);
    if (status != BASE_OK) return status;
    *total += image_source_pages(source);
    image_source_free(source);
  }
  return BASE_OK;
}

static BaseStatus read_file(BaseContext *ctx, Reading *reading, const char *path) {
  ImageSource *source = NULL;
  BaseStatus status = image_source_open(ctx, &source, path);
  size_t n = status == BASE_OK ? image_source_pages(source) : 0;
  for (size_t i = 0; status == BASE_OK && i < n; i++) status = read_page(ctx, reading, source, i);
  image_source_free(source);
  return status;
}

static bool names(const char *sentence, const char *path) {
  const char *slash = strrchr(path, '/');
  return strstr(sentence, slash ? slash + 1 : path) != NULL;
}

static BaseStatus fail_without_music(BaseContext *ctx, const Reading *reading, const char *const *paths) {
  if (reading->total == 1 && names(reading->reason, paths[0]))
    return base_fail(ctx, BASE_BAD_INPUT, "%s", reading->reason);
  if (reading->total == 1) return base_fail(ctx, BASE_BAD_INPUT, "“%s”: %s", paths[0], reading->reason);
  return base_fail(ctx, BASE_BAD_INPUT, "None of the %zu pages could be read; the last one: %s",
                   reading->total, reading->reason);
}

/* Learns from the edits how this document is to be read, and lays them over pages read that way. */
static BaseStatus read_as_suggested(BaseContext *ctx, Reading *reading, OmrTaste *taste) {
  const FlowReadParams *params = reading->params;
  BaseStatus status = omr_learn(ctx, taste, (const OmrPage *const *)reading->raw.items, reading->raw.n,
                                params->edits, params->n_edits);
  for (size_t i = 0; i < reading->raw.n && status == BASE_OK; i++) {
    OmrPage *page = NULL;
    if (!reading->raw.items[i]) continue;
    status = omr_edit_page(ctx, &page, reading->raw.items[i], (int32_t)i, taste, params->edits,
                           params->n_edits, NULL);
    if (status != BASE_OK) break;
    omr_page_free(reading->pages.items[i]);
    reading->pages.items[i] = page;
  }
  return status;
}

static BaseStatus read_all(BaseContext *ctx, Score **score, Reading *reading, const char *const *paths,
                           size_t n_paths) {
  BaseStatus status = count_pages(ctx, &reading->total, paths, n_paths);
  for (size_t i = 0; status == BASE_OK && i < n_paths; i++) status = read_file(ctx, reading, paths[i]);
  if (status != BASE_OK) return status;
  if (reading->good == 0) return fail_without_music(ctx, reading, paths);
  BaseContext step = base_context_step(ctx, 0.98, 1);
  OmrTaste taste = {{0}};
  if (reading->params->learn && reading->raw.n) status = read_as_suggested(&step, reading, &taste);
  if (status == BASE_OK)
    status = omr_assemble(&step, score, (const OmrPage *const *)reading->pages.items, reading->pages.n,
                          &(OmrAssembleParams){reading->bars, &taste});
  return base_context_join(ctx, &step, status);
}

BaseStatus flow_read(BaseContext *ctx, Score **score, OmrPage ***pages, size_t *n_pages,
                     const char *const *paths, size_t n_paths, const FlowReadParams *params) {
  FlowReadParams none = {0};
  Reading reading = {.params = params ? params : &none, .bars = omr_bars_new()};
  Score *read = NULL;
  BaseStatus status = read_all(ctx, &read, &reading, paths, n_paths);
  omr_bars_free(reading.bars);
  language_score_prior_free(reading.prior);
  language_model_free(reading.model);
  flow_pages_free(reading.raw.items, reading.raw.n);
  if (status != BASE_OK || !pages) flow_pages_free(reading.pages.items, reading.pages.n);
  if (status != BASE_OK) return status;
  *score = read;
  if (pages) *pages = reading.pages.items;
  if (pages && n_pages) *n_pages = reading.pages.n;
  return BASE_OK;
}

void flow_pages_free(OmrPage **pages, size_t n) {
  for (size_t i = 0; pages && i < n; i++) omr_page_free(pages[i]);
  free(pages);
}
