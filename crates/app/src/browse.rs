//! Snapshots and what is in them, for looking around.
//!
//! What the catalogue knows is not read. For the rest, the index of the repository that was last
//! browsed and the folders last opened are kept, up to a limit, so that going back and forth does not
//! read them again.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use holdfast_engine::backend::FileKind;
use holdfast_engine::id::{SnapshotId, TreeId};
use holdfast_engine::index::Index;
use holdfast_engine::listing::FolderError;
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::repository::{ReadError, Repository};
use holdfast_engine::snapshot::{self, Snapshot};
use holdfast_engine::tree::{NodeKind, Tree, mode};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::api::{EntryKind, EntryView, PlanId, RepositoryId, SnapshotView};
use crate::catalogue::{Entry, Folders, Source};
use crate::engine_work::Named;
use crate::error::AppError;
use crate::repositories::{Ready, snapshot_view};
use crate::snapshot_path;
use crate::state::State;

/// How many entries of folders are kept in memory, over all kept folders.
const ENTRIES_KEPT: usize = 200_000;

/// A window that ended without a word keeps the snapshot that it showed open for so long.
const OPEN_FOR: SignedDuration = SignedDuration::from_mins(60);

/// What was read for browsing.
#[derive(Default)]
pub(crate) struct Shelf {
    kept: Mutex<Kept>,
    /// All snapshots of repositories, as they were last listed.
    snapshots: Mutex<HashMap<RepositoryId, SnapshotList>>,
    /// Snapshots that are shown, and when they were last looked into.
    open: Mutex<HashMap<String, Timestamp>>,
}

/// Snapshots that can be read, the oldest first.
type SnapshotList = Arc<Vec<(SnapshotId, Snapshot)>>;

#[derive(Default)]
struct Kept {
    repository: Option<RepositoryId>,
    index: Option<Arc<Index>>,
    /// The last opened is the last.
    trees: VecDeque<(TreeId, Arc<Tree>)>,
}

impl Shelf {
    /// True if the window shows the snapshot.
    pub(crate) fn is_open(&self, snapshot: &str, now: Timestamp) -> bool {
        let looked_into = self.open.lock().get(snapshot).copied();
        looked_into.is_some_and(|at| now.duration_since(at).abs() <= OPEN_FOR)
    }

    /// All snapshots of a repository as it is now. They are read again if one came or went.
    pub(crate) fn snapshots(&self, ready: &Ready) -> Result<SnapshotList, AppError> {
        let read = |error| ready.named.read(error);
        let listed = ready.repository.list(FileKind::Snapshot).map_err(read)?;
        let listed: HashSet<_> = listed.iter().map(|file| SnapshotId::from(file.id)).collect();
        let kept = self.snapshots.lock().get(&ready.entry.id).cloned();
        let is_all = |kept: &SnapshotList| {
            kept.len() == listed.len() && kept.iter().all(|(id, _)| listed.contains(id))
        };
        if let Some(kept) = kept.filter(is_all) {
            return Ok(kept);
        }
        let all = Arc::new(snapshot::load_all(&ready.repository, &Unwatched).map_err(read)?);
        self.snapshots.lock().insert(ready.entry.id.clone(), all.clone());
        Ok(all)
    }

    /// The index of a repository, as it was read before if it was.
    pub(crate) fn index(&self, ready: &Ready) -> Result<Arc<Index>, ReadError> {
        {
            let mut kept = self.kept.lock();
            if kept.repository.as_ref() != Some(&ready.entry.id) {
                *kept = Kept { repository: Some(ready.entry.id.clone()), ..Kept::default() };
            }
            if let Some(index) = &kept.index {
                return Ok(index.clone());
            }
        }
        self.read_index(ready)
    }

    /// The index of a repository as it is now.
    pub(crate) fn read_index(&self, ready: &Ready) -> Result<Arc<Index>, ReadError> {
        let index = load_index(ready)?;
        let mut kept = self.kept.lock();
        kept.repository = Some(ready.entry.id.clone());
        kept.index = Some(index.clone());
        Ok(index)
    }

    /// Lets go of what was read of a repository: it changed, or is gone.
    pub(crate) fn clear(&self, repository: &RepositoryId) {
        self.snapshots.lock().remove(repository);
        let mut kept = self.kept.lock();
        if kept.repository.as_ref() == Some(repository) {
            *kept = Kept::default();
        }
    }

