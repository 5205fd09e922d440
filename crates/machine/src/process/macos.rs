//! Processes of macOS, from `proc_pidinfo`. There are no pid namespaces.

use holdfast_engine::lock::{Process, Sighting};
use jiff::Timestamp;

use crate::macos::ProcessInfo;

pub(crate) fn own_start() -> Option<u64> {
    Some(microseconds(&crate::macos::process_info(std::process::id())?))
}

pub(super) fn process(pid: u32) -> Sighting {
    match super::exists(pid) {
        None => Sighting::Unknown,
        Some(false) => Sighting::Absent,
        Some(true) => match crate::macos::process_info(pid) {
            Some(info) if info.is_zombie => Sighting::Absent,
            Some(info) => Sighting::Present(described(info)),
            None => Sighting::Present(Process::default()),
        },
    }
}

pub(super) fn namesakes(pid: u32) -> Option<Vec<Process>> {
    match process(pid) {
        Sighting::Absent => Some(Vec::new()),
        Sighting::Present(process) => Some(vec![process]),
        Sighting::Unknown => None,
    }
}

pub(super) fn knows_user(username: &str, uid: u32) -> bool {
    crate::user::name(uid).is_some_and(|name| name == username)
}

fn described(info: ProcessInfo) -> Process {
    Process {
        start: Some(microseconds(&info)),
        started_at: i64::try_from(microseconds(&info))
            .ok()
            .and_then(|start| Timestamp::from_microsecond(start).ok()),
        program: Some(info.program),
    }
}

fn microseconds(info: &ProcessInfo) -> u64 {
    info.start_seconds.saturating_mul(1_000_000).saturating_add(info.start_microseconds)
}
