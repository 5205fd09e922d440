//! What becomes of a lock while it is held.

use super::*;

fn times(world: &World) -> Vec<jiff::Timestamp> {
    let judged = list(&world.repository, &world.us()).expect("a list");
    judged.iter().map(|lock| lock.lock.file().expect("readable").time.timestamp()).collect()
}

#[test]
fn a_refresh_replaces_the_lock_by_one_with_the_time_of_now() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    let (before, time_before) = (world.locks(), times(&world));
    world.clock.advance(timing::REFRESH_INTERVAL);
    held.tick();
    let (after, time_after) = (world.locks(), times(&world));
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
    assert!(time_after[0] >= time_before[0] + timing::REFRESH_INTERVAL);
    held.fence().expect("it stands");
    assert_eq!(held.generation(), 0);
}

#[test]
fn between_refreshes_the_lock_stays_as_it_is() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    let before = world.locks();
    world.clock.advance(timing::REFRESH_INTERVAL / 2);
    held.tick();
    held.fence().expect("it stands");
    assert_eq!(world.locks(), before);
}

#[test]
fn after_standby_the_lock_is_looked_after_at_once() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    let before = world.locks();
    world.clock.stand_by(MINUTE);
    held.tick();
    assert_ne!(world.locks(), before);
}

#[test]
fn a_lock_that_was_removed_is_taken_again_and_the_work_is_told_once() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    world.remove(held.id().expect("it stands"));
    let lost = held.fence().expect_err("it was lost");
    let generation = lost.reacquired().expect("it is held again");
    assert_eq!((generation, held.generation()), (1, 1));
    assert_eq!(world.locks(), [held.id().expect("it stands")]);
    // Until the work has checked what it relied on, every commit is refused.
    assert_eq!(held.fence().expect_err("not accepted yet").reacquired(), Some(1));
    held.accept(generation);
    held.fence().expect("it stands");
}

#[test]
fn a_loss_that_the_refresh_found_is_not_hidden_from_the_work() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    world.remove(held.id().expect("it stands"));
    world.clock.advance(timing::REFRESH_INTERVAL);
    held.tick();
    assert_eq!(held.fence().expect_err("it was lost").reacquired(), Some(1));
}

#[test]
fn a_lock_that_somebody_took_over_is_not_fought_for() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    world.remove(held.id().expect("it stands"));
    let other = world.put(&world.foreign(true));
    let lost = held.fence().expect_err("another holds it");
    assert!(matches!(&lost, LockLost::Taken { holder } if holder.id == other), "{lost:?}");
    assert_eq!(world.locks(), [other]);
    // Once they are done, work can go on, after a check.
    world.remove(other);
    assert_eq!(held.fence().expect_err("it was lost").reacquired(), Some(1));
}

#[test]
fn the_fence_waits_for_whoever_took_over_as_long_as_the_request_said() {
    let world = World::new();
    let held = world.acquire(&LockRequest { wait: HOUR, ..shared() }).expect("a lock");
    world.remove(held.id().expect("it stands"));
    let other = world.put(&world.foreign(true));
    let backend = world.backend.clone();
    world.clock.after(10 * MINUTE, move || {
        backend.remove(FileName::new(FileKind::Lock, other.0)).expect("removed");
    });
    assert_eq!(held.fence().expect_err("it was lost").reacquired(), Some(1));
}

#[test]
fn a_rival_that_withdraws_at_once_does_no_harm() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    let rival = world.put(&world.foreign(true));
    let backend = world.backend.clone();
    world.clock.after(timing::RECHECK_DELAY, move || {
        backend.remove(FileName::new(FileKind::Lock, rival.0)).expect("removed");
    });
    held.fence().expect("it stands");
    assert_eq!(held.generation(), 0);
}

#[test]
fn a_rival_that_ignores_our_lock_stops_every_commit_and_is_remembered() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    let rival = world.put(&world.foreign(true));
    let contested = held.fence().expect_err("contested");
    assert!(matches!(&contested, LockLost::Contested { holder } if holder.id == rival));
    world.remove(rival);
    assert_eq!(held.fence().expect_err("it may have changed things").reacquired(), Some(1));
}

#[test]
fn shared_locks_of_others_disturb_nobody() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    world.put(&world.foreign(false));
    held.fence().expect("it stands");
}

#[test]
fn a_released_lock_is_gone_also_when_it_was_refreshed_and_lost_before() {
    let world = World::new();
    let held = world.acquire(&exclusive()).expect("a lock");
    world.clock.advance(timing::REFRESH_INTERVAL);
    held.tick();
    world.remove(held.id().expect("it stands"));
    held.fence().expect_err("it was lost");
    held.release().expect("released");
    assert!(world.locks().is_empty());
}

#[test]
fn a_refresh_during_which_the_lock_is_removed_counts_as_a_loss() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    let old = held.id().expect("it stands");
    let backend = world.backend.clone();
    world.clock.advance(timing::REFRESH_INTERVAL);
    world.clock.after(timing::RECHECK_DELAY / 2, move || {
        // Whoever removes by what they listed before knows only the old one.
        let _ = backend.remove(FileName::new(FileKind::Lock, old.0));
    });
    held.tick();
    assert_eq!(held.generation(), 1);
    assert_eq!(world.locks(), [held.id().expect("it stands")]);
}
