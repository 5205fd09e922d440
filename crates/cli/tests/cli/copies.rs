//! `copy` and what else reads from a second repository, beside restic.

use serde_json::Value;

use crate::world::{PASSWORD, Ran, World};

/// A source with three snapshots, and an empty repository that is copied into.
fn world() -> World {
    let world = World::new();
    world.run("backup source --tag a").success();
    world.write("source/later.txt", b"later");
    world.run_restic("backup source --host other --exclude *.log").success();
    world.run("backup source/folder --tag b,c").success();
    world.create_repository_in("ours");
    world.create_repository_in("theirs");
    world
}

/// Runs a program with the variables of the source's password.
fn from(world: &World, is_restic: bool, line: &str) -> Ran {
    let words: Vec<&str> = line.split(' ').collect();
    let mut command = if is_restic { world.restic(&words) } else { world.holdfast(&words) };
    command.env("RESTIC_FROM_PASSWORD", PASSWORD);
    Ran::of(&command.output().expect("it starts"))
}

/// Snapshots without what differs by chance: ids.
fn snapshots(world: &World, repository: &str) -> Vec<Value> {
    let listed = world.run_restic(&format!("-r {repository} snapshots --json")).success();
    let mut listed: Vec<Value> = serde_json::from_str(&listed).expect("a list");
    for snapshot in &mut listed {
        let fields = snapshot.as_object_mut().expect("an object");
        fields.retain(|key, _| key != "id" && key != "short_id");
    }
    listed
}

/// What is said, without what differs by chance: ids, and the order of snapshots.
fn words(said: &str) -> Vec<String> {
    let is_id = |word: &str| word.len() == 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    let plain = |line: &str| {
        let words = line.split(' ').map(|word| if is_id(word) { "ID" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> =
        said.lines().map(plain).filter(|line| !line.ends_with("packs copied")).collect();
    lines.sort();
    lines
}

#[test]
fn a_copy_is_that_of_restic_and_each_knows_the_copies_of_the_other() {
    let world = world();
    let ours = from(&world, false, "-r ours copy --from-repo repository").success();
    let theirs = from(&world, true, "-r theirs copy --from-repo repository").success();
    assert_eq!(words(&ours), words(&theirs));
    assert_eq!(snapshots(&world, "ours"), snapshots(&world, "theirs"));
    assert_eq!(snapshots(&world, "ours").len(), 3);
    for repository in ["ours", "theirs"] {
        world.run_restic(&format!("-r {repository} check --read-data")).success();
        for is_restic in [true, false] {
            let line = format!("-r {repository} copy -v --from-repo repository");
            let said = from(&world, is_restic, &line).success();
            assert_eq!(said.matches("was already copied to snapshot").count(), 3, "{said}");
            assert_eq!(snapshots(&world, repository).len(), 3);
        }
    }
}

#[test]
fn some_snapshots_are_chosen_by_id_or_by_filter() {
    let world = world();
    let listed = world.run("snapshots --json").success();
    let listed: Vec<Value> = serde_json::from_str(&listed).expect("a list");
    let id = listed[2]["short_id"].as_str().expect("an id");
    for choice in ["--host other", "--tag b,c", id, "zzz"] {
        for (is_restic, repository) in [(false, "ours"), (true, "theirs")] {
            let line = format!("-r {repository} copy --from-repo repository {choice}");
            from(&world, is_restic, &line).success();
        }
        assert_eq!(snapshots(&world, "ours"), snapshots(&world, "theirs"), "{choice}");
    }
    assert_eq!(snapshots(&world, "ours").len(), 2);
}

#[test]
fn exit_codes_are_those_of_restic() {
    let world = world();
    world.write("place", b"repository\n");
    world.write("password", PASSWORD.as_bytes());
    let lines = [
        "-r ours copy",
        "-r ours copy --from-repo nowhere",
        "-r nowhere copy --from-repo repository",
        "-r ours copy --from-repo repository --from-repository-file place",
        "-r ours copy --from-repository-file place",
        "-r ours copy --from-repository-file place --from-insecure-no-password",
        "-r new init --from-repo repository",
        "-r new init --copy-chunker-params",
        "-r ours init --copy-chunker-params --from-repo repository",
    ];
    for line in lines {
        let (theirs, ours) = (from(&world, true, line), from(&world, false, line));
        assert_eq!(ours.code, theirs.code, "{line}\n{}\n{}", theirs.err, ours.err);
        let first = |ran: &Ran| ran.err.lines().next().unwrap_or_default().to_owned();
        if ours.code == 1 && line.contains("copy") && !line.contains("init") {
            assert_eq!(first(&ours), first(&theirs), "{line}");
        }
    }
    // The password of the source comes from a file or a command, and never from the destination's.
    for flag in ["--from-password-file password", "--from-password-command cat password"] {
        let mut words = vec!["-r", "ours", "copy", "--from-repo", "repository"];
        words.extend(flag.splitn(2, ' '));
        let ran = Ran::of(&world.holdfast(&words).output().expect("it starts"));
        ran.success();
    }
    let mut wrong = world.holdfast(&["-r", "ours", "copy", "--from-repo", "repository"]);
    let ran = Ran::of(&wrong.env("RESTIC_FROM_PASSWORD", "wrong").output().expect("it starts"));
    ran.failure(12, "Fatal: wrong password");
}

#[test]
fn a_new_repository_cuts_files_as_the_other_does() {
    let world = world();
    let polynomial = |repository: &str| {
        let config = world.run(&format!("-r {repository} cat config")).success();
        let config: Value = serde_json::from_str(&config).expect("a config");
        config["chunker_polynomial"].clone()
    };
    let line = "-r another init --copy-chunker-params --from-repo repository";
    let said = from(&world, false, line).success();
    assert!(
        said.contains("\n with chunker parameters copied from secondary repository\n"),
        "{said}"
    );
    assert_eq!(polynomial("another"), polynomial("repository"));
}
