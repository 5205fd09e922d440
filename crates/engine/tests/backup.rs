//! Backups: what goes in comes out, and nothing that goes wrong leaves a mark.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use holdfast_engine::backend::{Backend as _, BackendErrorKind, FileKind, FileName, MemoryBackend};
use holdfast_engine::backup::exclude::Rules;
use holdfast_engine::backup::{BackupError, BackupOptions, Mode, ParentChoice, Sources, Stream};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::check::{CheckOptions, check};
use holdfast_engine::codec::Compression;
use holdfast_engine::id::{PackId, SnapshotId};
use holdfast_engine::lock::Journal;
use holdfast_engine::monitor::{
    Cancellation, Change, Event, Finding, FindingKind, ItemKind, Monitor, Unwatched,
};
use holdfast_engine::snapshot::Snapshot;
use holdfast_testkit::{FaultyBackend, TestRepository, files_in};

/// A folder with files of many sizes: none, small, one chunk, many chunks, repeated, of zeros.
fn source() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("made");
        fs::write(path, content).expect("written");
    };
    write("empty", b"");
    write("small", b"a few bytes");
    write("deep/er/and/deeper/file", b"content");
    write("one chunk", &noise(512 << 10, 1));
    write("many chunks", &noise(20 << 20, 2));
    write("the same again", &noise(20 << 20, 2));
    write("zeros", &vec![0; 3 << 20]);
    write("text", "the same words over and over\n".repeat(50_000).as_bytes());
    fs::create_dir(folder.path().join("empty folder")).expect("made");
    folder
}

/// Bytes that cannot be compressed.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..bytes / 8).flat_map(|_| next()).collect()
}

fn memory() -> TestRepository {
    TestRepository::create(Arc::new(MemoryBackend::new()))
}

fn assert_sound(test: &TestRepository) {
    let options = CheckOptions { data: "100%".parse().expect("a subset"), ..Default::default() };
    let outcome =
        check(&test.repository, &options, &Unwatched, &Cancellation::default()).expect("checked");
    assert!(outcome.is_sound(), "{outcome:?}");
}

/// Remembers findings and items.
#[derive(Default)]
struct Witness {
    findings: Mutex<Vec<Finding>>,
    items: Mutex<Vec<(String, ItemKind, Change)>>,
}

impl Monitor for Witness {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Finding(finding) => {
                self.findings.lock().expect("no panics").push(finding.clone());
            }
            Event::ItemFinished(item) => {
                let path = item.path.display().to_string().replace('\\', "/");
                self.items.lock().expect("no panics").push((path, item.kind, item.change));
            }
            _ => {}
        }
    }
}

#[test]
fn what_goes_in_comes_out() {
    let (test, source) = (memory(), source());
    let outcome = test.backup(source.path()).expect("a snapshot");
    assert!(test.contents(outcome.tree) == files_in(source.path()));
    assert_eq!(outcome.findings, 0);
    assert_eq!(outcome.summary.files_new, 8);
    assert_sound(&test);
}

#[test]
fn what_is_there_already_is_not_stored_again() {
    let (test, source) = (memory(), source());
    let first = test.backup(source.path()).expect("a snapshot");
    // The file that is there twice, and all chunks of zeros but one, are stored once.
    assert!(first.summary.data_added < 24 << 20, "{:?}", first.summary);
    for options in [
        BackupOptions::default(),
        BackupOptions { parent: ParentChoice::None, ..Default::default() },
    ] {
        let again = test.backup_with(source.path(), &options, &Unwatched).expect("a snapshot");
        assert_eq!(again.tree, first.tree);
        let added = (again.summary.data_blobs, again.summary.tree_blobs, again.summary.data_added);
        assert_eq!(added, (0, 0, 0));
    }
}

#[test]
fn every_compression_gives_back_what_went_in() {
    let source = source();
    for compression in [
        Compression::Off,
        Compression::Fastest,
        Compression::Auto,
        Compression::Better,
        Compression::Max,
    ] {
        let test = memory();
        let options = BackupOptions { compression, ..Default::default() };
        let outcome = test.backup_with(source.path(), &options, &Unwatched).expect("a snapshot");
        assert!(test.contents(outcome.tree) == files_in(source.path()));
    }
}

