/* A fixed little-endian layout with a version and counts in front, then compressed: evidence is mostly zeros.
 * What comes back is checked against its counts and by motion_validate before anybody sees it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/heard.h"

#include <gio/gio.h>
#include <string.h>

enum { layout_version = 1, header_words = 6, note_size = 32, pedal_size = 16 };
static const gsize most_bytes = (gsize)1 << 30;

/* ---- compression ---- */

static GByteArray *convert(GConverter *converter, const void *bytes, gsize n, gsize limit) {
  GByteArray *out = g_byte_array_new();
  const guint8 *at = bytes;
  guint8 *piece = g_malloc(65536);
  GConverterResult result = G_CONVERTER_CONVERTED;
  while (result != G_CONVERTER_FINISHED && result != G_CONVERTER_ERROR && out->len <= limit) {
    gsize read = 0, written = 0;
    result =
        g_converter_convert(converter, at, n, piece, 65536, G_CONVERTER_INPUT_AT_END, &read, &written, NULL);
    if (result == G_CONVERTER_ERROR) break;
    g_byte_array_append(out, piece, (guint)written);
    at += read;
    n -= read;
  }
  g_free(piece);
  g_object_unref(converter);
  if (result == G_CONVERTER_FINISHED && out->len <= limit) return out;
  g_byte_array_unref(out);
  return NULL;
}

GBytes *heard_compress(const void *bytes, gsize n) {
  GByteArray *out =
      convert(G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_RAW, 1)), bytes, n, G_MAXUINT / 2);
  return out ? g_byte_array_free_to_bytes(out) : NULL;
}

guint8 *heard_expand(const void *bytes, gsize n, gsize *size, gsize limit) {
  GByteArray *out = convert(G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_RAW)), bytes, n,
                            MIN(limit, G_MAXUINT / 2));
  if (!out) return NULL;
  *size = out->len;
  return g_byte_array_free(out, FALSE);
}

/* ---- packing ---- */

static void put(GByteArray *out, const void *bytes, gsize n) {
  g_byte_array_append(out, bytes, (guint)n);
}

static void put_word(GByteArray *out, guint64 word) {
  word = GUINT64_TO_LE(word);
  put(out, &word, sizeof word);
}

static void put_real(GByteArray *out, double real) {
  guint64 word;
  memcpy(&word, &real, sizeof word);
  put_word(out, word);
}

static void put_note(GByteArray *out, const MotionNote *note) {
  float confidence = note->confidence;
  guint32 bits;
  memcpy(&bits, &confidence, sizeof bits);
  put_real(out, note->onset_s);
  put_real(out, note->key_up_s);
  put_word(out, (guint64)note->id << 32 | bits);
  put_word(out, (guint64)note->midi | (guint64)note->velocity << 8 | (guint64)note->channel << 16);
}

/* Planes beyond onset and sounding: none, the strength, or that and release and shift. */
static guint64 more_planes(const Evidence *evidence) {
  if (!evidence->strength) return 0;
  return evidence->release && evidence->shift ? 3 : 1;
}

GBytes *heard_pack(const Transcription *heard) {
  const Motion *motion = heard->motion;
  const Evidence *evidence = heard->evidence;
  gsize frames = evidence ? evidence->frames : 0;
  GByteArray *out = g_byte_array_new();
  put_word(out, layout_version);
  put_word(out, motion->notes.n);
  put_word(out, motion->pedals.n);
  put_word(out, frames);
  put_real(out, evidence ? evidence->hop_s : 0);
  put_word(out, evidence ? more_planes(evidence) : 0);
  for (gsize i = 0; i < motion->notes.n; i++) put_note(out, &motion->notes.items[i]);
  for (gsize i = 0; i < motion->pedals.n; i++) {
    put_real(out, motion->pedals.items[i].time_s);
    put_word(out, (guint64)motion->pedals.items[i].pedal | (guint64)motion->pedals.items[i].depth << 8);
  }
  if (frames) put(out, evidence->onset, frames * MOTION_KEYS);
  if (frames) put(out, evidence->sounding, frames * MOTION_KEYS);
  if (frames && evidence->strength) put(out, evidence->strength, frames * MOTION_KEYS);
  if (frames && more_planes(evidence) == 3) put(out, evidence->release, frames * MOTION_KEYS);
  if (frames && more_planes(evidence) == 3) put(out, evidence->shift, frames * MOTION_KEYS);
  GBytes *bytes = heard_compress(out->data, out->len);
  g_byte_array_unref(out);
  return bytes;
}

