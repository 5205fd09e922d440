//! Packs that were stored and that no index file names yet, noted on this computer.
//!
//! Index files are stored from time to time. When a backup is interrupted, the packs since the last
//! one are complete, but nobody knows of them. The next backup finds them here, and need not store
//! again what they hold. What others left is none of our business: it may be what they are about to
//! remove.
//!
//! One file for each run, a line for each pack. It is locked while the run goes on, so that nobody
//! takes the notes of one that still does for left behind; the system gives the lock back when a
//! process ends, however it does.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::id::{PackId, RawId};

const EXTENSION: &str = "packs";

/// The notes of one run.
#[derive(Debug)]
pub(crate) struct PackNotes {
    path: PathBuf,
    /// Made with the first note.
    file: Mutex<Option<File>>,
}

impl PackNotes {
    /// The notes, in this folder, of a run that stores packs in a repository.
    pub(crate) fn new(folder: &Path, repository: RawId) -> Self {
        let run = getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()));
        let path = folder.join(format!("{repository}.{run:016x}.{EXTENSION}"));
        Self { path, file: Mutex::default() }
    }

    /// Notes a pack that is about to be stored. Not made durable: what is lost costs storing again.
    pub(crate) fn note(&self, pack: PackId) -> io::Result<()> {
        let mut file = self.file.lock();
        if file.is_none() {
            *file = Some(self.begin()?);
        }
        match &mut *file {
            Some(file) => file.write_all(format!("{pack}\n").as_bytes()),
            None => Ok(()),
        }
    }

    fn begin(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().append(true).create_new(true).open(&self.path)?;
        file.lock()?;
        Ok(file)
    }

    /// Forgets everything: index files name all of it.
    pub(crate) fn forget(&self) {
        if self.file.lock().take().is_some() {
            // Notes that stay cost a look at packs that are indexed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The notes of runs that were interrupted.
#[derive(Debug, Default)]
pub(crate) struct LeftNotes {
    pub(crate) packs: HashSet<PackId>,
    files: Vec<PathBuf>,
}

impl LeftNotes {
    /// What runs on this computer left behind of a repository.
    pub(crate) fn find(folder: &Path, repository: RawId) -> Self {
        let mut left = Self::default();
        let Ok(entries) = fs::read_dir(folder) else { return left };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let is_ours = path.extension().is_some_and(|extension| extension == EXTENSION)
                && path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
                    name.split_once('.').is_some_and(|(id, _)| id.parse() == Ok(repository))
                });
            if let Some(packs) = is_ours.then(|| read(&path)).flatten() {
                left.packs.extend(packs);
                left.files.push(path);
            }
        }
        left
    }

    /// Forgets them: index files name what was of use.
    pub(crate) fn forget(self) {
        for path in self.files {
            let _ = fs::remove_file(path);
        }
    }
}

/// The packs in a file of notes; `None` while its run goes on.
fn read(path: &Path) -> Option<Vec<PackId>> {
    let mut file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    file.try_lock().ok()?;
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    // The last line may be half of one.
    Some(text.lines().filter_map(|line| line.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPOSITORY: RawId = RawId::from_bytes([7; 32]);

    #[test]
    fn what_an_interrupted_run_noted_is_found_once_it_has_ended_and_until_it_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let find = || LeftNotes::find(folder.path(), REPOSITORY);
        let notes = PackNotes::new(folder.path(), REPOSITORY);
        let packs = [PackId::of(b"one"), PackId::of(b"two")];
        packs.iter().for_each(|pack| notes.note(*pack).expect("noted"));
        assert!(find().packs.is_empty(), "the run goes on");
        drop(notes);
        assert_eq!(find().packs, packs.into());
        assert!(LeftNotes::find(folder.path(), RawId::from_bytes([8; 32])).packs.is_empty());
        find().forget();
        assert!(find().packs.is_empty());
    }

    #[test]
    fn a_run_that_indexed_everything_leaves_no_notes() {
        let folder = tempfile::tempdir().expect("a folder");
        let notes = PackNotes::new(folder.path(), REPOSITORY);
        notes.note(PackId::of(b"one")).expect("noted");
        notes.forget();
        assert_eq!(fs::read_dir(folder.path()).expect("it lists").count(), 0);
    }

    #[test]
    fn half_a_line_and_foreign_files_are_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = PackId::of(b"one");
        let path = folder.path().join(format!("{REPOSITORY}.0123456789abcdef.packs"));
        fs::write(path, format!("{whole}\n{}", &whole.to_string()[..30])).expect("written");
        fs::write(folder.path().join("x.packs"), "not an id\n").expect("written");
        assert_eq!(LeftNotes::find(folder.path(), REPOSITORY).packs, [whole].into());
    }
}
