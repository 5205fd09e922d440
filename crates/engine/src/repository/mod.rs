//! A repository that a password has opened.
//!
//! [`Repository`] turns bytes of a [`Backend`] into verified content and back. Nothing that it
//! returns was taken on trust: a file's content matches its name, a blob's content matches its id.

mod error;
mod index_files;
mod keys;
mod opening;
mod place;

pub use error::{CreateError, FindError, OpenError, ReadError, WriteError};
pub use keys::{KeyChangeError, KeyFileError, NewKey, StoredKey};
pub(crate) use opening::{Beside, Contents};

use opening::check_length;
use place::{find_key, is_absent, refuse_remains};

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::tz::TimeZone;

use crate::backend::{Backend, BackendErrorKind, CachedBackend, FileKind, FileName, Listed};
use crate::blob::{BlobKind, BlobLocation, PackedBlob};
use crate::chunker::Polynomial;
use crate::clock::Clock;
use crate::codec;
use crate::config::{FORMAT_VERSIONS, RepositoryConfig};
use crate::crypto::MasterKey;
use crate::id::{BlobId, KeyId, PackId, RawId, TreeId};
use crate::identity::Identity;
use crate::index::{Index, SortedIndex};
use crate::key::{KdfCost, KeyFile};
use crate::pack::Header;
use crate::secret::Password;
use crate::time::Time;
use crate::tree::Tree;

/// How many keys are tried before a password is called wrong (restic's limit).
const KEYS_TRIED_MAX: usize = 20;

/// An open repository. Shared by reference; every method may be called from any thread.
///
/// ```
/// use std::sync::Arc;
///
/// use holdfast_engine::backend::{FileKind, LocalBackend};
/// use holdfast_engine::repository::Repository;
/// use holdfast_engine::secret::Password;
/// use holdfast_testkit::{PASSWORD, TestRepository};
///
/// let folder = tempfile::tempdir()?;
/// TestRepository::in_folder(folder.path());
///
/// let storage = Arc::new(LocalBackend::new(folder.path()));
/// let repository = Repository::open(storage.clone(), &Password::new(PASSWORD), None)?;
/// assert_eq!(repository.config().version, 2);
/// assert!(repository.list(FileKind::Snapshot)?.is_empty());
/// assert!(Repository::open(storage, &Password::new("wrong"), None).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Repository {
    backend: Arc<dyn Backend>,
    config: RepositoryConfig,
    polynomial: Polynomial,
    key: Arc<MasterKey>,
    key_id: KeyId,
    /// Kept in the cache, if there is one.
    sorted: Option<SortedIndex>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("location", &self.location()).finish_non_exhaustive()
    }
}

/// What a new repository is like.
#[derive(Debug, Clone)]
pub struct CreateOptions {
    /// Format version, 1 or 2.
    pub format_version: u32,
    /// The polynomial of another repository, so that the same files are cut alike; else random.
    pub chunker_polynomial: Option<Polynomial>,
    /// The cost of deriving the key; else what takes this computer half a second.
    pub kdf_cost: Option<KdfCost>,
}

impl Default for CreateOptions {
    fn default() -> Self {
        Self { format_version: *FORMAT_VERSIONS.end(), chunker_polynomial: None, kdf_cost: None }
    }
}

impl Repository {
    /// Makes a repository where there is none, and opens it.
    ///
    /// # Errors
    /// When there is one, when its remains are there (a lifecycle rule may have removed the config
    /// alone), or when the storage fails.
    pub fn create(
        backend: Arc<dyn Backend>,
        password: &Password,
        options: &CreateOptions,
        identity: &Identity,
        clock: &dyn Clock,
        zone: &TimeZone,
    ) -> Result<Self, CreateError> {
        let version = options.format_version;
        if !FORMAT_VERSIONS.contains(&version) {
            return Err(CreateError::UnknownFormat { version });
        }
        refuse_remains(&*backend)?;
        let failed = |source| CreateError::Backend { location: backend.location(), source };
        let random = |source| CreateError::Random { source };
        backend.create().map_err(failed)?;

        let polynomial = match options.chunker_polynomial {
            Some(polynomial) => polynomial,
            None => Polynomial::random().map_err(random)?,
        };
        let mut id = [0u8; RawId::LENGTH];
        getrandom::fill(&mut id).map_err(random)?;
        let config = RepositoryConfig::new(version, RawId::from_bytes(id), polynomial.to_string());

        let key = MasterKey::generate().map_err(random)?;
        let cost = options.kdf_cost.unwrap_or_else(|| KdfCost::calibrate(clock));
        let created = Time::from_timestamp(clock.now(), zone).to_string();
        let key_file = KeyFile::new(&key, password, cost, identity, created).map_err(random)?;
        let json = serde_json::to_vec(&key_file).expect("strings and numbers become JSON");
        let key_id = KeyId::of(&json);
        backend.write(FileName::new(FileKind::Key, key_id.0), &[&json]).map_err(failed)?;
        backend.sync().map_err(failed)?;

        // The config makes a repository of the folder, so it comes last.
        let json = serde_json::to_vec(&config).expect("strings and numbers become JSON");
        backend.write(FileName::CONFIG, &[&key.seal(&json)]).map_err(failed)?;
        backend.sync().map_err(failed)?;
        Ok(Self { backend, config, polynomial, key: Arc::new(key), key_id, sorted: None })
    }

