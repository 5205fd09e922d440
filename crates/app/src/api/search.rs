//! Search, versions of a file and differences between snapshots, as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Bytes, EntryKind, Moment, PlanId, RepositoryId};

/// What to search for.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct SearchQuery {
    /// Words that a name holds, each of them, in any order.
    pub text: String,
    /// In which repository.
    pub repository: RepositoryId,
    /// In snapshots of this plan only.
    pub plan: Option<PlanId>,
    /// Entries of this kind only.
    pub kind: Option<EntryKind>,
    /// How many at most; 100 unless told.
    pub limit: Option<u32>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SearchPage {
    /// Those whose names are most like what was asked for, first.
    pub hits: Vec<SearchHit>,
    /// True if there are more.
    pub has_more: bool,
    /// How many snapshots were searched: those that the catalogue knows by now.
    pub searched: u32,
    /// How many there are.
    pub snapshots: u32,
}

/// An entry that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// Its name.
    pub name: String,
    /// Its path in the snapshot, to be handed back as it is; see `EntryView`.
    pub path: String,
    /// What it is in the newest snapshot that has it.
    pub kind: EntryKind,
    /// Size of a file there; 0 for everything else.
    pub size: Bytes,
    /// Last change of the content.
    pub modified: Moment,
    /// The newest snapshot that has it.
    pub snapshot: String,
    /// When that was made.
    pub snapshot_time: Moment,
    /// True if that is the newest snapshot of its folders there is.
    pub is_in_newest: bool,
}

/// Something that stood at a path, in one or several snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct VersionView {
    /// What it is.
    pub kind: EntryKind,
    /// Size of a file; 0 for everything else.
    pub size: Bytes,
    /// Last change of the content.
    pub modified: Moment,
    /// The newest snapshot that has it.
    pub snapshot: String,
    /// When that was made.
    pub last_seen: Moment,
    /// When the oldest was made that has it.
    pub first_seen: Moment,
    /// How many have it.
    pub snapshots: u32,
}

/// What differs between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceView {
    /// By path; not all of them if there are very many.
    pub entries: Vec<DifferingEntry>,
    /// How many only the second has.
    pub added: u64,
    /// How many only the first has.
    pub removed: u64,
    /// How many hold something else.
    pub changed: u64,
    /// Of how many only permissions or times differ.
    pub touched: u64,
    /// True if there are more than were counted.
    pub is_cut: bool,
}

/// An entry that differs between two snapshots.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct DifferingEntry {
    /// Its path, to be handed back as it is; see `EntryView`.
    pub path: String,
    /// What it is, or was.
    pub kind: EntryKind,
    /// How it differs.
    pub change: EntryChange,
    /// Its size in the first snapshot.
    pub size_before: Option<Bytes>,
    /// Its size in the second one.
    pub size_after: Option<Bytes>,
    /// Last change of the content, in the second if it is there.
    pub modified: Moment,
}

/// How an entry differs between two snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum EntryChange {
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
    /// It holds something else.
    Changed,
    /// Its permissions or times alone differ.
    Touched,
}
