//! Entries by number, for work that goes through all of them.
//!
//! Numbers count through the segments in order, data before trees. They hold until the index is
//! changed.

use super::Index;
use super::segment::PackNumber;
use crate::blob::{BlobKind, PackedBlob};
use crate::id::BlobId;

/// One entry: a blob in a pack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The entry's number.
    pub(crate) number: usize,
    /// The blob's kind.
    pub(crate) kind: BlobKind,
    /// The number of its pack, as [`Index::packs`] counts them.
    pub(crate) pack: PackNumber,
    /// Number of its sealed bytes.
    pub(crate) length: u32,
    /// True if it is compressed.
    pub(crate) is_compressed: bool,
    /// True if the entry before this one is of the same blob.
    pub(crate) is_copy: bool,
}

impl Index {
    /// Merges everything into one segment, so that all entries of a blob follow each other.
    pub(crate) fn merge(&mut self) {
        while let [.., _, _] = self.segments.as_slice() {
            let last = self.segments.pop().expect("there are two");
            let before = self.segments.pop().expect("there are two");
            self.segments.push(before.merge(&last));
        }
    }

    /// Every entry.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + '_ {
        let kinds = [BlobKind::Data, BlobKind::Tree];
        let lists = self.segments.iter().flat_map(move |segment| {
            kinds.into_iter().map(move |kind| (kind, segment.entries(kind)))
        });
        let entries = lists.flat_map(|(kind, entries)| entries.map(move |entry| (kind, entry)));
        entries.enumerate().map(|(number, (kind, (entry, is_copy)))| {
            let location = self.packs.location(entry);
            Place {
                number,
                kind,
                pack: entry.pack(),
                length: location.length,
                is_compressed: location.uncompressed_length.is_some(),
                is_copy,
            }
        })
    }

    /// The numbers of all entries of a blob.
    pub(crate) fn place_numbers(
        &self,
        kind: BlobKind,
        id: &BlobId,
    ) -> impl Iterator<Item = usize> + '_ {
        let mut before = 0;
        let id = *id;
        self.segments.iter().flat_map(move |segment| {
            let (first, count) = segment.positions(kind, &id);
            let first = before + first;
            before += segment.len();
            first..first + count
        })
    }

    /// The number of the entry that says that the blob is where it is.
    pub(crate) fn place_number(&self, blob: &PackedBlob) -> Option<usize> {
        let located = self.locate_all(blob.kind, &blob.id);
        let position = located.iter().position(|location| *location == blob.location)?;
        self.place_numbers(blob.kind, &blob.id).nth(position)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use crate::id::{BlobId, PackId};
    use crate::index::{Index, IndexBlob, IndexFile, IndexPack};

    use super::*;

    fn blob(kind: BlobKind, n: u32) -> IndexBlob {
        let id = BlobId::of(&n.to_le_bytes());
        IndexBlob { id, kind, offset: n * 100, length: 50, uncompressed_length: n % 2 }
    }

    fn file(pack: &[u8], blobs: Vec<IndexBlob>) -> IndexFile {
        let packs = vec![IndexPack { id: PackId::of(pack), blobs }];
        IndexFile { packs, packs_to_delete: None }
    }

    #[test]
    fn each_entry_has_a_number_under_which_it_is_found_again() {
        let kinds = [BlobKind::Data, BlobKind::Tree];
        let blobs = |from: u32, to: u32| -> Vec<_> {
            (from..to).flat_map(|n| kinds.map(|kind| blob(kind, n))).collect()
        };
        let files =
            [file(b"one", blobs(0, 20)), file(b"two", blobs(10, 30)), file(b"three", blobs(5, 6))];
        let mut index = Index::default();
        files.iter().for_each(|file| index.add(file));
        for _ in 0..2 {
            let places: Vec<_> = index.places().collect();
            assert_eq!(places.len(), index.blobs());
            let mut copies: HashMap<_, usize> = HashMap::new();
            for pack in files.iter().flat_map(|file| &file.packs) {
                for one in &pack.blobs {
                    let location = one.location(pack.id);
                    let packed = PackedBlob { id: one.id, kind: one.kind, location };
                    let number = index.place_number(&packed).expect("it is there");
                    let place = places[number];
                    assert_eq!((place.number, place.kind), (number, one.kind));
                    assert_eq!(place.is_compressed, location.uncompressed_length.is_some());
                    let summary = index.packs().nth(place.pack as usize).expect("a pack");
                    assert_eq!(summary.id, pack.id);
                    *copies.entry((one.kind, one.id)).or_default() += 1;
                }
            }
            for ((kind, id), count) in copies {
                assert_eq!(index.place_numbers(kind, &id).count(), count);
            }
            index.merge();
        }
        assert_eq!(index.places().filter(|place| place.is_copy).count(), 2 * (10 + 1));
    }
}
