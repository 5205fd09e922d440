//! Due, missed, waiting, overdue.

use std::time::Duration;

use holdfast_app::api::{
    Code, DayState, HealthState, IntervalUnit, OperationState, OperationView, Schedule, TimeOfDay,
    Trigger, VerifyScope,
};
use holdfast_testkit::World;

use super::{in_words, started};

const HOURLY: Schedule = Schedule::every_hours(1);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_run_missed_while_asleep_starts_once_after_waking() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::daily_at(2, 0));
    world.sleep_until("2026-04-02 08:00");
    world.tick();
    assert_eq!(in_words(&world.operations()), ["backup missed succeeded"]);
}

#[test]
fn a_run_that_is_due_while_the_app_is_awake_is_scheduled_and_not_missed() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.pass(60 * MINUTE, MINUTE);
    assert_eq!(in_words(&world.operations()), ["backup scheduled succeeded"]);
}

#[test]
fn an_hourly_plan_runs_at_once_and_then_every_hour() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.tick();
    assert_eq!(started(&world.operations(), Trigger::Scheduled), 1);
    world.pass(5 * 60 * MINUTE, 5 * MINUTE);
    assert_eq!(started(&world.operations(), Trigger::Scheduled), 6);
}

#[test]
fn a_plan_whose_drive_is_unplugged_waits_and_starts_once_it_is_back() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.unplug_drive();
    world.tick();
    world.pass(3 * 60 * MINUTE, 20 * MINUTE);
    assert_eq!(world.plan().health.state, HealthState::Waiting);
    assert_eq!(world.told(), [""; 0], "waiting is no news");
    world.connect_drive();
    world.tick();
    assert_eq!(in_words(&world.operations()), ["backup scheduled succeeded"]);
    assert_eq!(world.plan().health.state, HealthState::Protected);
}

#[test]
fn a_drive_that_does_not_answer_holds_up_no_other_plan() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    let red = world.add_repository_on("red");
    world.add_plan_called("Letters", &red, HOURLY);
    world.unplug_drive();
    world.volumes.hang(&world.drive());
    world.ask(world.app().tick());
    let [blue, red] = world.operations().try_into().expect("both are due");
    let reason = blue.waiting_for.expect("a reason").code;
    assert_eq!((blue.state, reason), (OperationState::Queued, Code::StorageOffline));
    world.ended(&red.id);
    world.volumes.answer();
    world.connect_drive();
    // The question that hung ends on a thread of its own; the first look at the clock after that
    // starts what waited.
    while world.operations()[0].state == OperationState::Queued {
        world.tick();
    }
    let both = ["backup scheduled succeeded", "backup scheduled succeeded"];
    assert_eq!(in_words(&world.operations()), both);
}

#[test]
fn a_new_time_for_a_plan_starts_nothing_that_lay_before_the_change() {
    let world = World::with_plan("2026-03-27 00:00", Schedule::daily_at(2, 0));
    world.pass(9 * 60 * MINUTE, 60 * MINUTE);
    let plan = world.plan();
    let draft = world.plan_draft(&plan.repository, Schedule::daily_at(8, 0));
    world.ask(world.app().change_plan(plan.id, draft)).expect("it is changed");
    world.tick();
    assert_eq!(in_words(&world.operations()), ["backup scheduled succeeded"]);
}

#[test]
fn a_plan_that_cannot_start_keeps_no_other_from_it() {
    let mut world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let red = world.add_repository_on("red");
    world.add_plan_called("Letters", &red, Schedule::Manual);
    let blue = world.plan().repository;
    world.kill();
    let settings = world.path("config/settings.json");
    let text = std::fs::read_to_string(&settings).expect("text");
    let of_plan = |id: &str| format!("\"repository\": \"{id}\"");
    let text = text.replace(&of_plan(&blue.0), &of_plan("gone"));
    std::fs::write(&settings, text).expect("it is written");
    world.start();
    let refused = world.ask(world.app().run_all()).expect_err("one cannot start");
    assert_eq!(refused.code, Code::RepositoryUnknown);
    world.ask(world.app().settled());
    assert_eq!(in_words(&world.operations()), ["backup firststart succeeded"]);
}

#[test]
fn a_plan_that_waits_still_waits_after_a_restart() {
    let mut world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.unplug_drive();
    world.tick();
    world.start();
    world.tick();
    assert_eq!(in_words(&world.operations()), ["backup scheduled queued"]);
}

#[test]
fn an_overdue_plan_is_told_once_a_day_and_its_recovery_once() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    world.unplug_drive();
    world.pass(50 * 60 * MINUTE, 30 * MINUTE);
    assert_eq!(world.told().len(), 2, "{:?}", world.told());
    assert!(world.told()[0].contains("has not been backed up for"), "{:?}", world.told());
    world.connect_drive();
    world.tick();
    assert_eq!(world.told()[2], "\"Documents\" is protected again");
}

#[test]
fn the_next_run_is_an_hour_after_the_last_one() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    let first = world.back_up();
    let plan = world.plan();
    assert_eq!(plan.next_run, first.started_at.map(|at| at + 3_600_000));
    assert_eq!(plan.upcoming.len(), 5);
}

