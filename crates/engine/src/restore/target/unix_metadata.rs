//! Metadata on Unix, in restic's order: owner, extended attributes, times, permissions.
//!
//! The owner comes first because a change of owner clears what follows, the times come after
//! everything that would move them, and permissions last because they may take our own away.
//!
//! Of what was there before, only what differs is set. Whatever is set moves the time of change, by
//! which the next backup would take it for changed.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Gid, Mode, Stat, Timespec, Timestamps, Uid};

use super::MetadataProblem;
use super::unix::Folder;
use crate::backup::source::attributes::{self, Place};
use crate::restore::AttributeSelection;
use crate::time::Time;
use crate::tree::{Node, NodeKind, mode};

impl Folder {
    /// Restores a file's metadata; `was_there` if it is not new.
    pub(in crate::restore) fn finish_file(
        file: &File,
        node: &Node,
        selection: &AttributeSelection,
        was_there: bool,
    ) -> Vec<MetadataProblem> {
        finish_open(file.as_fd(), node, selection, was_there)
    }

    /// Restores what must wait until a file has its own name: nothing here, where renaming asks for
    /// rights to the folder alone.
    pub(in crate::restore) fn finish_rights(_: &File, _: &Node) -> Vec<MetadataProblem> {
        Vec::new()
    }

    /// Restores this folder's own metadata; `was_there` if it is not new.
    pub(in crate::restore) fn finish(
        &self,
        node: &Node,
        selection: &AttributeSelection,
        was_there: bool,
    ) -> Vec<MetadataProblem> {
        finish_open(self.fd.as_fd(), node, selection, was_there)
    }

    /// Restores the metadata of a link, fifo or device in this folder.
    pub(in crate::restore) fn finish_other(
        &self,
        name: &OsStr,
        node: &Node,
        selection: &AttributeSelection,
    ) -> Vec<MetadataProblem> {
        let mut problems = Vec::new();
        let (user, group) = owner(node);
        let owned = rustix::fs::chownat(&self.fd, name, user, group, AtFlags::SYMLINK_NOFOLLOW);
        note_owner(owned, &mut problems);
        let place = Place::Entry(self.fd.as_fd(), &self.path, name);
        restore_attributes(place, node, selection, false, &mut problems);
        let times = times(node);
        let timed = rustix::fs::utimensat(&self.fd, name, &times, AtFlags::SYMLINK_NOFOLLOW);
        note("times", timed, &mut problems);
        // Links have no permissions of their own, and the call would follow them.
        if node.kind != NodeKind::Symlink {
            let changed = rustix::fs::chmodat(&self.fd, name, permissions(node), AtFlags::empty());
            note("permissions", changed, &mut problems);
        }
        problems
    }
}

fn finish_open(
    file: BorrowedFd<'_>,
    node: &Node,
    selection: &AttributeSelection,
    was_there: bool,
) -> Vec<MetadataProblem> {
    let mut problems = Vec::new();
    let look = || if was_there { rustix::fs::fstat(file).ok() } else { None };
    let (user, group) = owner(node);
    if !look().is_some_and(|now| has_owner(&now, user, group)) {
        note_owner(rustix::fs::fchown(file, user, group), &mut problems);
    }
    restore_attributes(Place::Open(file), node, selection, was_there, &mut problems);
    // A change of owner and some attributes change permissions too, if they could be changed.
    let now = look();
    let times = times(node);
    if !now.is_some_and(|now| has_times(&now, &times)) {
        note("times", rustix::fs::futimens(file, &times), &mut problems);
    }
    if !now.is_some_and(|now| Mode::from_raw_mode(now.st_mode) == permissions(node)) {
        note("permissions", rustix::fs::fchmod(file, permissions(node)), &mut problems);
    }
    problems
}

fn has_owner(now: &Stat, user: Option<Uid>, group: Option<Gid>) -> bool {
    user.is_none_or(|user| user.as_raw() == now.st_uid)
        && group.is_none_or(|group| group.as_raw() == now.st_gid)
}

