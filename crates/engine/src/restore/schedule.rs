//! Orders what is to be read: by pack, so that each is read once and in long pieces.
//!
//! Entries arrive in the order of the walk, which is nearly that of the packs. They are gathered
//! as long as the workers are busy, so the order gets better the more there is to do, while
//! memory stays bounded.

use std::collections::HashMap;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TryRecvError};

use super::context::Context;
use super::link::{LinkSource, LinkTask};
use super::task::Task;
use crate::blob::{BlobKind, PackedBlob};
use crate::id::PackId;
use crate::monitor::FindingKind;
use crate::repository::ReadError;

/// An entry whose placement is known.
pub(super) enum Planned {
    /// An entry; `matched` tells of each blob of a file whether it is in place already, and is
    /// empty if none is.
    Task { task: Arc<Task>, matched: Vec<bool> },
    /// A further name of a file that is done.
    Link(Arc<LinkSource>, Box<LinkTask>),
}

/// What a worker does at once.
pub(super) enum Job {
    /// Read a piece of a pack, write its blobs.
    Piece(Piece),
    /// Make an entry that needs no blobs.
    Task(Arc<Task>),
    /// Make a further name.
    Link(Arc<LinkSource>, Box<LinkTask>),
}

/// Neighbouring blobs of one pack.
pub(super) struct Piece {
    pub pack: PackId,
    pub offset: u32,
    pub length: u32,
    pub blobs: Vec<WantedBlob>,
}

/// A blob and everywhere it goes.
pub(super) struct WantedBlob {
    pub blob: PackedBlob,
    pub writes: Vec<Write>,
}

/// A place in a file.
pub(super) struct Write {
    pub task: Arc<Task>,
    pub offset: u64,
}

/// Most entries gathered before they are ordered.
const GATHERED_TASKS_MAX: usize = 16 << 10;
/// Most places gathered before they are ordered.
const GATHERED_WRITES_MAX: usize = 64 << 10;
/// Bytes read for nothing rather than reading twice.
const GAP_BYTES_MAX: u32 = 64 << 10;

struct Gathered {
    pack_order: HashMap<PackId, usize>,
    wanted: Vec<(usize, PackedBlob, Write)>,
    tasks: usize,
}

/// Turns planned entries into jobs until there are no more.
pub(super) fn schedule(
    context: &Context<'_>,
    planned: &Receiver<Planned>,
    jobs: &Sender<Job>,
    piece_bytes_max: u32,
) {
    let mut gathered = Gathered { pack_order: HashMap::new(), wanted: Vec::new(), tasks: 0 };
    loop {
        let next = match planned.try_recv() {
            Ok(next) => Some(next),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                // Nothing to gather: keep the workers busy with what is there.
                if jobs.is_empty() && gathered.tasks > 0 {
                    gathered.release(jobs, piece_bytes_max);
                    continue;
                }
                match planned.recv_timeout(std::time::Duration::from_millis(1)) {
                    Ok(next) => Some(next),
                    Err(error) if error.is_timeout() => continue,
                    Err(_) => None,
                }
            }
        };
        let job = match next {
            Some(Planned::Link(source, task)) => Some(Job::Link(source, task)),
            Some(Planned::Task { task, matched }) => gathered.add(context, task, &matched),
            None => {
                gathered.release(jobs, piece_bytes_max);
                return;
            }
        };
        if let Some(job) = job {
            jobs.send(job).expect("workers take jobs until the scheduler ends");
        }
        let is_full =
            gathered.tasks >= GATHERED_TASKS_MAX || gathered.wanted.len() >= GATHERED_WRITES_MAX;
        if is_full {
            gathered.release(jobs, piece_bytes_max);
        }
    }
}

impl Gathered {
    /// Adds the blobs that an entry needs. One that needs none, or cannot be restored, is a job of
    /// its own.
    fn add(&mut self, context: &Context<'_>, task: Arc<Task>, matched: &[bool]) -> Option<Job> {
        let content = task.node.content.as_deref().unwrap_or_default();
        let mut offset = 0;
        let start = self.wanted.len();
        for (number, id) in content.iter().enumerate() {
            let Some(location) = context.index.locate(BlobKind::Data, id) else {
                if task.lack() {
                    let missing = ReadError::MissingBlob { kind: BlobKind::Data, id: *id };
                    context.repository_problem(&task.location, &missing);
                }
                // Where the blobs after it belong cannot be known.
                break;
            };
            if !matched.get(number).copied().unwrap_or(false) {
                let packs = self.pack_order.len();
                let order = *self.pack_order.entry(location.pack).or_insert(packs);
                let blob = PackedBlob { id: *id, kind: BlobKind::Data, location };
                self.wanted.push((order, blob, Write { task: task.clone(), offset }));
            }
            offset += u64::from(location.plaintext_length());
        }
        if task.is_file() && !task.is_incomplete() && offset != task.node.size {
            let message =
                format!("its size should be {}, its content has {offset}", task.node.size);
            context.finding(FindingKind::Note, &task.location, "size", message);
            task.set_content_bytes(offset);
        }
        let count = self.wanted.len() - start;
        if count == 0 {
            return Some(Job::Task(task));
        }
        task.expect_writes(count);
        self.tasks += 1;
        None
    }

    /// Hands out what was gathered, ordered.
    fn release(&mut self, jobs: &Sender<Job>, piece_bytes_max: u32) {
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.sort_by_key(|(order, blob, _)| (*order, blob.location.offset));
        self.pack_order.clear();
        self.tasks = 0;
        let mut piece: Option<Piece> = None;
        for (_, blob, write) in wanted {
            if let Some(piece) = &mut piece
                && piece.takes(&blob, piece_bytes_max)
            {
                piece.add(blob, write);
                continue;
            }
            let next = Piece::of(blob, write);
            if let Some(done) = piece.replace(next) {
                jobs.send(Job::Piece(done)).expect("workers take jobs until the scheduler ends");
            }
        }
        if let Some(done) = piece {
            jobs.send(Job::Piece(done)).expect("workers take jobs until the scheduler ends");
        }
    }
}

impl Piece {
    fn of(blob: PackedBlob, write: Write) -> Self {
        let location = blob.location;
        Self {
            pack: location.pack,
            offset: location.offset,
            length: location.length,
            blobs: vec![WantedBlob { blob, writes: vec![write] }],
        }
    }

    /// True if the blob is near enough to be read with the others.
    fn takes(&self, blob: &PackedBlob, bytes_max: u32) -> bool {
        let location = blob.location;
        let end = self.offset.saturating_add(self.length);
        let new_end = location.offset.saturating_add(location.length).max(end);
        location.pack == self.pack
            && location.offset <= end.saturating_add(GAP_BYTES_MAX)
            && new_end - self.offset <= bytes_max
    }

    fn add(&mut self, blob: PackedBlob, write: Write) {
        let end = blob.location.offset.saturating_add(blob.location.length);
        self.length = self.length.max(end - self.offset);
        match self.blobs.last_mut() {
            Some(last) if last.blob == blob => last.writes.push(write),
            _ => self.blobs.push(WantedBlob { blob, writes: vec![write] }),
        }
    }
}
