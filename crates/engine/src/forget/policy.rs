//! Which snapshots are worth keeping, as a person says it.

use std::fmt;
use std::str::FromStr;

use super::Period;

/// How many snapshots to keep, by age and by tag. A snapshot stays if any part of it says so.
///
/// The default keeps nothing: see [`is_empty`](Self::is_empty).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetentionPolicy {
    /// The newest ones.
    pub last: KeepCount,
    /// The newest of each of the last hours, days and so on that have any.
    pub newest_of: PerUnit<KeepCount>,
    /// All that are so young, counted from the newest of their group.
    pub within: Period,
    /// The newest of each hour, day and so on, as far as they are so young.
    pub newest_within: PerUnit<Period>,
    /// All that have all the tags of one of these lists. The empty tag stands for having none.
    pub tags: Vec<Vec<String>>,
}

/// One value for each unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerUnit<T> {
    /// For hours.
    pub hourly: T,
    /// For days.
    pub daily: T,
    /// For weeks, which begin on Monday.
    pub weekly: T,
    /// For months.
    pub monthly: T,
    /// For years.
    pub yearly: T,
}

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week of the ISO calendar.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// How many to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeepCount {
    /// So many.
    UpTo(u64),
    /// As many as there are.
    Unlimited,
}

/// The text is no number of snapshots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeepCountError {
    /// It is less than none.
    #[error("negative values not allowed, use 'unlimited' instead")]
    Negative,
    /// It is no number.
    #[error("{text:?} is not a number")]
    NotANumber {
        /// The text.
        text: String,
    },
}

impl Default for KeepCount {
    fn default() -> Self {
        Self::UpTo(0)
    }
}

impl FromStr for KeepCount {
    type Err = KeepCountError;

    /// Reads a number or `unlimited`.
    fn from_str(text: &str) -> Result<Self, KeepCountError> {
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        match text.parse::<i64>() {
            Ok(count) => u64::try_from(count).map(Self::UpTo).map_err(|_| KeepCountError::Negative),
            Err(_) => Err(KeepCountError::NotANumber { text: text.to_owned() }),
        }
    }
}

impl Unit {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// `hourly` and so on.
    #[must_use]
    pub fn adverb(self) -> &'static str {
        match self {
            Self::Hour => "hourly",
            Self::Day => "daily",
            Self::Week => "weekly",
            Self::Month => "monthly",
            Self::Year => "yearly",
        }
    }
}

impl<T: Copy> PerUnit<T> {
    /// The value for a unit.
    #[must_use]
    pub fn of(&self, unit: Unit) -> T {
        match unit {
            Unit::Hour => self.hourly,
            Unit::Day => self.daily,
            Unit::Week => self.weekly,
            Unit::Month => self.monthly,
            Unit::Year => self.yearly,
        }
    }
}

impl RetentionPolicy {
    /// True if it keeps nothing. Whoever applies such a policy removes every snapshot, so this is
    /// asked first.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for RetentionPolicy {
    /// Says it in restic's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: KeepCount, what: &str| match count {
            KeepCount::UpTo(0) => None,
            KeepCount::UpTo(count) => Some(format!("{count} {what}")),
            KeepCount::Unlimited => Some(format!("all {what}")),
        };
        let counts = Unit::ALL.map(|unit| counted(self.newest_of.of(unit), unit.adverb()));
        let counts: Vec<String> =
            std::iter::once(counted(self.last, "latest")).chain(counts).flatten().collect();
        let mut parts = Vec::new();
        if !counts.is_empty() {
            parts.push(format!("{} snapshots", counts.join(", ")));
        }
        for unit in Unit::ALL {
            let period = self.newest_within.of(unit);
            if !period.is_zero() {
                parts.push(format!("{} snapshots within {period}", unit.adverb()));
            }
        }
        let mut more = vec![parts.join(", ")];
        if !self.tags.is_empty() {
            let lists: Vec<String> = self.tags.iter().map(|tags| tag_list(tags)).collect();
            more.push(format!("all snapshots with tags [{}]", lists.join(" ")));
        }
        if !self.within.is_zero() {
            more.push(format!("all snapshots within {} of the newest", self.within));
        }
        more.retain(|part| !part.is_empty());
        if more.is_empty() {
            f.write_str("remove")
        } else {
            write!(f, "keep {}", more.join(" and "))
        }
    }
}

/// `[a, b]`
pub(super) fn tag_list(tags: &[String]) -> String {
    format!("[{}]", tags.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_number_or_unlimited() {
        assert_eq!("0".parse(), Ok(KeepCount::UpTo(0)));
        assert_eq!("12".parse(), Ok(KeepCount::UpTo(12)));
        assert_eq!("unlimited".parse(), Ok(KeepCount::Unlimited));
        assert_eq!("-1".parse::<KeepCount>(), Err(KeepCountError::Negative));
        for text in ["", "x", "1.5", "99999999999999999999"] {
            assert!(text.parse::<KeepCount>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_policy_is_told_in_the_words_of_restic() {
        let period = |text: &str| text.parse().expect("a period");
        let mut policy = RetentionPolicy::default();
        assert!(policy.is_empty());
        assert_eq!(policy.to_string(), "remove");
        policy.newest_of.daily = KeepCount::UpTo(2);
        policy.last = KeepCount::Unlimited;
        assert_eq!(policy.to_string(), "keep all latest, 2 daily snapshots");
        policy.newest_within.hourly = period("1y");
        policy.tags = vec![vec!["a".into(), "b".into()], vec!["q".into()]];
        policy.within = period("1m2d");
        assert!(!policy.is_empty());
        assert_eq!(
            policy.to_string(),
            "keep all latest, 2 daily snapshots, hourly snapshots within 1y and all snapshots with \
             tags [[a, b] [q]] and all snapshots within 1m2d of the newest"
        );
    }
}
