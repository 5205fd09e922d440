//! How fast work goes, and how long it will take.
//!
//! Measured over the last seconds, so that a slow start or a run of unchanged files is soon
//! forgotten. Time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

/// How far back the speed is measured.
const WINDOW: Duration = Duration::from_secs(15);
/// Before so much is measured, nothing is foretold.
const MEASURED_MIN: Duration = Duration::from_millis(900);
/// Samples closer together than this say nothing new.
const SAMPLE_GAP: Duration = Duration::from_millis(100);

/// Samples of how much was done when.
#[derive(Debug, Default)]
pub(crate) struct Estimate {
    samples: VecDeque<(Duration, u64)>,
}

impl Estimate {
    /// Notes that `done` bytes were done `elapsed` after the start.
    pub(crate) fn note(&mut self, elapsed: Duration, done: u64) {
        if self.samples.back().is_some_and(|(last, _)| elapsed < *last + SAMPLE_GAP) {
            return;
        }
        self.samples.push_back((elapsed, done));
        while self.samples.len() > 2 && self.samples[1].0 + WINDOW < elapsed {
            self.samples.pop_front();
        }
    }

    /// Bytes a second, lately.
    pub(crate) fn bytes_per_second(&self) -> Option<f64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let time = last.0 - first.0;
        let bytes = last.1.saturating_sub(first.1);
        (time >= MEASURED_MIN && bytes > 0).then(|| bytes as f64 / time.as_secs_f64())
    }

    /// Seconds until all of `total` is done.
    pub(crate) fn seconds_left(&self, total: u64) -> Option<u64> {
        let done = self.samples.back()?.1;
        let left = total.checked_sub(done)?;
        Some((left as f64 / self.bytes_per_second()?) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_speed_of_the_last_seconds_tells_the_time_left() {
        let mut estimate = Estimate::default();
        assert_eq!(estimate.seconds_left(100), None);
        for second in 0..=10 {
            estimate.note(after(second), second * 10);
        }
        assert_eq!(estimate.bytes_per_second(), Some(10.0));
        assert_eq!(estimate.seconds_left(200), Some(10));
        for second in 11..=60 {
            estimate.note(after(second), 100 + (second - 10) * 100);
        }
        assert_eq!(estimate.bytes_per_second(), Some(100.0));
    }

    #[test]
    fn nothing_is_foretold_from_nothing() {
        let mut estimate = Estimate::default();
        estimate.note(after(0), 0);
        estimate.note(after(5), 0);
        assert_eq!(estimate.seconds_left(10), None);
    }
}
