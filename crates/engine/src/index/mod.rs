//! Where every blob of a repository lies, in at most 40 bytes of memory each.
//!
//! Entries are kept sorted by id in a few segments, the way a log-structured store does it: loading
//! makes one segment or, with a [sorted index](sorted), two; each index file that a backup stores adds another, and small ones are merged.
//! An entry keeps 192 of the 256 bits of an id: the first 16 as its place in a table, the rest beside
//! the location. Two blobs that agree in 192 bits of SHA-256 would take 2^96 sums to find, and what is
//! read is checked against the whole id in any case.
//!
//! Packs that rustic marked for removal are kept apart. Who reads is led to them where nothing else
//! has a blob; who stores or removes never counts on them.

mod file;
mod packs;
mod places;
mod segment;
mod sorted;

pub use file::{BLOBS_PER_FILE_MAX, IndexBlob, IndexFile, IndexPack};

pub use packs::PackSummary;
pub(crate) use places::Place;
pub(crate) use sorted::{ListedFiles, SortedIndex};

use std::collections::HashSet;

use packs::Packs;
use segment::{Segment, Unsorted};

use crate::backend::Listed;
use crate::blob::{BlobKind, BlobLocation};
use crate::id::{BlobId, PackId};

/// What a repository's index files say, taken together.
///
/// ```
/// use holdfast_engine::blob::BlobKind;
/// use holdfast_engine::id::BlobId;
///
/// let index = holdfast_testkit::letter().test.index();
/// let id = BlobId::of(b"Dear reader");
/// assert!(index.contains(BlobKind::Data, &id));
/// assert!(!index.contains(BlobKind::Tree, &id));
/// let location = index.locate(BlobKind::Data, &id).expect("it is there");
/// assert!(index.pack(&location.pack).is_some());
/// ```
#[derive(Debug, Default)]
pub struct Index {
    segments: Vec<Segment>,
    packs: Packs,
    /// What lies in packs that rustic is going to remove, if there are any.
    marked: Option<Box<Index>>,
}

/// Collects entries, then sorts them once.
#[derive(Debug, Default)]
pub struct IndexBuilder {
    /// What is known already, without its packs.
    base: Index,
    data: Unsorted,
    trees: Unsorted,
    packs: Packs,
    marked: Vec<IndexPack>,
}

impl IndexBuilder {
    /// Collects what is beside an index.
    pub(crate) fn beside(mut base: Index) -> Self {
        let packs = std::mem::take(&mut base.packs);
        Self { base, packs, ..Self::default() }
    }

    /// Adds what an index file says.
    pub fn add(&mut self, file: &IndexFile) {
        self.marked.extend(file.marked_packs());
        self.add_packs(&file.packs);
    }

    /// Makes room for `times` what was added so far.
    pub(crate) fn reserve(&mut self, times: f64) {
        self.data.reserve(times);
        self.trees.reserve(times);
    }

    fn add_packs(&mut self, packs: &[IndexPack]) {
        for pack in packs {
            let number = self.packs.number_of(pack);
            for blob in &pack.blobs {
                let entry = self.packs.entry(number, blob);
                match blob.kind {
                    BlobKind::Data => self.data.push(&blob.id, entry),
                    BlobKind::Tree => self.trees.push(&blob.id, entry),
                }
            }
        }
    }

    /// The index of everything that was added.
    #[must_use]
    pub fn build(self) -> Index {
        let mut index = Index { packs: self.packs, ..self.base };
        index.packs.shrink();
        index.add_segment(Segment::new(self.data, self.trees));
        index.add_marked(&self.marked);
        index
    }
}

impl Index {
    /// Adds what an index file says that was just stored.
    pub fn add(&mut self, file: &IndexFile) {
        self.add_marked(&file.marked_packs());
        self.add_packs(&file.packs);
    }

    fn add_marked(&mut self, packs: &[IndexPack]) {
        if !packs.is_empty() {
            self.marked.get_or_insert_default().add_packs(packs);
        }
    }

