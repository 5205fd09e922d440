//! Decides which snapshots of a group stay.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::policy::tag_list;
use super::{KeepCount, Period, RetentionPolicy, Unit};
use crate::id::SnapshotId;
use crate::snapshot::Snapshot;
use crate::time::Time;

/// What a policy says about the snapshots of a group.
#[derive(Debug, Clone, Default)]
pub struct Decision<'a> {
    /// Those that stay, newest first, and why.
    pub kept: Vec<Kept<'a>>,
    /// Those that go, newest first.
    pub removed: Vec<&'a (SnapshotId, Snapshot)>,
}

/// A snapshot that stays.
#[derive(Debug, Clone)]
pub struct Kept<'a> {
    /// Which one.
    pub snapshot: &'a (SnapshotId, Snapshot),
    /// Everything that speaks for it; one at least.
    pub reasons: Vec<KeepReason>,
}

/// Why a snapshot stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeepReason {
    /// It has these tags.
    Tags(Vec<String>),
    /// It is so young.
    Within(Period),
    /// It is one of the newest.
    Last,
    /// It is the newest of its hour, day and so on.
    NewestOf {
        /// Of what.
        unit: Unit,
        /// It is not, but nothing is older, and fewer are kept than may be.
        is_oldest: bool,
    },
    /// It is the newest of its hour, day and so on, and so young.
    NewestWithin {
        /// Of what.
        unit: Unit,
        /// How young.
        period: Period,
        /// It is not the newest, but nothing is older.
        is_oldest: bool,
    },
}

impl fmt::Display for KeepReason {
    /// Says it in restic's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let oldest = |is_oldest: &bool| if *is_oldest { "oldest " } else { "" };
        match self {
            Self::Tags(tags) => write!(f, "has tags {}", tag_list(tags)),
            Self::Within(period) => write!(f, "within {period}"),
            Self::Last => f.write_str("last snapshot"),
            Self::NewestOf { unit, is_oldest } => {
                write!(f, "{}{} snapshot", oldest(is_oldest), unit.adverb())
            }
            Self::NewestWithin { unit, period, is_oldest } => {
                write!(f, "{}{} within {period}", oldest(is_oldest), unit.adverb())
            }
        }
    }
}

/// What a policy says about snapshots that belong together. `now` and `zone` are the time and the
/// zone of this computer: snapshots of the future do not count as the newest, and calendars are
/// those of their writers' clocks.
///
/// An hour, day, week, month or year counts only if there is a snapshot in it. The oldest snapshot
/// stays as long as a rule has not kept as many as it may, so that histories are as long as they
/// can be.
///
/// ```
/// use holdfast_engine::forget::{KeepCount, RetentionPolicy, apply};
/// use holdfast_engine::id::{SnapshotId, TreeId};
/// use holdfast_engine::snapshot::Snapshot;
/// use jiff::{Timestamp, tz::TimeZone};
///
/// let snapshots: Vec<_> = ["2024-01-01T09:00:00Z", "2024-01-01T21:00:00Z", "2024-01-02T09:00:00Z"]
///     .map(|time| Snapshot::new(time.parse().unwrap(), TreeId::of(b""), vec!["/home".into()]))
///     .map(|snapshot| (SnapshotId::of(&snapshot.to_json()), snapshot))
///     .into();
/// let mut policy = RetentionPolicy::default();
/// policy.newest_of.daily = KeepCount::UpTo(2);
///
/// let group: Vec<_> = snapshots.iter().collect();
/// let decision = apply(&policy, &group, Timestamp::now(), &TimeZone::UTC);
/// assert_eq!(decision.removed.len(), 1);
/// assert_eq!(decision.removed[0].0, snapshots[0].0);
/// assert_eq!(decision.kept[0].reasons[0].to_string(), "daily snapshot");
/// ```
#[must_use]
pub fn apply<'a>(
    policy: &RetentionPolicy,
    group: &[&'a (SnapshotId, Snapshot)],
    now: Timestamp,
    zone: &TimeZone,
) -> Decision<'a> {
    let mut newest_first = group.to_vec();
    newest_first.sort_by(|(_, a), (_, b)| b.time.cmp_moment(&a.time));
    let mut times = newest_first.iter().map(|(_, snapshot)| snapshot.time);
    let newest = times.find(|time| time.timestamp() < now);
    let begin_of = |period: Period| {
        // Without a newest one everything is young.
        newest.map(|newest| period.before(newest, zone))
    };
    let mut rules = Rules::of(policy, &begin_of);
    let mut decision = Decision::default();
    for (number, snapshot) in newest_first.iter().enumerate() {
        let is_last = number + 1 == newest_first.len();
        let reasons = rules.reasons(&snapshot.1, is_last);
        if reasons.is_empty() {
            decision.removed.push(snapshot);
        } else {
            decision.kept.push(Kept { snapshot, reasons });
        }
    }
    decision
}

