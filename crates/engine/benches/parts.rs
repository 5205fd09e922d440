//! How fast each part is by itself, on one core and without storage: `cargo bench -p
//! holdfast-engine`.
//!
//! What these figures are for: a part that is slower than in the last report, and where the time of
//! a whole backup can lie. Inputs are the same in every run.

use std::collections::BTreeMap;
use std::hint::black_box;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::chunker::{ChunkFinder, Polynomial};
use holdfast_engine::codec::{BlobCompressor, BlobDecompressor, Compression};
use holdfast_engine::crypto::MasterKey;
use holdfast_engine::id::{BlobId, PackId, RawId};
use holdfast_engine::index::{Index, IndexBlob, IndexBuilder, IndexFile, IndexPack};
use holdfast_engine::time::Time;
use holdfast_engine::tree::{Node, NodeKind, Tree, mode};
use holdfast_testkit::random::Random;
use jiff::tz::TimeZone;

const MIB: usize = 1 << 20;

/// The size of an average blob, and of a small file.
const BLOB_SIZES: [usize; 2] = [MIB, 4096];

fn main() {
    divan::main();
}

fn random_bytes(count: usize) -> Vec<u8> {
    Random::new(1).bytes(count)
}

/// Looks to a compressor like source code: words that come again, in an order that does not.
fn text(count: usize) -> Vec<u8> {
    let mut random = Random::new(2);
    let words: Vec<String> = (0..3000)
        .map(|_| {
            let letters = 2 + random.below(9);
            (0..letters).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
        })
        .collect();
    let mut out = Vec::with_capacity(count + 16);
    while out.len() < count {
        // Some words are frequent and most are rare.
        let rank = random.below(3000) * random.below(3000) / 3000;
        out.extend_from_slice(words[rank as usize].as_bytes());
        out.push(*random.pick(b" .(\n"));
    }
    out.truncate(count);
    out
}

fn key() -> MasterKey {
    MasterKey::from_bytes(&[7; 64])
}

mod chunker {
    use super::*;

    #[divan::bench]
    fn of_random_bytes(bencher: Bencher<'_, '_>) {
        cut(bencher, &random_bytes(64 * MIB));
    }

    #[divan::bench]
    fn of_text(bencher: Bencher<'_, '_>) {
        cut(bencher, &text(64 * MIB));
    }

    fn cut(bencher: Bencher<'_, '_>, data: &[u8]) {
        let polynomial = Polynomial::new(0x003D_A335_8B4D_C173).expect("restic's example");
        let finder = ChunkFinder::new(polynomial);
        bencher
            .counter(BytesCount::new(data.len()))
            .bench_local(|| finder.chunk_lengths(black_box(data)).count());
    }
}

#[divan::bench(args = BLOB_SIZES)]
fn hashing(bencher: Bencher<'_, '_>, size: usize) {
    let data = random_bytes(size);
    bencher.counter(BytesCount::new(size)).bench_local(|| BlobId::of(black_box(&data)));
}

#[divan::bench(args = BLOB_SIZES)]
fn hashing_two_at_once(bencher: Bencher<'_, '_>, size: usize) {
    let (one, other) = (random_bytes(size), random_bytes(size));
    bencher
        .counter(BytesCount::new(2 * size))
        .bench_local(|| RawId::of_all([black_box(&one[..]), black_box(&other[..])]));
}

#[divan::bench(args = BLOB_SIZES)]
fn sealing(bencher: Bencher<'_, '_>, size: usize) {
    let (key, data, mut out) = (key(), random_bytes(size), Vec::with_capacity(size + 32));
    bencher
        .counter(BytesCount::new(size))
        .bench_local(|| key.seal_into(black_box(&data), &mut out));
}

#[divan::bench(args = BLOB_SIZES)]
fn opening(bencher: Bencher<'_, '_>, size: usize) {
    let (key, mut out) = (key(), Vec::with_capacity(size));
    let sealed = key.seal(&random_bytes(size));
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        key.open_into(black_box(&sealed), &mut out).expect("our own seal");
    });
}

mod compression {
    use super::*;

    #[divan::bench(args = BLOB_SIZES)]
    fn of_text(bencher: Bencher<'_, '_>, size: usize) {
        compress(bencher, &text(size));
    }

    #[divan::bench(args = BLOB_SIZES)]
    fn of_random_bytes(bencher: Bencher<'_, '_>, size: usize) {
        compress(bencher, &random_bytes(size));
    }

    fn compress(bencher: Bencher<'_, '_>, data: &[u8]) {
        let mut compressor = BlobCompressor::new(Compression::Auto).expect("memory");
        let mut out = Vec::new();
        bencher.counter(BytesCount::new(data.len())).bench_local(|| {
            compressor.compress(black_box(data), &mut out).expect("it has no reason to fail");
        });
    }

