//! Copies between repositories: what arrives is what was sent, and a stop anywhere costs nothing but
//! time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast_engine::backend::{Backend as _, BackendErrorKind, FileKind, FileName, MemoryBackend};
use holdfast_engine::backup::BackupOptions;
use holdfast_engine::blob::{BlobKind, PackedBlob};
use holdfast_engine::check::{CheckOptions, DataSubset, check};
use holdfast_engine::codec::Compression;
use holdfast_engine::copy::{Copy, CopyError, CopyOptions, CopyOutcome};
use holdfast_engine::id::{BlobId, SnapshotId, TreeId};
use holdfast_engine::key::KdfCost;
use holdfast_engine::lock::{self, AutoUnlock, HeldLock, Journal, LockRequest};
use holdfast_engine::monitor::{Cancellation, Event, Finding, Monitor, Unwatched, with_causes};
use holdfast_engine::repository::{CreateOptions, Repository};
use holdfast_engine::secret::Password;
use holdfast_engine::snapshot::{Snapshot, load_all};
use holdfast_testkit::random::Random;
use holdfast_testkit::{FaultyBackend, PASSWORD, TestRepository, identity};

/// Small, so that there are many.
const PACK_BYTES: u32 = 32 << 10;

type Contents = BTreeMap<String, Vec<u8>>;

/// A repository with some snapshots of a folder that changes, and what each of them holds.
struct Source {
    backend: Arc<MemoryBackend>,
    test: TestRepository,
    snapshots: Vec<(SnapshotId, TreeId, Contents)>,
}

impl Source {
    fn new(snapshots: usize, compression: Compression) -> Self {
        let backend = Arc::new(MemoryBackend::new());
        let test = TestRepository::create(backend.clone());
        let folder = tempfile::tempdir().expect("a folder");
        let mut random = Random::new(7);
        let options =
            BackupOptions { pack_bytes: PACK_BYTES, compression, ..BackupOptions::default() };
        let mut made = Vec::new();
        for round in 0..snapshots {
            for number in 0..12 {
                let below = folder.path().join(format!("{}/{}", number % 3, number % 5));
                fs::create_dir_all(&below).expect("made");
                let noise = random.bytes(100 + number * 900);
                fs::write(below.join(format!("{round} {number}")), noise).expect("written");
            }
            let text = format!("some words of round {round}\n").repeat(3000);
            fs::write(folder.path().join("text"), text).expect("written");
            let outcome = test.backup_with(folder.path(), &options, &Unwatched).expect("backed up");
            let id = outcome.snapshot.expect("it is stored");
            made.push((id, outcome.tree, test.contents(outcome.tree)));
        }
        Self { backend, test, snapshots: made }
    }

    fn ids(&self) -> Vec<SnapshotId> {
        self.snapshots.iter().map(|(id, ..)| *id).collect()
    }

    fn all(&self) -> Vec<(SnapshotId, Snapshot)> {
        load_all(&self.test.repository, &Unwatched).expect("they are listed")
    }

    /// A blob of one kind that only the last snapshot needs, and where it lies.
    fn only_in_last(&self, kind: BlobKind) -> PackedBlob {
        let (last, earlier) = self.snapshots.split_last().expect("there are some");
        let used = |tree: &TreeId| used_by(&self.test, *tree, kind);
        let before: BTreeSet<_> = earlier.iter().flat_map(|(_, tree, _)| used(tree)).collect();
        let id = used(&last.1).into_iter().find(|id| !before.contains(id));
        let id = id.expect("it has something of its own");
        let location = self.test.index().locate(kind, &id).expect("it is known");
        PackedBlob { id, kind, location }
    }

    /// Turns a bit of a blob, against the contract, as a failing disk does.
    fn damage(&self, blob: &PackedBlob) {
        let file = FileName::new(FileKind::Pack, blob.location.pack.0);
        let mut bytes = self.backend.read(file).expect("it is there");
        bytes[blob.location.offset as usize + 20] ^= 1;
        self.backend.remove(file).expect("it is there");
        self.backend.write(file, &[&bytes]).expect("memory");
    }
}

fn used_by(test: &TestRepository, tree: TreeId, kind: BlobKind) -> BTreeSet<BlobId> {
    let (index, mut pending, mut used) = (test.index(), vec![tree], BTreeSet::new());
    while let Some(id) = pending.pop() {
        let tree = test.repository.read_tree(&index, id).expect("it is whole");
        if kind == BlobKind::Tree {
            used.insert(id.into());
        }
        pending.extend(tree.nodes.iter().filter_map(|node| node.subtree));
        if kind == BlobKind::Data {
            used.extend(tree.nodes.iter().flat_map(|node| node.content.iter().flatten()));
        }
    }
    used
}

