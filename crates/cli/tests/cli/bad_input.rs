//! What can be wrong: each gets restic's exit code, a cause and a next step, and loses nothing.

use std::path::Path;

use crate::world::{Ran, World, files_below};

#[test]
fn a_wrong_password_is_12() {
    let world = World::new();
    let ran = world.holdfast(&["snapshots"]).env("RESTIC_PASSWORD", "wrong").output();
    let err = Ran::of(&ran.expect("starts")).failure(12, "Fatal: wrong password or no key found");
    assert!(err.contains("Nothing in the repository was changed."), "{err}");
    let ran = world.holdfast(&["snapshots", "--json"]).env("HOLDFAST_PASSWORD", "wrong").output();
    let err = Ran::of(&ran.expect("starts")).failure(12, "{\"message_type\":\"exit_error\"");
    let message: serde_json::Value = serde_json::from_str(err.trim()).expect("one message");
    assert_eq!(message["code"], 12);
}

#[test]
fn an_empty_password_has_to_be_meant() {
    let world = World::without_repository();
    let ran = world.holdfast(&["init"]).env_remove("RESTIC_PASSWORD").output();
    Ran::of(&ran.expect("starts")).failure(1, "Fatal: an empty password is not allowed");
    let mut meant = world.holdfast(&["init", "--insecure-no-password"]);
    Ran::of(&meant.env_remove("RESTIC_PASSWORD").output().expect("starts")).success();
}

#[test]
fn no_repository_is_10() {
    let world = World::without_repository();
    for line in ["snapshots", "backup source", "check", "-r elsewhere/deep ls latest"] {
        let err = world.run(line).failure(10, "Fatal: repository does not exist");
        assert!(err.contains("Is there a repository at the following location?"), "{err}");
    }
    assert!(!world.path("repository").exists());
}

#[test]
fn a_repository_is_made_once() {
    let world = World::without_repository();
    let out = world.run("init").success();
    assert!(out.starts_with("created restic repository "), "{out}");
    assert!(out.lines().next().is_some_and(|line| line.ends_with(" at repository")), "{out}");
    let before = files_below(&world.path("repository"));
    world.run("init").failure(1, "Fatal: Fatal: create repository at repository failed: config");
    assert_eq!(files_below(&world.path("repository")), before);
}

