//! Locks of others, as a script meets them.

use std::sync::Arc;

use holdfast_engine::backend::{FileKind, LocalBackend};
use holdfast_engine::repository::Repository;
use holdfast_engine::secret::Password;
use serde_json::json;

use crate::world::{PASSWORD, World};

/// A lock as restic writes it: exclusive, by this process (which lives) or one that is gone.
fn lock(world: &World, hostname: &str, pid: u32) {
    let backend = Arc::new(LocalBackend::new(world.path("repository")));
    let repository = Repository::open(backend, &Password::new(PASSWORD), None).expect("opens");
    let me = holdfast_machine::identity("test");
    let lock = json!({
        "time": jiff::Timestamp::now().to_string(),
        "exclusive": true,
        "hostname": if hostname.is_empty() { &me.hostname } else { hostname },
        "username": me.username,
        "pid": pid,
    });
    let json = serde_json::to_vec(&lock).expect("json");
    repository.write_file(FileKind::Lock, &json).expect("stored");
}

#[test]
fn a_lock_of_another_computer_is_11_for_everybody_and_named() {
    let world = World::new();
    lock(&world, "mac-mini", 77);
    for line in ["backup source", "stats", "check", "forget latest", "restore latest -t out"] {
        let err = world.run(line).failure(11, "unable to create lock in backend: repository is");
        assert!(err.contains("already locked exclusively by PID 77 on mac-mini by "), "{err}");
        assert!(err.contains("mac-mini, process 77: "), "{err}");
    }
    let err = world.run("backup source --json").failure(11, "{\"message_type\":\"exit_error\"");
    assert!(err.contains(r#""code":11"#), "{err}");
    world.run("stats --no-lock").success();
    // Listing needs nobody's leave, and leaves nothing.
    world.run("snapshots").success();
    world.run("backup source --dry-run").success();
    assert_eq!(world.files("locks").len(), 1);
    let shown = &world.run("locks --json").messages()[0][0];
    assert_eq!((&shown["hostname"], &shown["exclusive"]), (&json!("mac-mini"), &json!(true)));
    assert_ne!(shown["state"], "dead");
}

#[test]
fn waiting_is_announced_and_ends() {
    let world = World::new();
    lock(&world, "mac-mini", 77);
    let ran = world.run("backup source --retry-lock 1s");
    assert!(ran.out.contains("repo already locked, waiting up to 1s for the lock"), "{}", ran.out);
    ran.failure(11, "unable to create lock in backend");
}

#[test]
fn a_lock_is_removed_by_id_or_all_at_once() {
    let world = World::new();
    lock(&world, "mac-mini", 77);
    assert_eq!(world.run("unlock").success(), "");
    assert_eq!(world.files("locks").len(), 1);
    let out = world.run("unlock --remove-all").success();
    assert_eq!(out, "successfully removed 1 locks\n");
    lock(&world, "mac-mini", 78);
    let id = world.files("locks")[0].file_name().expect("a name").to_string_lossy()[..8].to_owned();
    let by_id = world.run(&format!("unlock {id}"));
    // It was stored just now, so its owner may be alive; then it is not removed by name either.
    if by_id.code != 0 {
        by_id.failure(1, "Fatal: lock ");
        assert_eq!(world.files("locks").len(), 1);
    } else {
        assert!(world.files("locks").is_empty());
    }
}

#[test]
fn a_living_process_keeps_its_lock() {
    let world = World::new();
    lock(&world, "", std::process::id());
    for line in ["backup source", "backup source --auto-unlock all=30m"] {
        world.run(line).failure(11, "unable to create lock in backend");
    }
    world.run("unlock").success();
    assert_eq!(world.files("locks").len(), 1);
}

#[test]
fn an_unlock_that_is_turned_off_removes_nothing() {
    let world = World::new();
    let mut child = std::process::Command::new("true").spawn().expect("true is installed");
    let gone = child.id();
    child.wait().expect("it ends");
    lock(&world, "", gone);
    world.run("backup source --auto-unlock off").failure(11, "unable to create lock in backend");
    let ran = world.run("backup source");
    assert!(ran.err.contains("removed lock "), "{}", ran.err);
    ran.success();
    assert!(world.files("locks").is_empty());
}
