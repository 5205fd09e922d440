use proptest::prelude::*;

use super::*;
use crate::id::BlobId;
use crate::time::Time;

/// A folder of odd entries as restic 0.19.1 stored it.
const RESTIC: &[u8] = include_bytes!("restic-0.19.1.tree.json");

#[test]
fn a_tree_of_restic_is_written_again_byte_for_byte() {
    let tree = Tree::decode(RESTIC).expect("a tree");
    let again = tree.encode();
    assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(RESTIC));
    assert!(Tree::reencodes_exactly(RESTIC));
}

#[test]
fn every_part_of_a_node_is_read() {
    let tree = Tree::decode(RESTIC).expect("a tree");
    let find = |name: &[u8]| tree.find(name).expect("an entry");
    assert_eq!(find(b"plain").links, 2);
    assert_eq!(find(b"plain").inode, find(b"hard").inode);
    assert_eq!(find(b"badlink").link_target, b"bad\xff\xfetarget");
    assert_eq!(find(b"dir").mode, mode::FOLDER | mode::SETGID | mode::STICKY | 0o755);
    assert_eq!(find(b"setuid").mode, mode::SETUID | 0o755);
    assert_eq!(find(b"chr").kind, NodeKind::CharDevice);
    assert_eq!(find(b"chr").device, 259);
    assert_eq!(find(b"big").content.as_ref().map(Vec::len), Some(6));
    assert_eq!(find(b"empty").content.as_deref(), Some(&[][..]));
    assert_eq!(find(b"old").modified.offset_seconds, 3600);
    assert_eq!(find(b"xattr").extended_attributes.len(), 2);
    assert_eq!(find(b"invalid\xff\xed\xa0\x80\xe2\x82").kind, NodeKind::File);
}

#[test]
fn the_tree_of_an_empty_folder_has_its_known_id() {
    let id = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8";
    assert_eq!(Tree::default().id().to_string(), id);
}

#[test]
fn keys_that_are_not_known_are_kept() {
    let node = concat!(
        r#"{"name":"a","type":"file","mtime":"2024-01-01T00:00:00Z","atime":"2024-01-01T00:00:00Z","#,
        r#""ctime":"2024-01-01T00:00:00Z","uid":0,"gid":0,"content":[],"#,
        r#""new":{"a":[1,2.5,"x"]},"newer":null}"#
    );
    let bytes = format!("{{\"nodes\":[{node}]}}\n").into_bytes();
    assert!(Tree::reencodes_exactly(&bytes));
    let with_more = format!("{{\"before\":[{{}}],\"nodes\":[{node}],\"after\":1}}\n").into_bytes();
    assert_eq!(Tree::decode(&with_more).expect("a tree").encode(), bytes);
    assert!(!Tree::reencodes_exactly(&with_more));
}

fn tree_of(nodes: &str) -> Vec<u8> {
    format!("{{\"nodes\":[{nodes}]}}\n").into_bytes()
}

#[test]
fn names_out_of_order_or_twice_are_refused() {
    for nodes in [
        r#"{"name":"b"},{"name":"a"}"#,
        r#"{"name":"a"},{"name":"a"}"#,
        r#"{"name":"a"},{"name":"\\x61"}"#,
    ] {
        let result = Tree::decode(&tree_of(nodes));
        assert!(matches!(result, Err(TreeError::Order { .. })), "{nodes}: {result:?}");
    }
}

#[test]
fn what_is_no_tree_is_refused() {
    let deep = format!("{{\"name\":\"a\",\"x\":{}", "[".repeat(1_000_000));
    let refused = |bytes: &[u8]| {
        assert!(
            Tree::decode(bytes).is_err(),
            "{}",
            String::from_utf8_lossy(&bytes[..60.min(bytes.len())])
        );
    };
    for nodes in [
        "1",
        "null",
        "[]",
        "\"a\"",
        "{",
        "{\"name\"",
        "{\"name\":",
        "{\"name\":1}",
        "{,}",
        r#"{"name":"\\q"}"#,
        r#"{"name":"\q"}"#,
        r#"{"name":"a",}"#,
        r#"{"name":"a"},"#,
        r#"{"name":"a" "type":"file"}"#,
        r#"{"mode":-1}"#,
        r#"{"mode":1.5}"#,
        r#"{"mode":1e3}"#,
        r#"{"mode":4294967296}"#,
        r#"{"mode":"1"}"#,
        r#"{"size":18446744073709551616}"#,
        r#"{"size":01}"#,
        r#"{"content":{}}"#,
        r#"{"content":["zz"]}"#,
        r#"{"content":[1]}"#,
        r#"{"subtree":"abc"}"#,
        r#"{"mtime":"yesterday"}"#,
        r#"{"mtime":""}"#,
        r#"{"mtime":0}"#,
        r#"{"linktarget_raw":"?"}"#,
        r#"{"extended_attributes":[1]}"#,
        r#"{"user":[]}"#,
        r#"{"generic_attributes":[]}"#,
        r#"{"type":5}"#,
        &deep,
    ] {
        refused(&tree_of(nodes));
    }
    for bytes in ["", "{}", "[]", "null", "{\"nodes\":{}}", "{\"nodes\":[]", "{\"nodes\":[]}x"] {
        refused(bytes.as_bytes());
    }
}

