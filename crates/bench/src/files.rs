//! Files and folders as a whole: how much they hold, and copies of them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::BenchError;
use crate::results::Amount;

/// Calls `visit` for every regular file in or at `path`, in the order of their names, folder by
/// folder. Links are not followed.
///
/// # Errors
/// When a folder cannot be read, or `visit` fails.
pub fn each_file(
    path: &Path,
    visit: &mut dyn FnMut(&Path, &fs::Metadata) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let found = path.symlink_metadata().map_err(BenchError::io("look at", path))?;
    if found.is_file() {
        return visit(path, &found);
    }
    if !found.is_dir() {
        return Ok(());
    }
    for entry in entries(path)? {
        each_file(&entry, visit)?;
    }
    Ok(())
}

/// What lies in a folder, in the order of the names.
///
/// # Errors
/// When it cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, BenchError> {
    let failed = || BenchError::io("read the folder", folder);
    let mut found = fs::read_dir(folder)
        .map_err(failed())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed())?;
    found.sort();
    Ok(found)
}

/// How much lies in or at `path`.
///
/// # Errors
/// When a folder cannot be read.
pub fn amount(path: &Path) -> Result<Amount, BenchError> {
    let mut amount = Amount::default();
    each_file(path, &mut |_, found| {
        amount.files += 1;
        amount.bytes += found.len();
        Ok(())
    })?;
    Ok(amount)
}

/// The room that `path` takes: without holes, and small files as the blocks that they fill.
///
/// # Errors
/// When a folder cannot be read.
pub fn room_of(path: &Path) -> Result<u64, BenchError> {
    let mut bytes = 0;
    each_file(path, &mut |_, found| {
        // A block is 512 bytes here whatever the file system's own are.
        bytes += found.blocks() * 512 + 1000;
        Ok(())
    })?;
    Ok(bytes)
}

/// Copies a file or folder with everything that is known of it; `to` is not there yet.
///
/// # Errors
/// When something cannot be copied.
pub fn copy(from: &Path, to: &Path) -> Result<(), BenchError> {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).output();
    let copied = copied.map_err(|source| BenchError::Start { program: "cp".into(), source })?;
    if copied.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&copied.stderr);
    Err(BenchError::Failed {
        program: "cp".to_owned(),
        status: copied.status.to_string(),
        said: said.lines().next().unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_folder_holds_is_counted_without_its_links() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("a")).expect("made");
        fs::write(at("a/one"), "1").expect("written");
        fs::write(at("two"), "22").expect("written");
        std::os::unix::fs::symlink(at("two"), at("link")).expect("linked");
        assert_eq!(amount(folder.path()).expect("readable"), Amount { files: 2, bytes: 3 });
        let elsewhere = tempfile::tempdir().expect("a folder");
        let copied = elsewhere.path().join("copied");
        copy(folder.path(), &copied).expect("copied");
        assert_eq!(amount(&copied).expect("readable"), Amount { files: 2, bytes: 3 });
    }
}
