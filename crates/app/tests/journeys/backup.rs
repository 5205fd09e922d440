//! A backup and what keeps it from being one.

use std::fs;

use holdfast_app::api::{Code, HealthState, OperationState, Schedule, SettingsPatch, Trigger};
use holdfast_app::ports::{NoticeAction, NoticeKind};
use holdfast_testkit::World;

fn world() -> World {
    World::with_plan("2026-03-27 09:00", Schedule::Manual)
}

fn refused(world: &World) -> Code {
    let backup = world.back_up();
    assert_eq!(backup.state, OperationState::Failed, "{backup:?}");
    backup.problem.expect("a reason").code
}

#[test]
fn the_first_backup_makes_a_snapshot_that_protects() {
    let world = world();
    let backup = world.back_up();
    assert_eq!((backup.state, backup.trigger), (OperationState::Succeeded, Trigger::FirstStart));
    assert_eq!(backup.summary.expect("figures").files_new, 1);
    let plan = world.plan();
    assert_eq!(plan.health.state, HealthState::Protected);
    assert_eq!((plan.snapshot_count, plan.size), (Some(1), Some(9)));
}

#[test]
fn the_second_backup_finds_everything_unmodified() {
    let world = world();
    world.back_up();
    let summary = world.back_up().summary.expect("figures");
    assert_eq!((summary.files_unmodified, summary.files_new), (1, 0));
}

#[test]
fn a_backup_lets_other_programs_go_first_in_all_its_threads_unless_that_is_turned_off() {
    let world = world();
    world.back_up();
    let threads = world.stepped_aside.lock().expect("no panic").clone();
    // The one that works, and those that the engine began from it.
    assert!(threads.len() > 1 && threads[0] == "work", "{threads:?}");
    // Not the one that begins the next operation, which may be in a hurry: on some systems it would
    // hand its priority on.
    assert!(!threads.iter().any(|name| name == "operation"), "{threads:?}");
    let patch = SettingsPatch { step_aside: Some(false), ..SettingsPatch::default() };
    world.ask(world.app().change_settings(patch)).expect("it is changed");
    world.back_up();
    assert_eq!(*world.stepped_aside.lock().expect("no panic"), threads);
}

#[test]
fn a_source_that_is_gone_is_refused_and_told_with_what_to_do() {
    let world = world();
    fs::remove_dir_all(world.documents()).expect("it is removed");
    assert_eq!(refused(&world), Code::SourceMissing);
    let notice = world.notifier.notices().pop().expect("a notice");
    assert_eq!(notice.kind, NoticeKind::Failed);
    assert_eq!(notice.actions, [NoticeAction::Retry, NoticeAction::ShowDetails]);
    assert_eq!(world.plan().health.state, HealthState::Failing);
}

#[test]
fn retry_on_the_notice_tries_again() {
    let world = world();
    fs::remove_dir_all(world.documents()).expect("it is removed");
    refused(&world);
    world.write("letter.txt", "again");
    world.notifier.choose(NoticeAction::Retry);
    world.ask(world.app().settled());
    let last = world.operations().pop().expect("an operation");
    assert_eq!((last.state, last.trigger), (OperationState::Succeeded, Trigger::Retry));
}

#[test]
fn a_source_that_was_emptied_is_refused_and_one_that_always_was_is_not() {
    let world = world();
    fs::remove_file(world.documents().join("letter.txt")).expect("it is removed");
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    world.write("letter.txt", "Dear Anna");
    world.back_up();
    fs::remove_file(world.documents().join("letter.txt")).expect("it is removed");
    assert_eq!(refused(&world), Code::SourceEmpty);
}

#[test]
fn a_source_that_was_emptied_is_refused_before_anybody_looked_at_the_repository() {
    let mut world = world();
    world.back_up();
    world.unplug_drive();
    world.start();
    world.ask(world.app().settled());
    world.connect_drive();
    fs::remove_file(world.documents().join("letter.txt")).expect("it is removed");
    assert_eq!(refused(&world), Code::SourceEmpty);
}

#[test]
fn a_read_only_drive_is_refused() {
    let world = world();
    world.volumes.mount(&world.drive(), 1_000_000_000, true);
    assert_eq!(refused(&world), Code::DestinationReadOnly);
}

#[test]
fn a_drive_without_room_is_refused() {
    let world = world();
    world.volumes.mount(&world.drive(), 1_000_000, false);
    assert_eq!(refused(&world), Code::DestinationFull);
}

