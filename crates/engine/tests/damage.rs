//! Every kind of damage to every kind of file, and what each operation makes of it.
//!
//! The table is the expectation, cell by cell. Whatever a cell says, nothing panics, nothing is
//! restored wrongly, and what the damage does not concern restores byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use holdfast_engine::backend::{Backend, CachedBackend, FileKind, FileName, MemoryBackend};
use holdfast_engine::backup::{BackupOptions, Mode, Sources};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::check::{CheckOptions, DataSubset, check};
use holdfast_engine::id::{BlobId, IndexId, RawId, SnapshotId, TreeId};
use holdfast_engine::identity::Identity;
use holdfast_engine::key::KdfCost;
use holdfast_engine::lock::{AutoUnlock, LockRequest, acquire};
use holdfast_engine::monitor::{Cancellation, Event, Monitor, Unwatched};
use holdfast_engine::prune::{MaxUnused, Prune, PruneLocking, PruneOptions};
use holdfast_engine::repair::{IndexRepairOptions, PackRepair, repair_index};
use holdfast_engine::repository::{NewKey, OpenError};
use holdfast_engine::restore::{Destination, Restore, RestoreOptions};
use holdfast_engine::secret::Password;
use holdfast_engine::snapshot::Snapshot;
use holdfast_engine::storing::Storing;
use holdfast_testkit::random::Random;
use holdfast_testkit::{TestRepository, copied, files_in, identity, named};