#[test]
fn a_change_is_found_and_the_rest_is_not_read_again() {
    let (test, source) = (memory(), source());
    test.backup(source.path()).expect("a snapshot");
    fs::write(source.path().join("deep/er/and/deeper/file"), b"another").expect("written");
    fs::write(source.path().join("deep/new"), b"new").expect("written");
    fs::remove_file(source.path().join("empty")).expect("removed");
    let witness = Witness::default();
    let outcome =
        test.backup_with(source.path(), &BackupOptions::default(), &witness).expect("a snapshot");
    assert!(test.contents(outcome.tree) == files_in(source.path()));
    let summary = &outcome.summary;
    let counts = (summary.files_new, summary.files_changed, summary.files_unmodified);
    assert_eq!(counts, (1, 1, 6));
    let items = witness.items.lock().expect("no panics");
    assert!(items.contains(&("/deep/new".into(), ItemKind::File, Change::New)));
    let deep = "/deep/er/and/deeper/file".to_owned();
    assert!(items.contains(&(deep, ItemKind::File, Change::Changed)));
    assert!(items.contains(&("/text".into(), ItemKind::File, Change::Unmodified)));
}

#[test]
fn lost_data_is_stored_again_although_the_file_is_unchanged() {
    let (backend, source) = (Arc::new(MemoryBackend::new()), source());
    let test = TestRepository::create(backend.clone());
    test.backup(source.path()).expect("a snapshot");
    // As after `restic repair index` on a disk that lost its packs.
    for kind in [FileKind::Pack, FileKind::Index] {
        for file in test.repository.list(kind).expect("it lists") {
            let name = holdfast_engine::backend::FileName::new(kind, file.id);
            holdfast_engine::backend::Backend::remove(&*backend, name).expect("removed");
        }
    }
    let outcome = test.backup(source.path()).expect("a snapshot");
    assert!(test.contents(outcome.tree) == files_in(source.path()));
}

/// Does something to a file between the look at it and the reading of it.
struct Meddler<F: Fn() + Send + Sync>(F);

impl<F: Fn() + Send + Sync> Monitor for Meddler<F> {
    fn event(&self, event: Event<'_>) {
        if matches!(event, Event::ItemStarted { .. }) {
            (self.0)();
        }
    }
}

#[test]
fn a_file_that_grows_before_it_is_read_is_stored_as_it_was_read() {
    let (test, folder) = (memory(), tempfile::tempdir().expect("a folder"));
    let path = folder.path().join("log");
    fs::write(&path, noise(1000, 7)).expect("written");
    let grow = Meddler(|| fs::write(&path, noise(3 << 20, 8)).expect("written"));
    let outcome =
        test.backup_with(folder.path(), &BackupOptions::default(), &grow).expect("a snapshot");
    assert!(test.contents(outcome.tree)["/log"] == noise(3 << 20, 8));
    assert_eq!(outcome.summary.total_bytes_processed, 3 << 20);
}

#[test]
fn a_pack_that_is_gone_or_cut_short_is_told_and_what_it_held_is_stored_again() {
    for is_cut in [false, true] {
        let (backend, source) = (Arc::new(MemoryBackend::new()), source());
        let test = TestRepository::create(backend.clone());
        test.backup(source.path()).expect("a snapshot");
        for pack in test.repository.list(FileKind::Pack).expect("it lists") {
            let header = test.repository.read_pack_header(PackId(pack.id), pack.size);
            if header.expect("whole")[0].kind == BlobKind::Tree {
                continue;
            }
            let name = FileName::new(FileKind::Pack, pack.id);
            let bytes = backend.read(name).expect("it is there");
            backend.remove(name).expect("removed");
            if is_cut {
                backend.write(name, &[&bytes[..bytes.len() / 2]]).expect("written");
            }
        }
        let witness = Witness::default();
        let options = BackupOptions::default();
        let outcome = test.backup_with(source.path(), &options, &witness).expect("a snapshot");
        assert!(test.contents(outcome.tree) == files_in(source.path()));
        let findings = witness.findings.lock().expect("no panics");
        let is_told = |text| findings.iter().any(|one| one.message.contains(text));
        assert!(is_told(if is_cut { "is cut short" } else { "is missing" }), "{findings:?}");
        assert!(is_told("the repository lost a part of this file"), "{findings:?}");
    }
}

#[test]
fn rules_apply_to_what_is_in_a_folder_that_is_named_by_a_dot() {
    let (test, source) = (memory(), source());
    fs::write(source.path().join("image.iso"), "large").expect("written");
    fs::create_dir(source.path().join("cache")).expect("made");
    fs::write(source.path().join("cache/.nobackup"), "").expect("written");
    fs::write(source.path().join("cache/page"), "page").expect("written");
    let mut rules = Rules::builder();
    rules.pattern("*.iso").pattern("deep").if_present(".nobackup").larger_than(4 << 20);
    let rules = rules.build().expect("rules");
    let options = BackupOptions { rules, ..BackupOptions::default() };
    let outcome = test.backup_with(source.path(), &options, &Unwatched).expect("a snapshot");
    let stored: Vec<String> = test.contents(outcome.tree).into_keys().collect();
    assert_eq!(stored, ["/cache/.nobackup", "/empty", "/one chunk", "/small", "/text", "/zeros"]);
}

