//! Stores the index anew, without packs that leave and with what is known better.
//!
//! New files only repeat what old ones say, so nothing is lost wherever this stops; the old ones go
//! later. One file is in memory at a time, and one in the making; all of them only where they are to be
//! stored later, for a storage without room for both.

use std::collections::HashSet;

use crate::backend::FileKind;
use crate::id::{IndexId, PackId, RawId};
use crate::index::{BLOBS_PER_FILE_MAX, IndexFile, IndexPack};
use crate::lock::HeldLock;
use crate::repository::{Repository, WriteError};

use super::{RearrangeError, write_held};

/// Files with fewer blobs are stored together, if there is more than one.
const SMALL_BLOBS: usize = BLOBS_PER_FILE_MAX / 2;

/// Takes index files in and stores others in their place.
pub(crate) struct IndexRewriter<'a> {
    repository: &'a Repository,
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
    /// Files that are to be stored later, if that is wanted.
    later: Option<Vec<IndexFile>>,
}

impl<'a> IndexRewriter<'a> {
    pub(crate) fn new(repository: &'a Repository, lock: &'a HeldLock) -> Self {
        Self {
            repository,
            lock,
            next: IndexFile::default(),
            blobs: 0,
            replaced: Vec::new(),
            held: None,
            taken: HashSet::new(),
            later: None,
        }
    }

    /// One that stores nothing by itself; the caller does, with what [`finish_later`](Self::finish_later)
    /// returns.
    pub(crate) fn storing_later(repository: &'a Repository, lock: &'a HeldLock) -> Self {
        Self { later: Some(Vec::new()), ..Self::new(repository, lock) }
    }

    /// Names a pack that no file that is taken in names, or that leaves these.
    pub(crate) fn add(&mut self, pack: IndexPack) -> Result<(), RearrangeError> {
        if !self.taken.insert(sum_of(&pack)) {
            return Ok(());
        }
        if self.blobs > 0 && self.blobs + pack.blobs.len() > BLOBS_PER_FILE_MAX {
            self.store()?;
        }
        self.blobs += pack.blobs.len();
        self.next.packs.push(pack);
        Ok(())
    }

    /// Takes in an index file but for the packs that leave, and rustic's marks on them, unless it may
    /// stay as it is.
    pub(crate) fn take(
        &mut self,
        id: IndexId,
        leaving: &HashSet<PackId>,
    ) -> Result<(), RearrangeError> {
        let file = self.repository.read_index_file(id)?;
        let is_affected =
            file.packs.iter().chain(&file.marked_packs()).any(|pack| leaving.contains(&pack.id));
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
            self.replace(held_id, held, leaving)?;
        }
        self.replace(id, file, leaving)
    }

    fn replace(
        &mut self,
        id: IndexId,
        mut file: IndexFile,
        leaving: &HashSet<PackId>,
    ) -> Result<(), RearrangeError> {
        file.unmark(leaving);
        if file.packs_to_delete.is_some() {
            if self.next.packs_to_delete.is_some() {
                self.store()?;
            }
            self.next.packs_to_delete = file.packs_to_delete;
        }
        let staying = file.packs.into_iter().filter(|pack| !leaving.contains(&pack.id));
        for pack in staying {
            self.add(pack)?;
        }
        self.replaced.push(id.0);
        Ok(())
    }

    fn store(&mut self) -> Result<(), RearrangeError> {
        let file = std::mem::take(&mut self.next);
        self.blobs = 0;
        if file.packs.is_empty() && file.packs_to_delete.is_none() {
            return Ok(());
        }
        if let Some(later) = &mut self.later {
            later.push(file);
        } else {
            let fence = || self.lock.fence();
            write_held(self.repository, FileKind::Index, &file.to_json(), &fence)?;
        }
        Ok(())
    }

    /// The files that may go, and those that are to be stored in their place.
    pub(crate) fn finish_later(mut self) -> Result<(Vec<RawId>, Vec<IndexFile>), RearrangeError> {
        self.store()?;
        Ok((self.replaced, self.later.unwrap_or_default()))
    }

    /// Stores the last file and makes all of them durable; returns the files that may go now.
    pub(crate) fn finish(mut self) -> Result<Vec<RawId>, RearrangeError> {
        self.store()?;
        let failed = |source| WriteError::Backend { kind: FileKind::Index, source };
        self.repository.backend().sync().map_err(failed)?;
        Ok(self.replaced)
    }
}

fn sum_of(pack: &IndexPack) -> RawId {
    RawId::of(&serde_json::to_vec(pack).expect("ids and numbers always become JSON"))
}
