//! The rules of time as a table, and what holds for every timing.

use proptest::prelude::*;

use super::*;
use crate::api::{Weekday, Window};

const MONDAY: Weekday = Weekday::Monday;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("the zone is in the database")
}

fn berlin() -> TimeZone {
    zone("Europe/Berlin")
}

fn moment(local: &str, zone: &TimeZone) -> Timestamp {
    let local: DateTime = local.parse().expect("a date and time");
    zone.to_timestamp(local).expect("a moment")
}

fn at(local: &str) -> Timestamp {
    moment(local, &berlin())
}

fn time(text: &str) -> TimeOfDay {
    let (hour, minute) = text.split_once(':').expect("a time");
    TimeOfDay { hour: hour.parse().expect("hours"), minute: minute.parse().expect("minutes") }
}

fn daily(times: &[&str]) -> Timing {
    let times = times.iter().map(|one| time(one)).collect();
    Schedule::Weekly { days: Weekday::ALL.to_vec(), times }.into()
}

fn cron(line: &str) -> Timing {
    Schedule::Cron { line: line.to_owned() }.into()
}

fn hours(count: u32) -> Timing {
    Schedule::every_hours(count).into()
}

fn within(timing: Timing, from: &str, to: &str, days: &[Weekday]) -> Timing {
    let window = Window { from: time(from), to: time(to), days: days.to_vec() };
    Timing { window: Some(window), ..timing }
}

/// A plan made at a time, whose last run was for a slot and took a minute.
fn ran(made: &str, slot: Option<&str>) -> Past {
    let last = slot.map(|slot| LastRun {
        started: at(slot),
        ended: at(slot) + SignedDuration::from_mins(1),
        slot: Some(Slot { at: at(slot), clock: slot.parse().expect("a date and time") }),
    });
    Past { since: at(made), last, again: None }
}

/// A run that somebody started.
fn by_hand(mut past: Past, started: &str) -> Past {
    past.last = Some(LastRun { started: at(started), ended: at(started), slot: None });
    past
}

fn due(timing: &Timing, past: &Past, now: &str) -> Option<Timestamp> {
    Rhythm::new(timing, "photos", &berlin()).due(past, at(now)).map(|due| due.at)
}

fn missed(timing: &Timing, past: &Past, now: &str) -> Option<u32> {
    let due = Rhythm::new(timing, "photos", &berlin()).due(past, at(now)).expect("it is due");
    due.missed.map(|missed| missed.count)
}

/// The slots after a moment, by the clock of the zone.
fn slots(timing: &Timing, from: &str, zone: &TimeZone, count: usize) -> Vec<String> {
    let from = moment(from, zone);
    let past = Past { since: from, ..Past::default() };
    let slots = Rhythm::new(timing, "photos", zone).upcoming(&past, from, count);
    slots.iter().map(|at| zone.to_datetime(*at).strftime("%m-%d %H:%M").to_string()).collect()
}

#[test]
fn what_comes_when_the_clocks_change() {
    let hourly = cron("0 * * * *");
    let cases: [(&str, Timing, &str, &[&str]); 9] = [
        // A time that does not exist comes at the end of the gap, and several are one.
        ("Europe/Berlin", daily(&["02:30"]), "2026-03-28 12:00", &["03-29 03:00", "03-30 02:30"]),
        ("Europe/Berlin", daily(&["02:10", "02:50"]), "2026-03-28 12:00", &["03-29 03:00"]),
        // One that comes twice comes the first time.
        ("Europe/Berlin", daily(&["02:30"]), "2026-10-25 01:00", &["10-25 02:30", "10-26 02:30"]),
        ("Europe/Berlin", hourly.clone(), "2026-10-25 01:30", &["10-25 02:00", "10-25 03:00"]),
        ("Europe/Berlin", hourly, "2026-03-29 00:30", &["03-29 01:00", "03-29 03:00"]),
        // Half an hour, at two in the morning.
        ("Australia/Lord_Howe", daily(&["02:15"]), "2026-10-03 12:00", &["10-04 02:30"]),
        // A day that begins at one.
        ("America/Havana", daily(&["00:30"]), "2026-03-07 12:00", &["03-08 01:00", "03-09 00:30"]),
        // A day that never was.
        ("Pacific/Apia", daily(&["02:00"]), "2011-12-28 12:00", &["12-29 02:00", "12-31 02:00"]),
        ("America/New_York", daily(&["02:30"]), "2026-03-07 12:00", &["03-08 03:00"]),
    ];
    for (name, timing, from, expected) in cases {
        assert_eq!(
            slots(&timing, from, &zone(name), expected.len()),
            expected,
            "{name} {timing:?}"
        );
    }
}

