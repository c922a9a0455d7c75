#!/bin/sh
# Writes OUTPUT, a C source that holds the bytes of FILE between NAME_weights and NAME_weights_end.
# usage: base_embed.sh NAME FILE OUTPUT. SPDX-License-Identifier: GPL-3.0-or-later
set -eu
cat >"$3" <<EOF
__asm__(".pushsection .rodata\n"
        ".global $1_weights, $1_weights_end\n"
        ".balign 64\n"
        "$1_weights: .incbin \"$2\"\n"
        "$1_weights_end: .byte 0\n"
        ".popsection\n");
extern const unsigned char $1_weights[];
EOF
