//! Whether this desktop shows tray icons: on Linux, whether somebody on the message bus does.
//!
//! The desktop's panel may start after the app, or again. The icon itself finds it; here the app
//! only learns whether the person can see it.

use std::thread;

use zbus::blocking::fdo::DBusProxy;
use zbus::blocking::{Connection, Proxy};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Tells `changed` how it is, and again whenever that changes, for as long as there is a bus.
pub(super) fn watch(changed: impl Fn(Result<(), String>) + Send + 'static) {
    let watching = thread::Builder::new().name("tray host".into()).spawn(move || {
        if let Err(error) = follow(&changed) {
            changed(Err(error.to_string()));
        }
    });
    // Without a thread nobody is told, and the window offers what it always does.
    drop(watching);
}

fn follow(changed: &dyn Fn(Result<(), String>)) -> zbus::Result<()> {
    let bus = Connection::session()?;
    let names = DBusProxy::new(&bus)?;
    let owners = names.receive_name_owner_changed_with_args(&[(0, WATCHER)])?;
    changed(presence(&bus));
    for _ in owners {
        changed(presence(&bus));
    }
    Ok(())
}

/// Whether it is so now.
pub(super) fn is_present() -> bool {
    Connection::session().is_ok_and(|bus| presence(&bus).is_ok())
}

fn presence(bus: &Connection) -> Result<(), String> {
    let watcher = Proxy::new(bus, WATCHER, "/StatusNotifierWatcher", WATCHER)
        .map_err(|error| error.to_string())?;
    match watcher.get_property::<bool>("IsStatusNotifierHostRegistered") {
        Ok(true) => Ok(()),
        Ok(false) => Err("no panel shows the icons of the session".into()),
        Err(error) => Err(error.to_string()),
    }
}
