//! What is to be told and was not yet: a bounded list, in the order of time.
//!
//! Pure. A hook that cannot be reached holds up no other one, and costs no more than its share.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::event::HookEvent;
use crate::api::{HookId, HookOn};

/// One event on its way to one hook.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) hook: HookId,
    pub(crate) on: HookOn,
    pub(crate) event: Arc<HookEvent>,
    /// Tries that failed.
    pub(crate) failed: usize,
    not_before: Timestamp,
}

impl Delivery {
    pub(crate) fn new(hook: HookId, on: HookOn, event: Arc<HookEvent>) -> Self {
        let not_before = event.at;
        Self { hook, on, event, failed: 0, not_before }
    }

    /// True if it is this very one, whatever was tried.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.hook == other.hook && Arc::ptr_eq(&self.event, &other.event)
    }

    fn is_about_the_same(&self, other: &Self) -> bool {
        self.hook == other.hook
            && self.event.plan == other.event.plan
            && self.event.repository == other.event.repository
    }
}

/// How many wait at the most.
const WAITING_MAX: usize = 100;

/// How long after each try that failed the next one follows.
const TRIED_AGAIN_AFTER: [SignedDuration; 2] =
    [SignedDuration::from_secs(10), SignedDuration::from_secs(60)];

/// Deliveries that wait.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Delivery>,
}

impl Outbox {
    /// Takes one in. What had to go for it is returned: if there is no room, the oldest of the
    /// same hook; else that a backup begins, if it could not be told before what became of it.
    pub(crate) fn push(&mut self, new: Delivery) -> Option<Delivery> {
        let is_outrun = |one: &Delivery| {
            one.failed > 0 && one.on == HookOn::BackupStarted && one.is_about_the_same(&new)
        };
        let mut gone = self.waiting.iter().position(is_outrun);
        if gone.is_none() && self.waiting.len() >= WAITING_MAX {
            let same = self.waiting.iter().position(|one| one.hook == new.hook);
            gone = Some(same.unwrap_or(0));
        }
        let gone = gone.and_then(|position| self.waiting.remove(position));
        self.waiting.push_back(new);
        gone
    }

    /// The first whose time has come.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Delivery> {
        let longest = TRIED_AGAIN_AFTER.iter().max().copied().unwrap_or_default();
        // A clock that was set back makes nobody wait for longer than was meant.
        let is_due =
            |one: &Delivery| one.not_before <= now || one.not_before.duration_since(now) > longest;
        let position = self.waiting.iter().position(is_due)?;
        self.waiting.remove(position)
    }

    /// Puts back one whose try failed, to be tried again. What is given up for good is returned:
    /// this one, if that was its last try or it is outrun; another, if there is no room.
    pub(crate) fn put_back(&mut self, one: Delivery, now: Timestamp) -> Option<Delivery> {
        let Some(pause) = TRIED_AGAIN_AFTER.get(one.failed) else { return Some(one) };
        let is_outrun = one.on == HookOn::BackupStarted
            && self.waiting.iter().any(|other| other.is_about_the_same(&one));
        if is_outrun {
            return Some(one);
        }
        let not_before = now.saturating_add(*pause).unwrap_or(now);
        self.push(Delivery { failed: one.failed + 1, not_before, ..one })
    }

    /// When the next one is due.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|one| one.not_before).min()
    }

    /// All of them, when there will be no more tries.
    pub(crate) fn drain(&mut self) -> Vec<Delivery> {
        self.waiting.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::OperationState;
    use crate::hooks::event::tests::operation;
    use crate::operation::Task;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a moment")
    }

    fn delivery(hook: &str, on: HookOn, seconds: i64) -> Delivery {
        let operation = operation(Task::Backup, OperationState::Failed);
        let event = HookEvent::of(&operation, at(seconds)).expect("it is news");
        Delivery::new(hook.into(), on, Arc::new(event))
    }

    #[test]
    fn a_try_that_failed_is_made_again_after_ten_seconds_and_a_minute_and_no_more() {
        let mut outbox = Outbox::default();
        outbox.push(delivery("a", HookOn::BackupFailed, 0));
        let first = outbox.take_due(at(0)).expect("it is due");
        assert!(outbox.put_back(first, at(1)).is_none());
        assert!(outbox.take_due(at(10)).is_none());
        let second = outbox.take_due(at(11)).expect("it is due");
        assert!(outbox.put_back(second, at(12)).is_none());
        assert!(outbox.take_due(at(71)).is_none());
        let third = outbox.take_due(at(72)).expect("it is due");
        assert!(outbox.put_back(third, at(73)).is_some(), "it is given up");
    }

    #[test]
    fn a_hook_that_waits_for_its_next_try_holds_up_no_other() {
        let mut outbox = Outbox::default();
        outbox.push(delivery("a", HookOn::BackupFailed, 0));
        let first = outbox.take_due(at(0)).expect("it is due");
        outbox.put_back(first, at(0));
        outbox.push(delivery("b", HookOn::BackupFailed, 1));
        assert_eq!(outbox.take_due(at(1)).expect("it is due").hook, "b".into());
    }

    #[test]
    fn that_a_backup_begins_is_not_told_again_after_what_became_of_it() {
        let mut outbox = Outbox::default();
        outbox.push(delivery("a", HookOn::BackupStarted, 0));
        let first = outbox.take_due(at(0)).expect("it is due");
        outbox.put_back(first, at(0));
        let outrun = outbox.push(delivery("a", HookOn::BackupFailed, 5)).expect("it goes");
        assert_eq!(outrun.on, HookOn::BackupStarted);
        assert_eq!(outbox.take_due(at(60)).expect("it is due").on, HookOn::BackupFailed);
        assert!(outbox.take_due(at(60)).is_none());
    }

    #[test]
    fn that_a_backup_begins_is_given_up_if_it_ended_while_it_was_told() {
        let mut outbox = Outbox::default();
        outbox.push(delivery("a", HookOn::BackupStarted, 0));
        let first = outbox.take_due(at(0)).expect("it is due");
        outbox.push(delivery("a", HookOn::BackupFailed, 5));
        assert!(outbox.put_back(first, at(6)).is_some());
    }

    #[test]
    fn a_full_outbox_drops_the_oldest_of_the_same_hook() {
        let mut outbox = Outbox::default();
        outbox.push(delivery("rare", HookOn::Overdue, 0));
        for second in 0..99 {
            assert!(outbox.push(delivery("busy", HookOn::BackupFailed, second)).is_none());
        }
        let gone = outbox.push(delivery("busy", HookOn::BackupFailed, 100)).expect("one goes");
        assert_eq!((gone.hook, gone.event.at), ("busy".into(), at(0)));
    }

    #[test]
    fn a_clock_that_is_set_back_holds_nothing_up() {
        let mut outbox = Outbox::default();
        outbox.push(delivery("a", HookOn::BackupFailed, 1_000_000));
        assert!(outbox.take_due(at(0)).is_some());
    }
}
