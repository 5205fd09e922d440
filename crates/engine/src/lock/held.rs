//! A lock that is held: kept fresh, verified before anything that cannot be undone, and removed
//! at the end.
//!
//! A thread of its own replaces the lock every two minutes and at once after standby. It never
//! assumes that the lock still stands; it looks. If the lock was taken away it is taken again as
//! soon as nobody else holds the repository, and its [generation](HeldLock::generation) changes:
//! from then on [`HeldLock::fence`] refuses, until the work says that it has checked what it relied on.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, Sender};
use parking_lot::Mutex;

use super::claim::{Attempt, Claim, random};
use super::observe::LockReader;
use super::timing::{
    LOOK_HOLDS, RECHECK_DELAY, REFRESH_INTERVAL, REFRESH_RETRY, RELEASE_GRACE, STANDBY_MIN, TICK,
    VERIFY_PATIENCE, next_wait, tie_break_wait,
};
use super::{Journal, LockError, LockLost, RemovedLock};
use crate::backend::BackendError;
use crate::id::LockId;
use crate::monitor::Cancellation;

/// A lock on a repository. Dropping it releases it.
pub struct HeldLock {
    keeper: Arc<Keeper>,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
    removed: Vec<RemovedLock>,
    released: bool,
}

impl std::fmt::Debug for HeldLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldLock").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl HeldLock {
    /// Keeps the lock `own`, which has just been stored for `claim`.
    pub(super) fn keep(
        claim: Claim,
        own: LockId,
        wait: Duration,
        cancel: &Cancellation,
        removed: Vec<RemovedLock>,
    ) -> Result<Self, LockError> {
        let keeper = Arc::new(Keeper::new(claim, own, wait, cancel.clone()));
        let mut lock = Self { keeper: Arc::clone(&keeper), thread: None, removed, released: false };
        let (stop, stopped) = crossbeam_channel::bounded::<()>(0);
        let work = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                keeper.tick();
            }
        };
        let thread = std::thread::Builder::new().name("lock".to_owned()).spawn(work);
        lock.thread = Some((stop, thread.map_err(|source| LockError::Thread { source })?));
        Ok(lock)
    }

    /// The id that the lock has at the moment; `None` while it is lost.
    #[must_use]
    pub fn id(&self) -> Option<LockId> {
        self.keeper.state.lock().own
    }

    /// Where this computer notes what it stores.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.keeper.claim.context.journal.as_deref()
    }

    /// Locks of owners that are gone, removed before this one could be stored.
    #[must_use]
    pub fn removed(&self) -> &[RemovedLock] {
        &self.removed
    }

    /// How often the lock was lost and taken again.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.keeper.state.lock().generation
    }

    /// Tells that everything found before this generation began has been checked again.
    pub fn accept(&self, generation: u64) {
        self.keeper.state.lock().accepted = generation;
    }

    /// Looks whether the lock stands, right now, and nobody else claims the repository. Call this
    /// immediately before whatever cannot be undone: the last index, a snapshot, each batch of
    /// deletions.
    ///
    /// If the lock was taken away and somebody else holds the repository, waits for them as long
    /// as the lock's request said.
    ///
    /// # Errors
    /// When the lock does not stand or has not stood all the time; see [`LockLost`].
    pub fn fence(&self) -> Result<(), LockLost> {
        self.keeper.fence()
    }

    /// Looks again if the last look is so long ago that the computer may have slept since. Call this
    /// between the steps of what one [`fence`](Self::fence) guards.
    ///
    /// # Errors
    /// See [`fence`](Self::fence).
    pub fn fence_after_sleep(&self) -> Result<(), LockLost> {
        if self.keeper.has_fresh_look() { Ok(()) } else { self.fence() }
    }

    /// Removes the lock.
    ///
    /// # Errors
    /// When the storage does not remove it, for a minute; the journal remembers it then.
    pub fn release(mut self) -> Result<(), BackendError> {
        self.finish()
    }

    #[cfg(test)]
    pub(super) fn tick(&self) {
        self.keeper.tick();
    }

    fn finish(&mut self) -> Result<(), BackendError> {
        if std::mem::replace(&mut self.released, true) {
            return Ok(());
        }
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            // A panic of the thread has been reported; the lock is to be removed all the same.
            let _ = thread.join();
        }
        let removed = self.keeper.claim.remove_all(None, RELEASE_GRACE);
        self.keeper.claim.forget_removed_durably();
        self.keeper.claim.abandon();
        removed
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        // Whoever wants to know calls `release`.
        let _ = self.finish();
    }
}

/// Keeps a lock, without a thread of its own.
struct Keeper {
    claim: Claim,
    wait: Duration,
    cancel: Cancellation,
    state: Mutex<State>,
}

struct State {
    /// The lock that stands, as far as is known.
    own: Option<LockId>,
    generation: u64,
    accepted: u64,
    /// Somebody was seen to ignore our lock.
    contested: bool,
    reader: LockReader,
    /// When to refresh next, by the clock that goes on in standby.
    refresh_at: Duration,
    /// What the two clocks showed last.
    last: Clocks,
    /// When the last look began that found the lock standing.
    looked_at: Duration,
}

#[derive(Clone, Copy)]
struct Clocks {
    awake: Duration,
    elapsed: Duration,
}

impl Clocks {
    /// True if the computer stood by between the two looks.
    fn show_standby_since(self, earlier: Self) -> bool {
        let elapsed = self.elapsed.saturating_sub(earlier.elapsed);
        let awake = self.awake.saturating_sub(earlier.awake);
        elapsed.saturating_sub(awake) >= STANDBY_MIN
    }
}

