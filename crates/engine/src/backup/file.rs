//! Reading a file and cutting it into chunks.
//!
//! A small file is read, hashed and stored by one worker in one go. Of a larger one, the worker that
//! reads and cuts it hands chunks to the others as long as they keep up, and does the rest itself.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::archive::{Archive, Worker};
use super::change::change_of;
use super::folder::Place;
use super::input::{Input, ZEROS};
use super::source::Directory;
use crate::blob::BlobKind;
use crate::chunker::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CutSearch, ZERO_CHUNK};
use crate::id::BlobId;
use crate::monitor::{Event, ItemKind};
use crate::store::{Added, StoreError};
use crate::tree::{Node, NodeKind};

/// A file of up to this size is one chunk.
const SMALL_BYTES_MAX: usize = CHUNK_BYTES_MIN;

/// How much of a file is read at a turn: a disk that reads 150 MB a second and moves in 10 ms loses a
/// sixth of its time if every turn goes to another file.
const TURN_BYTES: usize = 8 << 20;

/// A file to be read.
pub(super) struct FileJob {
    pub(super) directory: Arc<Directory>,
    pub(super) name: OsString,
    pub(super) previous: Option<Node>,
    pub(super) place: Place,
}

/// A chunk to be stored.
pub(super) struct ChunkJob {
    file: Arc<OpenFile>,
    number: usize,
    bytes: Vec<u8>,
}

/// A file whose chunks are being stored.
struct OpenFile {
    name: OsString,
    previous: Option<Node>,
    place: Place,
    begun: Duration,
    state: Mutex<FileState>,
    /// Chunks that are still to be stored, and one for who reads the file.
    left: AtomicUsize,
    is_unreadable: AtomicBool,
}

#[derive(Default)]
struct FileState {
    node: Node,
    content: Vec<Option<BlobId>>,
    /// Bytes read, which is the size that is stored: files change while they are read.
    bytes: u64,
    added: Added,
}

impl OpenFile {
    /// Makes room for the next chunk, of so many bytes, which is now to be waited for.
    fn expect_chunk(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.content.push(None);
        state.bytes += bytes as u64;
        drop(state);
        self.left.fetch_add(1, Ordering::Relaxed);
    }
}

