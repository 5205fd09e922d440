//! Packs that rustic marked for removal: what snapshots need of them is read, never counted on, and
//! brought back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::backend::{FileKind, MemoryBackend};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::check::{CheckOptions, DataSubset, check};
use holdfast_engine::copy::{Copy, CopyOptions};
use holdfast_engine::id::{IndexId, PackId, SnapshotId};
use holdfast_engine::index::IndexPack;
use holdfast_engine::lock::AutoUnlock;
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::prune::{Prune, PruneError, PruneLocking, PruneOptions};
use holdfast_engine::repair::{IndexRepairOptions, repair_index};
use holdfast_engine::rewrite::{Originals, SnapshotChange, SnapshotFate, TreeChange};
use holdfast_testkit::TestRepository;
use serde_json::value::RawValue;

use super::world::World;

const KINDS: [BlobKind; 2] = [BlobKind::Data, BlobKind::Tree];

/// A repository in which rustic marked a pack that snapshots need.
fn with_mark(seed: u64, kind: BlobKind) -> (World, IndexPack) {
    let world = World::with_history(seed);
    let marked = world.pack_of(kind);
    let mut files = world.index_files();
    for file in &mut files {
        if file.packs.iter().any(|pack| pack.id == marked.id) {
            file.packs.retain(|pack| pack.id != marked.id);
            file.packs_to_delete = Some(mark(&marked));
        }
    }
    world.replace_index(files);
    (world, marked)
}