#[test]
fn days_of_24_hours_do_not_follow_the_clocks() {
    let timing = Schedule::Every { count: 1, unit: IntervalUnit::Days }.into();
    let past = ran("2026-03-01 09:00", Some("2026-03-28 12:00"));
    assert_eq!(due(&timing, &past, "2026-03-29 12:59"), None);
    assert_eq!(due(&timing, &past, "2026-03-29 13:00"), Some(at("2026-03-29 13:00")));
}

#[test]
fn an_interval_begins_with_a_run_and_a_calendar_with_its_next_slot() {
    let new = ran("2026-03-01 09:00", None);
    assert_eq!(due(&hours(6), &new, "2026-03-01 09:00"), Some(at("2026-03-01 09:00")));
    assert_eq!(due(&daily(&["02:00"]), &new, "2026-03-01 23:59"), None);
    assert_eq!(due(&daily(&["02:00"]), &new, "2026-03-02 02:00"), Some(at("2026-03-02 02:00")));
}

#[test]
fn a_changed_interval_counts_from_the_last_run_and_a_changed_calendar_from_the_change() {
    let changed = ran("2026-03-03 09:00", Some("2026-03-03 02:00"));
    assert_eq!(due(&hours(8), &changed, "2026-03-03 09:59"), None);
    assert_eq!(due(&hours(8), &changed, "2026-03-03 10:00"), Some(at("2026-03-03 10:00")));
    assert_eq!(due(&daily(&["08:00"]), &changed, "2026-03-03 09:01"), None);
}

#[test]
fn what_is_by_hand_is_never_due() {
    let past = ran("2020-01-01 00:00", None);
    assert_eq!(due(&Schedule::Manual.into(), &past, "2026-01-01 00:00"), None);
    let failed = Past { again: Some(at("2020-01-02 00:00")), ..past };
    assert_eq!(due(&Schedule::Manual.into(), &failed, "2026-01-01 00:00"), None);
}

#[test]
fn a_slot_outside_the_window_comes_when_it_opens_and_two_there_are_one() {
    let nights = within(daily(&["12:00", "18:00", "23:00"]), "22:00", "06:00", &Weekday::ALL);
    let shown = slots(&nights, "2026-03-02 09:00", &berlin(), 3);
    assert_eq!(shown, ["03-02 22:00", "03-02 23:00", "03-03 22:00"]);
    let mondays = within(daily(&["12:00"]), "08:00", "18:00", &[MONDAY]);
    let shown = slots(&mondays, "2026-03-03 09:00", &berlin(), 2);
    assert_eq!(shown, ["03-09 08:00", "03-09 12:00"]);
}

#[test]
fn an_interval_shorter_than_the_night_runs_once_in_the_morning() {
    let days = within(hours(1), "08:00", "18:00", &Weekday::ALL);
    let past = ran("2026-03-01 09:00", Some("2026-03-02 17:30"));
    assert_eq!(due(&days, &past, "2026-03-03 07:59"), None);
    assert_eq!(due(&days, &past, "2026-03-03 08:00"), Some(at("2026-03-03 08:00")));
    assert_eq!(missed(&days, &past, "2026-03-03 08:00"), None);
}

#[test]
fn a_spread_stays_before_the_next_slot_and_within_the_window() {
    let at_two = Timing { spread_minutes: 60, ..daily(&["02:00", "02:10"]) };
    let narrow = Timing {
        spread_minutes: 600,
        ..within(daily(&["01:00"]), "01:00", "01:20", &Weekday::ALL)
    };
    for name in ["a", "b", "c", "photos", "documents"] {
        let zone = berlin();
        let past = Past { since: at("2026-03-02 00:00"), ..Past::default() };
        let upcoming = |timing| Rhythm::new(timing, name, &zone).upcoming(&past, past.since, 2);
        let [first, second] = upcoming(&at_two)[..] else { panic!("two slots") };
        assert!((at("2026-03-02 02:00")..at("2026-03-02 02:10")).contains(&first), "{first}");
        assert!((at("2026-03-02 02:10")..at("2026-03-02 03:10")).contains(&second), "{second}");
        let only = upcoming(&narrow)[0];
        assert!((at("2026-03-02 01:00")..at("2026-03-02 01:20")).contains(&only), "{only}");
    }
}

