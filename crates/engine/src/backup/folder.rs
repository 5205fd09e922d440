//! Folders whose entries are being worked on.
//!
//! A [`Folder`] collects its entries, each already encoded, in any order. Whoever brings the last one
//! makes the tree, stores it and brings the folder to its own parent: nobody ever waits for a folder.
//!
//! The text of an entry that is as it was stays where it is, in the parent snapshot's tree. If all of
//! that tree comes together again, byte for byte, its id is known.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use crate::id::TreeId;
use crate::store::Added;
use crate::tree::{Node, TREE_PREFIX, TREE_SUFFIX};

/// A folder of the snapshot in the making.
pub(super) struct Folder {
    /// Its path in the snapshot.
    pub(super) path: PathBuf,
    /// Where it goes; `None` for the snapshot's root.
    pub(super) place: Option<Place>,
    /// Its own metadata; of no meaning for the root.
    pub(super) node: Node,
    /// The same folder in the parent snapshot.
    pub(super) previous: Option<Node>,
    /// When it was begun.
    pub(super) begun: Duration,
    /// Its tree in the parent snapshot, once it was read.
    before: OnceLock<TreeBefore>,
    entries: Mutex<Vec<Entry>>,
    /// Entries that are still to come, and one for who is handing them out.
    left: AtomicUsize,
    added: Mutex<Added>,
}

/// A folder's tree in the parent snapshot.
pub(super) struct TreeBefore {
    pub(super) id: TreeId,
    /// What the id is the sum of.
    pub(super) json: Vec<u8>,
}

/// What was brought for a name: the text of an entry.
#[derive(Clone)]
enum Entry {
    /// Nothing.
    None,
    Made(Vec<u8>),
    /// It stands here in the tree of the parent snapshot.
    Before(Range<usize>),
}

/// An entry's place: its folder, and its number among the folder's names.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) folder: Arc<Folder>,
    pub(super) number: usize,
}

impl Folder {
    /// A folder with so many names, none of which has brought its entry yet.
    pub(super) fn new(
        path: PathBuf,
        place: Option<Place>,
        node: Node,
        previous: Option<Node>,
        names: usize,
        begun: Duration,
    ) -> Arc<Self> {
        Arc::new(Self {
            path,
            place,
            node,
            previous,
            begun,
            before: OnceLock::new(),
            entries: Mutex::new(vec![Entry::None; names]),
            left: AtomicUsize::new(1),
            added: Mutex::default(),
        })
    }

    /// The place of the entry with this number, which is now to be waited for.
    pub(super) fn expect(self: &Arc<Self>, number: usize) -> Place {
        self.left.fetch_add(1, Ordering::Relaxed);
        Place { folder: Arc::clone(self), number }
    }

    /// Takes an entry that need not be waited for.
    pub(super) fn put(&self, number: usize, entry: Vec<u8>) {
        self.entries.lock()[number] = Entry::Made(entry);
    }

    /// Takes an entry that need not be waited for and stands there in the tree that was
    /// [kept](Self::keep_before).
    pub(super) fn put_as_before(&self, number: usize, at: Range<usize>) {
        self.entries.lock()[number] = Entry::Before(at);
    }

    /// Keeps the folder's tree in the parent snapshot, whose JSON is known to be what its id says, and
    /// gives it back.
    pub(super) fn keep_before(&self, before: TreeBefore) -> &TreeBefore {
        self.before.get_or_init(|| before)
    }

    /// True for the one call after which nothing is to come any more. Called once for each
    /// [`expect`](Self::expect), and once when all names were handed out.
    #[must_use]
    pub(super) fn arrived(&self) -> bool {
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Counts what storing an entry's content came to.
    pub(super) fn count(&self, added: Added) {
        *self.added.lock() += added;
    }

    /// What storing its files' contents came to.
    pub(super) fn added(&self) -> Added {
        *self.added.lock()
    }

    /// The tree's id and JSON. Names that brought no entry (excluded, vanished, unreadable) are left
    /// out.
    pub(super) fn take_tree(&self) -> (TreeId, Cow<'_, [u8]>) {
        let entries = std::mem::take(&mut *self.entries.lock());
        let before = self.before.get();
        if let Some(before) = before.filter(|before| before.is_made_of(&entries)) {
            return (before.id, Cow::Borrowed(&before.json));
        }
        let texts = || entries.iter().filter_map(|entry| entry.text(before));
        let bytes: usize = texts().map(|text| text.len() + 1).sum();
        let mut json = Vec::with_capacity(bytes + 16);
        json.extend_from_slice(TREE_PREFIX);
        for (nth, text) in texts().enumerate() {
            if nth > 0 {
                json.push(b',');
            }
            json.extend_from_slice(text);
        }
        json.extend_from_slice(TREE_SUFFIX);
        (TreeId::of(&json), Cow::Owned(json))
    }
}

impl Entry {
    fn text<'a>(&'a self, before: Option<&'a TreeBefore>) -> Option<&'a [u8]> {
        match self {
            Self::None => None,
            Self::Made(text) => Some(text),
            Self::Before(at) => before.map(|before| &before.json[at.clone()]),
        }
    }
}

impl TreeBefore {
    /// True if its JSON is what these entries would be written as.
    fn is_made_of(&self, entries: &[Entry]) -> bool {
        let json = self.json.as_slice();
        if !json.starts_with(TREE_PREFIX) {
            return false;
        }
        let (mut at, mut is_first) = (TREE_PREFIX.len(), true);
        for entry in entries.iter().filter(|entry| !matches!(entry, Entry::None)) {
            if !std::mem::take(&mut is_first) {
                if json.get(at) != Some(&b',') {
                    return false;
                }
                at += 1;
            }
            let (is_here, length) = match entry {
                Entry::Before(range) => (range.start == at, range.len()),
                Entry::Made(text) => (json[at..].starts_with(text), text.len()),
                Entry::None => (true, 0),
            };
            if !is_here {
                return false;
            }
            at += length;
        }
        json[at..] == *TREE_SUFFIX
    }
}

impl Drop for Folder {
    /// Lets the folders above go one after the other: each would drop the next one inside its own
    /// drop, and folders can lie deeper than there is stack.
    fn drop(&mut self) {
        let mut above = self.place.take();
        while let Some(mut folder) = above.and_then(|place| Arc::into_inner(place.folder)) {
            above = folder.place.take();
        }
    }
}

impl Place {
    /// The path in the snapshot of an entry with this name at this place.
    pub(super) fn path_of(&self, name: &std::ffi::OsStr) -> PathBuf {
        self.folder.path.join(Path::new(name))
    }

