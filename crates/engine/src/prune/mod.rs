//! Removes what no snapshot needs.
//!
//! Most of the work happens under a shared lock, while other programs back up: every tree of every
//! snapshot is read, packs that nothing needs are found, and what is still needed of half-empty packs
//! is copied to new ones. Nothing that was there has changed until then; a stop leaves copies behind
//! that the next prune clears away.
//!
//! Only then the repository is locked exclusively, for a second look at what came in between: new
//! snapshots are read, and packs that they need after all are kept. The index files that name removed
//! packs are stored anew without them, then the old ones go, then the packs; each step durable before
//! the next. Should another program have rewritten the index in between, all of it starts over under
//! the exclusive lock.
//!
//! It refuses to remove anything while it cannot know what is needed: when a snapshot or a tree cannot
//! be read, when a blob that is needed is in no pack, or a pack that is needed is not as the index
//! says.

mod error;
mod mark;
mod options;
mod plan;
mod repack;
mod stats;
mod sweep;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

pub use error::PruneError;
pub use options::{MaxUnused, MaxUnusedError, PruneOptions};
pub use stats::{PruneStats, Tally};

use mark::Marks;
use plan::Fate;

use crate::backend::{FileKind, Listed};
use crate::id::{IndexId, PackId, SnapshotId, TreeId};
use crate::index::Index;
use crate::lock::{AutoUnlock, HeldLock, LockContext, LockError, LockRequest, acquire};
use crate::monitor::{Cancellation, Event, Monitor, Phase, Totals, Watch};
use crate::repository::{ReadError, Repository};
use crate::store::adopt_left;

/// How locks are taken.
#[derive(Debug, Clone)]
pub struct PruneLocking<'a> {
    /// What locks need of the world.
    pub context: &'a LockContext,
    /// How long to wait for others, before the work and again before the removal.
    pub wait: Duration,
    /// Which locks that stand in the way may be removed.
    pub auto_unlock: AutoUnlock,
}

/// A prune of a repository.
///
/// ```
/// use holdfast_engine::forget::forget;
/// use holdfast_engine::lock::AutoUnlock;
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
/// use holdfast_engine::prune::{Prune, PruneLocking, PruneOptions};
///
/// let letter = holdfast_testkit::letter();
/// let repository = &letter.test.repository;
/// let cancel = Cancellation::default();
/// let lock = letter.test.lock(false);
/// forget(repository, &[letter.snapshot], &lock, &Unwatched, &cancel)?;
/// drop(lock);
///
/// let options = PruneOptions::default();
/// let locking = PruneLocking {
///     context: &letter.test.context,
///     wait: std::time::Duration::ZERO,
///     auto_unlock: AutoUnlock::Off,
/// };
/// let prune = Prune { repository, options: &options, locking: Some(locking) };
/// let plan = prune.plan(&Unwatched, &cancel)?;
/// assert_eq!(plan.stats().packs_to_remove, 2);
/// assert_eq!(prune.carry_out(plan, &Unwatched, &cancel)?.removed, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Prune<'a> {
    /// What is pruned.
    pub repository: &'a Arc<Repository>,
    /// What to keep and what to copy.
    pub options: &'a PruneOptions,
    /// How locks are taken; `None` only to plan, not to carry out.
    pub locking: Option<PruneLocking<'a>>,
}

/// What a prune is going to do.
pub struct PrunePlan {
    stats: PruneStats,
    /// The snapshots that were looked at, the index files, and the trees that were seen.
    snapshots: HashSet<SnapshotId>,
    index_files: HashSet<IndexId>,
    trees: HashSet<TreeId>,
    index: Index,
    marks: Marks,
    /// By the numbers of the index's packs.
    fates: Vec<Fate>,
    /// How many blobs are to be copied from each pack that is to be repacked.
    needed: HashMap<PackId, u64>,
    /// Packs that no index file names and that are to go, and how many such packs are too young.
    abandoned: Vec<Listed>,
    left: usize,
    lock: Option<HeldLock>,
}

impl std::fmt::Debug for PrunePlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrunePlan").field("stats", &self.stats).finish_non_exhaustive()
    }
}

/// What a prune did.
#[derive(Debug, Clone, Default)]
pub struct PruneOutcome {
    /// Packs whose content was copied where it was needed, and that are gone.
    pub repacked: usize,
    /// Other packs, which nothing needed, and that are gone.
    pub removed: usize,
    /// Packs that were to go and stayed, because a snapshot that was made meanwhile needs them.
    pub rescued: usize,
    /// Packs that no index file names and that stayed, because they are too young to be called
    /// abandoned.
    pub left: usize,
    /// Files that could not be removed. Each is a finding; nothing needs them.
    pub failed: usize,
}

