//! The hours in which a person does not want to be disturbed.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::api::{QuietHours, TimeOfDay};

/// True if the moment lies in the quiet hours, by the clock of the zone. From the first moment on,
/// until just before the last; hours that end before they begin end the next morning. Hours that
/// end when they begin are none.
pub(crate) fn is_quiet(hours: &QuietHours, now: Timestamp, zone: &TimeZone) -> bool {
    let now = zone.to_datetime(now).time();
    let (from, to) = (time(hours.from), time(hours.to));
    let is_within = if from <= to { from <= now && now < to } else { from <= now || now < to };
    hours.on && is_within
}

fn time(at: TimeOfDay) -> Time {
    let hour = i8::try_from(at.hour.min(23)).unwrap_or(23);
    let minute = i8::try_from(at.minute.min(59)).unwrap_or(59);
    jiff::civil::time(hour, minute, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(on: bool, from: u8, to: u8, at: &str, expected: bool) {
        let of = |hour| TimeOfDay { hour, minute: 30 };
        let hours = QuietHours { on, from: of(from), to: of(to) };
        let zone = TimeZone::get("Europe/Berlin").expect("the zone is in the database");
        let local: jiff::civil::DateTime = format!("2026-03-27 {at}").parse().expect("a time");
        let moment = zone.to_timestamp(local).expect("a moment");
        assert_eq!(is_quiet(&hours, moment, &zone), expected, "{from} to {to} at {at}");
    }

    #[test]
    fn quiet_hours_are_by_the_persons_own_clock_and_may_pass_midnight() {
        check(true, 22, 7, "22:29", false);
        check(true, 22, 7, "22:30", true);
        check(true, 22, 7, "00:00", true);
        check(true, 22, 7, "07:29:59", true);
        check(true, 22, 7, "07:30", false);
        check(true, 9, 17, "09:30", true);
        check(true, 9, 17, "17:30", false);
        check(true, 9, 9, "09:30", false);
        check(false, 22, 7, "23:00", false);
    }
}
