//! Runs a restore: one thread walks through the snapshot and makes folders, some compare files
//! that are there already, one orders what is to be read, and all cores read and write.
//!
//! Work flows one way, through bounded queues, so nothing can wait for itself and memory stays
//! bounded:
//!
//! ```text
//! walk ──▶ compare ──▶ schedule ──▶ read, open, write, finish
//!    └───────────────────▲
//! ```

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Sender, bounded};

use super::compare::{self, Comparison};
use super::context::{Context, read_problem};
use super::decide::{Decision, Overwrite, Placement, decide};
use super::folder::{FolderTask, Scope};
use super::link::{LinkTask, Links};
use super::name::safe_name;
use super::owners::Owners;
use super::roots::{Root, roots};
use super::schedule::{Planned, schedule};
use super::selection::Selection;
use super::target::{Existing, Target};
use super::task::Task;
use super::traverse::{Entry, Visitor, traverse};
use super::{Restore, RestoreError, RestoreOutcome, verify, write};
use crate::backup::source::os_name;
use crate::manners;
use crate::monitor::{Cancellation, Change, Event, FindingKind, Monitor, Phase};
use crate::repository::ReadError;
use crate::tree::{Node, NodeKind, Tree};

/// Most sealed bytes read at once, over all threads.
const PIECES_BYTES_MAX: usize = 32 << 20;

pub(super) fn run(
    restore: &Restore<'_>,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
) -> Result<RestoreOutcome, RestoreError> {
    let context = Context::new(restore, monitor, cancel);
    context.event(Event::Phase(Phase::Preparing));
    let (roots, selection) = roots(restore, &context)?;
    let deletes = restore.options.delete && may_delete(&context, &roots, &selection)?;
    context.event(Event::Phase(Phase::Working));
    restore_all(&context, &roots, &selection, deletes);
    context.report_common();
    if restore.options.verify && !context.is_stopped() {
        context.event(Event::Phase(Phase::Verifying));
        verify::verify(&context, &roots, &selection);
    }
    context.outcome()
}

fn threads(context: &Context<'_>) -> usize {
    /// More would not fit into the memory that a restore may take.
    const MAX: usize = 16;
    match context.options.threads {
        0 => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            cores.max(context.repository.backend().connections()).min(MAX)
        }
        given => given.min(MAX),
    }
}

fn restore_all(context: &Context<'_>, roots: &[Root], selection: &Selection, deletes: bool) {
    let threads = threads(context);
    let piece_bytes_max = (PIECES_BYTES_MAX / threads).min(4 << 20) as u32;
    let (planned, to_schedule) = bounded(4096);
    let (comparisons, to_compare) = bounded(256);
    let (jobs, to_do) = bounded(threads * 4);
    // The closure owns the senders, so that the last of them is gone when the walk has ended.
    std::thread::scope(move |scope| {
        for _ in 0..threads {
            let (to_do, to_compare) = (to_do.clone(), to_compare.clone());
            let planned = planned.clone();
            scope.spawn(manners::as_here(move || write::work(context, &to_do)));
            let compare = move || compare::work(context, &to_compare, &planned);
            scope.spawn(manners::as_here(compare));
        }
        let schedule = move || schedule(context, &to_schedule, &jobs, piece_bytes_max);
        scope.spawn(manners::as_here(schedule));
        let mut links = Links::default();
        for root in roots {
            let mut walk =
                match Walk::new(context, root, selection, deletes, &planned, &comparisons, links) {
                    Ok(walk) => walk,
                    Err(source) => {
                        let path = root.target.clone();
                        context.stop(RestoreError::Target { path, source });
                        return;
                    }
                };
            traverse(context.repository, context.index, root, selection, &mut walk);
            links = walk.end();
        }
        context.grow_totals(0, 0, 0, true);
    });
}

/// True if what the snapshot does not have may be removed: never when a name in the snapshot
/// cannot be believed, since then it is not known what it has.
fn may_delete(
    context: &Context<'_>,
    roots: &[Root],
    selection: &Selection,
) -> Result<bool, RestoreError> {
    if let Some(root) = roots.iter().find(|root| is_root_of_disk(&root.target))
        && !selection.is_partial()
        && !root.within.is_partial()
    {
        return Err(RestoreError::DeletesEverything { path: root.target.clone() });
    }
    let mut look = Look { context, is_sound: true };
    for root in roots {
        traverse(context.repository, context.index, root, selection, &mut look);
    }
    Ok(look.is_sound)
}

/// True if the path leads to the root of the file system, also by a link or by `..`.
fn is_root_of_disk(path: &Path) -> bool {
    let known = path.canonicalize();
    known.as_deref().unwrap_or(path).parent().is_none()
}

/// Looks whether a snapshot can be believed as a whole.
struct Look<'a> {
    context: &'a Context<'a>,
    is_sound: bool,
}

