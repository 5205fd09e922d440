//! A catalogue of many snapshots of many files: what it takes to fill it, to look into it, on the disk
//! and in memory. `cargo bench -p holdfast-app --bench catalogue [files [snapshots]]`.
//!
//! In each snapshot one file in a hundred changed: once all files of one folder in a hundred, and once
//! files all over, so that most folders changed.

#![expect(clippy::disallowed_methods, reason = "time is what it measures")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use holdfast_app::catalogue::{Catalogue, Entry, Folders, Source};
use holdfast_engine::crypto::MasterKey;
use holdfast_engine::id::TreeId;
use holdfast_engine::repository::ReadError;
use holdfast_engine::tree::{NodeKind, mode};
use holdfast_testkit::random::Random;

/// Files in a folder, and folders in a folder.
const IN_FOLDER: usize = 100;

/// How often each question is asked, each time of something else if it can be.
const QUESTIONS: usize = 50;

fn main() -> io::Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let files = numbers.next().unwrap_or(1_000_000);
    let snapshots = numbers.next().unwrap_or(100);
    for (name, is_spread) in [("whole folders change", false), ("files all over change", true)] {
        tell(format!("\n{files} files, {snapshots} snapshots, {name}"))?;
        measure(files, snapshots, is_spread)?;
    }
    Ok(())
}

fn tell(line: impl AsRef<str>) -> io::Result<()> {
    writeln!(io::stdout(), "{}", line.as_ref())
}

fn measure(files: usize, snapshots: usize, is_spread: bool) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("catalogue.redb");
    let key = MasterKey::from_bytes(&[7; 64]);
    let mut life = Life::new(files);
    let mut roots = Vec::new();
    let mut fills = Vec::new();
    let catalogue = Catalogue::open(&path, &key).map_err(io::Error::other)?;
    for number in 0..snapshots {
        if number > 0 {
            life.change(is_spread);
        }
        let root = life.root();
        let began = Instant::now();
        catalogue.fill(root, &life, u64::MAX, &|| true).map_err(io::Error::other)?;
        fills.push(began.elapsed());
        roots.insert(0, root);
    }
    let (first, later) = fills.split_at(1);
    tell(format!("fill the first     {:>9.1?}", first[0]))?;
    told("fill each of the rest", later.to_vec())?;
    let began = Instant::now();
    drop(catalogue);
    tell(format!("close              {:>9.1?}, {} MB on disk", began.elapsed(), size(&path)))?;
    look(&path, &key, &life, &roots)?;
    let began = Instant::now();
    let catalogue = Catalogue::open(&path, &key).map_err(io::Error::other)?;
    let anew = folder.path().join("anew.redb");
    let half = &roots[..roots.len() / 2];
    catalogue.rewrite(&anew, &key, half).map_err(io::Error::other)?;
    let took = began.elapsed();
    tell(format!("write anew with half {took:>7.1?}, {} MB on disk", size(&anew)))?;
    tell(format!("most memory ever   {:>9} MB", most_memory()))
}

fn look(path: &std::path::Path, key: &MasterKey, life: &Life, roots: &[TreeId]) -> io::Result<()> {
    let mut random = Random::new(5);
    let mut timed = |name: &str, ask: &mut dyn FnMut(&Catalogue, &Folders<'_>, &mut Random)| {
        let mut times = Vec::new();
        for _ in 0..QUESTIONS {
            // As the app asks: a question knows nothing of the one before.
            let began = Instant::now();
            let catalogue = Catalogue::open(path, key).map_err(io::Error::other)?;
            let opened = began.elapsed();
            let began = Instant::now();
            let folders = Folders::new(Some(&catalogue), &Nothing);
            ask(&catalogue, &folders, &mut random);
            times.push((began.elapsed(), opened));
        }
        if name == "open a folder" {
            told("open the file", times.iter().map(|(_, opened)| *opened).collect())?;
        }
        told(name, times.iter().map(|(took, _)| *took).collect())
    };
    let leaves = life.versions.len().div_ceil(IN_FOLDER) as u64;
    timed("open a folder", &mut |_, folders, random| {
        let root = *random.pick(roots);
        let (top, leaf) = place(random.below(leaves) as usize);
        let entries = folders.entries(root, format!("/{top}/{leaf}").as_bytes());
        assert_eq!(entries.expect("it is known").len(), IN_FOLDER);
    })?;
    timed("versions of a file", &mut |_, folders, random| {
        let file = random.below(life.versions.len() as u64) as usize;
        let (top, leaf) = place(file / IN_FOLDER);
        let path = format!("/{top}/{leaf}/{}", name_of(file));
        let versions = folders.versions(roots, path.as_bytes()).expect("they are known");
        assert!(!versions.is_empty());
    })?;
    timed("difference of neighbours", &mut |_, folders, random| {
        let at = random.below(roots.len() as u64 - 1) as usize;
        let found = folders.differences(roots[at + 1], roots[at], 5000).expect("they are known");
        assert!(!found.changed.is_empty());
    })?;
    for text in ["e", "report", "img 77", "4711", "nowhere at all"] {
        timed(&format!("search \"{text}\""), &mut |catalogue, folders, _| {
            let found = catalogue.search(folders, text, roots, 100, &|_| true);
            assert_eq!(found.expect("it is read").hits.is_empty(), text == "nowhere at all");
        })?;
    }
    Ok(())
}

