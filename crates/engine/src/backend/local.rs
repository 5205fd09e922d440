//! A repository in a folder of this computer.
//!
//! A file is written under a temporary name, made durable and only then renamed, so that no name
//! ever stands for half a file. The folders that the names lie in are made durable by
//! [`Backend::sync`], all at once.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use parking_lot::Mutex;

use super::layout::{folder_of, folders, path_of};
use super::{
    Backend, BackendError, BackendErrorKind, FileKind, FileName, Listed, WHOLE_FILE_BYTES_MAX,
};
use crate::id::RawId;

/// Files are written by so many threads at once: enough to hide the wait for the disk.
const CONNECTIONS: usize = 4;

/// A folder with a repository in it.
#[derive(Debug)]
pub struct LocalBackend {
    root: PathBuf,
    permissions: Permissions,
    /// Folders in which a name appeared or went since the last sync.
    unsynced: Mutex<BTreeSet<PathBuf>>,
    /// Held while folders are made durable: who finds nothing left to do must wait until it is done.
    syncing: Mutex<()>,
}

impl LocalBackend {
    /// The repository in this folder, which need not exist yet.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let permissions = Permissions::of(&root);
        Self { root, permissions, unsynced: Mutex::default(), syncing: Mutex::default() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn write_temporary(&self, path: &Path, parts: &[&[u8]]) -> io::Result<PathBuf> {
        let temporary = temporary_name(path);
        let opened = self.permissions.create(&temporary);
        let mut file = match opened {
            // Tools that copy repositories may leave empty folders out.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(&self.root);
                // Where even the config is missing, a disk is: what is seen is the empty folder
                // that it is otherwise mounted on.
                if !path_of(&self.root, FileName::CONFIG).exists() {
                    return Err(error);
                }
                self.permissions.create_folder(folder)?;
                self.permissions.create(&temporary)?
            }
            opened => opened?,
        };
        let written = write_all(&mut file, parts).and_then(|()| file.sync_data());
        if let Err(error) = written {
            drop(file);
            // The name is ours alone; what cannot be removed is ignored by every reader.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        Ok(temporary)
    }

    fn changed(&self, path: &Path) {
        if let Some(folder) = path.parent() {
            self.unsynced.lock().insert(folder.to_path_buf());
        }
    }

    /// What a missing file or folder means: if the repository's own folder is gone as well, the
    /// disk is not there.
    fn failed(&self, act: &'static str, what: String, source: io::Error) -> BackendError {
        let kind = match classify(&source) {
            BackendErrorKind::NotFound if !self.root.is_dir() => BackendErrorKind::Offline,
            kind => kind,
        };
        BackendError { kind, act, what, source: Some(source) }
    }

    fn list_folder(&self, folder: &Path, found: &mut Vec<Listed>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<RawId>().ok())
            else {
                continue;
            };
            match entry.metadata() {
                Ok(metadata) if metadata.is_file() => {
                    found.push(Listed { id, size: metadata.len() });
                }
                Ok(_) => {}
                // Another client removed it between our two looks.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn list_packs(&self, data: &Path, found: &mut Vec<Listed>) -> io::Result<()> {
        for entry in fs::read_dir(data)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_pack_folder =
                name.len() == 2 && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
            if is_pack_folder {
                match self.list_folder(&entry.path(), found) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) if error.kind() == io::ErrorKind::NotADirectory => {}
                    listed => listed?,
                }
            }
        }
        Ok(())
    }
}