    /// Opens a repository with a password. Deriving a key takes about half a second for each key
    /// tried; `key_hint`, the beginning of a key's id, is tried first.
    ///
    /// # Errors
    /// What stands in the way, see [`OpenError`].
    pub fn open(
        backend: Arc<dyn Backend>,
        password: &Password,
        key_hint: Option<&str>,
    ) -> Result<Self, OpenError> {
        let location = backend.location();
        let sealed_config = match backend.read(FileName::CONFIG) {
            Err(error) if is_absent(&error) => {
                return Err(OpenError::NoRepository { location });
            }
            read => {
                read.map_err(|source| OpenError::Backend { location: location.clone(), source })?
            }
        };
        let (key_id, key) = find_key(&*backend, password, key_hint)?;
        let damaged = |reason| OpenError::DamagedConfig { location: location.clone(), reason };
        let json = key.open(&sealed_config).map_err(|_| damaged("its seal does not match"))?;
        let config: RepositoryConfig =
            serde_json::from_slice(&json).map_err(|_| damaged("it is not a config"))?;
        if config.version > *FORMAT_VERSIONS.end() {
            return Err(OpenError::NewerFormat { location, version: config.version });
        }
        if !FORMAT_VERSIONS.contains(&config.version) {
            return Err(damaged("its version is not one that ever was"));
        }
        let polynomial = config
            .chunker_polynomial
            .parse()
            .map_err(|_| damaged("its chunker polynomial is not valid"))?;
        Ok(Self { backend, config, polynomial, key: Arc::new(key), key_id, sorted: None })
    }

    /// The same with local copies of what is read often, below the folder `base`. `now` tells when the
    /// cache was last used.
    #[must_use]
    pub fn cached_in(mut self, base: &Path, now: SystemTime) -> Self {
        let cached = CachedBackend::new(self.backend, base, self.config.id, now);
        self.sorted = Some(SortedIndex::new(cached.cache_folder(), self.config.id));
        self.backend = Arc::new(cached);
        self
    }

    #[cfg(test)]
    pub(crate) fn sorted_index(&mut self) -> Option<&mut SortedIndex> {
        self.sorted.as_mut()
    }

    /// The repository's config.
    #[must_use]
    pub fn config(&self) -> &RepositoryConfig {
        &self.config
    }

    /// The polynomial that decides where files are cut.
    #[must_use]
    pub fn polynomial(&self) -> Polynomial {
        self.polynomial
    }

