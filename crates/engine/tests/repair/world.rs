//! A repository with a history, and what each of its snapshots held.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use holdfast_engine::backend::{Backend, BackendError, FileKind, FileName, Listed, MemoryBackend};
use holdfast_engine::backup::BackupOptions;
use holdfast_engine::blob::{BlobKind, BlobLocation};
use holdfast_engine::check::{CheckOptions, CheckOutcome, DataSubset, check};
use holdfast_engine::id::{BlobId, IndexId, PackId, RawId, SnapshotId};
use holdfast_engine::index::{IndexFile, IndexPack};
use holdfast_engine::lock::{AutoUnlock, HeldLock, LockRequest, acquire};
use holdfast_engine::monitor::{Cancellation, Event, Monitor, Unwatched};
use holdfast_engine::repair::PackRepair;
use holdfast_engine::rewrite::{
    Originals, Rewrite, RewriteError, RewriteMode, SnapshotChange, SnapshotRewrite,
};
use holdfast_engine::snapshot::{self, Snapshot};
use holdfast_engine::storing::Storing;
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

    /// The pack of this kind with most blobs in it: some have one alone, and which is up to chance.
    pub(crate) fn pack_of(&self, kind: BlobKind) -> IndexPack {
        let files = self.index_files();
        let packs = files.into_iter().flat_map(|file| file.packs);
        let packs = packs.filter(|pack| pack.blobs.iter().all(|blob| blob.kind == kind));
        packs.max_by_key(|pack| pack.blobs.len()).expect("there is one")
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

    /// Stores blobs of a kind in a pack of their own, and an index file that names it.
    pub(crate) fn store(&self, kind: BlobKind, contents: &[&[u8]]) -> Vec<BlobId> {
        let pack = self.test.store_pack(kind, contents);
        pack.blobs.iter().map(|blob| blob.id).collect()
    }

    /// Stores a snapshot of a tree that has these nodes, written as JSON.
    pub(crate) fn snapshot_of(&self, tree: &str) -> (SnapshotId, Snapshot) {
        let tree = self.store(BlobKind::Tree, &[tree.as_bytes()])[0].into();
        let time = "2026-01-01T00:00:00Z".parse().expect("a time");
        let snapshot = Snapshot::new(time, tree, vec!["/".to_owned()]);
        (snapshot.store(&self.test.repository).expect("memory"), snapshot)
    }

    /// Damages these blobs wherever they lie, and saves what else is in their packs.
    pub(crate) fn lose(&self, lost: &[BlobId]) {
        let index = self.opened().index();
        let kinds = [BlobKind::Data, BlobKind::Tree];
        let places: Vec<_> = lost
            .iter()
            .flat_map(|id| kinds.into_iter().flat_map(|kind| index.locate_all(kind, id)))
            .collect();
        assert!(places.len() >= lost.len(), "a blob that is to be lost is not there");
        for place in &places {
            let at = place.offset as usize + 20;
            self.damage(FileKind::Pack, place.pack.0, |bytes| bytes[at] ^= 1);
        }
        let packs: Vec<PackId> = places.iter().map(|place| place.pack).collect();
        let (repository, clock) = (&*self.test.repository, &*self.test.clock);
        let storing = Storing { pack_bytes: PACK_BYTES, ..Storing::default() };
        let lock = &self.test.lock(true);
        let repair = PackRepair { repository, packs: &packs, storing, clock, lock };
        let done = repair.run(&Unwatched, &Cancellation::default()).expect("memory");
        assert_eq!(done.lost.len(), lost.len());
    }

    /// The snapshots that there are, oldest first.
    pub(crate) fn snapshots(&self) -> Vec<(SnapshotId, Snapshot)> {
        snapshot::load_all(&self.test.repository, &Unwatched).expect("memory")
    }

    /// Rewrites all snapshots.
    pub(crate) fn rewrite(
        &self,
        change: &SnapshotChange,
        originals: Originals,
    ) -> Vec<SnapshotRewrite> {
        let done = rewrite(&self.test, change, originals, &self.snapshots());
        done.expect("memory does not fail")
    }

    /// Where the index says that a blob lies.
    pub(crate) fn places(&self, kind: BlobKind, id: &BlobId) -> Vec<BlobLocation> {
        self.opened().index().locate_all(kind, id)
    }
}

/// Rewrites these snapshots.
pub(crate) fn rewrite(
    test: &TestRepository,
    change: &SnapshotChange,
    originals: Originals,
    snapshots: &[(SnapshotId, Snapshot)],
) -> Result<Vec<SnapshotRewrite>, RewriteError> {
    let lock = test.lock(false);
    let mode = RewriteMode::Store(&lock);
    rewriting(test, mode, change, originals).run(
        &snapshots.iter().collect::<Vec<_>>(),
        &Unwatched,
        &Cancellation::default(),
    )
}

/// A rewrite that is about to be made.
pub(crate) fn rewriting<'a>(
    test: &'a TestRepository,
    mode: RewriteMode<'a>,
    change: &'a SnapshotChange,
    originals: Originals,
) -> Rewrite<'a> {
    let (repository, clock) = (&*test.repository, &*test.clock);
    let storing = Storing { pack_bytes: PACK_BYTES, ..Storing::default() };
    Rewrite { repository, mode, change, originals, storing, clock }
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

/// A storage that takes all locks away when a snapshot is stored, as another program may while the
/// computer stands by.
#[derive(Debug)]
pub(crate) struct LockThief(pub(crate) Arc<MemoryBackend>);

impl Backend for LockThief {
    fn location(&self) -> String {
        self.0.location()
    }
    fn connections(&self) -> usize {
        self.0.connections()
    }
    fn create(&self) -> Result<(), BackendError> {
        self.0.create()
    }
    fn list(&self, kind: FileKind) -> Result<Vec<Listed>, BackendError> {
        self.0.list(kind)
    }
    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        self.0.read(file)
    }
    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        self.0.read_range(file, offset, length, out)
    }
    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        if file.kind == FileKind::Snapshot {
            for lock in self.0.list(FileKind::Lock)? {
                self.0.remove(FileName::new(FileKind::Lock, lock.id))?;
            }
        }
        self.0.write(file, parts)
    }
    fn sync(&self) -> Result<(), BackendError> {
        self.0.sync()
    }
    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        self.0.remove(file)
    }
    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        self.0.modified(file)
    }
    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        self.0.free_bytes()
    }
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
