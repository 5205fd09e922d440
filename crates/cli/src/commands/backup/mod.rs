//! `holdfast backup`

mod progress;
mod rules;
mod sources;
mod stream;

use std::num::NonZeroUsize;

use holdfast_engine::backup::{
    Backup, BackupError, BackupOptions, BackupOutcome, Mode, ParentChoice, Scan, Sources,
    StoreError, Stream,
};
use holdfast_engine::id::SnapshotId;
use holdfast_engine::lock::HeldLock;
use holdfast_engine::repository::Repository;
use holdfast_engine::snapshot::{HOST_AND_PATHS, SnapshotFilter};

use super::Ended;
use crate::arguments::BackupArguments;
use crate::environment::Environment;
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::BackupSummaryMessage;
use crate::output::{Verbosity, format, progress::while_shown};
use crate::session::Session;
use crate::values::WholeNumber;
use crate::{explain, locking, selection, values};

use progress::BackupProgress;
use sources::Input;

/// Makes a snapshot.
pub(crate) fn backup(session: &Session, arguments: &BackupArguments) -> Ended {
    if arguments.use_fs_snapshot {
        return Err(Failure::fatal(
            "--use-fs-snapshot cannot be used in this version of holdfast yet",
        )
        .meaning("Nothing was backed up.")
        .advice("Back up without it; files that other programs keep locked are then left out."));
    }
    let input = sources::input(session, arguments)?;
    let mut options = options(session, arguments, &input)?;
    let is_stdin = matches!(input, Input::Stdin { .. });
    let terminal = &session.terminal;
    terminal.say(Verbosity::Verbose, "open repository");
    let repository = session.open_beside(is_stdin || sources::read_stdin_for_names(arguments))?;
    if let Some(prefix) = arguments.change.parent.as_ref().filter(|_| !arguments.change.force) {
        options.parent = ParentChoice::This(explicit_parent(session, &repository, prefix)?);
    }

    let lock = if arguments.dry_run {
        None
    } else {
        Some(session.lock_to_write(&repository, false, "backup")?)
    };
    let outcome = run(session, &repository, lock.as_ref(), &options, input.clone());
    locking::release(session, lock);
    let outcome = outcome?;
    report(session, arguments, &outcome)?;
    let is_incomplete = outcome.findings > 0 || input.lacks_something();
    if is_incomplete {
        let text = "Warning: at least one source file could not be read";
        return Err(Failure::plain(ExitStatus::Incomplete, text)
            .meaning(match outcome.snapshot {
                Some(_) => "The snapshot was written; it holds everything but what is named above.",
                None => "No snapshot was written.",
            })
            .advice("See that these files can be read, and run the backup again."));
    }
    Ok(ExitStatus::Success)
}

fn run(
    session: &Session,
    repository: &Repository,
    lock: Option<&HeldLock>,
    options: &BackupOptions,
    input: Input,
) -> Result<BackupOutcome, Failure> {
    let terminal = &session.terminal;
    terminal.say(Verbosity::Verbose, "load index files");
    let mut index = repository.load_index(&session.cancel).map_err(explain::reading)?;
    let mode = lock.map_or(Mode::DryRun, Mode::Store);
    let backup = Backup {
        repository,
        mode,
        identity: &session.identity,
        clock: &session.clock,
        zone: &session.zone,
        options,
    };
    let progress = BackupProgress::new(session);
    let interval = crate::output::progress::interval(terminal, &session.environment);
    let mut work = |sources: Sources<'_>| {
        while_shown(terminal, interval, &|| progress.show(), || {
            backup.run(&mut index, sources, &progress, &session.cancel)
        })
    };
    let name = input.stream_name();
    let done = match input {
        Input::Paths { targets, .. } => {
            let working_folder = std::env::current_dir()
                .map_err(|error| Failure::fatal("there is no working folder").cause(error))?;
            terminal.say(Verbosity::Verbose, &format!("start scan on {}", shown(&targets)));
            terminal.say(Verbosity::Verbose, &format!("start backup on {}", shown(&targets)));
            work(Sources::Paths { targets: &targets, working_folder: &working_folder })
        }
        Input::Stdin { path } => {
            let mut reader = stream::of_stdin(session.cancel.clone());
            let mut finish = || Ok(());
            work(Sources::Stream(Stream { path, reader: &mut reader, finish: &mut finish }))
        }
        Input::Command { path, words } => {
            let mut command = stream::CommandOutput::start(&words, session.cancel.clone())?;
            let (mut reader, mut finish) = command.parts();
            work(Sources::Stream(Stream { path, reader: &mut reader, finish: &mut finish }))
        }
    };
    done.map_err(|error| failed(error, name.as_deref(), &progress))
}

