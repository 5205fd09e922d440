//! How a plan is: derived from history and now, never stored.
//!
//! What counts is how old the newest good snapshot is against the plan's own target. Waiting for a
//! drive that is not connected is a state and no failure, until the snapshot grows too old.

mod days;

use jiff::Timestamp;

use crate::api::{Code, HealthState, OperationState, PlanHealth, Problem, Schedule};
use crate::error::AppError;
use crate::operation::Operation;
use crate::schedule;

pub(crate) use days::day_cells;

/// What a plan's health is derived from.
#[derive(Debug, Clone)]
pub(crate) struct PlanPast<'a> {
    pub(crate) name: &'a str,
    pub(crate) schedule: Schedule,
    pub(crate) made_at: Timestamp,
    /// Backups of the plan, the oldest first.
    pub(crate) backups: &'a [Operation],
    /// The newest snapshot that the repository itself showed, if it was looked at.
    pub(crate) newest_seen: Option<Timestamp>,
}

impl PlanPast<'_> {
    /// When the newest good snapshot was made.
    pub(crate) fn newest_good(&self) -> Option<Timestamp> {
        let recorded = self.backups.iter().rev().find(|backup| backup.is_good_backup());
        let recorded = recorded.map(|backup| backup.started_at.unwrap_or(backup.queued_at));
        recorded.max(self.newest_seen)
    }

    /// The last backup that ended in a way that says something about the plan.
    fn last_verdict(&self) -> Option<&Operation> {
        self.backups.iter().rev().find(|backup| {
            use OperationState::{Failed, Succeeded, Warnings};
            matches!(backup.state, Succeeded | Warnings | Failed)
        })
    }

    fn waiting_for(&self) -> Option<&Problem> {
        let waits = |backup: &&Operation| backup.state == OperationState::Queued;
        let waiting = self.backups.iter().rev().find(waits)?.waiting_for.as_ref()?;
        // Another operation of this app that is in the way is no news about the plan.
        (waiting.code != Code::RepositoryBusy).then_some(waiting)
    }
}

/// How a plan is, and why.
pub(crate) fn plan_health(past: &PlanPast<'_>, now: Timestamp) -> PlanHealth {
    let target = schedule::target_age(past.schedule);
    let newest_good = past.newest_good();
    let overdue_since = newest_good.filter(|made| now.duration_since(*made) > target);
    let failed = past.last_verdict().filter(|backup| {
        backup.state == OperationState::Failed
            && newest_good.is_none_or(|made| made < backup.latest())
    });
    let waiting = past.waiting_for();
    let (state, reason) = if let Some(backup) = failed {
        (HealthState::Failing, backup.problem.clone())
    } else if let Some(since) = overdue_since {
        (HealthState::Overdue, Some(overdue(past.name, since, now, waiting)))
    } else if let Some(waiting) = waiting {
        (HealthState::Waiting, Some(waiting.clone()))
    } else if newest_good.is_none() {
        (HealthState::NeverBackedUp, None)
    } else {
        (HealthState::Protected, None)
    };
    PlanHealth {
        state,
        reason,
        newest_good: newest_good.map(Timestamp::as_millisecond),
        target_age_millis: u64::try_from(target.as_millis()).unwrap_or(u64::MAX),
    }
}

/// The worst of all plans.
pub(crate) fn worst(states: impl Iterator<Item = HealthState>) -> HealthState {
    let badness = |state: &HealthState| match state {
        HealthState::NoPlans => 0,
        HealthState::Protected => 1,
        HealthState::Waiting => 2,
        HealthState::NeverBackedUp => 3,
        HealthState::Overdue => 4,
        HealthState::Failing => 5,
    };
    states.max_by_key(badness).unwrap_or(HealthState::NoPlans)
}

