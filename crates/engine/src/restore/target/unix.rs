//! The target on Unix, by descriptors.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::Existing;
use crate::time::Time;
use crate::tree::{Node, NodeKind};

/// The folder that is restored into.
#[derive(Debug)]
pub(in crate::restore) struct Target {
    root: Arc<Folder>,
    is_in_memory: bool,
}

/// An open folder at or below the target.
#[derive(Debug)]
pub(in crate::restore) struct Folder {
    pub(super) fd: OwnedFd,
    pub(super) path: PathBuf,
}

const OPEN_FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Target {
    /// Opens the folder at `path`. Links on the way to it are followed: the path is the user's.
    pub(in crate::restore) fn open(path: &Path) -> io::Result<Self> {
        let flags = OPEN_FOLDER.difference(OFlags::NOFOLLOW);
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        let is_in_memory = is_in_memory(&fd);
        Ok(Self { root: Arc::new(Folder { fd, path: path.to_owned() }), is_in_memory })
    }

    /// True if files lie on a disk, where room that was reserved lies together. In memory it would
    /// only be touched twice.
    pub(in crate::restore) fn gains_by_reserving(&self) -> bool {
        !self.is_in_memory
    }

    /// Where it is.
    pub(in crate::restore) fn path(&self) -> &Path {
        &self.root.path
    }

    /// The folder at a path that is relative to the target.
    pub(in crate::restore) fn folder(&self, relative: &Path) -> io::Result<Arc<Folder>> {
        if relative.as_os_str().is_empty() {
            return Ok(self.root.clone());
        }
        #[cfg(target_os = "linux")]
        if let Some(fd) = self.folder_at_once(relative)? {
            return Ok(Arc::new(Folder { fd, path: self.root.path.join(relative) }));
        }
        let mut folder = self.root.clone();
        for name in relative {
            folder = Arc::new(folder.child(name)?);
        }
        Ok(folder)
    }

    /// Lets the kernel walk the path without following links; `None` if it cannot.
    #[cfg(target_os = "linux")]
    fn folder_at_once(&self, relative: &Path) -> io::Result<Option<OwnedFd>> {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match rustix::fs::openat2(&self.root.fd, relative, OPEN_FOLDER, Mode::empty(), resolve) {
            Ok(fd) => Ok(Some(fd)),
            // An old kernel, a sandbox, something renamed meanwhile, a path too long for one call,
            // a folder that may be entered but not listed.
            Err(
                Errno::NOSYS
                | Errno::PERM
                | Errno::AGAIN
                | Errno::INVAL
                | Errno::NAMETOOLONG
                | Errno::ACCESS,
            ) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// True if the file system keeps its files in memory alone.
fn is_in_memory(file: impl AsFd) -> bool {
    #[cfg(target_os = "linux")]
    {
        /// As the kernel calls tmpfs.
        const TMPFS: u64 = 0x0102_1994;
        rustix::fs::fstatfs(file).is_ok_and(|stat| u64::try_from(stat.f_type) == Ok(TMPFS))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        false
    }
}

impl Folder {
    /// Opens a folder in this one; a link is refused.
    pub(in crate::restore) fn child(&self, name: &OsStr) -> io::Result<Self> {
        let opened = rustix::fs::openat(&self.fd, name, OPEN_FOLDER, Mode::empty());
        #[cfg(target_os = "linux")]
        let opened = match opened {
            // What may be entered but not listed can still be written to.
            Err(Errno::ACCESS) => {
                rustix::fs::openat(&self.fd, name, OPEN_FOLDER | OFlags::PATH, Mode::empty())
            }
            opened => opened,
        };
        Ok(Self { fd: opened?, path: self.path.join(name) })
    }

    /// Makes a folder that only we may enter until its metadata is restored.
    pub(in crate::restore) fn create_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.fd, name, Mode::RWXU)?)
    }

    /// What stands at a name; `None` if nothing does.
    pub(in crate::restore) fn existing(&self, name: &OsStr) -> io::Result<Option<Existing>> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(existing_of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a file where nothing may stand.
    pub(in crate::restore) fn create_file(&self, name: &OsStr, _: &Node) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let fd = rustix::fs::openat(&self.fd, name, flags | OFlags::NOFOLLOW, mode)?;
        Ok(File::from(fd))
    }

    /// Opens a regular file for reading, which leaves its access time alone where the system grants
    /// that.
    pub(in crate::restore) fn read_file(&self, name: &OsStr) -> io::Result<File> {
        #[cfg(target_os = "linux")]
        match self.open_regular(name, OFlags::RDONLY | OFlags::NOATIME) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            opened => return opened,
        }
        self.open_regular(name, OFlags::RDONLY)
    }

    /// Opens a regular file for writing in it.
    pub(in crate::restore) fn write_file(&self, name: &OsStr) -> io::Result<File> {
        self.open_regular(name, OFlags::RDWR)
    }

    /// Opens a regular file to change its metadata, as far as it can be opened at all.
    pub(in crate::restore) fn metadata_file(&self, name: &OsStr) -> io::Result<File> {
        match self.open_regular(name, OFlags::RDONLY) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.open_regular(name, OFlags::WRONLY)
            }
            opened => opened,
        }
    }

    fn open_regular(&self, name: &OsStr, access: OFlags) -> io::Result<File> {
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&fd)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(File::from(fd)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
        }
    }

    /// True if a link must be made after what it leads to: never here.
    #[expect(clippy::unused_self, reason = "elsewhere it is asked of the folder")]
    pub(in crate::restore) fn must_wait(&self, _: &Node) -> bool {
        false
    }

    /// Makes a link, a fifo or a device where nothing may stand.
    pub(in crate::restore) fn create_other(&self, name: &OsStr, node: &Node) -> io::Result<()> {
        let mode = Mode::RUSR | Mode::WUSR;
        let kind = match node.kind {
            NodeKind::Symlink => {
                let target = OsStr::from_bytes(&node.link_target);
                return Ok(rustix::fs::symlinkat(target, &self.fd, name)?);
            }
            NodeKind::Fifo => FileType::Fifo,
            NodeKind::BlockDevice => FileType::BlockDevice,
            NodeKind::CharDevice => FileType::CharacterDevice,
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        #[cfg(not(target_os = "macos"))]
        return Ok(rustix::fs::mknodat(&self.fd, name, kind, mode, node.device)?);
        #[cfg(target_os = "macos")]
        match kind {
            FileType::Fifo => {
                let mode = nix::sys::stat::Mode::from_bits_truncate(mode.bits());
                Ok(nix::unistd::mkfifo(&self.path.join(name), mode)?)
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Gives the file `from_name` of another folder a further name in this one.
    pub(in crate::restore) fn link(
        &self,
        from: &Self,
        from_name: &OsStr,
        name: &OsStr,
    ) -> io::Result<()> {
        Ok(rustix::fs::linkat(&from.fd, from_name, &self.fd, name, AtFlags::empty())?)
    }

    /// Renames, replacing what is there.
    pub(in crate::restore) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Renames, unless something is there.
    pub(in crate::restore) fn rename_new(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        {
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            match rustix::fs::renameat_with(&self.fd, from, &self.fd, to, flags) {
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                renamed => return Ok(renamed?),
            }
        }
        match self.existing(to)? {
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
            None => self.rename(from, to),
        }
    }

    /// Renames into another folder, replacing nothing.
    pub(in crate::restore) fn move_to(&self, name: &OsStr, path: &Path) -> io::Result<()> {
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(rustix::fs::renameat(&self.fd, name, rustix::fs::CWD, path)?)
    }

    /// Removes what is not a folder.
    pub(in crate::restore) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Removes an empty folder.
    pub(in crate::restore) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)?)
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
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) => {
                removed(&path);
                return Ok(());
            }
            // What Linux and what others say of a folder.
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
        let child = self.child(name)?;
        for inner in child.names()? {
            child.remove_all(&inner, &path, removed)?;
        }
        self.remove_folder(name)?;
        removed(&path);
        Ok(())
    }

    /// The names in it.
    pub(in crate::restore) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        let mut entries = rustix::fs::Dir::read_from(&self.fd)?;
        while let Some(entry) = entries.read() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }
}

