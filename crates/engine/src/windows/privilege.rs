//! Rights of an administrator that a program has to switch on before they count.
#![allow(unsafe_code, reason = "privileges have no safe call in std")]

use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{CloseHandle, ERROR_SUCCESS, GetLastError, HANDLE, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, SE_BACKUP_NAME,
    SE_PRIVILEGE_ENABLED, SE_RESTORE_NAME, SE_SECURITY_NAME, TOKEN_ADJUST_PRIVILEGES,
    TOKEN_PRIVILEGES, TOKEN_QUERY,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::core::PCWSTR;

/// What this process may do beyond what files grant to its user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Privileges {
    /// Read and set audit rules.
    pub audit: bool,
    /// Give files to others and change access rights that it was not granted.
    pub restore: bool,
}

/// Switches on what this process has, the first time. An ordinary user has none of it.
pub(crate) fn held() -> Privileges {
    static HELD: OnceLock<Privileges> = OnceLock::new();
    *HELD.get_or_init(|| {
        // To read what is not granted to the user; opening a file shows whether it counts.
        let _ = enable(SE_BACKUP_NAME);
        Privileges { audit: enable(SE_SECURITY_NAME), restore: enable(SE_RESTORE_NAME) }
    })
}

/// True if this process now has the privilege.
fn enable(name: PCWSTR) -> bool {
    let mut token: HANDLE = std::ptr::null_mut();
    // SAFETY: the process's own handle is always valid; `token` is a place for the result.
    let is_open = unsafe {
        OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &mut token)
    };
    if is_open == 0 {
        return false;
    }
    let mut id = LUID { LowPart: 0, HighPart: 0 };
    // SAFETY: `name` is one of the constant names, which end with a zero; `id` takes the result.
    let is_known = unsafe { LookupPrivilegeValueW(std::ptr::null(), name, &mut id) } != 0;
    let wanted = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES { Luid: id, Attributes: SE_PRIVILEGE_ENABLED }],
    };
    // SAFETY: the token is open, `wanted` holds the one privilege that it says, and what was before
    // is not asked for. The call succeeds without enabling anything, which only the error tells.
    let is_enabled = is_known
        && unsafe {
            let nothing = std::ptr::null_mut();
            AdjustTokenPrivileges(token, 0, &wanted, 0, nothing, std::ptr::null_mut()) != 0
                && GetLastError() == ERROR_SUCCESS
        };
    // SAFETY: the token was opened here and is closed once.
    unsafe { CloseHandle(token) };
    is_enabled
}
