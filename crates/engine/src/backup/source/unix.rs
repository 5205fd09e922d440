//! Folders and metadata on Unix, by descriptors.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};

use super::attributes::{self, Place};
use super::{Reader, Unread};
use crate::tree::{Node, NodeKind, mode};

/// An open folder of a source.
#[derive(Debug)]
pub struct Directory {
    folder: OwnedFd,
    path: PathBuf,
}

/// From this size on, a file's reader is told to read further ahead.
const READ_AHEAD_SIZE_MIN: u64 = 256 << 10;

impl Directory {
    /// Opens the folder that `path` leads to, links followed: for a target's parent.
    pub fn open(path: &Path) -> io::Result<Self> {
        let folder = open_quietly(CWD, path.as_os_str(), OFlags::DIRECTORY)?;
        Ok(Self { folder, path: path.to_owned() })
    }

    /// Opens a folder in this one. A link to a folder is refused.
    pub fn open_child(&self, name: &OsStr) -> io::Result<Self> {
        let folder = open_quietly(self.folder.as_fd(), name, OFlags::DIRECTORY | OFlags::NOFOLLOW)?;
        Ok(Self { folder, path: self.path.join(name) })
    }

    /// Where it was when it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names in it, ascending by their bytes. A name that the file system reports twice is
    /// there twice, next to each other.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = read_names(&self.folder)?;
        names.sort_unstable();
        Ok(names)
    }

    /// What an entry is, without what [`complete`](Self::complete) adds.
    pub fn node(&self, reader: &Reader, name: &OsStr) -> io::Result<Node> {
        let stat = rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(node_of_stat(reader, name, &stat))
    }

    /// Adds an entry's extended attributes and what a link points to. Attributes that are there
    /// and cannot be read are left out and returned.
    pub fn complete(&self, name: &OsStr, node: &mut Node) -> io::Result<Vec<Unread>> {
        if node.kind == NodeKind::Symlink {
            node.link_target = read_link(self.folder.as_fd(), name)?;
        }
        attributes::read_all(Place::Entry(self.folder.as_fd(), &self.path, name), node)
    }

    /// The same for a file that is open already, which is quicker.
    pub fn complete_opened(file: &File, node: &mut Node) -> io::Result<Vec<Unread>> {
        attributes::read_all(Place::Open(file.as_fd()), node)
    }

    /// Opens a file for reading, and says what was opened: the caller looks whether that is still
    /// a regular file, and stores this metadata rather than what it knew before.
    pub fn open_file(&self, reader: &Reader, name: &OsStr) -> io::Result<(File, Node)> {
        // Without NONBLOCK, a fifo that took the file's place would be waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = open_quietly(self.folder.as_fd(), name, flags)?;
        let stat = rustix::fs::fstat(&file)?;
        let node = node_of_stat(reader, name, &stat);
        #[cfg(target_os = "linux")]
        if node.kind == NodeKind::File && node.size >= READ_AHEAD_SIZE_MIN {
            // Only advice: a file system that takes none is read all the same.
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Sequential);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = READ_AHEAD_SIZE_MIN;
        Ok((File::from(file), node))
    }

    /// True if reading the entry's content would fetch it from the cloud.
    pub fn is_online_only(&self, name: &OsStr, node: &Node) -> io::Result<bool> {
        #[cfg(target_os = "macos")]
        if node.kind == NodeKind::File {
            /// `SF_DATALESS` of `sys/stat.h`.
            const DATALESS: u32 = 0x4000_0000;
            let stat = rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
            return Ok(stat.st_flags & DATALESS != 0);
        }
        let _ = (name, node);
        Ok(false)
    }

    pub(super) fn node_of_path(reader: &Reader, path: &Path, follow: bool) -> io::Result<Node> {
        let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        let stat = rustix::fs::statat(CWD, path, flags)?;
        Ok(node_of_stat(reader, path.file_name().unwrap_or_default(), &stat))
    }

    pub(super) fn complete_path(path: &Path, node: &mut Node) -> io::Result<Vec<Unread>> {
        if node.kind == NodeKind::Symlink {
            node.link_target = read_link(CWD, path.as_os_str())?;
        }
        attributes::read_all(Place::Path(path), node)
    }
}

