//! Finds out which blobs snapshots need.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;

use super::PruneError;
use crate::blob::BlobKind;
use crate::id::{BlobId, SnapshotId, TreeId};
use crate::index::Index;
use crate::monitor::Cancellation;
use crate::repository::Repository;
use crate::snapshot::for_each_snapshot;
use crate::tree::Tree;
use crate::tree::walk::{Folder, for_each_new_tree, to_path};

/// A mark for each entry of an index, by number.
pub(super) struct Marks(Vec<AtomicU8>);

const UNUSED: u8 = 0;
const USED: u8 = 1;

impl Marks {
    pub(super) fn of(index: &Index) -> Self {
        Self(std::iter::repeat_with(AtomicU8::default).take(index.blobs()).collect())
    }

    /// Marks every copy of a blob; false if there is none.
    fn mark(&self, index: &Index, kind: BlobKind, id: &BlobId) -> bool {
        let mut is_there = false;
        for number in index.place_numbers(kind, id) {
            self.0[number].store(USED, Ordering::Relaxed);
            is_there = true;
        }
        is_there
    }

    /// Takes the mark from an entry.
    pub(super) fn unmark(&mut self, number: usize) {
        *self.0[number].get_mut() = UNUSED;
    }

    /// True if the entry is marked.
    pub(super) fn is_used(&self, number: usize) -> bool {
        self.0[number].load(Ordering::Relaxed) == USED
    }
}

/// The trees of these snapshots, but for those that somebody forgot meanwhile.
pub(super) fn load_roots(
    repository: &Repository,
    snapshots: &HashSet<SnapshotId>,
    cancel: &Cancellation,
) -> Result<HashMap<SnapshotId, TreeId>, PruneError> {
    let ids: Vec<SnapshotId> = snapshots.iter().copied().collect();
    let loaded = Mutex::new(Ok(HashMap::with_capacity(ids.len())));
    for_each_snapshot(repository, &ids, cancel, &|id, snapshot| {
        let mut loaded = loaded.lock();
        match (&mut *loaded, snapshot) {
            (Ok(roots), Ok(snapshot)) => drop(roots.insert(id, snapshot.tree)),
            (Ok(_), Err(source)) => {
                *loaded = Err(PruneError::Snapshot { id, source: Box::new(source) });
            }
            (Err(_), _) => {}
        }
    })?;
    loaded.into_inner()
}

/// Marks what the trees need, and returns all trees below them, too.
pub(super) fn mark(
    repository: &Repository,
    index: &Index,
    roots: &HashMap<SnapshotId, TreeId>,
    cancel: &Cancellation,
) -> Result<(Marks, HashSet<TreeId>), PruneError> {
    let marks = Marks::of(index);
    let need = |kind, id: &BlobId| marks.mark(index, kind, id);
    let trees = for_each_need(repository, index, roots, HashSet::new(), cancel, &need)?;
    Ok((marks, trees))
}

/// Calls `need` with every blob that these trees and those below need, but for trees in `seen` and
/// what these need; `need` tells whether the blob is there. Returns all trees.
pub(super) fn for_each_need(
    repository: &Repository,
    index: &Index,
    roots: &HashMap<SnapshotId, TreeId>,
    seen: HashSet<TreeId>,
    cancel: &Cancellation,
    need: &(dyn Fn(BlobKind, &BlobId) -> bool + Sync),
) -> Result<HashSet<TreeId>, PruneError> {
    let failure = Mutex::new(None);
    // After a failure, the rest is of no interest.
    let stop = Cancellation::default();
    let fail = |error: PruneError| {
        failure.lock().get_or_insert(error);
        stop.cancel();
    };
    let visit = |folder: &Folder, tree: Result<&Tree, _>| {
        if cancel.is_cancelled() {
            stop.cancel();
            return;
        }
        let tree = match tree {
            Ok(tree) => tree,
            Err(source) => {
                let path = to_path(&folder.path_of(b"")).display().to_string();
                return fail(PruneError::Tree { path, source: Box::new(source) });
            }
        };
        need(BlobKind::Tree, &folder.id.into());
        for id in tree.nodes.iter().filter_map(|node| node.content.as_ref()).flatten() {
            if !need(BlobKind::Data, id) {
                return fail(PruneError::MissingBlob { kind: BlobKind::Data, id: *id });
            }
        }
    };
    let walked = for_each_new_tree(repository, index, roots.values().copied(), seen, &stop, &visit);
    match failure.into_inner() {
        Some(error) => Err(error),
        None => Ok(walked?),
    }
}
