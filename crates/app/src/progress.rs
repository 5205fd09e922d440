//! How far running work is, from the engine's many small events.
//!
//! The share that is done never goes back, even while the totals grow from a guess to a count;
//! speed and time left are given only once they are steady.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use holdfast_engine::clock::Clock;
use holdfast_engine::monitor::{Event, Item, ItemKind, Monitor, Phase, Totals};
use parking_lot::Mutex;

use crate::api::{LockView, Progress, ProgressPhase};
use crate::engine_work;
use crate::findings::Findings;

/// Told when it is time to show progress again.
pub(crate) type ProgressShown = Box<dyn Fn(Progress) + Send + Sync>;

/// Watches one operation.
pub(crate) struct Meter {
    clock: Arc<dyn Clock>,
    shown: ProgressShown,
    next_shown_millis: AtomicU64,
    bytes_done: AtomicU64,
    files_done: AtomicU64,
    state: Mutex<State>,
    findings: Mutex<Findings>,
}

struct State {
    phase: ProgressPhase,
    totals: Option<Totals>,
    current: Option<String>,
    lock: Option<(LockView, i64)>,
    /// The largest share shown so far, of 1.
    share: f64,
    speed: Speed,
}

const SHOWN_EVERY: Duration = Duration::from_millis(250);

impl Meter {
    /// A meter for work that begins now.
    pub(crate) fn new(clock: Arc<dyn Clock>, shown: ProgressShown) -> Self {
        let begun = clock.awake();
        Self {
            clock,
            shown,
            next_shown_millis: AtomicU64::new(0),
            bytes_done: AtomicU64::new(0),
            files_done: AtomicU64::new(0),
            state: Mutex::new(State {
                phase: ProgressPhase::Preparing,
                totals: None,
                current: None,
                lock: None,
                share: 0.0,
                speed: Speed::new(begun),
            }),
            findings: Mutex::new(Findings::default()),
        }
    }

    /// How far the work is.
    pub(crate) fn progress(&self) -> Progress {
        let bytes_done = self.bytes_done.load(Relaxed);
        let files_done = self.files_done.load(Relaxed);
        let mut state = self.state.lock();
        state.speed.sample(self.clock.awake(), bytes_done);
        let bytes_total = state.bytes_total(bytes_done);
        let bytes_per_second = state.speed.steady();
        let seconds_left = match (bytes_total, bytes_per_second) {
            (Some(total), Some(speed)) if speed > 0 => Some((total - bytes_done).div_ceil(speed)),
            _ => None,
        };
        let (lock_holder, lock_give_up_at) = state.lock.clone().unzip();
        Progress {
            phase: state.phase,
            files_done,
            files_total: state.totals.map(|totals| totals.files.max(files_done)),
            bytes_done,
            bytes_total,
            exact: state.totals.is_some_and(|totals| totals.exact),
            bytes_per_second,
            seconds_left,
            current: state.current.clone(),
            lock_holder,
            lock_give_up_at,
        }
    }

    /// Says that somebody else's lock is waited for, until a moment in milliseconds; or no longer.
    pub(crate) fn wait_for(&self, lock: Option<(LockView, i64)>) {
        {
            let mut state = self.state.lock();
            state.phase = match &lock {
                Some(_) => ProgressPhase::WaitingForLock,
                None => ProgressPhase::Preparing,
            };
            state.lock = lock;
        }
        (self.shown)(self.progress());
    }

    /// Says which part of the work begins.
    pub(crate) fn enter(&self, phase: ProgressPhase) {
        let mut state = self.state.lock();
        if phase == ProgressPhase::Working && state.phase != phase {
            state.speed = Speed::new(self.clock.awake());
        }
        state.phase = phase;
        state.lock = None;
        drop(state);
        (self.shown)(self.progress());
    }

    /// Runs `look` on the findings so far.
    pub(crate) fn findings<T>(&self, look: impl FnOnce(&mut Findings) -> T) -> T {
        look(&mut self.findings.lock())
    }

    fn show_if_time(&self) {
        let now = u64::try_from(self.clock.awake().as_millis()).unwrap_or(u64::MAX);
        let next = self.next_shown_millis.load(Relaxed);
        let then = now.saturating_add(SHOWN_EVERY.as_millis() as u64);
        // Of many threads that find it is time, one shows.
        if now >= next
            && self.next_shown_millis.compare_exchange(next, then, Relaxed, Relaxed).is_ok()
        {
            (self.shown)(self.progress());
        }
    }

    fn item(&self, item: &Item<'_>) {
        if item.kind == ItemKind::File {
            self.files_done.fetch_add(1, Relaxed);
        }
    }
}

impl Monitor for Meter {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Phase(phase) => self.enter(match phase {
                Phase::Preparing => ProgressPhase::Preparing,
                Phase::Verifying => ProgressPhase::Verifying,
                Phase::Committing => ProgressPhase::Committing,
                _ => ProgressPhase::Working,
            }),
            Event::Total(totals) => self.state.lock().totals = Some(totals),
            Event::ItemStarted { path } => {
                // A name that is skipped now and then is not missed.
                if let Some(mut state) = self.state.try_lock() {
                    state.current = Some(path.display().to_string());
                }
            }
            Event::Bytes(count) => {
                self.bytes_done.fetch_add(count, Relaxed);
            }
            Event::ItemFinished(item) => self.item(&item),
            Event::Finding(finding) => self.findings.lock().add(finding),
            Event::WaitingForLock { holder, until } => {
                let holder = engine_work::lock_view(holder);
                self.wait_for(Some((holder, until.as_millisecond())));
            }
            _ => {}
        }
        self.show_if_time();
    }
}

