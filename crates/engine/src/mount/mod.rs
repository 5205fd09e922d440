//! Snapshots as folders that can be browsed: what a mounted repository shows.
//!
//! [`SnapshotFiles`] answers what an operating system asks of a file system, by numbers that stand for
//! entries: it looks up names, lists folders, reads files. Nothing can be changed through it. Trees are
//! read when a folder is looked into, files blob by blob, so memory is bounded whatever the snapshots
//! hold. A snapshot that is new in the repository appears within a minute.
//!
//! `fuse` hands it to the kernel, where this crate is built with the feature for it; everything else is
//! here, and works without one.

mod content;
#[cfg(all(feature = "mount", any(target_os = "linux", target_os = "macos")))]
pub mod fuse;
mod go_time;
mod layout;
mod numbers;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use content::{Contents, OpenFile};
use layout::{Layout, Place, Stored, below};
use numbers::{number_above, number_in};

use crate::backend::FileKind;
use crate::clock::Clock;
use crate::id::{SnapshotId, TreeId};
use crate::monitor::{Cancellation, Monitor, Unwatched};
use crate::repository::{ReadError, Repository};
use crate::snapshot::SnapshotFilter;
use crate::time::Time;
use crate::tree::{ExtendedAttribute, Node, NodeKind, Tree, mode};

/// The number of the topmost folder.
pub const ROOT: u64 = 1;

/// How long a list of snapshots counts as fresh (restic's figure).
const FRESH: Duration = Duration::from_secs(60);

/// So many folders stay in memory, with so many entries in all at most.
const TREES_MAX: usize = 64;
const TREE_ENTRIES_MAX: usize = 200_000;

/// What is shown, and how.
#[derive(Debug, Clone)]
pub struct MountOptions {
    /// Which snapshots.
    pub filter: SnapshotFilter,
    /// Where they lie: paths in which `%i`, `%I`, `%u`, `%h`, `%t` and `%T` stand for the short and the
    /// long id, the user, the computer, each of the tags, and the time.
    pub path_templates: Vec<String>,
    /// How times are written: as Go would write `Mon Jan 2 15:04:05 -0700 MST 2006`.
    pub time_template: String,
    /// Everything belongs to this user and group instead of those in the snapshots.
    pub owner: Option<(u32, u32)>,
    /// Whom the folders above snapshots belong to.
    pub mounter: (u32, u32),
}

impl Default for MountOptions {
    fn default() -> Self {
        let templates = ["ids/%i", "snapshots/%T", "hosts/%h/%T", "tags/%t/%T"];
        Self {
            filter: SnapshotFilter::default(),
            path_templates: templates.map(str::to_owned).into(),
            time_template: "2006-01-02T15:04:05Z07:00".to_owned(),
            owner: None,
            mounter: (0, 0),
        }
    }
}

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// There is no such entry.
    #[error("there is no such file or folder")]
    NotFound,
    /// It is not a folder.
    #[error("it is not a folder")]
    NotFolder,
    /// It is not a file.
    #[error("it is not a file")]
    NotFile,
    /// The repository cannot be read there.
    #[error("could not read the repository")]
    Read(#[from] ReadError),
}

/// What an entry is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attributes {
    /// The number that stands for it. The names of a hard link have the same one.
    pub number: u64,
    /// What it is.
    pub kind: NodeKind,
    /// Permissions with the bits for set-user-id, set-group-id and sticky, as Unix has them.
    pub permissions: u16,
    /// Size in bytes.
    pub size: u64,
    /// How many names it has; 1 for a folder, which tells nothing of what is in it.
    pub links: u64,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// The device that it stands for.
    pub device: u64,
    /// When it was changed last.
    pub modified: Time,
    /// When it was read last.
    pub accessed: Time,
    /// When its metadata was changed last.
    pub changed: Time,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number that stands for it.
    pub number: u64,
    /// What it is.
    pub kind: NodeKind,
    /// Its name.
    pub name: Vec<u8>,
}

/// What a number stands for.
#[derive(Debug, Clone)]
enum Item {
    /// A folder above snapshots, by its path.
    Above(String),
    /// A link to the latest snapshot in its folder.
    Latest(String, Time),
    /// A snapshot.
    Snapshot(Arc<Stored>),
    /// An entry of a snapshot, and the number of the snapshot.
    Node(Arc<Node>, u64),
}

