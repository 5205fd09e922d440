//! Changes interrupted everywhere: at each file that they store or remove, in each way in which a
//! storage fails, and at each moment at which the power can be cut. What was complete before is
//! complete afterwards, and doing the same again brings it to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
use holdfast_engine::backup::{BackupOptions, Mode, Sources};
use holdfast_engine::check::{CheckOptions, DataSubset, check};
use holdfast_engine::forget::forget;
use holdfast_engine::id::{SnapshotId, TreeId};
use holdfast_engine::identity::Identity;
use holdfast_engine::key::KdfCost;
use holdfast_engine::lock::{AutoUnlock, HeldLock, Journal, LockRequest, acquire};
use holdfast_engine::monitor::{Cancellation, Unwatched, with_causes};
use holdfast_engine::prune::{MaxUnused, Prune, PruneLocking, PruneOptions};
use holdfast_engine::repository::{NewKey, Repository};
use holdfast_engine::secret::Password;
use holdfast_engine::snapshot::{self, Snapshot};
use holdfast_engine::tag::{TagChange, tag};
use holdfast_testkit::random::Random;
use holdfast_testkit::{ChangeFault, FaultyBackend, PASSWORD, TestRepository, copied, files_in};
use holdfast_testkit::{asked, named};

/// Each kind of change, and how many faults its test injects at least; make test has a thousand.
const ACTS: [(Act, usize); 7] = [
    (Act::Backup, 30),
    (Act::Forget, 90),
    (Act::Tag, 300),
    (Act::Prune, 560),
    (Act::AddKey, 6),
    (Act::ReplaceKey, 10),
    (Act::RemoveKey, 5),
];

/// How many repositories each change is interrupted in, unless `HOLDFAST_FAULT_WORLDS` asks for
/// more.
const WORLDS: u64 = 1;

const _: () = {
    let (mut sum, mut at) = (0, 0);
    while at < ACTS.len() {
        sum += ACTS[at].1 * WORLDS as usize;
        at += 1;
    }
    assert!(sum >= 1000, "make test injects a thousand faults");
};

const SNAPSHOTS: usize = 28;
const NEW_PASSWORD: &str = "a new one";
const NEW_TAG: &str = "seen";

/// Something that changes a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Backup,
    Forget,
    Tag,
    Prune,
    AddKey,
    ReplaceKey,
    RemoveKey,
}

/// A repository before the change, and what is true of it.
struct Scene {
    storage: Arc<MemoryBackend>,
    source: tempfile::TempDir,
    /// Where this computer notes its locks and packs.
    notes: tempfile::TempDir,
    snapshots: Vec<(SnapshotId, Snapshot)>,
    contents: BTreeMap<TreeId, BTreeMap<String, Vec<u8>>>,
    /// Those that are to be forgotten.
    named: BTreeSet<SnapshotId>,
}

impl Scene {
    fn new(seed: u64) -> Self {
        let storage = Arc::new(MemoryBackend::new());
        let source = tempfile::tempdir().expect("a folder");
        let test = TestRepository::create(storage.clone());
        let mut random = Random::new(seed);
        let mut contents = BTreeMap::new();
        for round in 0.. {
            if contents.len() == SNAPSHOTS {
                break;
            }
            edit(&mut random, source.path());
            let made = test.backup_with(source.path(), &backup_options(), &Unwatched);
            let made = made.expect("memory does not fail");
            if round % 7 == 3 {
                // Leaves something to prune.
                let id = made.snapshot.expect("it is stored");
                storage.remove(FileName::new(FileKind::Snapshot, id.0)).expect("it is there");
            } else {
                contents.insert(made.tree, files_in(source.path()));
            }
        }
        edit(&mut random, source.path());
        with_new_key("another", |new| test.repository.add_key(new)).expect("memory does not fail");
        let snapshots = snapshot::load_all(&test.repository, &Unwatched).expect("memory");
        assert_eq!(snapshots.len(), SNAPSHOTS);
        let named = snapshots.iter().map(|(id, _)| *id).filter(|_| random.chance(3, 4)).collect();
        let notes = in_memory_if_possible();
        Self { storage, source, notes, snapshots, contents, named }
    }

    /// The same on a storage of its own.
    fn storage(&self) -> Arc<MemoryBackend> {
        Arc::new(copied(&self.storage))
    }

