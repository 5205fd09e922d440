//! Every length of time that locks are about, each with where it comes from.

use std::time::Duration;

/// How often a held lock is verified and replaced by a fresh one. restic does so every 5 minutes;
/// a shorter interval notices a loss sooner and still costs nothing.
pub const REFRESH_INTERVAL: Duration = Duration::from_secs(2 * 60);

/// After a refresh that failed, the next one is tried after so long.
pub const REFRESH_RETRY: Duration = Duration::from_secs(5);

/// How often restic replaces its locks (`defaultRefreshInterval`).
pub const RESTIC_REFRESH_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// A lock of another computer younger than this may be called alive: one interval of restic's and
/// time for a slow network.
pub const RECENT: Duration = Duration::from_secs(6 * 60);

/// From when on silence means anything at all (restic's `StaleLockTimeout`). Not 12 minutes,
/// which two missed refreshes would suggest: a restic that slept for less than 22.5 minutes goes on
/// without noticing that its lock was taken away.
pub const SILENCE_MIN: Duration = Duration::from_secs(30 * 60);

/// A lock of ours from before a restart must have missed three refreshes: computers are cloned, ids
/// and all, and the clone's lock would be refreshed.
pub const RESTART_SILENCE: Duration = Duration::from_secs(6 * 60);

/// For how long a look at a lock holds. Nobody takes a lock away that was silent for so short a time,
/// and no look takes as long, unless the computer slept on the way.
pub const LOOK_HOLDS: Duration = Duration::from_secs(2 * 60);

/// For how long a lock that cannot be looked at, because the storage fails, is looked at again
/// before the work that needs to know is given up.
pub const VERIFY_PATIENCE: Duration = Duration::from_secs(2 * 60);

/// Between storing a lock and looking for others again (restic's `waitBeforeLockCheck`): whoever
/// looked before ours was visible has stored theirs by then. Not on a disk of this computer.
pub const RECHECK_DELAY: Duration = Duration::from_millis(200);

/// A lock that is to be removed is judged twice, so far apart.
pub const REREAD_DELAY: Duration = Duration::from_millis(200);

/// How long a new lock may take to show up in a listing, on storages that list late.
pub const VISIBLE_TIMEOUT: Duration = Duration::from_secs(30);

/// When two clients stored conflicting locks at once, the one with the older lock waits for the
/// other's to vanish; at least this long.
pub const TIE_BREAK_MIN: Duration = Duration::from_secs(1);

/// And at most this long.
pub const TIE_BREAK_MAX: Duration = Duration::from_secs(3);

/// On a disk of this computer, whoever stored a lock before ours and has not looked again yet sees ours
/// within [`RECHECK_DELAY`] and withdraws; so long it is waited for. Less than [`TIE_BREAK_MIN`]:
/// whoever has the repository already outwaits us.
pub const RIVAL_LEAVES_WITHIN: Duration = Duration::from_millis(600);

/// The first wait for a held repository. Each wait is twice as long as the one before, with jitter.
pub const WAIT_FIRST: Duration = Duration::from_secs(1);

/// The longest wait between two attempts (restic: 60 s).
pub const WAIT_MAX: Duration = Duration::from_secs(15);

/// How finely waits are cut up, so that whoever asks to stop is heard.
pub const CANCEL_POLL: Duration = Duration::from_millis(100);

/// How long the removal of a lock is tried when work is done (restic's `UnlockCancelDelay`).
pub const RELEASE_GRACE: Duration = Duration::from_secs(60);

/// How often a held lock's thread looks at the clocks.
pub const TICK: Duration = Duration::from_secs(1);

/// If the clock that goes on in standby gains this much between two looks, the computer slept.
pub const STANDBY_MIN: Duration = Duration::from_secs(2);

/// A process that started this much after a lock was stored cannot have stored it.
pub const START_TOLERANCE: Duration = Duration::from_secs(5);

/// Locks dated further ahead than this are reported: a clock is wrong.
pub const FUTURE_TOLERANCE: Duration = Duration::from_secs(60);

/// The next wait after one of `last`; `random` is any number.
#[must_use]
pub(crate) fn next_wait(last: Option<Duration>, random: u64) -> Duration {
    let plain = last.map_or(WAIT_FIRST, |last| last.saturating_mul(2)).min(WAIT_MAX);
    between(plain.mul_f64(0.75), plain.mul_f64(1.25), random).min(WAIT_MAX)
}

/// How long the holder of the older lock waits.
#[must_use]
pub(crate) fn tie_break_wait(random: u64) -> Duration {
    between(TIE_BREAK_MIN, TIE_BREAK_MAX, random)
}

fn between(least: Duration, most: Duration, random: u64) -> Duration {
    let span = most.saturating_sub(least).as_millis().max(1);
    let offset = u128::from(random) % span;
    least + Duration::from_millis(u64::try_from(offset).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_never_fall_to_nothing() {
        let mut last = None;
        for random in [0, 7, u64::MAX, 123_456_789, 42, 1, 99, u64::MAX - 1] {
            let wait = next_wait(last, random);
            assert!((Duration::from_millis(750)..=WAIT_MAX).contains(&wait), "{wait:?}");
            last = Some(wait);
        }
        assert!(last >= Some(WAIT_MAX.mul_f64(0.75)), "{last:?}");
    }

    #[test]
    fn the_older_lock_waits_between_one_and_three_seconds() {
        for random in [0, 1, 1999, 2000, u64::MAX] {
            let wait = tie_break_wait(random);
            assert!((TIE_BREAK_MIN..=TIE_BREAK_MAX).contains(&wait), "{wait:?}");
        }
    }

    #[test]
    fn a_rival_is_waited_for_until_it_has_looked_again_and_not_as_long_as_a_holder_waits() {
        assert!(RECHECK_DELAY * 2 < RIVAL_LEAVES_WITHIN);
        assert!(RIVAL_LEAVES_WITHIN + RECHECK_DELAY < TIE_BREAK_MIN);
    }

    #[test]
    fn a_restic_that_does_not_notice_its_loss_is_never_robbed() {
        // restic goes on unaware within 1.5 refresh intervals of its stale age.
        let unaware = SILENCE_MIN - RESTIC_REFRESH_INTERVAL.mul_f64(1.5);
        assert_eq!(unaware, Duration::from_secs(22 * 60 + 30));
        assert!(SILENCE_MIN > unaware);
        assert!(RECENT > RESTIC_REFRESH_INTERVAL && RESTART_SILENCE >= 3 * REFRESH_INTERVAL);
    }
}
