//! Everything that can go wrong in the app, and what a person is told about it.
//!
//! An [`AppError`] names the thing and the act; [`AppError::code`] is stable, and
//! [`AppError::problem`] says in three parts what happened, what it means and what to do.

mod code;
mod words;

use std::error::Error;
use std::path::PathBuf;

use crate::api::{Code, OperationKind, Problem};
pub use crate::hooks::{HookFailure, HookFlaw};

/// The cause of an error, of whatever type.
pub type Cause = Box<dyn Error + Send + Sync>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the text of each variant says it, and its fields name the thing")]
pub enum AppError {
    #[error("the folder {path} does not exist")]
    SourceMissing { path: PathBuf },
    #[error("the folder {path} is empty and was not before")]
    SourceEmpty { path: PathBuf },
    #[error("could not read the folder {path}")]
    SourceUnreadable { path: PathBuf, source: Cause },
    #[error("the repository {repository} lies inside the source {folder}")]
    RepositoryInsideSource { folder: PathBuf, repository: PathBuf },
    #[error("the drive of {name} is not connected")]
    DestinationNotConnected {
        name: String,
        location: PathBuf,
        snapshots: Option<u64>,
        /// What starts by itself once it is connected.
        awaited_by: Option<OperationKind>,
    },
    #[error("the folder {location} of {name} is gone")]
    DestinationMissing { name: String, location: PathBuf },
    #[error("{location} is read-only")]
    DestinationReadOnly { name: String, location: PathBuf },
    #[error("{name} has no room")]
    DestinationFull { name: String, free: Option<u64>, needed: Option<u64> },
    #[error("there is no repository at {location}")]
    NoRepository { location: String },
    #[error("there is a repository at {location} already")]
    RepositoryExists { location: String },
    #[error("{location} holds other files")]
    LocationOccupied { location: String },
    #[error("{location} is no absolute path")]
    LocationInvalid { location: String },
    #[error("the repository is known already as {name}")]
    RepositoryKnown { name: String },
    #[error("{name} is used by {plans:?}")]
    RepositoryHasPlans { name: String, plans: Vec<String> },
    #[error("the password does not open {location}")]
    WrongPassword { location: String },
    #[error("the password is empty")]
    PasswordEmpty,
    #[error("the password of {name} is not known")]
    PasswordMissing { name: String },
    #[error("{location} has the newer format {version}")]
    NewerFormat { location: String, version: u32 },
    #[error("{location} has foreign settings")]
    ForeignSettings { location: String, source: Cause },
    #[error("{location} is damaged")]
    RepositoryDamaged { location: String, source: Cause },
    #[error("another repository than before stands at {location}")]
    RepositoryReplaced { location: String },
    #[error("the storage at {location} cannot be reached")]
    StorageOffline { location: String, source: Cause },
    #[error("the storage at {location} denied access")]
    StorageDenied { location: String, source: Cause },
    #[error("the storage at {location} failed")]
    StorageFailed { location: String, source: Cause },
    #[error("{name} is locked by {holder}")]
    RepositoryLocked { name: String, holder: String, dead: bool, waited_minutes: u64 },
    #[error("{name} is in use by {}", with.what)]
    RepositoryBusy { name: String, with: BusyWith },
    #[error("the plan {name} is in use by {}", with.what)]
    PlanBusy { name: String, with: BusyWith },
    #[error("Holdfast holds this lock on {name} itself")]
    LockIsOurs { name: String },
    #[error("everything that starts by itself is paused")]
    Paused {
        /// When that ends, in words; `None` until somebody resumes.
        until: Option<String>,
    },
    #[error("our lock on {name} was lost")]
    LockLost { name: String, source: Cause },
    #[error("the lock of {holder} may be alive")]
    LockAlive { holder: String },
    #[error("there is no keychain")]
    KeychainUnavailable,
    #[error("the keychain is locked")]
    KeychainLocked,
    #[error("the keychain denied access")]
    KeychainDenied,
    #[error("the keychain failed")]
    KeychainFailed { source: Cause },
    #[error("the settings file could not be understood")]
    SettingsDamaged { kept_as: PathBuf, recovered: bool, source: Cause },
    #[error("the settings file has the newer version {version}")]
    SettingsNewer { version: u64, path: PathBuf },
    #[error("could not store the settings in {path}")]
    SettingsUnwritable { path: PathBuf, source: Cause },
    #[error("the settings file was edited while the app ran")]
    SettingsEdited { kept_as: PathBuf },
    #[error("the app runs already")]
    AlreadyRunning,
    #[error("the operation log was damaged")]
    LogDamaged { kept_as: PathBuf, source: Cause },
    #[error("could not write the operation log")]
    LogUnwritable { source: Cause },
    #[error("the name {name:?} cannot be used")]
    NameInvalid { name: String, taken: bool },
    #[error("{path:?} cannot be a source")]
    SourcesInvalid { path: Option<String> },
    #[error("the schedule can never run")]
    ScheduleInvalid,
    #[error("the rule {rule:?} cannot be understood")]
    ExcludeInvalid { rule: String, source: Cause },
    #[error("there is no plan {id}")]
    PlanUnknown { id: String },
    #[error("there is no repository {id}")]
    RepositoryUnknown { id: String },
    #[error("the repository of the plan {plan} is not known")]
    PlanWithoutRepository { plan: String },
    #[error("there is no operation {id}")]
    OperationUnknown { id: String },
    #[error("there is no snapshot {id}")]
    SnapshotUnknown { id: String },
    #[error("there is no folder {path}")]
    FolderUnknown { path: String },
    #[error("the snapshot {id} is in use")]
    SnapshotInUse { id: String, is_open: bool },
    #[error("the preview is no longer true")]
    PreviewOutdated { source: Option<Cause> },
    #[error("could not write to {path}")]
    TargetUnwritable { path: PathBuf, source: Cause },
    #[error("{path} has no room")]
    TargetFull { path: PathBuf, room: Option<(u64, u64)> },
    #[error("{name} is overdue")]
    Overdue { name: String, since_millis: Option<i64>, now_millis: i64, because: Option<String> },
    #[error("the app ended before the operation")]
    Interrupted,
    #[error("{count} files could not be read")]
    FilesSkipped { count: u64 },
    #[error("{count} files could not be restored")]
    FilesNotRestored { count: u64 },
    #[error("verifying found {count} problems")]
    VerifyFoundProblems { count: u64 },
    #[error("nothing could be backed up")]
    NothingToBackUp { source: Cause },
    #[error("there is no hook {id}")]
    HookUnknown { id: String },
    #[error("the hook cannot work")]
    HookInvalid { flaw: HookFlaw },
    #[error("the hook {name} failed")]
    HookFailed { name: String, source: HookFailure },
    #[error("the hook {name} failed, which the backup does not run without")]
    HookStopsBackup { name: String, source: HookFailure },
    #[error("notifications cannot be shown")]
    NotificationsUnavailable { source: Cause },
    #[error("start at login cannot be changed")]
    AutostartUnavailable { source: Cause },
    /// The person asked for it: no problem is shown, the operation is just cancelled.
    #[error("it was cancelled")]
    Cancelled,
    #[error("{what}")]
    Unexpected { what: &'static str, source: Option<Cause> },
}

/// What somebody is to wait for: another operation of this app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusyWith {
    /// The operation as the subject of a sentence: `the backup of "Photos"`.
    pub what: String,
    /// The time at which it began; `None` while it waits itself.
    pub since: Option<String>,
    /// How far it is.
    pub percent: Option<u64>,
    /// What comes of it.
    pub next: Next,
}

