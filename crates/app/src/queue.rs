//! What waits for its turn, and who goes first.
//!
//! Operations on one repository run side by side where none can harm another ([`Access`]). What a
//! person asks for goes first, then what is due, then upkeep, each in the order of asking. What has
//! waited for hours moves up, and what is next in order keeps its place: nothing that may start
//! waits for ever. What cannot start yet for a reason of its own (its drive is not connected) holds
//! nobody else up.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use crate::api::{OperationId, OperationKind, PlanId, RepositoryId};
use crate::operation::{Operation, Task};

/// How an operation uses its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It reads some snapshots.
    Read,
    /// It reads everything, and expects what it once saw to stay.
    Look,
    /// It stores something.
    Store,
    /// It removes snapshots.
    Remove,
}

/// Who goes first; within a class, whoever asked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Somebody waits for their files.
    Restore,
    /// A person asked for it.
    Asked,
    /// A backup that is due.
    Backup,
    /// Removing snapshots.
    Forget,
    /// Verifying.
    Verify,
}

/// After so long, what waits moves up one class. It never goes before what a person asks for.
const LIFTED_AFTER: SignedDuration = SignedDuration::from_hours(6);

/// An operation in the queue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Which.
    pub(crate) operation: OperationId,
    /// What it does.
    pub(crate) task: Task,
    /// Where it works.
    pub(crate) repository: RepositoryId,
    /// For which plan.
    pub(crate) plan: Option<PlanId>,
    class: Class,
    asked_at: Timestamp,
}

/// What keeps an operation from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InTheWay {
    /// What runs, or, if nothing in the way does, what goes first.
    pub(crate) operation: OperationId,
    /// How many go before this one after that.
    pub(crate) others: usize,
}

/// Operations that wait and operations that run.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: Vec<Entry>,
    running: Vec<Entry>,
    /// What waits for something else than its turn, as far as was known when last asked.
    held: HashSet<OperationId>,
}

impl Access {
    fn of(task: &Task) -> Self {
        match task {
            Task::Restore => Self::Read,
            Task::Verify { .. } => Self::Look,
            // Unlocking and hooks are never queued; they store nothing that another could miss.
            Task::Backup | Task::Unlock | Task::Hook { .. } => Self::Store,
            Task::Forget { .. } => Self::Remove,
        }
    }

    /// True if both may work on the same repository at the same time.
    ///
    /// The repository's own locks would keep apart what must not meet. Waiting here costs nothing,
    /// says with whom, and leaves the lock to other programs.
    fn goes_with(self, other: Self) -> bool {
        use Access::{Look, Read, Remove, Store};
        match (self, other) {
            (Read, _) | (_, Read) => true,
            (Look, Look | Store) | (Store, Look) => true,
            // One writer at a time; and what is being looked at is not removed.
            (Store, Store) | (Remove, _) | (_, Remove) => false,
        }
    }
}

impl Class {
    fn of(operation: &Operation) -> Self {
        match &operation.task {
            Task::Restore => Self::Restore,
            _ if !operation.trigger.is_unattended() => Self::Asked,
            Task::Backup | Task::Unlock | Task::Hook { .. } => Self::Backup,
            Task::Forget { .. } => Self::Forget,
            Task::Verify { .. } => Self::Verify,
        }
    }

    fn lifted(self, waited: SignedDuration) -> Self {
        let mut class = self;
        let mut left = waited;
        while left >= LIFTED_AFTER && class > Self::Backup {
            left -= LIFTED_AFTER;
            class = match class {
                Self::Verify => Self::Forget,
                _ => Self::Backup,
            };
        }
        class
    }
}

impl Entry {
    /// The entry of an operation that waits.
    pub(crate) fn of(operation: &Operation) -> Self {
        Self {
            operation: operation.id.clone(),
            task: operation.task.clone(),
            repository: operation.repository.clone(),
            plan: operation.plan.as_ref().map(|(plan, _)| plan.clone()),
            class: Class::of(operation),
            asked_at: operation.queued_at,
        }
    }

    fn goes_with(&self, other: &Self) -> bool {
        self.repository != other.repository
            || Access::of(&self.task).goes_with(Access::of(&other.task))
    }

    /// True if whoever asks for the one is served by the other: the same plan's run, or the very
    /// same work on a repository. Every restore is its own.
    fn is_twin(&self, other: &Self) -> bool {
        let is_same_kind = self.task.kind() == other.task.kind();
        match (&self.plan, &other.plan) {
            _ if self.task == Task::Restore => false,
            (Some(plan), Some(others)) => plan == others && is_same_kind,
            (None, None) => self.repository == other.repository && self.task == other.task,
            _ => false,
        }
    }
}

