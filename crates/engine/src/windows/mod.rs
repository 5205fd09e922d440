//! What Windows keeps beside a file's content, and how restic writes it down.
//!
//! [`generic`], [`descriptor`] and [`attribute_list`] read and write bytes; they work, and are
//! tested, on every system. The rest calls Windows: each call that is not safe stands in a function
//! of its own that is (`handle`, `privilege`, `security`, `extended`), and `rights` decides with
//! them what to ask for.
//!
//! Kept are: times with the creation time, the attributes that a program can set, owner, group,
//! access rights and audit rules, extended attributes of files and folders, and encryption by the
//! file system. Not kept, as with restic: alternate data streams, short (8.3) names, compression by
//! the file system, and everything of the root of a volume.

#[cfg(windows)]
use std::ffi::OsStr;

pub(crate) mod attribute_list;
pub(crate) mod descriptor;
#[cfg(windows)]
pub(crate) mod extended;
pub(crate) mod generic;
#[cfg(windows)]
pub(crate) mod handle;
#[cfg(windows)]
pub(crate) mod privilege;
#[cfg(windows)]
pub(crate) mod rights;
#[cfg(windows)]
mod security;

/// True for the name of a stream in a file (`file:stream`): what is kept beside a file belongs to
/// the file.
#[cfg(windows)]
pub(crate) fn is_stream(name: &OsStr) -> bool {
    name.as_encoded_bytes().contains(&b':')
}

/// The bytes where numbers of four bytes may be read.
#[cfg(windows)]
fn aligned(bytes: &[u8]) -> Vec<u32> {
    let number = |four: &[u8]| {
        let mut whole = [0; 4];
        whole[..four.len()].copy_from_slice(four);
        u32::from_ne_bytes(whole)
    };
    bytes.chunks(4).map(number).collect()
}
