# What a screen reader meets. SPDX-License-Identifier: GPL-3.0-or-later
"""manners.py BINARY FOLDER: walks the accessible tree of the window on the sample; every control has a name, no name
leaks a class or a mnemonic (GTK 4.8 names mere containers after their class), and every command of the menus and accelerators is an action that exists."""

import os
import re
import sys
import time

import pyatspi
from driver import Application, check

CONTROLS = {pyatspi.ROLE_PUSH_BUTTON, pyatspi.ROLE_TOGGLE_BUTTON, pyatspi.ROLE_SPIN_BUTTON, pyatspi.ROLE_SLIDER,
            pyatspi.ROLE_ENTRY, pyatspi.ROLE_TEXT, pyatspi.ROLE_LIST_ITEM, pyatspi.ROLE_LIST, pyatspi.ROLE_CHECK_BOX,
            pyatspi.ROLE_PROGRESS_BAR, pyatspi.ROLE_MENU_ITEM}
WANTED = """play next-doubtful previous-doubtful next-place previous-place next-bar previous-bar confirm anchor unpin
not-played extra nudge-later nudge-earlier nudge-later-fine nudge-earlier-fine hear-place source-cycle loop loop-start
loop-end fit zoom-in zoom-out zoom-reset go-start go-end tap slower faster undo redo open add new save-copy export
rename pages fullscreen sidebar inspector follow show-score show-audio show-notes edit-lock click count-in instrument learn-piano ear learn-ear all-places
note-up note-down note-octave-up note-octave-down note-sharper note-flatter note-whole note-half note-quarter note-eighth
note-16th note-32nd note-64th note-dot note-triplet note-tie note-voice note-staff-up note-staff-down note-rest note-add
note-delete note-take-back note-next note-previous bar-right bar-key bar-time bar-clef next-doubtful-bar
previous-doubtful-bar continue-here play-along suggestion-keep suggestion-again suggestion-dismiss
suggestion-forget""".split()


def find(app):
    for desktop in range(50):
        for child in pyatspi.Registry.getDesktop(0):
            if child and child.get_process_id() == app.process.pid:
                return child
        time.sleep(0.2)
    check(False, "the application is on the accessibility bus")


def walk(node, path=""):
    yield node, path
    for child in node:
        if child:
            yield from walk(child, f"{path}/{node.getRoleName()}")


def faults(node, path):
    name = node.name
    where = f"{path}/{node.getRoleName()} “{name}”"
    if node.getRole() in CONTROLS and re.match("(Gtk|Adw|Tri)[A-Z]", name):
        yield f"{where} is named after its class"
    if "_" in name:
        yield f"{where} leaks a mnemonic"
    if node.getRole() in CONTROLS and not name:
        yield f"{where} has no name"


def actions_of(node):
    try:
        interface = node.queryAction()
    except NotImplementedError:
        return []
    return [interface.getName(i) for i in range(interface.nActions)]


def drive_canvas(app, nodes):
    """The verdicts are actions of the canvas itself, for those who cannot see it."""
    canvas = next((node for node in nodes if "canvas.next-place" in actions_of(node)), None)
    check(canvas is not None, "the canvas offers its commands")
    check(canvas.name, f"the canvas says what it shows: {canvas.name}")
    before = app.state()["selected"]
    canvas.queryAction().doAction(actions_of(canvas).index("canvas.next-place"))
    app.wait(lambda: app.state()["selected"] == before + 1, 5, "a command of the canvas reaches the window")


def drive_order(app, nodes):
    """The chips of the playing order, found by what they say."""
    places = app.state()["places"]
    once = next((node for node in nodes if node.name == "Without repeats: A B"), None)
    check(once is not None, "the order without repeats is offered")
    once.queryAction().doAction(0)
    app.wait(lambda: not app.state()["busy"] and 2 * app.state()["places"] == places, 60, "every bar is played once")


def drive_table(app):
    app.activate("all-places")
    app.wait(lambda: any(node.name == "All places" for node, _ in walk(find(app))), 10, "all places stand in a table")
    check(any("Bar 1, beat 1" in node.name for node, _ in walk(find(app))), "the table names bars and beats")


def main(binary, folder):
    app = Application(binary)
    app.start()
    app.wait(lambda: app.state().get("pages") == 2, 30, "the sample opens")
    there = set(app.actions())
    missing = [name for name in WANTED if name not in there]
    check(not missing, f"every command is an action{': missing ' + ' '.join(missing) if missing else ''}")
    app.wait(lambda: not app.state()["busy"] and app.state()["places"] > 0, 150, "the jobs are done")
    app.activate("next-place")
    found = list(walk(find(app)))
    wrong = [fault for node, path in found for fault in faults(node, path)]
    for fault in wrong:
        print("#", fault)
    check(len(found) > 60, f"the tree is there ({len(found)} nodes)")
    check(not wrong, "every control has a proper name")
    nodes = [node for node, _ in found]
    drive_canvas(app, nodes)
    drive_order(app, nodes)
    drive_table(app)
    app.quit()


if __name__ == "__main__":
    main(*sys.argv[1:3])
