//! `holdfast check`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use holdfast_engine::check::{self, CheckOptions, CheckOutcome, DataSubset, DataSubsetError};
use holdfast_engine::clock::Clock;
use holdfast_engine::monitor::{Event, Finding, FindingKind, Monitor, Phase, Totals};
use holdfast_engine::repository::Repository;
use parking_lot::Mutex;

use super::Ended;
use crate::arguments::CheckArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::{CheckErrorMessage, CheckSummaryMessage};
use crate::output::progress::{interval, while_shown};
use crate::output::{Estimate, Verbosity, format};
use crate::session::Session;
use crate::{explain, locking, values};

/// Verifies the repository.
pub(crate) fn check(session: &Session, arguments: &CheckArguments) -> Ended {
    if arguments.check_unused {
        let instead = "`--check-unused` is deprecated and will be ignored";
        session.terminal.warn_of_old_flag("check-unused", instead);
    }
    let data = subset(arguments)?;
    // What is verified is the storage, not a copy of it.
    let repository =
        if arguments.with_cache { session.open()? } else { session.open_past_cache()? };
    // Shared: a check changes nothing, so it need not keep backups waiting. It keeps out whoever
    // removes data.
    let terminal = &session.terminal;
    if !session.global.no_lock {
        terminal.say(Verbosity::Normal, "create shared lock for repository");
    }
    let lock = session.lock_to_read(&repository, "check")?;
    let checked = run(session, arguments, &repository, data);
    locking::release(session, lock);
    report(session, &checked?)
}

fn subset(arguments: &CheckArguments) -> Result<DataSubset, Failure> {
    match (&arguments.read_data_subset, arguments.read_data) {
        (None, false) => Ok(DataSubset::None),
        (None, true) => Ok(DataSubset::All),
        (Some(_), true) => Err(Failure::fatal(
            "check flags --read-data and --read-data-subset cannot be used together",
        )),
        (Some(text), false) => text.parse().map_err(|error: DataSubsetError| {
            Failure::fatal(format!("check flag --read-data-subset{}", refusal(text))).cause(error)
        }),
    }
}

/// What is wrong with a subset that was refused, in restic's words.
fn refusal(text: &str) -> &'static str {
    const NONE: &str = " has invalid value, please see documentation";
    if let Some((number, of)) = text.split_once('/') {
        return match (number.parse::<u64>(), of.parse::<u64>()) {
            (Ok(number), Ok(of)) if number == 0 || number > of => {
                "=n/t values must be positive integers, and n <= t, e.g. --read-data-subset=1/2"
            }
            (Ok(_), Ok(_)) => "=n/t t must be at most 256",
            _ => NONE,
        };
    }
    match text.strip_suffix('%').map(str::parse::<f64>) {
        Some(Ok(_)) => "=x% x must be above 0.0% and at most 100.0%",
        None if values::bytes(text) == Ok(0) => "=n n must be above 0",
        _ => NONE,
    }
}

fn run(
    session: &Session,
    arguments: &CheckArguments,
    repository: &Arc<Repository>,
    data: DataSubset,
) -> Result<CheckOutcome, Failure> {
    let filter = session.filter(&arguments.filter);
    let is_everything = arguments.snapshots.is_empty()
        && filter.hosts.is_empty()
        && filter.tags.is_empty()
        && filter.paths.is_empty();
    // What could not be looked at counts as an error: whoever asks wants to hear that it is sound.
    let mut not_looked_at = 0;
    let snapshots = if is_everything {
        None
    } else {
        let all = session.load_snapshots(repository)?;
        let chosen = session.chosen(&all, &arguments.snapshots, &filter);
        not_looked_at += chosen.ignored;
        if arguments.snapshots.is_empty() {
            // Each of these may be one that the filter is for.
            not_looked_at += all.unreadable.len() as u64;
        }
        Some(chosen.snapshots.into_iter().map(|(id, _)| *id).collect())
    };
    let options = CheckOptions { snapshots, data };
    let progress = CheckProgress::new(session, data);
    let times =
        interval(&session.terminal, &session.environment).filter(|_| !session.terminal.is_json());
    let outcome = while_shown(&session.terminal, times, &|| progress.show(), || {
        check::check(repository, &options, &progress, &session.cancel)
    });
    let mut outcome = outcome.map_err(explain::reading)?;
    outcome.errors += not_looked_at;
    Ok(outcome)
}

