//! The few calls to macOS for which no safe interface exists.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;

/// What `proc_pidinfo` tells of a process.
pub(crate) struct ProcessInfo {
    pub(crate) start_seconds: u64,
    pub(crate) start_microseconds: u64,
    pub(crate) program: String,
    pub(crate) is_zombie: bool,
}

pub(crate) fn process_info(pid: u32) -> Option<ProcessInfo> {
    let pid = c_int::try_from(pid).ok()?;
    let mut info = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    let size = c_int::try_from(size_of::<libc::proc_bsdinfo>()).ok()?;
    // SAFETY: the buffer is as large as is said, and plain integers of any value are valid.
    let filled = unsafe {
        libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, info.as_mut_ptr().cast(), size)
    };
    if filled != size {
        return None;
    }
    // SAFETY: zeroed before, filled now.
    let info = unsafe { info.assume_init() };
    let name: Vec<u8> =
        info.pbi_comm.iter().map(|byte| byte.to_ne_bytes()[0]).take_while(|b| *b != 0).collect();
    Some(ProcessInfo {
        start_seconds: info.pbi_start_tvsec,
        start_microseconds: info.pbi_start_tvusec,
        program: String::from_utf8_lossy(&name).into_owned(),
        is_zombie: info.pbi_status == libc::SZOMB,
    })
}

/// The id that the hardware has for its whole life.
pub(crate) fn hardware_id() -> Option<String> {
    let mut id = [0u8; 16];
    let wait = libc::timespec { tv_sec: 1, tv_nsec: 0 };
    // SAFETY: the id has the 16 bytes that are written, the time is a valid timespec.
    let result = unsafe { libc::gethostuuid(id.as_mut_ptr(), &wait) };
    (result == 0).then(|| id.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The id of this start of the system.
pub(crate) fn boot_session() -> Option<String> {
    let mut text = [0u8; 64];
    let mut length = text.len();
    // SAFETY: the name ends in NUL, the buffer is as long as is said, nothing is set.
    let result = unsafe {
        libc::sysctlbyname(
            c"kern.bootsessionuuid".as_ptr(),
            text.as_mut_ptr().cast::<c_void>(),
            &mut length,
            std::ptr::null_mut(),
            0,
        )
    };
    let text = CStr::from_bytes_until_nul(&text).ok()?.to_str().ok()?;
    (result == 0 && !text.is_empty()).then(|| text.to_owned())
}

/// Lowers the quality of service of the calling thread, which the kernel takes for processor and disk.
pub(crate) fn step_aside() {
    // SAFETY: takes two numbers, and changes nothing but how the calling thread is scheduled.
    unsafe { libc::pthread_set_qos_class_self_np(libc::qos_class_t::QOS_CLASS_UTILITY, 0) };
}
