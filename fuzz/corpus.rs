//! Makes the first inputs of each target from a real repository.
//!   corpus <folder>

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
use holdfast_engine::id::PackId;
use holdfast_testkit::TestRepository;
use holdfast_testkit::random::Random;

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("corpus <folder>")?.into();
    let storage = Arc::new(MemoryBackend::new());
    let test = TestRepository::create(storage.clone());
    let source = tempfile::tempdir()?;
    let mut random = Random::new(1);
    for round in 0..4 {
        for number in 0..8_u64 {
            let place = source.path().join(format!("folder {}", number % 3));
            fs::create_dir_all(&place)?;
            fs::write(place.join(format!("{round} \u{e9} {number}")), random.bytes(500))?;
        }
        test.backup(source.path())?;
    }
    let _lock = test.lock(false);
    let put = |target: &str, content: &[u8]| put(&folder, target, content);

    let repository = &test.repository;
    for kind in [FileKind::Index, FileKind::Snapshot, FileKind::Lock] {
        for file in repository.list(kind)? {
            let name = FileName::new(kind, file.id);
            let json = repository.read_file(kind, file.id)?;
            put(&kind.to_string(), &json)?;
            put("sealed_file", &json)?;
            put("sealed_file", &repository.master_key().open(&storage.read(name)?)?)?;
        }
    }
    for file in repository.list(FileKind::Key)? {
        put("key", &storage.read(FileName::new(FileKind::Key, file.id))?)?;
    }
    put("config", &repository.master_key().open(&storage.read(FileName::CONFIG)?)?)?;
    let index = test.index();
    for file in repository.list(FileKind::Pack)? {
        let bytes = storage.read(FileName::new(FileKind::Pack, file.id))?;
        let blobs = repository.read_pack_header(PackId(file.id), file.size)?;
        let end: u32 = blobs.iter().map(|blob| blob.location.length).sum();
        let header = repository.master_key().open(&bytes[end as usize..bytes.len() - 4])?;
        put("pack_header", &[&end.to_le_bytes(), header.as_slice()].concat())?;
        for blob in blobs {
            let (start, length) = (blob.location.offset as usize, blob.location.length as usize);
            let frame = repository.master_key().open(&bytes[start..start + length])?;
            let length = blob.location.uncompressed_length.unwrap_or(0);
            put("blob", &[&length.to_le_bytes(), frame.as_slice()].concat())?;
            if blob.kind == holdfast_engine::blob::BlobKind::Tree {
                put("tree", &repository.read_blob(&index, blob.kind, blob.id)?)?;
            }
        }
    }
    for name in ["caf\u{e9}", "a\\b\"c", "\u{2028}\u{200d}", ".."] {
        put("name", name.as_bytes())?;
    }
    for text in ["# no\n*.tmp\r\n$HOME/cache\n", "\u{feff}a\nb", "!keep\n**/x"] {
        put("text_file", text.as_bytes())?;
    }
    for text in ["*.o\0!keep.o\0src/keep.o", "/a/**/b\0[a-z]?\0a/x/y/b", "\\*\0a\0*"] {
        put("pattern", text.as_bytes())?;
    }
    for text in
        ["2026-03-27T09:00:00.123456789+01:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"]
    {
        put("time", text.as_bytes())?;
    }
    for text in ["1y5m7d2h", "unlimited", "2/5", "2.5%", "500M", "-1", "raw-data", "10"] {
        put("words", text.as_bytes())?;
    }
    Ok(())
}

fn put(folder: &Path, target: &str, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(holdfast_engine::id::RawId::of(content).to_string()), content)?;
    Ok(())
}
