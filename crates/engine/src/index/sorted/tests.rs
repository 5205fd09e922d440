//! Whatever becomes of a sorted index, what is loaded is what the index files say.

use std::collections::BTreeSet;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::backend::{Backend as _, FileKind, FileName};
use crate::blob::{BlobKind, BlobLocation};
use crate::id::{BlobId, PackId};
use crate::index::{IndexBlob, IndexFile, IndexPack};
use crate::monitor::Unwatched;
use crate::repository::Repository;
use crate::secret::Password;
use crate::testing::World;

const KINDS: [BlobKind; 2] = [BlobKind::Data, BlobKind::Tree];

/// A blob: its kind, its number, its offset and its lengths.
type Blob = (bool, u8, u32, u32, u32);

/// A pack: its number, whether it is marked, and what it holds.
type Pack = (u8, bool, Vec<Blob>);

fn id(number: u8) -> BlobId {
    BlobId::of(&[number])
}

fn index_file(packs: &[Pack]) -> IndexFile {
    let lists = [false, true].map(|is_marked| {
        let packs = packs.iter().filter(|pack| pack.1 == is_marked);
        let made = packs.map(|(number, _, blobs)| IndexPack {
            id: PackId::of(&[*number]),
            blobs: blobs
                .iter()
                .map(|(is_tree, number, offset, length, uncompressed_length)| IndexBlob {
                    id: id(*number),
                    kind: KINDS[usize::from(*is_tree)],
                    offset: *offset,
                    length: *length,
                    uncompressed_length: *uncompressed_length,
                })
                .collect(),
        });
        made.collect::<Vec<_>>()
    });
    let marks = serde_json::to_string(&lists[1]).expect("it becomes JSON");
    let marks = serde_json::value::RawValue::from_string(marks).expect("JSON");
    let [packs, marked] = lists;
    IndexFile { packs, packs_to_delete: Some(marks).filter(|_| !marked.is_empty()) }
}

/// A repository of index files alone, and a folder for caches.
struct Cached {
    world: World,
    base: tempfile::TempDir,
}

impl Cached {
    fn of(files: &[Vec<Pack>]) -> Self {
        let it = Self { world: World::new(), base: tempfile::tempdir().expect("a folder") };
        files.iter().for_each(|packs| _ = it.store(packs));
        it
    }

    fn store(&self, packs: &[Pack]) -> RawId {
        let json = index_file(packs).to_json();
        self.world.repository.write_file(FileKind::Index, &json).expect("memory")
    }

    /// The repository as a process opens it that keeps even the smallest index.
    fn open(&self) -> Repository {
        let password = Password::new("secret");
        let opened = Repository::open(self.world.backend.clone(), &password, None);
        let mut repository =
            opened.expect("it opens").cached_in(self.base.path(), SystemTime::UNIX_EPOCH);
        repository.sorted_index().expect("it has a cache").blobs_min = 0;
        repository
    }

    /// What a process loads that ends then.
    fn load(&self) -> Index {
        self.open().load_index(&Cancellation::default()).expect("a sound index")
    }

    fn folder(&self) -> PathBuf {
        let id = self.world.repository.config().id.to_string();
        self.base.path().join(id).join(FOLDER_NAME)
    }

    fn path(&self) -> PathBuf {
        self.folder().join(NAME)
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).expect("it is kept")
    }

    /// What would be loaded of the sorted index alone. One that cannot be used is gone then.
    fn kept(&self) -> Option<Loaded> {
        let mut repository = self.open();
        let sorted = repository.sorted_index().expect("it has a cache");
        let key = self.world.repository.master_key();
        sorted.load(key, &self.listed(), &Cancellation::default()).expect("nobody stops it")
    }

    fn listed(&self) -> ListedFiles {
        let files = self.world.repository.list(FileKind::Index).expect("memory");
        files.iter().map(|file| (file.id, file.size)).collect()
    }

    /// Keeps this as what these index files say.
    fn keep(&self, index: &Index, files: Vec<RawId>) {
        let draft = writing::Draft::new(index, self.world.repository.config().id, files);
        let key = self.world.repository.master_key().for_purpose(PURPOSE);
        writing::write(&draft, &self.folder(), &self.path(), &key, &|| true).expect("written");
    }

    /// Replaces it by these bytes, and sees that they are not used and change nothing.
    fn assert_refused(&self, bytes: &[u8], what: &str) {
        fs::write(self.path(), bytes).expect("written");
        assert!(self.kept().is_none(), "{what}");
        assert!(!self.path().exists(), "{what}");
        fs::write(self.path(), bytes).expect("written");
        assert_eq!(all_of(&self.load()), all_of(&self.world.index()), "{what}");
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).expect("a folder");
        let names = entries.map(|it| it.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|it| it.into_string().expect("text")).collect();
        names.sort_unstable();
        names
    }
}

