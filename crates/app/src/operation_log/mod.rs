//! The history of operations.
//!
//! [`OperationLog`] is the store's contract, kept by every store and tested by one suite. A problem
//! in history never stops a backup: a damaged store is set aside, and if none can be written the
//! app remembers in memory and says so. Only one process at a time may have it.

#[cfg(test)]
mod contract;
mod memory;
mod sled_store;

use crate::api::{FindingGroup, LogLine, OperationId};
use crate::error::Cause;
use crate::operation::Operation;

pub(crate) use memory::MemoryLog;
pub(crate) use sled_store::{Claim, open};

/// Keeps operations, what they noted and what they found.
///
/// # Contract
///
/// 1. What was stored is returned as it was, also by another store opened later at the same place.
/// 2. A record that cannot be understood is left out; it never hides the others.
/// 3. After [`make_durable`](Self::make_durable) returns, everything stored before survives a
///    power cut. Operations survive the end of the process as soon as they were put; what else was
///    stored in the last second may not.
/// 4. It may be used from many threads at once.
pub trait OperationLog: Send + Sync {
    /// Stores an operation, replacing what was stored of it.
    fn put(&self, operation: &Operation) -> Result<(), LogError>;

    /// All operations, the oldest first.
    fn all(&self) -> Result<Vec<Operation>, LogError>;

    /// Adds a line to an operation's log.
    fn append(&self, operation: &OperationId, line: &LogLine) -> Result<(), LogError>;

    /// The lines of an operation's log, the oldest first.
    fn lines(&self, operation: &OperationId) -> Result<Vec<LogLine>, LogError>;

    /// Stores the findings of an operation, replacing what was stored.
    fn put_findings(
        &self,
        operation: &OperationId,
        findings: &[FindingGroup],
    ) -> Result<(), LogError>;

    /// The findings of an operation.
    fn findings(&self, operation: &OperationId) -> Result<Vec<FindingGroup>, LogError>;

    /// Stores a small text under a name of the app's own.
    fn put_note(&self, name: &str, text: &str) -> Result<(), LogError>;

    /// What was stored under a name.
    fn note(&self, name: &str) -> Result<Option<String>, LogError>;

    /// Removes an operation with its lines and findings.
    fn remove(&self, operation: &OperationId) -> Result<(), LogError>;

    /// Returns once everything stored so far is on the disk.
    fn make_durable(&self) -> Result<(), LogError>;
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
#[error("could not {act} the operation log")]
pub struct LogError {
    /// The verb: `read`, `write`, `sync`.
    pub act: &'static str,
    /// The cause.
    pub source: Cause,
}

impl LogError {
    pub(crate) fn new(act: &'static str, source: impl Into<Cause>) -> Self {
        Self { act, source: source.into() }
    }
}
