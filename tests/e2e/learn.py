# Learning from corrections, end to end. SPDX-License-Identifier: GPL-3.0-or-later
"""learn.py BINARY FOLDER: opens the sample, confirms three places, lets the ear learn from them, takes back what it may
have learned, and finds the anchors where they were. Leaves a picture in FOLDER."""

import os
import sys

from driver import Application, GLib, check
from sample import ready


def can_learn(app):
    return bool(app.describe("learn-ear")[0])


def confirm(app, places):
    for _ in range(places):
        app.activate("next-place")
    before = app.state()["anchors"]
    app.activate("confirm")
    app.wait(lambda: app.state()["anchors"] == before + 1, 10, "the place is an anchor")


def main(binary, folder):
    app = Application(binary)
    app.start(TRIPTYCH_LEARN_QUICKLY="1")
    app.wait(lambda: ready(app), 150, "the sample is read, heard and aligned")
    check(not can_learn(app), "without anchors there is nothing to learn from")
    for places in (3, 20, 20):
        confirm(app, places)
    app.wait(lambda: can_learn(app), 10, "three places can be learned from")
    app.activate("learn-ear")
    app.wait(lambda: app.state()["busy"], 5, "the ear learns")
    check(not can_learn(app), "one thing is learned at a time")
    app.wait(lambda: not app.state()["busy"] and can_learn(app), 400, "the learning ends")
    check(app.state()["ear"] in ("program", "learned:1"), "what was learned is chosen, or nothing changes")
    app.picture(os.path.join(folder, "learn.png"))
    app.activate("ear", GLib.Variant("s", "program"))
    app.wait(lambda: app.state()["ear"] == "program", 10, "back to the ear of the program")
    app.wait(lambda: not app.state()["busy"], 120, "it has listened again")
    check(app.state()["anchors"] == 3, "the anchors are where they were")
    app.quit()


main(*sys.argv[1:])
