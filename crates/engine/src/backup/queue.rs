//! Work for the workers.
//!
//! Chunks come before files and files before folders, so that what was begun is finished before more
//! is opened; folders are a stack, so that the walk goes down before it goes on. Both bound what is
//! held in memory. Queues of files and chunks are short: who finds one full does the work itself.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

/// One piece of work.
pub(super) enum Job<Folder, File, Chunk> {
    Folder(Folder),
    File(File),
    Chunk(Chunk),
}

/// The work that waits.
pub(super) struct Queue<Folder, File, Chunk> {
    waiting: Mutex<Waiting<Folder, File, Chunk>>,
    changed: Condvar,
    files_max: usize,
    chunks_max: usize,
}

struct Waiting<Folder, File, Chunk> {
    folders: Vec<Folder>,
    files: VecDeque<File>,
    chunks: VecDeque<Chunk>,
    is_closed: bool,
}

impl<Folder, File, Chunk> Queue<Folder, File, Chunk> {
    /// A queue that holds so many files and chunks.
    pub(super) fn new(files_max: usize, chunks_max: usize) -> Self {
        let waiting = Waiting {
            folders: Vec::new(),
            files: VecDeque::new(),
            chunks: VecDeque::new(),
            is_closed: false,
        };
        Self { waiting: Mutex::new(waiting), changed: Condvar::new(), files_max, chunks_max }
    }

    /// Adds folders; the first of them is taken first.
    pub(super) fn push_folders(&self, folders: impl DoubleEndedIterator<Item = Folder>) {
        self.waiting.lock().folders.extend(folders.rev());
        self.changed.notify_all();
    }

    /// Adds a file, or gives it back if enough are waiting.
    pub(super) fn try_push_file(&self, file: File) -> Result<(), File> {
        let mut waiting = self.waiting.lock();
        if waiting.files.len() >= self.files_max {
            return Err(file);
        }
        waiting.files.push_back(file);
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// True if a chunk would be taken just now: asked before it is copied.
    pub(super) fn has_room_for_chunk(&self) -> bool {
        self.waiting.lock().chunks.len() < self.chunks_max
    }

    /// Adds a chunk, or gives it back if enough are waiting.
    pub(super) fn try_push_chunk(&self, chunk: Chunk) -> Result<(), Chunk> {
        let mut waiting = self.waiting.lock();
        if waiting.chunks.len() >= self.chunks_max {
            return Err(chunk);
        }
        waiting.chunks.push_back(chunk);
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// The next piece of work, when there is one; `None` once the queue is closed.
    pub(super) fn next(&self) -> Option<Job<Folder, File, Chunk>> {
        let mut waiting = self.waiting.lock();
        loop {
            if waiting.is_closed {
                return None;
            }
            if let Some(chunk) = waiting.chunks.pop_front() {
                return Some(Job::Chunk(chunk));
            }
            if let Some(file) = waiting.files.pop_front() {
                return Some(Job::File(file));
            }
            if let Some(folder) = waiting.folders.pop() {
                return Some(Job::Folder(folder));
            }
            self.changed.wait(&mut waiting);
        }
    }

    /// Ends the work: everything is done, or nothing more is to be done.
    pub(super) fn close(&self) {
        self.waiting.lock().is_closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Numbers = Queue<u32, u32, u32>;

    fn drain(queue: &Numbers) -> Vec<(char, u32)> {
        let mut taken = Vec::new();
        while !is_empty(queue) {
            taken.push(match queue.next() {
                Some(Job::Folder(n)) => ('d', n),
                Some(Job::File(n)) => ('f', n),
                Some(Job::Chunk(n)) => ('c', n),
                None => break,
            });
        }
        taken
    }

    fn is_empty(queue: &Numbers) -> bool {
        let waiting = queue.waiting.lock();
        waiting.folders.is_empty() && waiting.files.is_empty() && waiting.chunks.is_empty()
    }

    #[test]
    fn chunks_come_before_files_and_files_before_folders_and_folders_in_order() {
        let queue = Numbers::new(8, 8);
        queue.push_folders([1, 2].into_iter());
        queue.try_push_file(3).expect("there is room");
        queue.try_push_chunk(4).expect("there is room");
        queue.push_folders([5, 6].into_iter());
        assert_eq!(drain(&queue), [('c', 4), ('f', 3), ('d', 5), ('d', 6), ('d', 1), ('d', 2)]);
    }

    #[test]
    fn a_full_queue_gives_the_work_back_and_a_closed_one_ends() {
        let queue = Numbers::new(1, 1);
        assert_eq!(queue.try_push_file(1), Ok(()));
        assert_eq!(queue.try_push_file(2), Err(2));
        assert_eq!(queue.try_push_chunk(1), Ok(()));
        assert_eq!(queue.try_push_chunk(2), Err(2));
        queue.close();
        assert!(queue.next().is_none());
    }
}
