//! What differs between two trees: entries, and the data that only one of them needs.
//!
//! Nothing is read twice, and of folders that are equal nothing is told. A folder that cannot be
//! read is told of, and the comparison goes on behind it.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use parking_lot::Mutex;

use crate::backup::same_metadata;
use crate::blob::BlobKind;
use crate::id::{BlobId, TreeId};
use crate::index::Index;
use crate::monitor::Cancellation;
use crate::repository::{ReadError, Repository};
use crate::tree::walk::for_each_tree;
use crate::tree::{Node, NodeKind};

/// How one entry differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Only the second tree has it.
    Added,
    /// Only the first tree has it.
    Removed,
    /// Both have it; at least one of these holds.
    Changed {
        /// It is something else: a folder where there was a file.
        kind: bool,
        /// The content of a file differs.
        content: bool,
        /// And nothing else does, not even a time: the storage it was read from may be failing.
        bitrot: bool,
        /// Metadata differs. Told only if asked for, and only where content does not.
        metadata: bool,
    },
}

impl fmt::Display for Difference {
    /// Writes restic's letters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Added => f.write_str("+"),
            Self::Removed => f.write_str("-"),
            Self::Changed { kind, content, bitrot, metadata } => {
                let letters = [(kind, "T"), (content, "M"), (bitrot, "?"), (metadata, "U")];
                letters.iter().filter(|(holds, _)| *holds).try_for_each(|(_, l)| f.write_str(l))
            }
        }
    }
}

/// What a comparison tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum Told<'a> {
    /// An entry differs.
    Difference {
        /// Its path from the trees that are compared; with a slash at the end if it is a folder
        /// now, or was one and is gone.
        path: &'a [u8],
        /// How it differs.
        difference: Difference,
    },
    /// A folder cannot be read, or a blob is in no pack.
    Problem(ReadError),
}

/// How much differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffStats {
    /// Files of different content.
    pub changed_files: u64,
    /// What only the second tree has.
    pub added: DiffCounts,
    /// What only the first tree has.
    pub removed: DiffCounts,
}

/// Entries and blobs that only one of two trees has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiffCounts {
    /// Files.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Links, devices, fifos.
    pub others: u64,
    /// Blobs of files.
    pub data_blobs: u64,
    /// Trees.
    pub tree_blobs: u64,
    /// Bytes of those blobs, before compression.
    pub bytes: u64,
}

type Blobs = HashSet<(BlobKind, BlobId)>;

/// Compares two trees, entry by entry in the order of their names, each folder before what is in
/// it. With `metadata`, entries that differ in nothing else are told, too.
///
/// # Errors
/// When one of the two trees cannot be read, or when asked to stop.
///
/// ```
/// use holdfast_engine::diff::{Told, diff};
/// use holdfast_engine::monitor::Cancellation;
///
/// let letter = holdfast_testkit::letter();
/// std::fs::write(letter.folder.path().join("answer.txt"), "Dear writer")?;
/// let after = letter.test.backup(letter.folder.path())?.tree;
///
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let mut paths = Vec::new();
/// let cancel = Cancellation::default();
/// let stats = diff(repository, &index, (letter.tree, after), false, &cancel, &mut |told| {
///     if let Told::Difference { path, difference } = told {
///         paths.push(format!("{difference} {}", String::from_utf8_lossy(path)));
///     }
/// })?;
/// assert_eq!(paths, ["+ /answer.txt"]);
/// assert_eq!(stats.added.files, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn diff(
    repository: &Repository,
    index: &Index,
    (before, after): (TreeId, TreeId),
    metadata: bool,
    cancel: &Cancellation,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<DiffStats, ReadError> {
    let mut comparison = Comparison {
        repository,
        index,
        metadata,
        tell,
        stats: DiffStats::default(),
        before: Blobs::from([(BlobKind::Tree, before.into())]),
        after: Blobs::from([(BlobKind::Tree, after.into())]),
        common: Vec::new(),
        open: Vec::new(),
        path: b"/".to_vec(),
    };
    if before == after {
        repository.read_tree(index, before)?;
        return Ok(DiffStats::default());
    }
    let pair = comparison.pair(before, after)?;
    comparison.open.push(pair);
    while let Some(folder) = comparison.open.pop() {
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        comparison.step(folder);
    }
    comparison.count_blobs(cancel)
}

/// A folder that is being compared, and how long its path is, with a slash at the end.
struct Open {
    path_bytes: usize,
    entries: Entries,
}

enum Entries {
    Both { left: Nodes, right: Nodes },
    OnlyIn { side: Side, nodes: Nodes },
}

type Nodes = VecDeque<Node>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

struct Comparison<'a> {
    repository: &'a Repository,
    index: &'a Index,
    metadata: bool,
    tell: &'a mut dyn FnMut(Told<'_>),
    stats: DiffStats,
    before: Blobs,
    after: Blobs,
    /// Trees that both have at the same path.
    common: Vec<TreeId>,
    /// The folders on the way down to where the comparison is.
    open: Vec<Open>,
    /// The path of the entry that was compared last, which those of all open folders begin.
    path: Vec<u8>,
}

