//! The target on Windows, by paths.
//!
//! Times, the creation time and the attributes of files are restored. Security descriptors and the
//! attributes of folders are not yet, which is reported once with a count, so that nobody takes them
//! for restored.

use std::ffi::{OsStr, OsString};
use std::fs::{File, FileTimes, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, FileTimesExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::{Existing, MetadataProblem};
use crate::restore::AttributeSelection;
use crate::time::Time;
use crate::tree::{Node, NodeKind};

/// The folder that is restored into.
#[derive(Debug)]
pub(in crate::restore) struct Target {
    root: Arc<Folder>,
}

/// A folder at or below the target.
#[derive(Debug)]
pub(in crate::restore) struct Folder {
    path: PathBuf,
}

const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
const FILE_WRITE_ATTRIBUTES: u32 = 0x0100;
const ATTRIBUTE_READONLY: u32 = 0x1;
const ATTRIBUTE_DIRECTORY: u32 = 0x10;
/// Hidden, system, archive, not indexed: what a file can be made with.
const ATTRIBUTES_SETTABLE: u32 = 0x2 | 0x4 | 0x20 | 0x2000;

impl Target {
    /// Opens the folder at `path`. Links on the way to it are followed: the path is the user's.
    pub(in crate::restore) fn open(path: &Path) -> io::Result<Self> {
        if !path.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root: Arc::new(Folder { path: path.to_owned() }) })
    }

    /// Where it is.
    pub(in crate::restore) fn path(&self) -> &Path {
        &self.root.path
    }

    /// The folder at a path that is relative to the target.
    pub(in crate::restore) fn folder(&self, relative: &Path) -> io::Result<Arc<Folder>> {
        let mut folder = self.root.clone();
        for name in relative {
            folder = Arc::new(folder.child(name)?);
        }
        Ok(folder)
    }
}

