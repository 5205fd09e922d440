//! What protects a plan, and what only did.

use std::fs;
use std::time::Duration;

use holdfast_app::api::{Code, HealthState, OperationState, Schedule};
use holdfast_testkit::World;

use super::in_words;

const HOURLY: Schedule = Schedule::EveryHours { hours: 1 };
const MINUTE: Duration = Duration::from_secs(60);

fn protected(schedule: Schedule) -> World {
    let world = World::with_plan("2026-03-27 09:00", schedule);
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    assert_eq!(world.plan().health.state, HealthState::Protected);
    world
}

fn forget_all(world: &World) {
    let repository = world.repository().id;
    let found = world.ask(world.app().snapshots(repository.clone(), None)).expect("snapshots");
    let ids = found.into_iter().map(|snapshot| snapshot.id).collect();
    let asked = world.ask(world.app().forget_snapshots(repository, ids)).expect("it is queued");
    assert_eq!(world.ended(&asked.operation).state, OperationState::Succeeded);
}

#[test]
fn a_plan_whose_only_snapshot_was_removed_is_no_longer_protected() {
    let world = protected(Schedule::Manual);
    forget_all(&world);
    assert_eq!(world.plan().health.state, HealthState::NeverBackedUp);
}

#[test]
fn a_snapshot_that_another_program_removed_protects_nothing() {
    let world = protected(Schedule::Manual);
    let snapshots = fs::read_dir(world.location().join("snapshots")).expect("snapshots");
    for snapshot in snapshots.flatten() {
        fs::remove_file(snapshot.path()).expect("it is removed");
    }
    let looked = world.app().refresh_repository(world.repository().id);
    world.ask(looked).expect("it is looked at");
    assert_eq!(world.plan().health.state, HealthState::NeverBackedUp);
}

#[test]
fn a_removed_snapshot_protects_nothing_after_a_restart_without_the_drive() {
    let mut world = protected(Schedule::Manual);
    forget_all(&world);
    world.unplug_drive();
    world.start();
    world.ask(world.app().settled());
    assert_eq!(world.plan().health.state, HealthState::NeverBackedUp);
}

#[test]
fn a_plan_moved_to_an_empty_repository_is_not_protected_by_what_is_in_the_old_one() {
    let world = protected(Schedule::Manual);
    let red = world.add_repository_on("red");
    let draft = world.plan_draft(&red, Schedule::Manual);
    let moved = world.ask(world.app().change_plan(world.plan().id, draft)).expect("it is moved");
    assert_eq!(moved.health.state, HealthState::NeverBackedUp);
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    assert_eq!(world.plan().health.state, HealthState::Protected);
}

#[test]
fn a_run_that_waits_follows_its_plan_to_another_repository() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.unplug_drive();
    let plan = world.plan().id;
    world.ask(world.app().run_plan(plan.clone())).expect("it is queued");
    let red = world.add_repository_on("red");
    let draft = world.plan_draft(&red, Schedule::Manual);
    world.ask(world.app().change_plan(plan, draft)).expect("it is moved");
    world.ask(world.app().settled());
    let expected = ["backup firststart cancelled", "backup firststart succeeded"];
    assert_eq!(in_words(&world.operations()), expected);
    assert_eq!(world.operations()[1].repository, red);
}

#[test]
fn a_repository_at_the_root_of_a_drive_that_is_not_mounted_is_waited_for() {
    let world = World::at("2026-03-27 09:00");
    let red = world.add_repository_on("red");
    world.add_plan(&red, HOURLY);
    let (mounted, away) = (world.path("media/red"), world.path("red-away"));
    fs::rename(&mounted, &away).expect("it is unmounted");
    fs::create_dir(&mounted).expect("the mount point stays");
    world.volumes.unmount(&mounted);
    world.pass(60 * MINUTE, 20 * MINUTE);
    assert_eq!(in_words(&world.operations()), ["backup scheduled queued"]);
    assert_eq!(world.plan().health.state, HealthState::Waiting);

    fs::remove_dir(&mounted).expect("it is empty");
    fs::rename(&away, &mounted).expect("it is mounted");
    world.volumes.mount(&mounted, 100_000_000_000, false);
    world.tick();
    assert_eq!(in_words(&world.operations()), ["backup scheduled succeeded"]);
}

#[test]
fn a_new_plan_whose_drive_never_comes_is_overdue_in_the_end_and_told() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.unplug_drive();
    world.pass(3 * 60 * MINUTE, 20 * MINUTE);
    assert_eq!(world.plan().health.state, HealthState::Waiting);
    world.pass(2 * 60 * MINUTE, 20 * MINUTE);
    let health = world.plan().health;
    let code = health.reason.map(|reason| reason.code);
    assert_eq!((health.state, code), (HealthState::Overdue, Some(Code::Overdue)));
    assert_eq!(world.told(), ["\"Documents\" has not been backed up yet"]);
}
