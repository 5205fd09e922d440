//! Hostile and damaged snapshots, and targets that fail.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use super::{Destination, Restore, RestoreError, RestoreOptions, RestoreOutcome};
use crate::backend::FileKind;
use crate::blob::BlobKind;
use crate::id::{BlobId, TreeId};
use crate::monitor::{Cancellation, Event, FindingKind, Monitor};
use crate::testing::{World, file, folder};
use crate::tree::Node;
#[cfg(unix)]
use crate::tree::{NodeKind, mode};

#[cfg(unix)]
mod again;
mod places;
#[cfg(windows)]
mod windows;

/// Keeps kinds and paths of findings; asks to stop when the first file is done, if told to.
#[derive(Default)]
struct Watch {
    found: Mutex<Vec<(FindingKind, String)>>,
    stop_after_file: Option<Cancellation>,
}

impl Monitor for Watch {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Finding(finding) => {
                let path = finding.path.as_deref().unwrap_or(Path::new("")).display().to_string();
                self.found.lock().expect("nobody panics").push((finding.kind, path));
            }
            Event::ItemFinished(_) => {
                if let Some(cancel) = &self.stop_after_file {
                    cancel.cancel();
                }
            }
            _ => {}
        }
    }
}

struct Target {
    folder: tempfile::TempDir,
    watch: Watch,
}

impl Target {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), watch: Watch::default() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("target")
    }

    fn options(&self) -> RestoreOptions {
        RestoreOptions::new(Destination::Folder(self.path()))
    }

    fn restore(&self, world: &World, tree: TreeId) -> Result<RestoreOutcome, RestoreError> {
        self.restore_as(world, tree, &self.options())
    }

    fn restore_as(
        &self,
        world: &World,
        tree: TreeId,
        options: &RestoreOptions,
    ) -> Result<RestoreOutcome, RestoreError> {
        let index = world.index();
        let restore = Restore { repository: &world.repository, index: &index, tree, options };
        let cancel = self.watch.stop_after_file.clone().unwrap_or_default();
        restore.run(&self.watch, &cancel)
    }

    fn found(&self) -> Vec<(FindingKind, String)> {
        let mut found = self.watch.found.lock().expect("nobody panics").clone();
        found.sort_by(|a, b| a.1.cmp(&b.1));
        found
    }

    /// All that is in the folder around the target.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("list") {
                let path = entry.expect("entry").path();
                let name = path.strip_prefix(self.folder.path()).expect("below");
                names.push(name.display().to_string().replace('\\', "/"));
                if path.symlink_metadata().expect("there").is_dir() {
                    folders.push(path);
                }
            }
        }
        names.sort();
        names
    }
}

#[cfg(unix)]
fn link(name: &str, to: &str) -> Node {
    Node {
        name: name.into(),
        kind: NodeKind::Symlink,
        mode: mode::SYMLINK | 0o777,
        link_target: to.into(),
        links: 1,
        ..Node::default()
    }
}

#[test]
fn names_that_lead_out_of_the_target_are_refused_and_the_rest_is_restored() {
    let mut world = World::new();
    let data = world.data(b"bad");
    let bad = |name: &str| file(name, 3, &[data]);
    let inner = world.tree(vec![bad("../../escaped")]);
    let tree = world.tree(vec![
        bad(""),
        bad("."),
        bad(".."),
        bad("../escaped"),
        bad("/tmp/escaped"),
        folder("f", inner),
        file("good", 3, &[data]),
    ]);
    let world = world.stored();
    let target = Target::new();
    let outcome = target.restore(&world, tree).expect("restores");
    assert_eq!(target.names(), ["target", "target/f", "target/good"]);
    assert_eq!(outcome.failures, 6);
    assert!(target.found().iter().all(|(kind, _)| *kind == FindingKind::Hostile));
}

#[cfg(unix)]
#[test]
fn a_link_of_the_snapshot_is_not_written_through() {
    // Names in a tree are unique, so a link and what would be written through it can only meet
    // where two trees go to one target.
    let mut world = World::new();
    let data = world.data(b"new");
    let first = world.tree(vec![link("a", "../outside"), link("b", "../outside/file")]);
    let inner = world.tree(vec![file("file", 3, &[data])]);
    let second = world.tree(vec![folder("a", inner), file("b", 3, &[data])]);
    let world = world.stored();
    let target = Target::new();
    let outside = target.folder.path().join("outside");
    fs::create_dir(&outside).expect("folder");
    fs::write(outside.join("file"), "old").expect("write");
    target.restore(&world, first).expect("restores");
    target.restore(&world, second).expect("restores");
    assert_eq!(fs::read(outside.join("file")).expect("read"), b"old");
    assert_eq!(fs::read(target.path().join("a/file")).expect("read"), b"new");
    assert_eq!(fs::read(target.path().join("b")).expect("read"), b"new");
}

