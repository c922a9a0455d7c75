/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/base/base_number.h"
#include "core/base/base_text.h"
#include "core/music/musicxml_reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool musicxml_is(const xmlNode *node, const char *name) {
  return strcmp((const char *)node->name, name) == 0;
}

const xmlNode *musicxml_element(const xmlNode *node) {
  while (node && node->type != XML_ELEMENT_NODE) node = node->next;
  return node;
}

const xmlNode *musicxml_child(const xmlNode *node, const char *name) {
  if (!node) return NULL;
  MUSICXML_EACH(child, node)
  if (musicxml_is(child, name)) return child;
  return NULL;
}

static const char *text_below(char *field, size_t size, const xmlNode *children) {
  char raw[512];
  size_t n = 0;
  for (const xmlNode *node = children; node; node = node->next) {
    if ((node->type != XML_TEXT_NODE && node->type != XML_CDATA_SECTION_NODE) || !node->content) continue;
    size_t length = strnlen((const char *)node->content, sizeof raw - n);
    memcpy(raw + n, node->content, length);
    n += length;
  }
  base_text_set(field, size, raw, n);
  return field;
}

const char *musicxml_text(char *field, size_t size, const xmlNode *node) {
  return text_below(field, size, node ? node->children : NULL);
}

const char *musicxml_attribute(char *field, size_t size, const xmlNode *node, const char *name) {
  const xmlAttr *attribute = node ? node->properties : NULL;
  while (attribute && strcmp((const char *)attribute->name, name) != 0) attribute = attribute->next;
  return text_below(field, size, attribute ? attribute->children : NULL);
}

static double number(const char *text, double fallback) {
  char *end;
  double value = base_number_read(text, &end);
  return end == text || !isfinite(value) ? fallback : value;
}

double musicxml_number(const xmlNode *node, double fallback) {
  char text[64];
  return number(musicxml_text(text, sizeof text, node), fallback);
}

int musicxml_clamp(double value, int low, int high) {
  return value < low ? low : value > high ? high : (int)lrint(value);
}

int musicxml_attribute_int(const xmlNode *node, const char *name, int fallback) {
  char text[64];
  double value = number(musicxml_attribute(text, sizeof text, node, name), fallback);
  return musicxml_clamp(value, -1000000, 1000000);
}

bool musicxml_yes(const xmlNode *node, const char *attribute) {
  char text[8];
  return strcmp(musicxml_attribute(text, sizeof text, node, attribute), "yes") == 0;
}
