//! Counts the source beside the backup, so that progress can tell what is left.
//!
//! It reads no file and reports no problem: the backup meets the same ones and does.

use std::ffi::OsString;
use std::path::Path;
use std::rc::Rc;

use super::exclude::{Judgement, Rules};
use super::source::{Directory, Reader, name_bytes, node_of_path};
use super::targets::{Child, Top};
use crate::monitor::{Cancellation, Event, Monitor, Totals};
use crate::tree::{Node, NodeKind};

/// Counts everything below `top`; tells the monitor at the end, unless it is stopped.
pub(super) fn scan(
    top: &Top,
    rules: &Rules,
    reader: &Reader,
    monitor: &dyn Monitor,
    stop: &Cancellation,
) {
    let mut scan = Scan { rules, reader, stop, totals: Totals::default() };
    scan.top(top);
    if !stop.is_cancelled() {
        scan.totals.exact = true;
        monitor.event(Event::Total(scan.totals));
    }
}

/// A folder that is still to be opened: its parent and its name.
type Waiting = (Rc<Directory>, OsString);

struct Scan<'a> {
    rules: &'a Rules,
    reader: &'a Reader,
    stop: &'a Cancellation,
    totals: Totals,
}

impl Scan<'_> {
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
        self.below(waiting, node.device_id);
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
        self.below(waiting, device);
    }

    // A stack of names and not of open folders, of which a process may only have a few.
    fn below(&mut self, mut waiting: Vec<Waiting>, device: u64) {
        while let Some((parent, name)) = waiting.pop() {
            if let Ok(directory) = parent.open_child(&name) {
                let names = directory.names().unwrap_or_default();
                self.entries(&Rc::new(directory), names, device, &mut waiting);
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