impl Folder {
    fn at(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in this one; a link is refused.
    pub(in crate::restore) fn child(&self, name: &OsStr) -> io::Result<Self> {
        let path = self.at(name);
        if !path.symlink_metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path })
    }

    /// Makes a folder.
    pub(in crate::restore) fn create_folder(&self, name: &OsStr) -> io::Result<()> {
        std::fs::create_dir(self.at(name))
    }

    /// What stands at a name; `None` if nothing does.
    pub(in crate::restore) fn existing(&self, name: &OsStr) -> io::Result<Option<Existing>> {
        match self.at(name).symlink_metadata() {
            Ok(metadata) => Ok(Some(existing_of(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a file where nothing may stand, with its attributes.
    pub(in crate::restore) fn create_file(&self, name: &OsStr, node: &Node) -> io::Result<File> {
        let attributes = attributes_of(node).unwrap_or(0) & ATTRIBUTES_SETTABLE;
        OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .attributes(attributes)
            .open(self.at(name))
    }

    /// Opens a regular file for reading.
    pub(in crate::restore) fn read_file(&self, name: &OsStr) -> io::Result<File> {
        open_regular(OpenOptions::new().read(true), &self.at(name))
    }

    /// Opens a regular file for writing in it.
    pub(in crate::restore) fn write_file(&self, name: &OsStr) -> io::Result<File> {
        open_regular(OpenOptions::new().read(true).write(true), &self.at(name))
    }

    /// Opens a regular file to change its metadata.
    pub(in crate::restore) fn metadata_file(&self, name: &OsStr) -> io::Result<File> {
        open_regular(OpenOptions::new().access_mode(FILE_WRITE_ATTRIBUTES | 0x80), &self.at(name))
    }

    /// True if a link must be made after what it leads to: it is made as one to a file or to a
    /// folder, and which of them is neither recorded nor to be seen yet.
    pub(in crate::restore) fn must_wait(&self, node: &Node) -> bool {
        let is_there = |target: &str| self.path.join(target).exists();
        attributes_of(node).is_none()
            && std::str::from_utf8(&node.link_target).is_ok_and(|target| !is_there(target))
    }

    /// Makes a link where nothing may stand. Slashes in its target become what Windows follows.
    pub(in crate::restore) fn create_other(&self, name: &OsStr, node: &Node) -> io::Result<()> {
        if node.kind != NodeKind::Symlink {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let target = std::str::from_utf8(&node.link_target)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidFilename))?
            .replace('/', "\\");
        let is_folder = match attributes_of(node) {
            Some(attributes) => attributes & ATTRIBUTE_DIRECTORY != 0,
            None => self.path.join(&target).is_dir(),
        };
        if is_folder {
            std::os::windows::fs::symlink_dir(target, self.at(name))
        } else {
            std::os::windows::fs::symlink_file(target, self.at(name))
        }
    }

    /// Gives the file `from_name` of another folder a further name in this one.
    pub(in crate::restore) fn link(
        &self,
        from: &Self,
        from_name: &OsStr,
        name: &OsStr,
    ) -> io::Result<()> {
        std::fs::hard_link(from.at(from_name), self.at(name))
    }

    /// Renames, replacing what is there.
    pub(in crate::restore) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.make_writable(to);
        std::fs::rename(self.at(from), self.at(to))
    }

    /// Renames, unless something is there.
    pub(in crate::restore) fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        match self.existing(to)? {
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
            None => std::fs::rename(self.at(from), self.at(to)),
        }
    }

    /// Renames into another folder, replacing nothing.
    pub(in crate::restore) fn move_to(&self, name: &OsStr, path: &Path) -> io::Result<()> {
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        std::fs::rename(self.at(name), path)
    }

    /// Removes what is not a folder.
    pub(in crate::restore) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        self.make_writable(name);
        match std::fs::remove_file(self.at(name)) {
            // A link to a folder is removed as a folder is.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                if self.at(name).symlink_metadata()?.is_symlink() {
                    return std::fs::remove_dir(self.at(name));
                }
                Err(error)
            }
            removed => removed,
        }
    }

    /// Removes an empty folder.
    pub(in crate::restore) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        std::fs::remove_dir(self.at(name))
    }

    /// Removes what stands at the name, with all that is in it, and tells the path of each entry
    /// that is gone: `above`, the name, and what is below it.
    pub(in crate::restore) fn remove_all(
        &self,
        name: &OsStr,
        above: &Path,
        removed: &mut dyn FnMut(&Path),
    ) -> io::Result<()> {
        let path = above.join(name);
        if self.at(name).symlink_metadata()?.is_dir() {
            let child = self.child(name)?;
            for inner in child.names()? {
                child.remove_all(&inner, &path, removed)?;
            }
            self.remove_folder(name)?;
        } else {
            self.remove_file(name)?;
        }
        removed(&path);
        Ok(())
    }

    /// The names in it.
    pub(in crate::restore) fn names(&self) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    /// A read-only file can neither be replaced nor removed.
    fn make_writable(&self, name: &OsStr) {
        let path = self.at(name);
        if let Ok(metadata) = path.symlink_metadata()
            && metadata.permissions().readonly()
        {
            let mut permissions = metadata.permissions();
            #[allow(clippy::permissions_set_readonly_false)]
            permissions.set_readonly(false);
            // If it fails, so will what comes next, with a better reason.
            let _ = std::fs::set_permissions(path, permissions);
        }
    }

    /// Restores a file's metadata.
    pub(in crate::restore) fn finish_file(
        file: &File,
        node: &Node,
        _: &AttributeSelection,
    ) -> Vec<MetadataProblem> {
        let mut problems = Vec::new();
        set_times(file, node, &mut problems);
        if attributes_of(node).is_some_and(|attributes| attributes & ATTRIBUTE_READONLY != 0)
            && let Err(error) = set_readonly(file)
        {
            problems.push(MetadataProblem::new("attributes", error));
        }
        note_descriptor(node, &mut problems);
        problems
    }

    /// Restores this folder's own metadata.
    pub(in crate::restore) fn finish(
        &self,
        node: &Node,
        _: &AttributeSelection,
    ) -> Vec<MetadataProblem> {
        let mut problems = Vec::new();
        finish_path(&self.path, node, &mut problems);
        if attributes_of(node).is_some_and(|it| it & (ATTRIBUTES_SETTABLE & !0x20) != 0) {
            problems.push(MetadataProblem::unsupported("attributes of folders"));
        }
        note_descriptor(node, &mut problems);
        problems
    }

    /// Restores the metadata of a link in this folder.
    pub(in crate::restore) fn finish_other(
        &self,
        name: &OsStr,
        node: &Node,
        _: &AttributeSelection,
    ) -> Vec<MetadataProblem> {
        let mut problems = Vec::new();
        finish_path(&self.at(name), node, &mut problems);
        problems
    }
}

