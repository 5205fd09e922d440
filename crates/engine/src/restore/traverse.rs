//! Walks through the trees of a snapshot.
//!
//! Trees come from the repository, so their depth and their names are not trusted: the walk keeps
//! its own stack, and only names that are safe are shown to the [`Visitor`].

use std::ffi::{OsStr, OsString};

use super::name::safe_name;
use super::roots::Root;
use super::selection::Selection;
use crate::blob::BlobKind;
use crate::id::TreeId;
use crate::index::Index;
use crate::repository::{ReadError, Repository};
use crate::tree::{Node, NodeKind, Tree};

/// One entry, on the way through a snapshot.
pub(super) struct Entry<'a> {
    /// Its path in the snapshot, beginning with `/`.
    pub location: &'a [u8],
    /// Its name, which is safe.
    pub name: &'a OsStr,
    /// It is selected itself; otherwise it is a folder on the way to what may be.
    pub is_selected: bool,
}

/// Sees a snapshot entry by entry, folders before what is in them.
pub(super) trait Visitor {
    /// A folder. `tree` holds what is in it, as far as that is known and wanted.
    fn enter(&mut self, entry: &Entry<'_>, node: Node, tree: Option<&Tree>);
    /// Anything else.
    fn leaf(&mut self, entry: &Entry<'_>, node: Node);
    /// The folder entered last has been seen whole.
    fn leave(&mut self);
    /// An entry with a name or of a kind that cannot be restored.
    fn refuse(&mut self, location: &[u8], reason: &'static str);
    /// A folder whose entries cannot be read.
    fn unreadable(&mut self, location: &[u8], error: &ReadError);
    /// True if the walk shall end.
    fn is_stopped(&self) -> bool;
}

/// Reads a tree.
pub(super) fn read_tree(
    repository: &Repository,
    index: &Index,
    id: TreeId,
) -> Result<Tree, ReadError> {
    let bytes = repository.read_blob(index, BlobKind::Tree, id.into())?;
    Tree::decode(&bytes).map_err(|source| ReadError::Tree { id, source })
}

/// How many folders may be in each other. The path to anything deeper is far longer than the 4096 bytes
/// that systems take, and each level costs as many steps as there are above it.
const DEPTH_MAX: usize = 3000;

struct Frame<'a> {
    nodes: Box<dyn Iterator<Item = Node> + 'a>,
    /// Length of the folder's location.
    location_bytes: usize,
}

/// Shows everything at and below the root's tree that is selected. The root itself is not shown.
pub(super) fn traverse(
    repository: &Repository,
    index: &Index,
    root: &Root,
    selection: &Selection,
    visitor: &mut dyn Visitor,
) {
    let mut location = root.location.clone();
    // A root can hold a million entries, and is kept: no second list of them.
    let nodes = Box::new(root.tree.nodes.iter().cloned());
    let mut stack = vec![Frame { nodes, location_bytes: location.len() }];
    while let Some(frame) = stack.last_mut() {
        if visitor.is_stopped() {
            return;
        }
        location.truncate(frame.location_bytes);
        let Some(node) = frame.nodes.next() else {
            stack.pop();
            if !stack.is_empty() {
                visitor.leave();
            }
            continue;
        };
        let Some(name) = admitted(&node, &mut location, visitor) else { continue };
        let is_folder = node.kind == NodeKind::Folder;
        let by_root = root.within.of(&location, is_folder);
        let by_selection = selection.of(&location, is_folder);
        let is_selected = by_root.itself && by_selection.itself;
        let is_inside = by_root.inside && by_selection.inside;
        let entry = Entry { location: &location, name: &name, is_selected };
        if !is_folder {
            if is_selected {
                visitor.leaf(&entry, node);
            }
            continue;
        }
        if !(is_selected || is_inside) {
            continue;
        }
        if stack.len() >= DEPTH_MAX {
            visitor.refuse(&location, "it lies in more folders than any path can name");
            continue;
        }
        let subtree = node.subtree.filter(|_| is_inside);
        let tree = subtree.map(|id| read_tree(repository, index, id)).transpose();
        if let Err(error) = &tree {
            visitor.unreadable(&location, error);
        }
        let tree = tree.ok().flatten();
        visitor.enter(&entry, node, tree.as_ref());
        let nodes = Box::new(tree.unwrap_or_default().nodes.into_iter());
        stack.push(Frame { nodes, location_bytes: location.len() });
    }
}

/// Appends the entry's name to the location and returns it, if it can be restored at all.
fn admitted(node: &Node, location: &mut Vec<u8>, visitor: &mut dyn Visitor) -> Option<OsString> {
    location.push(b'/');
    location.extend_from_slice(&node.name);
    let name = match safe_name(&node.name) {
        Ok(name) => name,
        Err(reason) => {
            visitor.refuse(location, reason);
            return None;
        }
    };
    match node.kind {
        // Programs make their sockets anew; restic does not restore them either.
        NodeKind::Socket => return None,
        NodeKind::Irregular => {
            visitor.refuse(location, "it is of a kind that cannot be restored");
            return None;
        }
        NodeKind::Folder if node.subtree.is_none() => {
            visitor.refuse(location, "it is a folder without a tree");
            return None;
        }
        NodeKind::File if node.content.is_none() => {
            visitor.refuse(location, "it is a file without content");
            return None;
        }
        _ => {}
    }
    Some(name)
}
