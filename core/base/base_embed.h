/* Weights that are part of the program. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Declares the bytes of resources/models/NAME.weights, from NAME_weights up to NAME_weights_end, 64-byte
 * aligned, read-only, there as long as the program; a dash in the file's name is an underscore here. The
 * library that says so lists `weights['NAME']` among its sources (core/meson.build). Read them with
 * base_pack_load_memory. */
#define BASE_EMBEDDED_WEIGHTS(name) extern const unsigned char name##_weights[], name##_weights_end[]