    /// Opens it after the computer was started so often; what ran before is gone.
    fn open(&self, storage: Arc<dyn Backend>, starts: u32) -> TestRepository {
        let mut test = TestRepository::open(storage).expect("reading works");
        test.context.identity = Arc::new(Identity {
            pid: 100 + starts,
            boot_id: Some(format!("start {starts}")),
            session: format!("session {starts}"),
            ..holdfast_testkit::identity()
        });
        test.context.journal = Some(Arc::new(Journal::new(self.notes.path())));
        test
    }

    /// Carries the change out; an error is all that keeps it from its end.
    fn perform(&self, act: Act, test: &TestRepository) -> Result<(), String> {
        let (repository, cancel) = (&test.repository, Cancellation::default());
        let failed = |error: &dyn std::error::Error| with_causes(error);
        let whole =
            |failed: usize| if failed == 0 { Ok(()) } else { Err(format!("{failed} left")) };
        match act {
            Act::Backup => {
                let lock = lock(test, false)?;
                let index = repository.load_index(&cancel);
                let mut index = index.map_err(|error| failed(&error))?;
                let source = self.source.path();
                let sources = Sources::Paths { targets: &[".".into()], working_folder: source };
                let options = backup_options();
                let job = test.job(Mode::Store(&lock), &options);
                let made = job.run(&mut index, sources, &Unwatched, &cancel);
                made.map(drop).map_err(|error| failed(&error))
            }
            Act::Forget => {
                let lock = lock(test, false)?;
                let ids: Vec<_> = self.named.iter().copied().collect();
                let done = forget(repository, &ids, &lock, &Unwatched, &cancel);
                whole(done.map_err(|error| failed(&error))?.failed.len())
            }
            Act::Tag => {
                let lock = lock(test, true)?;
                let all = snapshot::load_all(repository, &Unwatched);
                let all = all.map_err(|error| failed(&error))?;
                let change = TagChange::Edit { add: vec![NEW_TAG.into()], remove: Vec::new() };
                let all: Vec<_> = all.iter().collect();
                let done = tag(repository, &all, &change, &lock, &Unwatched, &cancel);
                whole(done.map_err(|error| failed(&error))?.failed.len())
            }
            Act::Prune => {
                let (locking, options) = (locking(test), prune_options());
                let prune = Prune { repository, options: &options, locking: Some(locking) };
                let plan = prune.plan(&Unwatched, &cancel).map_err(|error| failed(&error))?;
                let done = prune.carry_out(plan, &Unwatched, &cancel);
                whole(done.map_err(|error| failed(&error))?.failed)
            }
            Act::AddKey => with_new_key(NEW_PASSWORD, |new| repository.add_key(new))
                .map(drop)
                .map_err(|error| failed(&error)),
            Act::ReplaceKey => with_new_key(NEW_PASSWORD, |new| repository.replace_key(new))
                .map(drop)
                .map_err(|error| failed(&error)),
            Act::RemoveKey => {
                let keys = repository.keys().map_err(|error| failed(&error))?;
                let mut others = keys.iter().filter(|key| key.id != repository.key_id());
                others.try_for_each(|key| {
                    repository.remove_key(key.id).map_err(|error| failed(&error))
                })
            }
        }
    }

    /// What was complete is, and nothing is there that is not whole.
    fn assert_whole(&self, act: Act, storage: &Arc<MemoryBackend>) -> Vec<(SnapshotId, Snapshot)> {
        let Some(repository) = open_with_any(storage) else { panic!("no password opens it") };
        let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
        let checked = check(&repository, &options, &Unwatched, &Cancellation::default());
        let outcome = checked.expect("memory lists");
        assert!(outcome.is_sound(), "{:?}", outcome.findings);
        let found = snapshot::load(&repository, &Unwatched).expect("memory lists");
        assert_eq!(found.unreadable, []);
        let found = found.readable;
        for (id, before) in &self.snapshots {
            let is_there = found.iter().any(|(found, _)| found == id)
                || act == Act::Forget && self.named.contains(id)
                || act == Act::Tag
                    && found.iter().any(|(_, after)| is_retagged(*id, before, after));
            assert!(is_there, "snapshot {id} is lost");
        }
        let is_old = |snapshot: &Snapshot| self.contents.contains_key(&snapshot.tree);
        let new: Vec<_> = found.iter().filter(|(_, snapshot)| !is_old(snapshot)).collect();
        assert!(new.is_empty() || act == Act::Backup, "{new:?}");
        found
    }

