/* A transcription as bytes for the memo. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/transcription/transcription.h"

#include <glib.h>

G_BEGIN_DECLS

/* Packed and compressed. Null without memory. */
GBytes *heard_pack(const Transcription *heard);

/* What heard_pack made; null when the bytes are anything else. */
Transcription *heard_unpack(const void *bytes, gsize n);

/* Any bytes compressed (zlib, fast) and back; `limit` bounds what comes out. Null on failure. */
GBytes *heard_compress(const void *bytes, gsize n);
guint8 *heard_expand(const void *bytes, gsize n, gsize *size, gsize limit);

G_END_DECLS
