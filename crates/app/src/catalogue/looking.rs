//! Folders, versions and differences: from the catalogue where it knows, else from the repository.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use holdfast_engine::id::TreeId;
use holdfast_engine::listing::FolderError;
use holdfast_engine::repository::ReadError;
use holdfast_engine::tree::NodeKind;

use super::folder::{Entry, Folder, FolderKey, key_in, root_key};
use super::store::Reading;
use super::{Catalogue, CatalogueError, Source, guarded};

/// How many entries of folders are kept in memory while a question is answered.
const ROWS_KEPT: usize = 500_000;

/// How many entries are compared before a difference is cut short.
const COMPARED_MAX: u64 = 2_000_000;

/// The folders of a repository's snapshots, for one question.
pub struct Folders<'a> {
    salt: [u8; 32],
    reading: Option<Reading<'a>>,
    source: &'a dyn Source,
    kept: RefCell<HashMap<FolderKey, Option<Rc<Folder>>>>,
    rows_kept: Cell<usize>,
    is_damaged: Cell<bool>,
}

/// Something that stood at a path, and in which snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What it was in the newest of them.
    pub entry: Entry,
    /// Places in the list that was asked about, ascending.
    pub snapshots: Vec<usize>,
}

/// How an entry differs between two snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
    /// It holds something else, or is something else.
    Content,
    /// Its permissions or times alone differ.
    Metadata,
}

/// An entry that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its path.
    pub path: Vec<u8>,
    /// How it differs.
    pub change: Change,
    /// What it was.
    pub before: Option<Entry>,
    /// What it is.
    pub after: Option<Entry>,
}

/// What differs between two snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// By path, as many as were asked for.
    pub changed: Vec<Changed>,
    /// How many there are of each kind: added, removed, content, metadata.
    pub counts: [u64; 4],
    /// True if there are more than were counted.
    pub is_cut: bool,
}

impl<'a> Folders<'a> {
    /// Those of a repository. Without a catalogue, all is read from `source`.
    #[must_use]
    pub fn new(catalogue: Option<&'a Catalogue>, source: &'a dyn Source) -> Self {
        let reading = catalogue.map(|catalogue| guarded(|| catalogue.store.read()));
        let is_damaged = matches!(&reading, Some(Err(error)) if error.is_damage());
        Self {
            salt: catalogue.map_or([0; 32], |catalogue| catalogue.store.salt),
            reading: reading.and_then(Result::ok),
            source,
            kept: RefCell::default(),
            rows_kept: Cell::new(0),
            is_damaged: Cell::new(is_damaged),
        }
    }

