//! Finds out what snapshots need and the destination lacks.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use super::{CopyError, Work};
use crate::backend::BackendErrorKind;
use crate::blob::{BlobKind, PackedBlob};
use crate::id::{BlobId, PackId, TreeId};
use crate::index::Index;
use crate::manners;
use crate::monitor::{Cancellation, FindingKind};
use crate::repository::{ReadError, Repository};
use crate::store::Store;
use crate::tree::Tree;
use crate::tree::walk::{Folder, for_each_new_tree, to_path};

/// So many blobs are remembered at most before they are copied; they take some 90 MB.
const BLOBS_MAX: usize = 1_000_000;

/// Blobs that are handed over in one go.
type Found = Vec<PackedBlob>;

/// How many folders may be ahead of whoever takes what they need.
const FOLDERS_AHEAD: usize = 16;

/// Blobs that are to be copied, each once.
pub(super) struct Need<'a> {
    index: &'a Index,
    /// A flag for each entry of the source's index, by number: true once the blob was asked for.
    asked: Vec<bool>,
    /// The same for those that lie only in packs that rustic marked, which have no number.
    asked_marked: HashSet<(BlobKind, BlobId)>,
    blobs: Vec<PackedBlob>,
    bytes: u64,
}

impl<'a> Need<'a> {
    pub(super) fn new(index: &'a Index) -> Self {
        Self {
            index,
            asked: vec![false; index.blobs()],
            asked_marked: HashSet::new(),
            blobs: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes a blob in; false if it was before.
    pub(super) fn push(&mut self, blob: PackedBlob) -> bool {
        let number = self.index.place_numbers(blob.kind, &blob.id).next();
        let is_new = match number {
            Some(at) => !std::mem::replace(&mut self.asked[at], true),
            None => self.asked_marked.insert((blob.kind, blob.id)),
        };
        if is_new {
            self.bytes += u64::from(blob.location.length);
            self.blobs.push(blob);
        }
        is_new
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn is_full(&self) -> bool {
        self.blobs.len() >= BLOBS_MAX
    }

    /// What has come together, in the order in which it lies in packs.
    pub(super) fn take(&mut self) -> Vec<PackedBlob> {
        self.bytes = 0;
        let mut blobs = std::mem::take(&mut self.blobs);
        blobs.sort_unstable_by_key(|blob| (blob.location.pack, blob.location.offset));
        blobs
    }
}

/// What one snapshot needs.
#[derive(Debug, Default)]
pub(super) struct Needed {
    pub(super) blobs: u64,
    pub(super) bytes: u64,
    pub(super) packs: HashSet<PackId>,
}

impl Needed {
    pub(super) fn count(&mut self, blob: &PackedBlob) {
        self.blobs += 1;
        self.bytes += u64::from(blob.location.length);
        self.packs.insert(blob.location.pack);
    }
}

impl Work<'_> {
    /// Reads the trees below one that are not in `seen`, and gives `take` what they need; returns
    /// `seen` with them. While `take` works, reading goes on for a few folders and then waits.
    pub(super) fn walk(
        &mut self,
        root: TreeId,
        seen: HashSet<TreeId>,
        take: &mut dyn FnMut(&mut Self, Found) -> Result<(), CopyError>,
    ) -> Result<HashSet<TreeId>, CopyError> {
        let (sender, found) = crossbeam_channel::bounded::<Found>(FOLDERS_AHEAD);
        let reading = Reading {
            source: self.copy.source,
            index: self.index,
            store: self.store,
            problems: Mutex::default(),
        };
        let cancel = self.watch.cancel;
        let (walked, taken) = std::thread::scope(|scope| {
            let reading = &reading;
            let walk = move || reading.walk(root, seen, &sender, cancel);
            let walk = scope.spawn(manners::as_here(walk));
            // Ends when the walk is over; the walk ends when nobody takes what it finds.
            let taken = found.iter().try_for_each(|blobs| take(self, blobs));
            drop(found);
            let walked = walk.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (walked, taken)
        });
        taken?;
        self.check_cancelled()?;
        for (path, error) in reading.problems.into_inner() {
            if let ReadError::Backend { source, .. } = &error
                && source.kind == BackendErrorKind::Offline
            {
                return Err(CopyError::source(error));
            }
            self.fail(kind_of(&error), &format!("{path}: "), &error);
        }
        walked.map_err(CopyError::source)
    }

    /// True if the destination has everything that the tree needs.
    pub(super) fn is_complete(&self, root: TreeId) -> Result<bool, CopyError> {
        let is_complete = AtomicBool::new(true);
        let has = |kind, id: &BlobId| self.store.is_indexed(kind, id);
        let visit = |folder: &Folder, tree: Result<&Tree, ReadError>| {
            let is_there = tree.is_ok_and(|tree| {
                has(BlobKind::Tree, &folder.id.into())
                    && contents(tree).all(|id| has(BlobKind::Data, id))
            });
            is_complete.fetch_and(is_there, Ordering::Relaxed);
        };
        let (source, cancel) = (self.copy.source, self.watch.cancel);
        for_each_new_tree(source, self.index, [root], HashSet::new(), cancel, &visit)
            .map_err(CopyError::source)?;
        Ok(is_complete.into_inner())
    }
}

/// What goes through the source's trees.
struct Reading<'a> {
    source: &'a Repository,
    index: &'a Index,
    store: &'a Store<'a>,
    /// Folders of which something cannot be read.
    problems: Mutex<Vec<(String, ReadError)>>,
}

impl Reading<'_> {
    fn walk(
        &self,
        root: TreeId,
        seen: HashSet<TreeId>,
        found: &Sender<Found>,
        cancel: &Cancellation,
    ) -> Result<HashSet<TreeId>, ReadError> {
        let stop = Cancellation::default();
        let visit = |folder: &Folder, tree: Result<&Tree, ReadError>| {
            let mut problem = None;
            let blobs = match tree {
                Ok(tree) => self.lacking(folder, tree, &mut problem),
                Err(error) => {
                    problem = Some(error);
                    Vec::new()
                }
            };
            if let Some(error) = problem {
                let path = to_path(&folder.path_of(b"")).display().to_string();
                self.problems.lock().push((path, error));
            }
            let is_taken = blobs.is_empty() || found.send(blobs).is_ok();
            if !is_taken || cancel.is_cancelled() {
                stop.cancel();
            }
        };
        for_each_new_tree(self.source, self.index, [root], seen, &stop, &visit)
    }

