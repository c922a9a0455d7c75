#!/usr/bin/env python3
# Page images and a human-like recording of the sample piece. SPDX-License-Identifier: GPL-3.0-or-later
"""make_sample.py [FOLDER]: from menuet.musicxml in FOLDER (default: the folder of this file) make

  page-1.png, page-2.png   the engraved pages, 300 dpi, 16 greys
  recording.ogg            a performance that is not a mechanical copy of the score
  truth.csv                score_quarter,time_s: when each onset of the unfolded score is really struck

Needs the programs musescore3, pdftoppm (poppler-utils), fluidsynth, sox and the sound font of the Debian package
musescore-general-soundfont. Same input, same output: everything random comes from one seed.

The performer: a tempo curve of phrase arcs (Todd 1992) on eighth notes with an AR(1) hand, a broad final
ritardando and a breath between sections; dynamics that follow the arc, the metre and the contour; a melody that
leads the bass by some 20 ms (Goebl 2001); legato, detached and repeated notes of different lengths; half-pedalled
long notes. Like a person it slips: two notes are not played, one neighbour key is touched, once it hesitates."""

import csv
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zlib

SEED = 114
TEMPO_QPM = 118
LEAD_IN_S = 0.9
TAIL_S = 2.6
TICKS_PER_S = 960
SOUND_FONT = "/usr/share/sounds/sf3/MuseScore_General.sf3"
PHRASE_QUARTERS = 24
OMITTED = {(6, 2, 1.5, 71), (14, 2, 2.0, 59)}  # measure, pass, quarter in the measure, key: thought but not struck
TOUCHED = {(21, 1, 1.5): 76}   # a neighbour key caught on the way, half a quaver late
HESITATIONS = {(29, 2): 0.42}  # seconds before this measure on this pass
STEPS = dict(C=0, D=2, E=4, F=5, G=7, A=9, B=11)


def read_measures(path):
    """[(number, repeat_start, repeat_stop, [(quarter, length, key, staff)])], all in quarters."""
    measures, divisions = [], 1
    for xml in ElementTree.parse(path).getroot().find("part"):
        notes, now, onset, start, stop = [], 0.0, 0.0, False, False
        for child in xml:
            if child.tag == "attributes" and child.findtext("divisions"):
                divisions = int(child.findtext("divisions"))
            elif child.tag == "backup":
                now -= int(child.findtext("duration")) / divisions
            elif child.tag == "barline" and child.find("repeat") is not None:
                start |= child.find("repeat").get("direction") == "forward"
                stop |= child.find("repeat").get("direction") == "backward"
            elif child.tag == "note":
                length = int(child.findtext("duration")) / divisions
                if child.find("chord") is None:
                    onset, now = now, now + length
                pitch = child.find("pitch")
                if pitch is not None:
                    key = 12 * (int(pitch.findtext("octave")) + 1) + STEPS[pitch.findtext("step")]
                    notes.append((onset, length, key + int(pitch.findtext("alter") or 0), int(child.findtext("staff"))))
        measures.append((int(xml.get("number")), start, stop, notes))
    return measures


def unfold(measures, quarters=3.0):
    """[(quarter, length, key, staff, measure, pass, quarter in the measure)] and [(start, measure, pass)]."""
    order, section = [], 0
    for i, (_, start, stop, _) in enumerate(measures):
        section = i if start else section
        if stop:
            order += [(k, p) for p in (1, 2) for k in range(section, i + 1)]
            section = i + 1
    sounds, steps = [], []
    for n, (i, turn) in enumerate(order):
        steps.append((n * quarters, measures[i][0], turn))
        sounds += [(n * quarters + q, length, key, staff, measures[i][0], turn, q)
                   for q, length, key, staff in measures[i][3]]
    return sorted(sounds), steps


