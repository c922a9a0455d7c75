# A note put right by keyboard, end to end. SPDX-License-Identifier: GPL-3.0-or-later
"""notes.py BINARY FOLDER: opens the sample, picks a note, moves it by keyboard on a real display, exports the score and
finds the note there; undoes it, does it again, kills the process and finds it still put right."""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as tree

from driver import Application, GLib, check
from sample import ready, select

PLACE = 20


def press(app, *keys):
    """Keys as a person presses them; the canvas has the focus when nothing else was clicked."""
    window = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(app.process.pid)], check=True,
                            capture_output=True, text=True).stdout.split()[-1]
    subprocess.run(["xdotool", "windowfocus", "--sync", window], check=True)
    for key in keys:
        subprocess.run(["xdotool", "key", "--clearmodifiers", key], check=True)
        time.sleep(0.1)


def pitches(path, measure):
    """The notes of a measure, by both staves, as step and octave with alteration and type."""
    root = tree.parse(path).getroot()
    found = []
    for part in root.iter("part"):
        for note in list(part.iter("measure"))[measure].iter("note"):
            if note.find("pitch") is not None:
                pitch = note.find("pitch")
                found.append((pitch.findtext("step") + pitch.findtext("octave"), pitch.findtext("alter", "0"),
                              note.findtext("type"), len(note.findall("dot"))))
    return sorted(found)


def export(app, folder, name):
    path = os.path.join(folder, name)
    if os.path.exists(path):
        os.remove(path)
    app.activate("export-score", GLib.Variant("s", path))
    app.wait(lambda: os.path.exists(path), 20, f"{name} is written")
    return path


def quiet(app):
    app.wait(lambda: not app.state()["busy"], 120, "the score is put together, aligned and learned from")


def main(binary, folder):
    app = Application(binary)
    app.start()
    app.wait(lambda: ready(app), 150, "the sample is read, heard and aligned")
    before = pitches(export(app, folder, "before.musicxml"), 4)
    select(app, PLACE)
    check(app.state()["note"] == "A4 · eighth", f"the note is named: {app.state()['note']}")
    press(app, "Up", "Up", "minus")
    app.wait(lambda: app.state()["note"] == "C5 · eighth" or app.state()["note"] == "C♭5 · eighth", 30, "it moved")
    app.wait(lambda: app.state()["note"] == "C♭5 · eighth", 30, "two steps up and flatter")
    press(app, "3")
    app.wait(lambda: app.state()["note"] == "C♭5 · 16th", 30, "a shorter value")
    press(app, "4")
    app.wait(lambda: app.state()["note"] == "C♭5 · eighth", 30, "and the right one")
    quiet(app)
    after = pitches(export(app, folder, "after.musicxml"), 4)
    gone = [note for note in before if note not in after]
    new = [note for note in after if note not in before]
    check(len(before) == len(after), "no note is lost")
    check(gone == [("A4", "0", "eighth", 0)] and new == [("C5", "-1", "eighth", 0)],
          f"the exported score has the note where it was put: {gone} became {new}")
    app.picture(os.path.join(folder, "notes.png"))
    while app.state()["edits"]:
        edits = app.state()["note"], app.state()["edits"]
        app.activate("undo")
        app.wait(lambda: (app.state()["note"], app.state()["edits"]) != edits, 30, "a step is undone")
    app.wait(lambda: app.state()["note"] == "A4 · eighth", 30, "all is undone")
    press(app, "Up")
    app.wait(lambda: app.state()["note"] == "B4 · eighth", 30, "up again")
    app.kill()

    again = Application(binary, app.home)
    again.start()
    again.wait(lambda: ready(again), 150, "it opens again")
    quiet(again)
    check(again.state()["edits"] == 1, "the edit is in the project")
    select(again, PLACE)
    again.wait(lambda: again.state()["note"] == "B4 · eighth", 30, "the page is read with the edit over it")
    again.quit()


if __name__ == "__main__":
    main(*sys.argv[1:3])
