//! `holdfast prune`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use holdfast_engine::clock::Clock;
use holdfast_engine::lock::LockContext;
use holdfast_engine::monitor::{Event, Monitor, Phase, Totals};
use holdfast_engine::prune::{
    Prune, PruneError, PruneLocking, PruneOptions, PruneOutcome, PrunePlan, PruneStats, Tally,
};
use holdfast_engine::repository::Repository;
use parking_lot::Mutex;

use super::Ended;
use crate::arguments::{PruneArguments, PruneHowArguments};
use crate::exit::{ExitStatus, Failure};
use crate::locking::LockWatch;
use crate::output::progress::{interval, while_shown};
use crate::output::{Estimate, Verbosity, format};
use crate::session::Session;
use crate::{explain, locking};

const UNHARMED: &str = "Nothing that a snapshot needs was removed.";

/// Removes what no snapshot needs.
pub(crate) fn prune(session: &Session, arguments: &PruneArguments) -> Ended {
    if session.global.no_lock && !arguments.dry_run {
        return Err(Failure::fatal(
            "--no-lock is only applicable in combination with --dry-run for prune command",
        ));
    }
    let mut options =
        PruneOptions { dry_run: arguments.dry_run, ..options(session, &arguments.how)? };
    let repository = session.open()?;
    if let Some(id) = &arguments.unsafe_recover_no_free_space {
        let own = repository.config().id.to_string();
        if *id != own {
            let text = format!("must pass id '{own}' to --unsafe-recover-no-free-space");
            return Err(Failure::fatal(text).meaning("Nothing was changed."));
        }
        // Without room nothing can be copied.
        options.max_repack_bytes = Some(0);
        options.remove_index_first = true;
    }
    run(session, &repository, &options)
}

/// What the flags ask for.
pub(crate) fn options(session: &Session, how: &PruneHowArguments) -> Result<PruneOptions, Failure> {
    if how.repack_uncompressed
        && session.blob_compression() == holdfast_engine::codec::Compression::Off
    {
        return Err(Failure::fatal(
            "disabled compression and `--repack-uncompressed` are mutually exclusive",
        ));
    }
    Ok(PruneOptions {
        max_unused: how.max_unused.unwrap_or_default(),
        max_repack_bytes: how.max_repack_size,
        repack_smaller_than: how.repack_smaller_than,
        cacheable_only: how.repack_cacheable_only,
        repack_uncompressed: how.repack_uncompressed,
        compression: session.blob_compression(),
        pack_bytes: session.pack_bytes()?,
        extra_verify: !session.global.no_extra_verify,
        ..PruneOptions::default()
    })
}

/// Prunes a repository that is open, and not locked by this process.
pub(crate) fn run(
    session: &Session,
    repository: &Arc<Repository>,
    options: &PruneOptions,
) -> Ended {
    let context = session.lock_context();
    let prune = Prune { repository, options, locking: locking_of(session, &context) };
    let progress = PruneProgress::new(session);
    let times =
        interval(&session.terminal, &session.environment).filter(|_| !session.terminal.is_json());
    let done = while_shown(&session.terminal, times, &|| progress.show(), || {
        let plan = prune.plan(&progress, &session.cancel)?;
        show_plan(session, plan.stats(), options.dry_run);
        if options.dry_run {
            show_packs(session, &plan);
            return Ok(None);
        }
        prune.carry_out(plan, &progress, &session.cancel).map(Some)
    });
    match done {
        Ok(None) => Ok(ExitStatus::Success),
        Ok(Some(outcome)) => report(session, &outcome),
        Err(error) => Err(failed(error)),
    }
}

fn locking_of<'a>(session: &Session, context: &'a LockContext) -> Option<PruneLocking<'a>> {
    (!session.global.no_lock).then(|| PruneLocking {
        context,
        wait: session.global.retry_lock.unwrap_or_default(),
        auto_unlock: session.auto_unlock(),
    })
}

