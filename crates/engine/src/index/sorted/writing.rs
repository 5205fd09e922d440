//! Writes a sorted index.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::segment::{SHARDS, Shard};
use super::super::{Index, Segment};
use super::format::{MARK, put_count, put_list};
use crate::backend::make_private_folders;
use crate::blob::BlobKind;
use crate::crypto::MasterKey;
use crate::id::RawId;

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
    goes_on: &dyn Fn() -> bool,
) -> io::Result<()> {
    make_private_folders(folder)?;
    remove_remains(folder, path);
    let aside = aside_in(folder)?;
    let written = write_to(draft, &aside, key, goes_on).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Removes what is not the file itself. Another process may be writing it: then that one's is not
/// kept, and ours is.
fn remove_remains(folder: &Path, path: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path() != path {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn aside_in(folder: &Path) -> io::Result<PathBuf> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    Ok(folder.join(format!("new-{random:016x}")))
}

fn write_to(
    draft: &Draft,
    path: &Path,
    key: &MasterKey,
    goes_on: &dyn Fn() -> bool,
) -> io::Result<()> {
    let mut out = BufWriter::new(File::options().write(true).create_new(true).open(path)?);
    let mut head = MARK.to_vec();
    head.extend_from_slice(draft.repository.as_bytes());
    put_list(&mut head, draft.files.iter().map(|id| *id.as_bytes()));
    put_count(&mut head, draft.parts.len());
    for part in &draft.parts {
        head.extend_from_slice(&part.packs);
        for shards in &part.kinds {
            put_count(&mut head, shards.len());
            for shard in shards {
                if !goes_on() {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                write_shard(&merged(shard), key, &mut head, &mut out)?;
            }
        }
    }
    let sealed = sealed(&head, key)?;
    out.write_all(&sealed)?;
    out.write_all(&(sealed.len() as u64).to_le_bytes())?;
    out.write_all(&MARK)?;
    out.flush()
}

fn merged(segments: &[Arc<Shard>]) -> Arc<Shard> {
    let merge = |one: Arc<Shard>, two: Arc<Shard>| Arc::new(one.merge(&two));
    segments.iter().cloned().reduce(merge).unwrap_or_default()
}

/// Writes the entries of a shard to `out`, and all else that there is to say of it to the head.
fn write_shard(
    shard: &Shard,
    key: &MasterKey,
    head: &mut Vec<u8>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (entries, starts) = shard.parts();
    let sealed = sealed(entries.as_flattened(), key)?;
    let (seal, body) = MasterKey::parts_of(&sealed).expect("it was just sealed");
    head.extend_from_slice(&seal.to_bytes());
    put_list(head, starts.iter().map(|start| start.to_le_bytes()));
    out.write_all(body)
}

/// Seals, and opens again to see that it is right: what is wrong here would stay wrong.
fn sealed(plaintext: &[u8], key: &MasterKey) -> io::Result<Vec<u8>> {
    let sealed = key.seal(plaintext);
    if key.opens_as(&sealed, plaintext) {
        return Ok(sealed);
    }
    Err(io::ErrorKind::InvalidData.into())
}
