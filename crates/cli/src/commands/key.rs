//! `holdfast key`

use holdfast_engine::backend::FileKind;
use holdfast_engine::id::KeyId;
use holdfast_engine::identity::Identity;
use holdfast_engine::key::KeyFile;
use holdfast_engine::monitor::with_causes;
use holdfast_engine::repository::{FindError, KeyChangeError, NewKey, Repository};
use holdfast_engine::secret::Password;
use holdfast_engine::time::Time;
use serde::Serialize;

use super::Ended;
use crate::arguments::{KeyCommand, KeyWords, NewKeyArguments};
use crate::exit::{ExitStatus, Failure};
use crate::output::table::Table;
use crate::output::{format, to_json};
use crate::secrets::NewPassword;
use crate::session::Session;
use crate::{explain, locking};

/// A key, as restic's JSON has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyObject<'a> {
    current: bool,
    id: String,
    user_name: &'a str,
    host_name: &'a str,
    created: &'a str,
}

/// Lists, adds, changes or removes keys.
pub(crate) fn key(session: &Session, command: &KeyCommand) -> Ended {
    match command {
        KeyCommand::List(words) => list(session, words),
        KeyCommand::Add(arguments) => add(session, arguments),
        KeyCommand::Passwd(arguments) => passwd(session, arguments),
        KeyCommand::Remove(words) => remove(session, words),
    }
}

fn list(session: &Session, words: &KeyWords) -> Ended {
    no_words("list", &words.words)?;
    let repository = session.open()?;
    let lock = session.lock_to_read(&repository, "key")?;
    let listed = repository.keys().map_err(explain::reading);
    locking::release(session, lock);
    let mut keys = Vec::new();
    for key in listed? {
        match key.file {
            Ok(file) => keys.push((key.id, file)),
            Err(error) => {
                let why = with_causes(&error);
                session.terminal.warn(&format!("key {} cannot be read: {why}", key.id.short()));
            }
        }
    }
    show(session, &repository, &keys)?;
    Ok(ExitStatus::Success)
}

fn show(
    session: &Session,
    repository: &Repository,
    keys: &[(KeyId, KeyFile)],
) -> Result<(), Failure> {
    let is_current = |id: KeyId| id == repository.key_id();
    let created: Vec<String> = keys.iter().map(|(_, key)| local_time(session, key)).collect();
    if session.terminal.is_json() {
        let objects: Vec<KeyObject<'_>> = keys
            .iter()
            .zip(&created)
            .map(|((id, key), created)| KeyObject {
                current: is_current(*id),
                id: id.to_string(),
                user_name: &key.username,
                host_name: &key.hostname,
                created,
            })
            .collect();
        session.terminal.line(&to_json(&objects))?;
        return Ok(());
    }
    let mut table = Table::default();
    for heading in [" ID", "User", "Host", "Created"] {
        table.column(heading);
    }
    for ((id, key), created) in keys.iter().zip(created) {
        let mark = if is_current(*id) { "*" } else { " " };
        let cells = [format!("{mark}{}", id.short()), key.username.clone(), key.hostname.clone()];
        table.row(cells.into_iter().chain([created]).map(|cell| vec![cell]).collect());
    }
    for line in table.lines() {
        session.terminal.line(&line)?;
    }
    Ok(())
}

/// When a key was made, by the clock here; as it stands in the file if that is no time.
fn local_time(session: &Session, key: &KeyFile) -> String {
    match key.created.parse::<Time>() {
        Ok(time) => format::local_time(&time, &session.zone),
        Err(_) => key.created.clone(),
    }
}

fn add(session: &Session, arguments: &NewKeyArguments) -> Ended {
    no_words("add", &arguments.words)?;
    store(session, arguments, false, Repository::add_key)
}

fn passwd(session: &Session, arguments: &NewKeyArguments) -> Ended {
    no_words("passwd", &arguments.words)?;
    store(session, arguments, true, Repository::replace_key)
}

