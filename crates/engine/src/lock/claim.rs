//! One client's claim on a repository: storing its lock, looking at the others', withdrawing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::observe::{LockReader, own_disk};
use super::timing::{
    CANCEL_POLL, RECHECK_DELAY, REFRESH_RETRY, RIVAL_LEAVES_WITHIN, VISIBLE_TIMEOUT, tie_break_wait,
};
use super::{LockContext, LockError, LockFile, StoredLock};
use crate::backend::{BackendError, BackendErrorKind, FileKind, FileName};
use crate::id::LockId;
use crate::monitor::{Cancellation, Event, Finding, FindingKind, Monitor};
use crate::repository::{ReadError, Repository, WriteError};

/// What is claimed, and the locks stored for it.
pub(super) struct Claim {
    pub(super) repository: Arc<Repository>,
    pub(super) context: LockContext,
    pub(super) exclusive: bool,
    pub(super) operation: String,
    /// Every lock of this claim that may be stored, outdated ones that await removal among them.
    stored: Mutex<HashSet<LockId>>,
    /// Locks of ours that are gone, and still noted: a power cut could bring them back.
    removed: Mutex<Vec<LockId>>,
}

/// What came of an attempt to lock.
pub(super) enum Attempt {
    /// Our lock stands, alone as far as it must.
    Stored(LockId),
    /// These stand in the way, and ours is gone again.
    Blocked(Vec<StoredLock>),
}

impl Claim {
    pub(super) fn new(
        repository: Arc<Repository>,
        context: LockContext,
        exclusive: bool,
        operation: String,
    ) -> Self {
        let (stored, removed) = (Mutex::default(), Mutex::default());
        Self { repository, context, exclusive, operation, stored, removed }
    }

    /// Locks the repository, or finds who stands in the way.
    pub(super) fn attempt(
        &self,
        reader: &mut LockReader,
        cancel: &Cancellation,
    ) -> Result<Attempt, LockError> {
        let blocking = self.conflicts(reader)?;
        if !blocking.is_empty() {
            return Ok(Attempt::Blocked(blocking));
        }
        let own = self.store()?;
        let settled = self.settle(own, reader, cancel);
        if !matches!(settled, Ok(Attempt::Stored(_))) {
            self.withdraw(own, REFRESH_RETRY);
        }
        settled
    }

    /// Looks again after everybody who could not yet see our lock has stored theirs.
    ///
    /// A listing of a disk of this computer shows at once whatever anybody stored, so nothing has to
    /// be waited for there: whoever stores a lock after our look, stores it after ours, looks again,
    /// and withdraws (docs/decisions/0011).
    fn settle(
        &self,
        own: LockId,
        reader: &mut LockReader,
        cancel: &Cancellation,
    ) -> Result<Attempt, LockError> {
        let lists_at_once = own_disk(&self.repository, &*self.context.probe);
        if !lists_at_once {
            self.context.clock.sleep(RECHECK_DELAY);
        }
        let (mut stands, mut blocking) = self.look(own, reader)?;
        let own_age = self.age(own, reader);
        // Two clients that locked at the same moment both come here. The older lock stays, so
        // that not both have to go.
        if stands && !blocking.is_empty() && blocking.iter().all(|lock| is_older(&own_age, lock)) {
            let patience =
                if lists_at_once { RIVAL_LEAVES_WITHIN } else { tie_break_wait(random()) };
            (stands, blocking) = self.outwait(own, patience, reader, cancel)?;
        }
        if !stands {
            return Err(LockError::TakenAway);
        }
        Ok(if blocking.is_empty() { Attempt::Stored(own) } else { Attempt::Blocked(blocking) })
    }

    /// Waits so long for the locks that conflict with ours to vanish. Tells whether ours still stands,
    /// and which conflicting ones stayed.
    pub(super) fn outwait(
        &self,
        own: LockId,
        patience: Duration,
        reader: &mut LockReader,
        cancel: &Cancellation,
    ) -> Result<(bool, Vec<StoredLock>), LockError> {
        let clock = &self.context.clock;
        let until = clock.elapsed() + patience;
        loop {
            let (stands, blocking) = self.look(own, reader)?;
            if !stands || blocking.is_empty() || clock.elapsed() >= until {
                return Ok((stands, blocking));
            }
            self.sleep(RECHECK_DELAY, cancel)?;
        }
    }

    /// Whether our lock is listed, and which others conflict with it.
    pub(super) fn look(
        &self,
        own: LockId,
        reader: &mut LockReader,
    ) -> Result<(bool, Vec<StoredLock>), LockError> {
        let locks = reader.read_all(&self.repository, &self.context)?;
        let stands = locks.iter().any(|lock| lock.id == own);
        Ok((stands, self.conflicting(locks)))
    }

    fn conflicts(&self, reader: &mut LockReader) -> Result<Vec<StoredLock>, LockError> {
        Ok(self.conflicting(reader.read_all(&self.repository, &self.context)?))
    }

    fn conflicting(&self, locks: Vec<StoredLock>) -> Vec<StoredLock> {
        let ours = self.stored.lock();
        let conflicts =
            |lock: &StoredLock| !ours.contains(&lock.id) && lock.conflicts_with(self.exclusive);
        locks.into_iter().filter(conflicts).collect()
    }

    /// What the age of our own lock is compared by.
    fn age(&self, own: LockId, reader: &LockReader) -> Option<(LockFile, LockId)> {
        reader.known_file(own).map(|file| (file.clone(), own))
    }