class Clock:
    """Seconds of a score position: an integrated tempo curve on eighth notes."""

    def __init__(self, chance, steps):
        end = steps[-1][0] + 3.0
        pause = {start: HESITATIONS.get((measure, turn), 0.0) for start, measure, turn in steps}
        self.times, now, drift = [], LEAD_IN_S, 0.0
        for i in range(int(2 * end) + 2):
            quarter = i / 2
            now += pause.get(quarter, 0.0)
            self.times.append(now)
            drift = 0.7 * drift + chance.gauss(0, 0.011)
            now += 0.5 * 60 / TEMPO_QPM / self.pace(quarter, end) * (1 + drift)

    @staticmethod
    def pace(quarter, end):
        u = quarter % PHRASE_QUARTERS / PHRASE_QUARTERS
        arc = 0.955 + 0.085 * math.sin(math.pi * u) - 0.10 * max(0.0, u - 0.9) / 0.1
        section = quarter % (2 * PHRASE_QUARTERS) / (2 * PHRASE_QUARTERS)
        breath = 1 - 0.16 * max(0.0, (section - 0.95) / 0.05)
        final = 1 - 0.42 * max(0.0, min(1.0, (quarter - (end - 6)) / 6)) ** 1.6
        downbeat = 0.985 if quarter % 3 == 0 else 1.0
        return arc * breath * final * downbeat

    def __call__(self, quarter):
        i = min(int(2 * quarter), len(self.times) - 2)
        return self.times[i] + (2 * quarter - i) * (self.times[i + 1] - self.times[i])


def perform(sounds, steps):
    """Notes [(on_s, off_s, key, velocity)], pedal [(time_s, depth)] and truth [(quarter, time_s)]."""
    chance = random.Random(SEED)
    clock = Clock(chance, steps)
    notes, struck = [], {}
    for quarter, length, key, staff, measure, turn, inside in sounds:
        melody = staff == 1
        jitter = chance.gauss(0, 0.006)
        on = clock(quarter) + jitter + (-0.009 if melody else 0.011 + 0.003 * (key - 50) / 12)
        held = {0.5: 1.04, 1.0: 0.80, 2.0: 0.90, 3.0: 0.93}[length] + chance.gauss(0, 0.04)
        off = max(on + 0.08, on + held * (clock(quarter + length) - clock(quarter)))
        arc = math.sin(math.pi * (quarter % PHRASE_QUARTERS) / PHRASE_QUARTERS)
        velocity = (64 if melody else 46) + 11 * arc + 0.35 * (key - 71) * melody
        velocity += (5 if inside == 0 else 0) - (3 if inside % 1 else 0) - (6 if turn == 2 else 0) + chance.gauss(0, 2.5)
        if (measure, turn, inside, key) in OMITTED:
            continue
        notes.append((on, off, key, int(max(20, min(110, velocity)))))
        struck.setdefault(quarter, []).append(on)
        if melody and (measure, turn, inside) in TOUCHED:
            notes.append((on + 0.12, on + 0.32, TOUCHED[measure, turn, inside], 52))
    truth = [(q, sum(times) / len(times)) for q, times in sorted(struck.items())]
    return release_repeated(notes), pedalling(sounds, clock), truth


def release_repeated(notes):
    """A key must come up a little before it is struck again."""
    notes.sort()
    nearest = {}
    out = []
    for on, off, key, velocity in reversed(notes):
        out.append((on, min(off, nearest.get(key, math.inf) - 0.035), key, velocity))
        nearest[key] = on
    return out[::-1]


def pedalling(sounds, clock):
    """Legato pedal under the dotted half notes of the left hand, lifted before the next bar."""
    pedal = []
    for quarter, length, _, staff, *_ in sounds:
        if staff == 2 and length == 3.0:
            pedal += [(clock(quarter) + 0.07, 84), (clock(quarter + 2.7), 0)]
    return pedal


