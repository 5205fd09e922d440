//! Where a restore begins: which folder of the snapshot becomes which folder of the target.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::context::Context;
use super::selection::Selection;
use super::traverse::read_tree;
use super::walk::location_path;
use super::{Restore, RestoreError};
use crate::id::TreeId;
use crate::index::Index;
use crate::monitor::FindingKind;
use crate::repository::{ReadError, Repository};
use crate::tree::{Node, Tree};

/// Where a restore goes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Destination {
    /// Below this folder, with the whole path that things have in the snapshot.
    Folder(PathBuf),
    /// Straight into a folder: each path of the selection under its own last name, without what
    /// the snapshot does not have.
    Items {
        /// The folder.
        target: PathBuf,
        /// The paths that the snapshot says it is of: without a selection, each is restored.
        paths: Vec<PathBuf>,
    },
    /// Where things were when the snapshot was made. Folders above the selection that are there
    /// already are used as they are, links among them followed.
    Original {
        /// The paths that the snapshot says it is of.
        paths: Vec<PathBuf>,
    },
}

/// A folder of the snapshot that is restored as a folder of the target.
#[derive(Debug, Clone)]
pub(super) struct Root {
    pub target: PathBuf,
    pub tree: Tree,
    /// The folder's path in the snapshot; empty for the snapshot's root.
    pub location: Vec<u8>,
    /// What of it, besides what the options select.
    pub within: Selection,
}

/// The tree of the folder at `path` in a snapshot: restic's `snapshot:subfolder`.
///
/// # Errors
/// When there is no such folder, or it cannot be read.
pub fn find_tree(
    repository: &Repository,
    index: &Index,
    tree: TreeId,
    path: &str,
) -> Result<TreeId, RestoreError> {
    let not_found = || RestoreError::NotInSnapshot { path: path.to_owned() };
    match find(repository, index, tree, path.as_bytes())? {
        Found::Root => Ok(tree),
        Found::Entry(node) => node.subtree.ok_or_else(not_found),
        Found::Nothing => Err(not_found()),
    }
}

/// What a snapshot has at a path.
enum Found {
    Root,
    Entry(Box<Node>),
    Nothing,
}

fn find(
    repository: &Repository,
    index: &Index,
    tree: TreeId,
    path: &[u8],
) -> Result<Found, ReadError> {
    let mut found = Found::Root;
    for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".") {
        let id = match &found {
            Found::Root => Some(tree),
            Found::Entry(node) => node.subtree,
            Found::Nothing => None,
        };
        let Some(id) = id else { return Ok(Found::Nothing) };
        found = match read_tree(repository, index, id)?.find(name) {
            Some(node) => Found::Entry(Box::new(node.clone())),
            None => Found::Nothing,
        };
    }
    Ok(found)
}

/// The roots of a restore, and what the options select within all of them.
pub(super) fn roots(
    restore: &Restore<'_>,
    context: &Context<'_>,
) -> Result<(Vec<Root>, Selection), RestoreError> {
    let options = restore.options;
    match &options.destination {
        Destination::Folder(target) => {
            let tree = read_tree(restore.repository, restore.index, restore.tree)?;
            let root =
                Root { target: target.clone(), tree, location: Vec::new(), within: Selection::All };
            Ok((vec![root], options.selection.clone()))
        }
        Destination::Items { target, paths } => {
            let tree = match &options.selection {
                Selection::Paths(items) => tree_of_items(restore, items, context)?,
                _ => tree_of_sources(restore, paths, context)?,
            };
            let within = Selection::All;
            let root = Root { target: target.clone(), tree, location: Vec::new(), within };
            let selection = match &options.selection {
                Selection::Paths(_) => Selection::All,
                other => other.clone(),
            };
            Ok((vec![root], selection))
        }
        Destination::Original { paths } => {
            Ok((original_roots(restore, paths)?, options.selection.clone()))
        }
    }
}

/// A folder that holds these entries side by side. Those that the snapshot does not have are
/// reported, unless it has none at all, which is an error.
fn tree_of_items(
    restore: &Restore<'_>,
    items: &[Vec<u8>],
    context: &Context<'_>,
) -> Result<Tree, RestoreError> {
    let mut tree = Tree::default();
    let mut absent = Vec::new();
    for path in items {
        match find(restore.repository, restore.index, restore.tree, path)? {
            Found::Entry(node) => tree.nodes.push(with_free_name(*node, &tree)),
            Found::Root => {
                return Ok(read_tree(restore.repository, restore.index, restore.tree)?);
            }
            Found::Nothing => absent.push(path),
        }
    }
    if let (Some(path), true) = (absent.first(), tree.nodes.is_empty()) {
        return Err(not_in_snapshot(path));
    }
    for path in absent {
        let message = "the snapshot does not hold it".to_owned();
        context.finding(FindingKind::Missing, &location_path(path), "restore", message);
    }
    tree.nodes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tree)
}

