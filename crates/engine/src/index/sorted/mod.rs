//! The index as it lies in memory, kept in the cache: what reading a large index costs is to take its
//! files apart and to sort what they say, and that need be done only once.
//!
//! A sorted index stands for certain index files, which it names. It is used only while all of these
//! are in the repository; those that it does not stand for are read beside it. So what is loaded says
//! what the index files say, whether there is a sorted index or not. Whatever is wrong with one
//! (damaged, cut off, foreign, of another version, outlived by the repository) it is removed and the
//! index files are read. Nothing here fails.
//!
//! It is written by a thread of its own while the command goes on, under another name until it is
//! whole, and always from the index files, never from the one before: a bit that turned in memory
//! lives no longer than the file. It goes as well once a blob is not what it says. Whoever takes a pack
//! for useless does not rely on it.

mod format;
mod reading;
mod writing;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use super::Index;
use crate::crypto::MasterKey;
use crate::id::RawId;
use crate::manners;
use crate::monitor::Cancellation;
pub(super) use format::{Bytes, put_list};

/// The folder of a repository's cache that it lies in, beside those that restic knows.
const FOLDER_NAME: &str = "holdfast";
/// Its name there.
const NAME: &str = "sorted-index";

/// An index of fewer blobs is read from its files in less than a tenth of a second.
const BLOBS_MIN: usize = 100_000;

/// It is made anew once one byte in so many of all index files is of one that it does not stand for:
/// what is read beside it costs as much as all that is in it when that is about a tenth.
const BESIDE_PART_MAX: u64 = 10;

/// What its key is made for.
const PURPOSE: &[u8] = b"holdfast sorted index";

/// How long the end of a command waits for what it is still writing. After a minute's work to read an
/// index of a hundred million blobs this is not much, and smaller ones take far less.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// Where a repository's sorted index is kept.
#[derive(Debug)]
pub(crate) struct SortedIndex {
    folder: PathBuf,
    repository: RawId,
    blobs_min: usize,
    writing: Mutex<Option<Writing>>,
}

/// The index files of a repository, with their sizes in bytes.
pub(crate) type ListedFiles = HashMap<RawId, u64>;

/// The caller asked to stop.
#[derive(Debug)]
pub(crate) struct Interrupted;

/// Why one is not used.
#[derive(Debug, PartialEq, Eq)]
enum Unused {
    /// It is not there.
    Absent,
    /// It stands for too little: the next takes its place.
    Short,
    /// The caller asked to stop.
    Interrupted,
    /// It is not whole, not ours, or stands for a file that is gone.
    Wrong,
}

/// A thread that writes one. It ends soon after it is asked to.
#[derive(Debug)]
struct Writing {
    thread: JoinHandle<()>,
    /// Hangs up when the thread ends.
    ended: Receiver<()>,
    stop: Cancellation,
}

/// What was read of a sorted index.
pub(crate) struct Loaded {
    pub(crate) index: Index,
    /// The index files that it stands for.
    pub(crate) files: HashSet<RawId>,
}

impl SortedIndex {
    /// That of a repository, below the folder of its cache.
    pub(crate) fn new(cache: &Path, repository: RawId) -> Self {
        let folder = cache.join(FOLDER_NAME);
        Self { folder, repository, blobs_min: BLOBS_MIN, writing: Mutex::default() }
    }

    /// Reads it, if there is one that can be used while these are the repository's index files. One
    /// that never can is removed.
    pub(crate) fn load(
        &self,
        key: &MasterKey,
        listed: &ListedFiles,
        cancel: &Cancellation,
    ) -> Result<Option<Loaded>, Interrupted> {
        let key = key.for_purpose(PURPOSE);
        match reading::read(&self.path(), &key, self.repository, listed, cancel) {
            Ok(loaded) => Ok(Some(loaded)),
            Err(Unused::Absent | Unused::Short) => Ok(None),
            Err(Unused::Interrupted) => Err(Interrupted),
            Err(Unused::Wrong) => {
                self.distrust();
                Ok(None)
            }
        }
    }

    /// Removes it: something is not as it says.
    pub(crate) fn distrust(&self) {
        let _ = fs::remove_file(self.path());
    }

    /// Writes an index that was read from these index files, and from nothing else, while the caller
    /// goes on; not if it is small.
    pub(crate) fn keep(
        &self,
        index: &Index,
        files: Vec<RawId>,
        key: &MasterKey,
        cancel: &Cancellation,
    ) {
        if index.blobs() < self.blobs_min.max(1) {
            return;
        }
        let mut writing = self.writing.lock();
        if writing.as_ref().is_some_and(|writing| !writing.thread.is_finished()) {
            return;
        }
        let draft = writing::Draft::new(index, self.repository, files);
        let (key, cancel) = (key.for_purpose(PURPOSE), cancel.clone());
        let (folder, path, stop) = (self.folder.clone(), self.path(), Cancellation::default());
        let asked = stop.clone();
        let (sender, ended) = mpsc::channel();
        let work = move || {
            let _hangs_up = sender;
            let goes_on = || !asked.is_cancelled() && !cancel.is_cancelled();
            // What cannot be kept is read from the index files the next time.
            let _ = writing::write(&draft, &folder, &path, &key, &goes_on);
        };
        let spawned =
            thread::Builder::new().name("sorted index".to_owned()).spawn(manners::as_here(work));
        *writing = spawned.ok().map(|thread| Writing { thread, ended, stop });
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }
}

impl Drop for SortedIndex {
    /// A process that ended while it is written would leave a part of it.
    fn drop(&mut self) {
        if let Some(Writing { thread, ended, stop }) = self.writing.get_mut().take() {
            let _ = ended.recv_timeout(WAIT_MAX);
            stop.cancel();
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
