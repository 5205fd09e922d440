//! The doctor in worlds that are well, and in worlds that are not.

use std::fs;

use holdfast_app::api::{
    AppEvent, CheckId, CheckView, Code, DoctorReport, FixAction, Limits, RepositoryPatch, Route,
    Schedule, Verdict,
};
use holdfast_testkit::{KeychainMood, PASSWORD, World};

const DAILY: Schedule = Schedule::every_hours(24);

fn examined(world: &World) -> DoctorReport {
    world.ask(world.app().doctor()).expect("a report")
}

fn found(world: &World, id: CheckId) -> CheckView {
    let checks = examined(world).checks;
    checks.into_iter().find(|check| check.id == id).expect("it is looked at")
}

fn fixed(world: &World, id: CheckId) {
    let action = found(world, id).fix.expect("a fix").action.expect("it can be done");
    world.ask(world.app().fix(action)).expect("it is done");
    world.ask(world.app().settled());
}

#[test]
fn in_a_world_that_is_well_nothing_fails_and_nothing_is_left_behind() {
    let world = World::with_plan("2026-03-27 09:00", DAILY);
    world.back_up();
    let before = holdfast_testkit::files_in(&world.location());
    let report = examined(&world);
    // The files of this test lie on a disk whose clock is not the one that is moved by hand.
    let bad: Vec<_> = report
        .checks
        .iter()
        .filter(|check| check.verdict < Verdict::Note && check.id != CheckId::StoreClock)
        .filter(|check| check.id != CheckId::Autostart)
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(holdfast_testkit::files_in(&world.location()), before);
}

#[test]
fn a_source_that_is_gone_is_found_before_the_backup_fails() {
    let world = World::with_plan("2026-03-27 09:00", DAILY);
    fs::remove_dir_all(world.documents()).expect("it is removed");
    assert_eq!(found(&world, CheckId::SourceExists).verdict, Verdict::Fail);
    fs::create_dir_all(world.documents()).expect("it is back");
    world.write("letter.txt", "Dear Anna");
    assert_eq!(found(&world, CheckId::SourceExists).verdict, Verdict::Pass);
}

#[test]
fn a_drive_that_is_away_is_no_failure() {
    let world = World::with_plan("2026-03-27 09:00", DAILY);
    world.unplug_drive();
    assert_eq!(found(&world, CheckId::Reachable).verdict, Verdict::Note);
    assert_eq!(found(&world, CheckId::Opens).verdict, Verdict::CouldNotLook);
}

#[test]
fn a_drive_that_can_only_be_read_is_found() {
    let world = World::with_plan("2026-03-27 09:00", DAILY);
    world.volumes.mount(&world.drive(), 100_000_000_000, true);
    assert_eq!(found(&world, CheckId::Writable).verdict, Verdict::Fail);
}

#[test]
fn a_password_that_is_not_known_is_asked_for_by_the_fix() {
    let mut world = World::with_plan("2026-03-27 09:00", DAILY);
    world.keychain.set_mood(KeychainMood::Locked);
    world.start();
    world.ask(world.app().settled());
    let check = found(&world, CheckId::Opens);
    assert_eq!(check.verdict, Verdict::Fail);
    let repository = world.repository().id;
    let mut events = world.app().subscribe();
    fixed(&world, CheckId::Opens);
    let shown = std::iter::from_fn(|| events.try_recv().ok())
        .find(|event| matches!(event, AppEvent::Navigate { .. }));
    let to = Route::EnterPassword { repository };
    assert_eq!(shown, Some(AppEvent::Navigate { to }));
}

#[test]
fn an_index_that_is_torn_is_found() {
    let world = World::with_plan("2026-03-27 09:00", DAILY);
    world.back_up();
    let index = fs::read_dir(world.location().join("index")).expect("a folder");
    for file in index.flatten() {
        let path = file.path();
        let mut permissions = fs::metadata(&path).expect("it is there").permissions();
        #[expect(clippy::permissions_set_readonly_false, reason = "a file of this test alone")]
        permissions.set_readonly(false);
        fs::set_permissions(&path, permissions).expect("it may be written");
        fs::write(&path, b"torn").expect("it is torn");
    }
    let check = found(&world, CheckId::Index);
    assert_eq!(check.verdict, Verdict::Fail);
    assert_eq!(check.fix.and_then(|fix| fix.command).as_deref(), Some("holdfast repair index"));
}

#[test]
fn a_repository_inside_its_source_is_left_out_by_the_fix() {
    let world = World::at("2026-03-27 09:00");
    let repository = world.add_repository();
    let mut draft = world.plan_draft(&repository, Schedule::Manual);
    draft.sources.push(world.drive().display().to_string());
    world.ask(world.app().add_plan(draft)).expect("it is made");
    assert_eq!(found(&world, CheckId::RepositoryInside).verdict, Verdict::Fail);
    fixed(&world, CheckId::RepositoryInside);
    assert_eq!(found(&world, CheckId::RepositoryInside).verdict, Verdict::Pass);
}

#[test]
fn a_limit_that_a_person_set_is_watched() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.back_up();
    world.back_up();
    let limits = Limits { snapshots_max: Some(1), bytes_max: None };
    let patch = RepositoryPatch { limits: Some(limits), ..RepositoryPatch::default() };
    let id = world.repository().id;
    world.ask(world.app().change_repository(id, patch)).expect("it is changed");
    let check = found(&world, CheckId::Limits);
    assert_eq!((check.verdict, check.reading.as_str()), (Verdict::Fail, "2 snapshots of 1."));
}

#[test]
fn start_at_login_is_turned_on_by_the_fix() {
    let world = World::with_plan("2026-03-27 09:00", DAILY);
    assert_eq!(found(&world, CheckId::Autostart).verdict, Verdict::Warn);
    fixed(&world, CheckId::Autostart);
    assert_eq!(found(&world, CheckId::Autostart).verdict, Verdict::Pass);
}

#[test]
fn the_report_names_neither_the_person_nor_the_password() {
    let world = World::with_plan("2026-03-27 09:00", DAILY);
    fs::remove_dir_all(world.documents()).expect("it is removed");
    let text = examined(&world).text;
    assert!(text.contains("FAIL The folders are there (Documents)"), "{text}");
    assert!(text.contains("~/Documents"), "{text}");
    for name in ["anna", "mac-mini", PASSWORD] {
        assert!(!text.contains(name), "{text}");
    }
}

#[test]
fn a_fix_for_what_is_gone_is_refused() {
    let world = World::at("2026-03-27 09:00");
    let gone = world.app().fix(FixAction::EditPlan { plan: "gone".into() });
    assert_eq!(world.ask(gone).expect_err("it is refused").code, Code::PlanUnknown);
}
