# The picture of README.md. SPDX-License-Identifier: GPL-3.0-or-later
"""picture.py BINARY FILE: opens the sample, does what a person would in the first minute, and keeps a picture of the
window. Run as: xvfb-run -a -s "-screen 0 1280x800x24" dbus-run-session -- python3 tests/e2e/picture.py
build/app/triptych docs/screenshot.png"""

import os
import sys
import time

from driver import Application, GLib
from sample import ready, select


def main(binary, file):
    app = Application(binary)
    app.start(GDK_BACKEND="x11", GSK_RENDERER="cairo", GSETTINGS_BACKEND="memory", TRIPTYCH_AUDIO="null")
    app.wait(lambda: ready(app), 150, "the sample is read, heard and aligned")
    for place in (9, 16):
        select(app, place)
        app.activate("confirm")
    app.activate("zoom-reset")
    app.activate("next-doubtful")
    app.wait(lambda: app.state()["playing"], 5, "the place is heard")
    app.wait(lambda: not app.state()["playing"], 20, "the place has been heard")
    time.sleep(3)  # until every tile is drawn
    app.picture(os.path.abspath(file))
    app.quit()


if __name__ == "__main__":
    main(*sys.argv[1:3])