/// What comes of each operation.
///
/// * `fine`: it does all that it should, and says that all is well.
/// * `told`: it does what it can and tells of what it cannot.
/// * `refuses`: it is an error, and nothing was changed.
/// * `unaware`: it could not notice, for that it would have to read everything. A check does.
///
/// A file that is *swapped* holds what another of its kind does; one that is *doubled* holds the same
/// twice. The other key is one that the password does not open; the lock is of another computer.
/// What is *cached* is this computer's copy of a file, and the storage is whole.
/// Where a restore refuses, the two snapshots that the damage does not concern are restored whole.
/// A repair is what a person does: the index, then the packs that a check calls broken. It is fine if
/// nothing is wrong afterwards, told if something is lost; what came back before comes back still.
const EXPECTED: &str = "
    file            damage   open     backup   restore  check    prune    repair
    -----------------------------------------------------------------------------
    config          removed  refuses  refuses  refuses  refuses  refuses  refuses
    config          emptied  refuses  refuses  refuses  refuses  refuses  refuses
    config          cut      refuses  refuses  refuses  refuses  refuses  refuses
    config          bit      refuses  refuses  refuses  refuses  refuses  refuses
    config          swapped  refuses  refuses  refuses  refuses  refuses  refuses
    config          garbage  refuses  refuses  refuses  refuses  refuses  refuses
    config          doubled  refuses  refuses  refuses  refuses  refuses  refuses
    key             removed  refuses  refuses  refuses  refuses  refuses  refuses
    key             emptied  refuses  refuses  refuses  refuses  refuses  refuses
    key             cut      refuses  refuses  refuses  refuses  refuses  refuses
    key             bit      refuses  refuses  refuses  refuses  refuses  refuses
    key             swapped  refuses  refuses  refuses  refuses  refuses  refuses
    key             garbage  refuses  refuses  refuses  refuses  refuses  refuses
    key             doubled  refuses  refuses  refuses  refuses  refuses  refuses
    other key       removed  fine     fine     fine     fine     fine     fine
    other key       emptied  fine     fine     fine     fine     fine     fine
    other key       cut      fine     fine     fine     fine     fine     fine
    other key       bit      fine     fine     fine     fine     fine     fine
    other key       swapped  fine     fine     fine     fine     fine     fine
    other key       garbage  fine     fine     fine     fine     fine     fine
    other key       doubled  fine     fine     fine     fine     fine     fine
    snapshot        removed  fine     fine     refuses  fine     fine     fine
    snapshot        emptied  fine     told     refuses  told     refuses  told
    snapshot        cut      fine     told     refuses  told     refuses  told
    snapshot        bit      fine     told     refuses  told     refuses  told
    snapshot        swapped  fine     told     refuses  told     refuses  told
    snapshot        garbage  fine     told     refuses  told     refuses  told
    snapshot        doubled  fine     told     refuses  told     refuses  told
    index           removed  fine     told     refuses  told     refuses  fine
    index           emptied  fine     refuses  refuses  told     refuses  fine
    index           cut      fine     refuses  refuses  told     refuses  fine
    index           bit      fine     refuses  refuses  told     refuses  fine
    index           swapped  fine     refuses  refuses  told     refuses  fine
    index           garbage  fine     refuses  refuses  told     refuses  fine
    index           doubled  fine     refuses  refuses  told     refuses  fine
    tree pack       removed  fine     told     refuses  told     refuses  told
    tree pack       emptied  fine     told     refuses  told     refuses  told
    tree pack       cut      fine     told     refuses  told     refuses  told
    tree pack       bit      fine     told     refuses  told     refuses  told
    tree pack       swapped  fine     told     refuses  told     refuses  told
    tree pack       garbage  fine     told     refuses  told     refuses  told
    tree pack       doubled  fine     fine     fine     told     refuses  fine
    data pack       removed  fine     told     told     told     refuses  told
    data pack       emptied  fine     told     told     told     refuses  told
    data pack       cut      fine     told     told     told     refuses  told
    data pack       bit      fine     unaware  told     told     refuses  told
    data pack       swapped  fine     told     told     told     refuses  told
    data pack       garbage  fine     unaware  told     told     refuses  told
    data pack       doubled  fine     fine     fine     told     refuses  fine
    lock            removed  fine     fine     fine     fine     fine     fine
    lock            emptied  fine     fine     fine     fine     fine     fine
    lock            cut      fine     fine     fine     fine     refuses  refuses
    lock            bit      fine     fine     fine     fine     refuses  refuses
    lock            swapped  fine     fine     fine     fine     refuses  refuses
    lock            garbage  fine     fine     fine     fine     refuses  refuses
    lock            doubled  fine     fine     fine     fine     refuses  refuses
    cached snapshot removed  fine     fine     fine     fine     fine     fine
    cached snapshot emptied  fine     fine     fine     fine     fine     fine
    cached snapshot cut      fine     fine     fine     fine     fine     fine
    cached snapshot bit      fine     fine     fine     fine     fine     fine
    cached snapshot swapped  fine     fine     fine     fine     fine     fine
    cached snapshot garbage  fine     fine     fine     fine     fine     fine
    cached snapshot doubled  fine     fine     fine     fine     fine     fine
    cached index    removed  fine     fine     fine     fine     fine     fine
    cached index    emptied  fine     fine     fine     fine     fine     fine
    cached index    cut      fine     fine     fine     fine     fine     fine
    cached index    bit      fine     fine     fine     fine     fine     fine
    cached index    swapped  fine     fine     fine     fine     fine     fine
    cached index    garbage  fine     fine     fine     fine     fine     fine
    cached index    doubled  fine     fine     fine     fine     fine     fine
    cached tree     removed  fine     fine     fine     fine     fine     fine
    cached tree     emptied  fine     fine     fine     fine     fine     fine
    cached tree     cut      fine     fine     fine     fine     fine     fine
    cached tree     bit      fine     fine     fine     fine     fine     fine
    cached tree     swapped  fine     fine     fine     fine     fine     fine
    cached tree     garbage  fine     fine     fine     fine     fine     fine
    cached tree     doubled  fine     fine     fine     fine     fine     fine
";

const OPERATIONS: [Operation; 6] = [
    ("open", open),
    ("backup", backup),
    ("restore", restore),
    ("check", verify),
    ("prune", prune),
    ("repair", repair),
];

type Operation = (&'static str, fn(&Scene, &Place) -> &'static str);

/// What is damaged and then used: a storage, and a cache where there is one.
struct Place {
    storage: Arc<MemoryBackend>,
    cache: Option<Cache>,
}

struct Cache {
    base: tempfile::TempDir,
    repository: RawId,
}