#[test]
fn a_first_backup_that_cannot_fit_is_not_begun() {
    let world = world();
    let large = fs::File::create(world.documents().join("film")).expect("a file");
    large.set_len(1_000_000_000).expect("it is grown");
    world.volumes.mount(&world.drive(), 300_000_000, false);
    assert_eq!(refused(&world), Code::DestinationFull);
}

#[test]
fn a_repository_whose_folder_was_deleted_is_refused_and_not_waited_for() {
    let world = world();
    fs::remove_dir_all(world.location()).expect("it is removed");
    assert_eq!(refused(&world), Code::DestinationMissing);
}

#[test]
fn a_repository_inside_a_source_is_refused_unless_it_is_excluded() {
    let world = world();
    let plan = world.plan();
    let mut draft = world.plan_draft(&plan.repository, Schedule::Manual);
    draft.sources.push(world.drive().display().to_string());
    let found = world.ask(world.app().check_plan(draft.clone())).expect("an answer");
    assert_eq!(found[0].code, Code::RepositoryInsideSource);
    draft.excludes.patterns.push(world.location().display().to_string());
    let found = world.ask(world.app().check_plan(draft)).expect("an answer");
    assert_eq!(found, []);
}

#[test]
fn a_rule_that_cannot_be_understood_is_refused() {
    let world = world();
    let plan = world.plan();
    let mut draft = world.plan_draft(&plan.repository, Schedule::Manual);
    draft.excludes.patterns.push("[".to_owned());
    let refused = world.ask(world.app().change_plan(plan.id, draft)).expect_err("it is refused");
    assert_eq!(refused.code, Code::ExcludeInvalid);
}

#[test]
fn a_second_request_joins_the_one_that_waits() {
    let world = world();
    world.unplug_drive();
    let plan = world.plan().id;
    let first = world.ask(world.app().run_plan(plan.clone())).expect("it is queued");
    let second = world.ask(world.app().run_plan(plan)).expect("it is joined");
    assert!(!first.joined && second.joined && second.since.is_some());
    assert_eq!(first.operation, second.operation);
}

#[test]
fn what_waits_can_be_cancelled() {
    let world = world();
    world.unplug_drive();
    let started = world.ask(world.app().run_plan(world.plan().id)).expect("it is queued");
    world.ask(world.app().cancel_operation(started.operation.clone())).expect("it is cancelled");
    assert_eq!(world.ended(&started.operation).state, OperationState::Cancelled);
}

#[test]
fn a_damaged_history_costs_no_plan_and_no_snapshot() {
    let mut world = world();
    world.back_up();
    world.kill();
    fs::write(world.path("state/history/db"), vec![7; 9000]).expect("it is damaged");
    world.start();
    world.ask(world.app().settled());
    let overview = world.ask(world.app().overview()).expect("an overview");
    assert_eq!(overview.problems[0].code, Code::LogDamaged);
    assert_eq!(overview.plans[0].health.state, HealthState::Protected, "the repository knows");
}

#[test]
fn settings_edited_into_nonsense_are_set_aside_and_told() {
    let mut world = world();
    world.kill();
    fs::write(world.path("config/settings.json"), b"{ nonsense").expect("it is damaged");
    world.start();
    let overview = world.ask(world.app().overview()).expect("an overview");
    assert_eq!(overview.problems[0].code, Code::SettingsDamaged);
    assert_eq!(overview.plans.len(), 1, "the copy is used");
}

#[test]
fn settings_of_a_newer_version_are_refused_and_kept() {
    let mut world = world();
    world.kill();
    fs::write(world.path("config/settings.json"), b"{\"version\": 99}").expect("it is written");
    assert_eq!(world.try_start().expect_err("it refuses").code, Code::SettingsNewer);
    let kept = fs::read(world.path("config/settings.json")).expect("it is there");
    assert_eq!(kept, b"{\"version\": 99}");
}

#[test]
fn settings_and_snapshots_survive_a_restart() {
    let mut world = world();
    world.back_up();
    let before = world.plan();
    world.start();
    world.ask(world.app().settled());
    let after = world.plan();
    assert_eq!((after.health, after.last_run), (before.health, before.last_run));
    assert_eq!(world.back_up().state, OperationState::Succeeded, "the keychain knows the password");
}
