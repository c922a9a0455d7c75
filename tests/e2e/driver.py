# Drives the real application over D-Bus. SPDX-License-Identifier: GPL-3.0-or-later
"""The application in folders of its own: start, read its state, activate actions, kill. A failing check ends the
program with the sentence on standard error."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from gi.repository import Gio, GLib

NAME = "org.triptych.Triptych"
WINDOW = "/org/triptych/Triptych/window/%d"


def check(condition, sentence):
    if not condition:
        print("not ok -", sentence, file=sys.stderr)
        sys.exit(1)
    print("ok -", sentence, flush=True)


class Application:
    def __init__(self, binary, home=None):
        self.binary = binary
        if not home:
            home = tempfile.mkdtemp(prefix="triptych-e2e-")
            atexit.register(shutil.rmtree, home, ignore_errors=True)
        self.home = home
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.window = 1
        self.process = None

    def start(self, *arguments, **environment):
        folders = {"XDG_" + kind + "_HOME": os.path.join(self.home, kind.lower()) for kind in ("DATA", "CONFIG", "CACHE")}
        env = dict(os.environ, G_DEBUG="fatal-criticals", **folders)
        env.update(environment)
        self.process = subprocess.Popen([self.binary, *arguments], env=env)
        self.wait(lambda: self.describe("state") is not None, 30, "the window answers")

    def call(self, method, parameters, reply):
        return self.bus.call_sync(NAME, WINDOW % self.window, "org.gtk.Actions", method, parameters,
                                  GLib.VariantType(reply) if reply else None, Gio.DBusCallFlags.NO_AUTO_START, 5000)

    def describe(self, action):
        """(enabled, state) of an action, or None while nobody answers."""
        try:
            enabled, _, state = self.call("Describe", GLib.Variant("(s)", (action,)), "((bgav))").unpack()[0]
            return enabled, state[0] if state else None
        except GLib.Error:
            return None

    def state(self):
        answer = self.describe("state")
        return answer[1] if answer else {}

    def actions(self):
        return self.call("List", None, "(as)").unpack()[0]

    def activate(self, action, value=None):
        enabled = self.describe(action)
        check(enabled and enabled[0], f"{action} can be activated")
        self.call("Activate", GLib.Variant("(sava{sv})", (action, [value] if value else [], {})), None)

    def wait(self, condition, seconds, sentence):
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None:
                check(False, f"{sentence}: the application ended with {self.process.returncode}")
            if time.monotonic() > end:
                check(False, f"{sentence} within {seconds} s; state {self.state()}")
            time.sleep(0.1)
        print("ok -", sentence, flush=True)

    def picture(self, path):
        """Until the window has been drawn, its picture is empty and small."""
        for _ in range(20):
            self.activate("picture", GLib.Variant("s", path))
            time.sleep(0.5)
            if os.path.exists(path) and os.path.getsize(path) > 10000:
                break
        check(os.path.getsize(path) > 10000, f"picture {os.path.basename(path)}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        end = time.monotonic() + 5
        while self.describe("state") is not None and time.monotonic() < end:
            time.sleep(0.05)

    def quit(self):
        self.process.terminate()
        self.process.wait(10)
