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
use crate::backend::{FileKind, FileName};
use crate::blob::{BlobKind, PackedBlob};
use crate::id::IndexId;
use crate::index::{Index, PackSummary};
use crate::monitor::{Cancellation, Event, Monitor, Phase, Totals};
use crate::pack::FinishedPack;
use crate::repository::Repository;
use crate::store::{Fence, PackNotes, Sealer, Store, StoreOptions};

/// What lies between two blobs that are needed is read along with them up to this many bytes; more
/// costs longer than asking twice.
const GAP_BYTES_MAX: u64 = 256 << 10;

/// The most that is read at once, unless a single blob is larger.
const RUN_BYTES_MAX: u64 = 16 << 20;

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
        for run in runs(&needed) {
            let start = u64::from(run[0].location.offset);
            let length = usize::try_from(end(&run[run.len() - 1]) - start).expect("packs < 4 GiB");
            let file = FileName::new(FileKind::Pack, pack.id.0);
            // What cannot be read in one go may still be read blob by blob, or from another pack.
            let backend = self.repository.backend();
            let is_read = backend.read_range(file, start, length, &mut self.run).is_ok();
            for blob in run {
                let at = usize::try_from(u64::from(blob.location.offset) - start).expect("in it");
                let range = at..at + blob.location.length as usize;
                let is_whole = is_read
                    && self
                        .repository
                        .open_blob(&self.run[range.clone()], blob, &mut self.plain)
                        .is_ok();
                if is_whole {
                    self.store_copy(blob, range, full)?;
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

/// Groups blobs that are worth reading in one go.
fn runs(blobs: &[PackedBlob]) -> impl Iterator<Item = &[PackedBlob]> {
    let mut start = 0;
    let mut read = 0;
    let mut bounds = Vec::new();
    for (at, blob) in blobs.iter().enumerate() {
        let is_first = at == start;
        let gap = if is_first { 0 } else { u64::from(blob.location.offset) - end(&blobs[at - 1]) };
        let length = gap + u64::from(blob.location.length);
        if !is_first && (gap > GAP_BYTES_MAX || read + length > RUN_BYTES_MAX) {
            bounds.push(start..at);
            (start, read) = (at, 0);
        }
        read += length;
    }
    bounds.push(start..blobs.len());
    bounds.into_iter().filter(|range| !range.is_empty()).map(|range| &blobs[range])
}

fn end(blob: &PackedBlob) -> u64 {
    u64::from(blob.location.offset) + u64::from(blob.location.length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::BlobLocation;
    use crate::id::{BlobId, PackId};

    fn blob(offset: u32, length: u32) -> PackedBlob {
        let location = BlobLocation {
            pack: PackId::from_bytes([0; 32]),
            offset,
            length,
            uncompressed_length: None,
        };
        PackedBlob { id: BlobId::of(&offset.to_le_bytes()), kind: BlobKind::Data, location }
    }

    #[test]
    fn blobs_that_lie_near_each_other_are_read_in_one_go() {
        let blobs = [
            blob(0, 100),
            blob(100, 50),
            blob(1000, 10),
            blob(2 << 20, 5),
            blob(2_200_000, 16 << 20),
        ];
        let found: Vec<usize> = runs(&blobs).map(<[_]>::len).collect();
        assert_eq!(found, [3, 1, 1]);
        assert_eq!(runs(&[]).count(), 0);
    }
}
