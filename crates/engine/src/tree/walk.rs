//! Visits every distinct tree below some roots once, over all cores.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::{NodeKind, Tree};
use crate::id::TreeId;
use crate::index::Index;
use crate::manners;
use crate::monitor::Cancellation;
use crate::repository::{ReadError, Repository};

/// Longest path that is kept for messages, in bytes. Hostile trees could nest without end.
const PATH_BYTES_MAX: usize = 4096;

/// A tree and the first path that led to it.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) id: TreeId,
    /// Where it lies, and its name there; none for the topmost. The first is shared by all folders
    /// that lie there: a folder can have many, and a long path.
    place: Option<(Arc<[u8]>, Vec<u8>)>,
}

impl Folder {
    /// The topmost folder of a snapshot.
    pub(crate) fn root(id: TreeId) -> Self {
        Self { id, place: None }
    }

    /// The path of the folder, or of the entry `name` in it.
    pub(crate) fn path_of(&self, name: &[u8]) -> Vec<u8> {
        let mut path = match &self.place {
            Some((above, own_name)) => [above, own_name.as_slice()].concat(),
            None => Vec::new(),
        };
        path.push(b'/');
        path.extend_from_slice(name);
        if path.len() > PATH_BYTES_MAX {
            path.drain(..path.len() - PATH_BYTES_MAX);
        }
        path
    }
}

/// A path from the repository, for people and the operating system's interfaces.
pub(crate) fn to_path(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
    }
}

struct Work {
    pending: Vec<Folder>,
    seen: HashSet<TreeId>,
    /// How many workers are busy, and may find more.
    busy: usize,
}

/// Calls `visit` with every distinct tree that can be reached, or with why it cannot be read, and
/// returns how many there were. Deepest first, so that few wait at a time.
///
/// # Errors
/// Only when asked to stop.
pub(crate) fn for_each_tree(
    repository: &Repository,
    index: &Index,
    roots: impl IntoIterator<Item = TreeId>,
    cancel: &Cancellation,
    visit: &(dyn Fn(&Folder, Result<&Tree, ReadError>) + Sync),
) -> Result<usize, ReadError> {
    Ok(for_each_new_tree(repository, index, roots, HashSet::new(), cancel, visit)?.len())
}

/// The same for trees that are not in `seen`; returns those together with the ones it came to. What
/// lies below a tree in `seen` is not looked for.
///
/// # Errors
/// Only when asked to stop.
pub(crate) fn for_each_new_tree(
    repository: &Repository,
    index: &Index,
    roots: impl IntoIterator<Item = TreeId>,
    mut seen: HashSet<TreeId>,
    cancel: &Cancellation,
    visit: &(dyn Fn(&Folder, Result<&Tree, ReadError>) + Sync),
) -> Result<HashSet<TreeId>, ReadError> {
    let roots = roots.into_iter().filter(|id| seen.insert(*id)).map(Folder::root);
    let pending: Vec<_> = roots.collect();
    let work = Mutex::new(Work { pending, seen, busy: 0 });
    let changed = Condvar::new();
    let worker = || {
        let mut guard = work.lock();
        loop {
            if cancel.is_cancelled() {
                return;
            }
            let Some(folder) = guard.pending.pop() else {
                if guard.busy == 0 {
                    return;
                }
                changed.wait(&mut guard);
                continue;
            };
            guard.busy += 1;
            drop(guard);
            let end = EndOnPanic { work: &work, changed: &changed };
            let found = visit_one(repository, index, &folder, visit);
            drop(end);
            guard = work.lock();
            guard.busy -= 1;
            for folder in found {
                if guard.seen.insert(folder.id) {
                    guard.pending.push(folder);
                }
            }
            changed.notify_all();
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(manners::as_here(worker))));
    });
    if cancel.is_cancelled() {
        return Err(ReadError::Cancelled);
    }
    Ok(work.into_inner().seen)
}

/// What a thread that panics was to find never comes: the others must not wait for it.
struct EndOnPanic<'a> {
    work: &'a Mutex<Work>,
    changed: &'a Condvar,
}

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut work = self.work.lock();
            work.pending.clear();
            work.busy -= 1;
            drop(work);
            self.changed.notify_all();
        }
    }
}

fn visit_one(
    repository: &Repository,
    index: &Index,
    folder: &Folder,
    visit: &(dyn Fn(&Folder, Result<&Tree, ReadError>) + Sync),
) -> Vec<Folder> {
    let tree = match repository.read_tree(index, folder.id) {
        Ok(tree) => tree,
        Err(error) => {
            visit(folder, Err(error));
            return Vec::new();
        }
    };
    visit(folder, Ok(&tree));
    let above: Arc<[u8]> = folder.path_of(b"").into();
    let folders = tree.nodes.into_iter().filter(|node| node.kind == NodeKind::Folder);
    folders
        .filter_map(|node| {
            Some(Folder { id: node.subtree?, place: Some((Arc::clone(&above), node.name)) })
        })
        .collect()
}