    #[divan::bench(args = BLOB_SIZES)]
    fn back_to_text(bencher: Bencher<'_, '_>, size: usize) {
        let (mut frame, mut out) = (Vec::new(), Vec::new());
        let mut compressor = BlobCompressor::new(Compression::Auto).expect("memory");
        compressor.compress(&text(size), &mut frame).expect("it has no reason to fail");
        let mut decompressor = BlobDecompressor::new().expect("memory");
        bencher.counter(BytesCount::new(size)).bench_local(|| {
            decompressor.decompress(black_box(&frame), size, &mut out).expect("our own frame");
        });
    }
}

mod tree {
    use super::*;

    const NODES: usize = 1000;

    fn tree() -> Tree {
        let mut random = Random::new(3);
        let node = |number: usize, random: &mut Random| {
            let seconds = 1_700_000_000 + random.below(50_000_000) as i64;
            let time = Time::at(seconds, random.below(1_000_000_000) as u32, &TimeZone::UTC);
            Node {
                name: format!("file-{number:05}.rs").into_bytes(),
                kind: NodeKind::File,
                mode: 0o644 & mode::PERMISSIONS,
                modified: time,
                accessed: time,
                changed: time,
                uid: 1000,
                gid: 1000,
                user: "anna".into(),
                group: "anna".into(),
                inode: random.below(1 << 32),
                device_id: 2049,
                size: random.below(100_000),
                links: 1,
                generic_attributes: BTreeMap::new(),
                content: Some(vec![BlobId::of(&random.bytes(8))]),
                ..Node::default()
            }
        };
        Tree { nodes: (0..NODES).map(|number| node(number, &mut random)).collect() }
    }

    #[divan::bench]
    fn encode(bencher: Bencher<'_, '_>) {
        let tree = tree();
        let bytes = tree.encode().len();
        bencher
            .counter(BytesCount::new(bytes))
            .counter(ItemsCount::new(NODES))
            .bench_local(|| black_box(&tree).encode());
    }

    #[divan::bench]
    fn decode(bencher: Bencher<'_, '_>) {
        let bytes = tree().encode();
        bencher
            .counter(BytesCount::new(bytes.len()))
            .counter(ItemsCount::new(NODES))
            .bench_local(|| Tree::decode(black_box(&bytes)).expect("our own tree"));
    }
}

mod index {
    use super::*;

    const FILES: usize = 20;
    const PACKS: usize = 500;
    const BLOBS: usize = 100;
    const LOOKUPS: usize = 10_000;

    fn id(random: &mut Random) -> [u8; 32] {
        random.bytes(32).try_into().expect("as many as asked")
    }

    fn file(random: &mut Random) -> IndexFile {
        let blob = |number: usize, random: &mut Random| IndexBlob {
            id: BlobId::from_bytes(id(random)),
            kind: BlobKind::Data,
            offset: number as u32 * 150_000,
            length: 150_000,
            uncompressed_length: 300_000,
        };
        let pack = |random: &mut Random| IndexPack {
            id: PackId::from_bytes(id(random)),
            blobs: (0..BLOBS).map(|number| blob(number, random)).collect(),
        };
        IndexFile { packs: (0..PACKS).map(|_| pack(random)).collect(), packs_to_delete: None }
    }

    fn files() -> Vec<IndexFile> {
        let mut random = Random::new(4);
        (0..FILES).map(|_| file(&mut random)).collect()
    }

    fn built(files: &[IndexFile]) -> Index {
        let mut builder = IndexBuilder::default();
        for file in files {
            builder.add(file);
        }
        builder.build()
    }

    #[divan::bench]
    fn parse(bencher: Bencher<'_, '_>) {
        let json = file(&mut Random::new(4)).to_json();
        bencher
            .counter(BytesCount::new(json.len()))
            .counter(ItemsCount::new(PACKS * BLOBS))
            .bench_local(|| {
                serde_json::from_slice::<IndexFile>(black_box(&json)).expect("our own file")
            });
    }

    #[divan::bench(sample_count = 20)]
    fn build(bencher: Bencher<'_, '_>) {
        let files = files();
        bencher
            .counter(ItemsCount::new(FILES * PACKS * BLOBS))
            .bench_local(|| built(black_box(&files)));
    }

    #[divan::bench]
    fn find_what_is_there(bencher: Bencher<'_, '_>) {
        let files = files();
        let blobs = files.iter().flat_map(|file| &file.packs).flat_map(|pack| &pack.blobs);
        // Neighbours in a pack are strangers in the index.
        let asked: Vec<BlobId> = blobs.step_by(97).take(LOOKUPS).map(|blob| blob.id).collect();
        look_up(bencher, &built(&files), &asked);
    }

    #[divan::bench]
    fn find_what_is_not(bencher: Bencher<'_, '_>) {
        let mut random = Random::new(5);
        let asked: Vec<BlobId> =
            (0..LOOKUPS).map(|_| BlobId::from_bytes(id(&mut random))).collect();
        look_up(bencher, &built(&files()), &asked);
    }

    fn look_up(bencher: Bencher<'_, '_>, index: &Index, asked: &[BlobId]) {
        bencher
            .counter(ItemsCount::new(asked.len()))
            .bench_local(|| asked.iter().filter(|id| index.contains(BlobKind::Data, id)).count());
    }
}
