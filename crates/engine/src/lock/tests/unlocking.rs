//! Removing locks by a person's decision.

use super::*;

fn dead() -> Identity {
    Identity { session: "other".to_owned(), pid: 99, ..identity() }
}

fn ids(locks: &[JudgedLock]) -> Vec<LockId> {
    locks.iter().map(|judged| judged.lock.id).collect()
}

#[test]
fn the_list_tells_whose_lock_is_whose() {
    let world = World::new();
    let held = world.acquire(&shared()).expect("a lock");
    let other = world.put(&world.foreign(false));
    let judged = list(&world.repository, &world.us()).expect("a list");
    let ours = |id| judged.iter().find(|lock| lock.lock.id == id).expect("listed").ours;
    assert!(ours(held.id().expect("it stands")));
    assert!(!ours(other));
}

#[test]
fn stale_locks_are_the_dead_and_the_long_silent() {
    let world = World::new();
    let gone = world.put(&lock_of(&dead(), true, &*world.clock));
    let alive = world.put(&world.foreign(false));
    let preview = unlock_stale(&world.repository, &world.us()).expect("a preview");
    assert_eq!(ids(preview.locks()), [gone]);
    let removed = preview.apply(&world.repository, &world.us()).expect("applied");
    assert_eq!(removed.iter().map(|lock| lock.id).collect::<Vec<_>>(), [gone]);
    assert_eq!(world.locks(), [alive]);
}

#[test]
fn everything_is_exactly_what_the_preview_showed() {
    let world = World::new();
    let mut shown = vec![world.put(&world.foreign(true)), world.put(&world.foreign(false))];
    let preview = unlock_all(&world.repository, &world.us()).expect("a preview");
    let late = world.put(&world.foreign(false));
    let mut removed: Vec<_> = preview
        .apply(&world.repository, &world.us())
        .expect("applied")
        .iter()
        .map(|lock| lock.id)
        .collect();
    shown.sort();
    removed.sort();
    assert_eq!(removed, shown);
    assert_eq!(world.locks(), [late]);
}

#[test]
fn chosen_locks_are_removed_even_if_unreadable_and_others_stay() {
    let world = World::new();
    let torn = FileName::new(FileKind::Lock, crate::id::RawId::from_bytes([9; 32]));
    world.backend.write(torn, &[b"torn"]).expect("stored");
    let other = world.put(&world.foreign(false));
    let preview = unlock(&world.repository, &world.us(), &[LockId(torn.id)]).expect("a preview");
    preview.apply(&world.repository, &world.us()).expect("applied");
    assert_eq!(world.locks(), [other]);
}

#[test]
fn a_stale_lock_whose_owner_turns_up_is_left_alone() {
    let world = World::new();
    let id = world.put(&lock_of(&dead(), true, &*world.clock));
    let preview = unlock_stale(&world.repository, &world.us()).expect("a preview");
    world.probe.begin(99);
    assert!(preview.apply(&world.repository, &world.us()).expect("applied").is_empty());
    assert_eq!(world.locks(), [id]);
}

#[test]
fn an_old_lock_on_a_storage_of_others_is_stale_when_the_storages_clock_agrees() {
    let world = World::new();
    let id = world.put(&world.restics(true, 2300));
    world.clock.advance(31 * MINUTE);
    let shown = |world: &World| {
        ids(unlock_stale(&world.repository, &world.us()).expect("a preview").locks())
    };
    assert!(shown(&world).is_empty());
    world.backend.set_now(world.clock.now().into());
    assert_eq!(shown(&world), [id]);
    let preview = unlock_stale(&world.repository, &world.us()).expect("a preview");
    assert_eq!(preview.apply(&world.repository, &world.us()).expect("applied").len(), 1);
    assert!(world.locks().is_empty());
}