#[allow(clippy::unnecessary_cast, trivial_numeric_casts)]
fn has_times(now: &Stat, times: &Timestamps) -> bool {
    let is = |time: Timespec, seconds: i64, nanoseconds: i64| {
        (time.tv_sec as i64, time.tv_nsec as i64) == (seconds, nanoseconds)
    };
    is(times.last_access, now.st_atime as i64, now.st_atime_nsec as i64)
        && is(times.last_modification, now.st_mtime as i64, now.st_mtime_nsec as i64)
}

fn note(what: &str, done: rustix::io::Result<()>, problems: &mut Vec<MetadataProblem>) {
    if let Err(error) = done {
        problems.push(MetadataProblem::new(what, error));
    }
}

/// Only the superuser may give files away, so for others it is no problem that they cannot.
fn note_owner(done: rustix::io::Result<()>, problems: &mut Vec<MetadataProblem>) {
    match done {
        Err(rustix::io::Errno::PERM | rustix::io::Errno::ACCESS) if !is_superuser() => {}
        done => note("owner", done, problems),
    }
}

fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}

/// All ones means "leave as it is" to the system, so a repository cannot mean it.
fn owner(node: &Node) -> (Option<Uid>, Option<Gid>) {
    let valid = |id: u32| (id != u32::MAX).then_some(id);
    (valid(node.uid).map(Uid::from_raw), valid(node.gid).map(Gid::from_raw))
}

fn times(node: &Node) -> Timestamps {
    let at = |time: Time| Timespec {
        tv_sec: time.seconds,
        tv_nsec: time.nanoseconds.min(999_999_999).into(),
    };
    Timestamps { last_access: at(node.accessed), last_modification: at(node.modified) }
}

fn permissions(node: &Node) -> Mode {
    let mut mode = Mode::from_bits_truncate((node.mode & mode::PERMISSIONS) as _);
    let further =
        [(mode::SETUID, Mode::SUID), (mode::SETGID, Mode::SGID), (mode::STICKY, Mode::SVTX)];
    for (bit, further) in further {
        if node.mode & bit != 0 {
            mode |= further;
        }
    }
    mode
}

/// Sets what the node has and removes what it has not, such as what a folder handed down; as far
/// as it is selected.
fn restore_attributes(
    place: Place<'_>,
    node: &Node,
    selection: &AttributeSelection,
    was_there: bool,
    problems: &mut Vec<MetadataProblem>,
) {
    let is_selected = |name: &[u8]| selection.selects(name);
    let selected = node.extended_attributes.iter().filter(|it| is_selected(it.name.as_bytes()));
    for attribute in selected {
        let (name, value) = (attribute.name.as_bytes(), &attribute.value);
        if was_there && attributes::has(place, name, value) {
            continue;
        }
        if let Err(error) = attributes::set(place, name, value) {
            let what = format!("extended attribute {}", attribute.name);
            problems.push(MetadataProblem::new(what, error));
        }
    }
    let present = match attributes::names(place) {
        Ok(present) => present,
        Err(error) => {
            problems.push(MetadataProblem::new("extended attributes", error));
            return;
        }
    };
    let is_wanted =
        |name: &[u8]| node.extended_attributes.iter().any(|it| it.name.as_bytes() == name);
    for name in present.iter().filter(|name| !is_wanted(name) && is_selected(name)) {
        // The system's own labels are not ours to remove, unless we are its superuser.
        let is_system = name.starts_with(b"security.") || name.starts_with(b"com.apple.");
        match attributes::remove(place, name) {
            Ok(()) => {}
            Err(_) if is_system => {}
            Err(error) => {
                let what = format!("extended attribute {}", String::from_utf8_lossy(name));
                problems.push(MetadataProblem::new(what, error));
            }
        }
    }
}
