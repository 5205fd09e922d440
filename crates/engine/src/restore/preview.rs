//! Looks what a restore would do, without doing it.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::compare::Equality;
use super::context::Context;
use super::decide::{Decision, Placement, decide, looks_unchanged};
use super::roots::roots;
use super::target::{Existing, Folder, Target};
use super::traverse::{Entry, Visitor, traverse};
use super::walk::location_path;
use super::{Restore, RestoreError};
use crate::monitor::{Cancellation, FindingKind, ItemKind, Monitor};
use crate::repository::ReadError;
use crate::tree::{Node, NodeKind, Tree};

/// What would happen to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreviewAction {
    /// It is not there and would be made.
    Create,
    /// What is there would be replaced.
    Overwrite,
    /// It would be made beside what is there, under another name.
    KeepBoth,
    /// It is there as it should be.
    Unchanged,
    /// Something is there and would be left alone.
    Skip,
}

/// One entry of a preview.
#[derive(Debug, Clone, Copy)]
pub struct PreviewEntry<'a> {
    /// Its path in the snapshot.
    pub location: &'a Path,
    /// Where it would go.
    pub target: &'a Path,
    /// What it is.
    pub kind: ItemKind,
    /// What would happen.
    pub action: PreviewAction,
    /// Its size in the snapshot.
    pub size: u64,
    /// The size of what is there.
    pub existing_size: Option<u64>,
    /// When what is there was changed.
    pub existing_modified: Option<SystemTime>,
}

/// A preview in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PreviewTotals {
    /// Entries that would be made.
    pub create: u64,
    /// Entries that would be replaced.
    pub overwrite: u64,
    /// Entries that would be made under another name.
    pub keep_both: u64,
    /// Entries that are as they should be.
    pub unchanged: u64,
    /// Entries that would be left alone.
    pub skip: u64,
    /// Bytes that would be written.
    pub bytes: u64,
    /// Entries that cannot be restored.
    pub problems: u64,
}

pub(super) fn preview(
    restore: &Restore<'_>,
    thorough: bool,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
    visit: &mut dyn FnMut(&PreviewEntry<'_>),
) -> Result<PreviewTotals, RestoreError> {
    let context = Context::new(restore, monitor, cancel);
    let (roots, selection) = roots(restore, &context)?;
    let mut totals = PreviewTotals { problems: context.failures(), ..PreviewTotals::default() };
    for root in &roots {
        let target = match Target::open(&root.target) {
            Ok(target) => Some(target),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => {
                return Err(RestoreError::Target { path: root.target.clone(), source });
            }
        };
        let opened = target.as_ref().and_then(|target| target.folder(Path::new("")).ok());
        let mut look = Look {
            context: &context,
            thorough,
            visit,
            totals: &mut totals,
            path: root.target.clone(),
            folders: vec![opened],
            buffer: Vec::new(),
        };
        traverse(context.repository, context.index, root, &selection, &mut look);
    }
    context.outcome()?;
    Ok(totals)
}

struct Look<'a> {
    context: &'a Context<'a>,
    thorough: bool,
    visit: &'a mut dyn FnMut(&PreviewEntry<'_>),
    totals: &'a mut PreviewTotals,
    path: PathBuf,
    /// The folders down to where the walk is, as far as they are there.
    folders: Vec<Option<std::sync::Arc<Folder>>>,
    buffer: Vec<u8>,
}

