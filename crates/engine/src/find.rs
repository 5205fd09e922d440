//! Finds entries by name, and where blobs, trees and packs are used.

use std::cell::Cell;
use std::collections::HashSet;

use crate::backend::FileKind;
use crate::backup::exclude::PatternList;
use crate::blob::BlobKind;
use crate::id::{BlobId, IndexId, PackId, TreeId};
use crate::index::Index;
use crate::listing::Next;
use crate::monitor::Cancellation;
use crate::repository::{ReadError, Repository};
use crate::time::Time;
use crate::tree::{Node, NodeKind};

/// Which entries are looked for.
#[derive(Debug, Clone, Default)]
pub struct NameQuery {
    /// Patterns, any of which the path matches.
    pub patterns: PatternList,
    /// Changed at this moment or later.
    pub oldest: Option<Time>,
    /// Changed at this moment or earlier.
    pub newest: Option<Time>,
}

impl NameQuery {
    fn is_in_time(&self, node: &Node) -> bool {
        self.oldest.is_none_or(|oldest| node.modified.cmp_moment(&oldest).is_ge())
            && self.newest.is_none_or(|newest| node.modified.cmp_moment(&newest).is_le())
    }
}

/// What a search comes to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Found<'a> {
    /// An entry whose name fits.
    Entry {
        /// Its path from the root of the snapshot.
        path: &'a [u8],
        /// The entry.
        node: &'a Node,
    },
    /// A file that has a blob.
    Blob {
        /// Its path.
        path: &'a [u8],
        /// The blob.
        id: BlobId,
        /// The tree of the folder that the file is in.
        parent: TreeId,
    },
    /// A folder that is a tree.
    Tree {
        /// Its path.
        path: &'a [u8],
        /// The tree.
        id: TreeId,
    },
    /// A folder that cannot be read. The search goes on behind it.
    Unreadable {
        /// Its tree.
        tree: TreeId,
        /// Why.
        error: ReadError,
    },
}

/// Tells of every entry below a tree that is looked for by name.
///
/// # Errors
/// When asked to stop.
///
/// ```
/// use holdfast_engine::backup::exclude::PatternList;
/// use holdfast_engine::find::{Found, NameQuery, names};
/// use holdfast_engine::monitor::Cancellation;
///
/// let letter = holdfast_testkit::letter();
/// let patterns = PatternList::compile(["*.txt"], false)?;
/// let query = NameQuery { patterns, oldest: None, newest: None };
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let mut found = Vec::new();
/// names(repository, &index, letter.tree, &query, &Cancellation::default(), &mut |each| {
///     if let Found::Entry { path, .. } = each {
///         found.push(path.to_vec());
///     }
/// })?;
/// assert_eq!(found, [b"/letter.txt"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn names(
    repository: &Repository,
    index: &Index,
    root: TreeId,
    query: &NameQuery,
    cancel: &Cancellation,
    tell: &mut dyn FnMut(Found<'_>),
) -> Result<(), ReadError> {
    walk(repository, index, root, cancel, None, &mut |step| match step {
        Step::Entry { path, node, .. } => {
            let matching = query.patterns.match_with_children(path);
            if matching.matched && query.is_in_time(node) {
                tell(Found::Entry { path, node });
            }
            if matching.children_may_match { Next::Into } else { Next::Past }
        }
        Step::Unreadable { tree, error } => {
            tell(Found::Unreadable { tree, error });
            Next::Past
        }
    })
}

