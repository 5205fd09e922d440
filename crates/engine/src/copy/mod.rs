//! Copies snapshots, and what they need, from one repository to another.
//!
//! The two have different keys, so every blob is opened, proven to be what it should be, and sealed
//! anew. What is compressed stays compressed as it is. Trees are copied byte for byte, so a snapshot
//! has the same tree in both repositories. What the destination has is not read from the source.
//!
//! Only reads the source. In the destination a snapshot is stored only when everything that it needs
//! is durable there; stopping at any point leaves both repositories whole, and the next copy goes on
//! from what is stored. A snapshot that cannot be copied whole is told of and left out, and the others
//! are copied all the same.

mod error;
mod need;
mod same;
mod transfer;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

pub use error::CopyError;
pub use same::{Copies, is_similar};

use need::Need;
use transfer::Transfer;

use crate::clock::Clock;
use crate::codec::Compression;
use crate::id::{SnapshotId, TreeId};
use crate::index::Index;
use crate::lock::HeldLock;
use crate::monitor::{
    Cancellation, Event, Finding, FindingKind, Monitor, Phase, Watch, with_causes,
};
use crate::pack::PACK_BYTES_DEFAULT;
use crate::rearrange::store_snapshot;
use crate::repository::Repository;
use crate::snapshot::{self, Snapshot};
use crate::store::{Fence, PackNotes, Store, StoreOptions, take_stock};

/// Snapshots are stored when what they need has filled so many packs (restic's figure): often enough
/// that a stop costs little, and rarely enough that packs are full.
const PACKS_PER_BATCH: u64 = 100;

/// A copy from one repository to another.
pub struct Copy<'a> {
    /// Where snapshots are. The caller holds a lock on it, or accepts that a prune may stop the copy.
    pub source: &'a Repository,
    /// Where they are to be, too.
    pub destination: &'a Repository,
    /// The lock on the destination; a shared one is enough.
    pub lock: &'a HeldLock,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// How data is stored.
    pub options: &'a CopyOptions,
}

impl std::fmt::Debug for Copy<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copy").field("source", self.source).finish_non_exhaustive()
    }
}

/// How a copy stores data.
#[derive(Debug, Clone)]
pub struct CopyOptions {
    /// How to compress what the source has not compressed.
    pub compression: Compression,
    /// When a pack is full.
    pub pack_bytes: u32,
    /// Read back what was sealed before it is stored.
    pub extra_verify: bool,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            pack_bytes: PACK_BYTES_DEFAULT,
            extra_verify: true,
        }
    }
}

/// A step of a copy.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum CopyStep<'a> {
    /// The destination has this snapshot already.
    Skipped {
        /// The snapshot.
        snapshot: &'a (SnapshotId, Snapshot),
        /// Its id in the destination.
        copy: SnapshotId,
    },
    /// It is this snapshot's turn.
    Started(&'a (SnapshotId, Snapshot)),
    /// What the snapshot needs and the destination lacks was counted.
    Needed {
        /// Blobs.
        blobs: u64,
        /// Their size as the source stores them.
        bytes: u64,
        /// Packs that they lie in.
        packs: u64,
    },
    /// The destination has the snapshot now.
    Stored {
        /// Its id in the source.
        original: SnapshotId,
        /// Its id in the destination.
        copy: SnapshotId,
    },
}

/// What a copy did.
#[derive(Debug, Clone, Default)]
pub struct CopyOutcome {
    /// The snapshots that were copied: their ids in the source and in the destination.
    pub copied: Vec<(SnapshotId, SnapshotId)>,
    /// Those that the destination had already.
    pub skipped: Vec<(SnapshotId, SnapshotId)>,
    /// Those that could not be copied. Why is told in findings.
    pub failed: Vec<SnapshotId>,
    /// How many blobs were stored.
    pub blobs: u64,
    /// Their size as they are stored.
    pub stored_bytes: u64,
}

