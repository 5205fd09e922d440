//! Where a restore may go, and what becomes of what stands there already.

use std::fs;
use std::path::Path;

use super::super::{Destination, RestoreError, RestoreOptions, Selection};
use super::Target;
use crate::id::BlobId;
use crate::monitor::FindingKind;
use crate::testing::{World, file, folder};

#[cfg(unix)]
#[test]
fn deleting_below_the_root_of_the_disk_needs_a_selection_whatever_it_is_called() {
    let mut world = World::new();
    // A name that cannot be believed, so that nothing would be deleted even without the guard.
    let tree = world.tree(vec![file("..", 0, &[])]);
    let world = world.stored();
    let target = Target::new();
    let link = target.folder.path().join("link");
    std::os::unix::fs::symlink("/", &link).expect("link");
    let folder = target.folder.path();
    let above: std::path::PathBuf = folder.iter().map(|_| "..").collect();
    for root in [Path::new("/"), Path::new("/.."), &folder.join(above), &link] {
        let mut options = RestoreOptions::new(Destination::Folder(root.to_owned()));
        options.delete = true;
        let refused = target.restore_as(&world, tree, &options);
        assert!(matches!(refused, Err(RestoreError::DeletesEverything { .. })), "{root:?}");
    }
}

/// Where the snapshots of these tests say that their files were.
const HOME: &str = if cfg!(windows) { "C:\\home" } else { "/home" };

fn items(target: &Target, sources: &[&str], wanted: &[&str]) -> RestoreOptions {
    let paths = sources.iter().map(|source| Path::new(HOME).join(source)).collect();
    let mut options = RestoreOptions::new(Destination::Items { target: target.path(), paths });
    if !wanted.is_empty() {
        let paths = wanted.iter().map(|path| path.as_bytes().to_vec()).collect();
        options.selection = Selection::Paths(paths);
    }
    options
}

/// A snapshot of `docs` and `work`, named by whole paths.
fn two_folders() -> (World, crate::id::TreeId) {
    let mut world = World::new();
    let data = world.data(b"x");
    let (a, b) = (world.tree(vec![file("a", 1, &[data])]), world.tree(vec![file("b", 1, &[data])]));
    let home = world.tree(vec![folder("docs", a), folder("work", b)]);
    let mut tree = world.tree(vec![folder("home", home)]);
    if cfg!(windows) {
        tree = world.tree(vec![folder("C", tree)]);
    }
    (world.stored(), tree)
}

#[test]
fn a_source_that_the_snapshot_lacks_does_not_keep_the_others_from_a_folder() {
    let (world, tree) = two_folders();
    let target = Target::new();
    let options = items(&target, &["docs", "secret", "work", "work/b"], &[]);
    let outcome = target.restore_as(&world, tree, &options).expect("restores what is there");
    let expected = ["target", "target/docs", "target/docs/a", "target/work", "target/work/b"];
    assert_eq!(target.names(), expected);
    assert_eq!((outcome.failures, outcome.notes), (0, 1));
}

#[test]
fn an_item_that_the_snapshot_lacks_is_reported_and_the_others_are_restored() {
    let (world, tree) = two_folders();
    let target = Target::new();
    let drive = if cfg!(windows) { "/C" } else { "" };
    let (there, gone) = (format!("{drive}/home/docs"), format!("{drive}/home/gone"));
    let options = items(&target, &["docs", "work"], &[&gone, &there]);
    let outcome = target.restore_as(&world, tree, &options).expect("restores what is there");
    assert_eq!(target.names(), ["target", "target/docs", "target/docs/a"]);
    assert_eq!((outcome.failures, target.found()), (1, vec![(FindingKind::Missing, gone.clone())]));
    let none = target.restore_as(&world, tree, &items(&target, &["docs"], &[&gone]));
    assert!(matches!(none, Err(RestoreError::NotInSnapshot { .. })), "{none:?}");
}

#[test]
fn what_was_backed_up_by_a_relative_path_goes_to_a_folder_too() {
    let mut world = World::new();
    let data = world.data(b"x");
    let inner = world.tree(vec![file("b", 1, &[data])]);
    // Made in `/home/here` of `.` and `/home/there`: the first has no name in the snapshot.
    let tree = world.tree(vec![file("a", 1, &[data]), folder("there", inner)]);
    let world = world.stored();
    for sources in [&["here", "there"][..], &["here"]] {
        let target = Target::new();
        target.restore_as(&world, tree, &items(&target, sources, &[])).expect("restores");
        assert_eq!(target.names(), ["target", "target/a", "target/there", "target/there/b"]);
        assert_eq!(target.found(), []);
    }
}

