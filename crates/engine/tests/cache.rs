//! The cache: what is read often is asked of the storage once, and whatever becomes of the copies, what
//! is read is right.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

#[cfg(unix)]
use holdfast_engine::backend::cache_folders;
use holdfast_engine::backend::{
    Backend, BackendError, CachedBackend, FileKind, FileName, Listed, MemoryBackend,
};
use holdfast_engine::backup::BackupOptions;
use holdfast_engine::id::{PackId, RawId, TreeId};
use holdfast_engine::monitor::Unwatched;
use holdfast_engine::snapshot::load_all;
use holdfast_testkit::backend_contract::keeps_the_contract;
use holdfast_testkit::random::Random;
use holdfast_testkit::{TestRepository, files_in};

const USED: SystemTime = SystemTime::UNIX_EPOCH;

/// A storage that counts what it is asked for.
#[derive(Debug, Default)]
struct Counting {
    inner: MemoryBackend,
    reads: Mutex<BTreeMap<FileKind, usize>>,
    ranges: AtomicUsize,
}

impl Counting {
    /// How often files of a kind were read since it was asked last.
    fn take(&self, kind: FileKind) -> usize {
        self.reads.lock().expect("nobody panics").remove(&kind).unwrap_or(0)
    }

    fn count(&self, kind: FileKind) {
        *self.reads.lock().expect("nobody panics").entry(kind).or_insert(0) += 1;
    }
}

impl Backend for Counting {
    fn location(&self) -> String {
        self.inner.location()
    }
    fn connections(&self) -> usize {
        2
    }
    fn create(&self) -> Result<(), BackendError> {
        self.inner.create()
    }
    fn list(&self, kind: FileKind) -> Result<Vec<Listed>, BackendError> {
        self.inner.list(kind)
    }
    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        self.count(file.kind);
        self.inner.read(file)
    }
    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        self.count(file.kind);
        self.ranges.fetch_add(1, Ordering::Relaxed);
        self.inner.read_range(file, offset, length, out)
    }
    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        self.inner.write(file, parts)
    }
    fn sync(&self) -> Result<(), BackendError> {
        self.inner.sync()
    }
    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        self.inner.remove(file)
    }
    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        self.inner.modified(file)
    }
    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        self.inner.free_bytes()
    }
}

/// A repository with two snapshots, and an empty cache.
struct World {
    storage: Arc<Counting>,
    base: tempfile::TempDir,
    id: RawId,
    trees: Vec<(TreeId, BTreeMap<String, Vec<u8>>)>,
}

impl World {
    fn new() -> Self {
        let storage = Arc::new(Counting::default());
        let test = TestRepository::create(storage.clone());
        let id = test.repository.config().id;
        let folder = tempfile::tempdir().expect("a folder");
        let mut random = Random::new(3);
        let mut trees = Vec::new();
        for round in 0..2 {
            for number in 0..20 {
                let below = folder.path().join(format!("{}/{}/{round}", number % 4, number % 7));
                fs::create_dir_all(&below).expect("made");
                let noise = random.bytes(50 + number * 40);
                fs::write(below.join(format!("{number}")), noise).expect("written");
            }
            let options = BackupOptions { pack_bytes: 4 << 10, ..BackupOptions::default() };
            let made = test.backup_with(folder.path(), &options, &Unwatched).expect("backed up");
            trees.push((made.tree, files_in(folder.path())));
        }
        Self { storage, base: tempfile::tempdir().expect("a folder"), id, trees }
    }

    /// The repository as a new process opens it.
    fn open(&self) -> TestRepository {
        let cached = CachedBackend::new(self.storage.clone(), self.base.path(), self.id, USED);
        TestRepository::open(Arc::new(cached)).expect("it opens")
    }

    /// Goes through every folder of every snapshot, and sees that all is right.
    fn assert_reads_right(&self, test: &TestRepository) {
        assert_eq!(load_all(&test.repository, &Unwatched).expect("listed").len(), 2);
        for (tree, contents) in &self.trees {
            assert!(test.contents(*tree) == *contents);
        }
    }

    /// How often the storage is asked for what a cache keeps, by a new process that reads all folders.
    fn asked(&self) -> usize {
        let test = self.open();
        let kinds = [FileKind::Index, FileKind::Snapshot, FileKind::Pack];
        for kind in kinds {
            self.storage.take(kind);
        }
        assert_eq!(load_all(&test.repository, &Unwatched).expect("listed").len(), 2);
        let index = test.index();
        let mut pending: Vec<TreeId> = self.trees.iter().map(|(tree, _)| *tree).collect();
        while let Some(id) = pending.pop() {
            let tree = test.repository.read_tree(&index, id).expect("it is whole");
            pending.extend(tree.nodes.iter().filter_map(|node| node.subtree));
        }
        kinds.iter().map(|kind| self.storage.take(*kind)).sum()
    }

