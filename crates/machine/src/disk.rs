//! Which folders lie on disks of this computer.
//!
//! The list names what is known to be a disk; everything else (network file systems, folders that
//! a virtual machine shares with its host, whatever is new) counts as reachable by others.

use std::path::Path;

/// True if the folder lies on a disk of this computer.
#[cfg(target_os = "linux")]
pub(crate) fn is_own(folder: &Path) -> bool {
    /// What `statfs` calls the file systems that one computer uses alone; see statfs(2).
    const OWN: [u64; 14] = [
        0xEF53,      // ext2, ext3, ext4
        0x9123_683E, // btrfs
        0x5846_5342, // xfs
        0xF2F5_2010, // f2fs
        0x0102_1994, // tmpfs
        0x8584_58F6, // ramfs
        0x4D44,      // fat
        0x2011_BAB0, // exfat
        0x7366_746E, // ntfs3
        0x2FC1_2FC1, // zfs
        0xCA45_1A4E, // bcachefs
        0x3153_464A, // jfs
        0x5265_4973, // reiserfs
        0x4244,      // hfs
    ];
    rustix::fs::statfs(folder).is_ok_and(|disk| {
        // The type of the field differs from one processor to the next; the numbers have 32 bits.
        #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)]
        let kind = disk.f_type as u64 & 0xFFFF_FFFF;
        OWN.contains(&kind)
    })
}

/// True if the folder lies on a disk of this computer.
#[cfg(target_os = "macos")]
pub(crate) fn is_own(folder: &Path) -> bool {
    let local = u32::try_from(libc::MNT_LOCAL).unwrap_or(0);
    rustix::fs::statfs(folder).is_ok_and(|disk| disk.f_flags & local != 0)
}

/// True if the folder lies on a disk of this computer.
#[cfg(windows)]
pub(crate) fn is_own(folder: &Path) -> bool {
    use std::path::{Component, Prefix};

    const REMOVABLE: u32 = 2;
    const FIXED: u32 = 3;
    let Ok(folder) = std::path::absolute(folder) else { return false };
    let Some(Component::Prefix(prefix)) = folder.components().next() else { return false };
    match prefix.kind() {
        Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => {
            let root = format!("{}:\\", char::from(letter));
            matches!(crate::windows::drive_type(&root), REMOVABLE | FIXED)
        }
        _ => false,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn proc_and_what_does_not_exist_are_no_disks() {
        assert!(!is_own(Path::new("/proc")));
        assert!(!is_own(Path::new("/nowhere/at/all")));
        assert!(is_own(Path::new(env!("CARGO_MANIFEST_DIR"))));
    }
}
