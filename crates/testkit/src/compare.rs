//! Compares two folders with all that a backup has to bring back.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{lgetxattr, llistxattr};

/// How two folders differ, in sentences; nothing if they are alike. The two topmost folders
/// themselves are not compared, only what is in them.
///
/// # Errors
/// When one of them cannot be read.
pub fn differences(expected: &Path, actual: &Path) -> io::Result<Vec<String>> {
    let mut comparison = Comparison::default();
    comparison.folders(expected, actual)?;
    if comparison.linked_expected != comparison.linked_actual {
        comparison.found.push("other entries are hard links of each other".to_owned());
    }
    Ok(comparison.found)
}

type Linked = BTreeSet<BTreeSet<PathBuf>>;

#[derive(Default)]
struct Comparison {
    found: Vec<String>,
    inodes_expected: BTreeMap<(u64, u64), BTreeSet<PathBuf>>,
    inodes_actual: BTreeMap<(u64, u64), BTreeSet<PathBuf>>,
    linked_expected: Linked,
    linked_actual: Linked,
    prefix: PathBuf,
}

impl Comparison {
    fn folders(&mut self, expected: &Path, actual: &Path) -> io::Result<()> {
        self.entries(expected, actual)?;
        let groups = |inodes: &BTreeMap<_, BTreeSet<PathBuf>>| -> Linked {
            inodes.values().filter(|paths| paths.len() > 1).cloned().collect()
        };
        self.linked_expected = groups(&self.inodes_expected);
        self.linked_actual = groups(&self.inodes_actual);
        Ok(())
    }

    fn entries(&mut self, expected: &Path, actual: &Path) -> io::Result<()> {
        let names = |folder: &Path| -> io::Result<BTreeSet<OsString>> {
            fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
        };
        let (expected_names, actual_names) = (names(expected)?, names(actual)?);
        for name in expected_names.symmetric_difference(&actual_names) {
            let which = if expected_names.contains(name) { "is missing" } else { "is too much" };
            self.found.push(format!("{} {which}", self.prefix.join(name).display()));
        }
        for name in expected_names.intersection(&actual_names) {
            let before = self.prefix.clone();
            self.prefix.push(name);
            self.entry(&expected.join(name), &actual.join(name))?;
            self.prefix = before;
        }
        Ok(())
    }

    fn entry(&mut self, expected: &Path, actual: &Path) -> io::Result<()> {
        let (one, other) = (expected.symlink_metadata()?, actual.symlink_metadata()?);
        let differing = differing_metadata(&one, &other);
        for (what, one, other) in differing {
            self.differ(what, &one, &other);
        }
        if one.file_type() != other.file_type() {
            return Ok(());
        }
        let (attributes, others) = (attributes(expected)?, attributes(actual)?);
        if attributes != others {
            self.differ("extended attributes", &format!("{attributes:?}"), &format!("{others:?}"));
        }
        if one.is_dir() {
            return self.entries(expected, actual);
        }
        if one.is_symlink() && fs::read_link(expected)? != fs::read_link(actual)? {
            self.found.push(format!("{} points elsewhere", self.prefix.display()));
        }
        if one.is_file() {
            if one.len() == other.len() && !has_same_content(expected, actual)? {
                self.found.push(format!("{} has another content", self.prefix.display()));
            }
            let path = self.prefix.clone();
            self.inodes_expected.entry((one.dev(), one.ino())).or_default().insert(path.clone());
            self.inodes_actual.entry((other.dev(), other.ino())).or_default().insert(path);
        }
        Ok(())
    }

    fn differ(&mut self, what: &str, one: &str, other: &str) {
        let path = self.prefix.display();
        self.found.push(format!("{path} has the {what} {other}, not {one}"));
    }
}

fn differing_metadata(one: &Metadata, other: &Metadata) -> Vec<(&'static str, String, String)> {
    let facts = |metadata: &Metadata| {
        let kind = metadata.file_type();
        let is_device = kind.is_block_device() || kind.is_char_device();
        // Whose size and mode say nothing.
        let size = if kind.is_file() { metadata.len() } else { 0 };
        [
            ("mode", format!("{:o}", metadata.mode())),
            ("size", size.to_string()),
            ("owner", format!("{}:{}", metadata.uid(), metadata.gid())),
            ("time", format!("{}.{:09}", metadata.mtime(), metadata.mtime_nsec())),
            ("device", if is_device { metadata.rdev().to_string() } else { String::new() }),
        ]
    };
    facts(one)
        .into_iter()
        .zip(facts(other))
        .filter(|((_, one), (_, other))| one != other)
        .map(|((what, one), (_, other))| (what, one, other))
        .collect()
}

fn attributes(path: &Path) -> io::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut names = vec![0; 65_536];
    let length = match llistxattr(path, names.as_mut_slice()) {
        Err(rustix::io::Errno::NOTSUP) => 0,
        other => other?,
    };
    let mut found = BTreeMap::new();
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 65_536];
        let length = lgetxattr(path, name, value.as_mut_slice())?;
        value.truncate(length);
        found.insert(name.to_vec(), value);
    }
    Ok(found)
}

fn has_same_content(one: &Path, other: &Path) -> io::Result<bool> {
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let count = one.read(&mut left)?;
        if count == 0 {
            return Ok(other.read(&mut right)? == 0);
        }
        if other.read_exact(&mut right[..count]).is_err() || left[..count] != right[..count] {
            return Ok(false);
        }
    }
}
