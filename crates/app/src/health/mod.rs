//! How a plan is: derived from history and now, never stored.
//!
//! What counts is how old the newest good snapshot is against the plan's own target. Waiting for a
//! drive that is not connected is a state and no failure, until the snapshot grows too old.

mod concerns;
mod days;

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use crate::api::{
    Code, HealthState, OperationState, PlanHealth, PlanId, Problem, RepositoryId, Timing,
};
use crate::error::AppError;
use crate::operation::Operation;
use crate::schedule;

pub(crate) use concerns::{damage_found, damaged, files_skipped};
pub(crate) use days::day_cells;

/// What a plan's health is derived from.
#[derive(Debug, Clone)]
pub(crate) struct PlanPast<'a> {
    pub(crate) id: &'a PlanId,
    pub(crate) name: &'a str,
    pub(crate) timing: &'a Timing,
    /// Since when the plan has had its schedule and its repository.
    pub(crate) since: Timestamp,
    /// Backups of the plan, the oldest first.
    pub(crate) backups: &'a [Operation],
    pub(crate) held: Held,
    /// False if the settings know no such repository.
    pub(crate) has_repository: bool,
}

/// What is known of a plan's snapshots in its repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    pub(crate) repository: RepositoryId,
    /// When the last look began that saw all snapshots.
    pub(crate) seen_at: Option<Timestamp>,
    /// Those it saw, with their moments.
    pub(crate) seen: Vec<(String, Timestamp)>,
    /// Those that this app removed.
    pub(crate) removed: HashSet<String>,
}

impl Held {
    /// True if what the backup stored is still there, as far as is known.
    fn holds(&self, backup: &Operation) -> bool {
        let snapshot = backup.summary.as_ref().and_then(|summary| summary.snapshot.as_ref());
        let is_removed = snapshot.is_some_and(|id| self.removed.contains(id));
        // A look that began before the backup ended says nothing about it.
        let is_seen = || snapshot.is_some_and(|id| self.seen.iter().any(|(seen, _)| seen == id));
        let is_newer = self.seen_at.is_none_or(|looked| backup.latest() > looked);
        backup.repository == self.repository && !is_removed && (is_newer || is_seen())
    }
}

/// How far ahead of this computer's clock a snapshot may be dated and count all the same.
const CLOCK_AHEAD: SignedDuration = SignedDuration::from_mins(5);

impl<'a> PlanPast<'a> {
    /// When the newest good snapshot was made. One dated in the future does not count: it would
    /// hide every failure until then.
    pub(crate) fn newest_good(&self, now: Timestamp) -> Option<Timestamp> {
        let good = self.backups.iter().filter(|backup| backup.is_good_backup());
        let recorded = good
            .filter(|backup| self.held.holds(backup))
            .map(|backup| backup.started_at.unwrap_or(backup.queued_at));
        let seen = self.held.seen.iter().filter(|(id, _)| !self.held.removed.contains(id));
        recorded
            .chain(seen.map(|(_, made)| *made))
            .filter(|made| made.duration_since(now) <= CLOCK_AHEAD)
            .max()
    }

    /// The last backup that ended in a way that says something about the plan.
    fn last_verdict(&self) -> Option<&'a Operation> {
        self.backups.iter().rev().find(|backup| {
            use OperationState::{Failed, Succeeded, Warnings};
            matches!(backup.state, Succeeded | Warnings | Failed)
        })
    }

    fn waiting_for(&self) -> Option<&'a Problem> {
        let waits = |backup: &&Operation| backup.state == OperationState::Queued;
        let waiting = self.backups.iter().rev().find(waits)?.waiting_for.as_ref()?;
        // Another operation of this app that is in the way is no news about the plan.
        (waiting.code != Code::RepositoryBusy).then_some(waiting)
    }
}

/// What makes a plan's health. One trouble does not hide another: what fails may be overdue as
/// well.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    /// When the newest good snapshot was made.
    pub(crate) newest_good: Option<Timestamp>,
    /// How long there has been no new one.
    pub(crate) age: SignedDuration,
    /// How old it may become.
    pub(crate) target: SignedDuration,
    /// Why the plan can never run, if it cannot.
    pub(crate) never_runs: Option<Problem>,
    /// The newest backup, if it failed and no snapshot was made since.
    pub(crate) failed: Option<&'a Operation>,
    /// Why the plan is overdue, if it is.
    pub(crate) overdue: Option<Problem>,
    /// What its next backup waits for.
    waiting: Option<&'a Problem>,
}

/// What makes a plan's health.
pub(crate) fn standing<'a>(past: &PlanPast<'a>, now: Timestamp) -> Standing<'a> {
    let target = schedule::target_age(past.timing);
    let newest_good = past.newest_good(now);
    let counted_from = newest_good.unwrap_or(past.since);
    let age = now.duration_since(counted_from);
    let failed = past.last_verdict().filter(|backup| {
        backup.state == OperationState::Failed
            && newest_good.is_none_or(|made| made < backup.latest())
    });
    let waiting = past.waiting_for();
    let never_runs = (!past.has_repository)
        .then(|| AppError::PlanWithoutRepository { plan: past.name.to_owned() }.problem());
    let because = waiting.or_else(|| failed?.problem.as_ref());
    let overdue = (age > target).then(|| overdue(past.name, newest_good, now, because));
    Standing { newest_good, age, target, never_runs, failed, overdue, waiting }
}

