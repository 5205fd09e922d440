//! What the clock of a storage shows.
//!
//! A lock counts as old only if two clocks agree: ours, and the storage's. The storage's is read
//! off a lock stored for the purpose, a shared one, gone at once, that keeps nobody from anything
//! but locking exclusively at this very moment. So it is read only when an answer hinges on it.

use std::time::{Duration, SystemTime};

use super::claim::remove_file;
use super::judge::Life;
use super::observe::judge_stored;
use super::timing::SILENCE_MIN;
use super::{JudgedLock, LockContext, LockFile};
use crate::backend::{FileKind, FileName};
use crate::clock::Clock;
use crate::id::LockId;
use crate::repository::Repository;

/// A moment of a storage's clock, and of our own that goes on in standby.
#[derive(Debug, Clone, Copy)]
pub(super) struct StorageClock {
    shown: SystemTime,
    at: Duration,
}

impl StorageClock {
    /// Reads the storage's clock; `None` if it will not tell.
    fn read(repository: &Repository, context: &LockContext) -> Option<Self> {
        let LockContext { identity, clock, zone, journal, .. } = context;
        let file = LockFile::new(false, "clock", identity, &**clock, zone);
        let json = serde_json::to_vec(&file).expect("strings and numbers become JSON");
        let (id, sealed) = repository.seal_file(FileKind::Lock, &json).ok()?;
        let name = FileName::new(FileKind::Lock, id);
        if let Some(journal) = journal {
            journal.note(repository.config().id, LockId(id), &file).ok()?;
        }
        let shown = repository
            .backend()
            .write(name, &[&sealed])
            .and_then(|()| repository.backend().modified(name));
        let removed = remove_file(repository, LockId(id));
        if let Some(journal) = journal {
            match removed {
                Ok(_) => journal.forget(LockId(id)),
                Err(_) => journal.abandon(LockId(id)),
            }
        }
        Some(Self { shown: shown.ok()?, at: clock.elapsed() })
    }

    /// What it shows now.
    pub(super) fn now(&self, clock: &dyn Clock) -> Option<SystemTime> {
        self.shown.checked_add(clock.elapsed().saturating_sub(self.at))
    }
}

/// Judges locks once more with the storage's clock, if that can change the verdict of any.
pub(super) fn judge_by_storage(
    repository: &Repository,
    context: &LockContext,
    judged: Vec<JudgedLock>,
    storage_clock: &mut Option<StorageClock>,
) -> Vec<JudgedLock> {
    if storage_clock.is_none() && judged.iter().any(|lock| hinges_on_clock(lock, context)) {
        *storage_clock = StorageClock::read(repository, context);
    }
    let Some(now) = storage_clock.and_then(|shown| shown.now(&*context.clock)) else {
        return judged;
    };
    let again = |judged: JudgedLock| judge_stored(repository, context, judged.lock, Some(now));
    judged.into_iter().map(again).collect()
}

/// True if the lock is old by our clock and nothing else is known of it.
fn hinges_on_clock(judged: &JudgedLock, context: &LockContext) -> bool {
    let is_open = judged.verdict.life == Life::Unknown && judged.verdict.silent_for < SILENCE_MIN;
    let age = |file: &LockFile| context.clock.now().duration_since(file.time.timestamp());
    is_open
        && judged
            .lock
            .file()
            .map(age)
            .is_some_and(|age| !age.is_negative() && age.unsigned_abs() >= SILENCE_MIN)
}
