//! Plans as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    Bytes, ExcludePresetId, HealthState, Moment, OperationId, OperationState, PlanId, Problem,
    RepositoryId, Timing,
};

/// A plan with everything derived from it.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct PlanView {
    /// Its name for programs.
    pub id: PlanId,
    /// Its name for people.
    pub name: String,
    /// Where it backs up to.
    pub repository: RepositoryId,
    /// The folders it backs up: absolute paths.
    pub sources: Vec<String>,
    /// What is left out.
    pub excludes: Excludes,
    /// When it runs.
    pub timing: Timing,
    /// How it is.
    pub health: PlanHealth,
    /// Its last backup that ended, whatever became of it.
    pub last_run: Option<LastRun>,
    /// When it runs next by itself; absent for a manual plan.
    pub next_run: Option<Moment>,
    /// The next five times it is due; empty for a manual plan.
    pub upcoming: Vec<Moment>,
    /// The last thirty days, the oldest first.
    pub days: Vec<DayCell>,
    /// Size of what the newest snapshot holds.
    pub size: Option<Bytes>,
    /// Number of its snapshots.
    pub snapshot_count: Option<u64>,
    /// Its operation that runs now.
    pub running: Option<OperationId>,
    /// Its operation that waits in the queue.
    pub queued: Option<OperationId>,
}

/// What a person edits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlanDraft {
    /// Its name for people.
    pub name: String,
    /// Where it backs up to.
    pub repository: RepositoryId,
    /// The folders it backs up: absolute paths.
    pub sources: Vec<String>,
    /// What is left out.
    pub excludes: Excludes,
    /// When it runs.
    pub timing: Timing,
}

/// What a plan leaves out.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Excludes {
    /// Patterns by restic's rules.
    pub patterns: Vec<String>,
    /// Leave out folders that are marked as caches (CACHEDIR.TAG).
    pub caches: bool,
    /// Leave out folders that hold a file of one of these names.
    pub if_present: Vec<String>,
    /// Leave out files that are larger.
    pub larger_than: Option<Bytes>,
    /// Stay on the file system of each source.
    pub one_file_system: bool,
    /// Presets that are on.
    pub presets: Vec<ExcludePresetId>,
}

/// Patterns that come with the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExcludePreset {
    /// Its name for programs.
    pub id: ExcludePresetId,
    /// Its name for people.
    pub title: String,
    /// What it leaves out.
    pub patterns: Vec<String>,
}

/// How a plan is, and why.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct PlanHealth {
    /// The state.
    pub state: HealthState,
    /// Why, where it is not `protected`.
    pub reason: Option<Problem>,
    /// When the newest good snapshot was made.
    pub newest_good: Option<Moment>,
    /// How old the newest good snapshot may become.
    pub target_age_millis: u64,
}

/// How a plan's last backup ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// Which operation.
    pub operation: OperationId,
    /// How it ended.
    pub state: OperationState,
    /// When it ended.
    pub at: Moment,
}

/// One day of a plan's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DayCell {
    /// `YYYY-MM-DD`, by the computer's own clock.
    pub day: String,
    /// What became of it.
    pub state: DayState,
}

/// What became of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DayState {
    /// Nothing was due and nothing ran, or the plan did not exist.
    None,
    /// A backup succeeded.
    Good,
    /// A backup finished with warnings.
    Warnings,
    /// Backups were tried and none succeeded.
    Failed,
    /// One was due and none ran.
    Missed,
    /// One was due and waited for something.
    Waiting,
}

/// A folder of this person that a first plan may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FolderSuggestion {
    /// Its absolute path.
    pub path: String,
    /// What it is for.
    pub kind: FolderKind,
    /// True if it should be ticked at first.
    pub selected: bool,
}

/// What a person's folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum FolderKind {
    /// Documents.
    Documents,
    /// Pictures.
    Pictures,
    /// The desktop.
    Desktop,
    /// Music.
    Music,
    /// Videos.
    Videos,
    /// Downloads.
    Downloads,
    /// The home folder.
    Home,
    /// Something else.
    Other,
}

/// How much a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FolderSize {
    /// Its absolute path.
    pub path: String,
    /// Number of files.
    pub files: u64,
    /// Their size.
    pub bytes: Bytes,
    /// False if parts could not be read, or there was more than was counted.
    pub complete: bool,
}