/// All that an index answers, in an order of its own.
#[derive(Debug, PartialEq, Eq)]
struct Answers {
    blobs: usize,
    packs: BTreeSet<(PackId, u64)>,
    marked: BTreeSet<(PackId, u64)>,
    tree_packs: BTreeSet<(RawId, u64)>,
    places: Vec<Vec<Place>>,
}

/// Pack, offset, length and uncompressed length.
type Place = (PackId, u32, u32, Option<u32>);

fn all_of(index: &Index) -> Answers {
    let in_order = |places: Vec<BlobLocation>| {
        let places = places.iter();
        let mut places: Vec<Place> =
            places.map(|it| (it.pack, it.offset, it.length, it.uncompressed_length)).collect();
        places.sort_unstable();
        places
    };
    let places = KINDS.into_iter().flat_map(|kind| {
        (0..=u8::MAX).flat_map(move |number| {
            let id = id(number);
            [index.locate_all(kind, &id), index.locate_to_read(kind, &id)]
        })
    });
    Answers {
        blobs: index.blobs(),
        packs: index.packs().map(|pack| (pack.id, pack.file_bytes())).collect(),
        marked: index.marked_packs().map(|pack| (pack.id, pack.file_bytes())).collect(),
        tree_packs: index.tree_packs().iter().map(|pack| (pack.id, pack.size)).collect(),
        places: places.map(in_order).collect(),
    }
}

/// Some blobs of a pack.
fn pack(number: u8, is_tree: bool, blobs: std::ops::Range<u8>) -> Pack {
    let blobs = blobs.map(|n| (is_tree, n, u32::from(n) * 50, 50, u32::from(n % 3) * 40));
    (number, false, blobs.collect())
}

/// Two index files with all that there can be: both kinds, marks, copies and a very long tree.
fn small() -> Vec<Vec<Pack>> {
    let long = (4, false, vec![(true, 90, 0, 0x123_4567, 0x765_4321)]);
    let marked = (5, true, vec![(false, 7, 0, 50, 0), (false, 91, 50, 50, 0)]);
    vec![
        vec![pack(1, false, 0..9), pack(2, true, 5..12)],
        vec![pack(3, false, 8..20), long, marked],
    ]
}

