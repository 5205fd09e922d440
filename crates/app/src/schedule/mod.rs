//! When something is due.
//!
//! Everything is derived from the timing, what ran and now; there are no timers to lose. However
//! many slots passed, one run is due for all of them, and it knows how many it stands for. No slot
//! is run twice, whatever the clock and its zone do.
//!
//! `calendar`, `cron` and `window` say what the words of a timing mean; this module what is due.

mod calendar;
mod cron;
mod window;

#[cfg(test)]
mod table;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use self::calendar::Calendar;
use self::window::Opening;
use crate::api::{IntervalUnit, Schedule, TimeOfDay, Timing};

/// What ran so far, beside a timing and now all that decides what is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// Since when there is the timing: nothing of the calendar before it is due.
    pub(crate) since: Timestamp,
    /// The last run, of those that count.
    pub(crate) last: Option<LastRun>,
    /// When that run is tried again although its next slot is later: it failed.
    pub(crate) again: Option<Timestamp>,
}

/// A run that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastRun {
    pub(crate) started: Timestamp,
    pub(crate) ended: Timestamp,
    /// The newest slot that it, or a run before it, was for.
    pub(crate) slot: Option<Slot>,
}

/// A moment at which something was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// When.
    pub at: Timestamp,
    /// What the computer's clock showed: who travels west meets it again, and it is not due again.
    pub clock: DateTime,
}

/// Slots that passed without a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// The first of them.
    pub from: Timestamp,
    /// How many.
    pub count: u32,
    /// The days on which they were, by the computer's own clock; the newest of very many.
    pub days: Vec<Date>,
}

/// A run that is due now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    /// The latest slot; none for one that is tried again.
    pub(crate) slot: Option<Slot>,
    /// When it became due.
    pub(crate) at: Timestamp,
    /// The slots that passed too long ago for a run that is merely about to start.
    pub(crate) missed: Option<Missed>,
}

/// A slot this long ago was missed: the app looks at the clock when it is due, unless it is off or
/// asleep.
const MISSED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// How far a clock may be set back before a run "in the future" no longer counts.
const CLOCK_SET_BACK: SignedDuration = SignedDuration::from_mins(5);

/// How far a slot may lie in the future and be done all the same: the clock was set back by some
/// hours, or the computer travelled. A clock that was wrong by more is no reason never to run.
const DONE_AHEAD: SignedDuration = SignedDuration::from_hours(26);

/// How many days ahead a slot is looked for: a leap day is at most so far away.
const DAYS_AHEAD: usize = 5 * 366;

/// How far back missed slots are counted.
const COUNTED_BACK: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How many missed slots are counted, and of how many days it is known that they were missed.
const COUNTED_MAX: usize = 100_000;
const MISSED_DAYS_MAX: usize = 31;

const HOURS_MAX: u32 = 8784;
const DAYS_MAX: u32 = 366;
/// Less than that between two runs is no backup but a siege.
const MINUTES_MIN: u32 = 5;
const MINUTES_MAX: u32 = 24 * 60;
const SPREAD_MINUTES_MAX: u32 = 12 * 60;

/// True if a timing says what there can be. Whether it ever comes to run is [`Rhythm::never_runs`].
pub(crate) fn is_possible(timing: &Timing) -> bool {
    let is_time = |time: &TimeOfDay| time.hour < 24 && time.minute < 60;
    let schedule = match &timing.schedule {
        Schedule::Manual => true,
        Schedule::Every { count, unit } => match unit {
            IntervalUnit::Minutes => (MINUTES_MIN..=MINUTES_MAX).contains(count),
            IntervalUnit::Hours => (1..=HOURS_MAX).contains(count),
            IntervalUnit::Days => (1..=DAYS_MAX).contains(count),
        },
        Schedule::Weekly { days, times } => {
            !days.is_empty() && !times.is_empty() && times.iter().all(is_time)
        }
        Schedule::Monthly { days, times } => {
            let is_day = |day: &i8| *day == calendar::LAST_DAY || (1..=31).contains(day);
            let is_whole = !days.is_empty() && !times.is_empty();
            is_whole && days.iter().all(is_day) && times.iter().all(is_time)
        }
        Schedule::Cron { .. } => Calendar::of(&timing.schedule).is_some(),
    };
    let window = timing.window.as_ref().is_none_or(|window| {
        !window.days.is_empty() && is_time(&window.from) && is_time(&window.to)
    });
    schedule && window && timing.spread_minutes <= SPREAD_MINUTES_MAX
}