fn finish_path(path: &Path, node: &Node, problems: &mut Vec<MetadataProblem>) {
    let opened = OpenOptions::new()
        .access_mode(FILE_WRITE_ATTRIBUTES)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path);
    match opened {
        Ok(opened) => set_times(&opened, node, problems),
        Err(error) => problems.push(MetadataProblem::new("times", error)),
    }
}

fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
}

fn set_readonly(file: &File) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

fn set_times(file: &File, node: &Node, problems: &mut Vec<MetadataProblem>) {
    let mut times = FileTimes::new();
    if let Some(modified) = system_time(node.modified) {
        times = times.set_modified(modified);
    }
    if let Some(accessed) = system_time(node.accessed) {
        times = times.set_accessed(accessed);
    }
    if let Some(created) = created(node) {
        times = times.set_created(created);
    }
    if let Err(error) = file.set_times(times) {
        problems.push(MetadataProblem::new("times", error));
    }
}

/// Owner and access rights are in the snapshot and not restored: that must not go unsaid.
fn note_descriptor(node: &Node, problems: &mut Vec<MetadataProblem>) {
    if node.generic_attributes.contains_key("windows.security_descriptor") {
        problems.push(MetadataProblem::unsupported("owner and access rights"));
    }
}

fn attributes_of(node: &Node) -> Option<u32> {
    serde_json::from_str(node.generic_attributes.get("windows.file_attributes")?.get()).ok()
}

/// 100 nanoseconds since 1601, in two halves.
#[derive(Deserialize)]
struct CreationTime {
    #[serde(rename = "LowDateTime")]
    low: u32,
    #[serde(rename = "HighDateTime")]
    high: u32,
}

fn created(node: &Node) -> Option<SystemTime> {
    /// Seconds from 1601 to 1970.
    const EPOCH_SECONDS: i64 = 11_644_473_600;
    const TICKS_PER_SECOND: u64 = 10_000_000;
    let text = node.generic_attributes.get("windows.creation_time")?.get();
    let time: CreationTime = serde_json::from_str(text).ok()?;
    let ticks = u64::from(time.high) << 32 | u64::from(time.low);
    system_time(Time {
        seconds: (ticks / TICKS_PER_SECOND) as i64 - EPOCH_SECONDS,
        nanoseconds: (ticks % TICKS_PER_SECOND) as u32 * 100,
        offset_seconds: 0,
    })
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

fn existing_of(metadata: &Metadata) -> Existing {
    /// Seconds from 1601 to 1970.
    const EPOCH_SECONDS: i64 = 11_644_473_600;
    const TICKS_PER_SECOND: u64 = 10_000_000;
    let ticks = metadata.last_write_time();
    Existing {
        kind: if metadata.is_symlink() {
            NodeKind::Symlink
        } else if metadata.is_dir() {
            NodeKind::Folder
        } else {
            NodeKind::File
        },
        size: metadata.file_size(),
        modified: Time {
            seconds: (ticks / TICKS_PER_SECOND) as i64 - EPOCH_SECONDS,
            nanoseconds: (ticks % TICKS_PER_SECOND) as u32 * 100,
            offset_seconds: 0,
        },
        // Neither is told without opening the file.
        links: 1,
        inode: 0,
        device_id: 0,
    }
}

/// Gives a file its size.
pub(in crate::restore) fn reserve(file: &File, size: u64) -> io::Result<()> {
    file.set_len(size)
}

/// Writes all of `data` at `offset`.
pub(in crate::restore) fn write_at(
    file: &File,
    mut data: &[u8],
    mut offset: u64,
) -> io::Result<()> {
    while !data.is_empty() {
        let count = file.seek_write(data, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        data = &data[count..];
        offset += count as u64;
    }
    Ok(())
}

/// Fills `data` from `offset`.
pub(in crate::restore) fn read_at(
    file: &File,
    mut data: &mut [u8],
    mut offset: u64,
) -> io::Result<()> {
    while !data.is_empty() {
        let count = file.seek_read(data, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        data = &mut data[count..];
        offset += count as u64;
    }
    Ok(())
}

/// Bytes that a user may still write where the target is.
pub(in crate::restore) fn free_bytes(_: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