impl Keeper {
    fn new(claim: Claim, own: LockId, wait: Duration, cancel: Cancellation) -> Self {
        let last = clocks(&claim);
        let state = State {
            own: Some(own),
            generation: 0,
            accepted: 0,
            contested: false,
            reader: LockReader::default(),
            refresh_at: last.elapsed + REFRESH_INTERVAL,
            last,
            looked_at: last.elapsed,
        };
        Self { claim, wait, cancel, state: Mutex::new(state) }
    }

    /// Refreshes the lock if it is time, or if the computer stood by.
    fn tick(&self) {
        let mut state = self.state.lock();
        let now = clocks(&self.claim);
        let stood_by = now.show_standby_since(state.last);
        state.last = now;
        if stood_by || now.elapsed >= state.refresh_at {
            let refreshed = self.verify(&mut state).and_then(|()| self.replace(&mut state));
            let next = if refreshed.is_ok() { REFRESH_INTERVAL } else { REFRESH_RETRY };
            state.refresh_at = clocks(&self.claim).elapsed + next;
        }
    }

    fn fence(&self) -> Result<(), LockLost> {
        let clock = &self.claim.context.clock;
        let begun = clock.elapsed();
        let mut wait = None;
        loop {
            let mut state = self.state.lock();
            let look_begun = clock.elapsed();
            let found = self.verify(&mut state);
            if found.is_ok() {
                state.looked_at = look_begun;
                let took = clock.elapsed().saturating_sub(look_begun);
                if took >= LOOK_HOLDS && !self.cancel.is_cancelled() {
                    // What was seen may be from before a sleep.
                    continue;
                }
            }
            let lost = match found {
                Ok(()) if state.generation != state.accepted => {
                    return Err(LockLost::Reacquired { generation: state.generation });
                }
                Ok(()) => return Ok(()),
                Err(lost) => lost,
            };
            drop(state);
            let patience = match &lost {
                LockLost::Taken { .. } => self.wait,
                // A network that fails for a moment is no reason to give up hours of work.
                LockLost::Unverified { source } if source.may_pass() => VERIFY_PATIENCE,
                _ => Duration::ZERO,
            };
            let left = (begun + patience).saturating_sub(clock.elapsed());
            if left.is_zero() {
                return Err(lost);
            }
            let next = next_wait(wait, random());
            wait = Some(next);
            if self.claim.sleep(next.min(left), &self.cancel).is_err() {
                return Err(lost);
            }
        }
    }

    fn has_fresh_look(&self) -> bool {
        let looked_at = self.state.lock().looked_at;
        self.claim.context.clock.elapsed().saturating_sub(looked_at) < LOOK_HOLDS
    }

    /// Finds out whether the lock stands alone; takes it again if it is gone.
    fn verify(&self, state: &mut State) -> Result<(), LockLost> {
        let Some(own) = state.own else { return self.resume(state) };
        let unverified = |source| LockLost::Unverified { source };
        let (mut stands, mut blocking) =
            self.claim.look(own, &mut state.reader).map_err(unverified)?;
        if stands && !blocking.is_empty() {
            // Whoever stored a lock beside ours withdraws it as soon as they see ours.
            let patience = tie_break_wait(random());
            (stands, blocking) = self
                .claim
                .outwait(own, patience, &mut state.reader, &Cancellation::default())
                .map_err(unverified)?;
        }
        if !stands {
            return self.resume(state);
        }
        if let Some(holder) = blocking.into_iter().next() {
            state.contested = true;
            return Err(LockLost::Contested { holder: Box::new(holder) });
        }
        if std::mem::take(&mut state.contested) {
            state.generation += 1;
        }
        Ok(())
    }

    /// Takes the lock again after it was taken away.
    fn resume(&self, state: &mut State) -> Result<(), LockLost> {
        state.own = None;
        state.contested = false;
        // Journal and storage forget what others removed, and what a refresh left half done.
        let _ = self.claim.remove_all(None, Duration::ZERO);
        let attempt = self.claim.attempt(&mut state.reader, &Cancellation::default());
        match attempt.map_err(|source| LockLost::NotReacquired { source })? {
            Attempt::Stored(own) => {
                state.own = Some(own);
                state.generation += 1;
                Ok(())
            }
            Attempt::Blocked(blocking) => {
                let holder = blocking.into_iter().next().expect("something blocks");
                Err(LockLost::Taken { holder: Box::new(holder) })
            }
        }
    }

    /// Stores a lock with the time of now, and removes the one before, unless that was removed by
    /// somebody else in between.
    fn replace(&self, state: &mut State) -> Result<(), LockLost> {
        let Some(old) = state.own else { return Ok(()) };
        self.claim.forget_removed();
        let unverified = |source| LockLost::Unverified { source };
        let new = self.claim.store().map_err(unverified)?;
        self.claim.context.clock.sleep(RECHECK_DELAY);
        let (old_stands, _) = self.claim.look(old, &mut state.reader).map_err(unverified)?;
        if !old_stands {
            return self.resume(state);
        }
        let (new_stands, _) = self.claim.look(new, &mut state.reader).map_err(unverified)?;
        if new_stands {
            state.own = Some(new);
        }
        // Outdated locks that stay are ours, so they only wait for the next time.
        let _ = self.claim.remove_all(state.own, Duration::ZERO);
        Ok(())
    }
}

fn clocks(claim: &Claim) -> Clocks {
    let clock = &claim.context.clock;
    Clocks { awake: clock.awake(), elapsed: clock.elapsed() }
}