/// Tells of every place below a tree where something is used that is wanted. Ends early once every
/// wanted tree was met and nothing else is wanted.
///
/// # Errors
/// When asked to stop.
///
/// ```
/// use holdfast_engine::find::{Found, Wanted, uses};
/// use holdfast_engine::id::BlobId;
/// use holdfast_engine::monitor::Cancellation;
///
/// let letter = holdfast_testkit::letter();
/// let mut wanted = Wanted::blobs([BlobId::of(b"Dear reader").to_string()]);
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let mut users = 0;
/// let cancel = Cancellation::default();
/// uses(repository, &index, letter.tree, &mut wanted, &cancel, &mut |_: Found<'_>| users += 1)?;
/// assert_eq!(users, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn uses(
    repository: &Repository,
    index: &Index,
    root: TreeId,
    wanted: &mut Wanted,
    cancel: &Cancellation,
    tell: &mut dyn FnMut(Found<'_>),
) -> Result<(), ReadError> {
    if wanted.meets_tree(root) {
        tell(Found::Tree { path: b"/", id: root });
        if wanted.is_done() {
            return Ok(());
        }
    }
    let found = Cell::new(0);
    walk(repository, index, root, cancel, Some(&found), &mut |step| match step {
        Step::Entry { path, node, parent } => {
            let subtree = node.subtree.filter(|_| node.kind == NodeKind::Folder);
            if let Some(id) = subtree.filter(|id| wanted.meets_tree(*id)) {
                found.set(found.get() + 1);
                tell(Found::Tree { path, id });
                if wanted.is_done() {
                    return Next::Stop;
                }
            }
            for id in node.content.iter().flatten() {
                if wanted.meets_blob(*id) {
                    found.set(found.get() + 1);
                    tell(Found::Blob { path, id: *id, parent });
                }
            }
            Next::Into
        }
        Step::Unreadable { tree, error } => {
            tell(Found::Unreadable { tree, error });
            Next::Past
        }
    })
}

enum Step<'a> {
    Entry { path: &'a [u8], node: &'a Node, parent: TreeId },
    Unreadable { tree: TreeId, error: ReadError },
}

/// Visits entries by name, each folder before what is in it, with the trees they stand in. Given a
/// count of what was found, passes over trees that were seen before with nothing found in them: there
/// can be more paths to a tree than anybody can go.
fn walk(
    repository: &Repository,
    index: &Index,
    root: TreeId,
    cancel: &Cancellation,
    found: Option<&Cell<u64>>,
    visit: &mut dyn FnMut(Step<'_>) -> Next,
) -> Result<(), ReadError> {
    let count = || found.map_or(0, Cell::get);
    let (mut path, mut next, mut barren) = (Vec::new(), Some(root), HashSet::new());
    let mut open: Vec<Open> = Vec::new();
    loop {
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        if let Some(tree) = next.take() {
            match repository.read_tree(index, tree) {
                Ok(read) => open.push(Open {
                    tree,
                    path_bytes: path.len(),
                    nodes: read.nodes.into_iter(),
                    found_before: count(),
                }),
                Err(error) => {
                    barren.insert(tree);
                    visit(Step::Unreadable { tree, error });
                }
            }
        }
        let Some(folder) = open.last_mut() else { return Ok(()) };
        path.truncate(folder.path_bytes);
        let Some(node) = folder.nodes.next() else {
            if folder.found_before == count() {
                barren.insert(folder.tree);
            }
            open.pop();
            continue;
        };
        path.push(b'/');
        path.extend_from_slice(&node.name);
        match visit(Step::Entry { path: &path, node: &node, parent: folder.tree }) {
            Next::Into => {
                let subtree = node.subtree.filter(|_| node.kind == NodeKind::Folder);
                next = subtree.filter(|tree| found.is_none() || !barren.contains(tree));
            }
            Next::Past => {}
            Next::Stop => return Ok(()),
        }
    }
}

/// A folder that is being walked through.
struct Open {
    tree: TreeId,
    path_bytes: usize,
    nodes: std::vec::IntoIter<Node>,
    /// How much had been found when it was opened.
    found_before: u64,
}

/// Blobs and trees that are looked for, by their ids or the first eight digits of them.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Blobs of files.
    pub blobs: HashSet<String>,
    /// Trees.
    pub trees: HashSet<String>,
    /// Every use is of interest, also once each tree was met.
    every_use: bool,
    /// How many trees were found so far.
    trees_found: usize,
}

