//! `holdfast init`

use std::sync::Arc;

use holdfast_engine::repository::{CreateOptions, Repository};

use super::Ended;
use crate::arguments::InitArguments;
use crate::exit::{ExitStatus, Failure};
use crate::explain;
use crate::output::Verbosity;
use crate::output::messages::InitializedMessage;
use crate::session::Session;

/// Makes a repository.
pub(crate) fn init(session: &Session, arguments: &InitArguments) -> Ended {
    if arguments.copy_chunker_params || arguments.from_repo.is_some() {
        return Err(Failure::fatal("--copy-chunker-params is not in this version of holdfast yet")
            .meaning("No repository was created.")
            .advice("restic's own `init` does it; holdfast works on what it makes."));
    }
    let format_version = format_version(&arguments.repository_version)?;
    let (location, backend) = session.location()?;
    let password = session.password(false)?.read_new()?;
    let options = CreateOptions { format_version, ..CreateOptions::default() };
    let repository = Repository::create(
        Arc::clone(&backend) as _,
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
        terminal.say(
            Verbosity::Normal,
            "\nPlease note that knowledge of your password is required to access\n\
             the repository. Losing your password means that your data is\n\
             irrecoverably lost.",
        );
    }
    Ok(ExitStatus::Success)
}

fn format_version(text: &str) -> Result<u32, Failure> {
    match text {
        "stable" | "latest" | "" => Ok(CreateOptions::default().format_version),
        number => number.parse().map_err(|_| Failure::fatal("invalid repository version")),
    }
}