fn overdue(name: &str, since: Timestamp, now: Timestamp, waiting: Option<&Problem>) -> Problem {
    let error = AppError::Overdue {
        name: name.to_owned(),
        since_millis: since.as_millisecond(),
        now_millis: now.as_millisecond(),
        because: waiting.map(|problem| format!("{} {}", problem.title, problem.advice)),
    };
    error.problem()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Trigger;
    use crate::operation::Task;

    fn at(text: &str) -> Timestamp {
        format!("{text}:00Z").parse().expect("a moment")
    }

    pub(super) fn backup(state: OperationState, start: &str) -> Operation {
        let ended = !matches!(state, OperationState::Queued | OperationState::Running);
        Operation {
            id: start.into(),
            run: start.into(),
            task: Task::Backup,
            plan: Some(("photos".into(), "Photos".into())),
            repository: "blue".into(),
            repository_name: "Blue".into(),
            state,
            trigger: Trigger::Scheduled,
            queued_at: at(start),
            started_at: (state != OperationState::Queued).then(|| at(start)),
            finished_at: ended.then(|| at(start)),
            waiting_for: None,
            waited_for: None,
            summary: None,
            problem: None,
            findings: 0,
        }
    }

    pub(super) fn waiting(start: &str) -> Operation {
        let reason = AppError::DestinationNotConnected {
            name: "Blue".into(),
            location: "/media/blue".into(),
            snapshots: Some(142),
        };
        Operation { waiting_for: Some(reason.problem()), ..backup(OperationState::Queued, start) }
    }

    fn state_of(backups: &[Operation], now: &str) -> (HealthState, Option<Code>) {
        let past = PlanPast {
            name: "Photos",
            schedule: Schedule::DailyAt { hour: 2, minute: 0 },
            made_at: at("2026-03-01 00:00"),
            backups,
            newest_seen: None,
        };
        let health = plan_health(&past, at(now));
        (health.state, health.reason.map(|reason| reason.code))
    }

    #[test]
    fn a_young_snapshot_protects() {
        let backups = [backup(OperationState::Succeeded, "2026-03-05 02:00")];
        assert_eq!(state_of(&backups, "2026-03-06 20:00"), (HealthState::Protected, None));
    }

    #[test]
    fn a_snapshot_with_warnings_protects_too() {
        let backups = [backup(OperationState::Warnings, "2026-03-05 02:00")];
        assert_eq!(state_of(&backups, "2026-03-05 20:00").0, HealthState::Protected);
    }

    #[test]
    fn an_old_snapshot_is_overdue_even_if_the_last_run_succeeded() {
        let backups = [backup(OperationState::Succeeded, "2026-03-05 02:00")];
        let expected = (HealthState::Overdue, Some(Code::Overdue));
        assert_eq!(state_of(&backups, "2026-03-07 02:01"), expected);
    }

    #[test]
    fn a_failure_after_the_newest_snapshot_is_failing() {
        let backups = [
            backup(OperationState::Succeeded, "2026-03-05 02:00"),
            backup(OperationState::Failed, "2026-03-06 02:00"),
        ];
        assert_eq!(state_of(&backups, "2026-03-06 20:00").0, HealthState::Failing);
    }

    #[test]
    fn a_success_after_a_failure_protects_again() {
        let backups = [
            backup(OperationState::Failed, "2026-03-05 02:00"),
            backup(OperationState::Succeeded, "2026-03-06 02:00"),
        ];
        assert_eq!(state_of(&backups, "2026-03-06 20:00").0, HealthState::Protected);
    }

    #[test]
    fn a_run_that_was_stopped_is_no_failure() {
        let backups = [
            backup(OperationState::Succeeded, "2026-03-05 02:00"),
            backup(OperationState::Cancelled, "2026-03-06 02:00"),
        ];
        assert_eq!(state_of(&backups, "2026-03-06 20:00").0, HealthState::Protected);
    }

    #[test]
    fn waiting_for_a_drive_is_a_state_and_no_error() {
        let backups =
            [backup(OperationState::Succeeded, "2026-03-05 02:00"), waiting("2026-03-06 02:00")];
        let expected = (HealthState::Waiting, Some(Code::DestinationNotConnected));
        assert_eq!(state_of(&backups, "2026-03-06 20:00"), expected);
    }

    #[test]
    fn waiting_for_too_long_is_overdue_and_says_what_it_waits_for() {
        let backups =
            [backup(OperationState::Succeeded, "2026-03-05 02:00"), waiting("2026-03-06 02:00")];
        let past = PlanPast {
            name: "Photos",
            schedule: Schedule::DailyAt { hour: 2, minute: 0 },
            made_at: at("2026-03-01 00:00"),
            backups: &backups,
            newest_seen: None,
        };
        let health = plan_health(&past, at("2026-03-09 02:00"));
        let reason = health.reason.expect("a reason");
        assert_eq!(health.state, HealthState::Overdue);
        assert_eq!(reason.title, "\"Photos\" has not been backed up for 4 days.");
        assert!(reason.advice.contains("not connected"), "{}", reason.advice);
    }

    #[test]
    fn a_plan_without_any_backup_was_never_backed_up() {
        assert_eq!(state_of(&[], "2026-03-01 20:00"), (HealthState::NeverBackedUp, None));
    }

    #[test]
    fn a_snapshot_that_only_the_repository_remembers_protects() {
        let past = PlanPast {
            name: "Photos",
            schedule: Schedule::Manual,
            made_at: at("2026-03-01 00:00"),
            backups: &[],
            newest_seen: Some(at("2026-03-02 00:00")),
        };
        assert_eq!(plan_health(&past, at("2026-03-05 00:00")).state, HealthState::Protected);
    }

    #[test]
    fn the_overview_is_as_bad_as_the_worst_plan() {
        use HealthState::{Failing, NeverBackedUp, NoPlans, Overdue, Protected, Waiting};
        assert_eq!(worst([].into_iter()), NoPlans);
        assert_eq!(worst([Protected, Waiting].into_iter()), Waiting);
        assert_eq!(worst([NeverBackedUp, Overdue, Protected].into_iter()), Overdue);
        assert_eq!(worst([Failing, Overdue].into_iter()), Failing);
    }
}
