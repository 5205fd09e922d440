"""A notification daemon that records: every notice becomes a line of JSON.

Takes {"invoke": [id, action]} and tells the app that the person chose that action, and
{"close": id} and tells it that the notice is gone.
"""

import dbus
import dbus.service

import lines

NAME = "org.freedesktop.Notifications"


class Notifications(dbus.service.Object):
    """Shows nothing."""

    shown = 0

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        if not replaces:
            Notifications.shown += 1
        number = int(replaces) or Notifications.shown
        lines.say(
            {
                "notice": number,
                "replaces": int(replaces),
                "app": str(app),
                "summary": str(summary),
                "body": str(body),
                "actions": [str(action) for action in actions],
                "urgency": int(hints.get("urgency", 1)),
            }
        )
        return number

    @dbus.service.method(NAME, in_signature="u")
    def CloseNotification(self, number):
        self.NotificationClosed(number, 3)

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return ["body", "body-markup", "actions", "persistence"]

    @dbus.service.method(NAME, out_signature="ssss")
    def GetServerInformation(self):
        return ("recorder", "Holdfast's tests", "1", "1.2")

    @dbus.service.signal(NAME, signature="us")
    def ActionInvoked(self, number, action):
        """The person chose an action."""

    @dbus.service.signal(NAME, signature="uu")
    def NotificationClosed(self, number, reason):
        """The notice is gone."""


bus = lines.session_bus()
name = dbus.service.BusName(NAME, bus)
daemon = Notifications(bus, "/org/freedesktop/Notifications")


def answer(request):
    if "invoke" in request:
        number, action = request["invoke"]
        daemon.ActionInvoked(number, action)
    else:
        daemon.NotificationClosed(request["close"], 2)


lines.serve(answer)
