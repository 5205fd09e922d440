//! How long work is watched and stopped.
//!
//! The engine prints nothing. It tells a [`Monitor`] what happens and asks a [`Cancellation`]
//! whether to go on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::copy::CopyStep;
use crate::id::SnapshotId;
use crate::lock::{JudgedLock, RemovedLock};

/// Watches an operation. Called from many threads and often: it must be quick and never block.
pub trait Monitor: Send + Sync {
    /// Something happened.
    fn event(&self, event: Event<'_>);
}

/// A monitor that nobody looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Monitor for Unwatched {
    fn event(&self, _: Event<'_>) {}
}

/// What a [`Monitor`] is told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The operation entered another part of its work.
    Phase(Phase),
    /// The snapshot that a backup of files is compared with was found, or that there is none.
    Parent(Option<SnapshotId>),
    /// What there is to do, as far as is known. Later ones replace earlier ones.
    Total(Totals),
    /// A worker turned to this file or folder.
    ItemStarted {
        /// Its path, in the source or in the snapshot.
        path: &'a Path,
    },
    /// So many bytes of source, pack or target were worked through.
    Bytes(u64),
    /// A file or folder is done.
    ItemFinished(Item<'a>),
    /// A problem that did not stop the work.
    Finding(&'a Finding),
    /// The work waits for somebody else who uses the repository.
    WaitingForLock {
        /// Who that is.
        holder: &'a JudgedLock,
        /// When it will give up.
        until: Timestamp,
    },
    /// A lock whose owner is gone was removed because it stood in the way.
    LockRemoved(&'a RemovedLock),
    /// A copy between repositories came to a snapshot, or stored it.
    Copy(CopyStep<'a>),
}

/// The parts that long work falls into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Opening, reading the index, looking for the parent.
    Preparing,
    /// Every tree is read, to know what is needed.
    Marking,
    /// The work itself.
    Working,
    /// What was restored is read again.
    Verifying,
    /// The last packs, the index and the snapshot are stored.
    Committing,
    /// What nothing needs is removed.
    Removing,
}

/// An amount of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Number of files (packs, when a repository is checked).
    pub files: u64,
    /// Number of folders.
    pub folders: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// True if counted, false if guessed (from the parent snapshot).
    pub exact: bool,
}

/// A file or folder that an operation is done with.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// Its path, in the source or in the snapshot.
    pub path: &'a Path,
    /// Folder, file or something else.
    pub kind: ItemKind,
    /// How it compares with the parent snapshot, or with what stood at the target.
    pub change: Change,
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes of it that were new to the repository, before compression.
    pub added_bytes: u64,
    /// The same, compressed and sealed.
    pub stored_bytes: u64,
    /// Bytes of trees that were new (folders only), before compression.
    pub tree_bytes: u64,
    /// The same, compressed and sealed.
    pub tree_stored_bytes: u64,
    /// How long it took.
    pub duration: Duration,
}

/// What an [`Item`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, device, fifo.
    Other,
}

/// What became of an [`Item`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It was not there before.
    New,
    /// It was there and differs.
    Changed,
    /// It is as it was.
    Unmodified,
    /// It was left as it stands at the target.
    Skipped,
    /// It was removed from the target.
    Removed,
}

/// One problem met on the way that did not stop the work.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What kind of problem.
    pub kind: FindingKind,
    /// What it is about, if it is about a file or folder.
    pub path: Option<PathBuf>,
    /// What was being done: restic's word, such as `open`, `read`, `lstat`, `archival`.
    pub during: &'static str,
    /// The cause, for the details.
    pub message: String,
}

/// Kinds of [`Finding`], for grouping and for what to advise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// The source was gone when its turn came.
    Vanished,
    /// The operating system denied access.
    Denied,
    /// Another program keeps the file open and locked.
    InUse,
    /// Reading failed.
    Unreadable,
    /// Writing to the target failed.
    Unwritable,
    /// A name, a type or a size in the repository cannot be right, or would escape the target.
    Hostile,
    /// A part of the repository is missing.
    Missing,
    /// A part of the repository is damaged.
    Damaged,
    /// The data is right; something beside it (metadata, a duplicate, an unused pack) is not.
    Note,
}

/// An error and what caused it, in one line.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Asks running work to stop. Clones ask the same work.
///
/// ```
/// use holdfast_engine::check::{CheckOptions, check};
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
///
/// let letter = holdfast_testkit::letter();
/// let cancel = Cancellation::default();
/// cancel.cancel();
/// let options = CheckOptions::default();
/// assert!(check(&letter.test.repository, &options, &Unwatched, &cancel).is_err());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Asks the work to stop at the next safe place.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Who watches, and may stop it.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    pub(crate) monitor: &'a dyn Monitor,
    pub(crate) cancel: &'a Cancellation,
}
