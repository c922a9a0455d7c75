# Music that is made up, end to end. SPDX-License-Identifier: GPL-3.0-or-later
"""suggest.py BINARY FOLDER: opens the sample, lets it go on from the playhead, asks for another by the button that a screen
reader finds, keeps it, plays along, lets that go, and forgets what was kept. Leaves a picture in FOLDER."""

import os
import sys
import time

import pyatspi
from driver import Application, check
from manners import find, walk
from sample import ready


def made_up(app):
    return app.state()["made-up-notes"]


def press(app, name):
    button = None
    for _ in range(20):
        button = next((node for node, _ in walk(find(app)) if node.getRole() == pyatspi.ROLE_PUSH_BUTTON and node.name == name),
                      None)
        if button:
            break
        time.sleep(0.5)
    check(button is not None, f"a screen reader finds the button “{name}”")
    button.queryAction().doAction(0)


def main(binary, folder):
    app = Application(binary)
    app.start()
    app.wait(lambda: ready(app), 300, "the sample is read, heard and aligned")
    check(not app.describe("suggestion-keep")[0], "nothing is suggested at first")
    app.activate("go-end")
    app.activate("continue-here")
    app.wait(lambda: made_up(app) > 0 and app.describe("suggestion-keep")[0], 30, "the music goes on")
    app.wait(lambda: app.state()["playing"], 10, "and is heard")
    app.picture(os.path.join(folder, "suggest.png"))
    before = made_up(app)
    press(app, "Try another")
    app.wait(lambda: app.describe("continue-here")[0] and made_up(app) not in (0, before), 30, "another suggestion")
    press(app, "Keep")
    app.wait(lambda: not app.describe("suggestion-keep")[0] and made_up(app) > 0, 10, "what was kept stays")
    kept = made_up(app)
    app.activate("go-start")
    app.activate("play-along")
    app.wait(lambda: made_up(app) > kept, 30, "notes beside what is played")
    app.activate("suggestion-dismiss")
    app.wait(lambda: made_up(app) == kept, 10, "are let go again")
    app.activate("suggestion-forget")
    app.wait(lambda: made_up(app) == 0, 10, "nothing is left of it")
    if app.state()["playing"]:
        app.activate("play")
        app.wait(lambda: not app.state()["playing"], 10, "it is quiet")
    app.quit()


main(*sys.argv[1:])
