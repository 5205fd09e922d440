//! Filling a catalogue from the trees of a snapshot.
//!
//! A folder is stored after everything below it. So what is known of a folder is known to the bottom,
//! and a filling that was stopped at any point goes on where it was.

use std::ops::ControlFlow;

use holdfast_engine::id::TreeId;
use holdfast_engine::repository::ReadError;

use super::folder::{Entry, Folder, FolderKey, key_in, root_key};
use super::names::Block;
use super::store::{CatalogueError, Writing};
use super::{Catalogue, Source, guarded};

/// After so many entries, what was read is made durable.
const ENTRIES_IN_TURN: usize = 50_000;

/// Deeper than this nothing lies that an operating system could open by its path.
const DEPTH_MAX: usize = 2048;

/// Why a snapshot is not in the catalogue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FillError {
    /// It was asked to stop; what was read is kept.
    #[error("filling the catalogue was stopped")]
    Stopped,
    /// Folders lie in folders without end.
    #[error("the folders of the snapshot nest too deep")]
    TooDeep,
    /// A tree cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be stored.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl Catalogue {
    /// Reads what is not known yet of the trees below `root`. Before each, `may_go_on` is asked; it
    /// may take its time. The file may grow to `bytes_max`, and a little beyond.
    ///
    /// # Errors
    /// When a tree cannot be read or stored, or it was asked to stop. What was read till then stays.
    pub fn fill(
        &self,
        root: TreeId,
        source: &dyn Source,
        bytes_max: u64,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<(), FillError> {
        let mut filling = Filling { catalogue: self, source, may_go_on, open: Vec::new() };
        let top = root_key(&self.store.salt);
        guarded(|| {
            let known = self.store.read()?.folder(&top)?;
            let folder = known.unwrap_or_else(|| Folder::new(top, Vec::new()));
            if folder.number_of(&root).is_some() {
                return Ok(());
            }
            filling.enter(top, folder, root)?;
            loop {
                let size = self.size();
                let turn = self.store.write(|writing| filling.take_turn(writing))?;
                match turn {
                    ControlFlow::Break(ended) => return ended,
                    ControlFlow::Continue(()) if size.max(self.size()) > bytes_max => {
                        return Err(CatalogueError::Full.into());
                    }
                    ControlFlow::Continue(()) => {}
                }
            }
        })
    }
}

struct Filling<'a> {
    catalogue: &'a Catalogue,
    source: &'a dyn Source,
    may_go_on: &'a dyn Fn() -> bool,
    /// The folders on the way down to where it is.
    open: Vec<Open>,
}

/// A folder that a tree is to be added to, once all below it is known.
struct Open {
    key: FolderKey,
    folder: Folder,
    tree: TreeId,
    entries: Vec<Entry>,
    /// Which entry is looked at next.
    next: usize,
}

type Turn = ControlFlow<Result<(), FillError>>;

impl Filling<'_> {
    fn enter(&mut self, key: FolderKey, folder: Folder, tree: TreeId) -> Result<(), FillError> {
        if !(self.may_go_on)() {
            return Err(FillError::Stopped);
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(FillError::TooDeep);
        }
        let entries = self.source.entries(tree)?;
        self.open.push(Open { key, folder, tree, entries, next: 0 });
        Ok(())
    }

    /// Adds folders until there are enough for once. What went wrong with the repository is no
    /// reason to lose what was read before.
    fn take_turn(&mut self, writing: &mut Writing<'_>) -> Result<Turn, CatalogueError> {
        let mut names = NewNames::begin(writing)?;
        let mut entries = 0;
        let turn = loop {
            let Some(open) = self.open.last_mut() else { break ControlFlow::Break(Ok(())) };
            if let Some((key, folder, tree)) =
                open.next_unknown(&self.catalogue.store.salt, writing)?
            {
                if let Err(error) = self.enter(key, folder, tree) {
                    break ControlFlow::Break(Err(error));
                }
                continue;
            }
            if entries >= ENTRIES_IN_TURN {
                break ControlFlow::Continue(());
            }
            if let Some(done) = self.open.pop() {
                entries += done.entries.len();
                done.store(writing, &mut names)?;
            }
        };
        names.store(writing)?;
        Ok(turn)
    }
}

impl Open {
    /// The next folder in this one of which the tree is not known.
    fn next_unknown(
        &mut self,
        salt: &[u8; 32],
        writing: &Writing<'_>,
    ) -> Result<Option<(FolderKey, Folder, TreeId)>, CatalogueError> {
        while let Some(entry) = self.entries.get(self.next) {
            self.next += 1;
            let Some(subtree) = entry.subtree else { continue };
            if self.folder.has_subtree(&entry.name, subtree) {
                continue;
            }
            let key = key_in(salt, &self.key, &entry.name);
            let known = writing.folder(&key)?;
            let folder = known.unwrap_or_else(|| Folder::new(self.key, entry.name.clone()));
            if folder.number_of(&subtree).is_none() {
                return Ok(Some((key, folder, subtree)));
            }
        }
        Ok(None)
    }

    fn store(
        mut self,
        writing: &mut Writing<'_>,
        names: &mut NewNames,
    ) -> Result<(), CatalogueError> {
        for entry in &self.entries {
            if !self.folder.has_name(&entry.name) {
                names.add(writing, &self.key, &entry.name)?;
            }
        }
        self.folder.add(&self.tree, self.entries);
        writing.put_folder(&self.key, &self.folder)
    }
}

/// Names on their way into blocks.
pub(super) struct NewNames {
    number: u32,
    block: Block,
    is_changed: bool,
}

impl NewNames {
    pub(super) fn begin(writing: &Writing<'_>) -> Result<Self, CatalogueError> {
        let (number, block) = writing.open_block()?;
        Ok(Self { number, block, is_changed: false })
    }

    pub(super) fn add(
        &mut self,
        writing: &mut Writing<'_>,
        folder: &FolderKey,
        name: &[u8],
    ) -> Result<(), CatalogueError> {
        self.block.add(folder, name);
        self.is_changed = true;
        if self.block.is_full() {
            writing.put_block(self.number, &std::mem::take(&mut self.block))?;
            self.number += 1;
            self.is_changed = false;
        }
        Ok(())
    }

    pub(super) fn store(self, writing: &mut Writing<'_>) -> Result<(), CatalogueError> {
        if self.is_changed { writing.put_block(self.number, &self.block) } else { Ok(()) }
    }
}
