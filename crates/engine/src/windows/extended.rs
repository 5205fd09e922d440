//! Extended attributes of open files and folders.
#![allow(unsafe_code, reason = "extended attributes have no safe call in std")]

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle as _;

use windows_sys::Wdk::Storage::FileSystem::{NtQueryEaFile, NtSetEaFile};
use windows_sys::Win32::Foundation::{
    NTSTATUS, RtlNtStatusToDosError, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL,
    STATUS_EAS_NOT_SUPPORTED, STATUS_INVALID_DEVICE_REQUEST, STATUS_NO_EAS_ON_FILE,
    STATUS_NO_MORE_EAS, STATUS_NOT_IMPLEMENTED, STATUS_NOT_SUPPORTED,
};
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;

use super::{aligned, attribute_list};
use crate::tree::ExtendedAttribute;

/// Enough for most; there is room for all that a file may have after a few tries.
const LIST_BYTES: usize = 1024;
const LIST_BYTES_MAX: usize = 1 << 20;

/// The file's attributes in Windows' order; none where the file system knows none. The handle must
/// have been opened to read them.
pub(crate) fn read(file: &File) -> io::Result<Vec<ExtendedAttribute>> {
    let mut bytes = LIST_BYTES;
    loop {
        // Entries begin at multiples of four.
        let mut list = vec![0u32; bytes / 4];
        let mut outcome = IO_STATUS_BLOCK::default();
        // SAFETY: the handle is open and was not opened for overlapped reading, so the call ends
        // before it returns; the list is as long as is said, and `outcome` is a place for the rest.
        let status = unsafe {
            NtQueryEaFile(
                file.as_raw_handle(),
                &mut outcome,
                list.as_mut_ptr().cast(),
                bytes as u32,
                false,
                std::ptr::null(),
                0,
                std::ptr::null(),
                true,
            )
        };
        match status {
            STATUS_BUFFER_OVERFLOW | STATUS_BUFFER_TOO_SMALL if bytes < LIST_BYTES_MAX => {
                bytes *= 4;
            }
            STATUS_NO_EAS_ON_FILE | STATUS_NO_MORE_EAS => return Ok(Vec::new()),
            status if is_unknown_there(status) => return Ok(Vec::new()),
            status if status < 0 => return Err(error_of(status)),
            _ => {
                let filled = outcome.Information.min(bytes);
                let list: Vec<u8> = list.iter().flat_map(|four| four.to_ne_bytes()).collect();
                return Ok(attribute_list::decode(&list[..filled]));
            }
        }
    }
}

/// Sets the attributes of a list, and removes those of an empty value.
pub(crate) fn write(file: &File, list: &[u8]) -> io::Result<()> {
    let length = u32::try_from(list.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let list = aligned(list);
    let mut outcome = IO_STATUS_BLOCK::default();
    // SAFETY: the handle is open and not overlapped, the list is at least as long as is said, and
    // `outcome` is a place for the rest.
    let status =
        unsafe { NtSetEaFile(file.as_raw_handle(), &mut outcome, list.as_ptr().cast(), length) };
    if is_unknown_there(status) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    if status < 0 { Err(error_of(status)) } else { Ok(()) }
}

/// The file system has no such thing.
fn is_unknown_there(status: NTSTATUS) -> bool {
    matches!(
        status,
        STATUS_EAS_NOT_SUPPORTED
            | STATUS_INVALID_DEVICE_REQUEST
            | STATUS_NOT_IMPLEMENTED
            | STATUS_NOT_SUPPORTED
    )
}

fn error_of(status: NTSTATUS) -> io::Error {
    // SAFETY: takes and returns a number.
    io::Error::from_raw_os_error(unsafe { RtlNtStatusToDosError(status) }.cast_signed())
}
