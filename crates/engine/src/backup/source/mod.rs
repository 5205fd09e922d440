//! Reads a source: folders, metadata, extended attributes, access rights of Windows, holes.
//!
//! Everything is read relative to an open [`Directory`], so a folder that is renamed or replaced
//! by a link while it is read cannot lead the walk astray. What comes out is exactly what restic
//! stores for the same entry, so both tools make the same trees.
//!
//! Guarantees: nothing is written, no access time is changed where the system allows that, no
//! symbolic link is followed below a target, and opening never waits (a fifo that took the place
//! of a file is noticed, not waited for).

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

use jiff::tz::TimeZone;

use crate::monitor::FindingKind;
use crate::time::Time;
use crate::tree::Node;

#[cfg(unix)]
pub(crate) mod attributes;
mod holes;
#[cfg(target_os = "linux")]
mod list_at;
#[cfg(unix)]
mod passwd;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
mod windows_metadata;

#[cfg(unix)]
pub use unix::Directory;
#[cfg(windows)]
pub use windows::Directory;

/// How a source is read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SourceOptions {
    /// The zone whose offset is stored with every time, as restic does with the local one.
    pub zone: TimeZone,
    /// Store the access time; otherwise the modification time stands in for it, so that reading
    /// a file does not change its tree.
    pub with_atime: bool,
}

impl SourceOptions {
    /// Times in `zone`, without access times.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, with_atime: false }
    }
}

/// Turns what the operating system says into nodes. Shared by all threads that walk.
#[derive(Debug)]
pub struct Reader {
    options: SourceOptions,
    #[cfg(unix)]
    names: passwd::Names,
}

impl Reader {
    /// A reader with these options. On Linux it reads the lists of users and groups once; on
    /// Windows it switches on what an administrator's program may do to read everything.
    #[must_use]
    pub fn new(options: SourceOptions) -> Self {
        #[cfg(windows)]
        crate::windows::privilege::held();
        Self {
            options,
            #[cfg(unix)]
            names: passwd::Names::of_this_system(),
        }
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &SourceOptions {
        &self.options
    }

    /// The moment with the offset that the zone had then.
    fn time(&self, seconds: i64, nanoseconds: u32) -> Time {
        Time::at(seconds, nanoseconds, &self.options.zone)
    }
}

/// Metadata that is there and could not be read. The entry is stored without it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unread {
    /// One extended attribute.
    Attribute {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// A part of what Windows keeps, which is denied for many files alike if it is for one.
    Part {
        /// What could not be read, as people call it.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute { name, source } => {
                write!(f, "could not read the extended attribute {name}: {source}")
            }
            Self::Part { what, source } => write!(f, "could not read the {what}: {source}"),
        }
    }
}

/// What stands at `path` itself, links not followed: for a target. The name is the path's last
/// component.
pub fn node_of_path(reader: &Reader, path: &Path) -> io::Result<Node> {
    Directory::node_of_path(reader, path, false)
}

/// What `path` leads to, links followed: for the folders that lead to a target. Attributes are
/// part of it as far as they may be listed; a folder above a target that denies that is no
/// error.
pub fn node_of_ancestor(reader: &Reader, path: &Path) -> io::Result<Node> {
    let mut node = Directory::node_of_path(reader, path, true)?;
    match Directory::complete_path(path, &mut node) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        Err(error) => return Err(error),
    }
    Ok(node)
}

/// Adds what [`Directory::complete`] does to what stands at `path`, links not followed.
pub fn complete_path(path: &Path, node: &mut Node) -> io::Result<Vec<Unread>> {
    Directory::complete_path(path, node)
}

/// The parts of a file that hold data, ascending; `None` if it has no holes or the file system
/// cannot tell. Everything between them reads as zeros. Leaves the file's position at 0.
pub fn data_ranges(file: &File, size: u64) -> io::Result<Option<Vec<Range<u64>>>> {
    holes::data_ranges(file, size)
}

/// What sort of finding it is when a source cannot be read because of `error`.
#[must_use]
pub fn finding_kind(error: &io::Error) -> FindingKind {
    /// `ERROR_SHARING_VIOLATION` and `ERROR_LOCK_VIOLATION`.
    const WINDOWS_IN_USE: [i32; 2] = [32, 33];
    match error.kind() {
        io::ErrorKind::NotFound => FindingKind::Vanished,
        _ if cfg!(windows)
            && error.raw_os_error().is_some_and(|code| WINDOWS_IN_USE.contains(&code)) =>
        {
            FindingKind::InUse
        }
        io::ErrorKind::PermissionDenied => FindingKind::Denied,
        io::ErrorKind::ResourceBusy => FindingKind::InUse,
        _ => FindingKind::Unreadable,
    }
}

/// The bytes that stand for a file name in a repository: its own on Unix, UTF-8 on Windows (with
/// lone surrogates written as restic does).
#[must_use]
pub fn name_bytes(name: &OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// The file name that these bytes of a repository stand for; `None` if this system has no such
/// names.
#[must_use]
pub fn os_name(bytes: &[u8]) -> Option<OsString> {
    #[cfg(unix)]
    return Some(std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec()));
    #[cfg(not(unix))]
    return std::str::from_utf8(bytes).ok().map(OsString::from);
}
