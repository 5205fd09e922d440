//! Locks among themselves, on a storage in memory and with clocks moved by hand.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use parking_lot::Mutex;

use super::fake::{FakeClock, FakeProbe, identity, lock_of};
use super::*;
use crate::backend::{Backend, FileKind, FileName, MemoryBackend};
use crate::clock::Clock;
use crate::id::LockId;
use crate::identity::Identity;
use crate::key::KdfCost;
use crate::monitor::{Cancellation, Event, Monitor};
use crate::repository::{CreateOptions, Repository};
use crate::secret::Password;

mod acquiring;
mod holding;
mod judging;
mod unlocking;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A repository that several clients share.
struct World {
    backend: Arc<MemoryBackend>,
    repository: Arc<Repository>,
    clock: Arc<FakeClock>,
    probe: Arc<FakeProbe>,
}

impl World {
    fn new() -> Self {
        Self::with(FakeProbe::default())
    }

    fn with(probe: FakeProbe) -> Self {
        let clock = Arc::new(FakeClock::at("2026-11-21T05:18:00Z"));
        let backend = Arc::new(MemoryBackend::new());
        backend.set_now(clock.now().into());
        let options =
            CreateOptions { kdf_cost: Some(KdfCost::least_for_tests()), ..Default::default() };
        let repository = Repository::create(
            backend.clone(),
            &Password::new("secret"),
            &options,
            &identity(),
            &*clock,
            &TimeZone::UTC,
        );
        let repository = Arc::new(repository.expect("a repository"));
        Self { backend, repository, clock, probe: Arc::new(probe) }
    }

    /// A client with this identity on our computer, without a journal.
    fn client(&self, identity: Identity) -> LockContext {
        LockContext {
            identity: Arc::new(identity),
            clock: self.clock.clone(),
            zone: TimeZone::UTC,
            probe: self.probe.clone(),
            journal: None,
            observations: Arc::default(),
        }
    }

    fn us(&self) -> LockContext {
        self.client(identity())
    }

    fn acquire(&self, request: &LockRequest) -> Result<HeldLock, LockError> {
        self.acquire_as(&self.us(), request)
    }

    fn acquire_as(
        &self,
        context: &LockContext,
        request: &LockRequest,
    ) -> Result<HeldLock, LockError> {
        let cancel = Cancellation::default();
        acquire(&self.repository, request, context, &crate::monitor::Unwatched, &cancel)
    }

    /// Stores a lock as another client would.
    fn put(&self, file: &LockFile) -> LockId {
        put(&self.repository, file)
    }

    fn remove(&self, id: LockId) {
        self.backend.remove(FileName::new(FileKind::Lock, id.0)).expect("removed");
    }

    fn locks(&self) -> Vec<LockId> {
        let listed = self.backend.list(FileKind::Lock).expect("a listing");
        listed.into_iter().map(|file| LockId(file.id)).collect()
    }

    /// A lock of another computer, stored now.
    fn foreign(&self, exclusive: bool) -> LockFile {
        let elsewhere = Identity {
            hostname: "nas".to_owned(),
            machine_id: Some("nas".to_owned()),
            boot_id: Some("start of nas".to_owned()),
            session: "session of nas".to_owned(),
            ..identity()
        };
        lock_of(&elsewhere, exclusive, &*self.clock)
    }

    /// A lock of a plain restic on a computer with our name, stored now.
    fn restics(&self, exclusive: bool, pid: i64) -> LockFile {
        LockFile {
            pid,
            program_version: None,
            operation: None,
            session: None,
            machine_id: None,
            boot_id: None,
            pid_namespace: None,
            process_start: None,
            ..lock_of(&identity(), exclusive, &*self.clock)
        }
    }
}

fn put(repository: &Repository, file: &LockFile) -> LockId {
    let json = serde_json::to_vec(file).expect("JSON");
    LockId(repository.write_file(FileKind::Lock, &json).expect("stored"))
}

fn shared() -> LockRequest {
    LockRequest {
        exclusive: false,
        wait: Duration::ZERO,
        auto_unlock: AutoUnlock::Own,
        operation: "backup".to_owned(),
    }
}

fn exclusive() -> LockRequest {
    LockRequest { exclusive: true, operation: "forget".to_owned(), ..shared() }
}

/// Remembers what it was told.
#[derive(Default)]
struct Watching(Mutex<Vec<String>>);

impl Monitor for Watching {
    fn event(&self, event: Event<'_>) {
        let text = match event {
            Event::WaitingForLock { holder, until } => {
                let host = holder.lock.file().map_or("?", |file| file.hostname.as_str());
                format!("waiting for {host} until {until}")
            }
            Event::LockRemoved(removed) => {
                format!("removed: {}", removed.verdict.reasons.first().expect("a reason"))
            }
            _ => return,
        };
        self.0.lock().push(text);
    }
}
