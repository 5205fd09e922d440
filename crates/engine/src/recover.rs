//! Finds folders that no snapshot has any more, and makes a snapshot of them.
//!
//! Every tree that the index names and that no other tree names is the topmost one of a snapshot that
//! is gone: forgotten by mistake, or lost. [`Recover`] puts all of them side by side in a new
//! snapshot, each under the beginning of its id. What the index does not name is not found, so
//! [`repair_index`](crate::repair::repair_index) comes first.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_channel::Sender;
use jiff::tz::TimeZone;

use crate::backend::FileKind;
use crate::blob::BlobKind;
use crate::clock::Clock;
use crate::id::{IndexId, SnapshotId, TreeId};
use crate::identity::Identity;
use crate::index::Index;
use crate::lock::{HeldLock, LockLost};
use crate::manners;
use crate::monitor::{
    Cancellation, Event, Finding, FindingKind, Monitor, Phase, Totals, Watch, with_causes,
};
use crate::pack::FinishedPack;
use crate::rearrange::{RearrangeError, store_snapshot};
use crate::repository::{ReadError, Repository, WriteError};
use crate::snapshot::{self, Snapshot};
use crate::store::{Fence, PackNotes, Store, StoreError};
use crate::storing::Storing;
use crate::time::Time;
use crate::tree::{Node, NodeKind, Tree, mode};

/// What the new snapshot's path is, as for restic.
const PATH: &str = "/recover";

/// What the new snapshot is tagged with, as for restic.
const TAG: &str = "recovered";

/// Digits of a tree's id that stand for it, unless others begin alike.
const NAME_DIGITS: usize = 8;

/// A search for folders that no snapshot has.
pub struct Recover<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// Whose snapshot it will be.
    pub identity: &'a Identity,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The zone that times are written in.
    pub zone: &'a TimeZone,
    /// How the new folder is stored.
    pub storing: Storing,
    /// An exclusive lock: what a running backup has stored would be found as well.
    pub lock: &'a HeldLock,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverOutcome {
    /// How many trees there are.
    pub trees: usize,
    /// Those that no tree and no snapshot names, in the order of their ids.
    pub roots: Vec<TreeId>,
    /// The new snapshot, if there is anything to put in it.
    pub snapshot: Option<SnapshotId>,
}

/// Why nothing was recovered. The repository is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// Another program's setting in the repository would have to be honoured and cannot be.
    #[error(
        "the repository has the setting {setting:?} of another program, which cannot be honoured"
    )]
    ForeignSetting {
        /// The setting's name.
        setting: String,
    },
    /// The repository cannot be read.
    #[error("could not read the repository")]
    Read(#[source] ReadError),
    /// The new folder could not be stored.
    #[error("could not store the new folder")]
    Store(#[source] StoreError),
    /// The new snapshot could not be stored.
    #[error("could not store the new snapshot")]
    Write(#[from] WriteError),
    /// The lock was lost.
    #[error("the lock on the repository was lost")]
    LockLost(#[from] LockLost),
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

impl From<ReadError> for RecoverError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cancelled => Self::Cancelled,
            other => Self::Read(other),
        }
    }
}

impl From<StoreError> for RecoverError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lock(lost) => Self::LockLost(lost),
            other => Self::Store(other),
        }
    }
}

impl From<RearrangeError> for RecoverError {
    fn from(error: RearrangeError) -> Self {
        match error {
            RearrangeError::Read(source) => source.into(),
            RearrangeError::Write(source) => Self::Write(source),
            RearrangeError::LockLost(lost) => Self::LockLost(lost),
            RearrangeError::Cancelled => Self::Cancelled,
        }
    }
}