impl Visitor for Look<'_> {
    fn enter(&mut self, _: &Entry<'_>, _: Node, _: Option<&Tree>) {}
    fn leaf(&mut self, _: &Entry<'_>, _: Node) {}
    fn leave(&mut self) {}
    fn refuse(&mut self, _: &[u8], _: &'static str) {
        self.is_sound = false;
    }
    fn unreadable(&mut self, _: &[u8], _: &ReadError) {
        self.is_sound = false;
    }
    fn is_stopped(&self) -> bool {
        self.context.is_stopped() || !self.is_sound
    }
}

/// The walk through the snapshot, which makes folders and decides about everything else.
struct Walk<'a> {
    context: &'a Context<'a>,
    deletes: bool,
    planned: &'a Sender<Planned>,
    comparisons: &'a Sender<Comparison>,
    links: Links,
    /// Links that can only be made once what they lead to is there.
    late: Vec<Planned>,
    /// The folders from the target down to where the walk is.
    stack: Vec<Level>,
    /// Whose the entries are, if names count.
    owners: Option<Owners>,
}

/// A folder that the walk is in.
enum Level {
    /// It is there.
    Made(Arc<FolderTask>),
    /// It is made when something in it is restored.
    Waiting(Box<Waiting>),
    /// It cannot be made, or is left out; so is everything in it.
    Left,
}

struct Waiting {
    name: OsString,
    location: PathBuf,
    node: Node,
    kept_names: Option<HashSet<OsString>>,
}

/// A path in the snapshot as a path of this system, for reports.
pub(super) fn location_path(location: &[u8]) -> PathBuf {
    match os_name(location) {
        Some(path) => path.into(),
        None => String::from_utf8_lossy(location).into_owned().into(),
    }
}

impl<'a> Walk<'a> {
    fn new(
        context: &'a Context<'a>,
        root: &Root,
        selection: &Selection,
        deletes: bool,
        planned: &'a Sender<Planned>,
        comparisons: &'a Sender<Comparison>,
        links: Links,
    ) -> io::Result<Self> {
        create_target(&root.target)?;
        let target = Target::open(&root.target)?;
        let within = root.within.clone();
        let scope = Arc::new(Scope { target, within, selection: selection.clone() });
        let kept =
            (deletes && root.within.of(&root.location, true).itself).then(|| names_of(&root.tree));
        let location = match &root.location[..] {
            b"" => Path::new("/").to_owned(),
            location => location_path(location),
        };
        let folder = FolderTask::new(scope, PathBuf::new(), location, None, None, false, kept);
        let stack = vec![Level::Made(folder)];
        let owners = context.options.owners_by_name.then(Owners::default);
        let late = Vec::new();
        Ok(Self { context, deletes, planned, comparisons, links, late, stack, owners })
    }

    /// Leaves what the walk is still in, and gives back what the next root needs.
    fn end(mut self) -> Links {
        for link in std::mem::take(&mut self.late) {
            self.send(link);
        }
        while !self.stack.is_empty() {
            self.pop();
        }
        self.links
    }

    fn pop(&mut self) {
        if let Some(Level::Made(folder)) = self.stack.pop() {
            folder.entry_done(self.context);
        }
    }

    /// The folder that the walk is in, made if need be.
    fn current(&mut self) -> Option<Arc<FolderTask>> {
        let first_waiting =
            self.stack.iter().rposition(|level| !matches!(level, Level::Waiting(_)))? + 1;
        for depth in first_waiting..self.stack.len() {
            let Level::Made(parent) = &self.stack[depth - 1] else { return None };
            let parent = parent.clone();
            let level = std::mem::replace(&mut self.stack[depth], Level::Left);
            let Level::Waiting(waiting) = level else { return None };
            self.stack[depth] = self.make_folder(&parent, *waiting);
        }
        match self.stack.last() {
            Some(Level::Made(folder)) => Some(folder.clone()),
            _ => None,
        }
    }

    fn make_folder(&self, parent: &Arc<FolderTask>, waiting: Waiting) -> Level {
        let Waiting { name, location, node, kept_names } = waiting;
        match self.folder_in(parent, &name, &location) {
            Ok(Some(is_new)) => Level::Made(FolderTask::new(
                parent.scope.clone(),
                parent.path.join(&name),
                location,
                Some(node),
                Some(parent.clone()),
                is_new,
                kept_names,
            )),
            Ok(None) => Level::Left,
            Err(error) => {
                let target = parent.target_path();
                self.context.target_problem(&location, "create", &error, target);
                Level::Left
            }
        }
    }

