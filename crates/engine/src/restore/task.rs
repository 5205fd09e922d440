//! One entry that is being restored and is not a folder.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::context::Context;
use super::decide::Placement;
use super::folder::FolderTask;
use super::link::LinkSource;
use super::target::{self, Existing};
use crate::monitor::Event;
use crate::tree::{Node, NodeKind};

/// One entry on its way to the target.
///
/// What takes more than one write, and what replaces something, is built under a temporary name
/// and gets its own when it is whole.
pub(super) struct Task {
    pub folder: Arc<FolderTask>,
    pub name: OsString,
    /// Its path in the snapshot.
    pub location: PathBuf,
    pub node: Node,
    pub placement: Placement,
    /// What stood at the name when the walk came by.
    pub existing: Option<Existing>,
    /// Others wait for it, to become further names of it.
    pub links: Option<Arc<LinkSource>>,
    /// The file, while it is open between two writes.
    pub file: Mutex<Option<Arc<File>>>,
    /// Some of its content was written, so it was not right before.
    pub has_new_content: AtomicBool,
    temporary: Option<OsString>,
    /// The file that we made is there.
    is_made: AtomicBool,
    /// Bytes of its blobs together, which the node's size should be but need not.
    content_bytes: AtomicU64,
    /// Writes that are to come.
    pending: AtomicUsize,
    failed: AtomicBool,
    /// The repository does not have all of it. The rest is restored all the same, and worth keeping.
    is_incomplete: AtomicBool,
}

impl Task {
    pub(super) fn new(
        folder: Arc<FolderTask>,
        name: OsString,
        location: PathBuf,
        node: Node,
        placement: Placement,
        existing: Option<Existing>,
    ) -> Self {
        let content_bytes = AtomicU64::new(node.size);
        Self {
            folder,
            name,
            location,
            node,
            placement,
            existing,
            links: None,
            file: Mutex::new(None),
            has_new_content: AtomicBool::new(false),
            temporary: None,
            is_made: AtomicBool::new(false),
            content_bytes,
            pending: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            is_incomplete: AtomicBool::new(false),
        }
    }

    /// Fixes where it is built, once the placement is final.
    pub(super) fn place(&mut self, context: &Context<'_>, placement: Placement) {
        self.placement = placement;
        let is_one_write = self.node.content.as_ref().is_none_or(|content| content.len() <= 1);
        self.temporary = match placement {
            Placement::New if is_one_write => None,
            Placement::InPlace | Placement::Leave => None,
            _ => Some(context.temporary_name()),
        };
    }

    /// The name that it is built under.
    pub(super) fn work_name(&self) -> &OsStr {
        self.temporary.as_deref().unwrap_or(&self.name)
    }

    /// True if it is built under another name than its own.
    pub(super) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    pub(super) fn is_file(&self) -> bool {
        self.node.kind == NodeKind::File
    }

    /// True if there are holes to be left where the content is zeros.
    pub(super) fn is_sparse(&self, context: &Context<'_>) -> bool {
        context.options.sparse && self.placement != Placement::InPlace
    }

    /// Opens the file that content goes to: makes it the first time, with its whole size if it
    /// takes more than one write.
    pub(super) fn open_for_writing(&self, context: &Context<'_>) -> io::Result<File> {
        let folder = self.folder.open(context)?;
        let blobs = self.node.content.as_ref().map_or(0, Vec::len);
        if self.placement == Placement::InPlace {
            let file = folder.write_file(&self.name)?;
            if !self.is_made.swap(true, Ordering::Relaxed) {
                file.set_len(self.content_bytes())?;
            }
            return Ok(file);
        }
        if self.is_made.load(Ordering::Acquire) {
            return folder.write_file(self.work_name());
        }
        context.event(Event::ItemStarted { path: &self.location });
        let file = folder.create_file(self.work_name(), &self.node)?;
        self.is_made.store(true, Ordering::Release);
        // What replaces something is reserved everywhere: without room for both, it is changed in
        // place, and that is to be known now.
        let is_reserved = !self.is_sparse(context)
            && (self.placement != Placement::New || self.folder.gains_by_reserving());
        if blobs > 1 && is_reserved {
            target::reserve(&file, self.content_bytes())?;
        } else if blobs > 1 || self.is_sparse(context) {
            file.set_len(self.content_bytes())?;
        }
        Ok(file)
    }

    /// Bytes of its content.
    pub(super) fn content_bytes(&self) -> u64 {
        self.content_bytes.load(Ordering::Relaxed)
    }

    /// Says how long the content really is, once its blobs have been found.
    pub(super) fn set_content_bytes(&self, bytes: u64) {
        self.content_bytes.store(bytes, Ordering::Relaxed);
    }

    /// True if a file of ours stands at the work name.
    pub(super) fn is_made(&self) -> bool {
        self.is_made.load(Ordering::Acquire)
    }

    /// A link, fifo or device was made at the work name.
    pub(super) fn made(&self) {
        self.is_made.store(true, Ordering::Release);
    }

    /// Forgets the file at the work name, which has been removed.
    pub(super) fn unmade(&self) {
        self.is_made.store(false, Ordering::Release);
    }

    /// How many writes there will be. Said before the first of them.
    pub(super) fn expect_writes(&self, count: usize) {
        self.pending.store(count, Ordering::Release);
    }

    /// One write is done or given up; true for the last one.
    pub(super) fn write_done(&self) -> bool {
        self.pending.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Marks it as failed; true if it was not before, so that one failure is reported once.
    pub(super) fn fail(&self) -> bool {
        !self.failed.swap(true, Ordering::Relaxed)
    }

    /// Marks it as lacking something that the repository does not have; true if it did not before.
    pub(super) fn lack(&self) -> bool {
        !self.is_incomplete.swap(true, Ordering::Relaxed)
    }

    /// True if the repository does not have all of it.
    pub(super) fn is_incomplete(&self) -> bool {
        self.is_incomplete.load(Ordering::Relaxed)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// True if what was written of it is worth keeping although it is not whole.
    pub(super) fn is_worth_keeping(&self) -> bool {
        self.is_incomplete()
            && !self.has_failed()
            && self.has_new_content.load(Ordering::Relaxed)
            && self.is_temporary()
    }
}