/// Stores a new key with `act`, under a lock.
fn store(
    session: &Session,
    arguments: &NewKeyArguments,
    exclusive: bool,
    act: impl FnOnce(&Repository, &NewKey<'_>) -> Result<KeyId, KeyChangeError>,
) -> Ended {
    let repository = session.open()?;
    let password = new_password(arguments)?;
    let lock = session.lock_to_write(&repository, exclusive, "key")?;
    let new = NewKey {
        password: &password,
        cost: None,
        identity: &identity(session, arguments),
        clock: &session.clock,
        zone: &session.zone,
    };
    let stored = act(&repository, &new);
    locking::release(session, Some(lock));
    let id = stored.map_err(failed)?;
    session.terminal.line(&format!("saved new key with ID {id}"))?;
    Ok(ExitStatus::Success)
}

fn remove(session: &Session, words: &KeyWords) -> Ended {
    let [prefix] = words.words.as_slice() else {
        let text = "key remove expects one argument as the key id";
        return Err(
            Failure::plain(ExitStatus::Failed, text).advice("`holdfast key list` shows the ids.")
        );
    };
    let repository = session.open()?;
    let lock = session.lock_to_write(&repository, true, "key")?;
    let removed = repository
        .find_id(FileKind::Key, prefix)
        .map_err(not_there)
        .and_then(|id| repository.remove_key(KeyId(id)).map_err(failed).map(|()| id));
    locking::release(session, Some(lock));
    session.terminal.line(&format!("removed key {}", removed?))?;
    Ok(ExitStatus::Success)
}

/// No key is meant; restic says so without a word before it.
fn not_there(error: FindError) -> Failure {
    let text = match &error {
        FindError::None { prefix, .. } => {
            format!("no matching ID found for prefix {prefix:?}")
        }
        FindError::Several { prefix, .. } => format!("multiple IDs with prefix {prefix:?} found"),
        _ => return explain::finding(error, "the keys cannot be listed"),
    };
    Failure::plain(ExitStatus::Failed, text).advice("`holdfast key list` shows the ids.")
}

fn no_words(command: &str, words: &[String]) -> Result<(), Failure> {
    if words.is_empty() {
        return Ok(());
    }
    let text = format!(
        "the key {command} command expects no arguments, only options - please see `holdfast key \
         {command} --help` for usage and flags"
    );
    Err(Failure::plain(ExitStatus::Failed, text))
}

fn new_password(arguments: &NewKeyArguments) -> Result<Password, Failure> {
    NewPassword {
        file: arguments.new_password_file.as_deref(),
        allow_empty: arguments.new_insecure_no_password,
    }
    .read()
}

fn identity(session: &Session, arguments: &NewKeyArguments) -> Identity {
    let mut identity = session.identity.clone();
    if let Some(user) = arguments.user.clone().filter(|user| !user.is_empty()) {
        identity.username = user;
    }
    if let Some(host) = arguments.host.clone().filter(|host| !host.is_empty()) {
        identity.hostname = host;
    }
    identity
}

fn failed(error: KeyChangeError) -> Failure {
    match &error {
        KeyChangeError::InUse => {
            Failure::fatal("refusing to remove key currently used to access repository")
                .meaning("Nothing was removed.")
                .advice("Give the password of another key to remove this one.")
        }
        KeyChangeError::TooMany { .. } => Failure::fatal(error.to_string())
            .meaning("No key was added: it might never be tried.")
            .advice("Remove keys that nobody uses with `holdfast key remove`."),
        KeyChangeError::Remove { .. } => {
            let failure = Failure::fatal("a key could not be removed");
            explain::about_storage(failure, &error)
                .meaning("Its password still opens the repository.")
                .cause(error)
        }
        _ => explain::about_storage(Failure::fatal("creating new key failed"), &error)
            .meaning("The passwords that opened the repository still do.")
            .cause(error),
    }
}
