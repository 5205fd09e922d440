//! Brings files back from a snapshot.
//!
//! [`Restore::preview`] only reads and says what would happen; [`Restore::run`] does it, over all
//! cores and in the order in which data lies in packs. Guarantees:
//!
//! * Nothing is written through a symbolic link, and nothing outside of the target. Names that
//!   would lead elsewhere are refused and reported.
//! * A file that is replaced stands there whole at every moment, the old one or the new one: the
//!   new one is built under a temporary name and renamed. Only when there is no room for both is
//!   a file changed in place. Stopping removes what is not finished.
//! * What cannot be read or written is a finding; everything else is restored all the same.
//! * Memory does not depend on how much is restored.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::id::TreeId;
use crate::index::Index;
use crate::monitor::{Cancellation, Monitor};
use crate::repository::{ReadError, Repository};

mod compare;
mod context;
mod decide;
mod finish;
mod folder;
mod link;
mod name;
mod open_files;
mod owners;
mod preview;
mod roots;
mod schedule;
mod selection;
mod target;
mod task;
#[cfg(test)]
mod tests;
mod traverse;
mod verify;
mod walk;
mod write;

pub use decide::Overwrite;
pub use preview::{PreviewAction, PreviewEntry, PreviewTotals};
pub use roots::{Destination, find_tree};
pub use selection::{AttributeSelection, Selection};

/// What to restore, and how.
///
/// ```
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
/// use holdfast_engine::restore::{Destination, Restore, RestoreOptions};
///
/// let letter = holdfast_testkit::letter();
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let target = tempfile::tempdir()?;
/// let options = RestoreOptions::new(Destination::Folder(target.path().to_owned()));
/// let restore = Restore { repository, index: &index, tree: letter.tree, options: &options };
/// let outcome = restore.run(&Unwatched, &Cancellation::default())?;
/// assert_eq!(outcome.failures, 0);
/// assert_eq!(std::fs::read(target.path().join("letter.txt"))?, b"Dear reader");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Restore<'a> {
    /// Where from.
    pub repository: &'a Repository,
    /// What lies where in the repository.
    pub index: &'a Index,
    /// The snapshot's tree, or that of a folder in it (see [`find_tree`]).
    pub tree: TreeId,
    /// The rest.
    pub options: &'a RestoreOptions,
}

/// How to restore.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RestoreOptions {
    /// Where to.
    pub destination: Destination,
    /// What of the snapshot.
    pub selection: Selection,
    /// Which extended attributes.
    pub attributes: AttributeSelection,
    /// Give files to the user and group of the same name on this computer, if there is one, and
    /// not to those of the same number.
    pub owners_by_name: bool,
    /// What happens to files that are there already.
    pub overwrite: Overwrite,
    /// Leave holes where the content is zeros, in files that are new.
    pub sparse: bool,
    /// Remove what is in a restored folder and not in the snapshot, as far as it is selected.
    pub delete: bool,
    /// Read what was written once more, and compare.
    pub verify: bool,
    /// Move what is replaced into this folder, under its path in the snapshot.
    pub keep_replaced: Option<PathBuf>,
    /// Threads that read and write; 0 for as many as suit the computer and the storage.
    pub threads: usize,
}

impl RestoreOptions {
    /// Everything, to this destination, as restic does it by itself.
    #[must_use]
    pub fn new(destination: Destination) -> Self {
        Self {
            destination,
            selection: Selection::All,
            attributes: AttributeSelection::All,
            owners_by_name: false,
            overwrite: Overwrite::Always,
            sparse: false,
            delete: false,
            verify: false,
            keep_replaced: None,
            threads: 0,
        }
    }
}

/// What a restore did. Findings went to the monitor; here they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RestoreOutcome {
    /// Files, folders and the rest that were created or changed.
    pub restored: u64,
    /// Of these, folders.
    pub folders: u64,
    /// What was there already as it should be, or was left alone on purpose.
    pub skipped: u64,
    /// What was removed.
    pub removed: u64,
    /// Bytes written.
    pub restored_bytes: u64,
    /// Bytes of files that were skipped.
    pub skipped_bytes: u64,
    /// Files that were read again and compared.
    pub verified: u64,
    /// Findings that mean that something was not restored.
    pub failures: u64,
    /// Findings about metadata alone.
    pub notes: u64,
}

/// Why a restore stopped, or did not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The target folder cannot be made or opened.
    #[error("could not open the target folder {}", path.display())]
    Target {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The target is full. What was not finished has been removed.
    #[error("there is no space left in the target folder {}", path.display())]
    TargetFull {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The repository cannot be read at all.
    #[error("could not read the snapshot")]
    Read {
        /// The cause.
        #[from]
        source: ReadError,
    },
    /// The snapshot has nothing at this path.
    #[error("the snapshot does not hold {path}")]
    NotInSnapshot {
        /// The path.
        path: String,
    },
    /// It is not known where the snapshot's files were.
    #[error("the snapshot does not tell where {path} was")]
    NoOriginal {
        /// The path.
        path: String,
    },
    /// Deleting below the root of the file system, without anything to limit it.
    #[error("deleting in {} needs a selection", path.display())]
    DeletesEverything {
        /// The target.
        path: PathBuf,
    },
    /// Somebody asked to stop. What was not finished has been removed.
    #[error("stopped")]
    Cancelled,
}

impl Restore<'_> {
    /// Restores.
    ///
    /// # Errors
    /// When it cannot begin or cannot go on; what concerns single files is a finding.
    pub fn run(
        &self,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<RestoreOutcome, RestoreError> {
        walk::run(self, monitor, cancel)
    }

    /// Looks what [`run`](Self::run) would do, entry by entry, and changes nothing.
    ///
    /// A file that is there already is taken for unchanged if size and time agree; with
    /// `thorough`, its content is read and compared as `run` will do.
    ///
    /// # Errors
    /// When the snapshot cannot be read.
    pub fn preview(
        &self,
        thorough: bool,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
        visit: &mut dyn FnMut(&PreviewEntry<'_>),
    ) -> Result<PreviewTotals, RestoreError> {
        preview::preview(self, thorough, monitor, cancel, visit)
    }
}

/// Bytes that can be written at `path`, or at the nearest folder above it that exists.
///
/// # Errors
/// When the operating system does not tell.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let existing = path.ancestors().find(|folder| folder.exists()).unwrap_or(path);
    target::free_bytes(existing)
}

/// An error and its causes in one line.
fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}
