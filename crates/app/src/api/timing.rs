//! When something happens by itself: a backup, and what follows it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// When something is due, and when it may begin.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Timing {
    /// When it is due.
    pub schedule: Schedule,
    /// The hours in which it may begin; whatever is due outside of them begins with the next.
    pub window: Option<Window>,
    /// Over how many minutes those that are due at the same time are spread; 0 to 720.
    #[serde(default)]
    pub spread_minutes: u32,
}

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Schedule {
    /// Never by itself.
    Manual,
    /// So long after it last began.
    Every {
        /// How many: 5 to 1440 minutes, 1 to 8784 hours, 1 to 366 days.
        count: u32,
        /// Of what.
        unit: IntervalUnit,
    },
    /// At times of the computer's own clock, on some days of the week.
    Weekly {
        /// At least one; all seven are every day.
        days: Vec<Weekday>,
        /// At least one.
        times: Vec<TimeOfDay>,
    },
    /// At times of the computer's own clock, on some days of the month.
    Monthly {
        /// 1 to 31, or -1 for the last. A month without such a day has it on its last.
        days: Vec<i8>,
        /// At least one.
        times: Vec<TimeOfDay>,
    },
    /// By a line of a crontab.
    Cron {
        /// Minute, hour, day of the month, month and day of the week; or `@daily` and the like.
        line: String,
    },
}

/// What an interval is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum IntervalUnit {
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// 24 hours each, whatever the clocks do.
    Days,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// A time of the computer's own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimeOfDay {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// Hours of some days of the week, by the computer's own clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// When it opens.
    pub from: TimeOfDay,
    /// When it closes. A time before `from` is on the next day.
    pub to: TimeOfDay,
    /// The days on which it opens.
    pub days: Vec<Weekday>,
}

impl From<Schedule> for Timing {
    fn from(schedule: Schedule) -> Self {
        Self { schedule, window: None, spread_minutes: 0 }
    }
}

impl Schedule {
    /// So many hours after it last began.
    #[must_use]
    pub const fn every_hours(count: u32) -> Self {
        Self::Every { count, unit: IntervalUnit::Hours }
    }

    /// Every day at this time.
    #[must_use]
    pub fn daily_at(hour: u8, minute: u8) -> Self {
        Self::Weekly { days: Weekday::ALL.to_vec(), times: vec![TimeOfDay { hour, minute }] }
    }
}

impl Weekday {
    /// The whole week, Monday first.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];
}
