//! Snapshots: what was backed up, when and by whom, and the tree that it became.
//!
//! [`Snapshot::to_json`] writes exactly what restic writes. Keys that this version does not know
//! (rustic adds some) are kept, so that changing a snapshot's tags loses nothing.

mod fields;
mod filter;
mod group;
mod json;
mod load;

pub use filter::{SelectError, Selection, SnapshotFilter, find_parent, select};
pub use group::{
    GroupBy, GroupByError, GroupKey, HOST_AND_PATHS, SnapshotGroup, group_by, latest_of_each_group,
};
pub(crate) use load::for_each_snapshot;
pub use load::{Snapshots, load, load_all};

use serde_json::value::RawValue;

use crate::backend::FileKind;
use crate::id::{SnapshotId, TreeId};
use crate::repository::{Repository, WriteError};
use crate::time::Time;

/// A source as it was at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When the backup started, unless it was said otherwise.
    pub time: Time,
    /// The snapshot that changes were detected against.
    pub parent: Option<SnapshotId>,
    /// The tree of the topmost folder.
    pub tree: TreeId,
    /// What was asked to be backed up: absolute paths.
    pub paths: Vec<String>,
    /// The computer's name.
    pub hostname: String,
    /// The user's name.
    pub username: String,
    /// The user's number.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
    /// Patterns that were given one by one; those from files are not recorded.
    pub excludes: Vec<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// The first id of a snapshot that was rewritten since.
    pub original: Option<SnapshotId>,
    /// The program that made it; empty in old ones.
    pub program_version: String,
    /// What making it took; not in old ones.
    pub summary: Option<SnapshotSummary>,
    /// Keys that this version does not know, as they were.
    pub unknown: Vec<(String, Box<RawValue>)>,
}

/// What making a snapshot took.
#[derive(Debug, Clone, Default)]
pub struct SnapshotSummary {
    /// When the backup started.
    pub backup_start: Time,
    /// When it ended.
    pub backup_end: Time,
    /// Files that the parent does not have.
    pub files_new: u64,
    /// Files that differ from the parent's.
    pub files_changed: u64,
    /// Files that are as the parent's.
    pub files_unmodified: u64,
    /// Folders that the parent does not have.
    pub dirs_new: u64,
    /// Folders that differ from the parent's.
    pub dirs_changed: u64,
    /// Folders that are as the parent's.
    pub dirs_unmodified: u64,
    /// Blobs of files that were new.
    pub data_blobs: u64,
    /// Trees that were new.
    pub tree_blobs: u64,
    /// Bytes of new blobs.
    pub data_added: u64,
    /// The same, compressed and sealed.
    pub data_added_packed: u64,
    /// Files there are.
    pub total_files_processed: u64,
    /// Bytes that they have.
    pub total_bytes_processed: u64,
    /// Keys that this version does not know, as they were.
    pub unknown: Vec<(String, Box<RawValue>)>,
}

impl Snapshot {
    /// A snapshot with nothing but what it cannot be without.
    #[must_use]
    pub fn new(time: Time, tree: TreeId, paths: Vec<String>) -> Self {
        Self {
            time,
            parent: None,
            tree,
            paths,
            hostname: String::new(),
            username: String::new(),
            uid: 0,
            gid: 0,
            excludes: Vec::new(),
            tags: Vec::new(),
            original: None,
            program_version: String::new(),
            summary: None,
            unknown: Vec::new(),
        }
    }

    /// Stores it; only then does it exist. The caller has made durable what it refers to, and has
    /// just seen to it that its lock still holds.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn store(&self, repository: &Repository) -> Result<SnapshotId, WriteError> {
        repository.write_file(FileKind::Snapshot, &self.to_json()).map(SnapshotId)
    }

    /// True if it has all `tags`. The empty tag stands for having none.
    #[must_use]
    pub fn has_tags(&self, tags: &[String]) -> bool {
        tags.iter().all(|tag| self.tags.contains(tag) || tag.is_empty() && self.tags.is_empty())
    }

    /// True if all `paths` were asked for when it was made.
    #[must_use]
    pub fn has_paths(&self, paths: &[String]) -> bool {
        paths.iter().all(|path| self.paths.contains(path))
    }
}

#[cfg(test)]
mod tests;