/// Opens for reading without leaving a trace in the access time, where the system grants that
/// (to the owner only).
fn open_quietly(at: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC;
    #[cfg(target_os = "linux")]
    match rustix::fs::openat(at, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(rustix::io::Errno::PERM) => {}
        opened => return opened.map_err(Into::into),
    }
    Ok(rustix::fs::openat(at, name, flags, Mode::empty())?)
}

/// The target of a link, whatever its length.
fn read_link(at: BorrowedFd<'_>, name: &OsStr) -> io::Result<Vec<u8>> {
    let target = rustix::fs::readlinkat(at, name, Vec::with_capacity(256))?;
    Ok(target.into_bytes())
}

/// The names in a folder, in the order of the file system.
#[cfg(target_os = "linux")]
fn read_names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    use rustix::fs::RawDir;

    rustix::fs::seek(folder, rustix::fs::SeekFrom::Start(0))?;
    let mut names = Vec::new();
    let mut buffer = Vec::with_capacity(64 << 10);
    let mut entries = RawDir::new(folder, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        push_name(&mut names, entry?.file_name().to_bytes());
    }
    Ok(names)
}

/// The names in a folder, in the order of the file system.
#[cfg(not(target_os = "linux"))]
fn read_names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    let mut entries = rustix::fs::Dir::read_from(folder)?;
    while let Some(entry) = entries.read() {
        push_name(&mut names, entry?.file_name().to_bytes());
    }
    Ok(names)
}

fn push_name(names: &mut Vec<OsString>, name: &[u8]) {
    if name != b"." && name != b".." {
        names.push(OsString::from_vec(name.to_vec()));
    }
}