/// True if a slot passed too long ago for a run that is merely about to start.
pub(crate) fn is_missed(slot: Timestamp, now: Timestamp) -> bool {
    now.duration_since(slot) > MISSED_AFTER
}

/// True for an interval of a day or less that may begin at any hour.
pub(crate) fn is_at_least_daily(timing: &Timing) -> bool {
    match &timing.schedule {
        Schedule::Every { count, unit } => {
            let is_short = interval(*count, *unit) <= SignedDuration::from_hours(24);
            is_short && timing.window.is_none()
        }
        _ => false,
    }
}

/// A timing in a time zone, with its own share where many are spread.
#[derive(Debug)]
pub(crate) struct Rhythm<'a> {
    beat: Beat,
    timing: &'a Timing,
    share: u64,
    zone: &'a TimeZone,
}

#[derive(Debug)]
enum Beat {
    /// By hand; or what cannot be understood.
    Never,
    /// So long after it last began.
    Every(SignedDuration),
    Calendar(Calendar),
}

impl<'a> Rhythm<'a> {
    /// The rhythm of what is called so: its name alone decides its share.
    pub(crate) fn new(timing: &'a Timing, name: &str, zone: &'a TimeZone) -> Self {
        let beat = match &timing.schedule {
            Schedule::Every { count, unit } => Beat::Every(interval(*count, *unit)),
            schedule => Calendar::of(schedule).map_or(Beat::Never, Beat::Calendar),
        };
        Self { beat, timing, share: share(name), zone }
    }

    /// What is due now.
    pub(crate) fn due(&self, past: &Past, now: Timestamp) -> Option<Due> {
        let passed = self.passed(past, now);
        let Some(latest) = passed.last().copied() else {
            let at = self.tried_again(past).filter(|at| *at <= now)?;
            return Some(Due { slot: None, at, missed: None });
        };
        let slot = Slot { at: latest, clock: self.clock(latest) };
        Some(Due { slot: Some(slot), at: latest, missed: self.missed(past, &passed, now) })
    }

    /// The next `count` moments at which it is due, none of them before now. What is due already
    /// is due now.
    pub(crate) fn upcoming(&self, past: &Past, now: Timestamp, count: usize) -> Vec<Timestamp> {
        let due = self.due(past, now).map(|_| now);
        let again = self.tried_again(past).filter(|at| *at > now);
        match &self.beat {
            Beat::Never => Vec::new(),
            Beat::Every(interval) => {
                let next = due.or_else(|| self.next_of_interval(past, now, *interval));
                let first = next.into_iter().chain(again).min();
                self.intervals(first, *interval).take(count).collect()
            }
            Beat::Calendar(calendar) => {
                let slots = self.slots_after(calendar, now);
                let slots = slots.filter(|slot| !self.is_same_by_the_clock(past, *slot));
                let mut slots = slots.peekable();
                let next = slots.peek().copied();
                let again = again.filter(|at| next.is_none_or(|next| *at < next));
                due.or(again).into_iter().chain(slots).take(count).collect()
            }
        }
    }

    /// True if it is not by hand, and will not be due for years.
    pub(crate) fn never_runs(&self, now: Timestamp) -> bool {
        match &self.beat {
            Beat::Never => self.timing.schedule != Schedule::Manual,
            Beat::Every(_) => self.admitted(now).is_none(),
            Beat::Calendar(calendar) => self.slots_after(calendar, now).next().is_none(),
        }
    }

    /// The slots of one day, whatever ran; of an interval there are none to be told.
    pub(crate) fn slots_on(&self, day: Date) -> Vec<Timestamp> {
        let Beat::Calendar(calendar) = &self.beat else { return Vec::new() };
        let Ok(begin) = self.zone.to_timestamp(day.to_datetime(jiff::civil::Time::MIN)) else {
            return Vec::new();
        };
        let before = begin.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(begin);
        let slots = self.slots_after(calendar, before);
        slots.take_while(|slot| self.clock(*slot).date() <= day).collect()
    }

