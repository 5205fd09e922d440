use super::*;
use crate::backend::{Backend, FileName};
use crate::id::{BlobId, TreeId};
use crate::index::IndexPack;
use crate::monitor::{FindingKind, Unwatched};
use crate::testing::{World, file, folder};
use crate::tree::Node;

/// A snapshot of a folder with files in it.
fn world() -> World {
    let mut world = World::new();
    let content = world.data(b"hello");
    let more = world.data(&vec![7; 9_000_000]);
    let inner = world.tree(vec![file("deep", 9_000_005, &[content, more])]);
    let root = world.tree(vec![file("a", 5, &[content]), folder("inner", inner)]);
    world.snapshot(root);
    world.stored()
}

fn checked(world: &World, data: DataSubset) -> CheckOutcome {
    let options = CheckOptions { data, ..CheckOptions::default() };
    check(&world.repository, &options, &Unwatched, &Cancellation::default())
        .expect("it can be listed")
}

/// The messages of all problems.
fn problems(world: &World, data: DataSubset) -> Vec<String> {
    let outcome = checked(world, data);
    let found = outcome.findings.into_iter().filter(|finding| finding.kind != FindingKind::Note);
    let found: Vec<String> = found.map(|finding| finding.message).collect();
    assert_eq!(found.len() as u64, outcome.errors);
    found
}

#[test]
fn a_sound_repository_has_no_findings() {
    let world = world();
    let outcome = checked(&world, DataSubset::All);
    assert!(outcome.is_sound() && outcome.notes == 0, "{:?}", outcome.findings);
    assert_eq!((outcome.snapshots, outcome.trees, outcome.packs, outcome.packs_read), (1, 2, 2, 2));
    assert!(outcome.bytes_read > 9_000_000);
    assert_eq!(checked(&world, DataSubset::None).packs_read, 0);
}

#[test]
fn a_byte_changed_anywhere_in_a_pack_is_found_by_reading_data() {
    for (nth, from_end) in [(0, 1), (0, 30), (0, 100), (1, 1), (1, 30), (1, 200)] {
        let world = world();
        let pack = world.files(FileKind::Pack)[nth];
        world.damage(pack, |bytes| {
            let at = bytes.len() - from_end;
            bytes[at] ^= 1;
        });
        let outcome = checked(&world, DataSubset::All);
        assert!(!outcome.is_sound(), "{nth} {from_end}");
        assert_eq!(outcome.broken_packs, [PackId(pack.id)]);
    }
}

#[test]
fn a_damaged_blob_is_named() {
    let world = world();
    let pack = world.index().locate(crate::blob::BlobKind::Data, &BlobId::of(b"hello"));
    let pack = FileName::new(FileKind::Pack, pack.expect("it is there").pack.0);
    world.damage(pack, |bytes| bytes[20] ^= 1);
    let found = problems(&world, DataSubset::All);
    assert!(found.iter().any(|text| text.contains(&BlobId::of(b"hello").to_string())), "{found:?}");
    assert_eq!(problems(&world, DataSubset::None), [] as [&str; 0]);
}

#[test]
fn packs_that_are_missing_or_cut_short_are_found_without_reading_data() {
    let missing = world();
    missing.backend.remove(missing.files(FileKind::Pack)[0]).expect("it is there");
    assert!(
        problems(&missing, DataSubset::None).iter().any(|text| text.contains("does not exist"))
    );
    let short = world();
    short.damage(short.files(FileKind::Pack)[0], |bytes| bytes.truncate(bytes.len() - 7));
    assert!(problems(&short, DataSubset::None).iter().any(|text| text.contains("by the index")));
    assert!(!problems(&short, DataSubset::All).is_empty());
    let empty = world();
    empty.damage(empty.files(FileKind::Pack)[0], Vec::clear);
    assert!(!problems(&empty, DataSubset::All).is_empty());
}

#[test]
fn packs_that_the_index_does_not_know_are_no_problem() {
    let mut world = world();
    world.data(b"left behind");
    world.store_packs();
    let outcome = checked(&world, DataSubset::All);
    assert!(outcome.is_sound());
    assert_eq!((outcome.notes, outcome.suggests_prune), (1, true));
}

#[test]
fn an_index_file_or_snapshot_that_cannot_be_read_is_a_finding_and_the_rest_is_checked() {
    for kind in [FileKind::Index, FileKind::Snapshot] {
        for change in
            [Vec::clear as fn(&mut Vec<u8>), |bytes| bytes.truncate(40), |bytes| bytes[50] ^= 1]
        {
            let world = world();
            let root = TreeId::of(b"none");
            world.snapshot(root);
            world.damage(world.files(kind)[0], change);
            let found = problems(&world, DataSubset::All);
            assert!(found.iter().any(|text| text.contains("is damaged")), "{kind} {found:?}");
            let other = found.iter().any(|text| text.contains(&root.to_string()));
            assert!(other || kind == FileKind::Snapshot, "{found:?}");
        }
    }
}

