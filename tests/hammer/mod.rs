//! Two processes of Holdfast and two of restic work on one repository at the same time, in any mix
//! of backup, forget, prune, check and restore: nothing that is kept is lost, nobody fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use holdfast_engine::id::RawId;
use holdfast_testkit::random::Random;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::files_below;
use holdfast_tests::repository::TestRepository;

/// How much each of the four does; `HOLDFAST_HAMMER_ROUNDS` asks for more.
const ROUNDS: u64 = 3;

/// What each of the four does first, so that few rounds, too, have everything in them that can get
/// in each other's way.
const OPENINGS: [&[&str]; 4] = [
    &["backup", "forget", "prune"],
    &["backup", "prune", "backup"],
    &["backup", "check", "backup"],
    &["backup", "restore", "backup"],
];

/// Everybody waits for everybody else's locks, for as long as it takes.
const PATIENCE: [&str; 2] = ["--retry-lock", "30m"];

/// How many of its own snapshots each keeps when it forgets.
const KEPT: usize = 2;

/// What a folder held: sums by path.
type Contents = BTreeMap<String, RawId>;

/// One of the four: a program, a folder of its own, and its snapshots, oldest first.
struct Hand {
    name: String,
    worker: Worker,
    folder: PathBuf,
    random: Random,
    /// What it does before it does anything by chance.
    opening: std::slice::Iter<'static, &'static str>,
    snapshots: Vec<(String, Contents)>,
    done: BTreeMap<&'static str, usize>,
}

impl Hand {
    fn new(repository: &TestRepository, peer: Peer, number: usize, seed: u64) -> Self {
        let name = format!("hand-{number}");
        let folder = repository.beside(&name);
        fs::create_dir(&folder).expect("a folder");
        let worker = Worker::new(peer, repository.path(), "UTC");
        let random = Random::new(seed * 1000 + number as u64);
        let (opening, snapshots, done) = (OPENINGS[number].iter(), Vec::new(), BTreeMap::new());
        Self { name, worker, folder, random, opening, snapshots, done }
    }

    fn run(&self, line: &[&str]) -> String {
        self.worker.run(&[line, &PATIENCE].concat())
    }

    fn act(&mut self) {
        let act = match self.opening.next() {
            Some(act) => act,
            None => self.chosen(),
        };
        match act {
            "prune" => drop(self.run(&["prune", "--max-unused", "0", "--pack-size", "4"])),
            "forget" => self.forget(),
            "check" => drop(self.run(&["check", "--read-data"])),
            "restore" => self.restore(),
            _ => self.backup(),
        }
        *self.done.entry(act).or_default() += 1;
    }

    fn chosen(&mut self) -> &'static str {
        // restic wants to be alone to forget and to prune, and between two tries it waits for up to
        // a minute, so it does that less often.
        let rare = if self.worker.peer == Peer::Holdfast { 2 } else { 1 };
        match self.random.below(10) {
            n if n < rare => "prune",
            n if n < 2 * rare => "forget",
            4 => "check",
            5 => "restore",
            _ => "backup",
        }
    }

    fn backup(&mut self) {
        for _ in 0..6 {
            let path = self.folder.join(format!("file {}", self.random.below(20)));
            if self.random.chance(1, 5) {
                let _ = fs::remove_file(path);
                continue;
            }
            // Some content comes back, and some is everybody's.
            let length = 50_000 + self.random.below(400_000) as usize;
            let mut common = Random::new(self.random.below(30));
            let bytes = if self.random.chance(1, 2) {
                common.bytes(length)
            } else {
                self.random.bytes(length)
            };
            fs::write(path, bytes).expect("written");
        }
        fs::write(self.folder.join("always"), self.random.bytes(100)).expect("written");
        let line = [&["--host", &self.name], &PATIENCE[..]].concat();
        let snapshot = self.worker.backup(&self.folder, &line).snapshot;
        self.snapshots.push((snapshot, files_below(&self.folder)));
    }

    fn forget(&mut self) {
        let keep = KEPT.to_string();
        self.run(&["forget", "--keep-last", &keep, "--host", &self.name, "--group-by", "host"]);
        let gone = self.snapshots.len().saturating_sub(KEPT);
        self.snapshots.drain(..gone);
    }

    fn restore(&self) {
        let (snapshot, content) = self.snapshots.last().expect("there is one");
        assert_restores(&self.worker, snapshot, content, &PATIENCE);
    }
}

#[track_caller]
fn assert_restores(worker: &Worker, snapshot: &str, content: &Contents, more: &[&str]) {
    let target = tempfile::tempdir().expect("a folder");
    let path = target.path().to_str().expect("plain");
    worker.run(&[&["restore", snapshot, "--target", path], more].concat());
    assert!(files_below(Path::new(path)) == *content, "{snapshot} holds something else");
}

#[test]
fn four_programs_on_one_repository_lose_nothing_and_do_not_fail() {
    let rounds = std::env::var("HOLDFAST_HAMMER_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let seed = std::env::var("HOLDFAST_HAMMER_SEED");
    let seed = seed.map_or(1, |seed| seed.parse().expect("a number"));
    let repository = TestRepository::new();
    let peers = [Peer::Holdfast, Peer::Holdfast, Peer::ResticNew, Peer::ResticNew];
    let mut hands: Vec<_> =
        (0..).zip(peers).map(|(n, peer)| Hand::new(&repository, peer, n, seed)).collect();
    std::thread::scope(|scope| {
        for hand in &mut hands {
            scope.spawn(move || (0..rounds).for_each(|_| hand.act()));
        }
    });
    assert!(repository.locks().is_empty(), "a lock is left");
    let done: Vec<_> = hands.iter().map(|hand| (hand.worker.peer, &hand.done)).collect();
    for hand in &hands {
        for (snapshot, content) in &hand.snapshots {
            assert_restores(&hand.worker, snapshot, content, &[]);
        }
    }
    let theirs = &hands[2].worker;
    theirs.check();
    let listed: serde_json::Value =
        serde_json::from_str(&theirs.run(&["snapshots", "--json"])).expect("JSON");
    let kept: usize = hands.iter().map(|hand| hand.snapshots.len()).sum();
    assert_eq!(listed.as_array().map(Vec::len), Some(kept), "{done:?}");
    // Together they have done everything that can get in each other's way.
    for act in ["backup", "forget", "prune"] {
        let times: usize = hands.iter().filter_map(|hand| hand.done.get(act)).sum();
        assert!(times > 0, "nobody did {act}: {done:?}");
    }
}
