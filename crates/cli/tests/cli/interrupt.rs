//! Stopping in the middle.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use crate::world::{Ran, World};

/// A backup of standard input that has taken its lock and waits for more.
fn waiting_backup(world: &World, json: bool) -> Child {
    let words: &[&str] = if json { &["--json"] } else { &[] };
    let words = [&["backup", "--stdin"], words].concat();
    let mut child = world
        .holdfast(&words)
        .env("RESTIC_PROGRESS_FPS", "60")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("holdfast starts");
    child.stdin.as_mut().expect("piped").write_all(b"some").expect("taken");
    // The first status tells that the work has begun, and so that the lock is there.
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped")).read_line(&mut line).expect("a status");
    assert_eq!(world.files("locks").len(), 1, "{line}");
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.expect("kill is installed").success());
}

#[test]
fn a_signal_ends_with_130_and_leaves_no_lock() {
    for (name, word) in [("INT", "interrupt"), ("TERM", "terminated")] {
        let world = World::new();
        let child = waiting_backup(&world, true);
        signal(&child, name);
        let ran = Ran::of(&child.wait_with_output().expect("it ends"));
        assert_eq!(ran.code, 130, "{}", ran.err);
        let said = format!("signal {word} received, cleaning up");
        assert!(ran.err.starts_with(&said), "{}", ran.err);
        assert!(ran.err.contains(r#""message_type":"exit_error","code":130"#), "{}", ran.err);
        assert!(world.files("locks").is_empty(), "{name}");
        assert!(world.files("snapshots").is_empty(), "{name}");
    }
}

#[test]
fn the_hangup_by_which_restic_probes_is_survived() {
    let world = World::new();
    let mut child = waiting_backup(&world, false);
    signal(&child, "HUP");
    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
    assert_eq!(world.files("snapshots").len(), 1);
}

#[test]
fn a_list_whose_reader_leaves_ends_quietly_without_a_lock() {
    let world = World::new();
    for number in 0..3000 {
        world.write(&format!("source/many/{number:0100}"), b"");
    }
    world.run("backup source").success();
    let mut child = world
        .holdfast(&["ls", "latest", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("holdfast starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let ran = Ran::of(&child.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, ran.err.as_str()), (141, ""));
    assert!(world.files("locks").is_empty());
}

#[test]
fn a_backup_whose_reader_leaves_is_finished() {
    let world = World::new();
    let mut child = world
        .holdfast(&["backup", "source", "--json", "-vv"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("holdfast starts");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
    assert_eq!(world.files("snapshots").len(), 1);
    assert!(world.files("locks").is_empty());
}

#[test]
fn what_a_killed_backup_left_is_gone_with_the_next() {
    let world = World::new();
    let mut child = waiting_backup(&world, false);
    signal(&child, "KILL");
    child.wait().expect("it ends");
    assert_eq!(world.files("locks").len(), 1);
    let shown = &world.run("locks --json").messages()[0][0];
    assert_eq!(shown["state"], "dead", "{shown}");
    world.run("backup source --auto-unlock own").success();
    assert!(world.files("locks").is_empty());
}
