use std::sync::Arc;

use holdfast_engine::backend::{Backend, BackendErrorKind, FileKind, FileName};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::{BlobId, PackId};
use holdfast_engine::index::{BLOBS_PER_FILE_MAX, IndexFile, IndexPack};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::pack::PackBuilder;
use holdfast_engine::repair::{IndexRepairOptions, IndexRepairOutcome, RepairError, repair_index};
use holdfast_testkit::{FaultyBackend, ReadFaults, TestRepository};

use super::world::{Witness, World, locked};

const USUAL: IndexRepairOptions = IndexRepairOptions { read_all_packs: false };
const ALL: IndexRepairOptions = IndexRepairOptions { read_all_packs: true };

fn repair(
    test: &TestRepository,
    options: IndexRepairOptions,
) -> Result<IndexRepairOutcome, RepairError> {
    let lock = test.lock(true);
    repair_index(&test.repository, options, &lock, &Unwatched, &Cancellation::default())
}

fn repaired(world: &World, options: IndexRepairOptions) -> IndexRepairOutcome {
    repair(&world.test, options).expect("memory does not fail")
}

#[test]
fn what_is_right_says_the_same_afterwards() {
    let world = World::with_history(1);
    let before = world.entries();
    for options in [USUAL, ALL] {
        let outcome = repaired(&world, options);
        assert_eq!(outcome.added.len() + outcome.reread.len() + outcome.missing.len(), 0);
        assert_eq!(world.entries(), before);
        assert_eq!(world.index_files().len(), 1, "small files become one");
        world.assert_whole();
    }
}

#[test]
fn packs_that_a_lost_or_damaged_index_file_named_are_named_again() {
    for (number, options) in [USUAL, ALL, USUAL, ALL].into_iter().enumerate() {
        let world = World::with_history(2);
        let before = world.entries();
        let files: Vec<_> = world.ids(FileKind::Index).into_iter().collect();
        world.remove(FileKind::Index, files[0]);
        world.damage(FileKind::Index, files[1], |bytes| bytes[number * 5] ^= 1);
        world.damage(FileKind::Index, files[2], |bytes| bytes.truncate(number * 9));
        let outcome = repaired(&world, options);
        assert!(!outcome.added.is_empty());
        assert_eq!(outcome.damaged_files.len(), 2);
        assert_eq!(world.entries(), before);
        world.assert_whole();
    }
}

#[test]
fn packs_that_are_gone_are_not_named_any_more() {
    let mut world = World::with_history(3);
    let gone = world.pack_of(BlobKind::Data);
    world.remove(FileKind::Pack, gone.id.0);
    assert_eq!(repaired(&world, USUAL).missing, [gone.id]);
    assert!(world.entries().iter().all(|(_, pack, _)| *pack != gone.id));
    // What is backed up now is stored again, since nobody believes that it is there.
    let last = world.backup();
    world.kept.retain(|id, _| *id == last);
    for id in world.ids(FileKind::Snapshot).into_iter().filter(|id| *id != last.0) {
        world.remove(FileKind::Snapshot, id);
    }
    world.assert_whole();
}

#[test]
fn a_storage_that_shows_no_pack_at_all_is_not_believed() {
    let world = World::with_history(12);
    let before = world.ids(FileKind::Index);
    world.packs().into_iter().for_each(|pack| world.remove(FileKind::Pack, pack.0));
    let error = repair(&world.test, ALL).expect_err("it refuses");
    assert!(matches!(error, RepairError::NoPacks { .. }), "{error:?}");
    assert_eq!(world.ids(FileKind::Index), before);
}

#[test]
fn a_pack_spread_over_index_files_is_named_whole_in_one() {
    let world = World::with_history(4);
    let before = world.entries();
    let mut halves = IndexFile::default();
    let mut files = world.index_files();
    for pack in files.iter_mut().flat_map(|file| &mut file.packs) {
        let blobs = pack.blobs.split_off(pack.blobs.len() / 2);
        halves.packs.push(IndexPack { id: pack.id, blobs });
    }
    files.push(halves);
    world.replace_index(files);
    let outcome = repaired(&world, USUAL);
    assert_eq!(outcome.reread.len(), world.packs().len());
    assert_eq!(world.entries(), before);
    for pack in world.packs() {
        let files = world.index_files();
        let named = files.iter().flat_map(|file| &file.packs).filter(|it| it.id == pack).count();
        assert_eq!(named, 1);
    }
    world.assert_whole();
}

#[test]
fn of_a_pack_that_cannot_tell_the_index_keeps_what_is_still_there() {
    let world = World::with_history(5);
    let mut pack = world.pack_of(BlobKind::Data);
    pack.blobs.sort_by_key(|blob| blob.offset);
    let (first, last) = (pack.blobs[0], pack.blobs[pack.blobs.len() - 1]);
    assert!(pack.blobs.len() > 2);
    // Header and last blob are cut off, and the first one is damaged.
    world.damage(FileKind::Pack, pack.id.0, |bytes| {
        bytes.truncate(last.offset as usize + 1);
        bytes[first.offset as usize + 20] ^= 1;
    });
    for options in [USUAL, ALL] {
        assert_eq!(repaired(&world, options).broken, [pack.id]);
        let entries = world.entries();
        for blob in &pack.blobs {
            let is_whole = blob.offset != first.offset && blob.offset != last.offset;
            assert_eq!(entries.contains(&(blob.id, pack.id, blob.offset)), is_whole);
        }
    }
    assert!(world.packs().contains(&pack.id));
}

