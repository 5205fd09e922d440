//! A pause: for a while, nothing starts by itself.
//!
//! What runs goes on, and what a person asks for starts all the same. Health goes on counting, for a
//! pause protects nobody's files. A pause outlasts a restart and ends by itself, if it is to.

use std::sync::Arc;

use jiff::civil::time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::{PauseFor, PauseView, Problem};
use crate::error::AppError;
use crate::operation_log::OperationLog;
use crate::state::State;
use crate::text;

/// The name under which the log keeps it.
const NOTE: &str = "pause";

/// By so much a clock is corrected without anybody noticing.
const CLOCK_SET_BACK: SignedDuration = SignedDuration::from_mins(5);

/// While it lasts, nothing starts by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pause {
    since: Timestamp,
    /// `None` until somebody resumes.
    pub(crate) until: Option<Timestamp>,
}

impl Pause {
    fn new(length: PauseFor, now: Timestamp, zone: &TimeZone) -> Self {
        let until = match length {
            PauseFor::Hour => now.checked_add(SignedDuration::from_hours(1)).ok(),
            PauseFor::UntilTomorrow => next_morning(now, zone),
            PauseFor::UntilResumed => None,
        };
        Self { since: now, until }
    }

    fn lasts(&self, now: Timestamp) -> bool {
        let Some(until) = self.until else { return true };
        let (left, whole) = (until.duration_since(now), until.duration_since(self.since));
        // More than all of it is left only if the clock was set back.
        left.is_positive() && left <= whole + CLOCK_SET_BACK
    }

    /// The pause that an earlier process began. One that cannot be read keeps nobody's backup from
    /// running.
    pub(crate) fn stored_in(log: &dyn OperationLog) -> Option<Self> {
        let text = log.note(NOTE).ok()??;
        serde_json::from_str(&text).ok()
    }
}

/// Six in the morning, the next time that it is.
fn next_morning(now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let local = zone.to_datetime(now);
    let six = local.date().to_datetime(time(6, 0, 0, 0));
    let next = if local < six { six } else { six.checked_add(jiff::Span::new().days(1)).ok()? };
    zone.to_timestamp(next).ok()
}

impl State {
    /// The pause that lasts now.
    pub(crate) fn paused(&self) -> Option<Pause> {
        let now = self.now();
        self.pause.lock().clone().filter(|pause| pause.lasts(now))
    }

    pub(crate) fn start_pause(self: &Arc<Self>, length: PauseFor) -> PauseView {
        let pause = Pause::new(length, self.now(), &self.zone());
        self.set_pause(Some(pause.clone()));
        self.pause_view(&pause)
    }

    pub(crate) fn resume(self: &Arc<Self>) {
        self.set_pause(None);
        for entry in self.file().repositories {
            self.fill_in_background(&entry.id);
        }
    }

    fn set_pause(self: &Arc<Self>, pause: Option<Pause>) {
        let stored = serde_json::to_string(&pause).map_err(crate::error::Cause::from);
        let stored = stored.and_then(|text| {
            self.log().put_note(NOTE, &text)?;
            Ok(self.log().make_durable()?)
        });
        if let Err(source) = stored {
            // It holds for as long as the app runs.
            self.add_problem(AppError::LogUnwritable { source }.problem());
        }
        *self.pause.lock() = pause;
        self.pump();
        self.changed();
    }

    pub(crate) fn pause_view(&self, pause: &Pause) -> PauseView {
        PauseView {
            since: pause.since.as_millisecond(),
            until: pause.until.map(Timestamp::as_millisecond),
            problem: self.pause_problem(pause),
        }
    }

    pub(crate) fn pause_problem(&self, pause: &Pause) -> Problem {
        let until = pause.until.map(|until| text::time(until, self.now(), &self.zone()));
        AppError::Paused { until }.problem()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(local: &str) -> Timestamp {
        let local: jiff::civil::DateTime = local.parse().expect("a date and time");
        berlin().to_timestamp(local).expect("a moment")
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("the zone is in the database")
    }

    #[test]
    fn until_tomorrow_is_until_six_in_the_morning() {
        let until = |now: &str| Pause::new(PauseFor::UntilTomorrow, at(now), &berlin()).until;
        assert_eq!(until("2026-03-27 23:00"), Some(at("2026-03-28 06:00")));
        assert_eq!(until("2026-03-28 02:00"), Some(at("2026-03-28 06:00")));
        assert_eq!(until("2026-03-28 06:00"), Some(at("2026-03-29 06:00")), "the clocks change");
    }

    #[test]
    fn a_pause_ends_by_itself_and_lasts_no_longer_if_the_clock_is_set_back() {
        let pause = Pause::new(PauseFor::Hour, at("2026-03-27 09:00"), &berlin());
        let lasts = |now: &str| pause.lasts(at(now));
        assert!(lasts("2026-03-27 09:59") && !lasts("2026-03-27 10:00"));
        assert!(!lasts("2025-03-27 09:30"), "it would last a year");
    }
}
