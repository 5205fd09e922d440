//! Metadata on Windows: extended attributes, times, attributes, and rights at last.
//!
//! Owner and access rights come when everything else is done and a file has its own name, for they
//! may take our own away. What a drive or a user cannot have is told once with a count: it is so
//! for all files alike.

use std::ffi::OsStr;
use std::fs::{File, FileTimes};
use std::io;
use std::os::windows::fs::{FileTimesExt as _, MetadataExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_ENCRYPTED, FILE_READ_ATTRIBUTES, FILE_READ_EA, FILE_WRITE_ATTRIBUTES,
    FILE_WRITE_EA,
};

use super::MetadataProblem;
use super::windows::Folder;
use crate::restore::AttributeSelection;
use crate::time::Time;
use crate::tree::Node;
use crate::windows::rights::{self, Restored};
use crate::windows::{attribute_list, extended, generic, handle};

impl Folder {
    /// Restores a file's metadata, all but who may do what with it.
    pub(in crate::restore) fn finish_file(
        file: &File,
        node: &Node,
        selection: &AttributeSelection,
        _was_there: bool,
    ) -> Vec<MetadataProblem> {
        let mut problems = Vec::new();
        finish_open(file, node, selection, &mut problems);
        if wants(node, FILE_ATTRIBUTE_ENCRYPTED) && !is_encrypted(file) {
            problems.push(unencrypted());
        }
        problems
    }

    /// Restores who may do what with a file that has its own name by now.
    pub(in crate::restore) fn finish_rights(file: &File, node: &Node) -> Vec<MetadataProblem> {
        let mut problems = Vec::new();
        restore_rights(file, node, &mut problems);
        problems
    }

    /// Restores this folder's own metadata.
    pub(in crate::restore) fn finish(
        &self,
        node: &Node,
        selection: &AttributeSelection,
        _was_there: bool,
    ) -> Vec<MetadataProblem> {
        let mut problems = Vec::new();
        if wants(node, FILE_ATTRIBUTE_ENCRYPTED) && !handle::encrypt_folder(&self.path) {
            problems.push(unencrypted());
        }
        match open(&self.path) {
            Ok(folder) => {
                finish_open(&folder, node, selection, &mut problems);
                restore_rights(&folder, node, &mut problems);
            }
            Err(error) => problems.push(MetadataProblem::new("metadata", error)),
        }
        problems
    }

    /// Restores the metadata of a link in this folder, which has no rights of its own.
    pub(in crate::restore) fn finish_other(
        &self,
        name: &OsStr,
        node: &Node,
        _: &AttributeSelection,
    ) -> Vec<MetadataProblem> {
        let mut problems = Vec::new();
        match open(&self.at(name)) {
            Ok(link) => finish_basics(&link, node, &mut problems),
            Err(error) => problems.push(MetadataProblem::new("metadata", error)),
        }
        problems
    }
}

/// Opens a folder or a link for its metadata: for all of it, or for what is there everywhere.
fn open(path: &Path) -> io::Result<File> {
    let least = FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES;
    match handle::open(path, least | FILE_READ_EA | FILE_WRITE_EA) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => handle::open(path, least),
        opened => opened,
    }
}

fn finish_open(
    file: &File,
    node: &Node,
    selection: &AttributeSelection,
    problems: &mut Vec<MetadataProblem>,
) {
    restore_attributes(file, node, selection, problems);
    finish_basics(file, node, problems);
}

/// Times and attributes; the attributes last, since changes of other things mark a file as changed.
fn finish_basics(file: &File, node: &Node, problems: &mut Vec<MetadataProblem>) {
    let mut times = FileTimes::new();
    if let Some(modified) = system_time(node.modified) {
        times = times.set_modified(modified);
    }
    if let Some(accessed) = system_time(node.accessed) {
        times = times.set_accessed(accessed);
    }
    if let Some(created) = generic::created(node).map(generic::moment).and_then(created_time) {
        times = times.set_created(created);
    }
    if let Err(error) = file.set_times(times) {
        problems.push(MetadataProblem::new("times", error));
    }
    if let Some(attributes) = generic::attributes(node)
        && let Err(error) = handle::set_attributes(file, attributes)
    {
        problems.push(MetadataProblem::new("attributes", error));
    }
}

