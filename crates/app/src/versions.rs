//! Search, the versions of a file and the difference of two snapshots, for the window.

use std::sync::Arc;

use holdfast_engine::id::{SnapshotId, TreeId};
use holdfast_engine::snapshot::Snapshot;

use crate::api::{
    DifferenceView, DifferingEntry, EntryChange, EntryKind, RepositoryId, SearchHit, SearchPage,
    SearchQuery, VersionView,
};
use crate::browse::{entry_kind, load_snapshot};
use crate::catalogue::{Catalogue, Change, Changed, Entry, Folders, Hit, Hits};
use crate::error::AppError;
use crate::plan::plan_of_tag;
use crate::repositories::Ready;
use crate::snapshot_path;
use crate::state::State;

/// How many hits a search shows unless told.
const HITS_SHOWN: u32 = 100;

/// And at most.
const HITS_MAX: u32 = 1000;

/// How many entries that differ are shown.
const DIFFERING_MAX: usize = 5000;

impl State {
    /// Entries of all snapshots by name, as far as the catalogue knows the snapshots.
    pub(crate) fn search(self: &Arc<Self>, query: &SearchQuery) -> Result<SearchPage, AppError> {
        let asked = self.catalogues.ask();
        let ready = self.open(&query.repository)?;
        let all = self.shelf.snapshots(&ready)?;
        let of_plan = |snapshot: &&(SnapshotId, Snapshot)| {
            query.plan.is_none() || {
                let mut plans = snapshot.1.tags.iter().filter_map(|tag| plan_of_tag(tag));
                plans.any(|plan| Some(plan) == query.plan)
            }
        };
        let snapshots: Vec<_> = all.iter().rev().filter(of_plan).collect();
        let catalogue = self.catalogues.of(&ready);
        let roots: Vec<TreeId> = snapshots.iter().map(|(_, snapshot)| snapshot.tree).collect();
        let known = catalogue.as_ref().and_then(|catalogue| catalogue.filled(&roots).ok());
        let known = known.unwrap_or_else(|| vec![false; roots.len()]);
        let is_known = |at: &usize| known[*at];
        let places: Vec<usize> = (0..roots.len()).filter(is_known).collect();
        let roots: Vec<TreeId> = places.iter().map(|at| roots[*at]).collect();
        let found = catalogue.map(|catalogue| self.found(&ready, &catalogue, &roots, query));
        let Hits { hits, has_more } = found.unwrap_or_default();
        let view = |hit: &Hit| hit_view(&snapshots, places[hit.snapshot], hit);
        let page = SearchPage {
            hits: hits.iter().map(view).collect(),
            has_more,
            searched: places.len() as u32,
            snapshots: snapshots.len() as u32,
        };
        drop(asked);
        self.fill_in_background(&query.repository);
        Ok(page)
    }

    fn found(
        &self,
        ready: &Ready,
        catalogue: &Catalogue,
        roots: &[TreeId],
        query: &SearchQuery,
    ) -> Hits {
        let source = self.source(ready);
        let folders = Folders::new(Some(catalogue), &source);
        let limit = query.limit.unwrap_or(HITS_SHOWN).min(HITS_MAX) as usize;
        let is_wanted =
            |entry: &Entry| query.kind.is_none_or(|kind| kind == entry_kind(entry.kind));
        let found = catalogue.search(&folders, &query.text, roots, limit, &is_wanted);
        if folders.is_damaged() || found.as_ref().is_err_and(|error| error.is_damage()) {
            self.catalogues.discard(ready);
        }
        found.unwrap_or_default()
    }

