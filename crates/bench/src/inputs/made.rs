//! Inputs that are made: the same bytes for the same size, everywhere.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use holdfast_testkit::random::Random;

use crate::error::BenchError;

const MIB: u64 = 1 << 20;

/// What an image's extents are aligned to.
const PAGE_BYTES: u64 = 4096;

/// Files in each folder of the tiny ones.
const FILES_PER_FOLDER: u64 = 1000;

/// A file of random bytes.
pub(super) fn random_file(bytes: u64, path: &Path) -> Result<(), BenchError> {
    let failed = || BenchError::io("write", path);
    let mut file = File::create(path).map_err(failed())?;
    let mut random = Random::new(1);
    let mut left = bytes;
    while left > 0 {
        let piece = left.min(MIB);
        file.write_all(&random.bytes(piece as usize)).map_err(failed())?;
        left -= piece;
    }
    Ok(())
}

/// A tree of so many tiny files, each different.
pub(super) fn tiny_files(count: u64, folder: &Path) -> Result<(), BenchError> {
    let mut random = Random::new(2);
    for first in (0..count).step_by(FILES_PER_FOLDER as usize) {
        let number = first / FILES_PER_FOLDER;
        let place =
            folder.join(format!("{:02}", number / 100)).join(format!("{:02}", number % 100));
        fs::create_dir_all(&place).map_err(BenchError::io("create", &place))?;
        for file in first..count.min(first + FILES_PER_FOLDER) {
            let path = place.join(format!("note-{file:07}.txt"));
            let mut text = format!("note {file}\n").into_bytes();
            text.extend(words(&mut random, 184).iter().take(random.below(184) as usize));
            fs::write(&path, text).map_err(BenchError::io("write", &path))?;
        }
    }
    Ok(())
}

/// The image of a disk of this size. Extents of 1 to 8 MiB lie between holes four times as long;
/// three of four are a part of something that is there already, as copies on a disk are.
pub(super) fn disk_image(bytes: u64, path: &Path) -> Result<(), BenchError> {
    let failed = || BenchError::io("write", path);
    let mut file = File::create(path).map_err(failed())?;
    let mut random = Random::new(3);
    // Enough that no extent is the same as another by chance of its place.
    let known = words(&mut random, (bytes / 80).clamp(16 * MIB, 256 * MIB) as usize);
    let mut at = 0;
    loop {
        let extent = (256 + random.below(1792)) * PAGE_BYTES;
        at += (4 * extent - random.below(2 * extent) + random.below(2 * extent)) / PAGE_BYTES
            * PAGE_BYTES;
        if at + extent > bytes {
            break;
        }
        file.seek(SeekFrom::Start(at)).map_err(failed())?;
        if random.chance(3, 4) {
            let pages = (known.len() as u64 - extent) / PAGE_BYTES + 1;
            let from = (random.below(pages) * PAGE_BYTES) as usize;
            file.write_all(&known[from..from + extent as usize]).map_err(failed())?;
        } else {
            file.write_all(&words(&mut random, extent as usize)).map_err(failed())?;
        }
        at += extent;
    }
    file.set_len(bytes).map_err(failed())
}

/// Bytes that compress to about half, as most of what lies on disks does.
fn words(random: &mut Random, count: usize) -> Vec<u8> {
    const LETTERS: &[u8; 16] = b"etaoin shrdlucm\n";
    let mut bytes = random.bytes(count);
    for byte in &mut bytes {
        *byte = LETTERS[usize::from(*byte & 15)];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::files;

    #[test]
    fn made_inputs_are_as_large_as_asked_and_the_same_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["a", "b"] {
            random_file(3 * MIB + 5, &at(name)).expect("written");
        }
        let read = |name: &str| fs::read(at(name)).expect("there");
        assert!(read("a") == read("b") && read("a").len() as u64 == 3 * MIB + 5);
    }

    #[test]
    fn tiny_files_are_counted_and_differ() {
        let folder = tempfile::tempdir().expect("a folder");
        tiny_files(1003, folder.path()).expect("written");
        let mut contents = std::collections::BTreeSet::new();
        files::each_file(folder.path(), &mut |path, _| {
            contents.insert(fs::read(path).expect("there"));
            Ok(())
        })
        .expect("readable");
        assert_eq!(contents.len(), 1003);
    }

    #[test]
    fn an_image_is_mostly_holes_and_what_is_there_is_there_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("image");
        disk_image(200 * MIB, &path).expect("written");
        let found = path.metadata().expect("there");
        assert_eq!(found.len(), 200 * MIB);
        let share = (found.blocks() * 512) as f64 / found.len() as f64;
        assert!((0.1..0.3).contains(&share), "{share}");
        let pages = fs::read(&path).expect("there");
        let all: Vec<&[u8]> =
            pages.chunks(4096).filter(|page| page.iter().any(|byte| *byte != 0)).collect();
        let distinct: std::collections::BTreeSet<&[u8]> = all.iter().copied().collect();
        assert!(distinct.len() * 10 < all.len() * 9, "{} of {}", distinct.len(), all.len());
    }
}
