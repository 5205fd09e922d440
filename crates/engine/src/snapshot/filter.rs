//! Chooses snapshots: by host, tags and paths, by id, or the latest.

use super::group::GroupBy;
use super::{Snapshot, Snapshots};
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
    /// It is one that cannot be read.
    #[error("snapshot {} cannot be read", id.short())]
    Unreadable {
        /// Its id.
        id: SnapshotId,
    },
    /// One cannot be read, so it is not known which is the latest.
    #[error("snapshot {} cannot be read, and may be the latest", id.short())]
    LatestUnknown {
        /// Its id.
        id: SnapshotId,
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
/// When there is none, or more than one, or when it is, or may be, one that cannot be read.
///
/// ```
/// use holdfast_engine::monitor::Unwatched;
/// use holdfast_engine::snapshot::{SnapshotFilter, load, select};
///
/// let letter = holdfast_testkit::letter();
/// let snapshots = load(&letter.test.repository, &Unwatched)?;
/// let selected = select(&snapshots, "latest:/photos", &SnapshotFilter::default())?;
/// assert_eq!(selected.id, letter.snapshot);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn select<'a>(
    snapshots: &'a Snapshots,
    text: &'a str,
    filter: &SnapshotFilter,
) -> Result<Selection<'a>, SelectError> {
    let (name, subfolder) = match text.split_once(':') {
        Some((name, subfolder)) => (name, Some(subfolder)),
        None => (text, None),
    };
    let (id, snapshot) = match name {
        "latest" => latest(snapshots, filter)?,
        prefix => with_prefix(snapshots, prefix)?,
    };
    Ok(Selection { id: *id, snapshot, subfolder })
}

fn latest<'a>(
    snapshots: &'a Snapshots,
    filter: &SnapshotFilter,
) -> Result<&'a (SnapshotId, Snapshot), SelectError> {
    if let Some(id) = snapshots.unreadable.first() {
        return Err(SelectError::LatestUnknown { id: *id });
    }
    filter.latest(&snapshots.readable).ok_or(SelectError::NoneFits)
}

fn with_prefix<'a>(
    snapshots: &'a Snapshots,
    prefix: &str,
) -> Result<&'a (SnapshotId, Snapshot), SelectError> {
    let fits = |id: &SnapshotId| id.to_string().starts_with(prefix);
    let mut readable = snapshots.readable.iter().filter(|(id, _)| fits(id));
    let mut unreadable = snapshots.unreadable.iter().filter(|id| fits(id));
    let (first, first_unreadable) = (readable.next(), unreadable.next());
    let prefix = || prefix.to_owned();
    if readable.next().is_some() || unreadable.next().is_some() {
        return Err(SelectError::Ambiguous { prefix: prefix() });
    }
    match (first, first_unreadable) {
        (Some(found), None) => Ok(found),
        (None, Some(id)) => Err(SelectError::Unreadable { id: *id }),
        (Some(_), Some(_)) => Err(SelectError::Ambiguous { prefix: prefix() }),
        (None, None) => Err(SelectError::Unknown { prefix: prefix() }),
    }
}

/// The snapshot that a new one's changes are detected against: the newest that has what `by`
/// names in common with it, and is not newer than it.
///
/// ```
/// use holdfast_engine::monitor::Unwatched;
/// use holdfast_engine::snapshot::{HOST_AND_PATHS, find_parent, load_all};
///
/// let letter = holdfast_testkit::letter();
/// let snapshots = load_all(&letter.test.repository, &Unwatched)?;
/// let mut next = snapshots[0].1.clone();
/// let parent = find_parent(&snapshots, &next, HOST_AND_PATHS);
/// assert_eq!(parent.map(|(id, _)| *id), Some(letter.snapshot));
/// next.hostname = "another".to_owned();
/// assert!(find_parent(&snapshots, &next, HOST_AND_PATHS).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
