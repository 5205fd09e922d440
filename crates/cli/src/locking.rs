//! The lock that a command works under.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::lock::{
    self, AutoUnlock, HeldLock, Journal, JudgedLock, Life, LockContext, LockError, LockRequest,
    RemovedLock,
};
use holdfast_engine::monitor::{Event, Monitor};
use holdfast_engine::repository::Repository;
use holdfast_machine::{Folders, SystemClock, SystemProbe};
use parking_lot::Mutex;

use crate::arguments::AutoUnlockArgument;
use crate::exit::{ExitStatus, Failure};
use crate::explain;
use crate::output::{Terminal, Verbosity};
use crate::session::Session;

/// Where our own locks are noted, below the folder for state.
const JOURNAL_FOLDER: &str = "locks";

impl Session {
    /// What judging locks needs.
    pub(crate) fn lock_context(&self) -> LockContext {
        let journal = Folders::of_this_user()
            .ok()
            .map(|folders| Arc::new(Journal::new(folders.state.join(JOURNAL_FOLDER))));
        LockContext {
            identity: Arc::new(self.identity.clone()),
            clock: Arc::new(SystemClock),
            zone: self.zone.clone(),
            probe: Arc::new(SystemProbe),
            journal,
            observations: Arc::default(),
        }
    }

    /// A shared lock for a command that only reads; none with `--no-lock`.
    ///
    /// A storage that is full or read-only cannot take a lock. Reading is possible all the same,
    /// and needed most then.
    pub(crate) fn lock_to_read(
        &self,
        repository: &Arc<Repository>,
        operation: &str,
    ) -> Result<Option<HeldLock>, Failure> {
        if self.global.no_lock {
            return Ok(None);
        }
        match self.acquire(repository, false, operation) {
            Ok(lock) => Ok(Some(lock)),
            Err(error @ LockError::Write(_)) => {
                let causes = Failure::fatal("").cause(error).details().join(": ");
                self.terminal.warn(&format!("reading without a lock: {causes}"));
                Ok(None)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// A lock for a command that writes.
    pub(crate) fn lock_to_write(
        &self,
        repository: &Arc<Repository>,
        exclusive: bool,
        operation: &str,
    ) -> Result<HeldLock, Failure> {
        self.acquire(repository, exclusive, operation).map_err(failed)
    }

    fn acquire(
        &self,
        repository: &Arc<Repository>,
        exclusive: bool,
        operation: &str,
    ) -> Result<HeldLock, LockError> {
        let request = LockRequest {
            exclusive,
            wait: self.global.retry_lock.unwrap_or_default(),
            auto_unlock: self.auto_unlock(),
            operation: operation.to_owned(),
        };
        let watch = LockWatch::new(self);
        lock::acquire(repository, &request, &self.lock_context(), &watch, &self.cancel)
    }

    /// Which locks may be removed when they stand in the way.
    pub(crate) fn auto_unlock(&self) -> AutoUnlock {
        match self.global.auto_unlock.unwrap_or(AutoUnlockArgument::Own) {
            AutoUnlockArgument::Off => AutoUnlock::Off,
            AutoUnlockArgument::Own => AutoUnlock::Own,
            AutoUnlockArgument::All(silent_for) => AutoUnlock::All { silent_for },
        }
    }
}

/// Gives a lock back; a failure to do so is said, and is none of the command's.
pub(crate) fn release(session: &Session, lock: Option<HeldLock>) {
    if let Some(Err(error)) = lock.map(HeldLock::release) {
        session.terminal.warn(&format!("error while unlocking: {error}"));
    }
}

/// Tells of waiting, and of locks that were removed.
pub(crate) struct LockWatch<'a> {
    terminal: &'a Terminal,
    wait: Duration,
    told: Mutex<bool>,
}

impl Monitor for LockWatch<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::WaitingForLock { holder, .. } => self.waiting(holder),
            Event::LockRemoved(removed) => self.terminal.warn(&removal(removed)),
            Event::Finding(finding) => self.terminal.warn(&finding.message),
            _ => {}
        }
    }
}

