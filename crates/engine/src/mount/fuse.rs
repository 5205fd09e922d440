//! Hands [`SnapshotFiles`] to the kernel.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyXattr, Request, Session, SessionACL,
};
use parking_lot::Mutex;

use super::{Attributes, Entry, MountError, ROOT, SnapshotFiles};
use crate::time::Time;
use crate::tree::NodeKind;

/// So long the kernel need not ask again: what is in a snapshot never changes.
const LASTING: Duration = Duration::from_secs(60);
/// The same above snapshots, where new ones appear.
const PASSING: Duration = Duration::from_secs(1);

/// Threads that answer.
const THREADS: usize = 4;

/// Who may look at what is mounted.
#[derive(Debug, Clone, Copy, Default)]
pub struct MountAccess {
    /// Every user of the computer, and not the one who mounts alone.
    pub allow_other: bool,
    /// Permissions of files do not count.
    pub ignore_permissions: bool,
}

/// A repository that is mounted. Goes from the folder when dropped.
pub struct Mounted(BackgroundSession);

impl std::fmt::Debug for Mounted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mounted")
    }
}

impl Mounted {
    /// True if somebody has taken it from its folder.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.guard.is_finished()
    }

    /// Takes it from its folder.
    ///
    /// # Errors
    /// When it is in use, or was taken away already.
    pub fn unmount(self) -> io::Result<()> {
        self.0.umount_and_join()
    }
}

/// Shows the files in a folder until what is returned goes.
///
/// # Errors
/// When the kernel or its helper refuses.
pub fn mount(files: SnapshotFiles, folder: &Path, access: MountAccess) -> io::Result<Mounted> {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::RO,
        MountOption::FSName("holdfast".to_owned()),
        MountOption::NoSuid,
        MountOption::NoDev,
    ];
    if !access.ignore_permissions {
        config.mount_options.push(MountOption::DefaultPermissions);
    }
    if access.allow_other {
        config.acl = SessionACL::All;
    }
    config.n_threads = Some(THREADS);
    let kernel = Kernel { files, listings: Mutex::default() };
    Session::new(kernel, folder, &config)?.spawn().map(Mounted)
}

/// The listings of folders that are open, by handle.
type Listings = (u64, std::collections::HashMap<u64, Arc<Vec<Entry>>>);

struct Kernel {
    files: SnapshotFiles,
    listings: Mutex<Listings>,
}

fn number(error: &MountError) -> Errno {
    match error {
        MountError::NotFound => Errno::ENOENT,
        MountError::NotFolder => Errno::ENOTDIR,
        MountError::NotFile => Errno::EINVAL,
        MountError::Read(_) => Errno::EIO,
    }
}

fn file_type(kind: NodeKind) -> FileType {
    match kind {
        NodeKind::Folder => FileType::Directory,
        NodeKind::Symlink => FileType::Symlink,
        NodeKind::BlockDevice => FileType::BlockDevice,
        NodeKind::CharDevice => FileType::CharDevice,
        NodeKind::Fifo => FileType::NamedPipe,
        NodeKind::Socket => FileType::Socket,
        _ => FileType::RegularFile,
    }
}

fn system_time(time: &Time) -> SystemTime {
    let whole = Duration::from_secs(time.seconds.unsigned_abs());
    let whole = if time.seconds < 0 {
        UNIX_EPOCH.checked_sub(whole)
    } else {
        UNIX_EPOCH.checked_add(whole)
    };
    let nanoseconds = Duration::from_nanos(time.nanoseconds.into());
    whole.and_then(|whole| whole.checked_add(nanoseconds)).unwrap_or(UNIX_EPOCH)
}

fn attr(attributes: &Attributes) -> FileAttr {
    FileAttr {
        ino: INodeNo(attributes.number),
        size: attributes.size,
        blocks: attributes.size.div_ceil(512),
        atime: system_time(&attributes.accessed),
        mtime: system_time(&attributes.modified),
        ctime: system_time(&attributes.changed),
        crtime: system_time(&attributes.modified),
        kind: file_type(attributes.kind),
        perm: attributes.permissions,
        nlink: u32::try_from(attributes.links).unwrap_or(u32::MAX),
        uid: attributes.uid,
        gid: attributes.gid,
        rdev: u32::try_from(attributes.device).unwrap_or(0),
        blksize: 4096,
        flags: 0,
    }
}

