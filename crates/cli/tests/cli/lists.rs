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

#[test]
fn what_it_was_called_in_former_times_is_understood_and_a_word_is_said() {
    let world = World::new();
    let ran = world.run("backup source --hostname elsewhere");
    assert!(ran.err.contains("Flag --hostname has been deprecated, use --host"), "{}", ran.err);
    ran.success();
    world.run("backup source --host elsewhere").success();
    let ran = world.run("snapshots --json --last --host elsewhere");
    assert!(ran.err.contains("Flag --last has been deprecated, use --latest 1"), "{}", ran.err);
    assert_eq!(ran.success().matches("elsewhere").count(), 1);
    let ran = world.run("check --check-unused");
    assert!(ran.err.contains("Flag --check-unused has been deprecated"), "{}", ran.err);
    ran.success();
    let ran = world.run("rebuild-index");
    let word = "Command \"rebuild-index\" is deprecated, Use \"repair index\" instead";
    assert!(ran.err.contains(word), "{}", ran.err);
    ran.success();
}

#[test]
fn completions_and_manual_pages_are_written() {
    let world = World::without_repository();
    let nothing = "Fatal: nothing to do, please specify at least one output file/dir";
    world.run("generate").failure(1, nothing);
    let bash = world.run("generate --bash-completion -").success();
    assert!(bash.contains("--auto-unlock") && bash.contains("snapshots"), "{bash}");
    world
        .run("generate --zsh-completion - --fish-completion -")
        .failure(1, "Fatal: the generate command can only output one");
    std::fs::create_dir(world.path("man")).expect("made");
    world.run("generate --man man --powershell-completion ps1").success();
    let page = std::fs::read_to_string(world.path("man/holdfast-backup.1")).expect("it is there");
    assert!(page.contains("exclude"), "{page}");
    assert!(world.path("ps1").is_file());
    world.run("generate --man not/there").failure(1, "Fatal: cannot write not/there");
}

#[test]
fn latest_is_an_id_where_a_program_reads_what_was_compared() {
    let world = World::new();
    world.run("backup source").success();
    world.write("source/a.txt", b"changed");
    world.run("backup source").success();
    let ids = world.run("list snapshots").success();
    let newest: serde_json::Value =
        serde_json::from_str(&world.run("snapshots --json latest").success()).expect("JSON");
    let newest = newest[0]["id"].as_str().expect("an id");
    let other = ids.lines().find(|id| *id != newest).expect("there are two");
    let told = world.run(&format!("diff {other}:source latest:source --json")).messages();
    let statistics = told.last().expect("it ends with them");
    assert_eq!(statistics["source_snapshot"], format!("{other}:source"));
    assert_eq!(statistics["target_snapshot"], format!("{newest}:source"));
}
