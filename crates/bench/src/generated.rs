//! Repositories that are made as years of use would make them: many snapshots, a large index.
//!
//! restic makes the repository and its first snapshot; the engine, as a library, adds the rest.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use holdfast_engine::backend::{FileKind, LocalBackend};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::{BlobId, PackId};
use holdfast_engine::index::{BLOBS_PER_FILE_MAX, IndexBlob, IndexBuilder, IndexFile, IndexPack};
use holdfast_engine::monitor::Unwatched;
use holdfast_engine::repository::Repository;
use holdfast_engine::secret::Password;
use holdfast_engine::snapshot;
use holdfast_engine::time::Time;
use holdfast_testkit::random::Random;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::error::BenchError;
use crate::tools::PASSWORD;

/// Blobs in each pack that an index made here tells of: packs of 16 MiB, blobs of 160 KiB.
const BLOBS_PER_PACK: usize = 100;

/// Opens a repository in a folder.
///
/// # Errors
/// When it does not open.
pub fn open(folder: &Path) -> Result<Repository, BenchError> {
    let backend = Arc::new(LocalBackend::new(folder));
    Repository::open(backend, &Password::new(PASSWORD), None)
        .map_err(|error| BenchError::engine("could not open a repository")(error.into()))
}

/// Adds snapshots like the one there is, an hour apart, until there are so many.
///
/// # Errors
/// When the repository cannot be read or written.
pub fn add_snapshots(folder: &Path, count: u64) -> Result<(), BenchError> {
    let repository = open(folder)?;
    let read = snapshot::load_all(&repository, &Unwatched);
    let snapshots =
        read.map_err(|error| BenchError::engine("could not read the snapshots")(error.into()))?;
    let Some((_, first)) = snapshots.first() else {
        return Err(BenchError::NotDone("there is no first snapshot".to_owned()));
    };
    let mut time = first.time.timestamp();
    for _ in snapshots.len() as u64..count {
        time = earlier(time);
        let mut one = first.clone();
        one.time = Time::from_timestamp(time, &TimeZone::UTC);
        one.store(&repository)
            .map_err(|error| BenchError::engine("could not store a snapshot")(error.into()))?;
    }
    Ok(())
}

fn earlier(time: Timestamp) -> Timestamp {
    time.checked_sub(SignedDuration::from_hours(1)).expect("some thousand hours ago is a time")
}

/// Adds index files that tell of so many blobs, and their packs, which are of the right sizes and hold
/// nothing but a hole: a program that looks whether they are there finds them.
///
/// # Errors
/// When the repository cannot be written.
pub fn add_index(folder: &Path, blobs: u64) -> Result<(), BenchError> {
    let repository = open(folder)?;
    let mut random = Random::new(4);
    let mut left = usize::try_from(blobs).expect("memory holds far fewer");
    while left > 0 {
        let count = left.min(BLOBS_PER_FILE_MAX);
        let file = index_file(count, &mut random);
        add_hollow_packs(folder, &file)?;
        repository
            .write_file(FileKind::Index, &file.to_json())
            .map_err(|error| BenchError::engine("could not store an index")(error.into()))?;
        left -= count;
    }
    Ok(())
}

fn add_hollow_packs(folder: &Path, file: &IndexFile) -> Result<(), BenchError> {
    let mut builder = IndexBuilder::default();
    builder.add(file);
    for pack in builder.build().packs() {
        let name = pack.id.to_string();
        let path = folder.join("data").join(&name[..2]).join(name);
        File::create(&path)
            .and_then(|hollow| hollow.set_len(pack.file_bytes()))
            .map_err(BenchError::io("make a pack", &path))?;
    }
    Ok(())
}

fn index_file(blobs: usize, random: &mut Random) -> IndexFile {
    let mut packs = Vec::new();
    let mut left = blobs;
    while left > 0 {
        let count = left.min(BLOBS_PER_PACK);
        packs.push(pack(count, random));
        left -= count;
    }
    IndexFile { packs, packs_to_delete: None }
}

fn pack(count: usize, random: &mut Random) -> IndexPack {
    // One pack in twenty holds trees: packs hold one kind.
    let kind = if random.chance(1, 20) { BlobKind::Tree } else { BlobKind::Data };
    let mut offset = 0;
    let mut blob = |random: &mut Random| {
        let plain = 50_000 + random.below(250_000) as u32;
        let length = plain / 2 + 32;
        let id = BlobId::from_bytes(id(random));
        let one = IndexBlob { id, kind, offset, length, uncompressed_length: plain };
        offset += length;
        one
    };
    let blobs = (0..count).map(|_| blob(random)).collect();
    IndexPack { id: PackId::from_bytes(id(random)), blobs }
}

fn id(random: &mut Random) -> [u8; 32] {
    random.bytes(32).try_into().expect("as many as asked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_tells_of_as_many_blobs_as_asked_each_in_a_place_of_its_own() {
        let file = index_file(1234, &mut Random::new(1));
        let blobs: usize = file.packs.iter().map(|pack| pack.blobs.len()).sum();
        assert_eq!(blobs, 1234);
        for pack in &file.packs {
            let mut end = 0;
            for blob in &pack.blobs {
                assert_eq!(blob.offset, end);
                end += blob.length;
            }
        }
    }
}
