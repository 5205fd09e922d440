//! Rewrites trees from the leaves up, each once.

use std::collections::HashMap;

use crossbeam_channel::Sender;

use super::RewriteError;
use super::editor::{Editor, EntryChange, EntryNote, Verdict};
use crate::blob::{BlobKind, PackedBlob};
use crate::id::{BlobId, RawId, TreeId};
use crate::index::Index;
use crate::monitor::Watch;
use crate::pack::FinishedPack;
use crate::repair::Loss;
use crate::repository::{ReadError, Repository};
use crate::store::{Sealer, Store};
use crate::tree::walk::to_path;
use crate::tree::{Node, NodeKind, Tree};

/// So many trees are remembered. A snapshot can have more paths than there are atoms, each of which
/// counts where paths decide; whoever forgets them all does some work again, and nothing else.
const KNOWN_MAX: usize = 1 << 19;

/// What a tree became.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rewritten {
    /// `None` if nothing is left of it.
    pub(super) tree: Option<TreeId>,
    /// Files below it, and their bytes.
    pub(super) files: u64,
    pub(super) bytes: u64,
}

impl Rewritten {
    /// A tree that nobody looked at.
    pub(super) fn untouched(tree: TreeId) -> Self {
        Self { tree: Some(tree), files: 0, bytes: 0 }
    }
}

/// Rewrites the trees of one snapshot after the other.
pub(super) struct TreeRewriter<'a> {
    repository: &'a Repository,
    index: &'a Index,
    store: &'a Store<'a>,
    full: &'a Sender<FinishedPack>,
    sealer: Sealer,
    editor: Editor<'a>,
    watch: Watch<'a>,
    /// What was rewritten already, by what the editor says makes it the same.
    known: HashMap<RawId, Rewritten>,
    /// The path of the folder on top, to which names are appended. Hostile trees nest without end,
    /// so it is there once.
    path: Vec<u8>,
}

/// A folder whose entries are being rewritten.
struct Folder {
    key: RawId,
    id: TreeId,
    /// The length of its path.
    path_bytes: usize,
    /// Its tree as it was stored.
    json: Vec<u8>,
    left: std::vec::IntoIter<Node>,
    done: Vec<Node>,
    is_changed: bool,
    files: u64,
    bytes: u64,
    /// Its entry in the folder above, if there is one.
    node: Option<Node>,
}

