//! One folder in all snapshots that hold it: what was ever in it, and when.
//!
//! A folder is a path. Each different tree that stood there has a number, in the order in which it
//! was met; an entry that is the same in many of them is kept once, with the numbers of those that
//! have it. So a snapshot adds what changed and nothing else, and all versions of a file lie side
//! by side.

use holdfast_engine::id::{RawId, TreeId};
use holdfast_engine::tree::{Node, NodeKind};

use super::bytes::{Reader, Writer};
use crate::api::Moment;

/// Names a folder in the catalogue. Who does not have the catalogue's salt learns nothing from it.
pub(super) type FolderKey = [u8; 16];

/// The beginning of a tree's id: enough to know it again.
type TreeMark = [u8; 16];

/// The key of the folder at the top of all snapshots.
pub(super) fn root_key(salt: &[u8; 32]) -> FolderKey {
    first_half(RawId::of(salt))
}

/// The key of the folder `name` in another one.
pub(super) fn key_in(salt: &[u8; 32], parent: &FolderKey, name: &[u8]) -> FolderKey {
    first_half(RawId::of(&[&salt[..], parent, name].concat()))
}

fn first_half(id: RawId) -> [u8; 16] {
    std::array::from_fn(|at| id.as_bytes()[at])
}

/// An entry of a folder, as far as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name's bytes.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: NodeKind,
    /// Permissions and type, see [`holdfast_engine::tree::mode`].
    pub mode: u32,
    /// Size of a file; 0 for everything else.
    pub size: u64,
    /// Last change of the content.
    pub modified: Moment,
    /// What a symbolic link points to.
    pub link_target: Vec<u8>,
    /// Equal for equal content of files; 0 for everything else.
    pub content: u64,
    /// The tree of a folder.
    pub subtree: Option<TreeId>,
}

impl From<&Node> for Entry {
    fn from(node: &Node) -> Self {
        Self {
            name: node.name.clone(),
            kind: node.kind,
            mode: node.mode,
            size: node.size,
            modified: node.modified.timestamp().as_millisecond(),
            link_target: node.link_target.clone(),
            content: content_mark(node),
            subtree: node.subtree.filter(|_| node.kind == NodeKind::Folder),
        }
    }
}

/// A number that is the same for the same blobs.
fn content_mark(node: &Node) -> u64 {
    let id = match node.content.as_deref() {
        None | Some([]) => return 0,
        Some([only]) => only.0,
        Some(blobs) => {
            let ids: Vec<u8> = blobs.iter().flat_map(|blob| *blob.as_bytes()).collect();
            RawId::of(&ids)
        }
    };
    u64::from_le_bytes(std::array::from_fn(|at| id.as_bytes()[at]))
}

/// An entry, and the numbers of the trees that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    entry: Entry,
    /// Ascending; neither empty nor touching.
    runs: Vec<Run>,
}

/// Trees one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u32,
    end: u32,
}

impl Row {
    fn is_in(&self, number: u32) -> bool {
        let after = self.runs.partition_point(|run| run.first <= number);
        after > 0 && number < self.runs[after - 1].end
    }

    /// Adds a tree, which is newer than all it has.
    fn add(&mut self, number: u32) {
        match self.runs.last_mut() {
            Some(run) if run.end == number => run.end += 1,
            _ => self.runs.push(Run { first: number, end: number + 1 }),
        }
    }

    fn end(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.end)
    }
}

/// What the catalogue knows of one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// The folder that it is in; of the topmost, itself.
    pub(super) parent: FolderKey,
    /// Its name there.
    pub(super) name: Vec<u8>,
    trees: Vec<TreeMark>,
    /// By name; those of one name in the order in which they were met.
    rows: Vec<Row>,
}

impl Folder {
    pub(super) fn new(parent: FolderKey, name: Vec<u8>) -> Self {
        Self { parent, name, trees: Vec::new(), rows: Vec::new() }
    }

