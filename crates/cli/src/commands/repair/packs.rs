//! `holdfast repair packs`

use holdfast_engine::backend::{FileKind, FileName};
use holdfast_engine::id::{PackId, RawId};
use holdfast_engine::monitor::Phase;
use holdfast_engine::repair::{PackRepair, PackRepairOutcome};

use super::{failed, not_removed};
use crate::arguments::RepairPacksArguments;
use crate::commands::Ended;
use crate::commands::work::{WorkProgress, keep_copy};
use crate::exit::{ExitStatus, Failure};
use crate::locking;
use crate::output::Verbosity;
use crate::session::Session;

/// Brings to safety what is whole in damaged packs.
pub(super) fn repair(session: &Session, arguments: &RepairPacksArguments) -> Ended {
    let packs = ids(arguments)?;
    let storing = session.storing()?;
    let repository = session.open_past_cache()?;
    let lock = session.lock_to_write(&repository, true, "repair packs")?;
    let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
    let done = (|| {
        say("saving backup copies of pack files to current folder");
        for pack in &packs {
            // As restic does: it is about to be removed.
            let file = FileName::new(FileKind::Pack, pack.0);
            keep_copy(&repository, file, &format!("pack-{pack}"))?;
        }
        let progress = WorkProgress::new(session, words, "packs read");
        let (packs, clock, repository) = (&packs, &session.clock, &*repository);
        let repair = PackRepair { repository, packs, storing, clock, lock: &lock };
        progress.during(|| repair.run(&progress, &session.cancel)).map_err(failed)
    })();
    locking::release(session, Some(lock));
    report(session, &done?)
}

/// The packs that are named.
fn ids(arguments: &RepairPacksArguments) -> Result<Vec<PackId>, Failure> {
    if arguments.packs.is_empty() {
        return Err(Failure::fatal("no ids specified")
            .advice("`holdfast check --read-data` names the packs that are damaged."));
    }
    let id = |text: &String| {
        let parsed: Result<RawId, _> = text.parse();
        parsed.map(PackId).map_err(|_| {
            Failure::plain(ExitStatus::Failed, format!("invalid length for ID: {text:?}"))
                .meaning("Nothing was changed.")
                .advice("Write the whole id, all 64 digits, as `holdfast check` does.")
        })
    };
    arguments.packs.iter().map(id).collect()
}

fn words(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Working => Some("salvaging intact data from specified pack files"),
        Phase::Committing => Some("rebuilding index"),
        Phase::Removing => Some("removing salvaged pack files"),
        _ => None,
    }
}

fn report(session: &Session, outcome: &PackRepairOutcome) -> Ended {
    if outcome.failed > 0 {
        return Err(not_removed(outcome.failed));
    }
    if !outcome.left.is_empty() {
        let count = outcome.left.len();
        return Err(Failure::fatal(format!("{count} packs could not be repaired and stay"))
            .meaning(
                "What was whole in them is stored elsewhere, too. Nothing was removed of them.",
            )
            .advice("See why above. A copy of each is in this folder."));
    }
    let terminal = &session.terminal;
    terminal.say(Verbosity::Normal, &format!("{} blobs were saved", outcome.saved));
    if !outcome.lost.is_empty() {
        let count = outcome.lost.len();
        terminal.warn(&format!(
            "\n{count} blobs are lost. If their files are still on this computer, back up again: \
             that brings them back.\nUse `holdfast repair snapshots --forget` to remove the \
             corrupted data blobs from all snapshots"
        ));
    }
    Ok(ExitStatus::Success)
}
