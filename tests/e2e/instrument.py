# The instrument of the synth, end to end. SPDX-License-Identifier: GPL-3.0-or-later
"""instrument.py BINARY FOLDER: opens the sample, learns the recording's piano, plays on it, chooses another one and
comes back, kills the process, opens the piece again and finds choice and revision. Leaves a picture in FOLDER."""

import os
import sys

from driver import Application, GLib, check
from sample import ready, rows


def chosen(app):
    return app.state()["instrument"]


def choose(app, name):
    app.activate("instrument", GLib.Variant("s", name))
    app.wait(lambda: chosen(app) == name, 5, f"{name} is chosen")
    app.wait(lambda: not app.state()["busy"], 90, "it is ready to be played")


def can_learn(app):
    return bool(app.describe("learn-piano")[0])


def learn(app):
    app.activate("learn-piano")
    app.wait(lambda: app.state()["busy"], 5, "the piano is being learned")
    check(not can_learn(app), "it is learned once at a time")


def main(binary, folder):
    app = Application(binary)
    app.start()
    app.wait(lambda: ready(app), 150, "the sample is read, heard and aligned")
    check(chosen(app) == "sampled", "a sampled piano plays at first")
    learn(app)
    app.wait(lambda: chosen(app) == "learned:1", 420, "the synth plays on what was learned")
    app.wait(lambda: not app.state()["busy"], 90, "it is ready to be played")
    app.activate("play")
    app.wait(lambda: app.state()["playing"], 5, "it plays")
    app.activate("play")
    app.picture(os.path.join(folder, "instrument.png"))
    choose(app, "modelled")
    choose(app, "learned:1")
    project = app.state()["path"]
    app.kill()
    check(rows(project, "weights") == 1, "one revision is in the project")

    again = Application(binary, app.home)
    again.start()
    again.wait(lambda: ready(again), 60, "it opens again")
    check(chosen(again) == "learned:1", "the choice is remembered")
    choose(again, "sampled")
    again.quit()


main(*sys.argv[1:])
