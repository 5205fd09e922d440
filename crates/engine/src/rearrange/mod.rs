//! Changes what is stored in an order that never leaves it incomplete: what is new is stored and
//! durable before what it replaces goes.

mod held;
mod index;
mod remove;
mod snapshot;

pub(crate) use held::{Unheld, write_held};
pub(crate) use index::IndexRewriter;
pub(crate) use remove::remove;
pub(crate) use snapshot::store_snapshot;

use crate::lock::LockLost;
use crate::repository::{ReadError, WriteError};

/// Why it stopped; whatever was there and is needed still is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RearrangeError {
    /// An index file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is new could not be stored.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Somebody else may have the repository to themselves.
    #[error(transparent)]
    LockLost(#[from] LockLost),
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}
