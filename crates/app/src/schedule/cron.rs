//! The five fields of a crontab line: minute, hour, day of the month, month, day of the week.
//!
//! Names, lists, ranges and steps are understood, and the `@daily` kind. Where both day fields
//! are restricted a day that fits either is meant, as cron has always had it: a field that begins
//! with `*` restricts nothing.

use jiff::civil::{Date, Time};

/// A line that was understood: for each field the numbers that fit, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days_of_month: u64,
    months: u64,
    days_of_week: u64,
    /// True if a day must fit both day fields, for one of them restricts nothing.
    is_both: bool,
}

/// The numbers that a field may hold, and their names.
struct Field {
    least: u8,
    most: u8,
    names: &'static [&'static str],
}

const MINUTE: Field = Field { least: 0, most: 59, names: &[] };
const HOUR: Field = Field { least: 0, most: 23, names: &[] };
const DAY_OF_MONTH: Field = Field { least: 1, most: 31, names: &[] };
const MONTH: Field = Field {
    least: 1,
    most: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
/// Sunday is 0, and 7 as well.
const DAY_OF_WEEK: Field =
    Field { least: 0, most: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Cron {
    /// Reads a line; none if it is not one.
    pub(super) fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        let fields: Vec<&str> = match line {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            fields => fields,
        }
        .split_whitespace()
        .collect();
        let [minute, hour, day_of_month, month, day_of_week] = fields[..] else { return None };
        let days_of_week = DAY_OF_WEEK.read(day_of_week)?;
        let sunday = days_of_week >> DAY_OF_WEEK.most & 1;
        Some(Self {
            minutes: MINUTE.read(minute)?,
            hours: HOUR.read(hour)?,
            days_of_month: DAY_OF_MONTH.read(day_of_month)?,
            months: MONTH.read(month)?,
            days_of_week: days_of_week | sunday,
            is_both: day_of_month.starts_with('*') || day_of_week.starts_with('*'),
        })
    }

    /// True if the line has times on this day.
    pub(super) fn is_on(&self, day: Date) -> bool {
        let of_month = has(self.days_of_month, day.day());
        let of_week = has(self.days_of_week, day.weekday().to_sunday_zero_offset());
        let fits = if self.is_both { of_month && of_week } else { of_month || of_week };
        fits && has(self.months, day.month())
    }

    /// The times of each of its days, the earliest first.
    pub(super) fn times(&self) -> impl Iterator<Item = Time> + '_ {
        let in_field = |mask: u64, field: Field| {
            (field.least..=field.most).filter_map(move |number| {
                let number = i8::try_from(number).ok()?;
                has(mask, number).then_some(number)
            })
        };
        in_field(self.hours, HOUR).flat_map(move |hour| {
            let minutes = in_field(self.minutes, MINUTE);
            minutes.filter_map(move |minute| Time::new(hour, minute, 0, 0).ok())
        })
    }
}

fn has(mask: u64, number: i8) -> bool {
    mask >> number & 1 == 1
}

impl Field {
    /// The numbers of a field, one bit each.
    fn read(&self, text: &str) -> Option<u64> {
        let mut mask = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse::<u8>().ok().filter(|step| *step > 0)?),
                None => (part, 1),
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (self.least, self.most),
                Some((from, to)) => (self.number(from)?, self.number(to)?),
                // A step needs something to step through.
                None if part != range => return None,
                None => (self.number(range)?, self.number(range)?),
            };
            if from > to {
                return None;
            }
            for number in (from..=to).step_by(usize::from(step)) {
                mask |= 1 << number;
            }
        }
        Some(mask)
    }

    fn number(&self, text: &str) -> Option<u8> {
        let lower = text.to_ascii_lowercase();
        let named = self.names.iter().position(|name| *name == lower);
        let number = match named {
            Some(position) => u8::try_from(position).ok()? + self.least,
            None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
            None => return None,
        };
        (self.least..=self.most).contains(&number).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The days of March 2026 (a Sunday is the 1st) and the number of times on each.
    fn march(line: &str) -> Option<(Vec<i8>, usize)> {
        let cron = Cron::read(line)?;
        let days = (1..=31).filter(|day| cron.is_on(jiff::civil::date(2026, 3, *day))).collect();
        Some((days, cron.times().count()))
    }

    #[test]
    fn lines_mean_what_cron_takes_them_for() {
        let all: Vec<i8> = (1..=31).collect();
        let cases: [(&str, Vec<i8>, usize); 11] = [
            ("0 2 * * *", all.clone(), 1),
            ("*/15 * * * *", all.clone(), 96),
            ("0,30 8-17/3 * * *", all.clone(), 8),
            ("0 2 * * mon", vec![2, 9, 16, 23, 30], 1),
            ("0 2 * * 7", vec![1, 8, 15, 22, 29], 1),
            ("0 2 * * 6-7", vec![1, 7, 8, 14, 15, 21, 22, 28, 29], 1),
            ("0 2 1,15 * *", vec![1, 15], 1),
            // Both day fields: either will do ...
            ("0 2 13 * Fri", vec![6, 13, 20, 27], 1),
            // ... unless one begins with an asterisk.
            ("0 2 */10 * sun", vec![1], 1),
            ("0 2 1 Feb *", vec![], 1),
            ("  @daily ", all, 1),
        ];
        for (line, days, times) in cases {
            assert_eq!(march(line), Some((days, times)), "{line}");
        }
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let wrong = [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5/10 * * * *",
            "*/0 * * * *",
            "10-5 * * * *",
            "+5 * * * *",
            "1,,2 * * * *",
            "* * * * someday",
            "@reboot",
        ];
        for line in wrong {
            assert_eq!(Cron::read(line), None, "{line}");
        }
    }
}
