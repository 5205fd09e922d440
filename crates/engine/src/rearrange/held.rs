//! Stores a file that others will rely on, if the lock stands.

use super::RearrangeError;
use crate::backend::{BackendError, BackendErrorKind, FileKind, FileName};
use crate::id::RawId;
use crate::lock::LockLost;
use crate::repository::{Repository, WriteError};
use crate::store::StoreError;

/// Why a file is not there.
#[derive(Debug)]
pub(crate) enum Unheld {
    /// It could not be stored.
    Write(WriteError),
    /// The lock was lost, before or while it was stored.
    Lost {
        /// How.
        source: LockLost,
        /// Why it is still there, if it could not be taken back.
        left: Option<Box<BackendError>>,
    },
}

/// Of index files, for which nobody is told what was left: the next check finds it.
impl From<Unheld> for RearrangeError {
    fn from(error: Unheld) -> Self {
        match error {
            Unheld::Write(source) => Self::Write(source),
            Unheld::Lost { source, .. } => Self::LockLost(source),
        }
    }
}

/// Of index files, too.
impl From<Unheld> for StoreError {
    fn from(error: Unheld) -> Self {
        match error {
            Unheld::Write(source) => Self::Write(source),
            Unheld::Lost { source, .. } => Self::Lock(source),
        }
    }
}

/// Stores a file, with a look at the lock before and after. In between the computer may have stood
/// by for hours, and another program may have removed what the file refers to; it is taken back then.
pub(crate) fn write_held(
    repository: &Repository,
    kind: FileKind,
    json: &[u8],
    fence: &dyn Fn() -> Result<(), LockLost>,
) -> Result<RawId, Unheld> {
    fence().map_err(|source| Unheld::Lost { source, left: None })?;
    let id = repository.write_file(kind, json).map_err(Unheld::Write)?;
    let Err(source) = fence() else { return Ok(id) };
    // A lock that could not be looked at is no sign that it was lost.
    let is_lost = !matches!(source, LockLost::Unverified { .. });
    let taken_back =
        if is_lost { repository.backend().remove(FileName::new(kind, id)) } else { Ok(()) };
    let left = taken_back.err().filter(|error| error.kind != BackendErrorKind::NotFound);
    Err(Unheld::Lost { source, left: left.map(Box::new) })
}
