/* Files are told apart by what is in them. Pages are decoded when a view asks for them, under a lock for each
 * file, since an image source is no thing for two threads; the views keep what they need.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/media.h"

#include "core/base/base_hash.h"
#include "core/image/image.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>

enum { most_in_folder = 2000 };

/* ---- looking ---- */

int media_compare_names(const char *a, const char *b) {
  g_autofree char *x = g_utf8_collate_key_for_filename(a, -1), *y = g_utf8_collate_key_for_filename(b, -1);
  int order = strcmp(x, y);
  return order ? order : strcmp(a, b);
}

static void found_free(gpointer data) {
  MediaFound *found = data;
  g_free(found->path);
  g_free(found->refusal);
  g_free(found);
}

static int compare_found(gconstpointer a, gconstpointer b) {
  const MediaFound *x = *(MediaFound *const *)a, *y = *(MediaFound *const *)b;
  if (x->kind != y->kind) return (int)x->kind - (int)y->kind;
  g_autofree char *p = g_filename_display_name(x->path), *q = g_filename_display_name(y->path);
  return media_compare_names(p, q);
}

/* Audio is opened once, so that a recording without sound is refused now. */
static BaseStatus try_audio(BaseContext *ctx, const char *path) {
  DspReader *reader = NULL;
  BaseStatus status = dsp_reader_open(ctx, &reader, path);
  if (status == BASE_OK && dsp_reader_info(reader)->frames <= 0)
    status = base_fail(ctx, BASE_BAD_INPUT, "“%s” holds no sound.", path);
  dsp_reader_free(reader);
  return status;
}

static BaseStatus look_at(BaseContext *ctx, GPtrArray *found, const char *path) {
  MediaFound *entry = g_new0(MediaFound, 1);
  entry->path = g_canonicalize_filename(path, NULL);
  g_ptr_array_add(found, entry);
  struct stat info;
  if (stat(entry->path, &info) == 0) entry->size = info.st_size;
  BaseStatus status = flow_kind(ctx, &entry->kind, entry->path);
  if (status == BASE_OK && entry->kind == FLOW_AUDIO) status = try_audio(ctx, entry->path);
  if (status == BASE_OK && entry->kind != FLOW_PROJECT)
    status = base_hash_file(ctx, entry->sha256, entry->path);
  if (status == BASE_CANCELLED) return status;
  if (status != BASE_OK) entry->refusal = g_strdup(*ctx->sentence ? ctx->sentence : base_status_name(status));
  return BASE_OK;
}

static BaseStatus look_in_folder(BaseContext *ctx, GPtrArray *found, const char *path) {
  GDir *folder = g_dir_open(path, 0, NULL);
  BaseStatus status = BASE_OK;
  const char *name;
  for (int i = 0; folder && status == BASE_OK && i < most_in_folder && (name = g_dir_read_name(folder));
       i++) {
    g_autofree char *whole = g_build_filename(path, name, NULL);
    if (*name != '.' && g_file_test(whole, G_FILE_TEST_IS_REGULAR)) status = look_at(ctx, found, whole);
  }
  if (folder) g_dir_close(folder);
  return status;
}

BaseStatus media_look(BaseContext *ctx, GPtrArray **out, const char *const *paths) {
  GPtrArray *found = g_ptr_array_new_with_free_func(found_free);
  BaseStatus status = BASE_OK;
  guint n = g_strv_length((char **)paths);
  for (guint i = 0; i < n && status == BASE_OK; i++) {
    BaseContext step = base_context_step(ctx, (double)i / n, (double)(i + 1) / n);
    gboolean folder = g_file_test(paths[i], G_FILE_TEST_IS_DIR);
    status = folder ? look_in_folder(&step, found, paths[i]) : look_at(&step, found, paths[i]);
  }
  if (status == BASE_OK && base_cancelled(ctx)) status = base_fail_cancelled(ctx);
  if (status != BASE_OK) {
    g_ptr_array_unref(found);
    return status;
  }
  g_ptr_array_sort(found, compare_found);
  *out = found;
  return BASE_OK;
}

/* ---- pages ---- */

typedef struct {
  GMutex lock;
  ImageSource *source;
  int first, n;
} PageFile;

struct MediaPages {
  PageFile *files;
  guint n_files;
  int n;
};

void media_pages_free(gpointer data) {
  MediaPages *pages = data;
  if (!pages) return;
  for (guint i = 0; i < pages->n_files; i++) {
    image_source_free(pages->files[i].source);
    g_mutex_clear(&pages->files[i].lock);
  }
  g_free(pages->files);
  g_free(pages);
}

BaseStatus media_pages_open(BaseContext *ctx, MediaPages **out, const char *const *paths) {
  MediaPages *pages = g_new0(MediaPages, 1);
  guint n = g_strv_length((char **)paths);
  pages->files = g_new0(PageFile, n + 1);
  BaseStatus status = BASE_OK;
  for (guint i = 0; i < n && status == BASE_OK; i++) {
    PageFile *file = &pages->files[pages->n_files++];
    g_mutex_init(&file->lock);
    file->first = pages->n;
    status = image_source_open(ctx, &file->source, paths[i]);
    if (status == BASE_OK) file->n = (int)image_source_pages(file->source);
    pages->n += file->n;
  }
  if (status == BASE_OK)
    *out = pages;
  else
    media_pages_free(pages);
  return status;
}

int media_pages_n(const MediaPages *pages) {
  return pages->n;
}

static Image *load(MediaPages *pages, int page) {
  for (guint i = 0; i < pages->n_files; i++) {
    PageFile *file = &pages->files[i];
    if (page < file->first || page >= file->first + file->n) continue;
    Image *image = NULL;
    BaseContext ctx = {0};
    g_mutex_lock(&file->lock);
    BaseStatus status = image_source_load(&ctx, &image, file->source, (gsize)(page - file->first), NULL);
    g_mutex_unlock(&file->lock);
    return status == BASE_OK ? image : NULL;
  }
  return NULL;
}

/* Averages of squares of 2^level pixels; the last column and row from what there is. */
static guchar *reduced(const Image *image, int level, int *width, int *height) {
  int side = 1 << level, w = (image->width + side - 1) / side, h = (image->height + side - 1) / side;
  guchar *out = g_try_malloc((gsize)w * (gsize)h);
  for (int y = 0; out && y < h; y++)
    for (int x = 0; x < w; x++) {
      int x1 = MIN((x + 1) * side, image->width), y1 = MIN((y + 1) * side, image->height);
      guint sum = 0, count = 0;
      for (int v = y * side; v < y1; v++)
        for (int u = x * side; u < x1; u++, count++)
          sum += image->pixels[(gsize)v * (gsize)image->width + (gsize)u];
      out[(gsize)y * (gsize)w + (gsize)x] = (guchar)(sum / MAX(count, 1));
    }
  *width = w;
  *height = h;
  return out;
}

guchar *media_pages_load(gpointer data, int page, int level, int *width, int *height) {
  Image *image = load(data, page);
  guchar *out = image ? reduced(image, CLAMP(level, 0, 8), width, height) : NULL;
  image_free(image);
  return out;
}
