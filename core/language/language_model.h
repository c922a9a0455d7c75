/* Inside of a language, for the files of core/language and who trains it. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/language/language.h"

/* The text "kind" of its weights file, beside "width", "layers" and "rank" of its size. */
#define LANGUAGE_KIND "triptych language"

enum { LANGUAGE_STRETCH = 64, LANGUAGE_HALF_STRETCH = 32 }; /* steps that are read at once */

struct LanguageModel {
  LanguageSize size;
  NnNet *trunk, *heads;
  LanguageTensors in_trunk, in_heads;
};
