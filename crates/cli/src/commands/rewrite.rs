//! `holdfast rewrite`, and how rewritten snapshots are told of

use std::sync::Arc;

use holdfast_engine::monitor::Phase;
use holdfast_engine::repository::Repository;
use holdfast_engine::rewrite::{
    EntryChange, EntryNote, Originals, Rewrite, RewriteError, RewriteMode, SnapshotChange,
    SnapshotFate, SnapshotRewrite, TreeChange,
};
use holdfast_engine::time::Time;

use super::Ended;
use super::ls::describe;
use super::work::WorkProgress;
use crate::arguments::{RewriteArguments, SnapshotFilterArguments};
use crate::exit::{ExitStatus, Failure};
use crate::output::{Verbosity, format};
use crate::patterns::Patterns;
use crate::selection::Stored;
use crate::session::Session;
use crate::{explain, locking, values};

/// Makes new snapshots from old ones.
pub(crate) fn rewrite(session: &Session, arguments: &RewriteArguments) -> Ended {
    let change = change(session, arguments)?;
    let (dry_run, forget) = (arguments.dry_run, arguments.forget);
    let (ids, filter) = (&arguments.snapshots, &arguments.filter);
    run(session, &Work { change, dry_run, forget, ids, filter, operation: "rewrite" })
}

fn change(session: &Session, arguments: &RewriteArguments) -> Result<SnapshotChange, Failure> {
    let Patterns { exclude, include } = Patterns::read(&arguments.patterns)?;
    let trees = match (exclude.is_empty(), include.is_empty()) {
        (true, true) => TreeChange::Keep,
        (false, true) => TreeChange::Exclude(exclude),
        (true, false) => TreeChange::Include(include),
        (false, false) => {
            return Err(Failure::fatal("exclude and include patterns are mutually exclusive"));
        }
    };
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let time = given(&arguments.new_time).map(|text| {
        let moment = values::moment(&text, &session.zone);
        let moment =
            moment.map_err(|error| Failure::fatal(format!("error in time option: {error}")))?;
        Ok::<_, Failure>(Time::from_timestamp(moment.timestamp(), &session.zone))
    });
    let change = SnapshotChange {
        trees,
        counts: arguments.snapshot_summary,
        hostname: given(&arguments.new_host),
        time: time.transpose()?,
        notes_entries: session.terminal.verbosity() >= Verbosity::VeryVerbose,
        ..SnapshotChange::none("rewrite")
    };
    let is_nothing = matches!(change.trees, TreeChange::Keep)
        && !change.counts
        && change.hostname.is_none()
        && change.time.is_none();
    if is_nothing {
        return Err(Failure::fatal(
            "Nothing to do: no excludes/includes provided and no new metadata provided",
        ));
    }
    Ok(change)
}

/// What is to be rewritten, and how.
pub(super) struct Work<'a> {
    pub(super) change: SnapshotChange,
    pub(super) dry_run: bool,
    pub(super) forget: bool,
    pub(super) ids: &'a [String],
    pub(super) filter: &'a SnapshotFilterArguments,
    pub(super) operation: &'static str,
}

/// Does it and tells of it.
pub(super) fn run(session: &Session, work: &Work<'_>) -> Ended {
    // What is whole only in the cache is not whole in the repository.
    let repository = match work.change.trees {
        TreeChange::Repair => session.open_past_cache()?,
        _ => session.open()?,
    };
    // Shared: nothing that another program relies on is removed.
    let lock = match work.dry_run {
        true => None,
        false => Some(session.lock_to_write(&repository, false, work.operation)?),
    };
    let mode = lock.as_ref().map_or(RewriteMode::DryRun, RewriteMode::Store);
    let done = rewrite_all(session, &repository, work, mode);
    locking::release(session, lock);
    report(session, work, done?)
}

/// The outcome of each snapshot, and how many there are that cannot be read.
type Done = (Vec<(Stored, SnapshotRewrite)>, usize);

fn rewrite_all(
    session: &Session,
    repository: &Arc<Repository>,
    work: &Work<'_>,
    mode: RewriteMode<'_>,
) -> Result<Done, Failure> {
    let all = session.load_snapshots(repository)?;
    let filter = session.filter(work.filter);
    let chosen = session.chosen(&all, work.ids, &filter).snapshots;
    let unreadable = if work.ids.is_empty() { all.unreadable.len() } else { 0 };
    let originals = if work.forget { Originals::Remove } else { Originals::Keep };
    let (change, clock, storing) = (&work.change, &session.clock, session.storing()?);
    let rewrite = Rewrite { repository, mode, change, originals, storing, clock };
    let progress = WorkProgress::new(session, words, "snapshots");
    let done = progress.during(|| rewrite.run(&chosen, &progress, &session.cancel));
    let done = done.map_err(failed)?;
    let with_snapshot = chosen.into_iter().cloned().zip(done);
    Ok((with_snapshot.collect(), unreadable))
}

fn words(_: Phase) -> Option<&'static str> {
    None
}

