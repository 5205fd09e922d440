//! Passwords with and without a keychain.

use std::time::Duration;

use holdfast_app::api::{Code, OperationState, Schedule, Secret, SecretState};
use holdfast_app::ports::NoticeAction;
use holdfast_engine::secret::Password;
use holdfast_testkit::{KeychainMood, PASSWORD, World};

use super::in_words;

const HOURLY: Schedule = Schedule::every_hours(1);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_remembered_password_is_in_the_keychain_and_in_no_file() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    assert_eq!(world.keychain.names().len(), 1);
    assert_eq!(world.repository().secret, SecretState::Stored);
    let settings = std::fs::read_to_string(world.path("config/settings.json")).expect("text");
    assert!(!settings.contains(PASSWORD));
}

#[test]
fn without_a_keychain_the_password_is_kept_until_the_app_ends() {
    let mut world = World::at("2026-03-27 09:00");
    world.keychain.set_mood(KeychainMood::Absent);
    let repository = world.add_repository();
    world.add_plan(&repository, Schedule::Manual);
    let overview = world.ask(world.app().overview()).expect("an overview");
    assert_eq!(overview.repositories[0].secret, SecretState::Session);
    let problem = overview.services.keychain.problem.expect("it says so");
    assert_eq!(problem.code, Code::KeychainUnavailable);
    assert_eq!(world.back_up().state, OperationState::Succeeded);

    world.start();
    assert_eq!(world.repository().secret, SecretState::Missing);
    let app = world.app();
    let wrong = app.enter_password(repository.clone(), Password::new("wrong"), false);
    assert_eq!(world.ask(wrong).expect_err("it is refused").code, Code::WrongPassword);
    let right = app.enter_password(repository, Password::new(PASSWORD), false);
    world.ask(right).expect("it opens");
    assert_eq!(world.back_up().state, OperationState::Succeeded);
}

#[test]
fn runs_wait_for_a_password_that_is_not_known_and_start_once_it_is_entered() {
    let mut world = World::at("2026-03-27 09:00");
    world.keychain.set_mood(KeychainMood::Absent);
    let repository = world.add_repository();
    world.add_plan(&repository, HOURLY);
    world.start();
    world.tick();
    assert_eq!(in_words(&world.operations()), ["backup scheduled queued"]);
    let reason = world.plan().health.reason.expect("a reason");
    assert_eq!(reason.code, Code::PasswordMissing);
    assert_eq!(world.told(), ["Backups to \"Blue\" wait for the password"]);
    world.notifier.choose(NoticeAction::EnterPassword);

    let entered = world.app().enter_password(repository, Password::new(PASSWORD), false);
    world.ask(entered).expect("it opens");
    world.ask(world.app().settled());
    assert_eq!(in_words(&world.operations()), ["backup scheduled succeeded"]);
}

#[test]
fn runs_wait_for_a_locked_keychain_and_start_soon_after_it_was_unlocked() {
    let mut world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.keychain.set_mood(KeychainMood::Locked);
    world.start();
    world.ask(world.app().settled());
    world.tick();
    assert_eq!(in_words(&world.operations()), ["backup scheduled queued"]);
    world.keychain.set_mood(KeychainMood::Open);
    world.pass(40 * MINUTE, 20 * MINUTE);
    assert_eq!(in_words(&world.operations()), ["backup scheduled succeeded"]);
}

#[test]
fn a_keychain_that_is_locked_only_when_the_run_begins_costs_no_run() {
    let mut world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.unplug_drive();
    world.start();
    world.pass(60 * MINUTE, 20 * MINUTE);
    world.keychain.set_mood(KeychainMood::Locked);
    world.connect_drive();
    world.pass(20 * MINUTE, 20 * MINUTE);
    world.keychain.set_mood(KeychainMood::Open);
    world.pass(40 * MINUTE, 20 * MINUTE);
    let last = world.operations().pop().expect("an operation");
    assert_eq!(last.state, OperationState::Succeeded);
    assert!(world.operations().iter().all(|one| one.state != OperationState::Failed));
}

#[test]
fn a_keychain_that_refuses_a_new_entry_keeps_the_old_one_in_use() {
    let mut world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.keychain.set_mood(KeychainMood::Locked);
    let repository = world.repository().id;
    let entered = world.app().enter_password(repository, Password::new(PASSWORD), true);
    assert_eq!(world.ask(entered).expect("it opens").secret, SecretState::Session);
    world.keychain.set_mood(KeychainMood::Open);
    world.start();
    world.ask(world.app().settled());
    assert_eq!(world.repository().secret, SecretState::Stored);
    assert_eq!(world.back_up().state, OperationState::Succeeded);
}

#[test]
fn a_locked_keychain_is_a_clear_failure_with_a_way_on() {
    let mut world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.keychain.set_mood(KeychainMood::Locked);
    world.start();
    let failed = world.back_up();
    assert_eq!(failed.problem.expect("a reason").code, Code::KeychainLocked);
    assert_eq!(world.repository().secret, SecretState::Locked);
    world.keychain.set_mood(KeychainMood::Open);
    assert_eq!(world.back_up().state, OperationState::Succeeded);
}

#[test]
fn the_recovery_sheet_holds_location_and_password() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let sheet = world.ask(world.app().recovery_sheet(world.repository().id)).expect("a sheet");
    let Secret(password) = sheet.password;
    assert_eq!(password.expose(), PASSWORD);
    assert_eq!(sheet.location, world.location().display().to_string());
    assert_eq!(sheet.steps.len(), 3);
}
