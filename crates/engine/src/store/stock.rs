//! What there is before anything is stored.
//!
//! An index file may name a pack that is gone: a disk had errors, or a hand removed it. What was in
//! it counts as absent then, so that it is stored again where the source still has it. The
//! other way round, packs that interrupted work left without an index file are named in one.

use std::collections::{HashMap, HashSet};

use super::{StoreError, adopt_left};
use crate::backend::{FileKind, Listed};
use crate::id::PackId;
use crate::index::Index;
use crate::lock::HeldLock;
use crate::monitor::{Event, Finding, FindingKind, Watch};
use crate::repository::{ReadError, Repository};

/// Brings `index` in line with the packs that are there.
pub(crate) fn take_stock<E: From<ReadError> + From<StoreError>>(
    repository: &Repository,
    index: &mut Index,
    lock: &HeldLock,
    watch: Watch<'_>,
) -> Result<(), E> {
    let listed = repository.list(FileKind::Pack)?;
    if forget_lost(index, &listed, watch) {
        repository.distrust_sorted_index();
    }
    adopt_left::<E>(repository, index, &listed, lock, watch)?;
    Ok(())
}

/// Makes the index forget what lies in packs that are gone or cut short; true if there are any.
fn forget_lost(index: &mut Index, listed: &[Listed], watch: Watch<'_>) -> bool {
    let sizes: HashMap<PackId, u64> =
        listed.iter().map(|pack| (PackId(pack.id), pack.size)).collect();
    // Of a pack that index files share, each knows a part, so more than is expected is no sign.
    let is_lost = |id: &PackId, bytes: u64| sizes.get(id).is_none_or(|size| *size < bytes);
    let lost: HashSet<PackId> = index
        .packs()
        .filter(|pack| is_lost(&pack.id, pack.file_bytes()))
        .map(|pack| pack.id)
        .collect();
    for id in &lost {
        let how = if sizes.contains_key(id) { "cut short" } else { "missing" };
        let message = format!(
            "pack {} is {how}: what it held is stored again where the source still has it",
            id.short()
        );
        let kind = FindingKind::Damaged;
        let finding = Finding { kind, path: None, during: "adopt", message };
        watch.monitor.event(Event::Finding(&finding));
    }
    if !lost.is_empty() {
        index.forget_blobs_in(&lost);
    }
    !lost.is_empty()
}
