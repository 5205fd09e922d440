//! A repository in memory: for tests, and the plainest reading of the contract.

use std::collections::BTreeMap;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::{Backend, BackendError, BackendErrorKind, FileKind, FileName, Listed};
use crate::id::RawId;

/// Files in a map. The store's clock stands still at 1970 unless it is set.
#[derive(Debug, Default)]
pub struct MemoryBackend {
    files: Mutex<BTreeMap<(FileKind, RawId), Stored>>,
    now: Mutex<Option<SystemTime>>,
}

#[derive(Debug, Clone)]
struct Stored {
    bytes: Vec<u8>,
    modified: SystemTime,
}

impl MemoryBackend {
    /// An empty storage.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the storage's own clock.
    pub fn set_now(&self, now: SystemTime) {
        *self.now.lock() = Some(now);
    }

    fn find<T>(
        &self,
        act: &'static str,
        file: FileName,
        take: impl FnOnce(&Stored) -> T,
    ) -> Result<T, BackendError> {
        self.files
            .lock()
            .get(&(file.kind, file.id))
            .map(take)
            .ok_or_else(|| failed(act, file, BackendErrorKind::NotFound))
    }
}

fn failed(act: &'static str, file: FileName, kind: BackendErrorKind) -> BackendError {
    BackendError { kind, act, what: file.to_string(), source: None }
}

impl Backend for MemoryBackend {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    fn connections(&self) -> usize {
        2
    }

    fn create(&self) -> Result<(), BackendError> {
        Ok(())
    }

    fn list(&self, kind: FileKind) -> Result<Vec<Listed>, BackendError> {
        let files = self.files.lock();
        let of_kind = files.iter().filter(|((found, _), _)| *found == kind);
        Ok(of_kind
            .map(|((_, id), stored)| Listed { id: *id, size: stored.bytes.len() as u64 })
            .collect())
    }

    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        self.find("read", file, |stored| stored.bytes.clone())
    }

    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        out.clear();
        let found = self.find("read", file, |stored| {
            let start = usize::try_from(offset).ok()?;
            let part = stored.bytes.get(start..start.checked_add(length)?)?;
            out.extend_from_slice(part);
            Some(())
        })?;
        found.ok_or_else(|| failed("read", file, BackendErrorKind::TooShort))
    }

    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        let modified = self.now.lock().unwrap_or(SystemTime::UNIX_EPOCH);
        let stored = Stored { bytes: parts.concat(), modified };
        self.files.lock().entry((file.kind, file.id)).or_insert(stored);
        Ok(())
    }

    fn replace_config(&self, bytes: &[u8]) -> Result<(), BackendError> {
        let file = FileName::CONFIG;
        let modified = self.now.lock().unwrap_or(SystemTime::UNIX_EPOCH);
        let stored = Stored { bytes: bytes.to_vec(), modified };
        self.files.lock().insert((file.kind, file.id), stored);
        Ok(())
    }

    fn sync(&self) -> Result<(), BackendError> {
        Ok(())
    }

    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        let removed = self.files.lock().remove(&(file.kind, file.id));
        removed.map(|_| ()).ok_or_else(|| failed("remove", file, BackendErrorKind::NotFound))
    }

    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        self.find("read", file, |stored| stored.modified)
    }

    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        Ok(None)
    }
}
