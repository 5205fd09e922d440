use std::sync::Arc;

use holdfast_engine::backend::{Backend, BackendErrorKind, FileKind, FileName};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::PackId;
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::repair::{PackRepair, PackRepairOutcome, RepairError};
use holdfast_engine::storing::Storing;
use holdfast_testkit::{FaultyBackend, TestRepository};

use super::world::{PACK_BYTES, World};

fn repair(test: &TestRepository, packs: &[PackId]) -> Result<PackRepairOutcome, RepairError> {
    let (repository, clock) = (&*test.repository, &*test.clock);
    let storing = Storing { pack_bytes: PACK_BYTES, ..Storing::default() };
    let lock = &test.lock(true);
    let repair = PackRepair { repository, packs, storing, clock, lock };
    repair.run(&Unwatched, &Cancellation::default())
}

fn repaired(world: &World, packs: &[PackId]) -> PackRepairOutcome {
    repair(&world.test, packs).expect("memory does not fail")
}

#[test]
fn packs_that_are_whole_are_replaced_by_others_with_the_same_in_them() {
    let world = World::with_history(1);
    let packs: Vec<PackId> = world.packs().into_iter().collect();
    let outcome = repaired(&world, &packs);
    assert_eq!((outcome.removed.len(), outcome.left.len()), (packs.len(), 0));
    assert!(outcome.lost.is_empty() && outcome.saved > 0);
    assert!(packs.iter().all(|pack| !world.packs().contains(pack)));
    world.assert_whole();
}

#[test]
fn what_is_whole_in_a_damaged_pack_is_saved_and_the_rest_is_named() {
    let world = World::with_history(2);
    let pack = world.pack_of(BlobKind::Data);
    let bad = pack.blobs[1];
    world.damage(FileKind::Pack, pack.id.0, |bytes| bytes[bad.offset as usize + 3] ^= 1);
    let outcome = repaired(&world, &[pack.id]);
    assert_eq!(outcome.lost, [(BlobKind::Data, bad.id)]);
    assert_eq!((outcome.saved, outcome.removed), (pack.blobs.len() - 1, vec![pack.id]));
    for blob in &pack.blobs {
        let places = world.places(blob.kind, &blob.id);
        assert_eq!(places.is_empty(), blob.id == bad.id);
        assert!(places.iter().all(|place| place.pack != pack.id));
    }
    assert!(world.check().broken_packs.is_empty());
}

#[test]
fn a_pack_is_saved_by_its_header_if_no_index_names_it_and_by_the_index_if_the_header_is_gone() {
    let world = World::with_history(3);
    let pack = world.pack_of(BlobKind::Tree);
    let mut files = world.index_files();
    files.iter_mut().for_each(|file| file.packs.retain(|it| it.id != pack.id));
    world.replace_index(files);
    assert_eq!(repaired(&world, &[pack.id]).removed, [pack.id]);
    world.assert_whole();

    let world = World::with_history(3);
    let pack = world.pack_of(BlobKind::Tree);
    world.damage(FileKind::Pack, pack.id.0, |bytes| {
        let middle_of_header = bytes.len() - 30;
        bytes[middle_of_header] ^= 1;
    });
    assert_eq!(repaired(&world, &[pack.id]).removed, [pack.id]);
    world.assert_whole();
}

#[test]
fn a_pack_of_which_nothing_tells_what_it_holds_stays() {
    let world = World::with_history(4);
    let stray = PackId::of(b"stray");
    world.storage.write(FileName::new(FileKind::Pack, stray.0), &[&[7; 5000]]).expect("memory");
    let outcome = repaired(&world, &[stray]);
    assert_eq!((outcome.removed, outcome.left), (vec![], vec![stray]));
    assert!(world.packs().contains(&stray));
    world.assert_restores();
}

#[test]
fn what_lies_in_another_pack_as_well_is_not_lost() {
    let world = World::with_history(5);
    let pack = world.pack_of(BlobKind::Data);
    let bytes = world.storage.read(FileName::new(FileKind::Pack, pack.id.0)).expect("it is there");
    repaired(&world, &[pack.id]);
    // The same once more, as an interrupted repair leaves it, and damaged since.
    world.storage.write(FileName::new(FileKind::Pack, pack.id.0), &[&bytes]).expect("memory");
    let file =
        holdfast_engine::index::IndexFile { packs: vec![pack.clone()], packs_to_delete: None };
    world.test.repository.write_file(FileKind::Index, &file.to_json()).expect("memory");
    world.damage(FileKind::Pack, pack.id.0, |bytes| bytes[5] ^= 1);
    let outcome = repaired(&world, &[pack.id]);
    assert!(outcome.lost.is_empty(), "{:?}", outcome.lost);
    world.assert_whole();
}

#[test]
fn a_pack_that_is_not_there_is_an_error_before_anything_is_changed() {
    let world = World::with_history(6);
    let (gone, there) = (PackId::of(b"gone"), world.pack_of(BlobKind::Data).id);
    let error = repair(&world.test, &[there, gone]).expect_err("it is not there");
    assert!(matches!(error, RepairError::MissingPack { id } if id == gone));
    assert!(world.packs().contains(&there));
    world.assert_whole();
}

#[test]
fn an_index_that_cannot_be_read_is_an_error_before_anything_is_changed() {
    let world = World::with_history(7);
    let index = *world.ids(FileKind::Index).first().expect("one");
    world.damage(FileKind::Index, index, |bytes| bytes[9] ^= 1);
    let packs = world.packs();
    repair(&world.test, &[*packs.first().expect("one")]).expect_err("it refuses");
    assert_eq!(world.packs(), packs);
}

#[test]
fn wherever_the_storage_fails_nothing_more_is_lost() {
    let mut faults = 0;
    for kind in [BackendErrorKind::Full, BackendErrorKind::Offline] {
        for changes in 2.. {
            let world = World::with_history(8);
            let packs: Vec<PackId> = world.packs().into_iter().take(3).collect();
            // Their headers alone are damaged, so that all of it can be saved.
            for pack in &packs {
                world.damage(FileKind::Pack, pack.0, |bytes| {
                    let middle_of_header = bytes.len() - 30;
                    bytes[middle_of_header] ^= 1;
                });
            }
            let faulty = Arc::new(FaultyBackend::new(world.storage.clone(), changes, kind));
            let test = TestRepository::open(faulty.clone()).expect("reading works");
            let done = repair(&test, &packs);
            drop(test);
            if let Ok(outcome) = &done {
                let gone: Vec<_> = packs.iter().filter(|id| !world.packs().contains(id)).collect();
                assert_eq!(outcome.removed.len(), gone.len(), "what is said to be gone is");
                assert!(outcome.removed.iter().all(|id| gone.contains(&id)));
            }
            if kind == BackendErrorKind::Offline {
                faulty.lose_unsynced();
            }
            world.clear_locks();
            world.assert_restores();
            let left: Vec<PackId> =
                packs.into_iter().filter(|pack| world.packs().contains(pack)).collect();
            repaired(&world, &left);
            world.assert_whole();
            match done {
                Ok(outcome) if outcome.failed == 0 => break,
                _ => faults += 1,
            }
        }
    }
    assert!(faults > 10, "only {faults} faults");
}
