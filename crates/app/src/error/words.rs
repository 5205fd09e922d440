//! The words of each problem: what happened, what it means for the data, what to do.

use std::path::Path;

use super::AppError;
use crate::api::ProblemAction::{
    self, ChooseFolder, EditPlan, EditRepository, EnterPassword, OpenSettings, Retry, ShowDetails,
    UnlockAndRetry,
};
use crate::text::{bytes, counted, span};

/// The parts of a problem that are for people.
pub(super) struct Words {
    pub(super) title: String,
    pub(super) meaning: String,
    pub(super) advice: String,
    pub(super) actions: Vec<ProblemAction>,
}

fn words(
    title: impl Into<String>,
    meaning: impl Into<String>,
    advice: impl Into<String>,
    actions: &[ProblemAction],
) -> Words {
    Words {
        title: title.into(),
        meaning: meaning.into(),
        advice: advice.into(),
        actions: actions.to_vec(),
    }
}

const EARLIER_SAFE: &str = "Your earlier snapshots are unchanged.";
const NOTHING_CHANGED: &str = "Nothing was changed.";

pub(super) fn of(error: &AppError) -> Words {
    of_sources(error)
        .or_else(|| of_destinations(error))
        .or_else(|| of_repositories(error))
        .or_else(|| of_storage(error))
        .or_else(|| of_locks(error))
        .or_else(|| of_secrets(error))
        .or_else(|| of_own_files(error))
        .or_else(|| of_drafts(error))
        .or_else(|| of_unknown_names(error))
        .or_else(|| of_restores(error))
        .or_else(|| of_outcomes(error))
        .unwrap_or_else(|| {
            words(
                "Something unexpected happened.",
                EARLIER_SAFE,
                "Try again. If it happens again, the details help to find the cause.",
                &[Retry, ShowDetails],
            )
        })
}

fn of_sources(error: &AppError) -> Option<Words> {
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

fn of_destinations(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::DestinationNotConnected { name, snapshots, .. } => words(
            format!("The drive of \"{name}\" is not connected."),
            match snapshots {
                Some(count) => {
                    format!("Your {} on it are unchanged.", counted(*count, "snapshot"))
                }
                None => "The snapshots on it are unchanged.".to_owned(),
            },
            "Connect it and the backup starts by itself.",
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

fn of_repositories(error: &AppError) -> Option<Words> {
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

fn of_storage(error: &AppError) -> Option<Words> {
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

fn of_locks(error: &AppError) -> Option<Words> {
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
        AppError::RepositoryBusy { name, by } => words(
            format!("\"{name}\" is in use: {by}."),
            NOTHING_CHANGED,
            "Wait until that is done, or stop it.",
            &[Retry],
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

fn of_secrets(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::WrongPassword { .. } => words(
            "This password does not open the repository.",
            NOTHING_CHANGED,
            "Enter the password again. Without it nobody can read the repository.",
            &[EnterPassword],
        ),
        AppError::PasswordEmpty => words(
            "The password is empty.",
            "Anybody could read the repository.",
            "Enter a password.",
            &[EnterPassword],
        ),
        AppError::PasswordMissing { name } => words(
            format!("The password of \"{name}\" is not known."),
            "Without it no backup can run. Your earlier snapshots are unchanged.",
            "Enter the password.",
            &[EnterPassword],
        ),
        AppError::KeychainUnavailable => words(
            "This computer has no keychain that Holdfast can use.",
            "Passwords are kept in memory only, until Holdfast ends.",
            "Enter the password after each start, or set up a keychain.",
            &[EnterPassword],
        ),
        AppError::KeychainLocked => words(
            "The keychain is locked.",
            "The password in it cannot be read, so no backup can run.",
            "Unlock the keychain and try again, or enter the password.",
            &[Retry, EnterPassword],
        ),
        AppError::KeychainDenied => words(
            "The keychain denied access.",
            "The password in it cannot be read, so no backup can run.",
            "Allow Holdfast to use its entry in the keychain, or enter the password.",
            &[Retry, EnterPassword],
        ),
        AppError::KeychainFailed { .. } => words(
            "The keychain failed.",
            "The password could not be read or stored.",
            "Try again, or enter the password; it is then kept until Holdfast ends.",
            &[Retry, EnterPassword],
        ),
        _ => return None,
    })
}

fn of_own_files(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::SettingsDamaged { kept_as, recovered, .. } => words(
            "The settings file could not be understood.",
            if *recovered {
                "Holdfast goes on with the settings that could still be read. Your snapshots are \
                 unchanged."
            } else {
                "Holdfast starts without plans and repositories. Your snapshots are unchanged."
            },
            format!(
                "The file was set aside as {}. Look at your plans and correct what is missing.",
                shown(kept_as)
            ),
            &[OpenSettings],
        ),
        AppError::SettingsNewer { version, path } => words(
            format!("The settings were written by a newer Holdfast (version {version})."),
            format!("This version does not understand {} and leaves it as it is.", shown(path)),
            "Start the newer Holdfast.",
            &[],
        ),
        AppError::SettingsUnwritable { path, .. } => words(
            "The settings could not be stored.",
            "The change was not made.",
            format!("Check that {} can be written and the disk has room.", shown(path)),
            &[Retry, ShowDetails],
        ),
        AppError::LogDamaged { kept_as, .. } => words(
            "The history of operations was damaged.",
            "Backups go on, and your snapshots are unchanged. What happened before is no longer \
             shown.",
            format!("The damaged history was set aside as {}.", shown(kept_as)),
            &[],
        ),
        AppError::LogUnwritable { .. } => words(
            "The history of operations cannot be written.",
            "Backups go on, but what they did may not be remembered.",
            "Check that the disk has room and can be written.",
            &[ShowDetails],
        ),
        _ => return None,
    })
}

fn of_drafts(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::NameInvalid { taken: true, name } => words(
            format!("The name \"{name}\" is taken."),
            NOTHING_CHANGED,
            "Choose another name.",
            &[],
        ),
        AppError::NameInvalid { .. } => {
            words("The name is empty or too long.", NOTHING_CHANGED, "Enter a name.", &[])
        }
        AppError::SourcesInvalid { path: None } => words(
            "The plan has no folders.",
            "There would be nothing to back up.",
            "Choose at least one folder.",
            &[ChooseFolder],
        ),
        AppError::SourcesInvalid { path: Some(path) } => words(
            format!("\"{path}\" is not the full path of a folder."),
            "It cannot be backed up.",
            "Choose the folder again.",
            &[ChooseFolder],
        ),
        AppError::ScheduleInvalid => words(
            "The schedule can never run.",
            "Nothing would be backed up.",
            "Choose 1 to 8784 hours, or a time of the day.",
            &[EditPlan],
        ),
        AppError::ExcludeInvalid { rule, .. } => words(
            format!("The exclude rule \"{rule}\" cannot be understood."),
            "The plan would leave out something else than you mean.",
            "Correct or remove the rule.",
            &[EditPlan],
        ),
        _ => return None,
    })
}

fn of_unknown_names(error: &AppError) -> Option<Words> {
    let (what, advice) = match error {
        AppError::PlanUnknown { .. } => ("plan", "It may have been removed."),
        AppError::RepositoryUnknown { .. } => ("repository", "It may have been removed."),
        AppError::OperationUnknown { .. } => ("operation", "It is no longer in the history."),
        AppError::SnapshotUnknown { .. } => {
            ("snapshot", "It may have been removed. Look at the list again.")
        }
        AppError::FolderUnknown { path } => {
            return Some(words(
                format!("There is no folder {path}."),
                NOTHING_CHANGED,
                "Choose another folder.",
                &[ChooseFolder],
            ));
        }
        _ => return None,
    };
    Some(words(format!("There is no such {what}."), NOTHING_CHANGED, advice, &[]))
}

fn of_restores(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::SnapshotInUse { .. } => words(
            "The snapshot is being restored.",
            "It was not removed.",
            "Wait until the restore is done, or stop it.",
            &[],
        ),
        AppError::PreviewOutdated { .. } => words(
            "What the preview showed is no longer true.",
            "Nothing was written.",
            "Look at a new preview.",
            &[Retry],
        ),
        AppError::TargetUnwritable { path, .. } => words(
            format!("{} cannot be written to.", shown(path)),
            "Nothing was restored there. The snapshot is unchanged.",
            "Choose another folder, or allow Holdfast to write there.",
            &[ChooseFolder, Retry],
        ),
        AppError::TargetFull { path, room } => words(
            match room {
                Some((needed, free)) => format!(
                    "There is no room in {}: {} are needed and {} free.",
                    shown(path),
                    bytes(*needed),
                    bytes(*free)
                ),
                None => format!("There is no room left in {}.", shown(path)),
            },
            "Nothing was restored. The snapshot is unchanged.",
            "Make room, restore less, or choose another folder.",
            &[ChooseFolder, Retry],
        ),
        _ => return None,
    })
}

