//! Inputs that are taken from this machine: copies, and for a quick look of a part only.

use std::fs;
use std::path::{Path, PathBuf};

use super::as_bytes;
use crate::error::BenchError;
use crate::files;

/// Copies about this share of a folder's bytes to `to`: its first entries, whole.
pub(super) fn part_of(from: &Path, share: f64, to: &Path) -> Result<(), BenchError> {
    if share >= 1.0 {
        return files::copy(from, to);
    }
    let (top, entries) = first_with_several_entries(from)?;
    let bytes = files::amount(&top)?.bytes;
    #[allow(clippy::cast_precision_loss, reason = "amounts are far below 2^52")]
    let wanted = as_bytes(bytes as f64 * share);
    fs::create_dir_all(to).map_err(BenchError::io("create", to))?;
    let mut taken = 0;
    for entry in entries {
        let more = files::amount(&entry)?.bytes;
        // What alone is too much would leave nothing of the others.
        if taken + more <= wanted {
            files::copy(&entry, &to.join(entry.file_name().unwrap_or_default()))?;
            taken += more;
        }
    }
    if taken == 0 {
        return Err(BenchError::NotDone(format!("no entry is as small as {share} of its folder")));
    }
    Ok(())
}

fn first_with_several_entries(from: &Path) -> Result<(PathBuf, Vec<PathBuf>), BenchError> {
    let mut top = from.to_owned();
    loop {
        let entries = files::entries(&top)?;
        match entries.as_slice() {
            [only] if only.is_dir() => top.clone_from(only),
            _ => return Ok((top, entries)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_no_more_than_its_share() {
        let folder = tempfile::tempdir().expect("a folder");
        let within = folder.path().join("from/only");
        fs::create_dir_all(&within).expect("made");
        for number in 0..10 {
            fs::write(within.join(number.to_string()), [0; 100]).expect("written");
        }
        let to = folder.path().join("to");
        part_of(&folder.path().join("from"), 0.35, &to).expect("copied");
        assert_eq!(files::amount(&to).expect("readable").bytes, 300);
    }
}
