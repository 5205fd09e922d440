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

impl Node {
    /// True if the name names an entry of a folder and nothing else.
    ///
    /// A repository is not to be trusted with names: one that holds a separator or is `..` would
    /// let a restore write outside of its target.
    #[must_use]
    pub fn has_safe_name(&self) -> bool {
        let name = self.name.as_slice();
        !matches!(name, b"" | b"." | b"..")
            && !name.contains(&b'/')
            && !name.contains(&0)
            && has_safe_name_here(name)
    }
}

#[cfg(not(windows))]
fn has_safe_name_here(_name: &[u8]) -> bool {
    true
}

/// Windows gives a meaning to more characters, to names of devices in any folder and with any
/// extension, and cuts off dots and spaces at the end.
#[cfg(windows)]
fn has_safe_name_here(name: &[u8]) -> bool {
    is_safe_on_windows(name)
}

#[cfg(any(windows, test))]
fn is_safe_on_windows(name: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(name) else { return false };
    if text.contains(|c: char| c < ' ' || r#"\/:*?"<>|"#.contains(c)) || text.ends_with(['.', ' '])
    {
        return false;
    }
    !is_device_of_windows(text)
}

/// True if Windows takes the name for a device, as it does in any folder and with any extension.
pub(crate) fn is_device_of_windows(name: &str) -> bool {
    const DEVICES: [&str; 8] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "COM", "LPT"];
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_uppercase();
    DEVICES.iter().any(|device| match stem.strip_prefix(device) {
        Some("") => !matches!(*device, "COM" | "LPT"),
        Some(number) if matches!(*device, "COM" | "LPT") => {
            matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9")
                || matches!(number, "¹" | "²" | "³")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_not_safe() {
        for name in [&b""[..], b".", b"..", b"a/b", b"/", b"../x", b"a\0b"] {
            assert!(!Node { name: name.to_vec(), ..Node::default() }.has_safe_name(), "{name:?}");
        }
        for name in [&b"a"[..], b"...", b"..a", b" ", b"\xff", "é".as_bytes()] {
            let is_safe = Node { name: name.to_vec(), ..Node::default() }.has_safe_name();
            assert_eq!(
                is_safe,
                cfg!(unix) || name.starts_with(b"..a") || name == b"a" || name[0] == 0xc3
            );
        }
    }

    #[test]
    fn on_windows_devices_and_streams_are_not_safe() {
        for name in ["a:b", r"a\b", "con", "NUL.txt", "com1", "Lpt9.x.y", "COM¹", "a.", "a ", "a?"]
        {
            assert!(!is_safe_on_windows(name.as_bytes()), "{name}");
        }
        for name in ["a", "console", "com", "com10", "nullable.txt", ".gitignore", "a.b c"] {
            assert!(is_safe_on_windows(name.as_bytes()), "{name}");
        }
    }
}
