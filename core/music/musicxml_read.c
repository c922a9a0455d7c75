/* The document is pulled through libxml2 and only one measure at a time becomes a tree. Nothing is fetched:
 * no network, no external DTD, and a document that declares entities of its own is refused. When all parts
 * are read, lengths, jumps and ids are settled. SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_file.h"
#include "core/base/base_text.h"
#include "core/music/musicxml.h"
#include "core/music/musicxml_archive.h"
#include "core/music/musicxml_reader.h"

#include <libxml/xmlreader.h>
#include <stdlib.h>
#include <string.h>

/* One document being pulled. */
typedef struct {
  BaseContext *ctx;
  const char *name;
  size_t n;
  xmlTextReader *xml;
  MusicxmlReader reader;
  char title[128], movement[128], credit[128];
  char complaint[256]; /* what libxml2 said first */
} Pull;

static void on_error(void *user, xmlError *error) {
  Pull *pull = user;
  if (pull->complaint[0] || !error || !error->message || error->level < XML_ERR_ERROR) return;
  char text[160];
  base_text_set(text, sizeof text, error->message, strlen(error->message));
  snprintf(pull->complaint, sizeof pull->complaint, "line %d: %s", error->line, text);
}

static BaseStatus bad(Pull *pull, const char *what) {
  return base_fail(pull->ctx, BASE_BAD_FILE, "“%s” is no sound MusicXML file: %s.", pull->name, what);
}

static BaseStatus memory_unless(Pull *pull, bool done) {
  return done ? BASE_OK : base_fail_memory(pull->ctx);
}

/* ---- the head ---- */

static void read_identification(Pull *pull, const xmlNode *node) {
  Score *score = pull->reader.score;
  char type[32];
  MUSICXML_EACH(child, node) {
    if (!musicxml_is(child, "creator") || score->composer[0]) continue;
    musicxml_attribute(type, sizeof type, child, "type");
    if (strcmp(type, "composer") == 0) musicxml_text(score->composer, sizeof score->composer, child);
  }
  const xmlNode *maker = musicxml_child(musicxml_child(node, "miscellaneous"), "miscellaneous-field");
  bool named = maker && strcmp(musicxml_attribute(type, sizeof type, maker, "name"), "made-by") == 0;
  if (!named) maker = musicxml_child(musicxml_child(node, "encoding"), "software");
  musicxml_text(score->source, sizeof score->source, maker);
  if (!named && strcmp(score->source, "Triptych") == 0)
    score->source[0] = 0; /* our own file, made from nothing */
}

static void read_credit(Pull *pull, const xmlNode *node) {
  char type[32];
  musicxml_text(type, sizeof type, musicxml_child(node, "credit-type"));
  if (strcmp(type, "title") == 0 && !pull->credit[0])
    musicxml_text(pull->credit, sizeof pull->credit, musicxml_child(node, "credit-words"));
}

static BaseStatus read_head(Pull *pull, const xmlNode *node) {
  if (musicxml_is(node, "work"))
    musicxml_text(pull->title, sizeof pull->title, musicxml_child(node, "work-title"));
  else if (musicxml_is(node, "movement-title"))
    musicxml_text(pull->movement, sizeof pull->movement, node);
  else if (musicxml_is(node, "identification"))
    read_identification(pull, node);
  else if (musicxml_is(node, "credit"))
    read_credit(pull, node);
  else if (musicxml_is(node, "part-list"))
    return memory_unless(pull, musicxml_read_part_list(&pull->reader, node));
  return BASE_OK;
}

/* ---- pulling ---- */

/* True after moving to the next node in document order; false at the end or on an error. */
static bool next_node(BaseStatus *status, Pull *pull, bool skip_children) {
  int moved = skip_children ? xmlTextReaderNext(pull->xml) : xmlTextReaderRead(pull->xml);
  if (moved < 0) *status = bad(pull, pull->complaint[0] ? pull->complaint : "it cannot be parsed");
  return moved > 0;
}

static BaseStatus check_root(Pull *pull, const char *name) {
  if (strcmp(name, "score-partwise") == 0) return BASE_OK;
  if (strcmp(name, "score-timewise") == 0)
    return base_fail(pull->ctx, BASE_UNSUPPORTED,
                     "“%s” is MusicXML arranged by time; only the arrangement by parts is read.", pull->name);
  return base_fail(pull->ctx, BASE_BAD_FILE, "“%s” is XML, but no MusicXML score: it starts with <%s>.",
                   pull->name, name);
}

