//! Which snapshots a command line means.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holdfast_engine::id::{SnapshotId, TreeId};
use holdfast_engine::index::Index;
use holdfast_engine::monitor::{Event, Monitor};
use holdfast_engine::repository::Repository;
use holdfast_engine::snapshot::{self, SelectError, Snapshot, SnapshotFilter};

use crate::arguments::SnapshotFilterArguments;
use crate::exit::{ExitStatus, Failure};
use crate::explain;
use crate::output::Terminal;
use crate::session::Session;

/// A snapshot and its id.
pub(crate) type Stored = (SnapshotId, Snapshot);

impl Session {
    /// The filter that flags and variables make.
    pub(crate) fn filter(&self, arguments: &SnapshotFilterArguments) -> SnapshotFilter {
        let hosts = if arguments.hosts.is_empty() {
            self.environment.get("HOST").into_iter().collect()
        } else {
            // An empty name clears the default of the variable.
            arguments.hosts.iter().filter(|host| !host.is_empty()).cloned().collect()
        };
        SnapshotFilter {
            hosts,
            tags: arguments.tags.iter().map(|list| list.0.clone()).collect(),
            paths: arguments.paths.clone(),
            ..SnapshotFilter::default()
        }
    }

    /// All snapshots, oldest first. Those that cannot be read are warned of and counted.
    pub(crate) fn load_snapshots(
        &self,
        repository: &Arc<Repository>,
    ) -> Result<(Vec<Stored>, u64), Failure> {
        let warnings = Warnings { terminal: &self.terminal, count: AtomicU64::new(0) };
        let all = snapshot::load_all(repository, &warnings).map_err(explain::reading)?;
        Ok((all, warnings.count.into_inner()))
    }

    /// The snapshots with these ids, or those that the filter lets through if no id is given.
    /// Ids of none are warned of and left out, as in restic.
    pub(crate) fn chosen<'a>(
        &self,
        all: &'a [Stored],
        ids: &[String],
        filter: &SnapshotFilter,
    ) -> Vec<&'a Stored> {
        if ids.is_empty() {
            return filter.apply(all);
        }
        let mut chosen: Vec<&Stored> = Vec::new();
        for text in ids {
            match snapshot::select(all, text, filter) {
                Ok(selected) => {
                    let found = all.iter().find(|(id, _)| *id == selected.id);
                    let is_new = |stored: &&Stored| chosen.iter().all(|(id, _)| *id != stored.0);
                    chosen.extend(found.filter(is_new));
                }
                Err(error) => {
                    let why = match error {
                        SelectError::NoneFits => {
                            format!("no snapshot matched given filter ({})", describe(filter))
                        }
                        error => error.to_string(),
                    };
                    self.terminal.warn(&format!("Ignoring {text:?}: {why}"));
                }
            }
        }
        chosen
    }
}

/// Why a text names no snapshot, in restic's words; `prefix` is what restic puts before them.
pub(crate) fn not_selected(error: &SelectError, filter: &SnapshotFilter, prefix: &str) -> Failure {
    let text = match error {
        SelectError::NoneFits => {
            format!("{prefix}snapshot filter ({}): no snapshot found", describe(filter))
        }
        error => format!("{prefix}{error}"),
    };
    Failure::plain(ExitStatus::Failed, text).advice("`holdfast snapshots` lists those there are.")
}

/// The tree of the folder that a subfolder names; slashes between names.
pub(crate) fn subtree(
    repository: &Repository,
    index: &Index,
    root: TreeId,
    subfolder: Option<&str>,
) -> Result<TreeId, Failure> {
    let path = subfolder.unwrap_or_default();
    let mut current = root;
    for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
        let tree = repository.read_tree(index, current).map_err(explain::reading)?;
        let missing = |why: &str| {
            Failure::plain(ExitStatus::Failed, format!("path {path}: {why}"))
                .advice("`holdfast ls` shows what is in the snapshot.")
        };
        let node = tree.find(name.as_bytes()).ok_or_else(|| missing("not found"))?;
        current = node.subtree.ok_or_else(|| missing("not a directory"))?;
    }
    Ok(current)
}

fn describe(filter: &SnapshotFilter) -> String {
    let list = |texts: &[String]| format!("[{}]", texts.join(" "));
    let tags: Vec<String> = filter.tags.iter().map(|tags| list(tags)).collect();
    format!("Paths:{} Tags:{} Hosts:{}", list(&filter.paths), list(&tags), list(&filter.hosts))
}

/// Says what could not be read.
struct Warnings<'a> {
    terminal: &'a Terminal,
    count: AtomicU64,
}

impl Monitor for Warnings<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            self.count.fetch_add(1, Ordering::Relaxed);
            self.terminal.warn(&format!("could not load {}", finding.message));
        }
    }
}
