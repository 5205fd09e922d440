//! When a plan is due.
//!
//! Everything is derived from the schedule, the last run and now; there are no timers to lose. A
//! run that was missed, once or many times, is due exactly once.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::api::{IntervalUnit, Schedule, TimeOfDay, Timing, Weekday};

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

/// How far a slot is looked for: a month and a day back, and as many ahead as five slots need.
const DAYS_BACK: usize = 32;
const DAYS_AHEAD: usize = 366;

/// Hours in a leap year, the longest that a schedule may wait.
const HOURS_MAX: u32 = 8784;

/// Days in a leap year.
const DAYS_MAX: u32 = 366;

/// Minutes between two runs at least: less than that is no backup but a siege.
const MINUTES_MIN: u32 = 5;

const MINUTES_MAX: u32 = 24 * 60;

/// How long runs may be spread at most: half a day.
const SPREAD_MINUTES_MAX: u32 = 12 * 60;

/// The last day of a month, whatever its number.
const LAST_DAY: i8 = -1;

/// True if the numbers of a timing are numbers that there are.
pub(crate) fn is_possible(timing: &Timing) -> bool {
    let is_time = |time: &TimeOfDay| time.hour < 24 && time.minute < 60;
    let schedule = match &timing.schedule {
        Schedule::Manual => true,
        Schedule::Every { count, unit } => match unit {
            IntervalUnit::Minutes => (MINUTES_MIN..=MINUTES_MAX).contains(count),
            IntervalUnit::Hours => (1..=HOURS_MAX).contains(count),
            IntervalUnit::Days => (1..=DAYS_MAX).contains(count),
        },
        Schedule::Weekly { days, times } => {
            !days.is_empty() && !times.is_empty() && times.iter().all(is_time)
        }
        Schedule::Monthly { days, times } => {
            let is_day = |day: &i8| *day == LAST_DAY || (1..=31).contains(day);
            let is_whole = !days.is_empty() && !times.is_empty();
            is_whole && days.iter().all(is_day) && times.iter().all(is_time)
        }
    };
    let window = timing.window.as_ref().is_none_or(|window| {
        !window.days.is_empty() && is_time(&window.from) && is_time(&window.to)
    });
    schedule && window && timing.spread_minutes <= SPREAD_MINUTES_MAX
}