#[test]
fn a_bad_name_anywhere_disables_deleting() {
    let mut world = World::new();
    let data = world.data(b"x");
    let tree = world.tree(vec![file("..", 1, &[data]), file("good", 1, &[data])]);
    let world = world.stored();
    let target = Target::new();
    fs::create_dir(target.path()).expect("folder");
    fs::write(target.path().join("mine"), "").expect("write");
    let mut options = target.options();
    options.delete = true;
    target.restore_as(&world, tree, &options).expect("restores");
    assert_eq!(target.names(), ["target", "target/good", "target/mine"]);
}

#[test]
fn what_the_repository_does_not_have_is_reported_and_the_rest_restored() {
    let mut world = World::new();
    let data = world.data(b"there");
    let missing = BlobId::of(b"missing");
    let tree = world.tree(vec![
        file("bad", 7, &[missing]),
        folder("f", TreeId::of(b"missing")),
        file("good", 5, &[data]),
    ]);
    let world = world.stored();
    let target = Target::new();
    let outcome = target.restore(&world, tree).expect("restores");
    assert_eq!(target.names(), ["target", "target/f", "target/good"]);
    let expected = [(FindingKind::Missing, "/bad".into()), (FindingKind::Missing, "/f".into())];
    assert_eq!((outcome.failures, target.found()), (2, expected.into()));
}

#[test]
fn a_damaged_copy_of_a_blob_is_made_up_for_by_another() {
    let mut world = World::new();
    let data = world.data(&[7; 1000]);
    let tree = world.tree(vec![file("file", 1000, &[data])]);
    let mut world = world.stored();
    let first = world.files(FileKind::Pack);
    world.data(&[7; 1000]);
    let world = world.stored();
    let index = world.index();
    assert_eq!(index.locate_all(BlobKind::Data, &data).len(), 2);
    let used = index.locate(BlobKind::Data, &data).expect("there").pack;
    assert!(!first.is_empty());
    let pack = crate::backend::FileName::new(FileKind::Pack, used.0);
    world.damage(pack, |bytes| bytes[40] ^= 1);
    let target = Target::new();
    target.restore(&world, tree).expect("restores");
    assert_eq!(target.found(), []);
    assert_eq!(fs::read(target.path().join("file")).expect("read"), [7; 1000]);
}

#[test]
fn a_size_that_is_a_lie_is_noted_and_the_content_counts() {
    let mut world = World::new();
    let parts = [world.data(b"one"), world.data(b"two")];
    let tree = world.tree(vec![file("file", u64::MAX >> 2, &parts)]);
    let world = world.stored();
    let target = Target::new();
    let outcome = target.restore(&world, tree).expect("restores");
    assert_eq!(fs::read(target.path().join("file")).expect("read"), b"onetwo");
    assert_eq!((outcome.failures, outcome.notes), (0, 1));
}

#[test]
fn numbers_that_mean_something_to_the_system_do_no_harm() {
    let mut world = World::new();
    let mut odd = file("file", 0, &[]);
    (odd.uid, odd.gid, odd.mode) = (u32::MAX, u32::MAX, u32::MAX);
    odd.modified.nanoseconds = u32::MAX;
    odd.accessed.seconds = i64::MIN;
    let tree = world.tree(vec![odd]);
    let world = world.stored();
    let target = Target::new();
    target.restore(&world, tree).expect("restores");
    assert!(target.path().join("file").exists());
}

#[cfg(unix)]
#[test]
fn files_go_to_the_owner_of_the_same_name_if_that_is_wanted() {
    use std::os::unix::fs::MetadataExt as _;

    let me = rustix::process::geteuid();
    let name = nix::unistd::User::from_uid(me.as_raw().into()).expect("asked").expect("known");
    let mut world = World::new();
    let mut foreign = file("file", 0, &[]);
    (foreign.uid, foreign.user) = (me.as_raw() + 4711, name.name.into());
    let tree = world.tree(vec![foreign]);
    let world = world.stored();
    let target = Target::new();
    let options = RestoreOptions { owners_by_name: true, ..target.options() };
    target.restore_as(&world, tree, &options).expect("restores");
    let owner = fs::metadata(target.path().join("file")).expect("it is there").uid();
    assert_eq!(owner, me.as_raw());
    assert!(target.found().is_empty());
}

