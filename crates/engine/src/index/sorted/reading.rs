//! Reads a sorted index: each shard into the memory that it is kept in, over all cores.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::super::packs::Packs;
use super::super::segment::{ENTRY_BYTES, Shard};
use super::super::{Index, Segment};
use super::format::{Bytes, END_BYTES, HEAD_BYTES_MAX, Head, MARK, Part, ShardHead};
use super::{BESIDE_PART_MAX, ListedFiles, Loaded, Unused};
use crate::crypto::MasterKey;
use crate::id::RawId;
use crate::manners;
use crate::monitor::Cancellation;

/// Reads one that stands for most of what is `listed`, and for nothing else.
pub(super) fn read(
    path: &Path,
    key: &MasterKey,
    repository: RawId,
    listed: &ListedFiles,
    cancel: &Cancellation,
) -> Result<Loaded, Unused> {
    let file = File::open(path).map_err(|_| Unused::Absent)?;
    let head = read_head(file, key).filter(|head| head.repository == repository);
    let head = head.ok_or(Unused::Wrong)?;
    let sizes: Option<Vec<u64>> = head.files.iter().map(|id| listed.get(id).copied()).collect();
    let covered: u64 = sizes.ok_or(Unused::Wrong)?.iter().sum();
    let all: u64 = listed.values().sum();
    if all.saturating_sub(covered).saturating_mul(BESIDE_PART_MAX) >= all.max(1) {
        return Err(Unused::Short);
    }
    let parts = read_parts(path, key, head.parts, cancel);
    if cancel.is_cancelled() {
        return Err(Unused::Interrupted);
    }
    let index = whole(parts.ok_or(Unused::Wrong)?).ok_or(Unused::Wrong)?;
    Ok(Loaded { index, files: head.files.into_iter().collect() })
}

fn whole(parts: Vec<Index>) -> Option<Index> {
    let mut parts = parts.into_iter();
    let mut index = parts.next()?;
    index.marked = parts.next().map(Box::new);
    parts.next().is_none().then_some(index)
}

fn read_head(mut file: File, key: &MasterKey) -> Option<Head> {
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
    let head_bytes = usize::try_from(head_bytes).ok().filter(|bytes| *bytes <= HEAD_BYTES_MAX)?;
    let mut sealed = Vec::new();
    sealed.try_reserve_exact(head_bytes).ok()?;
    sealed.resize(head_bytes, 0);
    file.read_exact(&mut sealed).ok()?;
    let head = Head::read(&key.open(&sealed).ok()?, ENTRY_BYTES as u64)?;
    (head.entries_end() == entries_end).then_some(head)
}

/// `None` if one of them is not as the head says, or the caller asked to stop.
fn read_parts(
    path: &Path,
    key: &MasterKey,
    parts: Vec<Part>,
    cancel: &Cancellation,
) -> Option<Vec<Index>> {
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
            let shard =
                if cancel.is_cancelled() { None } else { read_shard(&mut file, key, packs, head) };
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
