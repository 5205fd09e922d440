//! Removes files that nothing needs any more.

use std::collections::HashSet;

use super::RearrangeError;
use crate::backend::{BackendError, BackendErrorKind, FileKind, FileName};
use crate::id::RawId;
use crate::lock::HeldLock;
use crate::monitor::{Event, Finding, FindingKind, Monitor, Watch, with_causes};
use crate::repository::{Repository, WriteError};

/// How many files are removed between two looks at the lock.
const BATCH: usize = 64;

/// Removes files in an order of no meaning, and makes it durable. Returns those that stay and should
/// not; each is a finding, which says what was being done. Who asks to stop is heard between two files,
/// and what was removed by then is durably gone.
pub(crate) fn remove(
    repository: &Repository,
    kind: FileKind,
    ids: &[RawId],
    lock: &HeldLock,
    during: &'static str,
    watch: Watch<'_>,
) -> Result<HashSet<RawId>, RearrangeError> {
    let mut staying = HashSet::new();
    let backend = repository.backend();
    let mut is_cancelled = false;
    for (number, id) in ids.iter().enumerate() {
        is_cancelled = watch.cancel.is_cancelled();
        if is_cancelled {
            break;
        }
        if number % BATCH == 0 {
            lock.fence()?;
        }
        lock.fence_after_sleep()?;
        match backend.remove(FileName::new(kind, *id)) {
            Ok(()) => {}
            Err(error) if error.kind == BackendErrorKind::NotFound => {}
            Err(error) => {
                staying.insert(*id);
                unremoved(&error, during, watch.monitor);
            }
        }
    }
    backend.sync().map_err(|source| WriteError::Backend { kind, source })?;
    if is_cancelled { Err(RearrangeError::Cancelled) } else { Ok(staying) }
}

/// Tells of a file that could not be removed.
pub(super) fn unremoved(error: &BackendError, during: &'static str, monitor: &dyn Monitor) {
    let (kind, message) = (FindingKind::Unwritable, with_causes(error));
    let finding = Finding { kind, path: None, during, message };
    monitor.event(Event::Finding(&finding));
}
