//! Whether a file has to be read again.

use crate::monitor::Change;
use crate::tree::{Node, NodeKind};

/// What proves that a file is as it was in the parent snapshot (restic's rules).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ChangeRules {
    /// The time of the last metadata change proves nothing (some file systems make it up).
    pub(super) ignore_ctime: bool,
    /// Inode numbers prove nothing (some file systems number anew at each mount); neither does the
    /// time of the last metadata change then.
    pub(super) ignore_inode: bool,
}

impl ChangeRules {
    /// True if the file's content need not be read: size and times are as they were.
    pub(super) fn is_unchanged(self, node: &Node, previous: &Node) -> bool {
        previous.kind == NodeKind::File
            && node.kind == NodeKind::File
            && node.size == previous.size
            && node.modified.same_moment(&previous.modified)
            && (self.ignores_ctime() || node.changed.same_moment(&previous.changed))
            && (self.ignore_inode || node.inode == previous.inode)
    }

    fn ignores_ctime(self) -> bool {
        self.ignore_ctime || self.ignore_inode
    }
}

/// True if nothing about two entries differs, moments compared as moments.
pub(crate) fn same_metadata(a: &Node, b: &Node) -> bool {
    let same_generic = || {
        a.generic_attributes.len() == b.generic_attributes.len()
            && a.generic_attributes.iter().zip(&b.generic_attributes).all(
                |((a_key, a_value), (b_key, b_value))| {
                    a_key == b_key && a_value.get() == b_value.get()
                },
            )
    };
    a.name == b.name
        && a.kind == b.kind
        && a.mode == b.mode
        && a.modified.same_moment(&b.modified)
        && a.accessed.same_moment(&b.accessed)
        && a.changed.same_moment(&b.changed)
        && (a.uid, a.gid) == (b.uid, b.gid)
        && (&a.user, &a.group) == (&b.user, &b.group)
        && (a.inode, a.device_id) == (b.inode, b.device_id)
        && (a.size, a.links, a.device) == (b.size, b.links, b.device)
        && a.link_target == b.link_target
        && a.content == b.content
        && a.subtree == b.subtree
        && a.error == b.error
        && a.extended_attributes == b.extended_attributes
        && same_generic()
}

/// How an entry compares with the one in the parent snapshot.
pub(super) fn change_of(node: &Node, previous: Option<&Node>) -> Change {
    match previous {
        None => Change::New,
        Some(previous) if same_metadata(node, previous) => Change::Unmodified,
        Some(_) => Change::Changed,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::backup::source::{Directory, Reader, SourceOptions};
    use crate::backup::{Backup, BackupOptions, Mode, ParentChoice, Sources};
    use crate::monitor::{Cancellation, Unwatched};
    use crate::testing::{Still, World, identity};
    use crate::time::Time;
    use crate::tree::Tree;

    fn file() -> Node {
        let at = |seconds| Time { seconds, nanoseconds: 5, offset_seconds: 0 };
        Node { size: 10, inode: 7, modified: at(100), changed: at(200), ..Node::default() }
    }

    fn check(rules: ChangeRules, change: impl FnOnce(&mut Node), is_unchanged: bool) {
        let mut now = file();
        change(&mut now);
        assert_eq!(rules.is_unchanged(&now, &file()), is_unchanged);
    }

    #[test]
    fn size_and_times_and_inode_decide_and_nothing_else() {
        let all = ChangeRules::default();
        check(all, |_| {}, true);
        check(all, |node| node.size = 11, false);
        check(all, |node| node.modified.nanoseconds = 6, false);
        check(all, |node| node.changed.nanoseconds = 6, false);
        check(all, |node| node.inode = 8, false);
        check(all, |node| node.kind = NodeKind::Fifo, false);
        check(all, |node| node.mode = 0o777, true);
        check(all, |node| node.modified.offset_seconds = 3600, true);
    }

    #[test]
    fn what_is_ignored_does_not_decide() {
        let ctime = ChangeRules { ignore_ctime: true, ignore_inode: false };
        check(ctime, |node| node.changed.nanoseconds = 6, true);
        check(ctime, |node| node.inode = 8, false);
        let inode = ChangeRules { ignore_ctime: false, ignore_inode: true };
        check(inode, |node| node.changed.nanoseconds = 6, true);
        check(inode, |node| node.inode = 8, true);
        check(inode, |node| node.size = 11, false);
    }

    #[test]
    fn a_file_that_need_not_be_read_is_stored_with_the_metadata_that_it_has_now() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, "on disk").expect("written");
        let mut world = World::new();
        let content = world.data(b"in here");
        let directory = Directory::open(folder.path()).expect("open");
        let entry = || {
            let reader = Reader::new(SourceOptions::new(TimeZone::UTC));
            let mut node = directory.node(&reader, "file".as_ref()).expect("there");
            directory.complete("file".as_ref(), &mut node).expect("read");
            Node { content: Some(vec![content]), ..node }
        };
        let before = world.tree(vec![entry()]);
        let world = world.stored();
        let parent = ParentChoice::This(world.snapshot(before));
        // Neither its size nor its times tell of this.
        let mut permissions = path.metadata().expect("there").permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&path, permissions).expect("set");

        let options = BackupOptions { parent, ignore_ctime: true, ..BackupOptions::default() };
        let job = Backup {
            repository: &world.repository,
            mode: Mode::DryRun,
            identity: &identity(),
            clock: &Still,
            zone: &TimeZone::UTC,
            options: &options,
        };
        let targets = ["./file".into()];
        let sources = Sources::Paths { targets: &targets, working_folder: folder.path() };
        let outcome = job.run(&mut world.index(), sources, &Unwatched, &Cancellation::default());
        let outcome = outcome.expect("backed up");
        assert_eq!(outcome.tree, Tree { nodes: vec![entry()] }.id());
        assert_ne!(outcome.tree, before);
        assert_eq!(outcome.summary.files_unmodified, 1);
    }
}
