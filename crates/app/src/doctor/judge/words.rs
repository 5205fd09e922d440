//! What each check looks at, and why that matters.

use crate::api::CheckId;

/// What is looked at.
pub(super) fn looked_at(id: CheckId) -> &'static str {
    match id {
        CheckId::SourceExists => "The folders are there",
        CheckId::SourceNotEmpty => "The folders are not empty",
        CheckId::SourceReadable => "The folders can be read",
        CheckId::LastRunWhole => "The last backup read everything",
        CheckId::RepositoryInside => "The backup location is not in the folders",
        CheckId::OtherDrive => "The backup is on another drive",
        CheckId::Reachable => "The backup location answers",
        CheckId::Writable => "The backup location can be written",
        CheckId::Room => "There is room for the next backups",
        CheckId::Limits => "Your limits are kept",
        CheckId::ListAfterWrite => "What is written is listed at once",
        CheckId::StoreClock => "The storage's clock agrees",
        CheckId::CanDelete => "What is written can be removed",
        CheckId::Opens => "The password opens the repository",
        CheckId::Format => "The format is known",
        CheckId::Locks => "No lock was left behind",
        CheckId::Uploads => "No unfinished uploads",
        CheckId::Index => "The index can be read",
        CheckId::Verified => "The repository was verified",
        CheckId::OwnRoom => "There is room for the history",
        CheckId::SystemClock => "The clock is right",
        CheckId::Keychain => "The keychain can be used",
        CheckId::Notifications => "Notices can be shown",
        CheckId::Tray => "The icon stands in the tray",
        CheckId::Autostart => "Holdfast starts at login",
        CheckId::OwnFiles => "Settings and history are whole",
        CheckId::LastStart => "Operations ended by themselves",
        CheckId::Version => "The version",
        CheckId::Schedules => "The schedule can run",
        CheckId::Hooks => "The hook gets through",
    }
}

/// Why it matters.
pub(super) fn why(id: CheckId) -> &'static str {
    match id {
        CheckId::SourceExists => "What is not there is in no new snapshot.",
        CheckId::SourceNotEmpty => {
            "A folder that was full and is empty may be a drive that is not connected."
        }
        CheckId::SourceReadable | CheckId::LastRunWhole => "What cannot be read is in no snapshot.",
        CheckId::RepositoryInside => "The backup would back itself up, and grow without end.",
        CheckId::OtherDrive => "One drive that breaks would take the files and their backup.",
        CheckId::Reachable => "Backups wait until it answers.",
        CheckId::Writable => "Without it there is no new snapshot.",
        CheckId::Room => "A backup that runs out of room makes no snapshot.",
        CheckId::Limits => "You wanted to be told before it grows further.",
        CheckId::ListAfterWrite => {
            "Locks protect only if everybody sees them as soon as they are written."
        }
        CheckId::StoreClock => "Whether a lock is old is told by its time.",
        CheckId::CanDelete => "Locks are removed after each backup, and space is freed.",
        CheckId::Opens => "Without the password nothing can be stored or restored.",
        CheckId::Format => "A format that is not known is not written.",
        CheckId::Locks => "A lock that nobody holds keeps others from their work.",
        CheckId::Uploads => "They take room and are part of no snapshot.",
        CheckId::Index => "Without it no file is found in the repository.",
        CheckId::Verified => "Only what was read back is known to be whole.",
        CheckId::OwnRoom => "Without room, what happened cannot be remembered.",
        CheckId::SystemClock => "Schedules, snapshots and locks go by it.",
        CheckId::Keychain => "Passwords are kept there; without it they are asked for.",
        CheckId::Notifications => "Without notices, failures are seen in the window only.",
        CheckId::Tray => "Without the icon, only the window says how backups are.",
        CheckId::Autostart => "Holdfast backs up only while it runs.",
        CheckId::OwnFiles => "Plans and what happened stand there.",
        CheckId::LastStart => "What is cut off again and again is never done.",
        CheckId::Version => "Whoever helps needs to know it.",
        CheckId::Schedules => "A plan that never runs protects nothing.",
        CheckId::Hooks => "Whoever relies on it is not told.",
    }
}
