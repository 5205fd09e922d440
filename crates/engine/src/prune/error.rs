//! Why a prune did not do its work.

use crate::blob::BlobKind;
use crate::id::{BlobId, PackId, SnapshotId};
use crate::lock::{LockError, LockLost};
use crate::rearrange::RearrangeError;
use crate::repository::{ReadError, WriteError};
use crate::store::StoreError;

/// Why a prune stopped. What snapshots need is in the repository in any case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// A lock could not be taken.
    #[error("could not lock the repository{}", if *exclusive { " exclusively" } else { "" })]
    Lock {
        /// True if it was the exclusive one, after copying and before removing.
        exclusive: bool,
        /// The cause.
        source: LockError,
    },
    /// It was to be carried out without a lock.
    #[error("nothing is removed without a lock")]
    Unlocked,
    /// It was only to be planned.
    #[error("nothing is removed by a dry run")]
    DryRun,
    /// The lock was lost. What was to be done next might have hurt others.
    #[error("the lock on the repository was lost")]
    LockLost(#[from] LockLost),
    /// A snapshot cannot be read, so it cannot be known what it needs.
    #[error("snapshot {id} cannot be read, so it is not known what it needs")]
    Snapshot {
        /// Which one.
        id: SnapshotId,
        /// The cause.
        source: Box<ReadError>,
    },
    /// A tree cannot be read, so it cannot be known what is needed.
    #[error("the folder {path} of a snapshot cannot be read, so it is not known what it needs")]
    Tree {
        /// The folder's path in the first snapshot that has it.
        path: String,
        /// The cause.
        source: Box<ReadError>,
    },
    /// Something that snapshots need is in no pack.
    #[error("{kind:?} blob {id}, which snapshots need, is in no pack that the index names")]
    MissingBlob {
        /// Its kind.
        kind: BlobKind,
        /// Which blob.
        id: BlobId,
    },
    /// A pack that snapshots need is not there.
    #[error("pack {id}, which snapshots need, is missing")]
    MissingPack {
        /// Which pack.
        id: PackId,
    },
    /// A pack that snapshots need has not the size that the index says.
    #[error("pack {id}, which snapshots need, has {actual} bytes, but {expected} by the index")]
    WrongSize {
        /// Which pack.
        id: PackId,
        /// Its size.
        actual: u64,
        /// What it should be.
        expected: u64,
    },
    /// A pack that is to be copied holds something else than the index says.
    #[error("pack {id} does not hold what the index says")]
    WrongContent {
        /// Which pack.
        id: PackId,
    },
    /// The index was removed to make room, and could not be stored again.
    #[error("the index was removed to make room and could not be stored again")]
    IndexLost {
        /// The cause.
        source: Box<PruneError>,
    },
    /// Another program's setting in the repository would have to be honoured and cannot be.
    #[error(
        "the repository has the setting {setting:?} of another program, which cannot be honoured"
    )]
    ForeignSetting {
        /// The setting's name.
        setting: String,
    },
    /// The repository cannot be read.
    #[error("could not read the repository")]
    Read(#[source] ReadError),
    /// What was copied could not be stored.
    #[error("could not store what is needed in new packs")]
    Store(#[source] StoreError),
    /// The new index could not be stored.
    #[error("could not store the new index")]
    Write(#[from] WriteError),
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

impl From<ReadError> for PruneError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cancelled => Self::Cancelled,
            other => Self::Read(other),
        }
    }
}

impl From<StoreError> for PruneError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lock(lost) => Self::LockLost(lost),
            other => Self::Store(other),
        }
    }
}

impl From<RearrangeError> for PruneError {
    fn from(error: RearrangeError) -> Self {
        match error {
            RearrangeError::Read(source) => source.into(),
            RearrangeError::Write(source) => Self::Write(source),
            RearrangeError::LockLost(lost) => Self::LockLost(lost),
            RearrangeError::Cancelled => Self::Cancelled,
        }
    }
}
