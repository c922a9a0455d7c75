/* The .mxl container. Private to core/music. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <stddef.h>

/* Takes the score out of an .mxl held in memory: the file that META-INF/container.xml names, else the first
 * .xml or .musicxml. `bytes` is freed by the caller. BASE_BAD_FILE; unpacks at most 512 MB. */
BaseStatus musicxml_unpack(BaseContext *ctx, void **bytes, size_t *n, const void *archive, size_t archive_n,
                           const char *name);

/* Packs one score as .mxl; freed by the caller. The same score gives the same bytes. */
BaseStatus musicxml_pack(BaseContext *ctx, void **bytes, size_t *n, const void *score, size_t score_n);
