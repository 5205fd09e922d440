//! Passwords with and without a keychain.

use holdfast_app::api::{Code, OperationState, Schedule, Secret, SecretState};
use holdfast_engine::secret::Password;
use holdfast_testkit::{KeychainMood, PASSWORD, World};

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
    let failed = world.back_up();
    assert_eq!(failed.problem.expect("a reason").code, Code::PasswordMissing);

    let app = world.app();
    let wrong = app.enter_password(repository.clone(), Password::new("wrong"), false);
    assert_eq!(world.ask(wrong).expect_err("it is refused").code, Code::WrongPassword);
    let right = app.enter_password(repository, Password::new(PASSWORD), false);
    world.ask(right).expect("it opens");
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
