//! A clock that tests move by hand.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use holdfast_engine::clock::Clock;
use jiff::Timestamp;

/// A clock that stands still until it is told to move. Sleeping moves it, at once.
#[derive(Default)]
pub struct FakeClock {
    state: Mutex<State>,
}

type Act = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    now: Timestamp,
    awake: Duration,
    elapsed: Duration,
    /// What others do while somebody sleeps: at which `elapsed`, and what.
    planned: Vec<(Duration, Act)>,
}

impl fmt::Debug for FakeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeClock").field("now", &self.now()).finish_non_exhaustive()
    }
}

impl FakeClock {
    /// A clock that shows this moment, as in `2026-11-21T05:18:00Z`.
    ///
    /// # Panics
    /// If it is no moment.
    #[must_use]
    pub fn at(moment: &str) -> Self {
        let clock = Self::default();
        clock.set_now(moment.parse().expect("a moment in RFC 3339 form"));
        clock
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.pass(duration, duration);
    }

    /// Puts the computer into standby for so long.
    pub fn stand_by(&self, duration: Duration) {
        self.pass(duration, Duration::ZERO);
    }

    /// Sets the wall clock; the others go on.
    pub fn set_now(&self, now: Timestamp) {
        self.with(|state| state.now = now);
    }

    /// Has something done as soon as so much time has passed from now.
    pub fn after(&self, duration: Duration, act: impl FnOnce() + Send + 'static) {
        self.with(|state| state.planned.push((state.elapsed + duration, Box::new(act))));
    }

    fn pass(&self, duration: Duration, awake: Duration) {
        let due = self.with(|state| {
            state.now += duration;
            state.elapsed += duration;
            state.awake += awake;
            let elapsed = state.elapsed;
            let (mut due, planned): (Vec<_>, Vec<_>) =
                state.planned.drain(..).partition(|(at, _)| *at <= elapsed);
            state.planned = planned;
            due.sort_by_key(|(at, _)| *at);
            due
        });
        due.into_iter().for_each(|(_, act)| act());
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.with(|state| state.now)
    }

    fn awake(&self) -> Duration {
        self.with(|state| state.awake)
    }

    fn elapsed(&self) -> Duration {
        self.with(|state| state.elapsed)
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}
