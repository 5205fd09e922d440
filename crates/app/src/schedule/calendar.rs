//! Slots of the calendar: the moments at which times of day come, in a time zone.
//!
//! A time that the clocks skip comes at the first moment after the gap, so that several in one gap
//! are one; a time that comes twice counts the first time; a day that a zone left out altogether
//! has no times.

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::cron::Cron;
use crate::api::{Schedule, TimeOfDay, Weekday};

/// The last day of a month, whatever its number.
pub(super) const LAST_DAY: i8 = -1;

/// A schedule of the calendar.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    days: Days,
    /// The earliest first.
    times: Vec<Time>,
}

#[derive(Debug, Clone)]
enum Days {
    Week(Vec<Weekday>),
    Month(Vec<i8>),
    Cron(Cron),
}

impl Calendar {
    /// The calendar of a schedule; none if it has none, or one that cannot be understood.
    pub(super) fn of(schedule: &Schedule) -> Option<Self> {
        let (days, mut times) = match schedule {
            Schedule::Manual | Schedule::Every { .. } => return None,
            Schedule::Weekly { days, times } => (Days::Week(days.clone()), read(times)?),
            Schedule::Monthly { days, times } => (Days::Month(days.clone()), read(times)?),
            Schedule::Cron { line } => {
                let cron = Cron::read(line)?;
                let times = cron.times().collect();
                (Days::Cron(cron), times)
            }
        };
        times.sort_unstable();
        Some(Self { days, times })
    }

    /// The slots of one day, the earliest first, each once.
    pub(super) fn slots_on(&self, day: Date, zone: &TimeZone) -> Vec<Timestamp> {
        if !self.is_on(day) {
            return Vec::new();
        }
        let slots = self.times.iter().filter_map(|time| moment(day, *time, zone));
        let mut slots: Vec<Timestamp> = slots.collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    fn is_on(&self, day: Date) -> bool {
        match &self.days {
            Days::Week(days) => days.contains(&weekday(day)),
            Days::Month(days) => {
                let last = day.days_in_month();
                let number = |one: i8| if one == LAST_DAY { last } else { one.min(last) };
                days.iter().any(|one| number(*one) == day.day())
            }
            Days::Cron(cron) => cron.is_on(day),
        }
    }
}

/// The moment at which a time of a day comes.
pub(super) fn moment(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(day.to_datetime(time));
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
            ambiguous.compatible().ok()
        }
        AmbiguousOffset::Gap { before, after } => {
            let skipped = after.seconds() - before.seconds();
            if skipped >= 24 * 60 * 60 {
                return None;
            }
            // As much later as the clocks skip, which is behind the gap: its end lies before.
            let behind = ambiguous.compatible().ok()?;
            let look_from = behind.saturating_add(SignedDuration::from_secs(1)).ok()?;
            zone.preceding(look_from).next().map(|transition| transition.timestamp())
        }
    }
}

/// A time of day; none if there is no such one.
pub(super) fn time(time: TimeOfDay) -> Option<Time> {
    let (hour, minute) = (i8::try_from(time.hour).ok()?, i8::try_from(time.minute).ok()?);
    Time::new(hour, minute, 0, 0).ok()
}

fn read(times: &[TimeOfDay]) -> Option<Vec<Time>> {
    times.iter().map(|one| time(*one)).collect()
}

pub(super) fn weekday(day: Date) -> Weekday {
    let since_monday = day.weekday().to_monday_zero_offset();
    let since_monday = usize::try_from(since_monday).expect("no day comes before Monday");
    Weekday::ALL[since_monday]
}
