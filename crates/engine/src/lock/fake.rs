//! A computer for the tests of locks.

use std::collections::HashMap;
use std::path::Path;

use parking_lot::Mutex;

use super::judge::Here;
use super::{LockFile, Process, ProcessProbe, Sighting};
use crate::clock::Clock;
use crate::identity::Identity;

#[allow(unreachable_pub)]
#[path = "../../../testkit/src/clock.rs"]
mod clock;
pub(crate) use clock::FakeClock;

/// Anna's process 4711 on her `mac-mini`.
pub(crate) fn identity() -> Identity {
    Identity {
        hostname: "mac-mini".to_owned(),
        username: "anna".to_owned(),
        uid: 1000,
        gid: 1000,
        pid: 4711,
        machine_id: Some("machine".to_owned()),
        boot_id: Some("this start".to_owned()),
        pid_namespace: Some(1),
        process_start: Some(5000),
        session: "ours".to_owned(),
        program_version: "holdfast 0.1.0".to_owned(),
    }
}

pub(crate) fn lock_of(identity: &Identity, exclusive: bool, clock: &dyn Clock) -> LockFile {
    LockFile::new(exclusive, "backup", identity, clock, &jiff::tz::TimeZone::UTC)
}

pub(crate) fn here<'a>(
    identity: &'a Identity,
    probe: &'a FakeProbe,
    clock: &dyn Clock,
) -> Here<'a> {
    Here { identity, probe, own_disk: true, now: clock.now() }
}

/// Processes in our own pid namespace, and in containers; everything can be seen unless told.
#[derive(Debug, Default)]
pub(crate) struct FakeProbe {
    own: Mutex<HashMap<u32, Process>>,
    contained: Mutex<HashMap<u32, Process>>,
    hidden: bool,
    own_disks: bool,
}

impl FakeProbe {
    /// From inside a container.
    pub(crate) fn hidden() -> Self {
        Self { hidden: true, ..Self::default() }
    }

    /// Every folder lies on a disk of this computer.
    pub(crate) fn with_own_disks(self) -> Self {
        Self { own_disks: true, ..self }
    }

    pub(crate) fn with_process(self, pid: u32, start: Option<u64>) -> Self {
        self.with(pid, Process { start, ..Process::default() })
    }

    pub(crate) fn with(self, pid: u32, process: Process) -> Self {
        self.own.lock().insert(pid, process);
        self
    }

    pub(crate) fn with_contained(self, pid: u32, process: Process) -> Self {
        self.contained.lock().insert(pid, process);
        self
    }

    /// A process starts, or turns out to run.
    pub(crate) fn begin(&self, pid: u32) {
        self.own.lock().insert(pid, Process::default());
    }
}

impl ProcessProbe for FakeProbe {
    fn process(&self, pid: u32) -> Sighting {
        self.own.lock().get(&pid).map_or(Sighting::Absent, |p| Sighting::Present(p.clone()))
    }

    fn namesakes(&self, pid: u32) -> Option<Vec<Process>> {
        let (own, contained) = (self.own.lock(), self.contained.lock());
        let found = own.get(&pid).into_iter().chain(contained.get(&pid)).cloned().collect();
        (!self.hidden).then_some(found)
    }

    fn knows_user(&self, username: &str, uid: u32) -> bool {
        username == "anna" && uid == 1000
    }

    fn is_own_disk(&self, _: &Path) -> bool {
        self.own_disks
    }
}
