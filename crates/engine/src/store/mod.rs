//! From plaintext to durable packs: each blob once, sealed, verified, packed, indexed.
//!
//! [`Store`] is shared by all workers. What a blob needs besides lies in a [`Sealer`] per worker. Full
//! packs go to a few threads that store them; when these cannot keep up, workers wait, which is what
//! bounds memory. An index file is stored only after the packs that it names are durable.

mod adopt;
mod notes;
mod packer;
mod ranges;
mod run;
mod sealed;
mod stock;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use parking_lot::{Mutex, RwLock};

pub(crate) use adopt::adopt_left;
use notes::LeftNotes;
pub(crate) use notes::PackNotes;
use packer::{Packer, Sealed, SpareBuffers};
pub(crate) use ranges::ranges;
pub(crate) use sealed::Frame;
pub(crate) use stock::take_stock;

use crate::backend::{FileKind, FileName, Listed};
use crate::blob::BlobKind;
use crate::clock::Clock;
use crate::codec::{BlobCompressor, BlobDecompressor, Compression};
use crate::crypto::OVERHEAD_BYTES;
use crate::id::{BlobId, IndexId, PackId};
use crate::index::{BLOBS_PER_FILE_MAX, Index, IndexFile, IndexPack};
use crate::lock::{HeldLock, LockLost};
use crate::pack::{FinishedPack, PackBuilder};
use crate::rearrange::write_held;
use crate::repository::{Repository, WriteError};

/// An index file is stored after this long even if it is small, so that an interrupted backup finds
/// its packs again (restic's figure).
const INDEX_AGE_MAX: Duration = Duration::from_secs(10 * 60);

/// Threads that store packs: enough to hide the wait for a disk, and few, because each holds a pack.
const UPLOADERS_MAX: usize = 3;

/// The sets of new blobs are split so that workers rarely wait for each other.
const SHARDS: usize = 16;

/// How blobs are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoreOptions {
    pub(crate) compression: Compression,
    pub(crate) pack_bytes: u32,
    pub(crate) extra_verify: bool,
    /// Count what would be stored, and store nothing.
    pub(crate) dry_run: bool,
}

/// Takes blobs in.
pub(crate) struct Store<'a> {
    repository: &'a Repository,
    options: StoreOptions,
    clock: &'a dyn Clock,
    /// What durable index files say.
    index: RwLock<Index>,
    /// Blobs that are stored or being stored and in no index file yet.
    fresh: [Mutex<HashSet<(BlobKind, BlobId)>>; SHARDS],
    data: Packer,
    trees: Packer,
    spare: SpareBuffers,
    unindexed: Mutex<Unindexed>,
    /// Where packs are noted until an index file names them, if there is such a place.
    notes: Option<PackNotes>,
    /// The index files that were stored.
    index_files: Mutex<HashSet<IndexId>>,
    /// True once nothing more is to be taken in, because what was could not be stored.
    is_stopped: AtomicBool,
    counts: StoreCounts,
}

/// Stored packs that no index file names yet.
#[derive(Default)]
struct Unindexed {
    packs: Vec<IndexPack>,
    blobs: usize,
    since: Option<Duration>,
}

/// What was stored so far.
#[derive(Debug, Default)]
pub(crate) struct StoreCounts {
    pub(crate) data_blobs: AtomicU64,
    pub(crate) tree_blobs: AtomicU64,
    /// Bytes before compression.
    pub(crate) added_bytes: AtomicU64,
    /// Bytes after compression and sealing.
    pub(crate) stored_bytes: AtomicU64,
}

/// What storing one blob came to; all zero if it was there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Added {
    pub(crate) bytes: u64,
    pub(crate) stored_bytes: u64,
}

impl std::ops::AddAssign for Added {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.stored_bytes += other.stored_bytes;
    }
}

/// What is asked before anything is stored that others rely on.
#[derive(Clone, Copy)]
pub(crate) enum Fence<'a> {
    /// This lock must have been held all the time.
    Held(&'a HeldLock),
    /// Nothing is stored, so nothing is asked.
    DryRun,
}

impl Fence<'_> {
    pub(crate) fn check(self) -> Result<(), LockLost> {
        match self {
            Self::Held(lock) => lock.fence(),
            Self::DryRun => Ok(()),
        }
    }
}

