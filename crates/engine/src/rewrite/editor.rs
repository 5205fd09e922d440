//! What becomes of the entries of a tree.

use crate::backup::exclude::PatternList;
use crate::id::{BlobId, RawId, TreeId};
use crate::tree::{Node, NodeKind};

/// What becomes of the trees of snapshots. Paths begin with `/`, which is the snapshot's root.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum TreeChange {
    /// They stay as they are.
    #[default]
    Keep,
    /// What matches any of these lists is left out.
    Exclude(Vec<PatternList>),
    /// Only what matches any of these lists is let in, and the folders on the way there. A snapshot
    /// in which nothing matches stays as it is.
    Include(Vec<PatternList>),
    /// Damaged parts are left out: content that is in no known pack, folders that cannot be read.
    Repair,
}

/// Something that was changed in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryNote {
    /// The path in the snapshot.
    pub path: Vec<u8>,
    /// What was changed.
    pub change: EntryChange,
}

/// What was changed at an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryChange {
    /// A pattern left it out.
    Excluded,
    /// A pattern let it in. Folders are only noted if nothing is in them.
    Included,
    /// A pattern let an empty folder in.
    IncludedFolder,
    /// It is none of the kinds that there are, and was left out.
    InvalidKind,
    /// Parts of the file's content are lost; it holds the others.
    MissingContent,
    /// The file's size was not that of its content, and is now.
    WrongSize,
    /// The folder is lost. An empty one stands for it.
    LostFolder,
    /// The topmost folder is lost, and with it the snapshot.
    LostRoot,
}

/// What becomes of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    Changed,
    Dropped,
}

/// Changes entries, and notes what it changed.
pub(super) struct Editor<'a> {
    change: &'a TreeChange,
    notes_entries: bool,
    pub(super) notes: Vec<EntryNote>,
}

impl<'a> Editor<'a> {
    pub(super) fn new(change: &'a TreeChange, notes_entries: bool) -> Self {
        Self { change, notes_entries, notes: Vec::new() }
    }

    pub(super) fn is_repair(&self) -> bool {
        matches!(self.change, TreeChange::Repair)
    }

    pub(super) fn note(&mut self, path: &[u8], change: EntryChange) {
        self.notes.push(EntryNote { path: path.to_vec(), change });
    }

    fn note_entry(&mut self, path: &[u8], change: EntryChange) {
        if self.notes_entries {
            self.note(path, change);
        }
    }

    /// What becomes of the entry at this path; perhaps changes it. `size_of` tells how long a data
    /// blob is, if it is known.
    pub(super) fn judge(
        &mut self,
        node: &mut Node,
        path: &[u8],
        size_of: &dyn Fn(&BlobId) -> Option<u64>,
    ) -> Verdict {
        match self.change {
            TreeChange::Keep => Verdict::Kept,
            TreeChange::Exclude(lists) => {
                if !lists.iter().any(|list| list.matches(path)) {
                    return Verdict::Kept;
                }
                self.note_entry(path, EntryChange::Excluded);
                Verdict::Dropped
            }
            TreeChange::Include(lists) => {
                let is_folder = node.kind == NodeKind::Folder;
                let is_let_in = lists.iter().any(|list| {
                    let found = list.match_with_children(path);
                    found.matched || is_folder && found.children_may_match
                });
                if !is_let_in {
                    return Verdict::Dropped;
                }
                if !is_folder {
                    self.note_entry(path, EntryChange::Included);
                }
                Verdict::Kept
            }
            TreeChange::Repair => self.repair(node, path, size_of),
        }
    }

    fn repair(
        &mut self,
        node: &mut Node,
        path: &[u8],
        size_of: &dyn Fn(&BlobId) -> Option<u64>,
    ) -> Verdict {
        if node.kind == NodeKind::Irregular {
            self.note(path, EntryChange::InvalidKind);
            return Verdict::Dropped;
        }
        if node.kind != NodeKind::File {
            return Verdict::Kept;
        }
        let content = node.content.take();
        let is_null = content.is_none();
        let content = content.unwrap_or_default();
        let count = content.len();
        let found: Vec<(BlobId, u64)> =
            content.into_iter().filter_map(|id| Some((id, size_of(&id)?))).collect();
        // Hostile lists may name a blob often enough for any sum to overflow.
        let size = found.iter().fold(0u64, |sum, (_, size)| sum.saturating_add(*size));
        let (is_incomplete, is_wrong) = (found.len() < count, size != node.size);
        node.content = Some(found.into_iter().map(|(id, _)| id).collect());
        node.size = size;
        if is_incomplete {
            self.note(path, EntryChange::MissingContent);
        } else if is_wrong {
            self.note(path, EntryChange::WrongSize);
        }
        if is_incomplete || is_wrong || is_null { Verdict::Changed } else { Verdict::Kept }
    }

    /// True if a folder that has become empty, or was, is let in.
    pub(super) fn keeps_empty(&mut self, path: &[u8]) -> bool {
        let TreeChange::Include(lists) = self.change else { return true };
        let is_kept = lists.iter().any(|list| list.match_with_children(path).matched);
        if is_kept {
            self.note_entry(path, EntryChange::IncludedFolder);
        }
        is_kept
    }

    /// What makes two folders become the same.
    pub(super) fn key(&self, path: &[u8], tree: TreeId) -> RawId {
        match self.change {
            TreeChange::Keep | TreeChange::Repair => tree.0,
            TreeChange::Exclude(_) | TreeChange::Include(_) => {
                RawId::of(&[path, b"\0", tree.as_bytes()].concat())
            }
        }
    }
}