    /// Where its files are stored.
    #[must_use]
    pub fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }

    /// Where it is, for people.
    #[must_use]
    pub fn location(&self) -> String {
        self.backend.location()
    }

    /// The key that the password opened.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The master key, which opens everything.
    #[must_use]
    pub fn master_key(&self) -> &MasterKey {
        &self.key
    }

    /// All files of a kind.
    ///
    /// # Errors
    /// When the storage cannot be listed.
    pub fn list(&self, kind: FileKind) -> Result<Vec<Listed>, ReadError> {
        self.backend.list(kind).map_err(|source| ReadError::List { kind, source })
    }

    /// The one file whose id starts with `prefix`.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn find_id(&self, kind: FileKind, prefix: &str) -> Result<RawId, FindError> {
        let listed = self.list(kind)?;
        let mut found = listed.iter().filter(|file| file.id.to_string().starts_with(prefix));
        let prefix = prefix.to_owned();
        match (found.next(), found.count()) {
            (Some(file), 0) => Ok(file.id),
            (Some(_), others) => Err(FindError::Several { kind, prefix, count: others + 1 }),
            (None, _) => Err(FindError::None { kind, prefix }),
        }
    }

    /// The bytes of a file as they are stored, known to match its name.
    ///
    /// # Errors
    /// When the storage fails, or the content does not match the name at a second reading either.
    pub fn read_raw(&self, file: FileName) -> Result<Vec<u8>, ReadError> {
        for _ in 0..2 {
            let bytes =
                self.backend.read(file).map_err(|source| ReadError::Backend { file, source })?;
            if file.kind == FileKind::Config || RawId::of(&bytes) == file.id {
                return Ok(bytes);
            }
        }
        Err(ReadError::WrongContent { file })
    }

    /// The JSON of a snapshot, index file or lock.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn read_file(&self, kind: FileKind, id: impl Into<RawId>) -> Result<Vec<u8>, ReadError> {
        let file = FileName::new(kind, id);
        let bytes = self.read_sealed(file)?;
        codec::unwrap_file(bytes).map_err(|source| ReadError::Codec { file, source })
    }

    /// What is sealed in a file, wrapped as it is.
    fn read_sealed(&self, file: FileName) -> Result<Vec<u8>, ReadError> {
        let sealed = self.read_raw(file)?;
        self.key.open(&sealed).map_err(|_| ReadError::BrokenSeal { file })
    }

    /// The file that would hold this JSON, and its id. No two calls give the same.
    ///
    /// # Errors
    /// When it does not read back.
    pub fn seal_file(&self, kind: FileKind, json: &[u8]) -> Result<(RawId, Vec<u8>), WriteError> {
        let sealed = self.key.seal(&codec::wrap_file(json, self.config.version));
        let again = self.key.open(&sealed).ok().and_then(|bytes| codec::unwrap_file(bytes).ok());
        if again.as_deref() != Some(json) {
            return Err(WriteError::Verification { kind });
        }
        Ok((RawId::of(&sealed), sealed))
    }

    /// Stores JSON as a snapshot, index file or lock. It is visible on return, and durable after the
    /// backend's next sync.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn write_file(&self, kind: FileKind, json: &[u8]) -> Result<RawId, WriteError> {
        let (id, sealed) = self.seal_file(kind, json)?;
        self.backend
            .write(FileName::new(kind, id), &[&sealed])
            .map_err(|source| WriteError::Backend { kind, source })?;
        Ok(id)
    }

    /// A blob's content, from any pack that still has it.
    ///
    /// # Errors
    /// When no pack is known to have it, or none has it whole.
    pub fn read_blob(
        &self,
        index: &Index,
        kind: BlobKind,
        id: BlobId,
    ) -> Result<Vec<u8>, ReadError> {
        let mut failure = ReadError::MissingBlob { kind, id };
        let (mut sealed, mut out) = (Vec::new(), Vec::new());
        for location in index.locate_to_read(kind, &id) {
            match self.read_located(&PackedBlob { id, kind, location }, &mut sealed, &mut out) {
                Ok(()) => return Ok(out),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// One folder's entries.
    ///
    /// # Errors
    /// When no pack has the tree whole, or its content is not a tree.
    pub fn read_tree(&self, index: &Index, id: TreeId) -> Result<Tree, ReadError> {
        let json = self.read_blob(index, BlobKind::Tree, id.into())?;
        Tree::decode(&json).map_err(|source| ReadError::Tree { id, source })
    }

    /// A blob's content from one place, into `out`; `sealed` is scratch.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn read_located(
        &self,
        blob: &PackedBlob,
        sealed: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        check_length(blob)?;
        let BlobLocation { pack, offset, length, .. } = blob.location;
        let file = FileName::new(FileKind::Pack, pack.0);
        self.backend.read_range(file, offset.into(), length as usize, sealed).map_err(
            |source| {
                if matches!(source.kind, BackendErrorKind::NotFound | BackendErrorKind::TooShort) {
                    self.distrust_sorted_index();
                }
                ReadError::Backend { file, source }
            },
        )?;
        let opened = self.open_blob(sealed, blob, out);
        if opened.is_err() {
            self.distrust_sorted_index();
            if self.backend.distrust(file) {
                return self.read_located(blob, sealed, out);
            }
        }
        opened
    }

    /// What the sorted index says is not so, or what it speaks of is damaged: the next load reads the
    /// index files, which tells the one from the other.
    pub(crate) fn distrust_sorted_index(&self) {
        if let Some(sorted) = &self.sorted {
            sorted.distrust();
        }
    }

    /// A pack's header, given the size of its file.
    ///
    /// # Errors
    /// When it cannot be read, or cannot be believed.
    pub fn read_pack_header(&self, pack: PackId, size: u64) -> Result<Vec<PackedBlob>, ReadError> {
        let read = self.read_header_once(pack, size);
        let is_damaged = matches!(read, Err(ReadError::Header { .. }));
        if is_damaged && self.backend.distrust(FileName::new(FileKind::Pack, pack.0)) {
            return self.read_header_once(pack, size);
        }
        read
    }

    fn read_header_once(&self, pack: PackId, size: u64) -> Result<Vec<PackedBlob>, ReadError> {
        let file = FileName::new(FileKind::Pack, pack.0);
        let damaged = |source| ReadError::Header { pack, source };
        let mut tail = Vec::new();
        let read_last = |count: u64, tail: &mut Vec<u8>| {
            let length = usize::try_from(count).unwrap_or(usize::MAX);
            self.backend
                .read_range(file, size - count, length, tail)
                .map_err(|source| ReadError::Backend { file, source })
        };
        read_last(size.min(Header::FIRST_READ_BYTES), &mut tail)?;
        let tail_bytes = Header::tail_bytes(size, &tail).map_err(damaged)?;
        if tail_bytes > tail.len() as u64 {
            read_last(tail_bytes, &mut tail)?;
        }
        let header = &tail[tail.len() - tail_bytes as usize..];
        Header::read(&self.key, pack, size, header).map_err(damaged)
    }
}

#[cfg(test)]
mod tests;