#[test]
fn stopping_leaves_old_files_whole_and_removes_unfinished_ones() {
    let mut world = World::new();
    let first = world.data(b"first");
    let parts: Vec<BlobId> =
        (0..200_u32).map(|number| world.data(&number.to_le_bytes().repeat(5000))).collect();
    let large = file("large", 200 * 20_000, &parts);
    let tree = world.tree(vec![file("a", 5, &[first]), large]);
    let world = world.stored();
    let mut target = Target::new();
    target.watch.stop_after_file = Some(Cancellation::default());
    fs::create_dir(target.path()).expect("folder");
    fs::write(target.path().join("large"), "old").expect("write");
    let mut options = target.options();
    options.threads = 1;
    let stopped = target.restore_as(&world, tree, &options);
    assert!(matches!(stopped, Err(RestoreError::Cancelled)), "{stopped:?}");
    assert_eq!(target.names(), ["target", "target/a", "target/large"]);
    assert_eq!(fs::read(target.path().join("large")).expect("read"), b"old");
}

#[test]
fn unlike_files_that_share_a_number_are_not_linked() {
    let mut world = World::new();
    let (one, two) = (world.data(b"one"), world.data(b"two"));
    let linked = |name, blob| Node { links: 2, inode: 7, ..file(name, 3, &[blob]) };
    let tree = world.tree(vec![linked("a", one), linked("b", two), linked("c", one)]);
    let world = world.stored();
    let target = Target::new();
    target.restore(&world, tree).expect("restores");
    let read = |name: &str| fs::read(target.path().join(name)).expect("read");
    assert_eq!((read("a"), read("b"), read("c")), (b"one".into(), b"two".into(), b"one".into()));
}

#[test]
fn a_folder_in_the_place_of_a_file_goes_only_if_it_is_empty() {
    let mut world = World::new();
    let data = world.data(b"x");
    let tree = world.tree(vec![file("empty", 1, &[data]), file("full", 1, &[data])]);
    let world = world.stored();
    let target = Target::new();
    fs::create_dir_all(target.path().join("empty")).expect("folder");
    fs::create_dir_all(target.path().join("full/inner")).expect("folder");
    let outcome = target.restore(&world, tree).expect("restores");
    assert_eq!(outcome.failures, 1);
    assert!(target.path().join("empty").is_file());
    assert!(target.path().join("full/inner").is_dir());
    assert_eq!(target.names().len(), 4);
}

#[cfg(unix)]
#[test]
fn a_very_deep_tree_is_restored_or_refused_without_harm() {
    let mut world = World::new();
    let mut tree = world.tree(Vec::new());
    for _ in 0..2100 {
        tree = world.tree(vec![folder("d", tree)]);
    }
    let world = world.stored();
    let target = Target::new();
    let outcome = target.restore(&world, tree).expect("restores");
    assert_eq!((outcome.failures, outcome.folders), (0, 2100));
}

#[test]
fn a_pack_that_is_gone_costs_each_file_in_it_one_finding() {
    let mut world = World::new();
    let (one, two) = (world.data(b"one"), world.data(b"two"));
    let tree = world.tree(vec![
        file("both", 6, &[one, two]),
        file("empty", 0, &[]),
        file("one", 3, &[one]),
    ]);
    let world = world.stored();
    let index = world.index();
    let pack = index.locate(BlobKind::Data, &one).expect("known").pack;
    let file = crate::backend::FileName::new(FileKind::Pack, pack.0);
    crate::backend::Backend::remove(&*world.backend, file).expect("there");
    let target = Target::new();
    let outcome = target.restore(&world, tree).expect("restores");
    assert_eq!(target.names(), ["target", "target/empty"]);
    let expected = [(FindingKind::Missing, "/both".into()), (FindingKind::Missing, "/one".into())];
    assert_eq!((outcome.failures, target.found()), (2, expected.into()));
}

/// A snapshot's root, with a tree as the folder at this path.
#[cfg(unix)]
fn below(world: &mut World, path: &Path, tree: TreeId) -> TreeId {
    path.ancestors()
        .filter_map(Path::file_name)
        .fold(tree, |tree, name| world.tree(vec![folder(name.to_str().expect("text"), tree)]))
}

#[cfg(unix)]
#[test]
fn a_source_that_could_not_be_backed_up_does_not_mislead_the_others() {
    let mut world = World::new();
    let data = world.data(b"x");
    let home = tempfile::tempdir().expect("a folder");
    let (docs, secret, work) = ("docs", "secret", "work");
    for name in [docs, secret, work] {
        fs::create_dir(home.path().join(name)).expect("folder");
    }
    let (a, b) = (world.tree(vec![file("a", 1, &[data])]), world.tree(vec![file("b", 1, &[data])]));
    let tree = world.tree(vec![folder(docs, a), folder(work, b)]);
    let tree = below(&mut world, home.path(), tree);
    let world = world.stored();
    let target = Target::new();
    let paths = [docs, secret, work].map(|name| home.path().join(name)).to_vec();
    let mut options = RestoreOptions::new(Destination::Original { paths: paths.clone() });
    target.restore_as(&world, tree, &options).expect("restores");
    let item = home.path().join("work/b").as_os_str().as_encoded_bytes().to_vec();
    fs::remove_file(home.path().join("work/b")).expect("restored");
    options.selection = super::Selection::Paths(vec![item]);
    target.restore_as(&world, tree, &options).expect("restores");
    assert_eq!(fs::read(home.path().join("docs/a")).expect("restored"), b"x");
    assert_eq!(fs::read(home.path().join("work/b")).expect("restored"), b"x");
    assert_eq!(fs::read_dir(home.path().join("secret")).expect("listed").count(), 0);
}

