//! When a plan is due.
//!
//! Everything is derived from the schedule, the last run and now; there are no timers to lose. A
//! run that was missed, once or many times, is due exactly once.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::api::Schedule;

/// What decides when a plan is due, beside its schedule and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Past {
    /// Since when the plan has had its schedule.
    pub(crate) since: Timestamp,
    /// When its last run began, of those that count.
    pub(crate) last_started: Option<Timestamp>,
}

/// How soon the clock is looked at again while something runs or waits.
const LOOK_AT_WORK: Duration = Duration::from_secs(20);

/// How soon the clock is looked at again when nothing is due before: computers fall asleep, clocks
/// are set, and drives are plugged in without a word. A computer at rest is woken no more often.
pub(crate) const LOOK_AT_REST: Duration = Duration::from_secs(60);

/// A run this late was missed: the app looks at the clock when it is due, unless it is asleep.
const MISSED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// How far a clock may be set back before a last run "in the future" no longer counts.
const CLOCK_SET_BACK: SignedDuration = SignedDuration::from_mins(5);

/// Hours in a leap year, the longest that a schedule may wait.
pub(crate) const HOURS_MAX: u32 = 8784;

/// True if the schedule can run at all.
pub(crate) fn is_possible(schedule: Schedule) -> bool {
    match schedule {
        Schedule::Manual => true,
        Schedule::EveryHours { hours } => (1..=HOURS_MAX).contains(&hours),
        Schedule::DailyAt { hour, minute } => hour < 24 && minute < 60,
    }
}

/// The moment at which the plan became due, if it is due now.
pub(crate) fn due_since(
    schedule: Schedule,
    past: Past,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let counted = counted_start(past, now);
    match schedule {
        Schedule::Manual => None,
        Schedule::EveryHours { hours } => match counted {
            Some(start) => Some(later(start, hours)).filter(|due| *due <= now),
            None => Some(now),
        },
        Schedule::DailyAt { hour, minute } => {
            let slot = latest_slot(hour, minute, now, zone)?;
            (counted.is_none_or(|start| start < slot)).then_some(slot)
        }
    }
}

/// How long the app may go without looking at the clock.
pub(crate) fn until_next_look(
    is_at_work: bool,
    due: Option<Timestamp>,
    now: Timestamp,
) -> Duration {
    let most = if is_at_work { LOOK_AT_WORK } else { LOOK_AT_REST };
    // What is due already and did not begin waits for something else than the clock.
    let due = due.filter(|due| *due > now).map(|due| due.duration_since(now).unsigned_abs());
    due.map_or(most, |due| due.min(most))
}

/// True if a run that became due at `due` is to be called missed.
pub(crate) fn is_missed(due: Timestamp, now: Timestamp) -> bool {
    now.duration_since(due) > MISSED_AFTER
}

/// The next `count` moments at which the plan is due, none of them before now.
pub(crate) fn upcoming(
    schedule: Schedule,
    past: Past,
    now: Timestamp,
    zone: &TimeZone,
    count: usize,
) -> Vec<Timestamp> {
    let due = due_since(schedule, past, now, zone).map(|_| now);
    match schedule {
        Schedule::Manual => Vec::new(),
        Schedule::EveryHours { hours } => {
            let start = counted_start(past, now).unwrap_or(now);
            let first = due.unwrap_or_else(|| later(start, hours));
            std::iter::successors(Some(first), |at| Some(later(*at, hours))).take(count).collect()
        }
        Schedule::DailyAt { hour, minute } => {
            let today = zone.to_datetime(now).date();
            let slots = std::iter::successors(Some(today), |day| day.tomorrow().ok())
                .filter_map(|day| slot(day, hour, minute, zone))
                .filter(|at| *at > now);
            due.into_iter().chain(slots).take(count).collect()
        }
    }
}

/// How old the newest good snapshot may become before the plan is overdue.
///
/// Twice the schedule's own distance, so that one run that was missed while the computer slept
/// can be caught up first.
pub(crate) fn target_age(schedule: Schedule) -> SignedDuration {
    match schedule {
        Schedule::Manual => SignedDuration::from_hours(30 * 24),
        Schedule::EveryHours { hours } => SignedDuration::from_hours(i64::from(hours) * 2 + 2),
        Schedule::DailyAt { .. } => SignedDuration::from_hours(48),
    }
}

