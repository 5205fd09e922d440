//! What waits for its turn.
//!
//! One writer per repository at a time, readers beside it, in the order they came. What cannot
//! start yet for a reason of its own (its drive is not connected) holds nobody else up.

use std::collections::HashSet;

use crate::api::{OperationId, PlanId, RepositoryId};

/// How an operation uses its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It stores or removes something.
    Writer,
    /// It only reads.
    Reader,
}

/// An operation in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Which.
    pub(crate) operation: OperationId,
    /// Where it works.
    pub(crate) repository: RepositoryId,
    /// For which plan.
    pub(crate) plan: Option<PlanId>,
    /// How it uses the repository.
    pub(crate) access: Access,
}

/// Operations that wait and operations that run.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Vec<Entry>,
    running: Vec<Entry>,
}

impl Queue {
    /// The operation of a plan that runs or waits; a second request joins it.
    pub(crate) fn of_plan(&self, plan: &PlanId) -> Option<&Entry> {
        self.running.iter().chain(&self.waiting).find(|entry| entry.plan.as_ref() == Some(plan))
    }

    /// Puts an operation at the end.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.waiting.push(entry);
    }

    /// Moves what may start now from waiting to running, and returns it. `held` cannot start.
    pub(crate) fn start(&mut self, held: &HashSet<OperationId>) -> Vec<Entry> {
        let mut started = Vec::new();
        let waiting = std::mem::take(&mut self.waiting);
        for entry in waiting {
            if held.contains(&entry.operation) || self.blocker(&entry).is_some() {
                self.waiting.push(entry);
            } else {
                self.running.push(entry.clone());
                started.push(entry);
            }
        }
        started
    }

    /// The running operation that keeps this one from starting.
    pub(crate) fn blocker(&self, entry: &Entry) -> Option<&Entry> {
        if entry.access == Access::Reader {
            return None;
        }
        self.running
            .iter()
            .find(|other| other.repository == entry.repository && other.access == Access::Writer)
    }

    /// Takes a running operation out: it ended.
    pub(crate) fn finished(&mut self, operation: &OperationId) {
        self.running.retain(|entry| entry.operation != *operation);
    }

    /// Moves a running operation to the end of what waits.
    pub(crate) fn wait_again(&mut self, operation: &OperationId) {
        let again = self.running.iter().position(|entry| entry.operation == *operation);
        self.waiting.extend(again.map(|at| self.running.remove(at)));
    }

    /// Takes a waiting operation out. False if it does not wait.
    pub(crate) fn withdraw(&mut self, operation: &OperationId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|entry| entry.operation != *operation);
        self.waiting.len() < before
    }

    /// What waits, in order.
    pub(crate) fn waiting(&self) -> &[Entry] {
        &self.waiting
    }

    /// True if something runs or waits there.
    pub(crate) fn uses(&self, repository: &RepositoryId) -> bool {
        self.running.iter().chain(&self.waiting).any(|entry| entry.repository == *repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(operation: &str, repository: &str, access: Access) -> Entry {
        Entry {
            operation: operation.into(),
            repository: repository.into(),
            plan: Some(operation.into()),
            access,
        }
    }

    fn queue_of(entries: &[(&str, &str, Access)]) -> Queue {
        let mut queue = Queue::default();
        for (operation, repository, access) in entries {
            queue.push(entry(operation, repository, *access));
        }
        queue
    }

    fn started(queue: &mut Queue, held: &[&str]) -> Vec<String> {
        let held = held.iter().map(|name| OperationId::from(*name)).collect();
        queue.start(&held).into_iter().map(|entry| entry.operation.0).collect()
    }

    #[test]
    fn one_repository_has_one_writer_at_a_time() {
        let mut queue = queue_of(&[("a", "blue", Access::Writer), ("b", "blue", Access::Writer)]);
        assert_eq!(started(&mut queue, &[]), ["a"]);
        assert_eq!(started(&mut queue, &[]), [""; 0]);
        queue.finished(&"a".into());
        assert_eq!(started(&mut queue, &[]), ["b"]);
    }

    #[test]
    fn readers_run_beside_a_writer() {
        let mut queue = queue_of(&[("a", "blue", Access::Writer), ("r", "blue", Access::Reader)]);
        assert_eq!(started(&mut queue, &[]), ["a", "r"]);
    }

    #[test]
    fn writers_of_different_repositories_run_together() {
        let mut queue = queue_of(&[("a", "blue", Access::Writer), ("b", "red", Access::Writer)]);
        assert_eq!(started(&mut queue, &[]), ["a", "b"]);
    }

    #[test]
    fn what_waits_for_its_drive_holds_nobody_up() {
        let mut queue = queue_of(&[("a", "blue", Access::Writer), ("b", "blue", Access::Writer)]);
        assert_eq!(started(&mut queue, &["a"]), ["b"]);
    }

    #[test]
    fn the_operation_of_a_plan_is_found_while_it_waits_and_while_it_runs() {
        let mut queue = queue_of(&[("a", "blue", Access::Writer)]);
        assert!(queue.of_plan(&"a".into()).is_some());
        started(&mut queue, &[]);
        assert!(queue.of_plan(&"a".into()).is_some());
        queue.finished(&"a".into());
        assert!(queue.of_plan(&"a".into()).is_none());
    }

    #[test]
    fn what_is_tried_again_lets_others_go_first() {
        let mut queue = queue_of(&[("a", "blue", Access::Writer), ("b", "blue", Access::Writer)]);
        assert_eq!(started(&mut queue, &[]), ["a"]);
        queue.wait_again(&"a".into());
        assert_eq!(started(&mut queue, &[]), ["b"]);
        queue.finished(&"b".into());
        assert_eq!(started(&mut queue, &[]), ["a"]);
    }

    #[test]
    fn what_runs_cannot_be_withdrawn() {
        let mut queue = queue_of(&[("a", "blue", Access::Writer), ("b", "blue", Access::Writer)]);
        started(&mut queue, &[]);
        assert!(!queue.withdraw(&"a".into()));
        assert!(queue.withdraw(&"b".into()));
    }
}
