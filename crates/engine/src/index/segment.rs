//! Entries of the index, sorted by id.

use super::IndexBlob;
use crate::blob::BlobKind;
use crate::id::BlobId;

/// A pack's place in the index's list of packs.
pub(super) type PackNumber = u32;

/// Bytes of an id that an entry keeps itself; the two before them are its bucket.
const TAIL_BYTES: usize = 22;

/// Buckets by the first two bytes of an id. Their table is only made for segments that are large
/// enough for it not to matter.
const BUCKETS: usize = 1 << 16;

/// Stands for lengths that three bytes cannot hold.
pub(super) const LENGTH_ESCAPE: u32 = 0xff_ffff;

/// The tail of an id and a location: 36 bytes, without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    tail: [u8; TAIL_BYTES],
    pack: [u8; 4],
    offset: [u8; 4],
    length: [u8; 3],
    uncompressed_length: [u8; 3],
}

impl Entry {
    pub(super) fn new(pack: PackNumber, blob: &IndexBlob) -> Self {
        let three_bytes = |length: u32| {
            let [a, b, c, _] = length.min(LENGTH_ESCAPE).to_le_bytes();
            [a, b, c]
        };
        Self {
            tail: tail_of(&blob.id),
            pack: pack.to_le_bytes(),
            offset: blob.offset.to_le_bytes(),
            length: three_bytes(blob.length),
            uncompressed_length: three_bytes(blob.uncompressed_length),
        }
    }

    pub(super) fn pack(&self) -> PackNumber {
        u32::from_le_bytes(self.pack)
    }

    pub(super) fn offset(&self) -> u32 {
        u32::from_le_bytes(self.offset)
    }

    pub(super) fn length(&self) -> u32 {
        let [a, b, c] = self.length;
        u32::from_le_bytes([a, b, c, 0])
    }

    pub(super) fn uncompressed_length(&self) -> u32 {
        let [a, b, c] = self.uncompressed_length;
        u32::from_le_bytes([a, b, c, 0])
    }
}

fn tail_of(id: &BlobId) -> [u8; TAIL_BYTES] {
    *id.as_bytes()[2..].first_chunk().expect("an id has 32 bytes")
}

