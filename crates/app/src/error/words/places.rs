//! Words about sources, backup locations, repositories and locks.

use super::{EARLIER_SAFE, NOTHING_CHANGED, Words, shown, words};
use crate::api::OperationKind;
use crate::api::ProblemAction::{
    ChooseFolder, EditPlan, EditRepository, EnterPassword, Retry, ShowDetails, UnlockAndRetry,
};
use crate::error::AppError;
use crate::text::{bytes, counted};

pub(super) fn of_sources(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::SourceMissing { path } => words(
            format!("The folder {} is not there.", shown(path)),
            "A backup without it would look complete and not be. Your earlier snapshots still \
             hold it.",
            "Bring the folder back, connect its drive, or take it out of the plan.",
            &[EditPlan, Retry],
        ),
        AppError::SourceEmpty { path } => words(
            format!("The folder {} is empty and was not before.", shown(path)),
            "This is how a drive that is not mounted looks. Your earlier snapshots still hold \
             what was in it.",
            "Connect the drive. If the folder is meant to be empty, take it out of the plan.",
            &[Retry, EditPlan],
        ),
        AppError::SourceUnreadable { path, .. } => words(
            format!("The folder {} cannot be read.", shown(path)),
            "Nothing in it can be backed up. Your earlier snapshots are unchanged.",
            "Allow Holdfast to read the folder, or take it out of the plan.",
            &[Retry, EditPlan],
        ),
        AppError::RepositoryInsideSource { folder, repository } => words(
            "The backup location lies inside a folder of the plan.",
            format!(
                "Each backup of {} would back up the backups in {} again, and grow without end.",
                shown(folder),
                shown(repository)
            ),
            "Exclude the backup location in the plan, or choose another one.",
            &[EditPlan],
        ),
        _ => return None,
    })
}

pub(super) fn of_destinations(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::DestinationNotConnected { name, snapshots, awaited_by, .. } => words(
            format!("The drive of \"{name}\" is not connected."),
            match snapshots {
                Some(count) => {
                    format!("Your {} on it are unchanged.", counted(*count, "snapshot"))
                }
                None => "The snapshots on it are unchanged.".to_owned(),
            },
            match awaited_by {
                Some(OperationKind::Backup) => "Connect it and the backup starts by itself.",
                Some(OperationKind::Restore) => "Connect it and the restore starts by itself.",
                Some(OperationKind::Verify) => "Connect it and verifying starts by itself.",
                Some(OperationKind::Forget | OperationKind::Retention) => {
                    "Connect it and the snapshots are removed."
                }
                Some(OperationKind::Cleanup) => "Connect it and its space is freed.",
                Some(OperationKind::Drill) => "Connect it and the restore drill starts by itself.",
                Some(OperationKind::Copy) => "Connect it and the snapshots are copied.",
                Some(OperationKind::Unlock | OperationKind::Hook) | None => {
                    "Connect it, then try again."
                }
            },
            &[],
        ),
        AppError::DestinationMissing { name, location } => words(
            format!("The folder of \"{name}\" is gone."),
            format!(
                "Its drive is there, but {} is not. If it was deleted, so were the snapshots in \
                 it.",
                shown(location)
            ),
            "If it was moved or renamed, move it back or add it again at its new place.",
            &[EditRepository, Retry],
        ),
        AppError::DestinationReadOnly { name, location } => words(
            format!("\"{name}\" is read-only."),
            "Snapshots can be restored from it, and no new ones can be stored.",
            format!("Mount the drive of {} so that it can be written to.", shown(location)),
            &[Retry],
        ),
        AppError::DestinationFull { name, free, needed } => words(
            match (free, needed) {
                (Some(free), Some(needed)) => format!(
                    "\"{name}\" has {} free; about {} are needed.",
                    bytes(*free),
                    bytes(*needed)
                ),
                (Some(free), None) => format!("\"{name}\" is full: {} are free.", bytes(*free)),
                _ => format!("\"{name}\" is full."),
            },
            "No new snapshot was made. Your earlier snapshots are unchanged.",
            "Make room on the drive, or back up to another one.",
            &[Retry, EditPlan],
        ),
        _ => return None,
    })
}

