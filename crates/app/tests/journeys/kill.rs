//! An app that is killed in the middle of a backup.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use holdfast_app::api::{AppEvent, Code, OperationKind, OperationState, Schedule, Trigger};
use holdfast_engine::secret::Password;
use holdfast_testkit::{PASSWORD, World};

const FOLDER: &str = "HOLDFAST_TEST_FOLDER";
const NOW: &str = "2026-03-27 09:00";

/// Runs in a process of its own, which is killed before it ends.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test has no other way to tell its own process")]
fn victim() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let world = World::shared(folder.as_ref(), NOW);
    let repository = world.add_repository();
    let plan = world.add_plan(&repository, Schedule::every_hours(1));
    let mut events = world.app().subscribe();
    world.ask(world.app().run_plan(plan)).expect("it is queued");
    world.ask(async {
        loop {
            if let Ok(AppEvent::Progress { progress, .. }) = events.recv().await
                && progress.bytes_done > 0
            {
                break;
            }
        }
    });
    // The parent waits for this line; it goes past the test's own capture.
    std::fs::write(world.path("running"), "").expect("it is written");
    world.ask(world.app().settled());
}

#[test]
fn a_backup_that_was_killed_is_shown_as_interrupted_and_done_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let documents = folder.path().join("home/Documents");
    std::fs::create_dir_all(&documents).expect("a folder");
    let mut noise = 1_u64;
    for number in 0..24 {
        let bytes: Vec<u8> = (0..4_000_000)
            .map(|_| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (noise >> 56) as u8
            })
            .collect();
        std::fs::write(documents.join(format!("{number}.bin")), bytes).expect("a file");
    }
    let mut victim = Command::new(std::env::current_exe().expect("this test"))
        .args(["kill::victim", "--exact", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    wait_for(&mut victim, &folder.path().join("running"));
    victim.kill().expect("it is killed");
    victim.wait().expect("it ended");

    let world = World::shared(folder.path(), NOW);
    let interrupted = world.operations().into_iter().next().expect("it is remembered");
    assert_eq!(interrupted.state, OperationState::Interrupted);
    assert_eq!(interrupted.problem.expect("a reason").code, Code::Interrupted);
    // This computer's keychain ended with the process.
    let (app, repository) = (world.app(), world.repository().id);
    let entered = app.enter_password(repository, Password::new(PASSWORD), false);
    world.ask(entered).expect("it opens");
    world.clock.advance(std::time::Duration::from_secs(3600));
    world.tick();
    let (backups, unlocks): (Vec<_>, Vec<_>) = world
        .operations()
        .into_iter()
        .partition(|operation| operation.kind == OperationKind::Backup);
    let again = backups.last().expect("another one");
    assert_eq!(unlocks.len(), 1, "the lock of the killed process was removed, and recorded");
    assert_eq!(again.state, OperationState::Succeeded, "{again:?}");
    assert_eq!(again.trigger, Trigger::Missed, "nothing ran for an hour");
    let locks = world.ask(world.app().repository_locks(world.repository().id)).expect("locks");
    assert_eq!(locks, []);
}

/// Waits until the file is there. What the victim prints is read meanwhile, lest it blocks.
fn wait_for(victim: &mut std::process::Child, file: &std::path::Path) {
    let output = victim.stdout.take().expect("it is piped");
    let reader = std::thread::spawn(move || BufReader::new(output).lines().count());
    while !file.exists() {
        assert!(victim.try_wait().expect("it can be asked").is_none(), "it ended too early");
        std::thread::yield_now();
    }
    drop(reader);
}