    /// The slots for which nothing has run yet, the oldest first.
    fn passed(&self, past: &Past, now: Timestamp) -> Vec<Timestamp> {
        match &self.beat {
            Beat::Never => Vec::new(),
            Beat::Every(interval) => {
                let first = self.next_of_interval(past, now, *interval);
                let slots = self.intervals(first, *interval).take_while(|slot| *slot <= now);
                slots.take(COUNTED_MAX).collect()
            }
            Beat::Calendar(calendar) => {
                let oldest = now.saturating_sub(COUNTED_BACK).unwrap_or(Timestamp::MIN);
                let from = accounted(past, now).map_or(oldest, |done| done.max(oldest));
                let slots = self.slots_after(calendar, from).take_while(|slot| *slot <= now);
                let slots = slots.filter(|slot| !self.is_same_by_the_clock(past, *slot));
                slots.take(COUNTED_MAX).collect()
            }
        }
    }

    /// When what failed is tried again; what somebody started by hand is theirs to try again.
    fn tried_again(&self, past: &Past) -> Option<Timestamp> {
        match self.beat {
            Beat::Never => None,
            Beat::Every(_) | Beat::Calendar(_) => past.again.and_then(|at| self.admitted(at)),
        }
    }

    /// When an interval is over; one of which nothing ran yet is over at once.
    fn next_of_interval(
        &self,
        past: &Past,
        now: Timestamp,
        interval: SignedDuration,
    ) -> Option<Timestamp> {
        let last = past.last.filter(|last| !is_ahead(last.started, now));
        self.admitted(match last {
            Some(last) => later(last.started, interval),
            None => past.since.min(now),
        })
    }

    fn intervals(
        &self,
        first: Option<Timestamp>,
        interval: SignedDuration,
    ) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(first, move |slot| self.admitted(later(*slot, interval)))
    }

    /// True if the last run was for a slot at which the clock showed the same.
    fn is_same_by_the_clock(&self, past: &Past, slot: Timestamp) -> bool {
        let done = past.last.and_then(|last| last.slot);
        done.is_some_and(|done| {
            done.clock == self.clock(slot) && slot.duration_since(done.at) <= DONE_AHEAD
        })
    }

    /// The slots of a calendar after a moment.
    ///
    /// One that lies outside the window comes when it opens, and two that come then are one. Each
    /// is moved by this rhythm's share, never to the next one or past the end of the window.
    fn slots_after<'b>(
        &'b self,
        calendar: &'b Calendar,
        from: Timestamp,
    ) -> impl Iterator<Item = Timestamp> + 'b {
        // A slot so many days before may come after it: it waits for a window, or is spread.
        let before = if self.timing.window.is_some() { 9 } else { 1 };
        let today = self.zone.to_datetime(from).date();
        let first = today.checked_sub(before.days()).unwrap_or(Date::MIN);
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(DAYS_AHEAD);
        let slots = days.flat_map(|day| calendar.slots_on(day, self.zone));
        let mut last = None;
        let openings = slots
            .filter_map(|slot| self.opening(slot))
            .filter(move |opening| last.replace(opening.from) != Some(opening.from));
        let mut openings = openings.peekable();
        let slots = std::iter::from_fn(move || {
            let opening = openings.next()?;
            let next = openings.peek().map_or(opening.to, |next| next.from.min(opening.to));
            Some(self.spread(Opening { to: next, ..opening }))
        });
        slots.filter(move |slot| *slot > from)
    }

    /// When something that is due at a moment may begin; none if it never may.
    fn admitted(&self, at: Timestamp) -> Option<Timestamp> {
        let opening = self.opening(at)?;
        // All that waited for the window are spread over it.
        Some(if opening.from > at { self.spread(opening) } else { at })
    }

    fn opening(&self, at: Timestamp) -> Option<Opening> {
        match &self.timing.window {
            Some(window) => window::next_opening(window, at, self.zone),
            None => Some(Opening { from: at, to: Timestamp::MAX }),
        }
    }

    fn spread(&self, opening: Opening) -> Timestamp {
        let room = u64::try_from(opening.to.duration_since(opening.from).as_mins()).unwrap_or(0);
        let minutes = u64::from(self.timing.spread_minutes).min(room);
        let share = self.share.checked_rem(minutes).unwrap_or(0);
        later(opening.from, SignedDuration::from_mins(i64::try_from(share).unwrap_or(0)))
    }

    /// Those of the slots that passed while nothing of it ran.
    fn missed(&self, past: &Past, passed: &[Timestamp], now: Timestamp) -> Option<Missed> {
        let was_running = |slot: &Timestamp| past.last.is_some_and(|last| *slot <= last.ended);
        let late =
            passed.iter().copied().filter(|slot| is_missed(*slot, now) && !was_running(slot));
        let late: Vec<Timestamp> = late.collect();
        let from = *late.first()?;
        let mut days: Vec<Date> = late.iter().map(|slot| self.clock(*slot).date()).collect();
        days.dedup();
        let days = days.split_off(days.len().saturating_sub(MISSED_DAYS_MAX));
        Some(Missed { from, count: u32::try_from(late.len()).unwrap_or(u32::MAX), days })
    }

    fn clock(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }
}

