//! Sorts snapshots into groups of those that belong together.

use std::collections::BTreeMap;

use super::Snapshot;
use crate::id::SnapshotId;

/// What the snapshots of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupBy {
    /// The computer.
    pub host: bool,
    /// The paths.
    pub paths: bool,
    /// The tags.
    pub tags: bool,
}

/// What restic takes unless told otherwise.
pub const HOST_AND_PATHS: GroupBy = GroupBy { host: true, paths: true, tags: false };

/// The text is not a list of `host`, `paths` and `tags`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown grouping option: {text:?}")]
pub struct GroupByError {
    /// The word that is none of them.
    pub text: String,
}

impl std::str::FromStr for GroupBy {
    type Err = GroupByError;

    /// Reads what restic's `--group-by` takes: words separated by commas, in either number.
    fn from_str(text: &str) -> Result<Self, GroupByError> {
        let mut by = Self::default();
        for word in text.split(',') {
            match word {
                "host" | "hosts" => by.host = true,
                "path" | "paths" => by.paths = true,
                "tag" | "tags" => by.tags = true,
                "" => {}
                other => return Err(GroupByError { text: other.to_owned() }),
            }
        }
        Ok(by)
    }
}

/// What the snapshots of one group share. What they were not grouped by is `None`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey {
    /// The computer's name.
    pub hostname: Option<String>,
    /// The paths, sorted.
    pub paths: Option<Vec<String>>,
    /// The tags, sorted.
    pub tags: Option<Vec<String>>,
}

/// Snapshots that share a [`GroupKey`].
#[derive(Debug, Clone)]
pub struct SnapshotGroup<'a> {
    /// What they share.
    pub key: GroupKey,
    /// The snapshots, in the order in which they were given.
    pub snapshots: Vec<&'a (SnapshotId, Snapshot)>,
}

impl GroupKey {
    /// The key of the group that a snapshot belongs to.
    #[must_use]
    pub fn of(snapshot: &Snapshot, by: GroupBy) -> Self {
        let sorted = |texts: &[String]| {
            let mut texts = texts.to_vec();
            texts.sort_unstable();
            texts
        };
        Self {
            hostname: by.host.then(|| snapshot.hostname.clone()),
            paths: by.paths.then(|| sorted(&snapshot.paths)),
            tags: by.tags.then(|| sorted(&snapshot.tags)),
        }
    }
}

/// The groups that the snapshots fall into, in the order of their keys.
///
/// ```
/// use holdfast_engine::monitor::Unwatched;
/// use holdfast_engine::snapshot::{group_by, load_all};
///
/// let letter = holdfast_testkit::letter();
/// let snapshots = load_all(&letter.test.repository, &Unwatched)?;
/// let groups = group_by(&snapshots, "host,paths".parse()?);
/// assert_eq!(groups[0].key.hostname.as_deref(), Some("mac-mini"));
/// assert_eq!(groups[0].snapshots.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn group_by<'a>(
    snapshots: impl IntoIterator<Item = &'a (SnapshotId, Snapshot)>,
    by: GroupBy,
) -> Vec<SnapshotGroup<'a>> {
    let mut groups: BTreeMap<GroupKey, Vec<&(SnapshotId, Snapshot)>> = BTreeMap::new();
    for snapshot in snapshots {
        groups.entry(GroupKey::of(&snapshot.1, by)).or_default().push(snapshot);
    }
    groups.into_iter().map(|(key, snapshots)| SnapshotGroup { key, snapshots }).collect()
}

/// The newest `count` snapshots of each group, in the order in which they were given.
pub fn latest_of_each_group<'a>(
    snapshots: &[&'a (SnapshotId, Snapshot)],
    by: GroupBy,
    count: usize,
) -> Vec<&'a (SnapshotId, Snapshot)> {
    let mut kept = std::collections::HashSet::new();
    for mut group in group_by(snapshots.iter().copied(), by) {
        group.snapshots.sort_by(|a, b| b.1.time.cmp_moment(&a.1.time));
        kept.extend(group.snapshots.iter().take(count).map(|(id, _)| *id));
    }
    snapshots.iter().copied().filter(|(id, _)| kept.contains(id)).collect()
}