    /// The same for a name's bytes, shown as well as can be where they are no text.
    pub(super) fn path_of_bytes(&self, name: &[u8]) -> PathBuf {
        match super::source::os_name(name) {
            Some(name) => self.path_of(&name),
            None => self.path_of(String::from_utf8_lossy(name).as_ref().as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_any_order_and_the_tree_has_them_in_theirs() {
        let folder = Folder::new("/".into(), None, Node::default(), None, 4, Duration::ZERO);
        let places = [folder.expect(2), folder.expect(0)];
        folder.put(3, b"{3}".to_vec());
        assert!(!folder.arrived());
        for place in &places {
            place.folder.put(place.number, format!("{{{}}}", place.number).into_bytes());
        }
        assert!(!folder.arrived());
        assert!(folder.arrived());
        let (id, json) = folder.take_tree();
        assert_eq!(*json, *b"{\"nodes\":[{0},{2},{3}]}\n");
        assert_eq!(id, TreeId::of(&json));
    }

    #[test]
    fn folders_deeper_than_any_stack_are_let_go() {
        let new = |place| Folder::new("/".into(), place, Node::default(), None, 1, Duration::ZERO);
        let mut folder = new(None);
        for _ in 0..300_000 {
            folder = new(Some(folder.expect(0)));
        }
        drop(folder);
    }

    #[test]
    fn an_empty_folder_has_restics_empty_tree() {
        let folder = Folder::new("/".into(), None, Node::default(), None, 2, Duration::ZERO);
        assert_eq!(*folder.take_tree().1, *b"{\"nodes\":[]}\n");
    }

    #[test]
    fn a_tree_has_the_id_that_it_had_if_and_only_if_it_is_the_same_byte_for_byte() {
        // What the tree was; which entries are as before; the others; whether all is as it was.
        let check = |before: &[u8],
                     as_before: &[(usize, Range<usize>)],
                     made: &[(usize, &str)],
                     is_same| {
            let folder = Folder::new("/".into(), None, Node::default(), None, 4, Duration::ZERO);
            // No sum of anything, so that it is told from one that was computed.
            let id = TreeId::from_bytes([7; 32]);
            folder.keep_before(TreeBefore { id, json: before.to_vec() });
            let mut texts = vec![None; 4];
            for (number, at) in as_before {
                folder.put_as_before(*number, at.clone());
                texts[*number] = Some(before[at.clone()].to_vec());
            }
            for (number, text) in made {
                folder.put(*number, text.as_bytes().to_vec());
                texts[*number] = Some(text.as_bytes().to_vec());
            }
            let texts: Vec<_> = texts.into_iter().flatten().collect();
            let expected = [TREE_PREFIX, &texts.join(&b','), TREE_SUFFIX].concat();
            let (made_id, json) = folder.take_tree();
            assert_eq!(*json, *expected);
            assert_eq!(expected == before, is_same);
            assert_eq!(made_id, if is_same { id } else { TreeId::of(&expected) });
        };
        let two = b"{\"nodes\":[{a},{b}]}\n";
        check(two, &[(0, 10..13), (3, 14..17)], &[], true);
        check(two, &[(0, 10..13)], &[(2, "{b}")], true);
        check(two, &[], &[(0, "{a}"), (1, "{b}")], true);
        check(two, &[(0, 10..13)], &[], false);
        check(two, &[(1, 14..17)], &[], false);
        check(two, &[(0, 10..13), (1, 14..17)], &[(2, "{c}")], false);
        check(two, &[(0, 10..13)], &[(1, "{c}")], false);
        check(two, &[], &[(0, "{a},{b}")], true);
        check(b"{\"nodes\":[{a}, {b}]}\n", &[(0, 10..13), (1, 15..18)], &[], false);
        check(b"{\"nodes\":[{a}]}", &[(0, 10..13)], &[], false);
        check(b"{\"nodes\": [{a}]}\n", &[(0, 11..14)], &[], false);
        check(b"{\"nodes\":[]}\n", &[], &[], true);
        check(b"{\"nodes\":null}\n", &[], &[], false);
    }
}
