//! Extended attributes on Unix.
//!
//! Before Linux 6.13 there is no call that lists an entry's attributes relative to an open folder, so
//! the folder's descriptor is written as a path under `/proc`, which cannot be led astray either and
//! has no limit on depth; without `/proc`, and on macOS, the whole path is used.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::io::Errno;

use super::Unread;
use crate::tree::{ExtendedAttribute, Node};

/// Large enough for most lists and values, and small: the kernel takes as much memory for each call
/// as it is offered.
const BUFFER_BYTES: usize = 1 << 10;

/// What is longer is not read, and that is told.
const VALUE_BYTES_MAX: usize = 64 << 20;

thread_local! {
    static BUFFERS: RefCell<(Vec<u8>, Vec<u8>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// Whose attributes.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// An open file's or folder's.
    Open(BorrowedFd<'a>),
    /// Those of what stands at a path, links not followed.
    Path(&'a Path),
    /// Those of an entry in an open folder, whose path is known too.
    Entry(BorrowedFd<'a>, &'a Path, &'a OsStr),
}

impl Place<'_> {
    fn with<T>(
        self,
        open: impl Fn(BorrowedFd<'_>) -> rustix::io::Result<T>,
        path: impl Fn(&Path) -> rustix::io::Result<T>,
    ) -> rustix::io::Result<T> {
        match self {
            Place::Open(file) => open(file),
            Place::Path(whole) => path(whole),
            Place::Entry(folder, folder_path, name) => {
                #[cfg(target_os = "linux")]
                if has_proc() {
                    use std::os::fd::AsRawFd;
                    let mut short =
                        std::ffi::OsString::from(format!("/proc/self/fd/{}/", folder.as_raw_fd()));
                    short.push(name);
                    return path(Path::new(&short));
                }
                let _ = folder;
                path(&folder_path.join(name))
            }
        }
    }

    fn list(self, out: &mut Vec<u8>) -> rustix::io::Result<usize> {
        filled(out, |out| {
            #[cfg(target_os = "linux")]
            if let Place::Entry(folder, _, name) = self
                && let Some(listed) = super::list_at::list_at(folder, name, out)
            {
                return listed;
            }
            let out = RefCell::new(out);
            self.with(
                |file| rustix::fs::flistxattr(file, spare_capacity(*out.borrow_mut())),
                |path| rustix::fs::llistxattr(path, spare_capacity(*out.borrow_mut())),
            )
        })
    }

    fn get(self, name: &[u8], out: &mut Vec<u8>) -> rustix::io::Result<usize> {
        filled(out, |out| {
            let out = RefCell::new(out);
            self.with(
                |file| rustix::fs::fgetxattr(file, name, spare_capacity(*out.borrow_mut())),
                |path| rustix::fs::lgetxattr(path, name, spare_capacity(*out.borrow_mut())),
            )
        })
    }
}

#[cfg(target_os = "linux")]
fn has_proc() -> bool {
    static HAS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *HAS.get_or_init(|| Path::new("/proc/self/fd").is_dir())
}

/// Calls `fill` with an empty buffer, and with a larger one as long as it is too small. One that comes
/// back full counts as that: of a resource fork, macOS hands out as much as there is room for, and does
/// not tell that there is more.
fn filled(
    out: &mut Vec<u8>,
    fill: impl Fn(&mut Vec<u8>) -> rustix::io::Result<usize>,
) -> rustix::io::Result<usize> {
    let mut capacity = BUFFER_BYTES;
    loop {
        out.clear();
        out.shrink_to(capacity);
        out.reserve(capacity);
        match fill(out) {
            Ok(count) if count < out.capacity() => return Ok(count),
            Ok(_) | Err(Errno::RANGE) if capacity < VALUE_BYTES_MAX => capacity *= 4,
            Ok(_) => return Err(Errno::FBIG),
            error => return error,
        }
    }
}

/// No attributes here, whichever way the file system says so: CIFS answers that the attribute
/// does not exist where others say that they have none.
fn is_unsupported(error: Errno) -> bool {
    #[cfg(target_os = "linux")]
    const ABSENT: Errno = Errno::NODATA;
    #[cfg(not(target_os = "linux"))]
    const ABSENT: Errno = Errno::NOTSUP;
    error == Errno::NOTSUP || error == Errno::OPNOTSUPP || error == ABSENT
}

fn split(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == 0).filter(|name| !name.is_empty())
}

/// Reads all attributes of `place` into the node.
pub(crate) fn read_all(place: Place<'_>, node: &mut Node) -> io::Result<Vec<Unread>> {
    BUFFERS.with_borrow_mut(|(list, value)| {
        node.extended_attributes.clear();
        let mut unread = Vec::new();
        match place.list(list) {
            Ok(_) => {}
            Err(error) if is_unsupported(error) => return Ok(unread),
            Err(error) => return Err(error.into()),
        }
        for name in split(list) {
            let text = String::from_utf8_lossy(name).into_owned();
            match place.get(name, value) {
                Ok(_) => node
                    .extended_attributes
                    .push(ExtendedAttribute { name: text, value: value.clone() }),
                // Gone since it was listed.
                Err(error) if is_unsupported(error) => {}
                Err(error) => unread.push(Unread::Attribute { name: text, source: error.into() }),
            }
        }
        Ok(unread)
    })
}

/// The names of an entry's attributes.
pub(crate) fn names(place: Place<'_>) -> io::Result<Vec<Vec<u8>>> {
    BUFFERS.with_borrow_mut(|(list, _)| match place.list(list) {
        Ok(_) => Ok(split(list).map(<[u8]>::to_vec).collect()),
        Err(error) if is_unsupported(error) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    })
}

/// True if there is an attribute with this value.
pub(crate) fn has(place: Place<'_>, name: &[u8], value: &[u8]) -> bool {
    BUFFERS.with_borrow_mut(|(_, present)| place.get(name, present).is_ok() && *present == value)
}

/// Sets an attribute, whether it is there or not.
pub(crate) fn set(place: Place<'_>, name: &[u8], value: &[u8]) -> io::Result<()> {
    let flags = rustix::fs::XattrFlags::empty();
    Ok(place.with(
        |file| rustix::fs::fsetxattr(file, name, value, flags),
        |path| rustix::fs::lsetxattr(path, name, value, flags),
    )?)
}

/// Removes an attribute.
pub(crate) fn remove(place: Place<'_>, name: &[u8]) -> io::Result<()> {
    Ok(place.with(
        |file| rustix::fs::fremovexattr(file, name),
        |path| rustix::fs::lremovexattr(path, name),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a value of so many bytes where the system cuts short what there is no room for.
    fn read_where_values_are_cut_short(value_bytes: usize) -> rustix::io::Result<usize> {
        let mut out = Vec::new();
        let read = filled(&mut out, |out| {
            let count = value_bytes.min(out.capacity() - out.len());
            out.resize(count, 7);
            Ok(count)
        });
        read.inspect(|count| assert_eq!(*count, out.len()))
    }

    #[test]
    fn a_value_that_the_system_would_cut_short_is_read_whole_or_not_at_all() {
        for value_bytes in [0, 1, BUFFER_BYTES - 1, BUFFER_BYTES, 5000, 300_000] {
            assert_eq!(read_where_values_are_cut_short(value_bytes), Ok(value_bytes));
        }
        assert!(read_where_values_are_cut_short(VALUE_BYTES_MAX + 1).is_err());
    }

    #[test]
    fn what_was_long_once_does_not_make_every_later_call_ask_for_as_much() {
        let mut out = Vec::with_capacity(1 << 20);
        let asked = std::cell::Cell::new(0);
        let read = filled(&mut out, |out| {
            asked.set(out.capacity());
            out.push(7);
            Ok(1)
        });
        assert_eq!(read, Ok(1));
        assert!(asked.get() < 1 << 20, "{}", asked.get());
    }
}
