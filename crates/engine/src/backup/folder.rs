//! Folders whose entries are being worked on.
//!
//! A [`Folder`] collects its entries, each already encoded, in any order. Whoever brings the last one
//! makes the tree, stores it and brings the folder to its own parent: nobody ever waits for a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

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
    entries: Mutex<Vec<Vec<u8>>>,
    /// Entries that are still to come, and one for who is handing them out.
    left: AtomicUsize,
    added: Mutex<Added>,
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
            entries: Mutex::new(vec![Vec::new(); names]),
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
        self.entries.lock()[number] = entry;
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

    /// The tree's JSON. Names that brought no entry (excluded, vanished, unreadable) are left out.
    pub(super) fn take_tree(&self) -> Vec<u8> {
        let entries = std::mem::take(&mut *self.entries.lock());
        let bytes: usize = entries.iter().map(|entry| entry.len() + 1).sum();
        let mut json = Vec::with_capacity(bytes + 16);
        json.extend_from_slice(TREE_PREFIX);
        for (nth, entry) in entries.iter().filter(|entry| !entry.is_empty()).enumerate() {
            if nth > 0 {
                json.push(b',');
            }
            json.extend_from_slice(entry);
        }
        json.extend_from_slice(TREE_SUFFIX);
        json
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
        assert_eq!(folder.take_tree(), b"{\"nodes\":[{0},{2},{3}]}\n");
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
        assert_eq!(folder.take_tree(), b"{\"nodes\":[]}\n");
    }
}
