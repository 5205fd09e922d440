//! Makes new snapshots from old ones: without some files, with damaged parts left out, or with
//! another time or host.
//!
//! Trees are stored first, durably and indexed, then the new snapshots, and only then the old ones
//! go, if they are to. Whoever stops in between leaves both. What is not touched stays byte for
//! byte; a folder that would have to be written anew and holds something that this version would
//! lose by that makes its snapshot one that is left as it is.
//!
//! A shared lock is enough: nothing that a running backup relies on is removed.

mod editor;
mod error;
mod snapshots;
mod trees;

pub use editor::{EntryChange, EntryNote, TreeChange};
pub use error::RewriteError;

use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::id::SnapshotId;
use crate::index::Index;
use crate::lock::HeldLock;
use crate::monitor::{Cancellation, Event, Monitor, Phase, Totals, Watch};
use crate::pack::FinishedPack;
use crate::repository::Repository;
use crate::snapshot::Snapshot;
use crate::store::{Fence, PackNotes, Store, StoreOptions};
use crate::storing::Storing;
use crate::time::Time;

use editor::Editor;
use trees::{Rewritten, TreeRewriter};

/// What is different in the new snapshots.
#[derive(Debug, Clone)]
pub struct SnapshotChange {
    /// What becomes of their trees.
    pub trees: TreeChange,
    /// Count files and bytes, also where the trees stay as they are.
    pub counts: bool,
    /// Another host.
    pub hostname: Option<String>,
    /// Another time.
    pub time: Option<Time>,
    /// What distinguishes the new ones from the old ones, if these stay.
    pub tag: String,
    /// Note every entry that is left out or let in, not only repairs.
    pub notes_entries: bool,
}

/// What becomes of the snapshots that new ones are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Originals {
    /// They stay, and the new ones are tagged.
    Keep,
    /// They go once the new ones are stored.
    Remove,
}

/// Whether anything is stored.
#[derive(Debug, Clone, Copy)]
pub enum RewriteMode<'a> {
    /// Nothing is.
    DryRun,
    /// Under this lock, which may be shared.
    Store(&'a HeldLock),
}

/// New snapshots from old ones.
pub struct Rewrite<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// Whether anything is stored.
    pub mode: RewriteMode<'a>,
    /// What is different.
    pub change: &'a SnapshotChange,
    /// What becomes of the old ones.
    pub originals: Originals,
    /// How new trees are stored.
    pub storing: Storing,
    /// The time.
    pub clock: &'a dyn Clock,
}

/// What became of a snapshot.
#[derive(Debug)]
pub struct SnapshotRewrite {
    /// Which one.
    pub id: SnapshotId,
    /// What became of it.
    pub fate: SnapshotFate,
    /// What was changed in its trees; of those that several snapshots share, the first tells.
    pub notes: Vec<EntryNote>,
}

/// What became of a snapshot, or would in a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotFate {
    /// There is nothing to change.
    Unchanged,
    /// A new one is stored; a dry run has no id for it.
    Replaced {
        /// The new one.
        new: Option<SnapshotId>,
    },
    /// A new one is stored, and the old one, which was to go, could not be removed: both are there.
    Doubled {
        /// The new one.
        new: SnapshotId,
    },
    /// Its topmost folder is lost, and so all of it. It stays, because originals do.
    Lost,
    /// Its topmost folder was lost, and it is gone.
    Removed,
    /// It was removed meanwhile by somebody else.
    Vanished,
    /// It stays as it is, because of this.
    Failed(String),
}

impl SnapshotFate {
    /// True if something is, or would be, different.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        matches!(self, Self::Replaced { .. } | Self::Doubled { .. } | Self::Removed)
    }
}

