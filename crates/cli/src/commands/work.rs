//! Shows work that goes through parts of a repository: what it has come to, how far it is, and what
//! it found; and copies of what it is about to change.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use holdfast_engine::backend::{BackendErrorKind, FileName};
use holdfast_engine::clock::Clock;
use holdfast_engine::monitor::{Event, Monitor, Phase, Totals};
use holdfast_engine::repository::Repository;
use parking_lot::Mutex;

use crate::exit::Failure;
use crate::explain;
use crate::locking::LockWatch;
use crate::output::progress::{interval, while_shown};
use crate::output::{Estimate, Verbosity, format};
use crate::session::Session;

/// Keeps a copy of a file of the repository in the working folder, under a name that nothing has yet.
pub(crate) fn keep_copy(
    repository: &Repository,
    file: FileName,
    name: &str,
) -> Result<(), Failure> {
    const UNCHANGED: &str = "Nothing in the repository was changed.";
    let bytes = repository.backend().read(file).map_err(|error| {
        let failure = match error.kind {
            BackendErrorKind::NotFound => Failure::fatal(format!("there is no {file}"))
                .meaning(UNCHANGED)
                .advice("`holdfast repair index` makes the index forget packs that are gone."),
            _ => {
                let failure = Failure::fatal(format!("{file} could not be read"));
                explain::about_storage(failure.meaning(UNCHANGED), &error)
            }
        };
        failure.cause(error)
    })?;
    let kept = OpenOptions::new().write(true).create_new(true).open(name);
    let kept = kept.and_then(|mut copy| {
        copy.write_all(&bytes)?;
        copy.sync_all()
    });
    kept.map_err(|error| {
        Failure::fatal(format!("no copy of {file} could be kept as {name}"))
            .meaning(UNCHANGED)
            .advice("Run the command in a folder that has room and no such file yet.")
            .cause(error)
    })
}

/// What a command says when its work comes to a part; nothing of some.
pub(crate) type Words = fn(Phase) -> Option<&'static str>;

/// Watches work, and shows it.
pub(crate) struct WorkProgress<'a> {
    session: &'a Session,
    lock: LockWatch<'a>,
    words: Words,
    /// What bytes are counted of, such as `packs read`.
    unit: &'static str,
    phase: Mutex<Option<Phase>>,
    began: Mutex<Duration>,
    done: AtomicU64,
    totals: Mutex<Totals>,
    estimate: Mutex<Estimate>,
}

impl<'a> WorkProgress<'a> {
    pub(crate) fn new(session: &'a Session, words: Words, unit: &'static str) -> Self {
        Self {
            session,
            lock: LockWatch::new(session),
            words,
            unit,
            phase: Mutex::default(),
            began: Mutex::new(session.clock.awake()),
            done: AtomicU64::new(0),
            totals: Mutex::default(),
            estimate: Mutex::default(),
        }
    }

    /// Does the work, and shows how far it is.
    pub(crate) fn during<R>(&self, work: impl FnOnce() -> R) -> R {
        let terminal = &self.session.terminal;
        let times = interval(terminal, &self.session.environment).filter(|_| !terminal.is_json());
        while_shown(terminal, times, &|| self.show(), work)
    }

    fn show(&self) {
        let (phase, totals) = (*self.phase.lock(), *self.totals.lock());
        if phase != Some(Phase::Working) || totals.bytes == 0 {
            return;
        }
        let elapsed = self.session.clock.awake().saturating_sub(*self.began.lock());
        let done = self.done.load(Relaxed).min(totals.bytes);
        let mut line = format!(
            "[{}] {}  {} / {} in {} {}",
            format::seconds(elapsed.as_secs()),
            format::percent(done, totals.bytes),
            format::bytes(done),
            format::bytes(totals.bytes),
            totals.files,
            self.unit
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
        if let Some(text) = (self.words)(phase) {
            self.session.terminal.say(Verbosity::Normal, text);
        }
    }
}

impl Monitor for WorkProgress<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Phase(phase) => self.enter(phase),
            Event::Total(totals) => *self.totals.lock() = totals,
            Event::Bytes(bytes) => drop(self.done.fetch_add(bytes, Relaxed)),
            other => self.lock.event(other),
        }
    }
}
