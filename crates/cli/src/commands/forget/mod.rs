//! `holdfast forget`

mod policy;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holdfast_engine::forget::{self, ForgetError, ForgetOutcome};
use holdfast_engine::id::SnapshotId;
use holdfast_engine::monitor::{Event, Monitor};
use holdfast_engine::prune::PruneOptions;
use holdfast_engine::repository::Repository;

use super::{Ended, prune};
use crate::arguments::ForgetArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::{Terminal, Verbosity};
use crate::session::Session;
use crate::{explain, locking};

use policy::{Choice, by_policy};

/// Removes snapshots.
pub(crate) fn forget(session: &Session, arguments: &ForgetArguments) -> Ended {
    if session.global.no_lock && !arguments.dry_run {
        return Err(Failure::fatal(
            "--no-lock is only applicable in combination with --dry-run for forget command",
        ));
    }
    let pruning =
        arguments.prune.then(|| prune::options(session, &arguments.prune_how)).transpose()?;
    let repository = session.open()?;
    if arguments.dry_run {
        let lock = session.lock_to_read(&repository, "forget")?;
        let choice = choose(session, arguments, &repository);
        locking::release(session, lock);
        let choice = choice?;
        choice.show(session, arguments)?;
        would_remove(session, &choice.ids);
        choice.show_json(session)?;
        let count = choice.ids.len();
        let Some(options) = pruning.filter(|_| count > 0) else { return Ok(ExitStatus::Success) };
        let text = format!("{count} snapshots would be removed, running prune dry run");
        session.terminal.say(Verbosity::Normal, &text);
        let options = PruneOptions { dry_run: true, assume_forgotten: choice.ids, ..options };
        return prune::run(session, &repository, &options);
    }
    // A shared lock is enough: what a snapshot refers to stays, so nothing that a backup relies
    // on is touched.
    let lock = session.lock_to_write(&repository, false, "forget")?;
    let removed = choose(session, arguments, &repository).and_then(|choice| {
        choice.show(session, arguments)?;
        let progress = ForgetProgress { terminal: &session.terminal, failed: AtomicU64::new(0) };
        let forgotten = forget::forget(&repository, &choice.ids, &lock, &progress, &session.cancel);
        forgotten.map(|outcome| (choice, outcome)).map_err(failed)
    });
    locking::release(session, Some(lock));
    let (choice, outcome) = removed?;
    let count = choice.ids.len();
    let ended = report(session, count, &outcome);
    choice.show_json(session)?;
    match (ended?, pruning.filter(|_| count > 0)) {
        (ExitStatus::Success, Some(options)) => {
            let text = format!("{count} snapshots have been removed, running prune");
            session.terminal.say(Verbosity::Normal, &text);
            prune::run(session, &repository, &options)
        }
        (status, _) => Ok(status),
    }
}

/// What is to be removed, by name or by policy.
fn choose(
    session: &Session,
    arguments: &ForgetArguments,
    repository: &Arc<Repository>,
) -> Result<Choice, Failure> {
    let all = session.load_snapshots(repository)?;
    let filter = session.filter(&arguments.filter());
    let chosen = session.chosen(&all, &arguments.snapshots, &filter).snapshots;
    if !arguments.snapshots.is_empty() {
        let ids = chosen.into_iter().map(|(id, _)| *id).collect();
        return Ok(Choice { ids, groups: Vec::new() });
    }
    by_policy(session, arguments, &filter, &chosen)
}

fn would_remove(session: &Session, ids: &[SnapshotId]) {
    let terminal = &session.terminal;
    if ids.is_empty() {
        return;
    }
    let mut ids: Vec<String> = ids.iter().map(SnapshotId::short).collect();
    ids.sort_unstable();
    terminal.say(Verbosity::Normal, "Would have removed the following snapshots:");
    terminal.say(Verbosity::Normal, &format!("{{{}}}", ids.join(" ")));
    terminal.say(Verbosity::Normal, "");
}

fn report(session: &Session, asked: usize, outcome: &ForgetOutcome) -> Ended {
    let removed = outcome.removed.len();
    if asked > 0 {
        let share = crate::output::format::percent(removed as u64, asked as u64);
        let line = format!("[0:00] {share}  {removed} / {asked} files deleted");
        session.terminal.say(Verbosity::Normal, &line);
    }
    if outcome.failed.is_empty() {
        return Ok(ExitStatus::Success);
    }
    let ids: Vec<String> = outcome.failed.iter().map(SnapshotId::short).collect();
    Err(Failure::fatal("failed to remove one or more snapshots")
        .status(ExitStatus::Incomplete)
        .meaning(format!("These are still there: {}.", ids.join(", ")))
        .advice("See why above, and run the command again."))
}

fn failed(error: ForgetError) -> Failure {
    if matches!(error, ForgetError::Cancelled { .. }) {
        return explain::cancelled();
    }
    Failure::fatal("the lock on the repository was lost")
        .meaning("Snapshots that were not removed yet are unharmed.")
        .advice("Run the command again when the other program is done.")
        .cause(error)
}

struct ForgetProgress<'a> {
    terminal: &'a Terminal,
    failed: AtomicU64,
}

impl Monitor for ForgetProgress<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.terminal.warn(&format!("unable to remove {}", finding.message));
        }
    }
}