    /// What a folder needs and the destination lacks. Of what the source lacks, too, the last is the
    /// `problem`.
    fn lacking(
        &self,
        folder: &Folder,
        tree: &Tree,
        problem: &mut Option<ReadError>,
    ) -> Vec<PackedBlob> {
        let tree_blob = (BlobKind::Tree, BlobId::from(folder.id));
        let handles =
            std::iter::once(tree_blob).chain(contents(tree).map(|id| (BlobKind::Data, *id)));
        let mut lacking = Vec::new();
        for (kind, id) in handles.filter(|(kind, id)| !self.store.is_indexed(*kind, id)) {
            match self.index.locate(kind, &id) {
                Some(location) => lacking.push(PackedBlob { id, kind, location }),
                None => *problem = Some(ReadError::MissingBlob { kind, id }),
            }
        }
        lacking
    }
}

fn contents(tree: &Tree) -> impl Iterator<Item = &BlobId> {
    tree.nodes.iter().filter_map(|node| node.content.as_ref()).flatten()
}

/// What sort of problem it is that a part of the source cannot be read.
pub(super) fn kind_of(error: &ReadError) -> FindingKind {
    match error {
        ReadError::MissingBlob { .. } => FindingKind::Missing,
        ReadError::Backend { source, .. } if source.kind == BackendErrorKind::NotFound => {
            FindingKind::Missing
        }
        ReadError::Backend { .. } => FindingKind::Unreadable,
        _ => FindingKind::Damaged,
    }
}
