//! `holdfast restore`

mod progress;
mod selection;

use std::path::PathBuf;
use std::sync::Arc;

use holdfast_engine::monitor::ItemKind;
use holdfast_engine::repository::Repository;
use holdfast_engine::restore::{
    Destination, Overwrite, PreviewAction, PreviewEntry, Restore, RestoreError, RestoreOptions,
    RestoreOutcome,
};

use super::{Ended, ls};
use crate::arguments::{OverwriteArgument, RestoreArguments};
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::{RestoreCounts, RestoreSummaryMessage};
use crate::output::progress::{interval, while_shown};
use crate::output::{Verbosity, format};
use crate::selection::{not_selected, select, subtree};
use crate::session::Session;
use crate::{explain, locking};

use progress::RestoreProgress;

/// Brings files back.
pub(crate) fn restore(session: &Session, arguments: &RestoreArguments) -> Ended {
    let mut options = options(arguments)?;
    if arguments.dry_run && arguments.verify {
        return Err(Failure::fatal("--dry-run and --verify are mutually exclusive"));
    }
    let [snapshot] = arguments.snapshots.as_slice() else {
        let ids = arguments.snapshots.join(" ");
        return Err(if ids.is_empty() {
            Failure::fatal("no snapshot ID specified")
        } else {
            Failure::fatal(format!("more than one snapshot ID specified: [{ids}]"))
        });
    };
    let Some(target) = &arguments.target else {
        return Err(Failure::fatal("please specify a directory to restore to (--target)"));
    };
    let target = std::path::absolute(target)
        .map_err(|error| Failure::fatal("the target is not a path").cause(error))?;
    options.destination = Destination::Folder(target);
    let repository = session.open()?;
    let lock = session.lock_to_read(&repository, "restore")?;
    let restored = run(session, arguments, &repository, snapshot, &options);
    locking::release(session, lock);
    let Done { counts, failures, verified, seconds } = restored?;
    report(session, &counts, seconds)?;
    if let Some(verified) = verified {
        let target = shown_target(arguments);
        let text = format!("verifying files in {target}");
        session.terminal.say(Verbosity::Normal, &text);
        let text = format!("finished verifying {verified} files in {target}");
        session.terminal.say(Verbosity::Normal, &text);
    }
    if failures > 0 {
        return Err(Failure::fatal(format!("There were {failures} errors"))
            .meaning("Everything else was restored. The snapshot is as it was.")
            .advice(
                "See what is named above; `holdfast check` tells if the repository is whole.",
            ));
    }
    Ok(ExitStatus::Success)
}

/// What a restore, or a look at one, came to.
struct Done {
    counts: RestoreCounts,
    failures: u64,
    verified: Option<u64>,
    seconds: u64,
}

/// What the flags say, but for the target.
fn options(arguments: &RestoreArguments) -> Result<RestoreOptions, Failure> {
    let mut options = RestoreOptions::new(Destination::Folder(PathBuf::new()));
    options.selection = selection::selection(&arguments.patterns)?;
    options.attributes = selection::attributes(&arguments.patterns)?;
    options.owners_by_name = arguments.ownership_by_name;
    options.overwrite = match arguments.overwrite {
        OverwriteArgument::Always => Overwrite::Always,
        OverwriteArgument::IfChanged => Overwrite::IfChanged,
        OverwriteArgument::IfNewer => Overwrite::IfNewer,
        OverwriteArgument::Never => Overwrite::Never,
    };
    options.sparse = arguments.sparse;
    options.delete = arguments.delete;
    options.verify = arguments.verify;
    Ok(options)
}

fn shown_target(arguments: &RestoreArguments) -> String {
    arguments.target.as_ref().map(|target| target.display().to_string()).unwrap_or_default()
}

fn run(
    session: &Session,
    arguments: &RestoreArguments,
    repository: &Arc<Repository>,
    text: &str,
    options: &RestoreOptions,
) -> Result<Done, Failure> {
    let all = session.load_snapshots(repository)?;
    let filter = session.filter(&arguments.filter);
    let selected = select(&all, text, &filter)
        .map_err(|error| not_selected(&error, &filter, "Fatal: failed to find snapshot: "))?;
    let progress = RestoreProgress::new(session, &options.destination);
    let index = repository.load_readable_index(&progress, &session.cancel);
    let index = index.map_err(explain::reading)?;
    let tree = subtree(repository, &index, selected.snapshot.tree, selected.subfolder)?;
    let described = ls::describe(session, &selected.id.short(), selected.snapshot);
    let line = format!("restoring {described} to {}", shown_target(arguments));
    session.terminal.say(Verbosity::Normal, &line);

    let restore = Restore { repository, index: &index, tree, options };
    let terminal = &session.terminal;
    if arguments.dry_run {
        return preview(session, arguments, &restore, &progress);
    }
    let times = interval(terminal, &session.environment);
    let outcome = while_shown(terminal, times, &|| progress.show(), || {
        restore.run(&progress, &session.cancel)
    });
    let outcome = outcome.map_err(failed)?;
    Ok(Done {
        counts: counts(&outcome, &progress),
        failures: outcome.failures,
        verified: arguments.verify.then_some(outcome.verified),
        seconds: progress.elapsed().as_secs(),
    })
}

