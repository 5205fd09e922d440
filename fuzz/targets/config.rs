#![no_main]
//! A config is refused or read.

use holdfast_engine::chunker::Polynomial;
use holdfast_engine::config::RepositoryConfig;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(config) = serde_json::from_slice::<RepositoryConfig>(bytes) else { return };
    let _ = (config.foreign_setting(), config.chunker_polynomial.parse::<Polynomial>());
    let json = serde_json::to_vec(&config).expect("what was read is written");
    serde_json::from_slice::<RepositoryConfig>(&json).expect("what we write can be read");
});
