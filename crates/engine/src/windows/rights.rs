//! Owner, group, access rights and audit rules of files and folders: what to ask Windows for.
//!
//! As with restic, an administrator reads and restores all of it, and everybody else what they may:
//! all but the audit rules is read, the access rights are restored.
//!
//! What is restored never takes a restored file away from the person who restores it: access rights
//! that name the people of another computer would.

use std::fs::File;
use std::io;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_FUNCTION, ERROR_INVALID_OWNER, ERROR_NOT_SUPPORTED,
    ERROR_PRIVILEGE_NOT_HELD,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_GENERIC_READ, READ_CONTROL, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::SystemServices::ACCESS_SYSTEM_SECURITY;

use super::descriptor::{Descriptor, List};
use super::{handle, privilege, security};

/// The security descriptor; `None` where the file system has none. The handle must have been opened
/// to read it, though not for the audit rules.
pub(crate) fn read(file: &File) -> io::Result<Option<Vec<u8>>> {
    if privilege::held().audit {
        let all = handle::reopened(file, READ_CONTROL | ACCESS_SYSTEM_SECURITY)
            .and_then(|file| security::read(&file, true));
        // Some servers do not grant what this computer does; the rest is read all the same.
        if let Ok(all) = all {
            return Ok(Some(all));
        }
    }
    match security::read(file, false) {
        Ok(descriptor) => Ok(Some(descriptor)),
        Err(error) if is_unknown_there(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What became of a descriptor that was to be restored.
#[derive(Debug)]
pub(crate) enum Restored {
    /// All of it is as it was.
    Whole,
    /// The access rights are; owner, group or audit rules differ.
    AccessOnly,
    /// With these access rights, who restores could not read the file; it has those that it had.
    WouldLockOut,
    /// Windows does not let this user change them.
    Denied,
    /// The file system has no such thing.
    Unknown,
    /// It is no descriptor.
    Damaged,
}

/// Restores a security descriptor, as far as this user may.
pub(crate) fn restore(file: &File, descriptor: &[u8]) -> io::Result<Restored> {
    let Some(parts) = Descriptor::parse(descriptor) else { return Ok(Restored::Damaged) };
    let held = privilege::held();
    if held.restore && held.audit {
        let access = READ_CONTROL | WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY;
        let whole =
            handle::reopened(file, access).and_then(|file| security::write(&file, &parts, true));
        match whole {
            Ok(()) => return Ok(Restored::Whole),
            Err(error) if is_unknown_there(&error) => return Ok(Restored::Unknown),
            Err(error) if is_denied(&error) => {}
            Err(error) => return Err(error),
        }
    }
    match restore_access(file, &parts) {
        Err(error) if is_unknown_there(&error) => Ok(Restored::Unknown),
        Err(error) if is_denied(&error) => Ok(Restored::Denied),
        restored => restored,
    }
}

fn restore_access(file: &File, parts: &Descriptor<'_>) -> io::Result<Restored> {
    let file = handle::reopened(file, READ_CONTROL | WRITE_DAC)?;
    let before = security::read(&file, false)?;
    let parts_before = Descriptor::parse(&before);
    security::write(&file, parts, false)?;
    let is_denied_now = handle::reopened(&file, FILE_GENERIC_READ).is_err_and(|it| is_denied(&it));
    if let Some(parts_before) = &parts_before
        && is_denied_now
    {
        security::write(&file, parts_before, false)?;
        return Ok(Restored::WouldLockOut);
    }
    let has = parts_before.unwrap_or(NOTHING);
    let is_same = |wanted: Option<&[u8]>, has| wanted.is_none() || wanted == has;
    let is_whole = is_same(parts.owner, has.owner)
        && is_same(parts.group, has.group)
        && !parts.audit.has_rules();
    Ok(if is_whole { Restored::Whole } else { Restored::AccessOnly })
}

const NOTHING: Descriptor<'static> =
    Descriptor { owner: None, group: None, access: List::Absent, audit: List::Absent };

fn is_denied(error: &io::Error) -> bool {
    let denied = [ERROR_ACCESS_DENIED, ERROR_PRIVILEGE_NOT_HELD, ERROR_INVALID_OWNER];
    is_one_of(error, &denied)
}

fn is_unknown_there(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || is_one_of(error, &[ERROR_NOT_SUPPORTED, ERROR_INVALID_FUNCTION])
}

fn is_one_of(error: &io::Error, codes: &[u32]) -> bool {
    error.raw_os_error().is_some_and(|code| codes.contains(&code.cast_unsigned()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::windows::descriptor::tests::of_one_rule;

    struct Files {
        _folder: tempfile::TempDir,
        shared: PathBuf,
        ordinary: PathBuf,
    }

    /// Two files, of which everybody may do everything with the first.
    fn files() -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let [shared, ordinary] = ["shared", "ordinary"].map(|name| folder.path().join(name));
        for path in [&shared, &ordinary] {
            std::fs::write(path, "content").expect("written");
        }
        let descriptor = of_one_rule(true);
        let everything = Descriptor::parse(&descriptor).expect("a descriptor");
        let file = handle::open(&shared, READ_CONTROL | WRITE_DAC).expect("our own file");
        security::write(&file, &everything, false).expect("ours to change");
        Files { _folder: folder, shared, ordinary }
    }

    fn descriptor(path: &std::path::Path) -> Vec<u8> {
        let file = handle::open(path, READ_CONTROL).expect("open");
        read(&file).expect("ours to read").expect("a file system with rights")
    }

    fn access(descriptor: &[u8]) -> &[u8] {
        match Descriptor::parse(descriptor).expect("a descriptor").access {
            List::Present { list: Some(list), .. } => list,
            other => panic!("no access rights: {other:?}"),
        }
    }

    #[test]
    fn rights_that_were_read_are_restored_to_another_file() {
        let files = files();
        let shared = descriptor(&files.shared);
        assert_ne!(access(&descriptor(&files.ordinary)), access(&shared));
        let file = handle::open(&files.ordinary, READ_CONTROL).expect("open");
        let restored = restore(&file, &shared).expect("restored");
        assert!(matches!(restored, Restored::Whole), "{restored:?}");
        assert_eq!(descriptor(&files.ordinary), shared);
    }

    #[test]
    fn without_privileges_access_rights_are_restored_and_what_else_differs_is_told() {
        let files = files();
        let file = handle::open(&files.ordinary, READ_CONTROL).expect("open");
        let shared = descriptor(&files.shared);
        let own = Descriptor::parse(&shared).expect("a descriptor");
        let restored = restore_access(&file, &own).expect("restored");
        assert!(matches!(restored, Restored::Whole), "{restored:?}");
        assert_eq!(access(&descriptor(&files.ordinary)), access(&shared));

        let nobody = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let of_another = Descriptor { owner: Some(&nobody), ..own };
        let restored = restore_access(&file, &of_another).expect("restored");
        assert!(matches!(restored, Restored::AccessOnly), "{restored:?}");
    }

    /// Wine lets owners read whatever the list says, so there this only sees that nothing is undone
    /// without need; Windows denies it, and then the old list must be back.
    #[test]
    fn access_rights_that_would_lock_out_who_restores_are_not_left_behind() {
        let files = files();
        let mut empty = of_one_rule(true);
        empty[24] = 0; // no rule: nobody may do anything
        let nobody = Descriptor::parse(&empty).expect("a descriptor");
        let before = descriptor(&files.ordinary);
        let file = handle::open(&files.ordinary, READ_CONTROL | WRITE_DAC).expect("open");
        security::write(&file, &nobody, false).expect("ours to change");
        let denies = handle::reopened(&file, FILE_GENERIC_READ).is_err_and(|it| is_denied(&it));
        let parts = Descriptor::parse(&before).expect("a descriptor");
        security::write(&file, &parts, false).expect("ours to change");

        let restored = restore_access(&file, &nobody).expect("restored");
        assert_eq!(matches!(restored, Restored::WouldLockOut), denies, "{restored:?}");
        assert_eq!(std::fs::read(&files.ordinary).expect("still ours"), b"content");
    }

    #[test]
    fn what_is_no_descriptor_is_never_handed_to_windows() {
        let files = files();
        let file = handle::open(&files.ordinary, READ_CONTROL).expect("open");
        let before = descriptor(&files.ordinary);
        let shared = descriptor(&files.shared);
        for damaged in [&b""[..], b"descriptor", &shared[..shared.len() - 1]] {
            let restored = restore(&file, damaged).expect("looked at");
            assert!(matches!(restored, Restored::Damaged), "{restored:?}");
        }
        assert_eq!(descriptor(&files.ordinary), before);
    }
}