#[cfg(unix)]
#[test]
fn what_was_in_a_folder_named_by_a_dot_goes_back_beside_other_sources() {
    let mut world = World::new();
    let data = world.data(b"x");
    let home = tempfile::tempdir().expect("a folder");
    for name in ["here", "there"] {
        fs::create_dir(home.path().join(name)).expect("folder");
    }
    let inner = world.tree(vec![file("b", 1, &[data])]);
    let tree = world.tree(vec![file("a", 1, &[data]), folder("there", inner)]);
    let world = world.stored();
    let target = Target::new();
    let paths = vec![home.path().join("here"), home.path().join("there")];
    let options = RestoreOptions::new(Destination::Original { paths });
    target.restore_as(&world, tree, &options).expect("restores");
    assert_eq!(fs::read(home.path().join("here/a")).expect("restored"), b"x");
    assert_eq!(fs::read(home.path().join("there/b")).expect("restored"), b"x");
    assert!(!home.path().join("here/there").exists());
}

#[test]
fn all_of_a_file_is_kept_but_what_the_repository_lost() {
    let mut world = World::new();
    let parts = [b"first".repeat(100), b"lost".repeat(100), b"last".repeat(100)];
    let content: Vec<BlobId> = parts.iter().map(|part| world.data(part)).collect();
    let size = parts.iter().map(Vec::len).sum::<usize>() as u64;
    let tree = world.tree(vec![file("log", size, &content)]);
    let world = world.stored();
    let place = world.index().locate(BlobKind::Data, &content[1]).expect("indexed");
    let pack = crate::backend::FileName::new(FileKind::Pack, place.pack.0);
    world.damage(pack, |bytes| bytes[place.offset as usize + 20] ^= 1);
    let target = Target::new();
    let outcome = target.restore(&world, tree).expect("restores the rest");
    assert_eq!(outcome.failures, 1);
    let kept = fs::read(target.path().join("log.incomplete")).expect("kept");
    assert!(kept.starts_with(&parts[0]) && kept.ends_with(&parts[2]));
    assert_eq!(kept.len() as u64, size);
    assert!(!target.path().join("log").exists());
}

#[test]
fn what_was_put_beside_something_is_not_deleted_as_foreign() {
    let mut world = World::new();
    let data = world.data(b"new");
    let tree = world.tree(vec![file("letter", 3, &[data])]);
    let world = world.stored();
    let target = Target::new();
    fs::create_dir(target.path()).expect("folder");
    fs::write(target.path().join("letter"), "mine").expect("written");
    fs::write(target.path().join("foreign"), "").expect("written");
    let mut options = target.options();
    options.overwrite = super::Overwrite::KeepBoth;
    options.delete = true;
    target.restore_as(&world, tree, &options).expect("restores");
    assert_eq!(target.names(), ["target", "target/letter", "target/letter (restored)"]);
}

#[cfg(unix)]
#[test]
fn restoring_to_the_original_place_leaves_the_folders_above_as_they_are() {
    use std::os::unix::fs::{MetadataExt, symlink};
    let mut world = World::new();
    let data = world.data(b"x");
    let home = tempfile::tempdir().expect("a folder");
    let inner = world.tree(vec![file("file", 1, &[data])]);
    // Where the folder was is a link to it by now.
    let place = home.path().join("place");
    fs::create_dir(home.path().join("moved")).expect("folder");
    symlink("moved", &place).expect("link");
    let tree = world.tree(vec![folder("docs", inner)]);
    let tree = below(&mut world, &place, tree);
    let world = world.stored();
    let before = fs::metadata(home.path()).expect("there");
    let target = Target::new();
    let options = RestoreOptions::new(Destination::Original { paths: vec![place.join("docs")] });
    target.restore_as(&world, tree, &options).expect("restores");
    assert_eq!(target.found(), []);
    assert_eq!(fs::read(home.path().join("moved/docs/file")).expect("read"), b"x");
    let after = fs::metadata(home.path()).expect("there");
    assert_eq!((before.mtime(), before.mode()), (after.mtime(), after.mode()));
    assert!(place.is_symlink());
}
