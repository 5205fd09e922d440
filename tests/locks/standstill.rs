//! A process that stands still while others take its lock and change the repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use holdfast_tests::process::{Running, until};
use holdfast_tests::repository::TestRepository;
use holdfast_tests::tools::{PASSWORD, holdfast};

use super::holder::{Holder, Place, Program, restic};

fn frozen(repository: &TestRepository) -> Holder {
    let holder = Holder::start(Program::Holdfast, false, Place::Here, repository);
    holder.running.freeze();
    let unlocked = restic(Program::ResticNew, repository, &["unlock", "--remove-all"]);
    assert!(unlocked.status.success());
    holder
}

#[test]
fn whoever_wakes_after_a_prune_commits_nothing_before_checking_again() {
    let repository = TestRepository::new();
    let mut holder = frozen(&repository);
    assert!(restic(Program::ResticNew, &repository, &["prune"]).status.success());
    holder.running.thaw();
    assert_eq!(holder.running.ask("fence"), "reacquired 1");
    assert_eq!(holder.running.ask("fence"), "reacquired 1");
    holder.running.say("1");
    assert_eq!(holder.running.ask("fence"), "stands");
    assert!(holder.finish());
    assert!(repository.locks().is_empty());
}

#[test]
fn whoever_wakes_during_a_prune_commits_nothing() {
    let repository = TestRepository::new();
    let mut holder = frozen(&repository);
    let other = Holder::start(Program::ResticNew, true, Place::Here, &repository);
    let before = repository.locks();
    holder.running.thaw();
    let answer = holder.running.ask("fence");
    assert_eq!(answer, "the lock was removed, and another program uses the repository now");
    assert_eq!(repository.locks(), before);
    assert!(other.finish());
    assert_eq!(holder.running.ask("fence"), "reacquired 1");
    assert!(holder.finish());
}

/// Bytes that no compression shrinks and no other number gives.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..bytes / 8).flat_map(|_| next().to_le_bytes()).collect()
}

fn backup(repository: &TestRepository) -> Command {
    let mut command = Command::new(holdfast());
    command.args(["-q", "backup", "-r"]).arg(repository.path());
    command.env("RESTIC_PASSWORD", PASSWORD).env("HOLDFAST_STATE_DIR", repository.beside("state"));
    command
}

fn packs(repository: &TestRepository) -> usize {
    let folders = fs::read_dir(repository.path().join("data")).expect("a folder of packs");
    folders
        .flat_map(|folder| fs::read_dir(folder.expect("a folder").path()).expect("packs"))
        .filter(|pack| pack.as_ref().expect("a pack").file_name().len() == 64)
        .count()
}

fn snapshots(repository: &TestRepository) -> Vec<String> {
    let output = restic(Program::ResticNew, repository, &["snapshots", "--json"]);
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    found.iter().map(|snapshot| snapshot["id"].as_str().expect("an id").to_owned()).collect()
}

/// While it stands still, somebody takes everything away that it relies on: its lock, the
/// snapshots with the data that it found stored, and what it stored and has not yet indexed.
fn take_everything_from(process: &Running, repository: &TestRepository) {
    process.freeze();
    let run = |arguments: &[&str]| {
        let output = restic(Program::ResticNew, repository, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["unlock", "--remove-all"]);
    for snapshot in snapshots(repository) {
        run(&["forget", &snapshot]);
    }
    run(&["prune", "--max-unused", "0"]);
    assert_eq!((packs(repository), snapshots(repository).len()), (0, 0));
    process.thaw();
}

fn check_whole(repository: &TestRepository) {
    let output = restic(Program::ResticNew, repository, &["check", "--read-data"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
}

fn same_files(one: &Path, other: &Path) -> bool {
    let names = |folder: &Path| -> Vec<_> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    let read = |path: std::path::PathBuf| fs::read(path).expect("a file");
    names(one) == names(other)
        && names(one).iter().all(|name| read(one.join(name)) == read(other.join(name)))
}

#[test]
fn a_backup_that_stood_still_while_all_its_data_was_pruned_stores_a_whole_snapshot() {
    let repository = TestRepository::new();
    let source = repository.beside("source");
    fs::create_dir(&source).expect("a folder");
    for number in 0..24 {
        if number == 12 {
            assert!(backup(&repository).arg(&source).status().expect("it runs").success());
        }
        fs::write(source.join(format!("{number:02}")), noise(number, 4 << 20)).expect("a file");
    }
    let before = packs(&repository);
    let mut process = Running::start(backup(&repository).arg(&source));
    until("it stores something", || packs(&repository) > before);
    take_everything_from(&process, &repository);
    let ended = process.finish();

    check_whole(&repository);
    let stored = snapshots(&repository);
    assert!(ended.success(), "it could have read everything again");
    let target = repository.beside("target");
    let restore = ["restore", &stored[0], "--target", target.to_str().expect("a path")];
    assert!(restic(Program::ResticNew, &repository, &restore).status.success());
    let restored = target.join(source.strip_prefix("/").expect("an absolute path"));
    assert!(same_files(&source, &restored));
}

#[test]
fn a_stream_that_stood_still_while_its_data_was_pruned_leaves_no_snapshot() {
    let repository = TestRepository::new();
    let mut process = Running::start(backup(&repository).arg("--stdin"));
    process.feed(&noise(1, 48 << 20));
    until("it stores something", || packs(&repository) > 0);
    take_everything_from(&process, &repository);
    process.feed(&noise(2, 1 << 20));
    assert!(!process.finish().success(), "what was read from a stream cannot be read again");
    assert!(snapshots(&repository).is_empty());
    assert!(repository.locks().is_empty());
    check_whole(&repository);
}