    /// Stores a new lock, noted in the journal before, and waits until listings show it.
    pub(super) fn store(&self) -> Result<LockId, LockError> {
        let LockContext { identity, clock, zone, journal, .. } = &self.context;
        let file = LockFile::new(self.exclusive, &self.operation, identity, &**clock, zone);
        let json = serde_json::to_vec(&file).expect("strings and numbers become JSON");
        let (id, sealed) = self.repository.seal_file(FileKind::Lock, &json)?;
        let id = LockId(id);
        if let Some(journal) = journal {
            // Without the note a crash leaves a lock that must be proven dead the long way; that
            // is no reason not to back up.
            let _ = journal.note(self.repository.config().id, id, &file);
        }
        self.stored.lock().insert(id);
        let name = FileName::new(FileKind::Lock, id.0);
        let stored = self
            .repository
            .backend()
            .write(name, &[&sealed])
            .map_err(|source| WriteError::Backend { kind: FileKind::Lock, source }.into())
            .and_then(|()| self.wait_until_listed(id));
        if let Err(error) = stored {
            self.withdraw(id, REFRESH_RETRY);
            return Err(error);
        }
        Ok(id)
    }

    fn wait_until_listed(&self, id: LockId) -> Result<(), LockError> {
        let clock = &self.context.clock;
        let until = clock.elapsed() + VISIBLE_TIMEOUT;
        loop {
            let listed = self.repository.list(FileKind::Lock)?;
            if listed.iter().any(|file| file.id == id.0) {
                return Ok(());
            }
            if clock.elapsed() >= until {
                return Err(LockError::NotListed);
            }
            clock.sleep(RECHECK_DELAY);
        }
    }

    /// Removes a lock of this claim, trying for so long. One that stays is left to the journal.
    pub(super) fn withdraw(&self, id: LockId, grace: Duration) {
        if self.remove(id, grace).is_ok() {
            self.forget_removed_durably();
        }
    }

    /// Forgets the notes of locks that have been gone for so long that they are gone for good.
    pub(super) fn forget_removed(&self) {
        let removed = std::mem::take(&mut *self.removed.lock());
        if let Some(journal) = &self.context.journal {
            removed.into_iter().for_each(|id| journal.forget(id));
        }
    }

    /// Forgets the notes of locks that were just removed, once no power cut can bring these back.
    pub(super) fn forget_removed_durably(&self) {
        if self.repository.backend().sync().is_ok() {
            self.forget_removed();
        }
    }

    /// Removes every lock of this claim except `kept`, trying for so long.
    pub(super) fn remove_all(
        &self,
        kept: Option<LockId>,
        grace: Duration,
    ) -> Result<(), BackendError> {
        let ids: Vec<LockId> =
            self.stored.lock().iter().copied().filter(|id| Some(*id) != kept).collect();
        ids.into_iter().map(|id| self.remove(id, grace)).fold(Ok(()), Result::and)
    }

    fn remove(&self, id: LockId, grace: Duration) -> Result<(), BackendError> {
        let clock = &self.context.clock;
        let until = clock.elapsed() + grace;
        loop {
            match remove_file(&self.repository, id) {
                Ok(_) => {
                    self.stored.lock().remove(&id);
                    self.removed.lock().push(id);
                    return Ok(());
                }
                Err(error) => {
                    let is_final = error.kind == BackendErrorKind::Denied;
                    if is_final || clock.elapsed() >= until {
                        return Err(error);
                    }
                    clock.sleep(RECHECK_DELAY);
                }
            }
        }
    }

    /// Leaves to the journal whatever locks of this claim could not be removed.
    pub(super) fn abandon(&self) {
        if let Some(journal) = &self.context.journal {
            self.stored.lock().iter().for_each(|id| journal.abandon(*id));
        }
    }

    /// Sleeps, unless somebody asks to stop.
    pub(super) fn sleep(&self, duration: Duration, cancel: &Cancellation) -> Result<(), LockError> {
        let clock = &self.context.clock;
        let until = clock.elapsed() + duration;
        loop {
            if cancel.is_cancelled() {
                return Err(LockError::Cancelled);
            }
            let left = until.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            clock.sleep(left.min(CANCEL_POLL));
        }
    }

    /// Tells the user that a crash would leave a lock that nobody notes, if the journal fails.
    pub(super) fn report_journal(&self, monitor: &dyn Monitor) {
        let Some(journal) = &self.context.journal else { return };
        if let Err(error) = journal.prepare() {
            monitor.event(Event::Finding(&Finding {
                kind: FindingKind::Note,
                path: Some(journal.folder().to_path_buf()),
                during: "lock",
                message: format!("could not note the lock on this computer: {error}"),
            }));
        }
    }
}

/// Removes a lock; false if it was gone already.
///
/// Some storages fail at a side step of removing (such as making the file writable first) and
/// have removed it all the same, so a failure is one only if the lock is still listed.
pub(super) fn remove_file(repository: &Repository, id: LockId) -> Result<bool, BackendError> {
    match repository.backend().remove(FileName::new(FileKind::Lock, id.0)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind == BackendErrorKind::NotFound => Ok(false),
        Err(error) => match repository.list(FileKind::Lock) {
            Ok(listed) if listed.iter().all(|file| file.id != id.0) => Ok(true),
            _ => Err(error),
        },
    }
}

/// Whether ours is older than another; one that cannot be read counts as older.
fn is_older(own: &Option<(LockFile, LockId)>, other: &StoredLock) -> bool {
    match (own, other.file()) {
        (Some((file, id)), Some(theirs)) => {
            let by_moment = file.time.cmp_moment(&theirs.time);
            by_moment.then(id.cmp(&other.id)).is_lt()
        }
        _ => false,
    }
}

/// Any number: jitter keeps clients that wait for each other from moving in step.
pub(super) fn random() -> u64 {
    getrandom::u64().unwrap_or(0)
}

impl From<ReadError> for super::LockLost {
    fn from(source: ReadError) -> Self {
        Self::Unverified { source: source.into() }
    }
}
