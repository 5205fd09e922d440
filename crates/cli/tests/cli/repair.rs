//! Repositories that are damaged, repaired by restic and by holdfast.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use holdfast_engine::backend::{FileKind, LocalBackend};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::{BlobId, IndexId, PackId};
use holdfast_engine::index::IndexBlob;
use holdfast_engine::monitor::Unwatched;
use holdfast_engine::repository::Repository;
use holdfast_engine::secret::Password;
use holdfast_engine::snapshot::load_all;

use crate::world::{PASSWORD, Ran, World, files_below};

/// A repository with two snapshots and small packs.
fn world() -> World {
    let world = World::new();
    world.run("backup source").success();
    // It does not compress, so that its pack is the largest one and holds nothing else.
    let mut state = 1u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    let content: Vec<u8> = (0..200_000).map(|_| next()).collect();
    world.write("source/folder/c.bin", &content);
    world.run("backup source").success();
    world
}

/// Copies the repository to `ours` and `theirs`, so that each program can repair the same one.
fn doubled(world: &World) {
    for copy in ["ours", "theirs"] {
        let _ = std::fs::remove_dir_all(world.path(copy));
        let status = std::process::Command::new("cp")
            .args(["-a", "repository", copy])
            .current_dir(world.path("."))
            .status();
        assert!(status.expect("cp is installed").success());
    }
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

fn open(world: &World, repository: &str) -> Repository {
    let backend = Arc::new(LocalBackend::new(world.path(repository)));
    Repository::open(backend, &Password::new(PASSWORD), None).expect("it opens")
}

/// The entries of all index files: pack, kind, blob, place.
fn entries(world: &World, repository: &str) -> BTreeSet<(PackId, BlobKind, BlobId, u32)> {
    let opened = open(world, repository);
    let mut entries = BTreeSet::new();
    for file in opened.list(FileKind::Index).expect("it lists") {
        let file = opened.read_index_file(IndexId(file.id)).expect("an index file");
        for pack in file.packs {
            let of = |blob: &IndexBlob| (pack.id, blob.kind, blob.id, blob.offset);
            entries.extend(pack.blobs.iter().map(of));
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
    let ours = world.run(&format!("-r ours repair index{flags}"));
    assert_eq!(ours.code, theirs.code, "{}", ours.err);
    if flags.is_empty() {
        assert_eq!(lines(&ours.err), lines(&theirs.err));
    }
    assert_eq!(entries(world, "ours"), entries(world, "theirs"));
}

#[test]
fn an_index_that_is_lost_is_made_anew() {
    for flags in ["", " --read-all-packs"] {
        let world = world();
        for file in world.files("index") {
            std::fs::remove_file(file).expect("removed");
        }
        both_repair_the_index(&world, flags);
        world.run_restic("-r ours check --read-data").success();
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
    let blobs = |repository: &str| -> BTreeSet<_> {
        entries(&world, repository).into_iter().map(|(_, kind, blob, _)| (kind, blob)).collect()
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
    world.run(&line).failure(1, "Fatal: no copy of pack");
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

/// What the snapshots of a repository say.
fn snapshots(world: &World, repository: &str) -> BTreeSet<String> {
    let all = load_all(&open(world, repository), &Unwatched).expect("it lists");
    all.iter().map(|(_, it)| String::from_utf8(it.to_json()).expect("text")).collect()
}

/// Standard output without what differs: ids of what was stored, and the order of snapshots.
fn told(ran: &Ran) -> BTreeSet<String> {
    let lines = ran.out.lines().filter(|line| !line.is_empty() && !line.contains("lock for"));
    lines
        .map(|line| match line.split_once("new snapshot ") {
            Some((before, _)) => before.to_owned(),
            None => line.to_owned(),
        })
        .collect()
}

/// Both do the same on copies of the same repository, say the same and leave the same.
#[track_caller]
fn both(world: &World, line: &str) {
    doubled(world);
    let words: Vec<&str> = line.split('|').collect();
    let with = |repository| [&["-r", repository], &words[..]].concat();
    let theirs = Ran::of(&world.restic(&with("theirs")).output().expect("restic starts"));
    let ours = Ran::of(&world.holdfast(&with("ours")).output().expect("holdfast starts"));
    assert_eq!(ours.code, theirs.code, "{line}: {}{}", ours.err, theirs.err);
    assert_eq!(told(&ours), told(&theirs), "{line}");
    assert_eq!(snapshots(world, "ours"), snapshots(world, "theirs"), "{line}");
}

#[test]
fn snapshots_are_repaired_as_restic_repairs_them() {
    let world = world();
    let pack = packs(&world).remove(0);
    damage(&pack, |bytes| bytes[20] ^= 1);
    world.run(&format!("repair packs {}", id(&pack))).success();
    let one = format!("repair|snapshots|--forget|{}", latest(&world));
    let all = "repair|snapshots";
    for line in [&one, all, "repair|snapshots|-n", "repair|snapshots|-n|--forget"] {
        both(&world, line);
    }
    both(&world, "repair|snapshots|--forget");
    world.run_restic("-r ours check --read-data").success();
}

/// Removes all packs of trees.
fn remove_trees(world: &World) {
    for (pack, kind, ..) in entries(world, "repository") {
        if kind == BlobKind::Data {
            continue;
        }
        let pack = pack.to_string();
        let path = world.path("repository/data").join(&pack[..2]).join(&pack);
        let _ = std::fs::remove_file(path);
    }
}

fn latest(world: &World) -> String {
    let all = load_all(&open(world, "repository"), &Unwatched).expect("it lists");
    all.last().expect("one").0.short()
}

#[test]
fn a_snapshot_without_a_root_is_removed_only_with_its_original() {
    let world = world();
    remove_trees(&world);
    world.run("repair index").success();
    let kept = world.run("repair snapshots").success();
    assert!(kept.contains("dir \"/\": not readable"), "{kept}");
    assert!(kept.contains("no snapshots were modified"), "{kept}");
    assert_eq!(world.files("snapshots").len(), 2);
    both(&world, "repair|snapshots|--forget");
    assert!(files_below(&world.path("ours/snapshots")).is_empty());
}

#[test]
fn snapshots_are_rewritten_as_restic_rewrites_them() {
    let lines = [
        "rewrite|--exclude|*.bin|--forget",
        "rewrite|--dry-run|-vv|--exclude|folder",
        "rewrite|--dry-run|-vv|--include|b.*|--forget|--new-host|h|--new-time|2020-01-01 00:00:00",
        "rewrite|--iexclude|A.TXT|--new-host|elsewhere",
        "rewrite|--include|a.txt|--forget",
        "rewrite|--include|nothing like it|--forget",
        "rewrite|--exclude|*|--forget",
        "rewrite|--exclude|nothing like it",
        "rewrite|--new-time|2020-02-03 04:05:06",
        "rewrite|--snapshot-summary",
        "rewrite|--exclude-file|patterns|--tag|t",
        "rewrite|-vv|-i|folder|-s",
    ];
    let world = world();
    world.write("patterns", b"# a comment\n*.bin\n!c.bin\n");
    std::fs::create_dir(world.path("source/folder/empty")).expect("made");
    world.run("backup source --tag t,u").success();
    for line in lines {
        both(&world, line);
    }
    world.run_restic("-r ours check --read-data").success();
}

#[test]
fn a_rewrite_that_cannot_be_meant_ends_as_in_restic_and_changes_nothing() {
    let world = world();
    let before = world.files("snapshots");
    let lines = [
        "rewrite",
        "rewrite --exclude a --include b",
        "rewrite --exclude [",
        "rewrite --exclude-file gone",
        "rewrite --new-time yesterday",
        "rewrite zzz --exclude a",
        "repair snapshots zzz",
    ];
    for line in lines {
        let (ours, theirs) = (world.run(line), world.run_restic(line));
        assert_eq!(ours.code, theirs.code, "{line}: {}{}", ours.out, ours.err);
    }
    assert_eq!(world.files("snapshots"), before);
    world.run("rewrite").failure(1, "Fatal: Nothing to do: no excludes/includes provided");
}

#[test]
fn a_snapshot_that_cannot_be_rewritten_stays_and_is_named() {
    let world = world();
    let id = latest(&world);
    remove_trees(&world);
    world.run("repair index").success();
    let line = format!("rewrite --exclude x --forget {id}");
    world.run(&line).failure(1, &format!("Fatal: unable to rewrite snapshot ID \"{id}\""));
    assert_eq!(world.files("snapshots").len(), 2);
}

#[test]
fn a_forgotten_snapshot_is_recovered_as_by_restic() {
    let world = world();
    world.run(&format!("forget {}", latest(&world))).success();
    doubled(&world);
    let said = |ran: Ran| -> Vec<String> {
        let out = ran.success();
        // restic says that it is done with the index, too.
        let at = out.rfind("done").expect("it says so");
        let told = out[at..].lines().filter(|line| !line.is_empty());
        told.map(|line| line.split(" snapshot ").next().unwrap_or_default().to_owned()).collect()
    };
    let expected = ["done", "found 1 unreferenced roots", "saved new"];
    assert_eq!(said(world.run("-r ours recover")), expected);
    assert_eq!(said(world.run_restic("-r theirs recover")), expected);
    let listed = |repository: &str| {
        let out = world.run(&format!("-r {repository} ls --tag recovered latest")).success();
        out.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(listed("ours"), listed("theirs"));
    assert!(listed("ours").iter().any(|path| path.ends_with("/source/folder/c.bin")));
    world.run_restic("-r ours check --read-data").success();
    // Each finds nothing where the other was.
    for again in [world.run_restic("-r ours recover"), world.run("-r theirs recover")] {
        assert!(again.success().contains("no snapshot to write."));
    }
}

#[test]
fn an_old_repository_is_upgraded_as_by_restic_and_a_copy_of_its_config_kept() {
    let world = World::without_repository();
    world.run("init --repository-version 1").success();
    world.run("backup source").success();
    let before = std::fs::read(world.path("repository/config")).expect("readable");
    doubled(&world);
    for line in ["migrate", "migrate nosuch", "migrate upgrade_repo_v2"] {
        let ours = world.run(&format!("-r ours {line}"));
        let theirs = world.run_restic(&format!("-r theirs {line}"));
        assert_eq!((ours.code, &ours.err), (theirs.code, &theirs.err), "{line}");
        if line == "migrate" {
            assert_eq!(ours.out, theirs.out);
        }
    }
    let config = world.run("-r ours cat config").success();
    assert_eq!(config, world.run("-r theirs cat config").success());
    assert!(config.contains("\"version\": 2"), "{config}");
    let id = open(&world, "ours").config().id;
    let copy = std::fs::read(world.path(&format!("config-{id}"))).expect("a copy was kept");
    assert_eq!(copy, before);
    for line in ["migrate", "migrate upgrade_repo_v2", "migrate --force upgrade_repo_v2"] {
        let ours = world.run(&format!("-r ours {line}"));
        let theirs = world.run_restic(&format!("-r theirs {line}"));
        assert_eq!(ours.code, theirs.code, "{line}");
        let first = |ran: &Ran| ran.err.lines().next().map(str::to_owned);
        assert_eq!(first(&ours), first(&theirs), "{line}");
    }
    world.write("source/folder/more", &[3; 50_000]);
    world.run("-r ours backup source").success();
    world.run_restic("-r ours check --read-data").success();
}
