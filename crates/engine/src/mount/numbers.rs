//! The numbers that stand for entries: sums of where they are, so that they last as long as what they
//! stand for does, and nothing has to be remembered for it.

use sha2::{Digest, Sha256};

use crate::tree::{Node, NodeKind};

/// The number of an entry above snapshots.
pub(super) fn number_above(path: &str) -> u64 {
    number_of(&[b"above", path.as_bytes()])
}

/// The number of an entry of a snapshot: the same for all names of a file in that snapshot. What a
/// snapshot tells of device and inode may be the same for different files, or the file changed between
/// two looks at it, so names that lead to different content have different numbers.
pub(super) fn number_in(folder: u64, snapshot: u64, node: &Node) -> u64 {
    if node.links > 1 && node.kind != NodeKind::Folder && node.inode != 0 {
        let ids = [snapshot, node.device_id, node.inode, node.kind as u64, node.device, node.size];
        let ids = ids.map(u64::to_le_bytes);
        let mut parts: Vec<&[u8]> = vec![b"linked", &node.link_target];
        parts.extend(ids.iter().map(<[u8; 8]>::as_slice));
        parts.extend(node.content.iter().flatten().map(|id| id.as_bytes().as_slice()));
        return number_of(&parts);
    }
    number_of(&[b"entry", &folder.to_le_bytes(), &node.name])
}

fn number_of(parts: &[&[u8]]) -> u64 {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    let sum: [u8; 32] = sum.finalize().into();
    // 0 and 1 have meanings of their own.
    u64::from_le_bytes(sum[..8].try_into().expect("of eight")).max(2)
}