#[test]
fn what_is_removed_is_counted_entry_by_entry() {
    let mut world = World::new();
    let tree = world.tree(vec![]);
    let world = world.stored();
    let target = Target::new();
    fs::create_dir_all(target.path().join("x/y")).expect("folders");
    for name in ["w", "x/v", "x/y/z"] {
        fs::write(target.path().join(name), "").expect("written");
    }
    let mut options = target.options();
    options.delete = true;
    let outcome = target.restore_as(&world, tree, &options).expect("restores");
    assert_eq!((outcome.removed, target.names()), (5, vec!["target".to_owned()]));
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_there_gets_its_metadata_even_where_files_are_left_alone() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::super::Overwrite;
    for (overwrite, expected) in [
        (Overwrite::Never, (0o750, 1, 1)),
        (Overwrite::IfNewer, (0o750, 1, 1)),
        (Overwrite::KeepBoth, (0o777, 0, 2)),
    ] {
        let mut world = World::new();
        let data = world.data(b"x");
        let inner = world.tree(vec![file("f", 1, &[data])]);
        let mode = crate::tree::mode::FOLDER | 0o750;
        let tree = world.tree(vec![crate::tree::Node { mode, ..folder("d", inner) }]);
        let world = world.stored();
        let target = Target::new();
        let path = target.path().join("d");
        fs::create_dir_all(&path).expect("folder");
        fs::write(path.join("f"), "x").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("permissions");
        let mut options = target.options();
        options.overwrite = overwrite;
        let outcome = target.restore_as(&world, tree, &options).expect("restores");
        let mode = fs::metadata(&path).expect("there").mode() & 0o777;
        assert_eq!((mode, outcome.restored, outcome.skipped), expected, "{overwrite:?}");
    }
}

#[test]
fn a_file_is_what_its_blobs_are_wherever_its_size_is_a_lie() {
    let mut world = World::new();
    let parts: Vec<BlobId> = [b"one", b"two"].iter().map(|part| world.data(*part)).collect();
    let lies = [0, 3, 7, u64::MAX];
    let files = lies.map(|size| file(&format!("file {size}"), size, &parts)).to_vec();
    let tree = world.tree({
        let mut files = files;
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files
    });
    let world = world.stored();
    for old in [None, Some("onetwo"), Some("one"), Some("one, and more than there was")] {
        let target = Target::new();
        fs::create_dir(target.path()).expect("folder");
        for size in lies {
            old.map(|old| fs::write(target.path().join(format!("file {size}")), old));
        }
        let mut options = target.options();
        options.verify = true;
        let outcome = target.restore_as(&world, tree, &options).expect("restores");
        for size in lies {
            let content = fs::read(target.path().join(format!("file {size}"))).expect("there");
            assert_eq!(content, b"onetwo", "{size} over {old:?}");
        }
        let written = if old == Some("onetwo") { 0 } else { 4 };
        assert_eq!((outcome.failures, outcome.verified), (0, written), "over {old:?}");
        assert_eq!((outcome.skipped, outcome.restored), (4 - written, written), "over {old:?}");
    }
}

#[test]
fn a_preview_takes_a_file_for_unchanged_if_its_blobs_are_there() {
    let mut world = World::new();
    let parts: Vec<BlobId> = [b"one", b"two"].iter().map(|part| world.data(*part)).collect();
    let tree = world.tree(vec![file("file", 9, &parts)]);
    let world = world.stored();
    let target = Target::new();
    fs::create_dir(target.path()).expect("folder");
    fs::write(target.path().join("file"), "onetwo").expect("written");
    let (index, options) = (world.index(), target.options());
    let restore =
        super::Restore { repository: &world.repository, index: &index, tree, options: &options };
    let totals = restore
        .preview(true, &target.watch, &Default::default(), &mut |_| {})
        .expect("the snapshot is whole");
    assert_eq!((totals.unchanged, totals.overwrite), (1, 0));
}

#[test]
fn a_folder_that_has_a_name_twice_is_reported_and_nothing_of_it_is_guessed() {
    let mut world = World::new();
    let (one, two) = (world.data(b"one"), world.data(b"two"));
    let twice = crate::tree::Tree { nodes: vec![file("a", 3, &[one]), file("a", 3, &[two])] };
    let twice = world.raw_tree(&twice.encode());
    let tree = world.tree(vec![folder("f", twice), file("good", 3, &[one])]);
    world.snapshot(tree);
    let world = world.stored();
    let target = Target::new();
    let outcome = target.restore(&world, tree).expect("restores the rest");
    assert_eq!(target.names(), ["target", "target/f", "target/good"]);
    let expected = (1, vec![(FindingKind::Damaged, "/f".to_owned())]);
    assert_eq!((outcome.failures, target.found()), expected);
    let whole = target.restore(&world, twice);
    assert!(matches!(whole, Err(RestoreError::Read { .. })), "{whole:?}");
    let options = crate::check::CheckOptions::default();
    let cancel = Default::default();
    let checked = crate::check::check(&world.repository, &options, &target.watch, &cancel);
    assert_eq!(checked.expect("it is read").errors, 1);
}
