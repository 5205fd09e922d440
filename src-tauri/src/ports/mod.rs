//! The services of the operating system, one file each, as the app's ports.

mod autostart;
mod dialogs;
mod keychain;
mod notifier;
mod volumes;

pub(crate) use autostart::LoginItem;
pub(crate) use dialogs::{choose_folder, show_in_folder, tell};
pub(crate) use keychain::SystemKeychain;
pub(crate) use notifier::DesktopNotifier;
pub(crate) use volumes::DesktopVolumes;
