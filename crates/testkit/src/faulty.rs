//! A storage that fails on order.
//!
//! Faults: the n-th change to the storage, and every one after it, fails (as a full disk, or as a
//! disk that is gone); or that change alone fails, or is done and said to have failed; or the power
//! is cut there, after which nothing answers any more, and any part of what was not made durable is
//! lost: files stored, and removals. Reads and listings fail, come to an end too early or bring
//! changed bytes, by chance, once or for good.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::FakeClock;
use crate::random::Random;

use holdfast_engine::backend::{
    Backend, BackendError, BackendErrorKind, FileKind, FileName, Listed, MemoryBackend,
};
use holdfast_engine::id::RawId;

/// How reading fails.
#[derive(Debug, Clone, Copy)]
pub struct ReadFaults {
    /// What chance does is the same for the same seed, whatever the order of the reads.
    pub seed: u64,
    /// One of so many reads, or files if the fault lasts, fails.
    pub one_of: u64,
    /// What fails once fails always.
    pub lasting: bool,
}

/// How the n-th change fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeFault {
    /// It is not done, nor is any after it.
    FromThenOn(BackendErrorKind),
    /// It is not done. Those after it are.
    Once(BackendErrorKind),
    /// It is done, but the storage says that it was not, as when the line breaks at the wrong moment.
    /// Those after it are done.
    AnswerLost,
    /// It is done or not, and then nothing works any more. Making durable counts as a change.
    PowerCut,
}

impl ChangeFault {
    /// One of each sort.
    pub const ALL: [Self; 5] = [
        Self::FromThenOn(BackendErrorKind::Full),
        Self::Once(BackendErrorKind::Denied),
        Self::Once(BackendErrorKind::Offline),
        Self::AnswerLost,
        Self::PowerCut,
    ];

    fn kind(self) -> BackendErrorKind {
        match self {
            Self::FromThenOn(kind) | Self::Once(kind) => kind,
            Self::AnswerLost | Self::PowerCut => BackendErrorKind::Offline,
        }
    }
}

/// Whether a change is to be done, and what is said of it.
struct Verdict {
    is_done: bool,
    is_failed: bool,
}

/// What is not durable yet.
#[derive(Debug)]
enum Unsynced {
    /// A file that was stored.
    Stored,
    /// A file that was removed, and what it held.
    Removed(Vec<u8>),
    /// The config in place of another, and what that held.
    Replaced(Vec<u8>),
}

/// What becomes of a read.
enum Fault {
    Error(BackendErrorKind),
    Short,
    Changed,
}

/// A file, or a listing of a kind of files, and how often it was asked for.
type Asked = BTreeMap<(FileKind, Option<RawId>), u64>;

/// A memory storage that fails from some change on, or at some reads.
#[derive(Debug)]
pub struct FaultyBackend {
    inner: Arc<MemoryBackend>,
    change_fault: ChangeFault,
    allowed_changes: usize,
    asked_changes: AtomicUsize,
    failed_changes: AtomicUsize,
    unsynced: Mutex<BTreeMap<(FileKind, RawId), Unsynced>>,
    slow: Mutex<Option<(Arc<FakeClock>, Duration)>>,
    read_faults: Option<ReadFaults>,
    asked: Mutex<Asked>,
    failed_reads: AtomicUsize,
}

impl FaultyBackend {
    /// `inner`, which allows so many changes and then fails in this way.
    #[must_use]
    pub fn new(inner: Arc<MemoryBackend>, changes: usize, kind: BackendErrorKind) -> Self {
        Self::failing(inner, changes, ChangeFault::FromThenOn(kind))
    }

    /// `inner`, which allows so many changes and then has this fault.
    #[must_use]
    pub fn failing(inner: Arc<MemoryBackend>, changes: usize, fault: ChangeFault) -> Self {
        Self {
            inner,
            change_fault: fault,
            allowed_changes: changes,
            asked_changes: AtomicUsize::new(0),
            failed_changes: AtomicUsize::new(0),
            unsynced: Mutex::default(),
            slow: Mutex::default(),
            read_faults: None,
            asked: Mutex::default(),
            failed_reads: AtomicUsize::new(0),
        }
    }

    /// `inner`, which takes every change and fails when it is read.
    #[must_use]
    pub fn read_badly(inner: Arc<MemoryBackend>, faults: ReadFaults) -> Self {
        let never = Self::new(inner, usize::MAX, BackendErrorKind::Failed);
        Self { read_faults: Some(faults), ..never }
    }