fn failed(error: RewriteError) -> Failure {
    const UNHARMED: &str = "Every snapshot is there: the old one, the new one or both.";
    match error {
        RewriteError::Cancelled => explain::cancelled(),
        RewriteError::Read(source) => explain::reading(source),
        RewriteError::LockLost(_) => Failure::fatal("the lock on the repository was lost")
            .meaning(UNHARMED)
            .advice("Run the command again when the other program is done.")
            .cause(error),
        RewriteError::ForeignSetting { .. } => Failure::fatal(error.to_string())
            .meaning("Nothing was changed.")
            .advice("Use the program that made this setting."),
        _ => {
            let failure = Failure::fatal("new snapshots could not be stored").meaning(UNHARMED);
            explain::about_storage(failure, &error).cause(error)
        }
    }
}

fn report(session: &Session, work: &Work<'_>, (done, unreadable): Done) -> Ended {
    let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
    for ((id, snapshot), rewritten) in &done {
        say(&format!("\n{}", describe(session, &id.short(), snapshot)));
        rewritten.notes.iter().for_each(|note| say(&line(note)));
        fate(session, work, rewritten).iter().for_each(|text| say(text));
    }
    let would = |done: &str, would: &str| if work.dry_run { would.to_owned() } else { done.into() };
    say("");
    match done.iter().filter(|(_, rewritten)| rewritten.fate.is_changed()).count() {
        0 => say(&would("no snapshots were modified", "no snapshots would be modified")),
        count => say(&format!("{} {count} snapshots", would("modified", "would modify"))),
    }
    let failed: Vec<_> = done
        .iter()
        .filter(|(_, rewritten)| matches!(rewritten.fate, SnapshotFate::Failed(_)))
        .map(|((id, _), _)| format!("{:?}", id.short()))
        .collect();
    let doubled: Vec<_> = done
        .iter()
        .filter(|(_, rewritten)| matches!(rewritten.fate, SnapshotFate::Doubled { .. }))
        .map(|((id, _), _)| id.short())
        .collect();
    if failed.is_empty() && unreadable == 0 {
        if doubled.is_empty() {
            return Ok(ExitStatus::Success);
        }
        let failure = Failure::fatal(format!("unable to remove snapshots {}", doubled.join(", ")));
        return Err(failure
            .meaning("What was to go from them is in the repository still; the new ones are whole.")
            .advice(format!("Remove them with `holdfast forget {}`.", doubled.join(" "))));
    }
    let failure = match failed.as_slice() {
        [] => Failure::fatal(format!("{unreadable} snapshots could not be read")),
        _ => Failure::fatal(format!("unable to rewrite snapshot ID {}", failed.join(", "))),
    };
    Err(failure
        .meaning("They are as they were.")
        .advice("See why above. `holdfast check` tells what is affected."))
}

/// What became of one snapshot, in restic's words.
fn fate(session: &Session, work: &Work<'_>, rewritten: &SnapshotRewrite) -> Vec<String> {
    let old = rewritten.id.short();
    let time = work.change.time.map(|time| format::go_time(&time, &session.zone));
    let host = work.change.hostname.as_ref();
    let mut lines = Vec::new();
    match &rewritten.fate {
        SnapshotFate::Replaced { new: None } => {
            lines.push("would save new snapshot".to_owned());
            lines.extend(work.forget.then(|| "would remove old snapshot".to_owned()));
            lines.extend(time.map(|time| format!("would set time to {time}")));
            lines.extend(host.map(|host| format!("would set hostname to {host}")));
        }
        SnapshotFate::Replaced { new: Some(new) } => {
            lines.extend(time.map(|time| format!("setting time to {time}")));
            lines.extend(host.map(|host| format!("setting host to {host}")));
            lines.push(format!("saved new snapshot {}", new.short()));
            lines.extend(work.forget.then(|| format!("removed old snapshot {old}")));
        }
        SnapshotFate::Doubled { new } => {
            lines.push(format!("saved new snapshot {}", new.short()));
            lines.push(format!("could not remove old snapshot {old}: both are there"));
        }
        SnapshotFate::Removed if work.dry_run => {
            lines.push("would delete empty snapshot".to_owned());
        }
        SnapshotFate::Removed => lines.push(format!("removed empty snapshot {old}")),
        SnapshotFate::Lost => {
            lines.push("nothing is left of it; --forget removes it".to_owned());
        }
        SnapshotFate::Vanished => lines.push("it was removed meanwhile".to_owned()),
        _ => {}
    }
    lines
}

/// What was changed at one entry, in restic's words.
fn line(note: &EntryNote) -> String {
    let path = format!("{:?}", format::text(&note.path));
    match note.change {
        EntryChange::Excluded => format!("excluding {path}"),
        EntryChange::Included => format!("including {path}"),
        EntryChange::IncludedFolder => format!("including directory {path}"),
        EntryChange::InvalidKind => format!("  file {path}: removed node with invalid type"),
        EntryChange::MissingContent => format!("  file {path}: removed missing content"),
        EntryChange::WrongSize => format!("  file {path}: fixed incorrect size"),
        EntryChange::LostFolder => format!("  dir {path}: replaced with empty directory"),
        EntryChange::LostRoot => format!("  dir {path}: not readable"),
        _ => format!("  {path}: changed"),
    }
}
