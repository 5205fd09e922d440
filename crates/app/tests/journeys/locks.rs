//! Locks of others, and Auto Unlock.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use holdfast_app::api::{
    AppEvent, AutoUnlock, Code, LockVerdict, OperationKind, OperationState, RepositoryPatch,
    Schedule, Trigger,
};
use holdfast_app::ports::NoticeAction;
use holdfast_engine::backend::{FileKind, LocalBackend};
use holdfast_engine::repository::Repository;
use holdfast_engine::secret::Password;
use holdfast_testkit::{PASSWORD, World};

/// An exclusive lock of a restic on some computer, stored so long before the world's present.
pub(super) fn leave_lock(world: &World, hostname: &str, pid: u32, minutes_ago: i64) {
    let storage = Arc::new(LocalBackend::new(world.location()));
    let repository = Repository::open(storage, &Password::new(PASSWORD), None).expect("it opens");
    let now = holdfast_engine::clock::Clock::now(&*world.clock);
    let time = now - jiff::SignedDuration::from_mins(minutes_ago);
    let json = format!(
        r#"{{"time":"{time}","exclusive":true,"hostname":"{hostname}","username":"anna",
            "pid":{pid},"uid":1000,"gid":1000}}"#
    );
    repository.write_file(FileKind::Lock, json.as_bytes()).expect("it is stored");
}

fn locks(world: &World) -> usize {
    fs::read_dir(world.location().join("locks")).expect("locks").count()
}

fn world(auto_unlock: AutoUnlock) -> World {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let patch = RepositoryPatch {
        auto_unlock: Some(auto_unlock),
        lock_wait_minutes: Some(1),
        ..RepositoryPatch::default()
    };
    let changed = world.ask(world.app().change_repository(world.repository().id, patch));
    changed.expect("it is changed");
    world
}

#[test]
fn looking_at_the_same_locks_again_is_no_change_that_is_told() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.ask(world.app().settled());
    let asked = || world.ask(world.app().repository_locks(world.repository().id)).expect("locks");
    asked();
    let mut events = world.app().subscribe();
    asked();
    assert!(events.try_recv().is_err());
}

#[test]
fn auto_unlock_off_removes_nothing_and_offers_what_is_proven_dead() {
    let world = world(AutoUnlock::Off);
    leave_lock(&world, "mac-mini", 9_999_999, 5);
    let failed = world.back_up();
    let problem = failed.problem.expect("a reason");
    assert_eq!(problem.code, Code::RepositoryLocked);
    assert_eq!(locks(&world), 1);
    let notice = world.notifier.notices().pop().expect("a notice");
    assert_eq!(notice.actions[0], NoticeAction::UnlockAndRetry);
}

#[test]
fn unlock_and_retry_on_the_notice_removes_the_dead_lock_and_backs_up() {
    let world = world(AutoUnlock::Off);
    leave_lock(&world, "mac-mini", 9_999_999, 5);
    world.back_up();
    world.notifier.choose(NoticeAction::UnlockAndRetry);
    world.ask(world.app().settled());
    let last = world.operations().pop().expect("an operation");
    assert_eq!((last.kind, last.state), (OperationKind::Backup, OperationState::Succeeded));
    assert_eq!(locks(&world), 0);
}

#[test]
fn auto_unlock_of_own_locks_removes_the_dead_one_records_it_and_tells() {
    let world = world(AutoUnlock::Own);
    leave_lock(&world, "mac-mini", 9_999_999, 5);
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    let unlock = world.operations().into_iter().find(|one| one.kind == OperationKind::Unlock);
    let unlock = unlock.expect("it is recorded");
    assert_eq!(unlock.trigger, Trigger::Conflict);
    let log = world.ask(world.app().operation_detail(unlock.id)).expect("a log").log;
    assert!(log[0].text.contains("anna on mac-mini (process 9999999), 5 minutes old"), "{log:?}");
    assert!(log[0].text.contains("no longer exists"), "{log:?}");
    assert_eq!(world.told(), ["A lock on \"Blue\" was removed"]);
}

