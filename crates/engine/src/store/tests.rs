//! What is sealed is read back before it is stored, whatever the computer did to it meanwhile.

use crossbeam_channel::unbounded;

use super::*;
use crate::testing::fault::{Fault, err_next, is_due};
use crate::testing::{Still, World};

fn store(world: &World, extra_verify: bool) -> Store<'_> {
    let compression = Compression::Auto;
    let options = StoreOptions { compression, pack_bytes: 4 << 20, extra_verify, dry_run: false };
    Store::new(&world.repository, world.index(), options, &Still, None)
}

/// What adding a blob comes to when the computer errs, and the packs that it ends up in.
fn add(
    world: &World,
    kind: BlobKind,
    fault: Fault,
    extra_verify: bool,
) -> (Result<Added, StoreError>, Vec<FinishedPack>) {
    let store = store(world, extra_verify);
    let mut sealer = store.sealer().expect("tools");
    let content = b"some words ".repeat(100);
    let (full, _packs) = unbounded();
    err_next(fault);
    let added = store.add(kind, BlobId::of(&content), &content, &mut sealer, &full);
    assert!(!is_due(), "{fault:?} did not happen");
    (added, store.take_rest().expect("sound headers"))
}

#[test]
fn a_blob_that_does_not_read_back_is_not_stored() {
    let world = World::new();
    for fault in Fault::ALL {
        for kind in [BlobKind::Data, BlobKind::Tree] {
            let (added, packs) = add(&world, kind, fault, true);
            assert!(matches!(added, Err(StoreError::Verification { .. })), "{fault:?} {added:?}");
            assert!(packs.is_empty());
        }
    }
}

#[test]
fn whoever_does_without_reading_back_stores_what_is_damaged() {
    let world = World::new();
    for fault in Fault::ALL {
        let (added, packs) = add(&world, BlobKind::Data, fault, false);
        assert!(added.is_ok() && packs.len() == 1);
        let blob = packs[0].blobs[0];
        let sealed = &packs[0].bytes[..blob.location.length as usize];
        assert!(world.repository.open_blob(sealed, &blob, &mut Vec::new()).is_err(), "{fault:?}");
    }
}

#[test]
fn a_compressed_blob_of_another_repository_that_does_not_read_back_is_not_stored() {
    let world = World::new();
    let content = b"some words ".repeat(100);
    let frame = zstd::bulk::compress(&content, 1).expect("a frame");
    let (kind, id) = (BlobKind::Data, BlobId::of(&content));
    let uncompressed_length = content.len() as u32;
    let frame = Frame { kind, id, bytes: &frame, uncompressed_length };
    for fault in [Fault::Encrypting, Fault::Sealed] {
        let store = store(&world, true);
        let mut sealer = store.sealer().expect("tools");
        let (full, _packs) = unbounded();
        err_next(fault);
        let added = store.add_frame(frame, &mut sealer, &full);
        assert!(matches!(added, Err(StoreError::Verification { .. })), "{fault:?} {added:?}");
        assert!(!is_due());
        assert!(store.take_rest().expect("sound headers").is_empty());
    }
}

#[test]
fn a_pack_whose_header_does_not_read_back_is_not_stored() {
    let world = World::new();
    for fault in [Fault::Encrypting, Fault::Sealed] {
        let store = store(&world, true);
        let mut sealer = store.sealer().expect("tools");
        let (full, _packs) = unbounded();
        store.add(BlobKind::Data, BlobId::of(b"x"), b"x", &mut sealer, &full).expect("sound");
        err_next(fault);
        let rest = store.take_rest().map(|packs| packs.len());
        assert!(matches!(rest, Err(StoreError::PackVerification { .. })), "{fault:?} {rest:?}");
        assert!(!is_due());
    }
}

#[test]
fn a_file_that_does_not_read_back_is_not_stored() {
    let world = World::new();
    for kind in [FileKind::Snapshot, FileKind::Index, FileKind::Lock] {
        for fault in Fault::ALL {
            err_next(fault);
            let written = world.repository.write_file(kind, br#"{"some":"json"}"#);
            assert!(matches!(written, Err(WriteError::Verification { .. })), "{fault:?}");
            assert!(!is_due());
        }
        assert_eq!(world.files(kind), []);
    }
}