// The widths and signs of these fields differ between systems; each cast is what Go does there.
#[allow(clippy::unnecessary_cast, trivial_numeric_casts)]
fn node_of_stat(reader: &Reader, name: &OsStr, stat: &Stat) -> Node {
    let (kind, mode) = kind_and_mode(stat.st_mode as u32);
    let time = |seconds: i64, nanoseconds: u64| {
        // Nanoseconds are below 10^9, so the narrowing loses nothing.
        reader.time(seconds, (nanoseconds % 1_000_000_000) as u32)
    };
    let modified = time(stat.st_mtime as i64, stat.st_mtime_nsec as u64);
    Node {
        name: name.as_bytes().to_vec(),
        kind,
        mode,
        modified,
        accessed: if reader.options.with_atime {
            time(stat.st_atime as i64, stat.st_atime_nsec as u64)
        } else {
            modified
        },
        changed: time(stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        uid: stat.st_uid as u32,
        gid: stat.st_gid as u32,
        user: reader.names.user(stat.st_uid as u32),
        group: reader.names.group(stat.st_gid as u32),
        inode: stat.st_ino as u64,
        device_id: stat.st_dev as u64,
        size: if kind == NodeKind::File { stat.st_size as u64 } else { 0 },
        links: match kind {
            NodeKind::Folder | NodeKind::Fifo | NodeKind::Socket => 0,
            _ => stat.st_nlink as u64,
        },
        device: match kind {
            NodeKind::BlockDevice | NodeKind::CharDevice => stat.st_rdev as u64,
            _ => 0,
        },
        ..Node::default()
    }
}

/// The system's mode as a kind and Go's mode.
fn kind_and_mode(st_mode: u32) -> (NodeKind, u32) {
    const SETUID: u32 = 0o4000;
    const SETGID: u32 = 0o2000;
    const STICKY: u32 = 0o1000;
    #[allow(clippy::unnecessary_cast, trivial_numeric_casts)]
    let (kind, kind_bits) = match FileType::from_raw_mode(st_mode as rustix::fs::RawMode) {
        FileType::RegularFile => (NodeKind::File, 0),
        FileType::Directory => (NodeKind::Folder, mode::FOLDER),
        FileType::Symlink => (NodeKind::Symlink, mode::SYMLINK),
        FileType::BlockDevice => (NodeKind::BlockDevice, mode::DEVICE),
        FileType::CharacterDevice => (NodeKind::CharDevice, mode::DEVICE | mode::CHAR_DEVICE),
        FileType::Fifo => (NodeKind::Fifo, mode::FIFO),
        FileType::Socket => (NodeKind::Socket, mode::SOCKET),
        FileType::Unknown => (NodeKind::Irregular, mode::IRREGULAR),
    };
    let mut bits = st_mode & mode::PERMISSIONS | kind_bits;
    for (from, to) in [(SETUID, mode::SETUID), (SETGID, mode::SETGID), (STICKY, mode::STICKY)] {
        if st_mode & from != 0 {
            bits |= to;
        }
    }
    (kind, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_gos() {
        for (st_mode, kind, expected) in [
            (0o040_755, NodeKind::Folder, 2_147_484_141),
            (0o120_777, NodeKind::Symlink, 134_218_239),
            (0o020_644, NodeKind::CharDevice, 69_206_436),
            (0o104_755, NodeKind::File, 8_389_101),
            (0o060_600, NodeKind::BlockDevice, mode::DEVICE | 0o600),
            (0o043_777, NodeKind::Folder, mode::FOLDER | mode::SETGID | mode::STICKY | 0o777),
        ] {
            assert_eq!(kind_and_mode(st_mode), (kind, expected), "{st_mode:o}");
        }
    }

    fn reader() -> Reader {
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").expect("a zone");
        Reader::new(super::super::SourceOptions::new(zone))
    }

    #[test]
    fn names_are_sorted_by_bytes_whatever_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let expected: Vec<OsString> = [&b"A"[..], b"a", b"b\n", b"\xc3\xa9", b"\xff\xfe"]
            .map(|name| OsString::from_vec(name.to_vec()))
            .into();
        for name in expected.iter().rev() {
            std::fs::write(folder.path().join(name), "").expect("write");
        }
        let directory = Directory::open(folder.path()).expect("open");
        assert_eq!(directory.names().expect("names"), expected);
        assert_eq!(directory.names().expect("names, again"), expected);
    }

    #[test]
    fn a_link_is_read_as_a_link_and_never_entered() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("real")).expect("create");
        std::os::unix::fs::symlink("real", folder.path().join("link")).expect("link");
        let directory = Directory::open(folder.path()).expect("open");
        let name = OsStr::new("link");
        let mut node = directory.node(&reader(), name).expect("node");
        directory.complete(name, &mut node).expect("complete");
        assert_eq!((node.kind, node.links), (NodeKind::Symlink, 1));
        assert_eq!(node.link_target, b"real");
        assert!(directory.open_child(name).is_err());
        assert!(directory.open_file(&reader(), name).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_fifo_in_a_files_place_is_opened_without_waiting_and_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fifo");
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, Mode::RUSR, 0).expect("fifo");
        let directory = Directory::open(folder.path()).expect("open");
        let (_, node) = directory.open_file(&reader(), OsStr::new("fifo")).expect("open");
        assert_eq!(node.kind, NodeKind::Fifo);
    }

    #[test]
    fn attributes_are_read_the_same_by_entry_and_by_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, "content").expect("write");
        let flags = rustix::fs::XattrFlags::empty();
        let large = vec![9; 3000];
        for (name, value) in [("user.b", &b""[..]), ("user.a", &large)] {
            if rustix::fs::setxattr(&path, name, value, flags).is_err() {
                return; // a file system without attributes
            }
        }
        let directory = Directory::open(folder.path()).expect("open");
        let (file, mut opened) = directory.open_file(&reader(), OsStr::new("file")).expect("open");
        let mut entry = directory.node(&reader(), OsStr::new("file")).expect("node");
        Directory::complete_opened(&file, &mut opened).expect("complete");
        directory.complete(OsStr::new("file"), &mut entry).expect("complete");
        assert_eq!(opened.extended_attributes, entry.extended_attributes);
        assert_eq!(entry.extended_attributes.len(), 2);
        assert_eq!((entry.size, entry.inode), (7, opened.inode));
    }

    #[test]
    fn times_carry_the_offset_of_their_own_season() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = Directory::open(folder.path()).expect("open");
        std::fs::write(folder.path().join("file"), "").expect("write");
        for (seconds, offset) in [(1_000_000_000, 7200), (1_700_000_000, 3600), (-86_400, 3600)] {
            let moment = rustix::fs::Timespec { tv_sec: seconds, tv_nsec: 5 };
            let times = rustix::fs::Timestamps { last_access: moment, last_modification: moment };
            rustix::fs::utimensat(CWD, folder.path().join("file"), &times, AtFlags::empty())
                .expect("set times");
            let node = directory.node(&reader(), OsStr::new("file")).expect("node");
            let expected = crate::time::Time { seconds, nanoseconds: 5, offset_seconds: offset };
            assert_eq!((node.modified, node.accessed), (expected, expected));
        }
    }
}
