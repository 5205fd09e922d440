//! Copies between repositories beside restic's: the same trees arrive whole, whoever copies, and a
//! copy that is killed goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use holdfast_engine::id::RawId;
use holdfast_testkit::random::Random;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::{files_below, kill_after, written_by};
use holdfast_tests::repository::TestRepository;
use holdfast_tests::tools::PASSWORD;

/// How often a copy is killed.
const KILLS: usize = 8;

/// How many copies are started to kill so many of them.
const STARTS_MAX: usize = 5 * KILLS;

/// How many histories are copied by both; `HOLDFAST_COPY_CASES` asks for more.
const CASES: u64 = 2;

/// A repository with a history by two programs, and what each snapshot held, by its tree.
struct History {
    source: TestRepository,
    held: BTreeMap<String, BTreeMap<String, RawId>>,
}

impl History {
    fn new(seed: u64, snapshots: usize) -> Self {
        let source = TestRepository::new();
        let folder = source.beside("files");
        fs::create_dir(&folder).expect("made");
        let mut random = Random::new(seed);
        let mut history = Self { source, held: BTreeMap::new() };
        for _ in 0..snapshots {
            for _ in 0..15 {
                let below = folder.join(format!("folder {}", random.below(4)));
                fs::create_dir_all(&below).expect("made");
                let magnitude = random.below(22);
                let length = random.below(1 << magnitude) as usize;
                let bytes = random.bytes(length / 2).repeat(2);
                fs::write(below.join(format!("file {}", random.below(30))), bytes)
                    .expect("written");
            }
            let peer = *random.pick(&[Peer::Holdfast, Peer::ResticNew, Peer::ResticOld]);
            let pack_size: &[&str] =
                if peer == Peer::ResticOld { &[] } else { &["--pack-size", "4"] };
            let worker = Worker::new(peer, history.source.path(), "UTC");
            worker.backup(&folder, pack_size);
            let trees = trees(&history.source.path());
            let tree = trees.iter().find(|tree| !history.held.contains_key(*tree));
            history.held.insert(tree.expect("a new one").clone(), files_below(&folder));
        }
        history
    }

    /// A copy into a repository, ready to be started.
    fn copy(&self, peer: Peer, into: &Path, flags: &[&str]) -> Command {
        let from = self.source.path();
        let from = from.to_str().expect("a plain path");
        let line = [&["copy", "--from-repo", from], flags].concat();
        let mut command = Worker::new(peer, into, "UTC").command(&line);
        command.env("RESTIC_FROM_PASSWORD", PASSWORD);
        command
    }

    /// A copy by us that has begun, and says nothing.
    fn begun_copy(&self, into: &Path) -> Child {
        let mut copy = self.copy(Peer::Holdfast, into, &["--pack-size", "4", "-q"]);
        let copy = copy.stdout(Stdio::null()).stderr(Stdio::null());
        copy.spawn().expect("the program starts")
    }

    #[track_caller]
    fn copied_by(&self, peer: Peer, into: &Path) {
        let output = self.copy(peer, into, &[]).output().expect("it starts");
        holdfast_tests::peers::assert_success(peer, &output);
    }

    /// Both programs find nothing wrong, and every snapshot is there with what it held.
    #[track_caller]
    fn assert_copied(&self, into: &TestRepository) {
        let path = into.path();
        assert_eq!(trees(&path), self.held.keys().cloned().collect());
        Worker::new(Peer::ResticNew, &path, "UTC").check();
        Worker::new(Peer::Holdfast, &path, "UTC").check();
        for (snapshot, tree) in snapshots(Peer::ResticNew, &path) {
            let target = into.beside("restored");
            Worker::new(Peer::ResticNew, &path, "UTC").restore(&snapshot, &target);
            assert!(files_below(&target) == self.held[&tree], "snapshot {snapshot} has changed");
            fs::remove_dir_all(&target).expect("removed");
        }
    }
}

/// The ids and trees of the snapshots.
fn snapshots(peer: Peer, repository: &Path) -> Vec<(String, String)> {
    let listed = Worker::new(peer, repository, "UTC").run(&["snapshots", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let listed = listed.as_array().expect("a list").iter();
    listed.map(|snapshot| (text(&snapshot["id"]), text(&snapshot["tree"]))).collect()
}

fn trees(repository: &Path) -> BTreeSet<String> {
    snapshots(Peer::Holdfast, repository).into_iter().map(|(_, tree)| tree).collect()
}

#[test]
fn whoever_copies_the_same_trees_arrive_whole_and_only_once() {
    let asked = std::env::var("HOLDFAST_COPY_CASES").ok();
    let cases = asked.map_or(CASES, |text| text.parse().expect("a number"));
    for seed in 0..cases {
        let history = History::new(seed, 4);
        for order in [[Peer::Holdfast, Peer::ResticNew], [Peer::ResticNew, Peer::Holdfast]] {
            let into = TestRepository::new();
            // The second finds that the first has copied everything.
            for peer in order {
                history.copied_by(peer, &into.path());
                assert_eq!(snapshots(peer, &into.path()).len(), 4, "{order:?}");
            }
            history.assert_copied(&into);
        }
    }
}

#[test]
fn a_copy_killed_at_any_point_leaves_both_whole_and_the_next_one_goes_on() {
    let history = History::new(20_260_403, 5);
    let mut random = Random::new(5);
    let mut into = TestRepository::new();
    let whole = written_by(history.begun_copy(&into.path()));
    let (mut kills, mut starts) = (0, 0);
    let mut is_complete = true;
    while kills < KILLS || !is_complete {
        starts += 1;
        assert!(
            starts <= STARTS_MAX,
            "of {STARTS_MAX} copies only {kills} could be killed in time"
        );
        if is_complete {
            into = TestRepository::new();
        }
        let mut process = history.begun_copy(&into.path());
        is_complete = !kill_after(&mut process, random.below(whole));
        kills += usize::from(!is_complete);
        let ours = Worker::new(Peer::Holdfast, into.path(), "UTC");
        ours.run(&["check"]);
        if is_complete {
            ours.check();
            assert_eq!(trees(&into.path()), history.held.keys().cloned().collect());
            assert!(into.locks().is_empty() && history.source.locks().is_empty(), "a lock is left");
        }
    }
    history.assert_copied(&into);
    Worker::new(Peer::ResticNew, history.source.path(), "UTC").check();
}
