//! Why snapshots were not rewritten.

use crate::lock::LockLost;
use crate::repository::ReadError;
use crate::store::StoreError;

/// Why snapshots were not rewritten, or not all of them. Each is there, the old one, the new one or
/// both.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    /// Another program's setting in the repository would have to be honoured and cannot be.
    #[error(
        "the repository has the setting {setting:?} of another program, which cannot be honoured"
    )]
    ForeignSetting {
        /// The setting's name.
        setting: String,
    },
    /// A folder cannot be read.
    #[error("the folder {path} cannot be read")]
    Tree {
        /// Its path in the snapshot.
        path: String,
        /// The cause.
        source: Box<ReadError>,
    },
    /// A folder holds something that would be lost if it were written anew.
    #[error("cannot encode tree at {path:?} without losing information")]
    Lossy {
        /// Its path in the snapshot.
        path: String,
    },
    /// The repository cannot be read.
    #[error("could not read the repository")]
    Read(#[source] ReadError),
    /// New trees could not be stored.
    #[error("could not store the new folders")]
    Store(#[source] StoreError),
    /// The lock was lost. What was to be done next might have hurt others.
    #[error("the lock on the repository was lost")]
    LockLost(#[from] LockLost),
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

impl RewriteError {
    /// True if other snapshots may be rewritten all the same.
    pub(super) fn is_of_one_snapshot(&self) -> bool {
        matches!(self, Self::Tree { .. } | Self::Lossy { .. })
    }
}

impl From<ReadError> for RewriteError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cancelled => Self::Cancelled,
            other => Self::Read(other),
        }
    }
}

impl From<StoreError> for RewriteError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lock(lost) => Self::LockLost(lost),
            other => Self::Store(other),
        }
    }
}