impl Archive<'_> {
    pub(super) fn file(&self, job: FileJob, worker: &mut Worker) -> Result<(), StoreError> {
        let FileJob { directory, name, previous, place } = job;
        let path = directory.path().join(&name);
        let (file, mut node) = match directory.open_file(&self.reader, &name) {
            Ok(opened) => opened,
            // Gone since the folder was listed, which is nobody's fault.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.leave_out(&place, worker);
            }
            Err(error) => {
                self.find(&path, "open", &error);
                return self.leave_out(&place, worker);
            }
        };
        if node.kind != NodeKind::File {
            let error = io::Error::other("it is no longer a file");
            self.find(&path, "open", &error);
            return self.leave_out(&place, worker);
        }
        self.monitor.event(Event::ItemStarted { path: &place.path_of(&name) });
        if let Some(scan_call) = self.scan_call {
            scan_call.reading(node.size);
        }
        let begun = self.clock.awake();
        self.attributes(&path, Directory::complete_opened(&file, &mut node));
        let open = OpenFile {
            name,
            previous,
            place,
            begun,
            state: Mutex::new(FileState { node, ..FileState::default() }),
            left: AtomicUsize::new(1),
            is_unreadable: AtomicBool::new(false),
        };
        self.read(&path, file, open, worker)
    }

    /// A stream that stands for a file of this metadata.
    pub(super) fn stream(
        &self,
        stream: &mut (dyn Read + Send),
        node: Node,
        place: Place,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let name = OsString::from(String::from_utf8_lossy(&node.name).into_owned());
        self.monitor.event(Event::ItemStarted { path: &place.path_of(&name) });
        let open = Arc::new(OpenFile {
            name,
            previous: None,
            place,
            begun: self.clock.awake(),
            state: Mutex::new(FileState { node, ..FileState::default() }),
            left: AtomicUsize::new(1),
            is_unreadable: AtomicBool::new(false),
        });
        let read = self.read_chunks(&mut Input::of_stream(stream), Vec::new(), &open, worker)?;
        if let Err(source) = read {
            return Err(StoreError::Stream { source });
        }
        self.chunk_arrived(&open, worker)
    }

    fn read(
        &self,
        path: &Path,
        mut file: File,
        open: OpenFile,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let size = open.state.lock().node.size;
        let mut buffer = std::mem::take(&mut worker.buffer);
        buffer.clear();
        let mut is_whole = false;
        if size <= SMALL_BYTES_MAX as u64 {
            let _turn = self.turn.as_ref().map(Mutex::lock);
            // One byte more than there should be: a file that grew meanwhile is noticed.
            let read = file.by_ref().take(SMALL_BYTES_MAX as u64 + 1).read_to_end(&mut buffer);
            if let Err(error) = read {
                worker.buffer = buffer;
                self.find(path, "read", &error);
                return self.leave_out(&open.place, worker);
            }
            is_whole = buffer.len() <= SMALL_BYTES_MAX;
        }
        if is_whole {
            let stored = self.small(&buffer, open, worker);
            worker.buffer = buffer;
            return stored;
        }
        let open = Arc::new(open);
        // What was read already, of a file that is larger than it said, is the beginning.
        let mut source = Input::of_file(file, size, buffer.len() as u64);
        if self.turn.is_some() {
            source.reads_at_a_time(TURN_BYTES);
        }
        let read = self.read_chunks(&mut source, buffer, &open, worker)?;
        if let Err(error) = read {
            self.find(path, "read", &error);
            open.is_unreadable.store(true, Ordering::Relaxed);
        }
        self.chunk_arrived(&open, worker)
    }

    /// A file that is one chunk, or none.
    fn small(&self, bytes: &[u8], open: OpenFile, worker: &mut Worker) -> Result<(), StoreError> {
        let mut state = open.state.into_inner();
        if !bytes.is_empty() {
            let (id, added) = self.store_chunk(bytes, worker)?;
            state.content.push(Some(id));
            state.added = added;
            state.bytes = bytes.len() as u64;
        }
        self.finish_file(&open.place, &open.name, open.previous.as_ref(), open.begun, state, worker)
    }

    /// Reads to the end and stores every chunk, or hands it on. The inner result is the source's.
    fn read_chunks(
        &self,
        source: &mut Input<'_>,
        mut buffer: Vec<u8>,
        open: &Arc<OpenFile>,
        worker: &mut Worker,
    ) -> Result<io::Result<()>, StoreError> {
        let mut search = CutSearch::default();
        let (mut start, mut is_end, mut number) = (0, false, 0);
        let outcome = loop {
            if let Some(length) = self.finder.find_cut(&mut search, &buffer[start..], is_end) {
                self.hand_out(open, number, &buffer[start..start + length], worker)?;
                number += 1;
                start += length;
                continue;
            }
            if is_end {
                break Ok(());
            }
            if self.cancel.is_cancelled() {
                return Err(StoreError::Stopped);
            }
            if start == buffer.len() && source.skip_zero_chunk() {
                start = 0;
                buffer.clear();
                // Nothing to be hashed, nor stored but once: a copy for another worker costs more.
                open.expect_chunk(ZEROS.len());
                self.store_chunk_of(open, number, ZEROS, worker)?;
                number += 1;
                continue;
            }
            if start > 0 {
                buffer.copy_within(start.., 0);
                buffer.truncate(buffer.len() - start);
                start = 0;
            }
            let begun = buffer.len();
            let turn = self.turn.as_ref().map(Mutex::lock);
            let read = source.read_more(&mut buffer, begun);
            drop(turn);
            match read {
                Ok(count) => is_end = count == 0,
                Err(error) => break Err(error),
            }
        };
        buffer.clear();
        buffer.shrink_to(2 * CHUNK_BYTES_MAX);
        worker.buffer = buffer;
        Ok(outcome)
    }

    /// Gives a chunk to another worker if one has time for it.
    fn hand_out(
        &self,
        open: &Arc<OpenFile>,
        number: usize,
        bytes: &[u8],
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        open.expect_chunk(bytes.len());
        if !self.queue.has_room_for_chunk() {
            return self.store_chunk_of(open, number, bytes, worker);
        }
        let mut copy = self.spare_chunks.lock().pop().unwrap_or_default();
        copy.clear();
        copy.extend_from_slice(bytes);
        let job = ChunkJob { file: Arc::clone(open), number, bytes: copy };
        match self.queue.try_push_chunk(job) {
            Ok(()) => Ok(()),
            Err(job) => self.chunk(job, worker),
        }
    }

    pub(super) fn chunk(&self, job: ChunkJob, worker: &mut Worker) -> Result<(), StoreError> {
        let ChunkJob { file, number, bytes } = job;
        let stored = self.store_chunk_of(&file, number, &bytes, worker);
        self.spare_chunks.lock().push(bytes);
        stored
    }

    fn store_chunk_of(
        &self,
        open: &Arc<OpenFile>,
        number: usize,
        bytes: &[u8],
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let (id, added) = self.store_chunk(bytes, worker)?;
        {
            let mut state = open.state.lock();
            state.content[number] = Some(id);
            state.added += added;
        }
        self.chunk_arrived(open, worker)
    }

    fn store_chunk(
        &self,
        bytes: &[u8],
        worker: &mut Worker,
    ) -> Result<(BlobId, Added), StoreError> {
        let id = if bytes.len() == CHUNK_BYTES_MIN && std::ptr::eq(bytes, ZEROS) {
            ZERO_CHUNK
        } else {
            BlobId::of(bytes)
        };
        let added = self.store.add(BlobKind::Data, id, bytes, &mut worker.sealer, &worker.full)?;
        self.monitor.event(Event::Bytes(bytes.len() as u64));
        Ok((id, added))
    }

    /// Counts a stored chunk; the last one finishes the file.
    fn chunk_arrived(&self, open: &Arc<OpenFile>, worker: &mut Worker) -> Result<(), StoreError> {
        if open.left.fetch_sub(1, Ordering::AcqRel) != 1 {
            return Ok(());
        }
        if open.is_unreadable.load(Ordering::Relaxed) {
            return self.leave_out(&open.place, worker);
        }
        let state = std::mem::take(&mut *open.state.lock());
        let previous = open.previous.as_ref();
        self.finish_file(&open.place, &open.name, previous, open.begun, state, worker)
    }

    fn finish_file(
        &self,
        place: &Place,
        name: &OsStr,
        previous: Option<&Node>,
        begun: Duration,
        state: FileState,
        worker: &mut Worker,
    ) -> Result<(), StoreError> {
        let FileState { mut node, content, bytes, added } = state;
        node.size = bytes;
        let content: Option<Vec<BlobId>> = content.into_iter().collect();
        node.content = Some(content.expect("every chunk was stored"));
        let change = change_of(&node, previous);
        self.item(place, name, ItemKind::File, change, bytes, added, Some(begun));
        self.bring(place, &node, worker)
    }
}
