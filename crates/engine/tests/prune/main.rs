//! Prunes: what snapshots need stays, what nothing needs goes, wherever it is interrupted.

mod world;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::backend::{Backend, BackendErrorKind, FileKind, FileName};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::{BlobId, PackId};
use holdfast_engine::lock::{AutoUnlock, Journal, LockRequest, acquire};
use holdfast_engine::monitor::{Cancellation, Event, Monitor, Phase, Unwatched};
use holdfast_engine::prune::{MaxUnused, PruneError, PruneOptions};
use holdfast_engine::repair::{IndexRepairOptions, repair_index};
use holdfast_engine::snapshot::Snapshot;
use holdfast_testkit::{FaultyBackend, TestRepository, files_in};

use world::{World, prune, prune_of};

#[test]
fn what_snapshots_need_stays_and_the_rest_goes() {
    for seed in 0..12 {
        let mut world = World::new(seed);
        for round in 0..5 {
            world.change();
            world.backup();
            world.change();
            world.backup();
            if round > 1 {
                world.forget(2);
            }
            let outcome = world.prune(&world.options()).expect("memory does not fail");
            assert_eq!((outcome.failed, outcome.rescued), (0, 0));
            world.assert_whole();
            world.assert_nothing_to_remove();
        }
    }
}

#[test]
fn a_repository_without_snapshots_is_emptied() {
    let mut world = World::with_history(1);
    world.forget(world.kept.len());
    world.prune(&world.options()).expect("memory does not fail");
    for kind in [FileKind::Index, FileKind::Pack] {
        assert_eq!(world.storage.list(kind).expect("memory"), []);
    }
}

#[test]
fn what_may_stay_unused_stays_and_what_is_not_to_be_copied_too() {
    let world = World::with_history(2);
    let all = world.plan(&world.options()).expect("sound").stats().unused.bytes;
    let unlimited = PruneOptions { max_unused: MaxUnused::Unlimited, ..world.options() };
    let none = PruneOptions { max_repack_bytes: Some(0), ..world.options() };
    let half = PruneOptions { max_unused: MaxUnused::Bytes(all / 2), ..world.options() };
    assert_eq!(world.plan(&none).expect("sound").stats().packs_to_repack, 0);
    let plan = world.plan(&half).expect("sound");
    assert!(plan.stats().unused_bytes_after() <= all / 2, "{:?}", plan.stats());
    drop(plan);
    let before = world.packs();
    world.prune(&unlimited).expect("memory does not fail");
    world.assert_whole();
    assert!(world.packs().len() < before.len());
}

#[test]
fn many_small_packs_become_few() {
    let mut world = World::new(3);
    for _ in 0..12 {
        world.change();
        world.backup();
    }
    let before = world.packs().len();
    let options =
        PruneOptions { pack_bytes: 16 << 20, repack_smaller_than: None, ..world.options() };
    world.prune(&options).expect("memory does not fail");
    assert!(world.packs().len() <= 4, "{before} became {}", world.packs().len());
    world.assert_whole();
}

#[test]
fn a_snapshot_made_between_the_two_looks_keeps_what_it_needs() {
    let mut rescued = 0;
    for seed in 0..8 {
        let mut world = World::new(100 + seed);
        world.change();
        let old = world.backup();
        let content = files_in(world.source.path());
        fs::remove_dir_all(world.source.path()).expect("removed");
        fs::create_dir(world.source.path()).expect("made");
        world.change();
        world.backup();
        world.kept.remove(&old);
        world.storage.remove(FileName::new(FileKind::Snapshot, old.0)).expect("it is there");

        let options = world.options();
        let plan = world.plan(&options).expect("sound");
        assert!(plan.stats().unused.blobs > 0);
        for (path, content) in &content {
            let path = world.source.path().join(&path[1..]);
            fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            fs::write(path, content).expect("written");
        }
        let added = world.packs();
        world.backup();
        assert!(world.packs().difference(&added).count() <= 2, "the backup relies on old packs");
        let prune = prune_of(&world.test, &options);
        let done = prune.carry_out(plan, &Unwatched, &Cancellation::default());
        rescued += done.expect("memory does not fail").rescued;
        world.assert_whole();
    }
    assert!(rescued > 0, "no seed made what this is about");
}