fn options() -> CopyOptions {
    CopyOptions { pack_bytes: PACK_BYTES, ..CopyOptions::default() }
}

fn memory() -> TestRepository {
    TestRepository::create(Arc::new(MemoryBackend::new()))
}

/// Copies everything.
fn copy(source: &Source, destination: &TestRepository) -> CopyOutcome {
    copy_with(source, destination, &options(), &Unwatched).expect("it is copied")
}

fn copy_with(
    source: &Source,
    destination: &TestRepository,
    options: &CopyOptions,
    monitor: &dyn Monitor,
) -> Result<CopyOutcome, CopyError> {
    let lock = destination.lock(false);
    let cancel = Cancellation::default();
    run_with(&source.test, &source.all(), destination, options, &lock, (monitor, &cancel))
}

/// Copies some snapshots.
fn run_with(
    source: &TestRepository,
    snapshots: &[(SnapshotId, Snapshot)],
    destination: &TestRepository,
    options: &CopyOptions,
    lock: &HeldLock,
    (monitor, cancel): (&dyn Monitor, &Cancellation),
) -> Result<CopyOutcome, CopyError> {
    let copy = Copy {
        source: &source.repository,
        destination: &destination.repository,
        lock,
        clock: &*destination.clock,
        options,
    };
    copy.run(&snapshots.iter().collect::<Vec<_>>(), monitor, cancel)
}

/// The same with usual options.
fn run(
    source: &TestRepository,
    snapshots: &[(SnapshotId, Snapshot)],
    destination: &TestRepository,
    monitor: &dyn Monitor,
) -> Result<CopyOutcome, CopyError> {
    let (lock, cancel) = (destination.lock(false), Cancellation::default());
    run_with(source, snapshots, destination, &options(), &lock, (monitor, &cancel))
}

/// The destination is whole, and these snapshots of the source are there with what they hold.
fn assert_copied(source: &Source, destination: &TestRepository, expected: &[SnapshotId]) {
    let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
    let checked = check(&destination.repository, &options, &Unwatched, &Cancellation::default());
    let checked = checked.expect("it is checked");
    assert!(checked.is_sound(), "{checked:?}");
    let there = load_all(&destination.repository, &Unwatched).expect("they are listed");
    let originals: Vec<_> = there.iter().filter_map(|(_, snapshot)| snapshot.original).collect();
    assert_eq!(originals, expected);
    for (_, copy) in &there {
        let (_, tree, contents) = source
            .snapshots
            .iter()
            .find(|(id, ..)| Some(*id) == copy.original)
            .expect("one of the source");
        assert_eq!((copy.tree, copy.parent), (*tree, None));
        assert!(destination.contents(copy.tree) == *contents);
    }
}

/// Remembers findings.
#[derive(Default)]
struct Witness(Mutex<Vec<Finding>>);

impl Monitor for Witness {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            self.0.lock().expect("nobody panics").push(finding.clone());
        }
    }
}

