//! The target on Windows, by paths.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_ENCRYPTED, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_READ_ATTRIBUTES, FILE_READ_EA, FILE_WRITE_ATTRIBUTES,
    FILE_WRITE_EA,
};

use super::Existing;
use crate::time::Time;
use crate::tree::{Node, NodeKind};
use crate::windows::{generic, privilege};

/// The folder that is restored into.
#[derive(Debug)]
pub(in crate::restore) struct Target {
    root: Arc<Folder>,
}

/// A folder at or below the target.
#[derive(Debug)]
pub(in crate::restore) struct Folder {
    pub(super) path: PathBuf,
}

/// Links themselves, and what an administrator may do beyond what a file grants.
const FLAGS: u32 = FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS;

impl Target {
    /// Opens the folder at `path`. Links on the way to it are followed: the path is the user's.
    pub(in crate::restore) fn open(path: &Path) -> io::Result<Self> {
        privilege::held();
        if !path.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root: Arc::new(Folder { path: path.to_owned() }) })
    }

    /// Where it is.
    pub(in crate::restore) fn path(&self) -> &Path {
        &self.root.path
    }

    /// True if files lie on a disk, where room that was reserved lies together.
    #[expect(clippy::unused_self, reason = "elsewhere it is asked of the target")]
    pub(in crate::restore) fn gains_by_reserving(&self) -> bool {
        true
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
    pub(super) fn at(&self, name: &OsStr) -> PathBuf {
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

    /// Makes a file where nothing may stand; encrypted from its first byte on if it was and can be.
    pub(in crate::restore) fn create_file(&self, name: &OsStr, node: &Node) -> io::Result<File> {
        let create = |attributes| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true).attributes(attributes);
            options.open(self.at(name))
        };
        let encrypted = generic::attributes(node).unwrap_or(0) & FILE_ATTRIBUTE_ENCRYPTED;
        match create(encrypted) {
            // Where it cannot be encrypted it is restored all the same, which is told at its end.
            Err(error) if encrypted != 0 && error.kind() != io::ErrorKind::AlreadyExists => {
                create(0)
            }
            created => created,
        }
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
        let least = FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES;
        let all = least | FILE_READ_EA | FILE_WRITE_EA;
        let open = |access| open_regular(OpenOptions::new().access_mode(access), &self.at(name));
        match open(all) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => open(least),
            opened => opened,
        }
    }

    /// True if a link must be made after what it leads to: it is made as one to a file or to a
    /// folder, and which of them is neither recorded nor to be seen yet.
    pub(in crate::restore) fn must_wait(&self, node: &Node) -> bool {
        let is_there = |target: &str| self.path.join(target).exists();
        generic::attributes(node).is_none()
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
        let is_folder = match generic::attributes(node) {
            Some(attributes) => attributes & FILE_ATTRIBUTE_DIRECTORY != 0,
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
}

fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = options.custom_flags(FLAGS).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
}

fn existing_of(metadata: &Metadata) -> Existing {
    let (seconds, nanoseconds) = generic::moment(metadata.last_write_time());
    Existing {
        kind: if metadata.is_symlink() {
            NodeKind::Symlink
        } else if metadata.is_dir() {
            NodeKind::Folder
        } else {
            NodeKind::File
        },
        size: metadata.file_size(),
        modified: Time { seconds, nanoseconds, offset_seconds: 0 },
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