def midi_bytes(notes, pedal):
    events = [(on, 1, bytes((0x90, key, velocity))) for on, _, key, velocity in notes]
    events += [(off, 0, bytes((0x80, key, 0))) for _, off, key, _ in notes]
    events += [(time, 2, bytes((0xB0, 64, depth))) for time, depth in pedal]
    end = max(time for time, _, _ in events) + TAIL_S
    track, now = b"\x00\xff\x51\x03\x0f\x42\x40\x00\xc0\x00", 0
    for time, _, message in sorted(events) + [(end, 3, b"\xff\x2f\x00")]:
        tick = round(time * TICKS_PER_S)
        track += variable(tick - now) + message
        now = tick
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_S) + b"MTrk" + struct.pack(">I", len(track)) + track


def variable(n):
    out = [n & 127]
    while n > 127:
        n >>= 7
        out.append(n & 127 | 128)
    return bytes(reversed(out))


def read_pgm(path):
    fields, data = [], open(path, "rb").read()
    at = 0
    while len(fields) < 4:
        stop = next(i for i in range(at, len(data)) if data[i:i + 1].isspace())
        fields.append(data[at:stop])
        at = stop + 1
    return int(fields[1]), int(fields[2]), data[at:]


def write_png(path, width, height, grey, dots_per_inch=300):
    """4-bit grey, filter 'up'; white paper stays white."""
    nibble = bytes((v + 8) // 17 for v in range(256))
    levels, previous, raw = grey.translate(nibble), bytes((width + 1) // 2), []
    for y in range(height):
        row = levels[y * width:(y + 1) * width] + (b"\x0f" if width % 2 else b"")
        packed = bytes(a << 4 | b for a, b in zip(row[::2], row[1::2]))
        raw.append(b"\x02" + bytes((a - b) & 255 for a, b in zip(packed, previous)))
        previous = packed

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    metre = round(dots_per_inch / 0.0254)
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 0, 0, 0, 0))
                  + chunk(b"pHYs", struct.pack(">IIB", metre, metre, 1))
                  + chunk(b"IDAT", zlib.compress(b"".join(raw), 9)) + chunk(b"IEND", b""))


def make_pages(folder, scratch):
    env = dict(os.environ, QT_QPA_PLATFORM="offscreen")
    pdf = os.path.join(scratch, "pages.pdf")
    subprocess.run(["musescore3", "-o", pdf, os.path.join(folder, "menuet.musicxml")], check=True, env=env,
                   stderr=subprocess.DEVNULL)
    subprocess.run(["pdftoppm", "-gray", "-r", "300", pdf, os.path.join(scratch, "page")], check=True)
    for name in sorted(name for name in os.listdir(scratch) if name.endswith(".pgm")):
        write_png(os.path.join(folder, name.replace(".pgm", ".png")), *read_pgm(os.path.join(scratch, name)))


def make_recording(folder, scratch):
    notes, pedal, truth = perform(*unfold(read_measures(os.path.join(folder, "menuet.musicxml"))))
    midi, wav = os.path.join(scratch, "take.mid"), os.path.join(scratch, "take.wav")
    with open(midi, "wb") as out:
        out.write(midi_bytes(notes, pedal))
    subprocess.run(["fluidsynth", "-q", "-n", "-i", "-C", "0", "-R", "1", "-g", "0.9", "-r", "44100", "-F", wav,
                    SOUND_FONT, midi], check=True)
    subprocess.run(["sox", "-R", wav, "-C", "3", os.path.join(folder, "recording.ogg"), "norm", "-3"], check=True)
    with open(os.path.join(folder, "truth.csv"), "w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["score_quarter", "time_s"])
        rows.writerows([f"{quarter:.4f}", f"{time:.4f}"] for quarter, time in truth)


def main(arguments):
    folder = arguments[0] if arguments else os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as scratch:
        make_pages(folder, scratch)
        make_recording(folder, scratch)


if __name__ == "__main__":
    main(sys.argv[1:])
