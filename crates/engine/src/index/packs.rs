//! The packs of an index, by number, so that an entry needs four bytes for its pack and not 32.

use std::collections::{HashMap, HashSet};

use hashbrown::HashTable;

use super::segment::{Entry, LENGTH_ESCAPE, PackNumber};
use super::sorted::{Bytes, put_list};
use super::{IndexBlob, IndexFile, IndexPack};
use crate::backend::Listed;
use crate::blob::{BlobKind, BlobLocation};
use crate::id::PackId;
use crate::pack::Header;

/// What the index tells about a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackSummary {
    /// Which pack.
    pub id: PackId,
    /// Number of bytes of its blobs. Packs end before 4 GiB, because offsets do.
    pub blob_bytes: u32,
    /// Number of bytes of header and length.
    pub header_bytes: u32,
}

impl PackSummary {
    /// The size that the pack's file must have.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        u64::from(self.blob_bytes) + u64::from(self.header_bytes)
    }
}

/// Bytes of a pack in a sorted index: its id and two sizes.
const PACK_BYTES: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Packs {
    known: Vec<PackSummary>,
    numbers: HashTable<PackNumber>,
    /// The lengths, sealed and plain, of blobs that are too large for an entry: trees of very many
    /// files. By pack and offset.
    long: HashMap<(PackNumber, u32), (u32, u32)>,
}

impl Packs {
    /// The number of a pack; a new one if it was not known.
    pub(super) fn number_of(&mut self, pack: &IndexPack) -> PackNumber {
        if let Some(number) = self.find_number(&pack.id) {
            // Old repositories have packs whose blobs are spread over index files (restic #21820).
            let known = &mut self.known[number as usize];
            known.blob_bytes = known.blob_bytes.max(summarize(pack).blob_bytes);
            return number;
        }
        self.push(summarize(pack))
    }

    fn push(&mut self, pack: PackSummary) -> PackNumber {
        let number = PackNumber::try_from(self.known.len()).expect("fewer than 2^32 packs");
        self.known.push(pack);
        let known = &self.known;
        let hash = |number: &PackNumber| hash_of(&known[*number as usize].id);
        self.numbers.insert_unique(hash_of(&pack.id), number, hash);
        number
    }

    pub(super) fn find(&self, id: &PackId) -> Option<&PackSummary> {
        self.find_number(id).map(|number| &self.known[number as usize])
    }

    fn find_number(&self, id: &PackId) -> Option<PackNumber> {
        let is_it = |number: &PackNumber| self.known[*number as usize].id == *id;
        self.numbers.find(hash_of(id), is_it).copied()
    }

    pub(super) fn numbers_of(&self, ids: &HashSet<PackId>) -> HashSet<PackNumber> {
        ids.iter().filter_map(|id| self.find_number(id)).collect()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &PackSummary> {
        self.known.iter()
    }

    /// The entry for a blob of the pack with this number.
    pub(super) fn entry(&mut self, pack: PackNumber, blob: &IndexBlob) -> Entry {
        if blob.length >= LENGTH_ESCAPE || blob.uncompressed_length >= LENGTH_ESCAPE {
            let lengths = (blob.length, blob.uncompressed_length);
            self.long.insert((pack, blob.offset), lengths);
        }
        Entry::new(pack, blob)
    }

    pub(super) fn location(&self, entry: Entry) -> BlobLocation {
        let (mut length, mut plain) = (entry.length(), entry.uncompressed_length());
        if length == LENGTH_ESCAPE || plain == LENGTH_ESCAPE {
            (length, plain) = self.long[&(entry.pack(), entry.offset())];
        }
        BlobLocation {
            pack: self.known[entry.pack() as usize].id,
            offset: entry.offset(),
            length,
            uncompressed_length: Some(plain).filter(|plain| *plain > 0),
        }
    }

    /// True if the entry can have come of these packs.
    pub(super) fn knows(&self, entry: Entry) -> bool {
        let is_long = [entry.length(), entry.uncompressed_length()].contains(&LENGTH_ESCAPE);
        (entry.pack() as usize) < self.known.len()
            && (!is_long || self.long.contains_key(&(entry.pack(), entry.offset())))
    }

    /// Appends them for [`read`](Self::read).
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let packs = self.known.iter().map(|pack| {
            let mut bytes = [0; PACK_BYTES];
            bytes[..32].copy_from_slice(pack.id.as_bytes());
            bytes[32..36].copy_from_slice(&pack.blob_bytes.to_le_bytes());
            bytes[36..].copy_from_slice(&pack.header_bytes.to_le_bytes());
            bytes
        });
        put_list(out, packs);
        let long = self.long.iter().map(|((pack, offset), (length, plain))| {
            let mut bytes = [0; 16];
            for (bytes, number) in bytes.chunks_exact_mut(4).zip([pack, offset, length, plain]) {
                bytes.copy_from_slice(&number.to_le_bytes());
            }
            bytes
        });
        put_list(out, long);
    }

    pub(super) fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let mut packs = Self::default();
        let list: &[[u8; PACK_BYTES]] = bytes.list()?;
        packs.known.reserve_exact(list.len());
        packs.numbers.reserve(list.len(), |_| 0);
        for bytes in list {
            let (id, sizes) = bytes.split_first_chunk().expect("an id comes first");
            let [a, b, c, d, e, f, g, h] = *sizes else { return None };
            let id = PackId::from_bytes(*id);
            packs.push(PackSummary {
                id,
                blob_bytes: u32::from_le_bytes([a, b, c, d]),
                header_bytes: u32::from_le_bytes([e, f, g, h]),
            });
        }
        for _ in 0..bytes.number()? {
            let place = (bytes.number()?, bytes.number()?);
            packs.long.insert(place, (bytes.number()?, bytes.number()?));
        }
        Some(packs)
    }

    /// Gives back the memory that growing left over.
    pub(super) fn shrink(&mut self) {
        self.known.shrink_to_fit();
        let known = &self.known;
        self.numbers.shrink_to_fit(|number| hash_of(&known[*number as usize].id));
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.known.capacity() * size_of::<PackSummary>()
            + self.numbers.capacity() * (size_of::<PackNumber>() + 1)
            + self.long.capacity() * 17
    }
}

/// Ids are sums, and so their bytes are as good a hash as any.
fn hash_of(id: &PackId) -> u64 {
    u64::from_le_bytes(*id.as_bytes().first_chunk().expect("an id has 32 bytes"))
}

impl IndexFile {
    /// The packs that hold trees, and the sizes of their files.
    pub(crate) fn tree_packs(&self) -> Vec<Listed> {
        let has_trees =
            |pack: &&IndexPack| pack.blobs.iter().any(|blob| blob.kind == BlobKind::Tree);
        let packs = self.packs.iter().filter(has_trees).map(summarize);
        packs.map(|pack| Listed { id: pack.id.0, size: pack.file_bytes() }).collect()
    }
}

fn summarize(pack: &IndexPack) -> PackSummary {
    let locations: Vec<_> = pack.blobs.iter().map(|blob| blob.location(pack.id)).collect();
    // The end of the last blob, not the sum: a hostile index may list a place twice.
    let ends = locations.iter().map(|blob| blob.offset.saturating_add(blob.length));
    PackSummary {
        id: pack.id,
        blob_bytes: ends.max().unwrap_or(0),
        header_bytes: u32::try_from(Header::bytes_for(&locations)).unwrap_or(u32::MAX),
    }
}
