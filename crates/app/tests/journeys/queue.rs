//! Who goes first, what is told to whoever waits, and pausing.

use std::time::Duration;

use holdfast_app::App;
use holdfast_app::api::{
    Code, HealthState, OperationId, OperationState, OperationView, PauseFor, Schedule, Trigger,
    VerifyScope,
};
use holdfast_testkit::World;

use super::locks::leave_lock;
use super::{in_words, started};

const HOURLY: Schedule = Schedule::every_hours(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Two plans of one repository, which another program uses: a backup that runs waits for its lock,
/// and so goes on running until it is stopped.
fn with_a_backup_that_goes_on() -> World {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.add_plan_called("Letters", &world.repository().id, Schedule::Manual);
    leave_lock(&world, "nas", 9_999_999, 0);
    world
}

/// Backs the first plan up, asks something ten seconds into that, and returns the answer.
fn in_the_midst<T, F>(world: &World, ask: impl FnOnce(App) -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (answer, answered) = std::sync::mpsc::channel();
    world.ask_after(Duration::from_secs(10), |app| async move {
        answer.send(ask(app.clone()).await).expect("the test waits");
        app.stop_all().await.expect("everything stops");
    });
    let plan = world.plan().id;
    let begun = world.ask(world.app().run_plan(plan)).expect("it is queued");
    assert_eq!(world.ended(&begun.operation).state, OperationState::Cancelled);
    answered.recv().expect("an answer")
}

async fn operation(app: &App, id: &OperationId) -> OperationView {
    app.operation_detail(id.clone()).await.expect("it is known").operation
}

#[test]
fn who_waits_for_another_backup_is_told_since_when_it_runs_and_what_comes_next() {
    let world = with_a_backup_that_goes_on();
    let waiting = in_the_midst(&world, |app| async move {
        let letters = app.overview().await.expect("an overview").plans[1].id.clone();
        let waits = app.run_plan(letters).await.expect("it is queued");
        operation(&app, &waits.operation).await
    });
    let reason = waiting.waiting_for.expect("a reason");
    assert_eq!((waiting.state, reason.code), (OperationState::Queued, Code::RepositoryBusy));
    let title = "\"Blue\" is in use by the backup of \"Documents\", since 09:00.";
    assert_eq!(
        (reason.title.as_str(), reason.advice.as_str()),
        (title, "This starts right after it.")
    );
}

#[test]
fn a_verify_runs_beside_a_backup_and_a_removal_waits_for_both() {
    let world = with_a_backup_that_goes_on();
    let (verify, forget) = in_the_midst(&world, |app| async move {
        let blue = app.overview().await.expect("an overview").repositories[0].id.clone();
        let verify = app.verify_repository(blue.clone(), VerifyScope::Structure).await;
        let forget = app.forget_snapshots(blue, vec!["0".repeat(64)]).await;
        let verify = operation(&app, &verify.expect("it is queued").operation).await;
        (verify, operation(&app, &forget.expect("it is queued").operation).await)
    });
    // A verify of next to nothing may be over by now.
    assert_ne!(verify.state, OperationState::Queued);
    assert_eq!(forget.state, OperationState::Queued);
}

#[test]
fn a_plan_that_runs_and_a_repository_in_use_are_not_removed_and_it_is_told_why() {
    let world = with_a_backup_that_goes_on();
    let (plan, repository) = in_the_midst(&world, |app| async move {
        let overview = app.overview().await.expect("an overview");
        let plan = app.remove_plan(overview.plans[0].id.clone()).await;
        (plan, app.remove_repository(overview.repositories[0].id.clone()).await)
    });
    let (plan, repository) = (plan.expect_err("refused"), repository.expect_err("refused"));
    assert_eq!((plan.code, repository.code), (Code::PlanBusy, Code::RepositoryBusy));
    assert!(plan.title.contains("the backup of \"Documents\", since 09:00"), "{plan:?}");
    assert!(
        repository.title.contains("the backup of \"Documents\", since 09:00"),
        "{repository:?}"
    );
    let documents = world.plan().id;
    world.ask(world.app().remove_plan(documents)).expect("nothing of it runs any more");
}

#[test]
fn a_plan_that_only_waits_is_removed_with_what_waits() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.unplug_drive();
    let plan = world.plan().id;
    world.ask(world.app().run_plan(plan.clone())).expect("it is queued");
    world.ask(world.app().remove_plan(plan)).expect("it is removed");
    assert_eq!(in_words(&world.operations()), ["backup firststart cancelled"]);
}