impl Place {
    /// A copy of the scene's storage.
    fn of(scene: &Scene) -> Self {
        Self { storage: Arc::new(copied(&scene.storage)), cache: None }
    }

    /// The same with a cache that has copies of all that is cached.
    fn with_cache(scene: &Scene) -> Self {
        let mut place = Self::of(scene);
        let repository = place.open().expect("it is whole").repository.config().id;
        let base = tempfile::tempdir().expect("a folder");
        place.cache = Some(Cache { base, repository });
        assert_eq!(restore(scene, &place), "fine");
        place
    }

    fn open(&self) -> Result<TestRepository, OpenError> {
        let storage = self.storage.clone();
        let Some(Cache { base, repository }) = &self.cache else {
            return TestRepository::open(storage);
        };
        let now = SystemTime::UNIX_EPOCH;
        let cached = CachedBackend::new(storage, base.path(), *repository, now);
        TestRepository::open(Arc::new(cached))
    }

    /// Damages the file, or the copy of it that is cached.
    fn damage(&self, damage: &str, file: FileName, at: usize) {
        let Some(Cache { base, repository }) = &self.cache else {
            let damaged = damaged(&self.storage, damage, file, at);
            self.storage.remove(file).expect("it is there");
            if let Some(bytes) = damaged {
                // Against the contract, as a failing disk does.
                self.storage.write(file, &[&bytes]).expect("memory stores");
            }
            return;
        };
        let kind = match file.kind {
            FileKind::Snapshot => "snapshots",
            FileKind::Index => "index",
            _ => "data",
        };
        let id = file.id.to_string();
        let copy = base.path().join(repository.to_string()).join(kind).join(&id[..2]).join(&id);
        let whole = fs::read(&copy).expect("it is cached");
        assert!(whole == self.storage.read(file).expect("it is there"));
        let damaged = damaged(&self.storage, damage, file, at);
        fs::remove_file(&copy).expect("removed");
        if let Some(bytes) = damaged {
            fs::write(copy, bytes).expect("written");
        }
    }
}

/// Three snapshots of a folder that grows. The damage concerns the last one alone.
struct Scene {
    storage: Arc<MemoryBackend>,
    source: tempfile::TempDir,
    snapshots: Vec<(SnapshotId, TreeId, BTreeMap<String, Vec<u8>>)>,
}

impl Scene {
    fn new() -> Self {
        let storage = Arc::new(MemoryBackend::new());
        let source = tempfile::tempdir().expect("a folder");
        let test = TestRepository::create(storage.clone());
        let mut random = Random::new(1);
        let mut snapshots = Vec::new();
        for round in 0..3 {
            let folder = source.path().join(format!("folder {round}"));
            fs::create_dir(&folder).expect("made");
            for name in ["one", "two"] {
                fs::write(folder.join(name), random.bytes(5000)).expect("written");
            }
            // Something that nothing needs any more, for a prune to remove.
            let passing = folder.join("passing");
            fs::write(&passing, random.bytes(2000)).expect("written");
            let made = test.backup(source.path()).expect("memory does not fail");
            let id = made.snapshot.expect("it is stored");
            storage.remove(FileName::new(FileKind::Snapshot, id.0)).expect("it is there");
            fs::remove_file(passing).expect("removed");
            let made = test.backup(source.path()).expect("memory does not fail");
            let id = made.snapshot.expect("it is stored");
            snapshots.push((id, made.tree, files_in(source.path())));
        }
        let new = NewKey {
            password: &Password::new("another"),
            cost: Some(KdfCost::least_for_tests()),
            identity: &identity(),
            clock: &*test.clock,
            zone: &test.context.zone,
        };
        test.repository.add_key(&new).expect("memory does not fail");
        Self { storage, source, snapshots }
    }

