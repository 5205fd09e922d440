//! Moments as a repository records them: nanoseconds, and the offset of the writer's time zone.
//!
//! Text is byte for byte what Go's `encoding/json` makes of a `time.Time` (RFC 3339, fraction
//! without trailing zeros, `Z` for offset 0), because it is part of what a tree's id is the sum of.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SECONDS_PER_DAY: i64 = 86_400;
/// The Gregorian calendar, weekdays included, repeats after 400 years; so do the rules of zones.
const SECONDS_PER_ERA: i64 = 146_097 * SECONDS_PER_DAY;
const YEARS_PER_ERA: i64 = 400;
const YEAR_MAX: i64 = 9999;

/// A moment with the offset from UTC that its writer's clock showed.
///
/// The offset is part of what is stored, and so of a tree's id (restic writes every time in the
/// local zone). Two times are equal if both the moment and the offset are; see
/// [`same_moment`](Self::same_moment) for the moment alone.
///
/// ```
/// use holdfast_engine::time::Time;
///
/// let time = Time::parse(b"2026-03-27T09:00:00.5+01:00").expect("restic writes such times");
/// let same = Time::parse(b"2026-03-27T08:00:00.5Z").expect("and such");
/// assert!(time.same_moment(&same));
/// let mut text = Vec::new();
/// time.write_to(&mut text);
/// assert_eq!(text, b"2026-03-27T09:00:00.5+01:00");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Time {
    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    pub seconds: i64,
    /// Nanoseconds into that second, 0 to 999,999,999.
    pub nanoseconds: u32,
    /// East of UTC, in seconds.
    pub offset_seconds: i32,
}

/// The text is not a time as a repository writes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time in RFC 3339 form")]
pub struct TimeError {
    /// What was given.
    pub text: String,
}

impl Time {
    /// What Go takes for "no time": the first moment of the year 1.
    pub const UNSET: Self = Self { seconds: -62_135_596_800, nanoseconds: 0, offset_seconds: 0 };

    /// Longest text of a time, in bytes.
    pub const TEXT_BYTES_MAX: usize = "2006-01-02T15:04:05.999999999+07:00".len();

    /// The moment with the offset that `zone` has at that moment.
    ///
    /// Years outside of 0 to 9999, which the text cannot express, become the nearest of them, as
    /// restic does it.
    #[must_use]
    pub fn at(seconds: i64, nanoseconds: u32, zone: &TimeZone) -> Self {
        let offset_seconds = offset_at(seconds, zone);
        let time = Self { seconds, nanoseconds, offset_seconds };
        match time.local_year() {
            ..0 => time.moved_to_year(0, zone),
            10_000.. => time.moved_to_year(YEAR_MAX, zone),
            _ => time,
        }
    }

    /// The moment with the offset that `zone` has at that moment.
    #[must_use]
    pub fn from_timestamp(timestamp: Timestamp, zone: &TimeZone) -> Self {
        let (seconds, nanoseconds) = floored(timestamp);
        Self::at(seconds, nanoseconds, zone)
    }

    /// The moment alone; the nearest that can be expressed for the very last day of the year 9999.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        let nanoseconds = i32::try_from(self.nanoseconds).unwrap_or(999_999_999);
        Timestamp::new(self.seconds, nanoseconds).unwrap_or(if self.seconds < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// True if both are the same moment, whatever their offsets.
    #[must_use]
    pub fn same_moment(&self, other: &Self) -> bool {
        self.cmp_moment(other) == Ordering::Equal
    }

    /// Which of the two moments is earlier, whatever their offsets.
    #[must_use]
    pub fn cmp_moment(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanoseconds).cmp(&(other.seconds, other.nanoseconds))
    }

    /// Year, month, day and hour as the writer's clock showed them.
    #[must_use]
    pub(crate) fn local_date_and_hour(&self) -> (i64, u32, u32, u32) {
        let local = self.local_seconds();
        let (year, month, day) = civil_from_days(local.div_euclid(i128::from(SECONDS_PER_DAY)));
        (year, month, day, (local.rem_euclid(i128::from(SECONDS_PER_DAY)) / 3600) as u32)
    }

