#![no_main]
//! A pattern is refused, or matches a path or not, in a moment.

use holdfast_engine::backup::exclude::PatternList;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let (one, other) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let path = [b"/", parts.next().unwrap_or_default()].concat();
    for ignores_case in [false, true] {
        let Ok(list) = PatternList::compile([one, other], ignores_case) else { continue };
        assert_eq!(list.matches(&path), list.match_with_children(&path).matched);
    }
});
