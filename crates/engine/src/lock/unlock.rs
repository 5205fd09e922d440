//! Removing locks of others, always by id.
//!
//! What is removed by a person's decision is shown first: a [`UnlockPreview`] lists the holders and
//! applies to exactly those.

use std::time::SystemTime;

use super::acquire::AutoUnlock;
use super::claim::remove_file;
use super::judge::{Life, Reason, Verdict};
use super::observe::{LockReader, judge_stored};
use super::storage_clock::{StorageClock, judge_by_storage};
use super::timing::{REREAD_DELAY, SILENCE_MIN};
use super::{JudgedLock, LockContext, RemovedLock, UnlockError, list};
use crate::id::LockId;
use crate::repository::{ReadError, Repository};

/// Which locks would be removed, with their holders.
#[derive(Debug)]
pub struct UnlockPreview {
    locks: Vec<JudgedLock>,
    /// True if each lock must still be stale when it is removed.
    only_stale: bool,
    storage_clock: Option<StorageClock>,
}

/// The locks with these ids. Ids of locks that are gone are left out.
///
/// # Errors
/// When the locks cannot be read.
pub fn unlock(
    repository: &Repository,
    context: &LockContext,
    ids: &[LockId],
) -> Result<UnlockPreview, UnlockError> {
    let mut locks = list(repository, context)?;
    locks.retain(|judged| ids.contains(&judged.lock.id));
    Ok(UnlockPreview { locks, only_stale: false, storage_clock: None })
}

/// The locks whose owners are proven dead, or have shown no sign of life for half an hour.
///
/// # Errors
/// When the locks cannot be read.
///
/// ```
/// use holdfast_engine::lock::unlock_stale;
///
/// let test = holdfast_testkit::letter().test;
/// let held = test.lock(false);
/// let preview = unlock_stale(&test.repository, &test.context)?;
/// assert!(preview.locks().is_empty(), "whoever holds it is alive");
/// assert!(preview.apply(&test.repository, &test.context)?.is_empty());
/// # drop(held);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn unlock_stale(
    repository: &Repository,
    context: &LockContext,
) -> Result<UnlockPreview, UnlockError> {
    let mut storage_clock = None;
    let locks = list(repository, context)?;
    let mut locks = judge_by_storage(repository, context, locks, &mut storage_clock);
    locks.retain(|judged| is_stale(&judged.verdict));
    Ok(UnlockPreview { locks, only_stale: true, storage_clock })
}

/// Every lock, held or not, readable or not.
///
/// # Errors
/// When the locks cannot be read.
pub fn unlock_all(
    repository: &Repository,
    context: &LockContext,
) -> Result<UnlockPreview, UnlockError> {
    let locks = list(repository, context)?;
    Ok(UnlockPreview { locks, only_stale: false, storage_clock: None })
}

fn is_stale(verdict: &Verdict) -> bool {
    AutoUnlock::All { silent_for: SILENCE_MIN }.permits(verdict)
}

impl UnlockPreview {
    /// The locks that would be removed.
    #[must_use]
    pub fn locks(&self) -> &[JudgedLock] {
        &self.locks
    }

    /// Removes them, and tells which it removed. Locks that went by themselves are not among
    /// them, nor stale ones that turned out to be held.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn apply(
        self,
        repository: &Repository,
        context: &LockContext,
    ) -> Result<Vec<RemovedLock>, UnlockError> {
        let mut removed = Vec::new();
        for JudgedLock { lock, verdict, .. } in self.locks {
            let id = lock.id;
            if self.only_stale {
                let now = self.storage_clock.and_then(|shown| shown.now(&*context.clock));
                removed.extend(remove_if(repository, context, id, now, &is_stale)?);
            } else if remove(repository, id)? {
                forget(context, id);
                let at = context.clock.now();
                removed.push(RemovedLock { id, file: lock.file().cloned(), verdict, at });
            }
        }
        Ok(removed)
    }
}

/// Removes a lock if, judged twice with a pause between, it still is what it was taken for.
pub(super) fn remove_if(
    repository: &Repository,
    context: &LockContext,
    id: LockId,
    storage_now: Option<SystemTime>,
    permitted: &dyn Fn(&Verdict) -> bool,
) -> Result<Option<RemovedLock>, UnlockError> {
    let mut last = None;
    for round in 0..2 {
        if round > 0 {
            context.clock.sleep(REREAD_DELAY);
        }
        let locks = LockReader::default().read_all(repository, context)?;
        let Some(lock) = locks.into_iter().find(|lock| lock.id == id) else { return Ok(None) };
        let judged = judge_stored(repository, context, lock, storage_now);
        if !permitted(&judged.verdict) {
            return Ok(None);
        }
        last = Some(judged);
    }
    let Some(JudgedLock { lock, verdict, .. }) = last else { return Ok(None) };
    if !remove(repository, id)? {
        return Ok(None);
    }
    forget(context, id);
    let at = context.clock.now();
    Ok(Some(RemovedLock { id, file: lock.file().cloned(), verdict, at }))
}

/// Removes a lock that the journal says was left behind; `None` if it was gone already.
pub(super) fn remove_file_noted(
    repository: &Repository,
    context: &LockContext,
    id: LockId,
) -> Result<Option<RemovedLock>, UnlockError> {
    let locks = LockReader::default().read_all(repository, context)?;
    let Some(lock) = locks.into_iter().find(|lock| lock.id == id) else { return Ok(None) };
    let JudgedLock { lock, mut verdict, .. } = judge_stored(repository, context, lock, None);
    if !remove(repository, id)? {
        return Ok(None);
    }
    verdict.life = Life::Dead;
    verdict.reasons.insert(0, Reason::LeftBehind);
    let at = context.clock.now();
    Ok(Some(RemovedLock { id, file: lock.file().cloned(), verdict, at }))
}

fn remove(repository: &Repository, id: LockId) -> Result<bool, UnlockError> {
    remove_file(repository, id).map_err(|source| UnlockError::Remove { id, source })
}

fn forget(context: &LockContext, id: LockId) {
    if let Some(journal) = &context.journal {
        journal.forget(id);
    }
}

impl From<UnlockError> for super::LockError {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Read(source) => Self::Read(source),
            UnlockError::Remove { source, .. } => {
                Self::Read(ReadError::List { kind: crate::backend::FileKind::Lock, source })
            }
        }
    }
}