#[test]
fn a_monitor_that_panics_ends_the_backup() {
    let (test, source) = (memory(), source());
    let panic = Meddler(|| panic!("on purpose"));
    let run = || test.backup_with(source.path(), &BackupOptions::default(), &panic).is_ok();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
}

#[test]
fn nothing_is_written_by_a_dry_run_which_counts_all_the_same() {
    let (test, source) = (memory(), source());
    let options = BackupOptions::default();
    let sources = Sources::Paths { targets: &[".".into()], working_folder: source.path() };
    let outcome = test
        .job(Mode::DryRun, &options)
        .run(&mut test.index(), sources, &Unwatched, &Cancellation::default())
        .expect("counted");
    assert_eq!(outcome.snapshot, None);
    assert_eq!(outcome.summary.files_new, 8);
    for kind in [FileKind::Pack, FileKind::Index, FileKind::Snapshot, FileKind::Lock] {
        assert_eq!(test.repository.list(kind).expect("it lists"), [], "{kind}");
    }
    let real = test.backup(source.path()).expect("a snapshot");
    assert_eq!(outcome.summary.data_blobs, real.summary.data_blobs);
    assert_eq!(outcome.summary.data_added, real.summary.data_added);
}

#[test]
fn nothing_to_back_up_is_an_error_and_no_snapshot() {
    let (test, empty) = (memory(), tempfile::tempdir().expect("a folder"));
    assert!(matches!(test.backup(empty.path()), Err(BackupError::Empty)));
    let gone = Sources::Paths { targets: &["not there".into()], working_folder: empty.path() };
    let options = BackupOptions::default();
    let lock = test.lock(false);
    let failed = test.job(Mode::Store(&lock), &options).run(
        &mut test.index(),
        gone,
        &Unwatched,
        &Cancellation::default(),
    );
    assert!(matches!(failed, Err(BackupError::NothingThere)));
    assert_eq!(test.repository.list(FileKind::Snapshot).expect("it lists"), []);
}

#[test]
fn a_missing_target_beside_others_is_a_finding() {
    let (test, source) = (memory(), source());
    let targets = ["deep".into(), "not there".into()];
    let sources = Sources::Paths { targets: &targets, working_folder: source.path() };
    let (options, witness) = (BackupOptions::default(), Witness::default());
    let lock = test.lock(false);
    let outcome = test
        .job(Mode::Store(&lock), &options)
        .run(&mut test.index(), sources, &witness, &Cancellation::default())
        .expect("a snapshot");
    assert_eq!(outcome.findings, 1);
    let findings = witness.findings.lock().expect("no panics");
    assert_eq!(findings[0].kind, FindingKind::Vanished);
    assert!(findings[0].path.as_ref().is_some_and(|path| path.ends_with("not there")));
}

#[test]
fn nothing_new_is_skipped_if_that_was_asked_for() {
    let (test, source) = (memory(), source());
    let options = BackupOptions { skip_if_unchanged: true, ..Default::default() };
    let first = test.backup_with(source.path(), &options, &Unwatched).expect("a snapshot");
    assert!(first.snapshot.is_some());
    let again = test.backup_with(source.path(), &options, &Unwatched).expect("nothing new");
    assert_eq!(again.snapshot, None);
    fs::write(source.path().join("small"), b"changed").expect("written");
    let changed = test.backup_with(source.path(), &options, &Unwatched).expect("a snapshot");
    assert!(changed.snapshot.is_some());
}

#[test]
fn a_stream_becomes_a_file_and_a_failed_one_no_snapshot() {
    let test = memory();
    let content = noise(5 << 20, 3);
    let options = BackupOptions::default();
    let lock = test.lock(false);
    let run = |finish: &mut dyn FnMut() -> std::io::Result<()>| {
        let mut reader = content.as_slice();
        let stream = Stream { path: "dumps/db.sql".into(), reader: &mut reader, finish };
        test.job(Mode::Store(&lock), &options).run(
            &mut test.index(),
            Sources::Stream(stream),
            &Unwatched,
            &Cancellation::default(),
        )
    };
    let failed = run(&mut || Err(std::io::Error::other("the command ended with code 1")));
    assert!(failed.is_err());
    assert_eq!(test.repository.list(FileKind::Snapshot).expect("it lists"), []);
    let outcome = run(&mut || Ok(())).expect("a snapshot");
    let expected = BTreeMap::from([("/dumps/db.sql".to_owned(), content.clone())]);
    assert!(test.contents(outcome.tree) == expected);
    let id: SnapshotId = outcome.snapshot.expect("one was written");
    let snapshot = Snapshot::load(&test.repository, id).expect("it reads");
    assert_eq!(snapshot.paths, ["/dumps/db.sql"]);
}

