//! The catalogue beside what it was filled from.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;

use holdfast_engine::crypto::MasterKey;
use holdfast_engine::id::TreeId;
use holdfast_engine::repository::ReadError;
use holdfast_engine::tree::NodeKind;
use holdfast_testkit::random::Random;

use super::*;

const NO_BOUND: u64 = u64::MAX;

/// Trees in memory, as a repository has them.
#[derive(Default)]
struct Trees {
    all: RefCell<HashMap<TreeId, Vec<Entry>>>,
    reads: Cell<usize>,
    is_away: Cell<bool>,
}

impl Source for Trees {
    fn entries(&self, tree: TreeId) -> Result<Vec<Entry>, ReadError> {
        self.reads.set(self.reads.get() + 1);
        let found = self.all.borrow().get(&tree).filter(|_| !self.is_away.get()).cloned();
        found.ok_or(ReadError::Cancelled)
    }
}

/// A folder of somebody's, which changes between snapshots.
#[derive(Clone)]
enum Thing {
    File(u64),
    Folder(BTreeMap<String, Thing>),
}

impl Thing {
    fn store(&self, name: &str, trees: &Trees) -> Entry {
        let entry = Entry {
            name: name.into(),
            kind: NodeKind::File,
            mode: 0o600,
            size: 0,
            modified: 0,
            link_target: Vec::new(),
            content: 0,
            subtree: None,
        };
        match self {
            Self::File(version) => {
                let modified = 1_774_000_000_000 + *version as i64;
                Entry { size: version % 7, content: *version, modified, ..entry }
            }
            Self::Folder(things) => {
                let entries: Vec<Entry> =
                    things.iter().map(|(name, thing)| thing.store(name, trees)).collect();
                let tree = TreeId::of(format!("{entries:?}").as_bytes());
                trees.all.borrow_mut().insert(tree, entries);
                Entry { kind: NodeKind::Folder, subtree: Some(tree), ..entry }
            }
        }
    }

    fn change(&mut self, random: &mut Random) {
        let Self::Folder(things) = self else {
            *self = Self::File(random.below(1000));
            return;
        };
        let name = format!("{} {}", random.pick(&["letter", "Tax", "ünder"]), random.below(6));
        match random.below(10) {
            0 => drop(things.remove(&name)),
            1 | 2 => drop(things.insert(name, Self::Folder(BTreeMap::new()))),
            3 => drop(things.insert(name, Self::File(random.below(1000)))),
            _ => things.entry(name).or_insert(Self::File(0)).change(random),
        }
    }
}

/// A person's folder through some snapshots, the newest first, and a catalogue for it.
struct Life {
    trees: Trees,
    roots: Vec<TreeId>,
    folder: tempfile::TempDir,
}

