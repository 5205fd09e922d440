//! How snapshots, index files and locks are wrapped before they are sealed, and blobs before they are
//! packed.
//!
//! Format 1 stores JSON as it is. Format 2 puts one byte, 2, and a zstd frame in its place. Frames
//! from other writers may leave out the size of their content, so nothing here relies on it.

mod plausible;

use std::cell::RefCell;
use std::io::{BufReader, Read};

use parking_lot::Mutex;

/// The first byte of a wrapped file of format 2.
const COMPRESSED_MARK: u8 = 2;

/// The largest unpacked file that is taken into memory, in bytes: far above what any writer makes, and
/// low enough that hostile frames cannot exhaust memory. (An index file that names the fullest pack
/// there can be has 100 MiB.)
const FILE_BYTES_MAX: u64 = 128 << 20;

/// One file larger than this is taken out at a time.
const SMALL_FILE_BYTES_MAX: u64 = 32 << 20;

/// The largest that is read piece by piece. Old versions of restic could put a whole index into one
/// file.
const LONG_FILE_BYTES_MAX: u64 = 1 << 30;

/// Memory for a blob of at most this many bytes is reserved as the index tells; the length of a
/// larger one is believed no further than its frame bears it out.
const BULK_BYTES_MAX: usize = 64 << 20;

/// Held while a blob larger than [`BULK_BYTES_MAX`] is decompressed, so that it is one at a time.
static LARGE_BLOB: Mutex<()> = Mutex::new(());

/// What is compressed faster by default: what is shorter gains more from the slower level. Measured on
/// shared libraries and on source code.
const LONG_BLOB_BYTES: usize = 128 << 10;

/// Why bytes could not be unwrapped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The first byte is none that a known version writes.
    #[error("the content starts with byte {first}, which no known format does")]
    UnknownFormat {
        /// That byte.
        first: u8,
    },
    /// There are no bytes.
    #[error("the content is empty")]
    Empty,
    /// The compressed bytes are not a zstd frame.
    #[error("the content could not be decompressed")]
    Decompress {
        /// What the decompressor says.
        #[source]
        source: std::io::Error,
    },
    /// The content is larger than anything a known writer makes.
    #[error("the content is larger than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: u64,
    },
    /// The content is not of the size that the index or the header gives.
    #[error("the content has {actual} bytes and should have {expected}")]
    WrongLength {
        /// What was promised.
        expected: usize,
        /// What came out.
        actual: usize,
    },
}

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Data blobs are not compressed; everything else still is.
    Off,
    /// As fast as possible.
    Fastest,
    /// A good size at a good speed.
    #[default]
    Auto,
    /// Smaller, slower.
    Better,
    /// As small as possible.
    Max,
}

impl Compression {
    /// The level of zstd for so many bytes. restic's words stand for the levels of another
    /// implementation; these are the levels whose sizes match.
    #[must_use]
    pub(crate) fn zstd_level(self, length: usize) -> i32 {
        match self {
            Self::Off | Self::Fastest => 1,
            // A fifth faster for 2 to 3 % more bytes where it is used, which is as many as restic's.
            Self::Auto if length >= LONG_BLOB_BYTES => 2,
            Self::Auto => 3,
            Self::Better => 8,
            Self::Max => 17,
        }
    }
}

/// Wraps the JSON of an unpacked file for a repository of this format version.
pub(crate) fn wrap_file(json: &[u8], format_version: u32) -> Vec<u8> {
    if format_version < 2 {
        return json.to_vec();
    }
    let mut out = vec![COMPRESSED_MARK];
    out.extend(compress(json, Compression::Auto));
    out
}

/// Takes the JSON out of an unpacked file.
pub(crate) fn unwrap_file(bytes: Vec<u8>) -> Result<Vec<u8>, CodecError> {
    match bytes.first() {
        None => Err(CodecError::Empty),
        Some(b'{' | b'[') => Ok(bytes),
        Some(&COMPRESSED_MARK) => decompress_unsized(&bytes[1..]),
        Some(&first) => Err(CodecError::UnknownFormat { first }),
    }
}

/// Reads the JSON of an unpacked file that is [too large](CodecError::TooLarge) to be taken out of it
/// first. One is read at a time.
pub(crate) fn parse_long_file<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
) -> Result<T, serde_json::Error> {
    let _one_at_a_time = LARGE_BLOB.lock();
    let frame = bytes.get(1..).unwrap_or_default();
    let decoder = zstd::stream::read::Decoder::with_buffer(frame).map_err(serde_json::Error::io)?;
    let json = plausible::Plausible::new(decoder.take(LONG_FILE_BYTES_MAX));
    serde_json::from_reader(BufReader::new(json))
}