#[test]
fn half_a_surrogate_pair_is_read_as_go_reads_it() {
    let check = |quoted: &str, name: &str| {
        let tree = Tree::decode(&tree_of(&format!("{{\"name\":\"{quoted}\"}}"))).expect("a tree");
        assert_eq!(String::from_utf8_lossy(&tree.nodes[0].name), name);
    };
    check(r"a\ud800b", "a\u{fffd}b");
    check(r"\ud83d\ude00\udc00\n".trim_end_matches(r"\n"), "😀\u{fffd}");
}

#[test]
fn a_damaged_tree_never_panics() {
    for at in 0..RESTIC.len() {
        let _ = Tree::decode(&RESTIC[..at]);
        let mut damaged = RESTIC.to_vec();
        for byte in [0, b'"', b'\\', b'}', b',', 0xff] {
            damaged[at] = byte;
            let _ = Tree::decode(&damaged);
        }
    }
}

prop_compose! {
    fn any_time()(seconds in -3_000_000_000i64..5_000_000_000, nanoseconds in 0u32..1_000_000_000,
        quarters in -48i32..56) -> Time {
        Time { seconds, nanoseconds, offset_seconds: quarters * 900 }
    }
}

prop_compose! {
    fn any_node()(
        name in prop::collection::vec(any::<u8>(), 1..30),
        (modified, accessed, changed) in (any_time(), any_time(), any_time()),
        (mode, uid, gid) in any::<(u32, u32, u32)>(),
        (inode, device_id, size, links, device) in any::<(u64, u64, u64, u64, u64)>(),
        (user, group, error) in any::<(String, String, String)>(),
        link_target in prop::collection::vec(any::<u8>(), 0..20),
        attributes in prop::collection::vec((any::<String>(), any::<Vec<u8>>()), 0..3),
        content in prop::option::of(prop::collection::vec(any::<[u8; 32]>(), 0..4)),
    ) -> Node {
        Node {
            name, modified, accessed, changed, mode, uid, gid, inode, device_id, size, links,
            device, link_target, error,
            user: user.into(),
            group: group.into(),
            extended_attributes: attributes.into_iter()
                .map(|(name, value)| ExtendedAttribute { name, value })
                .collect(),
            content: content.map(|ids| ids.into_iter().map(BlobId::from_bytes).collect()),
            ..Node::default()
        }
    }
}

proptest! {
    #[test]
    fn any_tree_comes_back(nodes in prop::collection::vec(any_node(), 0..6)) {
        let mut nodes = nodes;
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        nodes.dedup_by(|a, b| a.name == b.name);
        let bytes = Tree { nodes: nodes.clone() }.encode();
        let again = Tree::decode(&bytes);
        prop_assert!(again.is_ok(), "{:?}", again);
        let again = again.expect("just seen");
        prop_assert_eq!(format!("{:?}", &again.nodes), format!("{nodes:?}"));
        prop_assert_eq!(again.encode(), bytes.clone());
        // It is also JSON to others.
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
    }

    #[test]
    fn a_node_is_passed_over_by_its_text_alone_and_any_other_is_read(
        nodes in prop::collection::vec((any_node(), any::<bool>(), any::<bool>()), 0..6),
    ) {
        let mut nodes = nodes;
        nodes.sort_by(|(a, ..), (b, ..)| a.name.cmp(&b.name));
        nodes.dedup_by(|(a, ..), (b, ..)| a.name == b.name);
        for (node, _, has_error) in &mut nodes {
            if !*has_error {
                node.error.clear();
            }
        }
        let bytes = Tree { nodes: nodes.iter().map(|(node, ..)| node.clone()).collect() }.encode();
        let mut left = Nodes::of(&bytes).expect("a tree");
        let mut found = Vec::new();
        for (node, is_other, _) in &nodes {
            let (mut whole, mut text) = (Vec::new(), Vec::new());
            node.encode_into(&mut whole);
            node.encode_looked_at(&mut text);
            prop_assert!(left.begins_with(&text));
            node.encode_completed(&mut text);
            let other = Node { links: node.links ^ 1, ..node.clone() };
            let mut other_text = Vec::new();
            other.encode_looked_at(&mut other_text);
            other.encode_completed(&mut other_text);
            prop_assert_eq!(left.is_next_but_for_content(&other_text, &mut found), None);
            let at = left.is_next_but_for_content(&text, &mut found);
            prop_assert_eq!(at.is_some(), node.content.is_some() && node.error.is_empty());
            if let Some(at) = at {
                prop_assert_eq!(&bytes[at.clone()], whole.as_slice());
                prop_assert_eq!(Some(&found), node.content.as_ref());
                prop_assert_eq!(left.is_next(&whole), Some(at));
            }
            match left.is_next(&whole) {
                Some(at) if !is_other => left.pass(&node.name, &at),
                at => {
                    prop_assert!(at.is_some());
                    let read = left.next().expect("a tree");
                    prop_assert_eq!(format!("{read:?}"), format!("{:?}", Some(node)));
                }
            }
        }
        prop_assert!(matches!(left.next(), Ok(None)));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Tree::decode(&bytes);
    }
}