fn shown(targets: &[std::path::PathBuf]) -> String {
    let targets: Vec<_> = targets.iter().map(|target| target.display().to_string()).collect();
    format!("[{}]", targets.join(" "))
}

fn options(
    session: &Session,
    arguments: &BackupArguments,
    input: &Input,
) -> Result<BackupOptions, Failure> {
    let time = match &arguments.time {
        None => None,
        Some(text) => {
            let moment = values::moment(text, &session.zone);
            let moment =
                moment.map_err(|error| Failure::fatal(format!("error in time option: {error}")))?;
            Some(moment.timestamp())
        }
    };
    if arguments.hostname.is_some() {
        session.terminal.warn_of_old_flag("hostname", "use --host");
    }
    let host = arguments.host.clone().or_else(|| arguments.hostname.clone());
    let host = host.or_else(|| session.environment.get("HOST"));
    let workers = workers(session, arguments)?;
    Ok(BackupOptions {
        rules: rules::rules(session, &arguments.exclude)?,
        excludes: rules::recorded(&arguments.exclude),
        tags: values::flat_tags(&arguments.tags),
        hostname: host.filter(|host| !host.is_empty()),
        time,
        parent: if arguments.change.force { ParentChoice::None } else { ParentChoice::Latest },
        parent_group: arguments.change.group_by.unwrap_or(HOST_AND_PATHS),
        with_atime: arguments.with_atime,
        ignore_ctime: arguments.change.ignore_ctime || arguments.change.ignore_inode,
        ignore_inode: arguments.change.ignore_inode,
        skip_if_unchanged: arguments.skip_if_unchanged,
        workers,
        // Who says how many files are read at once knows better.
        reads_in_turns: workers.is_none() && input.is_on_spinning_disk(),
        scan: match session.terminal.verbosity() {
            _ if arguments.no_scan => Scan::Never,
            Verbosity::Quiet => Scan::Never,
            Verbosity::Normal => Scan::WhenLong,
            // What was counted is told.
            _ => Scan::Always,
        },
        compression: session.blob_compression(),
        pack_bytes: session.pack_bytes()?,
        extra_verify: !session.global.no_extra_verify,
    })
}

/// How many files are read at the same time, if that was said; 0 leaves it open, as for restic.
fn workers(
    session: &Session,
    arguments: &BackupArguments,
) -> Result<Option<NonZeroUsize>, Failure> {
    let count = match arguments.read_concurrency {
        Some(count) => count,
        None => session
            .environment
            .value::<WholeNumber<usize>>(&Environment::PREFIXES, "READ_CONCURRENCY")?
            .map_or(0, |count| count.0),
    };
    Ok(NonZeroUsize::new(count))
}

fn explicit_parent(
    session: &Session,
    repository: &std::sync::Arc<Repository>,
    text: &str,
) -> Result<SnapshotId, Failure> {
    let all = session.load_snapshots(repository)?;
    let filter = SnapshotFilter::default();
    let selected = selection::select(&all, text, &filter);
    Ok(selected.map_err(|error| selection::not_selected(&error, &filter, ""))?.id)
}

fn failed(error: BackupError, stream: Option<&str>, progress: &BackupProgress<'_>) -> Failure {
    const NO_SNAPSHOT: &str = "No snapshot was written. Earlier snapshots are unharmed.";
    let unable = |why: &str| Failure::fatal(format!("unable to save snapshot: {why}"));
    match &error {
        BackupError::NothingThere => {
            Failure::fatal("all source directories/files do not exist").meaning(NO_SNAPSHOT)
        }
        BackupError::Empty => unable("snapshot is empty").meaning(NO_SNAPSHOT),
        BackupError::Cancelled => unable("context canceled")
            .status(ExitStatus::Interrupted)
            .meaning("No snapshot was written. What was stored so far is used by the next backup."),
        BackupError::ForeignSetting { .. } => Failure::fatal(error.to_string())
            .meaning("Writing would store every file a second time, so nothing was written.")
            .advice("Use the program that made this repository, or another repository."),
        BackupError::Store(StoreError::Stream { source }) => {
            let item = format!("/{}", stream.unwrap_or_default());
            progress.stream_failed(&item, source);
            unable(&format!("failed to save {item}: {source}")).meaning(NO_SNAPSHOT)
        }
        BackupError::Store(StoreError::Lock(_)) => unable("the lock on the repository was lost")
            .meaning(
                "Another program removed it and may have removed data; no snapshot was written.",
            )
            .advice("Run the backup again when the other program is done.")
            .cause(error),
        _ => explain::about_storage(unable(&error.to_string()), &error).cause(error),
    }
}

