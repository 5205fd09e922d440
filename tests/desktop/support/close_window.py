"""Asks the window of a title to close, as a window manager does when its button is clicked."""

import sys

from Xlib import X, display
from Xlib.protocol import event

screen = display.Display()
protocols = screen.intern_atom("WM_PROTOCOLS")
delete = screen.intern_atom("WM_DELETE_WINDOW")


def windows(of):
    for child in of.query_tree().children:
        yield child
        yield from windows(child)


for window in windows(screen.screen().root):
    if window.get_wm_name() == sys.argv[1] and window.get_wm_protocols():
        data = (32, [delete, X.CurrentTime, 0, 0, 0])
        window.send_event(event.ClientMessage(window=window, client_type=protocols, data=data))
        screen.sync()
        sys.exit(0)
sys.exit(f"there is no window {sys.argv[1]}")