impl Prune<'_> {
    /// Finds out what to do. Holds a shared lock from then on, if it is to lock.
    ///
    /// # Errors
    /// When it cannot be known what is needed, see [`PruneError`]. Nothing was changed.
    pub fn plan(
        &self,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<PrunePlan, PruneError> {
        self.plan_under(self.lock(false, monitor, cancel)?, monitor, cancel)
    }

    /// Does it.
    ///
    /// # Errors
    /// When it had to stop. What snapshots need is there in any case.
    pub fn carry_out(
        &self,
        plan: PrunePlan,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<PruneOutcome, PruneError> {
        let mut plan = plan;
        if self.options.dry_run || !self.options.assume_forgotten.is_empty() {
            return Err(PruneError::DryRun);
        }
        if !plan.has_work() {
            return Ok(PruneOutcome { left: plan.left, ..PruneOutcome::default() });
        }
        let stored = self.repack(&plan, monitor, cancel)?;
        plan.lock = None;
        let lock = self.lock(true, monitor, cancel)?.ok_or(PruneError::Unlocked)?;
        if !self.index_stands(&plan, &stored)? {
            // Another program rewrote the index, so nothing is as it was planned.
            plan = self.plan_under(Some(lock), monitor, cancel)?;
            self.repack(&plan, monitor, cancel)?;
            let lock = plan.lock.take().ok_or(PruneError::Unlocked)?;
            return self.sweep(plan, &lock, monitor, cancel);
        }
        self.sweep(plan, &lock, monitor, cancel)
    }

    fn lock(
        &self,
        exclusive: bool,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<Option<HeldLock>, PruneError> {
        let Some(locking) = &self.locking else { return Ok(None) };
        let request = LockRequest {
            exclusive,
            wait: locking.wait,
            auto_unlock: locking.auto_unlock,
            operation: "prune".to_owned(),
        };
        let lock = acquire(self.repository, &request, locking.context, monitor, cancel);
        lock.map(Some).map_err(|error| match error {
            LockError::Cancelled => PruneError::Cancelled,
            source => PruneError::Lock { exclusive, source },
        })
    }

    fn plan_under(
        &self,
        lock: Option<HeldLock>,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<PrunePlan, PruneError> {
        let repository = self.repository;
        if let Some(setting) = repository.config().foreign_setting() {
            return Err(PruneError::ForeignSetting { setting: setting.to_owned() });
        }
        monitor.event(Event::Phase(Phase::Preparing));
        // Snapshots first: whatever a snapshot in this list needs was in the index before it.
        let mut snapshots = list_ids(repository, FileKind::Snapshot, SnapshotId)?;
        snapshots.retain(|id| !self.options.assume_forgotten.contains(id));
        let mut index_files: HashSet<IndexId> = list_ids(repository, FileKind::Index, IndexId)?;
        let mut index = repository.load_index_to_remove(cancel)?;
        let listed = repository.list(FileKind::Pack)?;
        let stores = !self.options.dry_run && !self.options.remove_index_first;
        if let Some(lock) = lock.as_ref().filter(|_| stores) {
            // What an interrupted prune copied already need not be copied again.
            let watch = Watch { monitor, cancel };
            let stored = adopt_left::<PruneError>(repository, &mut index, &listed, lock, watch)?;
            index_files.extend(stored);
        }
        index.merge();
        let files = snapshots.len() as u64;
        monitor.event(Event::Total(Totals { files, folders: 0, bytes: 0, exact: true }));
        monitor.event(Event::Phase(Phase::Marking));
        let roots = mark::load_roots(repository, &snapshots, cancel)?;
        // Should one that went come back, it counts as new when the sweep looks again.
        snapshots.retain(|id| roots.contains_key(id));
        let (mut marks, trees) = mark::mark(repository, &index, &roots, cancel)?;
        let sizes: HashMap<PackId, u64> =
            listed.iter().map(|pack| (PackId(pack.id), pack.size)).collect();
        let version = repository.config().version;
        let decided = plan::decide(&index, &mut marks, &sizes, version, self.options)?;
        let (abandoned, left) = self.abandoned(&index, &listed, lock.as_ref());
        let mut stats = decided.stats;
        stats.snapshots = snapshots.len();
        stats.abandoned_packs = abandoned.len();
        stats.abandoned_bytes = abandoned.iter().map(|pack| pack.size).sum();
        let (fates, needed) = (decided.fates, decided.needed);
        Ok(PrunePlan {
            stats,
            snapshots,
            index_files,
            trees,
            index,
            marks,
            fates,
            needed,
            abandoned,
            left,
            lock,
        })
    }

    /// True if all index files that the plan relies on are still there.
    fn index_stands(
        &self,
        plan: &PrunePlan,
        stored: &HashSet<IndexId>,
    ) -> Result<bool, PruneError> {
        let present = list_ids(self.repository, FileKind::Index, IndexId)?;
        Ok(plan.index_files.is_subset(&present) && stored.is_subset(&present))
    }
}

impl PrunePlan {
    /// The figures.
    #[must_use]
    pub fn stats(&self) -> &PruneStats {
        &self.stats
    }

    /// The packs that are going to be copied as far as they are needed, and removed.
    #[must_use]
    pub fn packs_to_repack(&self) -> Vec<PackId> {
        self.packs(|fate| fate == Fate::Repack)
    }

    /// The packs that are going to be removed because nothing needs them.
    #[must_use]
    pub fn packs_to_remove(&self) -> Vec<PackId> {
        self.packs(|fate| fate == Fate::Remove)
    }

    fn packs(&self, is_wanted: impl Fn(Fate) -> bool) -> Vec<PackId> {
        let packs = self.index.packs().zip(&self.fates);
        packs.filter(|(_, fate)| is_wanted(**fate)).map(|(pack, _)| pack.id).collect()
    }
}

fn list_ids<I: std::hash::Hash + Eq>(
    repository: &Repository,
    kind: FileKind,
    name: impl Fn(crate::id::RawId) -> I,
) -> Result<HashSet<I>, ReadError> {
    Ok(repository.list(kind)?.into_iter().map(|file| name(file.id)).collect())
}
