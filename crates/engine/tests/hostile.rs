//! Repositories made by somebody who has the key and means harm: names, numbers and sizes that lie,
//! content that is not what it is called, and little bytes that become many.
//!
//! Whatever they hold, everything that reads ends, with findings or an error, in a bounded time and
//! in 512 MiB of memory, and nothing is written outside of a restore's target.

#[path = "hostile/forge.rs"]
mod forge;
#[path = "hostile/use_it.rs"]
mod use_it;

use holdfast_engine::backend::FileKind;
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::{BlobId, PackId, TreeId};
use holdfast_engine::index::{IndexBlob, IndexPack};
use holdfast_engine::tree::{Node, NodeKind, Tree};

use holdfast_testkit::asked;

use forge::{file, folder, zeros_of};
use use_it::{End, confined};

/// What a bomb expands to.
const BOMB_BYTES: u64 = 1 << 30;

/// How many folders are in each other, unless `HOLDFAST_HOSTILE_DEPTH` says otherwise.
const DEPTH: u64 = 5_000;

#[test]
fn names_that_lead_elsewhere_lead_nowhere() {
    confined(
        "names_that_lead_elsewhere_lead_nowhere",
        |forge| {
            let content = forge.data(b"evil");
            let names: [&[u8]; 8] =
                [b"", b"\0", b".", b"..", b"../evil", b"/evil", b"a/b", b"nul\0byte"];
            let mut names = names.to_vec();
            names.sort_unstable();
            let files = |names: &[&[u8]]| {
                let of = |name: &&[u8]| Node { name: name.to_vec(), ..file("", 4, &[content]) };
                names.iter().map(of).collect::<Vec<_>>()
            };
            let inner = forge.tree(files(&names));
            let mut nodes = files(&names);
            nodes.push(folder("inner", inner));
            nodes.push(Node {
                name: b"out".to_vec(),
                kind: NodeKind::Symlink,
                link_target: b"../../..".to_vec(),
                ..Node::default()
            });
            nodes.push(Node { name: b"out/evil".to_vec(), ..file("", 4, &[content]) });
            nodes.sort_by(|a, b| a.name.cmp(&b.name));
            let root = forge.tree(nodes);
            forge.snapshot(root);
        },
        |ends| {
            ends.is("check", End::Told);
            ends.is("restore", End::Told);
        },
    );
}

#[test]
fn a_folder_that_is_in_itself_is_not_one() {
    confined(
        "a_folder_that_is_in_itself_is_not_one",
        |forge| {
            // No sum can be in what it is the sum of, but an index can say so.
            let claimed = TreeId::of(b"a folder that holds itself");
            let json = Tree { nodes: vec![folder("again", claimed)] }.encode();
            forge.blob_as(BlobKind::Tree, claimed.into(), &json, Some(json.len() as u32));
            forge.snapshot(claimed);
        },
        |ends| {
            ends.is("check", End::Told);
            ends.is("restore", End::Refused);
        },
    );
}

#[test]
fn data_is_no_folder_and_a_folder_no_data_whatever_refers_to_it() {
    confined(
        "data_is_no_folder_and_a_folder_no_data_whatever_refers_to_it",
        |forge| {
            let json = Tree { nodes: vec![file("evil", 0, &[])] }.encode();
            let as_data = forge.data(&json);
            let as_tree = forge.tree(vec![file("b", 0, &[])]);
            let root = forge.tree(vec![
                file("a", 30, &[as_tree.into()]),
                folder("b", as_data.into()),
                Node { kind: NodeKind::File, content: None, ..folder("c", as_tree) },
                Node { kind: NodeKind::Folder, subtree: None, ..file("d", 4, &[as_data]) },
            ]);
            forge.snapshot(root);
        },
        |ends| {
            ends.is("check", End::Told);
            ends.is("restore", End::Told);
        },
    );
}

#[test]
fn folders_in_each_other_without_end_are_gone_through() {
    confined(
        "folders_in_each_other_without_end_are_gone_through",
        |forge| {
            let mut tree = forge.tree(Vec::new());
            for _ in 0..asked("HOLDFAST_HOSTILE_DEPTH", DEPTH) {
                tree = forge.tree(vec![folder("d", tree)]);
            }
            forge.snapshot(tree);
        },
        |ends| {
            ends.is("check", End::Fine);
            ends.is("restore", End::Told);
        },
    );
}

