//! Looking at the clock: decides what is due, and carries it out.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::api::OperationKind;
use crate::decide::{self, Decision, Duty, DutyId, Facts};
use crate::plan::Plan;
use crate::state::State;

/// How soon the clock is looked at again while something runs or waits.
const LOOK_AT_WORK: Duration = Duration::from_secs(20);

/// How soon the clock is looked at again when nothing is due before: computers fall asleep, clocks
/// are set, and drives are plugged in without a word. A computer at rest is woken no more often.
pub(crate) const LOOK_AT_REST: Duration = Duration::from_secs(60);

/// How long a decision holds while nothing changes: what is not known to come at a certain moment,
/// such as another time zone, is seen by then.
const DECISION_HOLDS: SignedDuration = SignedDuration::from_mins(15);

/// What the last look at the clock decided, so that the next need not decide it again.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    changes: u64,
    decided_at: Timestamp,
    until: Timestamp,
}

impl Rest {
    /// True if nothing can be due that was not when it was decided.
    fn holds(&self, changes: u64, now: Timestamp) -> bool {
        self.changes == changes && self.decided_at <= now && now < self.until
    }
}

impl State {
    /// Looks at the clock: starts what is due, tells what is overdue, tries again what waits.
    ///
    /// At rest, which is when nothing changed and no trouble lasts, it asks the drives whether they
    /// are there; history is not touched, and nothing is told.
    pub(crate) fn tick(self: &Arc<Self>) {
        let (now, changes) = (self.now(), self.changes());
        let is_at_rest =
            self.rest.lock().holds(changes, now) && self.told.lock().entries.is_empty();
        if !is_at_rest {
            self.ask_for_what_is_due(now, changes);
        }
        self.pump();
        if !is_at_rest || self.changes() != changes {
            self.tell_news(None);
            self.fire_changes();
            // Health changes with the hours, whatever else does not.
            self.changed();
        }
        self.deliver_hooks();
        self.look_again(now);
    }

    fn ask_for_what_is_due(self: &Arc<Self>, now: Timestamp, changes: u64) {
        let Decision { asks, wake_at } = self.decide(now);
        for ask in asks {
            // What cannot even be asked for says so in its own view.
            let _ = match &ask.duty {
                DutyId::Backup(plan) => self.run_plan(plan, ask.due),
            };
        }
        let pause_ends = self.paused().and_then(|pause| pause.until);
        let holds = now.saturating_add(DECISION_HOLDS).unwrap_or(Timestamp::MAX);
        let until = [wake_at, pause_ends].into_iter().flatten().fold(holds, Timestamp::min);
        *self.rest.lock() = Rest { changes, decided_at: now, until };
    }

    /// How long the clock need not be looked at.
    pub(crate) fn until_next_look(&self) -> Duration {
        let is_at_work = !self.queue.lock().is_empty();
        let until = self.next_delivery().into_iter().fold(self.rest.lock().until, Timestamp::min);
        until_next_look(is_at_work, Some(until), self.now())
    }

    fn decide(&self, now: Timestamp) -> Decision {
        let duties = self.duties();
        decide::decide(&Facts { now, zone: &self.zone(), duties: &duties })
    }

    /// All that is due by a timing, with what history says of it.
    fn duties(&self) -> Vec<Duty> {
        let (file, past) = (self.file(), self.past());
        let queue = self.queue.lock();
        let is_known = |plan: &Plan| file.repositories.iter().any(|one| one.id == plan.repository);
        // A plan whose repository is gone says so in its own view.
        let plans = file.plans.iter().filter(|plan| is_known(plan)).cloned();
        let backups = plans.map(|plan| Duty {
            past: past.of_backups(&plan),
            is_live: queue.of_plan(&plan.id, OperationKind::Backup).is_some(),
            id: DutyId::Backup(plan.id),
            timing: plan.timing,
        });
        backups.collect()
    }
}

/// How long the app may go without looking at the clock.
fn until_next_look(is_at_work: bool, wake_at: Option<Timestamp>, now: Timestamp) -> Duration {
    let most = if is_at_work { LOOK_AT_WORK } else { LOOK_AT_REST };
    let left = wake_at.map(|at| at.duration_since(now));
    left.and_then(|left| Duration::try_from(left).ok()).map_or(most, |left| left.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_looked_at_when_something_is_due_and_seldom_at_rest() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().expect("a moment");
        let in_seconds = |seconds| Some(now + SignedDuration::from_secs(seconds));
        let seconds = |is_at_work, wake_at| until_next_look(is_at_work, wake_at, now).as_secs();
        assert_eq!(seconds(false, None), 60);
        assert_eq!(seconds(false, in_seconds(7)), 7);
        assert_eq!(seconds(false, in_seconds(3600)), 60);
        assert_eq!(seconds(true, in_seconds(3600)), 20);
        assert_eq!(seconds(false, in_seconds(-5)), 60, "the clock was set meanwhile");
    }
}
