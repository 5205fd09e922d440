//! A repository with a history, and what each of its snapshots held.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
use holdfast_engine::backup::BackupOptions;
use holdfast_engine::check::{CheckOptions, DataSubset, check};
use holdfast_engine::id::{IndexId, PackId, SnapshotId};
use holdfast_engine::index::IndexFile;
use holdfast_engine::lock::AutoUnlock;
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::prune::{
    MaxUnused, Prune, PruneError, PruneLocking, PruneOptions, PruneOutcome, PrunePlan,
};
use holdfast_engine::snapshot::Snapshot;
use holdfast_testkit::random::Random;
use holdfast_testkit::{TestRepository, files_in};

/// What files held, by path.
pub(crate) type Contents = BTreeMap<String, Vec<u8>>;

/// A repository, a folder to back up, and what each snapshot held.
pub(crate) struct World {
    pub(crate) storage: Arc<MemoryBackend>,
    pub(crate) test: TestRepository,
    pub(crate) source: tempfile::TempDir,
    pub(crate) random: Random,
    pub(crate) kept: BTreeMap<SnapshotId, Contents>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let storage = Arc::new(MemoryBackend::new());
        let test = TestRepository::create(storage.clone());
        let source = tempfile::tempdir().expect("a folder");
        Self { storage, test, source, random: Random::new(seed), kept: BTreeMap::new() }
    }

    /// A repository with some backups of which some were forgotten, with packs to repack and packs to remove.
    ///
    /// Chance decides which blobs share a pack, so the history is as long as it must be.
    pub(crate) fn with_history(seed: u64) -> Self {
        let mut world = Self::new(seed);
        loop {
            for _ in 0..6 {
                world.change();
                world.backup();
            }
            world.forget(3);
            let plan = world.plan(&world.options()).expect("sound");
            let (repack, remove) = (plan.stats().packs_to_repack, plan.stats().packs_to_remove);
            drop(plan);
            if repack > 0 && remove > 0 {
                return world;
            }
        }
    }

    /// Writes, changes and removes some files.
    pub(crate) fn change(&mut self) {
        for _ in 0..12 {
            let random = &mut self.random;
            let folder = self.source.path().join(format!("folder {}", random.below(4)));
            fs::create_dir_all(&folder).expect("made");
            let path = folder.join(format!("file {}", random.below(12)));
            if random.chance(1, 4) {
                let _ = fs::remove_file(path);
            } else {
                let length = random.below(40_000) as usize;
                fs::write(path, random.bytes(length)).expect("written");
            }
        }
    }

    pub(crate) fn backup(&mut self) -> SnapshotId {
        let options = BackupOptions { pack_bytes: 100_000, ..BackupOptions::default() };
        let done = self.test.backup_with(self.source.path(), &options, &Unwatched);
        let outcome = done.expect("memory does not fail");
        let id = outcome.snapshot.expect("a snapshot");
        self.kept.insert(id, files_in(self.source.path()));
        id
    }

    pub(crate) fn forget(&mut self, count: usize) {
        for _ in 0..count {
            let ids: Vec<_> = self.kept.keys().copied().collect();
            let id = *self.random.pick(&ids);
            self.kept.remove(&id);
            self.storage.remove(FileName::new(FileKind::Snapshot, id.0)).expect("it is there");
        }
    }

    pub(crate) fn options(&self) -> PruneOptions {
        PruneOptions {
            max_unused: MaxUnused::Bytes(0),
            repack_smaller_than: Some(0),
            pack_bytes: 100_000,
            unindexed_age_min: Duration::ZERO,
            ..PruneOptions::default()
        }
    }

    pub(crate) fn plan(&self, options: &PruneOptions) -> Result<PrunePlan, PruneError> {
        prune_of(&self.test, options).plan(&Unwatched, &Cancellation::default())
    }

    pub(crate) fn prune(&self, options: &PruneOptions) -> Result<PruneOutcome, PruneError> {
        prune(&self.test, options)
    }

    /// Nothing is damaged, and every snapshot holds what it held.
    pub(crate) fn assert_whole(&self) {
        let test = TestRepository::open(self.storage.clone()).expect("it opens");
        let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
        let checked = check(&test.repository, &options, &Unwatched, &Cancellation::default());
        let outcome = checked.expect("it lists");
        assert!(outcome.is_sound(), "{:?}", outcome.findings);
        let listed = self.storage.list(FileKind::Snapshot).expect("memory");
        let ids: HashSet<_> = listed.into_iter().map(|file| SnapshotId(file.id)).collect();
        assert_eq!(ids, self.kept.keys().copied().collect());
        for (id, expected) in &self.kept {
            let snapshot = Snapshot::load(&test.repository, *id).expect("it loads");
            assert!(test.contents(snapshot.tree) == *expected, "{id:?} holds something else");
        }
    }

    /// Every blob that the index names is needed, and lies in one place.
    pub(crate) fn assert_nothing_to_remove(&self) {
        let plan = self.plan(&self.options()).expect("sound");
        let stats = plan.stats();
        assert_eq!((stats.unused.blobs, stats.duplicates.blobs), (0, 0), "{stats:?}");
        assert_eq!(stats.abandoned_packs, 0, "{stats:?}");
    }

    pub(crate) fn index_files(&self) -> Vec<IndexFile> {
        let listed = self.storage.list(FileKind::Index).expect("memory");
        let read = |id| self.test.repository.read_index_file(IndexId(id)).expect("it reads");
        listed.into_iter().map(|file| read(file.id)).collect()
    }

    /// Replaces all index files by others, as a program without locks does.
    pub(crate) fn rewrite_index(&self, change: impl Fn(&mut IndexFile)) {
        let old = self.storage.list(FileKind::Index).expect("memory");
        for mut file in self.index_files() {
            change(&mut file);
            self.test.repository.write_file(FileKind::Index, &file.to_json()).expect("memory");
        }
        for file in old {
            self.storage.remove(FileName::new(FileKind::Index, file.id)).expect("memory");
        }
    }

    pub(crate) fn packs(&self) -> HashSet<PackId> {
        let listed = self.storage.list(FileKind::Pack).expect("memory");
        listed.into_iter().map(|pack| PackId(pack.id)).collect()
    }
}

pub(crate) fn prune_of<'a>(test: &'a TestRepository, options: &'a PruneOptions) -> Prune<'a> {
    let locking =
        PruneLocking { context: &test.context, wait: Duration::ZERO, auto_unlock: AutoUnlock::Off };
    Prune { repository: &test.repository, options, locking: Some(locking) }
}

pub(crate) fn prune(
    test: &TestRepository,
    options: &PruneOptions,
) -> Result<PruneOutcome, PruneError> {
    let (prune, cancel) = (prune_of(test, options), Cancellation::default());
    let plan = prune.plan(&Unwatched, &cancel)?;
    prune.carry_out(plan, &Unwatched, &cancel)
}
