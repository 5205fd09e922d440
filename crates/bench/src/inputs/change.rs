//! One per cent of an input, changed.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use holdfast_testkit::random::Random;

use crate::error::BenchError;
use crate::files;

/// How much of a file is changed in one place.
const PIECE_BYTES: u64 = 4 << 20;

/// One file in so many.
const ONE_IN: u64 = 100;

/// Overwrites one per cent of a file's bytes, in pieces of 4 MiB that lie anywhere.
pub(super) fn one_per_cent_of_a_file(path: &Path, round: u64) -> Result<(), BenchError> {
    let failed = || BenchError::io("change", path);
    let file = File::options().write(true).open(path).map_err(failed())?;
    let bytes = file.metadata().map_err(failed())?.len();
    let mut random = Random::new(1000 + round);
    let piece = PIECE_BYTES.min(bytes / ONE_IN);
    if piece == 0 {
        return Ok(());
    }
    for _ in 0..bytes / ONE_IN / piece {
        let at = random.below(bytes - piece + 1);
        file.write_all_at(&random.bytes(piece as usize), at).map_err(failed())?;
    }
    Ok(())
}

/// Appends a line to every hundredth file.
pub(super) fn one_per_cent_of_the_files(folder: &Path, round: u64) -> Result<(), BenchError> {
    let mut number = round;
    files::each_file(folder, &mut |path, found| {
        number += 1;
        if number.is_multiple_of(ONE_IN) {
            append(path, &found.permissions(), round)
        } else {
            Ok(())
        }
    })
}

fn append(path: &Path, permissions: &fs::Permissions, round: u64) -> Result<(), BenchError> {
    let failed = || BenchError::io("change", path);
    let mut writable = permissions.clone();
    writable.set_mode(writable.mode() | 0o200);
    fs::set_permissions(path, writable).map_err(failed())?;
    let mut file = OpenOptions::new().append(true).open(path).map_err(failed())?;
    writeln!(file, "changed in round {round}").map_err(failed())?;
    fs::set_permissions(path, permissions.clone()).map_err(failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_in_a_hundred_changes_and_another_in_the_next_round() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..200 {
            fs::write(folder.path().join(format!("{number:03}")), "same").expect("written");
        }
        let changed = |round| {
            one_per_cent_of_the_files(folder.path(), round).expect("changed");
            let mut changed = Vec::new();
            files::each_file(folder.path(), &mut |path, found| {
                if found.len() > 4 {
                    changed.push(path.to_owned());
                }
                Ok(())
            })
            .expect("readable");
            changed.len()
        };
        assert_eq!([changed(0), changed(1)], [2, 4]);
    }

    #[test]
    fn about_one_per_cent_of_a_file_changes_and_its_size_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, vec![0; 1_000_000]).expect("written");
        one_per_cent_of_a_file(&path, 0).expect("changed");
        let content = fs::read(&path).expect("there");
        let changed = content.iter().filter(|byte| **byte != 0).count();
        assert_eq!(content.len(), 1_000_000);
        assert!((9000..=10_000).contains(&changed), "{changed}");
    }
}
