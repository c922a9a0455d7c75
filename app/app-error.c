/* Core says what happened in a status and why in a sentence; GLib wants both in one value.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/app-error.h"

G_DEFINE_QUARK(tri - error - quark, tri_error)

gboolean tri_error_take(GError **error, BaseStatus status, const BaseContext *ctx) {
  if (status == BASE_OK) return TRUE;
  g_set_error_literal(error, TRI_ERROR, (int)status,
                      *ctx->sentence ? ctx->sentence : base_status_name(status));
  return FALSE;
}
