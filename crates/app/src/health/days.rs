//! The last thirty days of a plan, a word for each.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::PlanPast;
use crate::api::{DayCell, DayState, OperationState, Schedule};
use crate::decide::DutyId;
use crate::operation::Operation;
use crate::schedule;

const DAYS: i64 = 30;

/// The last thirty days, the oldest first, today last; days by the clock of the zone.
pub(crate) fn day_cells(past: &PlanPast<'_>, now: Timestamp, zone: &TimeZone) -> Vec<DayCell> {
    let today = zone.to_datetime(now).date();
    (0..DAYS)
        .rev()
        .filter_map(|ago| today.checked_sub(ago.days()).ok())
        .map(|day| DayCell { day: day.to_string(), state: day_state(past, day, now, zone) })
        .collect()
}

fn day_state(past: &PlanPast<'_>, day: Date, now: Timestamp, zone: &TimeZone) -> DayState {
    let date = |moment: Timestamp| zone.to_datetime(moment).date();
    let ended = |state: OperationState| {
        past.backups.iter().any(|backup| backup.state == state && date(backup.latest()) == day)
    };
    if ended(OperationState::Warnings) {
        DayState::Warnings
    } else if ended(OperationState::Succeeded) {
        DayState::Good
    } else if ended(OperationState::Failed) {
        DayState::Failed
    } else if past.backups.iter().any(|backup| waited_on(backup, day, now, zone)) {
        DayState::Waiting
    } else if was_missed(past, day) || was_due(past, day, now, zone) {
        DayState::Missed
    } else {
        DayState::None
    }
}

/// True if the backup waited for something outside the app on that day.
fn waited_on(backup: &Operation, day: Date, now: Timestamp, zone: &TimeZone) -> bool {
    let waits = backup.state == OperationState::Queued && backup.waiting_for.is_some();
    if !waits && backup.waited_for.is_none() {
        return false;
    }
    let until = backup.started_at.or(backup.finished_at).unwrap_or(now);
    let date = |moment: Timestamp| zone.to_datetime(moment).date();
    (date(backup.queued_at)..=date(until)).contains(&day)
}

/// True if a later backup caught up on that day, whatever the schedule is today.
fn was_missed(past: &PlanPast<'_>, day: Date) -> bool {
    let missed = past.backups.iter().filter_map(|backup| backup.missed.as_ref());
    missed.flat_map(|missed| &missed.days).any(|one| *one == day)
}

/// True if the plan should have run on that day, by the schedule of today, and the day is over (or
/// its time long past).
fn was_due(past: &PlanPast<'_>, day: Date, now: Timestamp, zone: &TimeZone) -> bool {
    match &past.timing.schedule {
        Schedule::Manual => false,
        // A plan that runs at least daily has a run on every whole day of its life.
        Schedule::Every { .. } => {
            let born = zone.to_datetime(past.since).date();
            let is_daily = schedule::is_at_least_daily(past.timing);
            is_daily && day > born && day < zone.to_datetime(now).date()
        }
        _ => {
            let rhythm = DutyId::Backup(past.id.clone()).rhythm(past.timing, zone);
            let slots = rhythm.slots_on(day).into_iter();
            slots.into_iter().any(|slot| slot > past.since && schedule::is_missed(slot, now))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{backup, held, waiting};
    use super::*;

    fn cells(backups: &[Operation], schedule: Schedule, now: &str) -> Vec<DayState> {
        let past = PlanPast {
            id: &"photos".into(),
            name: "Photos",
            timing: &schedule.into(),
            since: "2026-03-03T09:00:00Z".parse().expect("a moment"),
            backups,
            held: held(),
            has_repository: true,
        };
        let now = format!("{now}:00Z").parse().expect("a moment");
        day_cells(&past, now, &TimeZone::UTC).into_iter().map(|cell| cell.state).collect()
    }

    fn daily() -> Schedule {
        Schedule::daily_at(2, 0)
    }

    #[test]
    fn there_are_thirty_days_and_today_is_the_last() {
        let past = PlanPast {
            id: &"photos".into(),
            name: "Photos",
            timing: &daily().into(),
            since: Timestamp::UNIX_EPOCH,
            backups: &[],
            held: held(),
            has_repository: true,
        };
        let now = "2026-03-30T12:00:00Z".parse().expect("a moment");
        let days = day_cells(&past, now, &TimeZone::UTC);
        assert_eq!((days.len(), days[0].day.as_str()), (30, "2026-03-01"));
        assert_eq!(days[29].day, "2026-03-30");
    }

    #[test]
    fn each_day_has_the_word_for_what_became_of_it() {
        let backups = [
            backup(OperationState::Succeeded, "2026-03-04 02:00"),
            backup(OperationState::Failed, "2026-03-05 02:00"),
            backup(OperationState::Warnings, "2026-03-06 02:00"),
            waiting("2026-03-08 02:00"),
        ];
        use DayState::{Failed, Good, Missed, None, Waiting, Warnings};
        let last_eight = cells(&backups, daily(), "2026-03-09 12:00").split_off(22);
        assert_eq!(last_eight, [None, None, Good, Failed, Warnings, Missed, Waiting, Waiting]);
    }

    #[test]
    fn a_day_with_a_failure_and_a_success_is_good() {
        let backups = [
            backup(OperationState::Failed, "2026-03-09 02:00"),
            backup(OperationState::Succeeded, "2026-03-09 08:00"),
        ];
        assert_eq!(cells(&backups, daily(), "2026-03-09 12:00")[29], DayState::Good);
    }

    #[test]
    fn today_is_not_missed_before_its_time() {
        assert_eq!(cells(&[], daily(), "2026-03-09 01:00")[29], DayState::None);
    }

    #[test]
    fn a_manual_plan_misses_nothing() {
        let cells = cells(&[], Schedule::Manual, "2026-03-09 12:00");
        assert!(cells.iter().all(|state| *state == DayState::None));
    }
}
