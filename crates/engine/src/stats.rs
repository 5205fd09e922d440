//! How much snapshots hold, counted in the four ways that restic counts.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::blob::BlobKind;
use crate::crypto::OVERHEAD_BYTES;
use crate::id::{BlobId, RawId, TreeId};
use crate::index::Index;
use crate::listing::{Next, Visited, walk};
use crate::monitor::Cancellation;
use crate::repository::{ReadError, Repository};
use crate::tree::walk::for_each_tree;
use crate::tree::{Node, NodeKind};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatsMode {
    /// What restoring each of the snapshots would write; a hard link once per snapshot.
    #[default]
    RestoreSize,
    /// Files with different contents, over all snapshots.
    FilesByContents,
    /// Blobs of the repository that the snapshots need, trees included.
    RawData,
    /// Blobs per path and content.
    BlobsPerFile,
}

/// The text names none of the modes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown counting mode: {text}")]
pub struct StatsModeError {
    /// The text.
    pub text: String,
}

impl FromStr for StatsMode {
    type Err = StatsModeError;

    fn from_str(text: &str) -> Result<Self, StatsModeError> {
        match text {
            "restore-size" => Ok(Self::RestoreSize),
            "files-by-contents" => Ok(Self::FilesByContents),
            "raw-data" => Ok(Self::RawData),
            "blobs-per-file" => Ok(Self::BlobsPerFile),
            _ => Err(StatsModeError { text: text.to_owned() }),
        }
    }
}

/// What was counted. What a mode does not count is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Bytes: of files, or of sealed blobs in [`StatsMode::RawData`].
    pub bytes: u64,
    /// What the sealed blobs would take if they were not compressed.
    pub uncompressed_bytes: u64,
    /// Bytes of the sealed blobs that are compressed.
    pub compressed_blob_bytes: u64,
    /// What those would take if they were not.
    pub compressed_blob_uncompressed_bytes: u64,
    /// Entries, files or paths.
    pub files: u64,
    /// Blobs.
    pub blobs: u64,
}

impl Stats {
    /// How many times smaller compression made what it compressed; `None` if it did nothing.
    #[must_use]
    pub fn compression_ratio(&self) -> Option<f64> {
        ratio(self.compressed_blob_uncompressed_bytes, self.compressed_blob_bytes)
    }

    /// How much of the data is compressed, in percent.
    #[must_use]
    pub fn compression_progress(&self) -> Option<f64> {
        ratio(self.compressed_blob_uncompressed_bytes, self.uncompressed_bytes).map(|r| r * 100.0)
    }

    /// How much space compression saves, in percent.
    #[must_use]
    pub fn compression_space_saving(&self) -> Option<f64> {
        ratio(self.bytes, self.uncompressed_bytes).map(|part| (1.0 - part) * 100.0)
    }
}

fn ratio(of: u64, to: u64) -> Option<f64> {
    (to > 0).then(|| of as f64 / to as f64)
}

/// Counts what the snapshots with these trees hold; one tree per snapshot.
///
/// # Errors
/// When a tree cannot be read or a blob is in no pack: a count without them would be wrong.
///
/// ```
/// use holdfast_engine::monitor::Cancellation;
/// use holdfast_engine::stats::{StatsMode, stats};
///
/// let letter = holdfast_testkit::letter();
/// let (repository, index) = (&letter.test.repository, letter.test.index());
/// let mode = StatsMode::FilesByContents;
/// let found = stats(repository, &index, &[letter.tree], mode, &Cancellation::default())?;
/// assert_eq!(found.bytes, 11 + 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stats(
    repository: &Repository,
    index: &Index,
    trees: &[TreeId],
    mode: StatsMode,
    cancel: &Cancellation,
) -> Result<Stats, ReadError> {
    match mode {
        StatsMode::RestoreSize => restore_size(repository, index, trees, cancel),
        StatsMode::RawData => raw_data(repository, index, trees, cancel),
        StatsMode::FilesByContents | StatsMode::BlobsPerFile => {
            by_contents(repository, index, trees, mode, cancel)
        }
    }
}

/// What a tree adds to the size of a restore, without its subtrees.
#[derive(Default)]
struct Sizes {
    entries: u64,
    bytes: u64,
    /// Entries with several links: their device and inode and size.
    linked: Vec<((u64, u64), u64)>,
    subtrees: Vec<TreeId>,
}

impl Sizes {
    fn of(nodes: &[Node]) -> Self {
        let mut sizes = Self { entries: nodes.len() as u64, ..Self::default() };
        for node in nodes {
            if node.links == 1 || node.kind == NodeKind::Folder || node.inode == 0 {
                sizes.bytes = sizes.bytes.saturating_add(node.size);
            } else {
                sizes.linked.push(((node.device_id, node.inode), node.size));
            }
            sizes.subtrees.extend(node.subtree.filter(|_| node.kind == NodeKind::Folder));
        }
        sizes
    }
}

