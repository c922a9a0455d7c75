/* MusicXML 4.0 partwise, plain and compressed. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/music/score.h"

/* Reads .musicxml/.xml (partwise; timewise is BASE_UNSUPPORTED) or .mxl, told apart by content. No network,
 * no external entities, bounded expansion. Unknown elements are skipped. Positions of notes in a damaged
 * measure are clamped, never negative. BASE_BAD_FILE names the file and the first reason. */
BaseStatus musicxml_read(BaseContext *ctx, Score **out, const char *path);
BaseStatus musicxml_read_memory(BaseContext *ctx, Score **out, const void *bytes, size_t n, const char *name);

/* Writes by the ending: .mxl compressed, anything else plain; "-" plain to standard output. Appears whole or
 * not at all. Note ids become xml ids ("n17"), boxes become default-x where a page is known; reading the
 * file back gives a Score for which score_equal holds. */
BaseStatus musicxml_write(BaseContext *ctx, const Score *score, const char *path);
