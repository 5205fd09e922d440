#![no_main]
//! What is sealed in a pack is the blob that it is called, or refused.
//!
//! The bytes are sealed as they are, and called once by the sum of themselves and once, where they
//! are a compressed frame, by the sum of what it holds: so that what is whole is met, too.

use std::sync::{Arc, LazyLock};

use holdfast_engine::backend::MemoryBackend;
use holdfast_engine::blob::{BlobKind, BlobLocation, PackedBlob};
use holdfast_engine::id::{BlobId, PackId};
use holdfast_testkit::TestRepository;
use libfuzzer_sys::fuzz_target;

static TEST: LazyLock<TestRepository> =
    LazyLock::new(|| TestRepository::create(Arc::new(MemoryBackend::new())));

/// What is expanded to see whether it is whole; far more would only take time.
const EXPANDED_BYTES_MAX: usize = 1 << 20;

/// The blob with this content, sealed in a pack of its own.
fn blob(kind: BlobKind, sealed: &[u8], content: &[u8], plain: Option<u32>) -> PackedBlob {
    let location = BlobLocation {
        pack: PackId::of(b"pack"),
        offset: 0,
        length: sealed.len() as u32,
        uncompressed_length: plain,
    };
    PackedBlob { id: BlobId::of(content), kind, location }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((length, content)) = bytes.split_first_chunk::<4>() else { return };
    let length = u32::from_le_bytes(*length);
    let repository = &TEST.repository;
    let sealed = repository.master_key().seal(content);
    let expanded = zstd::bulk::decompress(content, (length as usize).min(EXPANDED_BYTES_MAX));
    let expanded = expanded.ok().filter(|expanded| !expanded.is_empty());
    let expanded = expanded.filter(|expanded| expanded.len() == length as usize);
    if let Some(expanded) = &expanded {
        let blob = blob(BlobKind::Data, &sealed, expanded, Some(length));
        let mut out = Vec::new();
        let opened = repository.open_blob(&sealed, &blob, &mut out);
        assert!(opened.is_ok() && out == *expanded, "a whole blob is refused: {opened:?}");
    }
    for kind in [BlobKind::Data, BlobKind::Tree] {
        for uncompressed_length in [None, Some(length)] {
            let blob = blob(kind, &sealed, content, uncompressed_length);
            let mut out = Vec::new();
            if repository.open_blob(&sealed, &blob, &mut out).is_ok() {
                assert_eq!(BlobId::of(&out), blob.id);
            }
        }
    }
});
