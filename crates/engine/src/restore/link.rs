//! Files of several names.
//!
//! The first name that the walk meets is restored as a file, the others as links to it once it is
//! whole. Two entries are names of one file if inode and device say so and their content agrees:
//! some systems record no device, and then unlike files share a number.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::context::Context;
use super::decide::Placement;
use super::finish;
use super::folder::FolderTask;
use super::target::{Existing, Folder};
use crate::monitor::{Change, ItemKind};
use crate::tree::{Node, NodeKind};

/// The first name of a file, as others refer to it.
pub(super) struct LinkSource {
    folder: Arc<FolderTask>,
    state: Mutex<State>,
    content_sum: [u8; 32],
}

enum State {
    Waiting(Vec<LinkTask>),
    /// Whole, under this name.
    Done(OsString),
    Failed,
}

/// A further name of a file.
pub(super) struct LinkTask {
    pub folder: Arc<FolderTask>,
    pub name: OsString,
    pub location: PathBuf,
    pub placement: Placement,
    pub existing: Option<Existing>,
    pub node: Node,
}

/// The files of several names met so far.
#[derive(Default)]
pub(super) struct Links(HashMap<(u64, u64), Arc<LinkSource>>);

impl Links {
    fn key(node: &Node) -> Option<(u64, u64)> {
        let is_linked = node.kind == NodeKind::File && node.links > 1 && node.inode != 0;
        is_linked.then_some((node.inode, node.device_id))
    }

    /// The file that the node is a further name of.
    pub(super) fn source_of(&self, node: &Node) -> Option<Arc<LinkSource>> {
        let source = self.0.get(&Self::key(node)?)?;
        (source.content_sum == content_sum(node)).then(|| source.clone())
    }

    /// Remembers the node as the first name of a file, if it may have others.
    pub(super) fn first(
        &mut self,
        node: &Node,
        folder: &Arc<FolderTask>,
    ) -> Option<Arc<LinkSource>> {
        let source = Arc::new(LinkSource {
            folder: folder.clone(),
            state: Mutex::new(State::Waiting(Vec::new())),
            content_sum: content_sum(node),
        });
        self.0.insert(Self::key(node)?, source.clone());
        Some(source)
    }
}

fn content_sum(node: &Node) -> [u8; 32] {
    let mut sum = Sha256::new();
    sum.update(node.size.to_le_bytes());
    for blob in node.content.iter().flatten() {
        sum.update(blob.as_bytes());
    }
    sum.finalize().into()
}

impl LinkSource {
    /// Has the task wait for the file; gives it back if the file is done already.
    pub(super) fn wait(&self, task: LinkTask) -> Option<LinkTask> {
        match &mut *self.state.lock() {
            State::Waiting(waiting) => {
                waiting.push(task);
                None
            }
            _ => Some(task),
        }
    }

    /// The file is whole under this name, or failed. Makes the links that waited.
    pub(super) fn finish(&self, context: &Context<'_>, name: Option<OsString>) {
        let state = name.map_or(State::Failed, State::Done);
        let before = std::mem::replace(&mut *self.state.lock(), state);
        if let State::Waiting(waiting) = before {
            for task in waiting {
                self.make(context, &task);
            }
        }
    }

    /// Makes a link to the file, which is done.
    pub(super) fn make(&self, context: &Context<'_>, task: &LinkTask) {
        let name = match &*self.state.lock() {
            State::Done(name) => Some(name.clone()),
            _ => None,
        };
        if let (Some(name), false) = (name, context.is_stopped()) {
            match self.link(context, &name, task) {
                Ok(change) => {
                    context.finished(&task.location, ItemKind::File, change, 0);
                }
                Err(error) => {
                    let target = task.folder.target_path();
                    context.target_problem(&task.location, "link", &error, target);
                }
            }
        } else if !context.is_stopped() {
            let message = "the file that it is another name of could not be restored".to_owned();
            let kind = crate::monitor::FindingKind::Unwritable;
            context.finding(kind, &task.location, "link", message);
        }
        task.folder.entry_done(context);
    }

    fn link(
        &self,
        context: &Context<'_>,
        source_name: &std::ffi::OsStr,
        task: &LinkTask,
    ) -> io::Result<Change> {
        let source = self.folder.open(context)?;
        let folder = task.folder.open(context)?;
        if let (Some(existing), Some(first)) = (&task.existing, source.existing(source_name)?)
            && existing.is_same_file(&first)
        {
            return Ok(Change::Unmodified);
        }
        let work_name = match task.placement {
            Placement::New => task.name.clone(),
            _ => context.temporary_name(),
        };
        let copied = match folder.link(&source, source_name, &work_name) {
            Ok(()) => None,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            // A file system without links, or a file with as many as it may have.
            Err(_) => {
                let (from, to) = ((&*source, source_name), (&*folder, &*work_name));
                Some(copy(context, from, to, &task.node)?)
            }
        };
        let is_temporary = task.placement != Placement::New;
        let placed = finish::put_in_place(
            context,
            &folder,
            is_temporary.then_some(&*work_name),
            &finish::Place {
                name: &task.name,
                location: &task.location,
                placement: task.placement,
                existing: task.existing.as_ref(),
            },
        );
        if let Ok(Some(name)) = &placed {
            task.folder.note_made(name);
        }
        if let (Ok(_), Some(file)) = (&placed, copied) {
            // As with the rest of it, problems have been told of the first name.
            let _ = Folder::finish_rights(&file, &task.node);
        }
        if placed.is_err() {
            // The name is ours; what stands there otherwise is untouched.
            let _ = folder.remove_file(&work_name);
        }
        placed.map(|_| match task.placement {
            Placement::Replace => Change::Changed,
            _ => Change::New,
        })
    }
}

/// The content once more, where it cannot be shared.
fn copy(
    context: &Context<'_>,
    (source, source_name): (&Folder, &std::ffi::OsStr),
    (folder, name): (&Folder, &std::ffi::OsStr),
    node: &Node,
) -> io::Result<File> {
    let mut from = source.read_file(source_name)?;
    let mut to = folder.create_file(name, node)?;
    let copied = io::copy(&mut from, &mut to);
    if copied.is_err() {
        let _ = folder.remove_file(name);
    }
    context.wrote_bytes(copied?);
    // The metadata is the same as the first name's, whose problems have been told.
    let _ = Folder::finish_file(&to, node, &context.options.attributes, false);
    Ok(to)
}
