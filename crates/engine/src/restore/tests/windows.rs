//! What Windows keeps beside a file's content, from a snapshot to a disk and back.

use std::ffi::OsStr;
use std::path::Path;

use jiff::tz::TimeZone;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_ARCHIVE as ARCHIVE, FILE_ATTRIBUTE_COMPRESSED as COMPRESSED,
    FILE_ATTRIBUTE_ENCRYPTED as ENCRYPTED, FILE_ATTRIBUTE_HIDDEN as HIDDEN,
    FILE_ATTRIBUTE_NOT_CONTENT_INDEXED as NOT_INDEXED, FILE_ATTRIBUTE_OFFLINE as OFFLINE,
    FILE_ATTRIBUTE_READONLY as READONLY, FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS as RECALL,
    FILE_ATTRIBUTE_REPARSE_POINT as REPARSE_POINT, FILE_ATTRIBUTE_SPARSE_FILE as SPARSE,
    FILE_ATTRIBUTE_SYSTEM as SYSTEM,
};

use super::*;
use crate::backup::source::{Directory, Reader, SourceOptions, node_of_path};
use crate::tree::ExtendedAttribute;
use crate::windows::generic;

/// 2021-03-04 05:06:07, in 100 nanoseconds since 1601.
const CREATED: u64 = 132_593_151_670_000_000;

/// Keeps what was found.
#[derive(Default)]
struct Messages(Mutex<Vec<(String, String)>>);

impl Monitor for Messages {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            let path = finding.path.as_deref().unwrap_or(Path::new("")).display().to_string();
            self.0.lock().expect("nobody panics").push((path, finding.message.clone()));
        }
    }
}

fn with_basics(mut node: Node, attributes: u32) -> Node {
    generic::set_basics(&mut node, CREATED, attributes).expect("values");
    node
}

/// A snapshot of a file and a folder that `change` made special, restored; and what was said.
fn restored(change: impl Fn(&mut Node)) -> (Target, Vec<(String, String)>) {
    let target = Target::new();
    let said = restore_again(&target, change);
    (target, said)
}

fn restore_again(target: &Target, change: impl Fn(&mut Node)) -> Vec<(String, String)> {
    let mut world = World::new();
    let data = world.data(b"content");
    let empty = world.tree(Vec::new());
    let mut nodes = vec![file("file", 7, &[data]), folder("folder", empty)];
    nodes.iter_mut().for_each(change);
    let tree = world.tree(nodes);
    let world = world.stored();
    let (index, messages, options) = (world.index(), Messages::default(), target.options());
    let restore = Restore { repository: &world.repository, index: &index, tree, options: &options };
    let outcome = restore.run(&messages, &Cancellation::default()).expect("restored");
    assert_eq!(outcome.failures, 0);
    assert_eq!(fs::read(target.path().join("file")).expect("there"), b"content");
    let mut said = messages.0.into_inner().expect("nobody panics");
    said.sort();
    said
}

/// What a backup reads of an entry.
fn backed_up(target: &Target, name: &str) -> Node {
    let reader = Reader::new(SourceOptions::new(TimeZone::UTC));
    let directory = Directory::open(&target.path()).expect("open");
    let mut node = directory.node(&reader, OsStr::new(name)).expect("there");
    let unread = directory.complete(OsStr::new(name), &mut node).expect("read");
    assert!(unread.is_empty(), "{unread:?}");
    node
}

/// Wine has no creation times of its own and shows the last change for it, which is why that is the
/// same here; on Windows it would be the time of the restore if it were not set.
#[test]
fn attributes_and_creation_times_of_files_and_folders_are_as_they_were() {
    let wanted = HIDDEN | SYSTEM;
    let (seconds, nanoseconds) = generic::moment(CREATED);
    let (target, said) = restored(|node| {
        *node = with_basics(node.clone(), wanted);
        node.modified = crate::time::Time { seconds, nanoseconds, offset_seconds: 0 };
    });
    assert_eq!(said, []);
    for name in ["file", "folder"] {
        let node = backed_up(&target, name);
        let attributes = generic::attributes(&node).expect("attributes");
        assert_eq!(attributes & (wanted | READONLY), wanted, "{name}");
        assert_eq!(generic::created(&node), Some(CREATED), "{name}");
    }
}

#[test]
fn attributes_that_the_snapshot_does_not_have_are_cleared_in_place() {
    let (target, _) = restored(|node| *node = with_basics(node.clone(), HIDDEN | READONLY));
    assert!(generic::attributes(&backed_up(&target, "file")).expect("some") & HIDDEN != 0);
    let said = restore_again(&target, |node| *node = with_basics(node.clone(), ARCHIVE));
    assert_eq!(said, []);
    for name in ["file", "folder"] {
        let attributes = generic::attributes(&backed_up(&target, name)).expect("attributes");
        assert_eq!(attributes & (HIDDEN | READONLY), 0, "{name}");
    }
}

#[test]
fn attributes_that_no_program_can_set_are_nobodys_problem() {
    // A sparse, compressed placeholder of the cloud, marked as offline: here its content is.
    let special = SPARSE | REPARSE_POINT | COMPRESSED | OFFLINE | RECALL;
    let (target, said) =
        restored(|node| *node = with_basics(node.clone(), special | ARCHIVE | NOT_INDEXED));
    assert_eq!(said, []);
    let attributes = generic::attributes(&backed_up(&target, "file")).expect("attributes");
    assert_eq!(attributes & special, 0);
}