impl<'a> TreeRewriter<'a> {
    pub(super) fn new(
        (repository, index): (&'a Repository, &'a Index),
        (store, full): (&'a Store<'a>, &'a Sender<FinishedPack>),
        editor: Editor<'a>,
        watch: Watch<'a>,
    ) -> Result<Self, RewriteError> {
        let sealer = store.sealer()?;
        let (known, path) = (HashMap::new(), Vec::new());
        Ok(Self { repository, index, store, full, sealer, editor, watch, known, path })
    }

    pub(super) fn take_notes(&mut self) -> Vec<EntryNote> {
        std::mem::take(&mut self.editor.notes)
    }

    /// What the topmost tree of a snapshot becomes.
    pub(super) fn rewrite(&mut self, root: TreeId) -> Result<Rewritten, RewriteError> {
        self.path.clear();
        let mut folders = match self.open(root, None)? {
            Opened::Folder(folder) => vec![folder],
            Opened::Done(rewritten, _) => return Ok(rewritten),
        };
        // Hostile trees nest deeper than a thread's stack, so this does not recurse.
        loop {
            if self.watch.cancel.is_cancelled() {
                return Err(RewriteError::Cancelled);
            }
            let folder = folders.last_mut().expect("the topmost one is taken last");
            self.path.truncate(folder.path_bytes);
            if let Some(node) = folder.left.next() {
                if let Some(inner) = self.rewrite_node(node, folder)? {
                    folders.push(inner);
                }
                continue;
            }
            let mut folder = folders.pop().expect("there is one");
            let node = folder.node.take();
            let rewritten = self.close(folder)?;
            match (node, folders.last_mut()) {
                (Some(node), Some(above)) => above.take(node, rewritten),
                _ => return Ok(rewritten),
            }
        }
    }

    /// Rewrites one entry; returns the folder that it is, if that has to be looked into.
    fn rewrite_node(
        &mut self,
        mut node: Node,
        folder: &mut Folder,
    ) -> Result<Option<Folder>, RewriteError> {
        self.path.push(b'/');
        self.path.extend_from_slice(&node.name);
        let size_of = |id: &BlobId| {
            let location = self.index.locate(BlobKind::Data, id)?;
            Some(location.plaintext_length().into())
        };
        match self.editor.judge(&mut node, &self.path, &size_of) {
            Verdict::Dropped => {
                folder.is_changed = true;
                return Ok(None);
            }
            Verdict::Changed => folder.is_changed = true,
            Verdict::Kept => {}
        }
        if node.kind == NodeKind::File {
            folder.files += 1;
            folder.bytes = folder.bytes.saturating_add(node.size);
        }
        if node.kind != NodeKind::Folder {
            folder.done.push(node);
            return Ok(None);
        }
        // A folder without a tree is one whose tree is lost.
        let id = node.subtree.unwrap_or(TreeId::from_bytes([0; 32]));
        match self.open(id, Some(node))? {
            Opened::Folder(inner) => Ok(Some(inner)),
            Opened::Done(rewritten, node) => {
                if let Some(node) = node {
                    folder.take(node, rewritten);
                }
                Ok(None)
            }
        }
    }

    fn open(&mut self, id: TreeId, node: Option<Node>) -> Result<Opened, RewriteError> {
        let key = self.editor.key(&self.path, id);
        if let Some(known) = self.known.get(&key) {
            return Ok(Opened::Done(*known, node));
        }
        let read = self.read(id).and_then(|json| {
            let tree = Tree::decode(&json).map_err(|source| ReadError::Tree { id, source })?;
            Ok((json, tree))
        });
        match read {
            Ok((json, tree)) => Ok(Opened::Folder(Folder {
                key,
                id,
                path_bytes: self.path.len(),
                json,
                done: Vec::with_capacity(tree.nodes.len()),
                left: tree.nodes.into_iter(),
                is_changed: false,
                files: 0,
                bytes: 0,
                node,
            })),
            Err(ReadError::Cancelled) => Err(RewriteError::Cancelled),
            // Not noted as known: it matters whether it is the topmost one.
            Err(error) => Ok(Opened::Done(self.replace_lost(id, error)?, node)),
        }
    }

    /// What stands for a folder that cannot be read.
    fn replace_lost(&mut self, id: TreeId, error: ReadError) -> Result<Rewritten, RewriteError> {
        let is_known_lost = Loss::of(&error) != Loss::Unknown && !self.may_be_read_later(id);
        if !self.editor.is_repair() || !is_known_lost {
            let path = self.shown_path();
            return Err(RewriteError::Tree { path, source: Box::new(error) });
        }
        if self.path.is_empty() {
            self.editor.note(b"/", EntryChange::LostRoot);
            return Ok(Rewritten { tree: None, files: 0, bytes: 0 });
        }
        self.editor.note(&self.path, EntryChange::LostFolder);
        let tree = self.store_tree(&Tree::default())?;
        Ok(Rewritten { tree: Some(tree), files: 0, bytes: 0 })
    }

    /// True if the storage fails to give one of several copies, whatever became of the others.
    fn may_be_read_later(&self, id: TreeId) -> bool {
        let (mut sealed, mut plain) = (Vec::new(), Vec::new());
        let (kind, id) = (BlobKind::Tree, id.into());
        self.index.locate_to_read(kind, &id).into_iter().any(|location| {
            let blob = PackedBlob { id, kind, location };
            let read = self.repository.read_located(&blob, &mut sealed, &mut plain);
            read.is_err_and(|error| Loss::of(&error) == Loss::Unknown)
        })
    }

    /// What a folder became, all of whose entries are done.
    fn close(&mut self, folder: Folder) -> Result<Rewritten, RewriteError> {
        let Folder { key, id, json, done, is_changed, files, bytes, .. } = folder;
        let path = if self.path.is_empty() { b"/" } else { self.path.as_slice() };
        let is_kept = !done.is_empty() || self.editor.keeps_empty(path);
        let tree = match (is_kept, is_changed) {
            (false, _) => None,
            (true, false) => Some(id),
            (true, true) if is_writable(&json) => Some(self.store_tree(&Tree { nodes: done })?),
            (true, true) => return Err(RewriteError::Lossy { path: self.shown_path() }),
        };
        let rewritten = Rewritten { tree, files, bytes };
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(key, rewritten);
        Ok(rewritten)
    }

    fn read(&self, id: TreeId) -> Result<Vec<u8>, ReadError> {
        self.repository.read_blob(self.index, BlobKind::Tree, id.into())
    }

    fn store_tree(&mut self, tree: &Tree) -> Result<TreeId, RewriteError> {
        let json = tree.encode();
        let id = TreeId::of(&json);
        // The index may name a copy that is damaged. Nothing new is to rely on that.
        if self.read(id).is_err() {
            self.store.add(BlobKind::Tree, id.into(), &json, &mut self.sealer, self.full)?;
        }
        Ok(id)
    }

    fn shown_path(&self) -> String {
        let path = if self.path.is_empty() { b"/" } else { self.path.as_slice() };
        to_path(path).display().to_string()
    }
}

/// What is to be done with a tree.
enum Opened {
    Folder(Folder),
    /// Nothing; its entry in the folder above comes back.
    Done(Rewritten, Option<Node>),
}

impl Folder {
    /// Takes the entry of a folder whose tree was rewritten.
    fn take(&mut self, mut node: Node, rewritten: Rewritten) {
        self.files = self.files.saturating_add(rewritten.files);
        self.bytes = self.bytes.saturating_add(rewritten.bytes);
        self.is_changed |= rewritten.tree != node.subtree;
        if let Some(tree) = rewritten.tree {
            node.subtree = Some(tree);
            self.done.push(node);
        }
    }
}

/// True if the tree can be read and written without losing anything.
fn is_writable(json: &[u8]) -> bool {
    Tree::reencodes_exactly(json) || Tree::reencodes_without_loss(json)
}