    /// From now on, storing a pack takes so long by this clock.
    pub fn slow_down(&self, clock: Arc<FakeClock>, per_pack: Duration) {
        *self.slow.lock().unwrap_or_else(PoisonError::into_inner) = Some((clock, per_pack));
    }

    /// How many reads and listings have failed.
    #[must_use]
    pub fn failed_reads(&self) -> usize {
        self.failed_reads.load(Ordering::SeqCst)
    }

    /// How many changes have failed, or were said to.
    #[must_use]
    pub fn failed_changes(&self) -> usize {
        self.failed_changes.load(Ordering::SeqCst)
    }

    /// What a power cut leaves at worst: nothing that was written since the last sync.
    pub fn lose_unsynced(&self) {
        for ((kind, id), unsynced) in std::mem::take(&mut *self.unsynced()) {
            if !matches!(unsynced, Unsynced::Removed(_)) {
                self.undo(FileName { kind, id }, unsynced);
            }
        }
    }

    /// What a power cut may leave: of all that was stored or removed since the last sync, some is so
    /// and some is not.
    pub fn lose_some_unsynced(&self, random: &mut Random) {
        for ((kind, id), unsynced) in std::mem::take(&mut *self.unsynced()) {
            if random.chance(1, 2) {
                self.undo(FileName { kind, id }, unsynced);
            }
        }
    }

    fn undo(&self, file: FileName, unsynced: Unsynced) {
        let undone = match unsynced {
            Unsynced::Stored => self.inner.remove(file),
            Unsynced::Removed(bytes) => self.inner.write(file, &[&bytes]),
            Unsynced::Replaced(bytes) => self.inner.replace_config(&bytes),
        };
        undone.expect("memory does not fail");
    }

    fn error(&self, act: &'static str, what: String) -> BackendError {
        BackendError { kind: self.change_fault.kind(), act, what, source: None }
    }

    /// What becomes of the next change.
    fn judge(&self) -> Verdict {
        let number = self.asked_changes.fetch_add(1, Ordering::SeqCst);
        let lasts = matches!(self.change_fault, ChangeFault::FromThenOn(_) | ChangeFault::PowerCut);
        if number < self.allowed_changes || number > self.allowed_changes && !lasts {
            return Verdict { is_done: true, is_failed: false };
        }
        self.failed_changes.fetch_add(1, Ordering::SeqCst);
        let is_done = match self.change_fault {
            ChangeFault::AnswerLost => true,
            // A matter of which change it is, so that both are seen and each is always the same.
            ChangeFault::PowerCut => number == self.allowed_changes && number.is_multiple_of(2),
            ChangeFault::FromThenOn(_) | ChangeFault::Once(_) => false,
        };
        Verdict { is_done, is_failed: true }
    }

    /// An error once the power was cut.
    fn answer(&self, act: &'static str, what: &dyn std::fmt::Display) -> Result<(), BackendError> {
        let is_cut = self.change_fault == ChangeFault::PowerCut && self.failed_changes() > 0;
        if is_cut { Err(self.error(act, what.to_string())) } else { Ok(()) }
    }

    fn unsynced(&self) -> std::sync::MutexGuard<'_, BTreeMap<(FileKind, RawId), Unsynced>> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What becomes of a read of this file, or of a listing.
    fn fault(&self, kind: FileKind, id: Option<RawId>) -> Option<(Fault, Random)> {
        let faults = self.read_faults?;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry((kind, id)).or_insert(0);
        *times += 1;
        let times = if faults.lasting { 0 } else { *times };
        drop(asked);
        let bytes = id.map_or([0xff; 8], |id| id.as_bytes()[..8].try_into().expect("of eight"));
        let which = u64::from_le_bytes(bytes) ^ (kind as u64) << 40 ^ times << 48;
        let mut random = Random::new(faults.seed ^ which);
        // Numbers of neighbouring seeds are unlike each other only after the first.
        random.number();
        random.chance(1, faults.one_of).then(|| {
            self.failed_reads.fetch_add(1, Ordering::SeqCst);
            let fault = match random.below(4) {
                0 => Fault::Error(BackendErrorKind::Failed),
                1 => Fault::Error(BackendErrorKind::Offline),
                2 => Fault::Short,
                _ => Fault::Changed,
            };
            (fault, random)
        })
    }