impl Recover<'_> {
    /// Looks for folders, and stores the snapshot of them.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
    /// use holdfast_engine::monitor::{Cancellation, Unwatched};
    /// use holdfast_engine::recover::Recover;
    /// use holdfast_engine::snapshot::Snapshot;
    /// use holdfast_engine::storing::Storing;
    /// use holdfast_testkit::TestRepository;
    ///
    /// let storage = Arc::new(MemoryBackend::new());
    /// let test = TestRepository::create(storage.clone());
    /// let source = tempfile::tempdir()?;
    /// std::fs::write(source.path().join("letter.txt"), "Dear reader")?;
    /// let made = test.backup(source.path())?;
    /// let forgotten = made.snapshot.expect("it is stored");
    /// storage.remove(FileName::new(FileKind::Snapshot, forgotten.0))?;
    ///
    /// let lock = test.lock(true);
    /// let recover = Recover {
    ///     repository: &test.repository,
    ///     identity: &test.context.identity,
    ///     clock: &*test.clock,
    ///     zone: &test.context.zone,
    ///     storing: Storing::default(),
    ///     lock: &lock,
    /// };
    /// let outcome = recover.run(&Unwatched, &Cancellation::default())?;
    /// assert_eq!(outcome.roots, [made.tree]);
    /// let id = outcome.snapshot.expect("something was found");
    /// let snapshot = Snapshot::load(&test.repository, id)?;
    /// let path = format!("/{}/letter.txt", &made.tree.to_string()[..8]);
    /// assert_eq!(test.contents(snapshot.tree)[&path], b"Dear reader");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the storage fails or the lock does not hold. A tree that cannot be read is a finding.
    pub fn run(
        &self,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<RecoverOutcome, RecoverError> {
        if let Some(setting) = self.repository.config().foreign_setting() {
            return Err(RecoverError::ForeignSetting { setting: setting.to_owned() });
        }
        let watch = Watch { monitor, cancel };
        monitor.event(Event::Phase(Phase::Preparing));
        let trees = self.trees(cancel)?;
        let index = self.repository.load_index(cancel)?;
        let files = trees.len() as u64;
        monitor.event(Event::Total(Totals { files, folders: 0, bytes: 0, exact: true }));
        monitor.event(Event::Phase(Phase::Marking));
        let mut roots = self.roots(&index, &trees, watch)?;
        monitor.event(Event::Phase(Phase::Working));
        // One that cannot be read lets its folder be found, which is what this is for.
        let snapshots = snapshot::load_all(self.repository, monitor)?;
        let named: HashSet<TreeId> = snapshots.iter().map(|(_, snapshot)| snapshot.tree).collect();
        roots.retain(|root| !named.contains(root));
        let mut outcome = RecoverOutcome { trees: trees.len(), roots, snapshot: None };
        if !outcome.roots.is_empty() {
            monitor.event(Event::Phase(Phase::Committing));
            outcome.snapshot = Some(self.store(&outcome.roots, index, watch)?);
        }
        Ok(outcome)
    }

    /// Every tree that the index names, in the order of their ids.
    fn trees(&self, cancel: &Cancellation) -> Result<Vec<TreeId>, RecoverError> {
        let mut trees = Vec::new();
        for file in self.repository.list(FileKind::Index)? {
            if cancel.is_cancelled() {
                return Err(RecoverError::Cancelled);
            }
            let file = self.repository.read_index_file(IndexId(file.id))?;
            let marked = file.marked_packs();
            let blobs = file.packs.into_iter().chain(marked).flat_map(|pack| pack.blobs);
            let of_trees = blobs.filter(|blob| blob.kind == BlobKind::Tree);
            trees.extend(of_trees.map(|blob| TreeId::from(blob.id)));
        }
        trees.sort_unstable();
        trees.dedup();
        Ok(trees)
    }

    /// Those that can be read and that no other one names; over all cores.
    fn roots(
        &self,
        index: &Index,
        trees: &[TreeId],
        watch: Watch<'_>,
    ) -> Result<Vec<TreeId>, RecoverError> {
        let is_no_root: Vec<AtomicBool> = trees.iter().map(|_| AtomicBool::new(false)).collect();
        let note = |id: &TreeId| {
            if let Ok(at) = trees.binary_search(id) {
                is_no_root[at].store(true, Ordering::Relaxed);
            }
        };
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(id) = trees.get(next.fetch_add(1, Ordering::Relaxed)) {
                if watch.cancel.is_cancelled() {
                    return;
                }
                match self.repository.read_tree(index, *id) {
                    Ok(tree) => {
                        let folders = tree.nodes.iter().filter(|it| it.kind == NodeKind::Folder);
                        folders.filter_map(|node| node.subtree.as_ref()).for_each(note);
                    }
                    Err(error) => {
                        note(id);
                        let why = with_causes(&error);
                        let message = format!("unable to load tree {}: {why}", id.short());
                        let kind = FindingKind::Unreadable;
                        let finding = Finding { kind, path: None, during: "recover", message };
                        watch.monitor.event(Event::Finding(&finding));
                    }
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            (0..threads).for_each(|_| drop(scope.spawn(manners::as_here(work))));
        });
        if watch.cancel.is_cancelled() {
            return Err(RecoverError::Cancelled);
        }
        let all = trees.iter().zip(is_no_root);
        Ok(all
            .filter(|(_, is_no_root)| !is_no_root.load(Ordering::Relaxed))
            .map(|it| *it.0)
            .collect())
    }

    /// Stores a folder with all of them, durably, and then the snapshot.
    fn store(
        &self,
        roots: &[TreeId],
        index: Index,
        watch: Watch<'_>,
    ) -> Result<SnapshotId, RecoverError> {
        let time = Time::from_timestamp(self.clock.now(), self.zone);
        let json = folder_of(roots, time).encode();
        let id = TreeId::of(&json);
        let notes = self.lock.journal();
        let notes =
            notes.map(|journal| PackNotes::new(journal.folder(), self.repository.config().id));
        let store = Store::new(self.repository, index, self.storing.into(), self.clock, notes);
        let work = |full: &Sender<FinishedPack>| {
            store.add(BlobKind::Tree, id.into(), &json, &mut store.sealer()?, full)?;
            Ok::<(), RecoverError>(())
        };
        store.run(Fence::Held(self.lock), &work)?;
        if watch.cancel.is_cancelled() {
            return Err(RecoverError::Cancelled);
        }
        let snapshot = Snapshot {
            hostname: self.identity.hostname.clone(),
            username: self.identity.username.clone(),
            uid: self.identity.uid,
            gid: self.identity.gid,
            tags: vec![TAG.to_owned()],
            program_version: self.identity.program_version.clone(),
            ..Snapshot::new(time, id, vec![PATH.to_owned()])
        };
        Ok(store_snapshot(
            self.repository,
            &snapshot,
            &|| self.lock.fence(),
            "recover",
            watch.monitor,
        )?)
    }
}

