//! Packs: sealed blobs one after the other, then a sealed header that lists them, then its length.
//!
//! [`PackBuilder`] makes one in memory, so that it is written once and never read again.
//! [`Header`] reads what any writer may have made and believes nothing of it.

use sha2::{Digest, Sha256};

use crate::blob::{BlobKind, BlobLocation, PackedBlob};
use crate::crypto::{MasterKey, OVERHEAD_BYTES};
use crate::id::{BlobId, PackId};

/// How large packs become unless a size is asked for, in bytes.
pub const PACK_BYTES_DEFAULT: u32 = 16 << 20;

/// The sizes that restic accepts, in bytes.
pub const PACK_BYTES_ALLOWED: std::ops::RangeInclusive<u32> = (4 << 20)..=(128 << 20);

/// The largest sealed header that restic reads, in bytes.
const HEADER_BYTES_MAX: usize = 16 << 20;

const LENGTH_BYTES: usize = 4;
const PLAIN_ENTRY_BYTES: usize = 1 + 4 + 32;
const COMPRESSED_ENTRY_BYTES: usize = 1 + 4 + 4 + 32;

/// Why a pack's header cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Too few bytes for any pack.
    #[error("it has only {bytes} bytes")]
    TooShort {
        /// Its size.
        bytes: u64,
    },
    /// The length at its end cannot be a header's.
    #[error("its header claims to have {bytes} bytes")]
    InvalidLength {
        /// That length.
        bytes: u32,
    },
    /// The header was changed after it was sealed, or is another repository's.
    #[error("its header does not match its seal")]
    BrokenSeal,
    /// The header holds something other than entries.
    #[error("its header has an entry that cannot be right")]
    InvalidEntry,
    /// The entries do not add up to the pack.
    #[error("its header accounts for {expected} bytes of {actual}")]
    WrongSum {
        /// The size of all entries.
        expected: u64,
        /// The size of the pack's blobs.
        actual: u64,
    },
}

/// Reads headers.
#[derive(Debug)]
pub struct Header;

impl Header {
    /// How many bytes at the end of a pack to read first: enough for fifteen blobs.
    pub const FIRST_READ_BYTES: u64 =
        (15 * COMPRESSED_ENTRY_BYTES + OVERHEAD_BYTES + LENGTH_BYTES) as u64;

    /// How many bytes at the end of a pack of this size are header and length, given its last bytes.
    ///
    /// # Errors
    /// When no pack ends like this.
    pub fn tail_bytes(pack_bytes: u64, last_bytes: &[u8]) -> Result<u64, HeaderError> {
        let Some(length) = last_bytes.last_chunk::<LENGTH_BYTES>() else {
            return Err(HeaderError::TooShort { bytes: pack_bytes });
        };
        let bytes = u32::from_le_bytes(*length);
        let tail = u64::from(bytes) + LENGTH_BYTES as u64;
        if (bytes as usize) <= OVERHEAD_BYTES
            || bytes as usize > HEADER_BYTES_MAX
            || tail > pack_bytes
        {
            return Err(HeaderError::InvalidLength { bytes });
        }
        Ok(tail)
    }

    /// The blobs of a pack, in the order in which they lie there. `tail` is what
    /// [`tail_bytes`](Self::tail_bytes) counted.
    ///
    /// # Errors
    /// When the header is damaged or does not account for every byte of the pack.
    pub fn read(
        key: &MasterKey,
        pack: PackId,
        pack_bytes: u64,
        tail: &[u8],
    ) -> Result<Vec<PackedBlob>, HeaderError> {
        let sealed = tail
            .len()
            .checked_sub(LENGTH_BYTES)
            .map(|end| &tail[..end])
            .ok_or(HeaderError::TooShort { bytes: pack_bytes })?;
        let plain = key.open(sealed).map_err(|_| HeaderError::BrokenSeal)?;
        let mut blobs = Vec::with_capacity(plain.len() / PLAIN_ENTRY_BYTES);
        let mut offset = 0u32;
        let mut rest = plain.as_slice();
        while !rest.is_empty() {
            let (blob, after) = read_entry(rest, pack, offset).ok_or(HeaderError::InvalidEntry)?;
            let end = offset.checked_add(blob.location.length);
            offset = end.ok_or(HeaderError::InvalidEntry)?;
            blobs.push(blob);
            rest = after;
        }
        let (expected, actual) = (u64::from(offset), pack_bytes - tail.len() as u64);
        if expected == actual { Ok(blobs) } else { Err(HeaderError::WrongSum { expected, actual }) }
    }

