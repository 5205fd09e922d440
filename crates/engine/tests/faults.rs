//! A storage that fails when it is read, by chance: whatever an operation could not do is told, and
//! nothing that is wrong is stored, restored or called right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use holdfast_engine::backend::MemoryBackend;
use holdfast_engine::backup::{BackupOptions, Mode, Sources};
use holdfast_engine::check::{CheckOptions, check};
use holdfast_engine::id::{SnapshotId, TreeId};
use holdfast_engine::listing::{self, Next, Visited};
use holdfast_engine::lock::{self, AutoUnlock, LockRequest};
use holdfast_engine::monitor::{
    Cancellation, Event, Finding, FindingKind, Monitor, Unwatched, with_causes,
};
use holdfast_engine::restore::{Destination, Restore, RestoreOptions};
use holdfast_engine::snapshot::{self, Snapshot};
use holdfast_engine::stats::{StatsMode, stats};
use holdfast_testkit::random::Random;
use holdfast_testkit::{FaultyBackend, ReadFaults, TestRepository, files_in};

/// How many seeds each operation is tried with, for faults that pass and for faults that last.
const SEEDS: u64 = 40;

/// Small, so that there is much to read.
const PACK_BYTES: u32 = 32 << 10;

/// A repository of two snapshots, whole, and what they are of.
struct Sound {
    backend: Arc<MemoryBackend>,
    source: tempfile::TempDir,
    snapshots: Vec<(SnapshotId, TreeId, BTreeMap<String, Vec<u8>>)>,
}

fn sound() -> Sound {
    let backend = Arc::new(MemoryBackend::new());
    let source = tempfile::tempdir().expect("a folder");
    let test = TestRepository::create(backend.clone());
    let mut random = Random::new(1);
    let mut snapshots = Vec::new();
    for round in 0..2 {
        for number in 0..30 {
            let folder = source.path().join(format!("{}/{}", number % 3, number % 7));
            fs::create_dir_all(&folder).expect("made");
            let content = random.bytes(500 + number * number * 20);
            fs::write(folder.join(format!("{round} {number}")), content).expect("written");
        }
        fs::write(source.path().join("large"), random.bytes(2 << 20)).expect("written");
        let options = options();
        let made = test.backup_with(source.path(), &options, &Unwatched).expect("a snapshot");
        let contents = test.contents(made.tree);
        snapshots.push((made.snapshot.expect("it is stored"), made.tree, contents));
    }
    Sound { backend, source, snapshots }
}

fn options() -> BackupOptions {
    BackupOptions { pack_bytes: PACK_BYTES, ..BackupOptions::default() }
}

impl Sound {
    /// The same on a storage that fails when it is read: one in so many reads, or files.
    fn read_badly(&self, seed: u64, one_of: u64, lasting: bool) -> Arc<FaultyBackend> {
        let faults = ReadFaults { seed, one_of, lasting };
        Arc::new(FaultyBackend::read_badly(self.backend.clone(), faults))
    }

    /// What was stored before is as it was.
    fn assert_untouched(&self) {
        let test = TestRepository::open(self.backend.clone()).expect("it opens");
        let data = "100%".parse().expect("a subset");
        let options = CheckOptions { data, ..CheckOptions::default() };
        let checked = check(&test.repository, &options, &Unwatched, &Cancellation::default());
        let outcome = checked.expect("it is read");
        assert!(outcome.is_sound(), "{outcome:?}");
        for (_, tree, contents) in &self.snapshots {
            assert!(test.contents(*tree) == *contents);
        }
    }
}

/// Keeps the findings.
#[derive(Default)]
struct Witness(Mutex<Vec<Finding>>);

impl Monitor for Witness {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            self.0.lock().expect("nobody panics").push(finding.clone());
        }
    }
}

impl Witness {
    fn findings(self) -> Vec<Finding> {
        self.0.into_inner().expect("nobody panics")
    }
}

/// How often an operation succeeded, told of problems, and gave up, so that no test of them passes
/// because nothing happened.
#[derive(Debug, Default)]
struct Ends {
    whole: usize,
    told: usize,
    gave_up: usize,
}

impl Ends {
    fn assert_all_kinds(&self) {
        assert!(self.whole > 0 && self.told > 0 && self.gave_up > 0, "{self:?}");
    }
}