static BaseStatus check_declarations(Pull *pull) {
  const xmlNode *node = xmlTextReaderCurrentNode(pull->xml);
  const xmlDtd *subset = node && node->doc ? node->doc->intSubset : NULL;
  bool declares = subset && (subset->entities || subset->pentities);
  return declares ? bad(pull, "it declares entities, which a score has no use for") : BASE_OK;
}

static BaseStatus start_part(Pull *pull) {
  xmlChar *id = xmlTextReaderGetAttribute(pull->xml, BAD_CAST "id");
  bool done = musicxml_start_part(&pull->reader, id ? (const char *)id : "");
  xmlFree(id);
  return memory_unless(pull, done);
}

static BaseStatus read_measure(Pull *pull, const xmlNode *node) {
  long consumed = xmlTextReaderByteConsumed(pull->xml);
  if (base_cancelled(pull->ctx)) return base_fail_cancelled(pull->ctx);
  base_progress(pull->ctx, consumed > 0 && pull->n ? (double)consumed / (double)pull->n : 0,
                "reading the score");
  return memory_unless(pull, musicxml_read_measure(&pull->reader, node));
}

/* Reads the element under the cursor; `whole` when its children have been read with it. */
static BaseStatus read_element(bool *whole, Pull *pull) {
  int depth = xmlTextReaderDepth(pull->xml);
  const char *name = (const char *)xmlTextReaderConstLocalName(pull->xml);
  *whole = false;
  if (depth == 0) return check_root(pull, name);
  bool part = depth == 1 && strcmp(name, "part") == 0, measure = depth == 2 && strcmp(name, "measure") == 0;
  if (part) return start_part(pull);
  if (depth == 2 && !measure) return *whole = true, BASE_OK;
  if (measure && !pull->reader.score->parts.n) return bad(pull, "a measure stands outside the parts");
  const xmlNode *node = xmlTextReaderExpand(pull->xml);
  if (!node) return bad(pull, pull->complaint[0] ? pull->complaint : "it cannot be parsed");
  *whole = true;
  return measure ? read_measure(pull, node) : read_head(pull, node);
}

static BaseStatus pull_document(Pull *pull) {
  BaseStatus status = BASE_OK;
  bool whole = false;
  while (status == BASE_OK && next_node(&status, pull, whole)) {
    int type = xmlTextReaderNodeType(pull->xml);
    whole = false;
    if (type == XML_READER_TYPE_DOCUMENT_TYPE)
      status = check_declarations(pull);
    else if (type == XML_READER_TYPE_ELEMENT)
      status = read_element(&whole, pull);
  }
  if (status == BASE_OK && !pull->reader.score->measures.n) status = bad(pull, "it holds no measure");
  return status;
}

/* ---- settling ---- */

static void settle_lengths(MusicxmlReader *reader) {
  Score *score = reader->score;
  for (size_t m = 0; m < score->measures.n; m++)
    if (score->measures.items[m].length.num == 0) score->measures.items[m].length = reader->nominals.items[m];
  for (size_t i = 0; i < score->signs.n; i++) {
    ScoreSign *sign = &score->signs.items[i];
    ScorePart *part = &score->parts.items[sign->part];
    sign->onset = beat_min(sign->onset, score->measures.items[sign->measure].length);
    if (sign->staff >= part->staves) part->staves = (int16_t)(sign->staff + 1);
  }
}

/* A segno or coda at the very end of a measure means the start of the next one. */
static void settle_jumps(MusicxmlReader *reader) {
  Score *score = reader->score;
  for (size_t i = 0; i < reader->jumps.n; i++) {
    const MusicxmlJump *jump = &reader->jumps.items[i];
    size_t m = (size_t)jump->measure;
    bool at_end = jump->onset.num > 0 && beat_compare(jump->onset, score->measures.items[m].length) >= 0;
    uint8_t targets = jump->bits & (SCORE_JUMP_SEGNO | SCORE_JUMP_CODA);
    size_t target = at_end && m + 1 < score->measures.n ? m + 1 : m;
    score->measures.items[target].jumps |= targets;
    score->measures.items[m].jumps |= jump->bits & (uint8_t)~targets;
  }
}

typedef struct {
  uint32_t id, note;
} Wish;

