//! Operations as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Bytes, LockView, Moment, OperationId, PlanId, Problem, RepositoryId, RunId};

/// One step of a run.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct OperationView {
    /// Its name.
    pub id: OperationId,
    /// The run it belongs to.
    pub run: RunId,
    /// What it does.
    pub kind: OperationKind,
    /// The plan it is for.
    pub plan: Option<PlanId>,
    /// What the plan was called.
    pub plan_name: Option<String>,
    /// The repository it works on.
    pub repository: RepositoryId,
    /// What the repository was called.
    pub repository_name: String,
    /// How far it is, or how it ended.
    pub state: OperationState,
    /// Why it was started.
    pub trigger: Trigger,
    /// What passed without a run before this one.
    pub missed: Option<MissedRuns>,
    /// When it was asked for.
    pub queued_at: Moment,
    /// When it began.
    pub started_at: Option<Moment>,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// How far it is; only while it runs.
    pub progress: Option<Progress>,
    /// Why it does not run yet.
    pub waiting_for: Option<Problem>,
    /// What it did.
    pub summary: Option<OperationSummary>,
    /// Why it failed, or what the warnings mean.
    pub problem: Option<Problem>,
    /// Number of problems on the way that did not stop it.
    pub findings: u64,
}

/// Times at which something was due and did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MissedRuns {
    /// The first of them.
    pub from: Moment,
    /// How many.
    pub count: u32,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OperationKind {
    /// Makes a snapshot.
    Backup,
    /// Brings files back.
    Restore,
    /// Verifies a repository.
    Verify,
    /// Removes locks.
    Unlock,
    /// Removes snapshots that a person named.
    Forget,
    /// Removes snapshots that a plan's policy no longer keeps.
    Retention,
    /// Frees the space that no snapshot needs.
    Cleanup,
    /// Restores a few files and compares them: a restore drill.
    Drill,
    /// Copies a plan's snapshots to another repository.
    Copy,
    /// Tells a hook what happened.
    Hook,
}

/// How far an operation is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OperationState {
    /// It waits for its turn.
    Queued,
    /// It runs.
    Running,
    /// It did all of it.
    Succeeded,
    /// It finished, and something on the way was wrong.
    Warnings,
    /// It did not finish.
    Failed,
    /// A person stopped it.
    Cancelled,
    /// The app or the computer ended before it.
    Interrupted,
}

/// Why a run was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// It was due.
    Scheduled,
    /// It was due while the computer slept or the app was off.
    Missed,
    /// A person asked.
    Manual,
    /// The first backup of a new plan.
    FirstStart,
    /// It failed before and is tried again.
    Retry,
    /// A lock stood in the way (unlock only).
    Conflict,
    /// A backup of its plan was made.
    AfterBackup,
}

impl Trigger {
    /// True if nobody asked, so that nobody is there who could enter a password.
    #[must_use]
    pub fn is_unattended(self) -> bool {
        matches!(self, Self::Scheduled | Self::Missed | Self::AfterBackup | Self::Conflict)
    }
}

/// What an operation did. Which figures are present depends on its kind.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct OperationSummary {
    /// Files that were not there before (backup), or were created (restore).
    pub files_new: u64,
    /// Files that were there and differ (backup), or were overwritten (restore).
    pub files_changed: u64,
    /// Files that were as they were.
    pub files_unmodified: u64,
    /// All files; packs read, for verify; snapshots removed, for forget; locks, for unlock.
    pub files: u64,
    /// Their size.
    pub bytes: Bytes,
    /// What was new to the repository.
    pub added_bytes: Bytes,
    /// The same after compression and sealing.
    pub stored_bytes: Bytes,
    /// The snapshot that was made or restored.
    pub snapshot: Option<String>,
    /// The folder that was restored to; absent for the original places.
    pub target: Option<String>,
    /// The folder in which what a restore replaced is kept, under its path in the snapshot.
    pub kept: Option<String>,
}

/// How far an operation is.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Progress {
    /// Which part of its work it is in.
    pub phase: ProgressPhase,
    /// Files done.
    pub files_done: u64,
    /// Files there are.
    pub files_total: Option<u64>,
    /// Bytes done. Never less than before.
    pub bytes_done: Bytes,
    /// Bytes there are. Never less than what is done.
    pub bytes_total: Option<Bytes>,
    /// False while the totals are guessed from the snapshot before.
    pub exact: bool,
    /// Speed, once it is steady.
    pub bytes_per_second: Option<Bytes>,
    /// Time left, once it is steady.
    pub seconds_left: Option<u64>,
    /// The file or folder it is at.
    pub current: Option<String>,
    /// Whose lock is waited for.
    pub lock_holder: Option<LockView>,
    /// When waiting for the lock ends.
    pub lock_give_up_at: Option<Moment>,
}

impl Progress {
    /// Whole percents of the bytes, once there is anything to go by; 100 only at the end.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        let total = self.bytes_total.filter(|total| *total > 0)?;
        let done = u128::from(self.bytes_done.min(total)) * 100 / u128::from(total);
        u64::try_from(done).ok().map(|percent| percent.min(99))
    }
}

/// Which part of its work an operation is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ProgressPhase {
    /// Opening, reading the index.
    Preparing,
    /// Somebody else uses the repository.
    WaitingForLock,
    /// The work itself.
    Working,
    /// What was restored is read again.
    Verifying,
    /// The last of it is stored.
    Committing,
}

/// An operation with its log and its findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OperationDetail {
    /// The operation.
    pub operation: OperationView,
    /// What it noted, the oldest first.
    pub log: Vec<LogLine>,
    /// Problems on the way, grouped by kind, the most serious first.
    pub findings: Vec<FindingGroup>,
}

/// A line of an operation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// When.
    pub at: Moment,
    /// How serious.
    pub level: LogLevel,
    /// What.
    pub text: String,
}

/// How serious a line of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    /// It went as it should.
    Info,
    /// Something was wrong and did not stop it.
    Warning,
    /// It was stopped.
    Error,
}

/// Findings of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FindingGroup {
    /// Which kind: `vanished`, `denied`, `inUse`, `unreadable`, `unwritable`, `hostile`,
    /// `missing`, `damaged` or `note`.
    pub kind: String,
    /// What it means, with the number.
    pub title: String,
    /// How many.
    pub count: u64,
    /// The first fifty.
    pub examples: Vec<FindingExample>,
}

/// One finding.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct FindingExample {
    /// What it is about.
    pub path: Option<String>,
    /// The cause.
    pub message: String,
}

/// Which operations are wanted. What is absent does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct OperationsQuery {
    /// Of this plan.
    pub plan: Option<PlanId>,
    /// On this repository.
    pub repository: Option<RepositoryId>,
    /// Of this kind.
    pub kind: Option<OperationKind>,
    /// In this state.
    pub state: Option<OperationState>,
    /// Asked for before this one: the last of the page before.
    pub before: Option<OperationId>,
    /// At most so many, at most 500.
    pub limit: u32,
}

/// What became of asking for a run.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct RunStarted {
    /// The operation that was queued, or the one that was joined.
    pub operation: OperationId,
    /// True if the plan was running or queued already.
    pub joined: bool,
    /// Since when, if it was joined.
    pub since: Option<Moment>,
    /// How far it is, if it was joined and runs.
    ///
    /// Added to what was agreed: who asks again is told since when and how far.
    pub progress: Option<Progress>,
}
