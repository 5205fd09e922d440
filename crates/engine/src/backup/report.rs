//! What the walk tells its monitor, and what it counts.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::archive::Archive;
use super::folder::{Folder, Place};
use super::source::{UnreadAttribute, finding_kind};
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
}

impl Archive<'_> {
    /// Reports attributes that could not be read.
    pub(super) fn attributes(&self, path: &Path, completed: io::Result<Vec<UnreadAttribute>>) {
        match completed {
            Ok(unread) => {
                for attribute in unread {
                    self.finding(FindingKind::Note, path, "xattr", attribute.to_string());
                }
            }
            Err(error) => self.find(path, "xattr", &error),
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
        if kind == ItemKind::File {
            let count = match change {
                Change::New => &self.counts.files_new,
                Change::Unmodified => &self.counts.files_unmodified,
                _ => &self.counts.files_changed,
            };
            count.fetch_add(1, Ordering::Relaxed);
            self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        let path = place.path_of(name);
        self.monitor.event(Event::ItemFinished(Item {
            path: &path,
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
