//! Entries of the index, sorted by id.

use std::sync::Arc;

use parking_lot::Mutex;

use super::IndexBlob;
use crate::blob::BlobKind;
use crate::id::BlobId;
use crate::manners;

/// A pack's place in the index's list of packs.
pub(super) type PackNumber = u32;

/// Bytes of an id that an entry keeps itself; the two before them are its shard and its bucket.
const TAIL_BYTES: usize = 22;

/// Shards by the first byte of an id: each is sorted by itself, so that all cores sort, and none needs
/// much memory at once.
pub(super) const SHARDS: usize = 1 << 8;

/// Buckets of a shard, by the second byte of an id.
pub(super) const BUCKETS: usize = 1 << 8;

/// Fewer entries than this are sorted before a second thread has begun.
const THREADED_ENTRIES_MIN: usize = 100_000;

/// Room is made for no more entries of a shard than this: who lists many files need not have them.
const RESERVED_MAX: usize = 1 << 18;

/// Stands for lengths that three bytes cannot hold.
pub(super) const LENGTH_ESCAPE: u32 = 0xff_ffff;

/// Bytes of an entry: the tail of an id, pack, offset, length and uncompressed length.
pub(super) const ENTRY_BYTES: usize = TAIL_BYTES + 4 + 4 + 3 + 3;

/// An entry as it lies in memory, and in a sorted index.
pub(super) type Raw = [u8; ENTRY_BYTES];

/// The tail of an id and a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(pub(super) Raw);

impl Entry {
    pub(super) fn new(pack: PackNumber, blob: &IndexBlob) -> Self {
        let mut raw = [0; ENTRY_BYTES];
        raw[..22].copy_from_slice(&tail_of(&blob.id));
        raw[22..26].copy_from_slice(&pack.to_le_bytes());
        raw[26..30].copy_from_slice(&blob.offset.to_le_bytes());
        let lengths = [blob.length, blob.uncompressed_length];
        for (bytes, length) in raw[30..].chunks_exact_mut(3).zip(lengths) {
            bytes.copy_from_slice(&length.min(LENGTH_ESCAPE).to_le_bytes()[..3]);
        }
        Self(raw)
    }

    fn tail(&self) -> &[u8; TAIL_BYTES] {
        self.0.first_chunk().expect("an entry begins with it")
    }

    pub(super) fn pack(&self) -> PackNumber {
        let [.., a, b, c, d, _, _, _, _, _, _, _, _, _, _] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }

    pub(super) fn offset(&self) -> u32 {
        let [.., a, b, c, d, _, _, _, _, _, _] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }

    pub(super) fn length(&self) -> u32 {
        let [.., a, b, c, _, _, _] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }

    pub(super) fn uncompressed_length(&self) -> u32 {
        let [.., a, b, c] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }

    /// What entries are sorted by: all that they are, so that equal ones lie side by side however many
    /// places somebody gave a blob.
    pub(super) fn key(&self) -> &Raw {
        &self.0
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

    /// Makes room for `times` what is there: growing by itself would take up to twice what it needs.
    /// Ids are sums, so shards have about as many entries each.
    pub(super) fn reserve(&mut self, times: f64) {
        let count: usize = self.0.iter().map(Vec::len).sum();
        let expected = count as f64 * times / SHARDS as f64;
        let most = (expected * 1.02 + 4.0 * expected.sqrt()) as usize;
        let most = most.min(RESERVED_MAX);
        for shard in &mut self.0 {
            // Without the room it grows as ever.
            let _ = shard.try_reserve_exact(most.saturating_sub(shard.len()));
        }
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

    /// A segment of sorted shards; none of a kind if it has no entries.
    pub(super) fn from_shards([data, trees]: [Vec<Shard>; 2]) -> Self {
        let sorted =
            |shards: Vec<Shard>| Sorted::from_shards(shards.into_iter().map(Arc::new).collect());
        Self { data: sorted(data), trees: sorted(trees) }
    }

    /// A shard of a kind, if there are any.
    pub(super) fn shard(&self, kind: BlobKind, number: usize) -> Option<Arc<Shard>> {
        self.of(kind).shards.get(number).map(Arc::clone)
    }

    pub(super) fn find(
        &self,
        kind: BlobKind,
        id: &BlobId,
    ) -> impl ExactSizeIterator<Item = Entry> + use<'_> {
        self.of(kind).find(id).iter().map(|raw| Entry(*raw))
    }

    /// Where in the segment, data before trees, a blob's entries begin, and how many there are.
    pub(super) fn positions(&self, kind: BlobKind, id: &BlobId) -> (usize, usize) {
        let before = if kind == BlobKind::Tree { self.data.len() } else { 0 };
        let (first, count) = self.of(kind).positions(id);
        (before + first, count)
    }

    /// The entries of a kind in order, and of each whether it is of the same blob as the one before.
    pub(super) fn entries(&self, kind: BlobKind) -> impl Iterator<Item = (Entry, bool)> {
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
            for shard in &mut sorted.shards {
                if let Some(kept) = shard.retained(|_, entry| is_kept(entry)) {
                    *shard = Arc::new(kept);
                }
            }
            sorted.count();
        }
    }

