//! Where every blob of a repository lies, in at most 40 bytes of memory each.
//!
//! Entries are kept sorted by id in a few segments, the way a log-structured store does it: loading
//! makes one segment, each index file that a backup stores adds another, and small ones are merged.
//! An entry keeps 192 of the 256 bits of an id: the first 16 as its place in a table, the rest beside
//! the location. Two blobs that agree in 192 bits of SHA-256 would take 2^96 sums to find, and what is
//! read is checked against the whole id in any case.

mod file;
mod packs;
mod places;
mod segment;

pub use file::{BLOBS_PER_FILE_MAX, IndexBlob, IndexFile, IndexPack};

pub use packs::PackSummary;
pub(crate) use places::Place;

use std::collections::HashSet;

use packs::Packs;
use segment::{Entry, Segment, bucket};

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
    /// Packs that rustic is going to remove.
    marked: HashSet<PackId>,
}

/// Collects entries, then sorts them once.
#[derive(Debug, Default)]
pub struct IndexBuilder {
    data: Vec<(u16, Entry)>,
    trees: Vec<(u16, Entry)>,
    packs: Packs,
    marked: HashSet<PackId>,
}

impl IndexBuilder {
    /// Adds what an index file says.
    pub fn add(&mut self, file: &IndexFile) {
        self.marked.extend(file.marked_packs());
        for pack in &file.packs {
            let number = self.packs.number_of(pack);
            for blob in &pack.blobs {
                let entry = self.packs.entry(number, blob);
                match blob.kind {
                    BlobKind::Data => self.data.push((bucket(&blob.id), entry)),
                    BlobKind::Tree => self.trees.push((bucket(&blob.id), entry)),
                }
            }
        }
    }

    /// The index of everything that was added.
    #[must_use]
    pub fn build(self) -> Index {
        let mut index = Index { segments: Vec::new(), packs: self.packs, marked: self.marked };
        index.packs.shrink();
        index.segments.push(Segment::new(self.data, self.trees));
        index
    }
}

impl Index {
    /// Adds what an index file says that was just stored.
    pub fn add(&mut self, file: &IndexFile) {
        let mut builder =
            IndexBuilder { packs: std::mem::take(&mut self.packs), ..Default::default() };
        builder.add(file);
        self.packs = builder.packs;
        self.marked.extend(builder.marked);
        self.segments.push(Segment::new(builder.data, builder.trees));
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

    /// True if the blob lies in a known pack.
    #[must_use]
    pub fn contains(&self, kind: BlobKind, id: &BlobId) -> bool {
        self.segments.iter().any(|segment| !segment.find(kind, id).is_empty())
    }

    /// Where the blob lies; any one place, if there are several.
    #[must_use]
    pub fn locate(&self, kind: BlobKind, id: &BlobId) -> Option<BlobLocation> {
        let entry = self.segments.iter().find_map(|segment| segment.find(kind, id).first())?;
        Some(self.packs.location(entry))
    }

    /// Every place where the blob lies.
    #[must_use]
    pub fn locate_all(&self, kind: BlobKind, id: &BlobId) -> Vec<BlobLocation> {
        let entries = self.segments.iter().flat_map(|segment| segment.find(kind, id));
        entries.map(|entry| self.packs.location(entry)).collect()
    }

    /// Number of entries.
    #[must_use]
    pub fn blobs(&self) -> usize {
        self.segments.iter().map(Segment::len).sum()
    }

    /// Number of entries of a kind.
    #[must_use]
    pub fn blobs_of(&self, kind: BlobKind) -> usize {
        self.segments.iter().map(|segment| segment.len_of(kind)).sum()
    }

    /// The known packs.
    pub fn packs(&self) -> impl Iterator<Item = &PackSummary> {
        self.packs.iter()
    }

    /// The known pack with this id.
    #[must_use]
    pub fn pack(&self, id: &PackId) -> Option<&PackSummary> {
        self.packs.find(id)
    }

    /// True if rustic is going to remove the pack: nothing new may rely on it.
    #[must_use]
    pub fn is_marked(&self, id: &PackId) -> bool {
        self.marked.contains(id)
    }

    /// Forgets what lies in these packs, because they turned out to be lost.
    pub fn forget_blobs_in(&mut self, lost: &HashSet<PackId>) {
        let numbers = self.packs.numbers_of(lost);
        for segment in &mut self.segments {
            segment.retain(&|entry| !numbers.contains(&entry.pack()));
        }
    }

    /// Bytes of memory that entries and packs take.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let segments: usize = self.segments.iter().map(Segment::memory_bytes).sum();
        segments + self.packs.memory_bytes()
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
    }
}
