//! Restores what a real restic stored, and compares it with the source.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use holdfast_engine::monitor::FindingKind;
use holdfast_engine::restore::{Destination, Overwrite, PreviewAction, Selection};
use holdfast_tests::tools::{restic_new, restic_old};
use holdfast_tests::trees::{Findings, allocated_bytes, assert_same, entries, noise, odd_tree};

mod world;

use world::World;

fn two_files(folder: &Path) {
    fs::create_dir(folder.join("f")).expect("folder");
    fs::write(folder.join("f/large"), noise(1, 9 << 20)).expect("write");
    fs::write(folder.join("f/small"), "small").expect("write");
}

#[test]
fn what_either_restic_stored_comes_back_as_it_was() {
    for restic in [restic_old(), restic_new()] {
        let world = World::made_by(&restic, odd_tree);
        let mut options = world.options();
        options.verify = true;
        let outcome = world.restore(&options);
        assert_same(&world.source(), &world.target());
        let linked = |name: &str| fs::metadata(world.target().join(name)).expect("there").ino();
        assert_eq!(linked("a/b/text"), linked("zz text"));
        assert!(outcome.verified > 10, "{outcome:?}");
    }
}

#[test]
fn restoring_over_a_restored_tree_writes_nothing_and_mends_metadata() {
    let world = World::new(odd_tree);
    world.restore(&world.options());
    let large = world.target().join("a/b/large");
    let before = fs::metadata(&large).expect("there").ino();
    fs::remove_file(world.target().join("a/link")).expect("remove");
    fs::File::open(&large).expect("open").set_modified(std::time::UNIX_EPOCH).expect("set");
    let outcome = world.restore(&world.options());
    assert_same(&world.source(), &world.target());
    assert_eq!(outcome.restored_bytes, 0);
    assert_eq!(fs::metadata(&large).expect("there").ino(), before);
}

#[test]
fn a_file_that_differs_is_replaced_whole_and_only_what_differs_is_read() {
    let world = World::new(two_files);
    world.restore(&world.options());
    let large = world.target().join("f/large");
    let file = fs::OpenOptions::new().write(true).open(&large).expect("open");
    std::os::unix::fs::FileExt::write_all_at(&file, b"changed", 100).expect("write");
    file.set_len((9 << 20) + 5).expect("length");
    let outcome = world.restore(&world.options());
    assert_same(&world.source(), &world.target());
    assert!(outcome.restored_bytes > 0 && outcome.restored_bytes < 9 << 20, "{outcome:?}");
}

#[test]
fn each_overwrite_mode_keeps_what_it_should() {
    let world = World::new(two_files);
    let small = world.target().join("f/small");
    let read = || fs::read_to_string(&small).expect("read");
    let mut options = world.options();
    fs::create_dir_all(world.target().join("f")).expect("folder");
    fs::write(&small, "mine!").expect("write");

    options.overwrite = Overwrite::Never;
    world.restore(&options);
    assert_eq!(read(), "mine!");
    options.overwrite = Overwrite::IfNewer;
    world.restore(&options);
    assert_eq!(read(), "mine!");
    options.overwrite = Overwrite::KeepBoth;
    let outcome = world.restore(&options);
    assert_eq!(read(), "mine!");
    let beside = world.target().join("f/small (restored)");
    assert_eq!(fs::read_to_string(&beside).expect("read"), "small");
    assert_eq!(outcome.restored, 1);
    options.overwrite = Overwrite::Always;
    options.keep_replaced = Some(world.path("kept"));
    world.restore(&options);
    assert_eq!(read(), "small");
    let kept = fs::read_to_string(world.path("kept/f/small")).expect("kept");
    assert_eq!(kept, "mine!");
}

#[test]
fn nothing_is_written_through_a_link_that_stands_in_the_way() {
    let world = World::new(two_files);
    let outside = world.path("outside");
    fs::create_dir_all(&outside).expect("folder");
    fs::write(outside.join("small"), "precious").expect("write");
    fs::create_dir_all(world.target()).expect("folder");
    symlink(&outside, world.target().join("f")).expect("link");
    world.restore(&world.options());
    assert_same(&world.source(), &world.target());

    fs::remove_file(world.target().join("f/small")).expect("remove");
    symlink(outside.join("small"), world.target().join("f/small")).expect("link");
    world.restore(&world.options());
    assert_same(&world.source(), &world.target());
    assert_eq!(fs::read_to_string(outside.join("small")).expect("read"), "precious");
    assert!(!outside.join("large").exists());
}