    /// The file of the last snapshot that is to be damaged, and the byte of it in which a bit turns.
    fn victim(&self, file: &str) -> (FileName, usize) {
        let test = TestRepository::open(self.storage.clone()).expect("it is whole");
        let (id, tree, contents) = self.snapshots.last().expect("there are three");
        let index = test.index();
        let located = |kind, id: BlobId| index.locate(kind, &id).expect("it is there");
        let of_blob = |kind, id| {
            let place = located(kind, id);
            let middle = (place.offset + place.length / 2) as usize;
            (FileName::new(FileKind::Pack, place.pack.0), middle)
        };
        let with_middle =
            |file: FileName| (file, self.storage.read(file).expect("it is there").len() / 2);
        let of_kind = |kind| self.storage.list(kind).expect("memory lists");
        let key = test.repository.key_id();
        match file {
            "config" => with_middle(FileName::CONFIG),
            "key" => with_middle(FileName::new(FileKind::Key, key.0)),
            "other key" => {
                let other = of_kind(FileKind::Key).into_iter().find(|file| file.id != key.0);
                with_middle(FileName::new(FileKind::Key, other.expect("there are two").id))
            }
            "snapshot" | "cached snapshot" => with_middle(FileName::new(FileKind::Snapshot, id.0)),
            "index" | "cached index" => {
                let pack = located(BlobKind::Tree, (*tree).into()).pack;
                let names = |file: &RawIndex| file.1.contains(&pack.to_string());
                let files = of_kind(FileKind::Index).into_iter().map(|file| {
                    let read = test.repository.read_index_file(IndexId(file.id)).expect("whole");
                    (file.id, String::from_utf8(read.to_json()).expect("JSON"))
                });
                let (id, _) = files.into_iter().find(names).expect("one names it");
                with_middle(FileName::new(FileKind::Index, id))
            }
            "tree pack" | "cached tree" => of_blob(BlobKind::Tree, (*tree).into()),
            "data pack" => of_blob(BlobKind::Data, BlobId::of(&contents["/folder 2/one"])),
            "lock" => with_middle(FileName::new(FileKind::Lock, of_kind(FileKind::Lock)[0].id)),
            other => panic!("there is no file {other:?}"),
        }
    }
}

type RawIndex = (RawId, String);

/// A program on another computer that lives, and has a lock.
fn foreign_lock(storage: &Arc<MemoryBackend>) -> (TestRepository, holdfast_engine::lock::HeldLock) {
    let mut test = TestRepository::open(storage.clone()).expect("it is whole");
    test.context.identity = Arc::new(Identity {
        hostname: "another".to_owned(),
        machine_id: Some("another".to_owned()),
        ..identity()
    });
    let lock = test.lock(false);
    (test, lock)
}

/// What a file holds afterwards; `None` if it is gone.
fn damaged(storage: &MemoryBackend, damage: &str, file: FileName, at: usize) -> Option<Vec<u8>> {
    let whole = storage.read(file).expect("it is there");
    Some(match damage {
        "removed" => return None,
        "emptied" => Vec::new(),
        "cut" => whole[..at].to_vec(),
        "bit" => {
            let mut bytes = whole;
            bytes[at] ^= 8;
            bytes
        }
        "swapped" => another(storage, file, &whole),
        "garbage" => Random::new(9).bytes(whole.len()),
        "doubled" => whole.repeat(2),
        other => panic!("there is no damage {other:?}"),
    })
}

/// What another file of the kind holds, of another size if there is one; for the config, that of
/// another repository.
fn another(storage: &MemoryBackend, file: FileName, whole: &[u8]) -> Vec<u8> {
    if file.kind == FileKind::Config {
        let stranger = Arc::new(MemoryBackend::new());
        drop(TestRepository::create(stranger.clone()));
        return stranger.read(file).expect("it is there");
    }
    let listed = storage.list(file.kind).expect("memory lists");
    let others = listed.into_iter().filter(|other| other.id != file.id);
    let other = others.max_by_key(|other| other.size != whole.len() as u64).expect("there are two");
    storage.read(FileName::new(file.kind, other.id)).expect("it is there")
}

fn open(_: &Scene, place: &Place) -> &'static str {
    place.open().map_or("refuses", |_| "fine")
}

/// Keeps only whether there were findings.
#[derive(Default)]
struct Witness(Mutex<Vec<String>>);

impl Monitor for Witness {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            self.0.lock().expect("nobody panics").push(finding.message.clone());
        }
    }
}

