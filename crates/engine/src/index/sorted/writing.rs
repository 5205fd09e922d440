//! Writes a sorted index.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

use super::super::segment::{SHARDS, Shard};
use super::super::{Index, Segment};
use super::format::{HEAD_BYTES_MAX, MARK, put_count, put_list};
use crate::backend::make_private_folders;
use crate::blob::BlobKind;
use crate::crypto::MasterKey;
use crate::id::RawId;
use crate::manners;

/// What the name of an unfinished one begins with; 16 hexadecimal digits follow.
const ASIDE: &str = "new-";

/// What is to be written. It shares the entries of the index, which may change meanwhile.
pub(super) struct Draft {
    repository: RawId,
    files: Vec<RawId>,
    parts: Vec<DraftPart>,
}

struct DraftPart {
    packs: Vec<u8>,
    /// Of data and then of trees: each shard as the segments have it.
    kinds: [Vec<Vec<Arc<Shard>>>; 2],
}

impl Draft {
    pub(super) fn new(index: &Index, repository: RawId, files: Vec<RawId>) -> Self {
        let parts = [Some(index), index.marked.as_deref()].into_iter().flatten();
        Self { repository, files, parts: parts.map(DraftPart::new).collect() }
    }
}

impl DraftPart {
    fn new(index: &Index) -> Self {
        let mut packs = Vec::new();
        index.packs.write(&mut packs);
        let kinds = [BlobKind::Data, BlobKind::Tree].map(|kind| {
            let shard = |number| {
                let of = |segment: &Segment| segment.shard(kind, number);
                index.segments.iter().filter_map(of).collect::<Vec<_>>()
            };
            let shards: Vec<_> = (0..SHARDS).map(shard).collect();
            // A kind without entries has no shards.
            if shards.iter().all(Vec::is_empty) { Vec::new() } else { shards }
        });
        Self { packs, kinds }
    }
}

/// Writes it to another name and then renames it, while it `goes_on`. Nothing stays of one that is
/// not finished; what an interrupted process left goes first.
pub(super) fn write(
    draft: &Draft,
    folder: &Path,
    path: &Path,
    key: &MasterKey,
    goes_on: &(dyn Fn() -> bool + Sync),
) -> io::Result<()> {
    make_private_folders(folder)?;
    remove_remains(folder);
    let aside = aside_in(folder)?;
    let written = write_to(draft, &aside, key, goes_on).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Removes those that were not finished. Another process may be writing one: then that one's is not
/// kept, and ours is.
fn remove_remains(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(ASIDE));
        if random.is_some_and(|text| text.len() == 16 && u64::from_str_radix(text, 16).is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn aside_in(folder: &Path) -> io::Result<PathBuf> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    Ok(folder.join(format!("{ASIDE}{random:016x}")))
}

fn write_to(
    draft: &Draft,
    path: &Path,
    key: &MasterKey,
    goes_on: &(dyn Fn() -> bool + Sync),
) -> io::Result<()> {
    let mut out = File::options().write(true).create_new(true).open(path)?;
    let shards = draft.parts.iter().flat_map(|part| part.kinds.iter().flatten());
    let shards: Vec<&[Arc<Shard>]> = shards.map(Vec::as_slice).collect();
    let mut heads = write_shards(&shards, path, key, goes_on)?.into_iter();
    let mut head = MARK.to_vec();
    head.extend_from_slice(draft.repository.as_bytes());
    put_list(&mut head, draft.files.iter().map(|id| *id.as_bytes()));
    put_count(&mut head, draft.parts.len());
    for part in &draft.parts {
        head.extend_from_slice(&part.packs);
        for shards in &part.kinds {
            put_count(&mut head, shards.len());
            heads.by_ref().take(shards.len()).for_each(|shard| head.extend(shard));
        }
    }
    let sealed = sealed(&head, key)?;
    if sealed.len() > HEAD_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    out.seek(SeekFrom::End(0))?;
    out.write_all(&sealed)?;
    out.write_all(&(sealed.len() as u64).to_le_bytes())?;
    out.write_all(&MARK)
}

fn merged(segments: &[Arc<Shard>]) -> Arc<Shard> {
    let merge = |one: Arc<Shard>, two: Arc<Shard>| Arc::new(one.merge(&two));
    segments.iter().cloned().reduce(merge).unwrap_or_default()
}

fn bytes_of(segments: &[Arc<Shard>]) -> u64 {
    segments.iter().map(|shard| shard.bytes()).sum()
}

/// Writes the entries of all shards one after the other, over all cores: a command that has nothing
/// else to do waits for it. Returns what there is to say of each in the head.
fn write_shards(
    shards: &[&[Arc<Shard>]],
    path: &Path,
    key: &MasterKey,
    goes_on: &(dyn Fn() -> bool + Sync),
) -> io::Result<Vec<Vec<u8>>> {
    let (next, heads) = (Mutex::new((0, 0)), Mutex::new(vec![Vec::new(); shards.len()]));
    let work = || -> io::Result<()> {
        let mut out = File::options().write(true).open(path)?;
        loop {
            let (number, start) = {
                let mut next = next.lock();
                let Some(segments) = shards.get(next.0) else { return Ok(()) };
                let taken = *next;
                *next = (taken.0 + 1, taken.1 + bytes_of(segments));
                taken
            };
            if !goes_on() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            out.seek(SeekFrom::Start(start))?;
            let shard = merged(shards[number]);
            if shard.bytes() != bytes_of(shards[number]) {
                // What segments repeat has no place of its own.
                return Err(io::ErrorKind::InvalidData.into());
            }
            let head = write_shard(&shard, key, &mut out)?;
            heads.lock()[number] = head;
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(manners::as_here(work))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("workers do not panic"))
    })?;
    Ok(heads.into_inner())
}

/// Writes the entries of a shard to `out`, and returns all else that there is to say of it.
fn write_shard(shard: &Shard, key: &MasterKey, out: &mut File) -> io::Result<Vec<u8>> {
    let (entries, starts) = shard.parts();
    let sealed = sealed(entries.as_flattened(), key)?;
    let (seal, body) = MasterKey::parts_of(&sealed).expect("it was just sealed");
    out.write_all(body)?;
    let mut head = seal.to_bytes().to_vec();
    put_list(&mut head, starts.iter().map(|start| start.to_le_bytes()));
    Ok(head)
}

/// Seals, and opens again to see that it is right: what is wrong here would stay wrong.
fn sealed(plaintext: &[u8], key: &MasterKey) -> io::Result<Vec<u8>> {
    let sealed = key.seal(plaintext);
    if key.opens_as(&sealed, plaintext) {
        return Ok(sealed);
    }
    Err(io::ErrorKind::InvalidData.into())
}