    fn add_packs(&mut self, packs: &[IndexPack]) {
        let mut builder =
            IndexBuilder { packs: std::mem::take(&mut self.packs), ..Default::default() };
        builder.add_packs(packs);
        self.packs = builder.packs;
        self.add_segment(Segment::new(builder.data, builder.trees));
        // Keep segments growing geometrically, so that adding n blobs costs n log n in all.
        while let [.., before, last] = self.segments.as_slice() {
            if before.len() > 2 * last.len() {
                break;
            }
            let last = self.segments.pop().expect("there are two");
            let before = self.segments.pop().expect("there are two");
            self.segments.push(before.merge(&last));
        }
    }

    /// Adds what the others do not say already.
    fn add_segment(&mut self, mut segment: Segment) {
        self.segments.iter().for_each(|other| segment.leave_out(other));
        if segment.len() > 0 || self.segments.is_empty() {
            self.segments.push(segment);
        }
    }

    /// The packs that hold trees, and the sizes of their files.
    pub(crate) fn tree_packs(&self) -> Vec<Listed> {
        let mut has_trees = vec![false; self.packs.iter().len()];
        let trees = self.segments.iter().flat_map(|segment| segment.entries(BlobKind::Tree));
        trees.for_each(|(entry, _)| has_trees[entry.pack() as usize] = true);
        let packs = self.packs.iter().zip(has_trees).filter(|(_, has_trees)| *has_trees);
        packs.map(|(pack, _)| Listed { id: pack.id.0, size: pack.file_bytes() }).collect()
    }

    /// True if the blob lies in a known pack, and not only in marked ones.
    #[must_use]
    pub fn contains(&self, kind: BlobKind, id: &BlobId) -> bool {
        self.segments.iter().any(|segment| segment.find(kind, id).len() > 0)
    }

    /// Where the blob lies; any one place, if there are several, and in a marked pack only if in no
    /// other.
    #[must_use]
    pub fn locate(&self, kind: BlobKind, id: &BlobId) -> Option<BlobLocation> {
        match self.segments.iter().find_map(|segment| segment.find(kind, id).next()) {
            Some(entry) => Some(self.packs.location(entry)),
            None => self.marked.as_ref()?.locate(kind, id),
        }
    }

    /// Every place where the blob lies, or in marked packs if it lies in no other.
    #[must_use]
    pub fn locate_all(&self, kind: BlobKind, id: &BlobId) -> Vec<BlobLocation> {
        let named = self.locate_named(kind, id);
        if named.is_empty() { self.locate_marked(kind, id) } else { named }
    }

    /// Every place where the blob may be read, marked packs last.
    pub(crate) fn locate_to_read(&self, kind: BlobKind, id: &BlobId) -> Vec<BlobLocation> {
        let mut places = self.locate_named(kind, id);
        places.extend(self.locate_marked(kind, id));
        places
    }

    fn locate_named(&self, kind: BlobKind, id: &BlobId) -> Vec<BlobLocation> {
        let entries = self.segments.iter().flat_map(|segment| segment.find(kind, id));
        entries.map(|entry| self.packs.location(entry)).collect()
    }

    fn locate_marked(&self, kind: BlobKind, id: &BlobId) -> Vec<BlobLocation> {
        self.marked.as_ref().map_or_else(Vec::new, |marked| marked.locate_named(kind, id))
    }

    /// Number of entries, without those of marked packs.
    #[must_use]
    pub fn blobs(&self) -> usize {
        self.segments.iter().map(Segment::len).sum()
    }

    /// Number of entries of a kind, without those of marked packs.
    #[must_use]
    pub fn blobs_of(&self, kind: BlobKind) -> usize {
        self.segments.iter().map(|segment| segment.len_of(kind)).sum()
    }

    /// The known packs, without marked ones.
    pub fn packs(&self) -> impl Iterator<Item = &PackSummary> {
        self.packs.iter()
    }

