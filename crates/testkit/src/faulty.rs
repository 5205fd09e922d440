//! A storage that fails on order.
//!
//! Faults: the n-th change to the storage, and every one after it, fails (as a full disk, or as a
//! disk that is gone); what was not made durable can be lost, as at a power cut; reads and listings
//! fail, come to an end too early or bring changed bytes, by chance, once or for good.

use std::collections::{BTreeMap, BTreeSet};
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
    kind: BackendErrorKind,
    left: AtomicUsize,
    unsynced: Mutex<BTreeSet<(FileKind, RawId)>>,
    slow: Mutex<Option<(Arc<FakeClock>, Duration)>>,
    read_faults: Option<ReadFaults>,
    asked: Mutex<Asked>,
    failed_reads: AtomicUsize,
}

impl FaultyBackend {
    /// `inner`, which allows so many changes and then fails in this way.
    #[must_use]
    pub fn new(inner: Arc<MemoryBackend>, changes: usize, kind: BackendErrorKind) -> Self {
        Self {
            inner,
            kind,
            left: AtomicUsize::new(changes),
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

    /// What a power cut leaves: nothing that was written since the last sync.
    ///
    /// # Panics
    /// Never: what was written can be removed.
    pub fn lose_unsynced(&self) {
        let mut unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, id) in std::mem::take(&mut *unsynced) {
            self.inner.remove(FileName { kind, id }).expect("it was written");
        }
    }

    fn change(&self, act: &'static str, file: FileName) -> Result<(), BackendError> {
        let spent = |left: usize| left.checked_sub(1);
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spent) {
            Ok(_) => Ok(()),
            Err(_) => {
                Err(BackendError { kind: self.kind, act, what: file.to_string(), source: None })
            }
        }
    }

    fn unsynced(&self) -> std::sync::MutexGuard<'_, BTreeSet<(FileKind, RawId)>> {
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
        // A listing is whole or an error: contract 5.
        if self.fault(kind, None).is_some() {
            let what = format!("the {kind} files");
            return Err(BackendError { kind: self.kind, act: "list", what, source: None });
        }
        self.inner.list(kind)
    }

    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
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
        self.change("write", file)?;
        self.inner.write(file, parts)?;
        let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((clock, per_pack)) = slow.as_ref().filter(|_| file.kind == FileKind::Pack) {
            clock.advance(*per_pack);
        }
        drop(slow);
        self.unsynced().insert((file.kind, file.id));
        Ok(())
    }

    fn sync(&self) -> Result<(), BackendError> {
        self.inner.sync()?;
        self.unsynced().clear();
        Ok(())
    }

    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        self.change("remove", file)?;
        self.inner.remove(file)?;
        self.unsynced().remove(&(file.kind, file.id));
        Ok(())
    }

    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        self.inner.modified(file)
    }

    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        self.inner.free_bytes()
    }
}
