//! Why a repair did not do its work.

use crate::id::PackId;
use crate::lock::LockLost;
use crate::rearrange::RearrangeError;
use crate::repository::{ReadError, WriteError};
use crate::store::StoreError;

/// Why a repair of the index or of packs stopped. What was there is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// Another program's setting in the repository would have to be honoured and cannot be.
    #[error(
        "the repository has the setting {setting:?} of another program, which cannot be honoured"
    )]
    ForeignSetting {
        /// The setting's name.
        setting: String,
    },
    /// A pack that is to be repaired is not there.
    #[error("there is no pack {id}")]
    MissingPack {
        /// Which pack.
        id: PackId,
    },
    /// The index names packs, and none at all is there: more likely the storage shows an empty
    /// folder than that all of it is gone.
    #[error("the index names {named} packs, and none is there")]
    NoPacks {
        /// How many packs it names.
        named: usize,
    },
    /// The repository cannot be read.
    #[error("could not read the repository")]
    Read(#[source] ReadError),
    /// What was saved could not be stored.
    #[error("could not store what was saved from damaged packs")]
    Store(#[source] StoreError),
    /// The new index could not be stored.
    #[error("could not store the new index")]
    Write(#[from] WriteError),
    /// The lock was lost. What was to be done next might have hurt others.
    #[error("the lock on the repository was lost")]
    LockLost(#[from] LockLost),
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

impl From<ReadError> for RepairError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cancelled => Self::Cancelled,
            other => Self::Read(other),
        }
    }
}

impl From<StoreError> for RepairError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lock(lost) => Self::LockLost(lost),
            other => Self::Store(other),
        }
    }
}

impl From<RearrangeError> for RepairError {
    fn from(error: RearrangeError) -> Self {
        match error {
            RearrangeError::Read(source) => source.into(),
            RearrangeError::Write(source) => Self::Write(source),
            RearrangeError::LockLost(lost) => Self::LockLost(lost),
            RearrangeError::Cancelled => Self::Cancelled,
        }
    }
}
