use std::sync::Arc;

use holdfast_engine::backend::{BackendErrorKind, FileKind};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::recover::{Recover, RecoverError, RecoverOutcome};
use holdfast_engine::snapshot::Snapshot;
use holdfast_engine::storing::Storing;
use holdfast_testkit::{FaultyBackend, TestRepository};

use super::world::{Contents, World};

fn recover(test: &TestRepository) -> Result<RecoverOutcome, RecoverError> {
    let lock = &test.lock(true);
    let (repository, clock) = (&*test.repository, &*test.clock);
    let (identity, zone, storing) =
        (&test.context.identity, &test.context.zone, Storing::default());
    Recover { repository, identity, clock, zone, storing, lock }
        .run(&Unwatched, &Cancellation::default())
}

/// Removes all snapshots but the first of `left`, and returns what the others held.
fn forget(world: &mut World, left: usize) -> Vec<Contents> {
    let gone = world.snapshots().split_off(left);
    gone.into_iter()
        .map(|(id, _)| {
            world.remove(FileKind::Snapshot, id.0);
            world.kept.remove(&id).expect("it was kept")
        })
        .collect()
}

/// What the recovered snapshot holds, by folder.
fn recovered(world: &World, outcome: &RecoverOutcome) -> Vec<Contents> {
    let id = outcome.snapshot.expect("something was found");
    let snapshot = Snapshot::load(&world.test.repository, id).expect("stored");
    assert_eq!(
        (snapshot.tags, snapshot.paths),
        (vec!["recovered".into()], vec!["/recover".into()])
    );
    let held = world.opened().contents(snapshot.tree);
    let of = |root: &holdfast_engine::id::TreeId| {
        let folder = format!("/{}", &root.to_string()[..8]);
        let below = held.iter().filter_map(|(path, content)| {
            Some((path.strip_prefix(&folder)?.to_owned(), content.clone()))
        });
        below.collect()
    };
    outcome.roots.iter().map(of).collect()
}

#[test]
fn what_no_snapshot_has_any_more_is_found_however_many_there_are() {
    for left in 0..4 {
        let mut world = World::with_history(20 + left as u64);
        let gone = forget(&mut world, left);
        let outcome = recover(&world.test).expect("memory does not fail");
        assert_eq!(outcome.roots.len(), gone.len());
        let found = recovered(&world, &outcome);
        assert!(gone.iter().all(|held| found.contains(held)), "a snapshot was not found");
        assert!(world.check().is_sound());
        let again = recover(&world.test).expect("memory does not fail");
        assert_eq!((again.roots, again.snapshot), (vec![], None));
    }
}

#[test]
fn nothing_is_stored_if_every_folder_is_in_a_snapshot() {
    let world = World::with_history(2);
    let packs = world.packs();
    let outcome = recover(&world.test).expect("memory does not fail");
    assert_eq!((outcome.roots, outcome.snapshot), (vec![], None));
    assert_eq!(world.packs(), packs);
    world.assert_whole();
}

#[test]
fn a_folder_that_cannot_be_read_is_left_out_and_what_lies_in_it_is_found() {
    let mut world = World::with_history(3);
    let last = world.snapshots().pop().expect("one").1;
    let tree = world.test.repository.read_tree(&world.test.index(), last.tree).expect("whole");
    forget(&mut world, 3);
    world.lose(&[last.tree.into()]);
    let outcome = recover(&world.test).expect("memory does not fail");
    assert!(!outcome.roots.contains(&last.tree));
    let inner: Vec<_> = tree.nodes.iter().filter_map(|node| node.subtree).collect();
    assert!(!outcome.roots.is_empty() && outcome.roots.iter().all(|root| inner.contains(root)));
    assert!(world.check().is_sound());
}

#[test]
fn wherever_the_storage_fails_nothing_is_lost_and_the_next_one_finds_all() {
    let mut faults = 0;
    for changes in 1.. {
        let mut world = World::with_history(4);
        let gone = forget(&mut world, 2);
        let kind = BackendErrorKind::Offline;
        let faulty = Arc::new(FaultyBackend::new(world.storage.clone(), changes, kind));
        let test = TestRepository::open(faulty.clone()).expect("reading works");
        let done = recover(&test);
        drop(test);
        faulty.lose_unsynced();
        world.clear_locks();
        if done.is_ok() {
            break;
        }
        faults += 1;
        world.assert_whole();
        let outcome = recover(&world.test).expect("memory does not fail");
        // The folder of the one that failed may be there already, and stand above theirs.
        let found = recovered(&world, &outcome);
        let found: Vec<_> = found.iter().flat_map(Contents::values).collect();
        assert!(gone.iter().flat_map(Contents::values).all(|content| found.contains(&content)));
        assert!(world.check().is_sound());
    }
    assert!(faults > 2, "only {faults} faults");
}
