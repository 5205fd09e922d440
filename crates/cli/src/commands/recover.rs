//! `holdfast recover`

use std::sync::Arc;

use holdfast_engine::lock::HeldLock;
use holdfast_engine::monitor::Phase;
use holdfast_engine::recover::{Recover, RecoverError, RecoverOutcome};
use holdfast_engine::repair::{IndexRepairOptions, repair_index};
use holdfast_engine::repository::Repository;

use super::Ended;
use super::repair::{failed as repair_failed, index_words};
use super::work::WorkProgress;
use crate::exit::{ExitStatus, Failure};
use crate::output::Verbosity;
use crate::session::Session;
use crate::{explain, locking};

/// Makes a snapshot of what no snapshot has.
pub(crate) fn recover(session: &Session) -> Ended {
    let repository = session.open_past_cache()?;
    let lock = session.lock_to_write(&repository, true, "recover")?;
    let done = run(session, &repository, &lock);
    locking::release(session, Some(lock));
    report(session, &done?)
}

fn run(
    session: &Session,
    repository: &Arc<Repository>,
    lock: &HeldLock,
) -> Result<RecoverOutcome, Failure> {
    session.terminal.say(Verbosity::Normal, "ensuring index is complete");
    let progress = WorkProgress::new(session, index_words, "packs read");
    let options = IndexRepairOptions::default();
    let done =
        progress.during(|| repair_index(repository, options, lock, &progress, &session.cancel));
    done.map_err(repair_failed)?;

    let progress = WorkProgress::new(session, words, "trees");
    let recover = Recover {
        repository,
        identity: &session.identity,
        clock: &session.clock,
        zone: &session.zone,
        storing: session.storing()?,
        lock,
    };
    progress.during(|| recover.run(&progress, &session.cancel)).map_err(failed)
}

fn words(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Preparing => Some("load index files"),
        Phase::Marking => Some("load trees"),
        Phase::Working => Some("load snapshots"),
        _ => None,
    }
}

fn report(session: &Session, outcome: &RecoverOutcome) -> Ended {
    let say = |verbosity, text: &str| session.terminal.say(verbosity, text);
    say(Verbosity::Normal, "done");
    for root in &outcome.roots {
        say(Verbosity::Verbose, &format!("found root tree {}", root.short()));
    }
    say(Verbosity::Normal, &format!("\nfound {} unreferenced roots", outcome.roots.len()));
    match &outcome.snapshot {
        None => say(Verbosity::Normal, "no snapshot to write."),
        Some(id) => say(Verbosity::Normal, &format!("saved new snapshot {}", id.short())),
    }
    Ok(ExitStatus::Success)
}

fn failed(error: RecoverError) -> Failure {
    const UNHARMED: &str = "Whatever was there still is. No snapshot was added.";
    match error {
        RecoverError::Cancelled => explain::cancelled(),
        RecoverError::Read(source) => explain::reading(source),
        RecoverError::LockLost(_) => Failure::fatal("the lock on the repository was lost")
            .meaning(UNHARMED)
            .advice("Run the command again when the other program is done.")
            .cause(error),
        RecoverError::ForeignSetting { .. } => Failure::fatal(error.to_string())
            .meaning("Nothing was changed.")
            .advice("Use the program that made this setting."),
        _ => {
            let failure = Failure::fatal("the snapshot could not be stored").meaning(UNHARMED);
            explain::about_storage(failure, &error).cause(error)
        }
    }
}