#[test]
fn a_copy_has_the_same_trees_and_all_they_need_and_a_second_one_nothing_to_do() {
    let source = Source::new(4, Compression::Auto);
    let ids = source.ids();
    let destination = memory();
    let outcome = copy(&source, &destination);
    assert_eq!(outcome.copied.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids);
    assert_copied(&source, &destination, &ids);
    let count = |kind| {
        let trees = source.snapshots.iter().map(|(_, tree, _)| *tree);
        trees.flat_map(|tree| used_by(&source.test, tree, kind)).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(outcome.blobs as usize, count(BlobKind::Data) + count(BlobKind::Tree));
    let packs = || destination.repository.list(FileKind::Pack).expect("listed").len();
    let before = packs();
    assert_eq!(copy(&source, &destination).skipped, outcome.copied);
    assert_eq!(packs(), before);
}

#[test]
fn what_is_there_is_not_copied_again_even_if_it_came_by_a_backup() {
    let mut source = Source::new(3, Compression::Auto);
    let destination = memory();
    copy(&source, &destination);
    let again = copy(&source, &destination);
    assert_eq!((again.copied.len(), again.skipped.len(), again.blobs), (0, 3, 0));

    // A snapshot of the same tree at another time needs no data, and is another snapshot.
    let (_, first) = source.all().remove(0);
    let mut later = first.clone();
    later.time.seconds += 60;
    let id = later.store(&source.test.repository).expect("stored");
    let more = copy(&source, &destination);
    assert_eq!((more.copied.len(), more.skipped.len(), more.blobs), (1, 3, 0));
    let (tree, contents) = (later.tree, source.test.contents(later.tree));
    source.snapshots.insert(1, (id, tree, contents));
    let mut ids: Vec<_> = source.all().iter().map(|(id, _)| *id).collect();
    ids.dedup();
    assert_copied(&source, &destination, &ids);
}

#[test]
fn a_copy_of_a_copy_is_known_by_the_first_id() {
    let source = Source::new(2, Compression::Auto);
    let (middle, last) = (memory(), memory());
    copy(&source, &middle);
    let all = load_all(&middle.repository, &Unwatched).expect("listed");
    run(&middle, &all, &last, &Unwatched).expect("copied");
    assert_copied(&source, &last, &source.ids());
    assert_eq!(copy(&source, &last).skipped.len(), 2);
}

/// How many blobs of each kind are compressed.
fn compressed(test: &TestRepository) -> (usize, usize) {
    let mut counts = (0, 0);
    for pack in test.repository.list(FileKind::Pack).expect("listed") {
        let header = test.repository.read_pack_header(pack.id.into(), pack.size).expect("whole");
        for blob in header {
            let counted = if blob.kind == BlobKind::Data { &mut counts.0 } else { &mut counts.1 };
            *counted += usize::from(blob.location.uncompressed_length.is_some());
        }
    }
    counts
}

fn of_format(version: u32) -> TestRepository {
    let backend = Arc::new(MemoryBackend::new());
    let clock = memory().clock;
    let options = CreateOptions {
        format_version: version,
        kdf_cost: Some(KdfCost::least_for_tests()),
        ..CreateOptions::default()
    };
    let (password, zone) = (Password::new(PASSWORD), jiff::tz::TimeZone::UTC);
    Repository::create(backend.clone(), &password, &options, &identity(), &*clock, &zone)
        .expect("made");
    TestRepository::open(backend).expect("it opens")
}

#[test]
fn what_is_compressed_stays_so_and_what_is_not_becomes_so_where_the_format_knows_of_it() {
    let source = Source::new(1, Compression::Auto);
    let plain = Source::new(1, Compression::Off);
    let ids = |source: &Source| vec![source.snapshots[0].0];
    let (data, trees) = compressed(&source.test);
    assert!(data > 0 && compressed(&plain.test).0 == 0);
    // Not compressed again, so it does not matter that nothing is to be compressed.
    let destination = memory();
    let off = CopyOptions { compression: Compression::Off, ..options() };
    copy_with(&source, &destination, &off, &Unwatched).expect("copied");
    assert_eq!(compressed(&destination), (data, trees));
    assert_copied(&source, &destination, &ids(&source));

    let destination = memory();
    copy(&plain, &destination);
    assert_eq!(compressed(&destination), (data, trees));
    assert_copied(&plain, &destination, &ids(&plain));

    let old = of_format(1);
    copy(&source, &old);
    assert_eq!(compressed(&old), (0, 0));
    assert_copied(&source, &old, &ids(&source));
}

#[test]
fn a_snapshot_with_damaged_content_is_told_of_and_left_out_and_the_others_are_copied() {
    for kind in [BlobKind::Data, BlobKind::Tree] {
        let source = Source::new(3, Compression::Auto);
        let expected: Vec<_> = source.snapshots[..2].iter().map(|(id, ..)| *id).collect();
        let all = source.all();
        let broken = source.only_in_last(kind);
        source.damage(&broken);
        let (destination, witness) = (memory(), Witness::default());
        let outcome = run(&source.test, &all, &destination, &witness).expect("it ends");
        assert_eq!(outcome.failed, [source.snapshots[2].0]);
        let told = witness.0.into_inner().expect("nobody panics");
        let names = |finding: &Finding| finding.message.contains(&broken.id.to_string()[..8]);
        assert!(told.iter().any(names), "{told:?}");
        assert_copied(&source, &destination, &expected);
    }
}

#[test]
fn what_is_damaged_in_one_pack_and_whole_in_another_is_copied() {
    let source = Source::new(1, Compression::Auto);
    let backend = source.backend.clone();
    let files = |kind| -> Vec<FileName> {
        let listed = backend.list(kind).expect("listed");
        listed.into_iter().map(|file| FileName::new(kind, file.id)).collect()
    };
    // What no index file names is stored again by a copy, from a repository that has it.
    let aside = memory();
    copy(&source, &aside);
    let first = files(FileKind::Pack);
    let indexes: Vec<_> = files(FileKind::Index)
        .into_iter()
        .map(|file| (file, backend.read(file).expect("it is there")))
        .collect();
    indexes.iter().for_each(|(file, _)| backend.remove(*file).expect("it is there"));
    let mut other = load_all(&aside.repository, &Unwatched).expect("listed");
    other[0].1.time.seconds += 60;
    run(&aside, &other, &source.test, &Unwatched).expect("copied back");
    for (file, bytes) in &indexes {
        backend.write(*file, &[bytes]).expect("memory");
    }
    for pack in first {
        let mut bytes = backend.read(pack).expect("it is there");
        bytes.iter_mut().step_by(50).for_each(|byte| *byte ^= 1);
        backend.remove(pack).expect("it is there");
        backend.write(pack, &[&bytes]).expect("memory");
    }
    let destination = memory();
    run(&source.test, &source.all()[..1], &destination, &Unwatched).expect("copied");
    assert_copied(&source, &destination, &source.ids());
}

#[test]
fn a_stop_stores_no_snapshot_and_the_next_copy_goes_on() {
    struct StopAtFirstPack(Cancellation);
    impl Monitor for StopAtFirstPack {
        fn event(&self, event: Event<'_>) {
            if matches!(event, Event::Bytes(_)) {
                self.0.cancel();
            }
        }
    }
    let source = Source::new(2, Compression::Auto);
    let destination = memory();
    let cancel = Cancellation::default();
    let (lock, monitor) = (destination.lock(false), StopAtFirstPack(cancel.clone()));
    let watched: (&dyn Monitor, _) = (&monitor, &cancel);
    let stopped = run_with(&source.test, &source.all(), &destination, &options(), &lock, watched);
    assert!(matches!(stopped, Err(CopyError::Cancelled)), "{stopped:?}");
    drop(lock);
    assert_copied(&source, &destination, &[]);
    copy(&source, &destination);
    assert_copied(&source, &destination, &source.ids());
}

fn assert_nothing_is_stored_twice(test: &TestRepository) {
    let mut seen = BTreeSet::new();
    for pack in test.repository.list(FileKind::Pack).expect("listed") {
        let header = test.repository.read_pack_header(pack.id.into(), pack.size).expect("whole");
        for blob in header {
            assert!(seen.insert((blob.kind, blob.id)), "{blob:?} is stored twice");
        }
    }
}

/// Copies to a storage that fails at each of its changes in turn. With `slowly`, index files are
/// stored on the way.
fn survives_failing_at_every_change(kind: BackendErrorKind, power_cut: bool, slowly: bool) {
    let source = Source::new(3, Compression::Auto);
    let ids = source.ids();
    for changes in 0.. {
        let memory = Arc::new(MemoryBackend::new());
        let notes = tempfile::tempdir().expect("a folder");
        let journal = Some(Arc::new(Journal::new(notes.path())));
        drop(TestRepository::create(memory.clone()));
        let faulty = Arc::new(FaultyBackend::new(memory.clone(), changes, kind));
        let mut test = TestRepository::open(faulty.clone()).expect("it opens");
        test.context.journal.clone_from(&journal);
        if slowly {
            faulty.slow_down(test.clock.clone(), Duration::from_secs(11 * 60));
        }
        let request = LockRequest {
            exclusive: false,
            wait: Duration::ZERO,
            auto_unlock: AutoUnlock::Off,
            operation: "copy".to_owned(),
        };
        let cancel = Cancellation::default();
        let lock = lock::acquire(&test.repository, &request, &test.context, &Unwatched, &cancel);
        let done = lock.map_err(|error| with_causes(&error)).and_then(|lock| {
            let watched: (&dyn Monitor, _) = (&Unwatched, &cancel);
            run_with(&source.test, &source.all(), &test, &options(), &lock, watched)
                .map_err(|error| with_causes(&error))
        });
        if power_cut {
            faulty.lose_unsynced();
        }
        let mut after = TestRepository::open(memory).expect("it opens");
        after.context.journal = journal;
        // What is there of snapshots is whole, and in order.
        let there = load_all(&after.repository, &Unwatched).expect("listed");
        assert_copied(&source, &after, &ids[..there.len()]);
        let rest = copy(&source, &after);
        assert_eq!(rest.copied.len(), 3 - there.len(), "failed at change {changes}");
        assert_copied(&source, &after, &ids);
        assert_nothing_is_stored_twice(&after);
        if done.is_ok() {
            assert!(changes > 6, "the storage never failed");
            return;
        }
    }
}

#[test]
fn a_full_storage_at_any_step_of_a_copy_leaves_it_whole_and_nothing_is_copied_twice() {
    survives_failing_at_every_change(BackendErrorKind::Full, false, false);
}

#[test]
fn a_full_storage_at_any_step_of_a_slow_copy_leaves_it_whole_and_nothing_is_copied_twice() {
    survives_failing_at_every_change(BackendErrorKind::Full, false, true);
}

#[test]
fn a_power_cut_at_any_step_of_a_copy_leaves_it_whole_and_nothing_is_copied_twice() {
    survives_failing_at_every_change(BackendErrorKind::Offline, true, false);
}
