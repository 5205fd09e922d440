//! Which snapshots a command line means.

use std::path::{Component, PathBuf};
use std::sync::Arc;

use holdfast_engine::id::{SnapshotId, TreeId};
use holdfast_engine::index::Index;
use holdfast_engine::monitor::{Event, Monitor};
use holdfast_engine::repository::Repository;
use holdfast_engine::snapshot::{
    self, SelectError, Selection, Snapshot, SnapshotFilter, Snapshots,
};

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

    /// All snapshots. Those that cannot be read are warned of.
    pub(crate) fn load_snapshots(
        &self,
        repository: &Arc<Repository>,
    ) -> Result<Snapshots, Failure> {
        let warnings = Warnings(&self.terminal, "could not load");
        snapshot::load(repository, &warnings).map_err(explain::reading)
    }

    /// What can be read of the index, for commands that only show and bring back: whatever they
    /// need of what is missing is an error of its own. Damaged files are warned of.
    pub(crate) fn readable_index(&self, repository: &Repository) -> Result<Index, Failure> {
        let warnings = Warnings(&self.terminal, "ignoring error:");
        let loaded = repository.load_readable_index(&warnings, &self.cancel);
        loaded.map_err(explain::reading)
    }

    /// The snapshots with these ids, or those that the filter lets through if no id is given.
    /// Ids of none are warned of and left out, as in restic.
    pub(crate) fn chosen<'a>(
        &self,
        all: &'a Snapshots,
        ids: &[String],
        filter: &SnapshotFilter,
    ) -> Chosen<'a> {
        if ids.is_empty() {
            return Chosen { snapshots: filter.apply(&all.readable), ignored: 0 };
        }
        let mut chosen = Chosen { snapshots: Vec::new(), ignored: 0 };
        for text in ids {
            match whole(all, text, filter) {
                Ok(found) => {
                    if chosen.snapshots.iter().all(|(id, _)| *id != found.0) {
                        chosen.snapshots.push(found);
                    }
                }
                Err(why) => {
                    chosen.ignored += 1;
                    self.terminal.warn(&format!("Ignoring {text:?}: {why}"));
                }
            }
        }
        chosen
    }
}

/// What a command line chose among snapshots.
pub(crate) struct Chosen<'a> {
    /// In the order of the command line, or from the oldest to the newest.
    pub(crate) snapshots: Vec<&'a Stored>,
    /// How many texts named none.
    pub(crate) ignored: u64,
}

/// The snapshot that a text names as a whole, or why it names none. Whoever names a folder in a
/// snapshot does not mean all of it, and what is done to a snapshot is done to all of it.
fn whole<'a>(
    all: &'a Snapshots,
    text: &str,
    filter: &SnapshotFilter,
) -> Result<&'a Stored, String> {
    const NOT_ALLOWED: &str = "<snapshot>:<subfolder> syntax not allowed";
    if text.starts_with("latest:") {
        return Err(NOT_ALLOWED.to_owned());
    }
    let selected = select(all, text, filter).map_err(|error| match error {
        SelectError::NoneFits => {
            format!("no snapshot matched given filter ({})", describe(filter))
        }
        error => error.to_string(),
    })?;
    if selected.subfolder.is_some_and(|folder| !folder.is_empty()) {
        return Err(NOT_ALLOWED.to_owned());
    }
    let found = all.readable.iter().find(|(id, _)| *id == selected.id);
    Ok(found.expect("what was selected is one of them"))
}

/// The snapshot that a text asks for. Paths of the filter are those of this computer then: relative
/// ones lie in the working folder.
pub(crate) fn select<'a>(
    all: &'a Snapshots,
    text: &'a str,
    filter: &SnapshotFilter,
) -> Result<Selection<'a>, SelectError> {
    let paths = filter.paths.iter().map(|path| absolute(path)).collect();
    snapshot::select(all, text, &SnapshotFilter { paths, ..filter.clone() })
}

/// The path from the root, without dots; links are not looked at.
fn absolute(path: &str) -> String {
    let Ok(whole) = std::path::absolute(if path.is_empty() { "." } else { path }) else {
        return path.to_owned();
    };
    let mut cleaned = PathBuf::new();
    for component in whole.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(cleaned.pop()),
            component => cleaned.push(component),
        }
    }
    cleaned.to_string_lossy().into_owned()
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
    let path = subfolder.unwrap_or_default().trim_matches('/');
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

/// Says what could not be read, each time after the same words.
pub(crate) struct Warnings<'a>(pub(crate) &'a Terminal, pub(crate) &'static str);

impl Monitor for Warnings<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            self.0.warn(&format!("{} {}", self.1, finding.message));
        }
    }
}
