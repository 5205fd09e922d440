//! Folders on Windows, by paths.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{Reader, Unread, windows_metadata};
use crate::tree::Node;

/// An open folder of a source.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
}

const FILE_FLAG_SEQUENTIAL_SCAN: u32 = 0x0800_0000;
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// Read, write and delete: an open file of ours is in nobody's way.
const SHARE_ALL: u32 = 7;

const ATTRIBUTE_RECALL_ON_OPEN: u32 = 0x4_0000;
const ATTRIBUTE_RECALL_ON_DATA_ACCESS: u32 = 0x40_0000;

impl Directory {
    /// Opens the folder that `path` leads to.
    pub fn open(path: &Path) -> io::Result<Self> {
        if !path.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Opens a folder in this one. A link to a folder is refused.
    pub fn open_child(&self, name: &OsStr) -> io::Result<Self> {
        let path = self.path.join(name);
        if !path.symlink_metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names in it, ascending by their bytes in UTF-8.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = std::fs::read_dir(&self.path)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort_unstable_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
        Ok(names)
    }

    /// What an entry is, without what [`complete`](Self::complete) adds.
    pub fn node(&self, reader: &Reader, name: &OsStr) -> io::Result<Node> {
        let metadata = self.path.join(name).symlink_metadata()?;
        windows_metadata::node(reader, name, &metadata)
    }

    /// Adds what a link points to, access rights and extended attributes. What is there and cannot
    /// be read is left out and returned.
    pub fn complete(&self, name: &OsStr, node: &mut Node) -> io::Result<Vec<Unread>> {
        windows_metadata::complete(&self.path.join(name), node)
    }

    /// The same for a file that is open already.
    pub fn complete_opened(file: &File, node: &mut Node) -> io::Result<Vec<Unread>> {
        windows_metadata::complete_opened(file, node)
    }

    /// Opens a file for reading, and says what was opened: the caller looks whether that is still
    /// a regular file, and stores this metadata rather than what it knew before.
    pub fn open_file(&self, reader: &Reader, name: &OsStr) -> io::Result<(File, Node)> {
        let path = self.path.join(name);
        if path.symlink_metadata()?.is_symlink() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = OpenOptions::new()
            .read(true)
            .share_mode(SHARE_ALL)
            .custom_flags(FILE_FLAG_SEQUENTIAL_SCAN | FILE_FLAG_BACKUP_SEMANTICS)
            .open(path)?;
        let node = windows_metadata::node(reader, name, &file.metadata()?)?;
        Ok((file, node))
    }

    /// True if reading the entry's content would fetch it from the cloud.
    pub fn is_online_only(&self, name: &OsStr, _: &Node) -> io::Result<bool> {
        let attributes = self.path.join(name).symlink_metadata()?.file_attributes();
        Ok(attributes & (ATTRIBUTE_RECALL_ON_OPEN | ATTRIBUTE_RECALL_ON_DATA_ACCESS) != 0)
    }

    pub(super) fn node_of_path(reader: &Reader, path: &Path, follow: bool) -> io::Result<Node> {
        let metadata = if follow { path.metadata() } else { path.symlink_metadata() }?;
        let mut node =
            windows_metadata::node(reader, path.file_name().unwrap_or_default(), &metadata)?;
        if path.parent().is_none() {
            // What is kept of a volume's root is the volume's own, and not a backup's to restore.
            node.generic_attributes.clear();
        }
        Ok(node)
    }

    pub(super) fn complete_path(path: &Path, node: &mut Node) -> io::Result<Vec<Unread>> {
        windows_metadata::complete(path, node)
    }
}