impl Look<'_> {
    fn folder(&self) -> Option<&Folder> {
        self.folders.last().and_then(|folder| folder.as_deref())
    }

    /// What stands at the name, if it can be told.
    fn existing(&self, entry: &Entry<'_>) -> Option<Existing> {
        self.folder()?.existing(entry.name).ok().flatten()
    }

    fn is_equal(&mut self, entry: &Entry<'_>, node: &Node, existing: &Existing) -> bool {
        if !self.thorough {
            return looks_unchanged(node, existing);
        }
        let file = self.folder().and_then(|folder| folder.read_file(entry.name).ok());
        let (context, buffer) = (self.context, &mut self.buffer);
        let is_stopped = || context.is_stopped();
        file.is_some_and(|file| {
            Equality::of(context.index, node, &file, buffer, is_stopped).is_whole
        })
    }

    fn show(
        &mut self,
        entry: &Entry<'_>,
        node: &Node,
        seen: Option<Existing>,
        placement: Placement,
    ) {
        let unchanged = matches!(placement, Placement::InPlace);
        let action = match placement {
            Placement::New => PreviewAction::Create,
            Placement::Replace => PreviewAction::Overwrite,
            Placement::Beside => PreviewAction::KeepBoth,
            Placement::InPlace => PreviewAction::Unchanged,
            Placement::Leave => PreviewAction::Skip,
        };
        let count = match action {
            PreviewAction::Create => &mut self.totals.create,
            PreviewAction::Overwrite => &mut self.totals.overwrite,
            PreviewAction::KeepBoth => &mut self.totals.keep_both,
            PreviewAction::Unchanged => &mut self.totals.unchanged,
            PreviewAction::Skip => &mut self.totals.skip,
        };
        *count += 1;
        if !unchanged && action != PreviewAction::Skip {
            self.totals.bytes = self.totals.bytes.saturating_add(node.size);
        }
        let kind = match node.kind {
            NodeKind::File => ItemKind::File,
            NodeKind::Folder => ItemKind::Folder,
            _ => ItemKind::Other,
        };
        let target = self.path.join(entry.name);
        (self.visit)(&PreviewEntry {
            location: &location_path(entry.location),
            target: &target,
            kind,
            action,
            size: node.size,
            existing_size: seen.map(|it| it.size),
            existing_modified: seen.and_then(|it| system_time(&it)),
        });
    }
}

fn system_time(existing: &Existing) -> Option<SystemTime> {
    let time = existing.modified;
    let within = Duration::from_nanos(time.nanoseconds.into());
    let whole = Duration::from_secs(time.seconds.unsigned_abs());
    let second = if time.seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    second?.checked_add(within)
}

impl Visitor for Look<'_> {
    fn enter(&mut self, entry: &Entry<'_>, node: Node, _: Option<&Tree>) {
        let existing = self.existing(entry);
        let is_there = existing.is_some_and(|it| it.kind == NodeKind::Folder);
        if entry.is_selected {
            let placement = match existing {
                None => Placement::New,
                Some(_) if is_there => Placement::InPlace,
                Some(_) => Placement::Replace,
            };
            self.show(entry, &node, existing, placement);
        }
        let inner = if is_there {
            self.folder().and_then(|folder| folder.child(entry.name).ok()).map(Into::into)
        } else {
            None
        };
        self.folders.push(inner);
        self.path.push(entry.name);
    }

    fn leaf(&mut self, entry: &Entry<'_>, node: Node) {
        let existing = self.existing(entry);
        let link_target = || {
            let target = std::fs::read_link(self.path.join(entry.name)).ok()?;
            Some(target.into_os_string().into_encoded_bytes())
        };
        let overwrite = self.context.options.overwrite;
        let placement = match decide(overwrite, &node, existing.as_ref(), link_target) {
            Decision::Place(placement) => placement,
            Decision::Compare(if_equal, if_not) => {
                let is_equal = existing.is_some_and(|it| self.is_equal(entry, &node, &it));
                match if_equal {
                    // Left because it is right, which is more than left alone.
                    Placement::Leave if is_equal => Placement::InPlace,
                    if_equal if is_equal => if_equal,
                    _ => if_not,
                }
            }
        };
        self.show(entry, &node, existing, placement);
    }

    fn leave(&mut self) {
        self.folders.pop();
        self.path.pop();
    }

    fn refuse(&mut self, location: &[u8], reason: &'static str) {
        self.totals.problems += 1;
        let path = location_path(location);
        self.context.finding(FindingKind::Hostile, &path, "restore", reason.to_owned());
    }

    fn unreadable(&mut self, location: &[u8], error: &ReadError) {
        self.totals.problems += 1;
        self.context.repository_problem(&location_path(location), error);
    }

    fn is_stopped(&self) -> bool {
        self.context.is_stopped()
    }
}
