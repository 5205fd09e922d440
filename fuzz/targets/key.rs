#![no_main]
//! A key file is refused or read, and opens with no password but its own.

use holdfast_engine::key::KeyFile;
use holdfast_engine::secret::Password;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(key) = KeyFile::from_json(bytes) else { return };
    // What takes a second to derive is no concern of this.
    if key.n <= 16 && key.r <= 8 && key.p <= 4 {
        assert!(key.open(&Password::new("none of them")).is_err());
    }
});
