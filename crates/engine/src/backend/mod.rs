//! How the files of a repository are stored.
//!
//! [`Backend`] is a contract; every storage, and every wrapper around one (retries, throttling,
//! faults), keeps all of it.

mod cache;
pub(crate) mod layout;
mod local;
mod memory;
mod throttle;

pub(crate) use cache::make_private_folders;
pub use cache::{CacheFolder, CachedBackend, MAX_AGE_DAYS, cache_folders};
pub use local::LocalBackend;
pub use memory::MemoryBackend;
pub use throttle::{Rates, ThrottledBackend};

use std::fmt;
use std::path::Path;
use std::time::SystemTime;

use crate::id::RawId;

/// The kinds of files in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// The one file `config`.
    Config,
    /// Key files.
    Key,
    /// Locks.
    Lock,
    /// Snapshots.
    Snapshot,
    /// Index files.
    Index,
    /// Packs.
    Pack,
}

impl FileKind {
    /// Every kind that has files with ids.
    pub const LISTED: [Self; 5] = [Self::Key, Self::Lock, Self::Snapshot, Self::Index, Self::Pack];
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "config",
            Self::Key => "key",
            Self::Lock => "lock",
            Self::Snapshot => "snapshot",
            Self::Index => "index",
            Self::Pack => "pack",
        })
    }
}

/// One file of a repository.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileName {
    /// Its kind.
    pub kind: FileKind,
    /// Its id; of no meaning for the config.
    pub id: RawId,
}

impl FileName {
    /// The config.
    pub const CONFIG: Self = Self { kind: FileKind::Config, id: RawId::from_bytes([0; 32]) };

    /// The file of this kind with this id.
    pub fn new(kind: FileKind, id: impl Into<RawId>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FileKind::Config => f.write_str("config"),
            kind => write!(f, "{kind} {}", self.id.short()),
        }
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A file that a listing showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: RawId,
    /// Its size in bytes.
    pub size: u64,
}

/// The largest file that is read as a whole: an index file of some millions of blobs. Whoever can write
/// to a storage can put a file of any size there.
pub const WHOLE_FILE_BYTES_MAX: u64 = 256 << 20;

/// Why a storage could not do as it was told. The kind decides what to do next, the source tells
/// the details.
#[derive(Debug, thiserror::Error)]
#[error("could not {act} {what}: {kind}")]
pub struct BackendError {
    /// What sort of failure.
    pub kind: BackendErrorKind,
    /// The verb: `read`, `write`, `list`, `remove`, `create`, `sync`.
    pub act: &'static str,
    /// The file or folder, as a person would name it.
    pub what: String,
    /// The cause.
    #[source]
    pub source: Option<std::io::Error>,
}

/// The sorts of [`BackendError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum BackendErrorKind {
    /// It is not there. Final.
    #[error("it does not exist")]
    NotFound,
    /// It is there already and will not be replaced. Final.
    #[error("it exists already")]
    Exists,
    /// Access was denied, or the storage is read-only. Final.
    #[error("access was denied")]
    Denied,
    /// The storage is full or over quota. Final until somebody makes room.
    #[error("the storage is full")]
    Full,
    /// The storage cannot be reached. May pass.
    #[error("the storage cannot be reached")]
    Offline,
    /// The file is shorter than what was asked of it. Final.
    #[error("it is shorter than it should be")]
    TooShort,
    /// The file is larger than any that is read as a whole. Final.
    #[error("it is larger than it can be")]
    TooLarge,
    /// Anything else the storage reported. May pass.
    #[error("the storage reported an error")]
    Failed,
}

/// Where the files of a repository are kept.
///
/// # Contract
///
/// 1. Files are immutable: [`write`](Self::write) never replaces one with other bytes. Writing a
///    file whose name is its content's sum a second time is allowed and has no effect.
/// 2. `write` is atomic: a listing or a read shows the whole file or none of it, also after a crash.
/// 3. After `write` returns, the file is visible to reads and listings of every client (where the
///    storage lists late, the wrapper for it waits).
/// 4. After [`sync`](Self::sync) returns, everything written or removed before it was called
///    survives a power cut. Before that, files may be lost, but contract 2 holds all the same.
/// 5. A listing that fails is an error, never a short listing. A folder that does not exist is an
///    empty listing only if the storage itself can be reached. Names that are not ids are left out.
/// 6. `read_range` returns exactly what was asked for or fails with [`BackendErrorKind::TooShort`].
/// 7. `remove` of a file that is not there is [`BackendErrorKind::NotFound`].
/// 8. [`replace_config`](Self::replace_config) is atomic, also after a crash: whoever reads finds the
///    old config or the new one. A storage that cannot do that refuses.
/// 9. All of it may be called from many threads at once. Operations on locks are never held up
///    behind others (no shared connection limit, no throttling).
///
/// ```
/// use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
/// use holdfast_engine::id::SnapshotId;
///
/// let storage = MemoryBackend::new();
/// let file = FileName::new(FileKind::Snapshot, SnapshotId::of(b"content").0);
/// storage.write(file, &[b"con", b"tent"])?;
/// storage.sync()?;
/// assert_eq!(storage.read(file)?, b"content");
/// assert_eq!(storage.list(FileKind::Snapshot)?[0].size, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Backend: Send + Sync + fmt::Debug {
    /// Where this is, for people; no secrets.
    fn location(&self) -> String;

    /// The folder of this computer that the files lie in, if they do.
    fn folder(&self) -> Option<&Path> {
        None
    }

    /// How many requests are worth making at once.
    fn connections(&self) -> usize;

    /// Makes the folders of a new repository. Succeeds if they are there already.
    fn create(&self) -> Result<(), BackendError>;

    /// All files of a kind, in no order.
    fn list(&self, kind: FileKind) -> Result<Vec<Listed>, BackendError>;

    /// A whole file, of at most [`WHOLE_FILE_BYTES_MAX`].
    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError>;

    /// `length` bytes from `offset`, into `out`, which is cleared first.
    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError>;

    /// Stores a file that holds the `parts` in order.
    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError>;

    /// Puts another config in the place of the one that is there: the only file that ever changes.
    /// Durable after the next [`sync`](Self::sync).
    fn replace_config(&self, _bytes: &[u8]) -> Result<(), BackendError> {
        let source = Some(std::io::ErrorKind::Unsupported.into());
        let (kind, act, what) = (BackendErrorKind::Failed, "replace", "the config".to_owned());
        Err(BackendError { kind, act, what, source })
    }

    /// Includes a file that an earlier process stored in what the next [`sync`](Self::sync) makes
    /// durable. Storages that make files durable as they are written have nothing to do.
    fn include_in_sync(&self, _file: FileName) {}

    /// Makes durable what was written or removed so far.
    fn sync(&self) -> Result<(), BackendError>;

    /// Removes a file.
    fn remove(&self, file: FileName) -> Result<(), BackendError>;

    /// When the storage, by its own clock, stored the file.
    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError>;

    /// Bytes that can still be stored, where the storage can tell.
    fn free_bytes(&self) -> Result<Option<u64>, BackendError>;

    /// True if reading costs so much more than reading from a disk that a local copy is worth while.
    fn is_worth_caching(&self) -> bool {
        false
    }

    /// Told by whoever has read the index, or is about to store a pack, which packs hold trees, and
    /// their sizes. These are what a local copy is kept of.
    fn note_tree_packs(&self, _packs: &[Listed]) {}

    /// Told that what was read of a file is not what it should be. True if that came from a local copy,
    /// which is gone now, so that reading once more asks the storage.
    fn distrust(&self, _file: FileName) -> bool {
        false
    }
}
