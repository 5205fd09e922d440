//! Removes snapshots: those that are named, or those that a policy no longer keeps.
//!
//! [`apply`] decides over the snapshots of a group and touches nothing; [`forget`] removes what is
//! named.
//!
//! Only the snapshots go, not what they refer to: that is pruned another time. So nothing that
//! another program does meanwhile can be harmed, and a stop at any point leaves a repository that is
//! whole.

mod apply;
mod period;
mod policy;

pub use apply::{Decision, KeepReason, Kept, apply};
pub use period::{Period, PeriodError};
pub use policy::{KeepCount, KeepCountError, PerUnit, RetentionPolicy, Unit};

use crate::backend::{BackendErrorKind, FileKind, FileName};
use crate::id::SnapshotId;
use crate::lock::{HeldLock, LockLost};
use crate::monitor::{Cancellation, Event, Finding, FindingKind, Monitor, with_causes};
use crate::repository::Repository;

/// How many snapshots are removed between two looks at the lock.
const BATCH: usize = 16;

/// What became of the snapshots that were to be removed.
#[derive(Debug, Default)]
pub struct ForgetOutcome {
    /// Those that are gone.
    pub removed: Vec<SnapshotId>,
    /// Those that could not be removed. Each is a finding, too.
    pub failed: Vec<SnapshotId>,
}

/// Why snapshots were not removed, or not all of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForgetError {
    /// Somebody else may have the repository to themselves.
    #[error("stopped removing snapshots after {removed}")]
    LockLost {
        /// How many were removed before.
        removed: usize,
        /// The cause.
        source: LockLost,
    },
    /// Somebody asked to stop.
    #[error("stopped after {removed} snapshots were removed")]
    Cancelled {
        /// How many were removed before.
        removed: usize,
    },
}

/// Removes the snapshots with these ids. One that cannot be removed is a finding, and the others
/// are removed all the same.
///
/// # Errors
/// When the lock does not hold any more, or when asked to stop.
///
/// ```
/// use holdfast_engine::forget::forget;
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
/// use holdfast_engine::snapshot::load_all;
///
/// let letter = holdfast_testkit::letter();
/// let repository = &letter.test.repository;
/// let lock = letter.test.lock(false);
/// let cancel = Cancellation::default();
/// let outcome = forget(repository, &[letter.snapshot], &lock, &Unwatched, &cancel)?;
/// assert_eq!(outcome.removed, [letter.snapshot]);
/// assert!(load_all(repository, &Unwatched)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn forget(
    repository: &Repository,
    ids: &[SnapshotId],
    lock: &HeldLock,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
) -> Result<ForgetOutcome, ForgetError> {
    let fence = || match lock.fence() {
        // What to remove was said by id, so nothing has to be looked at again.
        Err(LockLost::Reacquired { generation }) => {
            lock.accept(generation);
            lock.fence()
        }
        other => other,
    };
    remove(repository, ids, &fence, monitor, cancel)
}

fn remove(
    repository: &Repository,
    ids: &[SnapshotId],
    fence: &dyn Fn() -> Result<(), LockLost>,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
) -> Result<ForgetOutcome, ForgetError> {
    let mut outcome = ForgetOutcome::default();
    for batch in ids.chunks(BATCH) {
        let removed = outcome.removed.len();
        if cancel.is_cancelled() {
            return Err(ForgetError::Cancelled { removed });
        }
        fence().map_err(|source| ForgetError::LockLost { removed, source })?;
        for id in batch {
            match repository.backend().remove(FileName::new(FileKind::Snapshot, id.0)) {
                Ok(()) => outcome.removed.push(*id),
                // Another program was faster.
                Err(error) if error.kind == BackendErrorKind::NotFound => outcome.removed.push(*id),
                Err(error) => {
                    outcome.failed.push(*id);
                    let message = format!("snapshot {}: {}", id.short(), with_causes(&error));
                    let kind = FindingKind::Unwritable;
                    let finding = Finding { kind, path: None, during: "forget", message };
                    monitor.event(Event::Finding(&finding));
                }
            }
        }
    }
    if let Err(error) = repository.backend().sync() {
        // They are gone for every reader; only a power cut could bring them back.
        let message = with_causes(&error);
        let finding = Finding { kind: FindingKind::Note, path: None, during: "forget", message };
        monitor.event(Event::Finding(&finding));
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::id::TreeId;
    use crate::monitor::Unwatched;
    use crate::testing::World;

    fn world(count: u8) -> (World, Vec<SnapshotId>) {
        let world = World::new();
        let ids = (0..count).map(|n| world.snapshot(TreeId::of(&[n]))).collect();
        (world, ids)
    }

    #[test]
    fn what_is_named_goes_and_the_rest_stays() {
        let (world, ids) = world(4);
        let gone = [ids[0], ids[2], SnapshotId::of(b"gone already")];
        let cancel = Cancellation::default();
        let outcome = remove(&world.repository, &gone, &|| Ok(()), &Unwatched, &cancel);
        assert_eq!(outcome.expect("memory").removed, gone);
        let mut left: Vec<_> =
            world.files(FileKind::Snapshot).into_iter().map(|file| SnapshotId(file.id)).collect();
        left.sort_unstable();
        let mut expected = vec![ids[1], ids[3]];
        expected.sort_unstable();
        assert_eq!(left, expected);
    }

    #[test]
    fn nothing_more_goes_once_the_lock_is_lost() {
        let (world, ids) = world(40);
        let looks = Cell::new(0);
        let fence = || {
            looks.set(looks.get() + 1);
            if looks.get() < 3 { Ok(()) } else { Err(LockLost::Reacquired { generation: 1 }) }
        };
        let cancel = Cancellation::default();
        let result = remove(&world.repository, &ids, &fence, &Unwatched, &cancel);
        assert!(matches!(result, Err(ForgetError::LockLost { removed: 32, .. })), "{result:?}");
        assert_eq!(world.files(FileKind::Snapshot).len(), 8);
    }

    #[test]
    fn whoever_asks_to_stop_is_heard() {
        let (world, ids) = world(1);
        let cancel = Cancellation::default();
        cancel.cancel();
        let result = remove(&world.repository, &ids, &|| Ok(()), &Unwatched, &cancel);
        assert!(matches!(result, Err(ForgetError::Cancelled { removed: 0 })));
    }
}
