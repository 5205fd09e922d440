//! The walk: workers that take folders, files and chunks from one queue until the root is stored.

use std::ffi::{OsStr, OsString};
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use super::Watch;
use super::change::{ChangeRules, change_of};
use super::entries::Kept;
use super::exclude::Rules;
use super::file::{ChunkJob, FileJob};
use super::folder::{Folder, Place};
use super::queue::{Job, Queue};
use super::report::Counts;
use super::scan::ScanCall;
use super::source::{Directory, Reader, complete_path};
use crate::blob::BlobKind;
use crate::chunker::ChunkFinder;
use crate::clock::Clock;
use crate::id::{BlobId, TreeId};
use crate::manners;
use crate::monitor::{Cancellation, Change, Event, FindingKind, ItemKind, Monitor};
use crate::pack::FinishedPack;
use crate::store::{Added, Fence, Sealer, Store, StoreError};
use crate::tree::{Node, NodeKind};

/// Files that wait. Each may hold its folder open, so there are far fewer than open files allowed.
const FILES_WAITING_MAX: usize = 256;

/// Chunks that wait, for each worker. Each holds up to 8 MiB.
const CHUNKS_WAITING_PER_WORKER: usize = 2;

/// More workers only take memory.
const WORKERS_MAX: usize = 128;

/// What everything in one backup shares.
pub(super) struct Archive<'a> {
    pub(super) store: Store<'a>,
    pub(super) reader: Reader,
    pub(super) rules: &'a Rules,
    pub(super) change_rules: ChangeRules,
    pub(super) finder: ChunkFinder,
    pub(super) clock: &'a dyn Clock,
    pub(super) scan_call: Option<&'a ScanCall>,
    pub(super) monitor: &'a dyn Monitor,
    pub(super) cancel: &'a Cancellation,
    pub(super) fence: Fence<'a>,
    pub(super) counts: Counts,
    workers: usize,
    /// Who has it reads the source, if only one may at a time.
    pub(super) turn: Option<Mutex<()>>,
    pub(super) queue: Queue<FolderJob, FileJob, ChunkJob>,
    /// Memory of chunks that were stored, for the next ones: as many as were ever waiting.
    pub(super) spare_chunks: Mutex<Vec<Vec<u8>>>,
    root: Mutex<Option<TreeId>>,
    failure: Mutex<Option<StoreError>>,
}

/// A folder to be read.
pub(super) struct FolderJob {
    pub(super) opening: Opening,
    pub(super) node: Node,
    pub(super) previous: Option<Node>,
    pub(super) place: Place,
    /// The device that the target lies on.
    pub(super) device: u64,
}

/// Where a folder is opened.
pub(super) enum Opening {
    /// By its name in an open folder.
    In(Arc<Directory>, OsString),
    /// By its path: a target.
    At(PathBuf),
}

impl Opening {
    fn path(&self) -> PathBuf {
        match self {
            Self::In(directory, name) => directory.path().join(name),
            Self::At(path) => path.clone(),
        }
    }

    fn open(&self) -> io::Result<Directory> {
        match self {
            Self::In(directory, name) => directory.open_child(name),
            Self::At(path) => Directory::open(path),
        }
    }
}

/// What a worker keeps from one piece of work to the next.
pub(super) struct Worker {
    pub(super) sealer: Sealer,
    pub(super) buffer: Vec<u8>,
    pub(super) full: Sender<FinishedPack>,
}

/// What a thread that panics was to bring never comes: the others must not wait for it.
struct CloseOnPanic<'a>(&'a Queue<FolderJob, FileJob, ChunkJob>);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

impl<'a> Archive<'a> {
    #[allow(clippy::too_many_arguments, reason = "what a backup consists of, named at the call")]
    pub(super) fn new(
        store: Store<'a>,
        reader: Reader,
        rules: &'a Rules,
        change_rules: ChangeRules,
        finder: ChunkFinder,
        clock: &'a dyn Clock,
        scan_call: Option<&'a ScanCall>,
        watch: Watch<'a>,
        fence: Fence<'a>,
        workers: Option<NonZeroUsize>,
    ) -> Self {
        let workers = workers.map_or_else(worker_count, NonZeroUsize::get).min(WORKERS_MAX);
        let chunks = CHUNKS_WAITING_PER_WORKER * workers;
        Self {
            store,
            reader,
            rules,
            change_rules,
            finder,
            clock,
            scan_call,
            monitor: watch.monitor,
            cancel: watch.cancel,
            fence,
            counts: Counts::default(),
            workers,
            turn: None,
            queue: Queue::new(FILES_WAITING_MAX, chunks),
            spare_chunks: Mutex::default(),
            root: Mutex::new(None),
            failure: Mutex::new(None),
        }
    }

