//! Processes of Windows. There are no pid namespaces.

use holdfast_engine::lock::{Process, Sighting};
use jiff::Timestamp;

use crate::windows::Opened;

/// Hundreds of nanoseconds between 1601, where Windows starts to count, and 1970.
const UNIX_EPOCH: u64 = 116_444_736_000_000_000;

pub(crate) fn own_start() -> Option<u64> {
    match crate::windows::open_process(std::process::id()) {
        Opened::Running { start, .. } => start,
        _ => None,
    }
}

pub(super) fn process(pid: u32) -> Sighting {
    match crate::windows::open_process(pid) {
        Opened::Absent | Opened::Exited => Sighting::Absent,
        Opened::Denied => Sighting::Present(Process::default()),
        Opened::Running { start, program } => {
            Sighting::Present(Process { start, started_at: start.and_then(moment), program })
        }
        Opened::Unknown => Sighting::Unknown,
    }
}

pub(super) fn namesakes(pid: u32) -> Option<Vec<Process>> {
    match process(pid) {
        Sighting::Absent => Some(Vec::new()),
        Sighting::Present(process) => Some(vec![process]),
        Sighting::Unknown => None,
    }
}

/// Programs of the Linux subsystem run on the same computer under the same name, but out of
/// sight. They record Unix names; Windows names have a domain.
pub(super) fn knows_user(username: &str, uid: u32) -> bool {
    uid == 0 && username.contains('\\') && username == crate::windows::username()
}

fn moment(start: u64) -> Option<Timestamp> {
    let since_epoch = i64::try_from(start.checked_sub(UNIX_EPOCH)? / 10).ok()?;
    Timestamp::from_microsecond(since_epoch).ok()
}
