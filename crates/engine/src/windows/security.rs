//! Security descriptors of open files and folders.
#![allow(unsafe_code, reason = "security descriptors have no safe call in std")]

use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle as _;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    GetSecurityInfo, SE_FILE_OBJECT, SetSecurityInfo,
};
use windows_sys::Win32::Security::{
    ACL, ATTRIBUTE_SECURITY_INFORMATION, BACKUP_SECURITY_INFORMATION, DACL_SECURITY_INFORMATION,
    GROUP_SECURITY_INFORMATION, GetSecurityDescriptorLength, LABEL_SECURITY_INFORMATION,
    OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION,
    PROTECTED_SACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, SACL_SECURITY_INFORMATION,
    SCOPE_SECURITY_INFORMATION, UNPROTECTED_DACL_SECURITY_INFORMATION,
    UNPROTECTED_SACL_SECURITY_INFORMATION,
};

use super::aligned;
use super::descriptor::{Descriptor, List};

/// What anybody may read who may read the file: restic's choice without privileges.
const ORDINARY: u32 = OWNER_SECURITY_INFORMATION
    | GROUP_SECURITY_INFORMATION
    | DACL_SECURITY_INFORMATION
    | LABEL_SECURITY_INFORMATION
    | ATTRIBUTE_SECURITY_INFORMATION
    | SCOPE_SECURITY_INFORMATION;

/// The self-relative descriptor; with the audit rules if the handle was opened for them.
pub(super) fn read(file: &File, with_audit: bool) -> io::Result<Vec<u8>> {
    let all = ORDINARY | SACL_SECURITY_INFORMATION | BACKUP_SECURITY_INFORMATION;
    let nothing = std::ptr::null_mut();
    let mut descriptor: PSECURITY_DESCRIPTOR = std::ptr::null_mut();
    // SAFETY: the handle is open as long as `file` is; the descriptor has a place, and where its
    // parts are is not asked for.
    let result = unsafe {
        GetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            if with_audit { all } else { ORDINARY },
            nothing,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            &mut descriptor,
        )
    };
    if result != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(result.cast_signed()));
    }
    if descriptor.is_null() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    // SAFETY: the call succeeded, so this is a self-relative descriptor of the length that Windows
    // tells, which is ours until it is freed, once and after the last use.
    let bytes = unsafe {
        let length = GetSecurityDescriptorLength(descriptor) as usize;
        let bytes = std::slice::from_raw_parts(descriptor.cast::<u8>(), length).to_vec();
        LocalFree(descriptor);
        bytes
    };
    Ok(bytes)
}

/// Sets what the descriptor has: all of it, or only who may do what. Files in a folder take from it
/// what they take from the folder above them.
pub(super) fn write(file: &File, parts: &Descriptor<'_>, with_owner: bool) -> io::Result<()> {
    let (owner, group) = match with_owner {
        true => (parts.owner.map(aligned), parts.group.map(aligned)),
        false => (None, None),
    };
    let mut which = 0;
    if owner.is_some() {
        which |= OWNER_SECURITY_INFORMATION;
    }
    if group.is_some() {
        which |= GROUP_SECURITY_INFORMATION;
    }
    let mut access = None;
    if let List::Present { list, is_protected } = parts.access {
        access = list.map(aligned);
        which |= DACL_SECURITY_INFORMATION;
        which |= match is_protected {
            true => PROTECTED_DACL_SECURITY_INFORMATION,
            false => UNPROTECTED_DACL_SECURITY_INFORMATION,
        };
    }
    let mut audit = None;
    if let (List::Present { list, is_protected }, true) = (parts.audit, with_owner) {
        audit = list.map(aligned);
        which |= SACL_SECURITY_INFORMATION
            | LABEL_SECURITY_INFORMATION
            | ATTRIBUTE_SECURITY_INFORMATION
            | SCOPE_SECURITY_INFORMATION;
        which |= match is_protected {
            true => PROTECTED_SACL_SECURITY_INFORMATION,
            false => UNPROTECTED_SACL_SECURITY_INFORMATION,
        };
    }
    if which == 0 {
        return Ok(());
    }
    let start = |part: &Option<Vec<u32>>| part.as_ref().map_or(std::ptr::null(), |it| it.as_ptr());
    // SAFETY: the handle is open; each part is whole, for `Descriptor::parse` followed its lengths,
    // begins where Windows wants it to, and lives until the call is over. Parts that are not there
    // are null, which means "none" where `which` names them and is not looked at otherwise.
    let result = unsafe {
        SetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            which,
            start(&owner).cast_mut().cast(),
            start(&group).cast_mut().cast(),
            start(&access).cast::<ACL>(),
            start(&audit).cast::<ACL>(),
        )
    };
    match result {
        ERROR_SUCCESS => Ok(()),
        error => Err(io::Error::from_raw_os_error(error.cast_signed())),
    }
}