    /// The known pack with this id; of marked ones, only those that are named, too.
    #[must_use]
    pub fn pack(&self, id: &PackId) -> Option<&PackSummary> {
        self.packs.find(id)
    }

    /// True if rustic is going to remove the pack: nothing new may rely on it.
    #[must_use]
    pub fn is_marked(&self, id: &PackId) -> bool {
        self.marked.as_ref().is_some_and(|marked| marked.packs.find(id).is_some())
    }

    /// The packs that rustic is going to remove.
    pub(crate) fn marked_packs(&self) -> impl Iterator<Item = &PackSummary> {
        self.marked.iter().flat_map(|marked| marked.packs.iter())
    }

    /// Forgets what lies in these packs, because they turned out to be lost.
    pub fn forget_blobs_in(&mut self, lost: &HashSet<PackId>) {
        let numbers = self.packs.numbers_of(lost);
        for segment in &mut self.segments {
            segment.retain(&|entry| !numbers.contains(&entry.pack()));
        }
        if let Some(marked) = &mut self.marked {
            marked.forget_blobs_in(lost);
        }
    }

    /// Bytes of memory that entries and packs take.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let segments: usize = self.segments.iter().map(Segment::memory_bytes).sum();
        let marked = self.marked.as_ref().map_or(0, |marked| marked.memory_bytes());
        segments + self.packs.memory_bytes() + marked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blob by kind, number and length.
    type Blob = (BlobKind, u32, u32);

    fn file(packs: &[(u32, &[Blob])]) -> IndexFile {
        let id = |n: u32| n.to_le_bytes();
        let packs = packs.iter().map(|(pack, blobs)| IndexPack {
            id: PackId::of(&id(*pack)),
            blobs: blobs
                .iter()
                .map(|(kind, blob, length)| IndexBlob {
                    id: BlobId::of(&id(*blob)),
                    kind: *kind,
                    offset: blob * 7,
                    length: *length,
                    uncompressed_length: if blob % 2 == 0 { 0 } else { length * 3 },
                })
                .collect(),
        });
        IndexFile { packs: packs.collect(), packs_to_delete: None }
    }

    #[test]
    fn every_blob_is_found_where_the_file_says_however_the_files_come() {
        let whole: Vec<IndexFile> = (0..300u32)
            .map(|n| {
                let kind = if n % 3 == 0 { BlobKind::Tree } else { BlobKind::Data };
                file(&[(n, &[(kind, n * 2, 40 + n), (kind, n * 2 + 1, 16_777_000 + n)])])
            })
            .collect();
        let mut builder = IndexBuilder::default();
        whole[..100].iter().for_each(|file| builder.add(file));
        let mut index = builder.build();
        whole[100..].iter().for_each(|file| index.add(file));
        assert_eq!(index.blobs(), 600);
        for file in &whole {
            for pack in &file.packs {
                for blob in &pack.blobs {
                    assert_eq!(index.locate(blob.kind, &blob.id), Some(blob.location(pack.id)));
                    let other =
                        if blob.kind == BlobKind::Data { BlobKind::Tree } else { BlobKind::Data };
                    assert!(!index.contains(other, &blob.id));
                }
            }
        }
        assert!(!index.contains(BlobKind::Data, &BlobId::of(b"unknown")));
    }

    #[test]
    fn a_blob_in_two_packs_has_two_places_and_a_repeated_entry_one() {
        let one = file(&[(1, &[(BlobKind::Data, 5, 50)])]);
        let two = file(&[(2, &[(BlobKind::Data, 5, 50)])]);
        let mut builder = IndexBuilder::default();
        [&one, &two, &one].into_iter().for_each(|file| builder.add(file));
        let index = builder.build();
        assert_eq!(index.locate_all(BlobKind::Data, &BlobId::of(&5u32.to_le_bytes())).len(), 2);
    }

