//! What is in a folder: looked at, judged by the rules, handed out.

use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use super::archive::{Archive, FolderJob, Opening, Worker};
use super::exclude::{FolderMarkers, Judgement};
use super::folder::{Folder, Place};
use super::previous::Likeness;
use super::source::{Directory, name_bytes};
use crate::id::TreeId;
use crate::monitor::FindingKind;
use crate::store::StoreError;
use crate::tree::{Node, NodeKind};

/// An entry that is not excluded.
pub(super) struct Kept<'a> {
    /// Its name in its folder.
    pub(super) name: &'a OsStr,
    pub(super) node: Node,
    pub(super) judgement: Judgement,
    /// The same in the parent snapshot.
    pub(super) previous: Option<Node>,
    /// Whether all of its metadata was read.
    pub(super) is_complete: bool,
    pub(super) place: Place,
}

impl Archive<'_> {
    pub(super) fn folder_entries(
        &self,
        folder: &Arc<Folder>,
        directory: &Arc<Directory>,
        names: &[OsString],
        previous: Option<TreeId>,
        device: u64,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let mut previous = self.previous_of(folder, previous);
        let markers = self.markers_of(directory);
        let mut folders = Vec::new();
        for (number, name) in names.iter().enumerate() {
            if self.cancel.is_cancelled() {
                return Err(StoreError::Stopped);
            }
            if markers.exclude(name) || self.is_repeated(directory, names, number) {
                continue;
            }
            let kept = self.kept_node(directory, name, device);
            let Some((mut node, judgement)) = kept else { continue };
            let likeness = self.likeness(directory, name, &mut node, &mut previous, folder);
            let is_complete = match likeness {
                Likeness::Same(at) => {
                    folder.put_as_before(number, at);
                    continue;
                }
                Likeness::Unknown { is_complete } => is_complete,
            };
            let before = previous.take(name_bytes(name));
            let place = folder.expect(number);
            let kept = Kept { name, node, judgement, previous: before, is_complete, place };
            folders.extend(self.kept_entry(directory, kept, device, worker)?);
        }
        self.end_of(previous);
        self.queue.push_folders(folders.into_iter());
        Ok(())
    }

    /// Takes an entry that is not excluded; returns a folder, which is to be read later.
    pub(super) fn kept_entry(
        &self,
        directory: &Arc<Directory>,
        kept: Kept<'_>,
        device: u64,
        worker: &mut Worker,
    ) -> Result<Option<FolderJob>, StoreError> {
        if kept.node.kind != NodeKind::Folder {
            self.entry(directory, kept, worker)?;
        } else if kept.judgement == Judgement::IncludedEmpty {
            self.mount_point(directory, kept, worker)?;
        } else {
            let Kept { name, node, previous, place, .. } = kept;
            let opening = Opening::In(Arc::clone(directory), name.to_owned());
            return Ok(Some(FolderJob { opening, node, previous, place, device }));
        }
        Ok(None)
    }

    /// The files in a folder that exclude what lies beside them.
    pub(super) fn markers_of(&self, directory: &Directory) -> FolderMarkers<'_> {
        let markers = self.rules.markers_in(directory, &self.reader);
        for marker in &markers.doubtful {
            let cause = marker.source.as_ref().map(ToString::to_string);
            let message = cause.unwrap_or_else(|| "it does not begin as a marker does".to_owned());
            self.finding(FindingKind::Note, &directory.path().join(&marker.name), "open", message);
        }
        markers
    }

    /// File systems with errors list a name twice (restic #3937); it is stored once.
    fn is_repeated(&self, directory: &Directory, names: &[OsString], number: usize) -> bool {
        let is_repeated = number > 0 && names[number - 1] == names[number];
        if is_repeated {
            let path = directory.path().join(&names[number]);
            let message = "the file system lists this name twice".to_owned();
            self.finding(FindingKind::Note, &path, "archival", message);
        }
        is_repeated
    }

    /// What an entry is, unless it is excluded or cannot be looked at.
    pub(super) fn kept_node(
        &self,
        directory: &Directory,
        name: &OsStr,
        device: u64,
    ) -> Option<(Node, Judgement)> {
        let path = || directory.path().join(name);
        if self.rules.has_patterns() && self.rules.excludes_path(name_bytes(path().as_os_str())) {
            return None;
        }
        let node = match directory.node(&self.reader, name) {
            Ok(node) => node,
            // Gone since the folder was listed, which is nobody's fault.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.find(&path(), "lstat", &error);
                return None;
            }
        };
        let is_in_the_cloud = || match directory.is_online_only(name, &node) {
            Ok(is_it) => is_it,
            Err(error) => {
                self.find(&path(), "lstat", &error);
                false
            }
        };
        match self.rules.judge(&node, device) {
            Judgement::Excluded => None,
            _ if self.rules.exclude_online_only() && is_in_the_cloud() => None,
            judgement => Some((node, judgement)),
        }
    }

    /// A folder that another file system is mounted on is kept, empty.
    fn mount_point(
        &self,
        directory: &Arc<Directory>,
        kept: Kept<'_>,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let Kept { name, mut node, previous, place, .. } = kept;
        self.complete(directory, name, &mut node);
        let path = place.path_of(name);
        let empty = Folder::new(path, Some(place), node, previous, 0, self.clock.awake());
        self.arrived(&empty, worker)
    }
}