fn report(
    session: &Session,
    arguments: &BackupArguments,
    outcome: &BackupOutcome,
) -> Result<(), Failure> {
    let terminal = &session.terminal;
    let summary = &outcome.summary;
    let seconds = {
        let (start, end) = (summary.backup_start.timestamp(), summary.backup_end.timestamp());
        end.duration_since(start).as_secs_f64().max(0.0)
    };
    if terminal.is_json() {
        return Ok(terminal
            .message(&BackupSummaryMessage {
                message_type: "summary",
                files_new: summary.files_new,
                files_changed: summary.files_changed,
                files_unmodified: summary.files_unmodified,
                dirs_new: summary.dirs_new,
                dirs_changed: summary.dirs_changed,
                dirs_unmodified: summary.dirs_unmodified,
                data_blobs: summary.data_blobs,
                tree_blobs: summary.tree_blobs,
                data_added: summary.data_added,
                data_added_packed: summary.data_added_packed,
                total_files_processed: summary.total_files_processed,
                total_bytes_processed: summary.total_bytes_processed,
                total_duration: seconds,
                backup_start: summary.backup_start.to_string(),
                backup_end: summary.backup_end.to_string(),
                snapshot_id: saved_id(arguments, outcome),
                dry_run: arguments.dry_run,
            })
            .or_else(ignore_closed)?);
    }
    for (least, line) in summary_lines(arguments, outcome, seconds as u64) {
        terminal.say(least, &line);
    }
    Ok(())
}

/// restic names a snapshot even after a dry run; ours is an id that no snapshot can have.
fn saved_id(arguments: &BackupArguments, outcome: &BackupOutcome) -> Option<String> {
    match outcome.snapshot {
        Some(id) => Some(id.to_string()),
        None => arguments.dry_run.then(|| "0".repeat(64)),
    }
}

/// The snapshot is stored; a reader of the report who went away changes nothing about that.
fn ignore_closed(error: std::io::Error) -> std::io::Result<()> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    }
}

fn summary_lines(
    arguments: &BackupArguments,
    outcome: &BackupOutcome,
    seconds: u64,
) -> Vec<(Verbosity, String)> {
    let summary = &outcome.summary;
    let counts = |name: &str, new: u64, changed: u64, unmodified: u64| {
        format!("{name:<13}{new:>5} new, {changed:>5} changed, {unmodified:>5} unmodified")
    };
    let verb = if arguments.dry_run { "Would add" } else { "Added" };
    let mut lines = vec![
        (Verbosity::Normal, String::new()),
        (
            Verbosity::Normal,
            counts("Files:", summary.files_new, summary.files_changed, summary.files_unmodified),
        ),
        (
            Verbosity::Normal,
            counts("Dirs:", summary.dirs_new, summary.dirs_changed, summary.dirs_unmodified),
        ),
        (Verbosity::Verbose, format!("Data Blobs:  {:>5} new", summary.data_blobs)),
        (Verbosity::Verbose, format!("Tree Blobs:  {:>5} new", summary.tree_blobs)),
        (
            Verbosity::Normal,
            format!(
                "{verb} to the repository: {:<5} ({:<5} stored)",
                format::bytes(summary.data_added),
                format::bytes(summary.data_added_packed)
            ),
        ),
        (Verbosity::Normal, String::new()),
        (
            Verbosity::Normal,
            format!(
                "processed {} files, {} in {}",
                summary.total_files_processed,
                format::bytes(summary.total_bytes_processed),
                format::seconds(seconds)
            ),
        ),
    ];
    match outcome.snapshot {
        Some(id) => lines.push((Verbosity::Normal, format!("snapshot {} saved", id.short()))),
        None if arguments.dry_run => {}
        None => lines.push((Verbosity::Normal, "skipped creating snapshot".to_owned())),
    }
    lines
}
