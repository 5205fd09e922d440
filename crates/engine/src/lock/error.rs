//! Why a lock could not be had, or is no longer held.

use std::time::Duration;

use jiff::Timestamp;

use super::judge::Verdict;
use super::{JudgedLock, LockFile, StoredLock, text};
use crate::backend::{BackendError, BackendErrorKind};
use crate::id::LockId;
use crate::repository::{ReadError, WriteError};

/// A lock that was removed because its owner is gone, with the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedLock {
    /// Its id.
    pub id: LockId,
    /// What it said, if it could be read.
    pub file: Option<LockFile>,
    /// Why it was removed.
    pub verdict: Verdict,
    /// When it was removed.
    pub at: Timestamp,
}

impl RemovedLock {
    /// How old the lock was, by our clock.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let age = self.at.duration_since(self.file.as_ref()?.time.timestamp());
        (!age.is_negative()).then(|| age.unsigned_abs())
    }
}

/// Why a lock could not be had. None of ours is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Others hold the repository.
    #[error("the repository is in use{}", holder(locks))]
    Held {
        /// Who, and what is known of them.
        locks: Vec<JudgedLock>,
        /// When that was found.
        at: Timestamp,
        /// What was removed before.
        removed: Vec<RemovedLock>,
    },
    /// Our new lock vanished before it could be relied on.
    #[error("another program removed the lock that was just stored")]
    TakenAway,
    /// The storage did not show our new lock.
    #[error("the storage does not list the lock that was just stored")]
    NotListed,
    /// The locks could not be read.
    #[error("could not find out who uses the repository")]
    Read(#[from] ReadError),
    /// A lock could not be stored.
    #[error("could not store a lock")]
    Write(#[from] WriteError),
    /// The thread that keeps the lock fresh could not be started.
    #[error("could not start the thread that keeps the lock fresh")]
    Thread {
        /// The cause.
        source: std::io::Error,
    },
    /// Somebody asked to stop.
    #[error("stopped while waiting for the repository")]
    Cancelled,
}

fn holder(locks: &[JudgedLock]) -> String {
    match locks.first().map(|judged| (judged.lock.file(), judged.lock.id)) {
        Some((Some(file), _)) => {
            format!(" by {} on {}, process {}", file.username, file.hostname, file.pid)
        }
        Some((None, id)) => format!(": lock {} cannot be read", id.short()),
        None => String::new(),
    }
}

impl LockError {
    /// True if the storage failed in a way that may pass.
    pub(super) fn may_pass(&self) -> bool {
        let error = match self {
            Self::Read(ReadError::List { source, .. } | ReadError::Backend { source, .. })
            | Self::Write(WriteError::Backend { source, .. }) => source,
            _ => return false,
        };
        matches!(error.kind, BackendErrorKind::Offline | BackendErrorKind::Failed)
    }

    /// What restic prints in this place, where it has words for it.
    #[must_use]
    pub fn restic_text(&self) -> Option<String> {
        let Self::Held { locks, at, .. } = self else { return None };
        match locks.iter().find_map(|judged| Some((judged.lock.id, judged.lock.file()?))) {
            Some((id, file)) => Some(text::restic_already_locked(id, file, *at)),
            None => Some(text::RESTIC_INVALID_LOCK.to_owned()),
        }
    }
}

/// Why work under a lock must not go on as if nothing had happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockLost {
    /// The lock was gone for a while and is held again. Whatever was read before may be out of
    /// date; check it, then tell [`HeldLock::accept`](super::HeldLock::accept).
    #[error("the lock was lost for a while; what was found before must be checked again")]
    Reacquired {
        /// What to accept.
        generation: u64,
    },
    /// The lock was removed, and somebody else holds the repository.
    #[error("the lock was removed, and another program uses the repository now")]
    Taken {
        /// Who.
        holder: Box<StoredLock>,
    },
    /// Somebody ignores our lock.
    #[error("another program uses the repository in spite of the lock")]
    Contested {
        /// Who.
        holder: Box<StoredLock>,
    },
    /// It could not be found out.
    #[error("could not verify that the lock is still held")]
    Unverified {
        /// The cause.
        source: LockError,
    },
    /// The lock was removed and no new one could be stored.
    #[error("the lock was removed and could not be taken again")]
    NotReacquired {
        /// The cause.
        source: LockError,
    },
}

impl LockLost {
    /// The generation to accept, if the lock is held again.
    #[must_use]
    pub fn reacquired(&self) -> Option<u64> {
        match self {
            Self::Reacquired { generation } => Some(*generation),
            _ => None,
        }
    }
}

/// Why locks could not be removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The locks could not be read.
    #[error("could not read the locks")]
    Read(#[from] ReadError),
    /// A lock could not be removed; the ones before it were.
    #[error("could not remove lock {}", id.short())]
    Remove {
        /// Which.
        id: LockId,
        /// The cause.
        source: BackendError,
    },
}