/// The moment at which the plan became due, if it is due now.
pub(crate) fn due_since(
    timing: &Timing,
    past: Past,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let counted = counted_start(past, now);
    match &timing.schedule {
        Schedule::Manual => None,
        Schedule::Every { count, unit } => match counted {
            Some(start) => Some(later(start, *count, *unit)).filter(|due| *due <= now),
            None => Some(now),
        },
        calendar => {
            let slot = latest_slot(calendar, now, zone)?;
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
    timing: &Timing,
    past: Past,
    now: Timestamp,
    zone: &TimeZone,
    count: usize,
) -> Vec<Timestamp> {
    let due = due_since(timing, past, now, zone).map(|_| now);
    match &timing.schedule {
        Schedule::Manual => Vec::new(),
        Schedule::Every { count: every, unit } => {
            let start = counted_start(past, now).unwrap_or(now);
            let first = due.unwrap_or_else(|| later(start, *every, *unit));
            let slots = std::iter::successors(Some(first), |at| Some(later(*at, *every, *unit)));
            slots.take(count).collect()
        }
        calendar => {
            let today = zone.to_datetime(now).date();
            let slots = std::iter::successors(Some(today), |day| day.tomorrow().ok())
                .take(DAYS_AHEAD)
                .flat_map(|day| slots_on(calendar, day, zone))
                .filter(|at| *at > now);
            due.into_iter().chain(slots).take(count).collect()
        }
    }
}

/// True for an interval of a day or less.
pub(crate) fn is_at_least_daily(timing: &Timing) -> bool {
    match &timing.schedule {
        Schedule::Every { count, unit } => span(*count, *unit) <= SignedDuration::from_hours(24),
        _ => false,
    }
}

/// How old the newest good snapshot may become before the plan is overdue.
///
/// Twice the schedule's own distance, so that one run that was missed while the computer slept
/// can be caught up first.
pub(crate) fn target_age(timing: &Timing) -> SignedDuration {
    match &timing.schedule {
        Schedule::Manual => SignedDuration::from_hours(30 * 24),
        Schedule::Every { count, unit } => span(*count, *unit) * 2 + SignedDuration::from_hours(2),
        Schedule::Weekly { days, .. } if days.len() >= Weekday::ALL.len() => {
            SignedDuration::from_hours(48)
        }
        Schedule::Weekly { .. } => SignedDuration::from_hours(14 * 24),
        Schedule::Monthly { .. } => SignedDuration::from_hours(62 * 24),
    }
}

/// The moments of one day at which a schedule of the calendar is due, the earliest first.
///
/// A time that the clocks skip on that day is due as much later as they skip; one that comes
/// twice is due the first time.
pub(crate) fn slots_on(schedule: &Schedule, day: Date, zone: &TimeZone) -> Vec<Timestamp> {
    let times = match schedule {
        Schedule::Weekly { days, times } if days.contains(&weekday(day)) => times,
        Schedule::Monthly { days, times } if days.iter().any(|one| is_day(*one, day)) => times,
        _ => return Vec::new(),
    };
    let mut slots: Vec<Timestamp> =
        times.iter().filter_map(|time| slot(day, *time, zone)).collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

fn slot(day: Date, time: TimeOfDay, zone: &TimeZone) -> Option<Timestamp> {
    let hour = i8::try_from(time.hour).ok()?;
    let minute = i8::try_from(time.minute).ok()?;
    let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
    zone.to_timestamp(day.to_datetime(time)).ok()
}

fn weekday(day: Date) -> Weekday {
    let since_monday = day.weekday().to_monday_zero_offset();
    Weekday::ALL[usize::try_from(since_monday).expect("a week has seven days, none before Monday")]
}

/// True if a day of a monthly schedule is this one; one that the month lacks is its last.
fn is_day(one: i8, day: Date) -> bool {
    let last = day.days_in_month();
    let one = if one == LAST_DAY { last } else { one.min(last) };
    one == day.day()
}

fn latest_slot(schedule: &Schedule, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = zone.to_datetime(now).date();
    std::iter::successors(Some(today), |day| day.yesterday().ok())
        .take(DAYS_BACK)
        .filter_map(|day| slots_on(schedule, day, zone).into_iter().rfind(|at| *at <= now))
        .next()
}

/// What the next run is counted from: the last start, or since when there is the schedule if that
/// is later. What lies in the future, as after a wrong clock was corrected, does not count; with
/// nothing left nothing is known, and a run is due.
fn counted_start(past: Past, now: Timestamp) -> Option<Timestamp> {
    let known = [Some(past.since), past.last_started].into_iter().flatten();
    known.filter(|start| start.duration_since(now) <= CLOCK_SET_BACK).max()
}

fn later(start: Timestamp, count: u32, unit: IntervalUnit) -> Timestamp {
    start.saturating_add(span(count, unit)).unwrap_or(Timestamp::MAX)
}

fn span(count: u32, unit: IntervalUnit) -> SignedDuration {
    let count = i64::from(count);
    match unit {
        IntervalUnit::Minutes => SignedDuration::from_mins(count),
        IntervalUnit::Hours => SignedDuration::from_hours(count),
        IntervalUnit::Days => SignedDuration::from_hours(count * 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_SIX_HOURS: Timing = every_hours(6);

    const fn every_hours(count: u32) -> Timing {
        Timing { schedule: Schedule::every_hours(count), window: None, spread_minutes: 0 }
    }

    fn daily_at(hour: u8, minute: u8) -> Timing {
        Schedule::daily_at(hour, minute).into()
    }

    fn daily_at_two() -> Timing {
        daily_at(2, 0)
    }

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

    fn due(timing: &Timing, past: Past, now: &str) -> Option<Timestamp> {
        due_since(timing, past, at(now), &berlin())
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
        assert_eq!(
            due(&Schedule::Manual.into(), ran("2020-01-01 00:00", None), "2026-01-01 00:00"),
            None
        );
    }

    #[test]
    fn a_plan_of_every_six_hours_is_due_six_hours_after_its_last_start() {
        let past = ran("2026-03-01 00:00", Some("2026-03-02 09:00"));
        assert_eq!(due(&EVERY_SIX_HOURS, past, "2026-03-02 14:59:59"), None);
        assert_eq!(due(&EVERY_SIX_HOURS, past, "2026-03-02 15:00"), Some(at("2026-03-02 15:00")));
    }

    #[test]
    fn a_schedule_changed_today_makes_nothing_due_that_lies_before_the_change() {
        let past = ran("2026-03-03 09:00", Some("2026-03-03 02:00"));
        let at_eight = daily_at(8, 0);
        assert_eq!(due(&at_eight, past, "2026-03-03 09:01"), None);
        assert_eq!(due(&at_eight, past, "2026-03-04 08:00"), Some(at("2026-03-04 08:00")));
        assert_eq!(due(&EVERY_SIX_HOURS, past, "2026-03-03 14:59"), None);
    }

    #[test]
    fn a_daily_plan_made_after_its_time_is_first_due_the_next_day() {
        let past = ran("2026-03-01 09:00", None);
        assert_eq!(due(&daily_at_two(), past, "2026-03-01 23:59"), None);
        assert_eq!(due(&daily_at_two(), past, "2026-03-02 02:00"), Some(at("2026-03-02 02:00")));
    }

    #[test]
    fn a_manual_run_in_the_evening_does_not_replace_the_daily_one() {
        let past = ran("2026-03-01 09:00", Some("2026-03-03 23:00"));
        assert_eq!(due(&daily_at_two(), past, "2026-03-04 02:00"), Some(at("2026-03-04 02:00")));
    }

    #[test]
    fn many_missed_days_are_one_run_that_was_due_at_the_latest_of_them() {
        let past = ran("2026-01-01 09:00", Some("2026-03-27 02:00"));
        let due = due(&daily_at_two(), past, "2026-04-02 08:00");
        assert_eq!(due, Some(at("2026-04-02 02:00")));
        assert!(is_missed(at("2026-04-02 02:00"), at("2026-04-02 08:00")));
    }

    #[test]
    fn a_run_that_starts_within_minutes_was_not_missed() {
        assert!(!is_missed(at("2026-04-02 02:00"), at("2026-04-02 02:00:20")));
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_due_an_hour_later_by_the_clock() {
        let half_past_two = daily_at(2, 30);
        let past = ran("2026-03-01 09:00", Some("2026-03-28 02:30"));
        let due = due(&half_past_two, past, "2026-03-29 12:00").expect("it is due");
        assert_eq!(due.to_string(), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn a_time_that_comes_twice_is_due_once() {
        let half_past_two = daily_at(2, 30);
        let first: Timestamp = "2026-10-25T00:30:00Z".parse().expect("a moment");
        let second: Timestamp = "2026-10-25T01:30:00Z".parse().expect("a moment");
        let before = ran("2026-03-01 09:00", Some("2026-10-24 02:30"));
        assert_eq!(due_since(&half_past_two, before, first, &berlin()), Some(first));
        let after = Past { last_started: Some(first), ..before };
        assert_eq!(due_since(&half_past_two, after, second, &berlin()), None);
    }

    #[test]
    fn a_last_run_in_the_future_does_not_keep_a_plan_from_running() {
        let past = ran("2026-03-01 09:00", Some("2027-03-01 09:00"));
        assert!(due(&EVERY_SIX_HOURS, past, "2026-03-02 09:00").is_some());
        assert!(due(&daily_at_two(), past, "2026-03-02 09:00").is_some());
    }

    #[test]
    fn a_schedule_set_in_the_future_makes_a_plan_due_once_and_not_for_ever() {
        let never = ran("2027-03-01 09:00", None);
        assert!(due(&EVERY_SIX_HOURS, never, "2026-03-02 09:00").is_some());
        let once = ran("2027-03-01 09:00", Some("2026-03-02 09:00"));
        assert_eq!(due(&EVERY_SIX_HOURS, once, "2026-03-02 09:01"), None);
    }

    #[test]
    fn the_next_five_runs_keep_their_time_of_day_across_a_change_of_the_clocks() {
        let past = ran("2026-03-01 09:00", Some("2026-03-27 02:00"));
        let zone = berlin();
        let next = upcoming(&daily_at_two(), past, at("2026-03-27 09:00"), &zone, 5);
        let shown: Vec<String> =
            next.iter().map(|at| zone.to_datetime(*at).strftime("%d %H:%M").to_string()).collect();
        assert_eq!(shown, ["28 02:00", "29 03:00", "30 02:00", "31 02:00", "01 02:00"]);
    }

    #[test]
    fn a_plan_that_is_due_runs_next_now() {
        let past = ran("2026-03-01 09:00", Some("2026-03-01 10:00"));
        let now = at("2026-03-03 09:00");
        let next = upcoming(&EVERY_SIX_HOURS, past, now, &berlin(), 2);
        assert_eq!(next, [now, at("2026-03-03 15:00")]);
    }

    #[test]
    fn impossible_schedules_are_known_as_such() {
        assert!(!is_possible(&every_hours(0)));
        assert!(!is_possible(&every_hours(9000)));
        assert!(!is_possible(&daily_at(24, 0)));
        assert!(is_possible(&daily_at_two()));
    }

    #[test]
    fn a_monthly_plan_for_a_day_that_a_month_lacks_runs_on_its_last() {
        let times = vec![TimeOfDay { hour: 2, minute: 0 }];
        let timing = Schedule::Monthly { days: vec![31, LAST_DAY], times }.into();
        let past = ran("2026-01-01 00:00", None);
        let next = upcoming(&timing, past, at("2026-01-01 00:00"), &TimeZone::UTC, 3);
        let shown: Vec<String> = next.iter().map(|at| at.strftime("%m-%d").to_string()).collect();
        assert_eq!(shown, ["01-31", "02-28", "03-31"]);
    }
}
