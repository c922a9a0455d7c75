/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_text.h"
#include "core/music/musicxml_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void keep(MusicxmlWriter *writer, int result) {
  if (result < 0) writer->failed = true;
}

/* Text as XML can hold it; fields that came through base_text_set are unchanged. */
static const xmlChar *clean(char *field, size_t size, const char *text) {
  base_text_set(field, size, text, strnlen(text, size));
  return (const xmlChar *)field;
}

void musicxml_start(MusicxmlWriter *writer, const char *name) {
  keep(writer, xmlTextWriterStartElement(writer->xml, BAD_CAST name));
}

void musicxml_end(MusicxmlWriter *writer) {
  keep(writer, xmlTextWriterEndElement(writer->xml));
}

void musicxml_put_attribute(MusicxmlWriter *writer, const char *name, const char *value) {
  char field[256];
  keep(writer, xmlTextWriterWriteAttribute(writer->xml, BAD_CAST name, clean(field, sizeof field, value)));
}

void musicxml_put_attribute_int(MusicxmlWriter *writer, const char *name, int value) {
  char text[16];
  snprintf(text, sizeof text, "%d", value);
  musicxml_put_attribute(writer, name, text);
}

void musicxml_put_words(MusicxmlWriter *writer, const char *text) {
  char field[256];
  keep(writer, xmlTextWriterWriteString(writer->xml, clean(field, sizeof field, text)));
}

void musicxml_put(MusicxmlWriter *writer, const char *name, const char *text) {
  musicxml_start(writer, name);
  musicxml_put_words(writer, text);
  musicxml_end(writer);
}

void musicxml_put_int(MusicxmlWriter *writer, const char *name, int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, value);
  musicxml_put(writer, name, text);
}

void musicxml_put_empty(MusicxmlWriter *writer, const char *name) {
  musicxml_start(writer, name);
  musicxml_end(writer);
}

int64_t musicxml_units(const MusicxmlWriter *writer, Beat beat) {
  Beat units = beat_mul(beat, beat_whole(writer->divisions));
  Beat half_up = beat_add(units, beat_make(1, 2));
  return half_up.num >= 0 ? half_up.num / half_up.den : 0;
}