#[test]
fn an_index_that_does_not_match_the_pack_is_found() {
    let mut world = World::new();
    world.data(b"one");
    world.data(b"two");
    let packs = world.store_packs();
    let (id, blobs) = &packs[0];
    let mut wrong = blobs.clone();
    wrong[1].id = BlobId::of(b"three");
    world.store_index(vec![IndexPack::new(*id, &wrong)]);
    let found = problems(&world, DataSubset::All);
    assert!(found.iter().any(|text| text.contains("the index does not know")), "{found:?}");
}

#[test]
fn a_pack_split_over_index_files_is_a_problem_and_one_listed_twice_is_not() {
    let mut world = World::new();
    world.data(b"one");
    world.data(b"two");
    let packs = world.store_packs();
    let (id, blobs) = &packs[0];
    let whole = IndexPack::new(*id, blobs);
    world.store_index(vec![whole.clone()]);
    world.store_index(vec![whole.clone()]);
    let twice = checked(&world, DataSubset::All);
    assert!(twice.is_sound() && twice.notes == 1 && twice.suggests_index_repair);
    world.store_index(vec![IndexPack::new(*id, &blobs[..1])]);
    assert!(!checked(&world, DataSubset::None).is_sound());
}

/// The problems of a snapshot whose topmost folder has these entries.
fn problems_of_tree(nodes: Vec<Node>) -> Vec<String> {
    let mut world = World::new();
    world.data(b"hello");
    let root = world.tree(nodes);
    world.snapshot(root);
    problems(&world.stored(), DataSubset::All)
}

#[test]
fn trees_that_are_not_what_they_should_be_are_found() {
    let hello = BlobId::of(b"hello");
    let tree_id = crate::tree::Tree { nodes: Vec::new() }.id();
    let check = |node: Node, expected: &str| {
        let found = problems_of_tree(vec![node]);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
    };
    assert_eq!(problems_of_tree(vec![file("a", 5, &[hello])]), [] as [&str; 0]);
    check(file("..", 5, &[hello]), "name");
    check(file("a/b", 5, &[hello]), "name");
    check(file("a", 5, &[BlobId::of(b"lost")]), "in no known pack");
    check(Node { content: None, ..file("a", 0, &[]) }, "no content list");
    check(folder("a", TreeId::of(b"lost")), "in no known pack");
    check(folder("a", tree_id), "in no known pack");
    check(Node { subtree: None, ..folder("a", tree_id) }, "no tree");
    // A blob of data is not a tree, whatever its name.
    check(folder("a", hello.into()), "in no known pack");
    check(file("a", 5, &[tree_id.into()]), "in no known pack");
}

#[test]
fn a_size_that_is_not_the_contents_is_a_remark() {
    let hello = BlobId::of(b"hello");
    let mut world = World::new();
    world.data(b"hello");
    let root = world.tree(vec![file("a", 6, &[hello])]);
    world.snapshot(root);
    let outcome = checked(&world.stored(), DataSubset::None);
    assert!(outcome.is_sound() && outcome.notes == 1);
}

#[test]
fn a_blob_that_is_no_tree_is_found_where_a_tree_should_be() {
    let mut world = World::new();
    let root = world.raw_tree(b"{\"nodes\":[{}");
    world.snapshot(root);
    assert!(problems(&world.stored(), DataSubset::None)[0].contains("is damaged"));
}

#[test]
fn with_snapshots_named_only_what_they_need_is_read() {
    let mut world = world();
    let content = world.data(b"of the other");
    let root = world.tree(vec![file("a", 12, &[content])]);
    let world = world.stored();
    let other = world.snapshot(root);
    let options = CheckOptions { snapshots: Some(vec![other]), data: DataSubset::All };
    let outcome = check(&world.repository, &options, &Unwatched, &Cancellation::default());
    let outcome = outcome.expect("it can be listed");
    assert_eq!((outcome.snapshots, outcome.packs, outcome.packs_read), (1, 4, 2));
}

#[test]
fn whoever_asks_to_stop_is_heard() {
    let cancel = Cancellation::default();
    cancel.cancel();
    let result = check(&world().repository, &CheckOptions::default(), &Unwatched, &cancel);
    assert!(matches!(result, Err(ReadError::Cancelled)));
}

#[test]
fn a_check_by_turns_reads_all_there_is_and_tells_where_to_go_on() {
    let world = world();
    let packs = world.files(FileKind::Pack);
    world.damage(packs[0], |bytes| bytes[20] ^= 1);
    let (mut turn, mut read, mut broken) = (Turn::default(), 0, 0);
    while turn.rounds == 0 {
        let share = Share::Bytes(1);
        let outcome = checked(&world, DataSubset::Turn { turn, share });
        (read, broken) = (read + outcome.packs_read, broken + outcome.broken_packs.len());
        turn = outcome.next_turn.expect("there are turns");
    }
    assert_eq!((read, broken), (packs.len(), 1));
    assert_eq!(checked(&world, DataSubset::All).next_turn, None);
}
