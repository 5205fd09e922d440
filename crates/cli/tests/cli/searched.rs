//! `diff` and `find`, given to restic and to holdfast on the same repository.

use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

use crate::world::World;

/// Two snapshots that differ in every way, and their ids.
fn world() -> (World, [String; 2]) {
    let world = World::new();
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9\n<x>");
    std::fs::write(world.path("source").join(odd), b"odd").expect("written");
    std::os::unix::fs::symlink("a.txt", world.path("source/link")).expect("made");
    world.write("source/gone/deep/file", b"gone");
    world.write("source/moved", b"moved");
    world.write("source/turned", b"turned");
    world.write("source/same/file", b"same");
    world.run("backup source --host one --tag x").success();
    std::fs::remove_dir_all(world.path("source/gone")).expect("removed");
    std::fs::rename(world.path("source/moved"), world.path("source/away")).expect("renamed");
    std::fs::remove_file(world.path("source/turned")).expect("removed");
    world.write("source/turned/file", b"turned");
    world.write("source/a.txt", b"other content");
    world.write("source/new/deep/file", b"new");
    std::os::unix::fs::symlink("new", world.path("source/other-link")).expect("made");
    world.run_restic("backup source").success();
    let all: Value = serde_json::from_str(&world.run("snapshots --json").success()).expect("JSON");
    let id = |at: usize| all[at]["id"].as_str().expect("an id").to_owned();
    let ids = [id(0), id(1)];
    (world, ids)
}

#[track_caller]
fn same(world: &World, lines: &[String]) {
    for line in lines {
        let (theirs, ours) = (world.run_restic(line), world.run(line));
        assert_eq!((ours.code, &ours.out), (theirs.code, &theirs.out), "{line}\n{}", ours.err);
    }
}

#[test]
fn differences_are_told_to_the_byte() {
    let (world, [one, two]) = world();
    let source = format!("{}:/source", &two[..8]);
    same(
        &world,
        &[
            format!("diff {one} {two}"),
            format!("diff {two} {one} --metadata"),
            format!("diff {one} {two} --json"),
            format!("diff {one} {two} --json --metadata --quiet"),
            format!("diff {one} {two} --quiet"),
            format!("diff {one}:source {source} --metadata"),
            format!("diff {one} {one}"),
            format!("diff {one}:source/a.txt {two}"),
            format!("diff {one}"),
            format!("diff {one} zzz"),
        ],
    );
}

#[test]
fn names_are_found_as_restic_finds_them() {
    let (world, [one, _]) = world();
    let lines = [
        "find file",
        "find *.txt a* --long",
        "find FILE --ignore-case --json",
        "find nothing --json",
        "find nothing",
        "find caf* --json",
        "find caf*",
        "find deep/** --reverse",
        "find /source/n* --host one",
        "find file --quiet --tag x",
        "find b.bin --long --human-readable",
        "find file --oldest 2020-01-01",
        "find file --newest 2020-01-01",
        "find file --oldest 2020-01-01 --newest 2019-01-01",
        "find file --oldest yesterday",
        "find",
        "find link --json",
        "find file --snapshot zzz",
    ];
    let mut lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    lines.push(format!("find file --snapshot {}", &one[..8]));
    same(&world, &lines);
}

#[test]
fn uses_of_blobs_trees_and_packs_are_found_as_restic_finds_them() {
    let (world, [one, two]) = world();
    let root = |id: &str| {
        let json = world.run(&format!("cat snapshot {id}")).success();
        let snapshot: Value = serde_json::from_str(&json).expect("JSON");
        snapshot["tree"].as_str().expect("an id").to_owned()
    };
    let blobs = world.run("list blobs").success();
    let of_kind = |kind: &str| -> Vec<String> {
        let lines = blobs.lines().filter_map(|line| line.strip_prefix(kind));
        let mut ids: Vec<String> = lines.map(|id| id.trim().to_owned()).collect();
        ids.sort();
        ids
    };
    let (data, trees) = (of_kind("data"), of_kind("tree"));
    let pack = world.files("data")[0].file_name().expect("a name").to_string_lossy().into_owned();
    let mut lines = vec![
        format!("find --tree {}", root(&one)),
        format!("find --tree {} --json", &root(&two)[..8]),
        format!("find --tree {} {}", trees[0], trees[1]),
        format!("find --blob {} {} --json", data[0], &data[1][..8]),
        format!("find --pack {pack}"),
        format!("find --pack {} --json", &pack[..8]),
        format!("find --blob --tree {pack}"),
        "find --pack 00000000".to_owned(),
        "find --blob 00000000".to_owned(),
        "find --blob 00000000 --json".to_owned(),
        "find --blob 0000 --show-pack-id".to_owned(),
    ];
    for id in &data {
        lines.push(format!("find --blob {} --show-pack-id", &id[..8]));
    }
    for id in &trees {
        lines.push(format!("find --tree {id} --show-pack-id"));
    }
    same(&world, &lines);
}
