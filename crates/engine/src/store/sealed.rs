//! Blobs that were sealed or compressed before: they are stored without being compressed again.

use crossbeam_channel::Sender;

use super::packer::Sealed;
use super::{Added, Sealer, Store, StoreError};
use crate::blob::{BlobKind, PackedBlob};
use crate::crypto::OVERHEAD_BYTES;
use crate::id::BlobId;
use crate::pack::FinishedPack;

/// The compressed content of a blob, as another repository has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: BlobKind,
    pub(crate) id: BlobId,
    pub(crate) bytes: &'a [u8],
    pub(crate) uncompressed_length: u32,
}

impl Store<'_> {
    /// Stores a blob as it is sealed already, with this repository's key. The caller has opened it
    /// and knows that it is what it should be.
    pub(crate) fn add_sealed(
        &self,
        blob: &PackedBlob,
        sealed: &[u8],
        full: &Sender<FinishedPack>,
    ) -> Result<(), StoreError> {
        let PackedBlob { id, kind, location } = *blob;
        if self.is_indexed(kind, &id) || !self.claim(kind, id) {
            return Ok(());
        }
        let uncompressed_length = location.uncompressed_length;
        let bytes = location.plaintext_length().into();
        self.count(kind, Added { bytes, stored_bytes: sealed.len() as u64 });
        self.pack(kind, &Sealed { id, bytes: sealed, uncompressed_length }, full)
    }

    /// Stores a blob that is compressed already, in a repository whose format knows of that. The
    /// caller has decompressed it and knows that it is what it should be.
    pub(crate) fn add_frame(
        &self,
        frame: Frame<'_>,
        sealer: &mut Sealer,
        full: &Sender<FinishedPack>,
    ) -> Result<(), StoreError> {
        let Frame { kind, id, bytes, uncompressed_length } = frame;
        if self.is_indexed(kind, &id) || !self.claim(kind, id) {
            return Ok(());
        }
        let stored_bytes = (bytes.len() + OVERHEAD_BYTES) as u64;
        self.count(kind, Added { bytes: uncompressed_length.into(), stored_bytes });
        let key = self.repository.master_key();
        key.seal_into(bytes, &mut sealer.sealed);
        if self.options.extra_verify && !key.opens_as(&sealer.sealed, bytes) {
            return Err(StoreError::Verification { id });
        }
        let uncompressed_length = Some(uncompressed_length);
        self.pack(kind, &Sealed { id, bytes: &sealer.sealed, uncompressed_length }, full)
    }
}