impl Rewrite<'_> {
    /// Does it, in the order in which the snapshots are given.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use holdfast_engine::backend::MemoryBackend;
    /// use holdfast_engine::backup::exclude::PatternList;
    /// use holdfast_engine::monitor::{Cancellation, Unwatched};
    /// use holdfast_engine::rewrite::{
    ///     Originals, Rewrite, RewriteMode, SnapshotChange, TreeChange,
    /// };
    /// use holdfast_engine::snapshot::load_all;
    /// use holdfast_engine::storing::Storing;
    /// use holdfast_testkit::TestRepository;
    ///
    /// let test = TestRepository::create(Arc::new(MemoryBackend::new()));
    /// let source = tempfile::tempdir()?;
    /// std::fs::write(source.path().join("letter.txt"), "Dear reader")?;
    /// std::fs::write(source.path().join("letter.tmp"), "Dea")?;
    /// test.backup(source.path())?;
    ///
    /// let change = SnapshotChange {
    ///     trees: TreeChange::Exclude(vec![PatternList::compile(["*.tmp"], false)?]),
    ///     ..SnapshotChange::none("rewrite")
    /// };
    /// let lock = test.lock(false);
    /// let rewrite = Rewrite {
    ///     repository: &test.repository,
    ///     mode: RewriteMode::Store(&lock),
    ///     change: &change,
    ///     originals: Originals::Remove,
    ///     storing: Storing::default(),
    ///     clock: &*test.clock,
    /// };
    /// let old = load_all(&test.repository, &Unwatched)?;
    /// rewrite.run(&old.iter().collect::<Vec<_>>(), &Unwatched, &Cancellation::default())?;
    /// let new = load_all(&test.repository, &Unwatched)?;
    /// assert_eq!((new.len(), new[0].1.original), (1, Some(old[0].0)));
    /// assert_eq!(test.contents(new[0].1.tree).keys().collect::<Vec<_>>(), ["/letter.txt"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the storage fails or the lock does not hold. Every snapshot is there, the old one, the
    /// new one or both. A snapshot that cannot be rewritten is no error, but a
    /// [`SnapshotFate::Failed`].
    pub fn run(
        &self,
        snapshots: &[&(SnapshotId, Snapshot)],
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<Vec<SnapshotRewrite>, RewriteError> {
        if let Some(setting) = self.repository.config().foreign_setting() {
            return Err(RewriteError::ForeignSetting { setting: setting.to_owned() });
        }
        let watch = Watch { monitor, cancel };
        monitor.event(Event::Phase(Phase::Preparing));
        let files = snapshots.len() as u64;
        monitor.event(Event::Total(Totals { files, folders: 0, bytes: 0, exact: true }));
        let trees = self.rewrite_trees(snapshots, watch)?;
        monitor.event(Event::Phase(Phase::Committing));
        self.replace_snapshots(snapshots, trees, watch)
    }

    /// The new trees of all snapshots, stored durably.
    fn rewrite_trees(
        &self,
        snapshots: &[&(SnapshotId, Snapshot)],
        watch: Watch<'_>,
    ) -> Result<Vec<NewTree>, RewriteError> {
        let change = self.change;
        if matches!(change.trees, TreeChange::Keep) && !change.counts {
            let kept = |(_, snapshot): &&(SnapshotId, Snapshot)| NewTree {
                result: Ok(Rewritten::untouched(snapshot.tree)),
                notes: Vec::new(),
            };
            return Ok(snapshots.iter().map(kept).collect());
        }
        let index = self.repository.load_index(watch.cancel)?;
        watch.monitor.event(Event::Phase(Phase::Working));
        let (fence, notes, dry_run) = match self.mode {
            RewriteMode::DryRun => (Fence::DryRun, None, true),
            RewriteMode::Store(lock) => {
                let id = self.repository.config().id;
                let notes = lock.journal().map(|journal| PackNotes::new(journal.folder(), id));
                (Fence::Held(lock), notes, false)
            }
        };
        let options = StoreOptions { dry_run, ..self.storing.into() };
        // What is there already is left out by whoever rewrites, if it can be read.
        let store = Store::new(self.repository, Index::default(), options, self.clock, notes);
        // One thread: snapshots share most of their folders, and what was rewritten once is known.
        let is_taken = AtomicBool::new(false);
        let trees = Mutex::new(Vec::new());
        let work = |full: &Sender<FinishedPack>| {
            if is_taken.swap(true, Ordering::Relaxed) {
                return Ok(());
            }
            let editor = Editor::new(&change.trees, change.notes_entries);
            let from = (self.repository, &index);
            let mut rewriter = TreeRewriter::new(from, (&store, full), editor, watch)?;
            for (_, snapshot) in snapshots {
                let result = match rewriter.rewrite(snapshot.tree) {
                    Err(error) if !error.is_of_one_snapshot() => return Err(error),
                    result => result,
                };
                trees.lock().push(NewTree { result, notes: rewriter.take_notes() });
            }
            Ok(())
        };
        store.run(fence, &work)?;
        Ok(trees.into_inner())
    }
}

/// What became of a snapshot's tree.
struct NewTree {
    result: Result<Rewritten, RewriteError>,
    notes: Vec<EntryNote>,
}

impl SnapshotChange {
    /// Nothing is different, and new snapshots would get this tag.
    #[must_use]
    pub fn none(tag: &str) -> Self {
        Self {
            trees: TreeChange::Keep,
            counts: false,
            hostname: None,
            time: None,
            tag: tag.to_owned(),
            notes_entries: false,
        }
    }
}
