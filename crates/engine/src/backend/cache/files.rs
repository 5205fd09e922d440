//! The files of one repository in a cache. Nothing here fails: what cannot be done is not done.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::{FileKind, FileName};
use crate::id::RawId;

/// What tells backup programs that a folder can be made again.
const TAG_NAME: &str = "CACHEDIR.TAG";
const TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n";
/// restic's version of this layout.
const VERSION_NAME: &str = "version";
const VERSION: &[u8] = b"1";

/// Where the copies of one repository's files lie.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Below the folder `base`, which is made, for nobody else to read.
    pub(super) fn new(base: &Path, repository: RawId, now: SystemTime) -> Self {
        let folder = base.join(repository.to_string());
        // Without a folder every copy is missed, and nothing else happens.
        let _ = make(base, &folder, now);
        Self { folder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, file: FileName) -> Option<PathBuf> {
        let name = file.id.to_string();
        Some(self.folder.join(folder_name(file.kind)?).join(&name[..2]).join(name))
    }

    pub(super) fn has(&self, file: FileName) -> bool {
        self.path(file).is_some_and(|path| path.exists())
    }

    pub(super) fn read(&self, file: FileName) -> Option<Vec<u8>> {
        fs::read(self.path(file)?).ok()
    }

    /// Reads a part of a file; false if there is no such part.
    pub(super) fn read_range(
        &self,
        file: FileName,
        (offset, length): (u64, usize),
        out: &mut Vec<u8>,
    ) -> bool {
        let mut read = || -> io::Result<()> {
            let path = self.path(file).ok_or(io::ErrorKind::NotFound)?;
            let mut copy = File::open(path)?;
            if copy.metadata()?.len() < offset.saturating_add(length as u64) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            copy.seek(SeekFrom::Start(offset))?;
            out.clear();
            out.resize(length, 0);
            copy.read_exact(out)
        };
        read().is_ok()
    }

    /// Keeps a copy; it appears whole. False if that does not work.
    pub(super) fn write(&self, file: FileName, parts: &[&[u8]]) -> bool {
        let write = || -> io::Result<()> {
            let path = self.path(file).ok_or(io::ErrorKind::NotFound)?;
            let folder = path.parent().unwrap_or(&self.folder);
            make_folders(folder)?;
            let random = getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()));
            let aside = folder.join(format!("new-{random:016x}"));
            let mut copy = File::options().write(true).create_new(true).open(&aside)?;
            let written = parts.iter().try_for_each(|part| copy.write_all(part));
            drop(copy);
            let renamed = written.and_then(|()| fs::rename(&aside, &path));
            if renamed.is_err() {
                let _ = fs::remove_file(&aside);
            }
            renamed
        };
        write().is_ok()
    }

    pub(super) fn remove(&self, file: FileName) {
        if let Some(path) = self.path(file) {
            let _ = fs::remove_file(path);
        }
    }

    /// Removes every file of a kind that is none of these. What another process is just writing may
    /// go as well; it does without a copy then.
    pub(super) fn keep_only(&self, kind: FileKind, present: &HashSet<RawId>) {
        let Some(name) = folder_name(kind) else { return };
        let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        for folder in entries(&self.folder.join(name)) {
            for entry in entries(&folder.path()) {
                let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
                if !id.is_some_and(|id| present.contains(&id)) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }
}

fn folder_name(kind: FileKind) -> Option<&'static str> {
    match kind {
        FileKind::Index => Some("index"),
        FileKind::Snapshot => Some("snapshots"),
        FileKind::Pack => Some("data"),
        FileKind::Config | FileKind::Key | FileKind::Lock => None,
    }
}

fn make(base: &Path, folder: &Path, now: SystemTime) -> io::Result<()> {
    make_folders(folder)?;
    for (path, content) in [(base.join(TAG_NAME), TAG), (folder.join(VERSION_NAME), VERSION)] {
        match File::options().write(true).create_new(true).open(path) {
            Ok(mut file) => file.write_all(content)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    // Its time tells when the cache was last used. Systems that do not allow it forget it sooner.
    if let Ok(opened) = File::open(folder) {
        let _ = opened.set_modified(now);
    }
    Ok(())
}

/// Makes a folder and those that it lies in, for this user alone.
pub(crate) fn make_folders(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}
