//! Bounds how many files are open at once.
//!
//! A file of many blobs stays open while its blobs arrive from many packs. When there are too many
//! of them, the one opened first is closed; it is opened again when its next blob comes.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::context::Context;
use super::task::Task;

/// Below the 256 descriptors that macOS gives a process, with room for folders and packs.
const OPEN_MAX: usize = 96;

/// The tasks whose files are open, the first opened first.
#[derive(Default)]
pub(super) struct OpenFiles(Mutex<VecDeque<Weak<Task>>>);

impl OpenFiles {
    /// The file that the task writes to, made or opened if need be.
    pub(super) fn get(&self, context: &Context<'_>, task: &Arc<Task>) -> io::Result<Arc<File>> {
        let mut slot = task.file.lock();
        if let Some(file) = &*slot {
            return Ok(file.clone());
        }
        let file = Arc::new(task.open_for_writing(context)?);
        *slot = Some(file.clone());
        drop(slot);
        self.opened(task);
        Ok(file)
    }

    fn opened(&self, task: &Arc<Task>) {
        let mut open = self.0.lock();
        open.push_back(Arc::downgrade(task));
        let mut looked_at = open.len();
        while open.len() > OPEN_MAX && looked_at > 0 {
            looked_at -= 1;
            let Some(first) = open.pop_front().and_then(|first| first.upgrade()) else { continue };
            // Whoever holds the lock is opening it, and whoever shares the file is writing to it.
            let Some(mut slot) = first.file.try_lock() else {
                open.push_back(Arc::downgrade(&first));
                continue;
            };
            match &*slot {
                Some(file) if Arc::strong_count(file) > 1 => {
                    open.push_back(Arc::downgrade(&first));
                }
                _ => *slot = None,
            }
        }
    }
}
