//! Taking a lock: waiting for those who live, clearing away what the dead left.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::claim::{Attempt, Claim, random};
use super::judge::{Here, Life, Reason, Verdict};
use super::observe::{LockReader, judge_stored};
use super::storage_clock::{StorageClock, judge_by_storage};
use super::timing::{SILENCE_MIN, next_wait};
use super::unlock::{remove_file_noted, remove_if};
use super::{HeldLock, JudgedLock, LockContext, LockError, RemovedLock, StoredLock};
use crate::monitor::{Cancellation, Event, Monitor};
use crate::repository::Repository;

/// How often a lock that vanishes right after it was stored is stored anew.
const ROBBERIES_MAX: u32 = 3;

/// What lock is wanted, and how patiently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRequest {
    /// True to have the repository alone.
    pub exclusive: bool,
    /// How long to wait for others.
    pub wait: Duration,
    /// Which locks in the way may be removed.
    pub auto_unlock: AutoUnlock,
    /// What the lock is for, in a word: `backup`, `forget`.
    pub operation: String,
}

/// Which locks may be removed when they stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoUnlock {
    /// None.
    Off,
    /// Those that this computer left behind, proven dead.
    #[default]
    Own,
    /// Also those that have shown no sign of life for so long, and never less than
    /// [`SILENCE_MIN`].
    All {
        /// How long.
        silent_for: Duration,
    },
}

impl AutoUnlock {
    /// True if a lock of which this is known may be removed.
    #[must_use]
    pub fn permits(self, verdict: &Verdict) -> bool {
        match (self, verdict.life) {
            (Self::Off, _) | (_, Life::Alive) => false,
            (_, Life::Dead) => true,
            (Self::Own, Life::Unknown) => false,
            (Self::All { silent_for }, Life::Unknown) => {
                let readable = !verdict.reasons.contains(&Reason::Unreadable);
                readable && verdict.silent_for >= silent_for.max(SILENCE_MIN)
            }
        }
    }
}

/// Takes a lock.
///
/// First removes what an earlier start of this program left behind, which the journal tells by id.
/// Then, only where a lock stands in the way and only as `request.auto_unlock` permits, removes
/// locks by id after judging each twice. Waits for all others, telling `monitor` for whom and until
/// when, and gives up after `request.wait`.
///
/// # Errors
/// When others hold the repository, the storage fails, or somebody asks to stop. Nothing of ours
/// is left in the repository then.
///
/// ```
/// use holdfast_engine::backend::FileKind;
/// use holdfast_engine::lock::{AutoUnlock, LockRequest, acquire};
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
///
/// let test = holdfast_testkit::letter().test;
/// let request = LockRequest {
///     exclusive: false,
///     wait: std::time::Duration::ZERO,
///     auto_unlock: AutoUnlock::Own,
///     operation: "backup".to_owned(),
/// };
/// let cancel = Cancellation::default();
/// let lock = acquire(&test.repository, &request, &test.context, &Unwatched, &cancel)?;
/// lock.fence()?;
/// assert_eq!(test.repository.list(FileKind::Lock)?.len(), 1);
/// lock.release()?;
/// assert!(test.repository.list(FileKind::Lock)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn acquire(
    repository: &Arc<Repository>,
    request: &LockRequest,
    context: &LockContext,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
) -> Result<HeldLock, LockError> {
    let claim = Claim::new(
        Arc::clone(repository),
        context.clone(),
        request.exclusive,
        request.operation.clone(),
    );
    claim.report_journal(monitor);
    let removed = remove_leftovers(repository, context, monitor);
    Acquisition { claim, request, monitor, cancel, removed, storage_clock: None }.run()
}

struct Acquisition<'a> {
    claim: Claim,
    request: &'a LockRequest,
    monitor: &'a dyn Monitor,
    cancel: &'a Cancellation,
    removed: Vec<RemovedLock>,
    storage_clock: Option<StorageClock>,
}

impl Acquisition<'_> {
    fn run(mut self) -> Result<HeldLock, LockError> {
        let clock = Arc::clone(&self.claim.context.clock);
        let (began, until) = (clock.elapsed(), clock.now() + self.request.wait);
        let mut reader = LockReader::default();
        let (mut wait, mut robberies) = (None, 0);
        loop {
            if self.cancel.is_cancelled() {
                return Err(LockError::Cancelled);
            }
            let attempt = match self.claim.attempt(&mut reader, self.cancel) {
                // Somebody cleared all locks away just now; that is no reason to fail.
                Err(LockError::TakenAway) if robberies < ROBBERIES_MAX => {
                    robberies += 1;
                    continue;
                }
                attempt => attempt?,
            };
            let blocking = match attempt {
                Attempt::Stored(own) => {
                    let Self { claim, request, cancel, removed, .. } = self;
                    return HeldLock::keep(claim, own, request.wait, cancel, removed);
                }
                Attempt::Blocked(blocking) => blocking,
            };
            let judged = self.judge(blocking);
            if self.remove_permitted(&judged)? {
                continue;
            }
            let left = self.request.wait.saturating_sub(clock.elapsed().saturating_sub(began));
            if left.is_zero() {
                let (at, removed) = (clock.now(), std::mem::take(&mut self.removed));
                return Err(LockError::Held { locks: judged, at, removed });
            }
            if let Some(holder) = judged.first() {
                self.monitor.event(Event::WaitingForLock { holder, until });
            }
            let next = next_wait(wait, random());
            wait = Some(next);
            self.claim.sleep(next.min(left), self.cancel)?;
        }
    }

    fn judge(&mut self, blocking: Vec<StoredLock>) -> Vec<JudgedLock> {
        let Claim { repository, context, .. } = &self.claim;
        let judge = |lock| judge_stored(repository, context, lock, self.storage_now());
        let judged = blocking.into_iter().map(judge).collect();
        if self.request.auto_unlock == AutoUnlock::Off {
            return judged;
        }
        judge_by_storage(repository, context, judged, &mut self.storage_clock)
    }

    fn storage_now(&self) -> Option<SystemTime> {
        self.storage_clock?.now(&*self.claim.context.clock)
    }

    /// Removes what may be removed; true if anything was.
    fn remove_permitted(&mut self, judged: &[JudgedLock]) -> Result<bool, LockError> {
        let auto_unlock = self.request.auto_unlock;
        let mut any = false;
        for lock in judged.iter().filter(|judged| auto_unlock.permits(&judged.verdict)) {
            let Claim { repository, context, .. } = &self.claim;
            let storage_now = self.storage_now();
            let permitted = |verdict: &Verdict| auto_unlock.permits(verdict);
            // A lock that cannot be removed is waited for like any other.
            let removed = remove_if(repository, context, lock.lock.id, storage_now, &permitted);
            if let Ok(Some(removed)) = removed {
                self.monitor.event(Event::LockRemoved(&removed));
                self.removed.push(removed);
                any = true;
            }
        }
        Ok(any)
    }
}

/// Removes the locks that the journal tells were left behind. Those that cannot be removed now
/// are found again next time.
fn remove_leftovers(
    repository: &Repository,
    context: &LockContext,
    monitor: &dyn Monitor,
) -> Vec<RemovedLock> {
    let Some(journal) = &context.journal else { return Vec::new() };
    let here: Here<'_> = context.here(repository);
    let mut removed = Vec::new();
    for id in journal.leftovers(repository.config().id, &here) {
        let Ok(lock) = remove_file_noted(repository, context, id) else { continue };
        journal.forget(id);
        if let Some(lock) = lock {
            monitor.event(Event::LockRemoved(&lock));
            removed.push(lock);
        }
    }
    removed
}