#[test]
fn folders_that_hold_each_other_twice_are_counted_in_a_moment() {
    confined(
        "folders_that_hold_each_other_twice_are_counted_in_a_moment",
        |forge| {
            // Two to the power of 60 paths in 60 folders.
            let mut tree = forge.tree(vec![file("a", 1 << 40, &[])]);
            for _ in 0..60 {
                tree = forge.tree(vec![folder("a", tree), folder("b", tree)]);
            }
            forge.snapshot(tree);
        },
        |ends| ends.is("check", End::Fine),
    );
}

#[test]
fn a_million_entries_in_one_folder_are_gone_through() {
    confined(
        "a_million_entries_in_one_folder_are_gone_through",
        |forge| {
            let mut json = br#"{"nodes":["#.to_vec();
            for number in 0..1_000_000 {
                let comma = if number == 0 { "" } else { "," };
                let node = format!(
                    r#"{comma}{{"name":"{number:07}","type":"socket","mode":16777645,"uid":0}}"#
                );
                json.extend_from_slice(node.as_bytes());
            }
            json.extend_from_slice(b"]}\n");
            let root = forge.raw_tree(&json);
            forge.snapshot(root);
        },
        |ends| ends.is("check", End::Fine),
    );
}

#[test]
fn sizes_whose_sum_no_number_holds_are_summed_up() {
    confined(
        "sizes_whose_sum_no_number_holds_are_summed_up",
        |forge| {
            let content = forge.data(b"four");
            let huge = |name: &str, links: u64| Node {
                links,
                inode: 7 + links,
                ..file(name, u64::MAX, &[content])
            };
            let inner = forge.tree(vec![huge("a", 1), huge("b", 1), huge("c", 2), huge("d", 3)]);
            let root = forge.tree(vec![folder("e", inner), huge("f", 1), huge("g", 5)]);
            forge.snapshot(root);
            let other = forge.tree(vec![huge("h", 1), huge("i", 2)]);
            forge.snapshot(other);
        },
        |ends| ends.is("stats", End::Fine),
    );
}

#[test]
fn a_file_that_names_the_same_piece_a_million_times_is_as_large_as_it_says_or_not_written() {
    confined(
        "a_file_that_names_the_same_piece_a_million_times_is_as_large_as_it_says_or_not_written",
        |forge| {
            let piece = forge.data(&vec![0; 8 << 20]);
            let root = forge.tree(vec![file("a", 5, &vec![piece; 1_000_000])]);
            forge.snapshot(root);
            // Eight million MiB are what the file is, so it would be restored where there is room.
            forge.is_too_large_to_restore();
        },
        |ends| ends.is("dump", End::Refused),
    );
}

#[test]
fn little_files_that_expand_to_gigabytes_are_refused() {
    confined(
        "little_files_that_expand_to_gigabytes_are_refused",
        |forge| {
            let root = forge.tree(vec![file("a", 0, &[])]);
            forge.snapshot(root);
            for start in [&b""[..], b"{\"packs\":[", b"{\"packs\":[{\"id\":\"", b"[\""] {
                for filler in [b' ', b'0'] {
                    let bomb = zeros_of(start, filler, BOMB_BYTES);
                    forge.sealed_file(FileKind::Snapshot, &bomb);
                    forge.sealed_file(FileKind::Index, &bomb);
                    forge.sealed_file(FileKind::Lock, &bomb);
                }
            }
        },
        |ends| {
            ends.is("check", End::Told);
            ends.is("prune", End::Refused);
        },
    );
}

#[test]
fn little_blobs_that_expand_to_gigabytes_are_refused() {
    confined(
        "little_blobs_that_expand_to_gigabytes_are_refused",
        |forge| {
            let mut nodes = Vec::new();
            for (number, start) in
                [&b""[..], b"{\"nodes\":[", b"{\"nodes\":[{\"name\":\"", b"{\"a\":\""]
                    .iter()
                    .enumerate()
            {
                let bomb = zeros_of(start, b'0', BOMB_BYTES);
                for (nth, length) in [0, 1000, 64 << 20, u32::MAX].into_iter().enumerate() {
                    let id = BlobId::of(format!("{number} {nth}").as_bytes());
                    forge.frame_as(BlobKind::Tree, id, &bomb, length);
                    forge.frame_as(BlobKind::Data, id, &bomb, length);
                    nodes.push(file(&format!("{number} {nth} a"), 5, &[id]));
                    nodes.push(folder(&format!("{number} {nth} b"), id.into()));
                }
            }
            let root = forge.tree(nodes);
            forge.snapshot(root);
        },
        |ends| {
            ends.is("check", End::Told);
            ends.is("restore", End::Told);
            ends.is("prune", End::Refused);
        },
    );
}