    /// Leaves out what another segment says as well.
    pub(super) fn leave_out(&mut self, other: &Self) {
        for (sorted, others) in [(&mut self.data, &other.data), (&mut self.trees, &other.trees)] {
            for (shard, other) in sorted.shards.iter_mut().zip(&others.shards) {
                if let Some(kept) = shard.retained(|bucket, entry| !other.has(bucket, entry)) {
                    *shard = Arc::new(kept);
                }
            }
            sorted.count();
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let shards = self.data.shards.iter().chain(&self.trees.shards);
        let bytes = |shard: &Arc<Shard>| {
            size_of::<Shard>()
                + shard.entries.capacity() * ENTRY_BYTES
                + shard.starts.capacity() * size_of::<u32>()
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
    shards: Vec<Arc<Shard>>,
    /// How many entries the shards before each have.
    before: Vec<usize>,
}

/// The entries whose ids have the same first byte. It never changes: others may be reading it.
#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: Vec<Raw>,
    /// Where each bucket begins, and the end of the last; empty if there are no entries.
    starts: Vec<u32>,
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
            (0..others).for_each(|_| drop(scope.spawn(manners::as_here(work))));
            work();
        });
        let mut shards = sorted.into_inner();
        shards.sort_unstable_by_key(|(number, _)| *number);
        Self::from_shards(shards.into_iter().map(|(_, shard)| Arc::new(shard)).collect())
    }

    fn from_shards(shards: Vec<Arc<Shard>>) -> Self {
        let mut sorted = Self { shards, before: Vec::new() };
        sorted.count();
        sorted
    }

    fn count(&mut self) {
        let counts = self.shards.iter().map(|shard| shard.entries.len());
        let before = counts.scan(0, |before, count| {
            *before += count;
            Some(*before - count)
        });
        self.before = before.collect();
    }

    fn len(&self) -> usize {
        let last = self.before.last().zip(self.shards.last());
        last.map_or(0, |(before, shard)| before + shard.entries.len())
    }

    fn find(&self, id: &BlobId) -> &[Raw] {
        let (first, count) = self.positions(id);
        if count == 0 {
            return &[];
        }
        let number = usize::from(id.as_bytes()[0]);
        &self.shards[number].entries[first - self.before[number]..][..count]
    }

    /// Where the entries of a blob begin, and how many there are.
    fn positions(&self, id: &BlobId) -> (usize, usize) {
        let number = usize::from(id.as_bytes()[0]);
        let Some(shard) = self.shards.get(number) else { return (0, 0) };
        let tail = tail_of(id);
        let (start, entries) = shard.bucket(usize::from(id.as_bytes()[1]));
        let first = entries.partition_point(|raw| *Entry(*raw).tail() < tail);
        let count = entries[first..].iter().take_while(|raw| raw.starts_with(&tail)).count();
        (self.before[number] + start + first, count)
    }

    fn entries(&self) -> impl Iterator<Item = (Entry, bool)> {
        let buckets = self
            .shards
            .iter()
            .flat_map(|shard| (0..BUCKETS).map(move |number| shard.bucket(number).1));
        buckets.flat_map(|bucket| {
            (0..bucket.len()).map(move |at| {
                let entry = Entry(bucket[at]);
                (entry, at > 0 && bucket[at - 1].starts_with(entry.tail()))
            })
        })
    }

    fn merge(&self, other: &Self) -> Self {
        let empty = Shard::default();
        let shards = (0..self.shards.len().max(other.shards.len())).map(|number| {
            let [one, two] =
                [self, other].map(|it| it.shards.get(number).map_or(&empty, |shard| shard));
            Arc::new(one.merge(two))
        });
        Self::from_shards(shards.collect())
    }
}

