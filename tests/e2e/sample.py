# First light, end to end. SPDX-License-Identifier: GPL-3.0-or-later
"""sample.py BINARY FOLDER: opens the sample, waits until it is read, heard and aligned, corrects two places, kills the
process, opens it again and compares. Leaves pictures in FOLDER."""

import os
import sqlite3
import sys

from driver import Application, GLib, check

ANCHOR, CONFIRMED, MOVED_BY_S = 12, 30, 0.060


def ready(app):
    state = app.state()
    return (not state.get("busy", True) and state["has-score"] and state["has-sound"] and state["heard-notes"] > 0
            and state["places"] > 0)


def select(app, place):
    app.activate("select-place", GLib.Variant("i", place))
    app.wait(lambda: app.state()["selected"] == place, 5, f"place {place} is selected")
    return app.state()


def times(app, places):
    return {place: select(app, place)["selected-time"] for place in places}


def correct(app):
    moved = select(app, ANCHOR)["selected-time"] + MOVED_BY_S
    app.activate("anchor-at", GLib.Variant("d", moved))
    app.wait(lambda: app.state()["anchors"] == 1, 5, "an anchor is placed")
    check(abs(app.state()["selected-time"] - moved) < 1e-3, "the anchor is where it was put")
    select(app, CONFIRMED)
    app.activate("confirm")
    app.wait(lambda: app.state()["checked"] == 2, 5, "a place is confirmed")
    app.activate("undo")
    app.wait(lambda: app.state()["checked"] == 1, 5, "undo takes it back")
    app.activate("redo")
    app.wait(lambda: app.state()["checked"] == 2, 5, "redo brings it again")
    return moved


def play(app):
    app.activate("play")
    app.wait(lambda: app.state()["playing"], 5, "it plays")
    app.activate("play")
    app.wait(lambda: not app.state()["playing"], 5, "it pauses")


def rows(project, table):
    with sqlite3.connect(f"file:{project}?mode=ro", uri=True) as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def main(binary, folder):
    app = Application(binary)
    app.start()
    app.wait(lambda: ready(app), 150, "the sample is read, heard and aligned")
    state = app.state()
    print(f"# {state['places']} places, {state['heard-notes']} heard notes, {state['to-check']} to check")
    check(state["pages"] == 2, "two pages")
    check(state["places"] >= 100, "most of the score's onsets are places")
    moved = correct(app)
    before = times(app, (ANCHOR, CONFIRMED, 60))
    play(app)
    app.picture(os.path.join(folder, "sample.png"))
    project = app.state()["path"]
    app.kill()
    check(rows(project, "anchors") == 2, "both anchors are on disk after the kill")

    again = Application(binary, app.home)
    again.start()
    again.wait(lambda: ready(again), 60, "it opens again")
    check(again.state()["path"] == project, "it is the same draft")
    check(again.state()["anchors"] == 2 and again.state()["checked"] == 2, "anchor and verdict are there")
    check(abs(times(again, (ANCHOR,))[ANCHOR] - moved) < 1e-3, "the anchor is where it was")
    after = times(again, before)
    check(all(abs(after[k] - before[k]) < 0.02 for k in before), "the alignment is what it was")
    again.activate("undo")
    again.wait(lambda: again.state()["checked"] == 1, 5, "undo reaches back before the kill")
    again.picture(os.path.join(folder, "sample-again.png"))
    again.quit()


if __name__ == "__main__":
    main(*sys.argv[1:3])