    /// True if the catalogue turned out to be of no use; the answers are right all the same.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.get()
    }

    /// The entries of the folder at `path` in a snapshot, by name.
    ///
    /// # Errors
    /// When there is none, or a folder that the catalogue does not know cannot be read.
    pub fn entries(&self, root: TreeId, path: &[u8]) -> Result<Vec<Entry>, FolderError> {
        let (mut key, mut tree, mut walked) = (root_key(&self.salt), root, String::new());
        for name in names_of(path) {
            walked.push('/');
            walked.push_str(&String::from_utf8_lossy(name));
            let Some(entry) = self.entry_in(&key, tree, name)? else {
                return Err(FolderError::NotFound { path: walked });
            };
            let subtree = entry.subtree;
            tree = subtree.ok_or_else(|| FolderError::NotFolder { path: walked.clone() })?;
            key = key_in(&self.salt, &key, name);
        }
        Ok(self.entries_in(&key, tree)?)
    }

    /// What stood at `path` in snapshots with these topmost trees, each version once, in the order
    /// of the first that has it.
    ///
    /// # Errors
    /// When a folder that the catalogue does not know cannot be read.
    pub fn versions(&self, roots: &[TreeId], path: &[u8]) -> Result<Vec<Version>, ReadError> {
        let names: Vec<&[u8]> = names_of(path).collect();
        let mut versions: Vec<Version> = Vec::new();
        let mut met = HashMap::new();
        for (at, root) in roots.iter().enumerate() {
            let Some(entry) = self.entry_at(*root, &names, &mut met)? else { continue };
            match versions.iter_mut().find(|version| is_same(&version.entry, &entry)) {
                Some(version) => version.snapshots.push(at),
                None => versions.push(Version { entry, snapshots: vec![at] }),
            }
        }
        Ok(versions)
    }

    /// What differs between two snapshots, by path; the first `count_max` of it, and the counts.
    ///
    /// # Errors
    /// When a folder that the catalogue does not know cannot be read.
    pub fn differences(
        &self,
        before: TreeId,
        after: TreeId,
        count_max: usize,
    ) -> Result<Differences, ReadError> {
        let mut differences = Differences::default();
        let mut compared = 0;
        let mut open = vec![
            Pair {
                key: root_key(&self.salt),
                path: Vec::new(),
                trees: [Some(before), Some(after)],
            }
            .into(),
        ];
        while let Some(next) = open.pop() {
            let pair = match next {
                Next::Changed(changed) => {
                    differences.count(*changed, count_max);
                    continue;
                }
                Next::Folder(pair) => pair,
            };
            let sides = self.sides(&pair)?;
            compared += sides.iter().map(|side| side.len() as u64).sum::<u64>();
            if compared > COMPARED_MAX {
                differences.is_cut = true;
                break;
            }
            self.compare(&pair, sides, &mut open);
        }
        Ok(differences)
    }

    /// The entry at a path. `met` keeps what was found at each depth below a tree.
    fn entry_at(
        &self,
        root: TreeId,
        names: &[&[u8]],
        met: &mut HashMap<(usize, TreeId), Option<Entry>>,
    ) -> Result<Option<Entry>, ReadError> {
        let (mut key, mut tree, mut found) = (root_key(&self.salt), root, None);
        for (depth, name) in names.iter().enumerate() {
            let entry = match met.get(&(depth, tree)) {
                Some(entry) => entry.clone(),
                None => {
                    let entry = self.entry_in(&key, tree, name)?;
                    met.insert((depth, tree), entry.clone());
                    entry
                }
            };
            let Some(entry) = entry else { return Ok(None) };
            if depth + 1 < names.len() {
                let Some(subtree) = entry.subtree else { return Ok(None) };
                tree = subtree;
                key = key_in(&self.salt, &key, name);
            }
            found = Some(entry);
        }
        Ok(found)
    }

    fn entries_in(&self, key: &FolderKey, tree: TreeId) -> Result<Vec<Entry>, ReadError> {
        if let Some((folder, number)) = self.known(key, &tree) {
            return Ok(folder.entries(number).cloned().collect());
        }
        let mut entries = self.source.entries(tree)?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn entry_in(
        &self,
        key: &FolderKey,
        tree: TreeId,
        name: &[u8],
    ) -> Result<Option<Entry>, ReadError> {
        if let Some((folder, number)) = self.known(key, &tree) {
            return Ok(folder.entry(number, name).cloned());
        }
        Ok(self.source.entries(tree)?.into_iter().find(|entry| entry.name == name))
    }

    fn known(&self, key: &FolderKey, tree: &TreeId) -> Option<(Rc<Folder>, u32)> {
        let folder = self.folder(key)?;
        let number = folder.number_of(tree)?;
        Some((folder, number))
    }

    /// What the catalogue knows of a folder.
    pub(super) fn folder(&self, key: &FolderKey) -> Option<Rc<Folder>> {
        let reading = self.reading.as_ref().filter(|_| !self.is_damaged.get())?;
        if let Some(kept) = self.kept.borrow().get(key) {
            return kept.clone();
        }
        let folder = match guarded(|| reading.folder(key)) {
            Ok(folder) => folder.map(Rc::new),
            Err(error) => {
                self.is_damaged.set(self.is_damaged.get() || error.is_damage());
                return None;
            }
        };
        let rows = self.rows_kept.get() + folder.as_ref().map_or(1, |folder| folder.row_count());
        let mut kept = self.kept.borrow_mut();
        if rows > ROWS_KEPT {
            kept.clear();
        }
        self.rows_kept.set(if rows > ROWS_KEPT { 0 } else { rows });
        kept.insert(*key, folder.clone());
        folder
    }

    pub(super) fn top(&self) -> FolderKey {
        root_key(&self.salt)
    }

    pub(super) fn reading(&self) -> Result<Option<&Reading<'a>>, CatalogueError> {
        if self.is_damaged.get() { Err(CatalogueError::Damaged) } else { Ok(self.reading.as_ref()) }
    }

    /// The entries of two folders, but for those that are alike in both.
    fn sides(&self, pair: &Pair) -> Result<[Vec<Entry>; 2], ReadError> {
        let owned = |side: Vec<&Entry>| side.into_iter().cloned().collect();
        if let [Some(before), Some(after)] = pair.trees
            && let Some((folder, first)) = self.known(&pair.key, &before)
            && let Some(second) = folder.number_of(&after)
        {
            let (left, right) = folder.differing(first, second);
            return Ok([owned(left), owned(right)]);
        }
        let side = |tree: Option<TreeId>| match tree {
            Some(tree) => self.entries_in(&pair.key, tree),
            None => Ok(Vec::new()),
        };
        Ok([side(pair.trees[0])?, side(pair.trees[1])?])
    }

    /// Puts what differs between two folders before what is still to be compared, in the order in
    /// which it is to be told.
    fn compare(&self, pair: &Pair, sides: [Vec<Entry>; 2], open: &mut Vec<Next>) {
        let [left, right] = sides;
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        let from = open.len();
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(a), Some(b)) => a.name.cmp(&b.name),
            };
            let before = if order.is_le() { left.next() } else { None };
            let after = if order.is_ge() { right.next() } else { None };
            let Some(entry) = after.as_ref().or(before.as_ref()) else { break };
            let path = [&pair.path[..], b"/", &entry.name].concat();
            let trees = [before.as_ref(), after.as_ref()].map(|entry| entry?.subtree);
            let key = key_in(&self.salt, &pair.key, &entry.name);
            if let Some(change) = change_of(before.as_ref(), after.as_ref()) {
                let path = path.clone();
                open.push(Next::Changed(Box::new(Changed { path, change, before, after })));
            }
            if trees[0] != trees[1] {
                open.push(Pair { key, path, trees }.into());
            }
        }
        open[from..].reverse();
    }
}

