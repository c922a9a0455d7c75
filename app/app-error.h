/* The one place where a status becomes a GError. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/base/base_context.h"

#include <glib.h>

G_BEGIN_DECLS

/* Codes are BaseStatus. */
#define TRI_ERROR (tri_error_quark())
GQuark tri_error_quark(void);

/* True for BASE_OK; else sets `error` (may be null) to the context's sentence and is false. */
gboolean tri_error_take(GError **error, BaseStatus status, const BaseContext *ctx);

G_END_DECLS
