//! Keeps the bytes that go to a storage, or come from it, below a rate.
//!
//! Each file is paid for with time: what is stored waits before it goes, what was read waits before
//! it is handed on. All threads share one account for each direction, so the rate is that of the whole
//! program. Locks are never held up (contract 9): one that cannot be refreshed in time is lost.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::{Backend, BackendError, FileKind, FileName, Listed};
use crate::clock::Clock;
use crate::monitor::Cancellation;

/// So much time's worth of bytes may go at once after a pause.
const BURST: Duration = Duration::from_secs(1);

/// Waits are cut into such pieces, so that whoever asks to stop is heard.
const NAP_MAX: Duration = Duration::from_millis(100);

/// How much may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// Bytes that are stored in a second; `None` for as many as can be. 0 counts as 1.
    pub upload_bytes_per_second: Option<u64>,
    /// Bytes that are read in a second; `None` for as many as can be. 0 counts as 1.
    pub download_bytes_per_second: Option<u64>,
}

/// A storage with rates.
///
/// ```
/// use std::sync::Arc;
///
/// use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend, Rates, ThrottledBackend};
/// use holdfast_engine::clock::Clock;
/// use holdfast_engine::id::RawId;
/// use holdfast_engine::monitor::Cancellation;
/// use holdfast_testkit::FakeClock;
///
/// let clock = Arc::new(FakeClock::at("2026-03-27T09:00:00Z"));
/// let rates = Rates { upload_bytes_per_second: Some(100), ..Rates::default() };
/// let memory = Arc::new(MemoryBackend::new());
/// let slow = ThrottledBackend::new(memory, rates, clock.clone(), Cancellation::default());
/// let file = FileName::new(FileKind::Index, RawId::of(b"content"));
/// slow.write(file, &[&[0; 1000]])?;
/// assert_eq!(clock.awake().as_secs(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ThrottledBackend {
    inner: Arc<dyn Backend>,
    upload: Option<Account>,
    download: Option<Account>,
    clock: Arc<dyn Clock>,
    cancel: Cancellation,
}

impl fmt::Debug for ThrottledBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottledBackend").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Until when the bytes that have passed keep the line busy.
struct Account {
    bytes_per_second: u64,
    busy_until: Mutex<Duration>,
}

impl Account {
    fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), busy_until: Mutex::default() }
    }

    /// Books so many bytes, and tells when they may pass by the clock that is at `now`.
    fn book(&self, bytes: u64, now: Duration) -> Duration {
        let costs = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        let mut busy_until = self.busy_until.lock();
        *busy_until = (*busy_until).max(now.saturating_sub(BURST)) + costs;
        *busy_until
    }
}

impl ThrottledBackend {
    /// `inner` with these rates, by this clock. Once `cancel` asks to stop, nothing waits any more.
    #[must_use]
    pub fn new(
        inner: Arc<dyn Backend>,
        rates: Rates,
        clock: Arc<dyn Clock>,
        cancel: Cancellation,
    ) -> Self {
        let upload = rates.upload_bytes_per_second.map(Account::new);
        let download = rates.download_bytes_per_second.map(Account::new);
        Self { inner, upload, download, clock, cancel }
    }

    fn wait(&self, account: Option<&Account>, kind: FileKind, bytes: u64) {
        let Some(account) = account.filter(|_| kind != FileKind::Lock) else { return };
        let until = account.book(bytes, self.clock.awake());
        while !self.cancel.is_cancelled() {
            let left = until.saturating_sub(self.clock.awake());
            if left.is_zero() {
                return;
            }
            self.clock.sleep(left.min(NAP_MAX));
        }
    }
}

impl Backend for ThrottledBackend {
    fn location(&self) -> String {
        self.inner.location()
    }

    fn folder(&self) -> Option<&Path> {
        self.inner.folder()
    }

    fn connections(&self) -> usize {
        self.inner.connections()
    }

    fn create(&self) -> Result<(), BackendError> {
        self.inner.create()
    }

    fn list(&self, kind: FileKind) -> Result<Vec<Listed>, BackendError> {
        self.inner.list(kind)
    }

    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        let bytes = self.inner.read(file)?;
        self.wait(self.download.as_ref(), file.kind, bytes.len() as u64);
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
        self.wait(self.download.as_ref(), file.kind, length as u64);
        Ok(())
    }

    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        self.wait(self.upload.as_ref(), file.kind, bytes);
        self.inner.write(file, parts)
    }

    fn replace_config(&self, bytes: &[u8]) -> Result<(), BackendError> {
        self.wait(self.upload.as_ref(), FileKind::Config, bytes.len() as u64);
        self.inner.replace_config(bytes)
    }

    fn include_in_sync(&self, file: FileName) {
        self.inner.include_in_sync(file);
    }

    fn sync(&self) -> Result<(), BackendError> {
        self.inner.sync()
    }

    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        self.inner.remove(file)
    }

    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        self.inner.modified(file)
    }

    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        self.inner.free_bytes()
    }

    fn is_worth_caching(&self) -> bool {
        self.inner.is_worth_caching()
    }

    fn note_tree_packs(&self, packs: &[Listed]) {
        self.inner.note_tree_packs(packs);
    }

    fn distrust(&self, file: FileName) -> bool {
        self.inner.distrust(file)
    }
}
