//! One folder's entries, as restic stores them byte for byte.
//!
//! A tree's id is the sum of its JSON, so [`Tree::encode`] writes exactly what restic writes for
//! the same entries. [`Tree::decode`] takes whatever bytes a repository holds: damaged or hostile
//! ones are a [`TreeError`], never a panic. Keys that this version does not know are kept.

mod decode;
mod encode;
mod loss;
mod name;
mod node;
mod printable;
mod reader;
pub(crate) mod walk;

pub(crate) use decode::Nodes;
pub use name::shown;
pub(crate) use node::is_device_of_windows;
pub use node::{ExtendedAttribute, Node, NodeKind, mode};

use crate::id::TreeId;

/// What stands before the nodes of a tree; they are separated by commas.
pub const TREE_PREFIX: &[u8] = br#"{"nodes":["#;
/// What stands after the nodes of a tree. The newline is part of what the id is the sum of.
pub const TREE_SUFFIX: &[u8] = b"]}\n";

/// The entries of one folder, strictly ascending by the bytes of their names.
///
/// ```
/// use holdfast_engine::tree::Tree;
///
/// let letter = holdfast_testkit::letter();
/// let tree = letter.test.repository.read_tree(&letter.test.index(), letter.tree)?;
/// assert_eq!(tree.find(b"letter.txt").map(|node| node.size), Some(11));
/// assert_eq!(tree.id(), letter.tree);
/// assert_eq!(Tree::decode(&tree.encode())?.nodes.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The entries.
    pub nodes: Vec<Node>,
}

/// Why bytes are not a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The JSON is malformed, or a value is of the wrong type.
    #[error("the tree should have {expected} at byte {at}")]
    Malformed {
        /// What should stand there.
        expected: &'static str,
        /// Where, from the start of the tree.
        at: usize,
    },
    /// A name holds an escape that stands for nothing.
    #[error("the tree has a wrong escape in the name {quoted:?}")]
    Name {
        /// The name as it stands in the tree.
        quoted: String,
    },
    /// Names are not strictly ascending, or one is there twice.
    #[error("the tree has the name {name:?} out of order or twice")]
    Order {
        /// The later of the two names.
        name: String,
    },
}

impl Tree {
    /// The tree's JSON, byte for byte as restic writes it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.nodes.len() * 400);
        out.extend_from_slice(TREE_PREFIX);
        for (nth, node) in self.nodes.iter().enumerate() {
            if nth > 0 {
                out.push(b',');
            }
            node.encode_into(&mut out);
        }
        out.extend_from_slice(TREE_SUFFIX);
        out
    }

    /// Reads a tree's JSON.
    pub fn decode(bytes: &[u8]) -> Result<Self, TreeError> {
        decode::decode(bytes)
    }

    /// True if `bytes` are a tree that can be read and written without changing it.
    ///
    /// What rewrites trees asks this first, so that nothing is lost that this version cannot hold.
    #[must_use]
    pub fn reencodes_exactly(bytes: &[u8]) -> bool {
        Self::decode(bytes).is_ok_and(|tree| tree.encode() == bytes)
    }

    /// True if `bytes` are a tree that loses nothing when it is read and written, although other
    /// bytes may come out: rustic leaves out what is zero, and has another order.
    #[must_use]
    pub fn reencodes_without_loss(bytes: &[u8]) -> bool {
        Self::decode(bytes).is_ok_and(|tree| loss::says_no_less(&tree.encode(), bytes))
    }

    /// The tree's id.
    #[must_use]
    pub fn id(&self) -> TreeId {
        TreeId::of(&self.encode())
    }

    /// The entry with this name.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<&Node> {
        let at = self.nodes.binary_search_by(|node| node.name.as_slice().cmp(name)).ok()?;
        self.nodes.get(at)
    }
}

#[cfg(test)]
mod tests;