/* ---- unpacking ---- */

static guint64 word_at(const guint8 *bytes, gsize word) {
  guint64 value;
  memcpy(&value, bytes + 8 * word, sizeof value);
  return GUINT64_FROM_LE(value);
}

static double real_at(const guint8 *bytes, gsize word) {
  guint64 value = word_at(bytes, word);
  double real;
  memcpy(&real, &value, sizeof real);
  return real;
}

static gboolean take_note(Motion *motion, const guint8 *bytes) {
  guint64 head = word_at(bytes, 2), tail = word_at(bytes, 3);
  guint32 bits = (guint32)head;
  float confidence;
  memcpy(&confidence, &bits, sizeof confidence);
  MotionNote note = {.id = (guint32)(head >> 32),
                     .onset_s = real_at(bytes, 0),
                     .key_up_s = real_at(bytes, 1),
                     .midi = (guint8)tail,
                     .velocity = (guint8)(tail >> 8),
                     .channel = (guint8)(tail >> 16),
                     .confidence = confidence};
  motion->next_id = MAX(motion->next_id, note.id + 1);
  return base_array_push(&motion->notes, note);
}

static gboolean take_motion(Transcription *heard, const guint8 *bytes, gsize notes, gsize pedals) {
  Motion *motion = heard->motion = motion_new();
  gboolean good = motion != NULL;
  for (gsize i = 0; good && i < notes; i++) good = take_note(motion, bytes + i * note_size);
  bytes += notes * note_size;
  for (gsize i = 0; good && i < pedals; i++) {
    guint64 tail = word_at(bytes + i * pedal_size, 1);
    MotionPedal pedal = {real_at(bytes + i * pedal_size, 0), (guint8)tail, (guint8)(tail >> 8)};
    good = base_array_push(&motion->pedals, pedal);
  }
  return good && motion_validate(NULL, motion) == BASE_OK;
}

static gboolean take_evidence(Transcription *heard, const guint8 *bytes, gsize frames, double hop_s,
                              gsize more) {
  if (!frames) return TRUE;
  if (!(hop_s > 0 && hop_s < 1)) return FALSE;
  Evidence *evidence = heard->evidence = evidence_new(frames, hop_s);
  if (!evidence) return FALSE;
  gsize n = frames * MOTION_KEYS;
  memcpy(evidence->onset, bytes, n);
  memcpy(evidence->sounding, bytes + n, n);
  if (more >= 1) memcpy(evidence->strength, bytes + 2 * n, n);
  if (more == 3) memcpy(evidence->release, bytes + 3 * n, n);
  if (more == 3) memcpy(evidence->shift, bytes + 4 * n, n);
  return TRUE;
}

static gboolean take(Transcription *heard, const guint8 *bytes, gsize size) {
  if (size < 8 * header_words || word_at(bytes, 0) != layout_version) return FALSE;
  gsize notes = word_at(bytes, 1), pedals = word_at(bytes, 2), frames = word_at(bytes, 3);
  gsize more = word_at(bytes, 5);
  if ((more > 1 && more != 3) || notes > most_bytes / note_size || pedals > most_bytes / pedal_size ||
      frames > most_bytes / (5 * MOTION_KEYS))
    return FALSE;
  gsize head = 8 * header_words, events = notes * note_size + pedals * pedal_size;
  if (size != head + events + frames * MOTION_KEYS * (2 + more)) return FALSE;
  return take_motion(heard, bytes + head, notes, pedals) &&
         take_evidence(heard, bytes + head + events, frames, real_at(bytes, 4), more);
}

Transcription *heard_unpack(const void *bytes, gsize n) {
  gsize size = 0;
  guint8 *expanded = heard_expand(bytes, n, &size, most_bytes);
  Transcription *heard = expanded ? calloc(1, sizeof *heard) : NULL;
  if (heard && !take(heard, expanded, size)) {
    transcription_free(heard);
    heard = NULL;
  }
  g_free(expanded);
  return heard;
}
