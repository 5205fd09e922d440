//! The few calls to Windows for which no safe interface exists.
#![allow(unsafe_code)]

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, FILETIME, GetLastError, HANDLE,
    INVALID_HANDLE_VALUE, STILL_ACTIVE,
};
use windows_sys::Win32::Security::Authentication::Identity::{GetUserNameExW, NameSamCompatible};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_SHARE_READ, FILE_SHARE_WRITE, GetDiskFreeSpaceExW, GetDriveTypeW,
    GetVolumeInformationW, GetVolumePathNameW, OPEN_EXISTING,
};
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::{
    IOCTL_STORAGE_QUERY_PROPERTY, PropertyStandardQuery, STORAGE_PROPERTY_QUERY,
    StorageDeviceSeekPenaltyProperty,
};
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RegGetValueW};
use windows_sys::Win32::System::SystemInformation::{
    ComputerNamePhysicalDnsHostname, GetComputerNameExW,
};
use windows_sys::Win32::System::SystemServices::FILE_READ_ONLY_VOLUME;
use windows_sys::Win32::System::Threading::{
    GetCurrentThread, GetExitCodeProcess, GetProcessTimes, OpenProcess, PROCESS_NAME_WIN32,
    PROCESS_QUERY_LIMITED_INFORMATION, QueryFullProcessImageNameW, SetThreadPriority,
    THREAD_PRIORITY_LOWEST,
};

/// What came of asking for a process.
pub(crate) enum Opened {
    /// There is none.
    Absent,
    /// It ended, and somebody still holds a handle.
    Exited,
    /// It exists, and may not be looked at.
    Denied,
    /// It runs.
    Running {
        /// Hundreds of nanoseconds since 1601.
        start: Option<u64>,
        /// Its program's file name.
        program: Option<String>,
    },
    /// Windows would not say.
    Unknown,
}

struct Handle(HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle was opened by us and is closed once.
        unsafe { CloseHandle(self.0) };
    }
}

pub(crate) fn open_process(pid: u32) -> Opened {
    // Windows rounds ids down to a multiple of four; only such ids are real.
    if pid == 0 || !pid.is_multiple_of(4) {
        return if pid == 0 || pid > i32::MAX.cast_unsigned() {
            Opened::Unknown
        } else {
            Opened::Absent
        };
    }
    // SAFETY: takes plain values; the handle is closed by its owner.
    let handle = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
    if handle.is_null() {
        // SAFETY: takes nothing.
        return match unsafe { GetLastError() } {
            ERROR_INVALID_PARAMETER => Opened::Absent,
            ERROR_ACCESS_DENIED => Opened::Denied,
            _ => Opened::Unknown,
        };
    }
    let handle = Handle(handle);
    if has_exited(&handle) {
        return Opened::Exited;
    }
    Opened::Running { start: start(&handle), program: program(&handle) }
}

/// A process that ended with the code that means "still active" has an exit time all the same.
fn has_exited(handle: &Handle) -> bool {
    let mut code = 0u32;
    // SAFETY: the handle is open, the argument a valid place for the result.
    let known = unsafe { GetExitCodeProcess(handle.0, &mut code) } != 0;
    known
        && (code.cast_signed() != STILL_ACTIVE || times(handle).is_some_and(|(_, exit)| exit != 0))
}

fn start(handle: &Handle) -> Option<u64> {
    times(handle).map(|(creation, _)| creation)
}

fn times(handle: &Handle) -> Option<(u64, u64)> {
    let zero = FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 };
    let [mut creation, mut exit, mut kernel, mut user] = [zero; 4];
    // SAFETY: the handle is open, the arguments are valid places for the results.
    let known =
        unsafe { GetProcessTimes(handle.0, &mut creation, &mut exit, &mut kernel, &mut user) };
    (known != 0).then(|| (number(creation), number(exit)))
}

fn number(time: FILETIME) -> u64 {
    u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime)
}

fn program(handle: &Handle) -> Option<String> {
    let mut path = [0u16; 1024];
    let mut length = 1024u32;
    // SAFETY: the handle is open, the buffer as long as is said.
    let known = unsafe {
        QueryFullProcessImageNameW(handle.0, PROCESS_NAME_WIN32, path.as_mut_ptr(), &mut length)
    };
    let path = String::from_utf16_lossy(path.get(..usize::try_from(length).ok()?)?);
    (known != 0).then(|| path.rsplit('\\').next().unwrap_or(&path).to_owned())
}

/// As Go's `os.Hostname`.
pub(crate) fn hostname() -> String {
    let mut name = [0u16; 256];
    let mut length = 256u32;
    // SAFETY: the buffer is as long as is said.
    let known = unsafe {
        GetComputerNameExW(ComputerNamePhysicalDnsHostname, name.as_mut_ptr(), &mut length)
    };
    let length = usize::try_from(length).unwrap_or(0).min(name.len());
    if known == 0 { String::new() } else { String::from_utf16_lossy(&name[..length]) }
}

/// `DOMAIN\user`, as Go's `user.Current`.
pub(crate) fn username() -> String {
    let mut name = [0u16; 512];
    let mut length = 512u32;
    // SAFETY: the buffer is as long as is said.
    let known = unsafe { GetUserNameExW(NameSamCompatible, name.as_mut_ptr(), &mut length) };
    let length = usize::try_from(length).unwrap_or(0).min(name.len());
    if known { String::from_utf16_lossy(&name[..length]) } else { String::new() }
}