#[test]
fn it_starts_over_if_another_program_rewrote_the_index_between_the_two_looks() {
    let world = World::with_history(4);
    let options = world.options();
    let plan = world.plan(&options).expect("sound");
    world.rewrite_index(|file| file.packs.reverse());
    let prune = prune_of(&world.test, &options);
    prune.carry_out(plan, &Unwatched, &Cancellation::default()).expect("memory does not fail");
    world.assert_whole();
    world.assert_nothing_to_remove();
}

#[test]
fn it_holds_a_shared_lock_while_it_plans_and_none_afterwards() {
    let world = World::with_history(5);
    let options = world.options();
    let plan = world.plan(&options).expect("sound");
    drop(world.test.lock(false));
    let request = LockRequest {
        exclusive: true,
        wait: Duration::ZERO,
        auto_unlock: AutoUnlock::Off,
        operation: "test".to_owned(),
    };
    let cancel = Cancellation::default();
    let repository = &world.test.repository;
    acquire(repository, &request, &world.test.context, &Unwatched, &cancel)
        .expect_err("the plan holds a lock");
    drop(plan);
    let lock = world.test.lock(false);
    let prune_beside = world.prune(&options);
    assert!(matches!(prune_beside, Err(PruneError::Lock { exclusive: true, .. })));
    drop(lock);
    world.assert_whole();
    world.prune(&options).expect("memory does not fail");
    assert_eq!(world.storage.list(FileKind::Lock).expect("memory"), []);
    world.assert_nothing_to_remove();
}

#[test]
fn copies_of_a_blob_become_one() {
    let world = World::with_history(6);
    // Interrupted after it copied: everything that is needed of some packs is there twice.
    let options = world.options();
    for changes in [30, 40, 50] {
        let faulty = FaultyBackend::new(world.storage.clone(), changes, BackendErrorKind::Full);
        if let Ok(test) = TestRepository::open(Arc::new(faulty)) {
            let _ = prune(&test, &options);
        }
    }
    clear_locks(&world);
    world.prune(&options).expect("memory does not fail");
    world.assert_whole();
    world.assert_nothing_to_remove();
}

fn clear_locks(world: &World) {
    for lock in world.storage.list(FileKind::Lock).expect("memory") {
        world.storage.remove(FileName::new(FileKind::Lock, lock.id)).expect("memory");
    }
}

#[test]
fn wherever_the_storage_fails_nothing_is_lost_and_the_next_prune_goes_on() {
    let mut faults = 0;
    for kind in [BackendErrorKind::Full, BackendErrorKind::Offline] {
        for changes in 0.. {
            let world = World::with_history(7);
            let before = world.packs();
            let faulty = Arc::new(FaultyBackend::new(world.storage.clone(), changes, kind));
            let test = TestRepository::open(faulty.clone()).expect("reading works");
            let done = prune(&test, &world.options());
            drop(test);
            if let Ok(outcome) = &done {
                let gone = before.difference(&world.packs()).count();
                assert_eq!(outcome.repacked + outcome.removed, gone, "what is said to be gone is");
            }
            if kind == BackendErrorKind::Offline {
                faulty.lose_unsynced();
            }
            clear_locks(&world);
            world.assert_whole();
            world.prune(&world.options()).expect("memory does not fail");
            world.assert_whole();
            world.assert_nothing_to_remove();
            match done {
                Ok(outcome) if outcome.failed == 0 => break,
                _ => faults += 1,
            }
        }
    }
    assert!(faults > 20, "only {faults} faults");
}