#[test]
fn access_rights_of_files_and_folders_are_restored_and_read_again() {
    // Those of a file that everybody may change, as this system writes them down.
    let rights = crate::windows::descriptor::tests::of_one_rule(true);
    let (shared, said) = restored(|node| generic::set_descriptor(node, &rights).expect("a value"));
    assert_eq!(said, []);
    let of = |target: &Target, name| {
        generic::descriptor(&backed_up(target, name)).expect("one").expect("whole")
    };
    let (ordinary, _) = restored(|_| {});
    for name in ["file", "folder"] {
        assert_ne!(of(&shared, name), of(&ordinary, name), "{name}");
    }
    let (again, said) = restored(|node| {
        let name = if node.subtree.is_some() { "folder" } else { "file" };
        generic::set_descriptor(node, &of(&shared, name)).expect("a value");
    });
    assert_eq!(said, []);
    for name in ["file", "folder"] {
        assert_eq!(of(&again, name), of(&shared, name), "{name}");
    }
}

#[test]
fn a_damaged_descriptor_is_told_by_its_path_and_costs_nothing_else() {
    let (target, said) = restored(|node| {
        *node = with_basics(node.clone(), HIDDEN);
        generic::set_descriptor(node, b"no descriptor").expect("a value");
    });
    let message = "could not restore the owner and access rights: the snapshot's security \
                   descriptor is damaged";
    let expected = ["/file", "/folder"].map(|path| (path.to_owned(), message.to_owned()));
    let said: Vec<_> = said.into_iter().map(|(path, it)| (path.replace('\\', "/"), it)).collect();
    assert_eq!(said, expected);
    assert!(generic::attributes(&backed_up(&target, "file")).expect("some") & HIDDEN != 0);
}

/// Wine keeps no extended attributes, so there only the second half can be seen.
#[test]
fn extended_attributes_are_as_they_were_or_their_loss_is_told() {
    let attribute = ExtendedAttribute { name: "HOLDFAST".to_owned(), value: b"red".to_vec() };
    let (target, said) = restored(|node| node.extended_attributes = vec![attribute.clone()]);
    for name in ["file", "folder"] {
        let read = backed_up(&target, name).extended_attributes;
        if said.is_empty() {
            assert_eq!(read, std::slice::from_ref(&attribute), "{name}");
        } else {
            assert_eq!(read, [], "{name}");
            let is_told = |(_, it): &(String, String)| it.contains("extended attributes");
            assert!(said.iter().all(is_told), "{said:?}");
        }
    }
    // What the snapshot does not have is removed, and where there is nothing nothing is said.
    assert_eq!(restore_again(&target, |_| {}), []);
    assert_eq!(backed_up(&target, "file").extended_attributes, []);
}

#[test]
fn extended_attributes_that_windows_cannot_have_are_told_once_with_a_count() {
    let name = "com.apple.metadata:kMDItemWhereFroms".to_owned();
    let attribute = ExtendedAttribute { name, value: b"https://example.org".to_vec() };
    let (_, said) = restored(|node| node.extended_attributes = vec![attribute.clone()]);
    let message = "the extended attributes of another system of 2 files and folders could not be \
                   restored here: Windows can have none of their names or lengths";
    assert_eq!(said, [(String::new(), message.to_owned())]);
}

/// Neither Wine nor every edition of Windows encrypts.
#[test]
fn what_was_encrypted_is_again_or_that_is_told_once_with_a_count() {
    let (target, said) = restored(|node| *node = with_basics(node.clone(), ENCRYPTED));
    let of = |name| generic::attributes(&backed_up(&target, name)).expect("attributes");
    let plain = ["file", "folder"].into_iter().filter(|it| of(it) & ENCRYPTED == 0).count();
    let entries = if plain == 1 { "1 file or folder" } else { "2 files and folders" };
    let message = format!(
        "the encryption by the file system of {entries} could not be restored here: Windows does \
         not encrypt there; the contents are restored without it"
    );
    let expected = if plain == 0 { vec![] } else { vec![(String::new(), message)] };
    assert_eq!(said, expected);
}

#[test]
fn the_root_of_a_volume_and_the_streams_of_a_file_have_no_metadata_of_windows() {
    let reader = Reader::new(SourceOptions::new(TimeZone::UTC));
    let mut volume = node_of_path(&reader, Path::new(r"C:\")).expect("there");
    crate::backup::source::complete_path(Path::new(r"C:\"), &mut volume).expect("read");
    assert!(volume.generic_attributes.is_empty());

    let (target, _) = restored(|_| {});
    let stream = target.path().join("file:stream");
    // A drive without streams has no such file.
    if fs::write(&stream, "beside").is_ok() && stream.symlink_metadata().is_ok() {
        let mut node = node_of_path(&reader, &stream).expect("there");
        crate::backup::source::complete_path(&stream, &mut node).expect("read");
        assert!(node.generic_attributes.is_empty());
    }
}
