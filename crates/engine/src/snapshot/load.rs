//! Reads all snapshots of a repository.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::Snapshot;
use crate::backend::{BackendErrorKind, FileKind, FileName};
use crate::id::SnapshotId;
use crate::monitor::{Event, Finding, FindingKind, Monitor};
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
/// them needs [`load`]. Those that another program removes meanwhile are left out.
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

/// All snapshots, and which of them cannot be read; each of these is a finding, too.
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
    let listed = repository.list(FileKind::Snapshot)?;
    let next = AtomicUsize::new(0);
    let snapshots = Mutex::new(Snapshots::default());
    let work = || {
        while let Some(file) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
            let id = SnapshotId(file.id);
            match Snapshot::load(repository, id) {
                Ok(snapshot) => snapshots.lock().readable.push((id, snapshot)),
                Err(error) if is_gone(&error) => {}
                Err(error) => {
                    snapshots.lock().unreadable.push(id);
                    monitor.event(Event::Finding(&finding(id, &error)));
                }
            }
        }
    };
    let readers = listed.len().min(READERS_MAX).min(repository.backend().connections().max(1));
    std::thread::scope(|scope| (0..readers).for_each(|_| drop(scope.spawn(work))));
    let mut snapshots = snapshots.into_inner();
    let by_time = |(a_id, a): &(SnapshotId, Snapshot), (b_id, b): &(SnapshotId, Snapshot)| {
        a.time.cmp_moment(&b.time).then(a_id.cmp(b_id))
    };
    snapshots.readable.sort_by(by_time);
    snapshots.unreadable.sort_unstable();
    Ok(snapshots)
}

fn is_gone(error: &ReadError) -> bool {
    matches!(error, ReadError::Backend { source, .. } if source.kind == BackendErrorKind::NotFound)
}

fn finding(id: SnapshotId, error: &ReadError) -> Finding {
    let kind = match error {
        ReadError::Backend { .. } => FindingKind::Unreadable,
        _ => FindingKind::Damaged,
    };
    let message = format!("snapshot {}: {}", id.short(), crate::monitor::with_causes(error));
    Finding { kind, path: None, during: "load", message }
}
