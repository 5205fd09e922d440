use std::fs;
use std::sync::Arc;

use holdfast_engine::backend::{BackendErrorKind, FileKind};
use holdfast_engine::backup::exclude::PatternList;
use holdfast_engine::blob::BlobKind;
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::rewrite::{
    Originals, RewriteError, RewriteMode, SnapshotChange, SnapshotFate, TreeChange,
};
use holdfast_engine::snapshot::Snapshot;
use holdfast_testkit::{FaultyBackend, TestRepository};

use super::world::{Contents, LockThief, World, rewrite, rewriting};

fn patterns(patterns: &[&str]) -> Vec<PatternList> {
    vec![PatternList::compile(patterns, false).expect("patterns")]
}

fn excluding(list: &[&str]) -> SnapshotChange {
    let trees = TreeChange::Exclude(patterns(list));
    SnapshotChange { trees, ..SnapshotChange::none("rewrite") }
}

fn including(list: &[&str]) -> SnapshotChange {
    let trees = TreeChange::Include(patterns(list));
    SnapshotChange { trees, ..SnapshotChange::none("rewrite") }
}

/// What every new snapshot holds is what its original held, but for what `is_kept` says.
#[track_caller]
fn assert_holds(world: &World, is_kept: &dyn Fn(&str) -> bool) {
    for (_, snapshot) in world.snapshots().iter().filter(|(_, it)| it.original.is_some()) {
        let original = &world.kept[&snapshot.original.expect("it has one")];
        let expected: Contents = original
            .iter()
            .filter(|(path, _)| is_kept(path))
            .map(|(path, content)| (path.clone(), content.clone()))
            .collect();
        assert!(world.opened().contents(snapshot.tree) == expected);
        let summary = snapshot.summary.as_ref().expect("it has one");
        let bytes: usize = expected.values().map(Vec::len).sum();
        let counted = (summary.total_files_processed, summary.total_bytes_processed);
        assert_eq!(counted, (expected.len() as u64, bytes as u64));
    }
    let checked = world.check();
    assert!(checked.is_sound(), "{:?}", checked.findings);
}

#[test]
fn what_is_excluded_is_gone_and_the_rest_is_as_it_was() {
    let world = World::with_history(1);
    let done = world.rewrite(&excluding(&["file 1", "/folder 2/file 3"]), Originals::Keep);
    assert!(done.iter().any(|it| it.fate.is_changed()));
    assert_holds(&world, &|path| !path.ends_with("/file 1") && path != "/folder 2/file 3");
    let again = world.rewrite(&excluding(&["file 1", "/folder 2/file 3"]), Originals::Keep);
    let unchanged = again.iter().filter(|it| !it.fate.is_changed()).count();
    assert!(unchanged >= done.len(), "what was rewritten is rewritten again");
}

#[test]
fn only_what_is_included_stays_and_a_snapshot_without_any_of_it_is_left_alone() {
    let world = World::with_history(2);
    world.rewrite(&including(&["/folder 1", "file 2"]), Originals::Keep);
    assert_holds(&world, &|path| path.starts_with("/folder 1/") || path.ends_with("/file 2"));
    let before = world.ids(FileKind::Snapshot);
    let done = world.rewrite(&including(&["no such file"]), Originals::Remove);
    assert!(done.iter().all(|it| it.fate == SnapshotFate::Unchanged));
    assert_eq!(world.ids(FileKind::Snapshot), before);
}

#[test]
fn the_same_folder_at_two_places_is_judged_at_each() {
    let mut world = World::new(3);
    for folder in ["a", "b"] {
        fs::create_dir_all(world.source.path().join(folder).join("same")).expect("made");
        fs::write(world.source.path().join(folder).join("same/x"), "x").expect("written");
        fs::write(world.source.path().join(folder).join("same/y"), "y").expect("written");
    }
    world.backup();
    world.rewrite(&excluding(&["/a/same/x"]), Originals::Keep);
    assert_holds(&world, &|path| path != "/a/same/x");
}