    /// Minute and second as the writer's clock showed them.
    #[must_use]
    pub(crate) fn local_minute_and_second(&self) -> (u32, u32) {
        let of_hour = self.local_seconds().rem_euclid(3600) as u32;
        (of_hour / 60, of_hour % 60)
    }

    /// A number that moments share if they lie in the same week of the ISO calendar, which begins on
    /// Monday, as the writer's clock showed it.
    #[must_use]
    pub(crate) fn iso_week(&self) -> i64 {
        // 1970-01-01 was a Thursday.
        let days = self.local_seconds().div_euclid(i128::from(SECONDS_PER_DAY));
        (days + 3).div_euclid(7) as i64
    }

    /// The same time of day so many years, months and days before, on the clock of `zone` if that is
    /// whose offset this is, else on one that is never changed. A day that its month does not have
    /// is counted on into the next, as Go does it.
    pub(crate) fn minus_calendar(
        self,
        years: u32,
        months: u32,
        days: u32,
        zone: &TimeZone,
    ) -> Self {
        let local = self.local_seconds();
        let second_of_day = local.rem_euclid(i128::from(SECONDS_PER_DAY)) as i64;
        let (year, month, day) = civil_from_days(local.div_euclid(i128::from(SECONDS_PER_DAY)));
        let month_number =
            (year - i64::from(years)) * 12 + i64::from(month) - 1 - i64::from(months);
        let first =
            days_from_civil(month_number.div_euclid(12), month_number.rem_euclid(12) + 1, 1);
        let day_number = first + i64::from(day) - 1 - i64::from(days);
        let local = day_number * SECONDS_PER_DAY + second_of_day;
        let is_of_zone =
            self.offset_seconds != 0 && offset_at(self.seconds, zone) == self.offset_seconds;
        if !is_of_zone {
            return Self { seconds: local - i64::from(self.offset_seconds), ..self };
        }
        // Go's way to the offset: the one near the time, then the one at the moment that it gives.
        let near = offset_at(local, zone);
        let offset_seconds = if near == 0 { 0 } else { offset_at(local - i64::from(near), zone) };
        let seconds = local - i64::from(offset_seconds);
        Self { seconds, offset_seconds, ..self }
    }