    /// The number of a tree, if it is known to have stood here.
    pub(super) fn number_of(&self, tree: &TreeId) -> Option<u32> {
        let mark = first_half(tree.0);
        self.trees.iter().rposition(|known| *known == mark).map(|number| number as u32)
    }

    /// How many trees stood here.
    pub(super) fn tree_count(&self) -> usize {
        self.trees.len()
    }

    /// How many entries are kept.
    pub(super) fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// The entries of a tree, by name.
    pub(super) fn entries(&self, number: u32) -> impl Iterator<Item = &Entry> {
        self.rows.iter().filter(move |row| row.is_in(number)).map(|row| &row.entry)
    }

    /// The entry of this name in a tree.
    pub(super) fn entry(&self, number: u32, name: &[u8]) -> Option<&Entry> {
        self.named(name).iter().find(|row| row.is_in(number)).map(|row| &row.entry)
    }

    /// What two trees do not share: what only the first has, and what only the second has.
    pub(super) fn differing(&self, first: u32, second: u32) -> (Vec<&Entry>, Vec<&Entry>) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for row in &self.rows {
            match (row.is_in(first), row.is_in(second)) {
                (true, false) => left.push(&row.entry),
                (false, true) => right.push(&row.entry),
                _ => {}
            }
        }
        (left, right)
    }

    /// All names that ever were here, each once, by name.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.rows.chunk_by(|a, b| a.entry.name == b.entry.name).map(|one| &*one[0].entry.name)
    }

    /// True if something of this name ever was here.
    pub(super) fn has_name(&self, name: &[u8]) -> bool {
        !self.named(name).is_empty()
    }

    /// True if the subtree stood here by this name in a tree that is known.
    pub(super) fn has_subtree(&self, name: &[u8], subtree: TreeId) -> bool {
        self.named(name).iter().any(|row| row.entry.subtree == Some(subtree))
    }

    /// Folders that ever were in this one, with each tree that stood there.
    pub(super) fn subfolders(&self) -> impl Iterator<Item = (&[u8], TreeId)> {
        self.rows.iter().filter_map(|row| Some((&*row.entry.name, row.entry.subtree?)))
    }

    fn named(&self, name: &[u8]) -> &[Row] {
        let first = self.rows.partition_point(|row| *row.entry.name < *name);
        let count = self.rows[first..].partition_point(|row| *row.entry.name == *name);
        &self.rows[first..first + count]
    }

    /// Adds a tree that is not known yet.
    pub(super) fn add(&mut self, tree: &TreeId, entries: Vec<Entry>) {
        let number = self.trees.len() as u32;
        self.trees.push(first_half(tree.0));
        let mut new = Vec::new();
        for entry in entries {
            let first = self.rows.partition_point(|row| row.entry.name < entry.name);
            let namesakes = self.rows[first..].iter_mut();
            let same = namesakes
                .take_while(|row| row.entry.name == entry.name)
                .find(|row| row.entry == entry && row.end() <= number);
            match same {
                Some(row) => row.add(number),
                None => new.push(Row { entry, runs: vec![Run { first: number, end: number + 1 }] }),
            }
        }
        self.rows.extend(new);
        // Stable: what was met later stays behind its namesakes.
        self.rows.sort_by(|a, b| a.entry.name.cmp(&b.entry.name));
    }

    /// Lets go of all trees but these, and of what only the others had.
    pub(super) fn keep(&mut self, is_kept: impl Fn(&TreeMark) -> bool) {
        let mut kept = 0;
        let numbers: Vec<Option<u32>> = self
            .trees
            .iter()
            .map(|mark| {
                is_kept(mark).then(|| {
                    kept += 1;
                    kept - 1
                })
            })
            .collect();
        self.trees.retain(is_kept);
        for row in &mut self.rows {
            let runs = std::mem::take(&mut row.runs);
            let all = runs.iter().flat_map(|run| run.first..run.end);
            all.filter_map(|old| numbers[old as usize]).for_each(|number| row.add(number));
        }
        self.rows.retain(|row| !row.runs.is_empty());
    }
}