/// True if a finding names the path or a folder above it.
fn is_told(findings: &[Finding], path: &str) -> bool {
    let named = |finding: &Finding| {
        let named = finding.path.clone().unwrap_or_default();
        finding.kind != FindingKind::Note && Path::new(path).starts_with(named)
    };
    findings.iter().any(named)
}

/// Each of many seeds, with faults that pass and with faults that last.
fn for_each_fault(mut act: impl FnMut(u64, bool)) {
    for seed in 0..SEEDS {
        act(seed, false);
        act(seed, true);
    }
}

#[test]
fn a_restore_tells_of_every_file_that_it_could_not_bring_back() {
    let (sound, mut ends) = (sound(), Ends::default());
    for_each_fault(|seed, lasting| {
        let faulty = sound.read_badly(seed, 40, lasting);
        let target = tempfile::tempdir().expect("a folder");
        let (id, _, expected) = &sound.snapshots[1];
        let witness = Witness::default();
        let restored = TestRepository::open(faulty).map_err(|_| ()).and_then(|test| {
            let (repository, cancel) = (&test.repository, Cancellation::default());
            let snapshot = Snapshot::load(repository, *id).map_err(|_| ())?;
            let index = repository.load_index(&cancel).map_err(|_| ())?;
            let mut options = RestoreOptions::new(Destination::Folder(target.path().into()));
            options.verify = seed % 2 == 0;
            let restore =
                Restore { repository, index: &index, tree: snapshot.tree, options: &options };
            restore.run(&witness, &cancel).map_err(|_| ())
        });
        let (found, findings) = (files_in(target.path()), witness.findings());
        for (path, content) in &found {
            let name = path.strip_suffix(".incomplete");
            match name {
                Some(name) => assert!(is_told(&findings, name), "{name} is not told of"),
                None => assert!(expected[path] == *content, "{path} was restored wrongly"),
            }
        }
        let Ok(outcome) = restored else {
            ends.gave_up += 1;
            return;
        };
        let absent: Vec<_> = expected.keys().filter(|path| !found.contains_key(*path)).collect();
        for path in &absent {
            assert!(is_told(&findings, path), "{path} is neither there nor told of: {findings:?}");
        }
        assert_eq!(outcome.failures == 0, absent.is_empty(), "{outcome:?}");
        *if absent.is_empty() { &mut ends.whole } else { &mut ends.told } += 1;
    });
    ends.assert_all_kinds();
}

#[test]
fn a_check_calls_nothing_sound_that_it_could_not_read() {
    let (sound, mut ends) = (sound(), Ends::default());
    for_each_fault(|seed, lasting| {
        let faulty = sound.read_badly(seed, if seed % 2 == 0 { 20 } else { 400 }, lasting);
        let Ok(test) = TestRepository::open(faulty.clone()) else { return };
        let data = "100%".parse().expect("a subset");
        let options = CheckOptions { data, ..CheckOptions::default() };
        let checked = check(&test.repository, &options, &Unwatched, &Cancellation::default());
        match checked {
            Err(_) => ends.gave_up += 1,
            Ok(outcome) if outcome.is_sound() => {
                // What could be read at a second try is whole; what lasts has no second try.
                assert!(!lasting || faulty.failed_reads() == 0, "{outcome:?}");
                ends.whole += 1;
            }
            Ok(outcome) => {
                assert!(faulty.failed_reads() > 0, "{outcome:?}");
                ends.told += 1;
            }
        }
    });
    ends.assert_all_kinds();
}

#[test]
fn a_list_of_snapshots_or_files_tells_what_is_not_in_it() {
    let (sound, mut ends) = (sound(), Ends::default());
    let all: BTreeSet<SnapshotId> = sound.snapshots.iter().map(|(id, ..)| *id).collect();
    for_each_fault(|seed, lasting| {
        let faulty = sound.read_badly(seed, 8, lasting);
        let Ok(test) = TestRepository::open(faulty) else { return };
        let (repository, cancel) = (&test.repository, Cancellation::default());
        let witness = Witness::default();
        match snapshot::load(repository, &witness) {
            Err(_) => ends.gave_up += 1,
            Ok(snapshots) => {
                let mut listed: BTreeSet<_> =
                    snapshots.readable.iter().map(|(id, _)| *id).collect();
                assert_eq!(snapshots.unreadable.len(), witness.findings().len());
                listed.extend(&snapshots.unreadable);
                assert_eq!(listed, all);
                *if snapshots.unreadable.is_empty() { &mut ends.whole } else { &mut ends.told } +=
                    1;
            }
        }
        let Ok(index) = repository.load_index(&cancel) else { return };
        let (_, tree, expected) = &sound.snapshots[1];
        let (mut paths, mut unread) = (BTreeSet::new(), Vec::new());
        let walked = listing::walk(repository, &index, *tree, b"", &cancel, &mut |visited| {
            match visited {
                Visited::Entry { path, .. } => {
                    paths.insert(String::from_utf8_lossy(path).into_owned());
                }
                Visited::Unreadable { path, .. } => {
                    unread.push(PathBuf::from(String::from_utf8_lossy(path).into_owned()));
                }
            }
            Next::Into
        });
        for path in walked.iter().flat_map(|()| expected.keys()) {
            let is_told = unread.iter().any(|folder| Path::new(path).starts_with(folder));
            assert!(paths.contains(path) || is_told, "{path}");
        }
    });
    ends.assert_all_kinds();
}