/// The answers to what an operating system asks of a file system.
pub struct SnapshotFiles {
    repository: Arc<Repository>,
    options: MountOptions,
    clock: Arc<dyn Clock>,
    began: Time,
    contents: Contents,
    layout: RwLock<Layout>,
    seen: Mutex<Seen>,
    /// What the operating system knows of, and how often it was told.
    known: Mutex<HashMap<u64, (Item, u64)>>,
    trees: Mutex<VecDeque<(TreeId, Arc<Tree>)>>,
    open: Mutex<HashMap<u64, Arc<OpenFile>>>,
    next_handle: Mutex<u64>,
}

impl std::fmt::Debug for SnapshotFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotFiles").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The snapshots that the layout was made of, and when they were looked at.
struct Seen {
    ids: HashSet<SnapshotId>,
    at: Duration,
}

impl SnapshotFiles {
    /// The snapshots of a repository. The caller holds a lock on it.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use holdfast_engine::backend::MemoryBackend;
    /// use holdfast_engine::monitor::{Cancellation, Unwatched};
    /// use holdfast_engine::mount::{MountOptions, ROOT, SnapshotFiles};
    /// use holdfast_testkit::TestRepository;
    ///
    /// let test = TestRepository::create(Arc::new(MemoryBackend::new()));
    /// let source = tempfile::tempdir()?;
    /// std::fs::write(source.path().join("letter.txt"), "Dear reader")?;
    /// let id = test.backup(source.path())?.snapshot.expect("it is stored");
    ///
    /// let (repository, clock) = (test.repository.clone(), test.clock.clone());
    /// let (options, cancel) = (MountOptions::default(), Cancellation::default());
    /// let files = SnapshotFiles::new(repository, options, clock, &Unwatched, &cancel)?;
    /// let mut found = files.attributes(ROOT)?;
    /// for name in ["ids", &id.short(), "letter.txt"] {
    ///     found = files.lookup(found.number, name.as_bytes())?;
    /// }
    /// let handle = files.open(found.number)?;
    /// assert_eq!(files.read(handle, 5, 100)?, b"reader");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the index or the snapshots cannot be listed, or when asked to stop. A damaged index file is
    /// a finding: what only it names cannot be opened; and so is a damaged snapshot, which is not shown.
    pub fn new(
        repository: Arc<Repository>,
        options: MountOptions,
        clock: Arc<dyn Clock>,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<Self, ReadError> {
        let ids = snapshot_ids(&repository)?;
        let index = Arc::new(repository.load_readable_index(monitor, cancel)?);
        let layout = Layout::of(&repository, &options, monitor)?;
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        let began = Time::from_timestamp(clock.now(), &jiff::tz::TimeZone::UTC);
        let at = clock.awake();
        Ok(Self {
            contents: Contents::new(Arc::clone(&repository), index),
            repository,
            options,
            clock,
            began,
            layout: RwLock::new(layout),
            seen: Mutex::new(Seen { ids, at }),
            known: Mutex::new([(ROOT, (Item::Above(String::new()), 1))].into()),
            trees: Mutex::default(),
            open: Mutex::default(),
            next_handle: Mutex::default(),
        })
    }

    /// The entry of a folder with this name. The operating system knows its number from now on, until
    /// it [forgets](Self::forget) it as often as it was told.
    ///
    /// # Errors
    /// When there is none, or the folder cannot be read.
    pub fn lookup(&self, folder: u64, name: &[u8]) -> Result<Attributes, MountError> {
        let (number, item) = match self.item(folder)? {
            Item::Above(path) => {
                self.refresh();
                let name = std::str::from_utf8(name).map_err(|_| MountError::NotFound)?;
                let layout = self.layout.read();
                let place = layout.folder(&path).and_then(|folder| folder.get(name));
                let path = below(&path, name);
                (number_above(&path), as_item(place.ok_or(MountError::NotFound)?, path))
            }
            item => {
                let (tree, snapshot) = self.tree_of(folder, &item)?;
                let node = tree.find(name).filter(|node| has_sound_name(node));
                let node = node.ok_or(MountError::NotFound)?;
                (number_in(folder, snapshot, node), Item::Node(Arc::new(node.clone()), snapshot))
            }
        };
        let attributes = self.attributes_of(number, &item);
        let mut known = self.known.lock();
        let times = known.get(&number).map_or(0, |(_, times)| *times);
        known.insert(number, (item, times + 1));
        Ok(attributes)
    }

    /// The operating system does not need the number any more as often as this.
    pub fn forget(&self, number: u64, times: u64) {
        let mut known = self.known.lock();
        if let Some((_, count)) = known.get_mut(&number).filter(|_| number != ROOT) {
            *count = count.saturating_sub(times);
            if *count == 0 {
                known.remove(&number);
            }
        }
    }

    /// What an entry is like.
    ///
    /// # Errors
    /// When the number stands for nothing.
    pub fn attributes(&self, number: u64) -> Result<Attributes, MountError> {
        Ok(self.attributes_of(number, &self.item(number)?))
    }

    /// Where a symbolic link leads.
    ///
    /// # Errors
    /// When it is none.
    pub fn link_target(&self, number: u64) -> Result<Vec<u8>, MountError> {
        match self.item(number)? {
            Item::Latest(target, _) => Ok(target.into_bytes()),
            Item::Node(node, _) if node.kind == NodeKind::Symlink => Ok(node.link_target.clone()),
            _ => Err(MountError::NotFile),
        }
    }

    /// What is in a folder.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn entries(&self, number: u64) -> Result<Vec<Entry>, MountError> {
        let item = self.item(number)?;
        let Item::Above(path) = item else {
            let (tree, snapshot) = self.tree_of(number, &item)?;
            let sound = tree.nodes.iter().filter(|node| has_sound_name(node));
            let entry = |node: &Node| Entry {
                number: number_in(number, snapshot, node),
                kind: node.kind,
                name: node.name.clone(),
            };
            return Ok(sound.map(entry).collect());
        };
        self.refresh();
        let layout = self.layout.read();
        let folder = layout.folder(&path).ok_or(MountError::NotFound)?;
        let entry = |(name, place): (&String, &Place)| Entry {
            number: number_above(&below(&path, name)),
            kind: match place {
                Place::Folder | Place::Snapshot(_) => NodeKind::Folder,
                Place::Latest(..) => NodeKind::Symlink,
            },
            name: name.as_bytes().to_vec(),
        };
        Ok(folder.iter().map(entry).collect())
    }

