//! What can be told: events, and which hooks they are for.
//!
//! Pure: an operation in, the names of what happened out.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::api::{
    Code, HookOn, HookScope, OperationKind, OperationState, OperationSummary, PlanId, Problem,
    RepositoryId, RunId, Trigger,
};
use crate::operation::Operation;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HookEvent {
    /// What it is called, the most telling name first.
    pub(crate) names: Vec<HookOn>,
    pub(crate) at: Timestamp,
    pub(crate) plan: Option<(PlanId, String)>,
    pub(crate) repository: (RepositoryId, String),
    pub(crate) run: Option<RunId>,
    /// Why that was started which it is about.
    pub(crate) trigger: Trigger,
    pub(crate) started: Option<Timestamp>,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) summary: Option<OperationSummary>,
    pub(crate) findings: u64,
    pub(crate) problem: Option<Problem>,
}

/// What sort of news something is, for servers that know sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Begun,
    Good,
    Bad,
    Note,
}

impl HookOn {
    /// What sort of news it is.
    pub(crate) fn signal(self) -> Signal {
        match self {
            Self::BackupStarted | Self::BackupMissed => Signal::Begun,
            Self::BackupSucceeded
            | Self::Recovered
            | Self::VerifySucceeded
            | Self::CleanupSucceeded
            | Self::RetentionSucceeded
            | Self::DrillSucceeded
            | Self::CopySucceeded
            | Self::RestoreSucceeded => Signal::Good,
            Self::BackupFailed
            | Self::Overdue
            | Self::VerifyFailed
            | Self::CleanupFailed
            | Self::RetentionFailed
            | Self::DrillFailed
            | Self::CopyFailed
            | Self::RestoreFailed
            | Self::GuardTripped
            | Self::AnyFailure => Signal::Bad,
            // A snapshot was made, so a check that waits for one is content.
            Self::BackupWarnings => Signal::Good,
            Self::Waiting | Self::Unlocked | Self::Locked | Self::SpaceLow => Signal::Note,
        }
    }
}

impl HookEvent {
    /// The name by which a hook that tells these things knows it.
    pub(crate) fn known_as(&self, on: &BTreeSet<HookOn>) -> Option<HookOn> {
        let named = self.names.iter().find(|name| on.contains(name)).copied();
        let is_failure = self.names.iter().any(|name| name.signal() == Signal::Bad);
        named.or_else(|| {
            let first = self.names.first().copied();
            first.filter(|_| is_failure && on.contains(&HookOn::AnyFailure))
        })
    }

    /// True if it is about one of these.
    pub(crate) fn is_in(&self, scope: &HookScope) -> bool {
        match scope {
            HookScope::Everything => true,
            HookScope::Plans { plans } => {
                self.plan.as_ref().is_some_and(|(id, _)| plans.contains(id))
            }
            HookScope::Repositories { repositories } => repositories.contains(&self.repository.0),
        }
    }

    /// What an operation means for hooks as it is now; nothing, if it is no news.
    pub(crate) fn of(operation: &Operation, at: Timestamp) -> Option<Self> {
        let names = names_of(operation);
        (!names.is_empty()).then(|| Self {
            names,
            at,
            plan: operation.plan.clone(),
            repository: (operation.repository.clone(), operation.repository_name.clone()),
            run: Some(operation.run.clone()),
            trigger: operation.trigger,
            started: operation.started_at,
            finished: operation.finished_at,
            summary: operation.summary.clone(),
            findings: operation.findings,
            problem: operation.problem.clone(),
        })
    }
}