#[test]
fn nothing_is_removed_while_it_is_not_known_what_is_needed() {
    let damage = |what: &dyn Fn(&World)| {
        let world = World::with_history(8);
        what(&world);
        let before = world.packs();
        let error = world.prune(&world.options()).expect_err("it refuses");
        assert_eq!(world.packs(), before, "{error}");
        error
    };
    let replace = |world: &World, file: FileName, bytes: &[u8]| {
        world.storage.remove(file).expect("it is there");
        world.storage.write(file, &[bytes]).expect("memory");
    };
    let error = damage(&|world| {
        let id = *world.kept.keys().next().expect("one");
        replace(world, FileName::new(FileKind::Snapshot, id.0), b"garbage");
    });
    assert!(matches!(error, PruneError::Snapshot { .. }), "{error:?}");
    let needed = |world: &World, kind: BlobKind| {
        let plan = world.plan(&world.options()).expect("sound");
        let leaving: HashSet<_> = plan.packs_to_remove().into_iter().collect();
        let files = world.index_files();
        let packs = files.iter().flat_map(|file| &file.packs);
        let mut packs = packs.filter(|pack| pack.blobs.iter().all(|blob| blob.kind == kind));
        packs.find(|pack| !leaving.contains(&pack.id)).expect("one is needed").id
    };
    let error = damage(&|world| {
        let id = needed(world, BlobKind::Data);
        world.storage.remove(FileName::new(FileKind::Pack, id.0)).expect("it is there");
    });
    assert!(matches!(error, PruneError::MissingPack { .. }), "{error:?}");
    let error = damage(&|world| {
        let file = FileName::new(FileKind::Pack, needed(world, BlobKind::Data).0);
        let bytes = world.storage.read(file).expect("it is there");
        replace(world, file, &bytes[..bytes.len() - 1]);
    });
    assert!(matches!(error, PruneError::WrongSize { .. }), "{error:?}");
    let error = damage(&|world| {
        let id = needed(world, BlobKind::Tree);
        world.storage.remove(FileName::new(FileKind::Pack, id.0)).expect("it is there");
    });
    assert!(matches!(error, PruneError::Tree { .. }), "{error:?}");
    let error = damage(&|world| {
        let id = needed(world, BlobKind::Data);
        world.rewrite_index(|file| file.packs.retain(|pack| pack.id != id));
    });
    assert!(matches!(error, PruneError::MissingBlob { .. }), "{error:?}");
    let error = damage(&|world| {
        let file = world.storage.list(FileKind::Index).expect("memory")[0];
        replace(world, FileName::new(FileKind::Index, file.id), b"garbage");
    });
    assert!(matches!(error, PruneError::Read(_)), "{error:?}");
}

#[test]
fn a_damaged_blob_that_is_to_be_copied_stops_it() {
    let world = World::with_history(9);
    let options = world.options();
    let plan = world.plan(&options).expect("sound");
    let packs = plan.packs_to_repack();
    drop(plan);
    assert!(!packs.is_empty());
    for pack in &packs {
        let file = FileName::new(FileKind::Pack, pack.0);
        let mut bytes = world.storage.read(file).expect("it is there");
        let end = bytes.len() * 9 / 10;
        bytes[..end].iter_mut().for_each(|byte| *byte ^= 1);
        world.storage.remove(file).expect("it is there");
        world.storage.write(file, &[&bytes]).expect("memory");
    }
    let before = world.packs();
    world.prune(&options).expect_err("it refuses");
    assert!(world.packs().is_superset(&before));
}

#[test]
fn a_pack_that_is_gone_and_that_nothing_needs_is_forgotten() {
    let world = World::with_history(10);
    let plan = world.plan(&world.options()).expect("sound");
    let gone = *plan.packs_to_remove().first().expect("one is not needed");
    drop(plan);
    world.storage.remove(FileName::new(FileKind::Pack, gone.0)).expect("it is there");
    world.prune(&world.options()).expect("memory does not fail");
    world.assert_whole();
    world.assert_nothing_to_remove();
}

