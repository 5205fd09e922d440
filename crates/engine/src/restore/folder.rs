//! A folder that is being restored, until everything in it is done.

use std::collections::{HashSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::context::Context;
use super::decide::Overwrite;
use super::selection::Selection;
use super::target::{Folder, Target};
use crate::monitor::{Change, ItemKind};
use crate::tree::{Node, NodeKind};

/// Where one root of a restore goes, and what of it.
pub(super) struct Scope {
    pub target: Target,
    pub within: Selection,
    pub selection: Selection,
}

impl Scope {
    /// True if what stands at this path of the snapshot is ours to restore, and so to delete.
    fn covers(&self, location: &Path) -> bool {
        let location = location.as_os_str().as_encoded_bytes();
        self.within.of(location, false).itself && self.selection.of(location, false).itself
    }
}

/// A folder of the target.
///
/// Its metadata is restored when the last of its entries is done, since each of them moves its
/// time; that may be long after the walk left it.
pub(super) struct FolderTask {
    pub scope: Arc<Scope>,
    /// Its path below the target.
    pub path: PathBuf,
    /// Its path in the snapshot.
    pub location: PathBuf,
    /// What to restore of its metadata; nothing for the target itself.
    pub node: Option<Node>,
    pub parent: Option<Arc<FolderTask>>,
    /// It was made by this restore, so nothing can stand in it that is not from the snapshot.
    pub is_new: bool,
    /// Names that stay when others are deleted; `None` if nothing is deleted.
    pub kept_names: Option<HashSet<OsString>>,
    /// Names that the snapshot does not have and this restore made: of what was put beside
    /// something, and of what could only be restored in part.
    made_names: Mutex<HashSet<OsString>>,
    /// Entries that are not done, and one for the walk itself while it is in here.
    pending: AtomicUsize,
    open: Mutex<Weak<Folder>>,
}

/// Keeps the folders open that were used last.
#[derive(Default)]
pub(super) struct OpenFolders(Mutex<VecDeque<Arc<Folder>>>);

/// How many folders stay open.
const OPEN_MAX: usize = 64;

impl FolderTask {
    pub(super) fn new(
        scope: Arc<Scope>,
        path: PathBuf,
        location: PathBuf,
        node: Option<Node>,
        parent: Option<Arc<Self>>,
        is_new: bool,
        kept_names: Option<HashSet<OsString>>,
    ) -> Arc<Self> {
        if let Some(parent) = &parent {
            parent.add_pending();
        }
        Arc::new(Self {
            scope,
            path,
            location,
            node,
            parent,
            is_new,
            kept_names,
            made_names: Mutex::default(),
            pending: AtomicUsize::new(1),
            open: Mutex::new(Weak::new()),
        })
    }

    /// The open folder.
    pub(super) fn open(&self, context: &Context<'_>) -> io::Result<Arc<Folder>> {
        if let Some(folder) = self.open.lock().upgrade() {
            return Ok(folder);
        }
        let folder = self.scope.target.folder(&self.path)?;
        *self.open.lock() = Arc::downgrade(&folder);
        let mut kept = context.folders.0.lock();
        kept.push_back(folder.clone());
        // Dropped, and so closed, after the lock is given back.
        let _closed = if kept.len() > OPEN_MAX { kept.pop_front() } else { None };
        drop(kept);
        Ok(folder)
    }

    /// Where the restore goes.
    pub(super) fn target_path(&self) -> &Path {
        self.scope.target.path()
    }

    /// True if it is of use to reserve room for a new file.
    pub(super) fn gains_by_reserving(&self) -> bool {
        self.scope.target.gains_by_reserving()
    }

    /// Notes a name that the snapshot does not have and this restore made.
    pub(super) fn note_made(&self, name: &OsStr) {
        self.made_names.lock().insert(name.to_owned());
    }

    /// One more entry is on its way.
    pub(super) fn add_pending(&self) {
        self.pending.fetch_add(1, Ordering::Relaxed);
    }

    /// An entry is done, or the walk has left. The last one finishes the folder, and what waits
    /// for it above.
    pub(super) fn entry_done(self: &Arc<Self>, context: &Context<'_>) {
        let mut folder = self.clone();
        while folder.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            folder.finish(context);
            match &folder.parent {
                Some(parent) => folder = parent.clone(),
                None => return,
            }
        }
    }

    fn finish(&self, context: &Context<'_>) {
        let opened = match self.open(context) {
            Ok(opened) => opened,
            Err(error) => {
                context.target_problem(&self.location, "open", &error, self.target_path());
                return;
            }
        };
        if let Some(kept) = &self.kept_names
            && !context.is_stopped()
        {
            self.remove_others(context, &opened, kept);
        }
        let Some(node) = &self.node else { return };
        // Otherwise it is as in the snapshot, even where files in it are left alone, as restic has
        // it; where nothing may be lost, neither may what was set at a folder.
        if context.options.overwrite == Overwrite::KeepBoth && !self.is_new {
            context.finished(&self.location, ItemKind::Folder, Change::Skipped, 0);
            return;
        }
        let problems = opened.finish(node, &context.options.attributes, !self.is_new);
        context.metadata_problems(&self.location, problems);
        let change = if self.is_new { Change::New } else { Change::Changed };
        context.finished(&self.location, ItemKind::Folder, change, 0);
    }

    /// Removes what the snapshot does not have, where the selection covers it.
    fn remove_others(&self, context: &Context<'_>, opened: &Folder, kept: &HashSet<OsString>) {
        let names = match opened.names() {
            Ok(names) => names,
            Err(error) => {
                context.target_problem(&self.location, "list", &error, self.target_path());
                return;
            }
        };
        let made = self.made_names.lock();
        let mut ours = None;
        for name in names.iter().filter(|name| !is_kept(kept, name) && !made.contains(*name)) {
            let location = self.location.join(name);
            if !self.scope.covers(&location) {
                continue;
            }
            let ours = ours.get_or_insert_with(|| files_of(opened, kept));
            if is_other_name_of(opened, ours, name) {
                continue;
            }
            let mut removed = |inner: &Path| {
                let path = self.location.join(inner);
                context.finished(&path, ItemKind::Other, Change::Removed, 0);
            };
            if let Err(error) = opened.remove_all(name, Path::new(""), &mut removed) {
                context.target_problem(&location, "remove", &error, self.target_path());
            }
        }
    }
}

/// Which files the names stand for, by inode and device.
fn files_of(opened: &Folder, names: &HashSet<OsString>) -> HashSet<(u64, u64)> {
    let found = names.iter().filter_map(|name| opened.existing(name).ok().flatten());
    found.filter(|one| one.inode != 0).map(|one| (one.inode, one.device_id)).collect()
}

/// True if the name is how the file system writes one of ours: in other letters, or in other
/// Unicode, which it takes for the same. A further link to one of our files is a name of its own.
fn is_other_name_of(opened: &Folder, ours: &HashSet<(u64, u64)>, name: &OsStr) -> bool {
    let Ok(Some(other)) = opened.existing(name) else { return false };
    let is_one_name = other.kind == NodeKind::Folder || other.links <= 1;
    is_one_name && ours.contains(&(other.inode, other.device_id))
}

/// Where names that differ in case are one name, what differs only in case stays.
fn is_kept(kept: &HashSet<OsString>, name: &OsString) -> bool {
    kept.contains(name)
        || cfg!(any(windows, target_os = "macos")) && {
            let lower = name.to_string_lossy().to_lowercase();
            kept.iter().any(|other| other.to_string_lossy().to_lowercase() == lower)
        }
}
