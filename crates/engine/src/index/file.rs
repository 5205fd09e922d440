//! Index files: which packs there are, and what each holds.

use serde::{Deserialize, Serialize};

use crate::blob::{BlobKind, BlobLocation, PackedBlob};
use crate::id::{BlobId, PackId};

/// An index file is stored when it lists so many blobs (restic's limit).
pub const BLOBS_PER_FILE_MAX: usize = 50_000;

/// The contents of an index file.
///
/// ```
/// use holdfast_engine::index::IndexFile;
///
/// let json = br#"{"packs":[],"packs_to_delete":[]}"#;
/// let file: IndexFile = serde_json::from_slice(json)?;
/// assert!(file.packs.is_empty() && file.marked_packs().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct IndexFile {
    /// The packs that it covers; all blobs of a pack are in one file.
    #[serde(default)]
    pub packs: Vec<IndexPack>,
    /// Packs that rustic marked for removal. Readers may still use them; writers must not rely on
    /// them, and rewriting an index must not lose them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packs_to_delete: Option<Box<serde_json::value::RawValue>>,
}

/// A pack in an index file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexPack {
    /// Which pack.
    pub id: PackId,
    /// What it holds.
    pub blobs: Vec<IndexBlob>,
}

/// A blob in an index file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct IndexBlob {
    /// Which blob.
    pub id: BlobId,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: BlobKind,
    /// Where in the pack its sealed bytes begin.
    pub offset: u32,
    /// How many sealed bytes.
    pub length: u32,
    /// How many bytes after decompression; 0 or absent if it is stored uncompressed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncompressed_length: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(length: &u32) -> bool {
    *length == 0
}

impl IndexBlob {
    /// Where the blob lies, given its pack.
    #[must_use]
    pub fn location(&self, pack: PackId) -> BlobLocation {
        BlobLocation {
            pack,
            offset: self.offset,
            length: self.length,
            uncompressed_length: Some(self.uncompressed_length).filter(|length| *length > 0),
        }
    }
}

impl From<&PackedBlob> for IndexBlob {
    fn from(blob: &PackedBlob) -> Self {
        Self {
            id: blob.id,
            kind: blob.kind,
            offset: blob.location.offset,
            length: blob.location.length,
            uncompressed_length: blob.location.uncompressed_length.unwrap_or(0),
        }
    }
}

impl IndexPack {
    /// The entry for a pack with these blobs.
    #[must_use]
    pub fn new(id: PackId, blobs: &[PackedBlob]) -> Self {
        Self { id, blobs: blobs.iter().map(IndexBlob::from).collect() }
    }
}

impl IndexFile {
    /// The packs that rustic marked for removal; none if its list cannot be understood.
    #[must_use]
    pub fn marked_packs(&self) -> Vec<PackId> {
        #[derive(Deserialize)]
        struct Marked {
            id: PackId,
        }
        let list = self.packs_to_delete.as_ref().map_or("[]", |list| list.get());
        let marked: Vec<Marked> = serde_json::from_str(list).unwrap_or_default();
        marked.into_iter().map(|pack| pack.id).collect()
    }

    /// The bytes to store.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).expect("ids and numbers always become JSON");
        json.push(b'\n');
        json
    }
}