#[test]
fn packs_that_nobody_names_stay_until_they_are_old_and_marked_ones_for_ever() {
    let world = World::with_history(11);
    world.prune(&world.options()).expect("memory does not fail");
    let stray = PackId::of(b"stray");
    let marked = PackId::of(b"marked");
    for pack in [stray, marked] {
        world.storage.write(FileName::new(FileKind::Pack, pack.0), &[b"stray"]).expect("memory");
    }
    let list = format!(r#"[{{"id":"{marked}","blobs":[],"time":"2026-01-01T00:00:00Z"}}]"#);
    let raw = serde_json::value::RawValue::from_string(list).expect("JSON");
    world.rewrite_index(|file| file.packs_to_delete = Some(raw.clone()));

    let young = PruneOptions { unindexed_age_min: Duration::from_secs(3600), ..world.options() };
    assert_eq!(world.prune(&young).expect("memory does not fail").left, 1);
    assert!(world.packs().contains(&stray));
    // Something else to do, so that index files are stored anew.
    let mut world = world;
    world.change();
    world.backup();
    world.forget(1);
    world.prune(&world.options()).expect("memory does not fail");
    assert!(!world.packs().contains(&stray));
    assert!(world.packs().contains(&marked));
    assert!(
        world.index_files().iter().flat_map(|it| it.marked_packs()).any(|pack| pack.id == marked)
    );
    world.assert_whole();
}

#[test]
fn whoever_asks_to_stop_is_heard_and_nothing_is_lost() {
    let world = World::with_history(12);
    let options = world.options();
    let prune = prune_of(&world.test, &options);
    let cancel = Cancellation::default();
    let plan = prune.plan(&Unwatched, &cancel).expect("sound");
    cancel.cancel();
    let done = prune.carry_out(plan, &Unwatched, &cancel);
    assert!(matches!(done, Err(PruneError::Cancelled)), "{done:?}");
    assert!(matches!(
        prune.plan(&Unwatched, &cancel),
        Err(PruneError::Lock { .. } | PruneError::Cancelled)
    ));
    world.assert_whole();
}

/// Asks to stop when the removal begins.
struct StopsRemoval<'a>(&'a Cancellation);

impl Monitor for StopsRemoval<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Phase(Phase::Removing) = event {
            self.0.cancel();
        }
    }
}

#[test]
fn whoever_asks_to_stop_during_the_removal_is_heard_and_the_index_is_whole() {
    for is_without_room in [false, true] {
        let world = World::with_history(13);
        let before = world.packs();
        let options = if is_without_room { without_room(&world) } else { world.options() };
        let (prune, cancel) = (prune_of(&world.test, &options), Cancellation::default());
        let plan = prune.plan(&Unwatched, &cancel).expect("sound");
        let done = prune.carry_out(plan, &StopsRemoval(&cancel), &cancel);
        assert!(matches!(done, Err(PruneError::Cancelled)), "{done:?}");
        assert!(world.packs().is_superset(&before));
        world.assert_whole();
        world.prune(&world.options()).expect("memory does not fail");
        world.assert_whole();
        world.assert_nothing_to_remove();
    }
}

#[test]
fn a_dry_run_stores_nothing_and_is_not_carried_out() {
    let mut world = World::with_history(9);
    let notes = tempfile::tempdir().expect("a folder");
    let journal = Some(Arc::new(Journal::new(notes.path())));
    world.test.context.journal = journal;
    interrupt(&world);
    let stored = |world: &World| {
        FileKind::LISTED.map(|kind| {
            let listed = world.storage.list(kind).expect("memory");
            listed.into_iter().map(|file| file.id).collect::<BTreeSet<_>>()
        })
    };
    let before = stored(&world);
    let assume_forgotten = world.kept.keys().copied().collect();
    let options = PruneOptions { dry_run: true, assume_forgotten, ..world.options() };
    let plan = world.plan(&options).expect("sound");
    assert_eq!(plan.stats().used.blobs, 0);
    drop(plan);
    assert_eq!(stored(&world), before);
    assert!(matches!(world.prune(&options), Err(PruneError::DryRun)));
    world.assert_whole();

    // What the interrupted one copied is there for the next one.
    assert!(fs::read_dir(notes.path()).expect("it lists").count() > 0, "no notes were left");
    world.prune(&world.options()).expect("memory does not fail");
    assert_eq!(fs::read_dir(notes.path()).expect("it lists").count(), 0);
    world.assert_whole();
    world.assert_nothing_to_remove();
}

