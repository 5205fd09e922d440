//! Hooks: who is told what, and what never happens because of one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use holdfast_app::api::{
    Channel, Code, HookDraft, HookOn, HookScope, HookSecrets, HookView, OnHookFailure,
    OperationKind, OperationState, Schedule, Secret, SecretState, WebMethod,
};
use holdfast_engine::secret::Password;
use holdfast_testkit::loopback::{HttpServer, Reply};
use holdfast_testkit::{KeychainMood, World};

const HOURLY: Schedule = Schedule::every_hours(1);
const MINUTE: Duration = Duration::from_secs(60);
const TOKEN: &str = "very-secret-token";

fn secret(text: &str) -> Secret {
    Secret(Password::new(text))
}

fn fine() -> Reply {
    Reply::Text(200, "thanks".to_owned())
}

fn draft(server: &HttpServer, on: &[HookOn]) -> HookDraft {
    let headers = BTreeMap::from([("X-Token".to_owned(), secret(TOKEN))]);
    HookDraft {
        name: "Phone".to_owned(),
        on: on.iter().copied().collect(),
        scope: HookScope::Everything,
        to: Channel::Webhook { method: WebMethod::Post, content_type: "text/plain".to_owned() },
        subject: None,
        template: Some("{{ event }} {{ plan }}".to_owned()),
        timeout_seconds: 5,
        on_failure: OnHookFailure::Ignore,
        secrets: HookSecrets {
            address: Some(secret(&format!("{}/{TOKEN}", server.address()))),
            token: None,
            headers: Some(headers),
        },
    }
}

fn add(world: &World, draft: HookDraft) -> HookView {
    world.ask(world.app().add_hook(draft)).expect("it is added")
}

fn told(server: &HttpServer) -> Vec<String> {
    server.requests().into_iter().map(|request| request.body).collect()
}

fn deliveries(world: &World) -> Vec<(OperationState, Option<Code>)> {
    let hooks = world.operations().into_iter().filter(|one| one.kind == OperationKind::Hook);
    hooks.map(|one| (one.state, one.problem.map(|problem| problem.code))).collect()
}

/// Fails if a file of the app holds a text.
fn check_nowhere(folder: &Path, text: &str) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            check_nowhere(&path, text);
        } else {
            let content = fs::read(&path).expect("it can be read");
            let is_in = content.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!is_in, "{} holds {text}", path.display());
        }
    }
}

#[test]
fn a_hook_is_told_that_a_backup_begins_and_what_became_of_it() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let server = HttpServer::new([fine()]);
    add(&world, draft(&server, &[HookOn::BackupStarted, HookOn::BackupSucceeded]));
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    assert_eq!(told(&server), ["backupStarted Documents", "backupSucceeded Documents"]);
    assert_eq!(deliveries(&world), [(OperationState::Succeeded, None); 2]);
    let hooks = world.ask(world.app().hooks()).expect("hooks");
    assert_eq!(hooks[0].last.as_ref().map(|last| last.state), Some(OperationState::Succeeded));
}

#[test]
fn a_hook_for_another_plan_or_another_event_is_told_nothing() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let server = HttpServer::new([fine()]);
    let other = HookScope::Plans { plans: ["other".into()].into() };
    add(&world, HookDraft { scope: other, ..draft(&server, &[HookOn::BackupSucceeded]) });
    let name = "Second".to_owned();
    add(&world, HookDraft { name, ..draft(&server, &[HookOn::AnyFailure]) });
    world.back_up();
    assert!(told(&server).is_empty());
}

#[test]
fn a_hook_that_fails_leaves_the_backup_good_and_is_tried_again() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let server = HttpServer::new([Reply::Text(503, String::new())]);
    add(&world, draft(&server, &[HookOn::BackupSucceeded]));
    assert_eq!(world.back_up().state, OperationState::Succeeded);
    assert_eq!(told(&server).len(), 1);
    world.pass(2 * MINUTE, Duration::from_secs(20));
    assert_eq!(told(&server).len(), 3, "three tries, and no more");
    let failed = (OperationState::Failed, Some(Code::HookFailed));
    assert_eq!(deliveries(&world), [failed]);
}

#[test]
fn a_hook_that_was_down_for_a_moment_is_told_later() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let server = HttpServer::new([Reply::Torn, fine()]);
    add(&world, draft(&server, &[HookOn::BackupSucceeded]));
    world.back_up();
    world.pass(MINUTE, Duration::from_secs(20));
    assert_eq!(told(&server).len(), 2);
    assert_eq!(deliveries(&world), [(OperationState::Succeeded, None)]);
}