fn of_outcomes(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::Overdue { name, since_millis, now_millis, because } => words(
            format!(
                "\"{name}\" has not been backed up for {}.",
                span(now_millis.saturating_sub(*since_millis))
            ),
            "What changed since then is in no snapshot.",
            because.clone().unwrap_or_else(|| "Back up now.".to_owned()),
            &[Retry],
        ),
        AppError::Interrupted => words(
            "Holdfast ended before this was done.",
            "The repository is unharmed. What was stored is used again by the next run.",
            "Start it again.",
            &[Retry],
        ),
        AppError::FilesSkipped { count } => words(
            format!("{} could not be read.", counted(*count, "item")),
            "The snapshot holds everything else.",
            "Look at the list: close the programs that use them, or exclude them.",
            &[ShowDetails, EditPlan],
        ),
        AppError::FilesNotRestored { count } => words(
            format!("{} could not be restored completely.", counted(*count, "item")),
            "Everything else was restored. The snapshot is unchanged.",
            "Look at the list for the reasons.",
            &[ShowDetails, Retry],
        ),
        AppError::VerifyFoundProblems { count } => words(
            format!("Verifying found {}.", counted(*count, "problem")),
            "Some snapshots may not restore completely. Nothing was changed.",
            "Look at the list. Check the drive, and keep other copies of what matters.",
            &[ShowDetails],
        ),
        AppError::NothingToBackUp { .. } => words(
            "Nothing could be backed up.",
            "No snapshot was made. Your earlier snapshots are unchanged.",
            "Check that the plan's folders are there and can be read.",
            &[EditPlan, Retry, ShowDetails],
        ),
        AppError::NotificationsUnavailable { .. } => words(
            "Notifications cannot be shown on this computer.",
            "Failures are shown in the window only.",
            "Start a notification service, or look at the window now and then.",
            &[],
        ),
        AppError::AutostartUnavailable { .. } => words(
            "Start at login could not be changed.",
            "Holdfast backs up only while it runs.",
            "Start Holdfast by hand after logging in, or add it to your session's programs.",
            &[ShowDetails],
        ),
        _ => return None,
    })
}

fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}