fn files() -> impl Strategy<Value = Vec<Vec<Pack>>> {
    let length = prop_oneof![4 => 32..400_u32, 1 => 0xff_fffe..0x200_0000_u32];
    let plain = prop_oneof![1 => Just(0), 2 => 1..900_u32, 1 => 0xff_fffe..0x200_0000_u32];
    let blob = (any::<bool>(), any::<u8>(), 0..4_u32, length, plain);
    // A place in a pack has one blob.
    let blobs = prop::collection::vec(blob, 0..20).prop_map(|mut blobs| {
        let mut end = 0;
        for blob in &mut blobs {
            blob.2 += end;
            end = blob.2 + blob.3;
        }
        blobs
    });
    let packs = prop::collection::btree_map(any::<u8>(), (prop::bool::weighted(0.2), blobs), 0..6);
    let packs = packs.prop_map(|packs| {
        let packs = packs.into_iter();
        packs.map(|(number, (is_marked, blobs))| (number, is_marked, blobs)).collect::<Vec<Pack>>()
    });
    // Packs of the same number are spread over index files, or repeated in one that has all.
    let numbered = prop::collection::vec(packs, 1..5).prop_map(|mut files: Vec<Vec<Pack>>| {
        let mut taken = BTreeSet::new();
        for file in &mut files {
            file.retain(|pack| taken.insert(pack.0));
        }
        files
    });
    (numbered, any::<bool>()).prop_map(|(mut files, is_repeated)| {
        if is_repeated {
            let all = files.concat();
            files.push(all);
        }
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_loaded_is_what_the_index_files_say_whichever_of_them_are_sorted(
        files in files(),
        sorted in 0..6_usize,
    ) {
        let first = sorted.min(files.len());
        let it = Cached::of(&files[..first]);
        let is_any = it.load().blobs() > 0;
        prop_assert_eq!(it.kept().is_some(), is_any);
        files[first..].iter().for_each(|packs| _ = it.store(packs));
        let expected = all_of(&it.world.index());
        for _ in 0..3 {
            prop_assert_eq!(&all_of(&it.load()), &expected);
        }
    }
}

#[test]
fn a_sorted_index_is_kept_by_the_first_load_and_read_by_the_next() {
    let it = Cached::of(&small());
    assert!(it.kept().is_none());
    it.load();
    let kept = it.kept().expect("it is whole");
    assert_eq!(kept.files.len(), 2);
    assert_eq!(all_of(&kept.index), all_of(&it.world.index()));
    assert_eq!(it.names(), [NAME]);
}

#[test]
fn a_byte_changed_anywhere_is_noticed_and_nothing_is_lost() {
    let it = Cached::of(&small());
    it.load();
    let whole = it.bytes();
    // The tables of buckets are long and alike: a part of their bytes stands for all.
    for at in (0..whole.len()).filter(|at| at % 97 == 0 || *at < 2_000 || at + 100 > whole.len()) {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(it.path(), changed).expect("written");
        assert!(it.kept().is_none(), "{at}");
    }
    for at in [0, 40, whole.len() - 20, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        it.assert_refused(&changed, &format!("{at}"));
    }
}

#[test]
fn one_that_is_cut_off_or_goes_on_is_noticed_and_nothing_is_lost() {
    let it = Cached::of(&small());
    it.load();
    let whole = it.bytes();
    for length in (0..whole.len()).filter(|at| at % 97 == 0 || *at < 500 || at + 100 > whole.len())
    {
        fs::write(it.path(), &whole[..length]).expect("written");
        assert!(it.kept().is_none(), "{length}");
    }
    for length in [0, 15, 16, 17, whole.len() / 2, whole.len() - 1] {
        it.assert_refused(&whole[..length], &format!("{length}"));
    }
    it.assert_refused(&[&whole[..], b"more"].concat(), "more at the end");
    it.assert_refused(&[b"more", &whole[..]].concat(), "more at the beginning");
}

#[test]
fn entries_of_an_older_one_do_not_pass_for_those_of_a_newer_one() {
    let it = Cached::of(&small());
    it.load();
    let older = it.bytes();
    fs::remove_file(it.path()).expect("removed");
    it.load();
    let newer = it.bytes();
    assert_eq!(older.len(), newer.len());
    let entries = it.world.index().blobs() * super::super::segment::ENTRY_BYTES;
    for at in [36, 72, entries] {
        it.assert_refused(&[&older[..at], &newer[at..]].concat(), "an older beginning");
        it.assert_refused(&[&newer[..at], &older[at..]].concat(), "an older end");
    }
    let swapped = [&newer[36..72], &newer[..36], &newer[72..]].concat();
    it.assert_refused(&swapped, "two entries in each other's place");
}

#[test]
fn one_of_another_repository_of_another_key_or_of_another_version_is_not_used() {
    let (it, other) = (Cached::of(&small()), Cached::of(&small()));
    other.load();
    it.load();
    it.assert_refused(&other.bytes(), "of another repository");
    let mut version = it.bytes();
    *version.last_mut().expect("it has bytes") += 1;
    it.assert_refused(&version, "of another version");
    let (listed, id, cancel) =
        (it.listed(), it.world.repository.config().id, Cancellation::default());
    let read = |key: &MasterKey, repository| {
        reading::read(&it.path(), key, repository, &listed, &cancel).err()
    };
    let key = it.world.repository.master_key();
    assert_eq!(read(&key.for_purpose(PURPOSE), id), None);
    assert_eq!(read(&key.for_purpose(PURPOSE), RawId::of(b"another")), Some(Unused::Wrong));
    let foreign = other.world.repository.master_key().for_purpose(PURPOSE);
    assert_eq!(read(&foreign, id), Some(Unused::Wrong));
    // What the repository seals, such as a blob, is no sorted index whatever it says.
    assert_eq!(read(key, id), Some(Unused::Wrong));
}

#[test]
fn one_that_stands_for_an_index_file_that_is_gone_is_not_used_and_made_anew() {
    let it = Cached::of(&small());
    let gone = it.store(&[pack(9, false, 200..255)]);
    it.load();
    it.world.backend.remove(FileName::new(FileKind::Index, gone)).expect("it is there");
    assert_eq!(all_of(&it.load()), all_of(&it.world.index()));
    let kept = it.kept().expect("it is made anew");
    assert!(kept.files.len() == 2 && !kept.files.contains(&gone));
}

#[test]
fn a_new_index_file_is_read_beside_it_and_put_into_it_once_it_is_a_tenth_of_all() {
    let it = Cached::of(&[vec![pack(1, false, 0..180)]]);
    it.load();
    it.store(&[pack(2, false, 180..192)]);
    assert_eq!(all_of(&it.load()), all_of(&it.world.index()));
    assert_eq!(it.kept().expect("it is used").files.len(), 1);
    it.store(&[pack(3, true, 0..20)]);
    assert_eq!(all_of(&it.load()), all_of(&it.world.index()));
    assert_eq!(it.kept().expect("it is whole").files.len(), 3);
}

/// What the sorted index would say had bits turned in memory when it was written: all lies in another
/// pack than it does.
fn wrong() -> (Cached, Vec<RawId>, Index) {
    let it = Cached::of(&[]);
    let files = [0..90_u8, 90..180].map(|blobs| it.store(&[pack(1, false, blobs)]));
    let mut wrong = Index::default();
    wrong.add(&index_file(&[pack(2, false, 0..180)]));
    (it, files.to_vec(), wrong)
}

#[test]
fn one_that_says_what_is_not_so_is_gone_once_that_is_seen() {
    let (it, files, wrong) = wrong();
    it.keep(&wrong, files);
    let repository = it.open();
    let index = repository.load_index(&Cancellation::default()).expect("it is whole");
    assert!(all_of(&index) != all_of(&it.world.index()), "the wrong one is used");
    assert!(repository.read_blob(&index, BlobKind::Data, id(7)).is_err());
    drop(repository);
    assert_eq!(all_of(&it.load()), all_of(&it.world.index()));
}

#[test]
fn what_one_says_that_is_not_so_is_not_in_the_next() {
    let (it, files, wrong) = wrong();
    it.keep(&wrong, files);
    it.store(&[pack(3, false, 180..240)]);
    for _ in 0..2 {
        assert_eq!(all_of(&it.load()), all_of(&it.world.index()));
        assert_eq!(it.kept().expect("it is made anew").files.len(), 3);
    }
}

#[test]
fn a_length_that_promises_more_than_there_can_be_is_not_believed() {
    let it = Cached::of(&small());
    it.load();
    let length = 1_u64 << 40;
    let mut file = fs::File::options().write(true).open(it.path()).expect("it is there");
    file.set_len(length).expect("a hole");
    file.seek(SeekFrom::End(0)).expect("its end");
    file.write_all(&length.to_le_bytes()).expect("written");
    file.write_all(&format::MARK).expect("written");
    drop(file);
    assert!(it.kept().is_none());
    assert!(!it.path().exists());
}

#[test]
fn asking_to_stop_is_heard_while_it_is_read_and_costs_nothing() {
    let it = Cached::of(&small());
    it.load();
    let cancel = Cancellation::default();
    cancel.cancel();
    let stopped = it.open().load_index(&cancel).expect_err("it was asked to stop");
    assert!(matches!(stopped, crate::repository::ReadError::Cancelled));
    assert!(it.kept().is_some());
}

#[test]
fn a_small_index_is_not_kept() {
    let it = Cached::of(&small());
    let mut repository = it.open();
    repository.sorted_index().expect("it has a cache").blobs_min = 1000;
    repository.load_index(&Cancellation::default()).expect("a sound index");
    drop(repository);
    assert!(!it.path().exists());
}

#[test]
fn an_index_with_files_that_cannot_be_read_is_not_kept() {
    let it = Cached::of(&small());
    let damaged = FileName::new(FileKind::Index, RawId::of(b"damaged"));
    it.world.backend.write(damaged, &[b"damaged"]).expect("memory");
    let cancel = Cancellation::default();
    let repository = it.open();
    assert!(repository.load_index(&cancel).is_err());
    let readable = repository.load_readable_index(&Unwatched, &cancel).expect("it is listed");
    assert!(readable.blobs() > 0);
    drop(repository);
    assert!(!it.path().exists());
}

#[test]
fn without_a_cache_and_for_removing_none_is_used_or_kept() {
    let it = Cached::of(&small());
    let cancel = Cancellation::default();
    it.world.repository.load_index(&cancel).expect("a sound index");
    it.open().load_index_to_remove(&cancel).expect("a sound index");
    assert!(!it.path().exists());
}

#[test]
fn one_that_is_asked_to_stop_leaves_nothing_and_what_was_left_is_cleared_away() {
    let it = Cached::of(&small());
    fs::create_dir_all(it.folder()).expect("made");
    fs::write(it.folder().join("new-0123456789abcdef"), b"left").expect("written");
    fs::write(it.folder().join("new-things"), b"of another version").expect("written");
    let repository = it.open();
    let cancel = Cancellation::default();
    let index = repository.load_readable_index(&Unwatched, &cancel).expect("a sound index");
    drop(repository);
    assert_eq!(it.names(), ["new-things", NAME]);
    fs::remove_file(it.path()).expect("removed");
    let draft = writing::Draft::new(&index, it.world.repository.config().id, Vec::new());
    let key = it.world.repository.master_key();
    let written = writing::write(&draft, &it.folder(), &it.path(), key, &|| false);
    assert!(written.is_err());
    assert_eq!(it.names(), ["new-things"]);
}

#[test]
fn processes_that_keep_it_at_the_same_time_leave_a_whole_one_and_nothing_else() {
    let it = Cached::of(&small());
    let expected = all_of(&it.world.index());
    for _ in 0..5 {
        let _ = fs::remove_file(it.path());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(all_of(&it.load()), expected));
            }
        });
        it.load();
        assert_eq!(all_of(&it.kept().expect("it is whole").index), expected);
        assert_eq!(it.names(), [NAME]);
    }
}

#[test]
fn a_blob_takes_at_most_40_bytes_read_from_its_files_and_from_a_sorted_index() {
    let it = Cached::of(&[]);
    let mut number = 0_u32;
    for file in 0..4_u32 {
        let pack = |pack: u32| IndexPack {
            id: PackId::of(&[file, pack].map(u32::to_le_bytes).concat()),
            blobs: std::iter::repeat_with(|| {
                number += 1;
                let id = BlobId::of(&number.to_le_bytes());
                let (offset, length) = (number, 1_000_000);
                IndexBlob { id, kind: BlobKind::Data, offset, length, uncompressed_length: 0 }
            })
            .take(100)
            .collect(),
        };
        let packs = (0..500).map(pack).collect();
        let file = IndexFile { packs, packs_to_delete: None };
        it.world.repository.write_file(FileKind::Index, &file.to_json()).expect("memory");
    }
    for is_sorted in [false, true] {
        assert_eq!(it.kept().is_some(), is_sorted);
        let index = it.load();
        assert_eq!(index.blobs(), 200_000);
        let bytes_per_blob = index.memory_bytes() as f64 / 200_000.0;
        assert!(bytes_per_blob <= 40.0, "{bytes_per_blob} {is_sorted}");
    }
}
