//! Removes files that nothing needs any more.

use super::RearrangeError;
use crate::backend::{BackendError, BackendErrorKind, FileKind, FileName};
use crate::id::RawId;
use crate::lock::HeldLock;
use crate::monitor::{Event, Finding, FindingKind, Monitor, with_causes};
use crate::repository::{Repository, WriteError};

/// How many files are removed between two looks at the lock.
const BATCH: usize = 64;

/// Removes files in an order of no meaning, and makes it durable. Returns how many stay that should
/// not; each is a finding, which says what was being done.
pub(crate) fn remove(
    repository: &Repository,
    kind: FileKind,
    ids: &[RawId],
    lock: &HeldLock,
    during: &'static str,
    monitor: &dyn Monitor,
) -> Result<usize, RearrangeError> {
    let mut failed = 0;
    let backend = repository.backend();
    for batch in ids.chunks(BATCH) {
        lock.fence()?;
        for id in batch {
            lock.fence_after_sleep()?;
            match backend.remove(FileName::new(kind, *id)) {
                Ok(()) => {}
                Err(error) if error.kind == BackendErrorKind::NotFound => {}
                Err(error) => {
                    failed += 1;
                    unremoved(&error, during, monitor);
                }
            }
        }
    }
    backend.sync().map_err(|source| WriteError::Backend { kind, source })?;
    Ok(failed)
}

/// Tells of a file that could not be removed.
pub(super) fn unremoved(error: &BackendError, during: &'static str, monitor: &dyn Monitor) {
    let (kind, message) = (FindingKind::Unwritable, with_causes(error));
    let finding = Finding { kind, path: None, during, message };
    monitor.event(Event::Finding(&finding));
}
