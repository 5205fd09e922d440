//! One step of a run, as the operation log keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::again::Again;
use crate::api::{
    Code, HookId, HookOn, MissedRuns, OperationId, OperationKind, OperationState, OperationSummary,
    OperationView, PlanId, Problem, Progress, RepositoryId, RunId, Trigger, VerifyScope,
};
use crate::schedule::Due;
pub use crate::schedule::{Missed, Slot};

/// An operation: what it is for, how far it came and what it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Its name.
    pub id: OperationId,
    /// The run it belongs to.
    pub run: RunId,
    /// What it does.
    pub task: Task,
    /// The plan it is for, and what it was called.
    pub plan: Option<(PlanId, String)>,
    /// The repository it works on.
    pub repository: RepositoryId,
    /// What the repository was called.
    pub repository_name: String,
    /// How far it is, or how it ended.
    pub state: OperationState,
    /// Why it was started.
    pub trigger: Trigger,
    /// The slot that it is for, if it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// What passed without a run before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Missed>,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Why it does not run yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<Problem>,
    /// What it waited for before it began or was given up; kept for the history of days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_for: Option<Code>,
    /// Its next attempt, if the last one met what may pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Again>,
    /// What it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<OperationSummary>,
    /// Why it failed, or what the warnings mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Number of findings.
    #[serde(default)]
    pub findings: u64,
}

/// Why an operation is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) trigger: Trigger,
    pub(crate) slot: Option<Slot>,
    pub(crate) missed: Option<Missed>,
}

impl From<Trigger> for Why {
    fn from(trigger: Trigger) -> Self {
        Self { trigger, slot: None, missed: None }
    }
}

impl From<Due> for Why {
    fn from(due: Due) -> Self {
        Self { trigger: due.trigger(), slot: due.slot, missed: due.missed }
    }
}

/// What an operation does, with what it must know to be done again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Task {
    /// Makes a snapshot of a plan.
    Backup,
    /// Brings files back.
    Restore,
    /// Verifies a repository.
    Verify {
        /// How much of it.
        scope: VerifyScope,
    },
    /// Removes locks.
    Unlock,
    /// Removes snapshots.
    Forget {
        /// Which.
        snapshots: Vec<String>,
    },
    /// Tells a hook what happened.
    Hook {
        /// Which hook.
        hook: HookId,
        /// What the hook was called.
        name: String,
        /// What it was told.
        on: HookOn,
    },
}

impl Task {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        match self {
            Self::Backup => OperationKind::Backup,
            Self::Restore => OperationKind::Restore,
            Self::Verify { .. } => OperationKind::Verify,
            Self::Unlock => OperationKind::Unlock,
            Self::Forget { .. } => OperationKind::Forget,
            Self::Hook { .. } => OperationKind::Hook,
        }
    }
}

impl Operation {
    /// One that was just asked for.
    pub(crate) fn new(
        (id, run): (OperationId, RunId),
        task: Task,
        (repository, repository_name): (RepositoryId, String),
        why: impl Into<Why>,
        now: Timestamp,
    ) -> Self {
        let Why { trigger, slot, missed } = why.into();
        Self {
            id,
            run,
            task,
            plan: None,
            repository,
            repository_name,
            state: OperationState::Queued,
            trigger,
            slot,
            missed,
            queued_at: now,
            started_at: None,
            finished_at: None,
            waiting_for: None,
            waited_for: None,
            again: None,
            summary: None,
            problem: None,
            findings: 0,
        }
    }

    /// True while it waits or runs.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.state, OperationState::Queued | OperationState::Running)
    }

    /// True if it made a snapshot that counts.
    #[must_use]
    pub fn is_good_backup(&self) -> bool {
        self.task == Task::Backup
            && matches!(self.state, OperationState::Succeeded | OperationState::Warnings)
    }

    /// When it ended, or the latest that is known of it.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        self.finished_at.or(self.started_at).unwrap_or(self.queued_at)
    }

    /// Keeps what it waited for, once it begins or is given up. Waiting for a turn is no news.
    pub(crate) fn end_of_waiting(&mut self) {
        let waited = self.waiting_for.take().map(|reason| reason.code);
        self.waited_for = waited.filter(|code| *code != Code::RepositoryBusy);
    }

    /// As the window sees it.
    #[must_use]
    pub fn view(&self, progress: Option<Progress>) -> OperationView {
        let (plan, plan_name) = self.plan.clone().unzip();
        OperationView {
            id: self.id.clone(),
            run: self.run.clone(),
            kind: self.task.kind(),
            plan,
            plan_name,
            repository: self.repository.clone(),
            repository_name: self.repository_name.clone(),
            state: self.state,
            trigger: self.trigger,
            missed: self.missed.as_ref().map(|missed| MissedRuns {
                from: missed.from.as_millisecond(),
                count: missed.count,
            }),
            queued_at: self.queued_at.as_millisecond(),
            started_at: self.started_at.map(Timestamp::as_millisecond),
            finished_at: self.finished_at.map(Timestamp::as_millisecond),
            progress: progress.filter(|_| self.state == OperationState::Running),
            waiting_for: self.waiting_for.clone().filter(|_| self.is_live()),
            summary: self.summary.clone(),
            problem: self.problem.clone(),
            findings: self.findings,
        }
    }
}

/// Makes the names of operations and runs: later ones are greater, whatever the clock does.
#[derive(Debug, Default)]
pub(crate) struct Names {
    last: u64,
}

impl Names {
    /// Goes on after the greatest name in the log.
    pub(crate) fn after(newest: Option<&OperationId>) -> Self {
        let last = newest.and_then(|id| u64::from_str_radix(&id.0, 16).ok()).unwrap_or(0);
        Self { last }
    }

    /// A new name: milliseconds since 1970, or one more than the last.
    pub(crate) fn next(&mut self, now: Timestamp) -> String {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        self.last = millis.max(self.last.saturating_add(1));
        format!("{:012x}", self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_grow_even_if_the_clock_is_set_back() {
        let now = Timestamp::from_millisecond(1_774_600_000_000).expect("a moment");
        let mut names = Names::default();
        let first = names.next(now);
        let second = names.next(now);
        let mut names = Names::after(Some(&OperationId(second.clone())));
        let third = names.next(Timestamp::UNIX_EPOCH);
        assert!(first < second && second < third, "{first} {second} {third}");
    }
}