fn restore_size(
    repository: &Repository,
    index: &Index,
    trees: &[TreeId],
    cancel: &Cancellation,
) -> Result<Stats, ReadError> {
    // Each distinct tree is read once; snapshots then only add up.
    let sizes = Mutex::new(HashMap::new());
    every_tree(repository, index, trees, cancel, &|id, nodes| {
        sizes.lock().insert(id, Sizes::of(nodes));
    })?;
    let sizes = sizes.into_inner();
    let mut stats = Stats::default();
    let mut totals = HashMap::new();
    for root in trees {
        if cancel.is_cancelled() {
            return Err(ReadError::Cancelled);
        }
        let (entries, bytes) = total(*root, &sizes, &mut totals);
        stats.files = stats.files.saturating_add(entries);
        stats.bytes = stats.bytes.saturating_add(bytes);
        // A hard link counts once, wherever and however often it is met.
        let (mut linked, mut seen, mut pending) = (HashSet::new(), HashSet::new(), vec![*root]);
        while let Some(tree) = pending.pop() {
            let Some(sizes) = sizes.get(&tree).filter(|_| seen.insert(tree)) else { continue };
            for (key, size) in &sizes.linked {
                let more = if linked.insert(key) { *size } else { 0 };
                stats.bytes = stats.bytes.saturating_add(more);
            }
            pending.extend(&sizes.subtrees);
        }
    }
    Ok(stats)
}

/// How many entries there are below a tree, and how many bytes they have that are no hard links. A
/// tree counts as often as there are paths to it, which can be more than anybody can go through.
fn total(
    root: TreeId,
    sizes: &HashMap<TreeId, Sizes>,
    totals: &mut HashMap<TreeId, (u64, u64)>,
) -> (u64, u64) {
    let mut pending = vec![root];
    while let Some(tree) = pending.last().copied() {
        if totals.contains_key(&tree) {
            pending.pop();
            continue;
        }
        let known = pending.len();
        let own = sizes.get(&tree);
        let subtrees = own.map(|own| own.subtrees.as_slice()).unwrap_or_default();
        pending.extend(subtrees.iter().filter(|subtree| !totals.contains_key(subtree)));
        if pending.len() > known {
            continue;
        }
        let mut sum = own.map_or((0, 0), |own| (own.entries, own.bytes));
        for (entries, bytes) in subtrees.iter().filter_map(|subtree| totals.get(subtree)) {
            sum = (sum.0.saturating_add(*entries), sum.1.saturating_add(*bytes));
        }
        totals.insert(tree, sum);
        pending.pop();
    }
    totals.get(&root).copied().unwrap_or_default()
}

/// Visits every distinct tree; the first that cannot be read is an error.
fn every_tree(
    repository: &Repository,
    index: &Index,
    roots: &[TreeId],
    cancel: &Cancellation,
    visit: &(dyn Fn(TreeId, &[Node]) + Sync),
) -> Result<(), ReadError> {
    let failure = Mutex::new(None);
    for_each_tree(repository, index, roots.iter().copied(), cancel, &|folder, tree| match tree {
        Ok(tree) => visit(folder.id, &tree.nodes),
        Err(error) => *failure.lock() = Some(error),
    })?;
    failure.into_inner().map_or(Ok(()), Err)
}

fn raw_data(
    repository: &Repository,
    index: &Index,
    trees: &[TreeId],
    cancel: &Cancellation,
) -> Result<Stats, ReadError> {
    let used = Mutex::new(HashSet::new());
    every_tree(repository, index, trees, cancel, &|id, nodes| {
        let mut used = used.lock();
        used.insert((BlobKind::Tree, BlobId::from(id)));
        for blob in nodes.iter().filter_map(|node| node.content.as_ref()).flatten() {
            used.insert((BlobKind::Data, *blob));
        }
    })?;
    let mut stats = Stats::default();
    for (kind, id) in used.into_inner() {
        let found = index.locate(kind, &id).ok_or(ReadError::MissingBlob { kind, id })?;
        let uncompressed = u64::from(found.plaintext_length()) + OVERHEAD_BYTES as u64;
        stats.blobs += 1;
        stats.bytes += u64::from(found.length);
        if repository.config().version >= 2 {
            stats.uncompressed_bytes += uncompressed;
        }
        if found.uncompressed_length.is_some() {
            stats.compressed_blob_bytes += u64::from(found.length);
            stats.compressed_blob_uncompressed_bytes += uncompressed;
        }
    }
    Ok(stats)
}

fn by_contents(
    repository: &Repository,
    index: &Index,
    trees: &[TreeId],
    mode: StatsMode,
    cancel: &Cancellation,
) -> Result<Stats, ReadError> {
    let (contents, paths) = (HashSet::new(), HashMap::new());
    let mut count = ByContents { index, mode, stats: Stats::default(), contents, paths };
    // What is in a tree counts where it is met first, so no tree needs to be visited twice.
    let mut seen = HashSet::new();
    for root in trees {
        if !seen.insert(*root) {
            continue;
        }
        let mut failure = None;
        walk(repository, index, *root, b"", cancel, &mut |visited| {
            let result = match visited {
                Visited::Entry { path, node } => count.add(path, node).map(|()| node.subtree),
                Visited::Unreadable { error, .. } => Err(error),
            };
            match result {
                Ok(Some(subtree)) if !seen.insert(subtree) => Next::Past,
                Ok(_) => Next::Into,
                Err(error) => {
                    failure = Some(error);
                    Next::Stop
                }
            }
        })?;
        failure.map_or(Ok(()), Err)?;
    }
    Ok(count.stats)
}

