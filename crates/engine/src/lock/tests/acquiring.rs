//! Taking locks beside others.

use super::*;

fn held_by(error: &LockError) -> Vec<LockId> {
    match error {
        LockError::Held { locks, .. } => locks.iter().map(|judged| judged.lock.id).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn shared_locks_stand_side_by_side_and_are_gone_when_dropped() {
    let world = World::new();
    let (one, other) = (world.acquire(&shared()), world.acquire(&shared()));
    assert_eq!(world.locks().len(), 2);
    drop((one.expect("a lock"), other.expect("a lock")));
    assert!(world.locks().is_empty());
}

#[test]
fn an_exclusive_lock_tolerates_nobody() {
    let world = World::new();
    let held = world.acquire(&exclusive()).expect("a lock");
    let id = held.id().expect("it stands");
    for request in [shared(), exclusive()] {
        let refused = world.acquire(&request).expect_err("held");
        assert_eq!(held_by(&refused), [id]);
    }
    assert_eq!(world.locks(), [id]);
    held.release().expect("released");
    world.acquire(&exclusive()).expect("free");
}

#[test]
fn a_refusal_says_in_restics_words_who_holds_the_repository() {
    let world = World::new();
    world.put(&world.restics(true, 2300));
    let text = world.acquire(&shared()).expect_err("held");
    let text = match &text {
        // Nobody runs here, but the storage is one that others reach, so it is not removed.
        LockError::Held { .. } => text.restic_text().expect("restic has words for it"),
        other => panic!("{other:?}"),
    };
    let start = "unable to create lock in backend: repository is already locked exclusively by \
                 PID 2300 on mac-mini by anna (UID 1000, GID 1000)\nlock was created at \
                 2026-11-21 05:18:00 (";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn a_lock_is_waited_for_with_its_holder_named_and_taken_when_it_goes() {
    let world = World::new();
    let id = world.put(&world.foreign(true));
    let backend = world.backend.clone();
    world.clock.after(20 * SECOND, move || {
        backend.remove(FileName::new(FileKind::Lock, id.0)).expect("removed");
    });
    let watching = Watching::default();
    let request = LockRequest { wait: MINUTE, ..shared() };
    let began = world.clock.elapsed();
    let cancel = Cancellation::default();
    acquire(&world.repository, &request, &world.us(), &watching, &cancel).expect("a lock");
    let waited = world.clock.elapsed() - began;
    assert!((20 * SECOND..40 * SECOND).contains(&waited), "{waited:?}");
    assert_eq!(watching.0.lock()[0], "waiting for nas until 2026-11-21T05:19:00Z");
}

#[test]
fn waiting_ends_when_it_should_and_leaves_nothing() {
    let world = World::new();
    let id = world.put(&world.foreign(true));
    let began = world.clock.elapsed();
    let refused = world.acquire(&LockRequest { wait: MINUTE, ..shared() }).expect_err("held");
    assert_eq!(held_by(&refused), [id]);
    let waited = world.clock.elapsed() - began;
    assert!((MINUTE..MINUTE + SECOND).contains(&waited), "{waited:?}");
    assert_eq!(world.locks(), [id]);
}

#[test]
fn whoever_asks_to_stop_is_heard_while_waiting() {
    let world = World::new();
    world.put(&world.foreign(true));
    let cancel = Cancellation::default();
    let asks = cancel.clone();
    world.clock.after(10 * SECOND, move || asks.cancel());
    let request = LockRequest { wait: HOUR, ..shared() };
    let began = world.clock.elapsed();
    let watching = Watching::default();
    let stopped = acquire(&world.repository, &request, &world.us(), &watching, &cancel);
    assert!(matches!(stopped, Err(LockError::Cancelled)), "{stopped:?}");
    assert!(world.clock.elapsed() - began < 11 * SECOND);
}

#[test]
fn a_lock_that_appears_at_the_same_moment_makes_the_younger_one_go() {
    let world = World::new();
    let mut rival = world.foreign(true);
    rival.time.seconds -= 1;
    let repository = world.repository.clone();
    let planned = rival.clone();
    world.clock.after(timing::RECHECK_DELAY / 2, move || {
        put(&repository, &planned);
    });
    let refused = world.acquire(&shared()).expect_err("the other was first");
    assert_eq!(held_by(&refused).len(), 1);
    assert_eq!(world.locks(), held_by(&refused));
}

#[test]
fn the_older_of_two_waits_for_the_other_to_withdraw() {
    let world = World::new();
    let mut rival = world.foreign(true);
    rival.time.seconds += 1;
    let (repository, clock) = (world.repository.clone(), world.clock.clone());
    world.clock.after(timing::RECHECK_DELAY / 2, move || {
        let id = put(&repository, &rival);
        clock.after(timing::RECHECK_DELAY * 2, move || {
            repository.backend().remove(FileName::new(FileKind::Lock, id.0)).expect("removed");
        });
    });
    let held = world.acquire(&shared()).expect("the other withdrew");
    assert_eq!(world.locks(), [held.id().expect("it stands")]);
}

#[test]
fn the_older_of_two_goes_as_well_if_the_other_stays() {
    let world = World::new();
    let mut rival = world.foreign(true);
    rival.time.seconds += 1;
    let repository = world.repository.clone();
    world.clock.after(timing::RECHECK_DELAY / 2, move || {
        put(&repository, &rival);
    });
    let refused = world.acquire(&shared()).expect_err("the other stayed");
    assert_eq!(world.locks(), held_by(&refused));
}

#[test]
fn a_lock_that_somebody_clears_away_at_once_is_stored_anew() {
    let world = World::new();
    let backend = world.backend.clone();
    world.clock.after(timing::RECHECK_DELAY / 2, move || {
        for file in backend.list(FileKind::Lock).expect("a listing") {
            backend.remove(FileName::new(FileKind::Lock, file.id)).expect("removed");
        }
    });
    let held = world.acquire(&shared()).expect("a lock");
    assert_eq!(world.locks(), [held.id().expect("it stands")]);
}

#[test]
fn the_dead_are_removed_only_when_in_the_way_and_with_the_proof() {
    let world = World::new();
    let dead = Identity { session: "other".to_owned(), pid: 99, ..identity() };
    let id = world.put(&lock_of(&dead, false, &*world.clock));
    drop(world.acquire(&shared()).expect("a shared lock is not in its way"));
    assert_eq!(world.locks(), [id]);

    let watching = Watching::default();
    let cancel = Cancellation::default();
    let held = acquire(&world.repository, &exclusive(), &world.us(), &watching, &cancel);
    let held = held.expect("a lock");
    let [removed] = held.removed() else { panic!("{:?}", held.removed()) };
    assert_eq!((removed.id, removed.verdict.life), (id, Life::Dead));
    assert!(removed.age().expect("dated in the past") < 2 * SECOND);
    assert_eq!(*watching.0.lock(), ["removed: its process 99 no longer exists on this computer"]);
}

#[test]
fn nothing_is_removed_when_auto_unlock_is_off() {
    let world = World::new();
    let dead = Identity { session: "other".to_owned(), pid: 99, ..identity() };
    let id = world.put(&lock_of(&dead, true, &*world.clock));
    let request = LockRequest { auto_unlock: AutoUnlock::Off, ..shared() };
    let refused = world.acquire(&request).expect_err("held");
    assert_eq!(held_by(&refused), [id]);
    assert_eq!(world.locks(), [id]);
}

#[test]
fn an_owner_that_is_seen_alive_at_the_second_look_keeps_its_lock() {
    let world = World::new();
    let dead = Identity { session: "other".to_owned(), pid: 99, ..identity() };
    let id = world.put(&lock_of(&dead, true, &*world.clock));
    let probe = world.probe.clone();
    // Between the two looks of the removal, which come before any other wait.
    world.clock.after(timing::REREAD_DELAY, move || probe.begin(99));
    let refused = world.acquire(&shared()).expect_err("held");
    assert_eq!(held_by(&refused), [id]);
    assert_eq!(world.locks(), [id]);
}

#[test]
fn the_silent_are_removed_when_both_clocks_agree_and_the_setting_says_so() {
    let world = World::new();
    world.put(&world.foreign(true));
    let all = AutoUnlock::All { silent_for: HOUR };
    let request = LockRequest { auto_unlock: all, ..shared() };
    let later = |minutes: u32| {
        world.clock.advance(minutes * MINUTE);
        world.backend.set_now(world.clock.now().into());
    };
    later(59);
    world.acquire(&request).expect_err("not silent for long enough");
    later(2);
    let held = world.acquire(&request).expect("a lock");
    assert_eq!(held.removed().len(), 1);
}

#[test]
fn a_clock_of_ours_that_is_wrong_makes_nobody_silent() {
    let world = World::new();
    let id = world.put(&world.foreign(true));
    world.clock.set_now(world.clock.now() + 48 * HOUR);
    let all = AutoUnlock::All { silent_for: HOUR };
    let refused = world.acquire(&LockRequest { auto_unlock: all, ..shared() });
    assert_eq!(held_by(&refused.expect_err("held")), [id]);
    assert_eq!(world.locks(), [id]);
}

#[test]
fn what_was_seen_unchanged_for_long_enough_is_silent_whatever_the_clocks_say() {
    let world = World::new();
    let mut future = world.foreign(true);
    future.time.seconds += 1_000_000;
    world.put(&future);
    let all = AutoUnlock::All { silent_for: 30 * MINUTE };
    let request = LockRequest { auto_unlock: all, wait: 40 * MINUTE, ..shared() };
    let held = world.acquire(&request).expect("a lock after half an hour");
    assert!(held.removed()[0].verdict.silent_for >= 30 * MINUTE);
}

#[test]
fn a_whole_lock_that_cannot_be_read_may_be_an_exclusive_one_and_stands_in_the_way_of_all() {
    let world = World::new();
    let foreign = b"sealed with the key of another repository";
    let name = FileName::new(FileKind::Lock, crate::id::RawId::of(foreign));
    world.backend.write(name, &[foreign]).expect("stored");
    for request in [shared(), exclusive()] {
        let refused = world.acquire(&request).expect_err("held");
        assert_eq!(held_by(&refused), [LockId(name.id)]);
    }
}

#[test]
fn a_torn_lock_stands_in_the_way_of_exclusive_ones_only() {
    let world = World::new();
    let name = FileName::new(FileKind::Lock, crate::id::RawId::from_bytes([9; 32]));
    world.backend.write(name, &[b"torn"]).expect("stored");
    drop(world.acquire(&shared()).expect("a lock"));
    let all = AutoUnlock::All { silent_for: 30 * MINUTE };
    let request = LockRequest { auto_unlock: all, wait: 2 * HOUR, ..exclusive() };
    let refused = world.acquire(&request).expect_err("held");
    assert_eq!(held_by(&refused), [LockId(name.id)]);
    let text = refused.restic_text().expect("restic has words for it");
    assert!(text.starts_with("invalid lock file"), "{text}");
}

#[test]
fn an_empty_lock_is_an_upload_that_broke_off_and_locks_nothing() {
    let world = World::new();
    let name = FileName::new(FileKind::Lock, crate::id::RawId::from_bytes([9; 32]));
    world.backend.write(name, &[]).expect("stored");
    world.acquire(&exclusive()).expect("a lock");
}

#[test]
fn what_a_killed_start_of_ours_left_is_removed_by_the_journal_even_where_nothing_can_be_seen() {
    let probe = FakeProbe::hidden();
    let world = World::with(probe);
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Some(Arc::new(Journal::new(folder.path().join("locks"))));
    let before = Identity { session: "before".to_owned(), pid: 99, ..identity() };
    let before = LockContext { journal: journal.clone(), ..world.client(before) };
    // Killed: nothing of its drops runs.
    std::mem::forget(world.acquire_as(&before, &exclusive()).expect("a lock"));
    let left = world.locks();

    let after = LockContext { journal, ..world.us() };
    let request = LockRequest { auto_unlock: AutoUnlock::Off, ..exclusive() };
    let held = world.acquire_as(&after, &request).expect("a lock");
    assert_eq!(held.removed().iter().map(|lock| lock.id).collect::<Vec<_>>(), left);
    let text = held.removed()[0].verdict.reasons[0].to_string();
    assert_eq!(text, "this program left it behind when it was ended by force");
    held.release().expect("released");
    assert!(world.locks().is_empty());
    let notes = std::fs::read_dir(folder.path().join("locks")).expect("a folder").count();
    assert_eq!(notes, 0);
}

#[test]
fn a_lock_cut_short_at_any_byte_never_lets_an_exclusive_one_past() {
    let world = World::new();
    let id = world.put(&world.foreign(false));
    let name = FileName::new(FileKind::Lock, id.0);
    let whole = world.backend.read(name).expect("it is there");
    for length in 1..whole.len() {
        let rest = &whole[..length];
        for cut in [name, FileName::new(FileKind::Lock, crate::id::RawId::of(rest))] {
            world.remove(LockId(world.locks()[0].0));
            world.backend.write(cut, &[rest]).expect("stored");
            let refused = world.acquire(&exclusive()).expect_err("held");
            assert_eq!(held_by(&refused), [LockId(cut.id)], "{length}");
        }
    }
}

#[test]
fn a_lock_cut_short_at_any_byte_keeps_the_repository_from_being_had_alone() {
    let world = World::new();
    let id = world.put(&world.foreign(true));
    let file = FileName::new(FileKind::Lock, id.0);
    let whole = world.backend.read(file).expect("it is there");
    for length in 0..whole.len() {
        world.backend.remove(file).expect("it is there");
        world.backend.write(file, &[&whole[..length]]).expect("stored");
        let taken = world.acquire(&exclusive());
        // An empty one is on its way, or was never finished: restic passes it over as well.
        assert_eq!(taken.is_ok(), length == 0, "{length} {taken:?}");
        drop(taken);
        assert_eq!(world.locks(), [id], "{length}");
    }
}

/// A repository in a folder that lies on a disk of this computer.
fn on_own_disk(folder: &std::path::Path) -> (Arc<Repository>, LockContext, Arc<FakeClock>) {
    let world = World::with(FakeProbe::default().with_own_disks());
    let options =
        CreateOptions { kdf_cost: Some(KdfCost::least_for_tests()), ..Default::default() };
    let repository = Repository::create(
        Arc::new(crate::backend::LocalBackend::new(folder)),
        &Password::new("secret"),
        &options,
        &identity(),
        &*world.clock,
        &TimeZone::UTC,
    );
    (Arc::new(repository.expect("a repository")), world.us(), world.clock.clone())
}

#[test]
fn what_others_store_is_waited_for_but_on_a_disk_of_this_computer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (repository, context, clock) = on_own_disk(folder.path());
    let (began, cancel) = (clock.elapsed(), Cancellation::default());
    let watching = Watching::default();
    drop(acquire(&repository, &exclusive(), &context, &watching, &cancel).expect("a lock"));
    assert_eq!(clock.elapsed(), began);

    let world = World::with(FakeProbe::default().with_own_disks());
    let began = world.clock.elapsed();
    drop(world.acquire(&exclusive()).expect("a lock"));
    assert_eq!(world.clock.elapsed() - began, timing::RECHECK_DELAY);
}

#[test]
fn of_many_on_one_disk_who_has_it_alone_is_alone() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    let folder = tempfile::tempdir().expect("a folder");
    let (repository, context, _) = on_own_disk(folder.path());
    let (sharing, alone, times) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let compete = &|number: u32| {
        for turn in 0..30 {
            let is_exclusive = (number + turn).is_multiple_of(2);
            let request = if is_exclusive { exclusive() } else { shared() };
            let cancel = Cancellation::default();
            let taken =
                acquire(&repository, &request, &context, &crate::monitor::Unwatched, &cancel);
            let Ok(held) = taken else { continue };
            times.fetch_add(1, SeqCst);
            let count = if is_exclusive { &alone } else { &sharing };
            count.fetch_add(1, SeqCst);
            std::thread::yield_now();
            let others = alone.load(SeqCst) - u32::from(is_exclusive);
            assert_eq!(others, 0, "somebody has it alone");
            if is_exclusive {
                assert_eq!(sharing.load(SeqCst), 0, "somebody shares what one has alone");
            }
            count.fetch_sub(1, SeqCst);
            held.release().expect("released");
        }
    };
    std::thread::scope(|scope| {
        (0..4).for_each(|number| drop(scope.spawn(move || compete(number))));
    });
    assert!(times.load(SeqCst) > 0);
}
