//! How new blobs are stored.

use crate::codec::Compression;
use crate::pack::PACK_BYTES_DEFAULT;
use crate::store::StoreOptions;

/// How work that makes new blobs, or copies some, stores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storing {
    /// How blobs are compressed.
    pub compression: Compression,
    /// The size of new packs, in bytes.
    pub pack_bytes: u32,
    /// Read back what is sealed before it is stored.
    pub extra_verify: bool,
}

impl Default for Storing {
    fn default() -> Self {
        Self { compression: Compression::Auto, pack_bytes: PACK_BYTES_DEFAULT, extra_verify: true }
    }
}

impl From<Storing> for StoreOptions {
    fn from(storing: Storing) -> Self {
        let Storing { compression, pack_bytes, extra_verify } = storing;
        Self { compression, pack_bytes, extra_verify, dry_run: false }
    }
}