#[test]
fn only_a_hook_that_a_person_chose_for_it_keeps_a_backup_from_running() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let server = HttpServer::new([Reply::Text(409, "not now".to_owned()), fine()]);
    let on_failure = OnHookFailure::CancelRun;
    add(&world, HookDraft { on_failure, ..draft(&server, &[HookOn::BackupStarted]) });
    let failed = world.back_up();
    assert_eq!(failed.state, OperationState::Failed);
    let problem = failed.problem.expect("a reason");
    assert_eq!(problem.code, Code::HookFailed);
    assert!(problem.title.contains("not now"), "{}", problem.title);
    let repository = world.repository().id;
    let snapshots = world.ask(world.app().snapshots(repository, None)).expect("snapshots");
    assert!(snapshots.is_empty());
    assert_eq!(world.back_up().state, OperationState::Succeeded, "it says yes the second time");
}

#[test]
fn a_plan_that_is_overdue_is_told_once_a_day_and_that_it_is_protected_again_once() {
    let world = World::with_plan("2026-03-27 09:00", HOURLY);
    world.pass(90 * MINUTE, 30 * MINUTE);
    let server = HttpServer::new([fine()]);
    add(&world, draft(&server, &[HookOn::Waiting, HookOn::Overdue, HookOn::Recovered]));
    world.unplug_drive();
    world.pass(Duration::from_secs(30 * 3600), 30 * MINUTE);
    let days = ["waiting Documents", "overdue Documents", "overdue Documents"];
    assert_eq!(told(&server), days);
    world.connect_drive();
    world.pass(2 * MINUTE, MINUTE);
    assert_eq!(told(&server)[3..], ["recovered Documents"]);
}

#[test]
fn what_is_secret_of_a_hook_is_in_the_keychain_and_in_no_file() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let server = HttpServer::new([Reply::Echo(200), Reply::Echo(500)]);
    let hook = add(&world, draft(&server, &[HookOn::BackupSucceeded]));
    assert_eq!(hook.secrets.address.as_deref(), Some("localhost"));
    assert_eq!(hook.secrets.state, Some(SecretState::Stored));
    let entry = format!("hook {}", hook.id);
    assert!(world.keychain.names().contains(&entry));
    world.back_up();
    world.back_up();
    assert_eq!(deliveries(&world).len(), 1, "the second is tried again later");
    world.pass(2 * MINUTE, Duration::from_secs(20));
    assert_eq!(deliveries(&world).len(), 2);
    check_nowhere(&world.path("config"), TOKEN);
    check_nowhere(&world.path("state"), TOKEN);

    world.ask(world.app().remove_hook(hook.id)).expect("it is removed");
    assert!(!world.keychain.names().contains(&entry));
}

#[test]
fn without_a_keychain_a_hook_works_until_the_app_ends_and_then_says_what_it_lacks() {
    let mut world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let server = HttpServer::new([fine()]);
    world.keychain.set_mood(KeychainMood::Locked);
    let hook = add(&world, draft(&server, &[HookOn::BackupSucceeded]));
    assert_eq!(hook.secrets.state, Some(SecretState::Session));
    world.keychain.set_mood(KeychainMood::Open);
    world.back_up();
    assert_eq!(deliveries(&world), [(OperationState::Succeeded, None)]);
    world.start();
    world.ask(world.app().settled());
    world.back_up();
    let failed = (OperationState::Failed, Some(Code::HookFailed));
    assert_eq!(deliveries(&world)[1], failed);
}

#[test]
fn a_test_tells_what_was_answered_with_the_secrets_that_are_known() {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    let server = HttpServer::new([fine()]);
    let hook = add(&world, draft(&server, &[HookOn::BackupFailed]));
    let again =
        HookDraft { secrets: HookSecrets::default(), ..draft(&server, &[HookOn::BackupFailed]) };
    let tested = world.ask(world.app().test_hook(Some(hook.id), again.clone())).expect("a test");
    assert_eq!((tested.answer.as_str(), tested.problem), ("thanks", None));
    assert_eq!(told(&server), ["backupFailed Documents"]);
    assert!(deliveries(&world).is_empty(), "nothing happened that was told");
    let refused = world.ask(world.app().test_hook(None, again)).expect_err("it has no address");
    assert_eq!(refused.code, Code::HookInvalid);
}

#[test]
fn a_preview_fills_in_the_template_and_says_what_is_wrong_with_it() {
    let world = World::at("2026-03-27 09:00");
    let server = HttpServer::new([]);
    let draft = draft(&server, &[HookOn::BackupFailed]);
    let shown = world.ask(world.app().render_hook(draft.clone(), HookOn::Overdue));
    let shown = shown.expect("a preview");
    assert_eq!((shown.body.as_str(), shown.problem), ("overdue Documents", None));
    assert_eq!(shown.subject, "\"Documents\" is overdue");
    let template = Some("{{ nonsense.of.it }}".to_owned());
    let broken = HookDraft { template, ..draft };
    let shown = world.ask(world.app().render_hook(broken.clone(), HookOn::Overdue));
    let problem = shown.expect("a preview").problem.expect("it says so");
    assert!(problem.title.contains("line 1"), "{}", problem.title);
    let refused = world.ask(world.app().add_hook(broken)).expect_err("it is refused");
    assert_eq!(refused.code, Code::HookInvalid);
}
