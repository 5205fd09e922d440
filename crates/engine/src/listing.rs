//! What a snapshot holds: folders by path, and walks in the order in which restic lists.
//!
//! Paths are bytes with slashes between the names, on every operating system. Names come from the
//! repository and may be hostile; whoever makes files of them asks
//! [`Node::has_safe_name`](crate::tree::Node::has_safe_name) first.

use crate::id::TreeId;
use crate::index::Index;
use crate::monitor::Cancellation;
use crate::repository::{ReadError, Repository};
use crate::tree::{Node, NodeKind, Tree};

/// What a walk came to.
#[derive(Debug)]
pub enum Visited<'a> {
    /// An entry.
    Entry {
        /// Its path from the root of the snapshot, with a slash in front.
        path: &'a [u8],
        /// The entry.
        node: &'a Node,
    },
    /// A folder whose tree cannot be read. The walk goes on behind it.
    Unreadable {
        /// Its path.
        path: &'a [u8],
        /// Why.
        error: ReadError,
    },
}

/// Where a walk goes from an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Into it, if it is a folder.
    Into,
    /// To the entry after it.
    Past,
    /// Nowhere.
    Stop,
}

/// Why there is no folder at a path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// An entry on the way is not there.
    #[error("path {path:?} not found in the snapshot")]
    NotFound {
        /// The path, as far as the entry that is missing.
        path: String,
    },
    /// An entry on the way is not a folder.
    #[error("path {path:?} is not a directory")]
    NotFolder {
        /// The path, as far as that entry.
        path: String,
    },
    /// A folder on the way cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The entry at `path`, which may be given with or without a slash in front.
///
/// # Errors
/// When there is none, or a folder on the way cannot be read. The root itself has no entry.
///
/// ```
/// use holdfast_engine::listing::find_entry;
///
/// let letter = holdfast_testkit::letter();
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let node = find_entry(repository, &index, letter.tree, b"/letter.txt")?;
/// assert_eq!(node.size, 11);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn find_entry(
    repository: &Repository,
    index: &Index,
    root: TreeId,
    path: &[u8],
) -> Result<Node, FolderError> {
    let (mut tree, mut walked, mut found) = (root, String::new(), None);
    for name in path.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b".")) {
        if let Some(node) = found.take() {
            tree = subtree(&node, &walked)?;
        }
        walked.push('/');
        walked.push_str(&String::from_utf8_lossy(name));
        let node = repository.read_tree(index, tree)?.nodes.into_iter().find(|n| n.name == name);
        found = Some(node.ok_or_else(|| FolderError::NotFound { path: walked.clone() })?);
    }
    found.ok_or(FolderError::NotFound { path: "/".to_owned() })
}

/// The tree of the folder at `path`; the root for a path without names.
///
/// # Errors
/// When there is none, or a folder on the way cannot be read.
///
/// ```
/// use holdfast_engine::listing::find_folder;
///
/// let letter = holdfast_testkit::letter();
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let folder = find_folder(repository, &index, letter.tree, b"/photos")?;
/// assert_eq!(repository.read_tree(&index, folder)?.nodes.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn find_folder(
    repository: &Repository,
    index: &Index,
    root: TreeId,
    path: &[u8],
) -> Result<TreeId, FolderError> {
    let is_root = path.split(|byte| *byte == b'/').all(|name| matches!(name, b"" | b"."));
    if is_root {
        return Ok(root);
    }
    let node = find_entry(repository, index, root, path)?;
    subtree(&node, &String::from_utf8_lossy(path))
}

fn subtree(node: &Node, path: &str) -> Result<TreeId, FolderError> {
    let subtree = node.subtree.filter(|_| node.kind == NodeKind::Folder);
    subtree.ok_or_else(|| FolderError::NotFolder { path: path.to_owned() })
}