/// The mark by which a tree is kept, see [`Folder::keep`].
pub(super) fn mark_of(tree: &TreeId) -> TreeMark {
    first_half(tree.0)
}

impl Folder {
    /// The folder as bytes, which [`decode`](Self::decode) reads. Equal columns lie side by side,
    /// for they compress well.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut all = Writer::default();
        all.bytes.extend_from_slice(&self.parent);
        all.string(&self.name);
        all.number(self.trees.len() as u64);
        self.trees.iter().for_each(|mark| all.bytes.extend_from_slice(mark));
        all.number(self.rows.len() as u64);
        let mut name_before: Option<&[u8]> = None;
        for Row { entry, .. } in &self.rows {
            // Nothing stands for the name of the row before.
            let is_same = name_before == Some(&entry.name);
            all.number(if is_same { 0 } else { entry.name.len() as u64 + 1 });
            if !is_same {
                all.bytes.extend_from_slice(&entry.name);
            }
            name_before = Some(&entry.name);
        }
        let mut modified_before = 0;
        for Row { entry, runs } in &self.rows {
            all.bytes.push(kind_code(entry.kind) | u8::from(entry.subtree.is_some()) << 7);
            all.number(entry.mode.into());
            all.number(entry.size);
            all.signed(entry.modified.wrapping_sub(modified_before));
            modified_before = entry.modified;
            all.string(&entry.link_target);
            all.number(runs.len() as u64);
            let mut end = 0;
            for run in runs {
                all.number((run.first - end).into());
                all.number((run.end - run.first).into());
                end = run.end;
            }
        }
        for Row { entry, .. } in &self.rows {
            match entry.subtree {
                Some(subtree) => all.bytes.extend_from_slice(subtree.as_bytes()),
                None => all.bytes.extend_from_slice(&entry.content.to_le_bytes()),
            }
        }
        all.bytes
    }

    /// The folder of bytes; `None` if they are those of something else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut all = Reader::new(bytes);
        let (parent, name) = (all.array()?, all.string()?.to_vec());
        let trees: Vec<TreeMark> = (0..all.count()?).map(|_| all.array()).collect::<Option<_>>()?;
        let rows = all.count()?;
        let mut names: Vec<&[u8]> = Vec::with_capacity(rows);
        for _ in 0..rows {
            let name = match all.count()? {
                0 => *names.last()?,
                more => all.take(more - 1)?,
            };
            names.push(name);
        }
        let (mut rows, mut has_subtree) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut modified = 0i64;
        for name in names {
            let [code] = all.array()?;
            has_subtree.push(code & 0x80 != 0);
            let kind = kind_of(code & 0x7f)?;
            let (mode, size) = (u32::try_from(all.number()?).ok()?, all.number()?);
            modified = modified.wrapping_add(all.signed()?);
            let link_target = all.string()?.to_vec();
            let name = name.to_vec();
            let (content, subtree) = (0, None);
            let entry = Entry { name, kind, mode, size, modified, link_target, content, subtree };
            rows.push(Row { entry, runs: decode_runs(&mut all, trees.len())? });
        }
        for (row, has_subtree) in rows.iter_mut().zip(has_subtree) {
            if has_subtree {
                row.entry.subtree = Some(TreeId::from_bytes(all.array()?));
            } else {
                row.entry.content = u64::from_le_bytes(all.array()?);
            }
        }
        all.is_at_end().then_some(Self { parent, name, trees, rows })
    }
}

fn decode_runs(all: &mut Reader<'_>, trees: usize) -> Option<Vec<Run>> {
    let mut end = 0u32;
    let count = all.count()?;
    let mut runs = Vec::with_capacity(count);
    for _ in 0..count {
        let first = end.checked_add(u32::try_from(all.number()?).ok()?)?;
        end = first.checked_add(u32::try_from(all.number()?).ok()?)?;
        if end as usize > trees || end == first {
            return None;
        }
        runs.push(Run { first, end });
    }
    Some(runs)
}

