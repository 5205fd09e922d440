//! What the app needs of the operating system, and the shell provides.
//!
//! Ports are called from threads that may block, never from the async ones. Where a port can hang
//! (a keychain that waits for somebody to unlock it), the app gives up after a time of its own.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_engine::clock::Clock;
use holdfast_engine::identity::Identity;
use holdfast_engine::lock::ProcessProbe;
use holdfast_engine::manners::Manners;
use holdfast_engine::secret::Password;
use jiff::tz::TimeZone;

use crate::api::{FolderKind, Problem, Route};

/// The services of the operating system.
#[derive(Clone)]
pub struct Ports {
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// The keychain.
    pub secrets: Arc<dyn SecretStore>,
    /// Native notifications.
    pub notifier: Arc<dyn Notifier>,
    /// Start at login.
    pub autostart: Arc<dyn Autostart>,
    /// Drives and what is mounted where.
    pub volumes: Arc<dyn Volumes>,
    /// Which processes of this computer live; see `holdfast_machine::SystemProbe`.
    pub probe: Arc<dyn ProcessProbe>,
}

/// What the app must know of the computer and does not ask for itself.
#[derive(Clone)]
pub struct Surroundings {
    /// Who this process is.
    pub identity: Identity,
    /// The time zone as it is now; asked each time, for people travel.
    pub zone: Arc<dyn Fn() -> TimeZone + Send + Sync>,
    /// The folder for settings.
    pub config_folder: PathBuf,
    /// The folder for the operation log and for journals.
    pub state_folder: PathBuf,
    /// Has the calling thread let other programs go first; see `holdfast_machine::step_aside`.
    pub step_aside: Manners,
    /// The person's own folders, for suggestions.
    pub personal_folders: Vec<(FolderKind, PathBuf)>,
}

/// The system's keychain. Entries are named by the app; all of them belong to Holdfast.
pub trait SecretStore: Send + Sync {
    /// The secret of this name, if there is one.
    fn get(&self, name: &str) -> Result<Option<Password>, SecretError>;

    /// Stores a secret, replacing what was there.
    fn set(&self, name: &str, secret: &Password) -> Result<(), SecretError>;

    /// Removes a secret. One that is not there is no error.
    fn delete(&self, name: &str) -> Result<(), SecretError>;
}

/// Why the keychain did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is no keychain.
    #[error("there is no keychain")]
    Unavailable,
    /// It is locked, and was not unlocked in time.
    #[error("the keychain is locked")]
    Locked,
    /// Access was denied, by the system or by the person.
    #[error("the keychain denied access")]
    Denied,
    /// It failed in another way.
    #[error("the keychain failed")]
    Failed {
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Native notifications.
pub trait Notifier: Send + Sync {
    /// Shows a notice, and calls `chosen` if the person chooses one of its actions, or
    /// [`NoticeAction::Open`] for the notice itself. Returns once it was handed over, without
    /// waiting for the person.
    fn show(&self, notice: &Notice, chosen: ActionChosen) -> Result<(), NotifyError>;

    /// Whether notices can be shown, as far as that can be known without showing one.
    fn presence(&self) -> Result<(), NotifyError> {
        Ok(())
    }
}

/// Told which action of a notice was chosen.
pub type ActionChosen = Arc<dyn Fn(NoticeAction) + Send + Sync>;

/// Notifications cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error("the notification could not be shown")]
pub struct NotifyError {
    /// The cause.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What a person is told outside the window. All of it is plain text, no markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about. A notice with the same subject replaces the one before.
    pub subject: String,
    /// Sort of news.
    pub kind: NoticeKind,
    /// True if it is to be seen at once.
    pub is_urgent: bool,
    /// One line.
    pub title: String,
    /// A few sentences.
    pub body: String,
    /// Buttons, the most helpful first.
    pub actions: Vec<NoticeAction>,
    /// What to show when the notice itself is clicked.
    pub opens: Route,
}

/// Sorts of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoticeKind {
    /// A backup or a verify failed.
    Failed,
    /// A plan is overdue, or can never run.
    Overdue,
    /// Something waits for the person.
    Waiting,
    /// A plan that failed or was overdue is protected again.
    Recovered,
    /// A backup succeeded.
    Succeeded,
    /// Auto Unlock removed a lock.
    Unlocked,
    /// A storage has hardly any room left.
    NearlyFull,
}

/// What can be done from a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoticeAction {
    /// The notice itself was clicked.
    Open,
    /// Try again.
    Retry,
    /// Remove the dead lock in the way and try again.
    UnlockAndRetry,
    /// Show the operation.
    ShowDetails,
    /// Ask for the password.
    EnterPassword,
}

impl NoticeAction {
    /// What stands on the button.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Retry => "Retry",
            Self::UnlockAndRetry => "Unlock and retry",
            Self::ShowDetails => "Show details",
            Self::EnterPassword => "Enter password",
        }
    }
}

impl fmt::Display for NoticeAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// Start at login.
pub trait Autostart: Send + Sync {
    /// Whether it is on.
    fn is_enabled(&self) -> Result<bool, AutostartError>;

    /// Turns it on or off.
    fn set_enabled(&self, enabled: bool) -> Result<(), AutostartError>;
}

/// Start at login could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[error("start at login could not be changed")]
pub struct AutostartError {
    /// The cause.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Drives and what is mounted where.
pub trait Volumes: Send + Sync {
    /// The volume that a path lies on, or would lie on if it were made: that of its nearest
    /// ancestor that exists.
    fn of(&self, path: &Path) -> Result<Volume, std::io::Error>;

    /// True if the path is known to lie on a disk that spins, where reading is done in turns.
    fn spins(&self, _: &Path) -> bool {
        false
    }
}

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Where it is mounted: `/`, `/media/anna/Blue SSD`, `E:\`.
    pub mounted_at: PathBuf,
    /// Bytes that this user can still store.
    pub free_bytes: u64,
    /// True if it is mounted read-only.
    pub read_only: bool,
}

/// What the shell found missing and the app shows: there is no port for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShellReport {
    /// The tray icon stands.
    TrayShown,
    /// There is no tray, or it cannot be reached.
    TrayMissing(Problem),
}
