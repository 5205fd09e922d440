//! Finds the parts of a sparse file that hold data.
//!
//! Only where a file system's word can be taken for it: some report holes over data that has not
//! reached the disk yet (OpenZFS #15526), and network file systems pass on what others report. What
//! is stored as zeros then would never be read again, for neither size nor times differ.

use std::fs::File;
use std::io;
use std::ops::Range;

/// Below this size, asking for holes costs more than reading them.
const SIZE_MIN: u64 = 1 << 20;

/// The local file systems whose holes are believed: ext2 to ext4, XFS, Btrfs, F2FS, and those in
/// memory (the numbers are the kernel's, `linux/magic.h`).
#[cfg(target_os = "linux")]
fn are_holes_reliable(file: &File) -> bool {
    const BELIEVED: [rustix::fs::FsWord; 5] =
        [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994];
    rustix::fs::fstatfs(file).is_ok_and(|volume| BELIEVED.contains(&volume.f_type))
}

#[cfg(target_os = "macos")]
fn are_holes_reliable(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|volume| {
        let name = volume.f_fstypename.iter().take_while(|byte| **byte != 0);
        name.map(|byte| *byte as u8).eq(*b"apfs")
    })
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) fn data_ranges(file: &File, size: u64) -> io::Result<Option<Vec<Range<u64>>>> {
    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;

    if size < SIZE_MIN || !are_holes_reliable(file) {
        return Ok(None);
    }
    let rewound = |ranges| seek(file, SeekFrom::Start(0)).map(|_| ranges).map_err(Into::into);
    match seek(file, SeekFrom::Hole(0)) {
        Ok(hole) if hole < size => {}
        // No hole but the one that every file has at its end, or no such question here.
        Ok(_) | Err(Errno::INVAL | Errno::NXIO | Errno::OPNOTSUPP) => return rewound(None),
        Err(error) => return Err(error.into()),
    }
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < size {
        let start = match seek(file, SeekFrom::Data(at)) {
            Ok(start) => start,
            // Nothing but a hole until the end.
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        // The file may have grown or shrunk since its size was read.
        let end = seek(file, SeekFrom::Hole(start))?.min(size);
        if end <= start {
            break;
        }
        ranges.push(start..end);
        at = end;
    }
    rewound(Some(ranges))
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn data_ranges(_: &File, size: u64) -> io::Result<Option<Vec<Range<u64>>>> {
    // Asking needs a device control on Windows; zeros are read and cost no space in a repository.
    debug_assert!(SIZE_MIN > 0 && size < u64::MAX);
    Ok(None)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn file_with(size: u64, data: &[u64]) -> File {
        let file = tempfile::tempfile().expect("a temporary file");
        file.set_len(size).expect("length");
        for &at in data {
            file.write_all_at(&[1; 4096], at).expect("write");
        }
        file
    }

    #[test]
    fn data_between_holes_is_found_whole() {
        let file = file_with(16 * MIB, &[0, 4 * MIB, 15 * MIB]);
        let Some(ranges) = data_ranges(&file, 16 * MIB).expect("ranges") else {
            return; // a file system without holes
        };
        for at in [0, 4 * MIB, 15 * MIB] {
            assert!(ranges.iter().any(|range| range.contains(&at) && range.contains(&(at + 4095))));
        }
        assert!(ranges.iter().map(|range| range.end - range.start).sum::<u64>() < 4 * MIB);
    }

    #[test]
    fn a_file_that_is_one_hole_has_no_data() {
        let file = file_with(8 * MIB, &[]);
        if let Some(ranges) = data_ranges(&file, 8 * MIB).expect("ranges") {
            assert_eq!(ranges, []);
        }
    }

    #[test]
    fn a_full_file_has_no_holes_and_is_read_from_its_start() {
        let file = tempfile::tempfile().expect("a temporary file");
        file.write_all_at(&vec![7; 2 << 20], 0).expect("write");
        assert_eq!(data_ranges(&file, 2 * MIB).expect("ranges"), None);
        assert_eq!(rustix::fs::seek(&file, rustix::fs::SeekFrom::Current(0)), Ok(0));
    }
}
