//! A storage that fails on order.
//!
//! Faults: the n-th change to the storage, and every one after it, fails (as a full disk, or as a
//! disk that is gone); what was not made durable can be lost, as at a power cut.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use holdfast_engine::backend::{
    Backend, BackendError, BackendErrorKind, FileKind, FileName, Listed, MemoryBackend,
};

/// A memory storage that fails from some change on.
#[derive(Debug)]
pub struct FaultyBackend {
    inner: Arc<MemoryBackend>,
    kind: BackendErrorKind,
    left: AtomicUsize,
    unsynced: Mutex<BTreeSet<(FileKind, holdfast_engine::id::RawId)>>,
}

impl FaultyBackend {
    /// `inner`, which allows so many changes and then fails in this way.
    #[must_use]
    pub fn new(inner: Arc<MemoryBackend>, changes: usize, kind: BackendErrorKind) -> Self {
        Self { inner, kind, left: AtomicUsize::new(changes), unsynced: Mutex::default() }
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

    fn unsynced(
        &self,
    ) -> std::sync::MutexGuard<'_, BTreeSet<(FileKind, holdfast_engine::id::RawId)>> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.inner.list(kind)
    }

    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        self.inner.read(file)
    }

    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        self.inner.read_range(file, offset, length, out)
    }

    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        self.change("write", file)?;
        self.inner.write(file, parts)?;
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