pub(super) fn of_repositories(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::NoRepository { location } => words(
            format!("There is no repository at {location}."),
            NOTHING_CHANGED,
            "Choose the folder that holds the repository, or create a new one.",
            &[ChooseFolder],
        ),
        AppError::RepositoryExists { location } => words(
            format!("There is a repository at {location} already."),
            "It was not touched.",
            "Use it with its password, or choose another folder.",
            &[EnterPassword, ChooseFolder],
        ),
        AppError::LocationOccupied { location } => words(
            format!("The folder {location} holds other files."),
            "Nothing was written. Mixed with other files, backups are easily deleted by mistake.",
            "Choose an empty folder or the name of a new one.",
            &[ChooseFolder],
        ),
        AppError::LocationInvalid { location } => words(
            format!("\"{location}\" is not the full path of a folder."),
            NOTHING_CHANGED,
            "Choose a folder.",
            &[ChooseFolder],
        ),
        AppError::RepositoryKnown { name } => words(
            format!("This is the repository \"{name}\", which you have already."),
            NOTHING_CHANGED,
            "Use it as it is.",
            &[],
        ),
        AppError::RepositoryHasPlans { name, plans } => words(
            format!("\"{name}\" is used by {}.", plans.join(", ")),
            NOTHING_CHANGED,
            "Let the plans back up to another place, or remove them, first.",
            &[EditPlan],
        ),
        AppError::PlanWithoutRepository { plan } => words(
            format!("\"{plan}\" has no place to back up to."),
            "Its repository is not in the settings, so no backup can run. Snapshots that it has \
             are unchanged.",
            "Choose a repository for the plan, or add the one that it had again.",
            &[EditPlan],
        ),
        _ => return None,
    })
}

pub(super) fn of_formats(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::NewerFormat { version, .. } => words(
            format!("The repository has format {version}, which this version does not know."),
            "It was neither read nor changed.",
            "Update Holdfast, or choose another repository.",
            &[],
        ),
        AppError::ForeignSettings { .. } => words(
            "The repository was set up in a way that Holdfast only reads.",
            "You can restore from it. Nothing was written, for that could harm it.",
            "Back up to another repository, or go on with the program that made this one.",
            &[EditPlan, ShowDetails],
        ),
        AppError::RepositoryDamaged { .. } => words(
            "A part of the repository is damaged or missing.",
            "Nothing was deleted or overwritten. Snapshots that need that part may not restore \
             completely.",
            "Check the drive, then verify the repository to see what is affected.",
            &[ShowDetails, Retry],
        ),
        AppError::RepositoryReplaced { location } => words(
            format!("Another repository than before stands at {location}."),
            "Nothing was written to it.",
            "Connect the right drive, or add this repository as a new one.",
            &[Retry, EditRepository],
        ),
        _ => return None,
    })
}

pub(super) fn of_storage(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::StorageOffline { location, .. } => words(
            format!("{location} cannot be reached."),
            EARLIER_SAFE,
            "Check that the drive is connected, then try again.",
            &[Retry, ShowDetails],
        ),
        AppError::StorageDenied { location, .. } => words(
            format!("Access to {location} was denied."),
            EARLIER_SAFE,
            "Allow Holdfast to read and write there, then try again.",
            &[Retry, ShowDetails],
        ),
        AppError::StorageFailed { location, .. } => words(
            format!("The storage at {location} reported an error."),
            EARLIER_SAFE,
            "Try again. If it stays, check the drive: the details name what failed.",
            &[Retry, ShowDetails],
        ),
        _ => return None,
    })
}

pub(super) fn of_locks(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::RepositoryLocked { name, holder, dead, waited_minutes } => words(
            format!("\"{name}\" is in use by {holder}."),
            match waited_minutes {
                0 => format!("No new snapshot was made. {EARLIER_SAFE}"),
                minutes => format!(
                    "Holdfast waited {} and then gave up. {EARLIER_SAFE}",
                    counted(*minutes, "minute")
                ),
            },
            if *dead {
                "The owner of the lock has ended and left it behind. It can be removed safely."
            } else {
                "Wait until the other program is done. If you know that it has ended, remove its \
                 lock on the repository's page."
            },
            if *dead { &[UnlockAndRetry, ShowDetails] } else { &[Retry, EditRepository] },
        ),
        AppError::LockLost { name, .. } => words(
            format!("The lock on \"{name}\" was lost on the way."),
            "The snapshot was not written, because its data might be gone. Your earlier \
             snapshots are unchanged.",
            "Try again: what was uploaded is used again.",
            &[Retry, ShowDetails],
        ),
        AppError::LockAlive { holder } => words(
            format!("The lock of {holder} may be in use."),
            "It was not removed: removing a living lock can destroy snapshots.",
            "Wait until its owner is done.",
            &[],
        ),
        _ => return None,
    })
}
