//! What a sorted index is made of.
//!
//! ```text
//! shard ...      the entries of a shard, 36 bytes each, encrypted
//! head           sealed: mark, repository, index files; then each part:
//!                packs, long lengths, and of each kind the shards: count, seal, where buckets begin
//! length of the head (8), mark (8)
//! ```
//!
//! There is one part, and a second for marked packs if there are any. The seal of a shard, its nonce
//! and its tag, is in the head: so none can be put in another's place, be it of this file or of an
//! older one, and the entries need no room for anything but themselves. Numbers are little-endian.

use std::ops::Range;

use super::super::packs::Packs;
use super::super::segment::{BUCKETS, SHARDS};
use crate::crypto::Seal;
use crate::id::RawId;

/// The format and its version. Whatever changes in an entry or in the head changes the last byte.
pub(super) const MARK: [u8; 8] = *b"hfindex2";

/// A head has 40 bytes a pack and a kilobyte a shard. One of more bytes than this is not written, and a
/// length is believed up to it before anything is known to be ours.
pub(super) const HEAD_BYTES_MAX: usize = 1 << 30;

/// Bytes after the head: its length, and the mark.
pub(super) const END_BYTES: usize = 16;

/// The head.
pub(super) struct Head {
    pub(super) repository: RawId,
    pub(super) files: Vec<RawId>,
    pub(super) parts: Vec<Part>,
}

/// What an [`Index`](super::Index) is, without its entries.
pub(super) struct Part {
    pub(super) packs: Packs,
    /// Data, then trees.
    pub(super) kinds: [Vec<ShardHead>; 2],
}

/// What is said of a shard.
pub(super) struct ShardHead {
    pub(super) seal: Seal,
    pub(super) starts: Vec<u32>,
    pub(super) entries: Range<u64>,
}

/// Reads numbers and lists, one after the other; `None` where there is no more.
pub(in crate::index) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(in crate::index) fn number(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A list that begins with the number of its items.
    pub(in crate::index) fn list<const N: usize>(&mut self) -> Option<&'a [[u8; N]]> {
        let count = usize::try_from(self.number()?).ok()?;
        let (items, _) = self.take(count.checked_mul(N)?)?.as_chunks();
        Some(items)
    }
}

/// Appends a list that [`Bytes::list`] reads.
pub(in crate::index) fn put_list<const N: usize>(
    out: &mut Vec<u8>,
    items: impl ExactSizeIterator<Item = [u8; N]>,
) {
    put_count(out, items.len());
    items.for_each(|item| out.extend_from_slice(&item));
}

pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).expect("fewer than 2^32 files, packs and shards");
    out.extend_from_slice(&count.to_le_bytes());
}

impl Head {
    /// Reads a head, which was opened; entries have `entry_bytes` each.
    pub(super) fn read(opened: &[u8], entry_bytes: u64) -> Option<Self> {
        let bytes = &mut Bytes(opened);
        if bytes.array()? != MARK {
            return None;
        }
        let repository = RawId::from_bytes(bytes.array()?);
        let files = bytes.list()?.iter().map(|id| RawId::from_bytes(*id)).collect();
        let count = bytes.number()?;
        let mut parts = Vec::new();
        let mut end = 0;
        for _ in 0..count {
            let packs = Packs::read(bytes)?;
            let data = shard_heads(bytes, &mut end, entry_bytes)?;
            let trees = shard_heads(bytes, &mut end, entry_bytes)?;
            parts.push(Part { packs, kinds: [data, trees] });
        }
        bytes.0.is_empty().then_some(Self { repository, files, parts })
    }

    /// Where the last shard's entries end.
    pub(super) fn entries_end(&self) -> u64 {
        let shards = self.parts.iter().flat_map(|part| part.kinds.iter().flatten());
        shards.last().map_or(0, |shard| shard.entries.end)
    }
}

fn shard_heads(bytes: &mut Bytes<'_>, end: &mut u64, entry_bytes: u64) -> Option<Vec<ShardHead>> {
    let count = bytes.number()? as usize;
    if count != 0 && count != SHARDS {
        return None;
    }
    let read = (0..count).map(|_| {
        let seal = Seal::from_bytes(bytes.array()?);
        let starts: Vec<u32> =
            bytes.list()?.iter().map(|start| u32::from_le_bytes(*start)).collect();
        if !starts.is_empty() && (starts.len() != BUCKETS + 1 || starts[0] != 0) {
            return None;
        }
        let start = *end;
        *end = start.checked_add(u64::from(*starts.last().unwrap_or(&0)) * entry_bytes)?;
        Some(ShardHead { seal, starts, entries: start..*end })
    });
    read.collect()
}
