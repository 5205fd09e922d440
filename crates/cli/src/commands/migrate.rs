//! `holdfast migrate`

use std::sync::Arc;

use holdfast_engine::backend::FileName;
use holdfast_engine::lock::HeldLock;
use holdfast_engine::migrate::{Migration, MigrationError};
use holdfast_engine::monitor::Phase;
use holdfast_engine::repository::Repository;

use super::Ended;
use super::work::{WorkProgress, keep_copy};
use crate::arguments::MigrateArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::Verbosity;
use crate::session::Session;
use crate::{explain, locking};

/// Lists what can be changed, or changes it.
pub(crate) fn migrate(session: &Session, arguments: &MigrateArguments) -> Ended {
    let repository = session.open_past_cache()?;
    let lock = session.lock_to_write(&repository, true, "migrate")?;
    let done = if arguments.migrations.is_empty() {
        list(session, &repository);
        Ok(ExitStatus::Success)
    } else {
        apply_all(session, arguments, &repository, &lock)
    };
    locking::release(session, Some(lock));
    done
}

fn list(session: &Session, repository: &Repository) {
    let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
    say("available migrations:");
    let mut applicable =
        Migration::ALL.into_iter().filter(|it| it.obstacle(repository).is_none()).peekable();
    if applicable.peek().is_none() {
        say("no migrations found");
    }
    for migration in applicable {
        say(&format!("  {}\t{}", migration.name(), migration.description()));
    }
}

fn apply_all(
    session: &Session,
    arguments: &MigrateArguments,
    repository: &Arc<Repository>,
    lock: &HeldLock,
) -> Ended {
    for name in &arguments.migrations {
        let Some(migration) = Migration::named(name) else {
            session.terminal.warn(&format!("unknown migration {name}"));
            continue;
        };
        if let Some(why) = migration.obstacle(repository) {
            if !arguments.force {
                session.terminal.warn(&format!(
                    "migration {name} cannot be applied: {why}\nIf you want to apply this \
                     migration anyway, re-run with option --force"
                ));
                continue;
            }
            let text = format!("check for migration {name} failed, continuing anyway");
            session.terminal.warn(&text);
        }
        apply(session, migration, repository, lock)?;
    }
    Ok(ExitStatus::Success)
}

fn apply(
    session: &Session,
    migration: Migration,
    repository: &Arc<Repository>,
    lock: &HeldLock,
) -> Result<(), Failure> {
    let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
    let name = migration.name();
    if migration.obstacle(repository).is_none() {
        say("saving a backup copy of the config to current folder");
        keep_copy(repository, FileName::CONFIG, &format!("config-{}", repository.config().id))?;
    }
    say("checking repository integrity...");
    let progress = WorkProgress::new(session, words, "packs");
    let done = progress.during(|| migration.apply(repository, lock, &progress, &session.cancel));
    done.map_err(|error| failed(error, name))?;
    say(&format!("migration {name}: success"));
    Ok(())
}

fn words(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Working => Some("check snapshots, trees and blobs"),
        _ => None,
    }
}

fn failed(error: MigrationError, name: &str) -> Failure {
    const UNCHANGED: &str = "The repository is as it was.";
    let failure = Failure::fatal(format!("migration {name} failed: {error}")).meaning(UNCHANGED);
    match error {
        MigrationError::Cancelled => explain::cancelled(),
        MigrationError::Read(source) => explain::reading(source),
        MigrationError::LockLost(_) => {
            failure.advice("Run the command again when the other program is done.").cause(error)
        }
        MigrationError::NotApplicable { .. } => failure,
        MigrationError::ForeignSetting { .. } => {
            failure.advice("Use the program that made this setting.")
        }
        MigrationError::Damaged { .. } => {
            failure.advice("See what is wrong above, and repair it first with `holdfast repair`.")
        }
        MigrationError::Write(_) => explain::about_storage(failure, &error).cause(error),
        MigrationError::NotDurable(_) => Failure::fatal(format!(
            "migration {name} failed: {error}"
        ))
        .meaning(
            "The repository has the new format, or the old one again after a power cut. Both \
                 are whole.",
        )
        .advice("Check the drive, and run the command again: it tells which it is.")
        .cause(error),
        MigrationError::Verification => {
            failure.advice("Check this computer's memory before you run the command again.")
        }
        _ => Failure::fatal(format!("migration {name} failed: {error}"))
            .meaning("A copy of the config that was there before is in this folder.")
            .advice("Check this computer's memory, and put the copy back as the file `config`."),
    }
}
