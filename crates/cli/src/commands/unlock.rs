//! `holdfast unlock`

use holdfast_engine::backend::FileKind;
use holdfast_engine::id::LockId;
use holdfast_engine::lock::{self, Life, UnlockError, UnlockPreview};

use super::Ended;
use crate::arguments::UnlockArguments;
use crate::exit::{ExitStatus, Failure};
use crate::explain;
use crate::locking;
use crate::output::Verbosity;
use crate::session::Session;

/// Removes locks whose owners are gone, all locks, or those that are named.
pub(crate) fn unlock(session: &Session, arguments: &UnlockArguments) -> Ended {
    let repository = session.open()?;
    let context = session.lock_context();
    let preview = if arguments.remove_all {
        lock::unlock_all(&repository, &context)
    } else if arguments.locks.is_empty() {
        lock::unlock_stale(&repository, &context)
    } else {
        let ids = named(&repository, &arguments.locks)?;
        lock::unlock(&repository, &context, &ids)
    };
    let preview = preview.map_err(failed)?;
    if !arguments.remove_all {
        refuse_alive(&preview)?;
    }
    let removed = preview.apply(&repository, &context).map_err(failed)?;
    for removed in &removed {
        session.terminal.say(Verbosity::Verbose, &locking::removal(removed));
    }
    if !removed.is_empty() {
        let count = removed.len();
        session.terminal.say(Verbosity::Normal, &format!("successfully removed {count} locks"));
    }
    Ok(ExitStatus::Success)
}

fn named(
    repository: &holdfast_engine::repository::Repository,
    prefixes: &[String],
) -> Result<Vec<LockId>, Failure> {
    let find = |prefix: &String| match repository.find_id(FileKind::Lock, prefix) {
        Ok(id) => Ok(LockId(id)),
        Err(error) => Err(explain::finding(error, "could not find lock")),
    };
    prefixes.iter().map(find).collect()
}

/// A lock that is named may be one whose owner nobody can know; never one that is known to live.
fn refuse_alive(preview: &UnlockPreview) -> Result<(), Failure> {
    let alive = preview.locks().iter().find(|judged| judged.verdict.life == Life::Alive);
    let Some(judged) = alive else { return Ok(()) };
    Err(Failure::fatal(format!(
        "lock {} is held: {}",
        judged.lock.id.short(),
        locking::holder_of(judged)
    ))
    .meaning(format!(
        "Its owner lives ({}). Removing it could destroy what it is writing.",
        locking::reasons(&judged.verdict.reasons)
    ))
    .advice("Wait until it is done, or stop it first."))
}

fn failed(error: UnlockError) -> Failure {
    match error {
        UnlockError::Read(error) => explain::reading(error),
        error => explain::about_storage(Failure::fatal(error.to_string()), &error).cause(error),
    }
}
