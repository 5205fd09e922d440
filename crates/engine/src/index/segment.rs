//! Entries of the index, sorted by id.

use parking_lot::Mutex;

use super::IndexBlob;
use crate::blob::BlobKind;
use crate::id::BlobId;

/// A pack's place in the index's list of packs.
pub(super) type PackNumber = u32;

/// Bytes of an id that an entry keeps itself; the two before them are its shard and its bucket.
const TAIL_BYTES: usize = 22;

/// Shards by the first byte of an id: each is sorted by itself, so that all cores sort, and none needs
/// much memory at once.
const SHARDS: usize = 1 << 8;

/// Buckets of a shard, by the second byte of an id.
const BUCKETS: usize = 1 << 8;

/// Fewer entries than this are sorted before a second thread has begun.
const THREADED_ENTRIES_MIN: usize = 100_000;

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

/// Entries on their way into a segment, each with its bucket, in shards.
#[derive(Debug, Default)]
pub(super) struct Unsorted(Vec<Vec<(u8, Entry)>>);

impl Unsorted {
    pub(super) fn push(&mut self, id: &BlobId, entry: Entry) {
        if self.0.is_empty() {
            self.0.resize_with(SHARDS, Vec::new);
        }
        let [shard, bucket, ..] = *id.as_bytes();
        self.0[usize::from(shard)].push((bucket, entry));
    }
}

/// Entries of both kinds.
#[derive(Debug)]
pub(super) struct Segment {
    data: Sorted,
    trees: Sorted,
}

impl Segment {
    pub(super) fn new(data: Unsorted, trees: Unsorted) -> Self {
        Self { data: Sorted::new(data), trees: Sorted::new(trees) }
    }

    pub(super) fn find(&self, kind: BlobKind, id: &BlobId) -> &[Entry] {
        self.of(kind).find(id)
    }

    /// Where in the segment, data before trees, a blob's entries begin, and how many there are.
    pub(super) fn positions(&self, kind: BlobKind, id: &BlobId) -> (usize, usize) {
        let before = if kind == BlobKind::Tree { self.data.len() } else { 0 };
        let (first, count) = self.of(kind).positions(id);
        (before + first, count)
    }

    /// The entries of a kind in order, and of each whether it is of the same blob as the one before.
    pub(super) fn entries(&self, kind: BlobKind) -> impl Iterator<Item = (&Entry, bool)> {
        self.of(kind).entries()
    }

    pub(super) fn len(&self) -> usize {
        self.data.len() + self.trees.len()
    }

    pub(super) fn len_of(&self, kind: BlobKind) -> usize {
        self.of(kind).len()
    }

    pub(super) fn merge(&self, other: &Self) -> Self {
        Self { data: self.data.merge(&other.data), trees: self.trees.merge(&other.trees) }
    }