/// A folder that holds side by side what the snapshot has of its sources, and what it has besides:
/// that was in a folder that was named by a dot.
fn tree_of_sources(
    restore: &Restore<'_>,
    paths: &[PathBuf],
    context: &Context<'_>,
) -> Result<Tree, RestoreError> {
    let sources = Sources::of(restore, paths)?;
    if sources.located.is_empty() {
        return Ok(read_tree(restore.repository, restore.index, restore.tree)?);
    }
    let besides = sources.besides(restore)?;
    if besides.is_empty() {
        for path in &sources.unlocated {
            let message = "the snapshot was made without it, so nothing of it can be restored";
            context.finding(FindingKind::Note, path, "restore", message.to_owned());
        }
    }
    // A source within another comes with it.
    let is_outermost = |source: &&Source| {
        let mut others = sources.located.iter().filter(|it| it.location != source.location);
        !others.any(|other| is_within(&source.location, &other.location))
    };
    let located = sources.located.iter().filter(is_outermost).map(|it| it.location.clone());
    tree_of_items(restore, &located.chain(besides).collect::<Vec<_>>(), context)
}

/// Two items of one name come from different folders, and both are wanted.
fn with_free_name(mut node: Node, tree: &Tree) -> Node {
    let name = node.name.clone();
    let mut number = 1;
    while tree.nodes.iter().any(|other| other.name == node.name) {
        number += 1;
        node.name = [&name[..], format!("-{number}").as_bytes()].concat();
    }
    node
}

fn not_in_snapshot(path: &[u8]) -> RestoreError {
    RestoreError::NotInSnapshot { path: String::from_utf8_lossy(path).into_owned() }
}

/// One root for each folder that is there and holds, or shall hold, something that is selected.
fn original_roots(restore: &Restore<'_>, paths: &[PathBuf]) -> Result<Vec<Root>, RestoreError> {
    let sources = Sources::of(restore, paths)?;
    let items: Vec<Vec<u8>> = match &restore.options.selection {
        Selection::Paths(paths) => paths.clone(),
        _ => sources.all_items(restore)?,
    };
    let mut groups: BTreeMap<(PathBuf, Vec<u8>), Vec<Vec<u8>>> = BTreeMap::new();
    for item in items {
        let item = [b"/", item.strip_prefix(b"/").unwrap_or(&item)].concat();
        let (folder, location) = existing_folder_above(&sources.base_of(&item)?, &item)?;
        groups.entry((folder, location)).or_default().push(item);
    }
    let mut roots = Vec::new();
    for ((target, location), items) in groups {
        let id = match find(restore.repository, restore.index, restore.tree, &location)? {
            Found::Root => restore.tree,
            Found::Entry(node) => node.subtree.ok_or_else(|| not_in_snapshot(&location))?,
            Found::Nothing => return Err(not_in_snapshot(&location)),
        };
        let tree = read_tree(restore.repository, restore.index, id)?;
        roots.push(Root { target, tree, location, within: Selection::Paths(items) });
    }
    Ok(roots)
}

/// The paths that the snapshot is of.
struct Sources<'a> {
    located: Vec<Source>,
    /// Those that stand in the snapshot under none of their names: they could not be read when it
    /// was made, or one was named by a dot, and the snapshot's root is what was in it.
    unlocated: Vec<&'a Path>,
}

/// A path that the snapshot is of and has.
struct Source {
    /// What must stand before a path in the snapshot to have the path on the disk. Empty, unless
    /// the source was given as a relative path.
    base: PathBuf,
    /// Its path in the snapshot.
    location: Vec<u8>,
}

impl<'a> Sources<'a> {
    fn of(restore: &Restore<'_>, paths: &'a [PathBuf]) -> Result<Self, RestoreError> {
        let mut sources = Self { located: Vec::new(), unlocated: Vec::new() };
        for path in paths {
            match Source::of(restore, path)? {
                Some(source) => sources.located.push(source),
                None => sources.unlocated.push(path),
            }
        }
        Ok(sources)
    }

    /// Everything that the snapshot has of its sources.
    fn all_items(&self, restore: &Restore<'_>) -> Result<Vec<Vec<u8>>, RestoreError> {
        let mut items: Vec<_> = self.located.iter().map(|one| one.location.clone()).collect();
        if self.located.is_empty() {
            items.push(Vec::new());
        } else if let [_] = self.unlocated[..] {
            items.extend(self.besides(restore)?);
        }
        Ok(items)
    }

