//! Why a copy could not go on.

use crate::lock::LockLost;
use crate::rearrange::RearrangeError;
use crate::repository::{ReadError, WriteError};
use crate::store::StoreError;

/// Why a copy could not go on. Both repositories are whole, and what was copied stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The repository that is copied from cannot be read.
    #[error("could not read the source repository")]
    Source {
        /// The cause.
        source: ReadError,
    },
    /// The repository that is copied to cannot be read.
    #[error("could not read the destination repository")]
    Destination(#[from] ReadError),
    /// Data could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A snapshot could not be stored.
    #[error("could not store a snapshot")]
    Write(#[from] WriteError),
    /// The lock on the destination is gone, and with it the certainty that what was there still is.
    #[error("the lock on the repository was lost")]
    Lock(#[from] LockLost),
    /// The destination has a setting of another program that this engine cannot honour.
    #[error(
        "the repository has the setting {setting}, which only the program that made it honours"
    )]
    ForeignSetting {
        /// Its name.
        setting: String,
    },
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

impl CopyError {
    /// The source cannot be read, or somebody asked to stop reading.
    pub(super) fn source(source: ReadError) -> Self {
        match source {
            ReadError::Cancelled => Self::Cancelled,
            source => Self::Source { source },
        }
    }
}

impl From<RearrangeError> for CopyError {
    fn from(error: RearrangeError) -> Self {
        match error {
            RearrangeError::Read(source) => Self::Destination(source),
            RearrangeError::Write(source) => Self::Write(source),
            RearrangeError::LockLost(source) => Self::Lock(source),
            RearrangeError::Cancelled => Self::Cancelled,
        }
    }
}
