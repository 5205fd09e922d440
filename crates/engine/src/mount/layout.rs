//! Where snapshots lie in a mounted repository: what the path templates make of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::MountOptions;
use super::go_time::format;
use crate::id::SnapshotId;
use crate::monitor::Monitor;
use crate::repository::{ReadError, Repository};
use crate::snapshot::{Snapshot, load_all};
use crate::time::Time;

/// A snapshot and its id.
pub(super) type Stored = (SnapshotId, Snapshot);

/// What a folder of the layout has under a name.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Another folder of the layout.
    Folder,
    /// A snapshot.
    Snapshot(Arc<Stored>),
    /// The name of the latest snapshot in the same folder, and its time.
    Latest(String, Time),
}

/// The folders above snapshots, by path; the topmost has the empty one.
#[derive(Debug, Default)]
pub(super) struct Layout {
    folders: HashMap<String, BTreeMap<String, Place>>,
}

impl Layout {
    /// Of the snapshots of a repository that can be read; each of the others is a finding.
    pub(super) fn of(
        repository: &Repository,
        options: &MountOptions,
        monitor: &dyn Monitor,
    ) -> Result<Self, ReadError> {
        let all = load_all(repository, monitor)?;
        let chosen: HashSet<SnapshotId> =
            options.filter.apply(&all).iter().map(|(id, _)| *id).collect();
        let chosen: Vec<Arc<Stored>> =
            all.into_iter().filter(|(id, _)| chosen.contains(id)).map(Arc::new).collect();
        Ok(Self::new(&chosen, &options.path_templates, &options.time_template))
    }

    /// Of these snapshots, oldest first.
    pub(super) fn new(
        snapshots: &[Arc<Stored>],
        path_templates: &[String],
        time_template: &str,
    ) -> Self {
        let mut layout = Self::default();
        layout.folders.insert(String::new(), BTreeMap::new());
        for snapshot in snapshots {
            for template in path_templates {
                let (paths, time) = paths(template, time_template, snapshot);
                for path in paths {
                    layout.put(&path, time.as_deref(), snapshot);
                }
            }
        }
        layout
    }

    /// What a folder has, by name; `None` if there is no such folder.
    pub(super) fn folder(&self, path: &str) -> Option<&BTreeMap<String, Place>> {
        self.folders.get(path)
    }

    /// Puts a snapshot at a path, to which its time is added if the template ends with it. Of several
    /// at one path, all but the first get a number.
    fn put(&mut self, path: &str, time: Option<&str>, snapshot: &Arc<Stored>) {
        let whole = format!("{path}{}", time.unwrap_or_default());
        let names: Vec<&str> = whole.split('/').filter(|name| !name.is_empty()).collect();
        let Some((name, above)) = names.split_last() else { return };
        let Some(folder) = self.made(above) else { return };
        let entries = self.folders.entry(folder).or_default();
        let mut unique = (*name).to_owned();
        let mut number = 0;
        while entries.contains_key(&unique) {
            number += 1;
            unique = format!("{name}-{number}");
        }
        entries.insert(unique.clone(), Place::Snapshot(Arc::clone(snapshot)));
        if time.is_some() {
            entries.insert("latest".to_owned(), Place::Latest(unique, snapshot.1.time));
        }
    }

    /// The path of the folder with these names, which is made; `None` if a snapshot is in the way.
    fn made(&mut self, names: &[&str]) -> Option<String> {
        let mut path = String::new();
        for name in names {
            let entries = self.folders.entry(path.clone()).or_default();
            let place = entries.entry((*name).to_owned()).or_insert(Place::Folder);
            if !matches!(place, Place::Folder) {
                return None;
            }
            path = below(&path, name);
            self.folders.entry(path.clone()).or_default();
        }
        Some(path)
    }
}

