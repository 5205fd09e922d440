//! Reads all snapshots of a repository.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::Snapshot;
use crate::backend::{BackendErrorKind, FileKind, FileName, Listed};
use crate::id::SnapshotId;
use crate::manners;
use crate::monitor::{Cancellation, Event, Finding, FindingKind, Monitor};
use crate::repository::{ReadError, Repository};

/// Snapshots are small, so waiting for the storage is most of the work.
const READERS_MAX: usize = 16;

impl Snapshot {
    /// Reads one snapshot.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn load(repository: &Repository, id: SnapshotId) -> Result<Self, ReadError> {
        let json = repository.read_file(FileKind::Snapshot, id.0)?;
        let file = FileName::new(FileKind::Snapshot, id.0);
        Self::from_json(&json).map_err(|source| ReadError::Json { file, source })
    }
}

/// The snapshots of a repository, as far as they can be read.
#[derive(Debug, Clone, Default)]
pub struct Snapshots {
    /// Those that can, oldest first.
    pub readable: Vec<(SnapshotId, Snapshot)>,
    /// Those that are there and cannot. Any of them may be the latest, or the one that somebody
    /// names.
    pub unreadable: Vec<SnapshotId>,
}

/// All snapshots that can be read, oldest first.
///
/// One that cannot be read is a finding: the others are worth having without it. Whoever removes
/// data by what snapshots need must not use this list if there was one, and whoever chooses among
/// them needs [`load`]. One that another program removes meanwhile is there as it was, or not at all.
///
/// # Errors
/// When they cannot be listed.
///
/// ```
/// use holdfast_engine::monitor::Unwatched;
/// use holdfast_engine::snapshot::load_all;
///
/// let letter = holdfast_testkit::letter();
/// let snapshots = load_all(&letter.test.repository, &Unwatched)?;
/// assert_eq!(snapshots[0].0, letter.snapshot);
/// assert_eq!(snapshots[0].1.tree, letter.tree);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load_all(
    repository: &Repository,
    monitor: &dyn Monitor,
) -> Result<Vec<(SnapshotId, Snapshot)>, ReadError> {
    load(repository, monitor).map(|snapshots| snapshots.readable)
}

/// All snapshots, and which of them cannot be read; each of these is a finding, too. One that another
/// program changes meanwhile is there as it was or as it is, and one that it removes as it was or not
/// at all.
///
/// # Errors
/// When they cannot be listed.
///
/// ```
/// use holdfast_engine::monitor::Unwatched;
/// use holdfast_engine::snapshot::load;
///
/// let letter = holdfast_testkit::letter();
/// let snapshots = load(&letter.test.repository, &Unwatched)?;
/// assert_eq!((snapshots.readable.len(), snapshots.unreadable.len()), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load(repository: &Repository, monitor: &dyn Monitor) -> Result<Snapshots, ReadError> {
    let mut snapshots = Mutex::new(Snapshots::default());
    let cancel = Cancellation::default();
    let mut listed_before = HashSet::new();
    loop {
        let listed = repository.list(FileKind::Snapshot)?;
        let listed: HashSet<_> = listed.into_iter().map(|file| SnapshotId(file.id)).collect();
        // What went after it was read is there under another name, or not at all.
        let known = snapshots.get_mut();
        known.readable.retain(|(id, _)| listed.contains(id));
        known.unreadable.retain(|id| listed.contains(id));
        let ids: Vec<_> = listed.into_iter().filter(|id| listed_before.insert(*id)).collect();
        let left = AtomicUsize::new(ids.len());
        for_each_snapshot(repository, &ids, &cancel, &|id, loaded| {
            left.fetch_sub(1, Ordering::Relaxed);
            match loaded {
                Ok(snapshot) => snapshots.lock().readable.push((id, snapshot)),
                Err(error) => {
                    snapshots.lock().unreadable.push(id);
                    monitor.event(Event::Finding(&finding(id, &error)));
                }
            }
        })?;
        // Whoever changes a snapshot stores the new one before the old one goes. If one went, its
        // successor may have come after the listing.
        if left.into_inner() == 0 {
            break;
        }
    }
    let mut snapshots = snapshots.into_inner();
    let by_time = |(a_id, a): &(SnapshotId, Snapshot), (b_id, b): &(SnapshotId, Snapshot)| {
        a.time.cmp_moment(&b.time).then(a_id.cmp(b_id))
    };
    snapshots.readable.sort_by(by_time);
    snapshots.unreadable.sort_unstable();
    Ok(snapshots)
}

/// Reads these snapshots, several at a time, and hands them on in any order. Those that another
/// program has removed since they were listed are left out.
///
/// # Errors
/// When asked to stop.
pub(crate) fn for_each_snapshot(
    repository: &Repository,
    ids: &[SnapshotId],
    cancel: &Cancellation,
    take: &(dyn Fn(SnapshotId, Result<Snapshot, ReadError>) + Sync),
) -> Result<(), ReadError> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel.is_cancelled() {
                return;
            }
            match Snapshot::load(repository, *id) {
                Err(error) if is_gone(repository, *id, &error) => {}
                loaded => take(*id, loaded),
            }
        }
    };
    let readers = ids.len().min(READERS_MAX).min(repository.backend().connections().max(1));
    std::thread::scope(|scope| {
        (0..readers).for_each(|_| drop(scope.spawn(manners::as_here(work))));
    });
    if cancel.is_cancelled() { Err(ReadError::Cancelled) } else { Ok(()) }
}

/// True if the storage does not find the snapshot, and does not list it either: what is listed and
/// not found is damage, and nothing that somebody removed.
fn is_gone(repository: &Repository, id: SnapshotId, error: &ReadError) -> bool {
    let ReadError::Backend { source, .. } = error else { return false };
    let is_listed = |listed: Vec<Listed>| listed.iter().any(|file| file.id == id.0);
    source.kind == BackendErrorKind::NotFound
        && repository.list(FileKind::Snapshot).is_ok_and(|listed| !is_listed(listed))
}

fn finding(id: SnapshotId, error: &ReadError) -> Finding {
    let kind = match error {
        ReadError::Backend { .. } => FindingKind::Unreadable,
        _ => FindingKind::Damaged,
    };
    let message = format!("snapshot {}: {}", id.short(), crate::monitor::with_causes(error));
    Finding { kind, path: None, during: "load", message }
}
