//! `holdfast init`

use std::sync::Arc;

use holdfast_engine::chunker::Polynomial;
use holdfast_engine::repository::{CreateOptions, Repository};

use super::Ended;
use crate::access::Access;
use crate::arguments::InitArguments;
use crate::exit::{ExitStatus, Failure};
use crate::explain;
use crate::output::Verbosity;
use crate::output::messages::InitializedMessage;
use crate::session::Session;

/// Makes a repository.
pub(crate) fn init(session: &Session, arguments: &InitArguments) -> Ended {
    let chunker_polynomial = chunker_polynomial(session, arguments)?;
    let format_version = format_version(&arguments.repository_version)?;
    let (location, backend) = session.location()?;
    let password = session.password()?.read_new()?;
    let options = CreateOptions { format_version, chunker_polynomial, kdf_cost: None };
    let repository = Repository::create(
        Arc::clone(&backend),
        &password,
        &options,
        &session.identity,
        &session.clock,
        &session.zone,
    )
    .map_err(|error| explain::creating(error, &location))?;

    let id = repository.config().id.to_string();
    let terminal = &session.terminal;
    if terminal.is_json() {
        let message_type = "initialized";
        terminal.message(&InitializedMessage { message_type, id, repository: &location })?;
    } else {
        let created = format!("created restic repository {} at {location}", &id[..10]);
        terminal.say(Verbosity::Normal, &created);
        if chunker_polynomial.is_some() {
            let copied = " with chunker parameters copied from secondary repository";
            terminal.say(Verbosity::Normal, copied);
        }
        terminal.say(
            Verbosity::Normal,
            "\nPlease note that knowledge of your password is required to access\n\
             the repository. Losing your password means that your data is\n\
             irrecoverably lost.",
        );
    }
    Ok(ExitStatus::Success)
}

/// The polynomial of another repository, if it is to be used.
fn chunker_polynomial(
    session: &Session,
    arguments: &InitArguments,
) -> Result<Option<Polynomial>, Failure> {
    if arguments.copy_chunker_params {
        return Ok(Some(session.open_source(&arguments.source)?.polynomial()));
    }
    // As for restic, also when a variable names it.
    let source = Access::from(&arguments.source);
    let is_given = source.repo.is_some()
        || source.repository_file.is_some()
        || session.environment.get_os("FROM_REPOSITORY").is_some()
        || session.environment.get_os("FROM_REPOSITORY_FILE").is_some();
    if is_given {
        return Err(Failure::fatal(
            "Secondary repository must only be specified when copying the chunker parameters",
        )
        .meaning("No repository was created.")
        .advice("Add --copy-chunker-params, or leave the source repository out."));
    }
    Ok(None)
}

fn format_version(text: &str) -> Result<u32, Failure> {
    match text {
        "stable" | "latest" | "" => Ok(CreateOptions::default().format_version),
        number => number.parse().map_err(|_| Failure::fatal("invalid repository version")),
    }
}
