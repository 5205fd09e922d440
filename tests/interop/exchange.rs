//! What one program stored, the other stores again and restores.

use std::fs::File;
use std::path::Path;

use holdfast_testkit::compare::differences;
use holdfast_testkit::random_tree::{self, TreeOptions};
use holdfast_tests::peers::{BackupSummary, Peer, Worker};
use holdfast_tests::repository::TestRepository;

/// Zones of whole and of half hours, east and west, with and without summer time, and one whose
/// summer is half an hour.
const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
];

/// Makes a random folder and lets `first` and `second` store it and restore each other's snapshot.
#[track_caller]
fn check_exchange(first: Peer, second: Peer, seed: u64) {
    let work = tempfile::tempdir().expect("a temporary folder");
    let source = work.path().join("source");
    let for_restic_0_14 = first == Peer::ResticOld || second == Peer::ResticOld;
    let options = TreeOptions { for_restic_0_14, ..TreeOptions::default() };
    random_tree::make(&source, seed, options).expect("a folder");
    let zone = ZONES[seed as usize % ZONES.len()];
    let repository = TestRepository::new();
    let worker = |peer| Worker::new(peer, repository.path(), zone);
    let case = format!("{first:?}, then {second:?}, seed {seed}, {zone}");

    let stored = worker(first).backup(&source, &[]);
    // Once by comparing with the parent, once by reading everything again.
    let compared = worker(second).backup(&source, &[]);
    check_nothing_added(&compared, &case);
    assert_eq!(compared.files_unmodified, compared.files, "{case}");
    let read = worker(second).backup(&source, &["--force"]);
    check_nothing_added(&read, &case);
    for peer in [first, second, Peer::ResticNew] {
        worker(peer).check();
    }

    let by_second = work.path().join("by-second");
    worker(second).restore(&stored.snapshot, &by_second);
    check_same(&source, &by_second, &format!("{case}, restored by {second:?}"));
    let by_first = work.path().join("by-first");
    worker(first).restore(&read.snapshot, &by_first);
    check_same(&source, &by_first, &format!("{case}, restored by {first:?}"));
}

#[track_caller]
fn check_nothing_added(summary: &BackupSummary, case: &str) {
    assert_eq!((summary.data_blobs, summary.tree_blobs), (0, 0), "{case}: {summary:?}");
}

#[track_caller]
fn check_same(expected: &Path, actual: &Path, case: &str) {
    let found = differences(expected, actual).expect("both can be read");
    assert!(found.is_empty(), "{case}:\n{}", found.join("\n"));
}

#[test]
fn what_todays_restic_stored_we_store_again_without_adding_anything() {
    (0..6).for_each(|seed| check_exchange(Peer::ResticNew, Peer::Holdfast, seed));
}

#[test]
fn what_we_stored_todays_restic_stores_again_without_adding_anything() {
    (6..12).for_each(|seed| check_exchange(Peer::Holdfast, Peer::ResticNew, seed));
}

#[test]
fn what_debians_restic_stored_we_store_again_without_adding_anything() {
    (12..18).for_each(|seed| check_exchange(Peer::ResticOld, Peer::Holdfast, seed));
}

#[test]
fn what_we_stored_debians_restic_stores_again_without_adding_anything() {
    (18..24).for_each(|seed| check_exchange(Peer::Holdfast, Peer::ResticOld, seed));
}

/// The one that is written as itself, the other as an escape: only restic itself knows which.
#[test]
fn every_character_there_is_may_stand_in_a_name() {
    let work = tempfile::tempdir().expect("a temporary folder");
    let mut name = String::from("n");
    for character in ('\u{1}'..=char::MAX).filter(|character| *character != '/') {
        name.push(character);
        if name.len() > 250 {
            File::create(work.path().join(&name)).expect("a file");
            name.truncate(1);
        }
    }
    let repository = TestRepository::new();
    let worker = |peer| Worker::new(peer, repository.path(), "UTC");
    worker(Peer::ResticNew).backup(work.path(), &[]);
    let ours = worker(Peer::Holdfast).backup(work.path(), &["--force"]);
    check_nothing_added(&ours, "all characters");
}

/// Where clocks were off by minutes and seconds within the life of a file, the format cuts the
/// seconds off, and so no program brings such times back. But all of them cut alike.
#[test]
fn offsets_with_seconds_are_cut_alike() {
    for (seed, zone) in [(30, "Asia/Kathmandu"), (31, "America/St_Johns"), (32, "Pacific/Apia")] {
        let work = tempfile::tempdir().expect("a temporary folder");
        let source = work.path().join("source");
        let options = TreeOptions { entries: 60, for_restic_0_14: true };
        random_tree::make(&source, seed, options).expect("a folder");
        let repository = TestRepository::new();
        for (nth, peer) in
            [Peer::ResticNew, Peer::Holdfast, Peer::ResticOld].into_iter().enumerate()
        {
            let stored = Worker::new(peer, repository.path(), zone).backup(&source, &["--force"]);
            if nth > 0 {
                check_nothing_added(&stored, &format!("{peer:?}, {zone}"));
            }
        }
    }
}

#[test]
fn repositories_that_restic_made_are_used_as_they_are() {
    let cases = [(Peer::ResticNew, "1"), (Peer::ResticNew, "2"), (Peer::ResticOld, "2")];
    for (maker, format) in cases {
        let work = tempfile::tempdir().expect("a temporary folder");
        let (source, restored) = (work.path().join("source"), work.path().join("restored"));
        let options = TreeOptions { entries: 40, for_restic_0_14: true };
        random_tree::make(&source, 99, options).expect("a folder");
        let repository = work.path().join("repository");
        let worker = |peer| Worker::new(peer, &repository, "Europe/Berlin");
        worker(maker).run(&["init", "--repository-version", format]);
        let ours = worker(Peer::Holdfast).backup(&source, &[]);
        let theirs = worker(maker).backup(&source, &["--force"]);
        check_nothing_added(&theirs, &format!("{maker:?} {format}"));
        worker(maker).check();
        worker(Peer::Holdfast).check();
        worker(maker).restore(&ours.snapshot, &restored);
        check_same(&source, &restored, &format!("{maker:?} {format}"));
    }
}

#[test]
fn repositories_that_we_made_are_used_by_restic() {
    for (user, format) in [(Peer::ResticNew, "1"), (Peer::ResticNew, "2"), (Peer::ResticOld, "2")] {
        let work = tempfile::tempdir().expect("a temporary folder");
        let source = work.path().join("source");
        let options = TreeOptions { entries: 40, for_restic_0_14: true };
        random_tree::make(&source, 98, options).expect("a folder");
        let repository = work.path().join("repository");
        let worker = |peer| Worker::new(peer, &repository, "Europe/Berlin");
        worker(Peer::Holdfast).run(&["init", "--repository-version", format]);
        worker(user).backup(&source, &[]);
        check_nothing_added(&worker(Peer::Holdfast).backup(&source, &["--force"]), format);
        worker(user).check();
    }
}