    /// The copies of files of a kind.
    fn copies(&self, kind: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let folder = self.base.path().join(self.id.to_string()).join(kind);
        for folder in fs::read_dir(folder).into_iter().flatten().flatten() {
            let files = fs::read_dir(folder.path()).expect("a folder");
            found.extend(files.map(|file| file.expect("an entry").path()));
        }
        found.sort();
        found
    }
}

#[test]
fn it_keeps_the_contract_of_a_storage() {
    let base = tempfile::tempdir().expect("a folder");
    let inner = Arc::new(MemoryBackend::new());
    keeps_the_contract(&CachedBackend::new(inner, base.path(), RawId::of(b"id"), USED));
}

#[test]
fn what_was_read_once_is_not_asked_for_again() {
    let world = World::new();
    let first = world.asked();
    assert!(first > 4, "{first}");
    assert_eq!(world.asked(), 0);
    world.assert_reads_right(&world.open());
    // Packs of data are not kept.
    let packs = world.storage.list(FileKind::Pack).expect("memory").len();
    let kept = world.copies("data").len();
    assert!(kept > 0 && kept < packs, "{kept} of {packs}");
}

#[test]
fn what_this_process_stores_is_kept_at_once() {
    let world = World::new();
    let test = world.open();
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("new"), b"new").expect("written");
    let made = test.backup(folder.path()).expect("backed up");
    for kind in [FileKind::Index, FileKind::Snapshot, FileKind::Pack] {
        world.storage.take(kind);
    }
    let again = world.open();
    load_all(&again.repository, &Unwatched).expect("listed");
    let index = again.index();
    again.repository.read_tree(&index, made.tree).expect("it is whole");
    assert_eq!(world.storage.take(FileKind::Pack), 0);
    assert_eq!(again.contents(made.tree)["/new"], b"new");
}

/// Does something to the first file, perhaps with the second.
type Damage = fn(&Path, &Path);

/// What may become of a copy.
const DAMAGES: [(&str, Damage); 7] = [
    ("torn", |path, _| {
        let bytes = fs::read(path).expect("readable");
        fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
    }),
    ("emptied", |path, _| fs::write(path, b"").expect("written")),
    ("garbage", |path, _| {
        let length = fs::read(path).expect("readable").len();
        fs::write(path, vec![0xa5; length]).expect("written");
    }),
    ("one bit turned", |path, _| {
        let mut bytes = fs::read(path).expect("readable");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).expect("written");
    }),
    ("longer", |path, _| {
        let mut bytes = fs::read(path).expect("readable");
        bytes.extend(*b"more");
        fs::write(path, bytes).expect("written");
    }),
    ("swapped", |path, other| {
        fs::copy(other, path).expect("copied");
    }),
    ("a folder", |path, _| {
        fs::remove_file(path).expect("removed");
        fs::create_dir(path).expect("made");
    }),
];

#[test]
fn whatever_becomes_of_the_copies_what_is_read_is_right_and_they_are_made_again() {
    for (name, damage) in DAMAGES {
        let world = World::new();
        world.asked();
        let all: Vec<PathBuf> =
            ["index", "snapshots", "data"].iter().flat_map(|kind| world.copies(kind)).collect();
        let before: Vec<Vec<u8>> =
            all.iter().map(|path| fs::read(path).expect("readable")).collect();
        let others = all.iter().cycle().skip(1);
        // The last is swapped with the first, which is another by then; neither is right.
        all.iter().zip(others).for_each(|(path, other)| damage(path, other));
        assert!(world.asked() > 0, "{name}: the copies were trusted");
        world.assert_reads_right(&world.open());
        if name == "a folder" {
            continue;
        }
        assert_eq!(world.asked(), 0, "{name}: the copies were not made again");
        for (path, bytes) in all.iter().zip(&before) {
            assert!(fs::read(path).expect("readable") == *bytes, "{name}: {}", path.display());
        }
    }
}

#[test]
fn a_copy_that_changes_after_it_was_found_right_is_noticed_when_a_blob_is_opened() {
    let world = World::new();
    let test = world.open();
    world.assert_reads_right(&test);
    for path in world.copies("data") {
        let mut bytes = fs::read(&path).expect("readable");
        bytes.iter_mut().for_each(|byte| *byte ^= 0x40);
        fs::write(&path, bytes).expect("written");
    }
    world.assert_reads_right(&test);
    for path in world.copies("data") {
        fs::write(&path, b"short").expect("written");
    }
    world.assert_reads_right(&test);
}

