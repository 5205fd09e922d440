//! What others do in the middle of it, at every moment: nothing that is right looks wrong, and what is
//! said afterwards is so.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::backend::{Backend, BackendErrorKind, FileKind, FileName, MemoryBackend};
use holdfast_engine::check::{CheckOptions, check};
use holdfast_engine::id::SnapshotId;
use holdfast_engine::lock::AutoUnlock;
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::prune::{Prune, PruneLocking, PruneOptions};
use holdfast_engine::rewrite::{Originals, Rewrite, RewriteMode, SnapshotChange, SnapshotFate};
use holdfast_engine::snapshot::{Snapshot, load_all};
use holdfast_engine::storing::Storing;
use holdfast_testkit::{FaultyBackend, PausingBackend, TestRepository, copied};

/// Three snapshots.
fn world() -> (Arc<MemoryBackend>, Vec<(SnapshotId, Snapshot)>) {
    let storage = Arc::new(MemoryBackend::new());
    let test = TestRepository::create(storage.clone());
    let source = tempfile::tempdir().expect("a folder");
    for text in ["first", "second", "third"] {
        std::fs::write(source.path().join(text), text).expect("written");
        test.backup(source.path()).expect("memory does not fail");
    }
    let snapshots = load_all(&test.repository, &Unwatched).expect("memory does not fail");
    (storage, snapshots)
}

fn snapshot_file(id: SnapshotId) -> FileName {
    FileName::new(FileKind::Snapshot, id.0)
}

/// Does `work` again and again, and forgets a snapshot at one moment later each time. Returns how
/// many moments there were.
fn forgetting_at_each_moment(work: &dyn Fn(&TestRepository)) -> usize {
    let forget = |storage: &Arc<MemoryBackend>, id, _: &Snapshot| {
        drop(storage.remove(snapshot_file(id)));
    };
    at_each_moment(forget, work)
}

/// Does `work` again and again, and changes a snapshot at one moment later each time. Returns how
/// many moments there were.
fn at_each_moment(
    change: impl Fn(&Arc<MemoryBackend>, SnapshotId, &Snapshot) + Copy + Send + 'static,
    work: &dyn Fn(&TestRepository),
) -> usize {
    let (storage, snapshots) = world();
    for moment in 0.. {
        let storage = Arc::new(copied(&storage));
        let (changed, (id, snapshot)) = (storage.clone(), snapshots[0].clone());
        let now = move || change(&changed, id, &snapshot);
        let pausing = Arc::new(PausingBackend::new(storage.clone(), moment, now));
        let Ok(test) = TestRepository::open(pausing.clone()) else {
            panic!("the repository does not open when a snapshot changes at moment {moment}");
        };
        work(&test);
        if !pausing.has_paused() {
            return moment;
        }
    }
    unreachable!("every work comes to its end")
}

#[test]
fn a_snapshot_that_is_forgotten_while_check_looks_is_no_damage() {
    let moments = forgetting_at_each_moment(&|test| {
        let (options, cancel) = (CheckOptions::default(), Cancellation::default());
        let outcome = check(&test.repository, &options, &Unwatched, &cancel).expect("it lists");
        assert!(outcome.is_sound(), "{:?}", outcome.findings);
    });
    assert!(moments > 20, "{moments}");
}

#[test]
fn a_snapshot_that_is_changed_while_all_are_listed_is_among_them() {
    let tag = |storage: &Arc<MemoryBackend>, id, snapshot: &Snapshot| {
        let test = TestRepository::open(storage.clone()).expect("it opens");
        let tagged = Snapshot { tags: vec!["kept".to_owned()], ..snapshot.clone() };
        tagged.store(&test.repository).expect("memory stores");
        storage.remove(snapshot_file(id)).expect("it is there");
    };
    let moments = at_each_moment(tag, &|test| {
        let all = load_all(&test.repository, &Unwatched).expect("it lists");
        assert_eq!(all.len(), 3);
    });
    assert!(moments > 5, "{moments}");
}

#[test]
fn snapshots_that_are_changed_while_all_are_listed_are_there_once() {
    let tag = |storage: &Arc<MemoryBackend>, _, _: &Snapshot| {
        let test = TestRepository::open(storage.clone()).expect("it opens");
        for (id, snapshot) in load_all(&test.repository, &Unwatched).expect("memory lists") {
            let tagged = Snapshot { tags: vec!["kept".to_owned()], ..snapshot };
            tagged.store(&test.repository).expect("memory stores");
            storage.remove(snapshot_file(id)).expect("it is there");
        }
    };
    let moments = at_each_moment(tag, &|test| {
        let all = load_all(&test.repository, &Unwatched).expect("it lists");
        let tagged = all.iter().filter(|(_, snapshot)| !snapshot.tags.is_empty()).count();
        assert!(all.len() == 3 && [0, 3].contains(&tagged), "{tagged} of {}", all.len());
    });
    assert!(moments > 5, "{moments}");
}

#[test]
fn a_snapshot_that_is_forgotten_while_prune_plans_stops_nothing() {
    let moments = forgetting_at_each_moment(&|test| {
        let (options, cancel) = (PruneOptions::default(), Cancellation::default());
        let auto_unlock = AutoUnlock::Off;
        let locking = PruneLocking { context: &test.context, wait: Duration::ZERO, auto_unlock };
        let (repository, locking) = (&test.repository, Some(locking));
        let prune = Prune { repository, options: &options, locking };
        let plan = prune.plan(&Unwatched, &cancel).expect("nothing is damaged");
        prune.carry_out(plan, &Unwatched, &cancel).expect("nothing is damaged");
    });
    assert!(moments > 20, "{moments}");
}

#[test]
fn an_original_that_cannot_be_removed_is_not_said_to_be() {
    let (storage, snapshots) = world();
    let mut doubled = 0;
    for changes in 0..20 {
        let storage = Arc::new(copied(&storage));
        let kind = BackendErrorKind::Denied;
        let faulty = Arc::new(FaultyBackend::new(storage.clone(), changes, kind));
        let test = TestRepository::open(faulty.clone()).expect("it opens");
        let change = SnapshotChange {
            hostname: Some("elsewhere".to_owned()),
            ..SnapshotChange::none("rewrite")
        };
        if changes == 0 {
            continue;
        }
        let lock = test.lock(false);
        let rewrite = Rewrite {
            repository: &test.repository,
            mode: RewriteMode::Store(&lock),
            change: &change,
            originals: Originals::Remove,
            storing: Storing::default(),
            clock: &*test.clock,
        };
        let all: Vec<_> = snapshots.iter().collect();
        let Ok(done) = rewrite.run(&all, &Unwatched, &Cancellation::default()) else { continue };
        for it in done {
            let is_there = |id| storage.read(snapshot_file(id)).is_ok();
            match it.fate {
                SnapshotFate::Replaced { new } => {
                    assert!(!is_there(it.id) && new.is_some_and(is_there), "{changes}");
                }
                SnapshotFate::Doubled { new } => {
                    assert!(is_there(it.id) && is_there(new), "{changes}");
                    doubled += 1;
                }
                _ => assert!(is_there(it.id), "{changes}"),
            }
        }
    }
    assert!(doubled > 0);
}
