use std::sync::Arc;

use holdfast_engine::backend::{Backend, BackendErrorKind, FileKind, FileName, MemoryBackend};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::key::KdfCost;
use holdfast_engine::migrate::{Migration, MigrationError};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::repository::{CreateOptions, Repository};
use holdfast_engine::secret::Password;
use holdfast_testkit::random::Random;
use holdfast_testkit::{
    ChangeFault, FaultyBackend, PASSWORD, PausingBackend, TestRepository, copied, identity,
};

use super::world::{World, locked};

/// A repository of format 1 with two snapshots, and a setting that we do not know.
fn old_world() -> World {
    let storage = Arc::new(MemoryBackend::new());
    let options = CreateOptions {
        format_version: 1,
        kdf_cost: Some(KdfCost::least_for_tests()),
        ..CreateOptions::default()
    };
    let clock = holdfast_testkit::FakeClock::at("2026-03-27T09:00:00Z");
    let (password, zone) = (Password::new(PASSWORD), jiff::tz::TimeZone::UTC);
    let made = Repository::create(storage.clone(), &password, &options, &identity(), &clock, &zone);
    let made = made.expect("an empty storage");
    let key = made.master_key();
    let json = serde_json::to_string(made.config()).expect("JSON");
    let json = json.replacen('}', r#","treepack_size":5}"#, 1);
    storage.replace_config(&key.seal(json.as_bytes())).expect("memory");
    let test = TestRepository::open(storage.clone()).expect("it opens");
    let source = tempfile::tempdir().expect("a folder");
    let (random, kept) = (Random::new(1), std::collections::BTreeMap::default());
    let mut world = World { storage, test, source, random, kept };
    for _ in 0..2 {
        world.change();
        world.backup();
    }
    world
}

fn apply(test: &TestRepository) -> Result<(), MigrationError> {
    let lock = test.lock(true);
    let cancel = Cancellation::default();
    Migration::UpgradeToFormat2.apply(&test.repository, &lock, &Unwatched, &cancel)
}

fn config(world: &World) -> serde_json::Value {
    let sealed = world.storage.read(FileName::CONFIG).expect("it is there");
    let json = world.test.repository.master_key().open(&sealed).expect("it opens");
    serde_json::from_slice(&json).expect("JSON")
}

#[test]
fn a_repository_of_format_1_becomes_one_of_format_2_and_nothing_else_changes() {
    let mut world = old_world();
    let before = config(&world);
    assert_eq!(Migration::UpgradeToFormat2.obstacle(&world.test.repository), None);
    apply(&world.test).expect("memory does not fail");
    let mut expected = before.clone();
    expected["version"] = 2.into();
    assert_eq!((config(&world), &before["version"]), (expected, &1.into()));
    world.assert_whole();

    world.test = world.opened();
    assert!(Migration::UpgradeToFormat2.obstacle(&world.test.repository).is_some());
    world.change();
    std::fs::write(world.source.path().join("plain"), vec![7; 100_000]).expect("written");
    world.backup();
    world.assert_whole();
    let blob = holdfast_engine::id::BlobId::of(&vec![7; 100_000]);
    assert!(world.places(BlobKind::Data, &blob)[0].uncompressed_length.is_some());
}

#[test]
fn what_is_new_already_or_damaged_is_left_alone() {
    let world = World::with_history(1);
    let before = config(&world);
    let error = apply(&world.test).expect_err("it is new already");
    assert!(matches!(error, MigrationError::NotApplicable { version: 2 }), "{error:?}");
    assert_eq!(config(&world), before);
    // Whether it is damaged is of no interest then.
    world.remove(FileKind::Pack, world.pack_of(BlobKind::Data).id.0);
    let error = apply(&world.test).expect_err("it is new already");
    assert!(matches!(error, MigrationError::NotApplicable { version: 2 }), "{error:?}");

    let world = old_world();
    world.remove(FileKind::Pack, world.pack_of(BlobKind::Data).id.0);
    let before = config(&world);
    let error = apply(&world.test).expect_err("it is damaged");
    assert!(matches!(error, MigrationError::Damaged { .. }), "{error:?}");
    assert_eq!(config(&world), before);
}

#[test]
fn wherever_the_storage_fails_the_old_config_or_the_new_one_is_there() {
    let mut faults = 0;
    for changes in 1.. {
        let world = old_world();
        let kind = BackendErrorKind::Offline;
        let faulty = Arc::new(FaultyBackend::new(world.storage.clone(), changes, kind));
        let test = TestRepository::open(faulty.clone()).expect("reading works");
        let done = apply(&test);
        drop(test);
        faulty.lose_unsynced();
        world.clear_locks();
        assert_eq!(config(&world)["version"], if done.is_ok() { 2 } else { 1 });
        world.assert_whole();
        if done.is_ok() {
            break;
        }
        faults += 1;
    }
    assert!(faults > 0);
}

#[test]
fn a_failure_after_the_config_was_replaced_does_not_say_that_the_old_one_is_there() {
    for fault in [ChangeFault::PowerCut, ChangeFault::AnswerLost] {
        let mut seen = 0;
        for changes in 1.. {
            let world = old_world();
            let faulty = Arc::new(FaultyBackend::failing(world.storage.clone(), changes, fault));
            let test = TestRepository::open(faulty.clone()).expect("reading works");
            let done = locked(&test).map(|lock| {
                let cancel = Cancellation::default();
                Migration::UpgradeToFormat2.apply(&test.repository, &lock, &Unwatched, &cancel)
            });
            drop(test);
            if matches!(done, Some(Err(MigrationError::NotDurable(_)))) {
                seen += 1;
                assert_eq!(config(&world)["version"], 2, "{fault:?} after {changes}");
            }
            if matches!(done, Some(Ok(()))) {
                break;
            }
        }
        assert!(seen > 0, "{fault:?}");
    }
}

#[test]
fn why_the_new_config_could_not_be_read_back_is_told() {
    let (world, mut seen) = (old_world(), 0);
    for moment in 0.. {
        let storage = Arc::new(copied(&world.storage));
        let gone = storage.clone();
        let remove = move || drop(gone.remove(FileName::CONFIG));
        let pausing = Arc::new(PausingBackend::new(storage, moment, remove));
        let done = TestRepository::open(pausing.clone()).map(|test| apply(&test));
        if let Ok(Err(error @ MigrationError::ReadBack { .. })) = done {
            seen += 1;
            assert!(std::error::Error::source(&error).is_some());
        }
        if !pausing.has_paused() {
            break;
        }
    }
    assert!(seen > 0);
}

#[test]
fn nothing_is_changed_once_the_lock_is_lost() {
    let world = old_world();
    let lock = world.test.lock(true);
    world.clear_locks();
    let cancel = Cancellation::default();
    let repository = &world.test.repository;
    let done = Migration::UpgradeToFormat2.apply(repository, &lock, &Unwatched, &cancel);
    assert!(matches!(done, Err(MigrationError::LockLost(_))), "{done:?}");
    assert_eq!(config(&world)["version"], 1);
}
