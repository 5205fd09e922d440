//! Snapshots and what is in them, as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Bytes, Moment, PlanId};

/// A snapshot.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct SnapshotView {
    /// Its id: 64 hexadecimal digits.
    pub id: String,
    /// The first eight of them.
    pub short_id: String,
    /// When it was made.
    pub time: Moment,
    /// On which computer.
    pub hostname: String,
    /// By which user.
    pub username: String,
    /// What it is of.
    pub paths: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// The plan that made it, if it is one of ours.
    pub plan: Option<PlanId>,
    /// Number of files in it, if its writer noted it.
    pub files: Option<u64>,
    /// Their size, if its writer noted it.
    pub bytes: Option<Bytes>,
    /// What was new to the repository, if its writer noted it.
    pub added_bytes: Option<Bytes>,
    /// The snapshot it was compared with.
    pub parent: Option<String>,
    /// The program that made it, if it says so.
    pub program: Option<String>,
}

/// One entry of a folder in a snapshot.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct EntryView {
    /// Its name. Bytes that are no text are shown as replacement characters.
    pub name: String,
    /// Its path in the snapshot, to be handed back as it is: `/` between the parts, and a byte
    /// that is no text (or `%` itself) as `%` and two hexadecimal digits.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Size of a file; 0 for everything else.
    pub size: Bytes,
    /// Last change of the content.
    pub modified: Moment,
    /// Permissions, as in `drwxr-xr-x`.
    pub mode: String,
    /// What a link points to.
    pub link_target: Option<String>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// A device, a fifo or something unknown.
    Other,
}