    fn tree(
        &self,
        repository: &Repository,
        index: &Index,
        id: TreeId,
    ) -> Result<Arc<Tree>, ReadError> {
        let found = self.kept.lock().trees.iter().find(|(kept, _)| *kept == id).cloned();
        if let Some((_, tree)) = found {
            return Ok(tree);
        }
        let tree = Arc::new(repository.read_tree(index, id)?);
        let mut kept = self.kept.lock();
        kept.trees.push_back((id, tree.clone()));
        let mut entries: usize = kept.trees.iter().map(|(_, tree)| tree.nodes.len() + 1).sum();
        while entries > ENTRIES_KEPT && kept.trees.len() > 1 {
            let Some((_, dropped)) = kept.trees.pop_front() else { break };
            entries -= dropped.nodes.len() + 1;
        }
        Ok(tree)
    }
}

fn load_index(ready: &Ready) -> Result<Arc<Index>, ReadError> {
    // What a damaged index file hides is missed where it is wanted.
    let index = ready.repository.load_readable_index(&Unwatched, &Cancellation::default());
    index.map(Arc::new)
}

/// The trees of a repository, for what the catalogue does not know.
pub(crate) struct RepositorySource<'a> {
    shelf: &'a Shelf,
    ready: &'a Ready,
    index: RefCell<Option<Arc<Index>>>,
    /// True if the index is not older than what is asked for.
    is_fresh: Cell<bool>,
    /// True if who reads through everything must not push off the shelf what is looked at.
    is_passing: bool,
}

impl<'a> RepositorySource<'a> {
    /// For somebody who looks around.
    fn kept(shelf: &'a Shelf, ready: &'a Ready) -> Self {
        let (index, is_fresh) = (RefCell::default(), Cell::new(false));
        Self { shelf, ready, index, is_fresh, is_passing: false }
    }

    /// For who reads through everything, as it is now.
    pub(crate) fn fresh(shelf: &'a Shelf, ready: &'a Ready) -> Self {
        let (index, is_fresh) = (RefCell::default(), Cell::new(true));
        Self { shelf, ready, index, is_fresh, is_passing: true }
    }

    fn index(&self) -> Result<Arc<Index>, ReadError> {
        if let Some(index) = &*self.index.borrow() {
            return Ok(index.clone());
        }
        let index = match (self.is_passing, self.is_fresh.get()) {
            (true, _) => load_index(self.ready)?,
            (false, true) => self.shelf.read_index(self.ready)?,
            (false, false) => self.shelf.index(self.ready)?,
        };
        *self.index.borrow_mut() = Some(index.clone());
        Ok(index)
    }

    fn read(&self, tree: TreeId) -> Result<Vec<Entry>, ReadError> {
        let (repository, index) = (&self.ready.repository, self.index()?);
        let entries = |tree: &Tree| tree.nodes.iter().map(Entry::from).collect();
        if self.is_passing {
            return Ok(entries(&repository.read_tree(&index, tree)?));
        }
        Ok(entries(&*self.shelf.tree(repository, &index, tree)?))
    }
}

impl Source for RepositorySource<'_> {
    fn entries(&self, tree: TreeId) -> Result<Vec<Entry>, ReadError> {
        match self.read(tree) {
            // The snapshot may be newer than the index that was kept.
            Err(_) if !self.is_fresh.replace(true) => {
                *self.index.borrow_mut() = None;
                self.read(tree)
            }
            read => read,
        }
    }
}

impl State {
    /// The snapshots of a repository, or of one plan, the newest first.
    pub(crate) fn snapshots(
        &self,
        repository: &RepositoryId,
        plan: Option<&PlanId>,
    ) -> Result<Vec<SnapshotView>, AppError> {
        let all = self.shelf.snapshots(&self.open(repository)?)?;
        let views = all.iter().rev().map(|(id, snapshot)| snapshot_view(&id.to_string(), snapshot));
        Ok(views.filter(|view| plan.is_none() || view.plan.as_ref() == plan).collect())
    }

    /// The window no longer shows a snapshot.
    pub(crate) fn leave_snapshot(&self, snapshot: &str) {
        let mut open = self.shelf.open.lock();
        open.remove(snapshot);
        if open.is_empty() {
            self.catalogues.close_unused();
        }
    }

    /// The entries of a folder in a snapshot, folders first.
    pub(crate) fn snapshot_entries(
        &self,
        repository: &RepositoryId,
        snapshot: &str,
        path: &str,
    ) -> Result<Vec<EntryView>, AppError> {
        // Before anything that may take long, so that whoever leaves meanwhile has left.
        self.shelf.open.lock().insert(snapshot.to_owned(), self.now());
        let _asked = self.catalogues.ask();
        let ready = self.open(repository)?;
        let root = load_snapshot(&ready, snapshot)?.tree;
        let folder = snapshot_path::bytes(path);
        let entries = self.look_into(&ready, |folders| folders.entries(root, &folder));
        let entries = entries.map_err(|error| folder_error(&ready.named, path, error))?;
        let mut views: Vec<EntryView> =
            entries.iter().map(|entry| entry_view(&folder, entry)).collect();
        views.sort_by_key(|entry| entry.kind != EntryKind::Folder);
        Ok(views)
    }

