//! Lengths of time as a calendar counts them: years, months, days and hours.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;

use crate::time::Time;

/// A length of time such as `1y5m7d2h`. A year is as long as that year is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Period {
    /// Years.
    pub years: u32,
    /// Months.
    pub months: u32,
    /// Days.
    pub days: u32,
    /// Hours.
    pub hours: u32,
}

/// The text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// A number should stand there.
    #[error("no number found")]
    NoNumber,
    /// The number is more than any calendar needs.
    #[error("the number {number} is too large")]
    TooLarge {
        /// Its digits.
        number: String,
    },
    /// Nothing tells what the number counts.
    #[error("no unit found after number {number}")]
    NoUnit {
        /// The number.
        number: i64,
    },
    /// Something else than y, m, d or h stands behind the number.
    #[error("invalid unit {unit:?} found after number {number}")]
    Unit {
        /// What stands there.
        unit: char,
        /// The number.
        number: i64,
    },
    /// Snapshots are not kept for less than no time.
    #[error("durations containing negative values are not allowed for --keep-within*")]
    Negative,
}

impl FromStr for Period {
    type Err = PeriodError;

    /// Reads numbers with the units `y`, `m`, `d` and `h` behind them. Of several numbers with one
    /// unit the last counts, as for restic.
    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let mut period = Self::default();
        let mut rest = text.trim();
        let mut is_negative = false;
        while !rest.is_empty() {
            let unsigned = rest.strip_prefix('-').unwrap_or(rest);
            let sign = if unsigned.len() < rest.len() { -1 } else { 1 };
            let end = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
            let (digits, behind) = unsigned.split_at(end);
            if digits.is_empty() {
                return Err(PeriodError::NoNumber);
            }
            let count: u32 =
                digits.parse().map_err(|_| PeriodError::TooLarge { number: digits.to_owned() })?;
            let number = sign * i64::from(count);
            let Some(unit) = behind.chars().next() else {
                return Err(PeriodError::NoUnit { number });
            };
            let place = match unit {
                'y' => &mut period.years,
                'm' => &mut period.months,
                'd' => &mut period.days,
                'h' => &mut period.hours,
                _ => return Err(PeriodError::Unit { unit, number }),
            };
            *place = count;
            is_negative |= number < 0;
            rest = &behind[1..];
        }
        if is_negative { Err(PeriodError::Negative) } else { Ok(period) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.years, 'y'), (self.months, 'm'), (self.days, 'd'), (self.hours, 'h')];
        parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .try_for_each(|(n, unit)| write!(f, "{n}{unit}"))
    }
}

impl Period {
    /// True if it is no time at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The moment that lies so long before `time` on the calendar. Where a time was written with the
    /// offset of `zone`, the clock of that zone counts, summer time and all.
    #[must_use]
    pub fn before(&self, time: Time, zone: &TimeZone) -> Time {
        let moment = time.minus_calendar(self.years, self.months, self.days, zone);
        Time { seconds: moment.seconds.saturating_sub(i64::from(self.hours) * 3600), ..moment }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_are_read_and_written() {
        let cases = [
            ("1y5m7d2h", "1y5m7d2h"),
            (" 2h3d ", "3d2h"),
            ("0h", ""),
            ("", ""),
            ("1d2d", "2d"),
            ("007d", "7d"),
        ];
        for (text, expected) in cases {
            let period: Period = text.parse().expect(text);
            assert_eq!(period.to_string(), expected, "{text}");
            assert_eq!(period.is_zero(), expected.is_empty());
        }
        let wrong =
            ["5", "d", "5x", "-", "1d-2h", "-3d", "1 d", "99999999999d", "1d\u{e9}", "1.5d"];
        for text in wrong {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        assert_eq!("-3d".parse::<Period>(), Err(PeriodError::Negative));
    }

    fn before(time: &str, period: &str, zone: &TimeZone) -> String {
        let time: Time = time.parse().expect("a time");
        period.parse::<Period>().expect("a period").before(time, zone).to_string()
    }

    #[test]
    fn months_and_years_are_those_of_the_calendar() {
        let cases = [
            ("2024-03-31T12:00:00Z", "1m", "2024-03-02T12:00:00Z"),
            ("2024-02-29T12:00:00Z", "1y", "2023-03-01T12:00:00Z"),
            ("2024-01-01T00:30:00Z", "1d1h", "2023-12-30T23:30:00Z"),
            ("2024-01-15T00:00:00Z", "13m", "2022-12-15T00:00:00Z"),
            ("2024-05-01T02:00:00+05:00", "2m", "2024-03-01T02:00:00+05:00"),
        ];
        for (time, period, expected) in cases {
            assert_eq!(before(time, period, &TimeZone::UTC), expected, "{time} {period}");
        }
    }

    #[test]
    fn the_clock_of_the_zone_counts_where_the_time_was_written_by_it() {
        let berlin = jiff::tz::db().get("Europe/Berlin").expect("Berlin is known");
        // Summer time began in between, so the same time of day is an hour later in UTC.
        assert_eq!(before("2024-04-02T12:00:00+02:00", "3d", &berlin), "2024-03-30T12:00:00+01:00");
        assert_eq!(
            before("2024-04-02T12:00:00+02:00", "3d", &TimeZone::UTC),
            "2024-03-30T12:00:00+02:00"
        );
        assert_eq!(before("2024-04-02T10:00:00Z", "3d", &berlin), "2024-03-30T10:00:00Z");
    }
}
