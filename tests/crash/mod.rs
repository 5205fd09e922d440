//! Killed backups: a hundred times, at any point, and nothing that was stored is lost.
//!
//! The moment of each kill is a number of bytes that the process has written, drawn over all that it
//! writes: from before its lock to behind its snapshot.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use holdfast_engine::backend::FileKind;
use holdfast_engine::blob::BlobKind;
use holdfast_engine::check::{CheckOptions, DataSubset, check};
use holdfast_engine::id::RawId;
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_testkit::random::Random;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::{files_below, kill_after};
use holdfast_tests::repository::TestRepository;

/// How often a backup is killed.
const KILLS: usize = 100;

/// How often a backup is let through, for each of so many kills.
const KILLS_PER_COMPLETE: usize = 10;

/// Bytes that are new in the source each time.
const NEW_BYTES: usize = 6 << 20;

/// What a source held: sums by path.
type Contents = BTreeMap<String, RawId>;

#[test]
fn a_backup_killed_a_hundred_times_loses_nothing_and_goes_on_where_it_was() {
    let (repository, mut random) = (TestRepository::new(), Random::new(20_260_327));
    let source = repository.beside("source");
    fs::create_dir(&source).expect("a folder");
    let ours = Worker::new(Peer::Holdfast, repository.path(), "Europe/Berlin");
    let mut complete: Vec<(String, Contents)> = Vec::new();
    let mut kills = 0;
    for round in 0.. {
        change(&source, round, &mut random);
        let moment = random.below(NEW_BYTES as u64 * 5 / 4);
        if kill_after(&mut start(&ours, &source), moment) {
            kills += 1;
        }
        assert_sound(&repository, DataSubset::None);
        if kills / KILLS_PER_COMPLETE == complete.len() {
            continue;
        }
        let snapshot = ours.backup(&source, &["--pack-size", "4"]).snapshot;
        assert!(repository.locks().is_empty(), "a lock of a killed backup is left");
        assert_no_data_is_stored_twice(&repository);
        Worker::new(Peer::ResticNew, repository.path(), "UTC").run(&["check"]);
        complete.push((snapshot, files_below(&source)));
        if kills >= KILLS {
            break;
        }
    }
    assert_sound(&repository, "100%".parse().expect("a subset"));
    for (snapshot, expected) in &complete {
        let target = repository.beside("restored");
        ours.restore(snapshot, &target);
        assert!(files_below(&target) == *expected, "snapshot {snapshot} has changed");
        fs::remove_dir_all(&target).expect("removed");
    }
}

#[test]
fn a_backup_killed_behind_an_index_file_that_it_stored_on_the_way_goes_on_there() {
    /// More than an index file lists, so that one is stored before the end.
    const FILES: usize = 70_000;
    let (repository, mut random) = (TestRepository::new(), Random::new(20_261_121));
    let source = repository.beside("source");
    for file in 0..FILES {
        let folder = source.join(format!("{}", file / 1000));
        if file % 1000 == 0 {
            fs::create_dir_all(&folder).expect("a folder");
        }
        // Large enough that packs are full, and indexed, long before the end.
        fs::write(folder.join(format!("{file}")), random.bytes(300)).expect("written");
    }
    let ours = Worker::new(Peer::Holdfast, repository.path(), "Europe/Berlin");
    let indexes = || repository.open().list(FileKind::Index).expect("it lists").len();
    let mut process = start(&ours, &source);
    while names_in(&repository.path().join("index")) == 0 {
        assert!(process.try_wait().expect("a state").is_none(), "it ended before it was killed");
        std::thread::yield_now();
    }
    process.kill().expect("permitted");
    process.wait().expect("it ends");
    assert_eq!(indexes(), 1);
    assert_eq!(names_in(&repository.path().join("snapshots")), 0);
    assert_sound(&repository, "100%".parse().expect("a subset"));

    let snapshot = ours.backup(&source, &["--pack-size", "4"]).snapshot;
    assert!(indexes() > 1);
    assert_no_data_is_stored_twice(&repository);
    Worker::new(Peer::ResticNew, repository.path(), "UTC").run(&["check", "--read-data"]);
    let target = repository.beside("restored");
    ours.restore(&snapshot, &target);
    assert!(files_below(&target) == files_below(&source));
}

/// How many files there are in a folder, but for those that have no name of their own yet.
fn names_in(folder: &Path) -> usize {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("it").file_name());
    names.filter(|name| name.len() == 64).count()
}

/// Writes new data over a part of what is there.
fn change(source: &Path, round: usize, random: &mut Random) {
    let large = source.join(format!("large {}", round % 4));
    fs::write(large, random.bytes(NEW_BYTES - (1 << 20))).expect("written");
    let folder = source.join(format!("many/{}", round % 4));
    fs::create_dir_all(&folder).expect("a folder");
    for file in 0..32 {
        fs::write(folder.join(format!("small {file}")), random.bytes(32 << 10)).expect("written");
    }
}

fn start(worker: &Worker, source: &Path) -> Child {
    worker
        .command(&["backup", ".", "--quiet", "--pack-size", "4"])
        .current_dir(source)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

fn assert_sound(repository: &TestRepository, data: DataSubset) {
    let options = CheckOptions { data, ..CheckOptions::default() };
    let checked = check(&repository.open(), &options, &Unwatched, &Cancellation::default());
    let outcome = checked.expect("the repository can be checked");
    assert!(outcome.is_sound(), "{outcome:?}");
}

/// What a killed backup uploaded is used by the next one.
fn assert_no_data_is_stored_twice(repository: &TestRepository) {
    let opened = repository.open();
    let mut seen = std::collections::BTreeSet::new();
    for pack in opened.list(FileKind::Pack).expect("it lists") {
        let header = opened.read_pack_header(pack.id.into(), pack.size).expect("it is whole");
        for blob in header.iter().filter(|blob| blob.kind == BlobKind::Data) {
            assert!(seen.insert(blob.id), "{blob:?} is stored twice");
        }
    }
}