    /// What stands at the root of the snapshot and belongs to no source that was found.
    fn besides(&self, restore: &Restore<'_>) -> Result<Vec<Vec<u8>>, RestoreError> {
        let root = read_tree(restore.repository, restore.index, restore.tree)?;
        let at_root = root.nodes.iter().map(|node| [b"/", &node.name[..]].concat());
        Ok(at_root.filter(|item| self.covering(item).is_none()).collect())
    }

    /// What must stand before a path in the snapshot to have the path on the disk.
    fn base_of(&self, item: &[u8]) -> Result<PathBuf, RestoreError> {
        if let Some(source) = self.covering(item) {
            return Ok(source.base.clone());
        }
        // What belongs to no source that was found was in a folder that was named by a dot. With
        // several that it can have been in, no place is better than a wrong one.
        match self.unlocated[..] {
            [path] => disk_path(Path::new(""), &names_in_snapshot(path)),
            _ => Err(RestoreError::NoOriginal { path: String::from_utf8_lossy(item).into_owned() }),
        }
    }

    /// The source that an item lies in, or that lies in it.
    fn covering(&self, item: &[u8]) -> Option<&Source> {
        let around = self.located.iter().filter(|source| is_within(item, &source.location));
        around
            .max_by_key(|source| source.location.len())
            .or_else(|| self.located.iter().find(|source| is_within(&source.location, item)))
    }
}

/// True if `inner` is `outer` or lies somewhere in it.
fn is_within(inner: &[u8], outer: &[u8]) -> bool {
    let outer = outer.strip_suffix(b"/").unwrap_or(outer);
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

impl Source {
    /// A source that was named by a relative path stands in the snapshot under that path, so the
    /// snapshot holds an ending of the whole path; `None` if it holds none.
    fn of(restore: &Restore<'_>, path: &Path) -> Result<Option<Self>, RestoreError> {
        let names = names_in_snapshot(path);
        for skipped in 0..names.len() {
            let location: Vec<u8> =
                names[skipped..].iter().flat_map(|name| [b"/", &name[..]].concat()).collect();
            let found = find(restore.repository, restore.index, restore.tree, &location)?;
            if !matches!(found, Found::Nothing) {
                let base = match skipped {
                    0 => PathBuf::new(),
                    _ => disk_path(Path::new(""), &names[..skipped])?,
                };
                return Ok(Some(Self { base, location }));
            }
        }
        Ok(None)
    }
}

fn names_in_snapshot(path: &Path) -> Vec<Vec<u8>> {
    path.components().filter_map(name_in_snapshot).collect()
}

/// How a component of a path is named in a snapshot: `C:\` becomes `C`.
fn name_in_snapshot(component: Component<'_>) -> Option<Vec<u8>> {
    match component {
        Component::Normal(name) => Some(name.as_encoded_bytes().to_vec()),
        Component::Prefix(prefix) => {
            let text = prefix.as_os_str().as_encoded_bytes();
            Some(text.strip_suffix(b":").unwrap_or(text).to_vec())
        }
        _ => None,
    }
}

/// The path on the disk: `/a/b`, and on Windows `C:\b` for `C`, `b`.
fn disk_path(base: &Path, names: &[Vec<u8>]) -> Result<PathBuf, RestoreError> {
    let mut path = base.to_owned();
    for (number, name) in names.iter().enumerate() {
        let is_start = number == 0 && base.as_os_str().is_empty();
        if is_start && cfg!(windows) {
            path.push(format!("{}:\\", String::from_utf8_lossy(name)));
            continue;
        }
        if is_start {
            path.push("/");
        }
        let no_name =
            || RestoreError::NoOriginal { path: String::from_utf8_lossy(name).into_owned() };
        path.push(super::name::safe_name(name).map_err(|_| no_name())?);
    }
    if path.as_os_str().is_empty() {
        path.push("/");
    }
    Ok(path)
}

/// The deepest folder above the item that exists, and its path in the snapshot.
fn existing_folder_above(base: &Path, item: &[u8]) -> Result<(PathBuf, Vec<u8>), RestoreError> {
    let names: Vec<Vec<u8>> = item
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    // On Windows, what is above the drives is no folder.
    let fewest = usize::from(cfg!(windows) && base.as_os_str().is_empty());
    for kept in (fewest..names.len().max(1)).rev() {
        let path = disk_path(base, &names[..kept])?;
        if path.is_dir() {
            let location = names[..kept].iter().flat_map(|name| [b"/", &name[..]].concat());
            return Ok((path, location.collect()));
        }
    }
    let path = String::from_utf8_lossy(item).into_owned();
    Err(RestoreError::NoOriginal { path })
}
