//! The services of the operating system, one file each, as the app's ports.
//!
//! What needs neither Tauri nor a window stands here, so that the desktop app and the command give
//! the app the same: [`SystemKeychain`], [`DesktopNotifier`], [`DesktopVolumes`], [`LoginItem`].
//! [`ports`] and [`surroundings`] put together what a start needs. It decides nothing.

mod autostart;
mod keychain;
mod notifier;
mod start;
mod volumes;

pub use autostart::{HIDDEN, LoginItem};
pub use keychain::SystemKeychain;
pub use notifier::DesktopNotifier;
pub use start::{ports, surroundings};
pub use volumes::DesktopVolumes;
