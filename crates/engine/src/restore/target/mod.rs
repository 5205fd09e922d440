//! The file system that is restored to.
//!
//! Everything is reached from one open [`Target`], folder by folder, and no symbolic link below it
//! is ever followed: what is a link was put there by somebody else, or by the snapshot.

use std::io;

use crate::time::Time;
use crate::tree::NodeKind;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
mod unix_metadata;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
mod windows_metadata;

#[cfg(unix)]
pub(super) use unix::{Folder, Target, free_bytes, read_at, reserve, write_at};
#[cfg(windows)]
pub(super) use windows::{Folder, Target, free_bytes, read_at, reserve, write_at};

/// True if a file that was opened to be read can be given its metadata.
pub(super) const READ_FILE_TAKES_METADATA: bool = cfg!(unix);

/// What stands at a name already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Existing {
    pub kind: NodeKind,
    pub size: u64,
    pub modified: Time,
    pub links: u64,
    pub inode: u64,
    pub device_id: u64,
}

impl Existing {
    /// True if both are names of one file.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        self.inode != 0 && (self.inode, self.device_id) == (other.inode, other.device_id)
    }
}

/// Metadata that could not be restored; the content is not affected.
#[derive(Debug)]
pub(super) struct MetadataProblem {
    /// What could not be restored: `owner`, `times`, `extended attribute user.comment`.
    pub what: String,
    pub cause: Cause,
}

/// Why metadata could not be restored.
#[derive(Debug)]
pub(super) enum Cause {
    /// A reason of this entry's.
    Entry(io::Error),
    /// One that holds for many entries alike, and what to do about it: told once, with a count.
    Common(&'static str),
}

impl MetadataProblem {
    fn new(what: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self { what: what.into(), cause: Cause::Entry(source.into()) }
    }

    #[cfg_attr(not(windows), allow(dead_code, reason = "elsewhere all that can be is restored"))]
    pub(in crate::restore) fn common(what: impl Into<String>, why: &'static str) -> Self {
        Self { what: what.into(), cause: Cause::Common(why) }
    }
}
