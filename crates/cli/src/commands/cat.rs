//! `holdfast cat`

use std::sync::Arc;

use holdfast_engine::backend::{FileKind, FileName};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::{BlobId, RawId};
use holdfast_engine::repository::Repository;
use holdfast_engine::snapshot::SnapshotFilter;

use super::Ended;
use crate::arguments::CatArguments;
use crate::exit::{ExitStatus, Failure};
use crate::explain;
use crate::output::indented;
use crate::selection::{not_selected, select, subtree};
use crate::session::Session;

const KINDS: [&str; 9] =
    ["config", "index", "snapshot", "key", "masterkey", "lock", "pack", "blob", "tree"];

/// Prints an object of the repository.
pub(crate) fn cat(session: &Session, arguments: &CatArguments) -> Ended {
    let kind = arguments.words.first().ok_or_else(|| Failure::fatal("type not specified"))?;
    if !KINDS.contains(&kind.as_str()) {
        let kinds = KINDS.join("|");
        let text = format!("invalid type {kind:?}, must be one of [{kinds}]");
        return Err(Failure::fatal(text));
    }
    let needs_id = !matches!(kind.as_str(), "config" | "masterkey");
    let id = arguments.words.get(1).map_or("", String::as_str);
    if needs_id && arguments.words.len() != 2 {
        return Err(Failure::fatal("ID not specified"));
    }
    let repository = session.open()?;
    let terminal = &session.terminal;
    match kind.as_str() {
        "config" => {
            let json = serde_json::to_vec_pretty(repository.config())
                .expect("strings and numbers become JSON");
            terminal.raw(&json)?;
            terminal.line("")?;
        }
        "masterkey" => {
            let json = repository.master_key().expose_json();
            print_indented(session, &json)?;
        }
        "key" => {
            let file = FileName::new(FileKind::Key, whole_id(id)?);
            print_indented(session, &repository.read_raw(file).map_err(explain::reading)?)?;
        }
        "lock" => {
            let json = repository.read_file(FileKind::Lock, whole_id(id)?);
            print_indented(session, &json.map_err(explain::reading)?)?;
        }
        "index" => {
            let json = repository.read_file(FileKind::Index, whole_id(id)?);
            let json = json.map_err(explain::reading)?;
            // restic stores a line end behind it, and we do not.
            terminal.raw(json.trim_ascii_end())?;
            terminal.line("")?;
        }
        "snapshot" => {
            let found = repository.find_id(FileKind::Snapshot, id);
            let found =
                found.map_err(|error| explain::finding(error, "could not find snapshot"))?;
            let json = repository.read_file(FileKind::Snapshot, found);
            print_indented(session, &json.map_err(explain::reading)?)?;
        }
        "pack" => {
            let file = FileName::new(FileKind::Pack, whole_id(id)?);
            // Shown even if it is damaged: looking at it is what one does then.
            let bytes = repository.backend().read(file);
            let bytes = bytes.map_err(|error| Failure::fatal(error.to_string()).cause(error))?;
            if RawId::of(&bytes) != file.id {
                terminal.warn("Warning: hash of data does not match ID");
            }
            terminal.raw(&bytes)?;
        }
        "blob" => terminal.raw(&blob(session, &repository, whole_id(id)?)?)?,
        _ => terminal.raw(&tree(session, &repository, id)?)?,
    }
    Ok(ExitStatus::Success)
}

fn whole_id(text: &str) -> Result<RawId, Failure> {
    text.parse().map_err(|_| {
        Failure::fatal(format!("unable to parse ID: invalid length for ID: {text:?}"))
            .advice("Give all 64 digits, as `holdfast list` shows them.")
    })
}

fn blob(session: &Session, repository: &Repository, id: RawId) -> Result<Vec<u8>, Failure> {
    let index = session.readable_index(repository)?;
    let id = BlobId(id);
    let kind = [BlobKind::Data, BlobKind::Tree].into_iter().find(|kind| index.contains(*kind, &id));
    let kind = kind.ok_or_else(|| Failure::fatal("blob not found"))?;
    repository.read_blob(&index, kind, id).map_err(explain::reading)
}

/// The tree of a snapshot, or of a folder in it, as it is stored.
fn tree(session: &Session, repository: &Arc<Repository>, text: &str) -> Result<Vec<u8>, Failure> {
    let all = session.load_snapshots(repository)?;
    let filter = SnapshotFilter::default();
    let selected = select(&all, text, &filter)
        .map_err(|error| not_selected(&error, &filter, "Fatal: could not find snapshot: "))?;
    let index = session.readable_index(repository)?;
    let tree = subtree(repository, &index, selected.snapshot.tree, selected.subfolder)?;
    repository.read_blob(&index, BlobKind::Tree, tree.into()).map_err(explain::reading)
}

/// Prints JSON with its keys as they are, known or not, one to a line.
fn print_indented(session: &Session, json: &[u8]) -> Result<(), Failure> {
    session.terminal.raw(&indented(json))?;
    session.terminal.line("")?;
    Ok(())
}
