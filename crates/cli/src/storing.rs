//! How commands that store data do so.

use holdfast_engine::codec::Compression;
use holdfast_engine::pack::PACK_BYTES_DEFAULT;
use holdfast_engine::storing::Storing;

use crate::arguments::CompressionArgument;
use crate::exit::Failure;
use crate::session::Session;

/// The sizes of packs that restic accepts, in MiB.
const PACK_MIB: std::ops::RangeInclusive<u32> = 4..=128;

impl Session {
    /// How new blobs are to be stored.
    pub(crate) fn storing(&self) -> Result<Storing, Failure> {
        Ok(Storing {
            compression: self.blob_compression(),
            pack_bytes: self.pack_bytes()?,
            extra_verify: !self.global.no_extra_verify,
        })
    }

    /// How blobs are to be compressed.
    pub(crate) fn blob_compression(&self) -> Compression {
        match self.compression() {
            CompressionArgument::Auto => Compression::Auto,
            CompressionArgument::Off => Compression::Off,
            CompressionArgument::Fastest => Compression::Fastest,
            CompressionArgument::Better => Compression::Better,
            CompressionArgument::Max => Compression::Max,
        }
    }

    /// How large packs are to become, in bytes.
    pub(crate) fn pack_bytes(&self) -> Result<u32, Failure> {
        match self.global.pack_size {
            None | Some(0) => Ok(PACK_BYTES_DEFAULT),
            Some(size) if size < *PACK_MIB.start() => {
                Err(Failure::fatal("pack size smaller than minimum of 4 MiB"))
            }
            Some(size) if size > *PACK_MIB.end() => {
                Err(Failure::fatal("pack size larger than limit of 128 MiB"))
            }
            Some(size) => Ok(size << 20),
        }
    }
}
