#!/bin/sh
# Every text is extracted and every translation complete. SPDX-License-Identifier: GPL-3.0-or-later
# check_translations.sh SOURCE_FOLDER
cd "$1" || exit 1
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
status=0

for file in $(grep -lE '\b(N?C?_|ngettext|NC_)\("' app/*.[ch] widgets/*.[ch]) resources/ui/*.ui; do
  grep -qx "$file" po/POTFILES || { echo "po/POTFILES lacks $file"; status=1; }
done

xgettext --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=C_:1c,2 --keyword=NC_:1c,2 \
  --keyword=ngettext:1,2 --files-from=po/POTFILES --output="$scratch/all.pot" || status=1

for language in $(cat po/LINGUAS); do
  msgfmt --check --output-file=/dev/null "po/$language.po" || status=1
  msgcmp "po/$language.po" "$scratch/all.pot" || { echo "po/$language.po is not complete"; status=1; }
done
exit $status
