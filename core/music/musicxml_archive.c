/* The one file that knows libzip. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/music/musicxml_archive.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { MOST_BYTES = 512 << 20, MOST_CONTAINER = 1 << 20 };

static const char CONTAINER[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<container><rootfiles><rootfile full-path=\"score.musicxml\" "
    "media-type=\"application/vnd.recordare.musicxml+xml\"/></rootfiles></container>\n";

static BaseStatus bad(BaseContext *ctx, const char *name, const char *what) {
  return base_fail(ctx, BASE_BAD_FILE, "“%s” is no sound .mxl file: %s.", name, what);
}

/* The size in the directory is only a promise: reading stops at `limit` whatever it says. */
static bool read_entry(void **bytes, size_t *n, zip_t *zip, zip_uint64_t index, size_t limit) {
  zip_stat_t stat;
  if (zip_stat_index(zip, index, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE) || stat.size > limit)
    return false;
  zip_file_t *file = zip_fopen_index(zip, index, 0);
  char *content = file ? malloc((size_t)stat.size + 1) : NULL;
  zip_int64_t got = content ? zip_fread(file, content, stat.size) : -1;
  if (file && zip_fclose(file) != 0) got = -1;
  if (got < 0 || (zip_uint64_t)got != stat.size) {
    free(content);
    return false;
  }
  content[got] = 0;
  *bytes = content;
  *n = (size_t)got;
  return true;
}

static bool find_rootfile(char *path, size_t size, const xmlNode *node, int depth) {
  for (; node && depth < 8; node = node->next) {
    if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, "rootfile") == 0) {
      xmlChar *value = xmlGetProp(node, BAD_CAST "full-path");
      size_t n = value ? strlen((const char *)value) : 0;
      if (n && n < size) memcpy(path, value, n + 1);
      xmlFree(value);
      if (n && n < size) return true;
    }
    if (find_rootfile(path, size, node->children, depth + 1)) return true;
  }
  return false;
}

static bool named_by_container(zip_int64_t *index, zip_t *zip) {
  zip_int64_t container = zip_name_locate(zip, "META-INF/container.xml", 0);
  void *bytes = NULL;
  size_t n = 0;
  if (container < 0 || !read_entry(&bytes, &n, zip, (zip_uint64_t)container, MOST_CONTAINER)) return false;
  xmlDoc *doc =
      xmlReadMemory(bytes, (int)n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  free(bytes);
  char path[512];
  bool found = doc && find_rootfile(path, sizeof path, xmlDocGetRootElement(doc), 0);
  xmlFreeDoc(doc);
  *index = found ? zip_name_locate(zip, path, 0) : -1;
  return *index >= 0;
}

static bool ends(const char *text, const char *with) {
  size_t n = strlen(text), m = strlen(with);
  return n >= m && strcmp(text + n - m, with) == 0;
}

static bool first_score(zip_int64_t *index, zip_t *zip) {
  zip_int64_t n = zip_get_num_entries(zip, 0);
  for (zip_int64_t i = 0; i < n; i++) {
    const char *path = zip_get_name(zip, (zip_uint64_t)i, 0);
    if (!path || strncmp(path, "META-INF/", 9) == 0) continue;
    if (ends(path, ".xml") || ends(path, ".musicxml")) return *index = i, true;
  }
  return false;
}

static zip_t *open_memory(const void *bytes, size_t n) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source = zip_source_buffer_create(bytes, n, 0, &error);
  zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
  if (source && !zip) zip_source_free(source);
  zip_error_fini(&error);
  return zip;
}

BaseStatus musicxml_unpack(BaseContext *ctx, void **bytes, size_t *n, const void *archive, size_t archive_n,
                           const char *name) {
  zip_t *zip = open_memory(archive, archive_n);
  if (!zip) return bad(ctx, name, "the archive is damaged");
  zip_int64_t index;
  BaseStatus status = BASE_OK;
  if (!named_by_container(&index, zip) && !first_score(&index, zip))
    status = bad(ctx, name, "it holds no score");
  else if (!read_entry(bytes, n, zip, (zip_uint64_t)index, MOST_BYTES))
    status = bad(ctx, name, "its score cannot be unpacked");
  zip_discard(zip);
  return status;
}

static bool add_entry(zip_t *zip, const char *path, const void *bytes, size_t n) {
  zip_source_t *source = zip_source_buffer(zip, bytes, n, 0);
  zip_int64_t index = source ? zip_file_add(zip, path, source, ZIP_FL_ENC_UTF_8) : -1;
  if (source && index < 0) zip_source_free(source);
  return index >= 0 && zip_file_set_mtime(zip, (zip_uint64_t)index, 315532800, 0) == 0;
}

/* The archive is written into `source`, which we keep a hold on. */
static bool fill(zip_source_t *source, const void *score, size_t score_n) {
  zip_source_keep(source);
  zip_t *zip = zip_open_from_source(source, ZIP_TRUNCATE, NULL);
  if (!zip) {
    zip_source_free(source);
    return false;
  }
  if (add_entry(zip, "META-INF/container.xml", CONTAINER, sizeof CONTAINER - 1) &&
      add_entry(zip, "score.musicxml", score, score_n) && zip_close(zip) == 0)
    return true;
  zip_discard(zip);
  return false;
}

static bool copy_out(void **bytes, size_t *n, zip_source_t *source) {
  zip_stat_t stat;
  if (zip_source_stat(source, &stat) != 0 || zip_source_open(source) != 0) return false;
  void *content = malloc((size_t)stat.size + 1);
  bool done = content && zip_source_read(source, content, stat.size) == (zip_int64_t)stat.size;
  zip_source_close(source);
  if (!done) {
    free(content);
    return false;
  }
  *bytes = content;
  *n = (size_t)stat.size;
  return true;
}

BaseStatus musicxml_pack(BaseContext *ctx, void **bytes, size_t *n, const void *score, size_t score_n) {
  zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, NULL);
  if (!source) return base_fail_memory(ctx);
  bool done = fill(source, score, score_n) && copy_out(bytes, n, source);
  zip_source_free(source);
  return done ? BASE_OK : base_fail_memory(ctx);
}