#[test]
fn stopping_all_starts_nothing_in_the_place_of_what_was_stopped() {
    let world = with_a_backup_that_goes_on();
    in_the_midst(&world, |app| async move {
        let letters = app.overview().await.expect("an overview").plans[1].id.clone();
        app.run_plan(letters).await.expect("it is queued");
    });
    let both = ["backup firststart cancelled", "backup firststart cancelled"];
    assert_eq!(in_words(&world.operations()), both);
}

#[test]
fn while_paused_what_is_due_waits_and_starts_once_when_the_pause_ends() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.back_up();
    let paused = world.ask(world.app().pause(PauseFor::UntilTomorrow)).expect("it is paused");
    assert_eq!(paused.problem.title, "Backups are paused until tomorrow 06:00.");
    world.pass(20 * 60 * MINUTE, 20 * MINUTE);
    let waiting = world.operations()[1].waiting_for.clone().expect("a reason");
    assert_eq!(waiting.code, Code::Paused);
    world.pass(60 * MINUTE, 20 * MINUTE);
    let ended = ["backup firststart succeeded", "backup scheduled succeeded"];
    assert_eq!(in_words(&world.operations()), ended);
    assert_eq!(world.ask(world.app().overview()).expect("an overview").paused, None);
}

#[test]
fn a_pause_outlasts_a_restart_and_ends_when_somebody_resumes() {
    let mut world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.back_up();
    world.ask(world.app().pause(PauseFor::UntilResumed)).expect("it is paused");
    world.start();
    world.pass(2 * 60 * MINUTE, 20 * MINUTE);
    assert_eq!(started(&world.operations(), Trigger::Scheduled), 1);
    assert_eq!(world.operations()[1].state, OperationState::Queued);
    world.ask(world.app().resume()).expect("it is resumed");
    let waiting = world.operations()[1].id.clone();
    assert_eq!(world.ended(&waiting).state, OperationState::Succeeded);
    world.start();
    assert_eq!(world.ask(world.app().overview()).expect("an overview").paused, None);
}

#[test]
fn a_person_may_back_up_while_backups_are_paused() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.ask(world.app().pause(PauseFor::Hour)).expect("it is paused");
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    let paused = world.ask(world.app().overview()).expect("an overview").paused;
    assert!(paused.is_some(), "the pause stays");
}

#[test]
fn asking_for_a_backup_that_waits_for_the_end_of_a_pause_starts_it() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.back_up();
    world.ask(world.app().pause(PauseFor::UntilResumed)).expect("it is paused");
    world.pass(60 * MINUTE, 20 * MINUTE);
    let waiting = world.operations()[1].id.clone();
    let joined = world.ask(world.app().run_plan(world.plan().id)).expect("it is joined");
    assert_eq!(joined.operation, waiting);
    assert_eq!(world.ended(&waiting).state, OperationState::Succeeded);
}

#[test]
fn a_pause_protects_nobody_and_a_plan_grows_overdue_in_it() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.back_up();
    world.ask(world.app().pause(PauseFor::UntilResumed)).expect("it is paused");
    world.pass(5 * 60 * MINUTE, 30 * MINUTE);
    let health = world.plan().health;
    assert_eq!(health.state, HealthState::Overdue);
    assert!(health.reason.expect("a reason").advice.contains("paused"));
}
