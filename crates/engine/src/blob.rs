//! The smallest stored unit.

use serde::{Deserialize, Serialize};

use crate::id::{BlobId, PackId};

/// No program cuts files into larger pieces: restic's chunks end at 8 MiB, and this is the size of
/// the largest pack that it makes. A folder's entries have no such bound.
pub(crate) const DATA_BYTES_MAX: u32 = 128 << 20;

/// What a blob holds. Not authenticated by the format, so readers say which kind they expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobKind {
    /// A piece of a file.
    Data,
    /// A folder's entries.
    Tree,
}

/// Where a blob lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobLocation {
    /// The pack.
    pub pack: PackId,
    /// Where in the pack its sealed bytes begin.
    pub offset: u32,
    /// How many sealed bytes.
    pub length: u32,
    /// How many bytes after decompression; `None` if it is stored uncompressed.
    pub uncompressed_length: Option<u32>,
}

/// A blob and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedBlob {
    /// Which blob.
    pub id: BlobId,
    /// Its kind.
    pub kind: BlobKind,
    /// Where it lies.
    pub location: BlobLocation,
}

impl PackedBlob {
    /// True if a blob of its kind can have the lengths that are claimed for it. Asked before memory
    /// is taken for it.
    #[must_use]
    pub(crate) fn has_plausible_length(&self) -> bool {
        let bytes = self.location.length.max(self.location.plaintext_length());
        self.kind == BlobKind::Tree || bytes <= DATA_BYTES_MAX
    }
}

impl BlobLocation {
    /// Number of bytes of the blob's plaintext.
    #[must_use]
    pub fn plaintext_length(&self) -> u32 {
        self.uncompressed_length
            .unwrap_or_else(|| self.length.saturating_sub(crate::crypto::OVERHEAD_BYTES as u32))
    }
}
