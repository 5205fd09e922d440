//! Every kind of holder, alive and killed, in every place: what is known of it, and what is done.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::lock::{
    AutoUnlock, LockError, LockRequest, ProcessProbe, Verdict, acquire, timing, unlock_stale,
};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_machine::SystemProbe;
use holdfast_tests::repository::{TestRepository, lock_context};

use super::holder::{Holder, Place, Program};

const EVERYWHERE: [Place; 4] =
    [Place::Here, Place::OtherHostName, Place::OtherUser, Place::OtherPidNamespace];

fn request(auto_unlock: AutoUnlock) -> LockRequest {
    LockRequest { exclusive: true, wait: Duration::ZERO, auto_unlock, operation: "test".to_owned() }
}

/// Tries to have the repository alone: how many locks were removed for it, or what is known of
/// the one in the way.
fn try_lock(repository: &TestRepository, auto_unlock: AutoUnlock) -> Result<usize, Verdict> {
    let opened = repository.open();
    let (context, cancel) = (lock_context(), Cancellation::default());
    match acquire(&opened, &request(auto_unlock), &context, &Unwatched, &cancel) {
        Ok(held) => Ok(held.removed().len()),
        Err(LockError::Held { mut locks, .. }) => Err(locks.remove(0).verdict),
        Err(error) => panic!("{error:?}"),
    }
}

fn words(verdict: &Verdict) -> String {
    let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
    format!("{:?}: {}", verdict.life, reasons.join("; "))
}

/// True if every process of the computer can be seen from here, as outside of containers.
fn sees_everything() -> bool {
    SystemProbe.namesakes(std::process::id()).is_some()
}

fn check_alive(program: Program, exclusive: bool, place: Place) {
    let repository = TestRepository::new();
    let holder = Holder::start(program, exclusive, place, &repository);
    let before = repository.locks();
    let case = format!("{program:?} {place:?} exclusive: {exclusive}");

    let everything = AutoUnlock::All { silent_for: timing::SILENCE_MIN };
    for auto_unlock in [AutoUnlock::Off, AutoUnlock::Own, everything] {
        let verdict = try_lock(&repository, auto_unlock).expect_err(&case);
        let words = words(&verdict);
        let expected = match place {
            Place::OtherHostName if program != Program::Holdfast => "Alive: refreshed",
            Place::OtherPidNamespace if !sees_everything() => "Unknown: not all processes",
            Place::OtherPidNamespace => "in a container on this computer",
            _ => "is running on this computer",
        };
        assert!(words.contains(expected), "{case}: {words}");
    }
    let opened = repository.open();
    let stale = unlock_stale(&opened, &lock_context()).expect("a preview");
    assert!(stale.apply(&opened, &lock_context()).expect("applied").is_empty(), "{case}");
    assert_eq!(repository.locks(), before, "{case}");
    // It was neither ended nor disturbed.
    assert!(holder.finish(), "{case}");
    assert!(repository.locks().is_empty(), "{case}");
}

fn check_killed(program: Program, exclusive: bool, place: Place) {
    let repository = TestRepository::new();
    let mut holder = Holder::start(program, exclusive, place, &repository);
    holder.kill();
    let left = repository.locks();
    let case = format!("{program:?} {place:?} exclusive: {exclusive}");

    let off = words(&try_lock(&repository, AutoUnlock::Off).expect_err(&case));
    assert_eq!(repository.locks(), left, "{case}");
    let can_prove = match (program, place) {
        (Program::Holdfast, Place::OtherPidNamespace) => sees_everything(),
        (Program::Holdfast, _) => true,
        (_, Place::OtherHostName) => false,
        _ => sees_everything() && SystemProbe.is_own_disk(&repository.path()),
    };
    if can_prove {
        assert!(off.starts_with("Dead: its process"), "{case}: {off}");
        assert!(off.contains("no longer exists on this computer"), "{case}: {off}");
        assert_eq!(try_lock(&repository, AutoUnlock::Own), Ok(1), "{case}");
        assert!(repository.locks().is_empty(), "{case}");
    } else {
        assert!(!off.starts_with("Dead"), "{case}: {off}");
        let everything = AutoUnlock::All { silent_for: timing::SILENCE_MIN };
        try_lock(&repository, AutoUnlock::Own).expect_err(&case);
        try_lock(&repository, everything).expect_err(&case);
        assert_eq!(repository.locks(), left, "{case}");
    }
}

fn check_everywhere(check: fn(Program, bool, Place), program: Program) {
    for place in EVERYWHERE {
        for exclusive in [false, true] {
            check(program, exclusive, place);
        }
    }
}

#[test]
fn a_new_restic_that_lives_keeps_its_lock_and_its_life() {
    check_everywhere(check_alive, Program::ResticNew);
}

#[test]
fn an_old_restic_that_lives_keeps_its_lock_and_its_life() {
    check_everywhere(check_alive, Program::ResticOld);
}

#[test]
fn a_holdfast_that_lives_keeps_its_lock_and_its_life() {
    check_everywhere(check_alive, Program::Holdfast);
}

#[test]
fn a_lock_of_a_killed_new_restic_is_removed_where_its_death_can_be_proven() {
    check_everywhere(check_killed, Program::ResticNew);
}

#[test]
fn a_lock_of_a_killed_old_restic_is_removed_where_its_death_can_be_proven() {
    check_everywhere(check_killed, Program::ResticOld);
}

#[test]
fn a_lock_of_a_killed_holdfast_is_removed_wherever_it_ran_on_this_computer() {
    check_everywhere(check_killed, Program::Holdfast);
}

#[test]
fn readers_and_writers_of_different_programs_stand_side_by_side() {
    for program in [Program::ResticNew, Program::ResticOld, Program::Holdfast] {
        let repository = TestRepository::new();
        let holder = Holder::start(program, false, Place::Here, &repository);
        let opened = repository.open();
        let shared = LockRequest { exclusive: false, ..request(AutoUnlock::Off) };
        let cancel = Cancellation::default();
        let held = acquire(&opened, &shared, &lock_context(), &Unwatched, &cancel);
        held.expect("shared locks stand side by side").release().expect("released");
        assert!(holder.finish());
        assert_eq!(Arc::strong_count(&opened), 1);
    }
}