#[test]
fn the_header_of_a_copy_that_changed_is_read_from_the_storage() {
    let world = World::new();
    let test = world.open();
    world.assert_reads_right(&test);
    let copies = world.copies("data");
    assert!(!copies.is_empty());
    for path in copies {
        let mut bytes = fs::read(&path).expect("readable");
        bytes.iter_mut().for_each(|byte| *byte ^= 0x40);
        fs::write(&path, bytes).expect("written");
    }
    for pack in world.storage.list(FileKind::Pack).expect("memory") {
        test.repository.read_pack_header(PackId(pack.id), pack.size).expect("it is whole there");
    }
}

#[test]
fn what_is_gone_from_the_repository_and_what_never_was_there_goes() {
    let world = World::new();
    world.asked();
    for kind in ["index", "snapshots", "data"] {
        let folder = world.copies(kind)[0].parent().expect("a folder").to_owned();
        let stranger = RawId::of(kind.as_bytes()).to_string();
        fs::write(folder.join(stranger), b"foreign").expect("written");
        fs::write(folder.join("new-0123"), b"left by a killed process").expect("written");
    }
    let snapshot = world.storage.list(FileKind::Snapshot).expect("memory")[0].id;
    world.storage.remove(FileName::new(FileKind::Snapshot, snapshot)).expect("it is there");
    let test = world.open();
    assert_eq!(load_all(&test.repository, &Unwatched).expect("listed").len(), 1);
    let _ = test.index();
    test.repository.list(FileKind::Pack).expect("listed");
    assert_eq!(world.copies("snapshots").len(), 1);
    for kind in ["index", "snapshots", "data"] {
        for path in world.copies(kind) {
            let bytes = fs::read(&path).expect("readable");
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            assert_eq!(RawId::of(&bytes).to_string(), name);
        }
    }
}

#[test]
fn without_a_place_for_copies_everything_works_as_without_a_cache() {
    let world = World::new();
    let file = world.base.path().join("a file");
    fs::write(&file, b"").expect("written");
    let cached = CachedBackend::new(world.storage.clone(), &file, world.id, USED);
    let test = TestRepository::open(Arc::new(cached)).expect("it opens");
    world.assert_reads_right(&test);
}

#[test]
fn several_at_once_use_one_cache() {
    let world = World::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| world.assert_reads_right(&world.open()));
        }
    });
    assert_eq!(world.asked(), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_look_into_it_and_backups_pass_it_over() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let base = world.base.path().join("to be made");
    drop(CachedBackend::new(world.storage.clone(), &base, world.id, USED));
    for folder in [base.clone(), base.join(world.id.to_string())] {
        let mode = fs::metadata(folder).expect("made").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    let tag = fs::read(base.join("CACHEDIR.TAG")).expect("written");
    assert!(tag.starts_with(b"Signature: 8a477f597d28d172789f06886806bc55"));
}

// Where the time of a folder can be set.
#[cfg(unix)]
#[test]
fn caches_are_listed_with_their_age_and_removed() {
    let base = tempfile::tempdir().expect("a folder");
    assert_eq!(cache_folders(&base.path().join("none")).expect("no folder, no cache"), []);
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    let now = USED + 100 * day;
    for (name, used) in [("one", USED + 30 * day), ("two", USED + 95 * day)] {
        let inner = Arc::new(MemoryBackend::new());
        let id = RawId::of(name.as_bytes());
        let cached = CachedBackend::new(inner, base.path(), id, used);
        let content = name.repeat(100);
        let file = FileName::new(FileKind::Index, RawId::of(content.as_bytes()));
        cached.write(file, &[content.as_bytes()]).expect("memory");
        // Making folders in it has set its time.
        fs::File::open(base.path().join(id.to_string()))
            .and_then(|folder| folder.set_modified(used))
            .expect("permitted");
    }
    fs::write(base.path().join("stranger"), b"").expect("written");
    let found = cache_folders(base.path()).expect("listed");
    assert_eq!(found.iter().map(|cache| cache.age_days(now)).collect::<Vec<_>>(), [70, 5]);
    assert_eq!(found[0].repository, RawId::of(b"one"));
    assert_eq!([found[0].is_old(now, 30), found[1].is_old(now, 30)], [true, false]);
    assert!(found[0].bytes() >= 300);
    found[0].remove().expect("removed");
    assert_eq!(cache_folders(base.path()).expect("listed").len(), 1);
}
