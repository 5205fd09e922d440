//! Repairs and rewrites that are killed: every snapshot is there, the old one or the new one.

use std::process::Stdio;
use std::sync::Arc;

use holdfast_engine::backend::LocalBackend;
use holdfast_engine::monitor::Unwatched;
use holdfast_engine::snapshot::load_all;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::kill_after;

use super::cases;
use super::damage::{Contents, History};

/// How many are killed.
const KILLS: u64 = 6;

/// What the snapshots hold, by the time that they are of.
fn held(history: &History) -> Vec<(String, Contents)> {
    let backend = Arc::new(LocalBackend::new(history.repository.path()));
    let opened = holdfast_testkit::TestRepository::open(backend).expect("it opens");
    let all = load_all(&opened.repository, &Unwatched).expect("it lists");
    all.iter().map(|(_, it)| (it.time.to_string(), opened.contents(it.tree))).collect()
}

#[test]
fn wherever_a_repair_or_a_rewrite_is_killed_every_snapshot_is_there() {
    let mut history = History::new(20_260_402);
    let before = held(&history);
    let worker = Worker::new(Peer::Holdfast, history.repository.path(), "UTC");
    let (mut kills, mut excluded) = (0, Vec::new());
    for round in 0.. {
        if kills >= cases(KILLS) {
            break;
        }
        let (name, host) = (format!("file {round}"), format!("host {round}"));
        let line = if round % 3 == 0 {
            vec!["repair", "index", "--read-all-packs"]
        } else {
            excluded.push(format!("/{name}"));
            vec!["rewrite", "--forget", "--exclude", &name, "--new-host", &host]
        };
        let mut process = worker
            .command(&line)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        // Much of the work writes little: a few snapshots of some hundred bytes each.
        let moment = history.random.below(if round % 3 == 0 { 20_000 } else { 5_000 });
        kills += u64::from(kill_after(&mut process, moment));

        // What is left of the lock is ours and dead.
        worker.check();
        let after = held(&history);
        for (time, expected) in &before {
            let of_it: Vec<_> = after.iter().filter(|(it, _)| it == time).collect();
            assert!(!of_it.is_empty(), "round {round}: the snapshot of {time} is gone");
            for (_, found) in of_it {
                for (path, content) in expected {
                    let may_be_gone = excluded.iter().any(|name| path.ends_with(name));
                    let is_right = found.get(path).map_or(may_be_gone, |it| it == content);
                    assert!(is_right, "round {round}: {path} of {time}");
                }
            }
        }
    }
    worker.run(&["rewrite", "--forget", "--new-host", "the last"]);
    assert!(history.repository.locks().is_empty(), "a lock of one that was killed is left");
    Worker::new(Peer::ResticNew, history.repository.path(), "UTC").check();
}
