#!/bin/sh
# Every header of core/, widgets/ and app/ compiles when it is the first line of a file.
# Usage: check_headers.sh SOURCE_ROOT COMPILER...    SPDX-License-Identifier: GPL-3.0-or-later
root=$1
shift
flags=$(pkg-config --cflags gtk4 libadwaita-1 libxml-2.0 lept poppler-glib sqlite3 portaudio-2.0 sndfile fluidsynth \
        rubberband fftw3f soxr openblas 2>/dev/null)
cd "$root" || exit 1
headers=$(find core widgets app -name '*.h' | sort)
[ -n "$headers" ] || { echo "no headers found below $root"; exit 1; }
export COMPILE="$* -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -Werror -fsyntax-only -I. $flags -x c -"
failed=$(printf '%s\n' $headers | xargs -P 2 -I{} sh -c \
  'printf "#include \"%s\"\n" "$1" | $COMPILE >/dev/null 2>&1 || echo "$1"' sh {})
[ -z "$failed" ] && exit 0
echo "These headers do not compile alone:"
for header in $failed; do
  echo "$header"
  printf '#include "%s"\n' "$header" | $COMPILE 2>&1 | grep -m1 error
done
exit 1
