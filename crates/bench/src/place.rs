//! The folder that a benchmark works in: in memory, with as much room as it says, and gone after.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock, statfs};

use crate::error::BenchError;
use crate::machine;

/// The magic number of Linux's file system in memory.
const TMPFS: i64 = 0x0102_1994;

/// What is left to the programs where files lie in memory.
const BYTES_FOR_PROGRAMS: u64 = 3_000_000_000;

/// Tells that a folder was made by a benchmark and may be removed.
const MARK: &str = "made-by-holdfast-bench";

/// A folder to work in. Everything in it is removed in the end.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    /// Held locked as long as it is used.
    _mark: File,
}

impl Place {
    /// A new one below `parent`. What a benchmark left there that was killed is removed.
    ///
    /// # Errors
    /// When another one runs there, or something else lies there.
    pub fn make(parent: &Path) -> Result<Self, BenchError> {
        let folder = parent.join("holdfast-bench");
        let mark = folder.join(MARK);
        if folder.exists() {
            let old = File::open(&mark).map_err(|_| BenchError::Foreign(folder.clone()))?;
            let claimed = flock(&old, FlockOperation::NonBlockingLockExclusive);
            claimed.map_err(|_| BenchError::Busy(folder.clone()))?;
            fs::remove_dir_all(&folder).map_err(BenchError::io("remove", &folder))?;
        }
        fs::create_dir_all(&folder).map_err(BenchError::io("create", &folder))?;
        let folder = folder.canonicalize().map_err(BenchError::io("find", &folder))?;
        let file = File::create(&mark).map_err(BenchError::io("create", &mark))?;
        let claimed = flock(&file, FlockOperation::NonBlockingLockExclusive);
        claimed.map_err(|_| BenchError::Busy(folder.clone()))?;
        let place = Self { folder, _mark: file };
        for name in ["home", "temporary"] {
            place.new_folder(name)?;
        }
        Ok(place)
    }

    /// A path in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What the last program wrote to its output.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.path("output")
    }

    /// An empty folder in it, in place of whatever is there.
    ///
    /// # Errors
    /// When the system fails.
    pub fn new_folder(&self, name: &str) -> Result<PathBuf, BenchError> {
        let path = self.path(name);
        self.remove(name)?;
        fs::create_dir_all(&path).map_err(BenchError::io("create", &path))?;
        Ok(path)
    }

    /// Removes a file or folder in it, if it is there.
    ///
    /// # Errors
    /// When the system fails.
    pub fn remove(&self, name: &str) -> Result<(), BenchError> {
        let path = self.path(name);
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(_) => return Ok(()),
        }
        .map_err(BenchError::io("remove", &path))
    }

    /// Bytes that may be stored: what the file system has, and of a machine's memory not all.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn room_bytes(&self) -> Result<u64, BenchError> {
        let mount = holdfast_machine::mount_of(&self.folder);
        let free = mount.map_err(BenchError::io("ask for the room of", &self.folder))?.free_bytes;
        if self.storage() != "tmpfs" {
            return Ok(free);
        }
        Ok(free.min(machine::available_bytes().saturating_sub(BYTES_FOR_PROGRAMS)))
    }

    /// The kind of storage: in memory, or another.
    #[must_use]
    pub fn storage(&self) -> &'static str {
        match statfs(&self.folder) {
            Ok(found) if found.f_type == TMPFS => "tmpfs",
            _ => "disk",
        }
    }

    /// A text without the path of this folder, which is nobody's business.
    #[must_use]
    pub fn unnamed(&self, text: &str) -> String {
        text.replace(&*self.folder.to_string_lossy(), "…")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("bench: {} stays behind: {error}", self.folder.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_for_one_at_a_time_and_gone_after() {
        let parent = tempfile::tempdir().expect("a folder");
        let place = Place::make(parent.path()).expect("nobody is here");
        fs::write(place.path("x"), "x").expect("written");
        assert!(matches!(Place::make(parent.path()), Err(BenchError::Busy(_))));
        drop(place);
        assert_eq!(fs::read_dir(parent.path()).expect("there").count(), 0);
    }

    #[test]
    fn what_a_killed_benchmark_left_is_removed_and_what_others_left_is_not() {
        let parent = tempfile::tempdir().expect("a folder");
        let left = parent.path().join("holdfast-bench");
        fs::create_dir(&left).expect("made");
        fs::write(left.join("letter.txt"), "Dear reader").expect("written");
        assert!(matches!(Place::make(parent.path()), Err(BenchError::Foreign(_))));
        fs::write(left.join(MARK), "").expect("written");
        let place = Place::make(parent.path()).expect("its owner is gone");
        assert!(!place.path("letter.txt").exists());
    }
}
