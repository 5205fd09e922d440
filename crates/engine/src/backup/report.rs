//! What the walk tells its monitor, and what it counts.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::archive::Archive;
use super::folder::{Folder, Place};
use super::source::{Unread, finding_kind};
use crate::monitor::{Change, Event, Finding, FindingKind, Item, ItemKind};
use crate::store::Added;

/// How many items there were, by kind and change.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) files_new: AtomicU64,
    pub(super) files_changed: AtomicU64,
    pub(super) files_unmodified: AtomicU64,
    pub(super) folders_new: AtomicU64,
    pub(super) folders_changed: AtomicU64,
    pub(super) folders_unmodified: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) findings: AtomicU64,
    /// What was not read of entries, where one reason holds for many.
    unread: Mutex<BTreeMap<&'static str, UnreadParts>>,
}

/// A part of the metadata that could not be read.
#[derive(Debug)]
struct UnreadParts {
    /// Of how many entries.
    count: u64,
    /// One of them, and why.
    first: PathBuf,
    cause: String,
}

impl Counts {
    fn note_unread(&self, what: &'static str, path: &Path, cause: &io::Error) {
        let mut unread = self.unread.lock();
        let parts = unread.entry(what).or_insert_with(|| UnreadParts {
            count: 0,
            first: path.to_owned(),
            cause: cause.to_string(),
        });
        parts.count += 1;
    }

    /// What was noted: one entry of each kind, with what it means for all of them.
    fn take_unread(&self) -> Vec<(PathBuf, String)> {
        let unread = std::mem::take(&mut *self.unread.lock());
        let told = unread.into_iter().map(|(what, UnreadParts { count, first, cause })| {
            let entries = if count == 1 { "file or folder" } else { "files and folders" };
            let message = format!(
                "the {what} of {count} {entries} could not be read ({cause}) and are not in the \
                 snapshot; the contents are. A backup that is run as administrator has both"
            );
            (first, message)
        });
        told.collect()
    }
}

impl Archive<'_> {
    /// Reports metadata that could not be read, or notes it for
    /// [`report_unread`](Self::report_unread).
    pub(super) fn attributes(&self, path: &Path, completed: io::Result<Vec<Unread>>) {
        match completed {
            Ok(unread) => {
                for one in unread {
                    match one {
                        Unread::Part { what, source } => {
                            self.counts.note_unread(what, path, &source);
                        }
                        Unread::Attribute { .. } => {
                            self.finding(FindingKind::Note, path, "xattr", one.to_string());
                        }
                    }
                }
            }
            Err(error) => self.find(path, "xattr", &error),
        }
    }

    /// Reports what was not read of any number of entries: once, for the reason is one.
    pub(super) fn report_unread(&self) {
        for (first, message) in self.counts.take_unread() {
            self.finding(FindingKind::Note, &first, "metadata", message);
        }
    }

    pub(super) fn find(&self, path: &Path, during: &'static str, error: &io::Error) {
        self.finding(finding_kind(error), path, during, error.to_string());
    }

    pub(super) fn finding(
        &self,
        kind: FindingKind,
        path: &Path,
        during: &'static str,
        message: String,
    ) {
        if kind != FindingKind::Note {
            self.counts.findings.fetch_add(1, Ordering::Relaxed);
        }
        let path = (!path.as_os_str().is_empty()).then(|| path.to_owned());
        self.monitor.event(Event::Finding(&Finding { kind, path, during, message }));
    }

    /// Reports and counts an entry that is not a folder.
    #[allow(clippy::too_many_arguments, reason = "one each for what is reported")]
    pub(super) fn item(
        &self,
        place: &Place,
        name: &OsStr,
        kind: ItemKind,
        change: Change,
        bytes: u64,
        added: Added,
        begun: Option<Duration>,
    ) {
        place.folder.count(added);
        self.item_at(&place.path_of(name), kind, change, bytes, added, begun);
    }

    /// The same for one whose content was not stored, by its path in the snapshot.
    pub(super) fn item_at(
        &self,
        path: &Path,
        kind: ItemKind,
        change: Change,
        bytes: u64,
        added: Added,
        begun: Option<Duration>,
    ) {
        if kind == ItemKind::File {
            let count = match change {
                Change::New => &self.counts.files_new,
                Change::Unmodified => &self.counts.files_unmodified,
                _ => &self.counts.files_changed,
            };
            count.fetch_add(1, Ordering::Relaxed);
            self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        self.monitor.event(Event::ItemFinished(Item {
            path,
            kind,
            change,
            bytes,
            added_bytes: added.bytes,
            stored_bytes: added.stored_bytes,
            tree_bytes: 0,
            tree_stored_bytes: 0,
            duration: self.since(begun),
        }));
    }

    pub(super) fn folder_item(&self, folder: &Folder, change: Change, tree: Added) {
        let count = match change {
            Change::New => &self.counts.folders_new,
            Change::Unmodified => &self.counts.folders_unmodified,
            _ => &self.counts.folders_changed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let added = folder.added();
        self.monitor.event(Event::ItemFinished(Item {
            path: &folder.path,
            kind: ItemKind::Folder,
            change,
            bytes: 0,
            added_bytes: added.bytes,
            stored_bytes: added.stored_bytes,
            tree_bytes: tree.bytes,
            tree_stored_bytes: tree.stored_bytes,
            duration: self.since(Some(folder.begun)),
        }));
    }

    fn since(&self, begun: Option<Duration>) -> Duration {
        begun.map_or(Duration::ZERO, |begun| self.clock.awake().saturating_sub(begun))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_for_many_files_is_told_once_with_a_count() {
        let counts = Counts::default();
        for path in ["/a", "/b", "/c"] {
            counts.note_unread("access rights", Path::new(path), &io::Error::other("denied"));
        }
        counts.note_unread("extended attributes", Path::new("/d"), &io::Error::other("broken"));
        let told = |what, of, cause, path: &str| {
            let message = format!(
                "the {what} of {of} could not be read ({cause}) and are not in the snapshot; the \
                 contents are. A backup that is run as administrator has both"
            );
            (PathBuf::from(path), message)
        };
        let rights = told("access rights", "3 files and folders", "denied", "/a");
        let attributes = told("extended attributes", "1 file or folder", "broken", "/d");
        assert_eq!(counts.take_unread(), [rights, attributes]);
        assert!(counts.take_unread().is_empty());
    }
}
