//! `holdfast repair`

mod index;
mod packs;
mod snapshots;

pub(super) use index::words as index_words;

use holdfast_engine::repair::RepairError;

use super::Ended;
use crate::arguments::RepairCommand;
use crate::exit::Failure;
use crate::explain;
use crate::session::Session;

/// Repairs what the command names.
pub(crate) fn repair(session: &Session, command: &RepairCommand) -> Ended {
    match command {
        RepairCommand::Index(arguments) => index::repair(session, arguments),
        RepairCommand::Packs(arguments) => packs::repair(session, arguments),
        RepairCommand::Snapshots(arguments) => snapshots::repair(session, arguments),
    }
}

/// A repair of the index or of packs did not come to its end.
pub(super) fn failed(error: RepairError) -> Failure {
    const UNHARMED: &str = "Whatever was whole before still is.";
    match error {
        RepairError::Cancelled => explain::cancelled(),
        RepairError::Read(source) => explain::reading(source),
        RepairError::LockLost(_) => Failure::fatal("the lock on the repository was lost")
            .meaning(UNHARMED)
            .advice("Run the command again when the other program is done.")
            .cause(error),
        RepairError::ForeignSetting { .. } => Failure::fatal(error.to_string())
            .meaning("Nothing was changed.")
            .advice("Repair it with the program that made this setting."),
        RepairError::NoPacks { .. } => Failure::fatal(error.to_string())
            .meaning("Nothing was changed, because the storage may not show what it has.")
            .advice("Bring the folder `data` back, and run the command again."),
        RepairError::MissingPack { .. } => Failure::fatal(error.to_string())
            .meaning("Nothing was changed.")
            .advice("`holdfast repair index` makes the index forget packs that are gone."),
        _ => {
            let failure = Failure::fatal("the repository could not be repaired").meaning(UNHARMED);
            explain::about_storage(failure, &error).cause(error)
        }
    }
}

/// Files that were to go are still there.
fn not_removed(count: usize) -> Failure {
    Failure::fatal(format!("{count} files could not be removed"))
        .meaning("What they held is stored elsewhere. They only take space.")
        .advice("See why above, and run the command again.")
}
