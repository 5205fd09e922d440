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

/// All snapshots, oldest first.
///
/// One that cannot be read is a finding: the others are worth having without it. Whoever removes
/// data by what snapshots need must not use this list if there was one. Those that another program
/// removes meanwhile are left out.
///
/// # Errors
/// When they cannot be listed.
pub fn load_all(
    repository: &Repository,
    monitor: &dyn Monitor,
) -> Result<Vec<(SnapshotId, Snapshot)>, ReadError> {
    let listed = repository.list(FileKind::Snapshot)?;
    let next = AtomicUsize::new(0);
    let loaded = Mutex::new(Vec::with_capacity(listed.len()));
    let work = || {
        while let Some(file) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
            let id = SnapshotId(file.id);
            match Snapshot::load(repository, id) {
                Ok(snapshot) => loaded.lock().push((id, snapshot)),
                Err(error) if is_gone(&error) => {}
                Err(error) => monitor.event(Event::Finding(&finding(id, &error))),
            }
        }
    };
    let readers = listed.len().min(READERS_MAX).min(repository.backend().connections().max(1));
    std::thread::scope(|scope| (0..readers).for_each(|_| drop(scope.spawn(work))));
    let mut loaded = loaded.into_inner();
    loaded.sort_by(|(a_id, a), (b_id, b)| a.time.cmp_moment(&b.time).then(a_id.cmp(b_id)));
    Ok(loaded)
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
