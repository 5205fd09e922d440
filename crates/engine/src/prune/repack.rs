//! Copies what is needed out of packs that are to go.
//!
//! Sealed bytes are copied as they are, after they were opened and found to be what they should be:
//! the source is forgotten later, so this is the last look at it. Only what is not compressed and is
//! to be is sealed anew.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::Sender;

use super::plan::Fate;
use super::{Prune, PruneError, PrunePlan};
use crate::blob::{BlobKind, PackedBlob};
use crate::id::IndexId;
use crate::index::{Index, PackSummary};
use crate::monitor::{Cancellation, Event, Monitor, Phase, Totals};
use crate::pack::FinishedPack;
use crate::repository::Repository;
use crate::store::{Fence, PackNotes, Sealer, Store, StoreOptions, ranges};

impl Prune<'_> {
    /// Copies, and returns the index files that name the copies.
    pub(super) fn repack(
        &self,
        plan: &PrunePlan,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<HashSet<IndexId>, PruneError> {
        let packs = plan.index.packs().zip(&plan.fates);
        let packs: Vec<&PackSummary> =
            packs.filter(|(_, fate)| **fate == Fate::Repack).map(|(pack, _)| pack).collect();
        if packs.is_empty() {
            return Ok(HashSet::new());
        }
        let lock = plan.lock.as_ref().ok_or(PruneError::Unlocked)?;
        let (files, bytes) = (packs.len() as u64, plan.stats.to_repack.bytes);
        monitor.event(Event::Phase(Phase::Working));
        monitor.event(Event::Total(Totals { files, folders: 0, bytes, exact: true }));
        let options = StoreOptions {
            compression: self.options.compression,
            pack_bytes: self.options.pack_bytes,
            extra_verify: self.options.extra_verify,
            dry_run: false,
        };
        // Nothing counts as stored already: what is needed is to be copied.
        let clock = &*self.locking.as_ref().ok_or(PruneError::Unlocked)?.context.clock;
        let id = self.repository.config().id;
        let notes = lock.journal().map(|journal| PackNotes::new(journal.folder(), id));
        let store = Store::new(self.repository, Index::default(), options, clock, notes);
        let next = AtomicUsize::new(0);
        let work = |full: &Sender<FinishedPack>| {
            let mut copier = Copier::new(self, plan, &store)?;
            while let Some(pack) = packs.get(next.fetch_add(1, Ordering::Relaxed)) {
                if cancel.is_cancelled() {
                    return Err(PruneError::Cancelled);
                }
                copier.copy(pack, full)?;
                monitor.event(Event::Bytes(pack.file_bytes()));
            }
            Ok(())
        };
        store.run(Fence::Held(lock), &work)?;
        Ok(store.into_index_files())
    }
}

/// One thread's work.
struct Copier<'a> {
    repository: &'a Repository,
    prune: &'a Prune<'a>,
    plan: &'a PrunePlan,
    store: &'a Store<'a>,
    sealer: Sealer,
    run: Vec<u8>,
    plain: Vec<u8>,
}

impl<'a> Copier<'a> {
    fn new(
        prune: &'a Prune<'_>,
        plan: &'a PrunePlan,
        store: &'a Store<'_>,
    ) -> Result<Self, PruneError> {
        let sealer = store.sealer()?;
        let (run, plain) = (Vec::new(), Vec::new());
        Ok(Self { repository: prune.repository, prune, plan, store, sealer, run, plain })
    }

    fn copy(&mut self, pack: &PackSummary, full: &Sender<FinishedPack>) -> Result<(), PruneError> {
        let needed = self.needed(pack)?;
        for range in ranges(&needed) {
            // What cannot be read in one go may still be read blob by blob, or from another pack.
            let is_read = range.read(self.repository, pack.id, &mut self.run).is_ok();
            for blob in range.blobs {
                let bytes = range.of(blob);
                let is_whole = is_read
                    && self
                        .repository
                        .open_blob(&self.run[bytes.clone()], blob, &mut self.plain)
                        .is_ok();
                if is_whole {
                    self.store_copy(blob, bytes, full)?;
                } else {
                    self.store_from_elsewhere(blob, full)?;
                }
            }
        }
        Ok(())
    }

    /// The blobs of a pack that are to be copied, in the order in which they lie there.
    fn needed(&self, pack: &PackSummary) -> Result<Vec<PackedBlob>, PruneError> {
        let blobs = self.repository.read_pack_header(pack.id, pack.file_bytes())?;
        let (index, marks) = (&self.plan.index, &self.plan.marks);
        let is_needed = |blob: &PackedBlob| {
            index.place_number(blob).is_some_and(|number| marks.is_used(number))
        };
        let needed: Vec<_> = blobs.into_iter().filter(is_needed).collect();
        let expected = self.plan.needed.get(&pack.id).copied().unwrap_or(0);
        if needed.len() as u64 == expected {
            Ok(needed)
        } else {
            Err(PruneError::WrongContent { id: pack.id })
        }
    }

    /// Stores the blob that `range` of what was read holds, and whose content was found right.
    fn store_copy(
        &mut self,
        blob: &PackedBlob,
        range: std::ops::Range<usize>,
        full: &Sender<FinishedPack>,
    ) -> Result<(), PruneError> {
        if self.is_to_be_compressed(blob) {
            self.store.add(blob.kind, blob.id, &self.plain, &mut self.sealer, full)?;
        } else {
            self.store.add_sealed(blob, &self.run[range], full)?;
        }
        Ok(())
    }

    /// Stores a blob that its place in the pack does not give, from any place that does.
    fn store_from_elsewhere(
        &mut self,
        blob: &PackedBlob,
        full: &Sender<FinishedPack>,
    ) -> Result<(), PruneError> {
        let plain = self.repository.read_blob(&self.plan.index, blob.kind, blob.id)?;
        self.store.add(blob.kind, blob.id, &plain, &mut self.sealer, full)?;
        Ok(())
    }

    fn is_to_be_compressed(&self, blob: &PackedBlob) -> bool {
        self.repository.config().version >= 2
            && blob.location.uncompressed_length.is_none()
            && (blob.kind == BlobKind::Tree || self.prune.options.repack_uncompressed)
    }
}
