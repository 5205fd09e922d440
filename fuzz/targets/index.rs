#![no_main]
//! Whatever an index file says, each blob is found where it says.

use holdfast_engine::index::{IndexBuilder, IndexFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = serde_json::from_slice::<IndexFile>(bytes) else { return };
    let mut builder = IndexBuilder::default();
    builder.add(&file);
    let mut index = builder.build();
    index.add(&file);
    for pack in &file.packs {
        assert!(index.pack(&pack.id).is_some_and(|pack| pack.file_bytes() > 0));
        for blob in &pack.blobs {
            assert!(!index.locate_all(blob.kind, &blob.id).is_empty());
        }
    }
    let _ = (index.packs().count(), file.marked_packs(), file.to_json());
    index.forget_blobs_in(&file.packs.iter().map(|pack| pack.id).collect());
    assert_eq!(index.blobs(), 0);
});
