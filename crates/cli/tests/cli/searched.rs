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
    let packs: Vec<String> = world
        .files("data")
        .iter()
        .map(|pack| pack.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    let pack = &packs[0];
    let mut lines = vec![
        format!("find --tree {}", root(&one)),
        format!("find --tree {} --json", &root(&two)[..8]),
        format!("find --tree {} {}", trees[0], trees[1]),
        format!("find --blob {} {} --json", data[0], &data[1][..8]),
        format!("find --pack {} --json", &pack[..8]),
        format!("find --blob --tree {pack}"),
        "find --pack 00000000".to_owned(),
        "find --blob 00000000".to_owned(),
        "find --blob 00000000 --json".to_owned(),
        "find --blob 0000 --show-pack-id".to_owned(),
    ];
    lines.extend(packs.iter().map(|pack| format!("find --pack {pack}")));
    for id in &data {
        lines.push(format!("find --blob {} --show-pack-id", &id[..8]));
    }
    for id in &trees {
        lines.push(format!("find --tree {id} --show-pack-id"));
    }
    same(&world, &lines);
}

/// What a program writes, byte for byte.
fn bytes_of(mut command: std::process::Command) -> (Option<i32>, Vec<u8>) {
    let output = command.output().expect("starts");
    (output.status.code(), output.stdout)
}

#[test]
fn files_and_archives_are_dumped_to_the_byte() {
    let world = World::new();
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9\n<x>");
    std::fs::write(world.path("source").join(odd), b"odd").expect("written");
    let long = ["a".repeat(90), "b".repeat(90), "c".repeat(90), "d".repeat(110)];
    world.write(&format!("source/{}/{}", long[0], long[1]), b"split");
    world.write(&format!("source/{}/{}/{}/f", long[0], long[2], long[1]), b"not split");
    world.write(&format!("source/{}", long[3]), b"long");
    world.write(&format!("source/\u{fc}/{}", long[3]), b"long");
    world.write("source/large", &vec![7; 5_000_001]);
    world.write("source/exact", &[1; 1024]);
    std::os::unix::fs::symlink("a.txt", world.path("source/link")).expect("made");
    std::os::unix::fs::symlink(&long[3], world.path("source/long-link")).expect("made");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o4755);
    std::fs::set_permissions(world.path("source/exact"), mode).expect("set");
    let old = std::time::SystemTime::UNIX_EPOCH - std::time::Duration::from_millis(1_500);
    let file = std::fs::File::options().write(true).open(world.path("source/large"));
    file.expect("there").set_modified(old).expect("set");
    let set = std::process::Command::new("setfattr")
        .args(["-n", "user.note", "-v", "a value"])
        .arg(world.path("source/a.txt"))
        .status();
    assert!(set.expect("setfattr is installed").success());
    world.run_restic("backup source").success();
    let lines = [
        "dump latest /",
        "dump latest /source",
        "dump latest:source folder",
        "dump latest:source /",
        "dump latest source/../source/./large",
        "dump latest source/exact",
        "dump latest /source/nothing",
        "dump latest /source/a.txt/more",
        "dump latest /source/link",
        "dump latest",
        "dump zzz /",
        "dump latest / --archive rar",
        "dump latest / --target no/such/folder",
        "dump latest / --host nobody",
    ];
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let (ours, theirs) = (bytes_of(world.holdfast(&words)), bytes_of(world.restic(&words)));
        assert_eq!(ours.0, theirs.0, "{line}");
        let at = ours.1.iter().zip(&theirs.1).position(|(a, b)| a != b);
        assert_eq!((at, ours.1.len()), (None, theirs.1.len()), "{line}");
    }
    world.run("dump latest /source/folder --target ours.tar").success();
    world.run_restic("dump latest /source/folder --target theirs.tar").success();
    let read = |name| std::fs::read(world.path(name)).expect("written");
    assert_eq!(read("ours.tar"), read("theirs.tar"));
}