fn backup(scene: &Scene, place: &Place) -> &'static str {
    let Ok(test) = place.open() else { return "refuses" };
    let before = count(&place.storage, FileKind::Snapshot);
    let (options, witness) = (BackupOptions::default(), Witness::default());
    let request = request(false);
    let cancel = Cancellation::default();
    let lock = acquire(&test.repository, &request, &test.context, &Unwatched, &cancel);
    let made = lock.ok().and_then(|lock| {
        let mut index = test.repository.load_index(&cancel).ok()?;
        let source = scene.source.path();
        let sources = Sources::Paths { targets: &[".".into()], working_folder: source };
        let job = test.job(Mode::Store(&lock), &options);
        job.run(&mut index, sources, &witness, &cancel).ok()
    });
    let Some(made) = made else {
        assert_eq!(count(&place.storage, FileKind::Snapshot), before);
        return "refuses";
    };
    let (failures, found) = restored(&test, made.tree);
    let is_whole = failures == 0 && found == files_in(scene.source.path());
    let is_told = !witness.0.into_inner().expect("nobody panics").is_empty();
    match (is_whole, is_told) {
        (true, false) => "fine",
        (true, true) => "told",
        (false, _) => "unaware",
    }
}

fn count(storage: &MemoryBackend, kind: FileKind) -> usize {
    storage.list(kind).expect("memory lists").len()
}

fn request(exclusive: bool) -> LockRequest {
    LockRequest {
        exclusive,
        wait: Duration::ZERO,
        auto_unlock: AutoUnlock::Own,
        operation: "test".to_owned(),
    }
}

/// What comes back of a tree, and how much does not.
fn restored(test: &TestRepository, tree: TreeId) -> (u64, BTreeMap<String, Vec<u8>>) {
    let target = tempfile::tempdir().expect("a folder");
    let index = test.repository.load_readable_index(&Unwatched, &Cancellation::default());
    let index = index.expect("the storage can be read");
    let options = RestoreOptions::new(Destination::Folder(target.path().into()));
    let restore = Restore { repository: &test.repository, index: &index, tree, options: &options };
    let done = restore.run(&Unwatched, &Cancellation::default());
    let failures = done.map_or(u64::MAX, |outcome| outcome.failures);
    let mut found = files_in(target.path());
    // What a restore could not finish is called so.
    found.retain(|path, _| Path::new(path).extension().is_none_or(|it| it != "incomplete"));
    (failures, found)
}

fn restore(scene: &Scene, place: &Place) -> &'static str {
    let Ok(test) = place.open() else { return "refuses" };
    let mut worst = "fine";
    for (number, (id, tree, expected)) in scene.snapshots.iter().enumerate() {
        let is_last = number + 1 == scene.snapshots.len();
        let Ok(snapshot) = Snapshot::load(&test.repository, *id) else {
            assert!(is_last, "the damage concerns the last snapshot alone");
            return "refuses";
        };
        assert_eq!(snapshot.tree, *tree);
        let (failures, found) = restored(&test, *tree);
        assert!(found.iter().all(|(path, content)| expected[path] == *content), "wrong content");
        assert_eq!(failures == 0, found.len() == expected.len(), "{failures}");
        if failures > 0 {
            assert!(is_last, "the damage concerns the last snapshot alone");
            worst = if failures == u64::MAX { "refuses" } else { "told" };
        }
    }
    worst
}

fn verify(_: &Scene, place: &Place) -> &'static str {
    let Ok(test) = place.open() else { return "refuses" };
    let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
    match check(&test.repository, &options, &Unwatched, &Cancellation::default()) {
        Err(_) => "refuses",
        Ok(outcome) if outcome.is_sound() => "fine",
        Ok(_) => "told",
    }
}