    /// Gives out what was read, or what is left of it.
    fn spoil(&self, file: FileName, bytes: &mut Vec<u8>) -> Result<(), BackendError> {
        let Some((fault, mut random)) = self.fault(file.kind, Some(file.id)) else {
            return Ok(());
        };
        let error = |kind| BackendError { kind, act: "read", what: file.to_string(), source: None };
        match fault {
            Fault::Error(kind) => return Err(error(kind)),
            _ if bytes.is_empty() => return Err(error(BackendErrorKind::Failed)),
            Fault::Short => bytes.truncate(random.below(bytes.len() as u64) as usize),
            Fault::Changed => {
                let at = random.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << random.below(8);
            }
        }
        Ok(())
    }
}

impl Backend for FaultyBackend {
    fn location(&self) -> String {
        "a faulty disk".to_owned()
    }

    fn connections(&self) -> usize {
        2
    }

    fn create(&self) -> Result<(), BackendError> {
        self.inner.create()
    }

    fn list(&self, kind: FileKind) -> Result<Vec<Listed>, BackendError> {
        self.answer("list", &kind)?;
        // A listing is whole or an error: contract 5.
        if self.fault(kind, None).is_some() {
            let what = format!("the {kind} files");
            return Err(self.error("list", what));
        }
        self.inner.list(kind)
    }

    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        self.answer("read", &file)?;
        let mut bytes = self.inner.read(file)?;
        self.spoil(file, &mut bytes)?;
        Ok(bytes)
    }

    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        self.answer("read", &file)?;
        self.inner.read_range(file, offset, length, out)?;
        let read = self.spoil(file, out).and_then(|()| {
            // Exactly what was asked for, or an error: contract 6.
            let kind = BackendErrorKind::TooShort;
            let short = BackendError { kind, act: "read", what: file.to_string(), source: None };
            if out.len() == length { Ok(()) } else { Err(short) }
        });
        if read.is_err() {
            out.clear();
        }
        read
    }

    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        self.answer("write", &file)?;
        let verdict = self.judge();
        if verdict.is_done {
            let is_new = self.inner.modified(file).is_err();
            self.inner.write(file, parts)?;
            if is_new {
                // A file that was removed and stored again, with its name's content, is as it was.
                let mut unsynced = self.unsynced();
                if unsynced.remove(&(file.kind, file.id)).is_none() {
                    unsynced.insert((file.kind, file.id), Unsynced::Stored);
                }
            }
        }
        if verdict.is_failed {
            return Err(self.error("write", file.to_string()));
        }
        let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((clock, per_pack)) = slow.as_ref().filter(|_| file.kind == FileKind::Pack) {
            clock.advance(*per_pack);
        }
        Ok(())
    }

    fn replace_config(&self, bytes: &[u8]) -> Result<(), BackendError> {
        let file = FileName::CONFIG;
        self.answer("replace", &file)?;
        let verdict = self.judge();
        if verdict.is_done {
            let old = self.inner.read(file)?;
            self.inner.replace_config(bytes)?;
            let mut unsynced = self.unsynced();
            unsynced.entry((file.kind, file.id)).or_insert(Unsynced::Replaced(old));
        }
        if verdict.is_failed { Err(self.error("replace", file.to_string())) } else { Ok(()) }
    }

    fn sync(&self) -> Result<(), BackendError> {
        self.answer("sync", &"the storage")?;
        let is_failed = self.change_fault == ChangeFault::PowerCut && self.judge().is_failed;
        if is_failed {
            return Err(self.error("sync", "the storage".to_owned()));
        }
        self.inner.sync()?;
        self.unsynced().clear();
        Ok(())
    }

    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        self.answer("remove", &file)?;
        let bytes = self.inner.read(file);
        let verdict = self.judge();
        if verdict.is_done {
            self.inner.remove(file)?;
            let mut unsynced = self.unsynced();
            // What was never durable leaves nothing behind.
            if unsynced.remove(&(file.kind, file.id)).is_none() {
                unsynced.insert((file.kind, file.id), Unsynced::Removed(bytes?));
            }
        }
        if verdict.is_failed { Err(self.error("remove", file.to_string())) } else { Ok(()) }
    }

    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        self.inner.modified(file)
    }

    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        self.inner.free_bytes()
    }
}

/// A storage with the same files.
///
/// # Panics
/// Never: memory does not fail.
#[must_use]
pub fn copied(storage: &MemoryBackend) -> MemoryBackend {
    let copy = MemoryBackend::new();
    let listed = FileKind::LISTED.into_iter().flat_map(|kind| {
        let files = storage.list(kind).expect("memory lists");
        files.into_iter().map(move |file| FileName::new(kind, file.id))
    });
    for file in listed.chain([FileName::CONFIG]) {
        if let Ok(bytes) = storage.read(file) {
            copy.write(file, &[&bytes]).expect("memory stores");
        }
    }
    copy
}
