//! Repositories that are damaged, repaired by restic and by holdfast.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::world::{Ran, World, files_below};

/// A repository with two snapshots and small packs.
fn world() -> World {
    let world = World::new();
    world.run("backup source").success();
    let content: Vec<u8> = (0..200_000u64).map(|n| (n * n / 7) as u8).collect();
    world.write("source/folder/c.bin", &content);
    world.run("backup source").success();
    world
}

/// Copies the repository, so that both programs can repair the same one.
fn doubled(world: &World) {
    let status = std::process::Command::new("cp")
        .args(["-a", "repository", "theirs"])
        .current_dir(world.path("."))
        .status();
    assert!(status.expect("cp is installed").success());
}

fn damage(path: &PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("readable");
    change(&mut bytes);
    std::fs::remove_file(path).expect("removed");
    std::fs::write(path, bytes).expect("written");
}

fn id(path: &std::path::Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

/// The packs, largest first.
fn packs(world: &World) -> Vec<PathBuf> {
    let mut packs = world.files("data");
    packs.sort_by_key(|path| std::cmp::Reverse(std::fs::metadata(path).expect("there").len()));
    packs
}

fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| !line.is_empty()).collect()
}

/// The entries of all index files.
fn entries(world: &World, repository: &str) -> BTreeSet<String> {
    let mut entries = BTreeSet::new();
    for file in files_below(&world.path(repository).join("index")) {
        let line = format!("-r {repository} cat index {}", id(&file));
        let json: serde_json::Value =
            serde_json::from_str(&world.run(&line).success()).expect("an index file");
        for pack in json["packs"].as_array().expect("a list") {
            for blob in pack["blobs"].as_array().expect("a list") {
                entries.insert(format!("{} {blob}", pack["id"]));
            }
        }
    }
    entries
}

/// Both repair the index, and say the same. (Of packs that are as the index says, restic says that it
/// adds them if it reads all.)
#[track_caller]
fn both_repair_the_index(world: &World, flags: &str) {
    doubled(world);
    let theirs = world.run_restic(&format!("-r theirs repair index{flags}"));
    let ours = world.run(&format!("repair index{flags}"));
    assert_eq!(ours.code, theirs.code, "{}", ours.err);
    if flags.is_empty() {
        assert_eq!(lines(&ours.err), lines(&theirs.err));
    }
    assert_eq!(entries(world, "repository"), entries(world, "theirs"));
}

#[test]
fn an_index_that_is_lost_is_made_anew() {
    for flags in ["", " --read-all-packs"] {
        let world = world();
        for file in world.files("index") {
            std::fs::remove_file(file).expect("removed");
        }
        both_repair_the_index(&world, flags);
        world.run_restic("check --read-data").success();
    }
}

#[test]
fn packs_that_are_gone_or_nobody_names_are_told_as_restic_tells_them() {
    let world = world();
    std::fs::remove_file(&world.files("index")[0]).expect("removed");
    std::fs::remove_file(&packs(&world)[0]).expect("removed");
    both_repair_the_index(&world, "");
    let world = self::world();
    std::fs::remove_file(&packs(&world)[1]).expect("removed");
    both_repair_the_index(&world, " --read-all-packs");
}

#[test]
fn what_is_whole_in_a_damaged_pack_is_saved_and_a_copy_kept() {
    let world = world();
    let pack = packs(&world).remove(0);
    damage(&pack, |bytes| bytes[20] ^= 1);
    let before = std::fs::read(&pack).expect("readable");
    doubled(&world);
    let line = format!("repair packs {}", id(&pack));
    let theirs = world.run_restic(&format!("-r theirs {line}"));
    let copy = world.path(&format!("pack-{}", id(&pack)));
    std::fs::remove_file(&copy).expect("restic kept one");
    let ours = world.run(&line);
    assert_eq!((ours.code, theirs.code), (0, 0), "{}", ours.err);
    assert_eq!(std::fs::read(&copy).expect("kept"), before);
    assert!(!pack.exists());
    let blobs = |repository: &str| -> BTreeSet<String> {
        let listed = world.run(&format!("-r {repository} list blobs")).success();
        listed.lines().map(str::to_owned).collect()
    };
    assert_eq!(blobs("repository"), blobs("theirs"));
    let failed = theirs.err.lines().find(|line| line.starts_with("failed to load")).expect("told");
    let blob = failed.split(':').next().expect("a part");
    assert!(ours.err.contains(blob), "{}", ours.err);
    // Backing up again brings it back.
    world.run("backup source --force").success();
    world.run_restic("check --read-data").success();
}

#[test]
fn nothing_is_touched_if_no_copy_can_be_kept() {
    let world = world();
    let pack = packs(&world).remove(0);
    world.write(&format!("pack-{}", id(&pack)), b"in the way");
    let before = files_below(&world.path("repository"));
    let line = format!("repair packs {}", id(&pack));
    world.run(&line).failure(1, "Fatal: no copy of the pack");
    assert_eq!(files_below(&world.path("repository")), before);
}

#[test]
fn what_cannot_be_meant_ends_as_in_restic() {
    let world = world();
    let nowhere = format!("repair packs {}", "01234567".repeat(8));
    for line in ["repair packs", "repair packs abc", "repair", &nowhere] {
        let (ours, theirs): (Ran, Ran) = (world.run(line), world.run_restic(line));
        assert_eq!(ours.code, theirs.code, "{line}: {}{}", ours.out, ours.err);
    }
    world.run("repair packs").failure(1, "Fatal: no ids specified");
    world.run("repair packs abc").failure(1, "invalid length for ID: \"abc\"");
}