/// The figures, as restic prints them.
fn show_plan(session: &Session, stats: &PruneStats, dry_run: bool) {
    let say = |verbosity, text: &str| session.terminal.say(verbosity, text);
    let tally = |name: &str, tally: Tally| {
        format!("{name:<14}{:>10} blobs / {}", tally.blobs, format::bytes(tally.bytes))
    };
    let percent = |part, whole| match format::percent(part, whole) {
        text if text.is_empty() => "0.00%".to_owned(),
        text => text,
    };
    if dry_run {
        say(Verbosity::Normal, "\nWould have made the following changes:");
    }
    let unused = Tally {
        blobs: stats.unused.blobs - stats.duplicates.blobs,
        bytes: stats.unused.bytes - stats.duplicates.bytes,
    };
    let verbose = |text: &str| say(Verbosity::Verbose, text);
    verbose(&format!("\n{}", tally("used:", stats.used)));
    if stats.duplicates.blobs > 0 {
        verbose(&tally("duplicates:", stats.duplicates));
    }
    verbose(&tally("unused:", unused));
    let abandoned = format::bytes(stats.abandoned_bytes);
    if stats.abandoned_bytes > 0 {
        verbose(&format!("unreferenced:                    {abandoned}"));
    }
    let mut total = stats.total();
    total.bytes += stats.abandoned_bytes;
    verbose(&tally("total:", total));
    verbose(&format!("unused size: {} of total size", percent(stats.unused.bytes, total.bytes)));

    let normal = |text: &str| say(Verbosity::Normal, text);
    normal(&format!("\n{}", tally("to repack:", stats.to_repack)));
    normal(&tally("this removes:", stats.removed_by_repacking));
    let with_abandoned =
        |tally: Tally| Tally { bytes: tally.bytes + stats.abandoned_bytes, ..tally };
    normal(&tally("to delete:", with_abandoned(stats.to_remove)));
    normal(&tally("total prune:", with_abandoned(stats.pruned())));
    if stats.uncompressed_bytes > 0 {
        let bytes = format::bytes(stats.uncompressed_bytes);
        normal(&format!("not yet compressed:              {bytes}"));
    }
    let remaining = stats.remaining();
    normal(&tally("remaining:", remaining));
    let left = stats.unused_bytes_after();
    let share = percent(left, remaining.bytes);
    let left = format::bytes(left);
    normal(&format!("unused size after prune: {left} ({share} of remaining size)\n"));

    verbose(&format!("totally used packs: {:>10}", stats.packs_used));
    verbose(&format!("partly used packs:  {:>10}", stats.packs_partly_used));
    verbose(&format!("unused packs:       {:>10}\n", stats.packs_unused));
    verbose(&format!("to keep:      {:>10} packs", stats.packs_to_keep));
    verbose(&format!("to repack:    {:>10} packs", stats.packs_to_repack));
    verbose(&format!("to delete:    {:>10} packs", stats.packs_to_remove));
    if stats.abandoned_packs > 0 {
        verbose(&format!("to delete:    {:>10} unreferenced packs\n", stats.abandoned_packs));
    }
}

/// Which packs would go.
fn show_packs(session: &Session, plan: &PrunePlan) {
    let list = |packs: Vec<holdfast_engine::id::PackId>| {
        let names: Vec<String> = packs.iter().map(|id| id.short()).collect();
        format!("{{{}}}\n", names.join(" "))
    };
    let say = |text: &str| session.terminal.say(Verbosity::VeryVerbose, text);
    say("Would have repacked and removed the following packs:");
    say(&list(plan.packs_to_repack()));
    say("Would have removed the following no longer used packs:");
    say(&list(plan.packs_to_remove()));
}

fn report(session: &Session, outcome: &PruneOutcome) -> Ended {
    let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
    if outcome.rescued > 0 {
        say(&format!(
            "{} packs stay, because a snapshot that was made meanwhile needs them",
            outcome.rescued
        ));
    }
    if outcome.left > 0 {
        say(&format!(
            "{} packs that nobody names stay until they are two days old: another program may \
             still be writing",
            outcome.left
        ));
    }
    if outcome.failed > 0 {
        return Err(Failure::fatal(format!("{} files could not be removed", outcome.failed))
            .meaning(format!("{UNHARMED} They only take space."))
            .advice("See why above, and run the command again."));
    }
    say("done");
    Ok(ExitStatus::Success)
}

