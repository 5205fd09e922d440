//! Several programs at work on one repository at the same time.

use std::path::Path;
use std::process::Stdio;

use holdfast_testkit::compare::differences;
use holdfast_testkit::random_tree::{self, TreeOptions};
use holdfast_tests::peers::{Peer, Worker, assert_success, summary};
use holdfast_tests::process::{Running, until};
use holdfast_tests::repository::TestRepository;

/// Lets all peers store their sources at once, and returns the ids of their snapshots.
fn store_at_once(repository: &Path, work: &[(Peer, &Path)]) -> Vec<String> {
    let running: Vec<_> = work
        .iter()
        .map(|(peer, source)| {
            let mut command =
                Worker::new(*peer, repository, "UTC").command(&["backup", ".", "--json"]);
            command.current_dir(source).stdout(Stdio::piped()).stderr(Stdio::piped());
            (*peer, command.spawn().expect("the program starts"))
        })
        .collect();
    let finished = running.into_iter().map(|(peer, child)| {
        let output = child.wait_with_output().expect("it ends");
        assert_success(peer, &output);
        summary(&String::from_utf8_lossy(&output.stdout)).snapshot
    });
    finished.collect()
}

#[test]
fn backups_at_the_same_time_leave_a_sound_repository_with_all_of_them_in_it() {
    let work = tempfile::tempdir().expect("a temporary folder");
    let sources: Vec<_> = (0..3).map(|n| work.path().join(format!("source-{n}"))).collect();
    for (seed, source) in (100..).zip(&sources) {
        let options = TreeOptions { entries: 80, for_restic_0_14: true };
        random_tree::make(source, seed, options).expect("a folder");
    }
    let repository = TestRepository::new();
    let peers = [Peer::Holdfast, Peer::ResticNew, Peer::ResticOld];
    for round in 0..3 {
        // Each round, each program stores another of the folders.
        let work: Vec<_> = peers
            .iter()
            .zip(sources.iter().cycle().skip(round))
            .map(|(peer, source)| (*peer, source.as_path()))
            .collect();
        store_at_once(&repository.path(), &work);
    }
    for peer in peers {
        Worker::new(peer, repository.path(), "UTC").check();
    }
    assert!(repository.locks().is_empty());

    let snapshots = store_at_once(&repository.path(), &[(Peer::Holdfast, &sources[0])]);
    let restored = work.path().join("restored");
    Worker::new(Peer::ResticNew, repository.path(), "UTC").restore(&snapshots[0], &restored);
    let found = differences(&sources[0], &restored).expect("both can be read");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn while_one_program_is_still_reading_another_stores_and_restores() {
    let work = tempfile::tempdir().expect("a temporary folder");
    let source = work.path().join("source");
    random_tree::make(&source, 200, TreeOptions { entries: 40, for_restic_0_14: true })
        .expect("a folder");
    let repository = TestRepository::new();
    let worker = |peer| Worker::new(peer, repository.path(), "UTC");
    let peers = [Peer::ResticNew, Peer::ResticOld, Peer::Holdfast];
    for (slow, quick) in [(0, 2), (1, 2), (2, 0), (2, 1)] {
        let (slow, quick) = (peers[slow], peers[quick]);
        // It reads its input to the end, and the end is ours to give.
        let mut backup =
            Running::start(worker(slow).command(&["backup", "--stdin"]).stderr(Stdio::null()));
        until("it holds its lock", || !repository.locks().is_empty());
        backup.say("the beginning");
        let stored = worker(quick).backup(&source, &[]);
        let restored = work.path().join(format!("{slow:?}-{quick:?}"));
        worker(quick).restore(&stored.snapshot, &restored);
        assert!(backup.finish().success(), "{slow:?} beside {quick:?}");
        let found = differences(&source, &restored).expect("both can be read");
        assert!(found.is_empty(), "{slow:?} {quick:?}\n{}", found.join("\n"));
    }
    peers.into_iter().for_each(|peer| worker(peer).check());
}
