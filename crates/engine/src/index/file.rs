//! Index files: which packs there are, and what each holds.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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
    pub packs_to_delete: Option<Box<RawValue>>,
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
    /// The packs that rustic marked for removal, and what they hold as far as its list tells; none if
    /// the list cannot be understood.
    #[must_use]
    pub fn marked_packs(&self) -> Vec<IndexPack> {
        self.marks().into_iter().filter_map(marked_pack).collect()
    }

    /// Takes rustic's mark from these packs, and leaves all others as they are written.
    pub(crate) fn unmark(&mut self, packs: &HashSet<PackId>) {
        let marks = self.marks();
        let stays = |mark: &&RawValue| marked_pack(mark).is_none_or(|it| !packs.contains(&it.id));
        let left: Vec<&str> = marks.iter().copied().filter(stays).map(RawValue::get).collect();
        if left.len() < marks.len() {
            let list = RawValue::from_string(format!("[{}]", left.join(",")));
            self.packs_to_delete = list.ok().filter(|_| !left.is_empty());
        }
    }

    fn marks(&self) -> Vec<&RawValue> {
        let list = self.packs_to_delete.as_ref().map_or("[]", |list| list.get());
        serde_json::from_str(list).unwrap_or_default()
    }

    /// The bytes to store.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).expect("ids and numbers always become JSON");
        json.push(b'\n');
        json
    }
}

fn marked_pack(mark: &RawValue) -> Option<IndexPack> {
    #[derive(Deserialize)]
    struct Marked<'a> {
        id: PackId,
        #[serde(borrow)]
        blobs: Option<&'a RawValue>,
    }
    let Marked { id, blobs } = serde_json::from_str(mark.get()).ok()?;
    let blobs = blobs.and_then(|blobs| serde_json::from_str(blobs.get()).ok());
    Some(IndexPack { id, blobs: blobs.unwrap_or_default() })
}