    /// The same, whose workers read in turns if that is asked.
    pub(super) fn reading_in_turns(mut self, is_asked: bool) -> Self {
        self.turn = is_asked.then(Mutex::default);
        self
    }

    /// Stores everything that `begin` hands out, with all that is durable but the last index file and the
    /// snapshot.
    pub(super) fn run(&self, begin: impl FnOnce(&mut Worker)) -> Result<TreeId, StoreError> {
        let (full, packs) = crossbeam_channel::bounded(1);
        std::thread::scope(|scope| {
            for _ in 0..self.store.uploaders() {
                let packs = packs.clone();
                scope.spawn(manners::as_here(move || {
                    if let Err(error) = self.store.upload(&packs, self.fence) {
                        self.fail(error);
                    }
                }));
            }
            drop(packs);
            let workers: Vec<_> = (1..self.workers)
                .map(|_| {
                    let full = full.clone();
                    scope.spawn(manners::as_here(move || self.work(full, |_| {})))
                })
                .collect();
            self.work(full.clone(), begin);
            for worker in workers {
                if let Err(panic) = worker.join() {
                    std::panic::resume_unwind(panic);
                }
            }
            if self.failure.lock().is_none() {
                match self.store.take_rest() {
                    // Sending fails only when the uploaders did, which is then on record.
                    Ok(packs) => packs.into_iter().for_each(|pack| drop(full.send(pack))),
                    Err(error) => self.fail(error),
                }
            }
            drop(full);
        });
        self.report_unread();
        if let Some(error) = self.failure.lock().take() {
            return Err(error);
        }
        self.root.lock().take().ok_or(StoreError::Stopped)
    }

    fn work(&self, full: Sender<FinishedPack>, begin: impl FnOnce(&mut Worker)) {
        let sealer = match self.store.sealer() {
            Ok(sealer) => sealer,
            Err(error) => return self.fail(error),
        };
        let mut worker = Worker { sealer, buffer: Vec::new(), full };
        let _end = CloseOnPanic(&self.queue);
        begin(&mut worker);
        while let Some(job) = self.queue.next() {
            if self.cancel.is_cancelled() {
                return self.fail(StoreError::Stopped);
            }
            let done = match job {
                Job::Folder(job) => self.folder(job, &mut worker),
                Job::File(job) => self.file(job, &mut worker),
                Job::Chunk(job) => self.chunk(job, &mut worker),
            };
            if let Err(error) = done {
                return self.fail(error);
            }
        }
    }

    /// Ends the work. The first cause is the one that counts.
    pub(super) fn fail(&self, error: StoreError) {
        let mut failure = self.failure.lock();
        match *failure {
            None | Some(StoreError::Stopped) => *failure = Some(error),
            Some(_) => {}
        }
        drop(failure);
        self.queue.close();
    }

    /// Anything but a folder.
    pub(super) fn entry(
        &self,
        directory: &Arc<Directory>,
        kept: Kept<'_>,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let Kept { name, mut node, previous, is_complete, place, .. } = kept;
        match node.kind {
            NodeKind::File => {
                if let Some(previous) = &previous
                    && self.change_rules.is_unchanged(&node, previous)
                {
                    if self.has_content(previous.content.as_deref()) {
                        // Even where no time tells of a change: another user may have made the
                        // parent snapshot, from whom some attributes are hidden.
                        if !is_complete {
                            self.complete(directory, name, &mut node);
                        }
                        return self.unchanged(name, node, previous, &place, worker);
                    }
                    let path = directory.path().join(name);
                    let message = "the repository lost a part of this file, which is unchanged; \
                                   it is read and stored again";
                    self.finding(FindingKind::Damaged, &path, "archival", message.to_owned());
                }
                let directory = Arc::clone(directory);
                let job = FileJob { directory, name: name.to_owned(), previous, place };
                match self.queue.try_push_file(job) {
                    Ok(()) => Ok(()),
                    Err(job) => self.file(job, worker),
                }
            }
            // Sockets are made by the programs that need them.
            NodeKind::Socket => self.leave_out(&place, worker),
            NodeKind::Irregular | NodeKind::Folder => {
                let error = io::Error::other("it is no kind of file that can be stored");
                self.find(&directory.path().join(name), "archival", &error);
                self.leave_out(&place, worker)
            }
            _ => {
                if !is_complete {
                    self.complete(directory, name, &mut node);
                }
                let change = change_of(&node, previous.as_ref());
                self.item(&place, name, ItemKind::Other, change, 0, Added::default(), None);
                self.bring(&place, &node, worker)
            }
        }
    }

