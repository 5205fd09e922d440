//! The words of each problem: what happened, what it means for the data, what to do.

mod hooks;
mod places;
mod turns;

use std::path::Path;

use super::AppError;
use crate::api::ProblemAction::{
    self, ChooseFolder, EditPlan, EnterPassword, OpenSettings, Retry, ShowDetails,
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
    places::of_sources(error)
        .or_else(|| places::of_destinations(error))
        .or_else(|| places::of_repositories(error))
        .or_else(|| places::of_formats(error))
        .or_else(|| places::of_storage(error))
        .or_else(|| places::of_locks(error))
        .or_else(|| turns::of(error))
        .or_else(|| of_secrets(error))
        .or_else(|| of_own_files(error))
        .or_else(|| of_drafts(error))
        .or_else(|| of_unknown_names(error))
        .or_else(|| of_restores(error))
        .or_else(|| hooks::of_hooks(error))
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
        AppError::SettingsEdited { kept_as } => words(
            "The settings file was edited while Holdfast was running.",
            "Holdfast had a change of its own to store and goes on with its own settings. Nothing \
             of the edited file is used.",
            format!(
                "The edited file was set aside as {}. To use it, quit Holdfast, put it in the \
                 place of settings.json, and start Holdfast again.",
                shown(kept_as)
            ),
            &[OpenSettings],
        ),
        AppError::AlreadyRunning => words(
            "Holdfast is running already.",
            "Two at a time would run the same backups and overwrite each other's settings, so \
             this one did not start. Nothing was changed.",
            "Use the one that runs. If it shows neither a window nor an icon, end it and start \
             Holdfast again.",
            &[],
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
            "Backups go on, but what they did may not be remembered after Holdfast ends.",
            "Check that the disk has room and can be written, then start Holdfast again.",
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
            "Choose an interval, or days and times that come.",
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
        AppError::SnapshotInUse { is_open: true, .. } => words(
            "The snapshot is open in the window.",
            "It was not removed.",
            "Close it, then remove it again.",
            &[Retry],
        ),
        AppError::SnapshotInUse { .. } => words(
            "The snapshot is being restored.",
            "It was not removed.",
            "Wait until the restore is done, or stop it. Then remove the snapshot again.",
            &[Retry],
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
            match since_millis {
                Some(since) => format!(
                    "\"{name}\" has not been backed up for {}.",
                    span(now_millis.saturating_sub(*since))
                ),
                None => format!("\"{name}\" has not been backed up yet."),
            },
            match since_millis {
                Some(_) => "What changed since then is in no snapshot.",
                None => "Nothing of it can be restored.",
            },
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