    /// Opens a file for [`read`](Self::read).
    ///
    /// # Errors
    /// When it is none, or a part of it is not in the repository.
    pub fn open(&self, number: u64) -> Result<u64, MountError> {
        let Item::Node(node, _) = self.item(number)? else { return Err(MountError::NotFile) };
        if node.kind != NodeKind::File {
            return Err(MountError::NotFile);
        }
        let file = Arc::new(self.contents.open(&node)?);
        let mut next = self.next_handle.lock();
        *next += 1;
        self.open.lock().insert(*next, file);
        Ok(*next)
    }

    /// A part of a file that is open; less than was asked for only at its end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, handle: u64, offset: u64, length: usize) -> Result<Vec<u8>, MountError> {
        let file = self.open.lock().get(&handle).cloned().ok_or(MountError::NotFound)?;
        Ok(self.contents.read(&file, offset, length)?)
    }

    /// The file is not needed any more.
    pub fn close(&self, handle: u64) {
        self.open.lock().remove(&handle);
    }

    /// The extended attributes of an entry.
    ///
    /// # Errors
    /// When the number stands for nothing.
    pub fn extended_attributes(&self, number: u64) -> Result<Vec<ExtendedAttribute>, MountError> {
        match self.item(number)? {
            Item::Node(node, _) => Ok(node.extended_attributes.clone()),
            _ => Ok(Vec::new()),
        }
    }

    /// True for the folders above snapshots, in which new ones appear.
    #[cfg(all(feature = "mount", any(target_os = "linux", target_os = "macos")))]
    fn is_above(&self, number: u64) -> bool {
        matches!(self.item(number), Ok(Item::Above(_)))
    }

    fn item(&self, number: u64) -> Result<Item, MountError> {
        self.known.lock().get(&number).map(|(item, _)| item.clone()).ok_or(MountError::NotFound)
    }

    /// The entries of a folder in a snapshot, and the number of the snapshot.
    fn tree_of(&self, number: u64, item: &Item) -> Result<(Arc<Tree>, u64), MountError> {
        let (id, snapshot) = match item {
            Item::Snapshot(stored) => (stored.1.tree, number),
            Item::Node(node, snapshot) if node.kind == NodeKind::Folder => {
                (node.subtree.ok_or(MountError::NotFolder)?, *snapshot)
            }
            _ => return Err(MountError::NotFolder),
        };
        let mut trees = self.trees.lock();
        if let Some(at) = trees.iter().position(|(known, _)| *known == id) {
            let found = trees.remove(at).expect("it was just found");
            let tree = Arc::clone(&found.1);
            trees.push_back(found);
            return Ok((tree, snapshot));
        }
        drop(trees);
        let tree = Arc::new(self.repository.read_tree(&self.contents.index(), id)?);
        let mut trees = self.trees.lock();
        trees.push_back((id, Arc::clone(&tree)));
        let entries = |trees: &VecDeque<(TreeId, Arc<Tree>)>| -> usize {
            trees.iter().map(|t| t.1.nodes.len()).sum()
        };
        while trees.len() > TREES_MAX || trees.len() > 1 && entries(&trees) > TREE_ENTRIES_MAX {
            trees.pop_front();
        }
        Ok((tree, snapshot))
    }

    fn attributes_of(&self, number: u64, item: &Item) -> Attributes {
        let (uid, gid) = self.options.owner.unwrap_or(self.options.mounter);
        let above = |kind, permissions, size, time| Attributes {
            number,
            kind,
            permissions,
            size,
            links: 1,
            uid,
            gid,
            device: 0,
            modified: time,
            accessed: time,
            changed: time,
        };
        match item {
            Item::Above(_) => above(NodeKind::Folder, 0o555, 0, self.began),
            Item::Snapshot(stored) => above(NodeKind::Folder, 0o555, 0, stored.1.time),
            Item::Latest(target, time) => {
                above(NodeKind::Symlink, 0o777, target.len() as u64, *time)
            }
            Item::Node(node, _) => self.attributes_of_node(number, node),
        }
    }

    fn attributes_of_node(&self, number: u64, node: &Node) -> Attributes {
        let (uid, gid) = self.options.owner.unwrap_or((node.uid, node.gid));
        let special = [(mode::SETUID, 0o4000), (mode::SETGID, 0o2000), (mode::STICKY, 0o1000)];
        let special = special.iter().filter(|(bit, _)| node.mode & bit != 0).map(|(_, bits)| bits);
        let permissions = (node.mode & mode::PERMISSIONS) as u16 | special.sum::<u16>();
        Attributes {
            number,
            kind: node.kind,
            permissions,
            size: match node.kind {
                NodeKind::File => node.size,
                NodeKind::Symlink => node.link_target.len() as u64,
                _ => 0,
            },
            links: if node.kind == NodeKind::Folder { 1 } else { node.links.max(1) },
            uid,
            gid,
            device: node.device,
            modified: node.modified,
            accessed: node.accessed,
            changed: node.changed,
        }
    }

    /// Looks for new snapshots, if the last look is some time ago. If that fails, what is known stays.
    fn refresh(&self) {
        let mut seen = self.seen.lock();
        let now = self.clock.awake();
        if now.saturating_sub(seen.at) < FRESH {
            return;
        }
        seen.at = now;
        let Ok(ids) = snapshot_ids(&self.repository) else { return };
        if ids == seen.ids {
            return;
        }
        // Snapshots need what was in the index before they were there.
        let again = Layout::of(&self.repository, &self.options, &Unwatched);
        let index = self.repository.load_readable_index(&Unwatched, &Cancellation::default());
        if let (Ok(layout), Ok(index)) = (again, index) {
            self.contents.set_index(Arc::new(index));
            *self.layout.write() = layout;
            seen.ids = ids;
        }
    }
}

fn snapshot_ids(repository: &Repository) -> Result<HashSet<SnapshotId>, ReadError> {
    let listed = repository.list(FileKind::Snapshot)?;
    Ok(listed.into_iter().map(|file| SnapshotId(file.id)).collect())
}

fn as_item(place: &Place, path: String) -> Item {
    match place {
        Place::Folder => Item::Above(path),
        Place::Snapshot(stored) => Item::Snapshot(Arc::clone(stored)),
        Place::Latest(target, time) => Item::Latest(target.clone(), *time),
    }
}

/// Names that an operating system would take for something else are not shown.
fn has_sound_name(node: &Node) -> bool {
    let name = node.name.as_slice();
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}
