//! What may pass is tried again before it is called failed.

use std::fs;
use std::time::Duration;

use holdfast_app::api::{Code, HealthState, OperationId, OperationState, OperationView, Schedule};
use holdfast_testkit::World;

const MINUTE: Duration = Duration::from_secs(60);
const TICK: Duration = Duration::from_secs(20);

/// A plan whose backup has just met a storage that does not take data.
fn failing() -> (World, OperationId) {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let (data, aside) = data_of(&world);
    fs::rename(&data, aside).expect("it is taken away");
    fs::write(&data, "no folder").expect("a file in its place");
    let started = world.ask(world.app().run_plan(world.plan().id)).expect("it is queued");
    world.ask(world.app().settled());
    (world, started.operation)
}

fn mend(world: &World) {
    let (data, aside) = data_of(world);
    fs::remove_file(&data).expect("it is removed");
    fs::rename(aside, data).expect("it is brought back");
}

fn data_of(world: &World) -> (std::path::PathBuf, std::path::PathBuf) {
    (world.location().join("data"), world.path("data-aside"))
}

fn only(world: &World) -> OperationView {
    let all = world.operations();
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().expect("an operation")
}

#[test]
fn a_storage_that_fails_for_a_moment_costs_no_backup_and_no_notice() {
    let (world, _) = failing();
    let waiting = only(&world);
    assert_eq!(waiting.state, OperationState::Queued);
    let reason = waiting.waiting_for.expect("a reason");
    assert_eq!(reason.code, Code::StorageFailed);
    assert_eq!(reason.advice, "Holdfast tries again by itself at 09:01.");
    assert_eq!(world.plan().health.state, HealthState::Waiting);

    mend(&world);
    world.pass(MINUTE, TICK);
    assert_eq!(only(&world).state, OperationState::Succeeded);
    assert_eq!(world.told(), [""; 0]);
}

#[test]
fn a_storage_that_goes_on_failing_is_a_failure_after_three_more_attempts() {
    let (world, _) = failing();
    world.pass(20 * MINUTE, TICK);
    assert_eq!(only(&world).state, OperationState::Queued);
    world.pass(2 * MINUTE, TICK);
    let failed = only(&world);
    assert_eq!(failed.state, OperationState::Failed);
    assert_eq!(failed.problem.expect("a reason").code, Code::StorageFailed);
    assert_eq!(world.told(), ["\"Documents\" was not backed up"]);
    let detail = world.ask(world.app().operation_detail(failed.id)).expect("it is known");
    let tried = detail.log.iter().filter(|line| line.text.contains("trying again"));
    assert_eq!(tried.count(), 3);
}

#[test]
fn what_waits_to_be_tried_again_can_be_cancelled() {
    let (world, operation) = failing();
    world.ask(world.app().cancel_operation(operation)).expect("it is cancelled");
    world.pass(30 * MINUTE, TICK);
    assert_eq!(only(&world).state, OperationState::Cancelled);
}

#[test]
fn who_asks_for_it_need_not_wait() {
    let (world, operation) = failing();
    mend(&world);
    let asked = world.ask(world.app().run_plan(world.plan().id)).expect("it is joined");
    assert_eq!((asked.joined, &asked.operation), (true, &operation));
    assert_eq!(world.ended(&operation).state, OperationState::Succeeded);
}

#[test]
fn a_retry_of_what_waits_is_that_operation_and_no_second_one() {
    let (world, operation) = failing();
    mend(&world);
    let asked = world.ask(world.app().retry_operation(operation.clone())).expect("it is joined");
    assert_eq!((asked.joined, asked.operation), (true, operation));
    world.ask(world.app().settled());
    assert_eq!(only(&world).state, OperationState::Succeeded);
}

#[test]
fn a_restart_goes_on_waiting_and_tries_again() {
    let (mut world, _) = failing();
    world.start();
    world.ask(world.app().settled());
    assert_eq!(only(&world).state, OperationState::Queued);
    mend(&world);
    world.pass(MINUTE, TICK);
    assert_eq!(only(&world).state, OperationState::Succeeded);
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_it_waiting() {
    let (world, _) = failing();
    mend(&world);
    world.clock.set_now("2026-03-26T09:00:00Z".parse().expect("a moment"));
    world.tick();
    assert_eq!(only(&world).state, OperationState::Succeeded);
}
