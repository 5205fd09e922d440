//! Verifies that every tree of every snapshot can be read, and that all it refers to is there.

use parking_lot::Mutex;

use super::PackSet;
use super::report::Report;
use crate::backend::FileKind;
use crate::blob::BlobKind;
use crate::id::{BlobId, SnapshotId, TreeId};
use crate::index::Index;
use crate::monitor::{Cancellation, FindingKind, with_causes};
use crate::repository::{ReadError, Repository};
use crate::snapshot::for_each_snapshot;
use crate::tree::walk::{Folder, for_each_tree, to_path};
use crate::tree::{Node, NodeKind, Tree};

/// What the trees told.
pub(super) struct Structure {
    /// How many different ones there are.
    pub(super) trees: usize,
    /// The packs that they and what they refer to lie in, if that was asked for.
    pub(super) packs: Option<PackSet>,
}

/// The trees of the snapshots.
pub(super) fn load_roots(
    repository: &Repository,
    only: Option<&[SnapshotId]>,
    report: &Report<'_>,
    cancel: &Cancellation,
) -> Result<Vec<TreeId>, ReadError> {
    let ids = match only {
        Some(ids) => ids.to_vec(),
        None => {
            let listed = repository.list(FileKind::Snapshot)?;
            listed.into_iter().map(|file| SnapshotId(file.id)).collect()
        }
    };
    let roots = Mutex::new(Vec::with_capacity(ids.len()));
    for_each_snapshot(repository, &ids, cancel, &|_, loaded| match loaded {
        Ok(snapshot) => roots.lock().push(snapshot.tree),
        Err(error) => report.error(FindingKind::Damaged, with_causes(&error)),
    })?;
    Ok(roots.into_inner())
}

/// Reads every tree below the roots.
pub(super) fn check(
    repository: &Repository,
    index: &Index,
    roots: &[TreeId],
    needs_packs: bool,
    report: &Report<'_>,
    cancel: &Cancellation,
) -> Result<Structure, ReadError> {
    let packs = needs_packs.then(|| Mutex::new(PackSet::new()));
    let note_pack = |kind, id: &BlobId| {
        if let Some(packs) = &packs {
            let found = index.locate_all(kind, id);
            packs.lock().extend(found.iter().map(|location| location.pack));
        }
    };
    let visit = |folder: &Folder, tree: Result<&Tree, ReadError>| match tree {
        Ok(tree) => {
            note_pack(BlobKind::Tree, &folder.id.into());
            for node in &tree.nodes {
                check_node(index, folder, node, report);
                for blob in node.content.iter().flatten() {
                    note_pack(BlobKind::Data, blob);
                }
            }
        }
        Err(error) => report.error_at(kind_of(&error), path(folder, b""), with_causes(&error)),
    };
    let trees = for_each_tree(repository, index, roots.iter().copied(), cancel, &visit)?;
    Ok(Structure { trees, packs: packs.map(Mutex::into_inner) })
}

fn kind_of(error: &ReadError) -> FindingKind {
    match error {
        ReadError::MissingBlob { .. } => FindingKind::Missing,
        ReadError::Backend { .. } => FindingKind::Unreadable,
        _ => FindingKind::Damaged,
    }
}

fn path(folder: &Folder, name: &[u8]) -> std::path::PathBuf {
    to_path(&folder.path_of(name))
}

fn check_node(index: &Index, folder: &Folder, node: &Node, report: &Report<'_>) {
    let problem =
        |kind, message: &str| report.error_at(kind, path(folder, &node.name), message.to_owned());
    if !node.has_safe_name() {
        problem(FindingKind::Hostile, "its name is not one that a file may have");
    }
    match (node.kind, &node.content, &node.subtree) {
        (NodeKind::File, None, _) => problem(FindingKind::Damaged, "the file has no content list"),
        (NodeKind::File, Some(content), _) => {
            check_content(index, node, content, &problem);
        }
        (NodeKind::Folder, _, None) => problem(FindingKind::Damaged, "the folder has no tree"),
        (NodeKind::Irregular, ..) => {
            problem(FindingKind::Damaged, "it is of no kind that can be restored");
        }
        _ => {}
    }
}

fn check_content(
    index: &Index,
    node: &Node,
    content: &[BlobId],
    problem: &dyn Fn(FindingKind, &str),
) {
    let mut bytes = 0u64;
    let mut is_whole = true;
    for blob in content {
        match index.locate(BlobKind::Data, blob) {
            Some(location) => bytes += u64::from(location.plaintext_length()),
            None => {
                is_whole = false;
                problem(FindingKind::Missing, &format!("its data blob {blob} is in no known pack"));
            }
        }
    }
    if is_whole && bytes != node.size {
        // Old versions of restic recorded the size before reading, not what they read. The content
        // is what it is; only the number beside it is wrong.
        let message =
            format!("its size is recorded as {} bytes, its content has {bytes}", node.size);
        problem(FindingKind::Note, &message);
    }
}
