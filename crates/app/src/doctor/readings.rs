//! What the doctor looked at, before anybody judged it.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::api::{
    Bytes, HookId, Light, Limits, LockView, OperationState, PlanId, Problem, RepositoryId, Services,
};

/// Something that was seen, or why it was not.
#[derive(Debug, Clone)]
pub(super) enum Reading<T> {
    Known(T),
    CouldNotLook(String),
}

/// Everything.
#[derive(Debug, Clone)]
pub(super) struct Readings {
    pub(super) plans: Vec<PlanReading>,
    pub(super) repositories: Vec<RepositoryReading>,
    pub(super) computer: ComputerReading,
    pub(super) app: AppReading,
}

#[derive(Debug, Clone)]
pub(super) struct PlanReading {
    pub(super) id: PlanId,
    pub(super) name: String,
    pub(super) places: Reading<PlacesReading>,
    /// What its last good backup could not read.
    pub(super) skipped: Option<u64>,
    pub(super) has_snapshots: bool,
    pub(super) never_runs: bool,
}

#[derive(Debug, Clone)]
pub(super) struct PlacesReading {
    pub(super) sources: Vec<SourceReading>,
    /// The source that the repository lies in, unexcluded.
    pub(super) repository_inside: Option<PathBuf>,
    /// A source on the same drive as the repository.
    pub(super) same_drive: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub(super) struct SourceReading {
    pub(super) path: PathBuf,
    pub(super) state: SourceState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SourceState {
    /// With so many entries; none if it is a file.
    Readable(Option<usize>),
    Missing,
    /// Why.
    Unreadable(String),
}

#[derive(Debug, Clone)]
pub(super) struct RepositoryReading {
    pub(super) id: RepositoryId,
    pub(super) name: String,
    pub(super) storage: Reading<StorageReading>,
    pub(super) inside: Reading<Result<InsideReading, Problem>>,
    pub(super) limits: Limits,
    /// What the next backups of its plans are going to store.
    pub(super) estimate: Option<Bytes>,
    pub(super) verify: Light,
}

#[derive(Debug, Clone)]
pub(super) struct StorageReading {
    /// The drive is not there; all else is not known then.
    pub(super) away: Option<Problem>,
    /// How long a few questions took.
    pub(super) took: SignedDuration,
    pub(super) read_only: bool,
    pub(super) free: Option<Bytes>,
    pub(super) trial: Option<Trial>,
}

/// What became of a small file that was written, listed and removed.
#[derive(Debug, Clone)]
pub(super) enum Trial {
    /// Why it could not be written.
    Refused(String),
    Written {
        is_listed: bool,
        /// How far its time is ahead of this computer's.
        ahead: SignedDuration,
        is_removed: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct InsideReading {
    pub(super) looked_at: Timestamp,
    pub(super) format: u32,
    pub(super) locks: Vec<LockView>,
    pub(super) snapshots: u64,
    pub(super) newest: Option<Timestamp>,
    pub(super) bytes: Bytes,
    /// Why the index cannot be read.
    pub(super) index_problem: Option<String>,
    /// Packs that no index names, and their size.
    pub(super) unnamed: (u64, Bytes),
}

impl InsideReading {
    /// How long ago a lock showed a sign of life.
    pub(super) fn age_minutes(&self, lock: &LockView) -> i64 {
        (self.looked_at.as_millisecond() - lock.created) / 60_000
    }
}

#[derive(Debug, Clone)]
pub(super) struct ComputerReading {
    pub(super) now: Timestamp,
    pub(super) own_free: Option<Bytes>,
    pub(super) services: Services,
    pub(super) starts_at_login: bool,
    pub(super) has_schedules: bool,
}

#[derive(Debug, Clone)]
pub(super) struct AppReading {
    pub(super) version: String,
    /// What is wrong with settings or history.
    pub(super) problems: Vec<Problem>,
    /// Operations of the last week that ended with the app or the computer.
    pub(super) interrupted: u64,
    pub(super) hooks: Vec<HookReading>,
}

#[derive(Debug, Clone)]
pub(super) struct HookReading {
    pub(super) id: HookId,
    pub(super) name: String,
    pub(super) last: Option<(OperationState, Option<Problem>)>,
}
