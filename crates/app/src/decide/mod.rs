//! What is to begin now, and when to look again: pure, over given facts.
//!
//! A duty is something that is due by a timing: the backups of a plan. Its past is read from
//! history, so a restart loses nothing and doubles nothing, and deciding twice about the same
//! facts decides the same.

mod past;
#[cfg(test)]
mod simulated;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::api::{PlanId, Timing, Trigger};
use crate::schedule::{Due, Past, Rhythm};

pub(crate) use past::past_of;

/// Something that is due by a timing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum DutyId {
    /// The backups of a plan.
    Backup(PlanId),
}

/// A duty, with what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Duty {
    pub(crate) id: DutyId,
    pub(crate) timing: Timing,
    pub(crate) past: Past,
    /// True while it runs or waits: it is not asked for twice.
    pub(crate) is_live: bool,
}

/// All that a decision depends on.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) now: Timestamp,
    pub(crate) zone: &'a TimeZone,
    pub(crate) duties: &'a [Duty],
}

/// What is to be asked for now, and when there may be more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) asks: Vec<Ask>,
    /// When something will be due that is not yet; nothing is before that, as things stand.
    pub(crate) wake_at: Option<Timestamp>,
}

/// A duty that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) duty: DutyId,
    pub(crate) due: Due,
}

/// Decides.
pub(crate) fn decide(facts: &Facts<'_>) -> Decision {
    let mut decision = Decision::default();
    for duty in facts.duties {
        let rhythm = duty.id.rhythm(&duty.timing, facts.zone);
        if !duty.is_live
            && let Some(due) = rhythm.due(&duty.past, facts.now)
        {
            decision.asks.push(Ask { duty: duty.id.clone(), due });
            continue;
        }
        // The end of what is live is an event of its own, after which all is decided anew.
        if !duty.is_live {
            let next = rhythm.upcoming(&duty.past, facts.now, 1).first().copied();
            decision.wake_at = [decision.wake_at, next].into_iter().flatten().min();
        }
    }
    decision
}

impl DutyId {
    /// The rhythm of a duty: its name decides its share where many are spread.
    pub(crate) fn rhythm<'a>(&self, timing: &'a Timing, zone: &'a TimeZone) -> Rhythm<'a> {
        match self {
            Self::Backup(plan) => Rhythm::new(timing, &plan.0, zone),
        }
    }
}

impl Due {
    /// Why what is due starts.
    pub(crate) fn trigger(&self) -> Trigger {
        if self.missed.is_some() { Trigger::Missed } else { Trigger::Scheduled }
    }
}
