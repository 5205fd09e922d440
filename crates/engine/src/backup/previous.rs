//! A folder's entries in the parent snapshot, read in step with the folder's names.
//!
//! An entry that is as it was is not even decoded: it is written as it would be stored, which gives the
//! very bytes that stand in the parent snapshot's tree. Whatever differs in a byte, because it changed
//! or because another program wrote it, is decoded and compared.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::archive::Archive;
use super::folder::{Folder, TreeBefore};
use super::source::Directory;
use crate::blob::BlobKind;
use crate::id::{BlobId, TreeId};
use crate::monitor::{Change, Event, FindingKind, ItemKind};
use crate::store::Added;
use crate::tree::{Node, NodeKind, Nodes};

/// The entries of a folder in the parent snapshot, taken in the order of their names.
#[derive(Default)]
pub(super) struct Previous<'a> {
    /// Those that are still to be read; none if the tree could not be.
    nodes: Option<Nodes<'a>>,
    /// One that was read and not yet taken.
    next: Option<Node>,
    /// What was wrong with the tree.
    failure: Option<String>,
    text: Vec<u8>,
    content: Vec<BlobId>,
}

/// How an entry compares with the parent snapshot's by its text.
pub(super) enum Likeness {
    /// It is as it was, and its text stands there.
    Same(Range<usize>),
    /// It has to be looked at closely.
    Unknown {
        /// Whether all of its metadata was read.
        is_complete: bool,
    },
}

impl Previous<'_> {
    /// The entry with this name. Names must be asked for in ascending order.
    pub(super) fn take(&mut self, name: &[u8]) -> Option<Node> {
        loop {
            let next = match self.next.take() {
                Some(next) => next,
                None => self.read()?,
            };
            match next.name.as_slice().cmp(name) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => return Some(next),
                std::cmp::Ordering::Greater => {
                    self.next = Some(next);
                    return None;
                }
            }
        }
    }

    fn read(&mut self) -> Option<Node> {
        self.nodes.as_mut()?.next().unwrap_or_else(|error| {
            self.failure = Some(error.to_string());
            None
        })
    }

    /// Writes the first part of the node's text; true if the next entry's begins so.
    fn begins_like(&mut self, node: &Node) -> bool {
        let (Some(nodes), None) = (&self.nodes, &self.next) else { return false };
        self.text.clear();
        node.encode_looked_at(&mut self.text);
        nodes.begins_with(&self.text)
    }

    /// Writes the rest; says where the next entry stands if that is all of its text, but for a file's
    /// content, which is kept.
    fn is_like(&mut self, node: &Node) -> Option<Range<usize>> {
        let nodes = self.nodes.as_ref()?;
        node.encode_completed(&mut self.text);
        if node.kind == NodeKind::File {
            return nodes.is_next_but_for_content(&self.text, &mut self.content);
        }
        node.encode_stored(&mut self.text);
        nodes.is_next(&self.text)
    }

    fn pass(&mut self, node: &Node, at: &Range<usize>) {
        if let Some(nodes) = &mut self.nodes {
            nodes.pass(&node.name, at);
        }
    }
}

