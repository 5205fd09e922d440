#![no_main]
//! A lock is refused or read and judged.

use holdfast_engine::lock::{Here, LockFile, Observation, judge};
use holdfast_testkit::{NoProcesses, identity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(lock) = serde_json::from_slice::<LockFile>(bytes) else { return };
    let identity = identity();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let here = Here { identity: &identity, probe: &NoProcesses, own_disk: false, now };
    for reason in judge(&lock, &here, &Observation::default()).reasons {
        let _ = reason.to_string();
    }
});
