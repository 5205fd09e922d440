//! A local copy of what is read again and again: index files, snapshots, and the packs of trees.
//!
//! It is never trusted. What is read from it is compared with its name, which is the sum of its
//! content, before it is used; and blobs are authenticated when they are opened, as always. A file
//! that is torn, emptied, swapped or foreign is dropped and fetched again. Files that are gone from
//! the repository go from here, too, as soon as it is listed. Whatever fails here only costs the time
//! to ask the storage.
//!
//! Files are laid out as in restic's cache, so the two can share one, and several processes can use
//! it at once: a file appears whole, under its name, or not at all.

mod files;
mod folders;

pub(crate) use files::make_folders as make_private_folders;
pub use folders::{CacheFolder, MAX_AGE_DAYS, cache_folders};

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;

use files::Files;

use super::{Backend, BackendError, FileKind, FileName, Listed};
use crate::id::RawId;

/// Packs that are larger are not kept: no program makes such packs of trees.
const PACK_BYTES_MAX: u64 = 160 << 20;

/// A storage with a local copy of some of its files.
///
/// ```
/// use std::sync::Arc;
/// use std::time::UNIX_EPOCH;
///
/// use holdfast_engine::backend::{Backend, CachedBackend, FileKind, FileName, MemoryBackend};
/// use holdfast_engine::id::RawId;
///
/// let (memory, base) = (Arc::new(MemoryBackend::new()), tempfile::tempdir()?);
/// let repository = RawId::of(b"a repository");
/// let cached = CachedBackend::new(memory.clone(), base.path(), repository, UNIX_EPOCH);
/// let file = FileName::new(FileKind::Snapshot, RawId::of(b"content"));
/// cached.write(file, &[b"content"])?;
/// assert_eq!(cached.read(file)?, b"content");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CachedBackend {
    inner: Arc<dyn Backend>,
    files: Files,
    /// The packs of trees that are known, and their sizes.
    tree_packs: Mutex<HashMap<RawId, u64>>,
    /// Those that this process has compared with their names.
    proven: Mutex<HashSet<RawId>>,
    /// Held while a pack is fetched, so that it is fetched once.
    fetching: Mutex<HashMap<RawId, Arc<Mutex<()>>>>,
}

impl CachedBackend {
    /// `inner`, which is the repository with this id, with copies below the folder `base`, which is
    /// made for nobody else to read. `now` tells when the cache was last used.
    #[must_use]
    pub fn new(inner: Arc<dyn Backend>, base: &Path, repository: RawId, now: SystemTime) -> Self {
        Self {
            inner,
            files: Files::new(base, repository, now),
            tree_packs: Mutex::default(),
            proven: Mutex::default(),
            fetching: Mutex::default(),
        }
    }

    /// The folder of this repository's copies.
    pub(crate) fn cache_folder(&self) -> &Path {
        self.files.folder()
    }

    /// A whole file that matches its name.
    fn kept(&self, file: FileName) -> Option<Vec<u8>> {
        let bytes = self.files.read(file)?;
        if RawId::of(&bytes) == file.id {
            return Some(bytes);
        }
        self.drop_copy(file);
        None
    }

    fn drop_copy(&self, file: FileName) {
        self.proven.lock().remove(&file.id);
        self.files.remove(file);
    }

    /// Reads a part of a pack of trees from its copy, which is made if there is none. False if that
    /// does not work.
    fn read_from_copy(
        &self,
        file: FileName,
        pack_bytes: u64,
        range: (u64, usize),
        out: &mut Vec<u8>,
    ) -> bool {
        if self.proven.lock().contains(&file.id) {
            if self.files.read_range(file, range, out) {
                return true;
            }
            self.drop_copy(file);
        }
        let turn = Arc::clone(self.fetching.lock().entry(file.id).or_default());
        let fetch = turn.lock();
        if self.proven.lock().contains(&file.id) && self.files.read_range(file, range, out) {
            return true;
        }
        let kept = self.kept(file);
        if kept.is_some() {
            self.proven.lock().insert(file.id);
        }
        let bytes = kept.or_else(|| self.fetch(file, pack_bytes));
        drop(fetch);
        self.fetching.lock().remove(&file.id);
        let Some(bytes) = bytes else { return false };
        let start = usize::try_from(range.0).unwrap_or(usize::MAX);
        let end = start.saturating_add(range.1);
        let Some(wanted) = bytes.get(start..end) else { return false };
        out.clear();
        out.extend_from_slice(wanted);
        true
    }

    fn fetch(&self, file: FileName, pack_bytes: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.inner.read_range(file, 0, pack_bytes as usize, &mut bytes).ok()?;
        if RawId::of(&bytes) != file.id {
            return None;
        }
        if self.files.write(file, &[&bytes]) {
            self.proven.lock().insert(file.id);
        }
        Some(bytes)
    }
}

impl Backend for CachedBackend {
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
        let listed = self.inner.list(kind)?;
        self.files.keep_only(kind, &listed.iter().map(|file| file.id).collect());
        Ok(listed)
    }

    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        if !matches!(file.kind, FileKind::Index | FileKind::Snapshot) {
            return self.inner.read(file);
        }
        if let Some(bytes) = self.kept(file) {
            return Ok(bytes);
        }
        let bytes = self.inner.read(file)?;
        if RawId::of(&bytes) == file.id {
            self.files.write(file, &[&bytes]);
        }
        Ok(bytes)
    }

    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        if file.kind == FileKind::Pack {
            let pack_bytes = self.tree_packs.lock().get(&file.id).copied();
            let pack_bytes = pack_bytes.filter(|bytes| *bytes <= PACK_BYTES_MAX);
            if pack_bytes
                .is_some_and(|bytes| self.read_from_copy(file, bytes, (offset, length), out))
            {
                return Ok(());
            }
        }
        self.inner.read_range(file, offset, length, out)
    }

    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        self.inner.write(file, parts)?;
        let is_kept = match file.kind {
            FileKind::Index | FileKind::Snapshot => true,
            FileKind::Pack => self.tree_packs.lock().contains_key(&file.id),
            _ => false,
        };
        if is_kept {
            self.files.write(file, parts);
        }
        Ok(())
    }

    fn replace_config(&self, bytes: &[u8]) -> Result<(), BackendError> {
        self.inner.replace_config(bytes)
    }

    fn include_in_sync(&self, file: FileName) {
        self.inner.include_in_sync(file);
    }

    fn sync(&self) -> Result<(), BackendError> {
        self.inner.sync()
    }

    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        self.drop_copy(file);
        self.inner.remove(file)
    }

    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        self.inner.modified(file)
    }

    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        self.inner.free_bytes()
    }

    fn is_worth_caching(&self) -> bool {
        false
    }

    fn note_tree_packs(&self, packs: &[Listed]) {
        self.tree_packs.lock().extend(packs.iter().map(|pack| (pack.id, pack.size)));
    }

    fn distrust(&self, file: FileName) -> bool {
        let has_copy = self.files.has(file);
        self.drop_copy(file);
        has_copy
    }
}