#[test]
fn plans_of_one_time_are_spread() {
    let timing = Timing { spread_minutes: 60, ..daily(&["02:00"]) };
    let zone = berlin();
    let past = Past { since: at("2026-03-02 00:00"), ..Past::default() };
    let first = |name: &str| Rhythm::new(&timing, name, &zone).upcoming(&past, past.since, 1)[0];
    let moments: std::collections::BTreeSet<Timestamp> =
        ["photos", "documents", "letters", "music"].map(first).into_iter().collect();
    assert!(moments.len() > 2, "{moments:?}");
}

#[test]
fn many_missed_slots_are_one_run_that_knows_them() {
    let past = ran("2026-01-01 09:00", Some("2026-03-27 02:00"));
    let due = Rhythm::new(&daily(&["02:00"]), "photos", &berlin())
        .due(&past, at("2026-04-02 08:00"))
        .expect("it is due");
    assert_eq!(due.at, at("2026-04-02 02:00"));
    let missed = due.missed.expect("some were missed");
    assert_eq!((missed.from, missed.count), (at("2026-03-28 02:00"), 6));
    let days: Vec<String> = missed.days.iter().map(Date::to_string).collect();
    assert_eq!((days[0].as_str(), days[5].as_str()), ("2026-03-28", "2026-04-02"));
}

#[test]
fn a_slot_minutes_ago_is_not_missed_and_those_before_it_are() {
    let past = ran("2026-01-01 09:00", Some("2026-03-27 02:00"));
    assert_eq!(missed(&daily(&["02:00"]), &past, "2026-03-28 02:05"), None);
    assert_eq!(missed(&daily(&["02:00"]), &past, "2026-03-29 02:05"), Some(1));
}

#[test]
fn slots_that_pass_while_it_runs_are_one_more_run_and_not_missed() {
    let mut past = ran("2026-01-01 09:00", Some("2026-03-27 02:00"));
    past.last = past.last.map(|last| LastRun { ended: at("2026-03-27 05:10"), ..last });
    assert_eq!(due(&hours(1), &past, "2026-03-27 05:10"), Some(at("2026-03-27 05:00")));
    assert_eq!(missed(&hours(1), &past, "2026-03-27 05:10"), None);
}

#[test]
fn a_run_by_hand_stands_for_the_slots_before_it_and_not_for_those_after() {
    let past = by_hand(ran("2026-03-01 09:00", None), "2026-03-03 23:00");
    assert_eq!(due(&daily(&["02:00"]), &past, "2026-03-04 01:59"), None);
    assert_eq!(due(&daily(&["02:00"]), &past, "2026-03-04 02:00"), Some(at("2026-03-04 02:00")));
}

#[test]
fn who_travels_west_is_not_backed_up_twice_for_one_day() {
    let past = ran("2026-03-01 09:00", Some("2026-03-03 02:00"));
    let new_york = zone("America/New_York");
    let timing = daily(&["02:00"]);
    let rhythm = Rhythm::new(&timing, "photos", &new_york);
    assert_eq!(rhythm.due(&past, moment("2026-03-03 03:00", &new_york)), None);
    let next = moment("2026-03-04 02:00", &new_york);
    assert_eq!(rhythm.due(&past, next).map(|due| due.at), Some(next));
    assert_eq!(rhythm.upcoming(&past, moment("2026-03-02 21:00", &new_york), 1), [next]);
}

#[test]
fn a_clock_set_back_runs_no_slot_twice() {
    let past = ran("2026-03-01 09:00", Some("2026-03-03 10:00"));
    let hourly = cron("0 * * * *");
    assert_eq!(due(&hourly, &past, "2026-03-03 09:00"), None);
    assert_eq!(due(&hourly, &past, "2026-03-03 10:30"), None);
    assert_eq!(due(&hourly, &past, "2026-03-03 11:00"), Some(at("2026-03-03 11:00")));
}

#[test]
fn a_run_in_the_far_future_keeps_nothing_from_running() {
    let past = ran("2026-03-01 09:00", Some("2027-03-01 09:00"));
    assert!(due(&hours(6), &past, "2026-03-02 09:00").is_some());
    assert!(due(&daily(&["02:00"]), &past, "2026-03-02 09:00").is_some());
}

