//! Where files are cut, decided by their content.
//!
//! A file is cut where a Rabin fingerprint of the last 64 bytes ends in 20 zero bits, but no chunk
//! is shorter than 512 KiB (but the last) or longer than 8 MiB. So the same content is cut in the
//! same places wherever it stands, and restic, with the same polynomial, cuts there as well.

mod finder;
mod polynomial;

pub use finder::{ChunkFinder, CutSearch};
pub use polynomial::{Polynomial, PolynomialError};

use crate::id::BlobId;

/// No chunk but the last of a file is shorter.
pub const CHUNK_BYTES_MIN: usize = 512 << 10;
/// No chunk is longer.
pub const CHUNK_BYTES_MAX: usize = 8 << 20;

/// The chunk that every run of zeros is cut into: [`CHUNK_BYTES_MIN`] zeros. Known beforehand, so
/// that holes of files need not be read.
pub const ZERO_CHUNK: BlobId = BlobId::from_bytes([
    0x07, 0x85, 0x4d, 0x2f, 0xef, 0x29, 0x7a, 0x06, 0xba, 0x81, 0x68, 0x5e, 0x66, 0x0c, 0x33, 0x2d,
    0xe3, 0x6d, 0x5d, 0x18, 0xd5, 0x46, 0x92, 0x7d, 0x30, 0xda, 0xad, 0x6d, 0x7f, 0xda, 0x15, 0x41,
]);

#[cfg(test)]
mod tests;
