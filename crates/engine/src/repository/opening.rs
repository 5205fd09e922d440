//! Opening blobs: one by one, or neighbours together.
//!
//! Together they lie in one buffer and are hashed in turns, which takes less time than one after the
//! other.

use std::cell::RefCell;
use std::ops::Range;

use super::{ReadError, Repository};
use crate::blob::{BlobKind, PackedBlob};
use crate::codec::{self, BlobDecompressor, CodecError};
use crate::crypto::OVERHEAD_BYTES;
use crate::id::{BlobId, RawId};
use crate::sum::{self, Sum};

const BROKEN_SEAL: &str = "its seal does not match";
const NO_MEMORY: &str = "there is no memory to decompress it";
const NO_FRAME: &str = "it cannot be decompressed";
const UNLIKE: &str = "its content does not match its id";

/// Blobs are opened together as long as their contents have no more bytes than this. It is also
/// what is reserved on an index file's word alone.
const TOGETHER_BYTES_MAX: usize = 8 << 20;

/// And as long as they are no more than this: each takes some memory beside its content, and a pack
/// can be full of empty ones.
const TOGETHER_BLOBS_MAX: usize = 1 << 10;

/// What blobs hold that were opened together.
#[derive(Default)]
pub(crate) struct Contents {
    bytes: Vec<u8>,
    blobs: Vec<Result<Range<usize>, ReadError>>,
}

/// A sum that goes on while blobs are hashed.
pub(crate) struct Beside<'a> {
    /// The sum.
    pub sum: &'a mut Sum,
    /// The next piece of what is summed.
    pub more: &'a [u8],
    /// It is the last piece.
    pub is_last: bool,
}

impl Contents {
    /// Of each blob, in the order given, what it holds.
    pub(crate) fn each(&self) -> impl Iterator<Item = Result<&[u8], &ReadError>> {
        self.blobs.iter().map(|blob| blob.as_ref().map(|range| &self.bytes[range.clone()]))
    }

    /// Opens the first of the blobs and those that fit beside it; returns how many.
    fn unseal(&mut self, repository: &Repository, blobs: &[(&PackedBlob, &[u8])]) -> usize {
        self.blobs.clear();
        let Some((first, sealed)) = blobs.first() else { return 0 };
        let length = |blob: &PackedBlob| blob.location.plaintext_length() as usize;
        if length(first) > TOGETHER_BYTES_MAX {
            let opened = repository.unseal_blob(sealed, first, &mut self.bytes);
            self.blobs.push(opened.map(|()| 0..self.bytes.len()));
            return 1;
        }
        let mut end = 0;
        for (blob, sealed) in blobs.iter().take(TOGETHER_BLOBS_MAX) {
            let (start, length) = (end, length(blob));
            if length > TOGETHER_BYTES_MAX - start {
                break;
            }
            end = start + length;
            if self.bytes.len() < end {
                self.bytes.resize(end, 0);
            }
            let opened = repository.unseal_blob_to(sealed, blob, &mut self.bytes[start..end]);
            self.blobs.push(opened.map(|()| start..end));
        }
        self.blobs.len()
    }

    /// Takes what is not what it should be for damaged.
    fn verify(
        &mut self,
        blobs: &[(&PackedBlob, &[u8])],
        beside: Option<Beside<'_>>,
    ) -> Option<RawId> {
        let messages: Vec<&[u8]> = self.each().map(Result::unwrap_or_default).collect();
        let (whole, sums) = match beside {
            Some(Beside { sum, more, is_last }) => sum::go_on(sum, more, is_last, &messages),
            None => (None, sum::of_all(messages)),
        };
        for ((opened, (blob, _)), sum) in self.blobs.iter_mut().zip(blobs).zip(sums) {
            if opened.is_ok() && sum != blob.id.0 {
                *opened = Err(damaged_blob(blob, UNLIKE));
            }
        }
        whole
    }
}

impl Repository {
    /// Opens, decompresses and verifies one blob that was read from a pack, into `out`.
    ///
    /// # Errors
    /// When the bytes are not that blob.
    pub fn open_blob(
        &self,
        sealed: &[u8],
        blob: &PackedBlob,
        out: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        self.unseal_blob(sealed, blob, out)?;
        if BlobId::of(out) == blob.id {
            Ok(())
        } else {
            out.clear();
            Err(damaged_blob(blob, UNLIKE))
        }
    }