/// How a plan is, and why.
pub(crate) fn plan_health(past: &PlanPast<'_>, now: Timestamp) -> PlanHealth {
    let Standing { newest_good, target, never_runs, failed, overdue, waiting, .. } =
        standing(past, now);
    let (state, reason) = if never_runs.is_some() {
        (HealthState::Failing, never_runs)
    } else if let Some(backup) = failed {
        (HealthState::Failing, backup.problem.clone())
    } else if overdue.is_some() {
        (HealthState::Overdue, overdue)
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

fn overdue(
    name: &str,
    newest_good: Option<Timestamp>,
    now: Timestamp,
    because: Option<&Problem>,
) -> Problem {
    let error = AppError::Overdue {
        name: name.to_owned(),
        since_millis: newest_good.map(Timestamp::as_millisecond),
        now_millis: now.as_millisecond(),
        because: because.map(|problem| format!("{} {}", problem.title, problem.advice)),
    };
    error.problem()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Schedule;
    use crate::api::{OperationKind, Trigger};
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
            slot: None,
            missed: None,
            queued_at: at(start),
            started_at: (state != OperationState::Queued).then(|| at(start)),
            finished_at: ended.then(|| at(start)),
            waiting_for: None,
            waited_for: None,
            again: None,
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
            awaited_by: Some(OperationKind::Backup),
        };
        Operation { waiting_for: Some(reason.problem()), ..backup(OperationState::Queued, start) }
    }

    pub(super) fn held() -> Held {
        Held { repository: "blue".into(), ..Held::default() }
    }

    /// What was seen in a look at a repository that holds one snapshot.
    fn seen(looked: &str, snapshot: &str) -> Held {
        let seen = vec![("s".to_owned(), at(snapshot))];
        Held { seen_at: Some(at(looked)), seen, ..held() }
    }

    fn state_of(backups: &[Operation], now: &str) -> (HealthState, Option<Code>) {
        state_with(backups, held(), now)
    }

    fn state_with(backups: &[Operation], held: Held, now: &str) -> (HealthState, Option<Code>) {
        let past = PlanPast {
            id: &"photos".into(),
            name: "Photos",
            timing: &Schedule::daily_at(2, 0).into(),
            since: at("2026-03-01 00:00"),
            backups,
            held,
            has_repository: true,
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
            id: &"photos".into(),
            name: "Photos",
            timing: &Schedule::daily_at(2, 0).into(),
            since: at("2026-03-01 00:00"),
            backups: &backups,
            held: held(),
            has_repository: true,
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
        let held = seen("2026-03-02 08:00", "2026-03-02 02:00");
        assert_eq!(state_with(&[], held, "2026-03-03 00:00").0, HealthState::Protected);
    }

    #[test]
    fn a_backup_whose_snapshot_a_later_look_did_not_see_protects_nothing() {
        let backups = [backup(OperationState::Succeeded, "2026-03-05 02:00")];
        let looked_at = |moment| Held { seen_at: Some(at(moment)), ..held() };
        let later = state_with(&backups, looked_at("2026-03-05 03:00"), "2026-03-05 04:00");
        assert_eq!(later.0, HealthState::Overdue);
        let before = state_with(&backups, looked_at("2026-03-05 01:00"), "2026-03-05 04:00");
        assert_eq!(before.0, HealthState::Protected);
    }

    #[test]
    fn a_backup_in_another_repository_protects_nothing() {
        let backups = [backup(OperationState::Succeeded, "2026-03-01 02:00")];
        let held = Held { repository: "red".into(), ..held() };
        assert_eq!(state_with(&backups, held, "2026-03-01 04:00").0, HealthState::NeverBackedUp);
    }

    #[test]
    fn a_snapshot_dated_in_the_future_hides_neither_age_nor_failure() {
        let ahead = || seen("2026-03-05 03:00", "2027-03-05 02:00");
        assert_eq!(state_with(&[], ahead(), "2026-03-05 04:00").0, HealthState::Overdue);
        let failed = [backup(OperationState::Failed, "2026-03-05 02:00")];
        assert_eq!(state_with(&failed, ahead(), "2026-03-05 04:00").0, HealthState::Failing);
    }

    #[test]
    fn a_plan_that_never_had_a_snapshot_is_overdue_in_the_end_whatever_it_waits_for() {
        let waiting = [waiting("2026-03-01 02:00")];
        assert_eq!(state_of(&waiting, "2026-03-02 20:00").0, HealthState::Waiting);
        assert_eq!(state_of(&waiting, "2026-03-03 02:00").0, HealthState::Overdue);
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