static int compare_wishes(const void *left, const void *right) {
  const Wish *a = left, *b = right;
  if (a->id != b->id) return a->id < b->id ? -1 : 1;
  return (a->note > b->note) - (a->note < b->note);
}

/* Ids from the file stay where they are unique; everything else gets fresh ones above them. */
static bool settle_ids(Score *score) {
  Wish *wishes = calloc(score->notes.n + 1, sizeof *wishes);
  if (!wishes) return false;
  for (size_t i = 0; i < score->notes.n; i++) wishes[i] = (Wish){score->notes.items[i].id, (uint32_t)i};
  qsort(wishes, score->notes.n, sizeof *wishes, compare_wishes);
  score->next_id = 1;
  for (size_t i = 0; i < score->notes.n; i++) {
    if (wishes[i].id >= score->next_id) score->next_id = wishes[i].id + 1;
    if (i && wishes[i].id == wishes[i - 1].id) score->notes.items[wishes[i].note].id = 0;
  }
  free(wishes);
  for (size_t i = 0; i < score->notes.n; i++)
    if (!score->notes.items[i].id) score->notes.items[i].id = score->next_id++;
  for (size_t i = 0; i < score->signs.n; i++) score->signs.items[i].id = score->next_id++;
  for (size_t i = 0; i < score->slurs.n; i++) {
    ScoreSlur *slur = &score->slurs.items[i];
    *slur = (ScoreSlur){score->notes.items[slur->from].id, score->notes.items[slur->to].id};
  }
  for (size_t i = 0; i < score->lyrics.n; i++)
    score->lyrics.items[i].note = score->notes.items[score->lyrics.items[i].note].id;
  return true;
}

static BaseStatus settle(Pull *pull) {
  Score *score = pull->reader.score;
  const char *title = pull->title[0] ? pull->title : pull->movement[0] ? pull->movement : pull->credit;
  memcpy(score->title, title, sizeof score->title);
  settle_lengths(&pull->reader);
  settle_jumps(&pull->reader);
  if (!settle_ids(score)) return base_fail_memory(pull->ctx);
  score_sort(score);
  return BASE_OK;
}

/* ---- files ---- */

static BaseStatus read_document(Pull *pull, const void *bytes, size_t n) {
  if (n > INT32_MAX) return bad(pull, "it is too large");
  pull->n = n;
  pull->xml = xmlReaderForMemory(bytes, (int)n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_COMPACT);
  if (!pull->xml) return base_fail_memory(pull->ctx);
  xmlTextReaderSetStructuredErrorHandler(pull->xml, (xmlStructuredErrorFunc)on_error, pull);
  BaseStatus status = pull_document(pull);
  xmlFreeTextReader(pull->xml);
  return status == BASE_OK ? settle(pull) : status;
}

static BaseStatus read_plain(BaseContext *ctx, Score **out, const void *bytes, size_t n, const char *name) {
  Pull *pull = calloc(1, sizeof *pull);
  Score *score = score_new();
  BaseStatus status = BASE_NO_MEMORY;
  if (pull && score) {
    pull->ctx = ctx;
    pull->name = name;
    pull->reader.score = score;
    status = read_document(pull, bytes, n);
    base_array_clear(&pull->reader.slurs);
    base_array_clear(&pull->reader.spans);
    base_array_clear(&pull->reader.jumps);
    base_array_clear(&pull->reader.nominals);
  } else
    base_fail_memory(ctx);
  free(pull);
  if (status == BASE_OK)
    *out = score;
  else
    score_free(score);
  return status;
}

BaseStatus musicxml_read_memory(BaseContext *ctx, Score **out, const void *bytes, size_t n,
                                const char *name) {
  bool packed = n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
  if (n == 0) return base_fail(ctx, BASE_BAD_FILE, "“%s” is empty.", name);
  if (!packed) return read_plain(ctx, out, bytes, n, name);
  void *score;
  size_t score_n;
  BaseStatus status = musicxml_unpack(ctx, &score, &score_n, bytes, n, name);
  if (status != BASE_OK) return status;
  status = read_plain(ctx, out, score, score_n, name);
  free(score);
  return status;
}

BaseStatus musicxml_read(BaseContext *ctx, Score **out, const char *path) {
  void *bytes;
  size_t n;
  BaseStatus status = base_file_read(ctx, &bytes, &n, path, 0);
  if (status != BASE_OK) return status;
  status = musicxml_read_memory(ctx, out, bytes, n, path);
  free(bytes);
  return status;
}
