use crate::world::World;

#[test]
fn a_restored_folder_is_the_same() {
    let world = World::new();
    world.run("backup source").success();
    let out = world.run("restore latest --target out --verify").success();
    assert!(out.contains("Summary: Restored 4 files/dirs (97.661 KiB) in 0:00"), "{out}");
    let read = |name: &str| std::fs::read(world.path(name)).expect("restored");
    assert_eq!(read("out/source/a.txt"), b"first");
    assert_eq!(read("out/source/folder/b.bin"), [7; 100_000]);
}

#[test]
fn a_subfolder_and_patterns_choose_what_is_restored() {
    let world = World::new();
    world.run("backup source").success();
    world.run("restore latest:/source/folder --target one").success();
    assert!(world.path("one/b.bin").exists());
    world.run("restore latest --target two --include a.txt").success();
    assert!(world.path("two/source/a.txt").exists());
    assert!(!world.path("two/source/folder").exists());
    world
        .run("restore latest --target three --include a --exclude b")
        .failure(1, "Fatal: exclude and include patterns are mutually exclusive");
    world.run("restore latest:/nowhere --target three").failure(1, "path nowhere: not found");
    assert!(!world.path("three").exists());
}

#[test]
fn a_dry_run_restores_nothing_and_counts_the_same() {
    let world = World::new();
    world.run("backup source").success();
    let dry = world.run("restore latest --target out --json --dry-run").messages();
    assert!(!world.path("out").exists());
    let real = world.run("restore latest --target out --json").messages();
    assert_eq!(dry.last(), real.last());
}

#[test]
fn what_is_there_is_overwritten_or_left_as_told() {
    let world = World::new();
    world.run("backup source").success();
    world.write("out/source/a.txt", b"mine");
    world.write("out/source/extra", b"mine");
    world.run("restore latest --target out --overwrite never").success();
    assert_eq!(std::fs::read(world.path("out/source/a.txt")).expect("there"), b"mine");
    let out = world.run("restore latest --target out --delete -vv").success();
    assert!(out.contains("updated   /source/a.txt with size 5 B"), "{out}");
    assert!(out.contains("deleted   ") && !world.path("out/source/extra").exists(), "{out}");
    assert_eq!(std::fs::read(world.path("out/source/a.txt")).expect("there"), b"first");
}

#[test]
fn a_target_is_needed_and_has_to_be_a_folder() {
    let world = World::new();
    world.run("backup source").success();
    world.run("restore latest").failure(1, "Fatal: please specify a directory to restore to");
    world.run("restore --target out").failure(1, "Fatal: no snapshot ID specified");
    world.run("restore zz --target out").failure(1, "Fatal: failed to find snapshot: no matching");
    world.write("file", b"");
    world.run("restore latest --target file").failure(1, "cannot create target directory");
}
