"""A tray that can be asked: keeps the icons that register, reads and clicks their menus.

Takes {"menu": true} and answers with the menu as nested lists of [label, enabled, children], and
{"click": [label, ...]}, the labels from the top of the menu down; {"icon": true} answers with the
path of the icon's picture.
"""

import dbus
import dbus.service

import lines

NAME = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Watcher(dbus.service.Object):
    """The meeting point of icons and panels, and a panel itself."""

    icons = []

    @dbus.service.method(NAME, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, service, sender):
        path = str(service) if service.startswith("/") else "/StatusNotifierItem"
        Watcher.icons.append((str(sender), path))
        lines.say({"registered": path})

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return self.GetAll(interface)[name]

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        return {
            "IsStatusNotifierHostRegistered": True,
            "ProtocolVersion": 0,
            "RegisteredStatusNotifierItems": dbus.Array([], signature="s"),
        }


bus = lines.session_bus()
name = dbus.service.BusName(NAME, bus)
watcher = Watcher(bus, "/StatusNotifierWatcher")


def item_property(name):
    sender, path = Watcher.icons[-1]
    item = bus.get_object(sender, path, introspect=False)
    return item.Get(ITEM, name, dbus_interface=PROPERTIES)


def menu():
    sender, _ = Watcher.icons[-1]
    place = bus.get_object(sender, str(item_property("Menu")), introspect=False)
    return dbus.Interface(place, MENU)


def layout():
    _, root = menu().GetLayout(0, -1, dbus.Array([], signature="s"))
    return root


def shown(node):
    _, properties, children = node
    label = str(properties.get("label", "")).replace("__", "_")
    return [label, bool(properties.get("enabled", True)), [shown(child) for child in children]]


def click(labels):
    node = layout()
    for label in labels:
        found = [child for child in node[2] if shown(child)[0] == label]
        if not found:
            return f"there is no {label}"
        node = found[0]
    menu().Event(int(node[0]), "clicked", dbus.Int32(0, variant_level=1), dbus.UInt32(0))
    return "clicked"


def answer(request):
    if "menu" in request:
        return shown(layout())[2]
    if "icon" in request:
        return str(item_property("IconName"))
    return click(request["click"])


lines.serve(answer)
