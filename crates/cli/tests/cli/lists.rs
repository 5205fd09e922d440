use crate::world::World;

#[test]
fn an_id_of_nothing_is_ignored_with_a_word() {
    let world = World::new();
    let ran = world.run("snapshots --json zzz");
    assert_eq!(ran.err, "Ignoring \"zzz\": no matching ID found for prefix \"zzz\"\n");
    assert_eq!(ran.success(), "[]\n");
    world.run("ls zzz").failure(1, "no matching ID found for prefix \"zzz\"");
    world.run("ls latest").failure(1, "snapshot filter (Paths:[] Tags:[] Hosts:[]): no snapshot");
}

#[test]
fn a_snapshot_is_forgotten_by_id() {
    let world = World::new();
    world.run("backup source").success();
    world.run("backup source --tag x").success();
    let out = world.run("forget --dry-run latest").success();
    assert!(out.starts_with("Would have removed the following snapshots:\n{"), "{out}");
    assert_eq!(world.files("snapshots").len(), 2);
    let out = world.run("forget latest").success();
    assert!(out.ends_with("1 / 1 files deleted\n"), "{out}");
    let left = world.run("snapshots --json").success();
    assert!(!left.contains(r#""tags":["x"]"#), "{left}");
    world.run("forget").failure(1, "Fatal: no policy was specified, no snapshots will be removed");
    world.run("check --read-data").success();
}

#[test]
fn the_version_is_the_one_of_restic_that_is_spoken() {
    let world = World::without_repository();
    let version = &world.run("version --json").messages()[0];
    assert_eq!(version["message_type"], "version");
    assert_eq!(version["version"], "0.19.1");
    assert!(world.run("version").success().starts_with("holdfast "));
}

#[test]
fn the_repository_can_come_from_a_file_or_our_own_variable() {
    let world = World::new();
    world.write("where", b"repository\n");
    let mut from_file = world.holdfast(&["snapshots", "--repository-file", "where"]);
    assert!(from_file.env_remove("RESTIC_REPOSITORY").status().expect("starts").success());
    let mut ours = world.holdfast(&["snapshots"]);
    ours.env("RESTIC_REPOSITORY", "wrong").env("HOLDFAST_REPOSITORY", "local:repository");
    assert!(ours.status().expect("starts").success());
}

#[test]
fn help_needs_nothing() {
    let world = World::without_repository();
    for line in ["--help", "backup --help", "help restore"] {
        assert!(world.run(line).success().contains("Usage: holdfast"), "{line}");
    }
}
