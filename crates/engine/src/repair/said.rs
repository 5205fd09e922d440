//! What the index files say of packs, damaged ones set aside.

use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use super::{Loss, tell};
use crate::backend::FileKind;
use crate::id::{IndexId, PackId};
use crate::index::{IndexBlob, IndexFile, IndexPack};
use crate::monitor::{FindingKind, Watch, with_causes};
use crate::pack::Header;
use crate::repository::{ReadError, Repository};

/// The index files, and what they say of each pack.
pub(super) struct Said {
    /// Those that can be read.
    pub(super) files: Vec<IndexId>,
    /// Those that cannot, whatever the storage does.
    pub(super) damaged: Vec<IndexId>,
    pub(super) packs: HashMap<PackId, SaidPack>,
    /// Packs that rustic is going to remove.
    pub(super) marked: HashSet<PackId>,
}

/// What is said of one pack.
pub(super) struct SaidPack {
    /// How large its file must be by that.
    pub(super) file_bytes: u64,
    /// Different things are said of it in different places: old programs spread a pack's blobs over
    /// several index files (restic #21820).
    pub(super) is_split: bool,
    sum: u64,
}

impl Said {
    /// Reads all index files.
    ///
    /// # Errors
    /// When one may be whole and the storage does not give it.
    pub(super) fn read(repository: &Repository, watch: Watch<'_>) -> Result<Self, ReadError> {
        let mut said = Self {
            files: Vec::new(),
            damaged: Vec::new(),
            packs: HashMap::new(),
            marked: HashSet::new(),
        };
        for listed in repository.list(FileKind::Index)? {
            if watch.cancel.is_cancelled() {
                return Err(ReadError::Cancelled);
            }
            let id = IndexId(listed.id);
            match repository.read_index_file(id) {
                Ok(file) => said.add(id, &file),
                Err(error) => match Loss::of(&error) {
                    // Whoever removed it has stored what it said in another one.
                    Loss::Gone => {}
                    Loss::Damaged => {
                        said.damaged.push(id);
                        let why = with_causes(&error);
                        let message = format!("removing invalid index {id}: {why}");
                        tell(watch.monitor, FindingKind::Damaged, message);
                    }
                    Loss::Unknown => return Err(error),
                },
            }
        }
        Ok(said)
    }

    fn add(&mut self, id: IndexId, file: &IndexFile) {
        self.files.push(id);
        self.marked.extend(file.marked_packs().iter().map(|pack| pack.id));
        for pack in &file.packs {
            let new = SaidPack::of(pack);
            match self.packs.entry(pack.id) {
                Entry::Vacant(entry) => drop(entry.insert(new)),
                Entry::Occupied(mut entry) => {
                    entry.get_mut().is_split |= entry.get().sum != new.sum;
                }
            }
        }
    }

    /// Everything that the index files say of these packs, marked or not, each blob once.
    pub(super) fn blobs_of(
        &self,
        repository: &Repository,
        packs: &HashSet<PackId>,
    ) -> Result<HashMap<PackId, Vec<IndexBlob>>, ReadError> {
        let mut found: HashMap<PackId, Vec<IndexBlob>> = HashMap::new();
        for file in &self.files {
            let file = repository.read_index_file(*file)?;
            let marked = file.marked_packs();
            for pack in file.packs.into_iter().chain(marked) {
                if packs.contains(&pack.id) {
                    found.entry(pack.id).or_default().extend(pack.blobs);
                }
            }
        }
        for blobs in found.values_mut() {
            let key = |blob: &IndexBlob| (blob.offset, blob.kind, blob.id, blob.length);
            blobs.sort_unstable_by_key(key);
            blobs.dedup_by_key(|blob| key(blob));
        }
        Ok(found)
    }
}

impl SaidPack {
    fn of(pack: &IndexPack) -> Self {
        let ends = pack.blobs.iter().map(|blob| u64::from(blob.offset) + u64::from(blob.length));
        let locations: Vec<_> = pack.blobs.iter().map(|blob| blob.location(pack.id)).collect();
        let file_bytes = ends.max().unwrap_or(0) + Header::bytes_for(&locations);
        let mut sum = DefaultHasher::new();
        for blob in &pack.blobs {
            (blob.id, blob.kind, blob.offset, blob.length, blob.uncompressed_length).hash(&mut sum);
        }
        Self { file_bytes, is_split: false, sum: sum.finish() }
    }
}
