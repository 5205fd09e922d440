//! Brings to safety what is whole in damaged packs.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use super::said::Said;
use super::{Loss, RepairError, foreign_setting, tell};
use crate::backend::{FileKind, Listed};
use crate::blob::{BlobKind, PackedBlob};
use crate::clock::Clock;
use crate::id::{BlobId, IndexId, PackId, RawId};
use crate::index::{Index, IndexBlob};
use crate::lock::HeldLock;
use crate::monitor::{
    Cancellation, Event, FindingKind, Monitor, Phase, Totals, Watch, with_causes,
};
use crate::pack::FinishedPack;
use crate::rearrange::{IndexRewriter, remove};
use crate::repository::Repository;
use crate::store::{Fence, PackNotes, Store};
use crate::storing::Storing;

/// A repair of packs.
///
/// Every blob that the pack's header or the index names is read and opened. Those that are whole are
/// stored in new packs; once an index file names these, the index forgets the damaged packs, and
/// these are removed. A pack that the storage fails to give, or of which nothing tells what it holds,
/// stays.
pub struct PackRepair<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The packs.
    pub packs: &'a [PackId],
    /// How the new packs are made.
    pub storing: Storing,
    /// The time.
    pub clock: &'a dyn Clock,
    /// An exclusive lock: others may be reading the packs.
    pub lock: &'a HeldLock,
}

/// What became of damaged packs.
#[derive(Debug, Default)]
pub struct PackRepairOutcome {
    /// How many blobs were whole.
    pub saved: usize,
    /// Blobs that are nowhere whole any more. Each is a finding.
    pub lost: Vec<(BlobKind, BlobId)>,
    /// Packs that are gone; what was whole of them lies elsewhere.
    pub removed: Vec<PackId>,
    /// Packs that stay, because the storage failed or nothing tells what they hold.
    pub left: Vec<PackId>,
    /// Files that could not be removed. Each is a finding; nothing needs them.
    pub failed: usize,
}

/// What one pack gave.
#[derive(Default)]
struct Salvage {
    whole: Vec<(BlobKind, BlobId)>,
    lost: Vec<(BlobKind, BlobId)>,
    stays: bool,
}

