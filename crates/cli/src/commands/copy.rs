//! `holdfast copy`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use holdfast_engine::clock::Clock;
use holdfast_engine::copy::{Copy, CopyError, CopyOptions, CopyOutcome, CopyStep};
use holdfast_engine::id::SnapshotId;
use holdfast_engine::lock::HeldLock;
use holdfast_engine::monitor::{Event, Monitor, Totals};
use holdfast_engine::repository::Repository;
use holdfast_engine::snapshot::Snapshot;
use parking_lot::Mutex;

use super::Ended;
use super::ls::describe;
use crate::arguments::CopyArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::progress::{interval, while_shown};
use crate::output::{Verbosity, format};
use crate::session::Session;
use crate::{explain, locking};

const UNHARMED: &str = "Both repositories are whole, and what was copied stays.";

/// Copies snapshots from another repository into this one.
pub(crate) fn copy(session: &Session, arguments: &CopyArguments) -> Ended {
    let options = CopyOptions {
        compression: session.blob_compression(),
        pack_bytes: session.pack_bytes()?,
        extra_verify: !session.global.no_extra_verify,
    };
    let source = session.open_source(&arguments.source)?;
    let source_lock = session.lock_to_read(&source, "copy")?;
    let copied = into_own(session, arguments, &source, &options);
    locking::release(session, source_lock);
    copied
}

fn into_own(
    session: &Session,
    arguments: &CopyArguments,
    source: &Arc<Repository>,
    options: &CopyOptions,
) -> Ended {
    let destination = session.open()?;
    let lock = session.lock_to_write(&destination, false, "copy")?;
    let copied = run(session, arguments, (source, &destination), options, &lock);
    locking::release(session, Some(lock));
    copied
}

fn run(
    session: &Session,
    arguments: &CopyArguments,
    (source, destination): (&Arc<Repository>, &Arc<Repository>),
    options: &CopyOptions,
    lock: &HeldLock,
) -> Ended {
    let all = session.load_snapshots(source)?;
    let filter = session.filter(&arguments.filter);
    let chosen = session.chosen(&all, &arguments.snapshots, &filter).snapshots;
    let copy = Copy { source, destination, lock, clock: &session.clock, options };
    let progress = CopyProgress::new(session);
    let terminal = &session.terminal;
    let times = interval(terminal, &session.environment).filter(|_| !terminal.is_json());
    let outcome = while_shown(terminal, times, &|| progress.show(), || {
        copy.run(&chosen, &progress, &session.cancel)
    });
    // Any of those that cannot be read may be one that was meant.
    let unread = if arguments.snapshots.is_empty() { all.unreadable.len() } else { 0 };
    report(&outcome.map_err(failed)?, unread)
}

fn report(outcome: &CopyOutcome, unread: usize) -> Ended {
    let left_out = outcome.failed.len() + unread;
    if left_out == 0 {
        return Ok(ExitStatus::Success);
    }
    Err(Failure::fatal(format!("{left_out} snapshots could not be copied"))
        .meaning("The source is damaged there. The other snapshots that were asked for are copied.")
        .advice("Run `holdfast check` on the source to see what is affected."))
}

fn failed(error: CopyError) -> Failure {
    match error {
        CopyError::Cancelled => explain::cancelled(),
        CopyError::Source { .. } => {
            Failure::fatal("the source repository could not be read").meaning(UNHARMED).cause(error)
        }
        CopyError::Destination(source) => explain::reading(source),
        CopyError::ForeignSetting { .. } => Failure::fatal(error.to_string())
            .meaning("Nothing was copied.")
            .advice("Copy to another repository, or with the program that made this setting."),
        CopyError::Lock(_) => Failure::fatal("the lock on the repository was lost")
            .meaning(UNHARMED)
            .advice("Run the command again when the other program is done.")
            .cause(error),
        error => {
            let failure = Failure::fatal("the copy could not be stored").meaning(UNHARMED);
            explain::about_storage(failure, &error).cause(error)
        }
    }
}

/// Tells of each snapshot, and how far the packs are.
struct CopyProgress<'a> {
    session: &'a Session,
    state: Mutex<State>,
    packs: AtomicU64,
}

#[derive(Default)]
struct State {
    began: Duration,
    totals: Totals,
    /// Snapshots whose turn came and that are not stored yet.
    under_way: usize,
}

impl<'a> CopyProgress<'a> {
    fn new(session: &'a Session) -> Self {
        let state = State { began: session.clock.awake(), ..State::default() };
        Self { session, state: Mutex::new(state), packs: AtomicU64::new(0) }
    }

    fn line(&self) -> Option<String> {
        let state = self.state.lock();
        let (packs, all) = (self.packs.load(Relaxed), state.totals.files);
        let elapsed = self.session.clock.awake().saturating_sub(state.began);
        (all > 0).then(|| {
            format!(
                "[{}] {}  {packs} / {all} packs copied",
                format::seconds(elapsed.as_secs()),
                format::percent(packs, all)
            )
        })
    }

    fn show(&self) {
        if let Some(line) = self.line() {
            self.session.terminal.status(&[line]);
        }
    }

    fn pack_copied(&self) {
        let packs = self.packs.fetch_add(1, Relaxed) + 1;
        let is_last = packs == self.state.lock().totals.files;
        if let Some(line) = self.line().filter(|_| is_last) {
            self.session.terminal.say(Verbosity::Normal, &line);
        }
    }

    fn describe(&self, (id, snapshot): &(SnapshotId, Snapshot)) -> String {
        format!("\n{}", describe(self.session, &id.short(), snapshot))
    }

    fn step(&self, step: CopyStep<'_>) {
        let say = |verbosity, text: &str| self.session.terminal.say(verbosity, text);
        match step {
            CopyStep::Skipped { snapshot, copy } => {
                say(Verbosity::Verbose, &self.describe(snapshot));
                let (id, copy) = (snapshot.0.short(), copy.short());
                let text =
                    format!("skipping source snapshot {id}, was already copied to snapshot {copy}");
                say(Verbosity::Verbose, &text);
            }
            CopyStep::Started(snapshot) => {
                self.state.lock().under_way += 1;
                say(Verbosity::Normal, &self.describe(snapshot));
                say(Verbosity::Normal, "  copy started, this may take a while...");
            }
            CopyStep::Needed { blobs, bytes, packs } => {
                let bytes = format::bytes(bytes);
                let text =
                    format!("  copy {blobs} blobs with disk size {bytes} in {packs} packfiles");
                say(Verbosity::Verbose, &text);
            }
            CopyStep::Stored { original, copy } => {
                if std::mem::take(&mut self.state.lock().under_way) > 1 {
                    say(Verbosity::Normal, "");
                }
                let (original, copy) = (original.short(), copy.short());
                let text = format!("snapshot {copy} saved, copied from source snapshot {original}");
                say(Verbosity::Normal, &text);
            }
            _ => {}
        }
    }
}

impl Monitor for CopyProgress<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Copy(step) => self.step(step),
            Event::Total(totals) => {
                self.packs.store(0, Relaxed);
                let mut state = self.state.lock();
                state.began = self.session.clock.awake();
                state.totals = totals;
            }
            Event::Bytes(_) => self.pack_copied(),
            Event::Finding(finding) => self.session.terminal.warn(&finding.message),
            _ => {}
        }
    }
}