/// Middle and longest.
fn told(name: &str, mut times: Vec<Duration>) -> io::Result<()> {
    times.sort_unstable();
    let [Some(middle), Some(longest)] = [times.get(times.len() / 2), times.last()] else {
        return Ok(());
    };
    tell(format!("{name:<26} {middle:>9.1?}, at most {longest:.1?}"))
}

fn size(path: &std::path::Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len() / 1_000_000)
}

/// In megabytes, with what the generator takes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1000
}

/// Where nothing is to be had: all must come from the catalogue.
struct Nothing;

impl Source for Nothing {
    fn entries(&self, _: TreeId) -> Result<Vec<Entry>, ReadError> {
        Err(ReadError::Cancelled)
    }
}

/// Files through some snapshots. Only their versions are kept; trees are made when they are read.
struct Life {
    versions: Vec<u16>,
    random: Random,
    trees: RefCell<HashMap<TreeId, Tree>>,
}

enum Tree {
    Folders(Vec<(String, TreeId)>),
    Leaf(usize),
}

impl Life {
    fn new(files: usize) -> Self {
        let versions = vec![0; files.next_multiple_of(IN_FOLDER)];
        Self { versions, random: Random::new(3), trees: RefCell::default() }
    }

    fn change(&mut self, is_spread: bool) {
        let changes = self.versions.len() / 100;
        for _ in 0..if is_spread { changes } else { changes / IN_FOLDER } {
            let at = self.random.below(self.versions.len() as u64) as usize;
            let from = at / IN_FOLDER * IN_FOLDER;
            let files = if is_spread { at..at + 1 } else { from..from + IN_FOLDER };
            self.versions[files].iter_mut().for_each(|version| *version += 1);
        }
    }

    /// The topmost tree of the files as they are.
    fn root(&self) -> TreeId {
        let mut trees = self.trees.borrow_mut();
        trees.clear();
        let mut tops: Vec<(String, Vec<(String, TreeId)>)> = Vec::new();
        for (number, versions) in self.versions.chunks(IN_FOLDER).enumerate() {
            let (top, leaf) = place(number);
            let bytes: Vec<u8> = versions.iter().flat_map(|one| one.to_le_bytes()).collect();
            let id = TreeId::of(&[&number.to_le_bytes()[..], &bytes].concat());
            trees.insert(id, Tree::Leaf(number));
            if tops.last().is_none_or(|(name, _)| *name != top) {
                tops.push((top, Vec::new()));
            }
            if let Some((_, leaves)) = tops.last_mut() {
                leaves.push((leaf, id));
            }
        }
        let mut folders = Vec::new();
        for (name, leaves) in tops {
            folders.push((name, add(&mut trees, leaves)));
        }
        add(&mut trees, folders)
    }
}

fn add(trees: &mut HashMap<TreeId, Tree>, folders: Vec<(String, TreeId)>) -> TreeId {
    let bytes: Vec<u8> = folders.iter().flat_map(|(_, id)| *id.as_bytes()).collect();
    let id = TreeId::of(&bytes);
    trees.insert(id, Tree::Folders(folders));
    id
}

/// The folders that a number of files lies in.
fn place(leaf: usize) -> (String, String) {
    (format!("year {:04}", leaf / IN_FOLDER), format!("folder {:03} of many", leaf % IN_FOLDER))
}

/// Names as people and cameras give them.
fn name_of(file: usize) -> String {
    const WORDS: [&str; 12] = [
        "Report",
        "invoice",
        "letter to the bank",
        "Holiday",
        "draft",
        "main",
        "index",
        "notes",
        "budget",
        "scan",
        "Contract",
        "thumbnail",
    ];
    const ENDINGS: [&str; 6] = ["pdf", "docx", "jpg", "rs", "txt", "html"];
    if file.is_multiple_of(3) {
        return format!("IMG_{file:07}.JPG");
    }
    let (word, ending) = (WORDS[file / 3 % WORDS.len()], ENDINGS[file / 7 % ENDINGS.len()]);
    format!("{word} {file}.{ending}")
}

impl Source for Life {
    fn entries(&self, tree: TreeId) -> Result<Vec<Entry>, ReadError> {
        let trees = self.trees.borrow();
        let mut entries: Vec<Entry> = match trees.get(&tree).ok_or(ReadError::Cancelled)? {
            Tree::Folders(folders) => {
                folders.iter().map(|(name, id)| entry(name.clone(), 0, Some(*id))).collect()
            }
            Tree::Leaf(number) => (number * IN_FOLDER..(number + 1) * IN_FOLDER)
                .map(|file| entry(name_of(file), mixed(file, self.versions[file]), None))
                .collect(),
        };
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

/// A number that looks random, and is another one for each version of each file.
fn mixed(file: usize, version: u16) -> u64 {
    Random::new((file as u64) << 16 | u64::from(version)).number()
}

fn entry(name: String, content: u64, subtree: Option<TreeId>) -> Entry {
    let is_folder = subtree.is_some();
    Entry {
        name: name.into_bytes(),
        kind: if is_folder { NodeKind::Folder } else { NodeKind::File },
        mode: if is_folder { mode::FOLDER | 0o755 } else { 0o644 },
        size: content >> 44,
        modified: 1_700_000_000_000 + (content >> 30) as i64,
        link_target: Vec::new(),
        content,
        subtree,
    }
}