#[test]
fn a_newer_format_is_refused() {
    let world = World::without_repository();
    let repository = world.create_repository();
    let config = repository.config();
    let (id, polynomial) = (config.id, &config.chunker_polynomial);
    let json = format!(r#"{{"version":3,"id":"{id}","chunker_polynomial":"{polynomial}"}}"#);
    replace(&world.path("repository/config"), &repository.master_key().seal(json.as_bytes()));
    let err = world.run("snapshots").failure(1, "Fatal: unable to open repository: unsupported");
    assert!(err.contains("Use a newer version"), "{err}");
}

#[test]
fn another_chunker_is_refused_for_writing_and_read_all_the_same() {
    let world = World::without_repository();
    let repository = world.create_repository();
    let config = repository.config();
    let (id, polynomial) = (config.id, &config.chunker_polynomial);
    let json = format!(
        r#"{{"version":2,"id":"{id}","chunker_polynomial":"{polynomial}","chunker":"FixedSize"}}"#
    );
    replace(&world.path("repository/config"), &repository.master_key().seal(json.as_bytes()));
    let err = world.run("backup source").failure(1, "Fatal: the repository has the setting");
    assert!(err.contains("nothing was written"), "{err}");
    world.run("snapshots").success();
    assert!(world.files("locks").is_empty());
}

#[test]
fn a_torn_file_is_named_and_nothing_is_written() {
    let cases = [
        ("config", "snapshots", "Fatal: the repository's config is damaged"),
        ("keys", "snapshots", "Fatal: wrong password or no key found"),
        ("index", "backup source", "Fatal: index"),
        ("snapshots", "check", "error: snapshot"),
        ("data", "check --read-data", "error: "),
    ];
    for (kind, line, words) in cases {
        let world = World::new();
        world.run("backup source").success();
        let kept = files_below(&world.path("repository"));
        let path = match kind {
            "config" => world.path("repository/config"),
            kind => world.files(kind).remove(0),
        };
        let whole = std::fs::read(&path).expect("readable");
        replace(&path, &whole[..whole.len() / 2]);
        let ran = world.run(line);
        assert!(ran.code != 0, "{kind}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(words), "{kind}: {}", ran.err);
        assert_eq!(files_below(&world.path("repository")), kept, "{kind}");
    }
}

#[test]
fn foreign_files_in_the_repository_are_no_problem() {
    let world = World::new();
    world.run("backup source").success();
    for name in ["snapshots/notes.txt", "index/.DS_Store", "data/Thumbs.db", "readme", "locks/x"] {
        world.write(&format!("repository/{name}"), b"foreign");
    }
    world.run("check --read-data").success();
    world.run("backup source").success();
    world.run("unlock").success();
}

#[test]
fn a_snapshot_that_cannot_be_read_does_not_hide_the_others() {
    let world = World::new();
    world.run("backup source").success();
    let foreign = world.path("repository/snapshots").join("ab".repeat(32));
    std::fs::write(foreign, b"not a snapshot").expect("written");
    let ran = world.run("snapshots --json");
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("could not load snapshot abababab"), "{}", ran.err);
    let listed: serde_json::Value = serde_json::from_str(&ran.out).expect("an array");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_missing_source_is_3_and_missing_all_is_1() {
    let world = World::new();
    let err = world.run("backup source gone").failure(3, "gone does not exist, skipping");
    assert!(err.contains("Warning: at least one source file could not be read"), "{err}");
    assert_eq!(world.files("snapshots").len(), 1);
    world.run("backup gone").failure(1, "Fatal: all source directories/files do not exist");
    world.run("backup").failure(1, "Fatal: nothing to backup, please specify source files/dirs");
    assert_eq!(world.files("snapshots").len(), 1);
}

#[test]
fn what_cannot_be_done_yet_is_refused_and_never_ignored() {
    let world = World::new();
    world.run("backup source").success();
    let cases = [
        ("features", "the command \"features\" is not in this version"),
        ("stats --mode debug", "the counting mode \"debug\" is not in this version"),
        ("-r sftp:host:/x snapshots", "Fatal: storage of type \"sftp\" is not supported"),
    ];
    for (line, words) in cases {
        world.run(line).failure(1, words);
    }
    assert_eq!(world.files("snapshots").len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_source_that_may_not_be_read_is_3_with_everything_else_saved() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let secret = world.path("source/secret");
    std::fs::write(&secret, b"secret").expect("written");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).expect("ours");
    let ran = as_nobody(&world, "backup source --json");
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(r#""during":"archival""#), "{}", ran.err);
    assert!(ran.out.contains(r#""files_new":2"#), "{}", ran.out);
}

#[cfg(target_os = "linux")]
#[test]
fn a_repository_that_may_not_be_written_is_a_clear_refusal() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let read_only = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o555)).expect("ours");
    };
    for folder in ["locks", "snapshots", "index", "data"] {
        read_only(&world.path("repository").join(folder));
    }
    let ran = as_nobody(&world, "backup source");
    let err = ran.failure(1, "Fatal: unable to create lock in backend");
    assert!(err.contains("The storage refused access."), "{err}");
    let ran = as_nobody(&world, "stats");
    assert!(ran.err.contains("reading without a lock"), "{}", ran.err);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

/// A file system of 4 MiB, in a namespace of its own, so that no right is needed to make it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_leaves_the_repository_whole() {
    let world = World::new();
    // Not to be compressed, and longer than the disk is large.
    let step = |at: u32| (at.wrapping_mul(2_654_435_761) >> 13) as u8;
    world.write("large/noise", &(0..12_000_000).map(step).collect::<Vec<u8>>());
    let program = env!("CARGO_BIN_EXE_holdfast");
    let script = format!(
        "mkdir small && mount -t tmpfs -o size=4m none small && cp -r repository small/ && \
         export RESTIC_REPOSITORY=small/repository && {program} backup source && \
         {program} backup large --compression off --pack-size 4; code=$?; ls small/repository/locks >&2; \
         {program} check --read-data >&2 && exit $code"
    );
    let words = ["--user", "--map-root-user", "--mount", "sh", "-c", &script];
    let output = world.command("unshare").args(words).output().expect("unshare is installed");
    let ran = Ran::of(&output);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("The storage is full. All earlier snapshots are unharmed."),
        "{ran:?}"
    );
}

/// Runs as a user without rights: ourselves, or nobody if we are root.
#[cfg(target_os = "linux")]
fn as_nobody(world: &World, line: &str) -> Ran {
    use std::os::unix::fs::PermissionsExt;
    let program = env!("CARGO_BIN_EXE_holdfast");
    let words: Vec<&str> = line.split(' ').collect();
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|about| {
        use std::os::unix::fs::MetadataExt;
        about.uid() == 0
    });
    let mut command = if is_root {
        open_to_all(&world.path(""));
        let mut command = world.command("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
        command
    } else {
        world.command(program)
    };
    let ran = command.args(words).output().expect("it starts");
    let everything = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path(""), everything).expect("ours");
    Ran::of(&ran)
}

/// Lets another user pass and read, and write what we could write; what is closed stays closed.
#[cfg(target_os = "linux")]
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let bits = entry.metadata().expect("readable").permissions().mode() & 0o777;
        let opened = bits | (bits >> 6) | ((bits >> 3) & 0o070);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(opened)).expect("ours");
        if path.is_dir() {
            open_to_all(&path);
        }
    }
    let bits = std::fs::metadata(folder).expect("readable").permissions().mode() & 0o777;
    let opened = std::fs::Permissions::from_mode(bits | (bits >> 6));
    std::fs::set_permissions(folder, opened).expect("ours");
}

fn replace(path: &Path, content: &[u8]) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, content).expect("written");
}

#[test]
fn a_prune_without_room_needs_the_id_of_the_repository() {
    let world = World::new();
    world.run("backup source").success();
    let flag = "--unsafe-recover-no-free-space";
    world.run(&format!("prune {flag} yes")).failure(1, "Fatal: must pass id '");
    let config: serde_json::Value =
        serde_json::from_str(&world.run("cat config").success()).expect("a config");
    let id = config["id"].as_str().expect("an id");
    world.run("forget latest").success();
    world.run(&format!("prune {flag} {id}")).success();
    assert!(world.files("data").is_empty() && world.files("index").is_empty());
    world.run("check").success();
}
