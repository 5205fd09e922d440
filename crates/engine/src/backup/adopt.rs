//! What there is before anything is stored: packs that were lost, and packs that nobody knows of.
//!
//! An index file may name a pack that is gone: a disk had errors, or a hand removed it. What was in
//! it counts as absent then, so that this backup stores it again where the source still has it.
//!
//! The other way round, packs that an interrupted backup of this computer stored after its last
//! index file are named in one now, so that what they hold need not be stored again. Packs of others
//! are left alone: another program may be storing them, or be about to remove them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::{BackupError, Watch};
use crate::backend::{FileKind, FileName, Listed};
use crate::id::PackId;
use crate::index::{BLOBS_PER_FILE_MAX, Index, IndexFile, IndexPack};
use crate::lock::HeldLock;
use crate::monitor::{Event, Finding, FindingKind};
use crate::repository::{ReadError, Repository, WriteError};
use crate::store::{LeftNotes, StoreError};

/// Brings `index` in line with the packs that are there.
pub(super) fn take_stock(
    repository: &Repository,
    index: &mut Index,
    lock: &HeldLock,
    watch: Watch<'_>,
) -> Result<(), BackupError> {
    let listed = repository.list(FileKind::Pack)?;
    forget_lost(index, &listed, watch);
    let Some(journal) = lock.journal() else { return Ok(()) };
    let notes = LeftNotes::find(journal.folder(), repository.config().id);
    let unknown: Vec<Listed> = listed
        .into_iter()
        .filter(|pack| {
            let id = PackId(pack.id);
            notes.packs.contains(&id) && index.pack(&id).is_none() && !index.is_marked(&id)
        })
        .collect();
    let mut packs = read_headers(repository, &unknown, watch)?.into_iter().peekable();
    while packs.peek().is_some() {
        let file = IndexFile { packs: take_as_fit(&mut packs), packs_to_delete: None };
        store(repository, &file, lock)?;
        index.add(&file);
    }
    notes.forget();
    Ok(())
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

fn store(repository: &Repository, file: &IndexFile, lock: &HeldLock) -> Result<(), StoreError> {
    let backend = repository.backend();
    for pack in &file.packs {
        backend.include_in_sync(FileName::new(FileKind::Pack, pack.id.0));
    }
    backend.sync().map_err(|source| WriteError::Backend { kind: FileKind::Pack, source })?;
    lock.fence()?;
    repository.write_file(FileKind::Index, &file.to_json())?;
    Ok(())
}

/// Makes the index forget what lies in packs that are gone or cut short.
fn forget_lost(index: &mut Index, listed: &[Listed], watch: Watch<'_>) {
    let sizes: HashMap<PackId, u64> =
        listed.iter().map(|pack| (PackId(pack.id), pack.size)).collect();
    let is_lost = |id: &PackId, bytes: u32| sizes.get(id).is_none_or(|size| *size < bytes.into());
    let lost: HashSet<PackId> = index
        .packs()
        .filter(|pack| is_lost(&pack.id, pack.blob_bytes))
        .map(|pack| pack.id)
        .collect();
    for id in &lost {
        let how = if sizes.contains_key(id) { "cut short" } else { "missing" };
        let message = format!(
            "pack {} is {how}: what it held is stored again where the source still has it",
            id.short()
        );
        find(watch, FindingKind::Damaged, message);
    }
    if !lost.is_empty() {
        index.forget_blobs_in(&lost);
    }
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
                Err(error) => find(watch, FindingKind::Note, error.to_string()),
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(unknown.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("workers do not panic"))
    })?;
    Ok(found.into_inner())
}

fn find(watch: Watch<'_>, kind: FindingKind, message: String) {
    watch.monitor.event(Event::Finding(&Finding { kind, path: None, during: "adopt", message }));
}