#[test]
fn an_index_of_a_million_lies_is_read() {
    confined(
        "an_index_of_a_million_lies_is_read",
        |forge| {
            let numbers = [0, 1, 31, 32, 0xff_fffe, 0xff_ffff, 1 << 30, u32::MAX - 1, u32::MAX];
            let blob = |pack: u32, nth: u32| IndexBlob {
                id: BlobId::of(&(nth % 7 + pack).to_le_bytes()),
                kind: if nth.is_multiple_of(2) { BlobKind::Data } else { BlobKind::Tree },
                offset: numbers[(nth % 9) as usize],
                length: numbers[(nth / 9 % 9) as usize],
                uncompressed_length: numbers[(nth / 81 % 9) as usize],
            };
            let packs = (0..1000_u32).map(|pack| IndexPack {
                id: PackId::of(&(pack / 2).to_le_bytes()),
                blobs: (0..1000).map(|nth| blob(pack, nth)).collect(),
            });
            forge.index(packs.collect());
            let root = forge.tree(vec![
                file("a", 5, &[BlobId::of(&4u32.to_le_bytes())]),
                folder("b", BlobId::of(&4u32.to_le_bytes()).into()),
            ]);
            forge.snapshot(root);
        },
        |ends| {
            ends.is("check", End::Told);
            ends.is("restore", End::Told);
            ends.is("prune", End::Refused);
        },
    );
}

#[test]
fn packs_whose_headers_lie_are_found() {
    confined(
        "packs_whose_headers_lie_are_found",
        |forge| {
            let content = forge.data(b"content");
            let root = forge.tree(vec![file("a", 7, &[content])]);
            forge.snapshot(root);
            let entry = |kind: u8, length: u32, plain: u32| {
                let mut entry = vec![kind];
                entry.extend_from_slice(&length.to_le_bytes());
                if kind & 2 != 0 {
                    entry.extend_from_slice(&plain.to_le_bytes());
                }
                entry.extend_from_slice(content.as_bytes());
                entry
            };
            for kind in [0, 1, 2, 3, 4, 255] {
                for length in [0, 31, 32, 100, u32::MAX] {
                    for plain in [0, 1, u32::MAX] {
                        let header = entry(kind, length, plain);
                        forge.pack_with_header(&header.repeat(1));
                        forge.pack_with_header(&header.repeat(3));
                    }
                }
            }
            forge.pack_with_header(&entry(0, 32, 0).repeat(400_000));
            forge.pack_with_header(b"");
        },
        |ends| ends.is("check", End::Told),
    );
}

/// On Linux alone: elsewhere a file with a hole may take its whole length of the disk, and nothing
/// measures the memory.
#[cfg(target_os = "linux")]
#[test]
fn files_of_gigabytes_are_not_taken_into_memory() {
    confined(
        "files_of_gigabytes_are_not_taken_into_memory",
        |forge| {
            let root = forge.tree(vec![file("a", 0, &[])]);
            forge.snapshot(root);
            for kind in [FileKind::Key, FileKind::Snapshot, FileKind::Index, FileKind::Lock] {
                forge.hole(kind, 8 << 30);
            }
        },
        |ends| {
            ends.is("check", End::Told);
            ends.is("prune", End::Refused);
        },
    );
}

#[test]
fn empty_files_of_every_kind_are_found() {
    confined(
        "empty_files_of_every_kind_are_found",
        |forge| {
            let root = forge.tree(vec![file("a", 0, &[])]);
            forge.snapshot(root);
            for kind in FileKind::LISTED {
                forge.hole(kind, 0);
            }
        },
        |ends| {
            ends.is("check", End::Told);
            ends.is("prune", End::Refused);
        },
    );
}

#[test]
fn index_files_that_supersede_each_other_say_what_they_say() {
    confined(
        "index_files_that_supersede_each_other_say_what_they_say",
        |forge| {
            let content = forge.data(b"content");
            let root = forge.tree(vec![file("a", 7, &[content])]);
            forge.snapshot(root);
            let id = "0".repeat(64);
            let json = format!(
                r#"{{"supersedes":["{id}","{id}"],"packs":[],"packs_to_delete":[{{"id":"{id}"}}]}}"#
            );
            forge.json_file(FileKind::Index, json.as_bytes());
            forge.json_file(FileKind::Index, br#"{"supersedes":["x"],"packs":null}"#);
        },
        |ends| ends.is("walk", End::Refused),
    );
}
