//! One entry of a folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::id::{BlobId, TreeId};
use crate::time::Time;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NodeKind {
    /// `file`
    #[default]
    File,
    /// `dir`
    Folder,
    /// `symlink`
    Symlink,
    /// `dev`: a block device.
    BlockDevice,
    /// `chardev`
    CharDevice,
    /// `fifo`
    Fifo,
    /// `socket`: only in old repositories.
    Socket,
    /// `irregular`, or a word that this version does not know.
    Irregular,
}

/// Bits of [`Node::mode`]: Go's `fs.FileMode`, not the operating system's.
pub mod mode {
    /// Folder.
    pub const FOLDER: u32 = 1 << 31;
    /// Symbolic link.
    pub const SYMLINK: u32 = 1 << 27;
    /// Device, of either kind.
    pub const DEVICE: u32 = 1 << 26;
    /// Named pipe.
    pub const FIFO: u32 = 1 << 25;
    /// Socket.
    pub const SOCKET: u32 = 1 << 24;
    /// Set user id.
    pub const SETUID: u32 = 1 << 23;
    /// Set group id.
    pub const SETGID: u32 = 1 << 22;
    /// Character device, together with [`DEVICE`].
    pub const CHAR_DEVICE: u32 = 1 << 21;
    /// Sticky.
    pub const STICKY: u32 = 1 << 20;
    /// None of the kinds that can be stored.
    pub const IRREGULAR: u32 = 1 << 19;
    /// Permissions.
    pub const PERMISSIONS: u32 = 0o777;
}

/// One entry of a folder with its metadata.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The name's bytes, as the file system has them (UTF-8 on Windows).
    pub name: Vec<u8>,
    /// What it is.
    pub kind: NodeKind,
    /// Permissions and type, see [`mode`].
    pub mode: u32,
    /// Last change of the content.
    pub modified: Time,
    /// Last access; equal to `modified` unless asked for.
    pub accessed: Time,
    /// Last change of content or metadata.
    pub changed: Time,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Owner's name, empty if unknown.
    pub user: Arc<str>,
    /// Group's name, empty if unknown.
    pub group: Arc<str>,
    /// Inode number.
    pub inode: u64,
    /// Device that the entry lies on (`st_dev`).
    pub device_id: u64,
    /// Size in bytes; 0 for everything but files.
    pub size: u64,
    /// Number of hard links; 0 for folders and fifos, as restic has it.
    pub links: u64,
    /// What a symbolic link points to.
    pub link_target: Vec<u8>,
    /// In the order that the operating system lists them.
    pub extended_attributes: Vec<ExtendedAttribute>,
    /// Windows metadata: JSON values by key, kept as they are.
    pub generic_attributes: BTreeMap<String, Box<serde_json::value::RawValue>>,
    /// Device number of a device node (`st_rdev`).
    pub device: u64,
    /// The blobs of a file's content, in order; `None` for everything but files.
    pub content: Option<Vec<BlobId>>,
    /// The tree of a folder.
    pub subtree: Option<TreeId>,
    /// What went wrong when it was stored.
    pub error: String,
    /// Keys that this version does not know, as they were.
    pub unknown: Vec<(String, Box<serde_json::value::RawValue>)>,
}

/// A name and a value that the file system keeps beside a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedAttribute {
    /// Its full name, such as `user.comment`.
    pub name: String,
    /// Its value.
    pub value: Vec<u8>,
}