fn report(session: &Session, outcome: &CheckOutcome) -> Ended {
    let terminal = &session.terminal;
    let broken: Vec<String> = outcome.broken_packs.iter().map(ToString::to_string).collect();
    if outcome.suggests_prune {
        terminal.say(Verbosity::Normal, "Some files hold what nothing needs. This is harmless.");
    }
    if terminal.is_json() {
        terminal.message(&CheckSummaryMessage {
            message_type: "summary",
            num_errors: outcome.errors,
            broken_packs: (!broken.is_empty()).then_some(broken.clone()),
            suggest_repair_index: outcome.suggests_index_repair,
            suggest_prune: outcome.suggests_prune,
        })?;
    }
    if outcome.is_sound() {
        terminal.say(Verbosity::Normal, "no errors were found");
        return Ok(ExitStatus::Success);
    }
    let mut meaning = format!("{} problems were found.", outcome.errors);
    if !broken.is_empty() {
        meaning.push_str(&format!(" Damaged or missing packs: {}.", broken.join(", ")));
    }
    meaning.push_str(" Files that need none of this can still be restored.");
    Err(Failure::fatal("repository contains errors").meaning(meaning).advice(
        "Make a copy of the repository if you can. `holdfast repair index` and `holdfast repair \
         packs ID` save what is whole; then back up again, which stores what is missing and still \
         on this computer. `holdfast repair snapshots` comes last.",
    ))
}

struct CheckProgress<'a> {
    session: &'a Session,
    began: Duration,
    data: DataSubset,
    bytes: AtomicU64,
    totals: Mutex<Totals>,
    estimate: Mutex<Estimate>,
}

impl<'a> CheckProgress<'a> {
    fn new(session: &'a Session, data: DataSubset) -> Self {
        Self {
            session,
            began: session.clock.awake(),
            data,
            bytes: AtomicU64::new(0),
            totals: Mutex::default(),
            estimate: Mutex::default(),
        }
    }

    fn show(&self) {
        let totals = *self.totals.lock();
        if totals.bytes == 0 {
            return;
        }
        let elapsed = self.session.clock.awake().saturating_sub(self.began);
        let bytes = self.bytes.load(Relaxed);
        let mut line = format!(
            "[{}] {}  {} / {} in {} packs",
            format::seconds(elapsed.as_secs()),
            format::percent(bytes, totals.bytes),
            format::bytes(bytes),
            format::bytes(totals.bytes),
            totals.files
        );
        let mut estimate = self.estimate.lock();
        estimate.note(elapsed, bytes);
        if let Some(left) = estimate.seconds_left(totals.bytes).filter(|left| *left > 0) {
            line.push_str(&format!(" ETA {}", format::seconds(left)));
        }
        self.session.terminal.status(&[line]);
    }

    fn phase(&self, phase: Phase) {
        let text = match phase {
            Phase::Preparing => "load indexes",
            Phase::Working => "check snapshots, trees and blobs",
            _ => return,
        };
        self.session.terminal.say(Verbosity::Normal, text);
    }

    /// What is about to be read, of which the totals are.
    fn total(&self, totals: Totals) {
        *self.totals.lock() = totals;
        let text = match self.data {
            DataSubset::All => "read all data".to_owned(),
            DataSubset::Part { number, of } => {
                format!("read group #{number} of {} data packs (in {of} groups)", totals.files)
            }
            DataSubset::Percent(percent) => format!("read {percent:.1}% of packfiles"),
            DataSubset::Bytes(_) => format!("read {} bytes of data packs", totals.bytes),
            _ => return,
        };
        self.session.terminal.say(Verbosity::Normal, &text);
    }

    fn finding(&self, finding: &Finding) {
        let message = match &finding.path {
            Some(path) => format!("{}: {}", path.display(), finding.message),
            None => finding.message.clone(),
        };
        let terminal = &self.session.terminal;
        if finding.kind == FindingKind::Note {
            terminal.say(Verbosity::Verbose, &message);
        } else if terminal.is_json() {
            terminal.error_message(&CheckErrorMessage { message_type: "error", message });
        } else {
            terminal.warn(&format!("error: {message}"));
        }
    }
}

impl Monitor for CheckProgress<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Phase(phase) => self.phase(phase),
            Event::Total(totals) => self.total(totals),
            Event::Bytes(bytes) => {
                self.bytes.fetch_add(bytes, Relaxed);
            }
            Event::Finding(finding) => self.finding(finding),
            _ => {}
        }
    }
}
