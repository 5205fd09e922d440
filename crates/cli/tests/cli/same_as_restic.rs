//! The same command lines, given to restic and to holdfast on the same repository.

use std::path::PathBuf;

use serde_json::Value;

use crate::world::{World, files_below};

/// A repository with snapshots by both, of files of every kind.
fn rich_world() -> World {
    let world = World::new();
    world.write("source/a b/\u{e9}\"q.md", b"x");
    world.write("source/<x>&\u{2028}y", b"y");
    world.write("source/empty", b"");
    std::os::unix::fs::symlink("a.txt", world.path("source/link")).expect("made");
    std::fs::hard_link(world.path("source/a.txt"), world.path("source/hard")).expect("made");
    world.run_restic("backup source --tag b,a --host one").success();
    world.write("source/later.txt", b"later");
    world.run("backup source source/folder --tag c").success();
    world.run_restic("backup source/folder").success();
    world
}

#[test]
fn what_is_listed_is_equal_to_the_byte() {
    let world = rich_world();
    let lines = [
        "snapshots",
        "snapshots --compact",
        "snapshots --json",
        "snapshots --quiet",
        "snapshots --json --latest 1",
        // One group: restic gives several in any order.
        "snapshots --json --group-by host --host one",
        "snapshots --group-by host,tags --host one",
        "snapshots --json --tag a,b",
        "snapshots --json --host one latest",
        "ls latest",
        "ls --long latest",
        "ls --json latest",
        "ls --json --host one latest /source",
        "ls latest:/folder",
        "ls --recursive --host one latest /source/folder",
        "ls --ncdu --host one latest",
        "ls --path source/../source/folder/ latest",
        "snapshots --json --path source/folder latest",
        "snapshots --path source/folder",
        "ls --sort size --reverse --host one latest",
        "ls --sort extension --json --host one latest",
        "stats --json",
        "stats --json --mode files-by-contents",
        "stats --json --mode blobs-per-file latest",
        "stats --json --mode raw-data",
        "list snapshots",
        "list index",
        "list keys",
        "list locks",
        "cat config",
        "cat masterkey",
        "check --json",
        "forget --dry-run latest",
        "unlock",
    ];
    for line in lines {
        let (theirs, ours) = (world.run_restic(line), world.run(line));
        assert_eq!((ours.code, &ours.out), (theirs.code, &theirs.out), "{line}\n{}", ours.err);
    }
}

#[test]
fn every_stored_object_is_printed_alike() {
    let world = rich_world();
    for kind in ["index", "snapshot", "key"] {
        let folder = match kind {
            "index" => "index",
            "key" => "keys",
            _ => "snapshots",
        };
        for file in world.files(folder) {
            let id = file.file_name().expect("a name").to_string_lossy().into_owned();
            let line = format!("cat {kind} {id}");
            assert_eq!(world.run(&line).success(), world.run_restic(&line).success(), "{line}");
        }
    }
    for file in world.files("snapshots") {
        let line = format!("cat tree {}:", &file.file_name().expect("name").to_string_lossy()[..8]);
        assert_eq!(world.run(&line).success(), world.run_restic(&line).success(), "{line}");
    }
}

#[test]
fn exit_codes_are_equal() {
    let world = rich_world();
    let lines = [
        "snapshots zzz",
        "ls zzz",
        "ls",
        "ls latest relative",
        "restore latest",
        "restore zzz --target out",
        "restore latest --target out --dry-run --verify",
        "stats --mode wrong",
        "list wrong",
        "cat",
        "cat wrong",
        "cat snapshot zzz",
        "forget",
        "backup",
        "backup gone",
        "backup source gone",
        "snapshots --wrong",
        "wrong",
        "-r nowhere snapshots",
        "init",
        "check --read-data-subset wrong",
        "backup source --pack-size 1",
        "backup source --exclude [",
        "backup source --time yesterday",
        "backup source --stdin",
    ];
    for line in lines {
        let (theirs, ours) = (world.run_restic(line), world.run(line));
        assert_eq!(ours.code, theirs.code, "{line}\n{}\n{}", theirs.err, ours.err);
    }
}

fn keys(message: &Value) -> Vec<String> {
    let object = message.as_object().expect("an object");
    object.keys().cloned().collect()
}

#[test]
fn summaries_have_the_same_keys() {
    let world = rich_world();
    let lines = [
        "backup source --json",
        "backup source --json --dry-run",
        "restore latest --target TARGET --json",
        "restore latest --target TARGET --json",
        "check --json",
    ];
    for line in lines {
        let ours = world.run(&line.replace("TARGET", "ours")).messages();
        let theirs = world.run_restic(&line.replace("TARGET", "theirs")).messages();
        let (ours, theirs) = (ours.last().expect("a summary"), theirs.last().expect("a summary"));
        assert_eq!(keys(ours), keys(theirs), "{line}");
    }
}

#[test]
fn both_restore_the_same_and_find_nothing_wrong() {
    let world = rich_world();
    world.run_restic("restore --host one latest --target theirs").success();
    world.run("restore --host one latest --target ours").success();
    let relative = |folder: &str| -> Vec<(PathBuf, Vec<u8>)> {
        let root = world.path(folder);
        let read = |path: PathBuf| {
            let content = std::fs::read(&path).expect("readable");
            (path.strip_prefix(&root).expect("inside").to_owned(), content)
        };
        files_below(&root).into_iter().map(read).collect()
    };
    assert_eq!(relative("ours"), relative("theirs"));
    world.run_restic("check --read-data").success();
    world.run("check --read-data").success();
}

#[cfg(target_os = "linux")]
#[test]
fn extended_attributes_are_chosen_as_restic_chooses() {
    let world = World::new();
    let file = world.path("source/a.txt");
    for name in ["user.one", "user.two", "user.onward"] {
        let set = std::process::Command::new("setfattr")
            .args(["-n", name, "-v", "value"])
            .arg(&file)
            .status();
        assert!(set.expect("setfattr is installed").success());
    }
    world.run("backup source").success();
    let names = |folder: &str| {
        let mut command = std::process::Command::new("getfattr");
        command.current_dir(world.path(folder)).args(["-m", "user", "source/a.txt"]);
        String::from_utf8(command.output().expect("getfattr is installed").stdout).expect("text")
    };
    for (number, flag) in
        ["--include-xattr user.on*", "--exclude-xattr user.one"].iter().enumerate()
    {
        let (ours, theirs) = (format!("ours{number}"), format!("theirs{number}"));
        world.run(&format!("restore latest --target {ours} {flag}")).success();
        world.run_restic(&format!("restore latest --target {theirs} {flag}")).success();
        assert_eq!(names(&ours), names(&theirs), "{flag}");
        assert!(names(&ours).contains("user.onward"), "{}", names(&ours));
    }
}