    /// What stood at a path in the snapshots of a repository, the newest first; with a snapshot, in
    /// those that were made of the same folders on the same computer.
    pub(crate) fn file_versions(
        &self,
        repository: &RepositoryId,
        path: &str,
        like: Option<&str>,
    ) -> Result<Vec<VersionView>, AppError> {
        let _asked = self.catalogues.ask();
        let ready = self.open(repository)?;
        let all = self.shelf.snapshots(&ready)?;
        let like = like.map(|id| load_snapshot(&ready, id)).transpose()?;
        let is_meant = |(_, snapshot): &&(SnapshotId, Snapshot)| {
            like.as_ref().is_none_or(|like| is_of_same(like, snapshot))
        };
        let snapshots: Vec<_> = all.iter().rev().filter(is_meant).collect();
        let roots: Vec<TreeId> = snapshots.iter().map(|(_, snapshot)| snapshot.tree).collect();
        let path = snapshot_path::bytes(path);
        let found = self.look_into(&ready, |folders| folders.versions(&roots, &path));
        let found = found.map_err(|error| ready.named.read(error))?;
        let time = |at: usize| snapshots[at].1.time.timestamp().as_millisecond();
        let views = found.iter().filter_map(|version| {
            let (newest, oldest) = (*version.snapshots.first()?, *version.snapshots.last()?);
            Some(VersionView {
                kind: entry_kind(version.entry.kind),
                size: version.entry.size,
                modified: version.entry.modified,
                snapshot: snapshots[newest].0.to_string(),
                last_seen: time(newest),
                first_seen: time(oldest),
                snapshots: version.snapshots.len() as u32,
            })
        });
        Ok(views.collect())
    }

    /// What differs between two snapshots.
    pub(crate) fn difference(
        &self,
        repository: &RepositoryId,
        before: &str,
        after: &str,
    ) -> Result<DifferenceView, AppError> {
        let _asked = self.catalogues.ask();
        let ready = self.open(repository)?;
        let before = load_snapshot(&ready, before)?.tree;
        let after = load_snapshot(&ready, after)?.tree;
        let found =
            self.look_into(&ready, |folders| folders.differences(before, after, DIFFERING_MAX));
        let found = found.map_err(|error| ready.named.read(error))?;
        let [added, removed, changed, touched] = found.counts;
        let entries = found.changed.iter().filter_map(differing_entry).collect();
        let is_cut = found.is_cut;
        Ok(DifferenceView { entries, added, removed, changed, touched, is_cut })
    }
}

/// True if both are of the same folders of the same computer.
fn is_of_same(one: &Snapshot, other: &Snapshot) -> bool {
    one.hostname == other.hostname && one.paths == other.paths
}

fn hit_view(snapshots: &[&(SnapshotId, Snapshot)], at: usize, hit: &Hit) -> SearchHit {
    let (id, snapshot) = snapshots[at];
    let mut newer = snapshots[..at].iter();
    SearchHit {
        name: String::from_utf8_lossy(&hit.entry.name).into_owned(),
        path: snapshot_path::text(&hit.path),
        kind: entry_kind(hit.entry.kind),
        size: hit.entry.size,
        modified: hit.entry.modified,
        snapshot: id.to_string(),
        snapshot_time: snapshot.time.timestamp().as_millisecond(),
        is_in_newest: !newer.any(|(_, newer)| is_of_same(newer, snapshot)),
    }
}

fn differing_entry(changed: &Changed) -> Option<DifferingEntry> {
    let now = changed.after.as_ref().or(changed.before.as_ref())?;
    let size = |entry: &Option<Entry>| {
        let file = entry.as_ref().filter(|one| entry_kind(one.kind) == EntryKind::File);
        file.map(|file| file.size)
    };
    Some(DifferingEntry {
        path: snapshot_path::text(&changed.path),
        kind: entry_kind(now.kind),
        change: match changed.change {
            Change::Added => EntryChange::Added,
            Change::Removed => EntryChange::Removed,
            Change::Content => EntryChange::Changed,
            Change::Metadata => EntryChange::Touched,
        },
        size_before: size(&changed.before),
        size_after: size(&changed.after),
        modified: now.modified,
    })
}