#[test]
fn a_timing_set_in_the_future_is_due_once_and_not_for_ever() {
    let never = ran("2027-03-01 09:00", None);
    assert!(due(&hours(6), &never, "2026-03-02 09:00").is_some());
    let once = by_hand(never, "2026-03-02 09:00");
    assert_eq!(due(&hours(6), &once, "2026-03-02 09:01"), None);
}

#[test]
fn a_failed_run_is_tried_again_before_its_next_slot() {
    let mut past = ran("2026-03-01 09:00", Some("2026-03-02 02:00"));
    past.again = Some(at("2026-03-02 03:00"));
    let daily = daily(&["02:00"]);
    assert_eq!(due(&daily, &past, "2026-03-02 02:59"), None);
    assert_eq!(due(&daily, &past, "2026-03-02 03:00"), Some(at("2026-03-02 03:00")));
    let upcoming =
        Rhythm::new(&daily, "photos", &berlin()).upcoming(&past, at("2026-03-02 02:30"), 2);
    assert_eq!(upcoming, [at("2026-03-02 03:00"), at("2026-03-03 02:00")]);
    let days = within(daily.clone(), "08:00", "18:00", &Weekday::ALL);
    assert_eq!(due(&days, &past, "2026-03-02 07:59"), None, "not outside its hours");
}

#[test]
fn the_next_five_runs_keep_their_time_of_day_across_a_change_of_the_clocks() {
    let shown = slots(&daily(&["02:00"]), "2026-03-27 09:00", &berlin(), 5);
    let expected = ["03-28 02:00", "03-29 03:00", "03-30 02:00", "03-31 02:00", "04-01 02:00"];
    assert_eq!(shown, expected);
}

#[test]
fn what_is_due_runs_next_now() {
    let past = ran("2026-03-01 09:00", Some("2026-03-01 10:00"));
    let now = at("2026-03-03 09:00");
    let next = Rhythm::new(&hours(6), "photos", &berlin()).upcoming(&past, now, 2);
    assert_eq!(next, [now, at("2026-03-03 15:00")]);
}

#[test]
fn a_day_that_a_month_lacks_is_its_last() {
    let times = vec![time("02:00")];
    let timing = Schedule::Monthly { days: vec![31, calendar::LAST_DAY], times }.into();
    let shown = slots(&timing, "2026-01-01 00:00", &berlin(), 3);
    assert_eq!(shown, ["01-31 02:00", "02-28 02:00", "03-31 02:00"]);
}

#[test]
fn a_timing_that_never_comes_is_known_as_such() {
    let never = |timing: &Timing| {
        Rhythm::new(timing, "photos", &berlin()).never_runs(at("2026-03-01 09:00"))
    };
    assert!(never(&cron("31 2 30 2 *")));
    assert!(!never(&cron("0 2 29 2 *")), "a leap day comes");
    assert!(!never(&hours(1)));
    assert!(!never(&Schedule::Manual.into()), "by hand is a choice");
}

#[test]
fn impossible_timings_are_known_as_such() {
    let every = |count, unit| Schedule::Every { count, unit }.into();
    let monthly = |days| Schedule::Monthly { days, times: vec![time("02:00")] }.into();
    let wrong: [Timing; 12] = [
        hours(0),
        hours(9000),
        every(4, IntervalUnit::Minutes),
        every(367, IntervalUnit::Days),
        Schedule::daily_at(24, 0).into(),
        daily(&[]),
        Schedule::Weekly { days: Vec::new(), times: vec![time("02:00")] }.into(),
        monthly(vec![0]),
        monthly(vec![32]),
        cron("a line"),
        within(hours(1), "08:00", "25:00", &Weekday::ALL),
        Timing { spread_minutes: 721, ..hours(1) },
    ];
    for timing in wrong {
        assert!(!is_possible(&timing), "{timing:?}");
    }
    for timing in [hours(1), daily(&["02:00"]), monthly(vec![-1, 31]), cron("@daily")] {
        assert!(is_possible(&timing), "{timing:?}");
    }
}