/// The parts of a policy, and how far each has come.
struct Rules<'a> {
    tags: &'a [Vec<String>],
    within: Option<Within>,
    last: KeepCount,
    counted: Vec<Counted>,
    young: Vec<Young>,
}

/// Everything after a moment.
#[derive(Clone, Copy)]
struct Within {
    period: Period,
    /// `None`: since ever.
    begin: Option<Time>,
}

impl Within {
    fn holds(&self, time: &Time) -> bool {
        self.begin.is_none_or(|begin| time.cmp_moment(&begin).is_gt())
    }
}

/// The newest of each unit, so many times.
struct Counted {
    unit: Unit,
    left: KeepCount,
    met: Option<i64>,
}

/// The newest of each unit after a moment.
struct Young {
    unit: Unit,
    within: Within,
    met: Option<i64>,
}

impl<'a> Rules<'a> {
    fn of(policy: &'a RetentionPolicy, begin_of: &dyn Fn(Period) -> Option<Time>) -> Self {
        let within = |period: Period| {
            (!period.is_zero()).then(|| Within { period, begin: begin_of(period) })
        };
        let young = |unit: Unit| {
            let within = within(policy.newest_within.of(unit))?;
            Some(Young { unit, within, met: None })
        };
        let counted = |unit| Counted { unit, left: policy.newest_of.of(unit), met: None };
        Self {
            tags: &policy.tags,
            within: within(policy.within),
            last: policy.last,
            counted: Unit::ALL.into_iter().map(counted).collect(),
            young: Unit::ALL.into_iter().filter_map(young).collect(),
        }
    }

    /// What speaks for the next snapshot.
    fn reasons(&mut self, snapshot: &Snapshot, is_last: bool) -> Vec<KeepReason> {
        let time = &snapshot.time;
        let tags = self.tags.iter().filter(|tags| snapshot.has_tags(tags));
        let mut reasons: Vec<KeepReason> = tags.cloned().map(KeepReason::Tags).collect();
        let within = self.within.filter(|within| within.holds(time));
        reasons.extend(within.map(|within| KeepReason::Within(within.period)));
        if take(&mut self.last) {
            reasons.push(KeepReason::Last);
        }
        for rule in &mut self.counted {
            let bucket = Some(bucket(time, rule.unit));
            let is_new = bucket != rule.met;
            if (is_new || is_last) && take(&mut rule.left) {
                rule.met = bucket;
                reasons.push(KeepReason::NewestOf { unit: rule.unit, is_oldest: !is_new });
            }
        }
        for rule in &mut self.young {
            let bucket = Some(bucket(time, rule.unit));
            let is_new = bucket != rule.met;
            if rule.within.holds(time) && (is_new || is_last) {
                rule.met = bucket;
                let (unit, period) = (rule.unit, rule.within.period);
                reasons.push(KeepReason::NewestWithin { unit, period, is_oldest: !is_new });
            }
        }
        reasons
    }
}

/// Counts one down; false if none is left.
fn take(left: &mut KeepCount) -> bool {
    match left {
        KeepCount::Unlimited => true,
        KeepCount::UpTo(0) => false,
        KeepCount::UpTo(count) => {
            *count -= 1;
            true
        }
    }
}

/// A number that moments share if they lie in the same hour, day and so on of their writers' clocks.
fn bucket(time: &Time, unit: Unit) -> i64 {
    let (year, month, day, hour) = time.local_date_and_hour();
    let (month, day, hour) = (i64::from(month), i64::from(day), i64::from(hour));
    match unit {
        Unit::Hour => ((year * 100 + month) * 100 + day) * 100 + hour,
        Unit::Day => (year * 100 + month) * 100 + day,
        Unit::Week => time.iso_week(),
        Unit::Month => year * 100 + month,
        Unit::Year => year,
    }
}

#[cfg(test)]
mod tests;
