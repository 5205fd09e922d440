//! One entry, as a line or as a message.

use holdfast_engine::tree::{Node, NodeKind};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::output::{format, is_zero_u32};

/// An entry, for programs.
#[derive(Debug, Serialize)]
pub(super) struct NodeMessage {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    path: String,
    uid: u32,
    gid: u32,
    /// Files only.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "is_zero_u32")]
    mode: u32,
    permissions: String,
    mtime: String,
    atime: String,
    ctime: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    inode: Option<u64>,
    message_type: &'static str,
    struct_type: &'static str,
}

/// The message about an entry.
pub(super) fn message(path: &[u8], node: &Node) -> NodeMessage {
    NodeMessage {
        name: format::text(&node.name),
        kind: word(node.kind),
        path: format::text(path),
        uid: node.uid,
        gid: node.gid,
        size: (node.kind == NodeKind::File).then_some(node.size),
        mode: node.mode,
        permissions: format::permissions(node.mode),
        mtime: node.modified.to_string(),
        atime: node.accessed.to_string(),
        ctime: node.changed.to_string(),
        inode: (node.inode != 0).then_some(node.inode),
        message_type: "node",
        struct_type: "node",
    }
}

/// restic's word for what an entry is.
pub(crate) fn word(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::File => "file",
        NodeKind::Folder => "dir",
        NodeKind::Symlink => "symlink",
        NodeKind::BlockDevice => "dev",
        NodeKind::CharDevice => "chardev",
        NodeKind::Fifo => "fifo",
        NodeKind::Socket => "socket",
        NodeKind::Irregular => "irregular",
    }
}

/// `-rw-r--r--     0     0     10 2026-11-21 09:00:32 /src/a`
pub(crate) fn long_line(
    path: &[u8],
    node: &Node,
    zone: &TimeZone,
    human_readable: bool,
) -> Vec<u8> {
    let size = if human_readable { format::bytes(node.size) } else { format!("{:6}", node.size) };
    let begin = format!(
        "{} {:5} {:5} {size} {} ",
        format::permissions(node.mode),
        node.uid,
        node.gid,
        format::local_time(&node.modified, zone)
    );
    let mut line = begin.into_bytes();
    line.extend_from_slice(path);
    if node.kind == NodeKind::Symlink {
        line.extend_from_slice(b" -> ");
        line.extend_from_slice(&node.link_target);
    }
    line.push(b'\n');
    line
}
