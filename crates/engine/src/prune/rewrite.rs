//! Stores the index anew without the packs that leave.
//!
//! New files only repeat what old ones say, so nothing is lost wherever this stops; the old ones go
//! later. One file is in memory at a time, and one in the making.

use std::collections::HashSet;

use crate::backend::FileKind;
use crate::id::{IndexId, PackId, RawId};
use crate::index::{BLOBS_PER_FILE_MAX, IndexFile, IndexPack};
use crate::lock::HeldLock;
use crate::repository::Repository;

use super::PruneError;

/// Files with fewer blobs are stored together, if there is more than one.
const SMALL_BLOBS: usize = BLOBS_PER_FILE_MAX / 2;

/// Takes index files in and stores others in their place.
pub(super) struct Rewriter<'a> {
    repository: &'a Repository,
    leaving: &'a HashSet<PackId>,
    /// Asked before each file: whoever had the repository in between may have removed packs that the
    /// old files name.
    lock: &'a HeldLock,
    /// The file in the making.
    next: IndexFile,
    blobs: usize,
    replaced: Vec<RawId>,
    /// A small file that could stay as it is, until a second one turns up.
    held: Option<(IndexId, IndexFile)>,
    /// What was taken in, by the sum of what is said of the pack: interrupted work leaves the same
    /// said twice.
    taken: HashSet<RawId>,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        leaving: &'a HashSet<PackId>,
        lock: &'a HeldLock,
    ) -> Self {
        Self {
            repository,
            leaving,
            lock,
            next: IndexFile::default(),
            blobs: 0,
            replaced: Vec::new(),
            held: None,
            taken: HashSet::new(),
        }
    }

    /// Takes in an index file, unless it may stay.
    pub(super) fn take(&mut self, id: IndexId) -> Result<(), PruneError> {
        let file = self.repository.read_index_file(id)?;
        let is_affected = file.packs.iter().any(|pack| self.leaving.contains(&pack.id));
        let blobs: usize = file.packs.iter().map(|pack| pack.blobs.len()).sum();
        if !is_affected {
            if blobs >= SMALL_BLOBS {
                return Ok(());
            }
            if self.held.is_none() && self.replaced.is_empty() {
                self.held = Some((id, file));
                return Ok(());
            }
        }
        if let Some((held_id, held)) = self.held.take() {
            self.replace(held_id, held)?;
        }
        self.replace(id, file)
    }

    fn replace(&mut self, id: IndexId, file: IndexFile) -> Result<(), PruneError> {
        if file.packs_to_delete.is_some() {
            if self.next.packs_to_delete.is_some() {
                self.store()?;
            }
            self.next.packs_to_delete = file.packs_to_delete;
        }
        for pack in file.packs {
            if self.leaving.contains(&pack.id) || !self.taken.insert(sum_of(&pack)) {
                continue;
            }
            if self.blobs > 0 && self.blobs + pack.blobs.len() > BLOBS_PER_FILE_MAX {
                self.store()?;
            }
            self.blobs += pack.blobs.len();
            self.next.packs.push(pack);
        }
        self.replaced.push(id.0);
        Ok(())
    }

    fn store(&mut self) -> Result<(), PruneError> {
        let file = std::mem::take(&mut self.next);
        self.blobs = 0;
        if !file.packs.is_empty() || file.packs_to_delete.is_some() {
            self.lock.fence()?;
            self.repository.write_file(FileKind::Index, &file.to_json())?;
        }
        Ok(())
    }

    /// Stores the last file, and returns the files that may go once everything is durable.
    pub(super) fn finish(mut self) -> Result<Vec<RawId>, PruneError> {
        self.store()?;
        Ok(self.replaced)
    }
}

fn sum_of(pack: &IndexPack) -> RawId {
    RawId::of(&serde_json::to_vec(pack).expect("ids and numbers always become JSON"))
}
