//! What the doctor looked at and found.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{HookId, Moment, PlanId, RepositoryId};

/// Everything that was looked at, the worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DoctorReport {
    /// When.
    pub at: Moment,
    /// How long it took.
    pub took_millis: u64,
    /// Each check, the worst first.
    pub checks: Vec<CheckView>,
    /// The same as text to hand on: without secrets, and without the person's name.
    pub text: String,
}

/// One thing that was looked at.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct CheckView {
    /// Which check.
    pub id: CheckId,
    /// What it belongs to.
    pub group: CheckGroup,
    /// The plan it is about.
    pub plan: Option<PlanId>,
    /// The repository it is about.
    pub repository: Option<RepositoryId>,
    /// What that is called.
    pub name: Option<String>,
    /// How it is.
    pub verdict: Verdict,
    /// What was looked at.
    pub looked_at: String,
    /// What was seen.
    pub reading: String,
    /// Why it matters.
    pub why: String,
    /// What helps.
    pub fix: Option<FixView>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Backups fail, or are worth nothing, until it is put right.
    Fail,
    /// It works, and may not for long.
    Warn,
    /// It could not be looked at.
    CouldNotLook,
    /// Nothing is wrong; it is good to know.
    Note,
    /// It is as it should be.
    Pass,
}

/// What a check belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CheckGroup {
    /// What is backed up.
    Source,
    /// Where it goes.
    Destination,
    /// What is there.
    Repository,
    /// This computer.
    Computer,
    /// Holdfast itself.
    App,
}

/// Each check, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum CheckId {
    /// The folders of a plan are there.
    SourceExists,
    /// They are not empty.
    SourceNotEmpty,
    /// They can be read.
    SourceReadable,
    /// The last backup could read everything.
    LastRunWhole,
    /// The repository does not lie in them.
    RepositoryInside,
    /// They lie on another drive than the repository.
    OtherDrive,
    /// The drive is there and answers soon.
    Reachable,
    /// It can be written.
    Writable,
    /// It has room for the next backups.
    Room,
    /// Limits that a person set.
    Limits,
    /// What was written is listed at once.
    ListAfterWrite,
    /// Its clock agrees with this computer's.
    StoreClock,
    /// What was written can be removed.
    CanDelete,
    /// The password opens the repository.
    Opens,
    /// Its format is one that this version writes.
    Format,
    /// Nobody else's locks stand in it.
    Locks,
    /// No packs that no index names.
    Uploads,
    /// The index can be read.
    Index,
    /// It was verified not too long ago.
    Verified,
    /// There is room for history and caches.
    OwnRoom,
    /// The clock is right.
    SystemClock,
    /// The keychain can be used.
    Keychain,
    /// Notices can be shown.
    Notifications,
    /// The tray has the icon.
    Tray,
    /// Holdfast starts at login.
    Autostart,
    /// Settings and history are whole.
    OwnFiles,
    /// The last starts were clean.
    LastStart,
    /// Which version runs.
    Version,
    /// Every schedule can run.
    Schedules,
    /// Hooks get through.
    Hooks,
}

/// What helps.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct FixView {
    /// In words.
    pub words: String,
    /// What the app can do about it.
    pub action: Option<FixAction>,
    /// What a person can enter in a terminal.
    pub command: Option<String>,
}

/// What the app can do for a person, or where it can lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum FixAction {
    /// Leave the repository out of the plan that it lies in.
    ExcludeRepository {
        /// Which plan.
        plan: PlanId,
    },
    /// Remove these locks.
    Unlock {
        /// In which repository.
        repository: RepositoryId,
        /// Which locks.
        locks: Vec<String>,
    },
    /// Verify a repository.
    Verify {
        /// Which.
        repository: RepositoryId,
    },
    /// Back up now.
    Run {
        /// Which plan.
        plan: PlanId,
    },
    /// Start Holdfast at login.
    StartAtLogin,
    /// Show a plan, to change it.
    EditPlan {
        /// Which.
        plan: PlanId,
    },
    /// Show a repository.
    ShowRepository {
        /// Which.
        repository: RepositoryId,
    },
    /// Ask for a password.
    EnterPassword {
        /// Of which repository.
        repository: RepositoryId,
    },
    /// Show the settings.
    OpenSettings,
    /// Tell a hook something made up.
    TestHook {
        /// Which.
        hook: HookId,
    },
}

/// What a person wants to be warned of.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(optional_fields)]
pub struct Limits {
    /// More snapshots than these.
    pub snapshots_max: Option<u64>,
    /// More bytes than these.
    pub bytes_max: Option<u64>,
}
