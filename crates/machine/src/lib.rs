//! What this computer, this user and this process are.
//!
//! The engine and the app read no clock, no environment and no home folder: they are given them.
//! This crate asks the operating system and gives: [`identity`] (who writes), [`SystemClock`],
//! [`local_zone`], [`SystemProbe`] (which processes run, found out without touching them),
//! [`mount_of`] (drives and their room), [`spins`] (which disks spin), [`step_aside`] (which priority
//! a thread has) and [`Folders`] (where the app keeps its own files). It decides nothing.

mod clock;
mod disk;
mod folders;
mod identity;
#[cfg(target_os = "macos")]
mod macos;
mod priority;
mod process;
mod signals;
mod spinning;
#[cfg(unix)]
mod user;
mod volume;
#[cfg(windows)]
mod windows;
mod zone;

pub use clock::SystemClock;
pub use folders::{Folders, NoHomeFolder, PersonalFolder, PersonalFolderKind, personal_folders};
pub use identity::identity;
pub use priority::step_aside;
pub use process::SystemProbe;
pub use signals::{StopRequest, on_stop_request, survive_hangups};
pub use spinning::spins;
pub use volume::{Mount, mount_of};
pub use zone::local_zone;
