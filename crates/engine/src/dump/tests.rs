use super::*;
use crate::testing::{World, file, folder};

fn written(write: impl FnOnce(&World, TreeId, &mut Vec<u8>) -> Result<(), DumpError>) -> Vec<u8> {
    let mut world = World::new();
    let parts: Vec<BlobId> = (0..20u8).map(|n| world.data(&[n; 3])).collect();
    let inner = world.tree(vec![file("many", 60, &parts)]);
    let fifo = Node { kind: NodeKind::Fifo, ..file("fifo", 0, &[]) };
    let root = world.tree(vec![folder("d", inner), file("empty", 0, &[]), fifo]);
    let world = world.stored();
    let mut out = Vec::new();
    write(&world, root, &mut out).expect("all is there");
    out
}

#[test]
fn an_archive_has_every_file_with_its_content_in_order() {
    let cancel = Cancellation::default();
    let out = written(|world, root, out| {
        tar(&world.repository, &world.index(), root, b"/top", out, &cancel)
    });
    let name = |at: usize| {
        let end = out[at..].iter().position(|byte| *byte == 0).expect("it ends");
        String::from_utf8_lossy(&out[at..at + end]).into_owned()
    };
    // A folder, a file and its content, a file without any, two blocks at the end.
    assert_eq!([name(0), name(512), name(1536)], ["top/d/", "top/d/many", "top/empty"]);
    let content: Vec<u8> = (0..20u8).flat_map(|n| [n; 3]).collect();
    assert_eq!(out[1024..1084], content);
    assert_eq!(out.len(), 6 * 512);
}

#[test]
fn a_file_whose_content_is_not_as_long_as_it_says_is_an_error() {
    let mut world = World::new();
    let blob = world.data(b"abc");
    let root = world.tree(vec![file("liar", 4, &[blob])]);
    let world = world.stored();
    let (mut out, cancel) = (Vec::new(), Cancellation::default());
    let result = tar(&world.repository, &world.index(), root, b"/", &mut out, &cancel);
    assert!(matches!(result, Err(DumpError::WrongSize { .. })), "{result:?}");
}

#[test]
fn what_cannot_be_read_ends_the_archive_with_an_error() {
    let mut world = World::new();
    let root = world.tree(vec![folder("lost", TreeId::of(b"lost"))]);
    let world = world.stored();
    let (mut out, cancel) = (Vec::new(), Cancellation::default());
    let result = tar(&world.repository, &world.index(), root, b"/", &mut out, &cancel);
    assert!(matches!(result, Err(DumpError::Read(_))), "{result:?}");
}

#[test]
fn large_blobs_are_read_one_at_a_time_and_small_ones_together() {
    let mut world = World::new();
    let blobs: Vec<BlobId> = (0..20u8).map(|n| world.data(&[n; 3])).collect();
    let large = world.data(&vec![1; READ_AHEAD_BYTES as usize / 2 + 1]);
    let world = world.stored();
    let index = world.index();
    assert_eq!(ahead(&index, &blobs), READ_AHEAD);
    assert_eq!(ahead(&index, &blobs[..3]), 3);
    assert_eq!(ahead(&index, &[large, large, large]), 1);
    assert_eq!(ahead(&index, &[blobs[0], large, blobs[1], large]), 3);
    // What no pack has is an error when it is read.
    assert_eq!(ahead(&index, &[BlobId::of(b"gone")]), 1);
}
