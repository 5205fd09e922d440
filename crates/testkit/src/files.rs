//! What a folder holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The content of every file below a folder, by its path from there: with a slash before each name,
/// on every operating system, as in a snapshot.
///
/// # Panics
/// If anything cannot be read.
#[must_use]
pub fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).expect("it lists") {
            let path = entry.expect("it lists").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below").display().to_string();
                let name = format!("/{}", name.replace('\\', "/"));
                found.insert(name, fs::read(&path).expect("it reads"));
            }
        }
    }
    found
}