/// How old the newest good snapshot may become before the plan is overdue.
///
/// Twice the longest time between two slots, so that one run that was missed while the computer
/// slept can be caught up first.
pub(crate) fn target_age(timing: &Timing) -> SignedDuration {
    const BY_HAND: SignedDuration = SignedDuration::from_hours(30 * 24);
    const DAY_AND_MORE: SignedDuration = SignedDuration::from_hours(26);
    // The answer must not change from day to day: a winter in a zone without changes stands for
    // all days.
    let (from, zone) = (REFERENCE, TimeZone::UTC);
    let rhythm = Rhythm::new(timing, "", &zone);
    match &rhythm.beat {
        Beat::Never => BY_HAND,
        Beat::Every(interval) => {
            let windows = timing.window.is_some();
            let slots = rhythm.intervals(rhythm.admitted(from), *interval);
            let longest = if windows { longest_gap(slots, WEEKS_LOOKED_AT) } else { None };
            longest.unwrap_or(*interval) * 2 + SignedDuration::from_hours(2)
        }
        Beat::Calendar(calendar) => {
            let slots = rhythm.slots_after(calendar, from);
            let longest = longest_gap(slots, MONTHS_LOOKED_AT);
            longest.map_or(BY_HAND, |longest| (longest * 2).max(DAY_AND_MORE))
        }
    }
}

/// 4 January 2027, a Monday.
const REFERENCE: Timestamp = Timestamp::constant(1_799_020_800, 0);
/// Windows repeat by the week, and months are all within two of them as long as they get.
const WEEKS_LOOKED_AT: SignedDuration = SignedDuration::from_hours(15 * 24);
const MONTHS_LOOKED_AT: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The longest time between two of these slots within a time, or between the first two if they
/// are further apart.
fn longest_gap(
    slots: impl Iterator<Item = Timestamp>,
    within: SignedDuration,
) -> Option<SignedDuration> {
    let until = later(REFERENCE, within);
    let mut last: Option<Timestamp> = None;
    let mut longest = None;
    for slot in slots {
        if let Some(last) = last.replace(slot) {
            longest = longest.max(Some(slot.duration_since(last)));
        }
        if slot > until && longest.is_some() {
            break;
        }
    }
    longest
}

/// Up to when slots of the calendar are done. What lies in the future, as after a wrong clock was
/// corrected, does not count; with nothing left nothing is known.
fn accounted(past: &Past, now: Timestamp) -> Option<Timestamp> {
    let begun = [Some(past.since), past.last.map(|last| last.started)].into_iter().flatten();
    let begun = begun.filter(|at| !is_ahead(*at, now));
    let slot = past.last.and_then(|last| last.slot).map(|slot| slot.at);
    begun.chain(slot.filter(|at| at.duration_since(now) <= DONE_AHEAD)).max()
}

fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) > CLOCK_SET_BACK
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// A number from a name, the same in every version of this app (FNV-1a): another one would make a
/// slot of today another slot, and it would be run again.
fn share(name: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    name.bytes().fold(BASIS, |share, byte| (share ^ u64::from(byte)).wrapping_mul(PRIME))
}

fn interval(count: u32, unit: IntervalUnit) -> SignedDuration {
    let count = i64::from(count);
    match unit {
        IntervalUnit::Minutes => SignedDuration::from_mins(count),
        IntervalUnit::Hours => SignedDuration::from_hours(count),
        IntervalUnit::Days => SignedDuration::from_hours(count * 24),
    }
}
