//! Snapshots and what is in them, for looking around.
//!
//! The index of the repository that was last browsed and the folders last opened are kept, up to a
//! limit, so that going back and forth does not read them again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use holdfast_engine::id::{SnapshotId, TreeId};
use holdfast_engine::index::Index;
use holdfast_engine::listing::{self, FolderError};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::repository::{ReadError, Repository};
use holdfast_engine::snapshot::{self, Snapshot};
use holdfast_engine::tree::{Node, NodeKind, Tree, mode};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::api::{EntryKind, EntryView, PlanId, RepositoryId, SnapshotView};
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
    /// Snapshots that are shown, and when they were last looked into.
    open: Mutex<HashMap<String, Timestamp>>,
}

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

    /// The index of a repository, as it was read before if it was.
    pub(crate) fn index(&self, ready: &Ready) -> Result<Arc<Index>, AppError> {
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
    pub(crate) fn read_index(&self, ready: &Ready) -> Result<Arc<Index>, AppError> {
        // What a damaged index file hides is missed where it is wanted.
        let index = ready.repository.load_readable_index(&Unwatched, &Cancellation::default());
        let index = Arc::new(index.map_err(|error| ready.named.read(error))?);
        let mut kept = self.kept.lock();
        kept.repository = Some(ready.entry.id.clone());
        kept.index = Some(index.clone());
        Ok(index)
    }

    /// Lets go of what was read of a repository: it changed, or is gone.
    pub(crate) fn clear(&self, repository: &RepositoryId) {
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

impl State {
    /// The snapshots of a repository, or of one plan, the newest first.
    pub(crate) fn snapshots(
        &self,
        repository: &RepositoryId,
        plan: Option<&PlanId>,
    ) -> Result<Vec<SnapshotView>, AppError> {
        let ready = self.open(repository)?;
        let all = snapshot::load_all(&ready.repository, &Unwatched);
        let all = all.map_err(|error| ready.named.read(error))?;
        let views = all.iter().rev().map(|(id, snapshot)| snapshot_view(&id.to_string(), snapshot));
        Ok(views.filter(|view| plan.is_none() || view.plan.as_ref() == plan).collect())
    }

    /// The window no longer shows a snapshot.
    pub(crate) fn leave_snapshot(&self, snapshot: &str) {
        self.shelf.open.lock().remove(snapshot);
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
        let ready = self.open(repository)?;
        let snapshot = load_snapshot(&ready, snapshot)?;
        let folder = snapshot_path::bytes(path);
        let index = self.shelf.index(&ready)?;
        let tree = match self.folder(&ready, &index, snapshot.tree, &folder) {
            // The snapshot may be newer than the index that was kept.
            Err(FolderError::Read(_)) => {
                let index = self.shelf.read_index(&ready)?;
                self.folder(&ready, &index, snapshot.tree, &folder)
            }
            found => found,
        };
        let tree = tree.map_err(|error| folder_error(&ready.named, path, error))?;
        let mut entries: Vec<EntryView> =
            tree.nodes.iter().map(|node| entry_view(&folder, node)).collect();
        entries.sort_by_key(|entry| entry.kind != EntryKind::Folder);
        Ok(entries)
    }

    fn folder(
        &self,
        ready: &Ready,
        index: &Index,
        root: TreeId,
        path: &[u8],
    ) -> Result<Arc<Tree>, FolderError> {
        let id = listing::find_folder(&ready.repository, index, root, path)?;
        Ok(self.shelf.tree(&ready.repository, index, id)?)
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

fn entry_view(folder: &[u8], node: &Node) -> EntryView {
    let mut path = folder.strip_suffix(b"/").unwrap_or(folder).to_vec();
    path.push(b'/');
    path.extend_from_slice(&node.name);
    let target = &node.link_target;
    EntryView {
        name: String::from_utf8_lossy(&node.name).into_owned(),
        path: snapshot_path::text(&path),
        kind: match node.kind {
            NodeKind::Folder => EntryKind::Folder,
            NodeKind::File => EntryKind::File,
            NodeKind::Symlink => EntryKind::Link,
            _ => EntryKind::Other,
        },
        size: node.size,
        modified: node.modified.timestamp().as_millisecond(),
        mode: mode_in_letters(node),
        link_target: (!target.is_empty()).then(|| String::from_utf8_lossy(target).into_owned()),
    }
}

/// Permissions as `ls -l` shows them.
fn mode_in_letters(node: &Node) -> String {
    let kind = match node.kind {
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
        let bits = node.mode >> shift;
        letters.push(if bits & 4 == 0 { '-' } else { 'r' });
        letters.push(if bits & 2 == 0 { '-' } else { 'w' });
        letters.push(match (node.mode & bit != 0, bits & 1 != 0) {
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
    use super::*;

    fn letters(kind: NodeKind, mode: u32) -> String {
        mode_in_letters(&Node { kind, mode, ..Node::default() })
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
        let view = entry_view(b"/home/anna", &node);
        assert_eq!(view.path, "/home/anna/50%25 %ff");
        assert_eq!(snapshot_path::bytes(&view.path), b"/home/anna/50% \xff");
    }
}
