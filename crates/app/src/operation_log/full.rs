//! A log on a disk without room: nothing can be stored, and nothing is there.

use std::io;

use super::{LogError, OperationLog};
use crate::api::{FindingGroup, LogLine, OperationId};
use crate::operation::Operation;

/// Refuses everything that it is given.
pub(crate) struct FullLog;

fn refused<T>() -> Result<T, LogError> {
    Err(LogError::new("write", io::Error::from(io::ErrorKind::StorageFull)))
}

impl OperationLog for FullLog {
    fn put(&self, _: &Operation) -> Result<(), LogError> {
        refused()
    }

    fn all(&self) -> Result<Vec<Operation>, LogError> {
        Ok(Vec::new())
    }

    fn append(&self, _: &OperationId, _: &LogLine) -> Result<(), LogError> {
        refused()
    }

    fn lines(&self, _: &OperationId) -> Result<Vec<LogLine>, LogError> {
        Ok(Vec::new())
    }

    fn put_findings(&self, _: &OperationId, _: &[FindingGroup]) -> Result<(), LogError> {
        refused()
    }

    fn findings(&self, _: &OperationId) -> Result<Vec<FindingGroup>, LogError> {
        Ok(Vec::new())
    }

    fn put_note(&self, _: &str, _: &str) -> Result<(), LogError> {
        refused()
    }

    fn note(&self, _: &str) -> Result<Option<String>, LogError> {
        Ok(None)
    }

    fn remove(&self, _: &OperationId) -> Result<(), LogError> {
        refused()
    }

    fn make_durable(&self) -> Result<(), LogError> {
        refused()
    }
}
