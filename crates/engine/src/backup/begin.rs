//! The top of the walk: targets, the folders that lead to them, and streams.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::archive::{Archive, FolderJob, Opening, Worker};
use super::entries::Kept;
use super::exclude::{FolderMarkers, Judgement};
use super::folder::{Folder, Place};
use super::source::{Directory, name_bytes, node_of_ancestor, node_of_path};
use super::targets::{Child, Top};
use crate::id::TreeId;
use crate::identity::Identity;
use crate::store::StoreError;
use crate::time::Time;
use crate::tree::{Node, NodeKind, mode};

/// A folder that was named by dots only, so that rules apply to what is in it.
struct Inside<'a> {
    directory: Arc<Directory>,
    markers: FolderMarkers<'a>,
    /// The device that it lies on.
    device: u64,
}

impl Inside<'_> {
    fn is(&self, path: &Path) -> bool {
        self.directory.path() == path
    }
}

impl Archive<'_> {
    /// Hands out what is below the root, for [`run`](Self::run) to begin with. `previous` is the
    /// root of the parent snapshot.
    pub(super) fn begin(&self, top: &Top, previous: Option<TreeId>, worker: &mut Worker) {
        let root = Folder::new(
            PathBuf::from("/"),
            None,
            Node::default(),
            None,
            top.children.len(),
            self.clock.awake(),
        );
        if let Err(error) = self.begin_below(&root, top, previous, worker) {
            self.fail(error);
        }
    }

    fn begin_below(
        &self,
        folder: &Arc<Folder>,
        top: &Top,
        previous: Option<TreeId>,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let mut previous = self.previous_of(folder, previous);
        let mut inside = None;
        for (number, (name, child)) in top.children.iter().enumerate() {
            let before = previous.take(name_bytes(name));
            match child {
                Child::Target(path) => {
                    let place = folder.expect(number);
                    self.target(path, name, before, place, worker)?;
                }
                Child::Entry(path) => {
                    let parent = path.parent().unwrap_or(path);
                    if !inside.as_ref().is_some_and(|inside: &Inside<'_>| inside.is(parent)) {
                        inside = self.inside(parent);
                    }
                    if let Some(inside) = &inside {
                        self.entry_of(inside, path, name, before, (folder, number), worker)?;
                    }
                }
                Child::Way { path, top } => {
                    let mut node = match node_of_ancestor(&self.reader, path) {
                        Ok(node) => node,
                        Err(error) => {
                            self.find(path, "lstat", &error);
                            continue;
                        }
                    };
                    node.name = name_bytes(name).to_vec();
                    let place = folder.expect(number);
                    let subtree = before.as_ref().and_then(|node| node.subtree);
                    let below = Folder::new(
                        place.path_of(name),
                        Some(place),
                        node,
                        before,
                        top.children.len(),
                        self.clock.awake(),
                    );
                    self.begin_below(&below, top, subtree, worker)?;
                }
            }
        }
        self.end_of(previous);
        self.arrived(folder, worker)
    }

    /// Hands out a stream as the only file of the snapshot, at this path, and the folders that lead
    /// to it, for [`run`](Self::run) to begin with.
    pub(super) fn begin_stream(
        &self,
        path: &Path,
        stream: &mut (dyn io::Read + Send),
        time: Time,
        identity: &Identity,
        worker: &mut Worker,
    ) {
        let begun = self.clock.awake();
        let node = |name: &OsStr, kind, mode| Node {
            name: name_bytes(name).to_vec(),
            kind,
            mode,
            modified: time,
            accessed: time,
            changed: time,
            uid: identity.uid,
            gid: identity.gid,
            user: identity.username.as_str().into(),
            ..Node::default()
        };
        let mut folder = Folder::new("/".into(), None, Node::default(), None, 1, begun);
        let mut open = vec![Arc::clone(&folder)];
        let mut names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        let file_name = names.next_back().unwrap_or(OsStr::new("stdin"));
        for name in names {
            let place = folder.expect(0);
            let node = node(name, NodeKind::Folder, mode::FOLDER | 0o755);
            folder = Folder::new(place.path_of(name), Some(place), node, None, 1, begun);
            open.push(Arc::clone(&folder));
        }
        let file = node(file_name, NodeKind::File, 0o644);
        let stored = self
            .stream(stream, file, folder.expect(0), worker)
            .and_then(|()| open.iter().rev().try_for_each(|open| self.arrived(open, worker)));
        if let Err(error) = stored {
            self.fail(error);
        }
    }

    /// A folder that was named by dots only.
    fn inside(&self, path: &Path) -> Option<Inside<'_>> {
        let opened = Directory::open(path)
            .and_then(|directory| Ok((directory, node_of_path(&self.reader, path)?)));
        match opened {
            Ok((directory, node)) => Some(Inside {
                markers: self.markers_of(&directory),
                directory: Arc::new(directory),
                device: node.device_id,
            }),
            Err(error) => {
                self.find(path, "open", &error);
                None
            }
        }
    }

    /// An entry of such a folder, which may be excluded as any entry.
    fn entry_of(
        &self,
        inside: &Inside<'_>,
        path: &Path,
        name: &OsStr,
        previous: Option<Node>,
        (folder, number): (&Arc<Folder>, usize),
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let Inside { directory, markers, device } = inside;
        let found_as = path.file_name().unwrap_or_default();
        if markers.exclude(found_as) {
            return Ok(());
        }
        let Some((mut node, judgement)) = self.kept_node(directory, found_as, *device) else {
            return Ok(());
        };
        node.name = name_bytes(name).to_vec();
        let (name, place) = (found_as, folder.expect(number));
        let kept = Kept { name, node, judgement, previous, is_complete: false, place };
        if let Some(job) = self.kept_entry(directory, kept, *device, worker)? {
            self.queue.push_folders(std::iter::once(job));
        }
        Ok(())
    }

    /// A target itself: never excluded, whatever the rules say.
    fn target(
        &self,
        path: &Path,
        name: &OsStr,
        previous: Option<Node>,
        place: Place,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let mut node = match node_of_path(&self.reader, path) {
            Ok(node) => node,
            Err(error) => {
                self.find(path, "lstat", &error);
                return self.leave_out(&place, worker);
            }
        };
        node.name = name_bytes(name).to_vec();
        if node.kind == NodeKind::Folder {
            let device = node.device_id;
            let opening = Opening::At(path.to_owned());
            let job = FolderJob { opening, node, previous, place, device };
            self.queue.push_folders(std::iter::once(job));
            return Ok(());
        }
        let parent = path.parent().unwrap_or(path);
        match Directory::open(parent) {
            Ok(directory) => {
                let name = path.file_name().unwrap_or_default();
                let (judgement, is_complete) = (Judgement::Included, false);
                let kept = Kept { name, node, judgement, previous, is_complete, place };
                self.entry(&Arc::new(directory), kept, worker)
            }
            Err(error) => {
                self.find(path, "open", &error);
                self.leave_out(&place, worker)
            }
        }
    }
}