    /// Keeps only the entries that `is_kept`.
    pub(super) fn retain(&mut self, is_kept: &dyn Fn(&Entry) -> bool) {
        for sorted in [&mut self.data, &mut self.trees] {
            sorted.shards.iter_mut().for_each(|shard| shard.retain(is_kept));
            sorted.count();
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let shards = self.data.shards.iter().chain(&self.trees.shards);
        let bytes = |shard: &Shard| {
            shard.entries.capacity() * size_of::<Entry>() + shard.starts.capacity() * 4
        };
        shards.map(bytes).sum()
    }

    fn of(&self, kind: BlobKind) -> &Sorted {
        match kind {
            BlobKind::Data => &self.data,
            BlobKind::Tree => &self.trees,
        }
    }
}

/// Entries of a kind.
#[derive(Debug, Default)]
struct Sorted {
    /// None if there are no entries.
    shards: Vec<Shard>,
}

/// The entries whose ids have the same first byte.
#[derive(Debug, Default)]
struct Shard {
    entries: Vec<Entry>,
    /// Where each bucket begins, and the end of the last; empty if there are no entries.
    starts: Vec<u32>,
    /// How many entries the shards before this one have.
    before: usize,
}

impl Sorted {
    fn new(unsorted: Unsorted) -> Self {
        let count: usize = unsorted.0.iter().map(Vec::len).sum();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let others = if count < THREADED_ENTRIES_MIN { 0 } else { cores - 1 };
        let sorted = Mutex::new(Vec::with_capacity(unsorted.0.len()));
        let left = Mutex::new(unsorted.0.into_iter().enumerate());
        let work = || {
            loop {
                let Some((number, entries)) = left.lock().next() else { return };
                let shard = Shard::sorted(entries);
                sorted.lock().push((number, shard));
            }
        };
        std::thread::scope(|scope| {
            (0..others).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        let mut shards = sorted.into_inner();
        shards.sort_unstable_by_key(|(number, _)| *number);
        Self::from_shards(shards.into_iter().map(|(_, shard)| shard).collect())
    }

    fn from_shards(shards: Vec<Shard>) -> Self {
        let mut sorted = Self { shards };
        sorted.count();
        sorted
    }

    /// Tells each shard how many entries are before it.
    fn count(&mut self) {
        let mut before = 0;
        for shard in &mut self.shards {
            shard.before = before;
            before += shard.entries.len();
        }
    }

    fn len(&self) -> usize {
        self.shards.last().map_or(0, |shard| shard.before + shard.entries.len())
    }

    fn find(&self, id: &BlobId) -> &[Entry] {
        let (first, count) = self.positions(id);
        if count == 0 {
            return &[];
        }
        let shard = &self.shards[usize::from(id.as_bytes()[0])];
        &shard.entries[first - shard.before..][..count]
    }

    /// Where the entries of a blob begin, and how many there are.
    fn positions(&self, id: &BlobId) -> (usize, usize) {
        let Some(shard) = self.shards.get(usize::from(id.as_bytes()[0])) else { return (0, 0) };
        let tail = tail_of(id);
        let (start, entries) = shard.bucket(usize::from(id.as_bytes()[1]));
        let first = entries.partition_point(|entry| entry.tail < tail);
        let count = entries[first..].iter().take_while(|entry| entry.tail == tail).count();
        (shard.before + start + first, count)
    }

    fn entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        let buckets = self
            .shards
            .iter()
            .flat_map(|shard| (0..BUCKETS).map(move |number| shard.bucket(number).1));
        buckets.flat_map(|bucket| {
            (0..bucket.len())
                .map(move |at| (&bucket[at], at > 0 && bucket[at - 1].tail == bucket[at].tail))
        })
    }

    fn merge(&self, other: &Self) -> Self {
        let empty = Shard::default();
        let shards = (0..self.shards.len().max(other.shards.len())).map(|number| {
            let [one, two] = [self, other].map(|it| it.shards.get(number).unwrap_or(&empty));
            one.merge(two)
        });
        Self::from_shards(shards.collect())
    }
}

impl Shard {
    fn sorted(mut entries: Vec<(u8, Entry)>) -> Self {
        entries
            .sort_unstable_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| key(&a.1).cmp(&key(&b.1))));
        entries.dedup();
        if entries.is_empty() {
            return Self::default();
        }
        let ends = |bucket: usize| entries.partition_point(|it| usize::from(it.0) < bucket);
        let starts = (0..=BUCKETS).map(|bucket| position(ends(bucket))).collect();
        // The standard library makes the one list of the other in the same place.
        let mut entries: Vec<Entry> = entries.into_iter().map(|(_, entry)| entry).collect();
        entries.shrink_to_fit();
        Self { entries, starts, before: 0 }
    }

    fn from_ordered(count: usize, ordered: impl Iterator<Item = (u8, Entry)>) -> Self {
        if count == 0 {
            return Self::default();
        }
        let mut entries = Vec::with_capacity(count);
        let mut starts = Vec::with_capacity(BUCKETS + 1);
        for (bucket, entry) in ordered {
            while starts.len() <= usize::from(bucket) {
                starts.push(position(entries.len()));
            }
            entries.push(entry);
        }
        starts.resize(BUCKETS + 1, position(entries.len()));
        entries.shrink_to_fit();
        Self { entries, starts, before: 0 }
    }

    /// Where in the shard a bucket begins, and its entries.
    fn bucket(&self, number: usize) -> (usize, &[Entry]) {
        if self.entries.is_empty() {
            return (0, &[]);
        }
        let (start, end) = (self.starts[number] as usize, self.starts[number + 1] as usize);
        (start, &self.entries[start..end])
    }

    fn retain(&mut self, is_kept: &dyn Fn(&Entry) -> bool) {
        let kept: Vec<_> = self.iter().filter(|(_, entry)| is_kept(entry)).collect();
        if kept.len() < self.entries.len() {
            *self = Self::from_ordered(kept.len(), kept.into_iter());
        }
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

    fn iter(&self) -> impl Iterator<Item = (u8, Entry)> {
        (0..=u8::MAX).flat_map(|bucket| {
            let (_, entries) = self.bucket(usize::from(bucket));
            entries.iter().map(move |entry| (bucket, *entry))
        })
    }
}

fn position(number: usize) -> u32 {
    u32::try_from(number).expect("fewer than 2^32 blobs")
}

/// What most entries of a shard differ in already.
fn rank((bucket, entry): &(u8, Entry)) -> u64 {
    let [a, b, c, d, e, f, g, ..] = entry.tail;
    u64::from_be_bytes([*bucket, a, b, c, d, e, f, g])
}

fn key(entry: &Entry) -> ([u8; TAIL_BYTES], PackNumber, u32) {
    (entry.tail, entry.pack(), entry.offset())
}