impl Wanted {
    /// These blobs of files.
    #[must_use]
    pub fn blobs(ids: impl IntoIterator<Item = String>) -> Self {
        Self { blobs: ids.into_iter().collect(), ..Self::default() }
    }

    /// These trees.
    #[must_use]
    pub fn trees(ids: impl IntoIterator<Item = String>) -> Self {
        Self { trees: ids.into_iter().collect(), ..Self::default() }
    }

    /// True if nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty() && self.trees.is_empty()
    }

    fn add(&mut self, kind: BlobKind, id: BlobId) {
        match kind {
            BlobKind::Data => self.blobs.insert(id.to_string()),
            BlobKind::Tree => self.trees.insert(id.to_string()),
        };
    }

    /// True if the blob is wanted. From then on it is by its whole id.
    fn meets_blob(&mut self, id: BlobId) -> bool {
        if self.blobs.is_empty() {
            return false;
        }
        if self.blobs.remove(&id.short()) {
            self.blobs.insert(id.to_string());
        }
        self.blobs.contains(&id.to_string())
    }

    fn meets_tree(&mut self, id: TreeId) -> bool {
        if self.trees.is_empty() {
            return false;
        }
        let is_wanted = self.trees.contains(&id.to_string()) || self.trees.contains(&id.short());
        self.trees_found += usize::from(is_wanted);
        is_wanted
    }

    /// True once every tree was met, and nothing else is looked for.
    fn is_done(&self) -> bool {
        !self.every_use && self.blobs.is_empty() && self.trees_found >= self.trees.len()
    }
}

/// What packs hold, by their ids or the first eight digits of them; and which of these are no
/// packs. Of a pack that is not there or cannot be read, index files tell what it held.
///
/// # Errors
/// When packs cannot be listed, or an index file that is needed cannot be read, or when asked to stop.
pub fn blobs_of_packs(
    repository: &Repository,
    packs: &[String],
    cancel: &Cancellation,
) -> Result<(Wanted, Vec<String>), ReadError> {
    let go_on = || if cancel.is_cancelled() { Err(ReadError::Cancelled) } else { Ok(()) };
    let mut missing: HashSet<String> = packs.iter().cloned().collect();
    let mut wanted = Wanted { every_use: true, ..Wanted::default() };
    for file in repository.list(FileKind::Pack)? {
        go_on()?;
        let pack = PackId(file.id);
        if !names_pack(&missing, pack) {
            continue;
        }
        if let Ok(blobs) = repository.read_pack_header(pack, file.size) {
            forget_pack(&mut missing, pack);
            blobs.iter().for_each(|blob| wanted.add(blob.kind, blob.id));
        }
    }
    let mut known = missing.clone();
    for file in if missing.is_empty() { Vec::new() } else { repository.list(FileKind::Index)? } {
        go_on()?;
        let file = repository.read_index_file(IndexId(file.id))?;
        for pack in file.packs.iter().chain(&file.marked_packs()) {
            if names_pack(&missing, pack.id) {
                // Not forgotten yet: an old repository may list a pack in several index files.
                forget_pack(&mut known, pack.id);
                pack.blobs.iter().for_each(|blob| wanted.add(blob.kind, blob.id));
            }
        }
    }
    let mut unknown: Vec<String> = known.into_iter().collect();
    unknown.sort_unstable();
    Ok((wanted, unknown))
}

fn names_pack(texts: &HashSet<String>, pack: PackId) -> bool {
    texts.contains(&pack.to_string()) || texts.contains(&pack.short())
}