impl Backend for LocalBackend {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.root)
    }

    fn connections(&self) -> usize {
        CONNECTIONS
    }

    fn create(&self) -> Result<(), BackendError> {
        let create = |folder: &Path| {
            self.permissions
                .create_folder(folder)
                .map_err(|source| self.failed("create", folder.display().to_string(), source))?;
            self.changed(folder);
            Ok(())
        };
        create(&self.root)?;
        folders(&self.root).try_for_each(|folder| create(&folder))?;
        self.sync()
    }

    fn list(&self, kind: FileKind) -> Result<Vec<Listed>, BackendError> {
        let folder = folder_of(&self.root, kind);
        let mut found = Vec::new();
        let listed = match kind {
            FileKind::Pack => self.list_packs(&folder, &mut found),
            _ => self.list_folder(&folder, &mut found),
        };
        match listed {
            Ok(()) => Ok(found),
            // A folder that was never made is empty, as long as the disk itself is there.
            Err(error)
                if error.kind() == io::ErrorKind::NotFound
                    && fs::metadata(path_of(&self.root, FileName::CONFIG)).is_ok() =>
            {
                Ok(found)
            }
            Err(error) => Err(self.failed("list", folder.display().to_string(), error)),
        }
    }

    fn read(&self, file: FileName) -> Result<Vec<u8>, BackendError> {
        let failed = |source| self.failed("read", file.to_string(), source);
        let opened = File::open(path_of(&self.root, file)).map_err(failed)?;
        let bytes = opened.metadata().map_err(failed)?.len();
        if bytes > WHOLE_FILE_BYTES_MAX {
            let (kind, act) = (BackendErrorKind::TooLarge, "read");
            return Err(BackendError { kind, act, what: file.to_string(), source: None });
        }
        let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        opened.take(WHOLE_FILE_BYTES_MAX).read_to_end(&mut content).map_err(failed)?;
        Ok(content)
    }

    fn read_range(
        &self,
        file: FileName,
        offset: u64,
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        out.clear();
        let read = || {
            let mut opened = File::open(path_of(&self.root, file))?;
            // The length is an index file's word; memory is taken for what is really there.
            let end = offset.checked_add(length as u64);
            if end.is_none_or(|end| end > opened.metadata().map_or(0, |file| file.len())) {
                return Ok(None);
            }
            opened.seek(SeekFrom::Start(offset))?;
            out.try_reserve_exact(length)?;
            opened.take(length as u64).read_to_end(out).map(Some)
        };
        let count = { read }().map_err(|source| self.failed("read", file.to_string(), source))?;
        if count == Some(length) {
            Ok(())
        } else {
            let (what, kind) = (file.to_string(), BackendErrorKind::TooShort);
            Err(BackendError { kind, act: "read", what, source: None })
        }
    }

    fn write(&self, file: FileName, parts: &[&[u8]]) -> Result<(), BackendError> {
        let path = path_of(&self.root, file);
        let failed = |source| self.failed("write", file.to_string(), source);
        // The one file whose name does not follow from its content.
        if file.kind == FileKind::Config && path.exists() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let temporary = self.write_temporary(&path, parts).map_err(failed)?;
        let renamed = self.permissions.make_read_only(&temporary).and_then(|()| match file.kind {
            FileKind::Config => rename_to_new(&temporary, &path),
            _ => fs::rename(&temporary, &path),
        });
        if let Err(source) = renamed {
            let _ = fs::remove_file(&temporary);
            // Windows refuses to replace a read-only file; the file with this name is this file.
            if file.kind != FileKind::Config && path.is_file() {
                return Ok(());
            }
            return Err(failed(source));
        }
        self.changed(&path);
        Ok(())
    }

    fn replace_config(&self, bytes: &[u8]) -> Result<(), BackendError> {
        let path = path_of(&self.root, FileName::CONFIG);
        let failed = |source| self.failed("replace", FileName::CONFIG.to_string(), source);
        let temporary = self.write_temporary(&path, &[bytes]).map_err(failed)?;
        let renamed = self
            .permissions
            .make_read_only(&temporary)
            .and_then(|()| make_replaceable(&path))
            .and_then(|()| fs::rename(&temporary, &path));
        if let Err(source) = renamed {
            let _ = fs::remove_file(&temporary);
            return Err(failed(source));
        }
        self.changed(&path);
        Ok(())
    }

    fn include_in_sync(&self, file: FileName) {
        // Its content was durable before it got its name.
        self.changed(&path_of(&self.root, file));
    }

    fn sync(&self) -> Result<(), BackendError> {
        let _syncing = self.syncing.lock();
        let folders = std::mem::take(&mut *self.unsynced.lock());
        for folder in &folders {
            if let Err(source) = sync_folder(folder) {
                // Nothing is known to be durable now, so all of it stays to be done.
                self.unsynced.lock().extend(folders.iter().cloned());
                return Err(self.failed("sync", folder.display().to_string(), source));
            }
        }
        Ok(())
    }

    fn remove(&self, file: FileName) -> Result<(), BackendError> {
        let path = path_of(&self.root, file);
        remove_file(&path).map_err(|source| self.failed("remove", file.to_string(), source))?;
        self.changed(&path);
        Ok(())
    }

    fn modified(&self, file: FileName) -> Result<SystemTime, BackendError> {
        fs::metadata(path_of(&self.root, file))
            .and_then(|metadata| metadata.modified())
            .map_err(|source| self.failed("read", file.to_string(), source))
    }

    fn free_bytes(&self) -> Result<Option<u64>, BackendError> {
        free_bytes(&self.root)
            .map_err(|source| self.failed("read the free space of", self.location(), source))
    }
}

/// restic's pattern `<final>-tmp-<random>`: every reader passes over names that are not ids.
fn temporary_name(path: &Path) -> PathBuf {
    let random = getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!("-tmp-{random}"));
    path.with_file_name(name)
}

/// Gives a file its name unless somebody else was first: of two clients that create a repository
/// at the same moment, one must fail.
fn rename_to_new(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Ok(()) => {
            // A second name for the config, which readers pass over, if it stays.
            let _ = fs::remove_file(temporary);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // File systems that give a file no second name.
        Err(_) => fs::rename(temporary, path),
    }
}

