/* What every fallible function of core/ returns. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The outcome of a call. Anything but BASE_OK leaves a sentence for a person in the context
 * (see base_context.h) and leaves every output of the call untouched. */
typedef enum {
  BASE_OK = 0,
  BASE_CANCELLED,   /* the caller raised ctx->cancel */
  BASE_NO_MEMORY,   /* an allocation failed */
  BASE_BAD_INPUT,   /* the values make no sense to this function: an empty page, a negative length */
  BASE_BAD_FILE,    /* the bytes are not what the format promises */
  BASE_UNREADABLE,  /* the system would not open, read or write the file */
  BASE_VERSION,     /* the file is from a newer or unknown version */
  BASE_UNSUPPORTED, /* well-formed, but not something this program handles */
  BASE_NUMERIC,     /* a computation left the finite numbers */
} BaseStatus;

/* A short lower-case English name of `status` ("bad file"), static, never null. */
const char *base_status_name(BaseStatus status);
