//! Repairs and rewrites that are killed: every snapshot is there, the old one or the new one.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;

use holdfast_engine::backend::LocalBackend;
use holdfast_engine::monitor::Unwatched;
use holdfast_engine::snapshot::load_all;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::{kill_after, written_by};

use super::cases;
use super::damage::{Contents, History};

/// How many are killed.
const KILLS: u64 = 6;

/// How many are started to kill one of them.
const STARTS_PER_KILL: u64 = 5;

/// What the snapshots hold, by the time that they are of.
fn held(history: &History) -> Vec<(String, Contents)> {
    let backend = Arc::new(LocalBackend::new(history.repository.path()));
    let opened = holdfast_testkit::TestRepository::open(backend).expect("it opens");
    let all = load_all(&opened.repository, &Unwatched).expect("it lists");
    all.iter().map(|(_, it)| (it.time.to_string(), opened.contents(it.tree))).collect()
}

/// The times that there are snapshots of.
fn times(history: &History) -> BTreeSet<String> {
    let backend = Arc::new(LocalBackend::new(history.repository.path()));
    let opened = holdfast_testkit::TestRepository::open(backend).expect("it opens");
    let all = load_all(&opened.repository, &Unwatched).expect("it lists");
    all.iter().map(|(_, it)| it.time.to_string()).collect()
}

/// The `round`th line, and whether it is a repair; a rewrite leaves out a file of its own.
fn line(round: u64) -> (Vec<String>, bool) {
    let is_repair = round.is_multiple_of(3);
    let (name, host) = (left_out(round), format!("host {round}"));
    let words: &[&str] = if is_repair {
        &["repair", "index", "--read-all-packs"]
    } else {
        &["rewrite", "--forget", "--exclude", &name, "--new-host", &host]
    };
    (words.iter().map(|word| (*word).to_owned()).collect(), is_repair)
}

fn left_out(round: u64) -> String {
    format!("file {round}")
}

#[test]
fn wherever_a_repair_or_a_rewrite_is_killed_every_snapshot_is_there() {
    let mut history = History::new(20_260_402);
    let before = held(&history);
    let worker = Worker::new(Peer::Holdfast, history.repository.path(), "UTC");
    let begun = |round| {
        let (words, is_repair) = line(round);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = worker.command(&words);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        (command.spawn().expect("the program starts"), is_repair)
    };
    // The first of each kind tells how much there is to be killed in.
    let [of_repair, of_rewrite] = [0, 1].map(|round| written_by(begun(round).0));
    let kills_wanted = cases(KILLS);
    let (mut kills, rounds_max) = (0, 2 + STARTS_PER_KILL * kills_wanted);
    let mut rounds = 2..;
    while kills < kills_wanted {
        let round = rounds.next().expect("there is no end");
        assert!(round < rounds_max, "of {round} only {kills} could be killed in time");
        let (mut process, is_repair) = begun(round);
        let moment = history.random.below(if is_repair { of_repair } else { of_rewrite });
        kills += u64::from(kill_after(&mut process, moment));

        // What is left of the lock is ours and dead.
        worker.run(&["check"]);
        let times = times(&history);
        for (time, _) in &before {
            assert!(times.contains(time), "round {round}: the snapshot of {time} is gone");
        }
    }
    let excluded: Vec<_> = (0..rounds.start).map(|round| format!("/{}", left_out(round))).collect();
    for (time, found) in &held(&history) {
        let (_, expected) = before.iter().find(|(it, _)| it == time).expect("it was there before");
        for (path, content) in expected {
            let may_be_gone = excluded.iter().any(|name| path.ends_with(name));
            let is_right = found.get(path).map_or(may_be_gone, |it| it == content);
            assert!(is_right, "{path} of {time}");
        }
    }
    worker.run(&["rewrite", "--forget", "--new-host", "the last"]);
    assert!(history.repository.locks().is_empty(), "a lock of one that was killed is left");
    Worker::new(Peer::ResticNew, history.repository.path(), "UTC").check();
}