    /// How many bytes header and length take in a pack with these blobs.
    pub fn bytes_for<'a>(blobs: impl IntoIterator<Item = &'a BlobLocation>) -> u64 {
        let entries: usize =
            blobs.into_iter().map(|blob| entry_bytes(blob.uncompressed_length.is_some())).sum();
        (entries + OVERHEAD_BYTES + LENGTH_BYTES) as u64
    }
}

fn entry_bytes(is_compressed: bool) -> usize {
    if is_compressed { COMPRESSED_ENTRY_BYTES } else { PLAIN_ENTRY_BYTES }
}

fn read_entry(bytes: &[u8], pack: PackId, offset: u32) -> Option<(PackedBlob, &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    let (uncompressed_length, rest) = if kind & 2 == 0 {
        (None, rest)
    } else {
        let (bytes, rest) = rest.split_first_chunk::<4>()?;
        // Zero would mean "not compressed" wherever it is copied to.
        let length = u32::from_le_bytes(*bytes);
        (Some(length).filter(|length| *length > 0).map(Some)?, rest)
    };
    let kind = match kind {
        0 | 2 => BlobKind::Data,
        1 | 3 => BlobKind::Tree,
        _ => return None,
    };
    let (id, rest) = rest.split_first_chunk::<32>()?;
    if (length as usize) < OVERHEAD_BYTES {
        return None;
    }
    let location = BlobLocation { pack, offset, length, uncompressed_length };
    Some((PackedBlob { id: BlobId::from_bytes(*id), kind, location }, rest))
}

/// A pack in the making.
///
/// ```
/// use holdfast_engine::blob::BlobKind;
/// use holdfast_engine::crypto::MasterKey;
/// use holdfast_engine::id::BlobId;
/// use holdfast_engine::pack::PackBuilder;
///
/// let key = MasterKey::generate()?;
/// let mut pack = PackBuilder::with_capacity(1000);
/// pack.add(BlobKind::Data, BlobId::of(b"Dear reader"), &key.seal(b"Dear reader"), None);
/// let pack = pack.finish(&key);
/// assert!(pack.reads_back(&key));
/// assert_eq!(pack.blobs.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PackBuilder {
    bytes: Vec<u8>,
    header: Vec<u8>,
    blobs: Vec<PackedBlob>,
    /// Sum of the bytes so far; taken while they are still in the processor's cache.
    sum: Sha256,
}

/// A pack that is ready to be stored.
pub struct FinishedPack {
    /// Its id.
    pub id: PackId,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// What it holds.
    pub blobs: Vec<PackedBlob>,
}

impl FinishedPack {
    /// True if its header opens and tells what it holds: encoders have had bugs, and memory has
    /// errors.
    #[must_use]
    pub fn reads_back(&self, key: &MasterKey) -> bool {
        let size = self.bytes.len() as u64;
        let tail = Header::tail_bytes(size, &self.bytes);
        let blobs = tail.and_then(|tail| {
            let start = self.bytes.len() - usize::try_from(tail).unwrap_or(self.bytes.len());
            Header::read(key, self.id, size, &self.bytes[start..])
        });
        blobs.as_ref() == Ok(&self.blobs)
    }
}

