#![no_main]
//! A tree is refused or read, and what was read is written so that it reads the same.

use holdfast_engine::tree::{Tree, shown};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(tree) = Tree::decode(bytes) else { return };
    for node in &tree.nodes {
        let _ = (node.has_safe_name(), shown(&node.name));
    }
    let again = Tree::decode(&tree.encode()).expect("what we write can be read");
    let names = |tree: &Tree| tree.nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&again), names(&tree));
    assert_eq!(again.encode(), tree.encode());
});