    /// What a check calls sound is also what it was: another one or two of the snapshots each time.
    fn assert_some_contents(&self, test: &TestRepository) {
        let turn = test.repository.list(FileKind::Pack).expect("memory lists").len();
        for (tree, contents) in self.contents.iter().skip(turn % SNAPSHOTS).take(2) {
            assert!(test.contents(*tree) == *contents);
        }
    }

    /// The change came to its end, and nobody is in the way of the next one.
    fn assert_done(&self, act: Act, storage: &Arc<MemoryBackend>) {
        let locks = storage.list(FileKind::Lock).expect("memory lists");
        // A shared one whose removal a power cut undid is proven dead, and in nobody's way.
        assert!(locks.len() <= usize::from(matches!(act, Act::Backup | Act::Forget)), "{locks:?}");
        let found = self.assert_whole(act, storage);
        let test = match act {
            Act::ReplaceKey => None,
            _ => Some(TestRepository::open(storage.clone()).expect("it opens")),
        };
        match act {
            Act::Backup => {
                let test = test.expect("the password is the same");
                let new = found.iter().rfind(|(_, it)| !self.contents.contains_key(&it.tree));
                let contents = test.contents(new.expect("there is a new one").1.tree);
                assert!(contents == files_in(self.source.path()));
                self.assert_some_contents(&test);
            }
            Act::Forget => assert!(found.iter().all(|(id, _)| !self.named.contains(id))),
            Act::Tag => assert!(found.iter().all(|(_, it)| it.has_tags(&[NEW_TAG.to_owned()]))),
            Act::Prune => {
                let (options, test) = (prune_options(), test.expect("the password is the same"));
                self.assert_some_contents(&test);
                let locking = Some(locking(&test));
                let prune = Prune { repository: &test.repository, options: &options, locking };
                let plan = prune.plan(&Unwatched, &Cancellation::default()).expect("it is sound");
                let stats = plan.stats();
                assert_eq!((stats.unused.blobs, stats.duplicates.blobs), (0, 0), "{stats:?}");
                assert_eq!(stats.abandoned_packs, 0, "{stats:?}");
            }
            Act::AddKey => assert!(opens(storage, NEW_PASSWORD) && opens(storage, PASSWORD)),
            Act::ReplaceKey => assert!(opens(storage, NEW_PASSWORD) && !opens(storage, PASSWORD)),
            Act::RemoveKey => assert!(opens(storage, PASSWORD) && !opens(storage, "another")),
        }
    }
}

/// A folder that takes no time to sync, where there is one: notes are made durable for each lock.
fn in_memory_if_possible() -> tempfile::TempDir {
    let in_memory = tempfile::tempdir_in("/dev/shm");
    in_memory.or_else(|_| tempfile::tempdir()).expect("a folder")
}

fn is_retagged(id: SnapshotId, before: &Snapshot, after: &Snapshot) -> bool {
    let expected =
        Snapshot { tags: vec![NEW_TAG.to_owned()], original: Some(id), ..before.clone() };
    expected.to_json() == after.to_json()
}

fn edit(random: &mut Random, source: &std::path::Path) {
    for _ in 0..3 {
        let folder = source.join(format!("{}", random.below(3)));
        fs::create_dir_all(&folder).expect("made");
        let length = 1000 + random.below(4000) as usize;
        let path = folder.join(format!("{}", random.below(4)));
        fs::write(path, random.bytes(length)).expect("written");
    }
}

fn backup_options() -> BackupOptions {
    BackupOptions { pack_bytes: 6_000, ..BackupOptions::default() }
}

fn prune_options() -> PruneOptions {
    PruneOptions {
        max_unused: MaxUnused::Bytes(0),
        repack_smaller_than: Some(5_000),
        pack_bytes: 12_000,
        unindexed_age_min: Duration::ZERO,
        ..PruneOptions::default()
    }
}

fn locking(test: &TestRepository) -> PruneLocking<'_> {
    PruneLocking { context: &test.context, wait: Duration::ZERO, auto_unlock: AutoUnlock::Own }
}

fn lock(test: &TestRepository, exclusive: bool) -> Result<HeldLock, String> {
    let request = LockRequest {
        exclusive,
        wait: Duration::ZERO,
        auto_unlock: AutoUnlock::Own,
        operation: "test".to_owned(),
    };
    let cancel = Cancellation::default();
    let lock = acquire(&test.repository, &request, &test.context, &Unwatched, &cancel);
    lock.map_err(|error| with_causes(&error))
}

