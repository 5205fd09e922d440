//! Changes the tags of snapshots.
//!
//! A snapshot's file never changes, so one with other tags is stored, and then the old one is
//! removed. Whoever stops in between leaves both. The first id that a snapshot had is kept in it.

use crate::backend::{BackendErrorKind, FileKind, FileName};
use crate::id::SnapshotId;
use crate::lock::{HeldLock, LockLost};
use crate::monitor::{Cancellation, Event, Finding, FindingKind, Monitor, with_causes};
use crate::rearrange::{RearrangeError, store_snapshot};
use crate::repository::{ReadError, Repository, WriteError};
use crate::snapshot::Snapshot;

/// What becomes of a snapshot's tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagChange {
    /// It has these, whatever it had before.
    Set(Vec<String>),
    /// It gets some and loses others.
    Edit {
        /// Those that it gets, unless it has them.
        add: Vec<String>,
        /// Those that it loses, if it has them.
        remove: Vec<String>,
    },
}

impl TagChange {
    /// The tags afterwards; `None` if nothing is to be stored.
    ///
    /// ```
    /// use holdfast_engine::tag::TagChange;
    ///
    /// let change = TagChange::Edit { add: vec!["b".into()], remove: vec!["a".into()] };
    /// assert_eq!(change.applied_to(&["a".into()]), Some(vec!["b".into()]));
    /// assert_eq!(change.applied_to(&["b".into()]), None);
    /// ```
    #[must_use]
    pub fn applied_to(&self, tags: &[String]) -> Option<Vec<String>> {
        match self {
            Self::Set(tags) => Some(tags.clone()),
            Self::Edit { add, remove } => {
                let mut changed = tags.to_vec();
                for tag in add {
                    if !changed.contains(tag) {
                        changed.push(tag.clone());
                    }
                }
                changed.retain(|tag| !remove.contains(tag));
                (changed != tags).then_some(changed)
            }
        }
    }
}

/// A snapshot that has other tags now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retagged {
    /// The id that it had.
    pub old: SnapshotId,
    /// The id that it has.
    pub new: SnapshotId,
}

/// What became of the snapshots whose tags were to be changed.
#[derive(Debug, Default)]
pub struct TagOutcome {
    /// Those that have other tags now.
    pub changed: Vec<Retagged>,
    /// Those that could not be changed. Each is a finding, too.
    pub failed: Vec<SnapshotId>,
}

/// Why tags were not changed, or not all of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// Somebody else may have the repository to themselves.
    #[error("stopped changing tags after {changed} snapshots")]
    LockLost {
        /// How many were changed before.
        changed: usize,
        /// The cause.
        source: LockLost,
    },
    /// Somebody asked to stop.
    #[error("stopped after the tags of {changed} snapshots were changed")]
    Cancelled {
        /// How many were changed before.
        changed: usize,
    },
}

/// Changes the tags of these snapshots. One that cannot be changed is a finding, and the others are
/// changed all the same. The lock is an exclusive one: two who changed the same snapshot would make
/// two of it.
///
/// # Errors
/// When the lock does not hold any more, or when asked to stop.
///
/// ```
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
/// use holdfast_engine::snapshot::load_all;
/// use holdfast_engine::tag::{TagChange, tag};
///
/// let letter = holdfast_testkit::letter();
/// let repository = &letter.test.repository;
/// let snapshots = load_all(repository, &Unwatched)?;
/// let change = TagChange::Set(vec!["kept".to_owned()]);
/// let (lock, cancel) = (letter.test.lock(true), Cancellation::default());
/// let outcome =
///     tag(repository, &[&snapshots[0]], &change, &lock, &Unwatched, &cancel)?;
/// assert_eq!(outcome.changed[0].old, letter.snapshot);
/// assert_eq!(load_all(repository, &Unwatched)?[0].1.tags, ["kept"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tag(
    repository: &Repository,
    snapshots: &[&(SnapshotId, Snapshot)],
    change: &TagChange,
    lock: &HeldLock,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
) -> Result<TagOutcome, TagError> {
    retag(repository, snapshots, change, &|| lock.fence(), monitor, cancel)
}

