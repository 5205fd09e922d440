//! `holdfast repair packs`

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use holdfast_engine::backend::{FileKind, FileName};
use holdfast_engine::id::{PackId, RawId};
use holdfast_engine::monitor::Phase;
use holdfast_engine::repair::{PackRepair, PackRepairOutcome, RepairError};
use holdfast_engine::repository::Repository;

use super::{failed, not_removed};
use crate::arguments::RepairPacksArguments;
use crate::commands::Ended;
use crate::commands::work::WorkProgress;
use crate::exit::{ExitStatus, Failure};
use crate::output::Verbosity;
use crate::session::Session;
use crate::{explain, locking};

/// Brings to safety what is whole in damaged packs.
pub(super) fn repair(session: &Session, arguments: &RepairPacksArguments) -> Ended {
    let packs = ids(arguments)?;
    let storing = session.storing()?;
    let repository = session.open_past_cache()?;
    let lock = session.lock_to_write(&repository, true, "repair packs")?;
    let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
    let done = (|| {
        say("saving backup copies of pack files to current folder");
        packs.iter().try_for_each(|pack| keep_copy(&repository, *pack))?;
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

/// Keeps a copy of a pack in the working folder, as restic does: it is about to be removed.
fn keep_copy(repository: &Repository, pack: PackId) -> Result<(), Failure> {
    let bytes =
        repository.backend().read(FileName::new(FileKind::Pack, pack.0)).map_err(|error| {
            if error.kind == holdfast_engine::backend::BackendErrorKind::NotFound {
                return failed(RepairError::MissingPack { id: pack });
            }
            let failure = Failure::fatal(format!("pack {pack} could not be read"));
            explain::about_storage(failure, &error).cause(error)
        })?;
    let path = PathBuf::from(format!("pack-{pack}"));
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    file.and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    })
    .map_err(|error| {
        Failure::fatal(format!("no copy of the pack could be kept as {}", path.display()))
            .meaning("Nothing in the repository was changed.")
            .advice("Run the command in a folder that has room and no such file yet.")
            .cause(error)
    })
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
