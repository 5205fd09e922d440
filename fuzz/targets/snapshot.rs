#![no_main]
//! A snapshot is refused or read, and what was read is written so that it reads the same.

use holdfast_engine::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(snapshot) = Snapshot::from_json(bytes) else { return };
    let json = snapshot.to_json();
    let again = Snapshot::from_json(&json).expect("what we write can be read");
    assert_eq!(again.to_json(), json);
});
