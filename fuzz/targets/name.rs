#![no_main]
//! Any name comes back from a tree as it went in.

use holdfast_engine::tree::{Node, Tree, shown};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|name: &[u8]| {
    let node = Node { name: name.to_vec(), link_target: name.to_vec(), ..Node::default() };
    let again =
        Tree::decode(&Tree { nodes: vec![node] }.encode()).expect("what we write can be read");
    assert_eq!(again.nodes[0].name, name);
    assert_eq!(again.nodes[0].link_target, name);
    let _ = shown(name);
});
