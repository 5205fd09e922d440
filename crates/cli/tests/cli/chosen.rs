//! Which snapshots a command line means, where a wrong answer would cost data.

use crate::world::{World, files_below};

/// The id of the snapshot that a backup made.
fn backup(world: &World, tag: &str) -> String {
    let summary = world.run(&format!("backup source --json --tag {tag}")).messages();
    let id = summary.last().expect("a summary")["snapshot_id"].as_str().expect("an id");
    id.to_owned()
}

/// Two snapshots, the second of which cannot be read.
fn world_with_the_newest_damaged() -> (World, String, String) {
    let world = World::new();
    let whole = backup(&world, "whole");
    let damaged = backup(&world, "damaged");
    let path = world.path("repository/snapshots").join(&damaged);
    let bytes = std::fs::read(&path).expect("readable");
    std::fs::remove_file(&path).expect("writable");
    std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("written");
    (world, whole, damaged)
}

#[test]
fn a_folder_of_a_snapshot_is_never_taken_for_the_snapshot() {
    let world = World::new();
    let id = backup(&world, "only");
    for text in [format!("{}:/source/folder", &id[..8]), "latest:/source".into(), "latest:".into()]
    {
        for line in ["forget", "snapshots", "stats", "check", "forget --dry-run"] {
            let line = format!("{line} {text}");
            let (theirs, ours) = (world.run_restic(&line), world.run(&line));
            let why = "<snapshot>:<subfolder> syntax not allowed";
            let ignoring = format!("Ignoring {text:?}: {why}\n");
            assert!(ours.err.contains(&ignoring), "{line}: {}", ours.err);
            assert!(theirs.err.contains(why), "{line}: {}", theirs.err);
            assert_eq!(ours.code, theirs.code, "{line}\n{}\n{}", ours.err, theirs.err);
            assert_eq!(world.files("snapshots").len(), 1, "{line}");
        }
    }
}

#[test]
fn latest_is_refused_while_the_newest_snapshot_may_be_one_that_cannot_be_read() {
    let (world, _, damaged) = world_with_the_newest_damaged();
    let expected = format!("snapshot {} cannot be read", &damaged[..8]);
    for line in ["restore latest --target out", "ls latest", "cat tree latest"] {
        let (theirs, ours) = (world.run_restic(line), world.run(line));
        assert_eq!((ours.code, theirs.code), (1, 1), "{line}\n{}\n{}", ours.err, theirs.err);
        assert!(ours.err.contains(&expected), "{line}: {}", ours.err);
        assert!(files_below(&world.path("out")).is_empty(), "{line}");
    }
    for line in ["forget latest", "forget --dry-run latest", "stats latest", "check latest"] {
        let (theirs, ours) = (world.run_restic(line), world.run(line));
        assert_eq!(ours.code, theirs.code, "{line}\n{}\n{}", ours.err, theirs.err);
        assert!(ours.err.contains(&format!("Ignoring \"latest\": {expected}")), "{}", ours.err);
        assert_eq!(world.files("snapshots").len(), 2, "{line}");
    }
}

#[test]
fn the_beginning_of_an_id_counts_snapshots_that_cannot_be_read() {
    let (world, whole, damaged) = world_with_the_newest_damaged();
    world.run(&format!("restore {whole} --target out")).success();
    let expected = format!("snapshot {} cannot be read", &damaged[..8]);
    let ran = world.run(&format!("restore {} --target other", &damaged[..8]));
    assert!(ran.code == 1 && ran.err.contains(&expected), "{}", ran.err);
    // Named as one that cannot be read, so that nobody takes it for one that is not there.
    let ran = world.run(&format!("forget {}", &damaged[..8]));
    assert!(ran.err.contains(&format!("Ignoring {:?}: {expected}", &damaged[..8])), "{}", ran.err);
    assert_eq!(world.files("snapshots").len(), 2);
}

#[test]
fn a_check_of_chosen_snapshots_fails_if_one_of_them_cannot_be_looked_at() {
    let (world, whole, damaged) = world_with_the_newest_damaged();
    let lines = [
        "check".to_owned(),
        format!("check --host {}", holdfast_machine::identity("test").hostname),
        "check --path /nowhere".to_owned(),
        "check deadbeef".to_owned(),
        "check latest".to_owned(),
        format!("check {damaged}"),
        format!("check {whole} deadbeef"),
    ];
    for line in lines {
        let (theirs, ours) = (world.run_restic(&line), world.run(&line));
        assert_eq!((ours.code, theirs.code), (1, 1), "{line}\n{}\n{}", ours.err, theirs.err);
    }
    let line = format!("check {whole}");
    assert_eq!((world.run(&line).code, world.run_restic(&line).code), (0, 0));
    let ran = world.run("check --json deadbeef");
    assert!(ran.out.contains("\"num_errors\":1"), "{}", ran.out);
}

#[test]
fn a_damaged_index_file_keeps_nobody_from_what_the_others_name() {
    let world = World::new();
    let id = backup(&world, "only");
    let damaged = world.path("repository/index").join("0".repeat(64));
    std::fs::write(damaged, "no index").expect("written");
    let content = std::fs::read_to_string(world.path("source/a.txt")).expect("readable");
    for line in [
        "dump latest /source/a.txt".to_owned(),
        format!("diff {id} {id}"),
        "ls latest".into(),
        "find a.txt".into(),
        "cat tree latest:/source".into(),
    ] {
        let ran = world.run(&line);
        assert_eq!(ran.code, 0, "{line}: {}", ran.err);
        assert!(ran.err.contains("what only this names is not found"), "{line}: {}", ran.err);
        if line.starts_with("dump") {
            assert_eq!(ran.out, content);
        }
    }
    // What counts or stores does not go on with half an index.
    for line in ["stats --mode raw-data", "backup source"] {
        assert_eq!(world.run(line).code, 1, "{line}");
    }
}
