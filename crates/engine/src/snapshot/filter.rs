//! Chooses snapshots: by host, tags and paths, by id, or the latest.

use super::Snapshot;
use super::group::GroupBy;
use crate::id::SnapshotId;
use crate::time::Time;

/// Which snapshots are meant. An empty list leaves its part open.
#[derive(Debug, Clone, Default)]
pub struct SnapshotFilter {
    /// Any of these computers.
    pub hosts: Vec<String>,
    /// Any of these lists of tags, with all tags of the list. The empty tag stands for having none.
    pub tags: Vec<Vec<String>>,
    /// All of these paths.
    pub paths: Vec<String>,
    /// None after this moment.
    pub not_after: Option<Time>,
}

/// A snapshot that was asked for by a text, and what in it.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Its id.
    pub id: SnapshotId,
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// The folder in it that was asked for, if one was: slashes between names.
    pub subfolder: Option<&'a str>,
}

/// Why a text names no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// No snapshot fits the filter.
    #[error("no snapshot found")]
    NoneFits,
    /// No id starts like this.
    #[error("no matching ID found for prefix {prefix:?}")]
    Unknown {
        /// How it should start.
        prefix: String,
    },
    /// Several ids start like this.
    #[error("multiple IDs with prefix {prefix:?} found")]
    Ambiguous {
        /// How they start.
        prefix: String,
    },
}

impl SnapshotFilter {
    /// True if the snapshot is one of those that are meant.
    #[must_use]
    pub fn matches(&self, snapshot: &Snapshot) -> bool {
        let is_in_time =
            self.not_after.is_none_or(|limit| snapshot.time.cmp_moment(&limit).is_le());
        is_in_time
            && (self.hosts.is_empty() || self.hosts.contains(&snapshot.hostname))
            && (self.tags.is_empty() || self.tags.iter().any(|tags| snapshot.has_tags(tags)))
            && snapshot.has_paths(&self.paths)
    }

    /// The snapshots that are meant, in the order in which they are given.
    #[must_use]
    pub fn apply<'a>(
        &self,
        snapshots: &'a [(SnapshotId, Snapshot)],
    ) -> Vec<&'a (SnapshotId, Snapshot)> {
        snapshots.iter().filter(|(_, snapshot)| self.matches(snapshot)).collect()
    }

    /// The newest snapshot that is meant.
    #[must_use]
    pub fn latest<'a>(
        &self,
        snapshots: &'a [(SnapshotId, Snapshot)],
    ) -> Option<&'a (SnapshotId, Snapshot)> {
        let fitting = snapshots.iter().filter(|(_, snapshot)| self.matches(snapshot));
        fitting.max_by(|(_, a), (_, b)| a.time.cmp_moment(&b.time))
    }
}

/// The snapshot that `text` asks for: the beginning of an id, or `latest`, which heeds the filter;
/// then perhaps a colon and a folder in it.
///
/// # Errors
/// When there is none, or more than one.
pub fn select<'a>(
    snapshots: &'a [(SnapshotId, Snapshot)],
    text: &'a str,
    filter: &SnapshotFilter,
) -> Result<Selection<'a>, SelectError> {
    let (name, subfolder) = match text.split_once(':') {
        Some((name, subfolder)) => (name, Some(subfolder)),
        None => (text, None),
    };
    let (id, snapshot) = if name == "latest" {
        filter.latest(snapshots).ok_or(SelectError::NoneFits)?
    } else {
        let prefix = || name.to_owned();
        let mut fitting = snapshots.iter().filter(|(id, _)| id.to_string().starts_with(name));
        match (fitting.next(), fitting.next()) {
            (Some(found), None) => found,
            (Some(_), Some(_)) => return Err(SelectError::Ambiguous { prefix: prefix() }),
            (None, _) => return Err(SelectError::Unknown { prefix: prefix() }),
        }
    };
    Ok(Selection { id: *id, snapshot, subfolder })
}

/// The snapshot that a new one's changes are detected against: the newest that has what `by`
/// names in common with it, and is not newer than it.
#[must_use]
pub fn find_parent<'a>(
    snapshots: &'a [(SnapshotId, Snapshot)],
    new: &Snapshot,
    by: GroupBy,
) -> Option<&'a (SnapshotId, Snapshot)> {
    let filter = SnapshotFilter {
        hosts: if by.host { vec![new.hostname.clone()] } else { Vec::new() },
        tags: if by.tags { vec![new.tags.clone()] } else { Vec::new() },
        paths: if by.paths { new.paths.clone() } else { Vec::new() },
        not_after: Some(new.time),
    };
    filter.latest(snapshots)
}