impl Kernel {
    fn lasts(&self, folder: u64) -> Duration {
        if self.files.is_above(folder) { PASSING } else { LASTING }
    }
}

impl Filesystem for Kernel {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.files.lookup(parent.0, name.as_bytes()) {
            Ok(found) => reply.entry(&self.lasts(parent.0), &attr(&found), Generation(0)),
            Err(error) => reply.error(number(&error)),
        }
    }

    fn forget(&self, _: &Request, node: INodeNo, times: u64) {
        self.files.forget(node.0, times);
    }

    fn getattr(&self, _: &Request, node: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.files.attributes(node.0) {
            Ok(found) => reply.attr(&self.lasts(node.0), &attr(&found)),
            Err(error) => reply.error(number(&error)),
        }
    }

    fn readlink(&self, _: &Request, node: INodeNo, reply: ReplyData) {
        match self.files.link_target(node.0) {
            Ok(target) => reply.data(&target),
            Err(error) => reply.error(number(&error)),
        }
    }

    fn open(&self, _: &Request, node: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.files.open(node.0) {
            // What the kernel keeps of the file stays right.
            Ok(handle) => reply.opened(FileHandle(handle), FopenFlags::FOPEN_KEEP_CACHE),
            Err(error) => reply.error(number(&error)),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.files.read(handle.0, offset, size as usize) {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(number(&error)),
        }
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.files.close(handle.0);
        reply.ok();
    }

    fn opendir(&self, _: &Request, node: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.files.entries(node.0) {
            Ok(entries) => {
                let mut listings = self.listings.lock();
                listings.0 += 1;
                let handle = listings.0;
                listings.1.insert(handle, Arc::new(entries));
                reply.opened(FileHandle(handle), FopenFlags::empty());
            }
            Err(error) => reply.error(number(&error)),
        }
    }

    fn readdir(
        &self,
        _: &Request,
        node: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let Some(entries) = self.listings.lock().1.get(&handle.0).cloned() else {
            return reply.error(Errno::EINVAL);
        };
        let dots = [(node.0, "."), (ROOT, "..")].map(|(number, name)| Entry {
            number,
            kind: NodeKind::Folder,
            name: name.into(),
        });
        let all = dots.iter().chain(entries.iter()).enumerate();
        for (position, entry) in all.skip(usize::try_from(offset).unwrap_or(usize::MAX)) {
            let name = OsStr::from_bytes(&entry.name);
            let next = position as u64 + 1;
            if reply.add(INodeNo(entry.number), next, file_type(entry.kind), name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.listings.lock().1.remove(&handle.0);
        reply.ok();
    }

    fn getxattr(&self, _: &Request, node: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        let found = self.files.extended_attributes(node.0).map(|all| {
            all.into_iter().find(|attribute| attribute.name.as_bytes() == name.as_bytes())
        });
        match found {
            Ok(Some(attribute)) => answer(&attribute.value, size, reply),
            Ok(None) => reply.error(Errno::NO_XATTR),
            Err(error) => reply.error(number(&error)),
        }
    }

    fn listxattr(&self, _: &Request, node: INodeNo, size: u32, reply: ReplyXattr) {
        match self.files.extended_attributes(node.0) {
            Ok(all) => {
                let names = all.iter().flat_map(|one| [one.name.as_bytes(), b"\0"].concat());
                answer(&names.collect::<Vec<u8>>(), size, reply);
            }
            Err(error) => reply.error(number(&error)),
        }
    }
}

/// The bytes, or how many there are if that is what was asked for.
fn answer(bytes: &[u8], size: u32, reply: ReplyXattr) {
    match u32::try_from(bytes.len()) {
        Ok(length) if size == 0 => reply.size(length),
        Ok(length) if length <= size => reply.data(bytes),
        _ => reply.error(Errno::ERANGE),
    }
}
