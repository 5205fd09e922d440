//! Reads a sorted index: each shard into the memory that it is kept in, over all cores.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::super::packs::Packs;
use super::super::segment::{ENTRY_BYTES, Shard};
use super::super::{Index, Segment};
use super::Loaded;
use super::format::{Bytes, END_BYTES, Head, MARK, Part, ShardHead};
use crate::crypto::MasterKey;
use crate::id::RawId;
use crate::manners;

/// `None` if it is not there, not whole, not ours, or stands for a file that is not `listed`.
pub(super) fn read(
    path: &Path,
    key: &MasterKey,
    repository: RawId,
    listed: &HashSet<RawId>,
) -> Option<Loaded> {
    let head = read_head(path, key)?;
    if head.repository != repository || !head.files.iter().all(|id| listed.contains(id)) {
        return None;
    }
    let mut parts = read_parts(path, key, head.parts)?.into_iter();
    let mut index = parts.next()?;
    index.marked = parts.next().map(Box::new);
    parts.next().is_none().then_some(Loaded { index, files: head.files.into_iter().collect() })
}

fn read_head(path: &Path, key: &MasterKey) -> Option<Head> {
    let mut file = File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(bytes.checked_sub(END_BYTES as u64)?)).ok()?;
    let mut end = [0; END_BYTES];
    file.read_exact(&mut end).ok()?;
    let mut end = Bytes(&end);
    let head_bytes = u64::from_le_bytes(end.array()?);
    let entries_end = bytes.checked_sub(END_BYTES as u64)?.checked_sub(head_bytes)?;
    if end.array()? != MARK {
        return None;
    }
    file.seek(SeekFrom::Start(entries_end)).ok()?;
    let mut sealed = vec![0; usize::try_from(head_bytes).ok()?];
    file.read_exact(&mut sealed).ok()?;
    let head = Head::read(&key.open(&sealed).ok()?, ENTRY_BYTES as u64)?;
    (head.entries_end() == entries_end).then_some(head)
}

fn read_parts(path: &Path, key: &MasterKey, parts: Vec<Part>) -> Option<Vec<Index>> {
    let wanted: Vec<(&Packs, &ShardHead)> = parts
        .iter()
        .flat_map(|part| part.kinds.iter().flatten().map(|head| (&part.packs, head)))
        .collect();
    let (next, read) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(wanted.len())));
    let work = || {
        // Each has a place in the file of its own. Should another file take the place of this one, its
        // entries do not match the head.
        let mut file = File::open(path).ok()?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((packs, head)) = wanted.get(number) else { return Some(()) };
            let shard = read_shard(&mut file, key, packs, head);
            if shard.is_none() {
                next.store(wanted.len(), Ordering::Relaxed);
            }
            read.lock().push((number, shard?));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let is_whole = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(manners::as_here(work))).collect();
        let mut ended =
            workers.into_iter().map(|worker| worker.join().expect("workers do not panic"));
        ended.all(|done| done.is_some())
    });
    let mut read = read.into_inner();
    if !is_whole || read.len() < wanted.len() {
        return None;
    }
    read.sort_unstable_by_key(|(number, _)| *number);
    let mut shards = read.into_iter().map(|(_, shard)| shard);
    let part = |Part { packs, kinds }: Part| {
        let kinds = kinds.map(|heads| shards.by_ref().take(heads.len()).collect());
        Index { segments: vec![Segment::from_shards(kinds)], packs, marked: None }
    };
    Some(parts.into_iter().map(part).collect())
}

fn read_shard(file: &mut File, key: &MasterKey, packs: &Packs, head: &ShardHead) -> Option<Shard> {
    let count = *head.starts.last().unwrap_or(&0) as usize;
    let mut entries = vec![[0; ENTRY_BYTES]; count];
    file.seek(SeekFrom::Start(head.entries.start)).ok()?;
    file.read_exact(entries.as_flattened_mut()).ok()?;
    key.open_in_place(&head.seal, entries.as_flattened_mut()).ok()?;
    Shard::of_parts(entries, head.starts.clone(), |entry| packs.knows(entry))
}