/// The moment at which a daily plan is due on a day, by the clock of the zone.
///
/// A time that the clocks skip on that day is due as much later as they skip; one that comes
/// twice is due the first time.
pub(crate) fn slot(day: Date, hour: u8, minute: u8, zone: &TimeZone) -> Option<Timestamp> {
    let hour = i8::try_from(hour).ok()?;
    let minute = i8::try_from(minute).ok()?;
    let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
    zone.to_timestamp(day.to_datetime(time)).ok()
}

fn latest_slot(hour: u8, minute: u8, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = zone.to_datetime(now).date();
    [Some(today), today.yesterday().ok()]
        .into_iter()
        .flatten()
        .filter_map(|day| slot(day, hour, minute, zone))
        .find(|at| *at <= now)
}

/// What the next run is counted from: the last start, or since when there is the schedule if that
/// is later. What lies in the future, as after a wrong clock was corrected, does not count; with
/// nothing left nothing is known, and a run is due.
fn counted_start(past: Past, now: Timestamp) -> Option<Timestamp> {
    let known = [Some(past.since), past.last_started].into_iter().flatten();
    known.filter(|start| start.duration_since(now) <= CLOCK_SET_BACK).max()
}

fn later(start: Timestamp, hours: u32) -> Timestamp {
    start.checked_add(i64::from(hours).hours()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAILY_AT_TWO: Schedule = Schedule::DailyAt { hour: 2, minute: 0 };
    const EVERY_SIX_HOURS: Schedule = Schedule::EveryHours { hours: 6 };

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("the zone is in the database")
    }

    fn at(text: &str) -> Timestamp {
        let local: jiff::civil::DateTime = text.parse().expect("a date and time");
        berlin().to_timestamp(local).expect("a moment")
    }

    fn ran(made: &str, last: Option<&str>) -> Past {
        Past { since: at(made), last_started: last.map(at) }
    }

    fn due(schedule: Schedule, past: Past, now: &str) -> Option<Timestamp> {
        due_since(schedule, past, at(now), &berlin())
    }

    #[test]
    fn the_clock_is_looked_at_when_something_is_due_and_seldom_at_rest() {
        let now = at("2026-03-01 00:00");
        let in_seconds = |seconds| Some(now + SignedDuration::from_secs(seconds));
        let seconds = |is_at_work, due| until_next_look(is_at_work, due, now).as_secs();
        assert_eq!(seconds(false, None), 60);
        assert_eq!(seconds(false, in_seconds(7)), 7);
        assert_eq!(seconds(false, in_seconds(3600)), 60);
        // Due already: it waits for a drive, or a password, and no clock helps.
        assert_eq!(seconds(true, in_seconds(0)), 20);
        assert_eq!(seconds(false, in_seconds(-5)), 60);
    }

    #[test]
    fn a_manual_plan_is_never_due() {
        assert_eq!(due(Schedule::Manual, ran("2020-01-01 00:00", None), "2026-01-01 00:00"), None);
    }

    #[test]
    fn a_plan_of_every_six_hours_is_due_six_hours_after_its_last_start() {
        let past = ran("2026-03-01 00:00", Some("2026-03-02 09:00"));
        assert_eq!(due(EVERY_SIX_HOURS, past, "2026-03-02 14:59:59"), None);
        assert_eq!(due(EVERY_SIX_HOURS, past, "2026-03-02 15:00"), Some(at("2026-03-02 15:00")));
    }

    #[test]
    fn a_schedule_changed_today_makes_nothing_due_that_lies_before_the_change() {
        let past = ran("2026-03-03 09:00", Some("2026-03-03 02:00"));
        let at_eight = Schedule::DailyAt { hour: 8, minute: 0 };
        assert_eq!(due(at_eight, past, "2026-03-03 09:01"), None);
        assert_eq!(due(at_eight, past, "2026-03-04 08:00"), Some(at("2026-03-04 08:00")));
        assert_eq!(due(EVERY_SIX_HOURS, past, "2026-03-03 14:59"), None);
    }

    #[test]
    fn a_daily_plan_made_after_its_time_is_first_due_the_next_day() {
        let past = ran("2026-03-01 09:00", None);
        assert_eq!(due(DAILY_AT_TWO, past, "2026-03-01 23:59"), None);
        assert_eq!(due(DAILY_AT_TWO, past, "2026-03-02 02:00"), Some(at("2026-03-02 02:00")));
    }

    #[test]
    fn a_manual_run_in_the_evening_does_not_replace_the_daily_one() {
        let past = ran("2026-03-01 09:00", Some("2026-03-03 23:00"));
        assert_eq!(due(DAILY_AT_TWO, past, "2026-03-04 02:00"), Some(at("2026-03-04 02:00")));
    }

    #[test]
    fn many_missed_days_are_one_run_that_was_due_at_the_latest_of_them() {
        let past = ran("2026-01-01 09:00", Some("2026-03-27 02:00"));
        let due = due(DAILY_AT_TWO, past, "2026-04-02 08:00");
        assert_eq!(due, Some(at("2026-04-02 02:00")));
        assert!(is_missed(at("2026-04-02 02:00"), at("2026-04-02 08:00")));
    }

    #[test]
    fn a_run_that_starts_within_minutes_was_not_missed() {
        assert!(!is_missed(at("2026-04-02 02:00"), at("2026-04-02 02:00:20")));
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_due_an_hour_later_by_the_clock() {
        let half_past_two = Schedule::DailyAt { hour: 2, minute: 30 };
        let past = ran("2026-03-01 09:00", Some("2026-03-28 02:30"));
        let due = due(half_past_two, past, "2026-03-29 12:00").expect("it is due");
        assert_eq!(due.to_string(), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn a_time_that_comes_twice_is_due_once() {
        let half_past_two = Schedule::DailyAt { hour: 2, minute: 30 };
        let first: Timestamp = "2026-10-25T00:30:00Z".parse().expect("a moment");
        let second: Timestamp = "2026-10-25T01:30:00Z".parse().expect("a moment");
        let before = ran("2026-03-01 09:00", Some("2026-10-24 02:30"));
        assert_eq!(due_since(half_past_two, before, first, &berlin()), Some(first));
        let after = Past { last_started: Some(first), ..before };
        assert_eq!(due_since(half_past_two, after, second, &berlin()), None);
    }

    #[test]
    fn a_last_run_in_the_future_does_not_keep_a_plan_from_running() {
        let past = ran("2026-03-01 09:00", Some("2027-03-01 09:00"));
        assert!(due(EVERY_SIX_HOURS, past, "2026-03-02 09:00").is_some());
        assert!(due(DAILY_AT_TWO, past, "2026-03-02 09:00").is_some());
    }

    #[test]
    fn a_schedule_set_in_the_future_makes_a_plan_due_once_and_not_for_ever() {
        let never = ran("2027-03-01 09:00", None);
        assert!(due(EVERY_SIX_HOURS, never, "2026-03-02 09:00").is_some());
        let once = ran("2027-03-01 09:00", Some("2026-03-02 09:00"));
        assert_eq!(due(EVERY_SIX_HOURS, once, "2026-03-02 09:01"), None);
    }

    #[test]
    fn the_next_five_runs_keep_their_time_of_day_across_a_change_of_the_clocks() {
        let past = ran("2026-03-01 09:00", Some("2026-03-27 02:00"));
        let zone = berlin();
        let next = upcoming(DAILY_AT_TWO, past, at("2026-03-27 09:00"), &zone, 5);
        let shown: Vec<String> =
            next.iter().map(|at| zone.to_datetime(*at).strftime("%d %H:%M").to_string()).collect();
        assert_eq!(shown, ["28 02:00", "29 03:00", "30 02:00", "31 02:00", "01 02:00"]);
    }

    #[test]
    fn a_plan_that_is_due_runs_next_now() {
        let past = ran("2026-03-01 09:00", Some("2026-03-01 10:00"));
        let now = at("2026-03-03 09:00");
        let next = upcoming(EVERY_SIX_HOURS, past, now, &berlin(), 2);
        assert_eq!(next, [now, at("2026-03-03 15:00")]);
    }

    #[test]
    fn impossible_schedules_are_known_as_such() {
        assert!(!is_possible(Schedule::EveryHours { hours: 0 }));
        assert!(!is_possible(Schedule::EveryHours { hours: 9000 }));
        assert!(!is_possible(Schedule::DailyAt { hour: 24, minute: 0 }));
        assert!(is_possible(DAILY_AT_TWO));
    }
}
