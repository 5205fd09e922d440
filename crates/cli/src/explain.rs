//! Errors of the engine, told to a person.
//!
//! The first line has restic's words where programs look for them. Then what it means for the
//! data, then what to do.

use std::error::Error;

use holdfast_engine::backend::{BackendError, BackendErrorKind};
use holdfast_engine::repository::{CreateError, FindError, OpenError, ReadError};

use crate::exit::{ExitStatus, Failure};

const UNCHANGED: &str = "Nothing in the repository was changed.";

/// A repository could not be opened.
pub(crate) fn opening(error: OpenError, location: &str) -> Failure {
    match &error {
        OpenError::NoRepository { .. } => no_repository(location)
            .advice("Check the location, or make a repository there with `holdfast init`."),
        OpenError::WrongPassword { .. } => Failure::fatal("wrong password or no key found")
            .status(ExitStatus::WrongPassword)
            .meaning(UNCHANGED)
            .advice("Try the password that this repository was made with."),
        OpenError::NoKeys { .. } => Failure::fatal("wrong password or no key found")
            .status(ExitStatus::WrongPassword)
            .meaning("The repository has no key files, and without one nothing in it can be read.")
            .advice("Bring the folder `keys` back from a copy of the repository."),
        OpenError::NewerFormat { version, .. } => Failure::fatal(format!(
            "unable to open repository: unsupported repository version {version}"
        ))
        .meaning("A newer program made it. Its snapshots are unharmed.")
        .advice("Use a newer version of holdfast or restic."),
        OpenError::DamagedConfig { .. } => Failure::fatal("the repository's config is damaged")
            .meaning("Snapshots and data may be whole, but cannot be opened without it.")
            .advice("Bring the file `config` back from a copy of the repository.")
            .cause(error),
        OpenError::DamagedKey { .. } => Failure::fatal("wrong password or no key found")
            .status(ExitStatus::WrongPassword)
            .meaning("A key file is damaged; the password opens none of the others.")
            .advice("Try another password, or bring the folder `keys` back from a copy.")
            .cause(error),
        // A folder that is not there: a drive that is not connected, or no repository yet.
        OpenError::Backend { source, .. } if is_absent(source) => no_repository(location)
            .advice("Check the location, connect its drive, or make a repository there with `holdfast init`."),
        OpenError::Backend { .. } => {
            let failure = Failure::fatal(format!("unable to open repository at {location}"));
            about_storage(failure.meaning(UNCHANGED), &error).cause(error)
        }
        _ => Failure::fatal(format!("unable to open repository at {location}")).cause(error),
    }
}

fn no_repository(location: &str) -> Failure {
    Failure::fatal(format!(
        "repository does not exist: unable to open config file: {location}/config: no such file or \
         directory\nIs there a repository at the following location?\n{location}"
    ))
    .status(ExitStatus::NoRepository)
}

fn is_absent(error: &BackendError) -> bool {
    error.source.as_ref().is_some_and(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}

/// A repository could not be made.
pub(crate) fn creating(error: CreateError, location: &str) -> Failure {
    // restic says "Fatal: " twice here, and programs compare.
    let failure =
        |why: &str| Failure::fatal(format!("Fatal: create repository at {location} failed: {why}"));
    match &error {
        CreateError::Exists { found, .. } => {
            let why = match found {
                holdfast_engine::backend::FileKind::Config => "config file already exists",
                _ => "repository already contains keys or snapshots",
            };
            failure(why)
                .meaning("What is there was not changed.")
                .advice("Use it with its password, or choose another folder.")
        }
        CreateError::UnknownFormat { .. } => {
            Failure::fatal("Fatal: only repository versions between 1 and 2 are allowed")
        }
        _ => about_storage(failure("the folder cannot be used"), &error).cause(error),
    }
}

/// Something in the repository could not be read.
pub(crate) fn reading(error: ReadError) -> Failure {
    if matches!(error, ReadError::Cancelled) {
        return cancelled();
    }
    let failure = Failure::fatal(error.to_string());
    if backend_error(&error).is_some() {
        return about_storage(failure.meaning(UNCHANGED), &error).cause(error);
    }
    failure
        .meaning("Snapshots that do not need this part are unharmed.")
        .advice("Run `holdfast check` to see what is affected.")
        .cause(error)
}

/// An id names nothing, or too much; in restic's words.
pub(crate) fn finding(error: FindError, act: &str) -> Failure {
    match &error {
        FindError::None { prefix, .. } => {
            Failure::fatal(format!("{act}: no matching ID found for prefix {prefix:?}"))
        }
        FindError::Several { prefix, .. } => {
            Failure::fatal(format!("{act}: multiple IDs with prefix {prefix:?} found"))
        }
        _ => Failure::fatal(act).cause(error),
    }
}

/// Somebody stopped the command.
pub(crate) fn cancelled() -> Failure {
    Failure::plain(ExitStatus::Interrupted, "Fatal: context canceled")
}

/// Adds what a failing storage means and what to do about it.
pub(crate) fn about_storage(failure: Failure, error: &(dyn Error + 'static)) -> Failure {
    let Some(storage) = backend_error(error) else { return failure };
    match storage.kind {
        BackendErrorKind::Full => failure
            .meaning("The storage is full. All earlier snapshots are unharmed.")
            .advice("Make room on it and run the command again; it goes on from what is stored."),
        BackendErrorKind::Denied => failure
            .meaning("The storage refused access. Nothing that was stored before is harmed.")
            .advice("Check the owner and the rights of the repository's folder."),
        BackendErrorKind::Offline | BackendErrorKind::NotFound => failure
            .meaning("The storage cannot be reached. Nothing that was stored before is harmed.")
            .advice("Connect the drive and run the command again."),
        BackendErrorKind::TooShort => failure
            .meaning("A file of the repository is cut short.")
            .advice("Run `holdfast check` to see what is affected."),
        _ => failure
            .meaning("The storage reported an error. Nothing that was stored before is harmed.")
            .advice("Check the drive and run the command again."),
    }
}

/// The storage's error among the causes.
fn backend_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a BackendError> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<BackendError>() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}
