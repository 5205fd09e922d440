//! Which folders lie on disks that spin.
//!
//! Such a disk takes as long to move from one file to another as to read a megabyte, and who knows
//! that reads in turns. Where nobody can tell, a disk does not spin: most of today's do not.

use std::path::Path;

/// True if the folder, or what stands for it until it is made, lies on a disk that spins.
///
/// Linux tells it of its own disks and of those behind an encryption or a volume manager, Windows of
/// drives with a letter. macOS has no interface for it that needs no rights.
#[must_use]
pub fn spins(path: &Path) -> bool {
    let Ok(absolute) = std::path::absolute(path) else { return false };
    let there = absolute.ancestors().find(|ancestor| ancestor.exists());
    there.and_then(|there| there.canonicalize().ok()).is_some_and(|there| system::spins(&there))
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    use std::path::{Path, PathBuf};

    /// Where the kernel describes its block devices by their numbers.
    const DEVICES: &str = "/sys/dev/block";

    /// A volume on a volume on a volume, and no circle.
    const LAYERS_MAX: usize = 8;

    pub(super) fn spins(there: &Path) -> bool {
        let Ok(metadata) = there.metadata() else { return false };
        let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let number =
            number_of(metadata.dev()).or_else(|| device_of(&source_of(metadata.dev(), &mounts())?));
        let folder =
            number.and_then(|number| fs::canonicalize(Path::new(DEVICES).join(number)).ok());
        folder.is_some_and(|folder| device_spins(&folder, LAYERS_MAX))
    }

    /// `8:1`, unless the device is none but stands for a file system.
    fn number_of(device: u64) -> Option<String> {
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        (major != 0).then(|| format!("{major}:{minor}"))
    }

    fn device_of(path: &Path) -> Option<String> {
        let metadata = path.metadata().ok()?;
        metadata.file_type().is_block_device().then(|| number_of(metadata.rdev()))?
    }

    /// What is mounted as a file system that has no device number of its own, as Btrfs has none; see
    /// proc_pid_mountinfo(5).
    pub(super) fn source_of(device: u64, mounts: &str) -> Option<PathBuf> {
        let wanted = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
        let line = mounts.lines().find(|line| line.split(' ').nth(2) == Some(&wanted))?;
        let (_, after) = line.split_once(" - ")?;
        after.split(' ').nth(1).map(PathBuf::from)
    }

    /// `folder` describes a disk, a part of one, or a device made of others.
    pub(super) fn device_spins(folder: &Path, layers: usize) -> bool {
        // A part of a disk lies in the disk's folder.
        let disk = if folder.join("partition").exists() { folder.parent() } else { Some(folder) };
        let Some(disk) = disk.filter(|_| layers > 0) else { return false };
        let below = fs::read_dir(disk.join("slaves")).into_iter().flatten().flatten();
        let below: Vec<_> = below.filter_map(|one| fs::canonicalize(one.path()).ok()).collect();
        if !below.is_empty() {
            return below.iter().any(|one| device_spins(one, layers - 1));
        }
        // Virtual disks claim to spin as well; those of SCSI and ATA mostly know.
        let is_real =
            disk.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"sd"));
        let says = fs::read_to_string(disk.join("queue/rotational"));
        is_real && says.is_ok_and(|says| says.trim() == "1")
    }
}

#[cfg(windows)]
mod system {
    pub(super) use crate::windows::spins;
}

#[cfg(not(any(target_os = "linux", windows)))]
mod system {
    pub(super) fn spins(_: &std::path::Path) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::spins;
    use super::system::{device_spins, source_of};

    /// What the kernel would say of two disks, a part of each, and an encrypted volume on each.
    fn described() -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary folder");
        let at = |path: &str| root.path().join(path);
        for (disk, rotational) in [("sda", "1\n"), ("sdb", "0\n"), ("vda", "1\n")] {
            fs::create_dir_all(at(disk).join("queue")).expect("a folder");
            fs::write(at(disk).join("queue/rotational"), rotational).expect("a file");
            let part = at(disk).join(format!("{disk}1"));
            fs::create_dir(&part).expect("a folder");
            fs::write(part.join("partition"), "1\n").expect("a file");
            let volume = at(&format!("volume on {disk}"));
            fs::create_dir_all(volume.join("slaves")).expect("a folder");
            symlink(&part, volume.join("slaves").join(format!("{disk}1"))).expect("a link");
        }
        root
    }

    #[test]
    fn a_disk_its_parts_and_what_lies_on_them_spin_or_do_not() {
        let root = described();
        for (device, expected) in [
            ("sda", true),
            ("sda/sda1", true),
            ("volume on sda", true),
            ("sdb", false),
            ("sdb/sdb1", false),
            ("volume on sdb", false),
            ("vda", false),
            ("vda/vda1", false),
            ("none", false),
        ] {
            assert_eq!(device_spins(&root.path().join(device), 8), expected, "{device}");
        }
    }

    #[test]
    fn a_circle_of_devices_ends() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let slaves = root.path().join("one/slaves");
        fs::create_dir_all(&slaves).expect("a folder");
        symlink(root.path().join("one"), slaves.join("one")).expect("a link");
        assert!(!device_spins(&root.path().join("one"), 8));
    }

    #[test]
    fn a_file_system_without_a_device_is_found_by_its_mount() {
        let mounts = "26 1 0:22 / /proc rw - proc proc rw\n\
            61 1 0:45 /home /home rw,relatime shared:30 - btrfs /dev/sda2 rw,subvol=/home\n";
        let device = |minor| rustix::fs::makedev(0, minor);
        assert_eq!(source_of(device(45), mounts).as_deref(), Some(Path::new("/dev/sda2")));
        assert_eq!(source_of(device(46), mounts), None);
    }

    #[test]
    fn memory_does_not_spin_nor_does_what_is_not_there() {
        assert!(!spins(Path::new("/proc")));
        assert!(!spins(Path::new("/proc/nowhere/at/all")));
    }
}