#[test]
fn auto_unlock_of_own_locks_leaves_those_of_other_computers() {
    let world = world(AutoUnlock::Own);
    leave_lock(&world, "nas", 9_999_999, 600);
    let failed = world.back_up();
    assert_eq!(failed.problem.expect("a reason").code, Code::RepositoryLocked);
    assert_eq!(locks(&world), 1);
}

#[test]
fn a_scheduled_backup_that_waited_for_a_lock_in_vain_is_tried_again_and_no_failure() {
    let world = world(AutoUnlock::Off);
    let draft = world.plan_draft(&world.repository().id, Schedule::every_hours(6));
    world.ask(world.app().change_plan(world.plan().id, draft)).expect("it is changed");
    leave_lock(&world, "nas", 9_999_999, 0);
    world.tick();
    let waits = world.operations().pop().expect("it is due");
    assert_eq!(waits.state, OperationState::Queued);
    assert_eq!(waits.waiting_for.expect("a reason").code, Code::RepositoryLocked);
    assert_eq!(world.told(), [""; 0]);

    for lock in fs::read_dir(world.location().join("locks")).expect("locks").flatten() {
        fs::remove_file(lock.path()).expect("it is removed");
    }
    world.pass(Duration::from_secs(60), Duration::from_secs(20));
    assert_eq!(world.operations().pop().expect("it is there").state, OperationState::Succeeded);
}

#[test]
fn a_lock_is_listed_with_its_holder_and_why_it_is_dead() {
    let world = world(AutoUnlock::Off);
    leave_lock(&world, "mac-mini", 9_999_999, 5);
    let found = world.ask(world.app().repository_locks(world.repository().id)).expect("locks");
    assert_eq!((found[0].verdict, found[0].pid), (LockVerdict::Dead, 9_999_999));
    assert!(!found[0].reasons.is_empty() && found[0].exclusive && !found[0].ours);
}

#[test]
fn a_lock_is_removed_by_hand_by_its_id() {
    let world = world(AutoUnlock::Off);
    leave_lock(&world, "nas", 9_999_999, 5);
    let app = world.app();
    let found = world.ask(app.repository_locks(world.repository().id)).expect("locks");
    let asked = app.unlock(world.repository().id, vec![found[0].id.clone()]);
    let operation = world.ask(asked).expect("it is removed");
    assert_eq!(operation.summary.expect("figures").files, 1);
    assert_eq!((locks(&world), operation.trigger), (0, Trigger::Manual));
}

#[test]
fn auto_unlock_of_all_removes_what_was_silent_long_enough_and_nothing_younger() {
    let world = world(AutoUnlock::All { minutes: 45 });
    leave_lock(&world, "nas", 9_999_999, 0);
    let app = world.app();
    world.ask(app.repository_locks(world.repository().id)).expect("it is seen");
    world.clock.advance(Duration::from_secs(40 * 60));
    assert_eq!(world.back_up().state, OperationState::Failed);
    assert_eq!(locks(&world), 1);
    world.clock.advance(Duration::from_secs(10 * 60));
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    let unlocks = world.operations().into_iter().filter(|one| one.kind == OperationKind::Unlock);
    assert_eq!(unlocks.count(), 1, "it is recorded");
}

#[test]
fn a_backup_that_waits_for_a_lock_says_for_whom_and_can_be_stopped() {
    let world = world(AutoUnlock::Off);
    leave_lock(&world, "nas", 9_999_999, 0);
    let mut events = world.app().subscribe();
    let plan = world.plan().id;
    world.ask_after(Duration::from_secs(10), |app| async move {
        let overview = app.overview().await.expect("an overview");
        app.cancel_operation(overview.running[0].id.clone()).await.expect("it is stopped");
    });
    let started = world.ask(world.app().run_plan(plan)).expect("it is queued");
    assert_eq!(world.ended(&started.operation).state, OperationState::Cancelled);
    assert_eq!(locks(&world), 1, "ours is gone");
    let holders = std::iter::from_fn(|| events.try_recv().ok()).filter_map(|event| match event {
        AppEvent::Progress { progress, .. } => progress.lock_holder,
        _ => None,
    });
    assert_eq!(holders.map(|holder| holder.hostname).next().as_deref(), Some("nas"));
}