    /// The same for a blob that is compressed; `frame` takes what its seal holds.
    ///
    /// # Errors
    /// When the bytes are not that blob.
    pub(crate) fn open_compressed_blob(
        &self,
        sealed: &[u8],
        blob: &PackedBlob,
        frame: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        debug_assert!(blob.location.uncompressed_length.is_some(), "it has no frame");
        self.open_blob(sealed, blob, out)?;
        OPENING.with_borrow_mut(|scratch| std::mem::swap(frame, &mut scratch.frame));
        Ok(())
    }

    /// Opens and decompresses one blob, without looking whether it is the one.
    fn unseal_blob(
        &self,
        sealed: &[u8],
        blob: &PackedBlob,
        out: &mut Vec<u8>,
    ) -> Result<(), ReadError> {
        check_length(blob)?;
        let damaged = |reason| damaged_blob(blob, reason);
        match blob.location.uncompressed_length {
            None => {
                let opened = self.key.open_into(sealed, out);
                opened.map_err(|_| damaged(BROKEN_SEAL))
            }
            Some(length) => OPENING.with_borrow_mut(|scratch| {
                let opened = self.key.open_into(sealed, &mut scratch.frame);
                opened.map_err(|_| damaged(BROKEN_SEAL))?;
                let (decompressor, frame) =
                    scratch.decompressor().map_err(|_| damaged(NO_MEMORY))?;
                if blob.kind == BlobKind::Tree && !codec::is_long_json(frame, length as usize) {
                    return Err(damaged("it is long, and no tree"));
                }
                decompressor.decompress(frame, length as usize, out).map_err(|_| damaged(NO_FRAME))
            }),
        }
    }

    /// The same into memory of the length that it should have.
    fn unseal_blob_to(
        &self,
        sealed: &[u8],
        blob: &PackedBlob,
        out: &mut [u8],
    ) -> Result<(), ReadError> {
        let damaged = |reason| damaged_blob(blob, reason);
        if blob.location.uncompressed_length.is_none() {
            return self.key.open_to(sealed, out).map_err(|_| damaged(BROKEN_SEAL));
        }
        OPENING.with_borrow_mut(|scratch| {
            // It only grows here, for what stands in it is written over.
            let length = sealed.len().saturating_sub(OVERHEAD_BYTES);
            if scratch.frame.len() < length {
                scratch.frame.resize(length, 0);
            }
            let opened = self.key.open_to(sealed, &mut scratch.frame[..length]);
            opened.map_err(|_| damaged(BROKEN_SEAL))?;
            let (decompressor, frame) = scratch.decompressor().map_err(|_| damaged(NO_MEMORY))?;
            decompressor.decompress_to(&frame[..length], out).map_err(|_| damaged(NO_FRAME))
        })
    }

    /// Opens, decompresses and verifies as many of these blobs as may be opened together, at least
    /// the first, and goes on with a sum `beside` them. Returns how many they are, and the sum if it
    /// is finished. With each blob come its sealed bytes.
    pub(crate) fn open_together(
        &self,
        blobs: &[(&PackedBlob, &[u8])],
        beside: Option<Beside<'_>>,
        contents: &mut Contents,
    ) -> (usize, Option<RawId>) {
        let count = contents.unseal(self, blobs);
        (count, contents.verify(&blobs[..count], beside))
    }
}

pub(super) fn damaged_blob(blob: &PackedBlob, reason: &'static str) -> ReadError {
    ReadError::DamagedBlob { kind: blob.kind, id: blob.id, pack: blob.location.pack, reason }
}

pub(super) fn check_length(blob: &PackedBlob) -> Result<(), ReadError> {
    if blob.has_plausible_length() {
        return Ok(());
    }
    Err(damaged_blob(blob, "it is said to be larger than any piece of a file"))
}

/// What opening a compressed blob needs besides the result, kept per thread.
#[derive(Default)]
struct Opening {
    frame: Vec<u8>,
    decompressor: Option<BlobDecompressor>,
}

