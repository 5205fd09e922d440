//! Which snapshots a repository has already, under other ids.

use std::collections::HashMap;

use crate::id::SnapshotId;
use crate::snapshot::Snapshot;

/// The snapshots of a destination, by the ids that they have or first had.
#[derive(Debug, Default)]
pub struct Copies<'a> {
    known: HashMap<SnapshotId, Vec<&'a (SnapshotId, Snapshot)>>,
}

impl<'a> Copies<'a> {
    /// Of these snapshots.
    #[must_use]
    pub fn among(snapshots: &'a [(SnapshotId, Snapshot)]) -> Self {
        let mut known: HashMap<_, Vec<_>> = HashMap::new();
        for there in snapshots {
            let ids = [Some(there.0), there.1.original];
            ids.into_iter().flatten().for_each(|id| known.entry(id).or_default().push(there));
        }
        Self { known }
    }

    /// The copy of a snapshot of another repository: one that has the same first id and is alike in
    /// everything but what only its own repository can tell.
    #[must_use]
    pub fn of(&self, (id, snapshot): &(SnapshotId, Snapshot)) -> Option<SnapshotId> {
        let candidates = self.known.get(&snapshot.original.unwrap_or(*id))?;
        let copy = candidates.iter().find(|(_, there)| is_similar(there, snapshot));
        copy.map(|(id, _)| *id)
    }
}

/// True if the two tell the same of the same tree: all but parent, original, program and summary.
#[must_use]
pub fn is_similar(one: &Snapshot, other: &Snapshot) -> bool {
    let who = |snapshot: &Snapshot| (snapshot.uid, snapshot.gid, snapshot.tree);
    let names = one.hostname == other.hostname && one.username == other.username;
    let counts = |snapshot: &Snapshot| (snapshot.paths.len(), snapshot.tags.len());
    one.time.same_moment(&other.time)
        && who(one) == who(other)
        && names
        && counts(one) == counts(other)
        && one.has_paths(&other.paths)
        && one.has_tags(&other.tags)
        && one.excludes == other.excludes
}
