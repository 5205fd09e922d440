//! Where each file of a repository lies. Nothing else knows file names.

use std::path::{Path, PathBuf};

use super::{FileKind, FileName};

/// The path of a file below the repository's folder: restic's "default" layout.
#[must_use]
pub(crate) fn path_of(root: &Path, file: FileName) -> PathBuf {
    match file.kind {
        FileKind::Config => root.join("config"),
        FileKind::Pack => {
            let name = file.id.to_string();
            root.join("data").join(&name[..2]).join(name)
        }
        kind => folder_of(root, kind).join(file.id.to_string()),
    }
}

/// The folder that holds the files of a kind; packs lie one level below it.
#[must_use]
pub(crate) fn folder_of(root: &Path, kind: FileKind) -> PathBuf {
    match kind {
        FileKind::Config => root.to_path_buf(),
        FileKind::Key => root.join("keys"),
        FileKind::Lock => root.join("locks"),
        FileKind::Snapshot => root.join("snapshots"),
        FileKind::Index => root.join("index"),
        FileKind::Pack => root.join("data"),
    }
}

/// Every folder of a new repository: the five kinds and the 256 that packs are spread over.
pub(crate) fn folders(root: &Path) -> impl Iterator<Item = PathBuf> {
    let kinds = FileKind::LISTED.map(|kind| folder_of(root, kind));
    let data = folder_of(root, FileKind::Pack);
    kinds.into_iter().chain((0..=255u8).map(move |byte| data.join(format!("{byte:02x}"))))
}