impl Archive<'_> {
    /// The folder's entries in the parent snapshot, where its tree has this id.
    pub(super) fn previous_of<'f>(
        &self,
        folder: &'f Arc<Folder>,
        id: Option<TreeId>,
    ) -> Previous<'f> {
        let Some(id) = id else { return Previous::default() };
        let json = match self.store.read_indexed(BlobKind::Tree, id.into()) {
            Ok(json) => json,
            Err(error) => {
                self.store.distrust_packs_of(BlobKind::Tree, &id.into());
                self.find_damaged_tree(&error.to_string());
                return Previous::default();
            }
        };
        match Nodes::of(&folder.keep_before(TreeBefore { id, json }).json) {
            Ok(nodes) => Previous { nodes: Some(nodes), ..Previous::default() },
            Err(error) => {
                self.find_damaged_tree(&error.to_string());
                Previous::default()
            }
        }
    }

    /// Reads the entries that no name asked for: something may be wrong there, too.
    pub(super) fn end_of(&self, mut previous: Previous<'_>) {
        while previous.read().is_some() {}
        if let Some(message) = previous.failure {
            self.find_damaged_tree(&message);
        }
    }

    fn find_damaged_tree(&self, message: &str) {
        // What cannot be read of it is read from the source and stored again, which mends the
        // repository.
        let message = format!("the parent snapshot's folder cannot be read: {message}");
        self.finding(FindingKind::Damaged, Path::new(""), "archival", message);
    }

    /// Whether an entry is as it was, and the repository has its content. If so it is reported, and
    /// passed over in `previous`.
    pub(super) fn likeness(
        &self,
        directory: &Directory,
        name: &OsStr,
        node: &mut Node,
        previous: &mut Previous<'_>,
        folder: &Folder,
    ) -> Likeness {
        let unlike = |is_complete| Likeness::Unknown { is_complete };
        let kind = match node.kind {
            NodeKind::Folder | NodeKind::Socket | NodeKind::Irregular => return unlike(false),
            NodeKind::File => ItemKind::File,
            _ => ItemKind::Other,
        };
        if !previous.begins_like(node) {
            return unlike(false);
        }
        self.complete(directory, name, node);
        let Some(at) = previous.is_like(node) else { return unlike(true) };
        let bytes = if kind == ItemKind::File { node.size } else { 0 };
        if kind == ItemKind::File {
            if !self.has_content(Some(&previous.content)) {
                return unlike(true);
            }
            self.monitor.event(Event::Bytes(bytes));
        }
        previous.pass(node, &at);
        let path = folder.path.join(name);
        self.item_at(&path, kind, Change::Unmodified, bytes, Added::default(), None);
        Likeness::Same(at)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::backup::source::{Reader, SourceOptions};
    use crate::backup::{Backup, BackupOptions, Mode, ParentChoice, Sources};
    use crate::monitor::{Cancellation, Finding, Monitor};
    use crate::testing::{Still, World, identity};
    use crate::tree::Tree;

    #[derive(Default)]
    struct Findings(parking_lot::Mutex<Vec<String>>);

    impl Monitor for Findings {
        fn event(&self, event: Event<'_>) {
            if let Event::Finding(Finding { message, .. }) = event {
                self.0.lock().push(message.clone());
            }
        }
    }

    /// Backs up a folder of three files whose parent snapshot has, for the folder, what `written` makes
    /// of its tree. Whatever that is, the tree comes out as it has to be.
    #[track_caller]
    fn check(written: impl Fn(&str) -> String, files_unmodified: u64, findings: usize) {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut world, inside) = (World::new(), folder.path().join("inside"));
        let reader = Reader::new(SourceOptions::new(TimeZone::UTC));
        let node_of = |directory: &Directory, name: &str| {
            let mut node = directory.node(&reader, name.as_ref()).expect("there");
            directory.complete(name.as_ref(), &mut node).expect("read");
            node
        };
        std::fs::create_dir(&inside).expect("made");
        let mut nodes = Vec::new();
        for name in ["a", "b", "c"] {
            std::fs::write(inside.join(name), name).expect("written");
            let node = node_of(&Directory::open(&inside).expect("open"), name);
            nodes.push(Node { content: Some(vec![world.data(name.as_bytes())]), ..node });
        }
        let expected = Tree { nodes };
        let node = node_of(&Directory::open(folder.path()).expect("open"), "inside");
        let root = |subtree| vec![Node { subtree: Some(subtree), ..node.clone() }];

        let text = String::from_utf8(expected.encode()).expect("names are text");
        let before = world.raw_tree(written(&text).as_bytes());
        let before = world.tree(root(before));
        let world = world.stored();
        let parent = ParentChoice::This(world.snapshot(before));
        let options = BackupOptions { parent, ..BackupOptions::default() };
        let job = Backup {
            repository: &world.repository,
            mode: Mode::DryRun,
            identity: &identity(),
            clock: &Still,
            zone: &TimeZone::UTC,
            options: &options,
        };
        let targets = ["./inside".into()];
        let sources = Sources::Paths { targets: &targets, working_folder: folder.path() };
        let found = Findings::default();
        let outcome = job.run(&mut world.index(), sources, &found, &Cancellation::default());
        let outcome = outcome.expect("backed up");
        let found = found.0.into_inner();
        assert_eq!(found.len(), findings, "{found:?}");
        assert_eq!(outcome.summary.files_unmodified, files_unmodified);
        assert_eq!(outcome.tree, Tree { nodes: root(expected.id()) }.id());
    }

    #[test]
    fn a_tree_as_it_would_be_written_again_is_taken_over() {
        check(str::to_owned, 3, 0);
    }

    #[test]
    fn a_tree_that_was_written_otherwise_is_read_and_written_as_it_has_to_be() {
        let replaced = |from: &'static str, by: &'static str| {
            check(
                move |text| {
                    assert!(text.contains(from));
                    text.replace(from, by)
                },
                3,
                0,
            );
        };
        replaced("},{", "}, {");
        replaced("},{", "} ,{");
        replaced(r#""content":[""#, r#""content":[ ""#);
        replaced(r#""]}"#, r#"" ]}"#);
        replaced(r#""]}"#, r#""] }"#);
        replaced(r#"{"nodes":["#, r#"{ "nodes":["#);
        replaced(r#"{"nodes":["#, r#"{"first":1,"nodes":["#);
        replaced(r#"{"name":"b","type":"file""#, r#"{"type":"file","name":"b""#);
        replaced(r#","content""#, r#","strange":1,"content""#);
        replaced(r#""]}"#, r#""],"strange":{}}"#);
        replaced("]}\n", "],\"last\":1}\n");
        replaced("]}\n", "]}");
        replaced("Z\"", "+00:00\"");
    }

    #[test]
    fn what_cannot_be_read_of_a_tree_is_told_and_its_files_are_stored_anew() {
        let until = |text: &str, end: &str| text[..text.find(end).expect("there")].to_owned();
        check(|text| until(text, r#"{"name":"c""#), 2, 1);
        check(|text| until(text, r#"{"name":"b""#), 1, 1);
        check(|_| "{".to_owned(), 0, 1);
        check(|text| format!("{text}more"), 3, 1);
        check(|text| text.replace(r#""name":"a""#, r#""name":"x""#), 0, 1);
        check(|text| text.replace(r#""name":"c""#, r#""name":"a""#), 2, 1);
    }

    #[test]
    fn files_that_the_tree_does_not_have_are_new() {
        check(|_| r#"{"nodes":null}"#.to_owned(), 0, 0);
        check(|text| text.replace(r#""name":"c""#, r#""name":"d""#), 2, 0);
    }
}