impl Queue {
    /// The operation of a plan and kind that runs or waits.
    pub(crate) fn of_plan(&self, plan: &PlanId, kind: OperationKind) -> Option<&Entry> {
        self.all().find(|entry| entry.plan.as_ref() == Some(plan) && entry.task.kind() == kind)
    }

    /// Everything of a plan that runs, and everything that waits.
    pub(crate) fn all_of_plan(&self, plan: &PlanId) -> (Vec<OperationId>, Vec<OperationId>) {
        let of_plan = |entries: &[Entry]| {
            let entries = entries.iter().filter(|entry| entry.plan.as_ref() == Some(plan));
            entries.map(|entry| entry.operation.clone()).collect()
        };
        (of_plan(&self.running), of_plan(&self.waiting))
    }

    /// Puts an operation into the queue, unless one is there that serves as well; that one is
    /// returned.
    pub(crate) fn push(&mut self, entry: Entry) -> Option<OperationId> {
        let twin = self.all().find(|other| entry.is_twin(other)).map(|one| one.operation.clone());
        if twin.is_none() {
            self.waiting.push(entry);
        }
        twin
    }

    /// Moves what may start now from waiting to running, and returns it. `held` cannot start.
    pub(crate) fn start(&mut self, held: HashSet<OperationId>, now: Timestamp) -> Vec<Entry> {
        self.held = held;
        let mut first: Vec<Entry> = Vec::new();
        let mut started = Vec::new();
        for entry in self.in_order(now) {
            if self.running.iter().chain(&first).all(|other| entry.goes_with(other)) {
                self.running.push(entry.clone());
                started.push(entry);
            } else {
                first.push(entry);
            }
        }
        self.waiting.retain(|entry| !started.contains(entry));
        started
    }

    /// What keeps a waiting operation from starting, if that is other operations.
    pub(crate) fn in_the_way(&self, operation: &OperationId, now: Timestamp) -> Option<InTheWay> {
        let order = self.in_order(now);
        let place = order.iter().position(|entry| entry.operation == *operation)?;
        let (entry, before) = (&order[place], &order[..place]);
        let mut in_the_way =
            self.running.iter().chain(before).filter(|other| !entry.goes_with(other));
        let operation = in_the_way.next()?.operation.clone();
        Some(InTheWay { operation, others: in_the_way.count() })
    }

    /// A person asks for what waits.
    pub(crate) fn asked_for(&mut self, operation: &OperationId) {
        let waiting = self.waiting.iter_mut().filter(|entry| entry.operation == *operation);
        waiting.for_each(|entry| entry.class = entry.class.min(Class::Asked));
    }

    /// Takes a running operation out: it ended.
    pub(crate) fn finished(&mut self, operation: &OperationId) {
        self.running.retain(|entry| entry.operation != *operation);
    }

    /// Moves a running operation to the end of what waits.
    pub(crate) fn wait_again(&mut self, operation: &OperationId, now: Timestamp) {
        if let Some(at) = self.running.iter().position(|entry| entry.operation == *operation) {
            let entry = self.running.remove(at);
            self.waiting.push(Entry { asked_at: now, ..entry });
        }
    }

    /// Takes a waiting operation out. False if it does not wait.
    pub(crate) fn withdraw(&mut self, operation: &OperationId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|entry| entry.operation != *operation);
        self.waiting.len() < before
    }

    /// Takes everything out that waits.
    pub(crate) fn withdraw_all(&mut self) -> Vec<OperationId> {
        self.waiting.drain(..).map(|entry| entry.operation).collect()
    }

    /// What waits, in the order of asking.
    pub(crate) fn waiting(&self) -> &[Entry] {
        &self.waiting
    }

    /// True if nothing runs and nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// An operation that runs there, or else one that waits.
    pub(crate) fn user_of(&self, repository: &RepositoryId) -> Option<&OperationId> {
        self.all().find(|entry| entry.repository == *repository).map(|entry| &entry.operation)
    }

    /// What runs, then what waits.
    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.running.iter().chain(&self.waiting)
    }

    /// What waits for nothing but its turn, in the order in which it has it.
    fn in_order(&self, now: Timestamp) -> Vec<Entry> {
        let ready = self.waiting.iter().filter(|entry| !self.held.contains(&entry.operation));
        let mut ready: Vec<Entry> = ready.cloned().collect();
        // A clock that was set back lets nothing wait for less than no time.
        ready.sort_by_key(|entry| entry.class.lifted(now.duration_since(entry.asked_at)));
        ready
    }
}

#[cfg(test)]
mod tests;
