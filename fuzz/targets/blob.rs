#![no_main]
//! What is sealed in a pack is the blob that it is called, or refused.

use std::sync::{Arc, LazyLock};

use holdfast_engine::backend::MemoryBackend;
use holdfast_engine::blob::{BlobKind, BlobLocation, PackedBlob};
use holdfast_engine::id::{BlobId, PackId};
use holdfast_testkit::TestRepository;
use libfuzzer_sys::fuzz_target;

static TEST: LazyLock<TestRepository> =
    LazyLock::new(|| TestRepository::create(Arc::new(MemoryBackend::new())));

fuzz_target!(|bytes: &[u8]| {
    let Some((length, content)) = bytes.split_first_chunk::<4>() else { return };
    let length = u32::from_le_bytes(*length);
    let repository = &TEST.repository;
    let sealed = repository.master_key().seal(content);
    for kind in [BlobKind::Data, BlobKind::Tree] {
        for uncompressed_length in [None, Some(length)] {
            let location = BlobLocation {
                pack: PackId::of(b"pack"),
                offset: 0,
                length: sealed.len() as u32,
                uncompressed_length,
            };
            let blob = PackedBlob { id: BlobId::of(content), kind, location };
            let mut out = Vec::new();
            if repository.open_blob(&sealed, &blob, &mut out).is_ok() {
                assert_eq!(BlobId::of(&out), blob.id);
            }
        }
    }
});
