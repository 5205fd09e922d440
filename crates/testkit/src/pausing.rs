//! A storage whose user is stopped in the middle of its work.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use holdfast_engine::backend::{Backend, BackendError, FileKind, FileName, Listed};

type Act = Box<dyn FnOnce() + Send>;

/// After so many operations on the storage the whole process stops, as when a lid is closed: no thread
/// of it does anything more until the world has done what it did meanwhile.
pub struct PausingBackend {
    inner: Arc<dyn Backend>,
    /// How many moments are left, and what happens then. Held during each operation.
    pause: Mutex<(usize, Option<Act>)>,
}

impl std::fmt::Debug for PausingBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PausingBackend").finish_non_exhaustive()
    }
}

impl PausingBackend {
    /// `inner`, whose user is stopped after so many moments while `act` happens. There are two for
    /// each operation: before it, when the user has left its last look at the world behind, and
    /// after it, when the answer is on its way.
    #[must_use]
    pub fn new(
        inner: Arc<dyn Backend>,
        moments: usize,
        act: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self { inner, pause: Mutex::new((moments, Some(Box::new(act)))) }
    }

    /// True if it came to that.
    #[must_use]
    pub fn has_paused(&self) -> bool {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner).1.is_none()
    }

    fn then_pause<T>(&self, operate: impl FnOnce() -> T) -> T {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let mut moment = || match pause.0.checked_sub(1) {
            Some(left) => pause.0 = left,
            None => {
                if let Some(act) = pause.1.take() {
                    act();
                }
            }
        };
        moment();
        let done = operate();
        moment();
        done
    }
}

impl Backend for PausingBackend {
    fn location(&self) -> String {
        self.inner.location()
    }

    fn connections(&self) -> usize {
        self.inner.connections()
    }

    fn create(&self) -> Result<(), BackendError> {
        self.then_pause(|| self.inner.create())
    }

    fn list(&self, kind: FileKind) -> Result<Vec<Listed>, BackendError> {
        self.then_pause(|| self.inner.list(kind))
    }

    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        self.then_pause(|| self.inner.read(file))
    }

    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        self.then_pause(|| self.inner.read_range(file, offset, length, out))
    }

    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        self.then_pause(|| self.inner.write(file, parts))
    }

    fn replace_config(&self, bytes: &[u8]) -> Result<(), BackendError> {
        self.then_pause(|| self.inner.replace_config(bytes))
    }

    fn sync(&self) -> Result<(), BackendError> {
        self.then_pause(|| self.inner.sync())
    }

    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        self.then_pause(|| self.inner.remove(file))
    }

    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        self.then_pause(|| self.inner.modified(file))
    }

    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        self.inner.free_bytes()
    }
}
