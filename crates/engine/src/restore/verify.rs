//! Reads what was written once more, and compares it with the snapshot.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::compare::Equality;
use super::context::Context;
use super::roots::Root;
use super::selection::Selection;
use super::target::Target;
use super::traverse::{Entry, Visitor, traverse};
use super::walk::location_path;
use crate::manners;
use crate::monitor::{Event, FindingKind};
use crate::repository::ReadError;
use crate::tree::{Node, NodeKind, Tree};

struct Check {
    folder: PathBuf,
    name: OsString,
    location: PathBuf,
    node: Node,
}

/// Compares every file that got new content.
pub(super) fn verify(context: &Context<'_>, roots: &[Root], selection: &Selection) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    for root in roots {
        let Ok(target) = Target::open(&root.target).map(Arc::new) else { continue };
        let (checks, to_check) = bounded(64);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (to_check, target) = (to_check.clone(), target.clone());
                scope.spawn(manners::as_here(move || work(context, &target, &to_check)));
            }
            let mut walk = Walk { context, checks, path: PathBuf::new() };
            traverse(context.repository, context.index, root, selection, &mut walk);
        });
    }
}

fn work(context: &Context<'_>, target: &Target, checks: &Receiver<Check>) {
    let mut buffer = Vec::new();
    for check in checks {
        if context.is_stopped() {
            continue;
        }
        let opened = target.folder(&check.folder).and_then(|it| it.read_file(&check.name));
        let equality = opened.map(|file| {
            Equality::of(context.index, &check.node, &file, &mut buffer, || context.is_stopped())
        });
        if context.is_stopped() {
            continue;
        }
        let problem = match equality {
            Ok(equality) if equality.is_whole => {
                context.verified_file();
                context.event(Event::Bytes(check.node.size));
                continue;
            }
            Ok(_) => "what was written does not read back as it should".to_owned(),
            Err(error) => error.to_string(),
        };
        context.finding(FindingKind::Unwritable, &check.location, "verify", problem);
    }
}

struct Walk<'a> {
    context: &'a Context<'a>,
    checks: Sender<Check>,
    path: PathBuf,
}

impl Visitor for Walk<'_> {
    fn enter(&mut self, entry: &Entry<'_>, _: Node, _: Option<&Tree>) {
        self.path.push(entry.name);
    }

    fn leaf(&mut self, entry: &Entry<'_>, node: Node) {
        let location = location_path(entry.location);
        if node.kind == NodeKind::File && self.context.written.contains(Path::new(&location)) {
            let other = self.context.written.other_name(&location);
            let name = other.unwrap_or_else(|| entry.name.to_owned());
            let check = Check { folder: self.path.clone(), name, location, node };
            self.checks.send(check).expect("checkers outlive the walk");
        }
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    // Both have been reported by the walk that restored.
    fn refuse(&mut self, _: &[u8], _: &'static str) {}
    fn unreadable(&mut self, _: &[u8], _: &ReadError) {}

    fn is_stopped(&self) -> bool {
        self.context.is_stopped()
    }
}