    /// Makes a folder, or takes the one that is there. What else is there gives way if it may;
    /// otherwise the answer is `None`. True if it was made.
    fn folder_in(
        &self,
        parent: &FolderTask,
        name: &OsString,
        location: &Path,
    ) -> io::Result<Option<bool>> {
        let folder = parent.open(self.context)?;
        match folder.create_folder(name) {
            Ok(()) => return Ok(Some(true)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let existing = folder.existing(name)?;
        if existing.is_none_or(|it| it.kind == NodeKind::Folder) {
            return Ok(Some(false));
        }
        match self.context.options.overwrite {
            Overwrite::Always | Overwrite::IfChanged => {}
            Overwrite::IfNewer | Overwrite::Never | Overwrite::KeepBoth => {
                let message = "something that is not a folder stands there and was left";
                let kind = FindingKind::Unwritable;
                self.context.finding(kind, location, "create", message.to_owned());
                return Ok(None);
            }
        }
        let place = super::finish::Place {
            name,
            location,
            placement: Placement::Replace,
            existing: existing.as_ref(),
        };
        super::finish::clear(self.context, &folder, &place)?;
        folder.create_folder(name)?;
        Ok(Some(true))
    }

    /// Hands an entry on, now that it is known what is there.
    fn place(&mut self, mut task: Task, decision: Decision) {
        if let Some(source) = self.links.source_of(&task.node) {
            let placement = match decision {
                Decision::Place(placement) => placement,
                Decision::Compare(_, Placement::Beside) => Placement::Beside,
                Decision::Compare(..) => Placement::Replace,
            };
            if placement != Placement::Leave {
                let placement =
                    if placement == Placement::InPlace { Placement::Replace } else { placement };
                let Task { folder, name, location, node, existing, .. } = task;
                let link = LinkTask { folder, name, location, placement, existing, node };
                if let Some(link) = source.wait(link) {
                    self.send(Planned::Link(source, Box::new(link)));
                }
                return;
            }
        }
        if decision == Decision::Place(Placement::Leave) {
            compare::leave(self.context, &task, Change::Skipped);
            return;
        }
        task.links = self.links.first(&task.node, &task.folder);
        match decision {
            Decision::Place(placement) => {
                task.place(self.context, placement);
                let blobs = task.node.content.as_ref().map_or(0, Vec::len);
                // In place and not compared means that the content is taken for right.
                let matched = vec![placement == Placement::InPlace; blobs];
                let is_late = task.node.kind == NodeKind::Symlink
                    && task.folder.open(self.context).is_ok_and(|it| it.must_wait(&task.node));
                let planned = Planned::Task { task: Arc::new(task), matched };
                if is_late {
                    self.late.push(planned);
                } else {
                    self.send(planned);
                }
            }
            Decision::Compare(if_equal, if_not) => {
                let comparison = Comparison { task, if_equal, if_not };
                self.comparisons.send(comparison).expect("comparers outlive the walk");
            }
        }
    }

    fn send(&self, planned: Planned) {
        self.planned.send(planned).expect("the scheduler outlives the walk");
    }

    fn existing(&self, folder: &FolderTask, name: &OsString) -> io::Result<Option<Existing>> {
        // Nothing can stand in a folder that we just made.
        if folder.is_new {
            return Ok(None);
        }
        folder.open(self.context)?.existing(name)
    }
}

impl Visitor for Walk<'_> {
    fn enter(&mut self, entry: &Entry<'_>, mut node: Node, tree: Option<&Tree>) {
        self.owners.iter().for_each(|owners| owners.adapt(&mut node));
        // Only a folder whose entries are all known can say what does not belong there.
        let kept_names = if self.deletes { tree.map(names_of) } else { None };
        let waiting = Waiting {
            name: entry.name.to_owned(),
            location: location_path(entry.location),
            node,
            kept_names,
        };
        let is_left = matches!(self.stack.last(), Some(Level::Left));
        self.stack.push(if is_left { Level::Left } else { Level::Waiting(Box::new(waiting)) });
        if entry.is_selected && !is_left {
            self.context.grow_totals(0, 1, 0, false);
            self.current();
        }
    }

    fn leaf(&mut self, entry: &Entry<'_>, mut node: Node) {
        let Some(folder) = self.current() else { return };
        self.owners.iter().for_each(|owners| owners.adapt(&mut node));
        let location = location_path(entry.location);
        self.context.grow_totals(1, 0, node.size, false);
        let name = entry.name.to_owned();
        let existing = match self.existing(&folder, &name) {
            Ok(existing) => existing,
            Err(error) => {
                let target = folder.target_path();
                self.context.target_problem(&location, "lstat", &error, target);
                return;
            }
        };
        let link_target = || {
            let path = folder.target_path().join(&folder.path).join(&name);
            let target = std::fs::read_link(path).ok()?;
            Some(target.into_os_string().into_encoded_bytes())
        };
        let overwrite = self.context.options.overwrite;
        let decision = decide(overwrite, &node, existing.as_ref(), link_target);
        folder.add_pending();
        let task = Task::new(folder, name, location, node, Placement::New, existing);
        self.place(task, decision);
    }

    fn leave(&mut self) {
        self.pop();
    }

    fn refuse(&mut self, location: &[u8], reason: &'static str) {
        let path = location_path(location);
        self.context.finding(FindingKind::Hostile, &path, "restore", reason.to_owned());
    }

    fn unreadable(&mut self, location: &[u8], error: &ReadError) {
        let (kind, message) = read_problem(error);
        self.context.finding(kind, &location_path(location), "read", message);
    }

    fn is_stopped(&self) -> bool {
        self.context.is_stopped()
    }
}

/// The names that a tree has, as far as this system can have them.
fn names_of(tree: &Tree) -> HashSet<OsString> {
    tree.nodes.iter().filter_map(|node| safe_name(&node.name).ok()).collect()
}

/// Makes the target folder and those above it.
fn create_target(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
