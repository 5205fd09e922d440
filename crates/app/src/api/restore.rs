//! Bringing files back: what is asked for, and what it would do.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Bytes, Moment, PreviewId, Problem, RepositoryId};

/// What to bring back, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RestoreRequest {
    /// From which repository.
    pub repository: RepositoryId,
    /// From which snapshot: 64 hexadecimal digits.
    pub snapshot: String,
    /// Paths in the snapshot, as `EntryView` gave them. Empty means everything.
    pub items: Vec<String>,
    /// Where to.
    pub destination: RestoreDestination,
    /// What happens to files that are there already.
    pub on_conflict: OnConflict,
    /// Read everything again afterwards.
    pub verify: bool,
}

/// Where restored files go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum RestoreDestination {
    /// Where they were.
    Original,
    /// Below a folder.
    Folder {
        /// Its absolute path.
        path: String,
    },
}

/// What happens to a file that is there already and differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OnConflict {
    /// It stays, and the restored one gets another name.
    KeepBoth,
    /// It is replaced.
    Replace,
    /// It is replaced if the restored one is newer.
    ReplaceIfNewer,
    /// It stays, and the restored one is left out.
    Skip,
}

/// What a restore would do. It is applied exactly so, or not at all.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct RestorePreview {
    /// Its name.
    pub id: PreviewId,
    /// Number of files that are not there yet.
    pub create: u64,
    /// Number of files that are replaced.
    pub overwrite: u64,
    /// Number of files that are there as they were.
    pub unchanged: u64,
    /// Number of files that are left out.
    pub skip: u64,
    /// Number of entries that cannot be restored: what the repository has of them is damaged, or
    /// they are refused.
    pub lost: u64,
    /// Bytes to write.
    pub bytes: Bytes,
    /// The first thousand entries, what is overwritten first.
    pub entries: Vec<RestoreEntry>,
    /// True if there are more.
    pub truncated: bool,
    /// Bytes that can be written at the destination.
    pub free_space: Option<Bytes>,
    /// What speaks against it. It can be started all the same unless it has no room.
    pub problems: Vec<Problem>,
}

/// What a restore would do to one file.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct RestoreEntry {
    /// Where it would be written.
    pub path: String,
    /// What would happen.
    pub action: RestoreAction,
    /// Its size.
    pub size: Bytes,
    /// Size of what is there.
    pub existing_size: Option<Bytes>,
    /// When what is there was last changed.
    pub existing_modified: Option<Moment>,
}

/// What a restore would do to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RestoreAction {
    /// It is not there yet.
    Create,
    /// What is there is replaced.
    Overwrite,
    /// It is written beside what is there.
    KeepBoth,
    /// What is there stays.
    Skip,
    /// What is there is the same.
    Unchanged,
}