/// What the two modes that count distinct files have met.
struct ByContents<'a> {
    index: &'a Index,
    mode: StatsMode,
    stats: Stats,
    /// The sums of all contents.
    contents: HashSet<RawId>,
    /// The blobs of each path.
    paths: HashMap<Vec<u8>, HashSet<BlobId>>,
}

impl ByContents<'_> {
    fn add(&mut self, path: &[u8], node: &Node) -> Result<(), ReadError> {
        let content = node.content.as_deref().unwrap_or_default();
        // Folders and links count as files without content, as they do for restic.
        let mut sum = Sha256::new();
        content.iter().for_each(|blob| sum.update(blob.as_bytes()));
        if !self.contents.insert(RawId::from_bytes(sum.finalize().into())) {
            return Ok(());
        }
        if self.mode == StatsMode::FilesByContents {
            self.stats.files += 1;
            self.stats.bytes = self.stats.bytes.saturating_add(node.size);
            return Ok(());
        }
        for id in content {
            let files = &mut self.stats.files;
            let blobs = self.paths.entry(path.to_vec()).or_insert_with(|| {
                *files += 1;
                HashSet::new()
            });
            if blobs.insert(*id) {
                let kind = BlobKind::Data;
                let found = self.index.locate(kind, id);
                let found = found.ok_or(ReadError::MissingBlob { kind, id: *id })?;
                self.stats.bytes += u64::from(found.plaintext_length());
                self.stats.blobs += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, file, folder};

    /// Two snapshots: two files with the same content, a hard link, a folder; then one file more.
    fn world() -> (World, [TreeId; 2]) {
        let mut world = World::new();
        let (a, b) = (world.data(b"aaaa"), world.data(b"bb"));
        let hard = |name| Node { links: 2, inode: 9, ..file(name, 4, &[a]) };
        let inner = world.tree(vec![file("copy", 6, &[a, b])]);
        let nodes = vec![folder("f", inner), hard("h1"), hard("h2"), file("x", 6, &[a, b])];
        let first = world.tree(nodes.clone());
        let more = [nodes, vec![file("y", 2, &[b])]].concat();
        let second = world.tree(more);
        (world.stored(), [first, second])
    }

    fn count(mode: StatsMode) -> Stats {
        let (world, trees) = world();
        stats(&world.repository, &world.index(), &trees, mode, &Cancellation::default())
            .expect("a sound repository")
    }

    #[test]
    fn a_restore_writes_each_snapshot_and_a_hard_link_once_in_each() {
        let found = count(StatsMode::RestoreSize);
        assert_eq!((found.files, found.bytes), (5 + 6, 16 + 18));
    }

    #[test]
    fn files_of_the_same_content_count_once() {
        // Nothing (the folder), ab, a, b.
        let found = count(StatsMode::FilesByContents);
        assert_eq!((found.files, found.bytes), (4, 12));
    }

    #[test]
    fn blobs_count_once_per_path_and_content() {
        let found = count(StatsMode::BlobsPerFile);
        assert_eq!((found.files, found.blobs, found.bytes), (3, 4, 12));
    }

    #[test]
    fn raw_data_is_what_lies_in_packs() {
        let found = count(StatsMode::RawData);
        assert_eq!(found.blobs, 5);
        assert_eq!(found.bytes, found.uncompressed_bytes);
        assert_eq!(found.compression_ratio(), None);
        assert_eq!(found.compression_space_saving(), Some(0.0));
    }

    #[test]
    fn a_folder_that_is_met_any_number_of_times_is_summed_up_once() {
        const NAMES: u64 = 20_000;
        let mut world = World::new();
        let many = |subtree| (0..NAMES).map(|n| folder(&format!("{n:05}"), subtree)).collect();
        let leaf = world.tree(vec![file("x", 0, &[])]);
        let inner = world.tree(many(leaf));
        let outer = world.tree(many(inner));
        let world = world.stored();
        let (index, cancel) = (world.index(), Cancellation::default());
        let found = stats(&world.repository, &index, &[outer], StatsMode::RestoreSize, &cancel);
        assert_eq!(found.expect("sound").files, NAMES + NAMES * (NAMES + NAMES));
    }

    #[test]
    fn a_missing_tree_is_an_error_in_every_mode() {
        let mut world = World::new();
        let tree = world.tree(vec![folder("gone", TreeId::of(b"gone"))]);
        let world = world.stored();
        let cancel = Cancellation::default();
        for mode in [StatsMode::RestoreSize, StatsMode::RawData, StatsMode::FilesByContents] {
            let found = stats(&world.repository, &world.index(), &[tree], mode, &cancel);
            assert!(matches!(found, Err(ReadError::MissingBlob { .. })), "{mode:?}");
        }
    }
}
