//! `holdfast forget`, by id.

use std::sync::atomic::{AtomicU64, Ordering};

use holdfast_engine::forget::{ForgetError, ForgetOutcome};
use holdfast_engine::id::SnapshotId;
use holdfast_engine::monitor::{Event, Monitor};

use super::Ended;
use crate::arguments::ForgetArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::{Terminal, Verbosity};
use crate::session::Session;
use crate::{explain, locking};

/// Removes snapshots.
pub(crate) fn forget(session: &Session, arguments: &ForgetArguments) -> Ended {
    let later = arguments.flags_of_later_versions();
    if !later.is_empty() {
        return Err(Failure::fatal(format!(
            "{} cannot be used in this version of holdfast yet",
            later.join(", ")
        ))
        .meaning("No snapshot was removed.")
        .advice(
            "Give the ids of the snapshots to remove. restic's own `forget` and `prune` work on \
             the same repository.",
        ));
    }
    if arguments.snapshots.is_empty() {
        return Err(Failure::fatal("no policy was specified, no snapshots will be removed")
            .advice(
                "Give the ids of the snapshots to remove, as `holdfast snapshots` shows them.",
            ));
    }
    if session.global.no_lock && !arguments.dry_run {
        return Err(Failure::fatal(
            "--no-lock is only applicable in combination with --dry-run for forget command",
        ));
    }
    let repository = session.open()?;
    if arguments.dry_run {
        let ids = chosen(session, arguments, &repository)?;
        would_remove(session, &ids)?;
        return Ok(ExitStatus::Success);
    }
    // A shared lock is enough: what a snapshot refers to stays, so nothing that a backup relies
    // on is touched.
    let lock = session.lock_to_write(&repository, false, "forget")?;
    let removed = chosen(session, arguments, &repository).and_then(|ids| {
        let progress = ForgetProgress { terminal: &session.terminal, failed: AtomicU64::new(0) };
        let forgotten =
            holdfast_engine::forget::forget(&repository, &ids, &lock, &progress, &session.cancel);
        forgotten.map(|outcome| (ids.len(), outcome)).map_err(failed)
    });
    locking::release(session, Some(lock));
    let (asked, outcome) = removed?;
    report(session, asked, &outcome)
}

fn chosen(
    session: &Session,
    arguments: &ForgetArguments,
    repository: &std::sync::Arc<holdfast_engine::repository::Repository>,
) -> Result<Vec<SnapshotId>, Failure> {
    let all = session.load_snapshots(repository)?;
    let filter = session.filter(&arguments.filter());
    let chosen = session.chosen(&all, &arguments.snapshots, &filter).snapshots;
    Ok(chosen.into_iter().map(|(id, _)| *id).collect())
}

fn would_remove(session: &Session, ids: &[SnapshotId]) -> Result<(), Failure> {
    if ids.is_empty() || session.terminal.is_json() {
        return Ok(());
    }
    let ids: Vec<String> = ids.iter().map(SnapshotId::short).collect();
    session.terminal.line("Would have removed the following snapshots:")?;
    session.terminal.line(&format!("{{{}}}", ids.join(" ")))?;
    session.terminal.line("")?;
    Ok(())
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