/// What comes of having met another operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// What was asked for was not done.
    Refused,
    /// It starts by itself.
    Starts {
        /// So many others start before it.
        after_others: usize,
    },
}

impl AppError {
    /// A failure that should not happen, with its cause.
    pub(crate) fn unexpected(
        what: &'static str,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self::Unexpected { what, source: Some(Box::new(source)) }
    }

    /// The same for an operation that waits until it passes.
    pub(crate) fn awaited(self, by: OperationKind) -> Self {
        match self {
            Self::DestinationNotConnected { name, location, snapshots, .. } => {
                let awaited_by = Some(by);
                Self::DestinationNotConnected { name, location, snapshots, awaited_by }
            }
            other => other,
        }
    }

    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> Code {
        code::of(self)
    }

    /// What a person is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let words = words::of(self);
        Problem {
            code: self.code(),
            title: words.title,
            meaning: words.meaning,
            advice: words.advice,
            actions: words.actions,
            details: self.source().map(|_| chain(self)),
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        error.problem()
    }
}

/// An error and its causes in one line, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_hold_the_whole_chain_of_causes_and_the_title_none_of_it() {
        let cause = std::io::Error::new(std::io::ErrorKind::PermissionDenied, "mode is 000");
        let error =
            AppError::SourceUnreadable { path: "/home/anna/Mail".into(), source: Box::new(cause) };
        let problem = error.problem();
        assert_eq!(problem.code, Code::SourceUnreadable);
        assert!(!problem.title.contains("mode is 000"));
        let details = "could not read the folder /home/anna/Mail: mode is 000";
        assert_eq!(problem.details.as_deref(), Some(details));
    }

    #[test]
    fn a_problem_has_no_exclamation_mark_and_all_three_parts() {
        let errors = [
            AppError::SourceMissing { path: "/a".into() },
            AppError::PasswordMissing { name: "Blue".into() },
            AppError::KeychainLocked,
            AppError::DestinationFull { name: "Blue".into(), free: Some(1), needed: None },
            AppError::VerifyFoundProblems { count: 2 },
        ];
        for problem in errors.map(Problem::from) {
            for part in [&problem.title, &problem.meaning, &problem.advice] {
                assert!(part.ends_with('.') && !part.contains('!'), "{problem:?}");
            }
        }
    }
}
