//! Makes the index say what the packs hold.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::said::Said;
use super::{Loss, RepairError, foreign_setting, tell};
use crate::backend::{FileKind, Listed};
use crate::blob::PackedBlob;
use crate::id::{IndexId, PackId, RawId};
use crate::index::IndexPack;
use crate::lock::HeldLock;
use crate::manners;
use crate::monitor::{
    Cancellation, Event, FindingKind, Monitor, Phase, Totals, Watch, with_causes,
};
use crate::rearrange::{IndexRewriter, RearrangeError, remove};
use crate::repository::Repository;

/// How the index is repaired.
#[derive(Debug, Clone, Copy, Default)]
pub struct IndexRepairOptions {
    /// Read what every pack holds, and believe no index file.
    pub read_all_packs: bool,
}

/// What became of the index.
#[derive(Debug, Default)]
pub struct IndexRepairOutcome {
    /// Packs that no index file named, or named only as marked for removal by rustic.
    pub added: Vec<PackId>,
    /// Packs of which the index said something else than is there.
    pub reread: Vec<PackId>,
    /// Packs that the index named and that are not there.
    pub missing: Vec<PackId>,
    /// Packs that do not tell what they hold. Of these the index names what it named before and is
    /// still there; [`PackRepair`](super::PackRepair) brings that to safety.
    pub broken: Vec<PackId>,
    /// Packs that the storage failed to give. The index says of them what it said.
    pub unreadable: Vec<PackId>,
    /// Index files that were damaged.
    pub damaged_files: Vec<IndexId>,
    /// How many index files were replaced.
    pub replaced_files: usize,
    /// Index files that could not be removed. Each is a finding.
    pub failed: usize,
}

/// Makes the index say what the packs hold: packs that it does not name are named, those that are
/// gone are not, and damaged index files are replaced. The lock is an exclusive one: readers rely on
/// index files that they have listed.
///
/// Packs that rustic marked for removal and that are there are named again: a snapshot may need them,
/// and rustic marks anew what none does. A pack that is both named and marked stays so.
///
/// ```
/// use std::sync::Arc;
///
/// use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
/// use holdfast_engine::repair::{IndexRepairOptions, repair_index};
/// use holdfast_testkit::TestRepository;
///
/// let storage = Arc::new(MemoryBackend::new());
/// let test = TestRepository::create(storage.clone());
/// let source = tempfile::tempdir()?;
/// std::fs::write(source.path().join("letter.txt"), "Dear reader")?;
/// let tree = test.backup(source.path())?.tree;
/// for file in storage.list(FileKind::Index)? {
///     storage.remove(FileName::new(FileKind::Index, file.id))?;
/// }
///
/// let (options, cancel) = (IndexRepairOptions::default(), Cancellation::default());
/// let lock = test.lock(true);
/// let outcome = repair_index(&test.repository, options, &lock, &Unwatched, &cancel)?;
/// assert_eq!(outcome.added.len(), 2);
/// assert_eq!(test.contents(tree)["/letter.txt"], b"Dear reader");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the storage fails or shows no pack at all, or the lock does not hold. The index says at least what it said.
pub fn repair_index(
    repository: &Repository,
    options: IndexRepairOptions,
    lock: &HeldLock,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
) -> Result<IndexRepairOutcome, RepairError> {
    foreign_setting(repository)?;
    let watch = Watch { monitor, cancel };
    monitor.event(Event::Phase(Phase::Preparing));
    // The index first: a pack that it names was there before it was.
    let said = Said::read(repository, watch)?;
    monitor.event(Event::Phase(Phase::Marking));
    let listed = repository.list(FileKind::Pack)?;
    let named = said.packs.len() + said.marked.len();
    if listed.is_empty() && named > 0 {
        return Err(RepairError::NoPacks { named });
    }
    let mut work = Work { repository, lock, watch, said, outcome: IndexRepairOutcome::default() };
    let unsure = work.compare(&listed, options);
    let rewriter = IndexRewriter::new(repository, lock);
    let (mut rewriter, mut leaving) = work.read_headers(rewriter, &unsure)?;
    leaving.extend(&work.outcome.missing);
    monitor.event(Event::Phase(Phase::Committing));
    work.name_what_is_left(&mut rewriter, &listed)?;
    leaving.extend(&work.outcome.broken);
    work.replace_files(rewriter, &leaving)
}

