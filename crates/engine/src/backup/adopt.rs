//! Packs that an interrupted backup left behind.
//!
//! Index files are stored from time to time; packs that were stored since the last one are complete,
//! but nobody knows of them. The next backup finds them, makes sure of their content, and names them
//! in an index file of its own, so that what they hold need not be stored again.
//!
//! A pack that another program is storing right now is adopted as well: both index files will then
//! say the same, which readers take for one.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::{BackupError, Watch};
use crate::backend::{FileKind, FileName, Listed};
use crate::id::PackId;
use crate::index::{Index, IndexFile, IndexPack};
use crate::monitor::{Event, Finding, FindingKind};
use crate::pack::Header;
use crate::repository::{ReadError, Repository, WriteError};
use crate::store::{Fence, StoreError};

/// Indexes the packs that no index file names, and adds them to `index`. Returns how many.
pub(super) fn adopt(
    repository: &Repository,
    index: &mut Index,
    fence: Fence<'_>,
    watch: Watch<'_>,
) -> Result<usize, BackupError> {
    let listed = repository.list(FileKind::Pack)?;
    let unknown: Vec<Listed> =
        listed.into_iter().filter(|pack| index.pack(&PackId(pack.id)).is_none()).collect();
    if unknown.is_empty() {
        return Ok(0);
    }
    let packs = read_all(repository, &unknown, watch)?;
    if packs.is_empty() {
        return Ok(0);
    }
    let adopted = packs.len();
    let file = IndexFile { packs, packs_to_delete: None };
    let failed = |source| StoreError::from(WriteError::Backend { kind: FileKind::Index, source });
    repository.backend().sync().map_err(failed)?;
    fence.check()?;
    repository.write_file(FileKind::Index, &file.to_json())?;
    index.add(&file);
    Ok(adopted)
}

/// What the packs hold that can be read, over all cores.
fn read_all(
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
            match read(repository, pack) {
                Ok(pack) => found.lock().push(pack),
                // Cut short by a storage that keeps half a file: nobody refers to it.
                Err(error) => watch.monitor.event(Event::Finding(&Finding {
                    kind: FindingKind::Note,
                    path: None,
                    during: "adopt",
                    message: error.to_string(),
                })),
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

/// What a pack holds, if its content is what its name says.
fn read(repository: &Repository, pack: &Listed) -> Result<IndexPack, ReadError> {
    let id = PackId(pack.id);
    let bytes = repository.read_raw(FileName::new(FileKind::Pack, pack.id))?;
    let damaged = |source| ReadError::Header { pack: id, source };
    let size = bytes.len() as u64;
    let tail = Header::tail_bytes(size, &bytes).map_err(damaged)?;
    let header = &bytes[bytes.len() - tail as usize..];
    let blobs = Header::read(repository.master_key(), id, size, header).map_err(damaged)?;
    Ok(IndexPack::new(id, &blobs))
}
