//! Writing small files so that a power cut leaves the old one or the new one, never half of one.
//!
//! Where the operating system has such rights, nobody but the person can read them: names of
//! folders and places of backups are nobody else's business.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Replaces a file: written beside it, synced, renamed over it, and the folder synced.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = create_options().truncate(true).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// How a file is made that only this person can read. Who opens it says what becomes of one that
/// is there.
pub(crate) fn create_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder, with those above it, that only this person can look into. One that is there
/// stays as it is: the person may have shared it.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A path in a folder at which nothing stands: `name`, or with a number behind it, then `ending`.
pub(crate) fn free_path(folder: &Path, name: &str, ending: &str) -> PathBuf {
    let first = folder.join(format!("{name}{ending}"));
    let numbered = (2..).map(|number: u32| folder.join(format!("{name}-{number}{ending}")));
    let mut paths = std::iter::once(first.clone()).chain(numbered);
    paths.find(|path| !path.exists()).unwrap_or(first)
}

/// Makes durable which names a folder holds. Windows does that by itself.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
