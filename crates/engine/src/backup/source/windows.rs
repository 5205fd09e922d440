//! Folders and metadata on Windows, by paths.
//!
//! Stored are the times, the creation time and the attributes. Security descriptors, extended
//! attributes and alternate streams are not read yet.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::value::to_raw_value;

use super::{Reader, UnreadAttribute};
use crate::time::Time;
use crate::tree::{Node, NodeKind, mode};

/// An open folder of a source.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
}

const FILE_FLAG_SEQUENTIAL_SCAN: u32 = 0x0800_0000;
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// Read, write and delete: an open file of ours is in nobody's way.
const SHARE_ALL: u32 = 7;

const ATTRIBUTE_READONLY: u32 = 0x1;
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
        node_of_metadata(reader, name, &metadata)
    }

    /// Adds what a link points to.
    pub fn complete(&self, name: &OsStr, node: &mut Node) -> io::Result<Vec<UnreadAttribute>> {
        Self::complete_path(&self.path.join(name), node)
    }

    /// The same for a file that is open already.
    pub fn complete_opened(_: &File, _: &mut Node) -> io::Result<Vec<UnreadAttribute>> {
        Ok(Vec::new())
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
        let node = node_of_metadata(reader, name, &file.metadata()?)?;
        Ok((file, node))
    }

    /// True if reading the entry's content would fetch it from the cloud.
    pub fn is_online_only(&self, name: &OsStr, _: &Node) -> io::Result<bool> {
        let attributes = self.path.join(name).symlink_metadata()?.file_attributes();
        Ok(attributes & (ATTRIBUTE_RECALL_ON_OPEN | ATTRIBUTE_RECALL_ON_DATA_ACCESS) != 0)
    }

    pub(super) fn node_of_path(reader: &Reader, path: &Path, follow: bool) -> io::Result<Node> {
        let metadata = if follow { path.metadata() } else { path.symlink_metadata() }?;
        let mut node = node_of_metadata(reader, path.file_name().unwrap_or_default(), &metadata)?;
        if path.parent().is_none() {
            // The root of a volume has no creation time that could be restored.
            node.generic_attributes.clear();
        }
        Ok(node)
    }

    pub(super) fn complete_path(path: &Path, node: &mut Node) -> io::Result<Vec<UnreadAttribute>> {
        if node.kind == NodeKind::Symlink {
            node.link_target = path.read_link()?.into_os_string().into_encoded_bytes();
        }
        Ok(Vec::new())
    }
}

fn node_of_metadata(reader: &Reader, name: &OsStr, metadata: &Metadata) -> io::Result<Node> {
    let attributes = metadata.file_attributes();
    let permissions = if attributes & ATTRIBUTE_READONLY != 0 { 0o444 } else { 0o666 };
    let (kind, mode) = if metadata.is_symlink() {
        (NodeKind::Symlink, mode::SYMLINK | permissions)
    } else if metadata.is_dir() {
        (NodeKind::Folder, mode::FOLDER | permissions | 0o111)
    } else {
        (NodeKind::File, permissions)
    };
    let modified = time(reader, metadata.last_write_time());
    let mut node = Node {
        name: name.as_encoded_bytes().to_vec(),
        kind,
        mode,
        modified,
        accessed: if reader.options.with_atime {
            time(reader, metadata.last_access_time())
        } else {
            modified
        },
        changed: modified,
        size: if kind == NodeKind::File { metadata.file_size() } else { 0 },
        ..Node::default()
    };
    let created = CreationTime {
        low: (metadata.creation_time() & u64::from(u32::MAX)) as u32,
        high: (metadata.creation_time() >> 32) as u32,
    };
    let generic = &mut node.generic_attributes;
    generic.insert("windows.creation_time".into(), to_raw_value(&created)?);
    generic.insert("windows.file_attributes".into(), to_raw_value(&attributes)?);
    Ok(node)
}

/// A moment as Windows counts: 100 nanoseconds since 1601, in two halves.
#[derive(serde::Serialize)]
struct CreationTime {
    #[serde(rename = "LowDateTime")]
    low: u32,
    #[serde(rename = "HighDateTime")]
    high: u32,
}

fn time(reader: &Reader, ticks: u64) -> Time {
    /// Seconds from 1601 to 1970.
    const EPOCH_SECONDS: i64 = 11_644_473_600;
    const TICKS_PER_SECOND: u64 = 10_000_000;
    let seconds = (ticks / TICKS_PER_SECOND) as i64 - EPOCH_SECONDS;
    reader.time(seconds, (ticks % TICKS_PER_SECOND) as u32 * 100)
}