impl Life {
    fn new(seed: u64, snapshots: usize) -> Self {
        let (trees, mut random) = (Trees::default(), Random::new(seed));
        let mut top = Thing::Folder(BTreeMap::new());
        let mut roots = Vec::new();
        for _ in 0..snapshots {
            (0..15).for_each(|_| top.change(&mut random));
            roots.insert(0, top.store("", &trees).subtree.expect("a folder"));
        }
        Self { trees, roots, folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("catalogue.redb")
    }

    fn open(&self) -> Catalogue {
        Catalogue::open(&self.path(), &key()).expect("it opens")
    }

    fn filled(&self) -> Catalogue {
        let catalogue = self.open();
        self.fill(&catalogue);
        catalogue
    }

    fn fill(&self, catalogue: &Catalogue) {
        for root in &self.roots {
            catalogue.fill(*root, &self.trees, NO_BOUND, &|| true).expect("it is filled");
        }
    }

    /// Every folder of a snapshot with its path.
    fn folders(&self, root: TreeId) -> Vec<(Vec<u8>, TreeId)> {
        let mut found = vec![(Vec::new(), root)];
        let mut next = 0;
        while let Some((path, tree)) = found.get(next).cloned() {
            next += 1;
            for entry in &self.trees.all.borrow()[&tree] {
                let path = [&path[..], b"/", &entry.name].concat();
                found.extend(entry.subtree.map(|subtree| (path, subtree)));
            }
        }
        found
    }

    /// Everything that can be asked, answered from `folders`, is as it is in the trees.
    fn check(&self, folders: &Folders<'_>) {
        let plain = Folders::new(None, &self.trees);
        for root in &self.roots {
            for (path, tree) in self.folders(*root) {
                let entries = folders.entries(*root, &path).expect("it is there");
                assert_eq!(entries, self.trees.all.borrow()[&tree], "{path:?}");
            }
        }
        for (path, _) in self.folders(self.roots[0]) {
            let path = [&path[..], b"/letter 1"].concat();
            let versions = folders.versions(&self.roots, &path).expect("they are there");
            assert_eq!(versions, plain.versions(&self.roots, &path).expect("they are there"));
        }
        for (before, after) in self.roots.iter().zip(self.roots.iter().skip(3)) {
            let found = folders.differences(*before, *after, 1000).expect("they are there");
            assert_eq!(found, plain.differences(*before, *after, 1000).expect("they are there"));
        }
    }

    /// The paths whose last name has `word`, each with the newest snapshot that has it.
    fn named(&self, word: &str) -> BTreeMap<Vec<u8>, usize> {
        let mut found = BTreeMap::new();
        for (at, root) in self.roots.iter().enumerate().rev() {
            for (path, tree) in self.folders(*root) {
                for entry in &self.trees.all.borrow()[&tree] {
                    if String::from_utf8_lossy(&entry.name).to_lowercase().contains(word) {
                        found.insert([&path[..], b"/", &entry.name].concat(), at);
                    }
                }
            }
        }
        found
    }
}

fn key() -> MasterKey {
    MasterKey::from_bytes(&std::array::from_fn(|at| at as u8 + 1))
}

fn searched(life: &Life, catalogue: &Catalogue, text: &str) -> BTreeMap<Vec<u8>, usize> {
    let folders = Folders::new(Some(catalogue), &life.trees);
    let found = catalogue.search(&folders, text, &life.roots, 10_000, &|_| true);
    found.expect("it is read").hits.into_iter().map(|hit| (hit.path, hit.snapshot)).collect()
}

#[test]
fn a_filled_catalogue_answers_as_the_repository_would_and_without_it() {
    for seed in 0..20 {
        let life = Life::new(seed, 12);
        let catalogue = life.filled();
        let reads = life.trees.reads.get();
        life.check(&Folders::new(Some(&catalogue), &life.trees));
        let asked_without = life.trees.reads.get();
        life.check(&Folders::new(None, &life.trees));
        let asked = life.trees.reads.get();
        // Both looks compare with one that reads the trees; the first reads nothing beside it.
        assert!(asked_without - reads < asked - asked_without, "seed {seed}");
        life.trees.is_away.set(true);
        let folders = Folders::new(Some(&catalogue), &life.trees);
        for (path, _) in life.roots.iter().flat_map(|root| life.folders(*root)).take(1) {
            folders.entries(life.roots[0], &path).expect("it is known");
        }
        assert!(catalogue.filled(&life.roots).expect("it is read").into_iter().all(|is| is));
    }
}

#[test]
fn what_is_not_filled_yet_is_read_from_the_repository() {
    let life = Life::new(1, 10);
    let catalogue = life.open();
    life.check(&Folders::new(Some(&catalogue), &life.trees));
    catalogue.fill(life.roots[4], &life.trees, NO_BOUND, &|| true).expect("it is filled");
    life.check(&Folders::new(Some(&catalogue), &life.trees));
    let filled = catalogue.filled(&life.roots).expect("it is read");
    assert!(filled[4] && !filled[0]);
}

#[test]
fn every_name_of_every_snapshot_is_found_in_the_newest_that_has_it() {
    for seed in 0..20 {
        let life = Life::new(seed, 12);
        let catalogue = life.filled();
        for word in ["letter", "tax", "ünder 3", "5", "nothing"] {
            assert_eq!(searched(&life, &catalogue, word), life.named(word), "seed {seed} {word}");
        }
    }
}

#[test]
fn no_tree_is_read_twice_and_none_that_is_known_below_an_unchanged_folder() {
    let life = Life::new(3, 12);
    let catalogue = life.filled();
    let reads = life.trees.reads.get();
    life.fill(&catalogue);
    assert_eq!(life.trees.reads.get(), reads);
}

#[test]
fn a_filling_that_was_stopped_again_and_again_comes_to_its_end() {
    let life = Life::new(4, 12);
    let (catalogue, stops) = (life.open(), Cell::new(0));
    for root in &life.roots {
        loop {
            let left = Cell::new(3u32);
            let may_go_on = || left.replace(left.get().saturating_sub(1)) > 0;
            match catalogue.fill(*root, &life.trees, NO_BOUND, &may_go_on) {
                Ok(()) => break,
                Err(FillError::Stopped) => stops.set(stops.get() + 1),
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(stops.get() > 0);
    life.check(&Folders::new(Some(&catalogue), &life.trees));
    assert_eq!(searched(&life, &catalogue, "letter"), life.named("letter"));
}

#[test]
fn a_snapshot_with_a_tree_that_cannot_be_read_is_not_called_known() {
    let life = Life::new(5, 2);
    let (path, lost) = life.folders(life.roots[0]).pop().expect("a folder");
    let kept = life.trees.all.borrow_mut().remove(&lost).expect("it was there");
    let catalogue = life.open();
    let filled = catalogue.fill(life.roots[0], &life.trees, NO_BOUND, &|| true);
    assert!(matches!(filled, Err(FillError::Read(_))));
    assert_eq!(catalogue.filled(&life.roots[..1]).expect("it is read"), [false]);
    let folders = Folders::new(Some(&catalogue), &life.trees);
    folders.entries(life.roots[0], &path).expect_err("it cannot be read");
    life.trees.all.borrow_mut().insert(lost, kept);
    life.fill(&catalogue);
    life.check(&Folders::new(Some(&catalogue), &life.trees));
}

#[test]
fn a_catalogue_that_may_not_grow_says_so_and_keeps_what_it_has() {
    let life = Life::new(6, 12);
    let catalogue = life.open();
    let filled = catalogue.fill(life.roots[0], &life.trees, NO_BOUND, &|| true);
    filled.expect("it is filled");
    // A turn that ends a snapshot is not refused, however large the file is.
    catalogue.fill(life.roots[1], &life.trees, 0, &|| true).expect("it ends in one turn");
    life.check(&Folders::new(Some(&catalogue), &life.trees));
}

#[test]
fn a_catalogue_written_anew_knows_the_snapshots_that_are_left_and_no_name_of_the_others() {
    for seed in 0..10 {
        let mut life = Life::new(seed, 12);
        let old = life.filled();
        let (gone, path) = (life.roots.split_off(3), life.folder.path().join("new.redb"));
        old.rewrite(&path, &key(), &life.roots).expect("it is written");
        let new = Catalogue::open(&path, &key()).expect("it opens");
        assert!(new.filled(&gone).expect("it is read").iter().all(|is_known| !is_known));
        assert_eq!(new.root_count().expect("it is read"), 3);
        life.check(&Folders::new(Some(&new), &life.trees));
        assert_eq!(searched(&life, &new, "letter"), life.named("letter"), "seed {seed}");
    }
}

#[test]
fn who_takes_the_file_reads_no_name_in_it() {
    let life = Life::new(7, 12);
    drop(life.filled());
    let bytes = fs::read(life.path()).expect("it is there");
    for word in [&b"letter"[..], b"Tax", "ünder".as_bytes()] {
        assert!(memchr::memmem::find(&bytes, word).is_none(), "{word:?}");
    }
    let other = MasterKey::from_bytes(&[9; 64]);
    let opened = Catalogue::open(&life.path(), &other).map(|_| ());
    assert!(opened.is_err_and(|error| error.is_damage()));
}

/// One way to damage a file.
type Damage = Box<dyn Fn(&mut Vec<u8>)>;

fn damages(length: usize) -> Vec<Damage> {
    let mut all: Vec<Damage> = vec![
        Box::new(|bytes| bytes.fill(0)),
        Box::new(|bytes| *bytes = b"something else".to_vec()),
        Box::new(|bytes| bytes.extend_from_slice(&[7; 5000])),
        Box::new(|bytes| bytes.reverse()),
    ];
    for at in (0..length).step_by(4096) {
        all.push(Box::new(move |bytes| bytes.truncate(at)));
        all.push(Box::new(move |bytes| bytes[at..at + 4096].fill(0)));
        all.push(Box::new(move |bytes| bytes[at..at + 4096].fill(0xff)));
    }
    for at in (0..length).step_by(997) {
        all.push(Box::new(move |bytes| bytes[at] ^= 1 << (at % 8)));
    }
    all
}

#[test]
fn whatever_happened_to_the_file_the_answers_are_right_and_it_is_filled_again() {
    let life = Life::new(8, 6);
    drop(life.filled());
    let whole = fs::read(life.path()).expect("it is there");
    let mut noticed = 0;
    for (number, damage) in damages(whole.len()).into_iter().enumerate() {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        fs::write(life.path(), bytes).expect("it is damaged");
        let is_damaged = match Catalogue::open(&life.path(), &key()) {
            Err(error) => {
                assert!(error.is_damage(), "{error:?}");
                true
            }
            Ok(catalogue) => {
                let folders = Folders::new(Some(&catalogue), &life.trees);
                life.check(&folders);
                let root = Life::new(99, 2);
                let filled = catalogue.fill(root.roots[0], &root.trees, NO_BOUND, &|| true);
                let searched = catalogue.search(&folders, "letter", &life.roots, 100, &|_| true);
                let is_damaged = folders.is_damaged() || filled.is_err() || searched.is_err();
                drop(folders);
                catalogue.close();
                is_damaged
            }
        };
        noticed += usize::from(is_damaged);
        fs::remove_file(life.path()).expect("it can be removed");
        if number % 50 == 0 {
            let again = life.filled();
            assert_eq!(searched(&life, &again, "letter"), life.named("letter"), "{number}");
            drop(again);
            fs::remove_file(life.path()).expect("it can be removed");
        }
    }
    assert!(noticed > 20, "{noticed}");
}