#[test]
fn a_target_is_twice_the_longest_time_between_two_slots() {
    let weekends = [Weekday::Saturday, Weekday::Sunday];
    let cases = [
        (Schedule::Manual.into(), 30 * 24),
        (hours(6), 14),
        (daily(&["02:00"]), 48),
        (daily(&["02:00", "14:00"]), 26),
        (cron("0 2 * * 1-5"), 3 * 48),
        (Schedule::Monthly { days: vec![1], times: vec![time("02:00")] }.into(), 31 * 48),
        (cron("@yearly"), 366 * 48),
        // From Sunday 18:00 to Saturday 08:00, and not the hour that it says.
        (within(hours(1), "08:00", "18:00", &weekends), 2 * (5 * 24 + 14) + 2),
    ];
    for (timing, expected) in cases {
        let age = target_age(&timing).as_hours();
        assert!((expected - 2..=expected + 2).contains(&age), "{timing:?}: {age}, not {expected}");
    }
}

/// Any timing.
fn timings() -> impl Strategy<Value = Timing> {
    let times = || {
        let time = (0..24u8, 0..60u8).prop_map(|(hour, minute)| TimeOfDay { hour, minute });
        prop::collection::vec(time, 1..4)
    };
    let days = || prop::sample::subsequence(Weekday::ALL.to_vec(), 1..=7);
    let schedule = prop_oneof![
        (5..1440u32).prop_map(|count| Schedule::Every { count, unit: IntervalUnit::Minutes }),
        (1..200u32).prop_map(Schedule::every_hours),
        (days(), times()).prop_map(|(days, times)| Schedule::Weekly { days, times }),
        (prop::collection::vec(prop_oneof![Just(-1i8), 1..=31i8], 1..4), times())
            .prop_map(|(days, times)| Schedule::Monthly { days, times }),
        (0..60u8, 1..23u8, 1..7u8).prop_map(|(minute, hours, day)| Schedule::Cron {
            line: format!("{minute} */{hours} * * {day}")
        }),
    ];
    let window = prop::option::of((times(), times(), days()).prop_map(|(from, to, days)| Window {
        from: from[0],
        to: to[0],
        days,
    }));
    (schedule, window, 0..720u32).prop_map(|(schedule, window, spread_minutes)| Timing {
        schedule,
        window,
        spread_minutes,
    })
}

fn zones() -> impl Strategy<Value = TimeZone> {
    let names = ["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"];
    prop::sample::select(names.to_vec()).prop_map(zone)
}

/// Any moment of 2026 and 2027.
fn moments() -> impl Strategy<Value = Timestamp> {
    (1_767_225_600..1_830_297_600i64)
        .prop_map(|second| Timestamp::from_second(second).expect("a moment"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What the preview says is what then runs, each once, if nobody sleeps.
    #[test]
    fn what_is_previewed_is_what_then_runs(
        timing in timings(), zone in zones(), made in moments(),
    ) {
        let rhythm = Rhythm::new(&timing, "photos", &zone);
        let mut past = Past { since: made, ..Past::default() };
        let mut now = made;
        for expected in rhythm.upcoming(&past, now, 5) {
            prop_assert!(expected >= now);
            if expected > now {
                let before = expected - SignedDuration::from_nanos(1);
                prop_assert_eq!(rhythm.due(&past, before), None);
            }
            now = expected;
            let due = rhythm.due(&past, now).expect("what was previewed is due");
            prop_assert_eq!((due.at, &due.missed), (now, &None));
            past.last = Some(LastRun { started: now, ended: now, slot: due.slot });
            prop_assert_eq!(rhythm.due(&past, now), None, "it is due once");
        }
    }

    /// However long nobody looked, one run is due, and it accounts for all slots that passed.
    #[test]
    fn one_run_catches_up(
        timing in timings(), zone in zones(), made in moments(), away in 1..200_000i64,
    ) {
        let rhythm = Rhythm::new(&timing, "photos", &zone);
        let past = Past { since: made, ..Past::default() };
        let now = made + SignedDuration::from_mins(away);
        if let Some(due) = rhythm.due(&past, now) {
            prop_assert!(due.at <= now);
            let last = Some(LastRun { started: now, ended: now, slot: due.slot });
            prop_assert_eq!(rhythm.due(&Past { last, ..past }, now), None);
        }
    }

    /// Nothing begins outside its window.
    #[test]
    fn every_slot_lies_in_the_window(timing in timings(), zone in zones(), made in moments()) {
        let rhythm = Rhythm::new(&timing, "photos", &zone);
        let past = Past { since: made, ..Past::default() };
        for slot in rhythm.upcoming(&past, made, 5) {
            prop_assert_eq!(rhythm.opening(slot).map(|opening| opening.from), Some(slot));
        }
    }
}