fn mark(pack: &IndexPack) -> Box<RawValue> {
    let blobs = serde_json::to_string(&pack.blobs).expect("it becomes JSON");
    let time = "2026-01-01T00:00:00Z";
    let list = format!(r#"[{{"id":"{}","time":"{time}","blobs":{blobs}}}]"#, pack.id);
    RawValue::from_string(list).expect("JSON")
}

fn marks(world: &World) -> BTreeSet<PackId> {
    world.index_files().iter().flat_map(|it| it.marked_packs()).map(|pack| pack.id).collect()
}

fn repair(world: &World) -> Vec<PackId> {
    let options = IndexRepairOptions::default();
    let (test, cancel) = (world.opened(), Cancellation::default());
    let lock = test.lock(true);
    let done = repair_index(&test.repository, options, &lock, &Unwatched, &cancel);
    done.expect("memory does not fail").added
}

#[test]
fn a_snapshot_that_needs_a_marked_pack_is_whole_and_is_left_as_it_is() {
    for kind in KINDS {
        let (world, marked) = with_mark(21, kind);
        // Everything is read, and the check says that something had better be done.
        world.assert_whole();
        let outcome = world.check();
        assert!(outcome.suggests_index_repair && outcome.notes == 1, "{:?}", outcome.findings);
        assert_eq!(outcome.packs_read, world.packs().len());
        let repairing =
            SnapshotChange { trees: TreeChange::Repair, ..SnapshotChange::none("repaired") };
        let done = world.rewrite(&repairing, Originals::Remove);
        assert!(done.iter().all(|it| it.fate == SnapshotFate::Unchanged), "{done:?}");
        world.assert_whole();
        assert_eq!(marks(&world), [marked.id].into());
    }
}

#[test]
fn repairing_the_index_takes_the_mark_from_a_pack_and_names_it_again() {
    for kind in KINDS {
        let (world, marked) = with_mark(22, kind);
        assert_eq!(repair(&world), [marked.id]);
        assert_eq!(marks(&world), BTreeSet::new());
        let outcome = world.check();
        assert!(outcome.is_sound() && outcome.notes == 0, "{:?}", outcome.findings);
        world.assert_restores();
    }
}

#[test]
fn a_mark_on_a_pack_that_is_gone_is_believed_by_nobody() {
    let (world, marked) = with_mark(23, BlobKind::Data);
    world.remove(FileKind::Pack, marked.id.0);
    assert!(!world.check().is_sound());
    assert_eq!(repair(&world), []);
    assert_eq!(marks(&world), BTreeSet::new());
    assert!(!world.check().is_sound(), "what is lost is lost");
}

#[test]
fn whoever_stores_counts_nothing_as_there_that_is_marked() {
    for kind in KINDS {
        let (mut world, marked) = with_mark(24, kind);
        let last = world.backup();
        world.remove(FileKind::Pack, marked.id.0);
        let options = CheckOptions { snapshots: Some(vec![last]), data: DataSubset::All };
        let test = world.opened();
        let outcome = check(&test.repository, &options, &Unwatched, &Cancellation::default());
        let outcome = outcome.expect("it lists");
        assert!(outcome.is_sound(), "{:?}", outcome.findings);
    }
}

#[test]
fn a_copy_takes_along_what_is_marked_at_the_source_and_not_what_is_marked_at_its_goal() {
    for kind in KINDS {
        let (world, _) = with_mark(25, kind);
        let storage = Arc::new(MemoryBackend::new());
        let there = TestRepository::create(storage);
        let copy = |lock: &_| {
            let copy = Copy {
                source: &world.test.repository,
                destination: &there.repository,
                lock,
                clock: &*there.clock,
                options: &CopyOptions::default(),
            };
            let snapshots = world.snapshots();
            let all: Vec<_> = snapshots.iter().collect();
            copy.run(&all, &Unwatched, &Cancellation::default()).expect("memory does not fail")
        };
        assert_eq!(copy(&there.lock(false)).copied.len(), world.kept.len());
        for (id, snapshot) in world.snapshots() {
            assert!(there.contents(snapshot.tree) == world.kept[&id], "{id:?} is something else");
        }
        // There, rustic marks all of it now, and the snapshots go.
        for id in ids(&there, FileKind::Index) {
            let mut file = there.repository.read_index_file(IndexId(id)).expect("it is there");
            let list = serde_json::to_string(&file.packs).expect("it becomes JSON");
            file.packs_to_delete = Some(RawValue::from_string(list).expect("JSON"));
            file.packs.clear();
            there.repository.write_file(FileKind::Index, &file.to_json()).expect("memory");
            remove(&there, FileKind::Index, id);
        }
        ids(&there, FileKind::Snapshot).into_iter().for_each(|id| {
            remove(&there, FileKind::Snapshot, id);
        });
        let before = ids(&there, FileKind::Pack);
        copy(&there.lock(false));
        before.into_iter().for_each(|id| remove(&there, FileKind::Pack, id));
        for (id, snapshot) in world.snapshots() {
            assert!(there.contents(snapshot.tree) == world.kept[&id], "{id:?} is something else");
        }
    }
}

#[test]
fn a_prune_loses_nothing_of_a_marked_pack_and_goes_on_once_it_is_named_again() {
    for kind in KINDS {
        let (mut world, _) = with_mark(26, kind);
        let first = *world.kept.keys().next().expect("some");
        forget(&mut world, first);
        match prune(&world) {
            Ok(()) => {}
            Err(error) => assert!(matches!(error, PruneError::MissingBlob { .. }), "{error:?}"),
        }
        world.assert_restores();
        repair(&world);
        prune(&world).expect("nothing is in the way");
        world.assert_whole();
    }
}

fn forget(world: &mut World, id: SnapshotId) {
    world.remove(FileKind::Snapshot, id.0);
    world.kept.remove(&id);
}

fn prune(world: &World) -> Result<(), PruneError> {
    let test = world.opened();
    let options = PruneOptions { unindexed_age_min: Duration::ZERO, ..PruneOptions::default() };
    let locking =
        PruneLocking { context: &test.context, wait: Duration::ZERO, auto_unlock: AutoUnlock::Off };
    let prune = Prune { repository: &test.repository, options: &options, locking: Some(locking) };
    let cancel = Cancellation::default();
    prune.carry_out(prune.plan(&Unwatched, &cancel)?, &Unwatched, &cancel).map(drop)
}

fn ids(test: &TestRepository, kind: FileKind) -> Vec<holdfast_engine::id::RawId> {
    let listed = test.repository.list(kind).expect("memory");
    listed.into_iter().map(|file| file.id).collect()
}

fn remove(test: &TestRepository, kind: FileKind, id: holdfast_engine::id::RawId) {
    let file = holdfast_engine::backend::FileName::new(kind, id);
    test.repository.backend().remove(file).expect("it is there");
}