fn prune(scene: &Scene, place: &Place) -> &'static str {
    let Ok(test) = place.open() else { return "refuses" };
    let restorable = |test: &TestRepository| {
        let trees = scene.snapshots.iter().map(|(_, tree, _)| *tree);
        trees.map(|tree| restored(test, tree)).collect::<Vec<_>>()
    };
    let before = (restorable(&test), count(&place.storage, FileKind::Pack));
    let options = PruneOptions {
        max_unused: MaxUnused::Bytes(0),
        unindexed_age_min: Duration::ZERO,
        ..PruneOptions::default()
    };
    let (context, auto_unlock) = (&test.context, AutoUnlock::Own);
    let locking = Some(PruneLocking { context, wait: Duration::ZERO, auto_unlock });
    let prune = Prune { repository: &test.repository, options: &options, locking };
    let cancel = Cancellation::default();
    let done =
        prune.plan(&Unwatched, &cancel).and_then(|plan| prune.carry_out(plan, &Unwatched, &cancel));
    let after = restorable(&test);
    if done.is_ok() {
        // What a snapshot that is gone needed may go; all else is there still.
        let is_gone =
            |at: &usize| Snapshot::load(&test.repository, scene.snapshots[*at].0).is_err();
        for at in (0..after.len()).filter(|at| !is_gone(at)) {
            assert!(after[at].1.len() >= before.0[at].1.len(), "the prune removed something");
        }
        return "fine";
    }
    assert!(after == before.0 && count(&place.storage, FileKind::Pack) >= before.1);
    "refuses"
}

fn repair(scene: &Scene, place: &Place) -> &'static str {
    let Ok(test) = place.open() else { return "refuses" };
    let (repository, cancel) = (&test.repository, Cancellation::default());
    let back = |test: &TestRepository| {
        let trees = scene.snapshots.iter().map(|(_, tree, _)| restored(test, *tree).1);
        trees.collect::<Vec<_>>()
    };
    let before = back(&test);
    let lock = acquire(repository, &request(true), &test.context, &Unwatched, &cancel);
    let Ok(lock) = lock else { return "refuses" };
    let checked = || {
        let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
        check(repository, &options, &Unwatched, &cancel).expect("memory lists")
    };
    let options = IndexRepairOptions::default();
    repair_index(repository, options, &lock, &Unwatched, &cancel).expect("nothing fails");
    let packs = checked().broken_packs;
    let clock = &*test.clock;
    let storing = Storing::default();
    let repair = PackRepair { repository, packs: &packs, storing, clock, lock: &lock };
    repair.run(&Unwatched, &cancel).expect("nothing fails");
    for (before, after) in before.iter().zip(back(&test)) {
        assert!(before.iter().all(|(path, content)| after.get(path) == Some(content)));
    }
    if checked().is_sound() { "fine" } else { "told" }
}

#[test]
fn each_damage_to_each_file_comes_to_what_the_table_says() {
    let scene = Scene::new();
    let rows = EXPECTED.lines().skip(3).map(str::trim).filter(|row| !row.is_empty());
    let mut wrong = Vec::new();
    for row in rows {
        let (names, expected) = row.split_at(25);
        let (file, damage) = names.split_at(16);
        let (file, damage) = (file.trim(), damage.trim());
        let expected: Vec<_> = expected.split_whitespace().collect();
        assert_eq!(expected.len(), OPERATIONS.len(), "{row}");
        let mut found = Vec::new();
        for (operation, act) in OPERATIONS {
            // Two locks, so that one can be taken for the other.
            let held = (file == "lock")
                .then(|| [foreign_lock(&scene.storage), foreign_lock(&scene.storage)]);
            let is_cached = file.starts_with("cached");
            let make = if is_cached { Place::with_cache } else { Place::of };
            let place = make(&scene);
            let (name, at) = scene.victim(file);
            drop(held);
            place.damage(damage, name, at);
            let storage = &place.storage;
            for lock in storage.list(FileKind::Lock).expect("memory lists") {
                if lock.id != name.id {
                    storage.remove(FileName::new(FileKind::Lock, lock.id)).expect("it is there");
                }
            }
            found.push(named(&format!("{operation} with {file} {damage}"), || act(&scene, &place)));
        }
        if found != expected {
            let cells: String = found.iter().map(|cell| format!("{cell:<9}")).collect();
            wrong.push(format!("    {file:<16}{damage:<9}{}", cells.trim_end()));
        }
    }
    assert!(wrong.is_empty(), "it comes to this instead:\n{}", wrong.join("\n"));
}