impl<'a> LockWatch<'a> {
    pub(crate) fn new(session: &'a Session) -> Self {
        let wait = session.global.retry_lock.unwrap_or_default();
        Self { terminal: &session.terminal, wait, told: Mutex::default() }
    }

    fn waiting(&self, holder: &JudgedLock) {
        if std::mem::replace(&mut *self.told.lock(), true) {
            return;
        }
        let wait = go_duration(self.wait);
        let text = format!("repo already locked, waiting up to {wait} for the lock");
        self.terminal.say(Verbosity::Normal, &text);
        self.terminal.say(Verbosity::Normal, &format!("held by {}", holder_of(holder)));
    }
}

/// Whose lock it is, in a few words.
pub(crate) fn holder_of(judged: &JudgedLock) -> String {
    let Some(file) = judged.lock.file() else {
        return format!("lock {}, which cannot be read", judged.lock.id.short());
    };
    let operation = file.operation.as_deref().map(|word| format!(", {word}")).unwrap_or_default();
    format!("{}@{}, process {}{operation}", file.username, file.hostname, file.pid)
}

/// A line about a removed lock: whose it was, how old, and the proof.
pub(crate) fn removal(removed: &RemovedLock) -> String {
    let owner = removed.file.as_ref().map_or_else(
        || "an unknown owner".to_owned(),
        |file| format!("{}@{}, process {}", file.username, file.hostname, file.pid),
    );
    let age = removed.age().map(|age| format!(", {} old", go_duration(whole_seconds(age))));
    format!(
        "removed lock {} of {owner}{}: {}",
        removed.id.short(),
        age.unwrap_or_default(),
        reasons(&removed.verdict.reasons)
    )
}

/// The reasons for a verdict, in one line.
pub(crate) fn reasons<R: ToString>(reasons: &[R]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// `alive`, `dead` or `unknown`
pub(crate) fn life(life: Life) -> &'static str {
    match life {
        Life::Alive => "alive",
        Life::Dead => "dead",
        _ => "unknown",
    }
}

/// A lock could not be taken.
pub(crate) fn failed(error: LockError) -> Failure {
    match &error {
        LockError::Held { locks, .. } => {
            let text = error.restic_text().unwrap_or_else(|| error.to_string());
            let holders: Vec<String> = locks
                .iter()
                .map(|judged| {
                    let verdict = &judged.verdict;
                    let (holder, life) = (holder_of(judged), life(verdict.life));
                    format!("Held by {holder}: {life} ({}).", reasons(&verdict.reasons))
                })
                .collect();
            Failure::plain(ExitStatus::Locked, text)
                .meaning(format!("{}\nNothing in the repository was changed.", holders.join("\n")))
                .advice(advice(locks))
        }
        LockError::Cancelled => explain::cancelled(),
        _ => {
            let failure = Failure::fatal("unable to create lock in backend");
            explain::about_storage(failure, &error).cause(error)
        }
    }
}

fn advice(locks: &[JudgedLock]) -> &'static str {
    if locks.iter().any(|judged| judged.verdict.life == Life::Alive) {
        return "Wait until it is done, or let --retry-lock 10m wait for you.";
    }
    if locks.iter().all(|judged| judged.verdict.life == Life::Dead) {
        return "Its owner is gone: `holdfast unlock` removes it.";
    }
    "Make sure that its owner is done, then remove it with `holdfast unlock ID`, as \
     `holdfast locks` shows it; or wait with --retry-lock 10m."
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

/// `5m0s`, as Go writes it; whole seconds are enough here.
pub(crate) fn go_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_written_as_in_go() {
        let cases = [(0, "0s"), (40, "40s"), (300, "5m0s"), (7200, "2h0m0s")];
        for (seconds, text) in cases {
            assert_eq!(go_duration(Duration::from_secs(seconds)), text);
        }
    }
}
