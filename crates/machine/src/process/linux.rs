//! Processes of Linux, from `/proc`.
//!
//! `/proc` shows the processes of the pid namespace that it was mounted in, which need not be
//! ours; [`proc_is_ours`] tells. From the first namespace all processes of the computer are
//! visible, and each tells by which id it knows itself (the last number after `NStgid`).

use std::fs;
use std::io;
use std::time::Duration;

use holdfast_engine::lock::{Process, Sighting};
use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// The number that the kernel gives the first pid namespace (`PROC_PID_INIT_INO`).
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// The flag of threads that belong to the kernel (`PF_KTHREAD`).
const KERNEL_THREAD: u64 = 0x0020_0000;

/// When this process started, in clock ticks since the computer did.
pub(crate) fn own_start() -> Option<u64> {
    Some(Stat::of("self").ok()?.start).filter(|_| clocks_are_the_computers())
}

/// The number in a link such as `pid:[4026531836]`.
pub(crate) fn namespace_number(link: &str) -> Option<u64> {
    let target = fs::read_link(link).ok()?;
    target.to_str()?.split_once('[')?.1.strip_suffix(']')?.parse().ok()
}

pub(super) fn process(pid: u32) -> Sighting {
    match super::exists(pid) {
        None => Sighting::Unknown,
        Some(false) => Sighting::Absent,
        Some(true) if !proc_is_ours() => Sighting::Present(Process::default()),
        Some(true) => match Stat::of(&pid.to_string()) {
            Ok(stat) if stat.runs_no_program() => Sighting::Absent,
            Ok(stat) => Sighting::Present(stat.process()),
            Err(_) => Sighting::Present(Process::default()),
        },
    }
}

pub(super) fn namesakes(pid: u32) -> Option<Vec<Process>> {
    if namespace_number("/proc/self/ns/pid") != Some(FIRST_PID_NAMESPACE) || !proc_is_ours() {
        return None;
    }
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").ok()? {
        let name = entry.ok()?.file_name();
        let Some(name) = name.to_str().filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        match own_id(name) {
            Ok(own_id) if own_id != pid => {}
            Ok(_) => match Stat::of(name) {
                Ok(stat) if stat.runs_no_program() => {}
                Ok(stat) => found.push(stat.process()),
                Err(error) if is_gone(&error) => {}
                Err(_) => found.push(Process::default()),
            },
            Err(error) if is_gone(&error) => {}
            Err(_) => return None,
        }
    }
    // With `hidepid`, others' processes are left out silently; the first one is always another's,
    // or we are root and see everything.
    fs::read_to_string("/proc/1/status").ok()?;
    Some(found)
}

pub(super) fn knows_user(username: &str, uid: u32) -> bool {
    crate::user::name(uid).is_some_and(|name| name == username)
}

/// True if `/proc` shows our own pid namespace: then our status lists one id, the one we know.
fn proc_is_ours() -> bool {
    own_ids("self").is_ok_and(|ids| ids == [std::process::id()])
}

/// The id by which a process knows itself.
fn own_id(entry: &str) -> io::Result<u32> {
    own_ids(entry)?.last().copied().ok_or_else(malformed)
}

/// The ids of a process, from the namespace of `/proc` inwards to its own.
fn own_ids(entry: &str) -> io::Result<Vec<u32>> {
    let status = fs::read_to_string(format!("/proc/{entry}/status"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("NStgid:")).ok_or_else(malformed)?;
    line.split_whitespace().map(|id| id.parse().map_err(|_| malformed())).collect()
}

fn malformed() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

fn is_gone(error: &io::Error) -> bool {
    // A process that ends between listing and reading answers with either.
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// What `/proc/<pid>/stat` tells.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    program: String,
    state: u8,
    flags: u64,
    threads: u64,
    start: u64,
}

impl Stat {
    fn of(entry: &str) -> io::Result<Self> {
        Self::parse(&fs::read(format!("/proc/{entry}/stat"))?).ok_or_else(malformed)
    }

    /// The program's name stands in parentheses and may itself hold parentheses and spaces.
    fn parse(text: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(text);
        let (before, after) = text.rsplit_once(')')?;
        let (_, program) = before.split_once('(')?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        Some(Self {
            program: program.to_owned(),
            state: *fields.first()?.as_bytes().first()?,
            flags: fields.get(6)?.parse().ok()?,
            threads: fields.get(17)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }

    /// Ended, and only still listed because its parent has not asked how, or a thread of the
    /// kernel. A process whose first thread ended lives on while it has others.
    fn runs_no_program(&self) -> bool {
        let ended = matches!(self.state, b'Z' | b'X' | b'x') && self.threads <= 1;
        ended || self.flags & KERNEL_THREAD != 0
    }

    fn process(self) -> Process {
        let known = clocks_are_the_computers();
        Process {
            start: Some(self.start).filter(|_| known),
            started_at: Some(self.start).filter(|_| known).and_then(moment),
            program: Some(self.program),
        }
    }
}

/// Ticks since the computer started as a moment of the wall clock.
fn moment(ticks: u64) -> Option<Timestamp> {
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    let since_boot = clock_gettime(ClockId::Boottime);
    let since_boot = Duration::new(
        u64::try_from(since_boot.tv_sec).ok()?,
        u32::try_from(since_boot.tv_nsec).ok()?,
    );
    let started = Duration::from_millis(ticks.checked_mul(1000)?.checked_div(ticks_per_second)?);
    let ago = SignedDuration::try_from(since_boot.saturating_sub(started)).ok()?;
    Timestamp::now().checked_sub(ago).ok()
}

/// False in a time namespace that shifts the clocks: there, start times differ from the ones that
/// other processes see.
fn clocks_are_the_computers() -> bool {
    match fs::read_to_string("/proc/self/timens_offsets") {
        Ok(offsets) => {
            offsets.lines().all(|line| line.split_whitespace().skip(1).all(|number| number == "0"))
        }
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, program: &str, dead: bool) {
        let stat = Stat::parse(text.as_bytes()).expect("a stat line");
        assert_eq!(
            (stat.program.as_str(), stat.start, stat.runs_no_program()),
            (program, 4242, dead)
        );
    }

    #[test]
    fn a_stat_line_is_read_whatever_the_program_is_called() {
        let rest = "1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4242 100 1 0";
        check(&format!("7 (restic) S {rest}"), "restic", false);
        check(&format!("7 (a) S (b) Z {rest}"), "a) S (b", true);
    }

    #[test]
    fn a_process_whose_first_thread_ended_lives_while_it_has_others() {
        check("7 (x) Z 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 5 0 4242 100 1 0", "x", false);
    }

    #[test]
    fn threads_of_the_kernel_run_no_program() {
        check(
            "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0",
            "kthreadd",
            true,
        );
    }

    #[test]
    fn torn_stat_lines_are_refused() {
        for text in ["", "7", "7 (x", "7 (x) S", "7 (x) S 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 y"]
        {
            assert_eq!(Stat::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn from_the_first_namespace_this_process_is_its_own_namesake() {
        let Some(namesakes) = namesakes(std::process::id()) else {
            return assert_ne!(namespace_number("/proc/self/ns/pid"), Some(FIRST_PID_NAMESPACE));
        };
        assert!(namesakes.iter().any(|process| process.start == own_start()), "{namesakes:?}");
    }
}