impl Copy<'_> {
    /// Copies these snapshots in their order, but for those that the destination has.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use holdfast_engine::backend::MemoryBackend;
    /// use holdfast_engine::copy::{Copy, CopyOptions};
    /// use holdfast_engine::monitor::{Cancellation, Unwatched};
    /// use holdfast_engine::snapshot::load_all;
    /// use holdfast_testkit::TestRepository;
    ///
    /// let [here, there] =
    ///     [(); 2].map(|()| TestRepository::create(Arc::new(MemoryBackend::new())));
    /// let source = tempfile::tempdir()?;
    /// std::fs::write(source.path().join("letter.txt"), "Dear reader")?;
    /// let tree = here.backup(source.path())?.tree;
    ///
    /// let snapshots = load_all(&here.repository, &Unwatched)?;
    /// let copy = Copy {
    ///     source: &here.repository,
    ///     destination: &there.repository,
    ///     lock: &there.lock(false),
    ///     clock: &*there.clock,
    ///     options: &CopyOptions::default(),
    /// };
    /// let all: Vec<_> = snapshots.iter().collect();
    /// let outcome = copy.run(&all, &Unwatched, &Cancellation::default())?;
    /// assert_eq!(outcome.copied.len(), 1);
    /// assert_eq!(there.contents(tree)["/letter.txt"], b"Dear reader");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the work cannot go on, see [`CopyError`]. What was stored stays, and is not copied again.
    pub fn run(
        &self,
        snapshots: &[&(SnapshotId, Snapshot)],
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<CopyOutcome, CopyError> {
        if let Some(setting) = self.destination.config().foreign_setting() {
            return Err(CopyError::ForeignSetting { setting: setting.to_owned() });
        }
        let watch = Watch { monitor, cancel };
        monitor.event(Event::Phase(Phase::Preparing));
        let there = snapshot::load_all(self.destination, monitor)?;
        let copies = Copies::among(&there);
        let source_index = self.source.load_index(cancel).map_err(CopyError::source)?;
        let mut index = self.destination.load_index(cancel)?;
        take_stock::<CopyError>(self.destination, &mut index, self.lock, watch)?;
        let store = self.store(index);
        let (need, is_whole) = (Need::new(&source_index), AtomicBool::new(true));
        let work = Work { copy: self, store: &store, index: &source_index, watch, is_whole, need };
        work.run(snapshots, &copies)
    }

    fn store(&self, index: Index) -> Store<'_> {
        let CopyOptions { compression, pack_bytes, extra_verify } = *self.options;
        let options = StoreOptions { compression, pack_bytes, extra_verify, dry_run: false };
        let id = self.destination.config().id;
        let notes = self.lock.journal().map(|journal| PackNotes::new(journal.folder(), id));
        Store::new(self.destination, index, options, self.clock, notes)
    }
}

/// A copy that is under way.
struct Work<'a> {
    copy: &'a Copy<'a>,
    store: &'a Store<'a>,
    /// Of the source.
    index: &'a Index,
    watch: Watch<'a>,
    /// False once something of the source could not be read: what was to be copied is not all there.
    is_whole: AtomicBool,
    need: Need<'a>,
}

