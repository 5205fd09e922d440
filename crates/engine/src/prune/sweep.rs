//! The second look, and the removal.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::plan::Fate;
use super::{Prune, PruneError, PruneOutcome, PrunePlan, list_ids, mark};
use crate::backend::{Backend, FileKind, FileName, Listed};
use crate::blob::BlobKind;
use crate::id::{BlobId, IndexId, PackId, RawId, SnapshotId};
use crate::index::{Index, IndexFile, PackSummary};
use crate::lock::HeldLock;
use crate::monitor::{Cancellation, Event, Monitor, Phase, Totals, Watch};
use crate::rearrange::{IndexRewriter, RearrangeError, remove, write_held};
use crate::repository::WriteError;

impl PrunePlan {
    /// True if anything is to be removed or copied.
    pub(super) fn has_work(&self) -> bool {
        self.fates.iter().any(|fate| *fate != Fate::Keep) || !self.abandoned.is_empty()
    }
}

impl Prune<'_> {
    /// Removes what the plan says, but for what turns out to be needed.
    pub(super) fn sweep(
        &self,
        mut plan: PrunePlan,
        lock: &HeldLock,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<PruneOutcome, PruneError> {
        monitor.event(Event::Phase(Phase::Committing));
        let repository = self.repository;
        // The lock keeps all others away, so from here on nothing comes in any more.
        let index_files = list_ids(repository, FileKind::Index, IndexId)?;
        let mut leaving: HashSet<PackId> =
            plan.packs(|fate| fate != Fate::Keep).into_iter().collect();
        let repacked: HashSet<PackId> = plan.packs_to_repack().into_iter().collect();
        let mut index = std::mem::take(&mut plan.index);
        for id in index_files.difference(&plan.index_files) {
            index.add(&repository.read_index_file(*id)?);
        }
        let present = repository.list(FileKind::Pack)?;
        let sizes: HashMap<PackId, u64> =
            present.iter().map(|pack| (PackId(pack.id), pack.size)).collect();
        let rescued = self.rescue(&plan, &index, &sizes, &mut leaving, cancel)?;
        verify_packs(&index, &sizes, &leaving)?;
        let (replaced, later) = self.rewrite_index(&index_files, &leaving, lock, cancel)?;

        let (abandoned, left) = self.abandoned(&index, &present, Some(lock));
        // Those that are gone already are not there to be removed.
        let mut packs: Vec<RawId> =
            leaving.iter().filter(|id| sizes.contains_key(id)).map(|id| id.0).collect();
        packs.extend(abandoned.iter().map(|pack| pack.id));
        let files = (replaced.len() + packs.len()) as u64;
        monitor.event(Event::Total(Totals { files, folders: 0, bytes: 0, exact: true }));
        monitor.event(Event::Phase(Phase::Removing));
        let watch = Watch { monitor, cancel };
        let remove = |kind, ids: &[RawId]| remove(repository, kind, ids, lock, "prune", watch);
        let staying = remove(FileKind::Index, &replaced);
        // A pack must not go before the index that names it is gone for good.
        if !staying.as_ref().is_ok_and(HashSet::is_empty) {
            self.store_index(&later, lock)?;
            let failed = staying?.len();
            return Ok(PruneOutcome { rescued, left, failed, ..PruneOutcome::default() });
        }
        let staying = remove(FileKind::Pack, &packs);
        // Whatever became of the packs, the index has to be there again.
        self.store_index(&later, lock)?;
        let staying = staying?;
        let gone: Vec<PackId> =
            packs.iter().filter(|id| !staying.contains(*id)).map(|id| PackId(*id)).collect();
        let repacked = gone.iter().filter(|id| repacked.contains(id)).count();
        let removed = gone.len() - repacked;
        Ok(PruneOutcome { repacked, removed, rescued, left, failed: staying.len() })
    }

    /// Looks at the snapshots that were made meanwhile, and lets packs stay that these need after
    /// all. Returns how many.
    fn rescue(
        &self,
        plan: &PrunePlan,
        index: &Index,
        sizes: &HashMap<PackId, u64>,
        leaving: &mut HashSet<PackId>,
        cancel: &Cancellation,
    ) -> Result<usize, PruneError> {
        let present = list_ids(self.repository, FileKind::Snapshot, SnapshotId)?;
        let new: HashSet<SnapshotId> = present.difference(&plan.snapshots).copied().collect();
        if new.is_empty() {
            return Ok(0);
        }
        let roots = mark::load_roots(self.repository, &new, cancel)?;
        let needed: Mutex<HashSet<(BlobKind, BlobId)>> = Mutex::default();
        let need = |kind, id: &BlobId| {
            let is_there = index.contains(kind, id);
            needed.lock().insert((kind, *id));
            is_there
        };
        let seen = plan.trees.clone();
        mark::for_each_need(self.repository, index, &roots, seen, cancel, &need)?;
        let mut rescued = 0;
        for (kind, id) in needed.into_inner() {
            let packs: Vec<PackId> =
                index.locate_all(kind, &id).into_iter().map(|location| location.pack).collect();
            if packs.iter().all(|pack| leaving.contains(pack)) {
                // Of those that leave, some may be gone already.
                let is_whole = |id: &&PackId| sizes.get(*id) == bytes_of(index, **id).as_ref();
                let pack = packs.iter().find(is_whole).or(packs.first());
                let pack = pack.ok_or(PruneError::MissingBlob { kind, id })?;
                leaving.remove(pack);
                rescued += 1;
            }
        }
        Ok(rescued)
    }

    /// Stores the files that take the place of those that had to make room for them.
    fn store_index(&self, files: &[IndexFile], lock: &HeldLock) -> Result<(), PruneError> {
        if files.is_empty() {
            return Ok(());
        }
        let store = || -> Result<(), PruneError> {
            for file in files {
                let fence = || lock.fence();
                write_held(self.repository, FileKind::Index, &file.to_json(), &fence)
                    .map_err(RearrangeError::from)?;
            }
            let failed = |source| WriteError::Backend { kind: FileKind::Index, source };
            Ok(self.repository.backend().sync().map_err(failed)?)
        };
        store().map_err(|source| PruneError::IndexLost { source: Box::new(source) })
    }

    /// Stores index files without the packs that leave, and returns the ones that these replace; and
    /// those that are to be stored only when there is room again.
    fn rewrite_index(
        &self,
        present: &HashSet<IndexId>,
        leaving: &HashSet<PackId>,
        lock: &HeldLock,
        cancel: &Cancellation,
    ) -> Result<(Vec<RawId>, Vec<IndexFile>), PruneError> {
        let is_later = self.options.remove_index_first;
        let mut rewriter = if is_later {
            IndexRewriter::storing_later(self.repository, lock)
        } else {
            IndexRewriter::new(self.repository, lock)
        };
        for id in present {
            if cancel.is_cancelled() {
                return Err(PruneError::Cancelled);
            }
            rewriter.take(*id, leaving)?;
        }
        if is_later { Ok(rewriter.finish_later()?) } else { Ok((rewriter.finish()?, Vec::new())) }
    }

    /// Packs that no index file names and that are old enough to be called abandoned; and how many
    /// are not. Their age is told by the storage's clock, read off our own lock.
    pub(super) fn abandoned(
        &self,
        index: &Index,
        present: &[Listed],
        lock: Option<&HeldLock>,
    ) -> (Vec<Listed>, usize) {
        let backend = self.repository.backend();
        let now =
            lock.and_then(HeldLock::id).and_then(|id| modified(&**backend, FileKind::Lock, id.0));
        let is_unknown = |pack: &&Listed| {
            let id = PackId(pack.id);
            index.pack(&id).is_none() && !index.is_marked(&id)
        };
        let (old, young): (Vec<&Listed>, Vec<&Listed>) =
            present.iter().filter(is_unknown).partition(|pack| {
                let age = now.zip(modified(&**backend, FileKind::Pack, pack.id));
                let age = age.and_then(|(now, stored)| now.duration_since(stored).ok());
                age.is_some_and(|age: Duration| age >= self.options.unindexed_age_min)
            });
        (old.into_iter().copied().collect(), young.len())
    }
}

/// Refuses if a pack that stays is not there, or not as the index says.
fn verify_packs(
    index: &Index,
    sizes: &HashMap<PackId, u64>,
    leaving: &HashSet<PackId>,
) -> Result<(), PruneError> {
    for pack in index.packs().filter(|pack| !leaving.contains(&pack.id)) {
        let (id, expected) = (pack.id, pack.file_bytes());
        match sizes.get(&id) {
            None => return Err(PruneError::MissingPack { id }),
            Some(actual) if *actual != expected => {
                return Err(PruneError::WrongSize { id, actual: *actual, expected });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// How large a pack is by the index.
fn bytes_of(index: &Index, id: PackId) -> Option<u64> {
    index.pack(&id).map(PackSummary::file_bytes)
}

fn modified(backend: &dyn Backend, kind: FileKind, id: RawId) -> Option<SystemTime> {
    backend.modified(FileName::new(kind, id)).ok()
}
