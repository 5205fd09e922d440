"""Lines of JSON in and out, beside a connection to the session bus."""

import json
import sys

import dbus
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib


def session_bus():
    """The session's bus, served by the loop of `serve`."""
    DBusGMainLoop(set_as_default=True)
    return dbus.SessionBus()


def say(line):
    """Prints a line."""
    print(json.dumps(line), flush=True)


def serve(answer):
    """Says that it is ready, and answers requests until standard input ends."""
    loop = GLib.MainLoop()

    def read(_channel, _condition):
        text = sys.stdin.readline()
        if not text:
            loop.quit()
            return False
        request = json.loads(text)
        try:
            said = answer(request)
        except Exception as error:  # The test that asked shows it.
            said = {"error": repr(error)}
        if "number" in request:
            say({"answers": request["number"], "answer": said})
        return True

    GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_IN | GLib.IO_HUP, read)
    say({"ready": True})
    loop.run()