impl Work<'_> {
    fn run(
        mut self,
        snapshots: &[&(SnapshotId, Snapshot)],
        copies: &Copies<'_>,
    ) -> Result<CopyOutcome, CopyError> {
        let mut outcome = CopyOutcome::default();
        let bytes_per_batch = u64::from(self.copy.options.pack_bytes) * PACKS_PER_BATCH;
        let (mut seen, mut batch, mut batch_bytes) = (HashSet::new(), Vec::new(), 0);
        for snapshot in snapshots {
            if let Some(copy) = copies.of(snapshot) {
                self.step(CopyStep::Skipped { snapshot, copy });
                outcome.skipped.push((snapshot.0, copy));
                continue;
            }
            self.step(CopyStep::Started(snapshot));
            seen = self.gather(snapshot.1.tree, seen, bytes_per_batch, &mut batch_bytes)?;
            batch.push(*snapshot);
            if batch_bytes >= bytes_per_batch {
                self.commit(&std::mem::take(&mut batch), &mut outcome)?;
                batch_bytes = 0;
            }
        }
        self.commit(&batch, &mut outcome)?;
        let counts = self.store.counts();
        outcome.blobs = counts.data_blobs.load(Ordering::Relaxed);
        outcome.blobs += counts.tree_blobs.load(Ordering::Relaxed);
        outcome.stored_bytes = counts.stored_bytes.load(Ordering::Relaxed);
        Ok(outcome)
    }

    /// Finds what a snapshot needs, and copies whenever enough of it has come together.
    fn gather(
        &mut self,
        tree: TreeId,
        seen: HashSet<TreeId>,
        bytes_per_batch: u64,
        batch_bytes: &mut u64,
    ) -> Result<HashSet<TreeId>, CopyError> {
        let mut needed = need::Needed::default();
        let seen = self.walk(tree, seen, &mut |work, blobs| {
            for blob in blobs {
                if work.need.push(blob) {
                    needed.count(&blob);
                    *batch_bytes += u64::from(blob.location.length);
                }
            }
            if work.need.bytes() >= bytes_per_batch || work.need.is_full() {
                work.transfer()?;
            }
            Ok(())
        })?;
        let need::Needed { blobs, bytes, packs } = needed;
        self.step(CopyStep::Needed { blobs, bytes, packs: packs.len() as u64 });
        Ok(seen)
    }

    /// Copies what has come together, and makes it durable.
    fn transfer(&mut self) -> Result<(), CopyError> {
        let needed = self.need.take();
        if needed.is_empty() {
            return Ok(());
        }
        let transfer = Transfer::new(self, &needed);
        transfer.announce();
        let store = self.store;
        store.run(Fence::Held(self.copy.lock), &|full| transfer.work(full))
    }

    /// Copies the rest, and stores the snapshots of which all is there.
    fn commit(
        &mut self,
        batch: &[&(SnapshotId, Snapshot)],
        outcome: &mut CopyOutcome,
    ) -> Result<(), CopyError> {
        self.transfer()?;
        let destination = self.copy.destination;
        for (id, snapshot) in batch {
            self.check_cancelled()?;
            if !self.is_whole.load(Ordering::Relaxed) && !self.is_complete(snapshot.tree)? {
                outcome.failed.push(*id);
                let message = format!("snapshot {} was not copied: it is not whole", id.short());
                self.find(FindingKind::Damaged, message);
                continue;
            }
            // The parent is of no use there. The first id tells later copies that this is one.
            let original = snapshot.original.or(Some(*id));
            let copy = Snapshot { parent: None, original, ..snapshot.clone() };
            let (lock, monitor) = (self.copy.lock, self.watch.monitor);
            let copy = store_snapshot(destination, &copy, &|| lock.fence(), "copy", monitor)?;
            outcome.copied.push((*id, copy));
            self.step(CopyStep::Stored { original: *id, copy });
        }
        Ok(())
    }

    fn check_cancelled(&self) -> Result<(), CopyError> {
        if self.watch.cancel.is_cancelled() { Err(CopyError::Cancelled) } else { Ok(()) }
    }

    fn step(&self, step: CopyStep<'_>) {
        self.watch.monitor.event(Event::Copy(step));
    }

    /// Tells of something that cannot be copied. From then on every snapshot is looked through before
    /// it is stored.
    fn fail(&self, kind: FindingKind, what: &str, error: &(dyn std::error::Error + 'static)) {
        self.is_whole.store(false, Ordering::Relaxed);
        self.find(kind, format!("{what}{}", with_causes(error)));
    }

    fn find(&self, kind: FindingKind, message: String) {
        let finding = Finding { kind, path: None, during: "copy", message };
        self.watch.monitor.event(Event::Finding(&finding));
    }
}