/// Leaves what a prune leaves that stored packs and no index file yet.
fn interrupt(world: &World) {
    let before = world.packs();
    for changes in 0.. {
        let faulty = FaultyBackend::new(world.storage.clone(), changes, BackendErrorKind::Full);
        let mut test = TestRepository::open(Arc::new(faulty)).expect("reading works");
        test.context.journal.clone_from(&world.test.context.journal);
        prune(&test, &world.options()).expect_err("the storage fails while it copies");
        drop(test);
        clear_locks(world);
        if world.packs() != before {
            return;
        }
    }
}

/// What is asked for on a storage that has no room left.
fn without_room(world: &World) -> PruneOptions {
    PruneOptions { max_repack_bytes: Some(0), remove_index_first: true, ..world.options() }
}

#[test]
fn without_room_the_index_goes_first_and_comes_back_when_packs_have_made_some() {
    let world = World::with_history(9);
    let before = size_of(&world);
    let outcome = world.prune(&without_room(&world)).expect("memory does not fail");
    assert!(outcome.removed > 0 && outcome.repacked == 0, "{outcome:?}");
    assert!(size_of(&world) < before);
    world.assert_whole();
    let plan = world.plan(&without_room(&world)).expect("sound");
    assert_eq!(plan.stats().packs_to_remove, 0);
}

fn size_of(world: &World) -> u64 {
    let listed = world.storage.list(FileKind::Pack).expect("memory");
    listed.iter().map(|pack| pack.size).sum()
}

#[test]
fn wherever_a_prune_without_room_is_stopped_the_index_can_be_repaired() {
    let (mut lost, mut unharmed) = (0, 0);
    for changes in 0.. {
        let world = World::with_history(11);
        let kind = BackendErrorKind::Full;
        let faulty = Arc::new(FaultyBackend::new(world.storage.clone(), changes, kind));
        let test = TestRepository::open(faulty).expect("reading works");
        let done = prune(&test, &without_room(&world));
        drop(test);
        clear_locks(&world);
        if matches!(done, Err(PruneError::IndexLost { .. })) {
            lost += 1;
            let lock = world.test.lock(true);
            let (options, cancel) = (IndexRepairOptions::default(), Cancellation::default());
            repair_index(&world.test.repository, options, &lock, &Unwatched, &cancel)
                .expect("memory does not fail");
        } else {
            unharmed += 1;
        }
        world.assert_whole();
        if matches!(done, Ok(outcome) if outcome.failed == 0) {
            break;
        }
    }
    assert!(lost > 3 && unharmed > 3, "{lost} {unharmed}");
}

#[test]
fn of_two_leaving_packs_with_what_turns_out_to_be_needed_the_one_that_is_there_stays() {
    for gone in 0..2 {
        let mut world = World::new(30);
        world.change();
        world.backup();
        let content = b"needed after all".as_slice();
        let packs =
            [b"1", b"2"].map(|other| world.test.store_pack(BlobKind::Data, &[content, other]).id);
        let options = world.options();
        let plan = world.plan(&options).expect("sound");
        assert!(packs.iter().all(|pack| plan.packs_to_remove().contains(pack)));
        world.storage.remove(FileName::new(FileKind::Pack, packs[gone].0)).expect("it is there");
        let tree = format!(
            r#"{{"nodes":[{{"name":"file","type":"file",{},"size":{},"content":["{}"]}}]}}"#,
            r#""mtime":"2024-01-01T00:00:00Z","atime":"2024-01-01T00:00:00Z","ctime":"2024-01-01T00:00:00Z","uid":0,"gid":0"#,
            content.len(),
            BlobId::of(content)
        );
        world.test.store_pack(BlobKind::Tree, &[tree.as_bytes()]);
        let time = "2026-01-01T00:00:00Z".parse().expect("a time");
        let tree = BlobId::of(tree.as_bytes()).into();
        let snapshot = Snapshot::new(time, tree, vec!["/".to_owned()]);
        let id = snapshot.store(&world.test.repository).expect("memory");
        world.kept.insert(id, BTreeMap::from([("/file".to_owned(), content.to_vec())]));

        let prune = prune_of(&world.test, &options);
        let done = prune.carry_out(plan, &Unwatched, &Cancellation::default());
        assert_eq!(done.expect("nothing that is needed is gone").rescued, 1);
        world.assert_whole();
    }
}
