//! `holdfast repair index`

use holdfast_engine::monitor::Phase;
use holdfast_engine::repair::{IndexRepairOptions, IndexRepairOutcome, repair_index};

use super::{failed, not_removed};
use crate::arguments::RepairIndexArguments;
use crate::commands::Ended;
use crate::commands::work::WorkProgress;
use crate::exit::{ExitStatus, Failure};
use crate::locking;
use crate::output::Verbosity;
use crate::session::Session;

/// Builds the index anew.
pub(super) fn repair(session: &Session, arguments: &RepairIndexArguments) -> Ended {
    let repository = session.open_past_cache()?;
    let lock = session.lock_to_write(&repository, true, "repair index")?;
    let options = IndexRepairOptions { read_all_packs: arguments.read_all_packs };
    let progress = WorkProgress::new(session, words, "packs read");
    let done =
        progress.during(|| repair_index(&repository, options, &lock, &progress, &session.cancel));
    locking::release(session, Some(lock));
    report(session, &done.map_err(failed)?)
}

pub(in crate::commands) fn words(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Preparing => Some("loading indexes..."),
        Phase::Marking => Some("getting pack files to read..."),
        Phase::Working => Some("reading pack files"),
        Phase::Committing => Some("rebuilding index"),
        _ => None,
    }
}

fn report(session: &Session, outcome: &IndexRepairOutcome) -> Ended {
    if outcome.failed > 0 {
        return Err(not_removed(outcome.failed));
    }
    if !outcome.unreadable.is_empty() {
        let count = outcome.unreadable.len();
        return Err(Failure::fatal(format!("{count} packs could not be read"))
            .meaning("The storage failed to give them. The index says of them what it said before.")
            .advice("Check the drive, and run the command again."));
    }
    session.terminal.say(Verbosity::Normal, "done");
    Ok(ExitStatus::Success)
}
