//! Contents of files, blob by blob: what was read last stays in memory, and what comes next is read
//! ahead.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crossbeam_channel::{Sender, bounded};
use parking_lot::{Mutex, RwLock};

use crate::blob::BlobKind;
use crate::id::BlobId;
use crate::index::Index;
use crate::repository::{ReadError, Repository};
use crate::tree::Node;

/// So many bytes of blobs stay in memory (restic's figure).
const CACHE_BYTES_MAX: usize = 64 << 20;
/// Threads that read ahead, and how many blobs may wait for them.
const AHEAD_THREADS: usize = 2;
const AHEAD_BLOBS: usize = 4;

/// A file that is open.
#[derive(Debug)]
pub(super) struct OpenFile {
    blobs: Vec<BlobId>,
    /// Where in the file each of the blobs ends.
    ends: Vec<u64>,
}

/// Reads blobs.
pub(super) struct Contents {
    blobs: Arc<Blobs>,
    /// What is to be read ahead; the threads end when it goes.
    ahead: Sender<BlobId>,
}

struct Blobs {
    repository: Arc<Repository>,
    index: RwLock<Arc<Index>>,
    cache: Mutex<Cache>,
    /// Held while a blob is read, so that it is read once.
    reading: Mutex<HashMap<BlobId, Arc<Mutex<()>>>>,
}

#[derive(Default)]
struct Cache {
    blobs: HashMap<BlobId, (Arc<Vec<u8>>, u64)>,
    /// The blobs by when they were used last.
    used: BTreeMap<u64, BlobId>,
    uses: u64,
    bytes: usize,
}

impl Cache {
    fn get(&mut self, id: BlobId) -> Option<Arc<Vec<u8>>> {
        self.uses += 1;
        let (bytes, used) = self.blobs.get_mut(&id)?;
        self.used.remove(used);
        *used = self.uses;
        self.used.insert(self.uses, id);
        Some(Arc::clone(bytes))
    }

    fn put(&mut self, id: BlobId, bytes: &Arc<Vec<u8>>) {
        if self.get(id).is_none() {
            self.blobs.insert(id, (Arc::clone(bytes), self.uses));
            self.used.insert(self.uses, id);
            self.bytes += bytes.len();
        }
        while self.bytes > CACHE_BYTES_MAX {
            let Some((_, oldest)) = self.used.pop_first() else { break };
            let gone = self.blobs.remove(&oldest);
            self.bytes -= gone.map_or(0, |(bytes, _)| bytes.len());
        }
    }
}

impl Blobs {
    fn read(&self, id: BlobId) -> Result<Arc<Vec<u8>>, ReadError> {
        if let Some(bytes) = self.cache.lock().get(id) {
            return Ok(bytes);
        }
        let turn = Arc::clone(self.reading.lock().entry(id).or_default());
        let reading = turn.lock();
        if let Some(bytes) = self.cache.lock().get(id) {
            return Ok(bytes);
        }
        let index = Arc::clone(&self.index.read());
        let read = self.repository.read_blob(&index, BlobKind::Data, id).map(Arc::new);
        if let Ok(bytes) = &read {
            self.cache.lock().put(id, bytes);
        }
        drop(reading);
        self.reading.lock().remove(&id);
        read
    }
}

impl Contents {
    pub(super) fn new(repository: Arc<Repository>, index: Arc<Index>) -> Self {
        let blobs = Arc::new(Blobs {
            repository,
            index: RwLock::new(index),
            cache: Mutex::default(),
            reading: Mutex::default(),
        });
        let (ahead, next) = bounded(AHEAD_BLOBS);
        for _ in 0..AHEAD_THREADS {
            let (blobs, next) = (Arc::clone(&blobs), next.clone());
            // Whoever asks for the blob is told what is wrong with it.
            std::thread::spawn(move || next.iter().for_each(|id| drop(blobs.read(id))));
        }
        Self { blobs, ahead }
    }

    pub(super) fn index(&self) -> Arc<Index> {
        Arc::clone(&self.blobs.index.read())
    }

    pub(super) fn set_index(&self, index: Arc<Index>) {
        *self.blobs.index.write() = index;
    }

    /// Finds out where the blobs of a file lie in it.
    pub(super) fn open(&self, node: &Node) -> Result<OpenFile, ReadError> {
        let blobs = node.content.clone().unwrap_or_default();
        let index = self.index();
        let mut end = 0u64;
        let ends = blobs.iter().map(|id| {
            let found = index.locate(BlobKind::Data, id);
            let found = found.ok_or(ReadError::MissingBlob { kind: BlobKind::Data, id: *id })?;
            end = end.saturating_add(found.plaintext_length().into());
            Ok(end)
        });
        let ends = ends.collect::<Result<_, ReadError>>()?;
        Ok(OpenFile { blobs, ends })
    }

    /// A part of a file; less than was asked for at its end.
    pub(super) fn read(
        &self,
        file: &OpenFile,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, ReadError> {
        let mut out = Vec::new();
        let mut number = file.ends.partition_point(|end| *end <= offset);
        let mut at = offset;
        while let Some(id) = file.blobs.get(number).filter(|_| out.len() < length) {
            let start = number.checked_sub(1).map_or(0, |before| file.ends[before]);
            let bytes = self.blobs.read(*id)?;
            let from = bytes.len().min((at - start) as usize);
            let to = bytes.len().min(from + (length - out.len()));
            out.extend_from_slice(&bytes[from..to]);
            at = file.ends[number];
            number += 1;
        }
        if let Some(next) = file.blobs.get(number) {
            let is_there = self.blobs.cache.lock().blobs.contains_key(next);
            // Whoever reads ahead has enough to do if there is no room.
            let _ = if is_there { Ok(()) } else { self.ahead.try_send(*next) };
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let mut cache = Cache::default();
        let id = |n: u8| BlobId::of(&[n]);
        let blob = Arc::new(vec![0; CACHE_BYTES_MAX / 4]);
        (0..4).for_each(|n| cache.put(id(n), &blob));
        assert!(cache.get(id(0)).is_some());
        cache.put(id(4), &blob);
        assert!(cache.get(id(1)).is_none() && cache.get(id(0)).is_some());
        assert_eq!(cache.bytes, CACHE_BYTES_MAX);
        assert_eq!(cache.used.len(), cache.blobs.len());
    }
}
