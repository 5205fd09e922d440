//! What protects a plan, and what only did.

use std::fs;
use std::time::Duration;

use holdfast_app::api::{Code, ConcernKind, HealthState, OperationState, Schedule, VerifyScope};
use holdfast_app::ports::{NoticeAction, NoticeKind};
use holdfast_testkit::World;

use super::in_words;

const HOURLY: Schedule = Schedule::every_hours(1);
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
    world.tick();
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

/// Turns the bytes in the middle of the largest file of the repository's data.
fn damage_data(world: &World) {
    let mut packs: Vec<_> = fs::read_dir(world.location().join("data"))
        .expect("folders")
        .flatten()
        .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten())
        .collect();
    packs.sort_by_key(|pack| pack.metadata().map(|found| found.len()).unwrap_or_default());
    let path = packs.pop().expect("a pack").path();
    let mut bytes = fs::read(&path).expect("it can be read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::remove_file(&path).expect("it is removed");
    fs::write(&path, bytes).expect("it is written");
}

#[test]
fn damage_that_verifying_found_is_told_and_stays_in_the_overview_until_it_is_gone() {
    let world = protected(Schedule::Manual);
    damage_data(&world);
    let verify = || {
        let asked = world.app().verify_repository(world.repository().id, VerifyScope::All);
        world.ended(&world.ask(asked).expect("it is queued").operation)
    };
    let verified = verify();
    assert_eq!(verified.state, OperationState::Failed);
    let notice = world.notifier.notices().pop().expect("a notice");
    assert_eq!((notice.kind, notice.title.as_str()), (NoticeKind::Failed, "\"Blue\" is damaged"));
    assert_eq!(notice.actions, [NoticeAction::ShowDetails]);

    let concerns = || world.ask(world.app().overview()).expect("an overview").concerns;
    let found = concerns();
    assert_eq!(found.iter().map(|one| one.kind).collect::<Vec<_>>(), [ConcernKind::DamageFound]);
    assert_eq!((found[0].name.as_str(), &found[0].operation), ("Blue", &verified.id));
    assert!(found[0].count > 0);

    damage_data(&world);
    assert_eq!(verify().state, OperationState::Succeeded, "turned once more it is as it was");
    assert_eq!(concerns(), []);
}

#[test]
fn a_verify_that_fails_is_told_with_the_actions_that_fit() {
    let world = protected(Schedule::Manual);
    fs::remove_file(world.location().join("config")).expect("it is removed");
    let asked = world.app().verify_repository(world.repository().id, VerifyScope::Structure);
    world.ended(&world.ask(asked).expect("it is queued").operation);
    let notice = world.notifier.notices().pop().expect("a notice");
    assert_eq!(notice.title, "\"Blue\" was not verified");
    assert!(notice.actions.contains(&NoticeAction::ShowDetails), "{:?}", notice.actions);
}

#[test]
fn a_plan_without_a_repository_fails_in_words_and_is_told_once() {
    let mut world = protected(HOURLY);
    world.kill();
    let path = world.path("config/settings.json");
    let settings = fs::read_to_string(&path).expect("text");
    let repository = settings.split("\"repository\": \"").nth(1).expect("a plan");
    let repository = repository.split('"').next().expect("a name");
    let edited = settings
        .replace(&format!("\"repository\": \"{repository}\""), "\"repository\": \"nowhere\"");
    fs::write(&path, edited).expect("it is written");
    world.start();
    world.pass(2 * 60 * MINUTE, 20 * MINUTE);

    let plan = world.plan();
    let reason = plan.health.reason.expect("a reason");
    assert_eq!((plan.health.state, reason.code), (HealthState::Failing, Code::RepositoryUnknown));
    assert_eq!(reason.title, "\"Documents\" has no place to back up to.");
    assert_eq!((plan.next_run, plan.upcoming), (None, Vec::new()));
    assert_eq!(world.told(), ["\"Documents\" has no place to back up to"]);
    let refused = world.ask(world.app().run_all()).expect_err("it is refused");
    assert_eq!(refused.title, reason.title);
}
