//! When and how often running work is shown.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::{Terminal, Verbosity};
use crate::environment::Environment;

/// restic never shows more often, whatever `RESTIC_PROGRESS_FPS` says.
const TIMES_PER_SECOND_MAX: f64 = 60.0;
/// As often as a person can read and a program wants to know.
const TIMES_PER_SECOND: f64 = 10.0;

/// How long to wait between two looks at running work; `None` if nobody wants to know.
///
/// As in restic: always on a terminal and in JSON, elsewhere only if `RESTIC_PROGRESS_FPS` is set,
/// and never when told to be quiet.
pub(crate) fn interval(terminal: &Terminal, environment: &Environment) -> Option<Duration> {
    if terminal.verbosity() == Verbosity::Quiet {
        return None;
    }
    let asked = environment.get("PROGRESS_FPS").and_then(|text| text.parse::<f64>().ok());
    let asked = asked.filter(|times| *times > 0.0).map(|times| times.min(TIMES_PER_SECOND_MAX));
    let is_usual = terminal.is_json() || terminal.is_terminal();
    let times = asked.or(is_usual.then_some(TIMES_PER_SECOND))?;
    Some(Duration::from_secs_f64(1.0 / times))
}

/// Does `work`, and meanwhile shows it by `show` every `interval`.
pub(crate) fn while_shown<R>(
    terminal: &Terminal,
    interval: Option<Duration>,
    show: &(dyn Fn() + Sync),
    work: impl FnOnce() -> R,
) -> R {
    let Some(interval) = interval else { return work() };
    let (stop, stopped) = channel::<()>();
    let result = std::thread::scope(|scope| {
        scope.spawn(move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                show();
            }
        });
        // Dropped when the work is done or has panicked, so that the thread always ends.
        let _stop = stop;
        work()
    });
    terminal.clear_status();
    result
}