fn write_all(file: &mut File, parts: &[&[u8]]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut left = slices.as_mut_slice();
    // Past the empty ones, which a write of "0 bytes" could not be told from.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match file.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut left, count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn classify(error: &io::Error) -> BackendErrorKind {
    use io::ErrorKind as Io;
    match error.kind() {
        Io::NotFound | Io::NotADirectory => BackendErrorKind::NotFound,
        Io::AlreadyExists => BackendErrorKind::Exists,
        Io::PermissionDenied | Io::ReadOnlyFilesystem => BackendErrorKind::Denied,
        Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge => BackendErrorKind::Full,
        Io::StaleNetworkFileHandle
        | Io::HostUnreachable
        | Io::NetworkUnreachable
        | Io::NetworkDown
        | Io::TimedOut => BackendErrorKind::Offline,
        _ => BackendErrorKind::Failed,
    }
}

/// True for errors of storages that have no such thing as permissions (CIFS, WebDAV: restic #5595).
#[cfg(unix)]
fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || matches!(
            error.raw_os_error().map(rustix::io::Errno::from_raw_os_error),
            Some(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS | rustix::io::Errno::PERM)
        )
}

/// How the files and folders of this repository are protected: for their owner alone, or for the
/// group too where the config is readable by it (restic's rule).
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(unix), allow(dead_code, reason = "other systems inherit the folder's permissions"))]
struct Permissions {
    folder: u32,
    file: u32,
}

#[cfg(unix)]
impl Permissions {
    fn of(root: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let group_reads = fs::metadata(path_of(root, FileName::CONFIG))
            .is_ok_and(|config| config.permissions().mode() & 0o040 != 0);
        if group_reads {
            Self { folder: 0o770, file: 0o660 }
        } else {
            Self { folder: 0o700, file: 0o600 }
        }
    }

    fn create(self, path: &Path) -> io::Result<File> {
        use std::os::unix::fs::OpenOptionsExt as _;
        OpenOptions::new().write(true).create_new(true).mode(self.file).open(path)
    }

    fn create_folder(self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().recursive(true).mode(self.folder).create(path)
    }

    fn make_read_only(self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        match fs::set_permissions(path, fs::Permissions::from_mode(self.file & !0o222)) {
            Err(error) if is_unsupported(&error) => Ok(()),
            done => done,
        }
    }
}

#[cfg(unix)]
fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

#[cfg(unix)]
fn make_replaceable(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(path).and_then(|folder| folder.sync_all()) {
        // Some network file systems cannot; a folder that is gone has nothing to lose.
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                || error.kind() == io::ErrorKind::InvalidInput
                || is_unsupported(&error) =>
        {
            Ok(())
        }
        done => done,
    }
}

#[cfg(unix)]
fn free_bytes(root: &Path) -> io::Result<Option<u64>> {
    let nearest = root.ancestors().find(|path| path.exists()).unwrap_or(root);
    let volume = rustix::fs::statvfs(nearest)?;
    Ok(Some(volume.f_bavail.saturating_mul(volume.f_frsize)))
}

#[cfg(not(unix))]
impl Permissions {
    fn of(_: &Path) -> Self {
        Self { folder: 0, file: 0 }
    }

    fn create(self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(path)
    }

    fn create_folder(self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    // restic leaves files writable on Windows too.
    fn make_read_only(self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
fn remove_file(path: &Path) -> io::Result<()> {
    make_replaceable(path)?;
    fs::remove_file(path)
}

#[cfg(not(unix))]
fn make_replaceable(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    let mut permissions = metadata.permissions();
    if permissions.readonly() {
        #[allow(clippy::permissions_set_readonly_false, reason = "this is not unix")]
        permissions.set_readonly(false);
        fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

// Windows has no way to flush a folder; renames are journaled.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(windows)]
fn free_bytes(root: &Path) -> io::Result<Option<u64>> {
    let nearest = root.ancestors().find(|path| path.exists()).unwrap_or(root);
    windows_volume::free_bytes(nearest).map(Some)
}

#[cfg(windows)]
#[allow(unsafe_code, reason = "the free space of a volume has no safe call in std")]
mod windows_volume {
    use std::io;
    use std::os::windows::ffi::OsStrExt as _;
    use std::path::Path;

    use windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;

    /// Bytes that this user may still write to the volume of a folder.
    pub(super) fn free_bytes(folder: &Path) -> io::Result<u64> {
        let name: Vec<u16> = folder.as_os_str().encode_wide().chain([0]).collect();
        let mut available = 0u64;
        // SAFETY: `name` ends with a zero, `available` outlives the call, and the two other results
        // may be left out.
        let done = unsafe {
            GetDiskFreeSpaceExW(
                name.as_ptr(),
                &mut available,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        if done == 0 { Err(io::Error::last_os_error()) } else { Ok(available) }
    }
}