impl Shard {
    /// A shard of what [`parts`](Self::parts) gave; `None` if it is not sorted, or has an entry that
    /// not `is_known`.
    pub(super) fn of_parts(
        entries: Vec<Raw>,
        starts: Vec<u32>,
        is_known: impl Fn(Entry) -> bool,
    ) -> Option<Self> {
        let ends_right = starts.last().map_or(0, |end| *end as usize) == entries.len();
        if !ends_right || !starts.is_sorted() || !(starts.is_empty() || starts.len() == BUCKETS + 1)
        {
            return None;
        }
        let shard = Self { entries, starts };
        let is_sorted = |number| shard.bucket(number).1.is_sorted();
        let is_sound =
            (0..BUCKETS).all(is_sorted) && shard.entries.iter().all(|raw| is_known(Entry(*raw)));
        is_sound.then_some(shard)
    }

    /// The entries, and where each bucket begins.
    pub(super) fn parts(&self) -> (&[Raw], &[u32]) {
        (&self.entries, &self.starts)
    }

    /// Number of bytes of its entries.
    pub(super) fn bytes(&self) -> u64 {
        self.entries.as_flattened().len() as u64
    }

    fn sorted(mut entries: Vec<(u8, Entry)>) -> Self {
        entries
            .sort_unstable_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.1.key().cmp(b.1.key())));
        entries.dedup();
        if entries.is_empty() {
            return Self::default();
        }
        let ends = |bucket: usize| entries.partition_point(|it| usize::from(it.0) < bucket);
        let starts = (0..=BUCKETS).map(|bucket| position(ends(bucket))).collect();
        // The standard library makes the one list of the other in the same place.
        let mut entries: Vec<Raw> = entries.into_iter().map(|(_, entry)| entry.0).collect();
        entries.shrink_to_fit();
        Self { entries, starts }
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
            entries.push(entry.0);
        }
        starts.resize(BUCKETS + 1, position(entries.len()));
        entries.shrink_to_fit();
        Self { entries, starts }
    }

    /// Where in the shard a bucket begins, and its entries.
    fn bucket(&self, number: usize) -> (usize, &[Raw]) {
        if self.entries.is_empty() {
            return (0, &[]);
        }
        let (start, end) = (self.starts[number] as usize, self.starts[number + 1] as usize);
        (start, &self.entries[start..end])
    }

    /// The shard with only the entries that `is_kept`; `None` if that is all of them.
    fn retained(&self, is_kept: impl Fn(u8, &Entry) -> bool) -> Option<Self> {
        let is_kept = |(bucket, entry): &(u8, Entry)| is_kept(*bucket, entry);
        let count = self.iter().filter(is_kept).count();
        let is_less = count < self.entries.len();
        is_less.then(|| Self::from_ordered(count, self.iter().filter(is_kept)))
    }

    fn has(&self, bucket: u8, entry: &Entry) -> bool {
        let (_, entries) = self.bucket(usize::from(bucket));
        entries.binary_search(&entry.0).is_ok()
    }

    pub(super) fn merge(&self, other: &Self) -> Self {
        let count = self.entries.len() + other.entries.len();
        let mut merged = Vec::with_capacity(count);
        let (mut left, mut right) = (self.iter().peekable(), other.iter().peekable());
        loop {
            let next = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) if (a.0, a.1.key()) <= (b.0, b.1.key()) => left.next(),
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
            entries.iter().map(move |raw| (bucket, Entry(*raw)))
        })
    }
}

fn position(number: usize) -> u32 {
    u32::try_from(number).expect("fewer than 2^32 blobs")
}

/// What most entries of a shard differ in already.
fn rank((bucket, entry): &(u8, Entry)) -> u64 {
    let [a, b, c, d, e, f, g, ..] = entry.0;
    u64::from_be_bytes([*bucket, a, b, c, d, e, f, g])
}