#[test]
fn stopping_leaves_no_snapshot_and_no_lock() {
    let (test, source) = (memory(), source());
    struct StopAtOnce(Cancellation);
    impl Monitor for StopAtOnce {
        fn event(&self, event: Event<'_>) {
            if matches!(event, Event::Bytes(_)) {
                self.0.cancel();
            }
        }
    }
    let cancel = Cancellation::default();
    let options = BackupOptions::default();
    let lock = test.lock(false);
    let sources = Sources::Paths { targets: &[".".into()], working_folder: source.path() };
    let stopped = test.job(Mode::Store(&lock), &options).run(
        &mut test.index(),
        sources,
        &StopAtOnce(cancel.clone()),
        &cancel,
    );
    assert!(matches!(stopped, Err(BackupError::Cancelled)), "{stopped:?}");
    drop(lock);
    for kind in [FileKind::Snapshot, FileKind::Lock] {
        assert_eq!(test.repository.list(kind).expect("it lists"), [], "{kind}");
    }
}

/// What a stopped backup stored is found by the next one.
fn assert_no_data_is_stored_twice(test: &TestRepository) {
    let mut seen = std::collections::BTreeSet::new();
    for pack in test.repository.list(FileKind::Pack).expect("it lists") {
        let header = test.repository.read_pack_header(pack.id.into(), pack.size).expect("whole");
        for blob in header.iter().filter(|blob| blob.kind == BlobKind::Data) {
            assert!(seen.insert(blob.id), "{blob:?} is stored twice");
        }
    }
}

/// Backs up over a storage that fails at each of its changes in turn; with `slowly`, index files
/// are stored on the way.
fn survives_failing_at_every_change(kind: BackendErrorKind, power_cut: bool, slowly: bool) {
    let source = tempfile::tempdir().expect("a folder");
    let pack_bytes = if slowly { 1 << 20 } else { 4 << 20 };
    fs::write(source.path().join("old"), noise(6 << 20, 4)).expect("written");
    let options = BackupOptions { pack_bytes, ..Default::default() };
    for changes in 0.. {
        let memory = Arc::new(MemoryBackend::new());
        let notes = tempfile::tempdir().expect("a folder");
        let journal = Some(Arc::new(Journal::new(notes.path())));
        let mut before = TestRepository::create(memory.clone());
        before.context.journal.clone_from(&journal);
        let earlier = before.backup_with(source.path(), &options, &Unwatched).expect("a snapshot");
        let kept = files_in(source.path());
        let added = source.path().join("new");
        fs::create_dir(&added).expect("made");
        // Files that are too short to be cut: several packs, wherever this repository would cut.
        for number in 0..if slowly { 16 } else { 24 } {
            let path = added.join(number.to_string());
            fs::write(path, noise(400 << 10, 50 + number)).expect("written");
        }

        let faulty = Arc::new(FaultyBackend::new(memory.clone(), changes, kind));
        let mut test = TestRepository::open(faulty.clone()).expect("it opens");
        test.context.journal.clone_from(&journal);
        let lock = holdfast_engine::lock::acquire(
            &test.repository,
            &holdfast_engine::lock::LockRequest {
                exclusive: false,
                wait: std::time::Duration::ZERO,
                auto_unlock: holdfast_engine::lock::AutoUnlock::Off,
                operation: "test".to_owned(),
            },
            &test.context,
            &Unwatched,
            &Cancellation::default(),
        );
        let indexes =
            |test: &TestRepository| test.repository.list(FileKind::Index).expect("it lists").len();
        let indexes_before = indexes(&before);
        let done = lock.map(|lock| {
            let sources = Sources::Paths { targets: &[".".into()], working_folder: source.path() };
            if slowly {
                faulty.slow_down(test.clock.clone(), std::time::Duration::from_secs(11 * 60));
            }
            test.job(Mode::Store(&lock), &options)
                .run(&mut test.index(), sources, &Unwatched, &Cancellation::default())
                .is_ok()
        });
        if power_cut {
            faulty.lose_unsynced();
        }
        let indexes_after = indexes(&before);
        let mut after = TestRepository::open(memory).expect("it opens");
        after.context.journal = journal;
        assert_sound(&after);
        assert!(after.contents(earlier.tree) == kept, "failed at change {changes}");
        let next = after.backup_with(source.path(), &options, &Unwatched).expect("a snapshot");
        assert!(after.contents(next.tree) == files_in(source.path()));
        assert_no_data_is_stored_twice(&after);
        fs::remove_dir_all(&added).expect("removed");
        if matches!(done, Ok(true)) {
            assert!(changes > 4, "the storage never failed");
            let stored = indexes_after - indexes_before;
            assert_eq!(stored > 1, slowly, "{stored} index files");
            return;
        }
    }
}

