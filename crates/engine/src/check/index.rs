//! Reads the index as far as it can be read, and holds it against the packs there are.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::PackSet;
use super::report::Report;
use crate::backend::{FileKind, Listed};
use crate::id::{IndexId, PackId};
use crate::index::{Index, IndexBuilder, IndexFile, IndexPack};
use crate::manners;
use crate::monitor::{Cancellation, FindingKind, with_causes};
use crate::repository::{ReadError, Repository};

/// What could be read of the index.
pub(super) struct CheckedIndex {
    pub(super) index: Index,
    /// How many blobs the index lists for each pack.
    pub(super) blob_counts: HashMap<PackId, u32>,
}

#[derive(Default)]
struct Loading {
    builder: IndexBuilder,
    blob_counts: HashMap<PackId, u32>,
}

/// Reads all index files; one that cannot be read is a problem, and the others still count.
pub(super) fn load(
    repository: &Repository,
    report: &Report<'_>,
    cancel: &Cancellation,
) -> Result<CheckedIndex, ReadError> {
    let listed = repository.list(FileKind::Index)?;
    let next = AtomicUsize::new(0);
    let loading = Mutex::new(Loading::default());
    let worker = || {
        while let Some(file) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel.is_cancelled() {
                return;
            }
            match repository.read_index_file(IndexId(file.id)) {
                Ok(file) => loading.lock().add(&file, repository.config().version, report),
                Err(error) => {
                    report.suggest_index_repair();
                    report.error(FindingKind::Damaged, with_causes(&error));
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        (0..threads.min(listed.len())).for_each(|_| drop(scope.spawn(manners::as_here(worker))));
    });
    if cancel.is_cancelled() {
        return Err(ReadError::Cancelled);
    }
    let Loading { builder, blob_counts } = loading.into_inner();
    Ok(CheckedIndex { index: builder.build(), blob_counts })
}

impl Loading {
    fn add(&mut self, file: &IndexFile, format_version: u32, report: &Report<'_>) {
        for pack in &file.packs {
            self.note_pack(pack, format_version, report);
        }
        self.builder.add(file);
    }

    fn note_pack(&mut self, pack: &IndexPack, format_version: u32, report: &Report<'_>) {
        let id = pack.id;
        let count = u32::try_from(pack.blobs.len()).unwrap_or(u32::MAX);
        match self.blob_counts.insert(id, count) {
            None => {}
            Some(before) if before == count => {
                report.suggest_index_repair();
                report.note(format!("pack {id} is listed in more than one index file"));
            }
            Some(_) => {
                report.suggest_index_repair();
                report.error(
                    FindingKind::Damaged,
                    format!("pack {id} is listed in several index files, each with a part of it"),
                );
            }
        }
        if format_version < 2 && pack.blobs.iter().any(|blob| blob.uncompressed_length != 0) {
            let message = format!("pack {id} has compressed blobs, in a repository of format 1");
            report.error(FindingKind::Damaged, message);
        }
        let is_mixed = pack.blobs.windows(2).any(|pair| pair[0].kind != pair[1].kind);
        if is_mixed && format_version >= 2 {
            report.suggest_prune();
            report.note(format!("pack {id} holds both files' data and trees"));
        }
    }
}

/// Reports packs that are missing, of the wrong size or unknown, and returns those that the index
/// knows and that are there.
pub(super) fn compare_with_files(
    checked: &mut CheckedIndex,
    listed: &[Listed],
    report: &Report<'_>,
) -> Vec<Listed> {
    let sizes: HashMap<PackId, u64> =
        listed.iter().map(|file| (PackId(file.id), file.size)).collect();
    // What rustic marked may be gone without harm, unless a snapshot needs it.
    let marked = checked.index.marked_packs().map(|pack| pack.id);
    let is_gone = |id: &PackId| !sizes.contains_key(id) && checked.index.pack(id).is_none();
    let gone: HashSet<PackId> = marked.filter(is_gone).collect();
    checked.index.forget_blobs_in(&gone);
    let mut present = Vec::new();
    for pack in checked.index.packs() {
        let id = pack.id;
        let Some(size) = sizes.get(&id).copied() else {
            report.suggest_index_repair();
            report.broken_pack(id, FindingKind::Missing, format!("pack {id} does not exist"));
            continue;
        };
        let expected = pack.file_bytes();
        if size != expected {
            report.suggest_index_repair();
            let message = format!("pack {id} has {size} bytes, but {expected} by the index");
            report.broken_pack(id, FindingKind::Damaged, message);
        }
        present.push(Listed { id: id.0, size });
    }
    let is_unknown =
        |id: PackId| checked.index.pack(&id).is_none() && !checked.index.is_marked(&id);
    let unknown = listed.iter().filter(|file| is_unknown(PackId(file.id)));
    match unknown.count() {
        0 => {}
        count => {
            // What an interrupted backup leaves behind. The next one does not use it, prune frees it.
            report.suggest_prune();
            report.note(format!("{count} packs are not in the index"));
        }
    }
    present
}

/// Reports the packs among those that snapshots need that rustic is going to remove and that nothing
/// stands in for, and returns them.
pub(super) fn needed_marked(
    index: &Index,
    needed: &PackSet,
    listed: &[Listed],
    report: &Report<'_>,
) -> Vec<Listed> {
    let is_it =
        |id: &PackId| needed.contains(id) && index.is_marked(id) && index.pack(id).is_none();
    let marked: Vec<Listed> =
        listed.iter().filter(|file| is_it(&PackId(file.id))).copied().collect();
    for pack in &marked {
        report.suggest_index_repair();
        report.note(format!(
            "pack {}, which snapshots need, is marked for removal by rustic: `repair index` takes \
             the mark off",
            PackId(pack.id)
        ));
    }
    marked
}
