//! `holdfast ls`

mod filter;
mod ncdu;
pub(super) mod node;

use std::cmp::Ordering;
use std::sync::Arc;

use holdfast_engine::index::Index;
use holdfast_engine::listing::{self, Next, Visited};
use holdfast_engine::repository::Repository;
use holdfast_engine::snapshot::Snapshot;
use holdfast_engine::tree::Node;

use super::Ended;
use crate::arguments::{LsArguments, SortArgument};
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::snapshot_object;
use crate::output::{Verbosity, format};
use crate::selection::{not_selected, select, subtree};
use crate::session::Session;
use crate::{explain, locking};

use filter::FolderFilter;
use ncdu::NcduWriter;

/// Where entries go as they are met.
trait Shown {
    fn entry(&mut self, path: &[u8], node: &Node) -> Result<(), Failure>;
}

/// Lists what is in a snapshot.
pub(crate) fn ls(session: &Session, arguments: &LsArguments) -> Ended {
    let Some((id, folders)) = arguments.words.split_first() else {
        return Err(Failure::fatal(
            "no snapshot ID specified, specify snapshot ID or use special ID 'latest'",
        ));
    };
    if arguments.ncdu && session.global.json {
        return Err(Failure::fatal("only either '--json' or '--ncdu' can be specified"));
    }
    let is_sorted = arguments.sort != SortArgument::Name || arguments.reverse;
    if arguments.ncdu && (is_sorted || !folders.is_empty()) {
        return Err(Failure::fatal(
            "--ncdu lists everything in its own order; give no folders, \
                                   --sort or --reverse with it",
        ));
    }
    let filter = FolderFilter::new(folders, arguments.recursive)?;
    let repository = session.open()?;
    let lock = session.lock_to_read(&repository, "ls")?;
    let listed = list(session, arguments, &repository, id, &filter);
    locking::release(session, lock);
    let unread = listed?;
    Ok(if unread == 0 { ExitStatus::Success } else { ExitStatus::Failed })
}

/// Lists; returns how many folders could not be read.
fn list(
    session: &Session,
    arguments: &LsArguments,
    repository: &Arc<Repository>,
    text: &str,
    filter: &FolderFilter,
) -> Result<u64, Failure> {
    let all = session.load_snapshots(repository)?;
    let wanted = session.filter(&arguments.filter);
    let selected =
        select(&all, text, &wanted).map_err(|error| not_selected(&error, &wanted, ""))?;
    let index = session.readable_index(repository)?;
    let mut shown = selected.snapshot.clone();
    shown.tree = subtree(repository, &index, shown.tree, selected.subfolder)?;

    let terminal = &session.terminal;
    if arguments.ncdu {
        let mut writer = NcduWriter::begin(terminal, &shown)?;
        let unread = visit(session, repository, &index, &shown, filter, &mut writer)?;
        writer.end()?;
        return Ok(unread);
    }
    if terminal.is_json() {
        let object = snapshot_object(selected.id, &shown);
        let fields = object.strip_suffix('}').unwrap_or(&object);
        terminal
            .line(&format!(r#"{fields},"message_type":"snapshot","struct_type":"snapshot"}}"#))?;
    } else {
        let line = format!(
            "{} filtered by [{}]:",
            describe(session, &selected.id.short(), &shown),
            filter.shown()
        );
        terminal.say(Verbosity::Normal, &line);
    }
    let mut writer = Lines { session, arguments };
    if arguments.sort == SortArgument::Name && !arguments.reverse {
        return visit(session, repository, &index, &shown, filter, &mut writer);
    }
    let mut sorted = Sorted(Vec::new());
    let unread = visit(session, repository, &index, &shown, filter, &mut sorted)?;
    sorted.0.sort_by(|a, b| order(arguments.sort, a, b));
    if arguments.reverse {
        sorted.0.reverse();
    }
    sorted.0.iter().try_for_each(|(path, node)| writer.entry(path, node))?;
    Ok(unread)
}

/// `snapshot f1162fb3 of [/src] at 2026-11-21 09:04:48.34 +0000 UTC by root@vm`
pub(super) fn describe(session: &Session, id: &str, snapshot: &Snapshot) -> String {
    format!(
        "snapshot {id} of [{}] at {} by {}@{}",
        snapshot.paths.join(" "),
        format::go_time(&snapshot.time, &session.zone),
        snapshot.username,
        snapshot.hostname
    )
}

fn visit(
    session: &Session,
    repository: &Repository,
    index: &Index,
    snapshot: &Snapshot,
    filter: &FolderFilter,
    shown: &mut dyn Shown,
) -> Result<u64, Failure> {
    let mut unread = 0;
    let mut failure = None;
    let mut visit = |visited: Visited<'_>| match visited {
        Visited::Entry { path, node } => {
            if filter.shows(path)
                && let Err(error) = shown.entry(path, node)
            {
                failure = Some(error);
                return Next::Stop;
            }
            if filter.enters(path) { Next::Into } else { Next::Past }
        }
        Visited::Unreadable { path, error } => {
            unread += 1;
            let path = String::from_utf8_lossy(path);
            session.terminal.warn(&format!("error: {path} cannot be read: {error}"));
            Next::Past
        }
    };
    listing::walk(repository, index, snapshot.tree, b"", &session.cancel, &mut visit)
        .map_err(explain::reading)?;
    match failure {
        Some(failure) => Err(failure),
        None => Ok(unread),
    }
}

/// Writes a line for each entry, or a JSON message.
struct Lines<'a> {
    session: &'a Session,
    arguments: &'a LsArguments,
}

impl Shown for Lines<'_> {
    fn entry(&mut self, path: &[u8], node: &Node) -> Result<(), Failure> {
        let terminal = &self.session.terminal;
        if terminal.is_json() {
            terminal.message(&node::message(path, node))?;
        } else if self.arguments.long {
            terminal.raw(&node::long_line(
                path,
                node,
                &self.session.zone,
                self.arguments.human_readable,
            ))?;
        } else {
            terminal.raw(&[path, b"\n"].concat())?;
        }
        Ok(())
    }
}

/// Keeps entries until all are there.
struct Sorted(Vec<(Vec<u8>, Node)>);

impl Shown for Sorted {
    fn entry(&mut self, path: &[u8], node: &Node) -> Result<(), Failure> {
        // What a line does not show would only take memory.
        let slim = Node { content: None, extended_attributes: Vec::new(), ..node.clone() };
        self.0.push((path.to_vec(), slim));
        Ok(())
    }
}

fn order(by: SortArgument, a: &(Vec<u8>, Node), b: &(Vec<u8>, Node)) -> Ordering {
    let (left, right) = (&a.1, &b.1);
    let primary = match by {
        SortArgument::Name => Ordering::Equal,
        SortArgument::Size => left.size.cmp(&right.size),
        SortArgument::Time => left.modified.cmp_moment(&right.modified),
        SortArgument::Atime => left.accessed.cmp_moment(&right.accessed),
        SortArgument::Ctime => left.changed.cmp_moment(&right.changed),
        SortArgument::Extension => extension(&left.name).cmp(extension(&right.name)),
    };
    primary.then_with(|| a.0.cmp(&b.0))
}

/// From the last dot on; nothing without one.
fn extension(name: &[u8]) -> &[u8] {
    name.iter().rposition(|byte| *byte == b'.').map_or(b"", |dot| &name[dot..])
}