/// Looks whether a frame holds so many bytes of JSON, without taking it into memory.
pub(crate) fn is_long_json(frame: &[u8], length: usize) -> bool {
    if length <= BULK_BYTES_MAX {
        return true;
    }
    let _one_at_a_time = LARGE_BLOB.lock();
    let Ok(decoder) = zstd::stream::read::Decoder::with_buffer(frame) else { return false };
    let json = plausible::Plausible::new(decoder.take(length as u64));
    let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_reader(BufReader::new(json));
    parsed.is_ok()
}

pub(crate) fn compress(content: &[u8], compression: Compression) -> Vec<u8> {
    #[cfg(test)]
    let content = &*crate::testing::fault::as_compressed(content);
    zstd::bulk::compress(content, compression.zstd_level(content.len()))
        .expect("compressing into a buffer of sufficient size cannot fail")
}

fn decompress_unsized(frame: &[u8]) -> Result<Vec<u8>, CodecError> {
    match decompress_at_most(frame, SMALL_FILE_BYTES_MAX) {
        Err(CodecError::TooLarge { .. }) => {
            let _one_at_a_time = LARGE_BLOB.lock();
            decompress_at_most(frame, FILE_BYTES_MAX)
        }
        done => done,
    }
}

thread_local! {
    /// Snapshots are small and many: a context for each takes longer than its content.
    static OF_FILES: RefCell<Option<BlobDecompressor>> = const { RefCell::new(None) };
}

/// The content of a frame that tells its length, as most do; `None` to take it out as it comes.
fn decompress_told(frame: &[u8], bytes_max: u64) -> Option<Vec<u8>> {
    let length = zstd::zstd_safe::get_frame_content_size(frame).ok()??;
    let length = usize::try_from(length).ok().filter(|length| *length as u64 <= bytes_max)?;
    OF_FILES.with_borrow_mut(|decompressor| {
        if decompressor.is_none() {
            *decompressor = Some(BlobDecompressor::new().ok()?);
        }
        let mut out = Vec::new();
        decompressor.as_mut()?.decompress(frame, length, &mut out).ok()?;
        Some(out)
    })
}

fn decompress_at_most(frame: &[u8], bytes_max: u64) -> Result<Vec<u8>, CodecError> {
    if let Some(content) = decompress_told(frame, bytes_max.min(SMALL_FILE_BYTES_MAX)) {
        return Ok(content);
    }
    let failed = |source| CodecError::Decompress { source };
    let mut out = Vec::with_capacity(frame.len().saturating_mul(4).min(16 << 20));
    let decoder = zstd::stream::read::Decoder::with_buffer(frame).map_err(failed)?;
    let read = decoder.take(bytes_max + 1).read_to_end(&mut out).map_err(failed)?;
    if read as u64 > bytes_max { Err(CodecError::TooLarge { bytes_max }) } else { Ok(out) }
}

/// Decompresses blobs, one after the other, with one context.
pub struct BlobDecompressor(zstd::bulk::Decompressor<'static>);

impl BlobDecompressor {
    /// A new context.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new() -> Result<Self, CodecError> {
        let inner =
            zstd::bulk::Decompressor::new().map_err(|source| CodecError::Decompress { source })?;
        Ok(Self(inner))
    }

    /// Writes the content of a frame, of which `length` bytes are expected, into `out`, which is
    /// cleared first. Never uses much more memory than the content and the frame's own window.
    ///
    /// # Errors
    /// When the frame is broken, or its content is not of that length.
    pub fn decompress(
        &mut self,
        frame: &[u8],
        length: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        out.clear();
        // A frame cannot shrink its content to less than about 1 / 100,000: what promises more is a
        // lie, and would make us reserve memory for nothing.
        if length as u64 > 4096 + frame.len() as u64 * 100_000 {
            return Err(CodecError::TooLarge { bytes_max: frame.len() as u64 * 100_000 });
        }
        let failed = |source| CodecError::Decompress { source };
        if length > BULK_BYTES_MAX {
            let read = decompress_growing(frame, length, out);
            if read.is_err() {
                // Buffers are used again, and nobody needs one of this size soon.
                *out = Vec::new();
            }
            return read;
        }
        out.try_reserve_exact(length).map_err(|error| failed(error.into()))?;
        let actual = self.0.decompress_to_buffer(frame, out).map_err(failed)?;
        has_length(actual, length)
    }

    /// Writes the content of a frame into `out`, which is as long as that.
    ///
    /// # Errors
    /// When the frame is broken, or its content is of another length.
    pub(crate) fn decompress_to(&mut self, frame: &[u8], out: &mut [u8]) -> Result<(), CodecError> {
        let read = self.0.decompress_to_buffer(frame, out);
        has_length(read.map_err(|source| CodecError::Decompress { source })?, out.len())
    }
}

