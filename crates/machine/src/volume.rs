//! What is mounted where, with how much room.

use std::io;
use std::path::{Path, PathBuf};

/// A mounted file system, as this user meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where it is mounted: `/`, `/media/anna/Blue SSD`, `E:\`.
    pub mounted_at: PathBuf,
    /// Bytes that this user can still store.
    pub free_bytes: u64,
    /// True if it is mounted read-only.
    pub read_only: bool,
}

/// The mount that a path lies on, or would lie on if it were made: that of its nearest ancestor
/// that exists.
pub fn mount_of(path: &Path) -> io::Result<Mount> {
    let absolute = std::path::absolute(path)?;
    let there = absolute.ancestors().find(|ancestor| ancestor.exists());
    let there = there.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    system::mount(&there.canonicalize()?)
}

/// The path of a volume on Windows without the prefix that a canonical path has. Of a folder that
/// is shared in the network, `\\?\UNC\` is what stands for two backslashes.
#[cfg(any(windows, test))]
pub(crate) fn as_people_write(path: &str) -> String {
    match (path.strip_prefix(r"\\?\UNC\"), path.strip_prefix(r"\\?\")) {
        (Some(share), _) => format!(r"\\{share}"),
        (None, Some(plain)) => plain.to_owned(),
        (None, None) => path.to_owned(),
    }
}

#[cfg(unix)]
mod system {
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use rustix::fs::{StatVfsMountFlags, statvfs};

    use super::Mount;

    pub(super) fn mount(path: &Path) -> io::Result<Mount> {
        let room = statvfs(path)?;
        Ok(Mount {
            mounted_at: top_of_its_device(path)?.to_owned(),
            free_bytes: room.f_bavail.saturating_mul(room.f_frsize),
            read_only: room.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }

    /// The highest ancestor on the same device.
    fn top_of_its_device(path: &Path) -> io::Result<&Path> {
        let device = path.metadata()?.dev();
        let same = path.ancestors().take_while(|ancestor| {
            ancestor.metadata().is_ok_and(|metadata| metadata.dev() == device)
        });
        Ok(same.last().unwrap_or(path))
    }
}

#[cfg(windows)]
mod system {
    use std::io;
    use std::path::Path;

    use super::Mount;
    use crate::windows;

    pub(super) fn mount(path: &Path) -> io::Result<Mount> {
        let mounted_at = windows::volume_root(path)?;
        let free_bytes = windows::free_bytes(&mounted_at)?;
        let read_only = windows::is_read_only(&mounted_at)?;
        Ok(Mount { mounted_at, free_bytes, read_only })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_lies_where_its_ancestor_does() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let there = mount_of(folder.path()).expect("its mount");
        let absent = mount_of(&folder.path().join("not/there")).expect("the mount it would be on");
        assert_eq!(absent.mounted_at, there.mounted_at);
        assert!(there.free_bytes > 0);
        assert!(!there.read_only);
    }

    #[test]
    fn the_root_of_a_volume_of_windows_is_written_as_people_do() {
        for (canonical, plain) in [
            (r"\\?\C:\", r"C:\"),
            (r"\\?\UNC\nas\backup\", r"\\nas\backup\"),
            (r"\\nas\backup\", r"\\nas\backup\"),
            (r"D:\", r"D:\"),
        ] {
            assert_eq!(as_people_write(canonical), plain);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_mount_is_told_from_what_it_is_mounted_on() {
        let mount = mount_of(Path::new("/proc/sys/kernel")).expect("its mount");
        assert_eq!(mount.mounted_at, Path::new("/proc"));
    }
}