impl State {
    /// The total to show: what is known, but never so much that the share would go back.
    fn bytes_total(&mut self, done: u64) -> Option<u64> {
        let known = self.totals?.bytes.max(done);
        if known == 0 {
            return Some(0);
        }
        let share = done as f64 / known as f64;
        if share >= self.share {
            self.share = share;
            return Some(known);
        }
        Some(((done as f64 / self.share) as u64).clamp(done, known))
    }
}

/// Bytes per second over the last while.
#[derive(Debug)]
struct Speed {
    begun: Duration,
    last: Option<(Duration, u64)>,
    smoothed: f64,
    samples: u32,
}

/// Before that, a speed says nothing.
const STEADY_AFTER: Duration = Duration::from_secs(3);
const STEADY_SAMPLES: u32 = 4;
const SAMPLE_EVERY: Duration = Duration::from_millis(500);
/// After so long a sample counts for 1 - 1/e.
const SMOOTHED_OVER_SECONDS: f64 = 8.0;

impl Speed {
    fn new(begun: Duration) -> Self {
        Self { begun, last: None, smoothed: 0.0, samples: 0 }
    }

    fn sample(&mut self, now: Duration, bytes: u64) {
        let Some((then, before)) = self.last else {
            self.last = Some((now, bytes));
            return;
        };
        let passed = now.saturating_sub(then);
        if passed < SAMPLE_EVERY {
            return;
        }
        let seconds = passed.as_secs_f64();
        let speed = bytes.saturating_sub(before) as f64 / seconds;
        let weight =
            if self.samples == 0 { 1.0 } else { 1.0 - (-seconds / SMOOTHED_OVER_SECONDS).exp() };
        self.smoothed += weight * (speed - self.smoothed);
        self.samples += 1;
        self.last = Some((now, bytes));
    }

    fn steady(&self) -> Option<u64> {
        let (now, _) = self.last?;
        let long_enough = now.saturating_sub(self.begun) >= STEADY_AFTER;
        (long_enough && self.samples >= STEADY_SAMPLES).then_some(self.smoothed as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[derive(Default)]
    struct HandClock(AtomicU64);

    impl HandClock {
        fn pass(&self, millis: u64) {
            self.0.fetch_add(millis, Relaxed);
        }
    }

    impl Clock for HandClock {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
        fn awake(&self) -> Duration {
            Duration::from_millis(self.0.load(Relaxed))
        }
        fn elapsed(&self) -> Duration {
            self.awake()
        }
        fn sleep(&self, _: Duration) {}
    }

    fn meter() -> (Arc<HandClock>, Meter) {
        let clock = Arc::new(HandClock::default());
        (clock.clone(), Meter::new(clock, Box::new(|_| {})))
    }

    fn total(bytes: u64, exact: bool) -> Event<'static> {
        Event::Total(Totals { files: 0, folders: 0, bytes, exact })
    }

    #[test]
    fn the_share_done_never_goes_back_when_the_total_grows() {
        let (_, meter) = meter();
        meter.event(total(100, false));
        meter.event(Event::Bytes(50));
        assert_eq!(meter.progress().bytes_total, Some(100));
        meter.event(total(1000, true));
        let grown = meter.progress();
        assert_eq!((grown.bytes_done, grown.bytes_total), (50, Some(100)));
        meter.event(Event::Bytes(550));
        assert_eq!(meter.progress().bytes_total, Some(1000));
    }

    #[test]
    fn what_is_done_is_never_more_than_what_there_is() {
        let (_, meter) = meter();
        meter.event(total(100, false));
        meter.event(Event::Bytes(300));
        assert_eq!(meter.progress().bytes_total, Some(300));
    }

    #[test]
    fn speed_and_time_left_come_only_once_they_are_steady() {
        let (clock, meter) = meter();
        meter.event(total(10_000, true));
        let mut given_at = None;
        for second in 1..=6 {
            clock.pass(1000);
            meter.event(Event::Bytes(1000));
            if meter.progress().seconds_left.is_some() && given_at.is_none() {
                given_at = Some(second);
            }
        }
        assert_eq!(given_at, Some(4));
        assert_eq!(meter.progress().bytes_per_second, Some(1000));
        assert_eq!(meter.progress().seconds_left, Some(4));
    }

    #[test]
    fn progress_is_shown_a_few_times_a_second_however_much_happens() {
        let clock = Arc::new(HandClock::default());
        let shown = Arc::new(AtomicU64::new(0));
        let count = shown.clone();
        let meter = Meter::new(
            clock.clone(),
            Box::new(move |_| {
                count.fetch_add(1, Relaxed);
            }),
        );
        for _ in 0..1000 {
            clock.pass(1);
            meter.event(Event::Bytes(1));
        }
        assert_eq!(shown.load(Relaxed), 4);
    }
}
