//! Stores a snapshot that what was just stored is for.

use super::{RearrangeError, Unheld, remove::unremoved, write_held};
use crate::backend::FileKind;
use crate::id::SnapshotId;
use crate::lock::LockLost;
use crate::monitor::Monitor;
use crate::repository::{Repository, WriteError};
use crate::snapshot::Snapshot;

/// Stores a snapshot durably, if the lock stands: `fence` looks at it.
pub(crate) fn store_snapshot(
    repository: &Repository,
    snapshot: &Snapshot,
    fence: &dyn Fn() -> Result<(), LockLost>,
    during: &'static str,
    monitor: &dyn Monitor,
) -> Result<SnapshotId, RearrangeError> {
    let kind = FileKind::Snapshot;
    let id = write_held(repository, kind, &snapshot.to_json(), fence).inspect_err(|error| {
        if let Unheld::Lost { left: Some(error), .. } = error {
            unremoved(error, during, monitor);
        }
    })?;
    repository.backend().sync().map_err(|source| WriteError::Backend { kind, source })?;
    Ok(SnapshotId(id))
}