    /// Appends the text to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let (text, length) = self.text();
        out.extend_from_slice(&text[..length]);
    }

    /// Reads the text of a time; `None` if it is not one.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (head, mut rest) = text.split_at_checked(19)?;
        let separators = [head[4], head[7], head[10], head[13], head[16]];
        if separators != *b"--T::" {
            return None;
        }
        let year = digits(&head[..4])?;
        let (month, day) = (digits(&head[5..7])?, digits(&head[8..10])?);
        let (hour, minute, second) =
            (digits(&head[11..13])?, digits(&head[14..16])?, digits(&head[17..])?);
        if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut nanoseconds = 0;
        if let [b'.', fraction @ ..] = rest {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if length == 0 {
                return None;
            }
            for digit in fraction[..length].iter().chain(&[b'0'; 9]).take(9) {
                nanoseconds = nanoseconds * 10 + u32::from(digit - b'0');
            }
            rest = &fraction[length..];
        }
        let offset_seconds = parse_offset(rest)?;
        let local = days_from_civil(year, month, day) * SECONDS_PER_DAY
            + hour * 3600
            + minute * 60
            + second;
        Some(Self { seconds: local - i64::from(offset_seconds), nanoseconds, offset_seconds })
    }

    /// The text in a buffer, and its length.
    fn text(&self) -> ([u8; Self::TEXT_BYTES_MAX], usize) {
        let mut text = *b"0000-00-00T00:00:00.000000000+00:00";
        let local = self.local_seconds();
        let (year, month, day) = civil_from_days(local.div_euclid(i128::from(SECONDS_PER_DAY)));
        let second = (local.rem_euclid(i128::from(SECONDS_PER_DAY))) as u32;
        let year = year.clamp(0, YEAR_MAX) as u32;
        put_pair(&mut text[0..2], year / 100);
        put_pair(&mut text[2..4], year % 100);
        put_pair(&mut text[5..7], month);
        put_pair(&mut text[8..10], day);
        put_pair(&mut text[11..13], second / 3600);
        put_pair(&mut text[14..16], second / 60 % 60);
        put_pair(&mut text[17..19], second % 60);
        let mut length = 19;
        if self.nanoseconds != 0 {
            let mut rest = self.nanoseconds;
            for place in (20..29).rev() {
                text[place] = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            length = 29;
            while text[length - 1] == b'0' {
                length -= 1;
            }
        }
        if self.offset_seconds == 0 {
            text[length] = b'Z';
            return (text, length + 1);
        }
        // Seconds of an offset (local mean times have them) are cut off, towards zero.
        let minutes = self.offset_seconds / 60;
        text[length] = if minutes < 0 { b'-' } else { b'+' };
        let minutes = minutes.unsigned_abs();
        put_pair(&mut text[length + 1..length + 3], (minutes / 60).min(99));
        text[length + 3] = b':';
        put_pair(&mut text[length + 4..length + 6], minutes % 60);
        (text, length + 6)
    }

    fn local_seconds(&self) -> i128 {
        i128::from(self.seconds) + i128::from(self.offset_seconds)
    }

    fn local_year(&self) -> i64 {
        // Everything between the years 1 and 9998 by two comparisons.
        const EARLY: i64 = Time::UNSET.seconds + SECONDS_PER_DAY * 2;
        const LATE: i64 = 253_370_764_800;
        if (EARLY..LATE).contains(&self.seconds) {
            return 1970;
        }
        civil_from_days(self.local_seconds().div_euclid(i128::from(SECONDS_PER_DAY))).0
    }

    /// The same day and time of day in another year (29 February may become 1 March).
    fn moved_to_year(self, year: i64, zone: &TimeZone) -> Self {
        let local = self.local_seconds();
        let (_, month, day) = civil_from_days(local.div_euclid(i128::from(SECONDS_PER_DAY)));
        let second_of_day = local.rem_euclid(i128::from(SECONDS_PER_DAY)) as i64;
        // A year of the same calendar that the time zone library can express in full.
        let eras = if year == YEAR_MAX { 1 } else { -1 };
        let stand_in = year - eras * YEARS_PER_ERA;
        let local = days_from_civil(stand_in, i64::from(month), i64::from(day)) * SECONDS_PER_DAY
            + second_of_day;
        let moment = civil_datetime(local)
            .and_then(|civil| zone.to_ambiguous_timestamp(civil).compatible().ok())
            .map_or(local, |timestamp| timestamp.as_second());
        let offset_seconds = offset_at(moment, zone);
        let seconds = moment + eras * SECONDS_PER_ERA;
        Self { seconds, nanoseconds: self.nanoseconds, offset_seconds }
    }
}

fn civil_datetime(local_seconds: i64) -> Option<DateTime> {
    let utc = Timestamp::from_second(local_seconds).ok()?;
    Some(TimeZone::UTC.to_datetime(utc))
}

fn floored(timestamp: Timestamp) -> (i64, u32) {
    let nanoseconds = timestamp.as_nanosecond();
    let seconds = nanoseconds.div_euclid(1_000_000_000);
    (seconds as i64, nanoseconds.rem_euclid(1_000_000_000) as u32)
}

fn offset_at(seconds: i64, zone: &TimeZone) -> i32 {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    // File systems hold moments that lie beyond what the library expresses.
    let within = if seconds > last {
        last - SECONDS_PER_ERA + (seconds - last).rem_euclid(SECONDS_PER_ERA)
    } else {
        seconds.max(first)
    };
    Timestamp::from_second(within).map_or(0, |timestamp| zone.to_offset(timestamp).seconds())
}

fn put_pair(out: &mut [u8], value: u32) {
    out[0] = b'0' + (value / 10) as u8;
    out[1] = b'0' + (value % 10) as u8;
}

fn digits(text: &[u8]) -> Option<i64> {
    let mut value = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}

