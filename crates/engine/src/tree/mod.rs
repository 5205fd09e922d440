//! One folder's entries, as restic stores them byte for byte.

mod node;

pub use node::{ExtendedAttribute, Node, NodeKind, mode};

/// The entries of one folder, strictly ascending by the bytes of their names.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The entries.
    pub nodes: Vec<Node>,
}

/// Why bytes are not a tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {}
