//! The names of an entry's extended attributes, relative to an open folder: `listxattrat`.
//!
//! Linux has it since 6.13, and no crate calls it yet. It takes half the time of the way through
//! `/proc`, and a backup asks for every file.

#![allow(unsafe_code, reason = "listxattrat has no safe call in any crate")]

use std::ffi::{CString, OsStr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

/// The call's number, the same for every processor that numbers calls in common
/// (`scripts/syscall.tbl` of the kernel, and `arch/x86/entry/syscalls/syscall_64.tbl`).
const LISTXATTRAT: libc::c_long = 465;

/// Processors that do.
const IS_NUMBERED_SO: bool = cfg!(all(
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
));

/// Links are not followed.
const FLAGS: libc::c_int = libc::AT_SYMLINK_NOFOLLOW;

/// Fills the empty `out`, up to its capacity, with the names of the attributes that the entry `name`
/// of `folder` has, each ended by a zero byte. `None` where the system has no such call.
pub(super) fn list_at(
    folder: BorrowedFd<'_>,
    name: &OsStr,
    out: &mut Vec<u8>,
) -> Option<rustix::io::Result<usize>> {
    static IS_MISSING: AtomicBool = AtomicBool::new(!IS_NUMBERED_SO);
    if IS_MISSING.load(Ordering::Relaxed) {
        return None;
    }
    let Ok(name) = CString::new(name.as_bytes()) else { return Some(Err(Errno::INVAL)) };
    let spare = out.spare_capacity_mut();
    if spare.is_empty() {
        // The kernel would write nothing and tell how much room it takes.
        return Some(Err(Errno::RANGE));
    }
    // SAFETY: the folder is open while it is borrowed, the name ends in a zero byte, and the kernel
    // writes at most as many bytes as there is spare room for.
    let answer = unsafe {
        libc::syscall(
            LISTXATTRAT,
            folder.as_raw_fd(),
            name.as_ptr(),
            FLAGS,
            spare.as_mut_ptr(),
            spare.len(),
        )
    };
    if let Ok(length) = usize::try_from(answer) {
        // SAFETY: there was room, so the kernel has written so many bytes, and no more than that.
        unsafe { out.set_len(length) };
        return Some(Ok(length));
    }
    let error = std::io::Error::last_os_error().raw_os_error().map(Errno::from_raw_os_error);
    match error {
        // A sandbox that does not know the call forbids it.
        Some(Errno::NOSYS | Errno::PERM) => {
            IS_MISSING.store(true, Ordering::Relaxed);
            None
        }
        error => Some(Err(error.unwrap_or(Errno::IO))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn it_answers_as_the_way_through_proc_does_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, "content").expect("written");
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).expect("a link");
        let flags = rustix::fs::XattrFlags::empty();
        for name in ["user.b", "user.a"] {
            // On a file system without attributes both ways say so.
            let _ = rustix::fs::setxattr(&path, name, b"value", flags);
        }
        let opened = std::fs::File::open(folder.path()).expect("open");
        for name in ["file", "link", "gone"] {
            let mut none = Vec::new();
            match list_at(opened.as_fd(), OsStr::new(name), &mut none) {
                Some(listed) => assert_eq!((listed, none.len()), (Err(Errno::RANGE), 0)),
                None => return, // an older kernel
            }
            for room in [4096, 3] {
                let (mut ours, mut theirs) = (Vec::with_capacity(room), vec![0; room]);
                let whole = folder.path().join(name);
                let expected = rustix::fs::llistxattr(&whole, &mut theirs[..]);
                let Some(listed) = list_at(opened.as_fd(), OsStr::new(name), &mut ours) else {
                    return; // an older kernel
                };
                assert_eq!(listed, expected, "{name} {room}");
                if let Ok(length) = expected {
                    assert_eq!(ours, theirs[..length]);
                }
            }
        }
    }
}
