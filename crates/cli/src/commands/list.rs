//! `holdfast list`

use holdfast_engine::backend::FileKind;
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::IndexId;

use super::Ended;
use crate::arguments::ListArguments;
use crate::exit::{ExitStatus, Failure};
use crate::explain;
use crate::session::Session;

/// Lists ids.
pub(crate) fn list(session: &Session, arguments: &ListArguments) -> Ended {
    let [kind] = arguments.kinds.as_slice() else {
        let received = arguments.kinds.len();
        let text = format!("accepts 1 arg(s), received {received}");
        return Err(Failure::plain(ExitStatus::Failed, text)
            .advice("Say one of blobs, packs, index, snapshots, keys and locks."));
    };
    let kind = match kind.as_str() {
        "blobs" => return list_blobs(session),
        "packs" => FileKind::Pack,
        "index" => FileKind::Index,
        "snapshots" => FileKind::Snapshot,
        "keys" => FileKind::Key,
        "locks" => FileKind::Lock,
        other => {
            let text = format!("invalid argument {other:?} for \"holdfast list\"");
            return Err(Failure::plain(ExitStatus::Failed, text)
                .advice("Say one of blobs, packs, index, snapshots, keys and locks."));
        }
    };
    let repository = session.open()?;
    for file in repository.list(kind).map_err(explain::reading)? {
        session.terminal.line(&file.id.to_string())?;
    }
    Ok(ExitStatus::Success)
}

/// Streams the index files: what they say is shown as it is, twice if it is there twice.
fn list_blobs(session: &Session) -> Ended {
    let repository = session.open()?;
    for file in repository.list(FileKind::Index).map_err(explain::reading)? {
        let index = repository.read_index_file(IndexId(file.id)).map_err(explain::reading)?;
        for blob in index.packs.iter().flat_map(|pack| &pack.blobs) {
            let kind = match blob.kind {
                BlobKind::Data => "data",
                BlobKind::Tree => "tree",
            };
            session.terminal.line(&format!("{kind} {}", blob.id))?;
        }
    }
    Ok(ExitStatus::Success)
}
