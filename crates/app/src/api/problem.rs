//! What a person is told when something is wrong.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A problem in three parts: what happened, what it means for the data, what to do.
///
/// The code is stable and what programs branch on; the words may change.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Problem {
    /// Which problem.
    pub code: Code,
    /// What happened.
    pub title: String,
    /// What it means for the data.
    pub meaning: String,
    /// What to do.
    pub advice: String,
    /// The buttons that fit, the most helpful first.
    pub actions: Vec<ProblemAction>,
    /// Causes, for somebody who can read them.
    pub details: Option<String>,
}

/// What a button beside a problem does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ProblemAction {
    /// Do the same again.
    Retry,
    /// Remove the lock that stands in the way, if it is proven dead, and do the same again.
    UnlockAndRetry,
    /// Ask for the repository's password.
    EnterPassword,
    /// Show the settings.
    OpenSettings,
    /// Show the operation.
    ShowDetails,
    /// Edit the plan.
    EditPlan,
    /// Edit the repository.
    EditRepository,
    /// Choose another folder.
    ChooseFolder,
}

/// Every problem the app can report. A code never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Code {
    /// A source folder does not exist.
    SourceMissing,
    /// A source folder is empty and was not before.
    SourceEmpty,
    /// A source folder cannot be read.
    SourceUnreadable,
    /// The repository lies inside a source.
    RepositoryInsideSource,
    /// The drive the repository is on is not connected. A plan waits for it.
    DestinationNotConnected,
    /// The folder of the repository is gone although its drive is there.
    DestinationMissing,
    /// The destination can be read and not be written.
    DestinationReadOnly,
    /// The destination has no room for the estimate, or ran full.
    DestinationFull,
    /// There is no repository at the location.
    NoRepository,
    /// A repository is there already, and one was to be created.
    RepositoryExists,
    /// Other files are in the folder in which a repository was to be created.
    LocationOccupied,
    /// The location is not an absolute path to a folder.
    LocationInvalid,
    /// The repository is in the settings already.
    RepositoryKnown,
    /// The repository is used by plans.
    RepositoryHasPlans,
    /// The password does not open the repository.
    WrongPassword,
    /// The password is empty.
    PasswordEmpty,
    /// The password is not known: the keychain does not hold it.
    PasswordMissing,
    /// The repository has a format this version does not know.
    NewerFormat,
    /// The repository was set up in a way that this version reads and does not write.
    ForeignSettings,
    /// A part of the repository is damaged or missing.
    RepositoryDamaged,
    /// Another repository than before stands at the location.
    RepositoryReplaced,
    /// The storage cannot be reached.
    StorageOffline,
    /// The storage denied access.
    StorageDenied,
    /// The storage reported an error.
    StorageFailed,
    /// Somebody else uses the repository, and did for as long as was waited.
    RepositoryLocked,
    /// Another operation of this app uses the repository.
    RepositoryBusy,
    /// An operation of the plan runs.
    PlanBusy,
    /// A person paused everything that starts by itself.
    Paused,
    /// Our lock was lost on the way.
    LockLost,
    /// A lock may be alive and was not removed.
    LockAlive,
    /// There is no keychain.
    KeychainUnavailable,
    /// The keychain is locked, and nobody unlocked it in time.
    KeychainLocked,
    /// The keychain denied access.
    KeychainDenied,
    /// The keychain failed.
    KeychainFailed,
    /// The settings file could not be understood and was set aside.
    SettingsDamaged,
    /// The settings file was written by a newer version.
    SettingsNewer,
    /// The settings could not be stored.
    SettingsUnwritable,
    /// The settings file was edited while the app ran; the edited one was set aside.
    SettingsEdited,
    /// The app runs already, with the same settings and history.
    AlreadyRunning,
    /// The operation log was damaged and was set aside.
    LogDamaged,
    /// The operation log could not be written.
    LogUnwritable,
    /// A name is empty or taken.
    NameInvalid,
    /// A plan has no folders, or a path that is not absolute.
    SourcesInvalid,
    /// The schedule can never run.
    ScheduleInvalid,
    /// An exclude rule cannot be understood.
    ExcludeInvalid,
    /// There is no such plan.
    PlanUnknown,
    /// There is no such repository.
    RepositoryUnknown,
    /// There is no such operation.
    OperationUnknown,
    /// There is no such snapshot.
    SnapshotUnknown,
    /// There is no such folder, here or in the snapshot.
    FolderUnknown,
    /// The snapshot is being restored or browsed.
    SnapshotInUse,
    /// The preview is gone, or what it was made from changed.
    PreviewOutdated,
    /// The restore's destination cannot be written.
    TargetUnwritable,
    /// The restore's destination has no room.
    TargetFull,
    /// No new snapshot for longer than the plan allows.
    Overdue,
    /// The work ended when the app or the computer did.
    Interrupted,
    /// Some files could not be read; the snapshot holds the rest.
    FilesSkipped,
    /// Some files could not be restored.
    FilesNotRestored,
    /// Verifying found problems.
    VerifyFoundProblems,
    /// Nothing could be backed up.
    NothingToBackUp,
    /// There is no such hook.
    HookUnknown,
    /// A hook lacks what it needs, or has what cannot be right.
    HookInvalid,
    /// A hook did not get through.
    HookFailed,
    /// Notifications cannot be shown.
    NotificationsUnavailable,
    /// There is no tray.
    TrayUnavailable,
    /// Start at login cannot be set.
    AutostartUnavailable,
    /// Something that should not happen.
    Unexpected,
}
