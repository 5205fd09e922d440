#![no_main]
//! Text of any encoding is decoded, and exclude patterns are read from it.

use holdfast_engine::backup::exclude::{PatternList, read_patterns};
use holdfast_engine::text_file::decoded;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = decoded(bytes);
    assert!(text.len() <= bytes.len() / 2 * 3 + bytes.len());
    // An empty one (of a variable that is empty) is passed over by whoever compiles them.
    let patterns = read_patterns(&text, &|name| Some(name.to_owned()));
    let _ = PatternList::compile(patterns, false);
});
