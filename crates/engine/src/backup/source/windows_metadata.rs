//! What Windows keeps beside a file's content, read into a node.
//!
//! Times, the creation time and the attributes come with what an entry is; the rest is read from a
//! handle that is opened for it: owner, group, access rights, audit rules (an administrator's) and
//! extended attributes, of files and folders, as restic does it.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::windows::fs::MetadataExt as _;
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_READONLY, FILE_READ_ATTRIBUTES, FILE_READ_EA, READ_CONTROL,
};

use super::{Reader, Unread};
use crate::time::Time;
use crate::tree::{Node, NodeKind, mode};
use crate::windows::{extended, generic, handle, is_stream, rights};

/// What an entry is, as far as the folder tells.
pub(super) fn node(reader: &Reader, name: &OsStr, metadata: &Metadata) -> io::Result<Node> {
    let attributes = metadata.file_attributes();
    let permissions = if attributes & FILE_ATTRIBUTE_READONLY != 0 { 0o444 } else { 0o666 };
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
    if !is_stream(name) {
        generic::set_basics(&mut node, metadata.creation_time(), attributes)?;
    }
    Ok(node)
}

fn time(reader: &Reader, ticks: u64) -> Time {
    let (seconds, nanoseconds) = generic::moment(ticks);
    reader.time(seconds, nanoseconds)
}

/// Adds what a link points to, or what is read of a file or folder by a handle.
pub(super) fn complete(path: &Path, node: &mut Node) -> io::Result<Vec<Unread>> {
    if node.kind == NodeKind::Symlink {
        node.link_target = path.read_link()?.into_os_string().into_encoded_bytes();
        return Ok(Vec::new());
    }
    if path.file_name().is_some_and(is_stream) {
        return Ok(Vec::new());
    }
    let is_volume = path.parent().is_none();
    match handle::open(path, READ_CONTROL | FILE_READ_ATTRIBUTES | FILE_READ_EA) {
        Ok(file) if is_volume => {
            let mut unread = Vec::new();
            read_attributes(&file, node, &mut unread);
            Ok(unread)
        }
        Ok(file) => complete_opened(&file, node),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(source) => Ok(vec![Unread::Part { what: RIGHTS, source }]),
    }
}

/// Adds what is read of a file or folder that is open already.
pub(super) fn complete_opened(file: &File, node: &mut Node) -> io::Result<Vec<Unread>> {
    let mut unread = Vec::new();
    if node.name.contains(&b':') {
        return Ok(unread);
    }
    match rights::read(file) {
        Ok(Some(descriptor)) => generic::set_descriptor(node, &descriptor)?,
        Ok(None) => {}
        Err(source) => unread.push(Unread::Part { what: RIGHTS, source }),
    }
    read_attributes(file, node, &mut unread);
    Ok(unread)
}

const RIGHTS: &str = "owner and access rights";

fn read_attributes(file: &File, node: &mut Node, unread: &mut Vec<Unread>) {
    match extended::read(file) {
        Ok(attributes) => node.extended_attributes = attributes,
        Err(source) => unread.push(Unread::Part { what: "extended attributes", source }),
    }
}
