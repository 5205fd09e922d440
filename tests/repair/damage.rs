//! Damages a repository, lets both programs repair a copy of it, and compares what is left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_engine::backend::LocalBackend;
use holdfast_engine::id::{RawId, SnapshotId};
use holdfast_engine::monitor::Unwatched;
use holdfast_engine::snapshot::load_all;
use holdfast_testkit::random::Random;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::files_below;
use holdfast_tests::repository::TestRepository;

use super::cases;

/// What files held, by path.
pub(super) type Contents = BTreeMap<String, Vec<u8>>;

pub(super) struct History {
    pub(super) repository: TestRepository,
    pub(super) random: Random,
    source: PathBuf,
    /// What each snapshot held.
    held: BTreeMap<SnapshotId, Contents>,
}

impl History {
    /// Some backups, by either program.
    pub(super) fn new(seed: u64) -> Self {
        let repository = TestRepository::new();
        let source = repository.beside("source");
        fs::create_dir(&source).expect("a folder");
        let random = Random::new(seed);
        let mut history = Self { repository, random, source, held: BTreeMap::new() };
        for peer in [Peer::Holdfast, Peer::ResticNew, Peer::Holdfast] {
            history.change();
            Worker::new(peer, history.repository.path(), "UTC")
                .backup(&history.source, &["--pack-size", "4"]);
        }
        history.held = contents(&history.repository.path());
        history
    }

    /// Files of one blob each, so that each is whole or gone.
    fn change(&mut self) {
        for _ in 0..25 {
            let random = &mut self.random;
            let folder = self.source.join(format!("folder {}", random.below(5)));
            fs::create_dir_all(&folder).expect("made");
            let path = folder.join(format!("file {}", random.below(20)));
            let length = 1 + random.below(400_000) as usize;
            fs::write(path, random.bytes(length)).expect("written");
        }
    }

    /// Damages some files; returns the packs among them that are still there.
    fn damage(&mut self) -> Vec<String> {
        let mut damaged = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            let is_pack = self.random.chance(3, 4);
            let folder = self.repository.path().join(if is_pack { "data" } else { "index" });
            let files: Vec<String> = files_below(&folder).into_keys().collect();
            let path = folder.join(self.random.pick(&files).trim_start_matches('/'));
            let mut bytes = fs::read(&path).expect("readable");
            let length = bytes.len() as u64;
            let at = self.random.below(length) as usize;
            fs::remove_file(&path).expect("removed");
            match self.random.below(5) {
                0 => continue,
                1 => bytes.truncate(at),
                2 => bytes[at..].fill(7),
                _ => bytes[at] ^= 1 << self.random.below(8),
            }
            fs::write(&path, bytes).expect("written");
            if is_pack {
                damaged.push(path.file_name().expect("a name").to_string_lossy().into_owned());
            }
        }
        damaged.sort();
        damaged.dedup();
        damaged.retain(|id| self.repository.path().join("data").join(&id[..2]).join(id).exists());
        damaged
    }
}

/// What the snapshots of a repository hold, by the id of the one that was first.
fn contents(repository: &Path) -> BTreeMap<SnapshotId, Contents> {
    let backend = Arc::new(LocalBackend::new(repository));
    let opened = holdfast_testkit::TestRepository::open(backend).expect("it opens");
    let all = load_all(&opened.repository, &Unwatched).expect("it lists");
    let held = |(id, snapshot): &(SnapshotId, _)| {
        let snapshot: &holdfast_engine::snapshot::Snapshot = snapshot;
        (snapshot.original.unwrap_or(*id), opened.contents(snapshot.tree))
    };
    all.iter().map(held).collect()
}

/// The whole way that the documentation tells.
fn repair(peer: Peer, repository: &Path, damaged: &[String], beside: &Path) {
    fs::create_dir_all(beside).expect("made");
    let worker = Worker::new(peer, repository, "UTC");
    let run = |words: &[&str]| {
        let output = worker.command(words).current_dir(beside).output().expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("panic"), "{peer:?} {words:?}: {told}");
        (output.status.success(), told)
    };
    let (is_done, told) = run(&["repair", "index"]);
    assert!(is_done, "{peer:?}: {told}");
    for pack in damaged {
        let (is_done, told) = run(&["repair", "packs", pack]);
        let stays = told.contains("nothing tells what it holds");
        assert!(is_done || stays && peer == Peer::Holdfast, "{peer:?}: {told}");
    }
    let (is_done, told) = run(&["repair", "snapshots", "--forget"]);
    assert!(is_done, "{peer:?}: {told}");
}

#[test]
fn what_restic_keeps_of_a_damaged_repository_is_kept_and_nothing_is_wrong_afterwards() {
    let mut whole = 0;
    for seed in 0..cases(2) {
        let mut history = History::new(seed);
        let damaged = history.damage();
        let ours = history.repository.path();
        let theirs = history.repository.beside("theirs");
        let copied = std::process::Command::new("cp").arg("-a").args([&ours, &theirs]).status();
        assert!(copied.expect("cp is installed").success());
        repair(Peer::Holdfast, &ours, &damaged, &history.repository.beside("copies by us"));
        repair(Peer::ResticNew, &theirs, &damaged, &history.repository.beside("copies by restic"));

        let (kept_by_us, kept_by_restic) = (contents(&ours), contents(&theirs));
        for (snapshot, files) in &kept_by_restic {
            let held = &history.held[snapshot];
            let ours = kept_by_us.get(snapshot).unwrap_or_else(|| panic!("{seed}: {snapshot:?}"));
            for (path, content) in files {
                let ours = ours.get(path).unwrap_or_else(|| panic!("seed {seed}: {path} is lost"));
                if content == &held[path] {
                    assert!(ours == content, "seed {seed}: {path} is not as restic kept it");
                    whole += 1;
                } else {
                    assert!(ours.is_empty() || *ours == held[path], "seed {seed}: {path}");
                }
            }
        }
        Worker::new(Peer::ResticNew, &ours, "UTC").check();
        Worker::new(Peer::Holdfast, &ours, "UTC").check();
        assert_restores(&history, &ours, &kept_by_us);
    }
    assert!(whole > 0, "nothing was left to compare");
}

/// restic restores every snapshot as we read it.
fn assert_restores(history: &History, repository: &Path, kept: &BTreeMap<SnapshotId, Contents>) {
    let backend = Arc::new(LocalBackend::new(repository));
    let opened = holdfast_testkit::TestRepository::open(backend).expect("it opens");
    for (id, snapshot) in load_all(&opened.repository, &Unwatched).expect("it lists") {
        let target = history.repository.beside("restored");
        Worker::new(Peer::ResticNew, repository, "UTC").restore(&id.to_string(), &target);
        let expected = &kept[&snapshot.original.unwrap_or(id)];
        let sums = expected.iter().map(|(path, content)| (path.clone(), RawId::of(content)));
        let sums: BTreeMap<String, RawId> = sums.collect();
        assert_eq!(with_slash(files_below(&target)), sums);
        fs::remove_dir_all(&target).expect("removed");
    }
}

fn with_slash(files: BTreeMap<String, RawId>) -> BTreeMap<String, RawId> {
    let with = |path: String| format!("/{}", path.trim_start_matches('/'));
    files.into_iter().map(|(path, sum)| (with(path), sum)).collect()
}
