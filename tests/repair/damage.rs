//! Damages a repository, lets both programs repair a copy of it, and compares what is left.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_engine::backend::LocalBackend;
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::{BlobId, RawId, SnapshotId, TreeId};
use holdfast_engine::index::Index;
use holdfast_engine::monitor::Unwatched;
use holdfast_engine::snapshot::load_all;
use holdfast_testkit::random::Random;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::files_below;
use holdfast_tests::repository::TestRepository;

use super::cases;

/// The header of a pack with one blob, and its length behind it.
const HEADER_BYTES_MIN: u64 = 32 + 37 + 4;

/// What files held, by path.
pub(super) type Contents = BTreeMap<String, Vec<u8>>;

pub(super) struct History {
    pub(super) repository: TestRepository,
    pub(super) random: Random,
    source: PathBuf,
    /// The files that were backed up, each with its one blob, in an order that the seed decides.
    stored: Vec<(String, BlobId)>,
    /// What each snapshot held.
    held: BTreeMap<SnapshotId, Contents>,
}

/// A file of the repository, and the bytes in it that are to be damaged.
struct Victim {
    told: String,
    path: PathBuf,
    bytes: Range<u64>,
    is_pack: bool,
}

impl History {
    /// Some backups, by either program.
    pub(super) fn new(seed: u64) -> Self {
        let repository = TestRepository::new();
        let source = repository.beside("source");
        fs::create_dir(&source).expect("a folder");
        let random = Random::new(seed);
        let (stored, held) = (Vec::new(), BTreeMap::new());
        let mut history = Self { repository, random, source, stored, held };
        for peer in [Peer::Holdfast, Peer::ResticNew, Peer::Holdfast] {
            history.change();
            let files = holdfast_testkit::files_in(&history.source).into_iter();
            history.stored.extend(files.map(|(path, content)| (path, BlobId::of(&content))));
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

    /// Damages some files; returns the packs among them that are still there, and what was done.
    ///
    /// Ids are by chance, and so is which blob is in which pack. What the seed decides is therefore
    /// which file's content, which snapshot's topmost folder or which index file is hit, and how.
    fn damage(&mut self) -> (Vec<String>, String) {
        let backend = Arc::new(LocalBackend::new(self.repository.path()));
        let opened = holdfast_testkit::TestRepository::open(backend).expect("it opens");
        let index = opened.index();
        let mut all = load_all(&opened.repository, &Unwatched).expect("it lists");
        all.sort_by_key(|(_, snapshot)| snapshot.time.to_string());
        let roots: Vec<TreeId> = all.iter().map(|(_, snapshot)| snapshot.tree).collect();
        let index_files = by_age(&self.repository.path().join("index"));
        let (mut damaged, mut told) = (BTreeMap::new(), String::new());
        for _ in 0..1 + self.random.below(4) {
            let victim = self.victim(&index, &roots, &index_files);
            let how = self.random.below(5);
            let at = victim.bytes.start + self.random.below(victim.bytes.end - victim.bytes.start);
            let bit = self.random.below(8);
            let name = file_name(&victim.path);
            told.push_str(&format!("; {} in {name}: {how} at {at}, bit {bit}", victim.told));
            if damaged.contains_key(&victim.path) {
                continue;
            }
            let (mut bytes, at) = (fs::read(&victim.path).expect("readable"), at as usize);
            fs::remove_file(&victim.path).expect("removed");
            match how {
                0 => {}
                1 => bytes.truncate(at),
                2 => bytes[at..].fill(7),
                _ => bytes[at] ^= 1 << bit,
            }
            if how > 0 {
                fs::write(&victim.path, bytes).expect("written");
            }
            damaged.insert(victim.path, victim.is_pack && how > 0);
        }
        let packs = damaged.into_iter().filter(|(_, is_pack_and_there)| *is_pack_and_there);
        (packs.map(|(path, _)| file_name(&path)).collect(), told)
    }

    fn victim(&mut self, index: &Index, roots: &[TreeId], index_files: &[PathBuf]) -> Victim {
        let what = self.random.below(8);
        if what < 2 {
            let number = self.random.below(index_files.len() as u64) as usize;
            let path = index_files[number].clone();
            let bytes = 0..fs::metadata(&path).map_or(1, |about| about.len().max(1));
            return Victim { told: format!("index file {number}"), path, bytes, is_pack: false };
        }
        let (told, kind, id) = if what == 2 {
            let number = self.random.below(roots.len() as u64) as usize;
            (format!("the root of snapshot {number}"), BlobKind::Tree, BlobId(roots[number].0))
        } else {
            let (path, id) = self.random.pick(&self.stored).clone();
            (path, BlobKind::Data, id)
        };
        let location = index.locate(kind, &id).expect("it was stored");
        let name = location.pack.to_string();
        let path = self.repository.path().join("data").join(&name[..2]).join(&name);
        let blob = u64::from(location.offset)..u64::from(location.offset + location.length);
        match fs::metadata(&path) {
            // What stands behind the last blob says what is in the pack.
            Ok(about) if what == 3 => Victim {
                told: format!("the header of the pack with {told}"),
                path,
                bytes: about.len() - HEADER_BYTES_MIN..about.len(),
                is_pack: true,
            },
            _ => Victim { told, path, bytes: blob, is_pack: true },
        }
    }
}

/// The files of a folder, in the order in which they were written.
fn by_age(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort_by_key(|path| fs::metadata(path).and_then(|it| it.modified()).expect("a time"));
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
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
        let (damaged, told) = history.damage();
        let case = format!("seed {seed}{told}");
        whole += holdfast_testkit::named(&case, || both_repair(&history, &damaged));
    }
    assert!(whole > 0, "nothing was left to compare");
}

/// Lets both programs repair, and compares; returns how many files are whole.
fn both_repair(history: &History, damaged: &[String]) -> usize {
    let ours = history.repository.path();
    let theirs = history.repository.beside("theirs");
    let copied = std::process::Command::new("cp").arg("-a").args([&ours, &theirs]).status();
    assert!(copied.expect("cp is installed").success());
    repair(Peer::Holdfast, &ours, damaged, &history.repository.beside("copies by us"));
    repair(Peer::ResticNew, &theirs, damaged, &history.repository.beside("copies by restic"));

    let (kept_by_us, kept_by_restic) = (contents(&ours), contents(&theirs));
    let mut whole = 0;
    for (snapshot, files) in &kept_by_restic {
        let held = &history.held[snapshot];
        let ours = kept_by_us.get(snapshot).unwrap_or_else(|| panic!("{snapshot:?} is lost"));
        for (path, content) in files {
            let ours = ours.get(path).unwrap_or_else(|| panic!("{path} is lost"));
            if content == &held[path] {
                assert!(ours == content, "{path} is not as restic kept it");
                whole += 1;
            } else {
                assert!(ours.is_empty() || *ours == held[path], "{path} is something else");
            }
        }
    }
    Worker::new(Peer::ResticNew, &ours, "UTC").check();
    Worker::new(Peer::Holdfast, &ours, "UTC").check();
    assert_restores(history, &ours, &kept_by_us);
    whole
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
