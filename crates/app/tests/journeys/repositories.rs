//! Adding, adopting and removing repositories.

use std::fs;

use holdfast_app::api::{
    Code, Location, OperationState, ProbeState, RepositoryPatch, Schedule, Secret, VerifyScope,
};
use holdfast_engine::backend::LocalBackend;
use holdfast_engine::repository::Repository;
use holdfast_engine::secret::Password;
use holdfast_testkit::{PASSWORD, World};

fn refusal(world: &World, change: impl Fn(&mut holdfast_app::api::RepositoryDraft)) -> Code {
    let mut draft = world.repository_draft(false, true);
    draft.name = "Other".to_owned();
    change(&mut draft);
    let added = world.ask(world.app().add_repository(draft));
    let Err(problem) = added else { panic!("it was added") };
    problem.code
}

#[test]
fn a_repository_can_be_removed_and_adopted_again_with_its_snapshots() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.back_up();
    let (plan, repository) = (world.plan().id, world.repository().id);
    let app = world.app();
    let refused = world.ask(app.remove_repository(repository.clone())).expect_err("it is used");
    assert_eq!(refused.code, Code::RepositoryHasPlans);
    world.ask(app.remove_plan(plan)).expect("it is removed");
    world.ask(app.remove_repository(repository)).expect("it is removed");
    assert!(world.keychain.names().is_empty());

    let draft = world.repository_draft(false, true);
    let probe = world.ask(app.probe_repository(draft.clone())).expect("an answer");
    assert_eq!((probe.state, probe.opens), (ProbeState::Repository, Some(true)));
    assert_eq!((probe.snapshot_count, probe.problem), (Some(1), None));
    let adopted = world.ask(app.add_repository(draft)).expect("it is adopted");
    assert_eq!(adopted.snapshot_count, Some(1));
}

#[test]
fn a_repository_that_the_app_makes_opens_with_its_password_alone() {
    let world = World::at("2026-03-27 09:00");
    let made = world.ask(world.app().add_repository(world.repository_draft(true, true)));
    assert_eq!(made.expect("it is made").format_version, Some(2));
    let storage = std::sync::Arc::new(LocalBackend::new(world.location()));
    assert!(Repository::open(storage, &Password::new(PASSWORD), None).is_ok());
}

#[test]
fn what_cannot_work_is_refused_before_it_is_saved() {
    let world = World::at("2026-03-27 09:00");
    world.add_repository();
    let occupied = world.path("occupied");
    fs::create_dir_all(&occupied).expect("a folder");
    fs::write(occupied.join("thesis.txt"), "!").expect("a file");
    let at = |path: &std::path::Path| Location::Local { path: path.display().to_string() };

    let wrong = refusal(&world, |draft| draft.password = Secret(Password::new("wrong")));
    assert_eq!(wrong, Code::WrongPassword);
    assert_eq!(refusal(&world, |_| {}), Code::RepositoryKnown);
    assert_eq!(refusal(&world, |draft| draft.name = "blue".into()), Code::NameInvalid);
    assert_eq!(refusal(&world, |draft| draft.create = true), Code::RepositoryKnown);
    let nowhere = refusal(&world, |draft| draft.location = at(&world.path("nowhere")));
    assert_eq!(nowhere, Code::NoRepository);
    let full = refusal(&world, |draft| {
        draft.create = true;
        draft.location = at(&occupied);
    });
    assert_eq!(full, Code::LocationOccupied);
    let relative = refusal(&world, |draft| {
        draft.location = Location::Local { path: "backup".into() };
    });
    assert_eq!(relative, Code::LocationInvalid);
}

#[test]
fn another_repository_at_the_same_place_is_not_written_to() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.back_up();
    fs::rename(world.location(), world.path("first")).expect("it is moved");
    let other = World::at("2026-03-27 09:00");
    other.add_repository();
    fs::rename(other.location(), world.location()).expect("it is moved");
    let failed = world.back_up();
    assert_eq!(failed.problem.expect("a reason").code, Code::RepositoryReplaced);
}

#[test]
fn a_change_of_the_entry_is_kept_and_made_safe() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let patch = RepositoryPatch {
        name: Some("Red".to_owned()),
        auto_unlock: Some(holdfast_app::api::AutoUnlock::All { minutes: 1 }),
        lock_wait_minutes: Some(7),
        limits: None,
    };
    let changed = world.ask(world.app().change_repository(world.repository().id, patch));
    let changed = changed.expect("it is changed");
    assert_eq!((changed.name.as_str(), changed.lock_wait_minutes), ("Red", 7));
    let least = holdfast_app::api::AutoUnlock::All { minutes: 30 };
    assert_eq!(changed.auto_unlock, least);
}

#[test]
fn verifying_tells_a_whole_repository_from_a_damaged_one() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.write("more.txt", &"x".repeat(100_000));
    world.back_up();
    let verify = || {
        let asked = world.app().verify_repository(world.repository().id, VerifyScope::All);
        world.ended(&world.ask(asked).expect("it is queued").operation)
    };
    assert_eq!(verify().state, OperationState::Succeeded);

    let packs = fs::read_dir(world.location().join("data")).expect("packs");
    let folders = packs.flatten().flat_map(|folder| fs::read_dir(folder.path()).expect("packs"));
    let pack = folders.flatten().next().expect("a pack").path();
    fs::remove_file(pack).expect("it is removed");
    let damaged = verify();
    assert_eq!(damaged.state, OperationState::Failed);
    assert_eq!(damaged.problem.expect("a reason").code, Code::VerifyFoundProblems);
    assert!(damaged.findings > 0);
}