impl Comparison<'_> {
    fn nodes(&self, tree: TreeId) -> Result<Nodes, ReadError> {
        let tree = self.repository.read_tree(self.index, tree)?;
        Ok(tree.nodes.into())
    }

    /// The folder at the path, which both sides have.
    fn pair(&self, before: TreeId, after: TreeId) -> Result<Open, ReadError> {
        let entries = Entries::Both { left: self.nodes(before)?, right: self.nodes(after)? };
        Ok(Open { path_bytes: self.path.len(), entries })
    }

    /// Compares the next entry of a folder, and puts the folder back unless it is through.
    fn step(&mut self, mut folder: Open) {
        let (left, right) = match &mut folder.entries {
            Entries::OnlyIn { side, nodes } => match (*side, nodes.pop_front()) {
                (_, None) => return,
                (Side::Before, node) => (node, None),
                (Side::After, node) => (None, node),
            },
            Entries::Both { left, right } => next_pair(left, right),
        };
        self.path.truncate(folder.path_bytes);
        let below = match (left, right) {
            (None, None) => return,
            (Some(left), Some(right)) => self.both(&left, &right),
            (Some(left), None) => self.only(Side::Before, &left),
            (None, Some(right)) => self.only(Side::After, &right),
        };
        self.open.push(folder);
        match below {
            Ok(below) => self.open.extend(below),
            Err(error) => (self.tell)(Told::Problem(error)),
        }
    }

    /// An entry that only one side has; what is below it comes next.
    fn only(&mut self, side: Side, node: &Node) -> Result<Option<Open>, ReadError> {
        let (difference, counts, blobs) = match side {
            Side::Before => (Difference::Removed, &mut self.stats.removed, &mut self.before),
            Side::After => (Difference::Added, &mut self.stats.added, &mut self.after),
        };
        counts.count(node);
        add_blobs(blobs, node);
        extend(&mut self.path, node, node);
        (self.tell)(Told::Difference { path: &self.path, difference });
        let Some(subtree) = folder_of(node) else { return Ok(None) };
        let entries = Entries::OnlyIn { side, nodes: self.nodes(subtree)? };
        Ok(Some(Open { path_bytes: self.path.len(), entries }))
    }

    /// An entry that both sides have; what is below it comes next.
    fn both(&mut self, left: &Node, right: &Node) -> Result<Option<Open>, ReadError> {
        add_blobs(&mut self.before, left);
        add_blobs(&mut self.after, right);
        extend(&mut self.path, left, right);
        let is_file = |node: &Node| node.kind == NodeKind::File;
        let kind = left.kind != right.kind;
        let content = is_file(left) && is_file(right) && left.content != right.content;
        let bitrot = content && {
            let without = |node: &Node| Node { content: None, ..node.clone() };
            same_metadata(&without(left), &without(right))
        };
        let metadata = !content && self.metadata && !same_metadata(left, right);
        self.stats.changed_files += u64::from(content);
        if kind || content || metadata {
            let difference = Difference::Changed { kind, content, bitrot, metadata };
            (self.tell)(Told::Difference { path: &self.path, difference });
        }
        match (folder_of(left), folder_of(right)) {
            (Some(left), Some(right)) if left == right => {
                self.common.push(left);
                Ok(None)
            }
            (Some(left), Some(right)) => self.pair(left, right).map(Some),
            _ => Ok(None),
        }
    }

    /// Counts the blobs that only one side needs.
    fn count_blobs(mut self, cancel: &Cancellation) -> Result<DiffStats, ReadError> {
        let removed: Blobs = self.before.difference(&self.after).copied().collect();
        let added: Blobs = self.after.difference(&self.before).copied().collect();
        let (only, problems) = (Mutex::new((removed, added)), Mutex::new(Vec::new()));
        let common = std::mem::take(&mut self.common);
        // What equal folders need, both sides need.
        for_each_tree(self.repository, self.index, common, cancel, &|folder, tree| match tree {
            Ok(tree) => {
                let mut only = only.lock();
                let mut forget = |blob: (BlobKind, BlobId)| {
                    only.0.remove(&blob);
                    only.1.remove(&blob);
                };
                forget((BlobKind::Tree, folder.id.into()));
                let contents = tree.nodes.iter().filter_map(|node| node.content.as_ref());
                contents.flatten().for_each(|id| forget((BlobKind::Data, *id)));
            }
            Err(error) => problems.lock().push(error),
        })?;
        let (removed, added) = only.into_inner();
        let mut problems = problems.into_inner();
        self.stats.removed.count_blobs(self.index, &removed, &mut problems);
        self.stats.added.count_blobs(self.index, &added, &mut problems);
        problems.into_iter().for_each(|problem| (self.tell)(Told::Problem(problem)));
        Ok(self.stats)
    }
}

