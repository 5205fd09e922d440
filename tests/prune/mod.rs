//! Prunes beside restic's: the same is planned, nothing that a snapshot needs is lost, wherever a
//! prune is killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use holdfast_engine::id::RawId;
use holdfast_testkit::random::Random;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::{files_below, kill_after};
use holdfast_tests::repository::TestRepository;

/// How often a prune is killed.
const KILLS: usize = 20;

/// How often before one may come to its end: each leaves copies behind.
const KILLS_IN_A_ROW: usize = 8;

/// How many histories are planned by both; `HOLDFAST_PRUNE_CASES` asks for more.
const CASES: u64 = 3;

/// What a folder held: sums by path.
type Contents = BTreeMap<String, RawId>;

/// A repository with a history, and what each snapshot that is left held.
struct History {
    repository: TestRepository,
    random: Random,
    source: PathBuf,
    kept: Vec<(String, Contents)>,
}

impl History {
    fn new(seed: u64) -> Self {
        let repository = TestRepository::new();
        let source = repository.beside("source");
        fs::create_dir(&source).expect("a folder");
        Self { repository, random: Random::new(seed), source, kept: Vec::new() }
    }

    fn worker(&self, peer: Peer) -> Worker {
        Worker::new(peer, self.repository.path(), "UTC")
    }

    /// Backs up some times, by either program, with changes in between, and forgets some of it.
    fn grow(&mut self, backups: usize) {
        for _ in 0..backups {
            self.change();
            let peer = *self.random.pick(&[Peer::Holdfast, Peer::ResticNew]);
            let pack_size = *self.random.pick(&["4", "16"]);
            let stored = self.worker(peer).backup(&self.source, &["--pack-size", pack_size]);
            self.kept.push((stored.snapshot, files_below(&self.source)));
        }
        for _ in 0..backups / 2 {
            let at = self.random.below(self.kept.len() as u64) as usize;
            let (snapshot, _) = self.kept.remove(at);
            self.worker(Peer::ResticNew).run(&["forget", &snapshot]);
        }
    }

    fn change(&mut self) {
        for _ in 0..10 {
            let random = &mut self.random;
            let folder = self.source.join(format!("folder {}", random.below(5)));
            fs::create_dir_all(&folder).expect("made");
            let path = folder.join(format!("file {}", random.below(20)));
            if random.chance(1, 4) {
                let _ = fs::remove_file(path);
            } else {
                let magnitude = random.below(23);
                let length = random.below(1 << magnitude) as usize;
                fs::write(path, random.bytes(length)).expect("written");
            }
        }
    }

    /// Both programs find nothing wrong, and every snapshot holds what it held.
    #[track_caller]
    fn assert_whole(&self) {
        self.worker(Peer::ResticNew).check();
        self.worker(Peer::Holdfast).check();
        self.assert_restores(Peer::ResticNew);
    }

    #[track_caller]
    fn assert_restores(&self, peer: Peer) {
        for (snapshot, expected) in &self.kept {
            let target = self.repository.beside("restored");
            self.worker(peer).restore(snapshot, &target);
            assert!(files_below(&target) == *expected, "snapshot {snapshot} has changed");
            fs::remove_dir_all(&target).expect("removed");
        }
    }
}

/// The lines of a plan that tell how much goes and how much stays.
fn figures(said: &str) -> Vec<&str> {
    const NAMES: [&str; 9] = [
        "used:",
        "duplicates:",
        "unused:",
        "total:",
        "to repack:",
        "this removes:",
        "to delete:",
        "total prune:",
        "remaining:",
    ];
    said.lines().filter(|line| NAMES.iter().any(|name| line.starts_with(name))).collect()
}