const KINDS: [NodeKind; 8] = [
    NodeKind::File,
    NodeKind::Folder,
    NodeKind::Symlink,
    NodeKind::BlockDevice,
    NodeKind::CharDevice,
    NodeKind::Fifo,
    NodeKind::Socket,
    NodeKind::Irregular,
];

fn kind_code(kind: NodeKind) -> u8 {
    KINDS.iter().position(|one| *one == kind).map_or(7, |at| at as u8)
}

fn kind_of(code: u8) -> Option<NodeKind> {
    KINDS.get(usize::from(code)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> Entry {
        Entry {
            name: name.into(),
            kind: NodeKind::File,
            mode: 0o644,
            size,
            modified: 1_774_000_000_000 + size as i64,
            link_target: Vec::new(),
            content: size,
            subtree: None,
        }
    }

    fn tree(number: u8) -> TreeId {
        TreeId::of(&[number])
    }

    fn names(folder: &Folder, number: u8) -> Vec<String> {
        let number = folder.number_of(&tree(number)).expect("it is known");
        let entries = folder.entries(number);
        entries.map(|one| format!("{} {}", String::from_utf8_lossy(&one.name), one.size)).collect()
    }

    fn changing() -> Folder {
        let mut folder = Folder::new([1; 16], b"documents".to_vec());
        let subfolder = Entry { kind: NodeKind::Folder, subtree: Some(tree(9)), ..file("sub", 0) };
        folder.add(&tree(0), vec![file("a", 1), file("c", 1), subfolder.clone()]);
        folder.add(&tree(1), vec![file("a", 2), file("b", 1), file("c", 1), subfolder]);
        folder.add(&tree(2), vec![file("a", 1), file("c", 1)]);
        folder
    }

    #[test]
    fn each_tree_has_the_entries_it_had() {
        let folder = changing();
        assert_eq!(names(&folder, 0), ["a 1", "c 1", "sub 0"]);
        assert_eq!(names(&folder, 1), ["a 2", "b 1", "c 1", "sub 0"]);
        assert_eq!(names(&folder, 2), ["a 1", "c 1"]);
        assert_eq!(folder.number_of(&tree(3)), None);
        assert_eq!(folder.row_count(), 5);
        assert_eq!(folder.names().collect::<Vec<_>>(), [&b"a"[..], b"b", b"c", b"sub"]);
        assert!(folder.has_subtree(b"sub", tree(9)) && !folder.has_subtree(b"sub", tree(1)));
    }

    #[test]
    fn what_differs_between_two_trees_is_what_only_one_of_them_has() {
        let folder = changing();
        let (left, right) = folder.differing(0, 1);
        assert_eq!(left, [&file("a", 1)]);
        assert_eq!(right, [&file("a", 2), &file("b", 1)]);
    }

    #[test]
    fn a_folder_comes_back_from_its_bytes_and_from_no_part_of_them() {
        let folder = changing();
        let bytes = folder.encode();
        assert_eq!(Folder::decode(&bytes), Some(folder));
        for length in 0..bytes.len() {
            assert_eq!(Folder::decode(&bytes[..length]), None);
        }
    }

    #[test]
    fn trees_that_are_let_go_take_with_them_what_only_they_had() {
        let mut folder = changing();
        let kept = [mark_of(&tree(0)), mark_of(&tree(2))];
        folder.keep(|mark| kept.contains(mark));
        assert_eq!(names(&folder, 0), ["a 1", "c 1", "sub 0"]);
        assert_eq!(names(&folder, 2), ["a 1", "c 1"]);
        assert_eq!((folder.tree_count(), folder.row_count()), (2, 3));
        assert_eq!(Folder::decode(&folder.encode()), Some(folder));
    }
}
