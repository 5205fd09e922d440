//! What the person is told while time passes, and what not.

use std::fs;
use std::time::Duration;

use holdfast_app::api::{HealthState, OperationState, RepositoryPatch, Schedule};
use holdfast_testkit::World;

use super::locks::leave_lock;

const HOURLY: Schedule = Schedule::every_hours(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn protected(schedule: Schedule) -> World {
    let world = World::with_plan("2026-03-27 09:00", schedule);
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    world
}

fn remove_documents(world: &World) {
    fs::rename(world.documents(), world.path("elsewhere")).expect("they are moved away");
}

fn return_documents(world: &World) {
    fs::rename(world.path("elsewhere"), world.documents()).expect("they are moved back");
}

fn is_about_age(title: &str) -> bool {
    title.starts_with("\"Documents\" has not been backed up for ")
}

#[test]
fn a_plan_that_failed_and_then_waits_for_its_drive_is_told_as_overdue_every_day() {
    let world = protected(HOURLY);
    remove_documents(&world);
    world.pass(HOUR * 2, HOUR);
    assert_eq!(world.plan().health.state, HealthState::Failing);
    world.unplug_drive();
    for day in 1..=3 {
        let before = world.told().len();
        world.pass(DAY, HOUR);
        let told = world.told().split_off(before);
        assert_eq!(told.len(), 1, "on day {day}: {told:?}");
        assert!(is_about_age(&told[0]), "on day {day}: {told:?}");
    }
}

#[test]
fn a_run_that_waits_for_a_lock_for_days_does_not_hide_that_its_plan_is_overdue() {
    let world = protected(HOURLY);
    let patch = RepositoryPatch { lock_wait_minutes: Some(2880), ..RepositoryPatch::default() };
    let changed = world.app().change_repository(world.repository().id, patch);
    world.ask(changed).expect("it is changed");
    leave_lock(&world, "nas", 4711, 1);
    world.ask_after(DAY, |app| async move { app.tick().await });
    world.back_up();
    let told = world.told();
    assert!(told.iter().any(|title| is_about_age(title)), "{told:?}");
}

#[test]
fn recovery_is_not_told_to_who_was_never_shown_the_trouble() {
    let world = protected(Schedule::Manual);
    world.notifier.refuse(true);
    remove_documents(&world);
    assert_eq!(world.back_up().state, OperationState::Failed);
    world.notifier.refuse(false);
    return_documents(&world);
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    assert_eq!(world.told(), Vec::<String>::new());
}

#[test]
fn a_notice_that_could_not_be_shown_is_shown_a_quarter_of_an_hour_later() {
    let world = protected(Schedule::Manual);
    world.notifier.refuse(true);
    remove_documents(&world);
    assert_eq!(world.back_up().state, OperationState::Failed);
    world.notifier.refuse(false);
    world.pass(Duration::from_secs(14 * 60), Duration::from_secs(14 * 60));
    assert_eq!(world.told(), Vec::<String>::new());
    world.pass(Duration::from_secs(120), Duration::from_secs(120));
    assert_eq!(world.told(), ["\"Documents\" was not backed up"]);
}
