#![no_main]
//! A header accounts for all of its pack, or is refused.

use holdfast_engine::crypto::MasterKey;
use holdfast_engine::id::PackId;
use holdfast_engine::pack::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = MasterKey::from_bytes(&std::array::from_fn(|at| at as u8 + 1));
    let Some((size, header)) = bytes.split_first_chunk::<4>() else { return };
    let size = u64::from(u32::from_le_bytes(*size));
    let mut tail = key.seal(header);
    let length = tail.len() as u32;
    tail.extend_from_slice(&length.to_le_bytes());
    let _ = Header::tail_bytes(size, bytes);
    let pack_bytes = size + tail.len() as u64;
    if let Ok(blobs) = Header::read(&key, PackId::of(bytes), pack_bytes, &tail) {
        let sum: u64 = blobs.iter().map(|blob| u64::from(blob.location.length)).sum();
        assert_eq!(sum, size);
    }
});
