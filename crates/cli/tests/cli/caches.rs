//! The cache, and the command for it, beside restic on the same folder.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::world::{World, files_below};

fn world() -> World {
    let world = World::new();
    world.run("backup source").success();
    world
}

/// The files in the cache, without what only tells that it is one.
fn copies(world: &World) -> Vec<PathBuf> {
    let all = files_below(&world.path("copies"));
    let is_tag = |path: &PathBuf| path.ends_with("CACHEDIR.TAG") || path.ends_with("version");
    all.into_iter().filter(|path| !is_tag(path)).collect()
}

#[test]
fn caches_are_listed_and_cleaned_as_restic_does_it() {
    let world = world();
    let same = |line: &str| {
        let (theirs, ours) = (world.run_restic(line), world.run(line));
        assert_eq!((ours.code, ours.out), (theirs.code, theirs.out), "{line}\n{}", ours.err);
    };
    same("cache --cache-dir copies");
    world.run("ls latest --cache-dir copies").success();
    let made = copies(&world);
    assert!(made.len() >= 3, "{made:?}");
    for line in ["cache --cache-dir copies", "cache --cache-dir copies --no-size"] {
        same(line);
    }
    let id = std::fs::read_dir(world.path("copies")).expect("made").flatten().map(|e| e.path());
    let folder = id.into_iter().find(|path| path.is_dir()).expect("the cache");
    let age = |days: u64| {
        let used = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60 + 60);
        std::fs::File::open(&folder).and_then(|it| it.set_modified(used)).expect("permitted");
    };
    age(40);
    same("cache --cache-dir copies");
    same("cache --cache-dir copies --max-age 50");
    same("cache --cache-dir copies --cleanup --max-age 50");
    assert!(folder.exists());
    same("cache --no-cache");
    same("cache word");
    world.run("cache --cache-dir copies --cleanup").success();
    assert!(!folder.exists());
}

#[test]
fn one_cache_serves_both_programs_and_is_trusted_by_none() {
    let world = world();
    world.run_restic("ls latest --cache-dir copies").success();
    let by_restic = copies(&world);
    world.run("ls latest --cache-dir copies").success();
    let of = |paths: &[PathBuf]| paths.len();
    assert!(of(&copies(&world)) >= of(&by_restic));
    let before = world.run("ls latest").success();
    for path in copies(&world) {
        let mut permissions = std::fs::metadata(&path).expect("there").permissions();
        #[allow(clippy::permissions_set_readonly_false, reason = "a file of this test")]
        permissions.set_readonly(false);
        std::fs::set_permissions(&path, permissions).expect("ours");
        std::fs::write(&path, b"garbage").expect("written");
    }
    assert_eq!(world.run("ls latest --cache-dir copies").success(), before);
    assert_eq!(world.run_restic("ls latest --cache-dir copies").code, 0);
}

#[test]
fn a_repository_in_a_folder_has_no_cache_unless_one_is_asked_for_and_a_check_reads_past_it() {
    let world = world();
    world.run("ls latest").success();
    world.run("ls latest --no-cache --cache-dir copies").success();
    world.run("check --cache-dir copies").success();
    assert!(!world.path("cache").exists() && copies(&world).is_empty());
    world.run("check --with-cache --cache-dir copies").success();
    assert!(!copies(&world).is_empty());
}

#[test]
fn old_caches_of_others_go_when_that_is_asked_for() {
    let world = world();
    let old = world.path("copies").join("ab".repeat(32));
    std::fs::create_dir_all(&old).expect("made");
    let used = SystemTime::now() - Duration::from_secs(31 * 24 * 60 * 60);
    std::fs::File::open(&old).and_then(|it| it.set_modified(used)).expect("permitted");
    world.run("ls latest --cache-dir copies").success();
    assert!(old.exists());
    let said = world.run("snapshots --cache-dir copies --cleanup-cache").success();
    assert!(said.starts_with("removing 1 old cache dirs from copies\n"), "{said}");
    assert!(!old.exists() && !copies(&world).is_empty());
}
