#![no_main]
//! A time is refused or read, and what was read is written so that it reads the same.

use holdfast_engine::forget::Period;
use holdfast_engine::time::Time;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(time) = Time::parse(bytes) else { return };
    let text = time.to_string();
    let again = Time::parse(text.as_bytes()).expect("what we write can be read");
    assert!(again.same_moment(&time), "{text}");
    assert_eq!(again.to_string(), text);
    let _ = time.timestamp();
    let period: Period = "99999y99999m99999d99999h".parse().expect("a period");
    let _ = period.before(time, &TimeZone::UTC);
});