    /// Looks into a repository's folders: those that the catalogue knows, and the rest in the
    /// repository itself.
    pub(crate) fn look_into<T>(&self, ready: &Ready, look: impl FnOnce(&Folders<'_>) -> T) -> T {
        let source = self.source(ready);
        let catalogue = self.catalogues.of(ready);
        let folders = Folders::new(catalogue.as_deref(), &source);
        let seen = look(&folders);
        if folders.is_damaged() {
            self.catalogues.discard(ready);
        }
        seen
    }

    pub(crate) fn source<'a>(&'a self, ready: &'a Ready) -> RepositorySource<'a> {
        RepositorySource::kept(&self.shelf, ready)
    }
}

/// A snapshot by its id.
pub(crate) fn load_snapshot(ready: &Ready, id: &str) -> Result<Snapshot, AppError> {
    let unknown = || AppError::SnapshotUnknown { id: id.to_owned() };
    let id: SnapshotId = id.parse().map_err(|_| unknown())?;
    Snapshot::load(&ready.repository, id).map_err(|error| match &error {
        ReadError::Backend { source, .. }
            if source.kind == holdfast_engine::backend::BackendErrorKind::NotFound =>
        {
            unknown()
        }
        _ => ready.named.read(error),
    })
}

fn folder_error(named: &Named, path: &str, error: FolderError) -> AppError {
    match error {
        FolderError::Read(error) => named.read(error),
        _ => AppError::FolderUnknown { path: path.to_owned() },
    }
}

fn entry_view(folder: &[u8], entry: &Entry) -> EntryView {
    let mut path = folder.strip_suffix(b"/").unwrap_or(folder).to_vec();
    path.push(b'/');
    path.extend_from_slice(&entry.name);
    let target = &entry.link_target;
    EntryView {
        name: String::from_utf8_lossy(&entry.name).into_owned(),
        path: snapshot_path::text(&path),
        kind: entry_kind(entry.kind),
        size: entry.size,
        modified: entry.modified,
        mode: mode_in_letters(entry.kind, entry.mode),
        link_target: (!target.is_empty()).then(|| String::from_utf8_lossy(target).into_owned()),
    }
}

/// What an entry is, as the window sees it.
pub(crate) fn entry_kind(kind: NodeKind) -> EntryKind {
    match kind {
        NodeKind::Folder => EntryKind::Folder,
        NodeKind::File => EntryKind::File,
        NodeKind::Symlink => EntryKind::Link,
        _ => EntryKind::Other,
    }
}

/// Permissions as `ls -l` shows them.
fn mode_in_letters(kind: NodeKind, bits: u32) -> String {
    let kind = match kind {
        NodeKind::Folder => 'd',
        NodeKind::Symlink => 'l',
        NodeKind::BlockDevice => 'b',
        NodeKind::CharDevice => 'c',
        NodeKind::Fifo => 'p',
        NodeKind::Socket => 's',
        _ => '-',
    };
    let special = [(mode::SETUID, 's'), (mode::SETGID, 's'), (mode::STICKY, 't')];
    let mut letters = String::from(kind);
    for (shift, (bit, letter)) in [6, 3, 0].into_iter().zip(special) {
        let rights = bits >> shift;
        letters.push(if rights & 4 == 0 { '-' } else { 'r' });
        letters.push(if rights & 2 == 0 { '-' } else { 'w' });
        letters.push(match (bits & bit != 0, rights & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    letters
}

#[cfg(test)]
mod tests {
    use holdfast_engine::tree::Node;

    use super::*;

    fn letters(kind: NodeKind, mode: u32) -> String {
        mode_in_letters(kind, mode)
    }

    #[test]
    fn permissions_read_as_people_know_them() {
        assert_eq!(letters(NodeKind::Folder, mode::FOLDER | 0o755), "drwxr-xr-x");
        assert_eq!(letters(NodeKind::File, 0o640), "-rw-r-----");
        assert_eq!(letters(NodeKind::File, mode::SETUID | 0o755), "-rwsr-xr-x");
        assert_eq!(letters(NodeKind::Folder, mode::STICKY | 0o776), "drwxrwxrwT");
    }

    #[test]
    fn an_entry_carries_the_path_by_which_it_is_found_again() {
        let node = Node { name: b"50% \xff".to_vec(), ..Node::default() };
        let view = entry_view(b"/home/anna", &Entry::from(&node));
        assert_eq!(view.path, "/home/anna/50%25 %ff");
        assert_eq!(snapshot_path::bytes(&view.path), b"/home/anna/50% \xff");
    }
}
