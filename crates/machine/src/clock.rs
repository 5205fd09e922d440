//! The computer's clocks.

use std::time::Duration;

use holdfast_engine::clock::Clock;
use jiff::Timestamp;

/// The clocks of this computer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn awake(&self) -> Duration {
        system::awake()
    }

    fn elapsed(&self) -> Duration {
        system::elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

#[cfg(unix)]
mod system {
    use std::time::Duration;

    use rustix::time::{ClockId, Timespec, clock_gettime};

    /// Linux: `MONOTONIC` stands still in standby. macOS calls the clock that does so
    /// `UPTIME_RAW`, which is the one behind `Instant`.
    #[cfg(target_os = "linux")]
    pub(super) fn awake() -> Duration {
        duration(clock_gettime(ClockId::Monotonic))
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn awake() -> Duration {
        use std::sync::OnceLock;
        use std::time::Instant;
        static FIRST: OnceLock<Instant> = OnceLock::new();
        FIRST.get_or_init(Instant::now).elapsed()
    }

    /// Linux: `BOOTTIME`. macOS: `MONOTONIC` goes on in standby there.
    pub(super) fn elapsed() -> Duration {
        #[cfg(target_os = "linux")]
        let clock = ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = ClockId::Monotonic;
        duration(clock_gettime(clock))
    }

    fn duration(time: Timespec) -> Duration {
        Duration::new(
            u64::try_from(time.tv_sec).unwrap_or(0),
            u32::try_from(time.tv_nsec).unwrap_or(0),
        )
    }
}

#[cfg(windows)]
#[allow(unsafe_code)]
mod system {
    use std::time::Duration;

    use windows_sys::Win32::System::SystemInformation::GetTickCount64;
    use windows_sys::Win32::System::WindowsProgramming::QueryUnbiasedInterruptTime;

    /// The unbiased interrupt time leaves out standby.
    pub(super) fn awake() -> Duration {
        let mut hundred_nanoseconds = 0u64;
        // SAFETY: the argument is a valid place for the result.
        unsafe { QueryUnbiasedInterruptTime(&mut hundred_nanoseconds) };
        Duration::from_nanos(hundred_nanoseconds.saturating_mul(100))
    }

    pub(super) fn elapsed() -> Duration {
        // SAFETY: takes nothing and only returns a number.
        Duration::from_millis(unsafe { GetTickCount64() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_go_forward_and_standby_is_never_negative() {
        let clock = SystemClock;
        let (awake, elapsed) = (clock.awake(), clock.elapsed());
        clock.sleep(Duration::from_millis(2));
        let (awake, elapsed) = (clock.awake() - awake, clock.elapsed() - elapsed);
        assert!(elapsed + Duration::from_millis(50) >= awake, "{elapsed:?} {awake:?}");
    }
}