/// The path of an entry of a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The paths that a template makes of a snapshot, one for each tag where it names tags, and the time
/// if the path ends with that.
fn paths(
    template: &str,
    time_template: &str,
    (id, snapshot): &Stored,
) -> (Vec<String>, Option<String>) {
    let time = format(&snapshot.time, time_template);
    let mut paths = vec![String::new()];
    let (mut is_verb, mut time_is_due) = (false, false);
    for c in template.chars() {
        if std::mem::take(&mut time_is_due) {
            paths.iter_mut().for_each(|path| path.push_str(&time));
        }
        if !std::mem::replace(&mut is_verb, false) {
            if c == '%' {
                is_verb = true;
            } else {
                paths.iter_mut().for_each(|path| path.push(c));
            }
            continue;
        }
        let text = match c {
            'T' => {
                time_is_due = true;
                continue;
            }
            't' => {
                let tags: Vec<String> = snapshot.tags.iter().map(|tag| as_name(tag)).collect();
                let of = |path: String| tags.iter().map(move |tag| format!("{path}{tag}"));
                paths = paths.into_iter().flat_map(of).collect();
                continue;
            }
            'i' => id.short(),
            'I' => id.to_string(),
            'u' => snapshot.username.clone(),
            'h' => snapshot.hostname.clone(),
            other => other.to_string(),
        };
        paths.iter_mut().for_each(|path| path.push_str(&text));
    }
    (paths, time_is_due.then_some(time))
}

/// A tag as the name of a folder.
fn as_name(tag: &str) -> String {
    match tag {
        "" | "." => "_".to_owned(),
        ".." => "__".to_owned(),
        tag => tag.replace('/', "_"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TreeId;

    fn snapshot(seconds: i64, host: &str, tags: &[&str]) -> Arc<Stored> {
        let time = Time { seconds, ..Time::default() };
        let mut snapshot = Snapshot::new(time, TreeId::of(b"tree"), Vec::new());
        host.clone_into(&mut snapshot.hostname);
        snapshot.tags = tags.iter().map(ToString::to_string).collect();
        Arc::new((SnapshotId::of(&snapshot.to_json()), snapshot))
    }

    fn names(layout: &Layout, path: &str) -> Vec<String> {
        let folder = layout.folder(path).expect("a folder");
        let shown = |(name, place): (&String, &Place)| match place {
            Place::Folder => format!("{name}/"),
            Place::Snapshot(_) => name.clone(),
            Place::Latest(target, _) => format!("{name} -> {target}"),
        };
        folder.iter().map(shown).collect()
    }

    #[test]
    fn snapshots_lie_where_the_templates_say() {
        let all = [
            snapshot(0, "a", &["x", "y/z"]),
            snapshot(60, "a", &[]),
            snapshot(60, "b", &["", ".."]),
        ];
        let templates = ["ids/%i", "snapshots/%T", "hosts/%h/%T", "tags/%t/%T", "%u%%/%I"];
        let templates = templates.map(str::to_owned);
        let layout = Layout::new(&all, &templates, "15:04:05");
        assert_eq!(names(&layout, ""), ["%/", "hosts/", "ids/", "snapshots/", "tags/"]);
        assert_eq!(
            names(&layout, "snapshots"),
            ["00:00:00", "00:01:00", "00:01:00-1", "latest -> 00:01:00-1"]
        );
        assert_eq!(names(&layout, "hosts"), ["a/", "b/"]);
        assert_eq!(names(&layout, "hosts/a"), ["00:00:00", "00:01:00", "latest -> 00:01:00"]);
        assert_eq!(names(&layout, "tags"), ["_/", "__/", "x/", "y_z/"]);
        assert_eq!(names(&layout, "ids").len(), 3);
        assert!(layout.folder("nowhere").is_none());
    }

    #[test]
    fn what_lies_below_a_snapshot_gives_way_to_it() {
        let all = [snapshot(0, "a", &[]), snapshot(60, "a", &[])];
        let templates = ["%h".to_owned(), "%h/%T".to_owned(), String::new()];
        let layout = Layout::new(&all, &templates, "15:04");
        assert_eq!(names(&layout, ""), ["a", "a-1"]);
    }
}