    #[test]
    fn what_lies_in_lost_packs_is_forgotten_and_its_copies_stay() {
        let whole = file(&[
            (1, &[(BlobKind::Data, 5, 50), (BlobKind::Data, 6, 60)]),
            (2, &[(BlobKind::Data, 6, 60), (BlobKind::Tree, 7, 70)]),
        ]);
        let mut builder = IndexBuilder::default();
        builder.add(&whole);
        let mut index = builder.build();
        index.forget_blobs_in(&[whole.packs[0].id].into());
        let find = |kind, n: u32| index.locate_all(kind, &BlobId::of(&n.to_le_bytes())).len();
        assert_eq!(find(BlobKind::Data, 5), 0);
        assert_eq!(find(BlobKind::Data, 6), 1);
        assert_eq!(find(BlobKind::Tree, 7), 1);
    }

    #[test]
    fn packs_that_rustic_marked_are_known_as_such() {
        let id = PackId::of(b"pack");
        let json = format!(
            r#"{{"packs":[],"packs_to_delete":[{{"id":"{id}","blobs":[],"time":"2026-01-01T00:00:00Z"}}]}}"#
        );
        let mut builder = IndexBuilder::default();
        builder.add(&serde_json::from_str(&json).expect("an index file"));
        let index = builder.build();
        assert!(index.is_marked(&id) && !index.is_marked(&PackId::of(b"other")));
    }

    #[test]
    fn a_marked_pack_is_the_last_place_to_read_from_and_never_one_to_count_on() {
        let packs = file(&[
            (1, &[(BlobKind::Data, 5, 50), (BlobKind::Data, 6, 60)]),
            (2, &[(BlobKind::Data, 6, 60)]),
        ])
        .packs;
        let list = serde_json::to_string(&packs[..1]).expect("it becomes JSON");
        let marks = serde_json::value::RawValue::from_string(list).expect("JSON");
        let file = IndexFile { packs: packs[1..].to_vec(), packs_to_delete: Some(marks) };
        let mut builder = IndexBuilder::default();
        builder.add(&file);
        let mut added = Index::default();
        added.add(&file);
        let (five, six) = (packs[0].blobs[0], packs[0].blobs[1]);
        let (marked, named) = (packs[0].id, packs[1].id);
        for index in [builder.build(), added] {
            let of_six = [six.location(named), six.location(marked)];
            assert_eq!(index.locate(BlobKind::Data, &five.id), Some(five.location(marked)));
            assert_eq!(index.locate_all(BlobKind::Data, &five.id), [five.location(marked)]);
            assert_eq!(index.locate(BlobKind::Data, &six.id), Some(of_six[0]));
            assert_eq!(index.locate_all(BlobKind::Data, &six.id), of_six[..1]);
            assert_eq!(index.locate_to_read(BlobKind::Data, &six.id), of_six);
            assert!(!index.contains(BlobKind::Data, &five.id) && index.pack(&marked).is_none());
            assert_eq!((index.blobs(), index.packs().count()), (1, 1));
        }
    }

    #[test]
    fn a_blob_takes_at_most_40_bytes() {
        let mut builder = IndexBuilder::default();
        let count = 400_000u32;
        for pack in 0..count / 16 {
            let blobs: Vec<_> =
                (pack * 16..(pack + 1) * 16).map(|n| (BlobKind::Data, n, 1_000_000)).collect();
            builder.add(&file(&[(pack, &blobs)]));
        }
        let index = builder.build();
        let bytes_per_blob = index.memory_bytes() as f64 / f64::from(count);
        assert!(bytes_per_blob <= 40.0, "{bytes_per_blob}");
        assert_eq!(index.blobs(), count as usize);
        for blob in (0..count).step_by(97) {
            let place = index.locate(BlobKind::Data, &BlobId::of(&blob.to_le_bytes()));
            let pack = PackId::of(&(blob / 16).to_le_bytes());
            assert_eq!(place.map(|place| (place.pack, place.offset)), Some((pack, blob * 7)));
        }
    }
}