/// Visits the entries below a tree by name, each folder before what is in it. `prefix` stands in
/// front of the paths: empty for the root of a snapshot.
///
/// # Errors
/// When the first tree cannot be read, or when asked to stop.
///
/// ```
/// use holdfast_engine::listing::{Next, Visited, walk};
/// use holdfast_engine::monitor::Cancellation;
///
/// let letter = holdfast_testkit::letter();
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let mut paths = Vec::new();
/// walk(repository, &index, letter.tree, b"", &Cancellation::default(), &mut |visited| {
///     if let Visited::Entry { path, .. } = visited {
///         paths.push(String::from_utf8_lossy(path).into_owned());
///     }
///     Next::Into
/// })?;
/// assert_eq!(paths, ["/letter.txt", "/photos", "/photos/cat.jpg"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn walk(
    repository: &Repository,
    index: &Index,
    root: TreeId,
    prefix: &[u8],
    cancel: &Cancellation,
    visit: &mut dyn FnMut(Visited<'_>) -> Next,
) -> Result<(), ReadError> {
    let mut path = prefix.to_vec();
    let mut open = vec![Open::new(repository.read_tree(index, root)?, path.len())];
    while let Some(folder) = open.last_mut() {
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        path.truncate(folder.path_bytes);
        let Some(node) = folder.nodes.next() else {
            open.pop();
            continue;
        };
        path.push(b'/');
        path.extend_from_slice(&node.name);
        let next = visit(Visited::Entry { path: &path, node: &node });
        let subtree = node.subtree.filter(|_| node.kind == NodeKind::Folder);
        match (next, subtree) {
            (Next::Stop, _) => return Ok(()),
            (Next::Into, Some(subtree)) => match repository.read_tree(index, subtree) {
                Ok(tree) => open.push(Open::new(tree, path.len())),
                Err(error) => {
                    if visit(Visited::Unreadable { path: &path, error }) == Next::Stop {
                        return Ok(());
                    }
                }
            },
            (Next::Into | Next::Past, _) => {}
        }
    }
    Ok(())
}

/// A folder that a walk is in.
struct Open {
    nodes: std::vec::IntoIter<Node>,
    path_bytes: usize,
}

impl Open {
    fn new(tree: Tree, path_bytes: usize) -> Self {
        Self { nodes: tree.nodes.into_iter(), path_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, file, folder};

    fn world() -> (World, TreeId) {
        let mut world = World::new();
        let content = world.data(b"hello");
        let inner = world.tree(vec![file("deep", 5, &[content])]);
        let home = world.tree(vec![folder("inner", inner), file("z", 0, &[])]);
        let root = world.tree(vec![file("a", 5, &[content]), folder("home", home)]);
        (world.stored(), root)
    }

    #[test]
    fn a_walk_shows_each_folder_before_what_is_in_it() {
        let (world, root) = world();
        let mut paths = Vec::new();
        let mut visit = |visited: Visited<'_>| {
            if let Visited::Entry { path, .. } = visited {
                paths.push(String::from_utf8_lossy(path).into_owned());
            }
            Next::Into
        };
        walk(&world.repository, &world.index(), root, b"", &Cancellation::default(), &mut visit)
            .expect("all trees are there");
        assert_eq!(paths, ["/a", "/home", "/home/inner", "/home/inner/deep", "/home/z"]);
    }

    #[test]
    fn a_walk_goes_past_what_it_is_told_to_and_past_what_cannot_be_read() {
        let (mut world, root) = world();
        let lost = TreeId::of(b"lost");
        let top = world.tree(vec![folder("lost", lost), folder("root", root)]);
        let world = world.stored();
        let mut seen = Vec::new();
        let mut visit = |visited: Visited<'_>| match visited {
            Visited::Entry { path, .. } => {
                seen.push(String::from_utf8_lossy(path).into_owned());
                if path.ends_with(b"home") { Next::Past } else { Next::Into }
            }
            Visited::Unreadable { .. } => {
                seen.push("unreadable".to_owned());
                Next::Into
            }
        };
        walk(&world.repository, &world.index(), top, b"", &Cancellation::default(), &mut visit)
            .expect("the root is there");
        assert_eq!(seen, ["/lost", "unreadable", "/root", "/root/a", "/root/home"]);
    }

    #[test]
    fn folders_are_found_by_path() {
        let (world, root) = world();
        let index = world.index();
        let find = |path: &str| find_folder(&world.repository, &index, root, path.as_bytes());
        assert_eq!(find("").expect("the root"), root);
        assert_eq!(find("/").expect("the root"), root);
        assert!(find("/home/inner").is_ok());
        assert!(find("home/inner/").is_ok());
        assert!(matches!(find("/home/none"), Err(FolderError::NotFound { .. })));
        assert!(matches!(find("/a"), Err(FolderError::NotFolder { .. })));
        assert!(matches!(find("/a/b"), Err(FolderError::NotFolder { .. })));
        let entry = find_entry(&world.repository, &index, root, b"/home/inner/deep");
        assert_eq!(entry.expect("a file").size, 5);
    }
}
