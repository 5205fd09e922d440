//! What locks are in a repository, and since when we have seen each of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use parking_lot::Mutex;

use super::judge::{Here, Life, Observation, Reason, Verdict, judge};
use super::{Journal, LockFile, ProcessProbe};
use crate::backend::{BackendErrorKind, FileKind, FileName};
use crate::clock::Clock;
use crate::id::LockId;
use crate::identity::Identity;
use crate::repository::{ReadError, Repository};

/// What working with locks needs of the world. Cheap to clone; keep one per repository, so that
/// what was seen of a lock earlier counts.
#[derive(Clone)]
pub struct LockContext {
    /// Who we are.
    pub identity: Arc<Identity>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The zone that locks are dated in.
    pub zone: TimeZone,
    /// Our eyes.
    pub probe: Arc<dyn ProcessProbe>,
    /// Where our own locks are noted, so that none outlives us; `None` if there is no such place.
    pub journal: Option<Arc<Journal>>,
    /// Since when which locks were seen.
    pub observations: Arc<Observations>,
}

impl std::fmt::Debug for LockContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LockContext").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl LockContext {
    pub(super) fn here(&self, repository: &Repository) -> Here<'_> {
        Here {
            identity: &self.identity,
            probe: &*self.probe,
            own_disk: own_disk(repository, &*self.probe),
            now: self.clock.now(),
        }
    }
}

/// True if the repository lies on a disk of this computer.
pub(super) fn own_disk(repository: &Repository, probe: &dyn ProcessProbe) -> bool {
    repository.backend().folder().is_some_and(|folder| probe.is_own_disk(folder))
}

/// Since when which locks were seen, by the clock that goes on in standby.
#[derive(Debug, Default)]
pub struct Observations(Mutex<HashMap<LockId, Duration>>);

impl Observations {
    /// Notes what a listing showed at `elapsed`; what it did not show is forgotten.
    fn note(&self, listed: &[LockId], elapsed: Duration) {
        let mut seen = self.0.lock();
        seen.retain(|id, _| listed.contains(id));
        for id in listed {
            seen.entry(*id).or_insert(elapsed);
        }
    }

    fn unchanged_for(&self, id: LockId, elapsed: Duration) -> Duration {
        self.0.lock().get(&id).map_or(Duration::ZERO, |since| elapsed.saturating_sub(*since))
    }
}

/// A file among a repository's locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLock {
    /// Its id.
    pub id: LockId,
    /// What it holds.
    pub content: LockContent,
}

/// What a lock's file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockContent {
    /// A lock.
    Readable(Box<LockFile>),
    /// Nothing: an upload that has only begun, or broke off. It locks nothing.
    Empty,
    /// Less or other than what its name says: an upload that is going on or broke off.
    Torn,
    /// Something that we may not read, or that is whole and no lock of ours to understand. It may
    /// be an exclusive one.
    Unreadable,
}

impl StoredLock {
    /// The lock, if it can be read.
    #[must_use]
    pub fn file(&self) -> Option<&LockFile> {
        match &self.content {
            LockContent::Readable(file) => Some(file),
            _ => None,
        }
    }

    /// True if this lock keeps a lock of that kind from being taken.
    #[must_use]
    pub fn conflicts_with(&self, exclusive: bool) -> bool {
        match &self.content {
            LockContent::Readable(file) => file.conflicts_with(exclusive),
            LockContent::Empty => false,
            // It may become an exclusive one, but whoever stores one of those looks again
            // afterwards and withdraws before ours.
            LockContent::Torn => exclusive,
            LockContent::Unreadable => true,
        }
    }
}

/// A lock with what is known of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedLock {
    /// The lock.
    pub lock: StoredLock,
    /// What is known of its owner.
    pub verdict: Verdict,
    /// True if this process stored it.
    pub ours: bool,
}