/// A folder with these in it, in the order of their ids.
fn folder_of(roots: &[TreeId], time: Time) -> Tree {
    let names: Vec<String> = roots.iter().map(ToString::to_string).collect();
    // Longer names where two begin alike; their neighbours are the ones most like them.
    let alike = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let pairs = names.windows(2).map(|pair| alike(&pair[0], &pair[1]) + 1);
    let digits = pairs.max().unwrap_or(0).max(NAME_DIGITS);
    let node = |(id, name): (&TreeId, &String)| Node {
        name: name.as_bytes()[..digits].to_vec(),
        kind: NodeKind::Folder,
        mode: mode::FOLDER | 0o755,
        modified: time,
        accessed: time,
        changed: time,
        subtree: Some(*id),
        ..Node::default()
    };
    Tree { nodes: roots.iter().zip(&names).map(node).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RawId;

    #[test]
    fn folders_whose_ids_begin_alike_have_names_of_their_own() {
        let id = |last: u8| {
            let mut bytes = [7; 32];
            bytes[5] = last;
            TreeId(RawId::from_bytes(bytes))
        };
        let roots = [id(1), id(2), id(3)];
        let tree = folder_of(&roots, Time::UNSET);
        let names: HashSet<_> = tree.nodes.iter().map(|node| node.name.len()).collect();
        assert_eq!(names, [12].into());
        let decoded = Tree::decode(&tree.encode()).expect("in order, and each name once");
        assert_eq!(decoded.nodes.len(), 3);
        assert_eq!(folder_of(&roots[..1], Time::UNSET).nodes[0].name, b"07070707");
    }
}