fn bucket_of(id: &BlobId) -> usize {
    let bytes = id.as_bytes();
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// Entries of both kinds.
#[derive(Debug)]
pub(super) struct Segment {
    data: Sorted,
    trees: Sorted,
}

impl Segment {
    pub(super) fn new(data: Vec<(u16, Entry)>, trees: Vec<(u16, Entry)>) -> Self {
        Self { data: Sorted::new(data), trees: Sorted::new(trees) }
    }

    pub(super) fn find(&self, kind: BlobKind, id: &BlobId) -> &[Entry] {
        self.of(kind).find(id)
    }

    /// Where in the segment, data before trees, a blob's entries begin, and how many there are.
    pub(super) fn positions(&self, kind: BlobKind, id: &BlobId) -> (usize, usize) {
        let before = if kind == BlobKind::Tree { self.data.entries.len() } else { 0 };
        let (first, count) = self.of(kind).positions(id);
        (before + first, count)
    }

    /// The entries of a kind in order, and of each whether it is of the same blob as the one before.
    pub(super) fn entries(&self, kind: BlobKind) -> impl Iterator<Item = (&Entry, bool)> {
        self.of(kind).entries()
    }

    pub(super) fn len(&self) -> usize {
        self.data.entries.len() + self.trees.entries.len()
    }

    pub(super) fn len_of(&self, kind: BlobKind) -> usize {
        self.of(kind).entries.len()
    }

    pub(super) fn merge(&self, other: &Self) -> Self {
        Self { data: self.data.merge(&other.data), trees: self.trees.merge(&other.trees) }
    }

    /// Keeps only the entries that `is_kept`.
    pub(super) fn retain(&mut self, is_kept: &dyn Fn(&Entry) -> bool) {
        for sorted in [&mut self.data, &mut self.trees] {
            let kept: Vec<_> = sorted.iter().filter(|(_, entry)| is_kept(entry)).collect();
            if kept.len() < sorted.entries.len() {
                *sorted = Sorted::from_ordered(kept.len(), kept.into_iter());
            }
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        [&self.data, &self.trees]
            .map(|sorted| {
                sorted.entries.capacity() * size_of::<Entry>() + sorted.starts.capacity() * 4
            })
            .iter()
            .sum()
    }

    fn of(&self, kind: BlobKind) -> &Sorted {
        match kind {
            BlobKind::Data => &self.data,
            BlobKind::Tree => &self.trees,
        }
    }
}

/// The bucket of an id that is on its way into a segment.
pub(super) fn bucket(id: &BlobId) -> u16 {
    u16::try_from(bucket_of(id)).expect("a bucket is two bytes")
}

#[derive(Debug, Default)]
struct Sorted {
    entries: Vec<Entry>,
    /// Where each bucket begins, and the end of the last.
    starts: Vec<u32>,
}

impl Sorted {
    fn new(mut unsorted: Vec<(u16, Entry)>) -> Self {
        unsorted.sort_unstable_by_key(|(bucket, entry)| (*bucket, key(entry)));
        unsorted.dedup();
        Self::from_ordered(unsorted.len(), unsorted.into_iter())
    }

    fn from_ordered(count: usize, ordered: impl Iterator<Item = (u16, Entry)>) -> Self {
        if count == 0 {
            return Self::default();
        }
        let mut entries = Vec::with_capacity(count);
        let mut starts = Vec::with_capacity(BUCKETS + 1);
        let position =
            |entries: &Vec<Entry>| u32::try_from(entries.len()).expect("fewer than 2^32 blobs");
        for (bucket, entry) in ordered {
            while starts.len() <= usize::from(bucket) {
                starts.push(position(&entries));
            }
            entries.push(entry);
        }
        starts.resize(BUCKETS + 1, position(&entries));
        entries.shrink_to_fit();
        Self { entries, starts }
    }

    fn find(&self, id: &BlobId) -> &[Entry] {
        let (first, count) = self.positions(id);
        &self.entries[first..first + count]
    }

    /// Where the entries of a blob begin, and how many there are.
    fn positions(&self, id: &BlobId) -> (usize, usize) {
        if self.entries.is_empty() {
            return (0, 0);
        }
        let bucket = bucket_of(id);
        let start = self.starts[bucket] as usize;
        let (entries, tail) = (&self.entries[start..self.starts[bucket + 1] as usize], tail_of(id));
        let first = entries.partition_point(|entry| entry.tail < tail);
        let count = entries[first..].iter().take_while(|entry| entry.tail == tail).count();
        (start + first, count)
    }

    fn entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        let windows = self.starts.windows(2);
        windows.flat_map(|window| {
            let bucket = &self.entries[window[0] as usize..window[1] as usize];
            (0..bucket.len())
                .map(move |at| (&bucket[at], at > 0 && bucket[at - 1].tail == bucket[at].tail))
        })
    }

    fn merge(&self, other: &Self) -> Self {
        let count = self.entries.len() + other.entries.len();
        let mut merged = Vec::with_capacity(count);
        let (mut left, mut right) = (self.iter().peekable(), other.iter().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) if (a.0, key(&a.1)) <= (b.0, key(&b.1)) => left.next(),
                (_, Some(_)) => right.next(),
                (Some(_), None) => left.next(),
                (None, None) => break,
            };
            merged.extend(next);
        }
        merged.dedup();
        Self::from_ordered(merged.len(), merged.into_iter())
    }

    fn iter(&self) -> impl Iterator<Item = (u16, Entry)> {
        (0..=u16::MAX).zip(self.starts.windows(2)).flat_map(|(bucket, window)| {
            let range = window[0] as usize..window[1] as usize;
            self.entries[range].iter().map(move |entry| (bucket, *entry))
        })
    }
}

fn key(entry: &Entry) -> ([u8; TAIL_BYTES], PackNumber, u32) {
    (entry.tail, entry.pack(), entry.offset())
}