/// Reserves room for a file and gives it its size.
pub(in crate::restore) fn reserve(file: &File, size: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, size) {
        Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => {}
        reserved => return Ok(reserved?),
    }
    file.set_len(size)
}

/// Writes all of `data` at `offset`.
pub(in crate::restore) fn write_at(file: &File, data: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, data, offset)
}

/// Fills `data` from `offset`.
pub(in crate::restore) fn read_at(file: &File, data: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, data, offset)
}

/// Bytes that a user may still write where the target is.
pub(in crate::restore) fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[allow(clippy::unnecessary_cast, trivial_numeric_casts)]
fn existing_of(stat: &rustix::fs::Stat) -> Existing {
    Existing {
        kind: match FileType::from_raw_mode(stat.st_mode as rustix::fs::RawMode) {
            FileType::RegularFile => NodeKind::File,
            FileType::Directory => NodeKind::Folder,
            FileType::Symlink => NodeKind::Symlink,
            FileType::BlockDevice => NodeKind::BlockDevice,
            FileType::CharacterDevice => NodeKind::CharDevice,
            FileType::Fifo => NodeKind::Fifo,
            FileType::Socket => NodeKind::Socket,
            FileType::Unknown => NodeKind::Irregular,
        },
        size: stat.st_size as u64,
        modified: Time {
            seconds: stat.st_mtime as i64,
            nanoseconds: stat.st_mtime_nsec as u32,
            offset_seconds: 0,
        },
        links: stat.st_nlink as u64,
        inode: stat.st_ino as u64,
        device_id: stat.st_dev as u64,
    }
}

/// The folder's descriptor, for what is set through it.
impl AsFd for Folder {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_memory_alone_is_told_from_the_rest() {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        assert!(is_in_memory(rustix::fs::memfd_create("file", flags).expect("made")));
        assert!(!is_in_memory(File::open("/proc/self/status").expect("opened")));
    }
}