/// Two folders at one path.
struct Pair {
    key: FolderKey,
    path: Vec<u8>,
    trees: [Option<TreeId>; 2],
}

/// What a comparison comes to next.
enum Next {
    Changed(Box<Changed>),
    Folder(Pair),
}

impl From<Pair> for Next {
    fn from(pair: Pair) -> Self {
        Self::Folder(pair)
    }
}

impl Differences {
    fn count(&mut self, changed: Changed, count_max: usize) {
        self.counts[changed.change as usize] += 1;
        if self.changed.len() < count_max {
            self.changed.push(changed);
        }
    }
}

/// The names of a path.
fn names_of(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."))
}

/// True if both hold the same. Permissions may differ.
fn is_same(a: &Entry, b: &Entry) -> bool {
    holds_same(a, b) && a.modified == b.modified && a.subtree == b.subtree
}

fn holds_same(a: &Entry, b: &Entry) -> bool {
    (a.kind, a.size, a.content, &a.link_target) == (b.kind, b.size, b.content, &b.link_target)
}

fn change_of(before: Option<&Entry>, after: Option<&Entry>) -> Option<Change> {
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (None, Some(_)) => return Some(Change::Added),
        (Some(_), None) => return Some(Change::Removed),
        (Some(before), Some(after)) => (before, after),
    };
    if !holds_same(before, after) {
        return Some(Change::Content);
    }
    // That something changed in a folder is told by what changed in it.
    let is_folder = after.kind == NodeKind::Folder;
    let is_other = before.mode != after.mode || !is_folder && before.modified != after.modified;
    is_other.then_some(Change::Metadata)
}