impl PackRepair<'_> {
    /// Does it.
    ///
    /// # Errors
    /// When a pack is not there, when the storage fails, or when the lock does not hold. What was
    /// whole is whole.
    pub fn run(
        &self,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<PackRepairOutcome, RepairError> {
        foreign_setting(self.repository)?;
        let watch = Watch { monitor, cancel };
        monitor.event(Event::Phase(Phase::Preparing));
        let packs = self.listed()?;
        let index = self.repository.load_index_to_remove(cancel)?;
        let ids: HashSet<PackId> = packs.iter().map(|pack| PackId(pack.id)).collect();
        let said = Said::read(self.repository, watch)?.blobs_of(self.repository, &ids)?;
        let salvaged = self.salvage(&packs, &said, watch)?;

        let stays: HashSet<PackId> =
            salvaged.iter().filter(|(_, salvage)| salvage.stays).map(|(id, _)| *id).collect();
        let leaving: HashSet<PackId> = ids.difference(&stays).copied().collect();
        let whole: HashSet<_> =
            salvaged.iter().flat_map(|(_, salvage)| &salvage.whole).copied().collect();
        let is_elsewhere = |(kind, id): &(BlobKind, BlobId)| {
            whole.contains(&(*kind, *id))
                || index.locate_all(*kind, id).iter().any(|place| !ids.contains(&place.pack))
        };
        let lost: HashSet<_> = salvaged.iter().flat_map(|(_, salvage)| &salvage.lost).collect();
        let mut lost: Vec<_> =
            lost.into_iter().filter(|blob| !is_elsewhere(blob)).copied().collect();
        lost.sort_unstable();
        let (removed, failed) = self.forget(leaving, watch)?;
        Ok(PackRepairOutcome {
            saved: whole.len(),
            lost,
            removed,
            left: stays.into_iter().collect(),
            failed,
        })
    }

    fn listed(&self) -> Result<Vec<Listed>, RepairError> {
        let listed = self.repository.list(FileKind::Pack)?;
        let sizes: HashMap<PackId, u64> =
            listed.iter().map(|pack| (PackId(pack.id), pack.size)).collect();
        let mut packs: Vec<PackId> = self.packs.to_vec();
        packs.sort_unstable();
        packs.dedup();
        let find = |id: PackId| {
            let size = *sizes.get(&id).ok_or(RepairError::MissingPack { id })?;
            Ok(Listed { id: id.0, size })
        };
        packs.into_iter().map(find).collect()
    }

    /// Stores what is whole anew, durably and indexed.
    fn salvage(
        &self,
        packs: &[Listed],
        said: &HashMap<PackId, Vec<IndexBlob>>,
        watch: Watch<'_>,
    ) -> Result<Vec<(PackId, Salvage)>, RepairError> {
        let (files, bytes) = (packs.len() as u64, packs.iter().map(|pack| pack.size).sum());
        watch.monitor.event(Event::Total(Totals { files, folders: 0, bytes, exact: true }));
        watch.monitor.event(Event::Phase(Phase::Working));
        let notes = self.lock.journal();
        let notes =
            notes.map(|journal| PackNotes::new(journal.folder(), self.repository.config().id));
        // Nothing counts as stored already: what is whole is to be copied.
        let (index, options) = (Index::default(), self.storing.into());
        let store = Store::new(self.repository, index, options, self.clock, notes);
        let next = AtomicUsize::new(0);
        let salvaged = Mutex::new(Vec::new());
        let work = |full: &Sender<FinishedPack>| {
            while let Some(pack) = packs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let id = PackId(pack.id);
                let said = said.get(&id).map(Vec::as_slice).unwrap_or_default();
                let salvage = self.salvage_one(*pack, said, &store, full, watch)?;
                salvaged.lock().push((id, salvage));
                watch.monitor.event(Event::Bytes(pack.size));
            }
            Ok::<(), RepairError>(())
        };
        store.run(Fence::Held(self.lock), &work)?;
        Ok(salvaged.into_inner())
    }

    fn salvage_one(
        &self,
        pack: Listed,
        said: &[IndexBlob],
        store: &Store<'_>,
        full: &Sender<FinishedPack>,
        watch: Watch<'_>,
    ) -> Result<Salvage, RepairError> {
        let mut salvage = Salvage::default();
        let id = PackId(pack.id);
        let blobs = self.candidates(pack, said, &mut salvage, watch.monitor);
        let (mut sealed, mut plain) = (Vec::new(), Vec::new());
        for blob in &blobs {
            if watch.cancel.is_cancelled() {
                return Err(RepairError::Cancelled);
            }
            match self.repository.read_located(blob, &mut sealed, &mut plain) {
                Ok(()) => {
                    store.add_sealed(blob, &sealed, full)?;
                    salvage.whole.push((blob.kind, blob.id));
                }
                Err(error) => {
                    let why = with_causes(&error);
                    let message = format!("failed to load blob {}: {why}", blob.id);
                    salvage.stays |= Loss::of(&error) == Loss::Unknown;
                    tell(watch.monitor, FindingKind::Damaged, message);
                    salvage.lost.push((blob.kind, blob.id));
                }
            }
        }
        if blobs.is_empty() {
            salvage.stays = true;
            let message = format!("pack file {id} stays: nothing tells what it holds");
            tell(watch.monitor, FindingKind::Damaged, message);
        } else if salvage.stays {
            let message = format!("pack file {id} stays: it could not be read to its end");
            tell(watch.monitor, FindingKind::Unreadable, message);
        }
        Ok(salvage)
    }

    /// What the header or the index says that the pack holds.
    fn candidates(
        &self,
        pack: Listed,
        said: &[IndexBlob],
        salvage: &mut Salvage,
        monitor: &dyn Monitor,
    ) -> Vec<PackedBlob> {
        let id = PackId(pack.id);
        let mut blobs = match self.repository.read_pack_header(id, pack.size) {
            Ok(blobs) => blobs,
            Err(error) => {
                salvage.stays |= Loss::of(&error) == Loss::Unknown;
                let why = with_causes(&error);
                let message = format!("pack file {id} does not tell what it holds: {why}");
                tell(monitor, FindingKind::Damaged, message);
                Vec::new()
            }
        };
        let key = |blob: &PackedBlob| {
            let place = blob.location;
            (place.offset, place.length, place.uncompressed_length, blob.kind, blob.id)
        };
        let told: HashSet<_> = blobs.iter().map(key).collect();
        let said = said.iter().map(|blob| PackedBlob {
            id: blob.id,
            kind: blob.kind,
            location: blob.location(id),
        });
        blobs.extend(said.filter(|blob| !told.contains(&key(blob))));
        blobs
    }

    /// Lets the index forget the packs, and removes them. Returns those that are gone, and how many
    /// files should be and are not.
    fn forget(
        &self,
        leaving: HashSet<PackId>,
        watch: Watch<'_>,
    ) -> Result<(Vec<PackId>, usize), RepairError> {
        let (repository, monitor) = (self.repository, watch.monitor);
        monitor.event(Event::Phase(Phase::Committing));
        let mut rewriter = IndexRewriter::new(repository, self.lock);
        for file in repository.list(FileKind::Index)? {
            if watch.cancel.is_cancelled() {
                return Err(RepairError::Cancelled);
            }
            rewriter.take(IndexId(file.id), &leaving)?;
        }
        if watch.cancel.is_cancelled() {
            return Err(RepairError::Cancelled);
        }
        let replaced = rewriter.finish()?;
        let files = (replaced.len() + leaving.len()) as u64;
        monitor.event(Event::Total(Totals { files, folders: 0, bytes: 0, exact: true }));
        monitor.event(Event::Phase(Phase::Removing));
        let remove =
            |kind, ids: &[RawId]| remove(repository, kind, ids, self.lock, "repair", watch);
        let staying = remove(FileKind::Index, &replaced)?;
        // A pack must not go before the index that names it is gone for good.
        if !staying.is_empty() {
            return Ok((Vec::new(), staying.len()));
        }
        let packs: Vec<RawId> = leaving.iter().map(|id| id.0).collect();
        let staying = remove(FileKind::Pack, &packs)?;
        let removed = leaving.into_iter().filter(|id| !staying.contains(&id.0)).collect();
        Ok((removed, staying.len()))
    }
}