struct Work<'a> {
    repository: &'a Repository,
    lock: &'a HeldLock,
    watch: Watch<'a>,
    said: Said,
    outcome: IndexRepairOutcome,
}

/// What a pack's header told.
enum Reading {
    Named,
    Lost(Loss),
}

impl Work<'_> {
    /// The packs whose headers have to be read, because what the index says of them is not, or may
    /// not be, what is there. Notes those that are missing.
    fn compare(&mut self, listed: &[Listed], options: IndexRepairOptions) -> Vec<Listed> {
        let monitor = self.watch.monitor;
        let mut unsure = Vec::new();
        for pack in listed {
            let (id, size) = (PackId(pack.id), pack.size);
            let is_wrong = match self.said.packs.get(&id) {
                None => {
                    let is_marked = self.said.marked.contains(&id);
                    let mark = if is_marked { ", which rustic marked for removal" } else { "" };
                    let message = format!("adding pack file to index {id}{mark}");
                    tell(monitor, FindingKind::Note, message);
                    self.outcome.added.push(id);
                    true
                }
                Some(said) if said.is_split => {
                    let message = format!("reindexing pack file {id}, which is indexed in parts");
                    tell(monitor, FindingKind::Note, message);
                    self.outcome.reread.push(id);
                    true
                }
                Some(said) if said.file_bytes != size => {
                    let expected = said.file_bytes;
                    let message = format!(
                        "reindexing pack file {id} with unexpected size {size} instead of \
                         {expected}"
                    );
                    tell(monitor, FindingKind::Damaged, message);
                    self.outcome.reread.push(id);
                    true
                }
                Some(_) => false,
            };
            if is_wrong || options.read_all_packs {
                unsure.push(*pack);
            }
        }
        let present: HashSet<PackId> = listed.iter().map(|pack| PackId(pack.id)).collect();
        let named: HashSet<&PackId> = self.said.packs.keys().chain(&self.said.marked).collect();
        for id in named.into_iter().filter(|id| !present.contains(id)) {
            tell(monitor, FindingKind::Missing, format!("removing not found pack file {id}"));
            self.outcome.missing.push(*id);
        }
        unsure
    }

    /// Reads headers over all cores and names what they tell. Returns the packs of which the old
    /// index files are not believed any more.
    fn read_headers<'r>(
        &mut self,
        rewriter: IndexRewriter<'r>,
        packs: &[Listed],
    ) -> Result<(IndexRewriter<'r>, HashSet<PackId>), RepairError> {
        let monitor = self.watch.monitor;
        if !packs.is_empty() {
            let bytes = packs.iter().map(|pack| pack.size).sum();
            let files = packs.len() as u64;
            monitor.event(Event::Total(Totals { files, folders: 0, bytes, exact: true }));
            monitor.event(Event::Phase(Phase::Working));
        }
        let rewriter = Mutex::new(rewriter);
        let readings = Mutex::new(Vec::new());
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), RepairError> {
            while let Some(pack) = packs.get(next.fetch_add(1, Ordering::Relaxed)) {
                if self.watch.cancel.is_cancelled() {
                    return Err(RepairError::Cancelled);
                }
                let reading = self.read_header(*pack, &rewriter)?;
                readings.lock().push((PackId(pack.id), reading));
                monitor.event(Event::Bytes(pack.size));
            }
            Ok(())
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.min(packs.len()))
                .map(|_| scope.spawn(manners::as_here(work)))
                .collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("workers do not panic"))
        })?;
        let mut renamed = HashSet::new();
        for (id, reading) in readings.into_inner() {
            match reading {
                Reading::Named => drop(renamed.insert(id)),
                Reading::Lost(Loss::Gone) => self.outcome.missing.push(id),
                Reading::Lost(Loss::Damaged) => self.outcome.broken.push(id),
                Reading::Lost(Loss::Unknown) => self.outcome.unreadable.push(id),
            }
        }
        let lost = [&self.outcome.missing, &self.outcome.broken, &self.outcome.unreadable];
        let lost: HashSet<PackId> = lost.into_iter().flatten().copied().collect();
        self.outcome.added.retain(|id| !lost.contains(id));
        self.outcome.reread.retain(|id| !lost.contains(id));
        Ok((rewriter.into_inner(), renamed))
    }

    fn read_header(
        &self,
        pack: Listed,
        rewriter: &Mutex<IndexRewriter<'_>>,
    ) -> Result<Reading, RearrangeError> {
        let id = PackId(pack.id);
        match self.repository.read_pack_header(id, pack.size) {
            Ok(blobs) => {
                rewriter.lock().add(IndexPack::new(id, &blobs))?;
                Ok(Reading::Named)
            }
            Err(error) => {
                let why = with_causes(&error);
                let message = format!("skipped incomplete pack file: {id}: {why}");
                let loss = Loss::of(&error);
                let kind = match loss {
                    Loss::Gone => FindingKind::Missing,
                    Loss::Damaged => FindingKind::Damaged,
                    Loss::Unknown => FindingKind::Unreadable,
                };
                tell(self.watch.monitor, kind, message);
                Ok(Reading::Lost(loss))
            }
        }
    }

    /// Names what the old index files said of packs that do not tell themselves, as far as it is
    /// there.
    fn name_what_is_left(
        &self,
        rewriter: &mut IndexRewriter<'_>,
        listed: &[Listed],
    ) -> Result<(), RepairError> {
        if self.outcome.broken.is_empty() {
            return Ok(());
        }
        let broken: HashSet<PackId> = self.outcome.broken.iter().copied().collect();
        let mut said = self.said.blobs_of(self.repository, &broken)?;
        for pack in listed {
            let id = PackId(pack.id);
            let Some(mut blobs) = said.remove(&id) else { continue };
            let count = blobs.len();
            blobs.retain(|blob| {
                let location = blob.location(id);
                self.is_there(&PackedBlob { id: blob.id, kind: blob.kind, location })
            });
            if self.watch.cancel.is_cancelled() {
                return Err(RepairError::Cancelled);
            }
            let message = format!(
                "{} of {count} blobs of pack file {id} are whole: `repair packs {id}` brings them \
                 to safety",
                blobs.len()
            );
            tell(self.watch.monitor, FindingKind::Damaged, message);
            if !blobs.is_empty() {
                rewriter.add(IndexPack { id, blobs })?;
            }
        }
        Ok(())
    }

    fn is_there(&self, blob: &PackedBlob) -> bool {
        let (mut sealed, mut plain) = (Vec::new(), Vec::new());
        match self.repository.read_located(blob, &mut sealed, &mut plain) {
            Ok(()) => true,
            Err(error) => Loss::of(&error) == Loss::Unknown,
        }
    }

    fn replace_files(
        mut self,
        mut rewriter: IndexRewriter<'_>,
        leaving: &HashSet<PackId>,
    ) -> Result<IndexRepairOutcome, RepairError> {
        for id in &self.said.files {
            if self.watch.cancel.is_cancelled() {
                return Err(RepairError::Cancelled);
            }
            rewriter.take(*id, leaving)?;
        }
        let mut old: Vec<RawId> = rewriter.finish()?;
        old.extend(self.said.damaged.iter().map(|id| id.0));
        let monitor = self.watch.monitor;
        let files = old.len() as u64;
        monitor.event(Event::Total(Totals { files, folders: 0, bytes: 0, exact: true }));
        monitor.event(Event::Phase(Phase::Removing));
        let (kind, repository) = (FileKind::Index, self.repository);
        let staying = remove(repository, kind, &old, self.lock, "repair", self.watch)?;
        self.outcome.failed = staying.len();
        self.outcome.replaced_files = old.len() - self.outcome.failed;
        self.outcome.damaged_files = self.said.damaged;
        Ok(self.outcome)
    }
}