/// The id that Windows gave itself when it was installed.
pub(crate) fn machine_guid() -> Option<String> {
    let mut value = [0u16; 64];
    let mut bytes = u32::try_from(size_of_val(&value)).ok()?;
    let (key, name) = (wide(r"SOFTWARE\Microsoft\Cryptography"), wide("MachineGuid"));
    // SAFETY: the names end in NUL, the buffer has as many bytes as is said.
    let result = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            RRF_RT_REG_SZ,
            std::ptr::null_mut(),
            value.as_mut_ptr().cast(),
            &mut bytes,
        )
    };
    let text = String::from_utf16_lossy(&value[..usize::try_from(bytes).ok()? / 2]);
    let text = text.trim_end_matches('\0');
    (result == 0 && !text.is_empty()).then(|| text.to_owned())
}

/// True if the drive that the path lies on says that moving between two places costs time; see
/// `STORAGE_PROPERTY_QUERY` with `StorageDeviceSeekPenaltyProperty`. It needs no rights to ask.
pub(crate) fn spins(path: &Path) -> bool {
    let Ok(root) = volume_root(path) else { return false };
    let Some(letter) = root.to_str().and_then(|root| root.strip_suffix(":\\")) else {
        return false;
    };
    let device = wide(&format!(r"\\.\{letter}:"));
    let nobody = std::ptr::null_mut();
    // SAFETY: the name ends in NUL; no access is asked for, so that nothing can be read or changed.
    let drive = unsafe {
        CreateFileW(
            device.as_ptr(),
            0,
            FILE_SHARE_READ | FILE_SHARE_WRITE,
            std::ptr::null(),
            OPEN_EXISTING,
            0,
            nobody,
        )
    };
    if drive == INVALID_HANDLE_VALUE {
        return false;
    }
    let query = STORAGE_PROPERTY_QUERY {
        PropertyId: StorageDeviceSeekPenaltyProperty,
        QueryType: PropertyStandardQuery,
        AdditionalParameters: [0],
    };
    // Version, size, and a byte that says it: `DEVICE_SEEK_PENALTY_DESCRIPTOR`, which as a type would
    // have to hold a proper bool whatever a driver writes.
    let mut answer = [0u32; 3];
    let (mut answered, size) = (0u32, |bytes: usize| u32::try_from(bytes).unwrap_or(0));
    // SAFETY: question and answer are of the sizes that are said; the handle is open, and closed once.
    let is_known = unsafe {
        let done = DeviceIoControl(
            drive,
            IOCTL_STORAGE_QUERY_PROPERTY,
            (&raw const query).cast(),
            size(size_of_val(&query)),
            (&raw mut answer).cast(),
            size(size_of_val(&answer)),
            &mut answered,
            nobody.cast(),
        );
        CloseHandle(drive);
        done != 0
    };
    is_known && answered > 8 && answer[2].to_le_bytes()[0] != 0
}

/// The type that Windows gives the drive with this root, such as `C:\`.
pub(crate) fn drive_type(root: &str) -> u32 {
    // SAFETY: the text ends in NUL.
    unsafe { GetDriveTypeW(wide(root).as_ptr()) }
}

/// Where the volume that a path lies on is mounted, such as `C:\`.
pub(crate) fn volume_root(path: &Path) -> io::Result<PathBuf> {
    let path = wide_path(path);
    let mut root = vec![0u16; path.len() + 1];
    let room = u32::try_from(root.len()).unwrap_or(u32::MAX);
    // SAFETY: the path ends in NUL, and the result has the room that is said.
    let found = unsafe { GetVolumePathNameW(path.as_ptr(), root.as_mut_ptr(), room) };
    if found == 0 {
        return Err(io::Error::last_os_error());
    }
    let length = root.iter().position(|unit| *unit == 0).unwrap_or(root.len());
    let root = PathBuf::from(OsString::from_wide(&root[..length]));
    Ok(root.to_str().map(crate::volume::as_people_write).map(PathBuf::from).unwrap_or(root))
}

/// What this user can still store on the volume with this root.
pub(crate) fn free_bytes(root: &Path) -> io::Result<u64> {
    let root = wide_path(root);
    let mut free = 0u64;
    // SAFETY: the root ends in NUL; the first result has a place, the others are not wanted.
    let known = unsafe {
        GetDiskFreeSpaceExW(root.as_ptr(), &mut free, std::ptr::null_mut(), std::ptr::null_mut())
    };
    if known == 0 { Err(io::Error::last_os_error()) } else { Ok(free) }
}

/// Whether the volume with this root takes no writes at all.
pub(crate) fn is_read_only(root: &Path) -> io::Result<bool> {
    let root = wide_path(root);
    let mut flags = 0u32;
    let nothing = std::ptr::null_mut();
    // SAFETY: the root ends in NUL; the flags have a place, the other results are not wanted.
    let known = unsafe {
        GetVolumeInformationW(
            root.as_ptr(),
            nothing,
            0,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            &mut flags,
            nothing,
            0,
        )
    };
    if known == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(flags & FILE_READ_ONLY_VOLUME != 0)
}

/// Lowers the priority of the calling thread.
pub(crate) fn step_aside() {
    // SAFETY: the handle is a constant that stands for the calling thread and needs no closing.
    unsafe { SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_LOWEST) };
}

fn wide_path(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().chain([0]).collect()
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