fn names_of(operation: &Operation) -> Vec<HookOn> {
    use OperationState::{Failed, Running, Succeeded, Warnings};
    let named = |good, bad| match operation.state {
        Succeeded | Warnings => vec![good],
        Failed => vec![bad],
        _ => Vec::new(),
    };
    let mut names = match operation.task.kind() {
        OperationKind::Backup => match operation.state {
            Running if operation.trigger == Trigger::Missed => {
                vec![HookOn::BackupStarted, HookOn::BackupMissed]
            }
            Running => vec![HookOn::BackupStarted],
            Warnings => vec![HookOn::BackupWarnings],
            _ => named(HookOn::BackupSucceeded, HookOn::BackupFailed),
        },
        OperationKind::Verify => named(HookOn::VerifySucceeded, HookOn::VerifyFailed),
        OperationKind::Retention => named(HookOn::RetentionSucceeded, HookOn::RetentionFailed),
        OperationKind::Cleanup => named(HookOn::CleanupSucceeded, HookOn::CleanupFailed),
        OperationKind::Drill => named(HookOn::DrillSucceeded, HookOn::DrillFailed),
        OperationKind::Copy => named(HookOn::CopySucceeded, HookOn::CopyFailed),
        OperationKind::Restore => match operation.state {
            Warnings => vec![HookOn::RestoreFailed],
            _ => named(HookOn::RestoreSucceeded, HookOn::RestoreFailed),
        },
        OperationKind::Unlock => match operation.state {
            Succeeded => vec![HookOn::Unlocked],
            _ => Vec::new(),
        },
        // Whoever removes snapshots by hand sees what becomes of it.
        OperationKind::Forget | OperationKind::Hook => Vec::new(),
    };
    let code = operation.problem.as_ref().map(|problem| problem.code);
    if operation.state == Failed && code == Some(Code::RepositoryLocked) && !names.is_empty() {
        names.push(HookOn::Locked);
    }
    names
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::api::VerifyScope;
    use crate::error::AppError;
    use crate::operation::Task;

    pub(in crate::hooks) fn operation(task: Task, state: OperationState) -> Operation {
        let moment =
            |seconds: i64| Timestamp::from_second(1_774_600_000 + seconds).expect("a moment");
        Operation {
            id: "019d2a".into(),
            run: "019d29".into(),
            task,
            plan: Some(("photos".into(), "Photos".into())),
            repository: "blue".into(),
            repository_name: "Blue".into(),
            state,
            trigger: Trigger::Scheduled,
            slot: None,
            missed: None,
            queued_at: moment(0),
            started_at: Some(moment(0)),
            finished_at: (state != OperationState::Running).then(|| moment(95)),
            waiting_for: None,
            waited_for: None,
            again: None,
            summary: None,
            problem: None,
            findings: 0,
        }
    }

    fn names(operation: &Operation) -> Vec<HookOn> {
        HookEvent::of(operation, operation.latest()).map(|event| event.names).unwrap_or_default()
    }

    #[test]
    fn each_operation_is_told_by_its_name() {
        use HookOn::*;
        use OperationState::*;
        let verify = Task::Verify { scope: VerifyScope::All };
        let forget = Task::Forget { snapshots: Vec::new() };
        let hook = Task::Hook { hook: "h".into(), name: "H".into(), on: BackupFailed };
        let table: [(&Task, OperationState, &[HookOn]); 16] = [
            (&Task::Backup, Queued, &[]),
            (&Task::Backup, Running, &[BackupStarted]),
            (&Task::Backup, Succeeded, &[BackupSucceeded]),
            (&Task::Backup, Warnings, &[BackupWarnings]),
            (&Task::Backup, Failed, &[BackupFailed]),
            (&Task::Backup, Cancelled, &[]),
            (&Task::Backup, Interrupted, &[]),
            (&verify, Running, &[]),
            (&verify, Succeeded, &[VerifySucceeded]),
            (&verify, Failed, &[VerifyFailed]),
            (&Task::Restore, Succeeded, &[RestoreSucceeded]),
            (&Task::Restore, Warnings, &[RestoreFailed]),
            (&Task::Unlock, Succeeded, &[Unlocked]),
            (&forget, Succeeded, &[]),
            (&forget, Failed, &[]),
            (&hook, Failed, &[]),
        ];
        for (task, state, expected) in table {
            assert_eq!(names(&operation(task.clone(), state)), expected, "{task:?} {state:?}");
        }
    }

    #[test]
    fn a_missed_run_and_a_lock_are_told_beside_what_became_of_the_backup() {
        let running = operation(Task::Backup, OperationState::Running);
        let missed = Operation { trigger: Trigger::Missed, ..running };
        assert_eq!(names(&missed), [HookOn::BackupStarted, HookOn::BackupMissed]);
        let (name, holder) = ("Blue".to_owned(), "mac-mini".to_owned());
        let locked = AppError::RepositoryLocked { name, holder, dead: false, waited_minutes: 30 };
        let failed = operation(Task::Backup, OperationState::Failed);
        let failed = Operation { problem: Some(locked.problem()), ..failed };
        assert_eq!(names(&failed), [HookOn::BackupFailed, HookOn::Locked]);
    }

    #[test]
    fn one_event_is_one_message_under_the_name_that_was_asked_for() {
        let failed = operation(Task::Backup, OperationState::Failed);
        let event = HookEvent::of(&failed, failed.latest()).expect("it is news");
        let known = |on: &[HookOn]| event.known_as(&on.iter().copied().collect());
        assert_eq!(known(&[HookOn::BackupFailed]), Some(HookOn::BackupFailed));
        assert_eq!(known(&[HookOn::AnyFailure]), Some(HookOn::BackupFailed));
        assert_eq!(known(&[HookOn::BackupSucceeded]), None);
    }

    #[test]
    fn a_hook_for_some_plans_tells_of_those_alone() {
        let failed = operation(Task::Backup, OperationState::Failed);
        let event = HookEvent::of(&failed, failed.latest()).expect("it is news");
        let plans = |id: &str| HookScope::Plans { plans: [id.into()].into() };
        assert!(event.is_in(&plans("photos")) && !event.is_in(&plans("mail")));
        assert!(!event.is_in(&HookScope::Plans { plans: BTreeSet::new() }));
        assert!(event.is_in(&HookScope::Repositories { repositories: ["blue".into()].into() }));
    }
}
