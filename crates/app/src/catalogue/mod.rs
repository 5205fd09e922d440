//! What stands in the snapshots of a repository, kept on this computer, so that looking does not wait.
//!
//! A [`Catalogue`] knows folders by path: which entries each had in which snapshot, and every name
//! that ever was anywhere. It is filled from the trees of snapshots, and each costs what it changed.
//!
//! It is a cache. Whatever it does not know is read from the repository instead, one that is damaged
//! is thrown away and filled again, and nothing is decided by it that changes a repository. It is
//! sealed with a key made of the repository's: who takes the disk learns sizes and counts alone.

mod bytes;
mod fill;
mod folder;
mod looking;
mod names;
mod rewrite;
mod searching;
mod store;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use holdfast_engine::crypto::MasterKey;
use holdfast_engine::id::TreeId;
use holdfast_engine::repository::ReadError;

pub use fill::FillError;
pub use folder::Entry;
pub use looking::{Change, Changed, Differences, Folders, Version};
pub use searching::{Hit, Hits};
pub use store::CatalogueError;

use folder::root_key;
use store::Store;

/// Where the entries of folders come from that a catalogue does not know.
pub trait Source {
    /// The entries of a tree.
    ///
    /// # Errors
    /// When it cannot be read.
    fn entries(&self, tree: TreeId) -> Result<Vec<Entry>, ReadError>;
}

/// What is known of one repository's snapshots.
pub struct Catalogue {
    store: Store,
    path: PathBuf,
}

impl Catalogue {
    /// Opens the catalogue at `path`, or begins one. `master_key` is that of the repository.
    ///
    /// # Errors
    /// When it cannot be opened, or is of no use; see [`CatalogueError::is_damage`].
    pub fn open(path: &Path, master_key: &MasterKey) -> Result<Self, CatalogueError> {
        guarded(|| {
            let store = Store::open(path, sealing_key(master_key), None)?;
            Ok(Self { store, path: path.to_owned() })
        })
    }

    /// Which of these topmost trees are known with all that is below them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn filled(&self, roots: &[TreeId]) -> Result<Vec<bool>, CatalogueError> {
        guarded(|| {
            let top = self.store.read()?.folder(&root_key(&self.store.salt))?;
            let is_known = |root| top.as_ref().is_some_and(|top| top.number_of(root).is_some());
            Ok(roots.iter().map(is_known).collect())
        })
    }

    /// How many snapshots it was filled from, those included that are gone.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn root_count(&self) -> Result<usize, CatalogueError> {
        guarded(|| {
            let top = self.store.read()?.folder(&root_key(&self.store.salt))?;
            Ok(top.map_or(0, |top| top.tree_count()))
        })
    }

    /// Closes the file. One that is damaged may not even close as it should.
    pub fn close(self) {
        let closed = guarded(|| {
            drop(self);
            Ok::<(), CatalogueError>(())
        });
        drop(closed);
    }

    /// How much room it takes on the disk.
    #[must_use]
    pub fn size(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }
}

/// The key that values are sealed with: whatever else is sealed with the repository's own does not
/// pass for one.
fn sealing_key(master_key: &MasterKey) -> MasterKey {
    master_key.for_purpose(b"holdfast catalogue")
}

/// Does `work` on the file. What a damaged file makes of the code that reads it is damage as well.
fn guarded<T, E: From<CatalogueError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(CatalogueError::Damaged.into()))
}