fn with_new_key<T>(password: &str, act: impl FnOnce(&NewKey<'_>) -> T) -> T {
    act(&NewKey {
        password: &Password::new(password),
        cost: Some(KdfCost::least_for_tests()),
        identity: &holdfast_testkit::identity(),
        clock: &holdfast_testkit::FakeClock::at("2026-03-27T09:00:00Z"),
        zone: &jiff::tz::TimeZone::UTC,
    })
}

fn opens(storage: &Arc<MemoryBackend>, password: &str) -> bool {
    Repository::open(storage.clone(), &Password::new(password), None).is_ok()
}

fn open_with_any(storage: &Arc<MemoryBackend>) -> Option<Repository> {
    let open = |password| Repository::open(storage.clone(), &Password::new(password), None).ok();
    [PASSWORD, NEW_PASSWORD].into_iter().find_map(open)
}

/// Interrupts the change everywhere, in every way, and again without, so that it comes to its end.
fn interrupt_everywhere(act: Act) {
    let worlds = asked("HOLDFAST_FAULT_WORLDS", WORLDS);
    let mut faults = 0;
    for seed in 0..worlds {
        let scene = Scene::new(seed);
        for fault in ChangeFault::ALL {
            for changes in 0.. {
                let storage = scene.storage();
                let faulty = Arc::new(FaultyBackend::failing(storage.clone(), changes, fault));
                let test = scene.open(faulty.clone(), 1);
                let done = scene.perform(act, &test);
                drop(test);
                let has_struck = faulty.failed_changes() > 0;
                if fault == ChangeFault::PowerCut {
                    faulty.lose_some_unsynced(&mut Random::new(seed ^ changes as u64));
                }
                let case = format!("world {seed}, {fault:?} after {changes} changes: {done:?}");
                let looked = || {
                    assert!(done.is_ok() || has_struck, "it failed by itself");
                    scene.assert_whole(act, &storage);
                    assert_keys(act, fault, &scene, &storage, done.is_ok());
                    finish(&scene, act, &storage);
                };
                named(&case, looked);
                if !has_struck {
                    break;
                }
                faults += 1;
            }
        }
    }
    let least = ACTS.iter().find(|(of, _)| *of == act).expect("it is listed").1;
    assert!(faults >= least * worlds as usize, "only {faults} faults");
}

/// A new password that was said not to be stored opens nothing, if the storage worked afterwards.
fn assert_keys(
    act: Act,
    fault: ChangeFault,
    scene: &Scene,
    storage: &Arc<MemoryBackend>,
    is_done: bool,
) {
    let passes = matches!(fault, ChangeFault::Once(_) | ChangeFault::AnswerLost);
    if act == Act::AddKey && passes && !is_done {
        let count = |storage: &MemoryBackend| storage.list(FileKind::Key).expect("memory").len();
        assert_eq!(count(storage), count(&scene.storage));
    }
}

/// The same change again, where nothing fails.
fn finish(scene: &Scene, act: Act, storage: &Arc<MemoryBackend>) {
    if act == Act::ReplaceKey && !opens(storage, PASSWORD) {
        return scene.assert_done(act, storage);
    }
    let test = scene.open(storage.clone(), 2);
    scene.perform(act, &test).expect("nothing fails");
    drop(test);
    scene.assert_done(act, storage);
}

#[test]
fn a_backup_interrupted_anywhere_costs_no_snapshot_and_the_next_one_is_whole() {
    interrupt_everywhere(Act::Backup);
}

#[test]
fn a_forget_interrupted_anywhere_removes_nothing_but_what_was_named() {
    interrupt_everywhere(Act::Forget);
}

#[test]
fn new_tags_interrupted_anywhere_leave_each_snapshot_with_old_tags_or_new_ones() {
    interrupt_everywhere(Act::Tag);
}

#[test]
fn a_prune_interrupted_anywhere_loses_nothing_and_the_next_one_frees_everything() {
    interrupt_everywhere(Act::Prune);
}

#[test]
fn a_password_whose_adding_was_interrupted_locks_nobody_out() {
    interrupt_everywhere(Act::AddKey);
}

#[test]
fn a_change_of_password_interrupted_anywhere_leaves_one_of_both() {
    interrupt_everywhere(Act::ReplaceKey);
}

#[test]
fn the_removal_of_a_password_interrupted_anywhere_leaves_the_other() {
    interrupt_everywhere(Act::RemoveKey);
}
