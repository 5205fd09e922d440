use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::world::{Ran, World};

#[test]
fn a_script_reads_which_snapshot_was_saved() {
    let world = World::new();
    let out = world.run("backup source").success();
    let saved = out.lines().last().expect("a last line");
    let id = saved.strip_prefix("snapshot ").and_then(|rest| rest.strip_suffix(" saved"));
    let listed = world.run("list snapshots").success();
    assert!(id.is_some_and(|id| id.len() == 8 && listed.starts_with(id)), "{out}");
    assert!(out.starts_with("no parent snapshot found, will read all files\n"), "{out}");
    let out = world.run("backup source").success();
    assert!(out.starts_with("using parent snapshot "), "{out}");
    assert!(out.contains("Files:           0 new,     0 changed,     2 unmodified"), "{out}");
}

#[test]
fn a_program_reads_the_summary() {
    let world = World::new();
    let messages = world.run("backup source --json").messages();
    let summary = messages.last().expect("a summary");
    let keys: Vec<_> =
        ["message_type", "files_new", "dirs_new", "total_files_processed", "total_bytes_processed"]
            .iter()
            .map(|key| summary[key].clone())
            .collect();
    assert_eq!(keys, [json!("summary"), json!(2), json!(2), json!(2), json!(100_005)]);
    assert_eq!(summary["snapshot_id"].as_str().map(str::len), Some(64));
}

#[test]
fn a_dry_run_writes_nothing() {
    let world = World::new();
    let messages = world.run("backup source --json --dry-run").messages();
    let summary = messages.last().expect("a summary");
    assert_eq!((&summary["dry_run"], &summary["files_new"]), (&json!(true), &json!(2)));
    for kind in ["snapshots", "index", "data", "locks"] {
        assert!(world.files(kind).is_empty(), "{kind}");
    }
}

#[test]
fn every_file_is_told_of_when_asked() {
    let world = World::new();
    let messages = world.run("backup source --json -vv").messages();
    let told: Vec<_> = messages
        .iter()
        .filter(|message| message["action"] == "new")
        .filter_map(|message| message["item"].as_str())
        .collect();
    for item in ["/source/a.txt", "/source/folder/b.bin", "/source/folder/", "/source/"] {
        assert!(told.contains(&item), "{item} in {told:?}");
    }
}

#[test]
fn standard_input_becomes_a_file() {
    let world = World::new();
    let mut child = world
        .holdfast(&["backup", "--stdin", "--stdin-filename", "dump/all.sql", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("holdfast starts");
    child.stdin.take().expect("piped").write_all(b"insert").expect("taken");
    let ran = Ran::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(ran.messages().last().expect("a summary")["total_bytes_processed"], 6);
    let listed = world.run("ls latest").success();
    assert!(listed.ends_with("/dump\n/dump/all.sql\n"), "{listed}");
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_makes_no_snapshot() {
    let world = World::new();
    world.run("backup --stdin-from-command -- echo data").success();
    let failing = ["backup", "--stdin-from-command", "--", "sh", "-c", "echo half; exit 3"];
    let ran = Ran::of(&world.holdfast(&failing).output().expect("holdfast starts"));
    let why = "Fatal: unable to save snapshot: failed to save /stdin: Fatal: command failed";
    ran.failure(1, why);
    assert_eq!(world.files("snapshots").len(), 1);
}

#[test]
fn lists_of_files_and_excludes_are_honoured() {
    let world = World::new();
    world.write("list", b"# what matters\nsource/*.txt\n\nsource/folder\n");
    world.write("rules", b"# not this\n*.bin\n");
    world.run("backup --files-from list --exclude-file rules -e nothing").success();
    let listed = world.run("ls latest").success();
    let paths: Vec<_> = listed.lines().skip(1).collect();
    assert_eq!(paths, ["/source", "/source/a.txt", "/source/folder"], "{listed}");
    let snapshots = world.run("snapshots --json").success();
    assert!(snapshots.contains(r#""excludes":["nothing"]"#), "{snapshots}");
}

#[test]
fn tags_host_and_time_are_recorded() {
    let world = World::new();
    let words = ["backup", "source", "--tag", "a,b", "--tag", "c", "--host", "h"];
    let time = ["--time", "2012-11-01 22:08:41"];
    Ran::of(&world.holdfast(&[&words[..], &time].concat()).output().expect("starts")).success();
    let snapshots = &world.run("snapshots --json").messages()[0][0];
    assert_eq!(snapshots["tags"], json!(["a", "b", "c"]));
    assert_eq!(snapshots["hostname"], "h");
    assert_eq!(snapshots["time"], "2012-11-01T22:08:41Z");
}

#[test]
fn nothing_new_can_be_skipped() {
    let world = World::new();
    world.run("backup source").success();
    let out = world.run("backup source --skip-if-unchanged").success();
    assert!(out.ends_with("skipped creating snapshot\n"), "{out}");
    assert_eq!(world.files("snapshots").len(), 1);
}

/// Where the line about the parent stands among the lines.
#[cfg(target_os = "linux")]
fn parent_line(out: &str) -> Option<usize> {
    out.lines().position(|line| line.contains("parent snapshot"))
}

#[cfg(target_os = "linux")]
#[test]
fn the_parent_is_told_before_the_work_and_a_stream_has_none() {
    let world = World::new();
    let first = world.run("backup source -v").success();
    assert!(first.contains("no parent snapshot found, will read all files"), "{first}");
    let out = world.run("backup source -vv").success();
    let unchanged = out.lines().position(|line| line.starts_with("unchanged /"));
    assert!(parent_line(&out).expect("told") < unchanged.expect("told"), "{out}");
    assert_eq!(out.matches("parent snapshot").count(), 1, "{out}");
    let line = "backup --json --dry-run source";
    let (ours, theirs) = (world.run(line).success(), world.run_restic(line).success());
    assert_eq!((parent_line(&ours), parent_line(&theirs)), (None, None));
    let mut stream = world.holdfast(&["backup", "--stdin"]);
    stream.stdin(std::fs::File::open(world.path("source/a.txt")).expect("there"));
    let out = crate::world::Ran::of(&stream.output().expect("starts")).success();
    assert_eq!(parent_line(&out), None, "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_would_move_the_cursor_are_quoted_where_work_is_told() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    for name in [&b"caf\xe9"[..], b"line\nbreak", b"\x1b[2J", b"q\"\ttab", "\u{fc}".as_bytes()] {
        let name = std::ffi::OsStr::from_bytes(name);
        std::fs::write(world.path("source").join(name), b"x").expect("written");
    }
    let told = |ran: crate::world::Ran| {
        let out = ran.success();
        let lines = out.lines().filter(|line| line.starts_with("unchanged "));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    };
    world.run("backup source").success();
    let theirs = told(world.run_restic("backup source --dry-run -vv"));
    assert!(theirs.len() > 5);
    assert_eq!(told(world.run("backup source --dry-run -vv")), theirs);
}
