//! `holdfast diff`

use std::sync::Arc;

use holdfast_engine::diff::{self, DiffCounts, DiffStats, Told};
use holdfast_engine::repository::Repository;
use holdfast_engine::snapshot::{Selection, SnapshotFilter, Snapshots};

use super::Ended;
use crate::arguments::DiffArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::{DiffChangeMessage, DiffCountsMessage, DiffStatisticsMessage};
use crate::output::{Verbosity, format};
use crate::selection::{not_selected, select, subtree};
use crate::session::Session;
use crate::{explain, locking};

/// Shows what differs between two snapshots.
pub(crate) fn diff(session: &Session, arguments: &DiffArguments) -> Ended {
    let [before, after] = arguments.snapshots.as_slice() else {
        return Err(Failure::fatal("specify two snapshot IDs"));
    };
    let repository = session.open()?;
    let lock = session.lock_to_read(&repository, "diff")?;
    let compared = compare(session, arguments, &repository, (before, after));
    locking::release(session, lock);
    let (stats, names) = compared?;
    report(session, &stats, (&names.0, &names.1))?;
    Ok(ExitStatus::Success)
}

fn compare(
    session: &Session,
    arguments: &DiffArguments,
    repository: &Arc<Repository>,
    given: (&str, &str),
) -> Result<(DiffStats, (String, String)), Failure> {
    let terminal = &session.terminal;
    let all = session.load_snapshots(repository)?;
    let index = session.readable_index(repository)?;
    let (before, after) = (selected(&all, given.0)?, selected(&all, given.1)?);
    let line = format!("comparing snapshot {} to {}:\n", before.id.short(), after.id.short());
    terminal.say(Verbosity::Normal, &line);
    let tree = |it: &Selection<'_>| subtree(repository, &index, it.snapshot.tree, it.subfolder);
    let trees = (tree(&before)?, tree(&after)?);
    let mut written = Ok(());
    let mut tell = |told: Told<'_>| {
        if written.is_ok() {
            written = show(session, &told);
        }
    };
    let metadata = arguments.metadata;
    let stats = diff::diff(repository, &index, trees, metadata, &session.cancel, &mut tell);
    written?;
    let names = (name(given.0, &before), name(given.1, &after));
    Ok((stats.map_err(explain::reading)?, names))
}

/// The snapshot as it was given; its id where that was `latest`, which means another one tomorrow.
fn name(given: &str, selection: &Selection<'_>) -> String {
    match given.strip_prefix("latest") {
        Some(rest) if rest.is_empty() || rest.starts_with(':') => format!("{}{rest}", selection.id),
        _ => given.to_owned(),
    }
}

fn selected<'a>(all: &'a Snapshots, text: &'a str) -> Result<Selection<'a>, Failure> {
    let filter = SnapshotFilter::default();
    select(all, text, &filter).map_err(|error| not_selected(&error, &filter, "Fatal: "))
}

fn show(session: &Session, told: &Told<'_>) -> Result<(), Failure> {
    let terminal = &session.terminal;
    match told {
        Told::Difference { .. } if terminal.verbosity() == Verbosity::Quiet => {}
        Told::Difference { path, difference } if terminal.is_json() => {
            terminal.message(&DiffChangeMessage {
                message_type: "change",
                path: format::text(path),
                modifier: difference.to_string(),
            })?;
        }
        Told::Difference { path, difference } => {
            let modifier = format!("{:<5}", difference.to_string());
            terminal.raw(&[modifier.as_bytes(), path, b"\n"].concat())?;
        }
        Told::Problem(error) => terminal.warn(&format!("error: {error}")),
        _ => {}
    }
    Ok(())
}

fn report(
    session: &Session,
    stats: &DiffStats,
    (before, after): (&str, &str),
) -> Result<(), Failure> {
    let terminal = &session.terminal;
    let DiffStats { changed_files, added, removed } = stats;
    if terminal.is_json() {
        return Ok(terminal.message(&DiffStatisticsMessage {
            message_type: "statistics",
            source_snapshot: before,
            target_snapshot: after,
            changed_files: *changed_files,
            added: counts(added),
            removed: counts(removed),
        })?);
    }
    let two = |name: &str, added: u64, removed: u64| {
        format!("{name:<13}{added:>5} new, {removed:>5} removed")
    };
    terminal.line("")?;
    let files = two("Files:", added.files, removed.files);
    terminal.line(&format!("{files}, {changed_files:>5} changed"))?;
    terminal.line(&two("Dirs:", added.folders, removed.folders))?;
    terminal.line(&two("Others:", added.others, removed.others))?;
    terminal.line(&two("Data Blobs:", added.data_blobs, removed.data_blobs))?;
    terminal.line(&two("Tree Blobs:", added.tree_blobs, removed.tree_blobs))?;
    terminal.line(&format!("  Added:   {:<5}", format::bytes(added.bytes)))?;
    terminal.line(&format!("  Removed: {:<5}", format::bytes(removed.bytes)))?;
    Ok(())
}

fn counts(counts: &DiffCounts) -> DiffCountsMessage {
    DiffCountsMessage {
        files: counts.files,
        dirs: counts.folders,
        others: counts.others,
        data_blobs: counts.data_blobs,
        tree_blobs: counts.tree_blobs,
        bytes: counts.bytes,
    }
}
