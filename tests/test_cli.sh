#!/bin/sh
# The command line as other programs rely on it: results, exit codes, one sentence for every bad file, nothing
# half-written. $1: triptych-cli, $2: the source folder. SPDX-License-Identifier: GPL-3.0-or-later
cli=$(readlink -f "$1") sample=$2/resources/sample
work=$(mktemp -d) || exit 99
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
unset DISPLAY WAYLAND_DISPLAY
export LC_ALL=C.UTF-8
n=0 failures=0

ok() { # TEXT: the result of the last command is the verdict
  verdict=$?
  n=$((n + 1))
  if [ $verdict -eq 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; failures=$((failures + 1)); fi
}

skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

# exits CODE COMMAND…: runs with output in $work/out and $work/err
exits() {
  wanted=$1
  shift
  "$@" >"$work/out" 2>"$work/err" </dev/null
  code=$?
  [ $code -eq "$wanted" ] && return 0
  echo "# exit $code instead of $wanted: $* ($(head -c 300 "$work/err"))"
  return 1
}

# one_sentence CODE COMMAND…: fails so, with one line that starts with the program's name
one_sentence() {
  exits "$@" && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q '^triptych-cli: .' "$work/err" && [ ! -s "$work/out" ]
}

# nothing_left: neither a result nor a temporary file
nothing_left() { [ -z "$(ls -A "$work/to")" ]; }

mkdir "$work/to" "$work/in" "$work/a folder"
cd "$work/in" || exit 99

# ---- help and usage
exits 0 "$cli" --help && grep -q align "$work/out"; ok "help lists the commands"
exits 0 "$cli" --version && grep -q '^triptych-cli [0-9]' "$work/out"; ok "version"
for command in read listen play align evaluate info notate engrave perform language learn explain; do
  exits 0 "$cli" $command --help && grep -q "triptych-cli $command" "$work/out"; ok "help of $command"
done
for command in notate engrave perform; do
  exits 2 "$cli" $command x -o "$work/to/y.mid" && grep -q "not in this version yet" "$work/err"; ok "$command is not promised"
done
exits 2 "$cli"; ok "no command is wrong usage"
exits 2 "$cli" dance; ok "unknown command"
exits 2 "$cli" read; ok "missing operand"
exits 2 "$cli" read a.png; ok "missing output"
exits 2 "$cli" read a.png -o "$work/to/x.wav"; ok "an ending that cannot be written"
exits 2 "$cli" listen a.wav b.wav -o "$work/to/x.mid"; ok "one operand too many"
exits 2 "$cli" listen a.wav -o "$work/to/x.mid" --threads many; ok "threads is a number"
exits 2 "$cli" listen a.wav -o "$work/to/x.mid" --dance; ok "unknown option"
exits 2 "$cli" listen a.wav -o - --json; ok "standard output is for one thing"
exits 2 "$cli" play a.mid -o "$work/to/x.wav" --keyboard harpsichord; ok "unknown keyboard"
exits 2 "$cli" play a.mid -o "$work/to/x.wav" --weights w --soundfont f; ok "one keyboard at a time"
exits 2 "$cli" explain a.wav b.mid --weights w --learn-piano v; ok "learned or given"
exits 2 "$cli" language dance; ok "unknown use of the language"
exits 2 "$cli" language score; ok "nothing to score"
exits 2 "$cli" language sample; ok "a sample goes somewhere"
exits 2 "$cli" language sample -o "$work/to/x.mid" --seconds long; ok "seconds is a number"
exits 2 "$cli" learn -o "$work/to/x.weights"; ok "learning needs something to learn from"
exits 2 "$cli" learn p.triptych --score a -o "$work/to/x.weights"; ok "a project or files"
exits 2 "$cli" evaluate dances a b; ok "unknown thing to evaluate"
nothing_left; ok "wrong usage leaves nothing"

# ---- results
exits 0 "$cli" play "$sample/menuet.musicxml" -o "$work/in/m.wav" --quiet --json && grep -q '"notes":' "$work/out" && [ -s m.wav ]
ok "play renders"
head -c 600000 m.wav >cut.wav
# The first note of the sample, half a staff space off its middle, becomes C6; the rest stays.
exits 0 "$cli" read "$sample/page-1.png" -o "$work/in/plain.json" --quiet; ok "read to boxes"
python3 - "$work/in/plain.json" "$work/in/edits.json" <<'EOF'
import json, sys
note = json.load(open(sys.argv[1]))["pages"][0]["notes"][0]
x, y, width, height = note["box"]
json.dump({"edits": [{"page": 0, "x": x + width / 2 + 3, "y": y + height / 2, "set": "pitch", "to": "C6"},
                     {"page": 0, "x": 1, "y": 1, "set": "dots", "to": 1}]}, open(sys.argv[2], "w"))
EOF
exits 0 "$cli" read "$sample/page-1.png" --edits "$work/in/edits.json" -o "$work/in/edited.csv" --json && grep -q '"edits":2,"edits_lost":1' "$work/out"; ok "read --edits"
exits 0 "$cli" read "$sample/page-1.png" --edits="$work/in/edits.json" --only-edits -o "$work/in/only.csv" --quiet; ok "read --only-edits"
exits 0 "$cli" read "$sample/page-1.png" -o "$work/in/plain.csv" --quiet; [ "$(diff "$work/in/plain.csv" "$work/in/only.csv" | grep -c "^>")" = 2 ] && diff "$work/in/plain.csv" "$work/in/only.csv" | grep -q '^> .*,84,'; ok "one note is another one, both times it is played"
printf '{"edits":[{"page":0}]}' >"$work/in/bad.json"
one_sentence 1 "$cli" read "$sample/page-1.png" --edits "$work/in/bad.json" -o "$work/to/x.musicxml" --quiet; ok "edits that make no sense"

exits 0 "$cli" listen "$sample/recording.ogg" -o "$work/in/l.csv" --threads=2 --seed 3 --json && grep -q '"command":"listen"' "$work/out" && [ -s l.csv ]
ok "listen writes notes"
exits 0 "$cli" listen "$sample/recording.ogg" --score "$sample/menuet.musicxml" -o "$work/in/hint.json" --json && [ "$(sed 's/.*"as_written":\([0-9]*\).*/\1/' "$work/out")" -gt 150 ] && grep -q '"score_note":' hint.json && grep -q '"not_played":\[' hint.json
ok "listen with a score tells what was played as written"
one_sentence 1 "$cli" listen "$sample/recording.ogg" --score nothing.musicxml -o "$work/in/no.json" && grep -q nothing.musicxml "$work/err"
ok "listen names a score that is not there"
exits 0 "$cli" align "$sample/menuet.musicxml" l.csv -o - && head -1 "$work/out" | grep -q '^score_quarter,measure,beat,time_s,confidence,anchor,pitches$'
ok "align writes to standard output"
exits 0 "$cli" explain "$sample/recording.ogg" l.csv --learn-piano "$work/in/own.weights" --json --quiet && grep -q '"notes":\[{"id":1,' "$work/out" && [ -s own.weights ]
ok "explain judges and learns the instrument"
exits 0 "$cli" play "$sample/menuet.musicxml" -o "$work/in/own.wav" --keyboard model --weights own.weights --quiet && [ -s own.wav ]
ok "play on the learned instrument"
printf 'score_quarter,time_s\n3,3.25\n' >anchors.csv
exits 0 "$cli" align "$sample/menuet.musicxml" l.csv -o "$work/in/a.csv" --anchors anchors.csv && grep -q '^3,[^,]*,[^,]*,3.25,1,1,' a.csv
ok "an anchor is kept to"
exits 0 "$cli" align "$sample/menuet.musicxml" "$sample/recording.ogg" -o "$work/in/weighed.json" --weigh --json && grep -q '"notes_not_needed":[0-9]' "$work/out" && grep -q '"sounding":0' weighed.json
ok "align weighs what was heard"
printf 'score_quarter,time_s\n3,2.48\n6,4.02\n' >two.csv
exits 0 "$cli" learn --score "$sample/menuet.musicxml" --audio "$sample/recording.ogg" --anchors two.csv --steps 3 --json -o "$work/in/ear.weights" &&
  grep -q '"bars":2,.*"dreams_after":0' "$work/out" && exits 0 "$cli" info ear.weights --json && grep -q '"text_kind":"triptych transcription"' "$work/out"
ok "learn writes weights and a report"
exits 0 "$cli" align "$sample/page-1.png" "$sample/page-2.png" "$sample/recording.ogg" --anchors two.csv -o "$work/in/a.pairs" --quiet &&
  [ -s a.pairs/manifest.json ] && [ -s a.pairs/bar-2.flac ] && [ -s a.pairs/bar-3.png ] && [ -s a.pairs/score.musicxml ] &&
  grep -q '^snote(' a.pairs/alignment.match && [ "$(ls -d a.pairs* | wc -l)" -eq 1 ]
ok "trusted bars as a data set"
exits 0 "$cli" learn a.pairs --steps 3 --json -o "$work/in/of-pairs.weights" && grep -q '"bars":2,' "$work/out" && [ -s of-pairs.weights ]
ok "learn from a data set"
one_sentence 1 "$cli" align "$sample/menuet.musicxml" l.csv -o "$work/in/b.pairs"; [ ! -e b.pairs ]; ok "a data set needs anchors"
exits 0 "$cli" listen cut.wav --weights ear.weights -o "$work/in/again.csv" --quiet && [ -s again.csv ]; ok "listen with what was learned"
exits 0 "$cli" align "$sample/menuet.musicxml" l.csv -o "$work/in/a.match" && grep -q '^snote(n[0-9]*-1,.*)-note(n' a.match; ok "match"
exits 0 "$cli" align "$sample/menuet.musicxml" l.csv -o "$work/in/a.parangonada" && [ "$(ls a.parangonada | wc -l)" -eq 5 ] && grep -q '^0,0,n' a.parangonada/align.csv
ok "a folder for Parangonada"
one_sentence 1 "$cli" align "$sample/menuet.musicxml" l.csv -o "$work/in/a.parangonada" && [ "$(ls -d a.parangonada* | wc -l)" -eq 1 ]; ok "that is not overwritten"
exits 0 "$cli" align "$sample/menuet.musicxml" l.csv -o "$work/in/a.tsv" && head -1 a.tsv | grep -q '^xml_id'; ok "note alignment"
exits 0 "$cli" evaluate alignment "$sample/truth.csv" a.csv --json && grep -q '"median_ms":' "$work/out"; ok "evaluate alignment"
exits 0 "$cli" evaluate notes l.csv l.csv --json && grep -q '"onset_f1":1,' "$work/out"; ok "evaluate notes"
exits 0 "$cli" evaluate score "$sample/menuet.musicxml" "$sample/menuet.musicxml" --json && grep -q '"pitch_onset_duration_f1":1,' "$work/out"
ok "evaluate score"
exits 0 "$cli" language score "$sample/menuet.musicxml" --json && grep -q '"notes":[1-9][0-9]*,"nats_per_note":[0-9.]*,"time":[0-9.]*,"pitch":[0-9.]*,"duration":[0-9.]*,"velocity":' "$work/out"
ok "language score"
exits 0 "$cli" language score "$sample/recording.ogg" --json && grep -q '"moments":[1-9][0-9]*,"nats_per_moment":[0-9.]*,"nats_per_second":[0-9.]*}' "$work/out"
ok "language score of a recording"
exits 0 "$cli" language score --written "$sample/menuet.musicxml" --json && grep -q '"notes":[1-9][0-9]*,"nats_per_note":[0-9.]*,"time":' "$work/out"
ok "language score of what is written"
exits 0 "$cli" language sample -o s1.mid --seconds 5 --seed 4 --quiet && exits 0 "$cli" language sample -o s2.mid --seconds 5 --seed 4 --quiet && cmp s1.mid s2.mid
ok "a seed makes the same music"
exits 0 "$cli" language sample -o s3.mid --seconds 5 --seed 5 --quiet && ! cmp -s s1.mid s3.mid; ok "another seed makes other music"
exits 0 "$cli" language sample -o s4.csv --continue "$sample/menuet.musicxml" --seconds 4 --json && grep -q '"new_notes":[1-9]' "$work/out" && [ "$(wc -l <s4.csv)" -gt 20 ]
ok "music goes on"
exits 0 "$cli" language doubts "$sample/menuet.musicxml" --json && grep -q '"command":"language doubts","notes":[1-9][0-9]*,"doubts":\[' "$work/out"
ok "language doubts"
for file in "$sample/menuet.musicxml" "$sample/page-1.png" "$sample/recording.ogg" l.csv m.wav; do
  exits 0 "$cli" info "$file" --json && grep -q '"kind":' "$work/out"; ok "info $(basename "$file")"
done
exits 0 "$cli" info -- "$sample/page-1.png"; ok "operands after --"

# ---- bad files
: >empty
printf 'Dear reader, this is no music.\n' >letter.txt
head -c 3000 "$sample/page-1.png" >cut.png
head -c 3000 "$sample/menuet.musicxml" >cut.musicxml
printf 'MThd\0\0\0\6\0\1\0\2\1\340MTrk\0\0\1\0\0\220' >cut.mid
printf '%%PDF-1.4\n1 0 obj\n<< /Type' >cut.pdf
printf 'RIFF\044\0\0\0WAVEfmt \020\0\0\0\1\0' >header.wav
printf 'PK\3\4 and then nothing' >broken.mxl
printf '0.5,1,sixty\n' >bad.csv
printf '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ccccccccc"><!ENTITY d "&b;&b;&b;&b;">]><a>&d;</a>' >entity.musicxml
cp "$sample/page-1.png" page.wav
cp m.wav sound.png
cp "$sample/page-1.png" locked.png && chmod 000 locked.png
exits 0 "$cli" info page.wav --json && grep -q '"kind":"pages"' "$work/out"; ok "content counts, not the ending"
for file in empty letter.txt cut.musicxml cut.mid missing.png "$work/a folder" sound.png cut.pdf cut.png; do
  one_sentence 1 "$cli" read "$file" -o "$work/to/x.musicxml" --quiet; ok "read $(basename "$file")"
done
for file in empty letter.txt header.wav page.wav missing.wav "$work/a folder" cut.mid; do
  one_sentence 1 "$cli" listen "$file" -o "$work/to/x.mid" --quiet; ok "listen $(basename "$file")"
done
for file in empty letter.txt broken.mxl entity.musicxml cut.musicxml bad.csv missing.mid "$work/a folder"; do
  one_sentence 1 "$cli" play "$file" -o "$work/to/x.wav" --quiet; ok "play $(basename "$file")"
  one_sentence 1 "$cli" align "$file" m.wav -o "$work/to/x.csv" --quiet; ok "align $(basename "$file")"
  one_sentence 1 "$cli" language score "$file" --quiet; ok "language score $(basename "$file")"
  one_sentence 1 "$cli" info "$file"; ok "info $(basename "$file")"
done
one_sentence 1 "$cli" align "$sample/menuet.musicxml" letter.txt -o "$work/to/x.csv"; ok "align to a letter"
one_sentence 1 "$cli" align "$sample/menuet.musicxml" l.csv -o "$work/to/x.csv" --anchors letter.txt; ok "anchors that are a letter"
printf '3,3.25\n4,2\n' >crossing.csv
one_sentence 1 "$cli" align "$sample/menuet.musicxml" l.csv -o "$work/to/x.csv" --anchors crossing.csv && grep -q cross "$work/err"
ok "anchors that cross"
one_sentence 1 "$cli" play "$sample/menuet.musicxml" -o "$work/to/x.wav" --soundfont letter.txt; ok "a soundfont that is a letter"
one_sentence 1 "$cli" play "$sample/menuet.musicxml" -o "$work/to/x.wav" --weights letter.txt; ok "an instrument that is a letter"
one_sentence 1 "$cli" language sample -o "$work/to/x.mid" --weights letter.txt; ok "a language that is a letter"
one_sentence 1 "$cli" explain letter.txt l.csv --quiet; ok "a letter is no recording to explain"
one_sentence 1 "$cli" explain m.wav letter.txt --quiet; ok "a letter explains nothing"
one_sentence 1 "$cli" read "$sample/page-1.png" -o "$work/nowhere/x.musicxml"; ok "an output folder that is not there"
if [ "$(id -u)" -eq 0 ]; then skip "read locked.png" "root may read everything"; else
  one_sentence 1 "$cli" read locked.png -o "$work/to/x.musicxml"; ok "read locked.png"
fi
nothing_left; ok "bad files leave nothing"

# ---- a photo of a cat, ten seconds of silence: PGM noise and WAV zeros made by hand, as real files of their kinds
if command -v python3 >/dev/null; then
  python3 - <<'PY'
import random, struct, zlib
random.seed(4)
w, h = 900, 700
rows = b''.join(b'\0' + bytes(min(255, max(0, int(128 + 60 * ((x // 90 + y // 70) % 3 - 1) + random.gauss(0, 40)))) for x in range(w)) for y in range(h))
chunk = lambda t, d: struct.pack('>I', len(d)) + t + d + struct.pack('>I', zlib.crc32(t + d))
open('cat.png', 'wb').write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 0, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(rows, 1)) + chunk(b'IEND', b''))
n = 16000 * 10
open('silence.wav', 'wb').write(b'RIFF' + struct.pack('<I', 36 + 2 * n) + b'WAVEfmt ' + struct.pack('<IHHIIHH', 16, 1, 1, 16000, 32000, 2, 16) + b'data' + struct.pack('<I', 2 * n) + bytes(2 * n))
PY
  one_sentence 1 "$cli" read cat.png -o "$work/to/x.musicxml" --quiet; ok "a photo of a cat is no music"
  one_sentence 1 "$cli" align "$sample/menuet.musicxml" silence.wav -o "$work/to/x.csv" --quiet; ok "silence aligns with nothing"
  nothing_left; ok "neither leaves anything"
  exits 0 "$cli" listen silence.wav -o "$work/in/silence.csv" --quiet; ok "silence is no error to hear"
else
  skip "a photo of a cat and silence" "no python3 to make them with"
fi
exits 0 "$cli" listen cut.wav -o "$work/in/cut.csv" --quiet || one_sentence 1 "$cli" listen cut.wav -o "$work/in/cut.csv"; ok "a recording that was cut off"

# ---- an old result stays when a new one fails; a new one replaces it whole
echo old >"$work/to/x.mid"
one_sentence 1 "$cli" listen letter.txt -o "$work/to/x.mid" && [ "$(cat "$work/to/x.mid")" = old ]; ok "an old result survives a failure"
rm "$work/to/x.mid"

# ---- cancelling
i=0
while [ $i -lt 12 ]; do cat "$sample/page-1.png" >"p$i.png"; i=$((i + 1)); done
"$cli" read p*.png -o "$work/to/x.musicxml" --quiet >"$work/out" 2>"$work/err" &
pid=$!
sleep 0.7
kill -INT $pid
wait $pid
[ $? -eq 3 ]; ok "SIGINT ends with 3"
nothing_left; ok "a cancelled run leaves nothing"

# ---- full disk
if [ "$(id -u)" -eq 0 ] && mkdir "$work/full" && mount -t tmpfs -o size=16k tmpfs "$work/full" 2>/dev/null; then
  one_sentence 1 "$cli" play "$sample/menuet.musicxml" -o "$work/full/x.wav" --quiet && grep -qi "disk is full\|no space" "$work/err"; ok "a full disk is told"
  [ -z "$(ls -A "$work/full")" ]; ok "a full disk keeps nothing half-written"
  umount "$work/full"
else
  skip "a full disk is told" "a small file system needs the right to mount"
fi

echo "1..$n"
[ $failures -eq 0 ]