#[test]
fn figures_are_right_or_there_are_none() {
    let sound = sound();
    let trees: Vec<TreeId> = sound.snapshots.iter().map(|(_, tree, _)| *tree).collect();
    let modes = [StatsMode::RestoreSize, StatsMode::FilesByContents, StatsMode::RawData];
    let cancel = Cancellation::default();
    let test = TestRepository::open(sound.backend.clone()).expect("it opens");
    let figures = |test: &TestRepository, mode| {
        let index = test.repository.load_index(&cancel)?;
        stats(&test.repository, &index, &trees, mode, &cancel).map(|stats| format!("{stats:?}"))
    };
    let right = modes.map(|mode| figures(&test, mode).expect("it is whole"));
    let (mut whole, mut gave_up) = (0, 0);
    for_each_fault(|seed, lasting| {
        let faulty = sound.read_badly(seed, 40, lasting);
        let Ok(test) = TestRepository::open(faulty) else { return };
        for (mode, right) in modes.iter().zip(&right) {
            match figures(&test, *mode) {
                Ok(found) => {
                    assert_eq!(found, *right);
                    whole += 1;
                }
                Err(_) => gave_up += 1,
            }
        }
    });
    assert!(whole > 0 && gave_up > 0, "{whole} {gave_up}");
}

#[test]
fn a_backup_over_a_storage_that_is_read_badly_is_right_or_there_is_none() {
    let mut ends = Ends::default();
    let mut sound = sound();
    for_each_fault(|seed, lasting| {
        let faulty = sound.read_badly(seed, if seed % 5 == 0 { 1000 } else { 12 }, lasting);
        let Ok(test) = TestRepository::open(faulty) else { return };
        let cancel = Cancellation::default();
        let request = LockRequest {
            exclusive: false,
            wait: std::time::Duration::ZERO,
            auto_unlock: AutoUnlock::Off,
            operation: "test".to_owned(),
        };
        let changed = sound.source.path().join("0/0/0 0");
        fs::write(changed, format!("{seed} {lasting}")).expect("written");
        let (options, witness) = (options(), Witness::default());
        let sources =
            Sources::Paths { targets: &[".".into()], working_folder: sound.source.path() };
        let context = &test.context;
        let lock = lock::acquire(&test.repository, &request, context, &Unwatched, &cancel);
        let made = lock.map_err(|error| with_causes(&error)).and_then(|lock| {
            let index = test.repository.load_index(&cancel);
            let mut index = index.map_err(|error| with_causes(&error))?;
            let job = test.job(Mode::Store(&lock), &options);
            let made = job.run(&mut index, sources, &witness, &cancel);
            made.map_err(|error| with_causes(&error))
        });
        match made {
            Ok(made) => {
                let test = TestRepository::open(sound.backend.clone()).expect("it opens");
                let contents = test.contents(made.tree);
                assert!(contents == files_in(sound.source.path()), "seed {seed}, {lasting}");
                let id = made.snapshot.expect("it is stored");
                let is_told = !witness.findings().is_empty();
                *if is_told { &mut ends.told } else { &mut ends.whole } += 1;
                sound.snapshots.push((id, made.tree, contents));
            }
            Err(_) => ends.gave_up += 1,
        }
        // What a failed removal of a lock left is in nobody's way here.
        if seed % 10 == 9 {
            sound.assert_untouched();
        }
    });
    sound.assert_untouched();
    ends.assert_all_kinds();
}