fn failed(error: PruneError) -> Failure {
    match error {
        PruneError::Cancelled => explain::cancelled(),
        PruneError::Lock { source, .. } => locking::failed(source),
        PruneError::Read(source) => explain::reading(source),
        PruneError::LockLost(_) => Failure::fatal("the lock on the repository was lost")
            .meaning(UNHARMED)
            .advice("Run the command again when the other program is done.")
            .cause(error),
        PruneError::IndexLost { .. } => Failure::fatal(error.to_string())
            .meaning("The data of all snapshots is there, but nothing tells where any more.")
            .advice("Make room on the storage and run `holdfast repair index`; back up only then.")
            .cause(error),
        PruneError::Store(_) | PruneError::Write(_) => {
            let failure = Failure::fatal("the repository could not be rearranged");
            explain::about_storage(failure, &error).cause(error)
        }
        PruneError::ForeignSetting { .. } => Failure::fatal(error.to_string())
            .meaning("Nothing was changed.")
            .advice("Prune it with the program that made this setting."),
        _ => Failure::fatal(error.to_string())
            .meaning("Nothing was removed, because it cannot be known what is needed.")
            .advice(
                "Run `holdfast check` to see what is affected, and `holdfast repair` to repair it; \
                 make a copy of the repository before, if you can.",
            )
            .cause(error),
    }
}

struct PruneProgress<'a> {
    session: &'a Session,
    lock: LockWatch<'a>,
    phase: Mutex<Option<Phase>>,
    began: Mutex<Duration>,
    done: AtomicU64,
    totals: Mutex<Totals>,
    estimate: Mutex<Estimate>,
}

impl<'a> PruneProgress<'a> {
    fn new(session: &'a Session) -> Self {
        Self {
            session,
            lock: LockWatch::new(session),
            phase: Mutex::default(),
            began: Mutex::new(session.clock.awake()),
            done: AtomicU64::new(0),
            totals: Mutex::default(),
            estimate: Mutex::default(),
        }
    }

    fn show(&self) {
        let (phase, totals) = (*self.phase.lock(), *self.totals.lock());
        if phase != Some(Phase::Working) || totals.bytes == 0 {
            return;
        }
        let elapsed = self.session.clock.awake().saturating_sub(*self.began.lock());
        let done = self.done.load(Relaxed);
        let mut line = format!(
            "[{}] {}  {} / {} in {} packs repacked",
            format::seconds(elapsed.as_secs()),
            format::percent(done, totals.bytes),
            format::bytes(done.min(totals.bytes)),
            format::bytes(totals.bytes),
            totals.files
        );
        let mut estimate = self.estimate.lock();
        estimate.note(elapsed, done);
        if let Some(left) = estimate.seconds_left(totals.bytes).filter(|left| *left > 0) {
            line.push_str(&format!(" ETA {}", format::seconds(left)));
        }
        self.session.terminal.status(&[line]);
    }

    fn enter(&self, phase: Phase) {
        *self.phase.lock() = Some(phase);
        *self.began.lock() = self.session.clock.awake();
        self.done.store(0, Relaxed);
        let files = self.totals.lock().files;
        let text = match phase {
            Phase::Preparing => "loading all snapshots...".to_owned(),
            Phase::Marking => {
                format!("finding data that is still in use for {files} snapshots")
            }
            Phase::Working => "repacking packs".to_owned(),
            Phase::Committing => "rebuilding index".to_owned(),
            Phase::Removing => format!("removing {files} old files"),
            _ => return,
        };
        self.session.terminal.say(Verbosity::Normal, &text);
    }
}

impl Monitor for PruneProgress<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Phase(phase) => self.enter(phase),
            Event::Total(totals) => *self.totals.lock() = totals,
            Event::Bytes(bytes) => {
                self.done.fetch_add(bytes, Relaxed);
            }
            Event::Finding(finding) => self.session.terminal.warn(&finding.message),
            other => self.lock.event(other),
        }
    }
}