fn counts(outcome: &RestoreOutcome, progress: &RestoreProgress<'_>) -> RestoreCounts {
    let (known_files, known_bytes) = progress.known();
    let (files, bytes) = if outcome.failures == 0 {
        (outcome.restored, outcome.restored_bytes)
    } else {
        // What was to be restored, as far as it is known, for "9 of 13".
        let files = known_files.saturating_sub(outcome.skipped).max(outcome.restored);
        let bytes = known_bytes.saturating_sub(outcome.skipped_bytes).max(outcome.restored_bytes);
        (files, bytes)
    };
    RestoreCounts {
        total_files: files,
        files_restored: outcome.restored,
        files_skipped: outcome.skipped,
        files_deleted: outcome.removed,
        total_bytes: bytes,
        bytes_restored: outcome.restored_bytes,
        bytes_skipped: outcome.skipped_bytes,
    }
}

fn preview(
    session: &Session,
    arguments: &RestoreArguments,
    restore: &Restore<'_>,
    progress: &RestoreProgress<'_>,
) -> Result<Done, Failure> {
    if arguments.delete {
        session.terminal.warn("--dry-run does not show yet what --delete would remove");
    }
    let mut counts = RestoreCounts::default();
    let mut visit = |entry: &PreviewEntry<'_>| {
        let bytes = if entry.kind == ItemKind::File { entry.size } else { 0 };
        // A folder that is there gets its metadata again, which restic counts as restored.
        let is_left = matches!(entry.action, PreviewAction::Skip | PreviewAction::Unchanged)
            && entry.kind != ItemKind::Folder;
        if is_left {
            counts.files_skipped += 1;
            counts.bytes_skipped += bytes;
        } else {
            counts.files_restored += 1;
            counts.bytes_restored += bytes;
        }
        let action = match entry.action {
            _ if is_left => "unchanged",
            PreviewAction::Overwrite if entry.kind != ItemKind::Folder => "updated",
            _ => "restored",
        };
        progress.tell(action, &format::snapshot_path(entry.location), entry.kind, bytes);
    };
    let totals = restore.preview(true, progress, &session.cancel, &mut visit).map_err(failed)?;
    counts.total_files = counts.files_restored;
    counts.total_bytes = counts.bytes_restored;
    let seconds = progress.elapsed().as_secs();
    Ok(Done { counts, failures: totals.problems, verified: None, seconds })
}

fn report(session: &Session, counts: &RestoreCounts, seconds: u64) -> Result<(), Failure> {
    if session.terminal.is_json() {
        let message = RestoreSummaryMessage {
            message_type: "summary",
            seconds_elapsed: seconds,
            counts: *counts,
        };
        // The files are there, whether or not somebody reads the report.
        session.terminal.passing_message(&message);
        return Ok(());
    }
    let bytes = format::bytes;
    let restored = if counts.total_files == counts.files_restored {
        format!("{} files/dirs ({})", counts.files_restored, bytes(counts.bytes_restored))
    } else {
        format!(
            "{} / {} files/dirs ({} / {})",
            counts.files_restored,
            counts.total_files,
            bytes(counts.bytes_restored),
            bytes(counts.total_bytes)
        )
    };
    let mut line = format!("Summary: Restored {restored} in {}", format::seconds(seconds));
    if counts.files_skipped > 0 {
        let skipped = bytes(counts.bytes_skipped);
        line.push_str(&format!(", skipped {} files/dirs {skipped}", counts.files_skipped));
    }
    if counts.files_deleted > 0 {
        line.push_str(&format!(", deleted {} files/dirs", counts.files_deleted));
    }
    session.terminal.say(Verbosity::Quiet, &line);
    Ok(())
}

fn failed(error: RestoreError) -> Failure {
    match &error {
        RestoreError::Cancelled => explain::cancelled()
            .meaning("What was restored so far is there and whole; the rest is missing."),
        RestoreError::Target { path, .. } => {
            let text = format!("cannot create target directory: {}", path.display());
            Failure::plain(ExitStatus::Failed, text)
                .meaning("Nothing was restored. The snapshot is as it was.")
                .advice("Choose a folder that you may write to.")
                .cause(error)
        }
        RestoreError::TargetFull { .. } => Failure::fatal(error.to_string())
            .meaning("What was restored so far is there and whole; the rest is missing.")
            .advice("Make room, or restore to another place; what is there is not written again.")
            .cause(error),
        RestoreError::DeletesEverything { path } => Failure::fatal(format!(
            "--target {} and --delete are only allowed together with a filter",
            path.display()
        ))
        .meaning("Nothing was restored or removed.")
        .advice("Say with --include or --exclude what it is about."),
        _ => explain::about_storage(Failure::fatal(error.to_string()), &error).cause(error),
    }
}
