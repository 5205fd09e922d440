//! Handles of files and folders, opened for their metadata.
#![allow(
    unsafe_code,
    reason = "reopening a handle and setting attributes have no safe call in std"
)]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt as _;
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _};
use std::path::Path;

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::Storage::FileSystem::{
    EncryptFileW, FILE_ATTRIBUTE_ARCHIVE, FILE_ATTRIBUTE_ENCRYPTED, FILE_ATTRIBUTE_HIDDEN,
    FILE_ATTRIBUTE_NORMAL, FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, FILE_ATTRIBUTE_READONLY,
    FILE_ATTRIBUTE_SYSTEM, FILE_ATTRIBUTE_TEMPORARY, FILE_BASIC_INFO, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
    FileBasicInfo, ReOpenFile, SetFileInformationByHandle,
};

/// What a program can set at any time.
///
/// "Offline" can be set, too, but says that the content is elsewhere, which it is not after a
/// restore.
const SETTABLE: u32 = FILE_ATTRIBUTE_READONLY
    | FILE_ATTRIBUTE_HIDDEN
    | FILE_ATTRIBUTE_SYSTEM
    | FILE_ATTRIBUTE_ARCHIVE
    | FILE_ATTRIBUTE_TEMPORARY
    | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED;

/// Folders too, and links themselves.
const FLAGS: u32 = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;

/// Opens what stands at the path, a link as a link.
pub(crate) fn open(path: &Path, access: u32) -> io::Result<File> {
    OpenOptions::new().access_mode(access).custom_flags(FLAGS).open(path)
}

/// Opens the same file or folder once more, with other rights, wherever its name may be by now.
pub(crate) fn reopened(file: &File, access: u32) -> io::Result<File> {
    let share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    // SAFETY: the handle is open as long as `file` is; the other arguments are plain values.
    let handle = unsafe { ReOpenFile(file.as_raw_handle(), access, share, FLAGS) };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle is open, and nobody else has it.
    Ok(unsafe { File::from_raw_handle(handle) })
}

/// Sets the attributes that can be set, and clears those of them that are not given.
pub(crate) fn set_attributes(file: &File, attributes: u32) -> io::Result<()> {
    let attributes = match attributes & SETTABLE {
        // Nought would mean to leave them as they are.
        0 => FILE_ATTRIBUTE_NORMAL,
        some => some,
    };
    // Times of nought stay as they are.
    let info = FILE_BASIC_INFO {
        CreationTime: 0,
        LastAccessTime: 0,
        LastWriteTime: 0,
        ChangeTime: 0,
        FileAttributes: attributes,
    };
    let bytes = size_of::<FILE_BASIC_INFO>() as u32;
    // SAFETY: the handle is open, and `info` is what this class takes, as long as is said.
    let done = unsafe {
        SetFileInformationByHandle(
            file.as_raw_handle(),
            FileBasicInfo,
            (&raw const info).cast(),
            bytes,
        )
    };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Has the file system encrypt what will be stored in the folder; true if it does.
pub(crate) fn encrypt_folder(path: &Path) -> bool {
    let is_encrypted = || {
        path.symlink_metadata().is_ok_and(|it| it.file_attributes() & FILE_ATTRIBUTE_ENCRYPTED != 0)
    };
    if is_encrypted() {
        return true;
    }
    let name: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    // SAFETY: the name ends with a zero. Whether it worked is seen by the folder.
    unsafe { EncryptFileW(name.as_ptr()) };
    is_encrypted()
}
