//! A history that ends with the app, for when none can be stored.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::{LogError, OperationLog};
use crate::api::{FindingGroup, LogLine, OperationId};
use crate::operation::Operation;

/// Remembers in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryLog {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    operations: BTreeMap<OperationId, Operation>,
    lines: BTreeMap<OperationId, Vec<LogLine>>,
    findings: BTreeMap<OperationId, Vec<FindingGroup>>,
    notes: BTreeMap<String, String>,
}

impl OperationLog for MemoryLog {
    fn put(&self, operation: &Operation) -> Result<(), LogError> {
        self.held.lock().operations.insert(operation.id.clone(), operation.clone());
        Ok(())
    }

    fn all(&self) -> Result<Vec<Operation>, LogError> {
        Ok(self.held.lock().operations.values().cloned().collect())
    }

    fn append(&self, operation: &OperationId, line: &LogLine) -> Result<(), LogError> {
        self.held.lock().lines.entry(operation.clone()).or_default().push(line.clone());
        Ok(())
    }

    fn lines(&self, operation: &OperationId) -> Result<Vec<LogLine>, LogError> {
        Ok(self.held.lock().lines.get(operation).cloned().unwrap_or_default())
    }

    fn put_findings(
        &self,
        operation: &OperationId,
        findings: &[FindingGroup],
    ) -> Result<(), LogError> {
        self.held.lock().findings.insert(operation.clone(), findings.to_vec());
        Ok(())
    }

    fn findings(&self, operation: &OperationId) -> Result<Vec<FindingGroup>, LogError> {
        Ok(self.held.lock().findings.get(operation).cloned().unwrap_or_default())
    }

    fn put_note(&self, name: &str, text: &str) -> Result<(), LogError> {
        self.held.lock().notes.insert(name.to_owned(), text.to_owned());
        Ok(())
    }

    fn note(&self, name: &str) -> Result<Option<String>, LogError> {
        Ok(self.held.lock().notes.get(name).cloned())
    }

    fn remove(&self, operation: &OperationId) -> Result<(), LogError> {
        let mut held = self.held.lock();
        held.operations.remove(operation);
        held.lines.remove(operation);
        held.findings.remove(operation);
        Ok(())
    }

    fn make_durable(&self) -> Result<(), LogError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_keeps_the_contract() {
        super::super::contract::holds(&MemoryLog::default());
    }
}
