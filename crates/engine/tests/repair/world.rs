//! A repository with a history, and what each of its snapshots held.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
use holdfast_engine::backup::BackupOptions;
use holdfast_engine::blob::{BlobKind, BlobLocation};
use holdfast_engine::check::{CheckOptions, CheckOutcome, DataSubset, check};
use holdfast_engine::id::{BlobId, IndexId, PackId, RawId, SnapshotId};
use holdfast_engine::index::{IndexFile, IndexPack};
use holdfast_engine::lock::{AutoUnlock, HeldLock, LockRequest, acquire};
use holdfast_engine::monitor::{Cancellation, Event, Monitor, Unwatched};
use holdfast_engine::snapshot::Snapshot;
use holdfast_testkit::random::Random;
use holdfast_testkit::{TestRepository, files_in};

/// What files held, by path.
pub(crate) type Contents = BTreeMap<String, Vec<u8>>;

/// Small, so that there are many.
pub(crate) const PACK_BYTES: u32 = 100_000;

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

    /// A repository of four snapshots.
    pub(crate) fn with_history(seed: u64) -> Self {
        let mut world = Self::new(seed);
        for _ in 0..4 {
            world.change();
            world.backup();
        }
        world
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
        let options = BackupOptions { pack_bytes: PACK_BYTES, ..BackupOptions::default() };
        let done = self.test.backup_with(self.source.path(), &options, &Unwatched);
        let id = done.expect("memory does not fail").snapshot.expect("a snapshot");
        self.kept.insert(id, files_in(self.source.path()));
        id
    }

    /// The repository, opened anew.
    pub(crate) fn opened(&self) -> TestRepository {
        TestRepository::open(self.storage.clone()).expect("it opens")
    }

    pub(crate) fn check(&self) -> CheckOutcome {
        let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
        let test = self.opened();
        let checked = check(&test.repository, &options, &Unwatched, &Cancellation::default());
        checked.expect("it lists")
    }

    /// Nothing is damaged, and every snapshot holds what it held.
    #[track_caller]
    pub(crate) fn assert_whole(&self) {
        let outcome = self.check();
        assert!(outcome.is_sound(), "{:?}", outcome.findings);
        self.assert_restores();
    }

    /// The snapshots are the ones that were made, and hold what they held.
    #[track_caller]
    pub(crate) fn assert_restores(&self) {
        let ids: HashSet<_> = self.ids(FileKind::Snapshot).into_iter().map(SnapshotId).collect();
        assert_eq!(ids, self.kept.keys().copied().collect());
        let test = self.opened();
        for (id, expected) in &self.kept {
            let snapshot = Snapshot::load(&test.repository, *id).expect("it loads");
            assert!(test.contents(snapshot.tree) == *expected, "{id:?} holds something else");
        }
    }

    pub(crate) fn ids(&self, kind: FileKind) -> BTreeSet<RawId> {
        let listed = self.storage.list(kind).expect("memory");
        listed.into_iter().map(|file| file.id).collect()
    }

    pub(crate) fn packs(&self) -> BTreeSet<PackId> {
        self.ids(FileKind::Pack).into_iter().map(PackId).collect()
    }

    /// A pack of this kind that the index names.
    pub(crate) fn pack_of(&self, kind: BlobKind) -> IndexPack {
        let files = self.index_files();
        let mut packs = files.into_iter().flat_map(|file| file.packs);
        packs.find(|pack| pack.blobs.iter().all(|blob| blob.kind == kind)).expect("there is one")
    }

    /// The index files that can be read.
    pub(crate) fn index_files(&self) -> Vec<IndexFile> {
        let read = |id| self.test.repository.read_index_file(IndexId(id)).ok();
        self.ids(FileKind::Index).into_iter().filter_map(read).collect()
    }

    /// Everything that the index says, each entry once.
    pub(crate) fn entries(&self) -> BTreeSet<(BlobId, PackId, u32)> {
        let mut entries = BTreeSet::new();
        for pack in self.index_files().into_iter().flat_map(|file| file.packs) {
            entries.extend(pack.blobs.iter().map(|blob| (blob.id, pack.id, blob.offset)));
        }
        entries
    }

    /// Stores these index files and removes all others.
    pub(crate) fn replace_index(&self, files: Vec<IndexFile>) {
        let old = self.ids(FileKind::Index);
        for file in files {
            self.test.repository.write_file(FileKind::Index, &file.to_json()).expect("memory");
        }
        for id in old {
            self.storage.remove(FileName::new(FileKind::Index, id)).expect("memory");
        }
    }

    pub(crate) fn remove(&self, kind: FileKind, id: RawId) {
        self.storage.remove(FileName::new(kind, id)).expect("it is there");
    }

    /// Changes a file's bytes, as a failing disk does.
    pub(crate) fn damage(&self, kind: FileKind, id: RawId, change: impl FnOnce(&mut Vec<u8>)) {
        let file = FileName::new(kind, id);
        let mut bytes = self.storage.read(file).expect("it is there");
        change(&mut bytes);
        self.storage.remove(file).expect("it is there");
        self.storage.write(file, &[&bytes]).expect("memory");
    }

    pub(crate) fn clear_locks(&self) {
        self.ids(FileKind::Lock).into_iter().for_each(|id| self.remove(FileKind::Lock, id));
    }

    /// Where the index says that a blob lies.
    pub(crate) fn places(&self, kind: BlobKind, id: &BlobId) -> Vec<BlobLocation> {
        self.opened().index().locate_all(kind, id)
    }
}

/// An exclusive lock, if the storage gives one.
pub(crate) fn locked(test: &TestRepository) -> Option<HeldLock> {
    let request = LockRequest {
        exclusive: true,
        wait: Duration::ZERO,
        auto_unlock: AutoUnlock::Off,
        operation: "test".to_owned(),
    };
    let cancel = Cancellation::default();
    acquire(&test.repository, &request, &test.context, &Unwatched, &cancel).ok()
}

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Witness(Mutex<Vec<String>>);

impl Monitor for Witness {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            self.0.lock().expect("nobody panics").push(finding.message.clone());
        }
    }
}

impl Witness {
    pub(crate) fn told(&self) -> String {
        self.0.lock().expect("nobody panics").join("\n")
    }
}