impl Opening {
    fn decompressor(&mut self) -> Result<(&mut BlobDecompressor, &[u8]), CodecError> {
        if self.decompressor.is_none() {
            self.decompressor = Some(BlobDecompressor::new()?);
        }
        let decompressor = self.decompressor.as_mut().expect("it was just made");
        Ok((decompressor, &self.frame))
    }
}

thread_local! {
    static OPENING: RefCell<Opening> = RefCell::default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::BlobLocation;
    use crate::id::PackId;
    use crate::testing::World;

    /// A blob with this content, and its sealed bytes; compressed if that is asked for.
    fn sealed(world: &World, content: &[u8], is_compressed: bool) -> (PackedBlob, Vec<u8>) {
        let key = world.repository.master_key();
        let sealed = if is_compressed {
            key.seal(&codec::compress(content, codec::Compression::Fastest))
        } else {
            key.seal(content)
        };
        let location = BlobLocation {
            pack: PackId::of(b"any"),
            offset: 0,
            length: sealed.len() as u32,
            uncompressed_length: is_compressed.then_some(content.len() as u32),
        };
        (PackedBlob { id: BlobId::of(content), kind: BlobKind::Data, location }, sealed)
    }

    #[test]
    fn blobs_opened_together_are_what_each_alone_is_and_damage_stays_with_its_own() {
        let world = World::new();
        let sizes = [5, 0, 3 << 20, 1 << 20, 100_000, 9 << 20, 1, 8 << 20, 77];
        let contents: Vec<Vec<u8>> =
            sizes.iter().zip(1_u8..).map(|(size, number)| vec![number; *size]).collect();
        let mut blobs: Vec<_> = contents
            .iter()
            .enumerate()
            .map(|(number, content)| sealed(&world, content, number % 2 == 0))
            .collect();
        // A broken seal, a blob that is another one, one of another length, and a broken frame.
        blobs[1].1[0] ^= 1;
        blobs[3].0.id = BlobId::of(b"another");
        blobs[4].0.location.uncompressed_length = Some(99_999);
        blobs[6].1 = world.repository.master_key().seal(b"no frame at all");
        let given: Vec<_> = blobs.iter().map(|(blob, sealed)| (blob, sealed.as_slice())).collect();
        let (mut opened, mut left) = (Contents::default(), given.as_slice());
        let mut sum = Some(Sum::new());
        let (mut numbers, mut counts) = (0.., Vec::new());
        while !left.is_empty() {
            let mut sum = sum.take();
            let beside =
                sum.as_mut().map(|sum| Beside { sum, more: b"beside them", is_last: true });
            let (count, whole) = world.repository.open_together(left, beside, &mut opened);
            assert_eq!(whole, counts.is_empty().then(|| RawId::of(b"beside them")));
            for (found, number) in opened.each().zip(numbers.by_ref()) {
                let mut alone = Vec::new();
                let (blob, sealed) = given[number];
                match world.repository.open_blob(sealed, blob, &mut alone) {
                    Ok(()) => assert_eq!(found.ok(), Some(alone.as_slice()), "{number}"),
                    Err(error) => {
                        let found = found.expect_err("it is damaged alike");
                        assert_eq!(found.to_string(), error.to_string(), "{number}");
                    }
                }
            }
            left = &left[count..];
            counts.push(count);
        }
        assert_eq!(counts.iter().sum::<usize>(), sizes.len());
        assert!(counts.len() < sizes.len(), "{counts:?}");
    }

    #[test]
    fn of_tiny_blobs_only_so_many_are_opened_at_once() {
        let world = World::new();
        for content in [&b""[..], b"x"] {
            let (blob, sealed) = sealed(&world, content, false);
            let (given, mut opened) = (vec![(&blob, sealed.as_slice()); 3000], Contents::default());
            let (mut left, mut counts) = (given.as_slice(), Vec::new());
            while !left.is_empty() {
                let (count, _) = world.repository.open_together(left, None, &mut opened);
                assert!(opened.each().all(|found| found.ok() == Some(content)));
                left = &left[count..];
                counts.push(count);
            }
            assert_eq!(counts, [1024, 1024, 952]);
        }
    }
}