fn has_length(actual: usize, expected: usize) -> Result<(), CodecError> {
    if actual == expected { Ok(()) } else { Err(CodecError::WrongLength { expected, actual }) }
}

/// Decompresses into memory that grows with what comes out.
fn decompress_growing(frame: &[u8], length: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let failed = |source| CodecError::Decompress { source };
    let _one_at_a_time = LARGE_BLOB.lock();
    let decoder = zstd::stream::read::Decoder::with_buffer(frame).map_err(failed)?;
    let actual = decoder.take(length as u64 + 1).read_to_end(out).map_err(failed)?;
    has_length(actual, length)
}

/// Compresses blobs, one after the other, with one context.
pub struct BlobCompressor {
    inner: zstd::bulk::Compressor<'static>,
    compression: Compression,
}

impl BlobCompressor {
    /// A new context.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new(compression: Compression) -> std::io::Result<Self> {
        Ok(Self { inner: zstd::bulk::Compressor::new(compression.zstd_level(0))?, compression })
    }

    /// Writes one frame with the content into `out`, which is cleared first.
    ///
    /// # Errors
    /// When the compressor fails, which it has no reason to.
    pub fn compress(&mut self, content: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        #[cfg(test)]
        let content = &*crate::testing::fault::as_compressed(content);
        out.clear();
        out.reserve(zstd::zstd_safe::compress_bound(content.len()));
        self.inner.set_compression_level(self.compression.zstd_level(content.len()))?;
        self.inner.compress_to_buffer(content, out)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_each_format_comes_out_as_it_went_in() {
        for version in [1, 2] {
            let json = br#"{"some":"json"}"#.to_vec();
            assert_eq!(unwrap_file(wrap_file(&json, version)).expect("our own"), json);
        }
    }

    #[test]
    fn a_frame_without_its_size_is_read() {
        // restic leaves the size of small contents out; so does zstd's streaming encoder.
        let mut bytes = vec![COMPRESSED_MARK];
        bytes.extend(zstd::stream::encode_all(&b"{}"[..], 3).expect("encodes"));
        assert_eq!(unwrap_file(bytes).expect("valid"), b"{}");
    }

    #[test]
    fn foreign_bytes_are_refused_with_a_reason() {
        assert!(matches!(unwrap_file(vec![]), Err(CodecError::Empty)));
        assert!(matches!(unwrap_file(vec![9]), Err(CodecError::UnknownFormat { first: 9 })));
        assert!(matches!(unwrap_file(vec![2, 1, 2, 3]), Err(CodecError::Decompress { .. })));
    }

    #[test]
    fn a_blob_that_lies_about_its_length_is_refused() {
        let frame = compress(b"twelve bytes", Compression::Auto);
        let mut out = Vec::new();
        let mut blobs = BlobDecompressor::new().expect("a context");
        assert!(blobs.decompress(&frame, 12, &mut out).is_ok());
        for length in [0, 11, 13, u32::MAX as usize] {
            assert!(blobs.decompress(&frame, length, &mut out).is_err(), "{length}");
        }
    }

    #[test]
    fn a_frame_that_claims_to_be_huge_takes_no_more_memory_than_it_fills() {
        let content: Vec<u8> =
            (0..50_000u32).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
        let frame = compress(&content, Compression::Auto);
        let mut out = Vec::new();
        let mut blobs = BlobDecompressor::new().expect("a context");
        assert!(blobs.decompress(&frame, u32::MAX as usize, &mut out).is_err());
        assert!(out.capacity() < 4 * content.len(), "{} bytes were reserved", out.capacity());
    }

    #[test]
    fn a_blob_of_any_size_is_read() {
        let content = vec![7; BULK_BYTES_MAX + 1];
        let frame = compress(&content, Compression::Fastest);
        let mut out = Vec::new();
        let mut blobs = BlobDecompressor::new().expect("a context");
        blobs.decompress(&frame, content.len(), &mut out).expect("its own length");
        assert!(out == content);
        assert!(blobs.decompress(&frame, content.len() - 1, &mut out).is_err());
        assert!(blobs.decompress(&frame, content.len() + 1, &mut out).is_err());
    }
}
