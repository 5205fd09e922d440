//! Trees of files that are hard to restore, and how to compare two trees.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use holdfast_engine::backup::source::{Directory, Reader, SourceOptions};
use holdfast_engine::id::TreeId;
use holdfast_engine::monitor::{Event, Finding, Monitor};
use holdfast_engine::tree::{Node, NodeKind};

/// Keeps what was found.
#[derive(Default)]
pub struct Findings(Mutex<Vec<Finding>>);

impl Findings {
    /// What was found so far.
    pub fn take(&self) -> Vec<Finding> {
        std::mem::take(&mut self.0.lock().expect("nobody panics"))
    }
}

impl Monitor for Findings {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            self.0.lock().expect("nobody panics").push(finding.clone());
        }
    }
}

/// A file's bytes that look random and are always the same.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn set_time(path: &Path, seconds: i64, nanoseconds: i64) {
    let time = rustix::fs::Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ };
    let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::utimensat(rustix::fs::CWD, path, &times, flags).expect("times");
}

/// A tree with everything that is hard to restore.
pub fn odd_tree(folder: &Path) {
    let name = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    fs::create_dir_all(folder.join("empty")).expect("folder");
    fs::create_dir_all(folder.join("a/b/c/d")).expect("folder");
    for (number, odd) in [
        &b"quote\"s"[..],
        b"back\\slash",
        b"new\nline",
        b"\xff\xfe invalid",
        b"\xe2\x80\xa8 separator",
        b" leading and trailing ",
        b"*?[x]",
        b"-rf",
        &[b'n'; 255],
    ]
    .iter()
    .enumerate()
    {
        fs::write(folder.join("a").join(name(odd)), noise(number as u64, number * 1000))
            .expect("write");
    }
    fs::write(folder.join("a/b/large"), noise(77, 20 << 20)).expect("write");
    fs::write(folder.join("a/b/text"), "the same line again\n".repeat(200_000)).expect("write");
    let holes = fs::File::create(folder.join("a/b/holes")).expect("create");
    holes.set_len(12 << 20).expect("length");
    std::os::unix::fs::FileExt::write_all_at(&holes, &noise(5, 5000), 6 << 20).expect("write");
    drop(holes);
    fs::hard_link(folder.join("a/b/text"), folder.join("a/b/c/text again")).expect("link");
    fs::hard_link(folder.join("a/b/text"), folder.join("zz text")).expect("link");
    symlink("b/text", folder.join("a/link")).expect("link");
    symlink("nowhere/at all", folder.join("a/dangling")).expect("link");
    let fifo = folder.join("a/fifo");
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).expect("fifo");
    for attribute in ["user.b", "user.a"] {
        let flags = rustix::fs::XattrFlags::empty();
        let _ = rustix::fs::setxattr(folder.join("a/b/text"), attribute, b"value", flags);
        let _ = rustix::fs::setxattr(folder.join("a/b"), attribute, b"", flags);
    }
    for (path, mode) in [("a/b/large", 0o4751), ("a/b/c/d", 0o1777), ("empty", 0o500)] {
        fs::set_permissions(folder.join(path), fs::Permissions::from_mode(mode)).expect("mode");
    }
    set_time(&folder.join("a/link"), 1_000_000_001, 5);
    set_time(&folder.join("a/b/large"), -86_400, 123_456_789);
    set_time(&folder.join("a/b/c/d"), 4_102_444_800, 0);
    set_time(&folder.join("a"), 1_700_000_000, 999_999_999);
}

/// Every entry below a folder by its path: what a backup would store of it, without what belongs
/// to the one file system, and its content.
pub fn entries(folder: &Path) -> Vec<(PathBuf, String)> {
    let reader = Reader::new(SourceOptions::new(jiff::tz::TimeZone::UTC));
    let directory = Directory::open(folder).expect("open");
    let mut found = Vec::new();
    collect(&reader, &directory, Path::new(""), &mut found);
    found
}

fn collect(
    reader: &Reader,
    directory: &Directory,
    path: &Path,
    found: &mut Vec<(PathBuf, String)>,
) {
    for name in directory.names().expect("names") {
        let mut node = directory.node(reader, &name).expect("node");
        directory.complete(&name, &mut node).expect("complete");
        let path = path.join(&name);
        let whole = directory.path().join(&name);
        found.push((path.clone(), described(&node, &whole)));
        if node.kind == NodeKind::Folder {
            let inner = directory.open_child(&name).expect("open");
            collect(reader, &inner, &path, found);
        }
    }
}

fn described(node: &Node, path: &Path) -> String {
    let content = match node.kind {
        NodeKind::File => TreeId::of(&fs::read(path).expect("read")).to_string(),
        _ => String::from_utf8_lossy(&node.link_target).into_owned(),
    };
    let mut attributes = node.extended_attributes.clone();
    attributes.sort_by(|a, b| a.name.cmp(&b.name));
    format!(
        "{:?} {:o} {:?} {}:{} {} links {} {attributes:?} {content}",
        node.kind, node.mode, node.modified, node.uid, node.gid, node.size, node.links
    )
}

/// Fails with the first difference.
pub fn assert_same(expected: &Path, actual: &Path) {
    let (expected, actual) = (entries(expected), entries(actual));
    for (expected, actual) in expected.iter().zip(&actual) {
        assert_eq!(expected, actual);
    }
    assert_eq!(expected.len(), actual.len());
}

/// Bytes of the disk that a file takes.
pub fn allocated_bytes(path: &Path) -> u64 {
    fs::metadata(path).expect("metadata").blocks() * 512
}
