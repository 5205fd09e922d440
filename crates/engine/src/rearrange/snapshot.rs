//! Stores a snapshot that what was just stored is for.

use super::{RearrangeError, remove::unremoved};
use crate::backend::{BackendErrorKind, FileKind, FileName};
use crate::id::SnapshotId;
use crate::lock::{HeldLock, LockLost};
use crate::monitor::Monitor;
use crate::repository::{Repository, WriteError};
use crate::snapshot::Snapshot;

/// Stores a snapshot durably, if the lock stood all the time. Between a look at the lock and the
/// write, the computer may have stood by, and another program may have removed what the snapshot
/// refers to; it is taken back then.
pub(crate) fn store_snapshot(
    repository: &Repository,
    snapshot: &Snapshot,
    lock: &HeldLock,
    during: &'static str,
    monitor: &dyn Monitor,
) -> Result<SnapshotId, RearrangeError> {
    lock.fence()?;
    let backend = repository.backend();
    let id = snapshot.store(repository)?;
    let kind = FileKind::Snapshot;
    backend.sync().map_err(|source| WriteError::Backend { kind, source })?;
    let Err(lost) = lock.fence() else { return Ok(id) };
    // A lock that could not be looked at is no sign that it was lost.
    if !matches!(lost, LockLost::Unverified { .. }) {
        match backend.remove(FileName::new(kind, id.0)) {
            Err(error) if error.kind != BackendErrorKind::NotFound => {
                unremoved(&error, during, monitor);
            }
            _ => {}
        }
    }
    Err(lost.into())
}
