//! Counts the source beside the backup, so that progress can tell what is left.
//!
//! It reads no file and reports no problem: the backup meets the same ones and does. Where the parent
//! snapshot tells about how much there is, the count only begins once there is much to be read: a
//! short backup would be over before it, and pay for every folder twice.

use std::ffi::OsString;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::exclude::{Judgement, Rules};
use super::source::{Directory, Reader, name_bytes, node_of_path};
use super::targets::{Child, Top};
use crate::monitor::{Cancellation, Event, Monitor, Totals};
use crate::tree::{Node, NodeKind};

/// So many bytes of new and changed files are much: seconds of work.
const MUCH_BYTES: u64 = 512 << 20;

/// What a file costs besides its bytes, in bytes that could be read in its place.
const FILE_COST_BYTES: u64 = 32 << 10;

/// Calls for the count.
pub(super) struct ScanCall {
    /// Bytes to be read before it is worth it.
    left: AtomicU64,
    call: Sender<()>,
}

impl ScanCall {
    /// A call, and where it is heard. With an `estimate` it can wait.
    pub(super) fn new(estimate: bool) -> (Self, Receiver<()>) {
        let (call, heard) = crossbeam_channel::bounded(1);
        let left = AtomicU64::new(if estimate { MUCH_BYTES } else { 0 });
        let new = Self { left, call };
        if !estimate {
            new.now();
        }
        (new, heard)
    }

    /// A file of so many bytes is going to be read.
    pub(super) fn reading(&self, bytes: u64) {
        let cost = bytes.saturating_add(FILE_COST_BYTES);
        let take = |left: u64| (left > 0).then(|| left.saturating_sub(cost));
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_ok_and(|before| before <= cost) {
            self.now();
        }
    }

    /// The count need not wait any longer.
    fn now(&self) {
        // One call is enough.
        let _ = self.call.try_send(());
    }

    /// Ends the count, also one that was not called for, when what is returned is dropped.
    pub(super) fn end_on_drop<'a>(&'a self, stop: &'a Cancellation) -> EndScan<'a> {
        EndScan { call: self, stop }
    }
}

/// Whoever waits for the count's end would wait for ever if the backup panicked before calling.
pub(super) struct EndScan<'a> {
    call: &'a ScanCall,
    stop: &'a Cancellation,
}

impl Drop for EndScan<'_> {
    fn drop(&mut self) {
        self.stop.cancel();
        self.call.now();
    }
}

/// Counts everything below `top`; tells the monitor at the end, unless it is stopped.
pub(super) fn scan(
    top: &Top,
    rules: &Rules,
    reader: &Reader,
    monitor: &dyn Monitor,
    stop: &Cancellation,
) {
    let mut count = Count { rules, reader, stop, totals: Totals::default() };
    count.top(top);
    if !stop.is_cancelled() {
        count.totals.exact = true;
        monitor.event(Event::Total(count.totals));
    }
}

/// A folder that is still to be opened: its parent and its name.
type Waiting = (Rc<Directory>, OsString);

struct Count<'a> {
    rules: &'a Rules,
    reader: &'a Reader,
    stop: &'a Cancellation,
    totals: Totals,
}

impl Count<'_> {
    fn top(&mut self, top: &Top) {
        for child in top.children.values() {
            match child {
                Child::Way { top, .. } => {
                    self.totals.folders += 1;
                    self.top(top);
                }
                Child::Target(path) => self.target(path),
                Child::Entry(path) => self.entry(path),
            }
        }
    }

    fn target(&mut self, path: &Path) {
        let Ok(node) = node_of_path(self.reader, path) else { return };
        if node.kind != NodeKind::Folder {
            return self.count(&node);
        }
        self.totals.folders += 1;
        let Ok(root) = Directory::open(path) else { return };
        let mut waiting = Vec::new();
        let names = root.names().unwrap_or_default();
        self.entries(&Rc::new(root), names, node.device_id, &mut waiting);
        self.below(&mut waiting, node.device_id);
    }

    /// An entry of a folder that was named by dots only.
    fn entry(&mut self, path: &Path) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return };
        let Ok(device) = node_of_path(self.reader, parent).map(|node| node.device_id) else {
            return;
        };
        let Ok(directory) = Directory::open(parent) else { return };
        let mut waiting = Vec::new();
        self.entries(&Rc::new(directory), vec![name.to_owned()], device, &mut waiting);
        self.below(&mut waiting, device);
    }

    // A stack of names and not of open folders, of which a process may only have a few.
    fn below(&mut self, waiting: &mut Vec<Waiting>, device: u64) {
        while !self.stop.is_cancelled()
            && let Some((parent, name)) = waiting.pop()
        {
            if let Ok(directory) = parent.open_child(&name) {
                let names = directory.names().unwrap_or_default();
                self.entries(&Rc::new(directory), names, device, waiting);
            }
        }
    }

    fn entries(
        &mut self,
        directory: &Rc<Directory>,
        names: Vec<OsString>,
        device: u64,
        waiting: &mut Vec<Waiting>,
    ) {
        let markers = self.rules.markers_in(directory, self.reader);
        for name in names {
            let is_excluded = || {
                let path = directory.path().join(&name);
                self.rules.has_patterns() && self.rules.excludes_path(name_bytes(path.as_os_str()))
            };
            if self.stop.is_cancelled() || markers.exclude(&name) || is_excluded() {
                continue;
            }
            let Ok(node) = directory.node(self.reader, &name) else { continue };
            match self.rules.judge(&node, device) {
                Judgement::Excluded => {}
                Judgement::Included if node.kind == NodeKind::Folder => {
                    self.totals.folders += 1;
                    waiting.push((Rc::clone(directory), name));
                }
                _ => self.count(&node),
            }
        }
    }

    fn count(&mut self, node: &Node) {
        match node.kind {
            NodeKind::File => {
                self.totals.files += 1;
                self.totals.bytes += node.size;
            }
            NodeKind::Folder => self.totals.folders += 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::source::SourceOptions;

    #[test]
    fn without_an_estimate_the_count_begins_at_once() {
        let (_call, heard) = ScanCall::new(false);
        assert!(heard.try_recv().is_ok());
    }

    #[test]
    fn with_an_estimate_it_begins_when_much_is_to_be_read_and_only_once() {
        let (call, heard) = ScanCall::new(true);
        call.reading(MUCH_BYTES - FILE_COST_BYTES - 1);
        assert!(heard.try_recv().is_err());
        call.reading(0);
        assert!(heard.try_recv().is_ok());
        call.reading(u64::MAX);
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn a_count_that_is_stopped_opens_no_folder_any_more() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("inner")).expect("made");
        let root = Rc::new(Directory::open(folder.path()).expect("it is there"));
        let rules = Rules::default();
        let reader = Reader::new(SourceOptions::new(jiff::tz::TimeZone::UTC));
        let stop = Cancellation::default();
        stop.cancel();
        let totals = Totals::default();
        let mut count = Count { rules: &rules, reader: &reader, stop: &stop, totals };
        let mut waiting = vec![(root, OsString::from("inner"))];
        count.below(&mut waiting, 0);
        assert_eq!(waiting.len(), 1);
    }

    #[test]
    fn many_small_files_are_much_too() {
        let (call, heard) = ScanCall::new(true);
        (0..MUCH_BYTES / FILE_COST_BYTES).for_each(|_| call.reading(0));
        assert!(heard.try_recv().is_ok());
    }
}