fn parse_offset(text: &[u8]) -> Option<i32> {
    match text {
        b"Z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = (hours * 60 + minutes) as i32 * 60;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a day in the Gregorian calendar. Years begin in March here, so that
/// the leap day is the last of its year; `day` may lie one past the end of its month.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(YEARS_PER_ERA);
    let year_of_era = year.rem_euclid(YEARS_PER_ERA);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of so many days since 1970-01-01.
fn civil_from_days(days: i128) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097) as i64;
    let day_of_era = shifted.rem_euclid(146_097) as u32;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * YEARS_PER_ERA + i64::from(year_of_era) + i64::from(month <= 2);
    (year, month, day)
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, length) = self.text();
        f.write_str(std::str::from_utf8(&text[..length]).expect("the text is ASCII"))
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text.as_bytes()).ok_or_else(|| TimeError { text: text.to_owned() })
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in RFC 3339 form")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Time, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn berlin() -> TimeZone {
        let rules = jiff::tz::db().get("Europe/Berlin");
        rules.expect("the time zone database knows Berlin")
    }

    #[test]
    fn the_offset_is_that_of_the_moment_not_of_today() {
        let check = |seconds, expected: &str| {
            assert_eq!(Time::at(seconds, 0, &berlin()).to_string(), expected);
        };
        check(1_000_000_000, "2001-09-09T03:46:40+02:00");
        check(1_700_000_000, "2023-11-14T23:13:20+01:00");
        check(4_113_158_400, "2100-05-05T02:00:00+02:00");
        // Local mean time was 53 minutes and 28 seconds ahead; the clock shows the seconds.
        check(-2_500_000_000, "1890-10-11T20:26:48+00:53");
    }

    #[test]
    fn the_fraction_has_no_trailing_zeros_and_utc_is_z() {
        let check = |nanoseconds, expected: &str| {
            assert_eq!(Time::at(0, nanoseconds, &TimeZone::UTC).to_string(), expected);
        };
        check(0, "1970-01-01T00:00:00Z");
        check(500_000_000, "1970-01-01T00:00:00.5Z");
        check(120, "1970-01-01T00:00:00.00000012Z");
        check(999_999_999, "1970-01-01T00:00:00.999999999Z");
    }

    #[test]
    fn years_that_cannot_be_written_become_the_nearest_that_can() {
        let check = |seconds, zone: &TimeZone, expected: &str| {
            assert_eq!(Time::at(seconds, 7, zone).to_string(), expected);
        };
        check(253_402_300_800, &TimeZone::UTC, "9999-01-01T00:00:00.000000007Z");
        check(253_402_300_799, &TimeZone::UTC, "9999-12-31T23:59:59.000000007Z");
        check(253_402_300_799, &berlin(), "9999-01-01T00:59:59.000000007+01:00");
        check(-62_167_219_201, &TimeZone::UTC, "0000-12-31T23:59:59.000000007Z");
        check(-62_167_219_200, &TimeZone::UTC, "0000-01-01T00:00:00.000000007Z");
        for seconds in [i64::MIN, i64::MAX, i64::MIN + 1, i64::MAX - 1] {
            let text = Time::at(seconds, 0, &berlin()).to_string();
            assert!(text.starts_with(if seconds < 0 { "0000-" } else { "9999-" }), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "",
            "2006-01-02",
            "2006-01-02T15:04:05",
            "2006-01-02t15:04:05Z",
            "2006-02-30T15:04:05Z",
            "2006-13-01T15:04:05Z",
            "2006-01-02T24:04:05Z",
            "2006-01-02T15:04:60Z",
            "2006-01-02T15:04:05.Z",
            "2006-01-02T15:04:05+24:00",
            "2006-01-02T15:04:05+0100",
            "+006-01-02T15:04:05Z",
            "2006-01-02T15:04:05Zé",
            "2006-01-02T15:04:0é",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn more_than_nine_digits_of_fraction_are_cut() {
        let time: Time = "2006-01-02T15:04:05.1234567899Z".parse().expect("a time");
        assert_eq!(time.nanoseconds, 123_456_789);
    }

    proptest! {
        #[test]
        fn writing_and_reading_give_the_same_time(
            seconds in -62_167_100_000i64..253_402_200_000,
            nanoseconds in 0u32..1_000_000_000,
            minutes in -1439i32..1440,
        ) {
            let time = Time { seconds, nanoseconds, offset_seconds: minutes * 60 };
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn the_calendar_agrees_with_the_library(seconds in -62_167_100_000i64..253_402_200_000) {
            let library = Timestamp::from_second(seconds).expect("in range").to_string();
            prop_assert_eq!(Time::at(seconds, 0, &TimeZone::UTC).to_string(), library);
        }

        #[test]
        fn reading_never_panics(text in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Time::parse(&text);
        }
    }
}