    fn unchanged(
        &self,
        name: &OsStr,
        mut node: Node,
        previous: &Node,
        place: &Place,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        node.content.clone_from(&previous.content);
        self.monitor.event(Event::Bytes(node.size));
        let size = node.size;
        self.item(place, name, ItemKind::File, Change::Unmodified, size, Added::default(), None);
        self.bring(place, &node, worker)
    }

    /// True if the repository has all of a file's content.
    pub(super) fn has_content(&self, content: Option<&[BlobId]>) -> bool {
        content.is_some_and(|content| {
            content.iter().all(|id| self.store.is_indexed(BlobKind::Data, id))
        })
    }

    fn folder(&self, job: FolderJob, worker: &mut Worker) -> Result<(), StoreError> {
        let FolderJob { opening, mut node, previous, place, device } = job;
        let path = opening.path();
        let read = opening.open().and_then(|directory| Ok((directory.names()?, directory)));
        let (names, directory) = match read {
            Ok(read) => read,
            Err(error) => {
                self.find(&path, "open", &error);
                return self.leave_out(&place, worker);
            }
        };
        match &opening {
            Opening::In(parent, name) => self.complete(parent, name, &mut node),
            Opening::At(path) => self.attributes(path, complete_path(path, &mut node)),
        }
        let subtree = previous.as_ref().and_then(|node| node.subtree);
        let inside = place.path_of_bytes(&node.name);
        let begun = self.clock.awake();
        let folder = Folder::new(inside, Some(place), node, previous, names.len(), begun);
        let directory = Arc::new(directory);
        self.folder_entries(&folder, &directory, &names, subtree, device, worker)?;
        self.arrived(&folder, worker)
    }

    pub(super) fn complete(&self, directory: &Directory, name: &OsStr, node: &mut Node) {
        let completed = directory.complete(name, node);
        let is_clean = completed.as_ref().is_ok_and(Vec::is_empty);
        if !is_clean {
            self.attributes(&directory.path().join(name), completed);
        }
    }

    /// Brings a finished entry to its folder.
    pub(super) fn bring(
        &self,
        place: &Place,
        node: &Node,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let mut json = Vec::with_capacity(400);
        node.encode_into(&mut json);
        place.folder.put(place.number, json);
        self.arrived(&place.folder, worker)
    }

    /// The place stays empty.
    pub(super) fn leave_out(&self, place: &Place, worker: &mut Worker) -> Result<(), StoreError> {
        self.arrived(&place.folder, worker)
    }

    /// Counts an arrival, and stores every folder that this was the last one for.
    pub(super) fn arrived(
        &self,
        folder: &Arc<Folder>,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let mut folder = Arc::clone(folder);
        while folder.arrived() {
            let (id, json) = folder.take_tree();
            let blob = BlobId::from(id);
            let added =
                self.store.add(BlobKind::Tree, blob, &json, &mut worker.sealer, &worker.full)?;
            let Some(place) = folder.place.clone() else {
                *self.root.lock() = Some(id);
                self.queue.close();
                return Ok(());
            };
            let mut node = folder.node.clone();
            node.subtree = Some(id);
            let change = change_of(&node, folder.previous.as_ref());
            self.folder_item(&folder, change, added);
            let mut json = Vec::with_capacity(400);
            node.encode_into(&mut json);
            place.folder.put(place.number, json);
            folder = place.folder;
        }
        Ok(())
    }
}

fn worker_count() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