fn forget_pack(texts: &mut HashSet<String>, pack: PackId) {
    texts.remove(&pack.to_string());
    texts.remove(&pack.short());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, file, folder};

    fn world() -> (World, TreeId, TreeId, BlobId) {
        let mut world = World::new();
        let content = world.data(b"hello");
        let inner = world.tree(vec![file("deep.txt", 5, &[content])]);
        let home = world.tree(vec![folder("inner", inner), file("z.txt", 0, &[])]);
        let root = world.tree(vec![file("a", 5, &[content]), folder("home", home)]);
        (world.stored(), root, inner, content)
    }

    fn text(found: &Found<'_>) -> String {
        let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        match found {
            Found::Entry { path, .. } => text(path),
            Found::Blob { path, .. } => format!("blob {}", text(path)),
            Found::Tree { path, .. } => format!("tree {}", text(path)),
            Found::Unreadable { .. } => "unreadable".to_owned(),
        }
    }

    fn named(pattern: &str, oldest: Option<Time>) -> Vec<String> {
        let (world, root, ..) = world();
        let patterns = PatternList::compile([pattern], false).expect("a pattern");
        let query = NameQuery { patterns, oldest, newest: None };
        let (mut told, cancel) = (Vec::new(), Cancellation::default());
        let mut tell = |found: Found<'_>| told.push(text(&found));
        names(&world.repository, &world.index(), root, &query, &cancel, &mut tell).expect("read");
        told
    }

    #[test]
    fn entries_are_found_by_name_anywhere_or_by_path() {
        assert_eq!(named("*.txt", None), ["/home/inner/deep.txt", "/home/z.txt"]);
        assert_eq!(named("/home/*", None), ["/home/inner", "/home/inner/deep.txt", "/home/z.txt"]);
        assert_eq!(named("none", None), Vec::<String>::new());
        let future = Time { seconds: i64::MAX, ..Time::default() };
        assert_eq!(named("*.txt", Some(future)), Vec::<String>::new());
    }

    fn used(wanted: &mut Wanted) -> Vec<String> {
        let (world, root, ..) = world();
        let (mut told, cancel) = (Vec::new(), Cancellation::default());
        let mut tell = |found: Found<'_>| told.push(text(&found));
        uses(&world.repository, &world.index(), root, wanted, &cancel, &mut tell).expect("read");
        told
    }

    #[test]
    fn blobs_and_trees_are_found_where_they_are_used() {
        let (_, root, inner, content) = world();
        let mut wanted = Wanted::blobs([content.short()]);
        assert_eq!(used(&mut wanted), ["blob /a", "blob /home/inner/deep.txt"]);
        assert_eq!(wanted.blobs, [content.to_string()].into());
        assert_eq!(used(&mut Wanted::trees([inner.to_string()])), ["tree /home/inner"]);
        assert_eq!(used(&mut Wanted::trees([root.short()])), ["tree /"]);
    }

    #[test]
    fn packs_are_searched_by_what_they_hold() {
        let (world, _, inner, content) = world();
        let packs = world.files(FileKind::Pack);
        let packs: Vec<String> = packs.iter().map(|pack| PackId(pack.id).short()).collect();
        let asked = [packs.as_slice(), &["00000000".to_owned()]].concat();
        let cancel = Cancellation::default();
        let (wanted, unknown) = blobs_of_packs(&world.repository, &asked, &cancel).expect("listed");
        assert_eq!(unknown, ["00000000"]);
        assert!(wanted.blobs.contains(&content.to_string()));
        assert!(wanted.trees.contains(&inner.to_string()));
        cancel.cancel();
        let stopped = blobs_of_packs(&world.repository, &asked, &cancel);
        assert!(matches!(stopped, Err(ReadError::Cancelled)));
    }

    #[test]
    fn a_folder_that_cannot_be_read_does_not_end_the_search() {
        let mut world = World::new();
        let lost = folder("a", TreeId::of(b"lost"));
        let root = world.tree(vec![lost, file("b", 0, &[])]);
        let world = world.stored();
        let patterns = PatternList::compile(["**"], false).expect("a pattern");
        let query = NameQuery { patterns, ..NameQuery::default() };
        let (mut told, cancel) = (Vec::new(), Cancellation::default());
        let mut tell = |found: Found<'_>| told.push(text(&found));
        names(&world.repository, &world.index(), root, &query, &cancel, &mut tell).expect("read");
        assert_eq!(told, ["/a", "unreadable", "/b"]);
    }
}
