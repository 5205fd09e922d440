//! Repositories and sources as others leave them: unusual, and whole.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use holdfast_engine::backend::{Backend as _, FileKind, FileName, MemoryBackend};
use holdfast_engine::blob::{BlobKind, PackedBlob};
use holdfast_engine::check::{CheckOptions, CheckOutcome, check};
use holdfast_engine::id::PackId;
use holdfast_engine::index::{IndexFile, IndexPack};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::pack::PackBuilder;
use holdfast_engine::restore::{Destination, Restore, RestoreOptions, RestoreOutcome};
use holdfast_testkit::TestRepository;
use holdfast_testkit::random::Random;

fn checked(test: &TestRepository) -> CheckOutcome {
    let options = CheckOptions { data: "100%".parse().expect("a subset"), ..Default::default() };
    check(&test.repository, &options, &Unwatched, &Cancellation::default()).expect("it is read")
}

fn restored(
    test: &TestRepository,
    tree: holdfast_engine::id::TreeId,
) -> (RestoreOutcome, tempfile::TempDir) {
    let target = tempfile::tempdir().expect("a folder");
    let (index, options) =
        (test.index(), RestoreOptions::new(Destination::Folder(target.path().into())));
    let restore = Restore { repository: &test.repository, index: &index, tree, options: &options };
    let outcome = restore.run(&Unwatched, &Cancellation::default()).expect("it restores");
    (outcome, target)
}

/// Replaces every pack by one that holds each of its blobs twice.
fn double_all_blobs(test: &TestRepository, backend: &MemoryBackend) -> Vec<Vec<PackedBlob>> {
    let key = test.repository.master_key();
    let mut doubled = Vec::new();
    for pack in test.repository.list(FileKind::Pack).expect("it lists") {
        let name = FileName::new(FileKind::Pack, pack.id);
        let header = test.repository.read_pack_header(PackId(pack.id), pack.size).expect("whole");
        let bytes = backend.read(name).expect("it is there");
        let mut twice = PackBuilder::with_capacity(0);
        for blob in header.iter().chain(&header) {
            let start = blob.location.offset as usize;
            let sealed = &bytes[start..start + blob.location.length as usize];
            twice.add(blob.kind, blob.id, sealed, blob.location.uncompressed_length);
        }
        let twice = twice.finish(key);
        backend.write(FileName::new(FileKind::Pack, twice.id.0), &[&twice.bytes]).expect("stored");
        backend.remove(name).expect("it is there");
        doubled.push(twice);
    }
    for index in test.repository.list(FileKind::Index).expect("it lists") {
        backend.remove(FileName::new(FileKind::Index, index.id)).expect("it is there");
    }
    let packs = doubled.iter().map(|pack| IndexPack::new(pack.id, &pack.blobs)).collect();
    let file = IndexFile { packs, packs_to_delete: None };
    test.repository.write_file(FileKind::Index, &file.to_json()).expect("stored");
    doubled.into_iter().map(|pack| pack.blobs).collect()
}

#[test]
fn a_blob_that_is_twice_in_one_pack_is_a_blob_like_any_other() {
    let backend = Arc::new(MemoryBackend::new());
    let test = TestRepository::create(backend.clone());
    let source = tempfile::tempdir().expect("a folder");
    let mut random = Random::new(5);
    for number in 0..10 {
        let content = random.bytes(1000 + number * 100_000);
        fs::write(source.path().join(format!("file {number}")), content).expect("written");
    }
    let first = test.backup(source.path()).expect("a snapshot");
    let before = test.contents(first.tree);
    let packs = double_all_blobs(&test, &backend);

    assert!(test.contents(first.tree) == before);
    assert!(checked(&test).is_sound());
    assert_eq!(restored(&test, first.tree).0.failures, 0);
    fs::write(source.path().join("new"), random.bytes(5000)).expect("written");
    let second = test.backup(source.path()).expect("a snapshot");
    assert_eq!(second.summary.data_blobs, 1);
    assert!(checked(&test).is_sound());

    // One of the two is enough, whichever it is.
    for copy in 0..2 {
        for blobs in packs.iter().filter(|blobs| blobs[0].kind == BlobKind::Data) {
            let half = blobs.len() / 2;
            let blob = &blobs[copy * half];
            let name = FileName::new(FileKind::Pack, blob.location.pack.0);
            let whole = backend.read(name).expect("it is there");
            let mut damaged = whole.clone();
            damaged[blob.location.offset as usize + 20] ^= 1;
            backend.remove(name).expect("it is there");
            backend.write(name, &[&damaged]).expect("stored");
            assert!(test.contents(first.tree) == before);
            assert_eq!(restored(&test, first.tree).0.failures, 0);
            assert_eq!(checked(&test).broken_packs, [blob.location.pack]);
            backend.remove(name).expect("it is there");
            backend.write(name, &[&whole]).expect("stored");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_only_unicode_takes_for_one_are_two() {
    let test = TestRepository::create(Arc::new(MemoryBackend::new()));
    let source = tempfile::tempdir().expect("a folder");
    // The same letter, whole and in parts.
    let names = ["caf\u{e9}", "cafe\u{301}"];
    for name in names {
        fs::write(source.path().join(name), name).expect("written");
        let folder = source.path().join(format!("folder {name}"));
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join("in it"), name).expect("written");
    }
    for _ in 0..2 {
        let made = test.backup(source.path()).expect("a snapshot");
        assert_eq!(made.findings, 0);
        let (outcome, target) = restored(&test, made.tree);
        assert_eq!(outcome.failures, 0);
        for name in names {
            let read = |path: String| fs::read_to_string(target.path().join(path));
            assert_eq!(read(name.to_owned()).expect("restored"), name);
            assert_eq!(read(format!("folder {name}/in it")).expect("restored"), name);
        }
    }
    assert!(checked(&test).is_sound());
}

#[test]
fn a_lost_pack_is_one_finding_however_much_was_in_it() {
    let backend = Arc::new(MemoryBackend::new());
    let test = TestRepository::create(backend.clone());
    let source = tempfile::tempdir().expect("a folder");
    for number in 0..50 {
        let folder = source.path().join(format!("{}", number % 5));
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join(format!("{number}")), format!("content {number}")).expect("written");
    }
    test.backup(source.path()).expect("a snapshot");
    let index = test.index();
    let packs = test.repository.list(FileKind::Pack).expect("it lists");
    for kind in [BlobKind::Data, BlobKind::Tree] {
        let is_of_kind = |pack: &PackId| {
            let size = packs.iter().find(|listed| listed.id == pack.0).expect("it is listed").size;
            test.repository.read_pack_header(*pack, size).expect("whole")[0].kind == kind
        };
        let lost = index.packs().map(|pack| pack.id).find(is_of_kind).expect("there is one");
        let name = FileName::new(FileKind::Pack, lost.0);
        let bytes = backend.read(name).expect("it is there");
        backend.remove(name).expect("it is there");
        let outcome = checked(&test);
        assert_eq!(outcome.broken_packs, [lost]);
        // Of trees, the first that is missed is named as well: nothing below it can be looked at.
        let expected = if kind == BlobKind::Data { 1 } else { 2 };
        assert_eq!(outcome.errors, expected, "{:?}", outcome.findings);
        let kinds: BTreeSet<_> =
            outcome.findings.iter().map(|it| format!("{:?}", it.kind)).collect();
        assert!(!kinds.contains("Damaged"), "{:?}", outcome.findings);
        backend.write(name, &[&bytes]).expect("stored");
    }
}