fn created_time((seconds, nanoseconds): (i64, u32)) -> Option<SystemTime> {
    system_time(Time { seconds, nanoseconds, offset_seconds: 0 })
}

fn system_time(time: Time) -> Option<SystemTime> {
    let whole = Duration::from_secs(time.seconds.unsigned_abs());
    let second = if time.seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    second?.checked_add(Duration::from_nanos(time.nanoseconds.into()))
}

fn wants(node: &Node, attribute: u32) -> bool {
    generic::attributes(node).is_some_and(|attributes| attributes & attribute != 0)
}

fn is_encrypted(file: &File) -> bool {
    file.metadata().is_ok_and(|it| it.file_attributes() & FILE_ATTRIBUTE_ENCRYPTED != 0)
}

fn unencrypted() -> MetadataProblem {
    let why = "Windows does not encrypt there; the contents are restored without it";
    MetadataProblem::common("encryption by the file system", why)
}

fn restore_rights(file: &File, node: &Node, problems: &mut Vec<MetadataProblem>) {
    const RIGHTS: &str = "owner and access rights";
    let restored = match generic::descriptor(node) {
        None => return,
        Some(Ok(descriptor)) => rights::restore(file, &descriptor),
        Some(Err(_)) => Ok(Restored::Damaged),
    };
    let (what, why) = match restored {
        Ok(Restored::Whole) => return,
        Ok(Restored::AccessOnly) => (
            "owner, group or audit rules",
            "only an administrator can set them; if they matter, restore as one",
        ),
        Ok(Restored::WouldLockOut) => (
            "access rights",
            "with them you could not read what was restored, so it has those of the folder it lies \
             in; to have them as they were, restore as an administrator",
        ),
        Ok(Restored::Denied) => (
            "access rights",
            "you may not change them; restore into another folder, or as an administrator",
        ),
        Ok(Restored::Unknown) => {
            (RIGHTS, "the drive has none; to have them, restore to one that is formatted with NTFS")
        }
        Ok(Restored::Damaged) => {
            let source = io::Error::new(io::ErrorKind::InvalidData, generic::NoBytes);
            problems.push(MetadataProblem::new(RIGHTS, source));
            return;
        }
        Err(error) => {
            problems.push(MetadataProblem::new(RIGHTS, error));
            return;
        }
    };
    problems.push(MetadataProblem::common(what, why));
}

/// Sets what the node has and removes what it has not, as far as it is selected.
fn restore_attributes(
    file: &File,
    node: &Node,
    selection: &AttributeSelection,
    problems: &mut Vec<MetadataProblem>,
) {
    let is_ours = |name: &str| selection.selects(name.as_bytes()) && !is_kernels(name);
    let has = |name: &str| {
        node.extended_attributes.iter().any(|other| other.name.eq_ignore_ascii_case(name))
    };
    let selected = node.extended_attributes.iter().filter(|it| is_ours(&it.name));
    let (mut changes, impossible): (Vec<_>, Vec<_>) = selected
        .map(|it| (it.name.as_str(), &it.value[..]))
        .partition(|change| attribute_list::encode([*change]).is_ok());
    if !impossible.is_empty() {
        let why = "Windows can have none of their names or lengths";
        problems.push(MetadataProblem::common("extended attributes of another system", why));
    }
    // Where they cannot be read there are none to be removed, or it fails again below.
    let present = extended::read(file).unwrap_or_default();
    let too_many = present.iter().filter(|it| is_ours(&it.name) && !has(&it.name));
    changes.extend(too_many.map(|it| (it.name.as_str(), &b""[..])));
    if changes.is_empty() {
        return;
    }
    let written = attribute_list::encode(changes)
        .map_err(|_| io::ErrorKind::InvalidInput.into())
        .and_then(|list| extended::write(file, &list));
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            let why =
                "the drive has none; to have them, restore to one that is formatted with NTFS";
            problems.push(MetadataProblem::common("extended attributes", why));
        }
        Err(error) => problems.push(MetadataProblem::new("extended attributes", error)),
    }
}

/// Windows' own, which no program can set.
fn is_kernels(name: &str) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("$KERNEL."))
}