/// All locks of a repository, each with what is known of its owner. Only reads.
///
/// # Errors
/// When the locks cannot be listed, or the storage fails while they are read.
///
/// ```
/// use holdfast_engine::lock::list;
///
/// let test = holdfast_testkit::letter().test;
/// let held = test.lock(false);
/// let locks = list(&test.repository, &test.context)?;
/// assert_eq!(locks.len(), 1);
/// assert!(!locks[0].lock.conflicts_with(false), "it is shared");
/// assert!(locks[0].lock.conflicts_with(true));
/// # drop(held);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn list(repository: &Repository, context: &LockContext) -> Result<Vec<JudgedLock>, ReadError> {
    let mut reader = LockReader::default();
    let locks = reader.read_all(repository, context)?;
    Ok(locks.into_iter().map(|lock| judge_stored(repository, context, lock, None)).collect())
}

/// Reads locks, each of them once: a lock never changes.
#[derive(Debug, Default)]
pub(super) struct LockReader {
    known: HashMap<LockId, LockContent>,
}

impl LockReader {
    /// A lock's content, if it was read before.
    pub(super) fn known_file(&self, id: LockId) -> Option<&LockFile> {
        match self.known.get(&id)? {
            LockContent::Readable(file) => Some(file),
            _ => None,
        }
    }

    /// All locks there are now.
    pub(super) fn read_all(
        &mut self,
        repository: &Repository,
        context: &LockContext,
    ) -> Result<Vec<StoredLock>, ReadError> {
        let listed = repository.list(FileKind::Lock)?;
        let ids: Vec<LockId> = listed.iter().map(|file| LockId(file.id)).collect();
        context.observations.note(&ids, context.clock.elapsed());
        self.known.retain(|id, _| ids.contains(id));
        let mut locks = Vec::with_capacity(listed.len());
        for file in listed {
            let id = LockId(file.id);
            let content = match self.known.get(&id) {
                Some(content) => Some(content.clone()),
                None if file.size == 0 => Some(LockContent::Empty),
                None => read(repository, id)?,
            };
            // A lock that went while we looked locks nothing any more.
            let Some(content) = content else { continue };
            if matches!(content, LockContent::Readable(_)) {
                self.known.insert(id, content.clone());
            }
            locks.push(StoredLock { id, content });
        }
        Ok(locks)
    }
}

/// A lock's content; `None` if it is gone.
fn read(repository: &Repository, id: LockId) -> Result<Option<LockContent>, ReadError> {
    match repository.read_file(FileKind::Lock, id.0) {
        Ok(json) => Ok(Some(match serde_json::from_slice(&json) {
            Ok(file) => LockContent::Readable(Box::new(file)),
            Err(_) => LockContent::Unreadable,
        })),
        Err(ReadError::Backend { source, .. }) if source.kind == BackendErrorKind::NotFound => {
            Ok(None)
        }
        Err(error @ ReadError::Backend { .. }) => match error {
            // A lock that others may not read is there all the same.
            ReadError::Backend { source, .. } if source.kind == BackendErrorKind::Denied => {
                Ok(Some(LockContent::Unreadable))
            }
            error => Err(error),
        },
        Err(ReadError::WrongContent { .. }) => Ok(Some(LockContent::Torn)),
        Err(_) => Ok(Some(LockContent::Unreadable)),
    }
}

/// What is known of a lock's owner. `storage_now` is what the storage's clock shows, if known.
pub(super) fn judge_stored(
    repository: &Repository,
    context: &LockContext,
    lock: StoredLock,
    storage_now: Option<SystemTime>,
) -> JudgedLock {
    let here = context.here(repository);
    let unchanged_for = context.observations.unchanged_for(lock.id, context.clock.elapsed());
    let Some(file) = lock.file() else {
        let verdict = Verdict {
            life: Life::Unknown,
            reasons: vec![Reason::Unreadable],
            silent_for: unchanged_for,
        };
        return JudgedLock { lock, verdict, ours: false };
    };
    // A disk of our own is dated by our own clock.
    let storage_now = storage_now.or_else(|| here.own_disk.then(|| SystemTime::from(here.now)));
    let modified = storage_now
        .and_then(|_| repository.backend().modified(FileName::new(FileKind::Lock, lock.id.0)).ok());
    let observation = Observation::new(unchanged_for, modified, storage_now);
    let verdict = judge(file, &here, &observation);
    let ours = file.is_of_session(&context.identity);
    JudgedLock { lock, verdict, ours }
}