#[test]
fn another_host_and_time_change_nothing_else() {
    let world = World::with_history(4);
    let (id, old) = world.snapshots().remove(0);
    let with_unknown = String::from_utf8(old.to_json()).expect("text");
    let with_unknown = with_unknown.replacen('{', r#"{"label":"rustic's","#, 1);
    let json = with_unknown.as_bytes();
    let stored = world.test.repository.write_file(FileKind::Snapshot, json).expect("memory");
    world.remove(FileKind::Snapshot, id.0);
    let time = "2020-02-02T02:02:02Z".parse().expect("a time");
    let change = SnapshotChange {
        hostname: Some("other".to_owned()),
        time: Some(time),
        ..SnapshotChange::none("rewrite")
    };
    let packs = world.packs();
    world.rewrite(&change, Originals::Remove);
    assert_eq!(world.packs(), packs);
    let new = world.snapshots();
    let (_, new) =
        new.iter().find(|(_, it)| it.original.map(|id| id.0) == Some(stored)).expect("it");
    assert_eq!((new.time, new.hostname.as_str(), new.tree), (time, "other", old.tree));
    assert_eq!(new.unknown[0].1.get(), "\"rustic's\"");
    assert_eq!(new.tags, old.tags);
}

#[test]
fn counts_are_added_where_there_are_none() {
    let world = World::with_history(5);
    for (id, old) in world.snapshots() {
        let bare = Snapshot { summary: None, ..old };
        bare.store(&world.test.repository).expect("memory");
        world.remove(FileKind::Snapshot, id.0);
    }
    let change = SnapshotChange { counts: true, ..SnapshotChange::none("rewrite") };
    world.rewrite(&change, Originals::Remove);
    for (_, snapshot) in world.snapshots() {
        let summary = snapshot.summary.as_ref().expect("it was made");
        let held = world.opened().contents(snapshot.tree);
        assert_eq!(summary.total_files_processed, held.len() as u64);
    }
    let again = world.rewrite(&change, Originals::Remove);
    assert!(again.iter().all(|it| it.fate == SnapshotFate::Unchanged));
}

#[test]
fn what_was_forgotten_meanwhile_does_not_come_back() {
    let world = World::with_history(6);
    let snapshots = world.snapshots();
    world.remove(FileKind::Snapshot, snapshots[1].0.0);
    let done = rewrite(&world.test, &excluding(&["folder *"]), Originals::Keep, &snapshots);
    let done = done.expect("memory does not fail");
    assert_eq!(done[1].fate, SnapshotFate::Vanished);
    assert_eq!(world.ids(FileKind::Snapshot).len(), 6);
}

#[test]
fn a_snapshot_with_a_folder_that_cannot_be_read_stays_and_the_others_are_rewritten() {
    let world = World::with_history(7);
    let (id, old) = world.snapshots().pop().expect("one");
    world.lose(&[old.tree.into()]);
    let done = world.rewrite(&excluding(&["file *"]), Originals::Remove);
    for rewritten in done {
        let is_failed = matches!(rewritten.fate, SnapshotFate::Failed(_));
        assert_eq!(is_failed, rewritten.id == id);
        assert_eq!(rewritten.fate.is_changed(), rewritten.id != id);
    }
    assert!(world.ids(FileKind::Snapshot).contains(&id.0));
}

#[test]
fn wherever_the_storage_fails_each_snapshot_is_there_old_or_new() {
    let mut faults = 0;
    for kind in [BackendErrorKind::Full, BackendErrorKind::Offline] {
        for changes in 1.. {
            let world = World::with_history(8);
            let faulty = Arc::new(FaultyBackend::new(world.storage.clone(), changes, kind));
            let test = TestRepository::open(faulty.clone()).expect("reading works");
            let change = excluding(&["file 1", "folder 3"]);
            let done = rewrite(&test, &change, Originals::Remove, &world.snapshots());
            drop(test);
            if kind == BackendErrorKind::Offline {
                faulty.lose_unsynced();
            }
            world.clear_locks();
            let left = world.snapshots();
            for id in world.kept.keys() {
                let has = |(it, snapshot): &(_, Snapshot)| {
                    it == id || snapshot.original.as_ref() == Some(id)
                };
                assert!(left.iter().any(has), "{id:?} is gone");
            }
            let originals: Vec<_> =
                left.iter().filter(|(id, _)| world.kept.contains_key(id)).collect();
            for (id, snapshot) in &originals {
                assert!(world.opened().contents(snapshot.tree) == world.kept[id]);
            }
            assert_holds(&world, &|path| {
                !path.ends_with("/file 1") && !path.starts_with("/folder 3/")
            });
            if done.is_ok() && originals.is_empty() {
                break;
            }
            faults += 1;
        }
    }
    assert!(faults > 15, "only {faults} faults");
}

#[test]
fn a_snapshot_that_was_stored_after_the_lock_was_lost_is_taken_back() {
    let world = World::with_history(10);
    let before = world.ids(FileKind::Snapshot);
    let thief = Arc::new(LockThief(world.storage.clone()));
    let test = TestRepository::open(thief).expect("it opens");
    let change = excluding(&["file *"]);
    let done = rewrite(&test, &change, Originals::Remove, &world.snapshots());
    assert!(matches!(done, Err(RewriteError::LockLost(_))), "{done:?}");
    assert_eq!(world.ids(FileKind::Snapshot), before);
    world.assert_whole();
}

#[test]
fn a_folder_by_another_program_is_rewritten_if_nothing_is_lost_by_it() {
    let world = World::new(11);
    let there = world.store(BlobKind::Data, &[b"there"])[0];
    let node = |name: &str| {
        let time = "2024-01-01T00:00:00Z";
        format!(
            r#"{{"content":["{there}"],"size":5,"mtime":"{time}","type":"file","name":"{name}"}}"#
        )
    };
    let nodes = [node("<a>"), node("b")].join(",");
    world.snapshot_of(&format!("{{\"nodes\": [{nodes}]}}"));
    let done = world.rewrite(&excluding(&["b"]), Originals::Remove);
    assert!(done[0].fate.is_changed(), "{:?}", done[0].fate);
    let held = world.opened().contents(world.snapshots()[0].1.tree);
    assert_eq!(held, [("/<a>".to_owned(), b"there".to_vec())].into());
}

#[test]
fn nothing_is_stored_once_the_lock_is_lost_or_somebody_asks_to_stop() {
    let world = World::with_history(9);
    let before = world.ids(FileKind::Snapshot);
    let (snapshots, change) = (world.snapshots(), excluding(&["file *"]));
    let snapshots: Vec<_> = snapshots.iter().collect();
    let lock = world.test.lock(false);
    world.clear_locks();
    let cancel = Cancellation::default();
    let rewrite = rewriting(&world.test, RewriteMode::Store(&lock), &change, Originals::Remove);
    let done = rewrite.run(&snapshots, &Unwatched, &cancel);
    assert!(matches!(done, Err(RewriteError::LockLost(_))), "{done:?}");
    drop(lock);
    cancel.cancel();
    let rewrite = rewriting(&world.test, RewriteMode::DryRun, &change, Originals::Remove);
    let done = rewrite.run(&snapshots, &Unwatched, &cancel);
    assert!(matches!(done, Err(RewriteError::Cancelled)), "{done:?}");
    assert_eq!(world.ids(FileKind::Snapshot), before);
    world.assert_whole();
}