#[test]
fn the_runs_that_a_changed_schedule_would_have_are_those_that_it_then_has() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::every_hours(4));
    world.back_up();
    world.clock.advance(Duration::from_secs(3600));
    let schedules = [
        Schedule::every_hours(2),
        Schedule::daily_at(9, 30),
        Schedule::daily_at(23, 0),
        Schedule::every_hours(4),
    ];
    let plan = world.plan();
    for schedule in schedules {
        let asked = world.app().upcoming_runs(schedule.clone().into(), Some(plan.id.clone()));
        let previewed = world.ask(asked).expect("moments");
        let draft = world.plan_draft(&plan.repository, schedule.clone());
        let asked = world.app().change_plan(plan.id.clone(), draft);
        let changed = world.ask(asked).expect("it is changed");
        assert_eq!(previewed, changed.upcoming, "{schedule:?}");
        assert_eq!(previewed.len(), 5);
    }
}

#[test]
fn the_runs_of_a_plan_that_is_not_made_yet_are_counted_from_now() {
    let world = World::at("2026-03-27 09:00");
    let upcoming = |schedule: Schedule| world.ask(world.app().upcoming_runs(schedule.into(), None));
    let hour = 3_600_000;
    let runs = upcoming(Schedule::every_hours(2)).expect("moments");
    assert_eq!(runs[1] - runs[0], 2 * hour);
    assert_eq!(upcoming(Schedule::Manual).expect("moments"), [0; 0]);
    let refused = upcoming(Schedule::every_hours(0)).expect_err("it is refused");
    assert_eq!(refused.code, Code::ScheduleInvalid);
}

#[test]
fn what_starts_once_the_drive_is_there_is_said_of_what_waits_and_of_nothing_else() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.unplug_drive();
    let repository = world.repository().id;
    let looked = world.app().refresh_repository(repository.clone());
    let problem = world.ask(looked).expect("a view").problem.expect("a reason");
    assert_eq!(problem.advice, "Connect it, then try again.");

    world.ask(world.app().run_plan(world.plan().id)).expect("it is queued");
    let asked = world.app().verify_repository(repository, VerifyScope::Structure);
    world.ask(asked).expect("it is queued");
    let advice = |waits: OperationView| waits.waiting_for.expect("a reason").advice;
    let waiting: Vec<String> = world.operations().into_iter().map(advice).collect();
    let expected = [
        "Connect it and the backup starts by itself.",
        "Connect it and verifying starts by itself.",
    ];
    assert_eq!(waiting, expected);
}

#[test]
fn days_that_were_missed_stay_missed_when_the_schedule_is_changed() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::daily_at(2, 0));
    world.sleep_until("2026-03-31 08:00");
    let missed = world.operations().pop().expect("it caught up").missed.expect("some were missed");
    assert_eq!(missed.count, 4);
    world.ask(world.app().settled());
    let days = || {
        let days = world.plan().days;
        days.iter().filter(|day| day.state == DayState::Missed).count()
    };
    assert_eq!(days(), 3, "the fourth had its backup in the end");
    let weekly = Schedule::Every { count: 7, unit: IntervalUnit::Days };
    let draft = world.plan_draft(&world.repository().id, weekly);
    world.ask(world.app().change_plan(world.plan().id, draft)).expect("it is changed");
    assert_eq!(days(), 3);
}

#[test]
fn a_click_that_comes_before_the_catch_up_is_the_catch_up() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::daily_at(2, 0));
    world.back_up();
    world.clock.stand_by(Duration::from_secs(3 * 24 * 3600));
    let by_hand = world.back_up();
    assert_eq!(by_hand.missed.expect("some were missed").count, 3);
    world.tick();
    assert_eq!(world.operations().len(), 2);
}

#[test]
fn a_backup_that_failed_is_tried_again_after_an_hour_and_not_a_whole_month_later() {
    let times = vec![TimeOfDay { hour: 2, minute: 0 }];
    let monthly = Schedule::Monthly { days: vec![1], times };
    let world = World::with_plan("2026-03-31 09:00", monthly);
    let (documents, aside) = (world.documents(), world.path("aside"));
    std::fs::rename(&documents, &aside).expect("they are taken away");
    world.sleep_until("2026-04-01 02:00");
    assert_eq!(in_words(&world.operations()), ["backup scheduled failed"]);
    std::fs::rename(&aside, &documents).expect("they are back");
    world.pass(59 * MINUTE, MINUTE);
    assert_eq!(world.operations().len(), 1);
    world.pass(MINUTE, MINUTE);
    let expected = ["backup scheduled failed", "backup scheduled succeeded"];
    assert_eq!(in_words(&world.operations()), expected);
}

#[test]
fn a_schedule_that_never_comes_is_refused() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let never = Schedule::Cron { line: "31 2 30 2 *".to_owned() };
    let draft = world.plan_draft(&world.repository().id, never);
    let asked = world.app().change_plan(world.plan().id, draft);
    let refused = world.ask(asked).expect_err("it is refused");
    assert_eq!(refused.code, Code::ScheduleInvalid);
}

#[test]
fn at_rest_looking_at_the_clock_tells_nothing() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::daily_at(2, 0));
    world.back_up();
    world.tick();
    let mut events = world.app().subscribe();
    world.pass(10 * MINUTE, MINUTE);
    assert!(events.try_recv().is_err());
}