/// Why a blob or an index file could not be stored. The backup cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The storage failed.
    #[error("could not store what was read")]
    Write(#[from] WriteError),
    /// Compressing and reading back gave something else: the computer cannot be trusted.
    #[error("blob {id} did not read back as it was sealed, and was not stored")]
    Verification {
        /// Which blob.
        id: BlobId,
    },
    /// A pack's header does not tell what the pack holds: the computer cannot be trusted.
    #[error("pack {id} did not read back as it was sealed, and was not stored")]
    PackVerification {
        /// Which pack.
        id: PackId,
    },
    /// The lock of this backup is gone, and with it the certainty that its data is still there.
    #[error("the lock on the repository was lost")]
    Lock(#[from] LockLost),
    /// The compressor failed.
    #[error("could not compress blob {id}")]
    Compress {
        /// Which blob.
        id: BlobId,
        /// The cause.
        source: std::io::Error,
    },
    /// There is no memory for the compressor.
    #[error("could not prepare to compress")]
    Tools {
        /// The cause.
        source: std::io::Error,
    },
    /// What was to be stored as one file could not be read to its end.
    #[error("could not read the input to its end")]
    Stream {
        /// The cause.
        source: std::io::Error,
    },
    /// Other threads failed first; theirs is the cause.
    #[error("stopped")]
    Stopped,
}

/// A worker's tools and scratch space.
pub(crate) struct Sealer {
    compressor: BlobCompressor,
    decompressor: BlobDecompressor,
    compressed: Vec<u8>,
    sealed: Vec<u8>,
    again: Vec<u8>,
}

impl Sealer {
    pub(crate) fn new(compression: Compression) -> std::io::Result<Self> {
        Ok(Self {
            compressor: BlobCompressor::new(compression)?,
            decompressor: BlobDecompressor::new().map_err(std::io::Error::other)?,
            compressed: Vec::new(),
            sealed: Vec::new(),
            again: Vec::new(),
        })
    }
}

impl<'a> Store<'a> {
    pub(crate) fn new(
        repository: &'a Repository,
        index: Index,
        options: StoreOptions,
        clock: &'a dyn Clock,
        notes: Option<PackNotes>,
    ) -> Self {
        Self {
            repository,
            options,
            clock,
            index: RwLock::new(index),
            fresh: std::array::from_fn(|_| Mutex::default()),
            data: Packer::new(BlobKind::Data, options.pack_bytes),
            trees: Packer::new(BlobKind::Tree, options.pack_bytes),
            spare: SpareBuffers::default(),
            unindexed: Mutex::default(),
            notes,
            index_files: Mutex::default(),
            is_stopped: AtomicBool::new(false),
            counts: StoreCounts::default(),
        }
    }

    /// The tools of a worker.
    pub(crate) fn sealer(&self) -> Result<Sealer, StoreError> {
        Sealer::new(self.options.compression).map_err(|source| StoreError::Tools { source })
    }

    /// What was stored so far.
    pub(crate) fn counts(&self) -> &StoreCounts {
        &self.counts
    }

    /// The index as it is now: what was there before, and what index files of this run say.
    pub(crate) fn into_index(self) -> Index {
        self.index.into_inner()
    }

    /// The index files that were stored.
    pub(crate) fn into_index_files(self) -> HashSet<IndexId> {
        self.index_files.into_inner()
    }

    /// Makes whoever stores more fail.
    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// True if the blob is in a durable index file.
    pub(crate) fn is_indexed(&self, kind: BlobKind, id: &BlobId) -> bool {
        self.index.read().contains(kind, id)
    }

    /// Reads a tree that was there before this run.
    pub(crate) fn read_indexed(
        &self,
        kind: BlobKind,
        id: BlobId,
    ) -> Result<Vec<u8>, crate::repository::ReadError> {
        self.repository.read_blob(&self.index.read(), kind, id)
    }

    /// Counts as absent what lies in the packs that should have this blob, which could not be read
    /// from any of them. What of it is wanted is stored again.
    pub(crate) fn distrust_packs_of(&self, kind: BlobKind, id: &BlobId) {
        let located = self.index.read().locate_to_read(kind, id);
        let packs = located.into_iter().map(|location| location.pack).collect();
        self.index.write().forget_blobs_in(&packs);
    }

    /// Stores a blob unless the repository has it. Waits while full packs cannot be stored.
    pub(crate) fn add(
        &self,
        kind: BlobKind,
        id: BlobId,
        plaintext: &[u8],
        sealer: &mut Sealer,
        full: &Sender<FinishedPack>,
    ) -> Result<Added, StoreError> {
        if self.is_indexed(kind, &id) || !self.claim(kind, id) {
            return Ok(Added::default());
        }
        let is_compressed = self.compress(kind, id, plaintext, sealer)?;
        let payload = if is_compressed { &sealer.compressed } else { plaintext };
        let added = Added {
            bytes: plaintext.len() as u64,
            stored_bytes: (payload.len() + OVERHEAD_BYTES) as u64,
        };
        self.count(kind, added);
        if self.options.dry_run {
            return Ok(added);
        }
        let key = self.repository.master_key();
        key.seal_into(payload, &mut sealer.sealed);
        if self.options.extra_verify {
            self.verify(id, plaintext, is_compressed, sealer)?;
        }
        let length = u32::try_from(plaintext.len()).expect("blobs are far smaller than 4 GiB");
        let uncompressed_length = is_compressed.then_some(length);
        let blob = Sealed { id, bytes: &sealer.sealed, uncompressed_length };
        self.pack(kind, &blob, full)?;
        Ok(added)
    }

    fn pack(
        &self,
        kind: BlobKind,
        blob: &Sealed<'_>,
        full: &Sender<FinishedPack>,
    ) -> Result<(), StoreError> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return Err(StoreError::Stopped);
        }
        let packer = match kind {
            BlobKind::Data => &self.data,
            BlobKind::Tree => &self.trees,
        };
        match packer.add(blob, &self.spare) {
            Some(pack) => full.send(self.finish(pack)?).map_err(|_| StoreError::Stopped),
            None => Ok(()),
        }
    }

    fn fresh_like(&self, id: &BlobId) -> &Mutex<HashSet<(BlobKind, BlobId)>> {
        &self.fresh[usize::from(id.as_bytes()[31]) % SHARDS]
    }

    /// True for the one caller that is to store the blob.
    fn claim(&self, kind: BlobKind, id: BlobId) -> bool {
        let claimed = self.fresh_like(&id).lock().insert((kind, id));
        // Between our look at the index and this one, an index file may have taken the blob in.
        claimed && !self.is_indexed(kind, &id)
    }

    /// Compresses into the sealer, where that is allowed and worth it.
    fn compress(
        &self,
        kind: BlobKind,
        id: BlobId,
        plaintext: &[u8],
        sealer: &mut Sealer,
    ) -> Result<bool, StoreError> {
        let is_allowed = self.repository.config().version >= 2
            && !plaintext.is_empty()
            && (kind == BlobKind::Tree || self.options.compression != Compression::Off);
        if !is_allowed {
            return Ok(false);
        }
        sealer
            .compressor
            .compress(plaintext, &mut sealer.compressed)
            .map_err(|source| StoreError::Compress { id, source })?;
        // Trees stay compressed in any case: restic repacks packs with others.
        Ok(kind == BlobKind::Tree || sealer.compressed.len() < plaintext.len())
    }

    /// Reads back what was sealed, before anybody relies on it: encoders have had bugs (restic
    /// #4523), and memory has errors.
    fn verify(
        &self,
        id: BlobId,
        plaintext: &[u8],
        is_compressed: bool,
        sealer: &mut Sealer,
    ) -> Result<(), StoreError> {
        let Sealer { decompressor, compressed, sealed, again, .. } = sealer;
        let payload = if is_compressed { compressed.as_slice() } else { plaintext };
        let mut is_right = self.repository.master_key().opens_as(sealed, payload);
        if is_right && is_compressed {
            // What was opened is what was compressed, so that either proves the other.
            let decompressed = decompressor.decompress(payload, plaintext.len(), again);
            is_right = decompressed.is_ok() && again == plaintext;
        }
        if is_right { Ok(()) } else { Err(StoreError::Verification { id }) }
    }

    fn count(&self, kind: BlobKind, added: Added) {
        let blobs = match kind {
            BlobKind::Data => &self.counts.data_blobs,
            BlobKind::Tree => &self.counts.tree_blobs,
        };
        blobs.fetch_add(1, Ordering::Relaxed);
        self.counts.added_bytes.fetch_add(added.bytes, Ordering::Relaxed);
        self.counts.stored_bytes.fetch_add(added.stored_bytes, Ordering::Relaxed);
    }

    /// How many threads are to run [`upload`](Self::upload).
    pub(crate) fn uploaders(&self) -> usize {
        self.repository.backend().connections().clamp(1, UPLOADERS_MAX)
    }

    /// Stores packs until no more can come. `fence` is asked before an index file is stored.
    pub(crate) fn upload(
        &self,
        full: &Receiver<FinishedPack>,
        fence: Fence<'_>,
    ) -> Result<(), StoreError> {
        for pack in full {
            self.upload_one(&pack)?;
            self.spare.give(pack.bytes);
            if let Some(file) = self.take_due_index() {
                self.store_index(&file, fence)?;
            }
        }
        Ok(())
    }

    fn upload_one(&self, pack: &FinishedPack) -> Result<(), StoreError> {
        if let Some(notes) = &self.notes {
            // Without the note an interruption costs storing the pack's content again.
            let _ = notes.note(pack.id);
        }
        let backend = self.repository.backend();
        if pack.blobs.first().is_some_and(|blob| blob.kind == BlobKind::Tree) {
            backend.note_tree_packs(&[Listed { id: pack.id.0, size: pack.bytes.len() as u64 }]);
        }
        backend
            .write(FileName::new(FileKind::Pack, pack.id.0), &[&pack.bytes])
            .map_err(|source| WriteError::Backend { kind: FileKind::Pack, source })?;
        let mut unindexed = self.unindexed.lock();
        unindexed.blobs += pack.blobs.len();
        unindexed.since.get_or_insert_with(|| self.clock.awake());
        unindexed.packs.push(IndexPack::new(pack.id, &pack.blobs));
        Ok(())
    }

    fn take_due_index(&self) -> Option<IndexFile> {
        let mut unindexed = self.unindexed.lock();
        let age = unindexed.since.map(|since| self.clock.awake().saturating_sub(since));
        let is_due =
            unindexed.blobs >= BLOBS_PER_FILE_MAX || age.is_some_and(|a| a > INDEX_AGE_MAX);
        is_due.then(|| IndexFile { packs: unindexed.take(), packs_to_delete: None })
    }

    fn store_index(&self, file: &IndexFile, fence: Fence<'_>) -> Result<(), StoreError> {
        let backend = self.repository.backend();
        let failed = |source| WriteError::Backend { kind: FileKind::Index, source };
        backend.sync().map_err(failed)?;
        let check = || fence.check();
        let id = write_held(self.repository, FileKind::Index, &file.to_json(), &check)?;
        self.index_files.lock().insert(IndexId(id));
        self.index.write().add(file);
        for blob in file.packs.iter().flat_map(|pack| &pack.blobs) {
            self.fresh_like(&blob.id).lock().remove(&(blob.kind, blob.id));
        }
        Ok(())
    }

    /// The packs that are not full yet. Call when all blobs were added.
    pub(crate) fn take_rest(&self) -> Result<Vec<FinishedPack>, StoreError> {
        let rest = [&self.data, &self.trees].into_iter().flat_map(Packer::take_rest);
        rest.map(|pack| self.finish(pack)).collect()
    }

    /// Makes everything durable that was added: the rest of the packs must have been uploaded.
    pub(crate) fn flush(&self, fence: Fence<'_>) -> Result<(), StoreError> {
        let packs = self.unindexed.lock().take();
        if !packs.is_empty() {
            self.store_index(&IndexFile { packs, packs_to_delete: None }, fence)?;
        }
        let failed = |source| WriteError::Backend { kind: FileKind::Index, source };
        self.repository.backend().sync().map_err(failed)?;
        if let Some(notes) = &self.notes {
            notes.forget();
        }
        Ok(())
    }

    /// Seals a pack's header, and reads it back before anybody relies on it.
    fn finish(&self, pack: PackBuilder) -> Result<FinishedPack, StoreError> {
        let key = self.repository.master_key();
        let pack = pack.finish(key);
        if self.options.extra_verify && !pack.reads_back(key) {
            return Err(StoreError::PackVerification { id: pack.id });
        }
        Ok(pack)
    }
}

impl Unindexed {
    fn take(&mut self) -> Vec<IndexPack> {
        (self.blobs, self.since) = (0, None);
        std::mem::take(&mut self.packs)
    }
}