#[test]
fn the_same_is_planned_and_what_is_left_is_whole() {
    let asked = std::env::var("HOLDFAST_PRUNE_CASES").ok();
    let cases = asked.map_or(CASES, |text| text.parse().expect("a number"));
    for seed in 0..cases {
        let mut history = History::new(seed);
        for round in 0..2 {
            history.grow(6);
            let limits = ["0", "5%", "30%", "unlimited", "1M"];
            for limit in limits {
                let line = ["prune", "--dry-run", "-v", "--max-unused", limit];
                let ours = history.worker(Peer::Holdfast).run(&line);
                let theirs = history.worker(Peer::ResticNew).run(&line);
                assert_eq!(figures(&ours), figures(&theirs), "seed {seed}, {round}, {limit}");
                assert!(figures(&ours).len() >= 8, "{ours}");
            }
            let limit = *history.random.pick(&limits);
            history.worker(Peer::Holdfast).run(&["prune", "--max-unused", limit]);
            history.assert_whole();
            let left = history.worker(Peer::ResticNew).run(&["prune", "--max-unused", limit]);
            let removed = left.lines().find(|line| line.starts_with("total prune:"));
            let removed = removed.expect("it tells").split_whitespace().nth(2);
            assert_eq!(removed, Some("0"), "seed {seed}: restic finds more to remove\n{left}");
        }
    }
}

#[test]
fn a_prune_killed_at_any_point_loses_nothing_and_the_next_one_goes_on() {
    let mut history = History::new(20_260_401);
    let mut kills = 0;
    while kills < KILLS {
        history.grow(4);
        let ours = history.worker(Peer::Holdfast);
        let line = ["prune", "--quiet", "--max-unused", "0", "--pack-size", "4"];
        for _ in 0..KILLS_IN_A_ROW {
            let mut process = ours
                .command(&line)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the program starts");
            let moment = history.random.below(6 << 20);
            if !kill_after(&mut process, moment) {
                break;
            }
            kills += 1;
            // What is left of the lock is ours and dead; what it kept is there.
            ours.run(&["check"]);
        }
        ours.run(&line);
        history.assert_restores(Peer::Holdfast);
        assert!(history.repository.locks().is_empty(), "a lock of a killed prune is left");
    }
    history.worker(Peer::Holdfast).run(&["prune", "--max-unused", "0"]);
    history.assert_whole();
}

#[test]
fn backups_of_others_go_on_while_it_prunes() {
    let mut history = History::new(7);
    for _ in 0..4 {
        history.grow(4);
        let workers = [Peer::Holdfast, Peer::ResticNew].map(|peer| history.worker(peer));
        let other = history.repository.beside("other");
        fs::create_dir_all(&other).expect("made");
        fs::write(other.join("file"), history.random.bytes(3 << 20)).expect("written");
        let stored = std::thread::scope(|scope| {
            let ours = history.worker(Peer::Holdfast);
            let retry = ["prune", "--max-unused", "0", "--retry-lock", "2m"];
            let pruning = scope.spawn(move || ours.run(&retry));
            let stored: Vec<_> = workers
                .iter()
                .map(|worker| worker.backup(&other, &["--retry-lock", "2m"]).snapshot)
                .collect();
            pruning.join().expect("it succeeds");
            stored
        });
        let held = files_below(&other);
        history.kept.extend(stored.into_iter().map(|snapshot| (snapshot, held.clone())));
    }
    history.assert_whole();
}

#[test]
fn what_is_forgotten_is_pruned_at_once_and_a_dry_run_tells_what_would_be() {
    for seed in 50..52 {
        let mut history = History::new(seed);
        history.grow(8);
        let line = ["forget", "--keep-last", "2", "--prune", "--max-unused", "0", "--group-by", ""];
        let dry = [&line[..], &["--dry-run", "-v"]].concat();
        let before = files_below(&history.repository.path());
        let ours = history.worker(Peer::Holdfast).run(&dry);
        let theirs = history.worker(Peer::ResticNew).run(&dry);
        assert_eq!(figures(&ours), figures(&theirs), "seed {seed}");
        assert!(files_below(&history.repository.path()) == before, "a dry run changed something");
        history.worker(Peer::Holdfast).run(&line);
        let at = history.kept.len() - 2;
        history.kept.drain(..at);
        history.assert_whole();
        let left = history.worker(Peer::ResticNew).run(&["prune", "--max-unused", "0", "-v"]);
        assert!(left.contains("unused:                0 blobs"), "{left}");
    }
}