#[test]
fn a_full_disk_at_any_moment_costs_nothing_that_was_stored() {
    survives_failing_at_every_change(BackendErrorKind::Full, false, false);
}

#[test]
fn a_full_disk_between_index_files_costs_nothing_that_was_stored() {
    survives_failing_at_every_change(BackendErrorKind::Full, false, true);
}

#[test]
fn a_power_cut_at_any_moment_costs_nothing_that_was_stored() {
    survives_failing_at_every_change(BackendErrorKind::Offline, true, false);
}

#[test]
fn a_power_cut_between_index_files_costs_nothing_that_was_stored() {
    survives_failing_at_every_change(BackendErrorKind::Offline, true, true);
}

/// Waits in each file until so many are being read, and remembers how many there ever were.
struct Together {
    wanted: usize,
    state: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Monitor for Together {
    fn event(&self, event: Event<'_>) {
        let mut state = self.state.lock().expect("no panic");
        match event {
            Event::ItemStarted { .. } => {
                state.0 += 1;
                state.1 = state.1.max(state.0);
                self.changed.notify_all();
                let more = |state: &mut (usize, usize)| state.1 < self.wanted;
                let patience = Duration::from_secs(20);
                drop(self.changed.wait_timeout_while(state, patience, more).expect("no panic"));
            }
            Event::ItemFinished(item) if item.kind == ItemKind::File => state.0 -= 1,
            _ => {}
        }
    }
}

#[test]
fn as_many_files_are_read_at_once_as_was_asked_for() {
    let source = tempfile::tempdir().expect("a folder");
    for number in 0..40 {
        fs::write(source.path().join(number.to_string()), number.to_string()).expect("written");
    }
    for wanted in [1, 7] {
        let test = memory();
        let options = BackupOptions { workers: NonZeroUsize::new(wanted), ..Default::default() };
        let together = Together { wanted, state: Mutex::default(), changed: Condvar::new() };
        test.backup_with(source.path(), &options, &together).expect("stored");
        assert_eq!(together.state.into_inner().expect("no panic").1, wanted);
    }
}

#[test]
fn the_parent_is_told_before_the_first_file() {
    struct Told(Mutex<Vec<String>>);
    impl Monitor for Told {
        fn event(&self, event: Event<'_>) {
            let text = match event {
                Event::Parent(parent) => format!("{parent:?}"),
                Event::ItemFinished(item) if item.kind == ItemKind::File => "file".to_owned(),
                _ => return,
            };
            self.0.lock().expect("no panic").push(text);
        }
    }
    let (test, source) = (memory(), tempfile::tempdir().expect("a folder"));
    fs::write(source.path().join("a"), "a").expect("written");
    let options = BackupOptions::default();
    let told = Told(Mutex::default());
    let first = test.backup_with(source.path(), &options, &told).expect("stored").snapshot;
    test.backup_with(source.path(), &options, &told).expect("stored");
    let told = told.0.into_inner().expect("no panic");
    assert_eq!(told, ["None", "file", &format!("{first:?}"), "file"]);
}

#[test]
fn a_short_backup_whose_parent_tells_how_much_there_is_does_not_count_the_source() {
    struct Told(Mutex<Vec<bool>>);
    impl Monitor for Told {
        fn event(&self, event: Event<'_>) {
            if let Event::Total(totals) = event {
                self.0.lock().expect("no panic").push(totals.exact);
            }
        }
    }
    let (test, source) = (memory(), source());
    let options = BackupOptions::default();
    test.backup_with(source.path(), &options, &Unwatched).expect("stored");
    let told = Told(Mutex::default());
    test.backup_with(source.path(), &options, &told).expect("stored");
    assert_eq!(told.0.into_inner().expect("no panic"), [false]);
}
