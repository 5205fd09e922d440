//! Stepping aside for what else the computer does.

/// Lets other programs go first, at the processor and the disk, from now on and for the calling
/// thread alone; on Linux for the threads that it starts afterwards, too. It cannot be taken back.
///
/// * Linux: the niceness becomes 10, a tenth of the share of a program that wants all it can get;
///   the kernel derives the thread's priority at the disk from it. A higher one stays.
/// * macOS: the quality of service becomes *utility*, for long work that nobody looks at.
/// * Windows: the priority at the processor becomes the lowest that is not *idle*; the disk knows
///   nothing of it. Its background mode is not used: it takes memory and disk away from the thread even
///   when nobody else wants them.
///
/// A system that refuses lets the work go on as it is.
pub fn step_aside() {
    system::step_aside();
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::process::{getpriority_process, setpriority_process};

    /// A tenth of the processor against a thread that never sleeps (weight 110 of 1024).
    pub(super) const NICENESS: i32 = 10;

    /// What Linux calls a process here is a thread; none is named, so it is the calling one.
    pub(super) fn step_aside() {
        if getpriority_process(None).is_ok_and(|niceness| niceness < NICENESS) {
            let _ = setpriority_process(None, NICENESS);
        }
    }
}

#[cfg(target_os = "macos")]
mod system {
    pub(super) use crate::macos::step_aside;
}

#[cfg(windows)]
mod system {
    pub(super) use crate::windows::step_aside;
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod system {
    pub(super) fn step_aside() {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{getpriority_process, setpriority_process};

    use super::step_aside;
    use super::system::NICENESS;

    fn niceness() -> i32 {
        getpriority_process(None).expect("a thread has one")
    }

    fn in_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| scope.spawn(work).join().expect("it does not panic"))
    }

    #[test]
    fn a_thread_that_steps_aside_takes_those_that_it_starts_along_and_no_others() {
        let before = niceness();
        let (its_own, of_its_child) = in_a_thread(|| {
            step_aside();
            (niceness(), in_a_thread(niceness))
        });
        assert_eq!((its_own, of_its_child), (NICENESS.max(before), NICENESS.max(before)));
        assert_eq!(niceness(), before);
    }

    #[test]
    fn a_thread_that_stood_further_aside_stays_there() {
        let niceness = in_a_thread(|| {
            setpriority_process(None, 15).expect("everybody may step back");
            step_aside();
            niceness()
        });
        assert_eq!(niceness, 15);
    }
}
