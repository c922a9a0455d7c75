#!/bin/sh
# Writes OUTPUT, an assembly source that holds the bytes of FILE between NAME_weights and NAME_weights_end.
# usage: base_embed.sh NAME FILE OUTPUT. SPDX-License-Identifier: GPL-3.0-or-later
set -eu
cat >"$3" <<EOF
.section .rodata
.global $1_weights, $1_weights_end
.balign 64
$1_weights:
.incbin "$2"
$1_weights_end:
.byte 0
.section .note.GNU-stack, "", %progbits
EOF