impl PackBuilder {
    /// An empty pack that is going to hold about so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self::in_buffer(Vec::with_capacity(bytes))
    }

    /// An empty pack that grows in the memory of an earlier one.
    #[must_use]
    pub fn in_buffer(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, header: Vec::new(), blobs: Vec::new(), sum: Sha256::new() }
    }

    /// Appends a sealed blob.
    ///
    /// # Panics
    /// When the pack would outgrow 4 GiB; callers close packs long before.
    pub fn add(
        &mut self,
        kind: BlobKind,
        id: BlobId,
        sealed: &[u8],
        uncompressed_length: Option<u32>,
    ) {
        let offset = u32::try_from(self.bytes.len()).expect("packs are closed long before 4 GiB");
        let length = u32::try_from(sealed.len()).expect("blobs are far smaller than 4 GiB");
        self.bytes.extend_from_slice(sealed);
        self.sum.update(sealed);
        let kind_byte = match (kind, uncompressed_length) {
            (BlobKind::Data, None) => 0,
            (BlobKind::Tree, None) => 1,
            (BlobKind::Data, Some(_)) => 2,
            (BlobKind::Tree, Some(_)) => 3,
        };
        self.header.push(kind_byte);
        self.header.extend_from_slice(&length.to_le_bytes());
        if let Some(plain) = uncompressed_length {
            self.header.extend_from_slice(&plain.to_le_bytes());
        }
        self.header.extend_from_slice(id.as_bytes());
        let pack = PackId::from_bytes([0; 32]);
        let location = BlobLocation { pack, offset, length, uncompressed_length };
        self.blobs.push(PackedBlob { id, kind, location });
    }

    /// Number of bytes of its blobs.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// True if it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty()
    }

    /// True if another blob's entry could make the header larger than readers accept.
    #[must_use]
    pub fn is_header_full(&self) -> bool {
        self.header.len() + COMPRESSED_ENTRY_BYTES + OVERHEAD_BYTES > HEADER_BYTES_MAX
    }

    /// True if the header of this pack and another's together is one that readers accept.
    #[must_use]
    pub fn has_room_for_header_of(&self, other: &Self) -> bool {
        self.header.len() + other.header.len() + OVERHEAD_BYTES <= HEADER_BYTES_MAX
    }

    /// Moves everything from another pack of the same kind into this one.
    pub fn append(&mut self, other: &Self) {
        let shift = u32::try_from(self.bytes.len()).expect("packs are closed long before 4 GiB");
        self.bytes.extend_from_slice(&other.bytes);
        self.sum.update(&other.bytes);
        self.header.extend_from_slice(&other.header);
        self.blobs.extend(other.blobs.iter().map(|blob| {
            let mut moved = *blob;
            moved.location.offset += shift;
            moved
        }));
    }

    /// Seals the header and names the pack.
    #[must_use]
    pub fn finish(mut self, key: &MasterKey) -> FinishedPack {
        let header = key.seal(&self.header);
        let length = u32::try_from(header.len()).expect("headers are at most 16 MiB");
        let blob_bytes = self.bytes.len();
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.sum.update(&self.bytes[blob_bytes..]);
        let id = PackId::from_bytes(self.sum.finalize().into());
        for blob in &mut self.blobs {
            blob.location.pack = id;
        }
        FinishedPack { id, bytes: self.bytes, blobs: self.blobs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::from_bytes(&std::array::from_fn(|i| i as u8 + 1))
    }

    fn pack() -> FinishedPack {
        let mut pack = PackBuilder::with_capacity(0);
        for (kind, plain, is_compressed) in [
            (BlobKind::Data, &b"one"[..], true),
            (BlobKind::Tree, b"two", false),
            (BlobKind::Data, b"three", false),
        ] {
            let length = is_compressed.then_some(plain.len() as u32);
            pack.add(kind, BlobId::of(plain), &key().seal(plain), length);
        }
        pack.finish(&key())
    }

    fn read(bytes: &[u8]) -> Result<Vec<PackedBlob>, HeaderError> {
        let size = bytes.len() as u64;
        let tail = Header::tail_bytes(size, bytes)? as usize;
        Header::read(&key(), PackId::of(bytes), size, &bytes[bytes.len() - tail..])
    }

    #[test]
    fn a_pack_tells_what_it_holds_and_where() {
        let pack = pack();
        assert_eq!(pack.id, PackId::of(&pack.bytes));
        assert_eq!(read(&pack.bytes), Ok(pack.blobs.clone()));
        let tail = Header::bytes_for(pack.blobs.iter().map(|blob| &blob.location));
        assert_eq!(tail, Header::tail_bytes(pack.bytes.len() as u64, &pack.bytes).expect("valid"));
        let last = pack.blobs[2].location;
        let start = last.offset as usize;
        let sealed = &pack.bytes[start..start + last.length as usize];
        assert_eq!(key().open(sealed), Ok(b"three".to_vec()));
    }

    #[test]
    fn a_pack_whose_header_was_spoilt_does_not_read_back() {
        let mut pack = pack();
        assert!(pack.reads_back(&key()));
        let middle_of_header = pack.bytes.len() - 40;
        pack.bytes[middle_of_header] ^= 1;
        assert!(!pack.reads_back(&key()));
    }

    #[test]
    fn two_packs_become_one() {
        let mut first = PackBuilder::with_capacity(0);
        let mut second = PackBuilder::with_capacity(0);
        first.add(BlobKind::Data, BlobId::of(b"a"), &key().seal(b"a"), None);
        second.add(BlobKind::Data, BlobId::of(b"b"), &key().seal(b"b"), Some(1));
        first.append(&second);
        let pack = first.finish(&key());
        assert_eq!(pack.id, PackId::of(&pack.bytes));
        assert_eq!(read(&pack.bytes), Ok(pack.blobs));
    }

    #[test]
    fn a_pack_cut_short_or_changed_anywhere_in_its_header_is_refused() {
        let pack = pack();
        for length in 0..pack.bytes.len() {
            assert!(read(&pack.bytes[..length]).is_err(), "{length} bytes");
        }
        let blob_bytes: u32 = pack.blobs.iter().map(|blob| blob.location.length).sum();
        for byte in blob_bytes as usize..pack.bytes.len() {
            let mut changed = pack.bytes.clone();
            changed[byte] ^= 0x10;
            assert!(read(&changed).is_err(), "byte {byte}");
        }
    }
}
