//! What happens to an entry when something stands in its place already.

use super::target::Existing;
use crate::tree::{Node, NodeKind};

/// What happens to files that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overwrite {
    /// They become as they were in the snapshot. What is right already is not written again.
    #[default]
    Always,
    /// The same, but size and time are taken as proof that the content is right.
    IfChanged,
    /// Those that are older than in the snapshot are replaced.
    IfNewer,
    /// They are left alone. Folders that are there get their metadata all the same, as with restic.
    Never,
    /// They are left alone, folders too; what differs is restored beside them, under another name.
    KeepBoth,
}

/// How an entry comes to its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placement {
    /// Nothing is there.
    New,
    /// What is there is replaced.
    Replace,
    /// What is there stays; a further name is found.
    Beside,
    /// The content is right, or written into what is there.
    InPlace,
    /// What is there stays as it is.
    Leave,
}

/// What must be known before an entry's placement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is known.
    Place(Placement),
    /// The contents of two files must be compared: the first placement if they are equal, the
    /// second if not.
    Compare(Placement, Placement),
}

/// Decides for an entry that is not a folder.
pub(super) fn decide(
    overwrite: Overwrite,
    node: &Node,
    existing: Option<&Existing>,
    link_target: impl FnOnce() -> Option<Vec<u8>>,
) -> Decision {
    let Some(existing) = existing else { return Decision::Place(Placement::New) };
    let are_files = node.kind == NodeKind::File && existing.kind == NodeKind::File;
    let is_newer = node.modified.cmp_moment(&existing.modified).is_gt();
    match overwrite {
        Overwrite::Never => Decision::Place(Placement::Leave),
        Overwrite::IfNewer if !is_newer => Decision::Place(Placement::Leave),
        Overwrite::KeepBoth if are_files => Decision::Compare(Placement::Leave, Placement::Beside),
        Overwrite::KeepBoth => {
            let is_equal = node.kind == existing.kind
                && (node.kind != NodeKind::Symlink
                    || link_target().is_some_and(|target| target == node.link_target));
            Decision::Place(if is_equal { Placement::Leave } else { Placement::Beside })
        }
        Overwrite::IfChanged if are_files && looks_unchanged(node, existing) => {
            Decision::Place(Placement::InPlace)
        }
        // Other names of the same file must not change with this one.
        _ if are_files && existing.links > 1 && node.links <= 1 => {
            Decision::Compare(Placement::Replace, Placement::Replace)
        }
        _ if are_files => Decision::Compare(Placement::InPlace, Placement::Replace),
        _ => Decision::Place(Placement::Replace),
    }
}

/// True if size and time agree.
pub(super) fn looks_unchanged(node: &Node, existing: &Existing) -> bool {
    existing.size == node.size && node.modified.same_moment(&existing.modified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    fn at(seconds: i64) -> Time {
        Time { seconds, ..Time::default() }
    }

    #[test]
    fn each_mode_decides_by_what_is_there() {
        use Decision::{Compare, Place};
        use Placement::{Beside, InPlace, Leave, New, Replace};
        let node = Node { size: 5, modified: at(100), links: 1, ..Node::default() };
        let file = |modified, size, links| Existing {
            kind: NodeKind::File,
            size,
            modified: at(modified),
            links,
            inode: 1,
            device_id: 1,
        };
        let link = Existing { kind: NodeKind::Symlink, ..file(100, 5, 1) };
        for (overwrite, existing, expected) in [
            (Overwrite::Always, None, Place(New)),
            (Overwrite::Never, None, Place(New)),
            (Overwrite::Always, Some(file(100, 5, 1)), Compare(InPlace, Replace)),
            (Overwrite::Always, Some(file(100, 5, 2)), Compare(Replace, Replace)),
            (Overwrite::Always, Some(link), Place(Replace)),
            (Overwrite::IfChanged, Some(file(100, 5, 1)), Place(InPlace)),
            (Overwrite::IfChanged, Some(file(100, 6, 1)), Compare(InPlace, Replace)),
            (Overwrite::IfNewer, Some(file(100, 6, 1)), Place(Leave)),
            (Overwrite::IfNewer, Some(file(99, 6, 1)), Compare(InPlace, Replace)),
            (Overwrite::Never, Some(file(1, 1, 1)), Place(Leave)),
            (Overwrite::KeepBoth, Some(file(1, 1, 1)), Compare(Leave, Beside)),
            (Overwrite::KeepBoth, Some(link), Place(Beside)),
        ] {
            let decision = decide(overwrite, &node, existing.as_ref(), || None);
            assert_eq!(decision, expected, "{overwrite:?} {existing:?}");
        }
    }
}