/// The next entries of two folders that go by one name.
fn next_pair(left: &mut Nodes, right: &mut Nodes) -> (Option<Node>, Option<Node>) {
    match (left.front(), right.front()) {
        (Some(a), Some(b)) => match a.name.cmp(&b.name) {
            std::cmp::Ordering::Less => (left.pop_front(), None),
            std::cmp::Ordering::Greater => (None, right.pop_front()),
            std::cmp::Ordering::Equal => (left.pop_front(), right.pop_front()),
        },
        _ => (left.pop_front(), right.pop_front()),
    }
}

fn folder_of(node: &Node) -> Option<TreeId> {
    node.subtree.filter(|_| node.kind == NodeKind::Folder)
}

fn extend(path: &mut Vec<u8>, named: &Node, now: &Node) {
    path.extend_from_slice(&named.name);
    if now.kind == NodeKind::Folder {
        path.push(b'/');
    }
}

fn add_blobs(blobs: &mut Blobs, node: &Node) {
    match node.kind {
        NodeKind::File => {
            let content = node.content.iter().flatten();
            blobs.extend(content.map(|id| (BlobKind::Data, *id)));
        }
        NodeKind::Folder => blobs.extend(node.subtree.map(|id| (BlobKind::Tree, id.into()))),
        _ => {}
    }
}

impl DiffCounts {
    fn count(&mut self, node: &Node) {
        match node.kind {
            NodeKind::File => self.files += 1,
            NodeKind::Folder => self.folders += 1,
            _ => self.others += 1,
        }
    }

    fn count_blobs(&mut self, index: &Index, blobs: &Blobs, problems: &mut Vec<ReadError>) {
        for (kind, id) in blobs {
            match kind {
                BlobKind::Data => self.data_blobs += 1,
                BlobKind::Tree => self.tree_blobs += 1,
            }
            match index.locate(*kind, id) {
                Some(found) => self.bytes += u64::from(found.plaintext_length()),
                None => problems.push(ReadError::MissingBlob { kind: *kind, id: *id }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, file, folder};

    fn compared(
        world: &World,
        trees: (TreeId, TreeId),
        metadata: bool,
    ) -> (Vec<String>, DiffStats) {
        let mut told = Vec::new();
        let mut tell = |what: Told<'_>| match what {
            Told::Difference { path, difference } => {
                told.push(format!("{difference} {}", String::from_utf8_lossy(path)));
            }
            Told::Problem(error) => told.push(error.to_string()),
        };
        let cancel = Cancellation::default();
        let stats = diff(&world.repository, &world.index(), trees, metadata, &cancel, &mut tell)
            .expect("both roots are there");
        (told, stats)
    }

    #[test]
    fn entries_are_told_by_what_differs_and_data_counts_once() {
        let mut world = World::new();
        let (a, b, c) = (world.data(b"aaaa"), world.data(b"bb"), world.data(b"c"));
        let same = world.tree(vec![file("x", 2, &[b])]);
        let old = world.tree(vec![file("gone", 1, &[c]), file("stays", 4, &[a])]);
        let new = world.tree(vec![file("new", 2, &[b]), file("stays", 4, &[a])]);
        let left = world.tree(vec![
            folder("d", old),
            folder("e", same),
            file("rot", 4, &[a]),
            file("touched", 4, &[a]),
            folder("turned", same),
        ]);
        let touched = Node { mode: 0o600, ..file("touched", 4, &[a]) };
        let right = world.tree(vec![
            folder("d", new),
            folder("e", same),
            folder("fresh", same),
            file("rot", 4, &[b]),
            touched,
            file("turned", 4, &[a]),
        ]);
        let world = world.stored();
        let (told, stats) = compared(&world, (left, right), false);
        let expected = ["- /d/gone", "+ /d/new", "+ /fresh/", "+ /fresh/x", "M? /rot", "T /turned"];
        assert_eq!(told, expected);
        assert_eq!((stats.changed_files, stats.added.files, stats.added.folders), (1, 2, 1));
        // The root and `d` differ; `b` and the tree `same` were there before.
        assert_eq!((stats.removed.data_blobs, stats.removed.tree_blobs), (1, 2));
        assert_eq!((stats.added.data_blobs, stats.added.tree_blobs), (0, 2));
        let (told, _) = compared(&world, (left, right), true);
        assert!(told.contains(&"U /touched".to_owned()), "{told:?}");
        assert!(told.contains(&"TU /turned".to_owned()), "{told:?}");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_is_compared() {
        let mut world = World::new();
        let lost = folder("a", TreeId::of(b"lost"));
        let left = world.tree(vec![lost, file("b", 0, &[])]);
        let right = world.tree(vec![]);
        let world = world.stored();
        let (told, stats) = compared(&world, (left, right), false);
        assert_eq!((told[0].as_str(), told[2].as_str()), ("- /a/", "- /b"));
        assert_eq!((stats.removed.files, stats.removed.folders), (1, 1));
    }

    #[test]
    fn equal_trees_differ_in_nothing() {
        let mut world = World::new();
        let tree = world.tree(vec![file("a", 0, &[])]);
        let world = world.stored();
        assert_eq!(compared(&world, (tree, tree), true), (Vec::new(), DiffStats::default()));
    }
}
