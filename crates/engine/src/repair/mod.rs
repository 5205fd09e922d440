//! Rebuilds what can be rebuilt, and says what cannot.
//!
//! [`repair_index`] makes the index say what the packs hold, [`PackRepair`] saves what is whole in
//! damaged packs. (Snapshots are repaired by [`rewrite`](crate::rewrite).) Both work under an
//! exclusive lock, and in an order that loses nothing wherever they stop: what is new is stored and
//! durable, then the old index files go, then damaged packs.
//!
//! Nothing is taken for lost because it could not be read this time: where the storage fails, what
//! was there stays.

mod error;
mod index;
mod packs;
mod said;

pub use error::RepairError;
pub use index::{IndexRepairOptions, IndexRepairOutcome, repair_index};
pub use packs::{PackRepair, PackRepairOutcome};

use crate::backend::BackendErrorKind;
use crate::monitor::{Event, Finding, FindingKind, Monitor};
use crate::repository::{ReadError, Repository};

/// What a failure to read says of what was to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It is not there.
    Gone,
    /// It is there and is not what it should be.
    Damaged,
    /// The storage failed, so nothing is known.
    Unknown,
}

impl Loss {
    pub(crate) fn of(error: &ReadError) -> Self {
        match error {
            ReadError::Backend { source, .. } => match source.kind {
                BackendErrorKind::NotFound => Self::Gone,
                BackendErrorKind::TooShort | BackendErrorKind::TooLarge => Self::Damaged,
                _ => Self::Unknown,
            },
            ReadError::List { .. } | ReadError::Cancelled => Self::Unknown,
            ReadError::MissingBlob { .. } => Self::Gone,
            _ => Self::Damaged,
        }
    }
}

/// Refuses a repository with settings of another program that a writer would have to honour.
pub(crate) fn foreign_setting(repository: &Repository) -> Result<(), RepairError> {
    match repository.config().foreign_setting() {
        Some(setting) => Err(RepairError::ForeignSetting { setting: setting.to_owned() }),
        None => Ok(()),
    }
}

fn tell(monitor: &dyn Monitor, kind: FindingKind, message: String) {
    let finding = Finding { kind, path: None, during: "repair", message };
    monitor.event(Event::Finding(&finding));
}