#[test]
fn another_name_of_a_replaced_file_keeps_its_content() {
    let world = World::new(two_files);
    fs::create_dir_all(world.target().join("f")).expect("folder");
    fs::write(world.path("other"), "other").expect("write");
    fs::hard_link(world.path("other"), world.target().join("f/small")).expect("link");
    world.restore(&world.options());
    assert_same(&world.source(), &world.target());
    assert_eq!(fs::read_to_string(world.path("other")).expect("read"), "other");
}

#[test]
fn a_selection_restores_itself_and_the_way_to_it() {
    let world = World::new(odd_tree);
    let mut options = world.options();
    options.selection = Selection::Paths(vec![b"/a/b/c".to_vec(), b"/a/link".to_vec()]);
    world.restore(&options);
    let paths: Vec<_> = entries(&world.target()).into_iter().map(|(path, _)| path).collect();
    let expected = ["a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/text again", "a/link"];
    assert_eq!(paths, expected.map(PathBuf::from));

    options.destination = Destination::Items { target: world.path("items"), paths: Vec::new() };
    world.restore(&options);
    let paths: Vec<_> = entries(&world.path("items")).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["c", "c/d", "c/text again", "link"].map(PathBuf::from));
}

#[test]
fn the_original_place_is_found_and_what_is_beside_it_left() {
    let world = World::new(two_files);
    fs::remove_dir_all(world.source().join("f")).expect("remove");
    fs::write(world.source().join("new"), "made later").expect("write");
    let mut options = world.options();
    options.destination = Destination::Original { paths: vec![world.source()] };
    options.selection = Selection::Paths(vec![b"/f/small".to_vec()]);
    world.restore(&options);
    let paths: Vec<_> = entries(&world.source()).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["f", "f/small", "new"].map(PathBuf::from));
}

#[test]
fn deleting_removes_what_the_snapshot_does_not_have() {
    let world = World::new(two_files);
    world.restore(&world.options());
    fs::create_dir_all(world.target().join("f/extra/deep")).expect("folder");
    fs::write(world.target().join("f/extra/deep/file"), "").expect("write");
    fs::write(world.target().join("stray"), "").expect("write");
    let mut options = world.options();
    options.delete = true;
    let outcome = world.restore(&options);
    assert_eq!(outcome.removed, 4);
    assert_same(&world.source(), &world.target());
}

#[test]
fn a_sparse_restore_leaves_holes() {
    let world = World::new(odd_tree);
    let mut options = world.options();
    options.sparse = true;
    world.restore(&options);
    assert_same(&world.source(), &world.target());
    assert!(allocated_bytes(&world.target().join("a/b/holes")) < 1 << 20);
}

#[test]
fn a_preview_says_what_happens_and_changes_nothing() {
    let world = World::new(two_files);
    world.restore(&world.options());
    fs::write(world.target().join("f/small"), "mine").expect("write");
    fs::remove_file(world.target().join("f/large")).expect("remove");
    let before = entries(&world.target());
    let (totals, seen) = world.preview(&world.options());
    assert_eq!(
        seen,
        [
            ("/f".into(), PreviewAction::Unchanged),
            ("/f/large".into(), PreviewAction::Create),
            ("/f/small".into(), PreviewAction::Overwrite),
        ]
    );
    assert_eq!((totals.create, totals.overwrite, totals.unchanged), (1, 1, 1));
    assert_eq!(entries(&world.target()), before);
}

#[test]
fn a_damaged_pack_costs_only_the_files_in_it() {
    let world = World::new(|folder| {
        two_files(folder);
        fs::write(folder.join("f/huge"), noise(9, 60 << 20)).expect("write");
    });
    let packs: Vec<_> = walk_files(&world.repository().join("data"));
    let largest = packs.iter().max_by_key(|path| fs::metadata(path).expect("there").len());
    let largest = largest.expect("a pack");
    let mut bytes = fs::read(largest).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(largest).expect("remove");
    fs::write(largest, bytes).expect("write");
    let findings = Findings::default();
    let outcome = world.restore_with(&world.options(), &findings);
    let findings = findings.take();
    let damaged: Vec<_> = findings.iter().filter(|it| it.kind == FindingKind::Damaged).collect();
    assert_eq!((damaged.len(), outcome.failures), (1, 1), "{findings:?}");
    let target = world.target().join("f");
    let mut names: Vec<_> = fs::read_dir(&target)
        .expect("list")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    // What could be read of the damaged one is kept, under a name that says so.
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names.iter().filter(|name| name.ends_with(".incomplete")).count(), 1);
}

fn walk_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("list") {
        let path = entry.expect("entry").path();
        if path.is_dir() { found.extend(walk_files(&path)) } else { found.push(path) }
    }
    found
}