fn retag(
    repository: &Repository,
    snapshots: &[&(SnapshotId, Snapshot)],
    change: &TagChange,
    fence: &dyn Fn() -> Result<(), LockLost>,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
) -> Result<TagOutcome, TagError> {
    let mut outcome = TagOutcome::default();
    for (old, snapshot) in snapshots {
        let changed = outcome.changed.len();
        if cancel.is_cancelled() {
            return Err(TagError::Cancelled { changed });
        }
        let Some(tags) = change.applied_to(&snapshot.tags) else { continue };
        let original = snapshot.original.or(Some(*old));
        let new = Snapshot { tags, original, ..snapshot.clone() };
        match replace(repository, *old, &new, fence, monitor) {
            Ok(new) => outcome.changed.push(Retagged { old: *old, new }),
            Err(RearrangeError::LockLost(source)) => {
                return Err(TagError::LockLost { changed, source });
            }
            Err(error) => {
                outcome.failed.push(*old);
                let message = format!("snapshot {}: {}", old.short(), with_causes(&error));
                let finding =
                    Finding { kind: FindingKind::Unwritable, path: None, during: "tag", message };
                monitor.event(Event::Finding(&finding));
            }
        }
    }
    if let Err(error) = repository.backend().sync() {
        // Both are there after a power cut at worst.
        let message = with_causes(&error);
        let finding = Finding { kind: FindingKind::Note, path: None, during: "tag", message };
        monitor.event(Event::Finding(&finding));
    }
    Ok(outcome)
}

/// Stores the new one, durably, and only then removes the old one. What somebody has forgotten must
/// not come back: its data may be gone. The old one's time is asked for, since a local copy of it may
/// outlive it.
fn replace(
    repository: &Repository,
    old: SnapshotId,
    new: &Snapshot,
    fence: &dyn Fn() -> Result<(), LockLost>,
    monitor: &dyn Monitor,
) -> Result<SnapshotId, RearrangeError> {
    let name = FileName::new(FileKind::Snapshot, old.0);
    let there = repository.backend().modified(name);
    there.map_err(|source| ReadError::Backend { file: name, source })?;
    let id = store_snapshot(repository, new, fence, "tag", monitor)?;
    match repository.backend().remove(name) {
        Err(error) if error.kind != BackendErrorKind::NotFound => {
            let kind = FileKind::Snapshot;
            Err(WriteError::Backend { kind, source: error }.into())
        }
        _ => Ok(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TreeId;
    use crate::monitor::Unwatched;
    use crate::snapshot::load_all;
    use crate::testing::World;

    fn set(tags: &[&str]) -> TagChange {
        TagChange::Set(tags.iter().map(ToString::to_string).collect())
    }

    fn change(world: &World, change: &TagChange) -> TagOutcome {
        let all = load_all(&world.repository, &Unwatched).expect("memory");
        let all: Vec<_> = all.iter().collect();
        let cancel = Cancellation::default();
        retag(&world.repository, &all, change, &|| Ok(()), &Unwatched, &cancel).expect("held")
    }

    #[test]
    fn a_snapshot_is_replaced_and_remembers_the_first_id_it_had() {
        let world = World::new();
        let first = world.snapshot(TreeId::of(b"tree"));
        let second = change(&world, &set(&["a"])).changed[0].new;
        let third = change(&world, &set(&["a", "b"])).changed[0];
        assert_eq!(third.old, second);
        let all = load_all(&world.repository, &Unwatched).expect("memory");
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].0, all[0].1.original), (third.new, Some(first)));
        assert_eq!(all[0].1.tags, ["a", "b"]);
    }

    #[test]
    fn what_would_be_as_it_was_is_left_alone() {
        let world = World::new();
        world.snapshot(TreeId::of(b"tree"));
        let edit = TagChange::Edit { add: Vec::new(), remove: vec!["a".to_owned()] };
        assert!(change(&world, &edit).changed.is_empty());
    }

    #[test]
    fn nothing_is_stored_once_the_lock_is_lost() {
        let world = World::new();
        world.snapshot(TreeId::of(b"tree"));
        let before = world.files(FileKind::Snapshot);
        let all = load_all(&world.repository, &Unwatched).expect("memory");
        let lost = || Err(LockLost::Reacquired { generation: 1 });
        let all: Vec<_> = all.iter().collect();
        let cancel = Cancellation::default();
        let result = retag(&world.repository, &all, &set(&["a"]), &lost, &Unwatched, &cancel);
        assert!(matches!(result, Err(TagError::LockLost { changed: 0, .. })));
        assert_eq!(world.files(FileKind::Snapshot), before);
    }
}