#[test]
fn no_index_file_becomes_larger_than_one_may_be() {
    let world = World::new(7);
    let key = world.test.repository.master_key();
    let mut number = 0u32;
    for _ in 0..3 {
        let mut pack = PackBuilder::with_capacity(0);
        for _ in 0..BLOBS_PER_FILE_MAX / 5 * 3 {
            number += 1;
            let content = number.to_le_bytes();
            pack.add(BlobKind::Data, BlobId::of(&content), &key.seal(&content), None);
        }
        let pack = pack.finish(key);
        let name = FileName::new(FileKind::Pack, pack.id.0);
        world.storage.write(name, &[&pack.bytes]).expect("memory");
    }
    assert_eq!(repaired(&world, USUAL).added.len(), 3);
    let blobs = |file: &IndexFile| file.packs.iter().map(|pack| pack.blobs.len()).sum::<usize>();
    let sizes: Vec<_> = world.index_files().iter().map(blobs).collect();
    assert_eq!(sizes, [BLOBS_PER_FILE_MAX / 5 * 3; 3]);
    repaired(&world, ALL);
    assert_eq!(world.index_files().iter().map(blobs).collect::<Vec<_>>(), sizes);
}

#[test]
fn a_storage_that_fails_to_give_a_pack_takes_nothing_from_the_index() {
    let mut refused = 0;
    for seed in 0..60 {
        let world = World::with_history(8);
        let before = world.entries();
        world.remove(FileKind::Index, *world.ids(FileKind::Index).first().expect("one"));
        let faults = ReadFaults { seed, one_of: 12, lasting: seed % 2 == 0 };
        let faulty = Arc::new(FaultyBackend::read_badly(world.storage.clone(), faults));
        let packs = world.packs();
        if let Ok(test) = TestRepository::open(faulty.clone()) {
            let options = if seed % 4 < 2 { USUAL } else { ALL };
            let Some(lock) = locked(&test) else { continue };
            let cancel = Cancellation::default();
            let done = repair_index(&test.repository, options, &lock, &Unwatched, &cancel);
            refused += usize::from(done.is_err());
        }
        world.clear_locks();
        assert_eq!(world.packs(), packs, "no pack is ever removed");
        repaired(&world, USUAL);
        assert_eq!(world.entries(), before, "seed {seed}");
        world.assert_whole();
    }
    assert!(refused > 0);
}

#[test]
fn wherever_the_storage_fails_the_index_says_at_least_what_it_said() {
    let mut faults = 0;
    for kind in [BackendErrorKind::Full, BackendErrorKind::Offline] {
        for options in [USUAL, ALL] {
            for changes in 0.. {
                let world = World::with_history(9);
                let right = world.entries();
                let files: Vec<_> = world.ids(FileKind::Index).into_iter().collect();
                world.remove(FileKind::Index, files[0]);
                world.damage(FileKind::Index, files[1], Vec::clear);
                let before = world.entries();
                let faulty = Arc::new(FaultyBackend::new(world.storage.clone(), changes, kind));
                let test = TestRepository::open(faulty.clone()).expect("reading works");
                let done = locked(&test).map(|lock| {
                    let cancel = Cancellation::default();
                    repair_index(&test.repository, options, &lock, &Unwatched, &cancel)
                });
                drop(test);
                if kind == BackendErrorKind::Offline {
                    faulty.lose_unsynced();
                }
                world.clear_locks();
                assert!(world.entries().is_superset(&before), "{kind:?} after {changes}");
                repaired(&world, USUAL);
                assert_eq!(world.entries(), right, "{kind:?} after {changes}");
                world.assert_whole();
                match done {
                    Some(Ok(outcome)) if outcome.failed == 0 => break,
                    _ => faults += 1,
                }
            }
        }
    }
    assert!(faults > 8, "only {faults} faults");
}

#[test]
fn nothing_is_changed_once_the_lock_is_lost_or_somebody_asks_to_stop() {
    let world = World::with_history(10);
    world.remove(FileKind::Pack, world.pack_of(BlobKind::Data).id.0);
    let before = world.ids(FileKind::Index);
    let lock = world.test.lock(true);
    world.clear_locks();
    let (repository, cancel) = (&world.test.repository, Cancellation::default());
    let done = repair_index(repository, USUAL, &lock, &Unwatched, &cancel);
    assert!(matches!(done, Err(RepairError::LockLost(_))), "{done:?}");
    drop(lock);
    assert_eq!(world.ids(FileKind::Index), before);
    let lock = world.test.lock(true);
    cancel.cancel();
    let done = repair_index(repository, USUAL, &lock, &Unwatched, &cancel);
    assert!(matches!(done, Err(RepairError::Cancelled)), "{done:?}");
    assert_eq!(world.ids(FileKind::Index), before);
}

#[test]
fn what_is_done_is_told_in_words_that_name_the_pack() {
    let world = World::with_history(11);
    let gone = world.pack_of(BlobKind::Tree).id;
    world.remove(FileKind::Pack, gone.0);
    let cut = world.pack_of(BlobKind::Data).id;
    world.damage(FileKind::Pack, cut.0, |bytes| bytes.truncate(50));
    let stray = PackId::of(b"stray");
    world.storage.write(FileName::new(FileKind::Pack, stray.0), &[b"stray"]).expect("memory");
    let (witness, lock) = (Witness::default(), world.test.lock(true));
    let cancel = Cancellation::default();
    repair_index(&world.test.repository, USUAL, &lock, &witness, &cancel).expect("it repairs");
    let told = witness.told();
    for words in [
        format!("removing not found pack file {gone}"),
        format!("reindexing pack file {cut} with unexpected size 50"),
        format!("adding pack file to index {stray}"),
        format!("skipped incomplete pack file: {stray}"),
        format!("repair packs {cut}"),
    ] {
        assert!(told.contains(&words), "{words} is not in:\n{told}");
    }
}
