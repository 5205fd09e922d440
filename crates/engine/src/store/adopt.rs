//! Packs that nobody knows of.
//!
//! Packs that interrupted work of this computer stored after its last index file are named in one
//! now, so that what they hold need not be stored again. Packs of others are left alone: another
//! program may be storing them, or be about to remove them.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::{LeftNotes, StoreError};
use crate::backend::{FileKind, FileName, Listed};
use crate::id::{IndexId, PackId};
use crate::index::{BLOBS_PER_FILE_MAX, Index, IndexFile, IndexPack};
use crate::lock::HeldLock;
use crate::manners;
use crate::monitor::{Event, Finding, FindingKind, Watch};
use crate::rearrange::write_held;
use crate::repository::{ReadError, Repository, WriteError};

/// Names in the index, and in `index`, what interrupted work left among the packs that were `listed`.
/// Returns the index files that say so.
pub(crate) fn adopt_left<E: From<ReadError> + From<StoreError>>(
    repository: &Repository,
    index: &mut Index,
    listed: &[Listed],
    lock: &HeldLock,
    watch: Watch<'_>,
) -> Result<Vec<IndexId>, E> {
    let Some(journal) = lock.journal() else { return Ok(Vec::new()) };
    let notes = LeftNotes::find(journal.folder(), repository.config().id);
    let is_left = |pack: &&Listed| {
        let id = PackId(pack.id);
        notes.packs.contains(&id) && index.pack(&id).is_none() && !index.is_marked(&id)
    };
    let unknown: Vec<Listed> = listed.iter().filter(is_left).copied().collect();
    let mut packs = read_headers(repository, &unknown, watch)?.into_iter().peekable();
    let mut stored = Vec::new();
    while packs.peek().is_some() {
        let file = IndexFile { packs: take_as_fit(&mut packs), packs_to_delete: None };
        stored.push(store(repository, &file, lock)?);
        index.add(&file);
    }
    notes.forget();
    Ok(stored)
}

/// As many packs as an index file is to name, and at least one.
fn take_as_fit(packs: &mut std::iter::Peekable<impl Iterator<Item = IndexPack>>) -> Vec<IndexPack> {
    let (mut taken, mut blobs) = (Vec::new(), 0);
    while let Some(pack) =
        packs.next_if(|pack| blobs == 0 || blobs + pack.blobs.len() <= BLOBS_PER_FILE_MAX)
    {
        blobs += pack.blobs.len();
        taken.push(pack);
    }
    taken
}

fn store(
    repository: &Repository,
    file: &IndexFile,
    lock: &HeldLock,
) -> Result<IndexId, StoreError> {
    let backend = repository.backend();
    for pack in &file.packs {
        backend.include_in_sync(FileName::new(FileKind::Pack, pack.id.0));
    }
    backend.sync().map_err(|source| WriteError::Backend { kind: FileKind::Pack, source })?;
    let fence = || lock.fence();
    Ok(IndexId(write_held(repository, FileKind::Index, &file.to_json(), &fence)?))
}

/// What the packs hold that can be read, over all cores.
fn read_headers(
    repository: &Repository,
    unknown: &[Listed],
    watch: Watch<'_>,
) -> Result<Vec<IndexPack>, ReadError> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> Result<(), ReadError> {
        while let Some(pack) = unknown.get(next.fetch_add(1, Ordering::Relaxed)) {
            if watch.cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let id = PackId(pack.id);
            match repository.read_pack_header(id, pack.size) {
                Ok(blobs) => found.lock().push(IndexPack::new(id, &blobs)),
                // Cut short by a storage that keeps half a file: nobody refers to it.
                Err(error) => {
                    let (kind, message) = (FindingKind::Note, error.to_string());
                    let finding = Finding { kind, path: None, during: "adopt", message };
                    watch.monitor.event(Event::Finding(&finding));
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads.min(unknown.len())).map(|_| scope.spawn(manners::as_here(work))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("workers do not panic"))
    })?;
    Ok(found.into_inner())
}
