//! Numbers and times as people say them, for problems and notices.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `1 snapshot`, `142 snapshots`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// `640 MB`, `1.5 GB`: decimal units, as drives are sold.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return counted(count, "byte");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// `40 seconds`, `5 minutes`, `3 hours`, `2 days`: the largest unit that is at least one.
pub(crate) fn span(millis: i64) -> String {
    let seconds = u64::try_from(millis / 1000).unwrap_or(0);
    match seconds {
        0..60 => counted(seconds, "second"),
        60..3600 => counted(seconds / 60, "minute"),
        3600..172_800 => counted(seconds / 3600, "hour"),
        _ => counted(seconds / 86_400, "day"),
    }
}

/// `14:05`, `tomorrow 06:00`, `yesterday 22:30`, `27 March 14:05`.
pub(crate) fn time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, today) = (zone.to_datetime(at), zone.to_datetime(now).date());
    let clock = at.strftime("%H:%M");
    match today.until(at.date()).map(|days| days.get_days()) {
        Ok(0) => clock.to_string(),
        Ok(1) => format!("tomorrow {clock}"),
        Ok(-1) => format!("yesterday {clock}"),
        _ => format!("{} {clock}", at.strftime("%-d %B")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_or_three_digits_and_a_unit() {
        let said = [0, 1, 999, 1000, 1549, 64_000_000, 999_600_000, 12_345_678_901].map(bytes);
        let expected =
            ["0 bytes", "1 byte", "999 bytes", "1.0 KB", "1.5 KB", "64 MB", "1.0 GB", "12 GB"];
        assert_eq!(said, expected);
    }

    #[test]
    fn spans_are_said_in_their_largest_unit() {
        let hour = 3_600_000;
        let said = [-5, 40_000, 300_000, 3 * hour, 47 * hour, 72 * hour].map(span);
        let expected = ["0 seconds", "40 seconds", "5 minutes", "3 hours", "47 hours", "3 days"];
        assert_eq!(said, expected);
    }

    #[test]
    fn times_of_other_days_are_said_with_their_day() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a moment");
        let now = at("2026-03-28T23:30:00Z");
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let said = ["2026-03-28T23:05:00Z", "2026-03-30T05:00:00Z", "2026-03-28T20:00:00Z"]
            .map(|moment| time(at(moment), now, &zone));
        assert_eq!(said, ["00:05", "tomorrow 06:00", "yesterday 21:00"]);
        assert_eq!(time(at("2026-04-02T12:00:00Z"), now, &zone), "2 April 13:00");
    }
}
